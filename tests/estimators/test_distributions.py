"""Losses that describe the distribution of a target: what is predicted of it."""

import pickle
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from scipy.stats import norm
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import mean_pinball_loss
from sklearn.model_selection import GridSearchCV

from sknnreg.model_selection import FusedGridSearchCV
from tests import factories
from tests.factories import (
    WATCHED,
    assert_same_bits,
    assert_same_fit,
    calm_then_wild,
    held_out_rows,
    not_converged,
    regressor,
)

LEVELS = [0.05, 0.5, 0.95]
GAUSSIAN = {"loss": "gaussian"}
QUANTILES = {"loss": "quantile", "quantile": LEVELS}
BOTH = pytest.mark.parametrize("settings", [GAUSSIAN, QUANTILES], ids=["std", "levels"])


# Against distributions that are known


def heteroscedastic(n, seed=0):
    """Rows whose mean and standard deviation depend on x, both known."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-2, 2, n)
    mean, std = np.sin(2 * x), 0.1 + 0.15 * x**2
    return x[:, None], mean + std * rng.normal(size=n), mean, std


@pytest.fixture(scope="module")
def taught():
    """A network with each of the losses, taught 4000 such rows."""
    X, y, *_ = heteroscedastic(4000)
    fit = partial(
        regressor,
        hidden_layer_sizes=(32,),
        activation="tanh",
        learning_rate="cosine",
        learning_rate_init=0.02,
        max_iter=80,
        n_iter_no_change=80,
    )
    with pytest.warns(ConvergenceWarning):
        return [fit(**settings).fit(X, y) for settings in (GAUSSIAN, QUANTILES)]


def test_gaussian_finds_mean_and_std(taught):
    """Within a tenth of σ for the mean and of itself for σ, a quarter at most."""
    X, _, mean, std = heteroscedastic(2000, seed=1)
    predicted, predicted_std = taught[0].predict(X, return_std=True)
    for error in (predicted - mean, predicted_std - std):
        assert np.sqrt(np.mean((error / std) ** 2)) < 0.1
        assert np.abs(error / std).max() < 0.35


def test_quantiles_are_found(taught):
    """Within 0.2 σ, and so many rows lie below as should, within 0.02."""
    X, y, mean, std = heteroscedastic(5000, seed=1)
    expected = mean[:, None] + std[:, None] * norm.ppf(LEVELS)
    for model in taught:
        levels = model.predict_quantiles(X, LEVELS)
        error = (levels - expected) / std[:, None]
        assert np.sqrt(np.mean(error**2, axis=0)).max() < 0.2
        assert_allclose((y[:, None] < levels).mean(axis=0), LEVELS, atol=0.02)


def test_total_variance():
    """One input that is dropped or not: all moments are known.

    μ and log σ² are linear in it; the two passes that exist have probability ½ each.
    """
    X = np.array([[1.0], [-2.0], [0.5]])
    model = regressor(hidden_layer_sizes=(), input_dropout=0.5, **GAUSSIAN, max_iter=1)
    with pytest.warns(ConvergenceWarning):
        model.fit(X, X[:, 0])
    model.coefs_[0][:] = [[1.5, -0.7]]
    model.intercepts_[0][:] = [0.3, 0.2]
    raw = np.stack([2 * X, 0 * X]) @ model.coefs_[0] + model.intercepts_[0]
    mean, variance = raw[..., 0], np.exp(raw[..., 1])
    expected = variance.mean(axis=0) + mean.var(axis=0)
    n = 2000
    predicted, std = model.predict(X, return_std=True, n_samples=n)
    assert_allclose(predicted, mean.mean(axis=0), atol=5 * np.abs(X).max() / n**0.5)
    assert_allclose(std**2, expected, rtol=0.1)
    # and the passes' means alone spread less
    spread = model.sample_predict(X, n_samples=n).std(axis=0)
    assert_allclose(spread, mean.std(axis=0), rtol=0.05)
    assert_allclose(
        model.predict_quantiles(X, 0.9, n_samples=n)[:, 0],
        norm.ppf(0.9, predicted, std),
    )


# Methods


@not_converged
@pytest.mark.parametrize("n_targets", [1, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shapes_and_dtypes(diabetes, n_targets, dtype):
    X, y = diabetes
    X = X.astype(dtype)
    Y = y if n_targets == 1 else np.column_stack([y, -2 * y, y**2])
    inner = () if n_targets == 1 else (3,)
    gaussian = regressor(**GAUSSIAN).fit(X, Y)
    several = regressor(**QUANTILES).fit(X, Y)
    one = regressor(loss="quantile", quantile=0.9).fit(X, Y)
    passes = regressor(dropout=0.2, quantile=[0.2, 0.3]).fit(X, Y)
    mean, std = gaussian.predict(X, return_std=True)
    assert_array_equal(mean, gaussian.predict(X))
    samples = passes.sample_predict(X, n_samples=7)
    assert samples.shape == (7, *Y.shape)
    answers = [
        (gaussian.predict_quantiles(X), 1),
        (gaussian.predict_quantiles(X, [0.9, 0.1]), 2),
        (several.predict_quantiles(X), 3),
        (several.predict_quantiles(X, [0.95, 0.05]), 2),
        (several.predict_quantiles(X, 0.5), 1),
        (one.predict_quantiles(X), 1),
        (passes.predict_quantiles(X), 2),
        (passes.predict_quantiles(X, 0.7, n_samples=5), 1),
    ]
    for answer, n in answers:
        assert answer.shape == (len(X), *inner, n)
        assert answer.dtype == dtype
    for model in (gaussian, several, one, passes):
        assert model.n_outputs_ == n_targets
        assert model.predict(X).shape == Y.shape
    assert {mean.dtype, std.dtype, samples.dtype} == {np.dtype(dtype)}
    assert mean.shape == std.shape == Y.shape


@not_converged
def test_which_quantile_is_where(diabetes):
    X, y = diabetes
    model = regressor(**QUANTILES).fit(X, y)
    low, middle, high = model.predict_quantiles(X).T
    assert (low < middle).all() and (middle < high).all()
    assert_array_equal(model.predict(X), middle)
    answer = model.predict_quantiles(X, [(1 + 0.9) / 2, (1 - 0.9) / 2])
    assert_array_equal(answer, np.column_stack([high, low]))
    one = regressor(loss="quantile", quantile=0.3).fit(X, y)
    assert_array_equal(one.predict_quantiles(X)[:, 0], one.predict(X))
    listed = regressor(loss="quantile", quantile=[0.3]).fit(X, y)
    assert_same_bits(one, listed)
    gaussian = regressor(**GAUSSIAN).fit(X, y)
    mean, std = gaussian.predict(X, return_std=True)
    expected = norm.ppf([[0.05, 0.9]], mean[:, None], std[:, None])
    assert_allclose(gaussian.predict_quantiles(X, [0.05, 0.9]), expected)
    # those of the hyperparameter where none are asked for
    gaussian.set_params(quantile=LEVELS)
    assert_array_equal(
        gaussian.predict_quantiles(X), gaussian.predict_quantiles(X, LEVELS)
    )


@not_converged
def test_passes(diabetes):
    X, y = diabetes
    model = regressor(dropout=0.3, input_noise=0.1).fit(X, y)
    samples = model.sample_predict(X, n_samples=30)
    assert_array_equal(samples, model.sample_predict(X, n_samples=30))
    mean, std = model.predict(X, return_std=True, n_samples=30)
    assert_array_equal(mean, samples.mean(axis=0))
    assert_array_equal(std, samples.std(axis=0))
    expected = np.quantile(samples, [0.1, 0.6], axis=0).T
    assert_array_equal(model.predict_quantiles(X, [0.1, 0.6], n_samples=30), expected)


@not_converged
def test_what_a_network_does_not_have_is_refused(diabetes):
    X, y = diabetes
    plain = regressor().fit(X, y)
    with pytest.raises(ValueError, match="loss='gaussian', or set dropout"):
        plain.predict(X, return_std=True)
    with pytest.raises(ValueError, match="loss='quantile' or loss='gaussian'"):
        plain.predict_quantiles(X)
    for model in (plain, regressor(**GAUSSIAN).fit(X, y)):
        with pytest.raises(ValueError, match="random: set dropout"):
            model.sample_predict(X)
    quantiles = regressor(dropout=0.1, **QUANTILES).fit(X, y)
    with pytest.raises(ValueError, match=r"quantiles \[0.05, 0.5, 0.95\].* quantile="):
        quantiles.predict_quantiles(X, [0.05, 0.1])
    gaussian = regressor(**GAUSSIAN).fit(X, y)
    for wrong in (0, [0.5, 1.0], [[0.5]], np.nan):
        with pytest.raises(ValueError, match="in \\(0, 1\\)"):
            gaussian.predict_quantiles(X, wrong)
    for method in ("predict_quantiles", "sample_predict"):
        with pytest.raises(NotFittedError):
            getattr(regressor(**GAUSSIAN), method)(X)


@pytest.mark.parametrize("wrong", [0.0, 1.0, [], [0.5, 0.5], [0.9, 0.1], [0.1, 1], "a"])
def test_wrong_quantiles_are_refused(diabetes, wrong):
    with pytest.raises(ValueError, match="'quantile' parameter of MLPRegressorScratch"):
        regressor(loss="quantile", quantile=wrong).fit(*diabetes)


# Everything that a fit may meet


@not_converged
@BOTH
def test_what_early_stopping_watches(diabetes, settings):
    X, y = diabetes
    model = factories.regressor(**WATCHED, **settings).fit(X, y)
    rows = held_out_rows(model, y)
    if settings is GAUSSIAN:
        mean, std = model.predict(X[rows], return_std=True)
        score = norm.logpdf(y[rows], mean, std).mean()
    else:
        levels = model.predict_quantiles(X[rows])
        score = -sum(
            mean_pinball_loss(y[rows], level, alpha=q)
            for q, level in zip(LEVELS, levels.T, strict=True)
        )
    assert model.best_validation_score_ == pytest.approx(score)
    model.set_params(scoring="r2").fit(X, y)
    assert model.best_validation_score_ == pytest.approx(model.score(X[rows], y[rows]))

    def width(estimator, X, y):
        return -np.ptp(estimator.predict_quantiles(X, [0.05, 0.95]), axis=1).mean()

    model.set_params(scoring=width).fit(X, y)
    assert model.best_validation_score_ == pytest.approx(width(model, X[rows], y[rows]))


@not_converged
@BOTH
@pytest.mark.parametrize("solver", [*factories.SOLVERS])
def test_weights_of_rows_are_repetitions(diabetes, settings, solver):
    X, y = diabetes[0][:60], diabetes[1][:60]
    w = np.arange(60) % 3
    model = regressor(solver=solver, batch_size=60, shuffle=False, **settings)
    weighted = clone(model).fit(X, y, w)
    repeated = clone(model).fit(np.repeat(X, w, axis=0), np.repeat(y, w))
    assert_allclose(
        weighted.predict_quantiles(X, LEVELS),
        repeated.predict_quantiles(X, LEVELS),
        rtol=1e-6,
    )


@not_converged
@BOTH
def test_sparse_rows(diabetes, settings):
    X, y = diabetes
    X = X * (np.abs(X) > 0.5)
    dense = regressor(**settings).fit(X, y)
    sparse = regressor(**settings).fit(csr_array(X), y)
    assert_same_fit(dense, sparse, X)
    assert_allclose(
        dense.predict_quantiles(X, LEVELS),
        sparse.predict_quantiles(csr_array(X), LEVELS),
    )


@not_converged
@BOTH
def test_going_on(diabetes, settings):
    X, y = diabetes
    whole = regressor(max_iter=4, **settings).fit(X, y)
    parts = regressor(max_iter=2, warm_start=True, **settings).fit(X, y).fit(X, y)
    assert_same_bits(whole, parts)
    single = regressor(**settings)
    for _ in range(4):
        single.partial_fit(X, y)
    assert_same_bits(whole, single)
    with pytest.raises(ValueError, match="loss and the data need"):
        parts.set_params(loss="squared_error").fit(X, y)


@not_converged
@pytest.mark.parametrize("quantile", [LEVELS, tuple(LEVELS), np.array(LEVELS)])
def test_copies(diabetes, quantile):
    X, y = diabetes
    model = regressor(loss="quantile", quantile=quantile).fit(X, y)
    for other in (clone(model).fit(X, y), pickle.loads(pickle.dumps(model))):
        assert_array_equal(other.predict_quantiles(X), model.predict_quantiles(X))
    assert "quantile=" in repr(model)


@not_converged
def test_lists_of_quantiles_in_a_search(diabetes):
    """Lists that differ are stacks of their own; the scores are scikit-learn's."""
    X, y = diabetes
    grid = [
        {"loss": ["quantile"], "quantile": [LEVELS, [0.2, 0.4], 0.7]},
        {"loss": ["gaussian"]},
    ]
    grid = [part | {"alpha": [1e-3, 1.0]} for part in grid]
    fused = FusedGridSearchCV(regressor(), grid, cv=2).fit(X, y)
    theirs = GridSearchCV(regressor(), grid, cv=2).fit(X, y)
    assert_allclose(
        fused.cv_results_["mean_test_score"],
        theirs.cv_results_["mean_test_score"],
        rtol=1e-9,
    )
    assert fused.best_params_ == theirs.best_params_


def test_divergence_keeps_the_best_epoch(diabetes):
    X, y = diabetes
    model = regressor(
        solver="sgd", learning_rate=calm_then_wild, max_iter=60, **GAUSSIAN
    )
    with pytest.warns(ConvergenceWarning, match="diverged"):
        model.fit(X, y)
    mean, std = model.predict(X, return_std=True)
    assert np.isfinite(mean).all() and np.isfinite(std).all()
    assert np.isfinite(model.loss_) and not np.isfinite(model.loss_curve_[-1])
    with pytest.raises(ValueError, match=r"diverged|non-finite"):
        regressor(solver="sgd", learning_rate_init=1e6, **GAUSSIAN).fit(X, 1e3 * y)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gaussian_needs_no_settings(diabetes, dtype):
    """A plain fit on a standardized target: better than the best constant normal."""
    X, y = diabetes
    model = factories.MLPRegressorScratch(**GAUSSIAN, dtype=dtype, random_state=0)
    with pytest.warns(ConvergenceWarning, match="Maximum iterations"):
        model.fit(X, y)
    mean, std = model.predict(X, return_std=True)
    assert -norm.logpdf(y, mean, std).mean() < 1.0 < -norm.logpdf(y).mean()
    assert model.score(X, y) > 0.5
