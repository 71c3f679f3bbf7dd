"""What is printed, and what is warned of."""

import re
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import f1_score, make_scorer

from sknnreg.callbacks import TimeLimit
from tests.factories import (
    Recorder,
    assert_same_bits,
    calm_then_wild,
    classifier,
    needs_callbacks,
    not_converged,
    regressor,
)


def read_table(capsys):
    """The headings, the rows as numbers, which rows have a star, and what follows."""
    first, *lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if line[:9].strip().isdigit()]
    numbers = np.array([row.removesuffix(" *").split() for row in rows], float)
    stars = [row.endswith("*") for row in rows]
    headings = re.split(r"\s{2,}", first)
    assert numbers.shape == (len(rows), len(headings))
    return headings, numbers, stars, lines[len(rows) :]


@not_converged
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_verbose_is_a_table(iris, capsys, solver):
    model = classifier(verbose=True, solver=solver).fit(*iris)
    headings, rows, stars, rest = read_table(capsys)
    assert headings == ["Iteration", "loss", "penalty", "rate", "seconds"]
    names = ["loss", "penalty", "learning_rate"]
    expected = np.transpose([model.history_[name] for name in names])
    assert_array_equal(rows[:, 0], range(1, 6))
    assert_allclose(rows[:, 1:-1], expected, rtol=1e-4)
    assert (np.diff(rows[:, -1]) >= 0).all()
    assert not any(stars)
    assert rest == []


@not_converged
@pytest.mark.parametrize(
    "scoring, name",
    [
        ("loss", None),
        ("roc_auc_ovr", "validation roc_auc_ovr"),
        (None, "validation accuracy"),
        (make_scorer(f1_score, average="macro"), "validation f1_score"),
        (Recorder(), "validation score"),
    ],
)
def test_verbose_names_the_score(iris, capsys, scoring, name):
    model = classifier(
        verbose=1, early_stopping=True, scoring=scoring, learning_rate_init=0.1
    ).fit(*iris)
    headings, rows, stars, _ = read_table(capsys)
    assert headings[3:-2] == ["validation loss", *([name] if name else [])]
    assert_allclose(rows[:, 3], model.history_["validation_loss"], rtol=1e-4)
    if name:
        assert_allclose(rows[:, 4], model.validation_scores_, rtol=1e-4)
    best = np.maximum.accumulate(model.validation_scores_)
    assert stars == [True, *(np.diff(best) > 0)]


@not_converged
def test_verbose_names_r2(diabetes, capsys):
    regressor(verbose=1, early_stopping=True, scoring=None).fit(*diabetes)
    assert read_table(capsys)[0][4] == "validation R²"


@not_converged
def test_verbose_says_every_nth_epoch_and_the_last(iris, capsys):
    X, y = iris
    model = classifier(verbose=3, max_iter=8, warm_start=True).fit(X, y)
    assert_array_equal(read_table(capsys)[1][:, 0], [1, 3, 6, 8])
    # a warm start counts on
    model.set_params(max_iter=2).fit(X, y)
    assert_array_equal(read_table(capsys)[1][:, 0], [9, 10])
    classifier(max_iter=3).fit(X, y)
    assert capsys.readouterr().out == ""


@not_converged
@needs_callbacks
def test_verbose_says_that_a_callback_has_stopped_it(iris, capsys):
    model = classifier(verbose=1, max_iter=3)
    for callbacks, stopped in (([TimeLimit(0)], True), ([], False)):
        model.set_callbacks(*callbacks).fit(*iris)
        assert ("Stopped by a callback." in capsys.readouterr().out) == stopped


@not_converged
def test_validation_data_without_early_stopping_are_in_the_table(iris, capsys):
    X, y = iris
    classifier(verbose=1).fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    headings, _, stars, _ = read_table(capsys)
    assert "validation loss" in headings
    assert not any(stars)


def test_verbose_when_it_stops(diabetes, capsys):
    X, y = diabetes
    params = {"verbose": 100, "n_iter_no_change": 3, "tol": 10.0, "max_iter": 50}
    end = "did not improve by more than tol=10 for 3 consecutive epochs. Stopping."
    model = regressor(**params).fit(X, y)
    _, rows, _, rest = read_table(capsys)
    assert rows[-1, 0] == model.n_iter_ < 50
    assert rest == [f"The training loss {end}"]
    for scoring, name in (("loss", "validation loss"), (None, "validation R²")):
        model = regressor(early_stopping=True, scoring=scoring, **params).fit(X, y)
        kept = f"Epoch {model.best_iter_} is kept: its {name} is the best."
        assert read_table(capsys)[3] == [f"The {name} {end}", kept]


def test_verbose_says_nothing_of_patience_where_lbfgs_converged(diabetes, capsys):
    X, y = diabetes
    model = regressor(solver="lbfgs", hidden_layer_sizes=(), max_iter=100, verbose=50)
    model.fit(X, y)
    _, rows, _, rest = read_table(capsys)
    assert rows[-1, 0] == model.n_iter_ < 50
    assert rest == []


@pytest.mark.parametrize("wild", [False, True])
def test_verbose_says_patience_ran_out_only_if_it_did(diabetes, capsys, wild):
    X, y = diabetes
    model = regressor(
        solver="sgd",
        learning_rate=calm_then_wild if wild else "constant",
        batch_size=442,
        max_iter=100,
        n_iter_no_change=100 if wild else 1,
        tol=0 if wild else 1e9,
        verbose=True,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    assert ("did not improve" in capsys.readouterr().out) is not wild


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_warning_at_max_iter(diabetes, solver):
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(5\) reached"):
        regressor(solver=solver).fit(*diabetes)


def test_warning_at_max_iter_of_lbfgs(diabetes):
    with pytest.warns(
        ConvergenceWarning, match=r"lbfgs failed .* 5 iteration.*max_iter"
    ):
        regressor(solver="lbfgs").fit(*diabetes)
    with pytest.warns(ConvergenceWarning, match="lbfgs failed.*EVALUATIONS"):
        regressor(solver="lbfgs", max_iter=100, max_fun=3).fit(*diabetes)


def test_no_warning_from_partial_fit(diabetes):
    # warnings are errors here
    regressor().partial_fit(*diabetes)


@not_converged
def test_warning_of_a_large_batch(diabetes):
    X, y = diabetes
    with pytest.warns(UserWarning, match="clipped"):
        clipped = regressor(batch_size=10**6).fit(X, y)
    assert_same_bits(clipped, regressor(batch_size=442).fit(X, y))


@not_converged
def test_batch_size_auto(diabetes):
    X, y = diabetes
    auto = regressor().fit(X, y)
    assert_same_bits(auto, regressor(batch_size=200).fit(X, y))
    few = regressor().fit(X[:50], y[:50])
    assert_same_bits(few, regressor(batch_size=50).fit(X[:50], y[:50]))


def test_lbfgs_has_no_batches_to_be_clipped(diabetes):
    model = regressor(solver="lbfgs", batch_size=10**6, max_iter=2000, tol=0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(*diabetes)
