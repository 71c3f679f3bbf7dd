"""Losses and activations by their formulas.

That a gradient belongs to its value is tested in test_gradients.py for all of them;
here it is the value itself, and what happens far out.
"""

from inspect import signature

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import erf
from scipy.stats import norm
from sklearn.metrics import log_loss, mean_pinball_loss, mean_poisson_deviance

from sknnreg._hyperparameters import ALL
from sknnreg.engine.activations import ACTIVATIONS
from sknnreg.engine.losses import (
    REGRESSION_LOSSES,
    AbsoluteError,
    BinaryLogLoss,
    Gaussian,
    Huber,
    MulticlassLogLoss,
    Poisson,
    Quantile,
    SquaredError,
    smooth_labels,
)

N_ROWS, N_OUT = 200, 3


def evaluate(loss, raw, y, weight=None):
    """The mean loss, and its gradient, of one model; the inputs must not change."""
    before = raw.copy()
    out = np.full_like(raw[None], np.nan)
    value = loss.value_and_gradient(raw[None], y[None], weight, out)
    assert_array_equal(raw, before)
    assert value.shape == (1,)
    return value[0], out[0]


def draw(loss=None, seed=0):
    """Raw outputs, as many as the loss wants, and targets."""
    rng = np.random.default_rng(seed)
    n_raw = N_OUT * (1 if loss is None else loss.per_target)
    return rng.normal(size=(N_ROWS, n_raw)), rng.uniform(0, 3, (N_ROWS, N_OUT))


def huber(raw, y, delta):
    r = np.abs(raw - y)
    return np.where(r <= delta, r**2 / 2, delta * (r - delta / 2)).sum(axis=1).mean()


QUANTILES = [0.1, 0.4, 0.9]


def quantiles(raw):
    """Those of each target, (3, N_ROWS, N_OUT): the middle one is nearest ½."""
    low, middle, high = raw[:, 0::3], raw[:, 1::3], raw[:, 2::3]
    return middle - np.log1p(np.exp(low)), middle, middle + np.log1p(np.exp(high))


def pinball(raw, y):
    pairs = zip(QUANTILES, quantiles(raw), strict=True)
    return 3 * sum(mean_pinball_loss(y, level, alpha=q) for q, level in pairs)


#: a loss, and the mean over rows of the sum over outputs, written by someone else
FORMULAS = {
    "squared_error": (SquaredError(), lambda raw, y: ((raw - y) ** 2).sum() / 400),
    "absolute_error": (AbsoluteError(), lambda raw, y: np.abs(raw - y).sum() / 200),
    "huber": (Huber(0.8), lambda raw, y: huber(raw, y, 0.8)),
    "quantile": (
        Quantile(0.2),
        lambda raw, y: 3 * mean_pinball_loss(y, raw, alpha=0.2),
    ),
    "quantiles": (Quantile(QUANTILES), pinball),
    "gaussian": (
        Gaussian(),
        lambda raw, y: (
            -3 * norm.logpdf(y, raw[:, ::2], np.exp(raw[:, 1::2] / 2)).mean()
        ),
    ),
    "poisson": (
        Poisson(),
        lambda raw, y: 1.5 * mean_poisson_deviance(y.ravel(), np.exp(raw).ravel()),
    ),
}


@pytest.mark.parametrize("name", [*REGRESSION_LOSSES, "quantiles"])
def test_regression_loss_by_formula(name):
    loss, formula = FORMULAS[name]
    assert type(loss) is REGRESSION_LOSSES.get(name, Quantile)
    raw, y = draw(loss)
    y[:5] = 0
    assert_allclose(evaluate(loss, raw, y)[0], formula(raw, y), rtol=1e-12)


@pytest.mark.parametrize("name", REGRESSION_LOSSES)
def test_defaults_are_those_of_the_regressor(name):
    for argument, parameter in signature(REGRESSION_LOSSES[name]).parameters.items():
        assert parameter.default == ALL[argument].default


@pytest.mark.parametrize("name", sorted(FORMULAS.keys() - {"gaussian"}))
def test_perfect_prediction_costs_nothing(name):
    """And the gradient there is zero, also at a kink."""
    loss, _ = FORMULAS[name]
    y = draw()[1] + 0.1
    raw = np.log(y) if loss.link == "exp" else y.copy()
    if name == "quantiles":  # all of a target in one place
        raw = np.full((N_ROWS, 3 * N_OUT), -800.0)
        raw[:, 1::3] = y
    value, gradient = evaluate(loss, raw, y)
    assert_allclose(value, 0, atol=1e-14)
    assert_allclose(gradient, 0, atol=1e-14)
    assert_allclose(loss.inverse_link(raw), y)


@pytest.mark.parametrize("r", [1e-3, 1.0, 50.0])
def test_the_best_variance_is_the_squared_error(r):
    """½ [s + r² e^{-s}] is least at s = log r²: there both parts of it are known."""
    y = np.array([[3.0, -7.0]])
    raw = np.array([[3 + r, 2 * np.log(r), -7 - r, 2 * np.log(r)]])
    value, gradient = evaluate(Gaussian(), raw, y)
    assert_allclose(value, 2 * np.log(r) + 1 + np.log(2 * np.pi), rtol=1e-12)
    assert_allclose(gradient, [[1 / r, 0, -1 / r, 0]], rtol=1e-9, atol=1e-9)
    assert_allclose(Gaussian().std(raw), [[r, r]])
    assert_array_equal(Gaussian().inverse_link(raw), [[3 + r, -7 - r]])


@pytest.mark.parametrize(("dtype", "far"), [(np.float32, 200), (np.float64, 1500)])
def test_a_variance_that_underflows_is_no_finite_loss(dtype, far):
    """Whether the row is known by heart or not: training must see that it diverged."""
    raw = np.array([[2.0, -far], [2.5, -far], [2.0, 1.0]], dtype)
    out = np.empty((1, 3, 2), dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        rows = Gaussian().rows(raw[None], np.full((1, 3, 1), 2, dtype), out)[0]
    assert not np.isfinite(rows[:2]).any()
    assert not np.isfinite(out[0, :2]).any()
    assert np.isfinite(rows[2]) and np.isfinite(out[0, 2]).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e-3, 1, 30, 1e6])
@pytest.mark.parametrize(
    "levels", [QUANTILES, [0.01, 0.02], [0.7, 0.8, 0.99], np.linspace(0.05, 0.95, 19)]
)
def test_quantiles_never_cross(levels, scale, dtype):
    loss = Quantile(levels)
    rng = np.random.default_rng(0)
    raw = (scale * rng.normal(size=(2, 500, 3 * len(levels)))).astype(dtype)
    predicted = loss.quantiles(raw)
    assert predicted.shape == (2, 500, 3, len(levels))
    assert predicted.dtype == dtype
    assert np.isfinite(predicted).all()
    assert (np.diff(predicted, axis=-1) >= 0).all()
    center = np.abs(np.subtract(levels, 0.5)).argmin()
    assert_array_equal(loss.inverse_link(raw.copy()), predicted[..., center])


@pytest.mark.parametrize("levels", [[0.4, 0.9], [0.1, 0.45]])
def test_two_quantiles(levels):
    """The one nearest ½ is free, the other beyond it by softplus."""
    rng = np.random.default_rng(0)
    raw, y = rng.normal(size=(N_ROWS, 2)), rng.normal(size=(N_ROWS, 1))
    loss, step = Quantile(levels), 1e-6

    def expected(raw):
        low, high = raw.T
        if levels[0] == 0.4:
            high = low + np.log1p(np.exp(high))
        else:
            low = high - np.log1p(np.exp(low))
        pairs = zip(levels, (low, high), strict=True)
        return sum(mean_pinball_loss(y[:, 0], each, alpha=q) for q, each in pairs)

    value, gradient = evaluate(loss, raw, y)
    assert_allclose(value, expected(raw), rtol=1e-12)
    for place in np.ndindex(5, 2):
        up, down = raw.copy(), raw.copy()
        up[place] += step
        down[place] -= step
        slope = (expected(up) - expected(down)) / (2 * step)
        assert_allclose(gradient[place], slope, rtol=1e-6, atol=1e-9)


def test_of_two_quantiles_equally_near_the_middle_the_lower_is_predicted():
    for levels in ([0.3, 0.7], [0.1, 0.45, 0.55], [0.4, 0.6, 0.61]):
        center = Quantile(levels).center
        assert levels[center] < 0.5 < levels[center + 1]


def test_binary_log_loss_by_formula():
    raw, y = draw()
    y = (y > 1).astype(float)
    expected = sum(
        log_loss(y[:, j], 1 / (1 + np.exp(-raw[:, j]))) for j in range(N_OUT)
    )
    assert_allclose(evaluate(BinaryLogLoss(), raw, y)[0], expected, rtol=1e-12)


def test_multiclass_log_loss_by_formula():
    raw, y = draw()
    classes = y.argmax(axis=1)
    probability = np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)
    expected = log_loss(classes, probability)
    value = evaluate(MulticlassLogLoss(), raw, np.eye(N_OUT)[classes])[0]
    assert_allclose(value, expected, rtol=1e-12)
    assert_allclose(MulticlassLogLoss().inverse_link(raw.copy()[None])[0], probability)


@pytest.mark.parametrize("scale", [1.0, 1e-4])
def test_weighted_mean(scale):
    """Whatever the weights sum to."""
    raw, y = draw()
    weight = scale * np.random.default_rng(1).uniform(0, 2, (1, N_ROWS))
    rows = ((raw - y) ** 2).sum(axis=1) / 2
    value, gradient = evaluate(SquaredError(), raw, y, weight)
    assert_allclose(value, np.average(rows, weights=weight[0]))
    assert_allclose(gradient, (raw - y) * weight[0, :, None] / weight.sum())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", [BinaryLogLoss, MulticlassLogLoss])
def test_large_raw_outputs(kind, dtype):
    """No overflow, and the loss of a confident mistake is the distance itself."""
    loss = kind()
    raw = np.array([[1000, 0], [0, -1000]], dtype)
    y = np.array([[0, 1], [0, 1]], dtype)
    value, gradient = evaluate(loss, raw, y)
    # binary: 1000 + log 2, then log 2 + 1000; multiclass: 1000 each
    one_more = np.log(2) if kind is BinaryLogLoss else 0
    assert_allclose(value, 1000 + one_more, rtol=1e-6)
    assert np.isfinite(gradient).all()
    log_probability = loss.log_probability(raw[None])[0]
    assert_allclose(log_probability[1, 1], -1000, rtol=1e-6)
    probability = loss.inverse_link(raw[None].copy())[0]
    assert probability.dtype == log_probability.dtype == dtype
    assert ((probability >= 0) & (probability <= 1)).all()
    if kind is BinaryLogLoss:  # a finite raw output is never certain
        assert (probability < 1).all() and probability[0, 0] > 1 - 1e-6
    moderate = np.array([[[0.3, -2.0]]], dtype)
    expected = np.log(loss.inverse_link(moderate.copy()))
    assert_allclose(loss.log_probability(moderate), expected, rtol=1e-5)


def test_smooth_labels():
    one_hot = np.eye(4)[[0, 2]]
    smooth = smooth_labels(one_hot, 0.2, multiclass=True)
    assert_allclose(smooth, [[0.85, 0.05, 0.05, 0.05], [0.05, 0.05, 0.85, 0.05]])
    smooth = smooth_labels(np.array([[0.0, 1.0]]), 0.2, multiclass=False)
    assert_allclose(smooth, [[0.1, 0.9]])
    assert_array_equal(smooth_labels(one_hot, 0.0, multiclass=True), one_hot)


SELU = 1.0507009873554805, 1.6732632423543772
ACTIVATION_FORMULAS = {
    "identity": lambda z: z,
    "logistic": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": lambda z: 2 / (1 + np.exp(-2 * z)) - 1,
    "relu": lambda z: z * (z > 0),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "elu": lambda z: np.where(z > 0, z, np.exp(z) - 1),
    "selu": lambda z: SELU[0] * np.where(z > 0, z, SELU[1] * (np.exp(z) - 1)),
    "gelu": lambda z: z * (1 + erf(z / np.sqrt(2))) / 2,
    "silu": lambda z: z / (1 + np.exp(-z)),
    "mish": lambda z: z * np.tanh(np.log(1 + np.exp(z))),
    "softplus": lambda z: np.log(1 + np.exp(z)),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_by_formula(name):
    """Into another array, and in place where that is allowed."""
    f = ACTIVATIONS[name]()
    z = np.linspace(-4, 4, 101).reshape(1, -1, 1)
    before, expected = z.copy(), ACTIVATION_FORMULAS[name](z)
    y = f.forward(z, np.empty_like(z))
    assert_allclose(y, expected, rtol=1e-12, atol=1e-15)
    assert_array_equal(z, before)
    if f.needs == "y":
        assert f.forward(z, z) is z
        assert_array_equal(z, y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_far_out(name, dtype):
    """No overflow on either side, forward or backward."""
    f = ACTIVATIONS[name]()
    z = np.array([-1e4, -100, 0, 100, 1e4], dtype)
    y = f.forward(z, np.empty_like(z))
    slope = f.backward(np.ones_like(z), z, y, np.empty_like(z))
    assert np.isfinite(y).all()
    assert np.isfinite(slope).all()
    # all are flat or linear far out
    far = {"identity": 1, "leaky_relu": 0.01}.get(name, 0)
    assert_allclose(slope[0], far, atol=1e-6)
    far = {"logistic": 0, "tanh": 0, "selu": SELU[0]}.get(name, 1)
    assert_allclose(slope[-1], far, rtol=1e-6)
