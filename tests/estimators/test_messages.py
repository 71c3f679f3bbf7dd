"""What is printed, and what is warned of."""

import warnings

import pytest
from sklearn.exceptions import ConvergenceWarning

from tests.factories import (
    assert_same_bits,
    calm_then_wild,
    classifier,
    not_converged,
    regressor,
)


@not_converged
def test_verbose(iris, capsys):
    X, y = iris
    model = classifier(verbose=True, max_iter=3).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        f"Iteration {i}, loss = {loss:.8f}"
        for i, loss in enumerate(model.loss_curve_, 1)
    ]
    # a warm start counts on
    model.set_params(warm_start=True, max_iter=1).fit(X, y)
    assert capsys.readouterr().out.startswith("Iteration 4, loss = ")
    model.set_params(early_stopping=True, max_iter=2).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1::2] == [
        f"Validation score: {s:f}" for s in model.validation_scores_[-2:]
    ]
    classifier(max_iter=3).fit(X, y)
    assert capsys.readouterr().out == ""


def test_verbose_when_it_stops(diabetes, capsys):
    X, y = diabetes
    params = {"verbose": True, "n_iter_no_change": 3, "tol": 10.0, "max_iter": 50}
    regressor(**params).fit(X, y)
    end = "did not improve more than tol=10.000000 for 3 consecutive epochs. Stopping."
    assert capsys.readouterr().out.endswith(f"Training loss {end}\n")
    regressor(early_stopping=True, **params).fit(X, y)
    assert capsys.readouterr().out.endswith(f"Validation score {end}\n")


def test_verbose_lbfgs(diabetes, capsys):
    X, y = diabetes
    model = regressor(solver="lbfgs", hidden_layer_sizes=(), max_iter=100, verbose=1)
    model.fit(X, y)
    out = capsys.readouterr().out
    assert out.startswith(f"Iteration 1, loss = {model.loss_curve_[0]:.8f}")
    assert out.count("Iteration") == model.n_iter_


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
