"""A fit that fails or diverges loses nothing that was fitted before."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sknnreg._run import fit_stack
from tests.factories import (
    assert_same_bits,
    calm_then_wild,
    classifier,
    not_converged,
    regressor,
)
from tests.forms import both_forms


def same_after_failure(model, X, error, match, *args, **kwargs):
    """A fit that raises leaves everything that was fitted."""
    before = {k: v for k, v in vars(model).items() if k.endswith("_")}
    arrays = [a.copy() for a in model.coefs_ + model.intercepts_]
    history = {name: list(column) for name, column in model.history_.items()}
    prediction = model.predict(X)
    method = kwargs.pop("method", "fit")
    with pytest.raises(error, match=match):
        getattr(model, method)(*args, **kwargs)
    after = {k: v for k, v in vars(model).items() if k.endswith("_")}
    assert after.keys() == before.keys()
    assert all(after[k] is before[k] for k in before)
    for a, b in zip(model.coefs_ + model.intercepts_, arrays, strict=True):
        assert_array_equal(a, b)
    assert model.history_ == history
    assert_array_equal(model.predict(X), prediction)


@both_forms
@pytest.mark.parametrize("solver", ["adam", "adamw", "rmsprop"])
@pytest.mark.parametrize(("dtype", "size"), [("float32", 1e21), ("float64", 1e160)])
def test_moments_that_overflow_are_a_divergence(diabetes, solver, dtype, size):
    """Squares of gradients are infinite, steps are 0: nothing would be learned."""
    X, y = diabetes
    settings = {"activation": "identity", "loss": "absolute_error", "solver": solver}
    with pytest.raises(ValueError, match="diverged"):
        regressor(**settings).fit((size * X).astype(dtype), y.astype(dtype))


@not_converged
@pytest.mark.parametrize("warm_start", [False, True])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_failing_fit_loses_nothing(iris, diabetes, warm_start, method):
    X, y = iris
    model = classifier(warm_start=warm_start, random_state=0).fit(X, y)
    broken = np.where(np.arange(4) == 1, np.nan, X)
    same_after_failure(model, X, ValueError, "NaN", broken, y, method=method)
    if warm_start or method == "partial_fit":
        label = "classes"
        same_after_failure(model, X, ValueError, label, X, y + 1, method=method)
    same_after_failure(model, X, ValueError, "inconsistent", X, y[:-1], method=method)
    other_width = (np.c_[X, broken], y)
    same_after_failure(model, X, ValueError, "NaN", *other_width, method=method)

    X, y = diabetes
    model = regressor(solver="sgd", warm_start=warm_start).fit(X, y)
    good = regressor(solver="sgd", warm_start=warm_start).fit(X, y)
    # overflows in the first epoch
    model.set_params(learning_rate_init=1e300)
    same_after_failure(model, X, ValueError, "non-finite", X, y, method=method)
    model.set_params(learning_rate_init=0.001)
    # and the random streams are where they were
    assert_same_bits(model.partial_fit(X, y), good.partial_fit(X, y))


@not_converged
def test_a_failing_warm_start_loses_nothing(diabetes):
    X, y = diabetes
    model = regressor(warm_start=True).fit(X, y)
    prediction = model.predict(X)
    model.set_params(hidden_layer_sizes=(13,))
    with pytest.raises(ValueError, match=r"hidden_layer_sizes=\(13,\)"):
        model.fit(X, y)
    # a parameter for the next fit says nothing about this one
    assert_array_equal(model.predict(X), prediction)
    model.set_params(hidden_layer_sizes=(12, 12), dropout=[0.1, 0.2])
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        model.fit(X, y)
    assert_array_equal(model.predict(X), prediction)


@not_converged
def test_a_failing_scorer_loses_nothing(iris):
    X, y = iris
    model = classifier(early_stopping=True).fit(X, y)
    calls = []

    def breaks(estimator, X, y):
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError("out of ink")
        return float(len(calls))

    model.set_params(scoring=breaks)
    same_after_failure(model, X, RuntimeError, "out of ink", X, y)


@not_converged
def test_a_failing_first_partial_fit_leaves_no_classes(iris):
    X, y = iris
    model = classifier()
    with pytest.raises(ValueError, match="NaN"):
        model.partial_fit(np.full_like(X, np.nan), y, classes=[0, 1, 2])
    model.partial_fit(X, y, classes=[0, 1, 2, 3])
    assert_array_equal(model.classes_, [0, 1, 2, 3])


def test_divergence_keeps_the_best_epoch(diabetes):
    X, y = diabetes
    params = {"solver": "sgd", "learning_rate": calm_then_wild, "batch_size": 442}
    model = regressor(max_iter=100, n_iter_no_change=100, **params)
    with pytest.warns(ConvergenceWarning, match="diverged.*epoch 20 are kept"):
        model.fit(X, y)
    assert 20 < model.n_iter_ < 100
    assert model.loss_curve_[-1] > 1e6  # finite or not
    assert model.best_iter_ == 20
    with pytest.warns(ConvergenceWarning, match="hasn't converged"):
        before = regressor(max_iter=20, n_iter_no_change=100, **params).fit(X, y)
    assert_same_bits(model, before)
    # the objective is that of the kept parameters: one step after epoch 20 measured it
    penalty = 0.5 * model.alpha * sum(np.sum(W**2) for W in model.coefs_)
    residual = model.predict(X) - y
    assert_allclose(model.loss_, 0.5 * np.mean(residual**2) + penalty)


@pytest.mark.parametrize(
    "params", [{"learning_rate_init": 100.0}, {"alpha": 1e6}], ids=str
)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_loss_that_is_finite_but_absurd_has_diverged(iris, params, early_stopping):
    model = classifier(
        solver="sgd", max_iter=40, early_stopping=early_stopping, **params
    )
    # the first epoch is better than what came after, if the penalty is not counted,
    # whose J the first steps have already multiplied
    if early_stopping and "alpha" not in params:
        with pytest.warns(ConvergenceWarning, match="diverged"):
            model.fit(*iris)
        assert model.n_iter_ < 15
        assert np.isnan(model.validation_scores_[-1])
    else:
        with pytest.raises(ValueError, match="no epoch was better than the start"):
            model.fit(*iris)


def test_divergence_from_the_start_is_refused(diabetes):
    # the first loss is measured before the one step that throws the network far off
    X, y = diabetes
    model = regressor(
        solver="sgd", max_iter=100, batch_size=442, learning_rate_init=0.5, init="auto"
    )
    with pytest.raises(ValueError, match="no epoch was better than the start"):
        model.fit(X, y)
    assert not hasattr(model, "coefs_")


def test_divergence_of_a_warm_start_loses_nothing(diabetes):
    # first a calm rate, then one that is too large
    X, y = diabetes
    model = regressor(
        solver="sgd", max_iter=20, batch_size=442, warm_start=True, tol=0
    ).set_params(learning_rate_init=0.01)
    with pytest.warns(ConvergenceWarning, match="hasn't converged"):
        model.fit(X, y)
    model.set_params(learning_rate_init=2.0)
    same_after_failure(model, X, ValueError, "no epoch was better", X, y)
    # what went wrong is not carried on: a calm rate trains again
    model.set_params(learning_rate_init=1e-4)
    with pytest.warns(ConvergenceWarning, match="hasn't converged"):
        model.fit(X, y)
    assert np.isfinite(model.loss_curve_[-20:]).all()


def test_divergence_in_the_first_epoch(diabetes):
    X, y = diabetes
    model = regressor(solver="sgd", learning_rate_init=1e300)
    with pytest.raises(ValueError, match="non-finite"):
        model.fit(X, y)
    assert not hasattr(model, "coefs_")


def test_other_solvers_diverge_as_well(diabetes):
    X, y = diabetes
    with pytest.raises(ValueError, match="non-finite"):
        regressor(learning_rate_init=1e308, batch_size=20).fit(X, y * 1e200)
    with pytest.raises(ValueError, match="non-finite"):
        regressor(solver="lbfgs").fit(X, y * 1e300)


@both_forms
@pytest.mark.parametrize(
    ("dtype", "size"), [("float32", 1e19), ("float64", 1e155)], ids=str
)
def test_running_statistics_that_overflow_are_a_failure(iris, dtype, size):
    """The weights stay finite, and with them the loss: the state counts as well."""
    X, y = iris
    X, huge = X.astype(dtype), (X * size).astype(dtype)
    model = classifier(normalization="batch", random_state=0)
    with pytest.raises(ValueError, match="non-finite"):
        model.fit(huge, y)
    assert not hasattr(model, "coefs_")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    same_after_failure(
        model, X, ValueError, "non-finite", huge, y, method="partial_fit"
    )


@not_converged
@both_forms
def test_large_running_statistics_are_fine(iris):
    X, y = iris
    model = classifier(normalization="batch").fit((X * 1e12).astype("float32"), y)
    assert np.isfinite(model.predict_proba((X * 1e12).astype("float32"))).all()


def test_the_best_loss_is_a_number_where_the_last_one_is_not(diabetes):
    X, y = diabetes
    model = regressor(
        solver="sgd",
        learning_rate=lambda step: 0.001 if step < 20 else 1e200,
        batch_size=111,
        max_iter=100,
        n_iter_no_change=100,
    )
    with pytest.warns(ConvergenceWarning, match="diverged"):
        model.fit(X, y)
    assert not np.isfinite(model.loss_curve_[-1])
    assert model.best_loss_ == np.nanmin([*model.loss_curve_, model.loss_])


@pytest.mark.parametrize("scoring", ["loss", "r2"])
def test_a_first_epoch_that_leaves_the_slope_is_refused(diabetes, scoring):
    """Its loss is measured before the one step that does; its score is the best."""
    X, y = diabetes
    model = regressor(
        learning_rate_init=1e10, early_stopping=True, scoring=scoring, batch_size=442
    )
    with pytest.raises(ValueError, match="no epoch was better than the start"):
        model.fit(X, y)
    assert not hasattr(model, "coefs_")


def test_an_accuracy_does_not_hide_that_training_diverges(iris):
    X, y = iris
    model = classifier(
        solver="sgd",
        max_iter=100,
        batch_size=135,
        early_stopping=True,
        scoring="accuracy",
        n_iter_no_change=100,
        learning_rate=lambda step: 0.1 if step < 20 else 1e20,
    )
    with pytest.warns(ConvergenceWarning, match="diverged"):
        model.fit(X, y)
    assert 20 < model.n_iter_ < 30
    assert model.best_iter_ <= 20
    assert max(np.abs(W).max() for W in model.coefs_) < 100


@not_converged
@pytest.mark.parametrize("size", [1e5, 1e-5])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_target_in_any_unit_is_no_divergence(diabetes, size, early_stopping):
    X, y = diabetes
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The target has")
        regressor(
            solver="lbfgs", early_stopping=early_stopping, scoring="r2", max_iter=50
        ).fit(X, y * size)


def test_divergence_over_several_fits_is_said(diabetes):
    """One step a call, whose loss is measured before: each looks healthy by itself."""
    X, y = diabetes
    model = regressor(learning_rate_init=1e5, batch_size=442, hidden_layer_sizes=(9, 9))
    model.partial_fit(X, y)
    with pytest.warns(ConvergenceWarning, match="million times that of earlier fits"):
        model.partial_fit(X, y)


@not_converged
def test_one_of_a_stack_diverges(iris):
    """The others are what they would be alone."""
    X, y = iris
    params = {"early_stopping": True, "scoring": "accuracy", "batch_size": 135}
    models = [
        classifier(learning_rate_init=rate, **params) for rate in (0.01, 1e20, 0.02)
    ]
    errors = fit_stack(models, X, y)
    assert "no epoch was better" in str(errors[1])
    assert errors[0] is errors[2] is None
    for model in (models[0], models[2]):
        assert_same_bits(model, clone(model).fit(X, y))
