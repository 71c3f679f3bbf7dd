"""Numbers and facts that the standard texts work out by hand."""

import numpy as np
import pytest
from scipy import stats

from sknnreg import MLPClassifierScratch, MLPRegressorScratch
from sknnreg.engine.initializers import INITIALIZERS, VarianceScaling
from sknnreg.engine.layers import Dropout
from sknnreg.engine.losses import smooth_labels
from sknnreg.engine.penalties import L1, ElasticNet
from tests.engine.factories import context
from tests.factories import digits, however_it_ends
from tests.forms import both_forms

pytestmark = [however_it_ends, both_forms]


def test_total_cost_with_four_penalties():
    """λ = 0.1 each of Σ|w|, Σ|b|, Σw², Σb² is elastic net with α = 0.3, ρ = 1/3."""
    weights = np.array([[2.0, 3, 4, 3, 1, 5]])
    biases = np.array([[1.0, 3, 2]])
    lam = 0.1
    by_hand = 5.0 + lam * sum(np.abs(a).sum() + (a**2).sum() for a in (weights, biases))
    assert by_hand == pytest.approx(15.2)
    penalty = ElasticNet(0.3, 1 / 3)
    total = 5.0 + penalty.value(weights) + penalty.value(biases)
    np.testing.assert_allclose(total, [15.2])


def test_penalty_reported_by_the_estimator():
    """The same through the public API: history_['penalty'] is Ω of the last step."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 3)), rng.normal(size=20)
    model = MLPRegressorScratch(
        hidden_layer_sizes=(2,),
        penalty="elasticnet",
        alpha=0.3,
        alpha_bias=0.3,
        l1_ratio=1 / 3,
        bias_init="normal",
        max_iter=1,
        random_state=0,
    )
    before = MLPRegressorScratch(**model.get_params()).set_params(
        learning_rate_init=1e-300, max_iter=1
    )
    before.fit(X, y)  # a step too small to move a weight: the first values
    arrays = [*before.coefs_, *before.intercepts_]
    omega = 0.1 * sum(np.abs(a).sum() + (a**2).sum() for a in arrays)
    model.fit(X, y)
    assert model.history_["penalty"][0] == pytest.approx(omega, rel=1e-12)
    residual = before.predict(X) - y
    data_loss = 0.5 * np.mean(residual**2)
    assert model.loss_curve_[0] == pytest.approx(data_loss + omega, rel=1e-12)


def test_l1_subgradient_is_the_sign():
    W = np.array(
        [[0.2, 0.8, -0.5, 1], [0.5, -0.91, 0.26, -0.5], [-0.26, -0.27, 0.17, 0.87]]
    )
    alpha, step = 1.0, 1e-3
    moved = W[None].copy()
    L1(alpha).prox(moved, step)
    np.testing.assert_allclose((W - moved[0]) / (step * alpha), np.sign(W), rtol=1e-9)
    zeros = np.zeros((1, 3, 4))
    L1(alpha).prox(zeros, step)
    assert (zeros == 0).all()


def test_l2_gradients_symbol_by_symbol():
    """∂J/∂W² = ∂J/∂o hᵀ + λW², ∂J/∂W¹ = ∂J/∂z xᵀ + λW¹ for one row, no biases."""
    rng = np.random.default_rng(0)
    x, y, lam, rate = rng.normal(size=4), rng.normal(size=2), 0.3, 0.5
    W1, W2 = rng.normal(size=(3, 4)), rng.normal(size=(2, 3))
    z = W1 @ x
    h = np.tanh(z)
    o = W2 @ h
    dJ_do = o - y
    dJ_dW2 = np.outer(dJ_do, h) + lam * W2
    dJ_dz = (W2.T @ dJ_do) * (1 - h**2)
    dJ_dW1 = np.outer(dJ_dz, x) + lam * W1

    first = iter([W1.T, W2.T])
    model = MLPRegressorScratch(
        hidden_layer_sizes=(3,),
        activation="tanh",
        solver="sgd",
        momentum=0.0,
        alpha=lam,
        learning_rate_init=rate,
        max_iter=1,
        init=lambda rng, shape: next(first),
    ).fit(x[None], y[None])
    np.testing.assert_allclose(model.coefs_[0], (W1 - rate * dJ_dW1).T, rtol=1e-12)
    np.testing.assert_allclose(model.coefs_[1], (W2 - rate * dJ_dW2).T, rtol=1e-12)


@pytest.mark.parametrize("scale, factor", [(1 / 3, 1.0), (2 / 3, 2.0)])
def test_uniform_fan_in_bounds(scale, factor):
    """±√(factor / n_in) is VarianceScaling(factor / 3, "fan_in", "uniform")."""
    n_in = 64
    bound = np.sqrt(factor / n_in)
    X = np.random.default_rng(0).normal(size=(10, n_in))
    model = MLPRegressorScratch(
        hidden_layer_sizes=(400,),
        init=VarianceScaling(scale, "fan_in", "uniform"),
        learning_rate_init=1e-300,
        max_iter=1,
        random_state=1,
    ).fit(X, X[:, 0])
    W = model.coefs_[0].ravel()
    assert abs(W).max() <= bound
    uniform = stats.uniform(-bound, 2 * bound)
    assert stats.kstest(W, uniform.cdf).pvalue > 0.01
    if factor == 1.0:
        assert INITIALIZERS["fan_in_uniform"] == VarianceScaling(
            scale, "fan_in", "uniform"
        )


def test_product_of_normal_matrices_explodes():
    rng = np.random.default_rng(0)
    M = rng.normal(size=(4, 4))
    for _ in range(99):
        M = M @ rng.normal(size=(4, 4))
    assert abs(M).max() > 1e20


def first_to_last(init, activation, depth=20):
    """Gradient norm of the first hidden layer over that of the last, at the start.

    The median over five seeds.
    """
    X, y = digits(200)
    ratios = []
    for seed in range(5):
        model = MLPClassifierScratch(
            hidden_layer_sizes=(32,) * depth,
            activation=activation,
            init=init,
            max_iter=1,
            learning_rate_init=1e-300,
            random_state=seed,
        ).fit(X, y)
        norms = [model.history_[f"gradient_norm_{i}"][0] for i in range(depth)]
        ratios.append(norms[0] / norms[-1])
    return np.median(ratios)


def test_gradients_vanish_or_survive_by_initialization():
    assert first_to_last("standard_normal", "logistic") < 1e-2
    for init, activation in (("glorot_uniform", "tanh"), ("he_normal", "relu")):
        assert 0.1 < first_to_last(init, activation) < 10


@pytest.mark.parametrize("dropout, alike", [(0.0, True), (0.5, False)])
def test_constant_initialization_keeps_units_alike(dropout, alike):
    """Two hidden units that start equal stay bit-identical; dropout parts them."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(64, 2))
    y = X[:, 0] * X[:, 1]
    model = MLPRegressorScratch(
        hidden_layer_sizes=(2,),
        init="constant",
        solver="sgd",
        batch_size=16,
        max_iter=50,
        n_iter_no_change=np.inf,
        dropout=dropout,
        random_state=0,
    ).fit(X, y)
    W = model.coefs_[0]
    assert np.array_equal(W[:, 0], W[:, 1]) is alike


@pytest.mark.parametrize("rate", [0.2, 0.5, 0.8])
def test_dropout_keeps_the_expectation(rate):
    layer = Dropout(rate)
    rows, n_masks = 1, 4000
    c = context(layer, 10, rows, seeds=[0])
    x = np.linspace(1, 2, 10).reshape(1, 1, 10)
    samples = np.array([layer.forward(x, c).copy()[0, 0] for _ in range(n_masks)])
    standard_error = samples.std(axis=0) / np.sqrt(n_masks)
    assert (abs(samples.mean(axis=0) - x[0, 0]) < 4 * standard_error).all()
    scales = samples / x[0, 0]
    survivors = scales[scales != 0]
    np.testing.assert_allclose(survivors, 1 / (1 - rate), rtol=1e-4)
    if rate == 0.5:
        # without the scale, predictions would be on twice the scale of training
        np.testing.assert_allclose(survivors, 2.0)


@pytest.mark.parametrize("n", [2, 3, 10])
@pytest.mark.parametrize("smoothing", [0.1, 0.3])
def test_smallest_smoothed_loss_is_the_entropy(n, smoothing):
    target = smooth_labels(np.eye(n), smoothing, True)[0]
    top, rest = 1 - smoothing + smoothing / n, smoothing / n
    entropy = -top * np.log(top) - (n - 1) * rest * np.log(rest)
    np.testing.assert_allclose(stats.entropy(target), entropy)
    np.testing.assert_allclose(target.sum(), 1)


def fit_with_decay(solver):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4))
    y = (X[:, 0] + X[:, 1] ** 2 > 0.5).astype(int)
    model = MLPClassifierScratch(
        hidden_layer_sizes=(8,),
        solver=solver,
        alpha=0.1,
        momentum=0.0,
        learning_rate_init=0.01,
        batch_size=20,
        max_iter=20,
        random_state=0,
    ).fit(X, y)
    return np.concatenate([W.ravel() for W in model.coefs_])


def test_decay_inside_adam_differs_from_adamw():
    """With plain SGD, L2 in the gradient and decoupled decay are the same map."""
    np.testing.assert_allclose(fit_with_decay("sgd"), fit_with_decay("sgdw"), rtol=1e-9)
    assert abs(fit_with_decay("adam") - fit_with_decay("adamw")).max() > 1e-2
