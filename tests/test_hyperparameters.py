"""One row a hyperparameter: what is said elsewhere of it follows from the table."""

import inspect
from pathlib import Path

import numpy as np
import pytest

import sknnreg
from sknnreg import _docs
from sknnreg._hyperparameters import ALL, NEVER, SHARED
from sknnreg.model_selection import one_standard_error
from tests.factories import KINDS, classifier, regressor


@pytest.mark.parametrize("name", _docs.SIGNATURES)
def test_the_source_is_what_would_be_written(name):
    """``python -m sknnreg._docs`` has been run after the last change."""
    source = Path(sknnreg.__file__).with_name(name).read_text("utf-8")
    assert _docs.written(source, *_docs.SIGNATURES[name]) == source


@pytest.mark.parametrize("kind", KINDS)
def test_every_hyperparameter_is_documented(kind):
    parameters = inspect.signature(kind).parameters
    assert set(parameters) == set(kind._parameter_constraints)
    section = kind.__doc__.split("Attributes\n")[0]
    documented = {
        name.strip()
        for line in section.splitlines()
        if " : " in line and "default" in line
        for name in line.split(" : ")[0].split(",")
    }
    # a folded list of names begins on the line before
    folded = {line.split(" : ")[0].strip() for line in section.splitlines()}
    assert set(parameters) <= documented | folded
    for name, parameter in parameters.items():
        assert parameter.default == ALL[name].default or parameter.default is None


@pytest.mark.parametrize("name", [n for n, row in SHARED.items() if row.lbfgs])
def test_what_lbfgs_refuses(iris, name):
    """By name, with what to set instead, which it then takes."""
    X, y = iris
    value = {"normalization": "batch"}.get(name, 0.5)
    with pytest.raises(ValueError, match=f"solver='lbfgs'.*{name}=.*: .*Set {name}="):
        classifier(solver="lbfgs", **{name: value}).fit(X, y)
    instead = SHARED[name].lbfgs.instead
    with pytest.warns(match="lbfgs failed to converge"):
        classifier(solver="lbfgs", max_iter=1, **{name: instead}).fit(X, y)


@pytest.mark.parametrize("name", [n for n, row in SHARED.items() if row.per_layer])
@pytest.mark.parametrize("bad", [-0.5, 1.5, np.nan])
def test_one_a_layer_is_checked_as_one_for_all(iris, name, bad):
    allowed = SHARED[name].allowed[0]
    model = classifier(hidden_layer_sizes=(3, 2))
    n = 2 if name == "dropout" else 3
    model.set_params(**{name: [bad] * n})
    if allowed.is_satisfied_by(bad):
        with pytest.warns(match="Maximum iterations"):
            model.fit(*iris)
    else:
        with pytest.raises(ValueError, match=f"'{name}' parameter of MLPClassifier"):
            model.fit(*iris)


def test_what_leaves_a_piece_out_is_the_default():
    """So that a stack of plain networks has no pieces to agree on."""
    for name, row in ALL.items():
        if row.off is not NEVER:
            assert row.default == row.off, name
            assert row.varies, name


@pytest.mark.parametrize("name", [n for n, row in ALL.items() if row.regularizes])
def test_the_more_regularized_of_two_equals_is_chosen(name):
    less, more = (0.1, 0.2) if ALL[name].regularizes > 0 else (0.2, 0.1)
    results = {
        "params": [{name: less}, {name: more}, {name: less}],
        "mean_test_score": np.array([0.9, 0.9, 0.9]),
        "std_test_score": np.array([0.1, 0.1, 0.1]),
        "split0_test_score": np.array([0.9, 0.9, 0.9]),
    }
    assert one_standard_error(results) == 1


def test_what_a_candidate_does_not_set_is_the_default():
    results = {
        "params": [{"penalty": None}, {"alpha": 1e-5}, {"alpha": 1.0}, {"dropout": 0}],
        "mean_test_score": np.full(4, 0.9),
        "std_test_score": np.full(4, 0.1),
        "split0_test_score": np.full(4, 0.9),
    }
    assert one_standard_error(results) == 2


def test_wrong_values_name_the_parameter(diabetes):
    with pytest.raises(ValueError, match="'huber_delta'"):
        regressor(huber_delta=-1).fit(*diabetes)
