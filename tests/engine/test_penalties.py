"""Penalties: values by their formulas, proximal maps by their definition."""

import math
from inspect import signature

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize_scalar

from sknnreg._hyperparameters import SHARED
from sknnreg.engine.penalties import (
    L1,
    L2,
    PENALTIES,
    ElasticNet,
    GroupL1,
    Penalty,
    Regularizer,
    Term,
)

ELASTIC = {
    name: kind for name, kind in PENALTIES.items() if issubclass(kind, ElasticNet)
}

examples = settings(deadline=None, derandomize=True, max_examples=200)
numbers = st.floats(-10, 10)
steps = st.floats(1e-3, 10)
alphas = st.floats(0, 10)
ratios = st.floats(0, 1)


def prox(penalty, w, step):
    """The proximal map as a function."""
    w = np.array(w, float, ndmin=2)
    penalty.prox(w, step)
    return w


def matrices(n_models=2, seed=0):
    return np.random.default_rng(seed).normal(size=(n_models, 4, 3))


@examples
@given(w=numbers, step=steps, alpha=alphas, l1_ratio=ratios)
@pytest.mark.parametrize("name", ELASTIC)
def test_prox_is_the_minimizer(name, w, step, alpha, l1_ratio):
    penalty = ELASTIC[name](alpha, l1_ratio)
    found = prox(penalty, w, step).item()

    def objective(v):
        return (v - w) ** 2 / (2 * step) + np.sum(penalty.kink(np.array([[v]])))

    best = minimize_scalar(objective, bounds=(-11, 11), options={"xatol": 1e-9})
    assert objective(found) <= best.fun + 1e-12 * max(1, best.fun)
    assert_allclose(found, best.x, atol=1e-5)


@examples
@given(w=numbers, step=steps, alpha=alphas, l1_ratio=ratios)
def test_zeros_are_exact(w, step, alpha, l1_ratio):
    """Zero within the threshold, moved by it without."""
    threshold = step * (alpha * l1_ratio)
    found = prox(ElasticNet(alpha, l1_ratio), w, step).item()
    if abs(w) <= threshold:
        assert found == 0
    else:
        assert_allclose(found, w - np.sign(w) * threshold, rtol=0, atol=1e-14)
        assert np.sign(found) == np.sign(w)


@examples
@given(
    pair=st.tuples(numbers, numbers),
    step=steps,
    alpha=alphas,
    name=st.sampled_from(sorted(ELASTIC)),
)
def test_prox_is_nonexpansive(pair, step, alpha, name):
    first, second = prox(ELASTIC[name](alpha), pair, step)[0]
    assert abs(first - second) <= abs(pair[0] - pair[1]) + 1e-14


@pytest.mark.parametrize("steps", ["a number", "a weight"])
@pytest.mark.parametrize("name", PENALTIES)
def test_prox_beats_its_neighbours(name, steps):
    """By definition, whatever the penalty: (v - w)²/(2 step) + kink(v) is least."""
    rng = np.random.default_rng(0)
    penalty = PENALTIES[name].of_layer(0, 0.4, 0.6, False)
    w = matrices()
    step = 3.0 if steps == "a number" else rng.uniform(0.5, 6, w.shape)
    v = w.copy()
    penalty.prox(v, step)

    def objective(v):
        return ((v - w) ** 2 / (2 * step)).sum(axis=(1, 2)) + penalty.kink(v)

    least = objective(v)
    for size in (1e-4, 1e-2, 1):
        for _ in range(100):
            other = v + size * rng.normal(size=v.shape) * (rng.random(v.shape) < 0.5)
            assert (objective(other) >= least).all()
    assert penalty.has_kink == (v == 0).any(), "some weights should be zero"
    assert v.any()


def test_values_by_formula():
    w = matrices()
    l1 = np.abs(w).sum(axis=(1, 2))
    l2 = (w**2).sum(axis=(1, 2)) / 2
    assert_allclose(L1(0.3).value(w), 0.3 * l1)
    assert_allclose(L2(0.3).value(w), 0.3 * l2)
    assert_allclose(ElasticNet(0.3, 0.2).value(w), 0.3 * (0.2 * l1 + 0.8 * l2))
    # names that say it all do not listen to l1_ratio
    assert_allclose(L1(0.3, 0.2).value(w), 0.3 * l1)
    assert_allclose(L2(0.3, 0.2).value(w), 0.3 * l2)


def test_group_values_by_formula():
    """The first layer's rows as groups, the other layers' weights by L2."""
    w = matrices()
    first, other = (GroupL1.of_layer(layer, 0.3, 0.2, False) for layer in (0, 1))
    groups = np.linalg.norm(w, axis=2).sum(axis=1)
    assert_allclose(first.value(w), 0.3 * 0.2 * math.sqrt(3) * groups)
    assert_allclose(other.value(w), 0.3 * 0.8 * (w**2).sum(axis=(1, 2)) / 2)


@pytest.mark.parametrize("spread", [0, 2, 5])
def test_group_prox_with_a_step_a_weight(spread):
    """(v - w) / step + λ v / ‖v‖ = 0, or ‖w / step‖ <= λ at v = 0, for any steps."""
    rng = np.random.default_rng(0)
    w = rng.normal(size=(2, 300, 4)) * 10 ** rng.uniform(-2, 1, (2, 300, 1))
    step = 10 ** rng.uniform(-spread, spread, w.shape)
    v = w.copy()
    GroupL1(0.5, 1.0).prox(v, step)
    strength = 0.5 * math.sqrt(4)
    norm = np.linalg.norm(v, axis=2, keepdims=True)
    zero = norm[..., 0] == 0
    assert 10 < zero.sum() < 590
    assert (np.linalg.norm(w / step, axis=2)[zero] <= strength).all()
    expected = w * norm / (norm + strength * step)
    size = np.linalg.norm(w, axis=2, keepdims=True)
    assert_allclose((v / size)[~zero], (expected / size)[~zero], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", PENALTIES)
def test_value_is_smooth_part_and_kink(name):
    penalty, w = PENALTIES[name].of_layer(0, 0.3, 0.4, False), matrices()
    value = penalty.value(w)
    assert value.shape == (2,)
    assert (value > 0).all()
    assert_allclose(value, np.zeros(2) + penalty.smooth(w) + penalty.kink(w))
    assert penalty.value(w.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("name", PENALTIES)
def test_alpha_zero_does_nothing(name):
    penalty, w = PENALTIES[name].of_layer(0, 0.0, 0.5, False), matrices()
    before, grad = w.copy(), np.zeros_like(w)
    penalty.add_gradient(w, grad)
    penalty.prox(w, 1.0)
    assert_array_equal(w, before)
    assert not grad.any()
    assert not penalty.value(w).any()
    assert not penalty.has_kink


def test_gradient_is_added():
    w, grad = matrices(), matrices(seed=1)
    before = grad.copy()
    ElasticNet(0.3, 0.2).add_gradient(w, grad)
    assert_allclose(grad, before + 0.3 * 0.8 * w)


def test_decoupled_decay_replaces_the_l2_term():
    """w ← w (1 - rate α (1 - ρ)); no value, no gradient; the kink stays a term."""
    penalty, w = ElasticNet(0.5, 0.2, decoupled=True), matrices()
    grad = np.zeros_like(w)
    penalty.add_gradient(w, grad)
    assert not grad.any()
    assert_allclose(penalty.value(w), 0.5 * 0.2 * np.abs(w).sum(axis=(1, 2)))
    decayed = w.copy()
    penalty.decay(decayed, 0.1)
    assert_allclose(decayed, w * (1 - 0.1 * 0.5 * 0.8), rtol=1e-15)
    # and only if decoupled
    decayed = w.copy()
    ElasticNet(0.5, 0.2).decay(decayed, 0.1)
    assert_array_equal(decayed, w)


@pytest.mark.parametrize("decoupled", [False, True])
@pytest.mark.parametrize("name", PENALTIES)
def test_a_number_a_model_is_the_model_alone(name, decoupled):
    alpha, ratio, step = np.array(
        [[[0.5], [0.0], [0.2]], [[0.1], [0.6], [1]], [[1], [2], [3]]]
    )
    results = []
    for models in ([0, 1, 2], [0], [1], [2]):
        one = len(models) == 1
        numbers = [a[models].item() if one else a for a in (alpha, ratio, step)]
        penalty = PENALTIES[name].of_layer(0, *numbers[:2], decoupled)
        w = matrices(3)[models]
        grad = np.zeros_like(w)
        penalty.add_gradient(w, grad)
        value = penalty.value(w)
        penalty.decay(w, numbers[2])
        flat = w.reshape(len(w), -1)
        term = Term(slice(None), w.shape[1:], penalty)
        Regularizer([term]).prox(flat, numbers[2])
        results.append(np.column_stack([value, grad.reshape(len(w), -1), flat]))
    assert_allclose(results[0], np.concatenate(results[1:]), rtol=1e-14)


def regularizer():
    """Two layers of other alphas, and a gap that is free."""
    return Regularizer(
        [
            Term(slice(0, 12), (4, 3), ElasticNet(0.5, 0.4)),
            Term(slice(14, 20), (3, 2), ElasticNet(0.2, 1.0)),
        ]
    )


def test_regularizer_sums_over_slices():
    theta = np.random.default_rng(0).normal(size=(2, 21))
    grad = np.ones_like(theta)
    value = regularizer().value_and_gradient(theta, grad)
    a, b = theta[:, :12], theta[:, 14:20]
    smooth = 0.5 * 0.6 * (a**2).sum(axis=1) / 2
    kink = 0.5 * 0.4 * np.abs(a).sum(axis=1) + 0.2 * np.abs(b).sum(axis=1)
    assert_allclose(value, smooth + kink)
    assert_allclose(regularizer().value(theta), value)
    assert_allclose(
        regularizer().value_and_gradient(theta, grad.copy(), kink=False), smooth
    )
    expected = np.ones_like(theta)
    expected[:, :12] += 0.5 * 0.6 * a
    assert_allclose(grad, expected)


@pytest.mark.parametrize("kind", ["number", "a model", "a weight"])
def test_regularizer_prox_over_slices(kind):
    rng = np.random.default_rng(0)
    theta = rng.normal(size=(2, 21))
    step = {
        "number": 0.7,
        "a model": np.array([[0.7], [1.5]]),
        "a weight": rng.uniform(0.1, 3, theta.shape),
    }[kind]
    each = np.broadcast_to(step, theta.shape)
    l1 = np.zeros(21)
    l1[:12], l1[14:20] = 0.5 * 0.4, 0.2
    expected = np.sign(theta) * np.maximum(np.abs(theta) - each * l1, 0)
    regularizer().prox(theta, step)
    assert_allclose(theta, expected, atol=1e-15)
    assert ((theta == 0) == (expected == 0)).all()
    assert (theta == 0).any()


def test_regularizer_decays_where_it_is_decoupled():
    theta = np.ones((2, 5))
    terms = [
        Term(slice(0, 2), (2,), L2(0.5, decoupled=True)),
        Term(slice(2, 4), (2,), L2(0.5)),
    ]
    Regularizer(terms).decay(theta, np.array([[0.1], [0.2]]))
    assert_allclose(theta, [[0.95, 0.95, 1, 1, 1], [0.9, 0.9, 1, 1, 1]])


class Hyperbolic(Penalty):
    """Ω(w) = α Σ (√(1 + w²) - 1): as short as a smooth penalty can be."""

    def smooth(self, w):
        return self.alpha * (np.sqrt(1 + w * w) - 1).sum(axis=1)

    def add_gradient(self, w, grad):
        grad += self.alpha * w / np.sqrt(1 + w * w)


def test_a_smooth_penalty_is_two_methods():
    theta, grad = np.array([[0.75, 2.0, -2.0]]), np.zeros((1, 3))
    terms = [
        Term(slice(0, 1), (1,), Hyperbolic(0.4)),
        Term(slice(1, 3), (2,), ElasticNet(0.5, 1.0)),
    ]
    regularizer = Regularizer(terms)
    assert not regularizer.is_decoupled
    smooth = 0.4 * (1.25 - 1)
    assert_allclose(regularizer.value(theta), smooth + 0.5 * 4)
    assert_allclose(regularizer.value_and_gradient(theta, grad, kink=False), smooth)
    assert_allclose(grad, [[0.4 * 0.75 / 1.25, 0, 0]])
    before = theta.copy()
    regularizer.decay(theta, 0.1)
    assert_array_equal(theta, before)
    regularizer.prox(theta, 0.1)
    assert_allclose(theta, [[0.75, 1.95, -1.95]])


def test_what_a_penalty_is_given_it_has():
    given = Penalty.of_layer(1, 0.4, 0.2, True)
    assert (given.alpha, given.l1_ratio, given.decoupled) == (0.4, 0.2, True)
    for name, kind in PENALTIES.items():
        parameters = signature(kind).parameters
        assert parameters["decoupled"].default is False
        if name not in ("l1", "l2"):  # which have no share
            share = parameters["l1_ratio"].default
            assert share == SHARED["l1_ratio"].default
    plain = Penalty(0.4)
    assert (plain.l1_ratio, plain.decoupled, plain.has_kink) == (0, False, False)


@pytest.mark.parametrize("name", PENALTIES)
def test_an_elementwise_penalty_sees_no_shape(name):
    """All layers can be one slice then; any other needs its matrices."""
    penalty, w = PENALTIES[name].of_layer(0, 0.3, 0.4, False), matrices()
    flat = w.reshape(2, -1).copy()
    same = np.allclose(penalty.value(flat[:, None]), penalty.value(w))
    assert same == penalty.elementwise


def test_what_a_solver_needs_of_every_kink_is_told():
    class Kinked(Hyperbolic):
        has_kink = True

        def prox(self, w, step):
            w *= 0

    def lacking(*penalties):
        terms = [Term(slice(0, 3), (3,), penalty) for penalty in penalties]
        return Regularizer(terms).lacking(["prox", "l1"])

    assert lacking() == lacking(L1(0.1), Hyperbolic(0.1)) == []
    assert lacking(Kinked(0.1)) == lacking(L1(0.1), Kinked(0.1)) == ["l1"]


def test_no_terms():
    theta = np.ones((1, 3))
    empty = Regularizer([])
    assert not empty.has_kink
    assert empty.value(theta) == empty.value_and_gradient(theta, theta) == 0


def test_float32_stays():
    theta = np.ones((2, 21), np.float32)
    grad = np.zeros_like(theta)
    assert regularizer().value_and_gradient(theta, grad).dtype == np.float32


def test_a_gradient_goes_where_it_is_wanted():
    """Into the array of this call, not of the one before with the same weights."""
    theta = np.ones((1, 3))
    regularizer = Regularizer([Term(slice(0, 3), (3,), L2(0.5))])
    grads = [np.zeros((1, 3)) for _ in range(2)]
    for grad in grads:
        regularizer.value_and_gradient(theta, grad)
    assert_allclose(grads, 0.5)
    # and of the weights of this call, with the same array for the gradient
    assert_allclose(regularizer.value_and_gradient(2 * theta, grads[1]), 3)
    assert_allclose(grads[1], 0.5 + 1)
