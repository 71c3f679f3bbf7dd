"""Optimizers: all solve the same targets, and their steps are those of the papers."""

from inspect import signature

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sknnreg._hyperparameters import SHARED
from sknnreg.engine.early_stopping import EarlyStopping
from sknnreg.engine.initializers import Constant
from sknnreg.engine.layers import Dense
from sknnreg.engine.losses import SquaredError
from sknnreg.engine.model_axis import take
from sknnreg.engine.optimizers import OPTIMIZERS, SGD, Adam, Optimizer, RMSProp
from sknnreg.engine.penalties import L1, L2
from sknnreg.engine.progress import Progress
from sknnreg.engine.streams import Streams
from tests.engine.factories import Machine, Run, make_batches

#: largest rate of the linear decay to 0 in the runs below
RATES = {"sgd": 0.01, "sgdw": 0.01}
VARIANTS = OPTIMIZERS | {
    "sgd without momentum": lambda: SGD(momentum=0.0),
    "sgd with heavy ball": lambda: SGD(nesterovs_momentum=False),
}


def minimize(name, gradient, start, n_steps, after_step=None):
    optimizer = VARIANTS[name]()
    theta = np.array([start], float)
    grad = np.empty_like(theta)
    optimizer.bind(theta, grad)
    for t in range(n_steps):
        rate = RATES.get(name.split()[0], 0.1) * (1 - t / n_steps)
        grad[...] = gradient(theta)
        optimizer.step(rate)
        if after_step is not None:
            after_step(theta, optimizer.step_size(rate))
    return theta[0]


@pytest.mark.parametrize("name", VARIANTS)
def test_solves_a_quadratic(name):
    """Condition number 10, axes not those of the coordinates."""
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    hessian = axes * np.linspace(1, 10, 6) @ axes.T
    best = rng.normal(size=6)
    found = minimize(name, lambda w: (w - best) @ hessian, np.zeros(6), 2000)
    assert_allclose(found, best, atol=1e-3)


@pytest.mark.parametrize("name", VARIANTS)
def test_solves_a_bent_valley(name):
    """Rosenbrock's function (1 - a)² + 10 (b - a²)²; its minimum is at (1, 1)."""

    def gradient(w):
        ((a, b),) = w
        bend = 20 * (b - a**2)
        return [[2 * (a - 1) - 2 * a * bend, bend]]

    assert_allclose(minimize(name, gradient, [-1, 1], 4000), [1, 1], atol=1e-2)


@pytest.mark.parametrize("name", VARIANTS)
def test_with_the_proximal_map_solves_the_lasso(name):
    """The fixed point of step and map is the minimum of J, whatever the momentum."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 8))
    y = X @ [1, -2, 0.5, 0, 0, 0, 0, 0.05] + 0.1 * rng.normal(size=60)
    penalty = L1(0.2)

    def gradient(w):
        return (w @ X.T - y) @ X / 60

    found = minimize(name, gradient, np.full(8, 0.3), 4000, penalty.prox)
    g, zero = gradient(found), found == 0
    # the conditions of optimality: g = -α sign(w), or |g| <= α at w = 0
    assert_allclose(g[~zero], -0.2 * np.sign(found[~zero]), atol=2e-3)
    assert (np.abs(g[zero]) <= 0.2 + 1e-6).all()
    assert zero.sum() == 5


def steps(optimizer, gradients, rate=0.1, start=1.0):
    """Where each of the steps ends, from ``start``."""
    theta = np.array([[start]])
    grad = np.empty_like(theta)
    optimizer.bind(theta, grad)
    ends = []
    for g in gradients:
        grad[...] = g
        optimizer.step(rate)
        ends.append(theta.item())
    return ends


def test_golden_sgd():
    # v = 2, then 0.5 * 2 - 1 = 0
    assert_allclose(steps(SGD(0.5, False), [2, -1]), [0.8, 0.8])
    assert_allclose(steps(SGD(0.0, True), [2, -1]), [0.8, 0.9])


def test_golden_nesterov():
    # g + 0.5 v = 3, then -1 + 0.5 * 0 = -1
    assert_allclose(steps(SGD(0.5, True), [2, -1]), [0.7, 0.8])


def test_golden_adam():
    # m = 0.2, v = 0.04: m̂ = 2, v̂ = 4; then m = 0.08, v = 0.0496:
    # m̂ = 0.08 / 0.19, v̂ = 0.0496 / 0.0199
    first = 1 - 0.1 * 2 / (2 + 0.5)
    second = first - 0.1 * (0.08 / 0.19) / ((0.0496 / 0.0199) ** 0.5 + 0.5)
    assert_allclose(steps(Adam(0.9, 0.99, 0.5), [2, -1]), [first, second])


def test_golden_rmsprop():
    # v = 0.04, then 0.0496
    first = 1 - 0.1 * 2 / (0.2 + 0.5)
    second = first + 0.1 / (0.0496**0.5 + 0.5)
    assert_allclose(steps(RMSProp(0.99, 0.5), [2, -1]), [first, second])


@pytest.mark.parametrize(
    ("optimizer", "decoupled", "expected"),
    [
        # decay first: 3 (1 - 0.1 * 0.4) = 2.88; the gradient at 3 is 3 - 1 = 2
        (Adam(0.9, 0.99, 0.5), True, 2.88 - 0.1 * 2 / (2 + 0.5)),
        (SGD(0.5, True), True, 2.88 - 0.1 * 3),
        # with an L2 term the gradient is 2 + 0.4 * 3 = 3.2
        (Adam(0.9, 0.99, 0.5), False, 3 - 0.1 * 3.2 / (3.2 + 0.5)),
        (SGD(0.5, True), False, 3 - 0.1 * 4.8),
    ],
)
def test_golden_decay(optimizer, decoupled, expected):
    """adamw and sgdw, against adam and sgd with an L2 term, in the training loop."""
    streams, one = Streams([0]), np.ones((1, 1))
    layers = [Dense(1, Constant(3.0), Constant(0.0))]
    machine = Machine.of(layers, SquaredError(), 1, streams.initial())
    Run.of(
        machine,
        machine.penalize([L2(0.4, decoupled=decoupled)]),
        make_batches(one, one, batch_size=1),
        Progress(streams, EarlyStopping(1, 0.0)),
        optimizer,
        rate=0.1,
    ).one_epoch()
    assert_allclose(machine.theta[0, 0], expected)


def train(name, n_models=3, n=50, n_steps=5, state=None, theta=None, seed=0, **kwargs):
    """Some steps with random gradients; gives theta and the state."""
    rng = np.random.default_rng(seed)
    if theta is None:
        theta = np.random.default_rng(9).normal(size=(n_models, n))
    grad = np.empty_like(theta)
    optimizer = OPTIMIZERS[name](**kwargs)
    optimizer.bind(theta, grad, state)
    for _ in range(n_steps):
        grad[...] = rng.normal(size=grad.shape)
        optimizer.step(0.1)
    return theta, optimizer.state


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_long_vector_is_its_pieces(name):
    """Long ones are gone through block by block, here a dozen of them, one short."""
    n, n_steps = 130_001, 3
    rng = np.random.default_rng(0)
    start = rng.normal(size=(3, n))
    gradients = rng.normal(size=(n_steps, 3, n))

    def go(part):
        theta = start[:, part].copy()
        grad = np.empty_like(theta)
        optimizer = OPTIMIZERS[name]()
        optimizer.bind(theta, grad)
        for g in gradients:
            grad[...] = g[:, part]
            optimizer.step(0.1)
        return theta, optimizer.state

    whole, state = go(slice(None))
    for first in range(0, n, 5000):
        part = slice(first, first + 5000)
        theta, state_of_part = go(part)
        assert_array_equal(theta, whole[:, part])
        assert state_of_part.t == state.t == n_steps
        assert state_of_part.vectors.keys() == state.vectors.keys()
        for slot, array in state_of_part.vectors.items():
            assert_array_equal(array, state.vectors[slot][:, part])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_flush_leaves_no_subnormal_products(name, dtype):
    """Of weights and moments; what is larger stays as it is, and what is no number."""
    tiny = float(np.finfo(dtype).tiny)
    root = tiny**0.5
    numbers = [0.0, tiny / 4, tiny * 2, root / 2, root * 2, 1.0, np.inf, np.nan]
    theta = np.array([numbers + [-v for v in numbers]], dtype)
    optimizer = OPTIMIZERS[name]()
    optimizer.bind(theta, np.zeros_like(theta))
    vectors = optimizer.state.vectors
    for slot, vector in vectors.items():
        vector[...] = np.abs(theta) if slot == "second" else theta
    kept = np.where(np.abs(theta) < root, 0, theta)
    kept_square = np.abs(np.where(np.abs(theta) < tiny, 0, theta))
    optimizer.flush()
    assert_array_equal(theta, kept)
    for slot, vector in vectors.items():
        assert_array_equal(vector, kept_square if slot == "second" else kept)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_state_goes_on(name):
    """Two times five steps, through a saved state, are ten steps to the last bit."""
    rng = np.random.default_rng(0)
    gradients = rng.normal(size=(10, 3, 50))
    theta = np.zeros((3, 50))
    straight = theta.copy()

    def go(theta, gradients, state):
        grad = np.empty_like(theta)
        optimizer = OPTIMIZERS[name]()
        optimizer.bind(theta, grad, state)
        for g in gradients:
            grad[...] = g
            optimizer.step(0.1)
        return optimizer

    go(straight, gradients, None)
    saved = go(theta, gradients[:5], None)
    state = take(saved.state, np.arange(len(theta)))
    go(np.zeros_like(theta), gradients, None)  # whatever else happens
    saved.step(0.1)  # a state is a copy: the old optimizer may go on
    theta = np.zeros((3, 50))
    go(theta, gradients[:5], None)
    last = go(theta, gradients[5:], state)
    assert_array_equal(theta, straight)
    assert last.t == 10


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("rate", [0.1, np.array([[0.1], [0.2], [0.01]])])
def test_step_size_is_what_multiplied_the_gradient(name, rate):
    """While the gradient stays the same, and without momentum, at every step."""
    rng = np.random.default_rng(0)
    theta, g = rng.normal(size=(2, 3, 50))
    kwargs = {"momentum": 0.0} if issubclass(OPTIMIZERS[name], SGD) else {}
    optimizer = OPTIMIZERS[name](**kwargs)
    grad = np.empty_like(theta)
    optimizer.bind(theta, grad)
    for _ in range(10):
        before = theta.copy()
        grad[...] = g
        optimizer.step(rate)
        assert_allclose(before - theta, optimizer.step_size(rate) * g, rtol=1e-9)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_models_of_a_stack_do_not_meet(name):
    """Own rates, and own momentum where there is one."""
    rng = np.random.default_rng(0)
    gradients = rng.normal(size=(4, 3, 50))
    rate = np.array([[0.1], [0.2], [0.01]])
    momentum = np.array([[0.9], [0.0], [0.5]])

    def go(models):
        one = len(models) == 1
        kwargs = {}
        if issubclass(OPTIMIZERS[name], SGD):
            kwargs["momentum"] = momentum[models].item() if one else momentum
        optimizer = OPTIMIZERS[name](**kwargs)
        theta = np.zeros((len(models), 50))
        grad = np.empty_like(theta)
        optimizer.bind(theta, grad)
        for g in gradients:
            grad[...] = g[models]
            optimizer.step(rate[models].item() if one else rate)
        return theta

    stack = go([0, 1, 2])
    for k in range(3):
        assert_allclose(stack[k], go([k])[0], rtol=1e-12)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_dtype_stays(name):
    theta, state = train(name, theta=np.ones((2, 9), np.float32))
    assert theta.dtype == np.float32
    assert all(v.dtype == np.float32 for v in state.vectors.values())
    optimizer = OPTIMIZERS[name]()
    optimizer.bind(theta, np.ones_like(theta))
    optimizer.step(0.1)
    # a float64 scalar of NumPy's would promote what it meets; a Python float does not
    assert (optimizer.step_size(0.1) * theta).dtype == np.float32


@pytest.mark.parametrize("rate", [0.1, np.array([[0.1], [0.2], [0.01]])])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_factors_of_the_rate(name, rate):
    """A parameter whose factor is 3 moves as at three times the rate."""
    rng = np.random.default_rng(0)
    start, g = rng.normal(size=(2, 3, 4))
    factors = np.array([1.0, 3.0, 0.0, 0.5])
    kwargs = {"momentum": 0.0} if issubclass(OPTIMIZERS[name], SGD) else {}

    def go(rate, factors=None):
        theta, optimizer = start.copy(), OPTIMIZERS[name](**kwargs)
        optimizer.bind(theta, g, rates=factors)
        optimizer.step(rate)
        # the proximal map is given the same
        size = np.broadcast_to(optimizer.step_size(optimizer.scaled(rate)), g.shape)
        assert_allclose(start - theta, size * g, rtol=1e-9, atol=1e-15)
        return theta

    moved = go(rate, factors)
    for j, factor in enumerate(factors):
        assert_allclose(moved[:, j], go(factor * rate)[:, j], rtol=1e-12)


def test_momentum_that_never_settles_has_a_finite_step_size():
    """The sum 1 + μ + μ² + ... is cut at a thousand."""
    assert SGD(0.75).step_size(0.1) == pytest.approx(0.4)
    assert SGD(1.0).step_size(0.1) == pytest.approx(100)
    each = SGD(np.array([[0.0], [1.0]])).step_size(np.array([[0.1], [0.2]]))
    assert_allclose(each, [[0.1], [200]])


def test_more_models_than_a_block_has_room_for():
    theta = np.ones((200_000, 2))
    optimizer = SGD(0.0)
    optimizer.bind(theta, np.full_like(theta, 2.0))
    optimizer.step(0.25)
    assert (theta == 0.5).all()


def test_an_optimizer_without_state_is_one_method():
    class Descent(Optimizer):
        def update(self, g, step, rate):
            np.multiply(g, rate, out=step)

    optimizer = Descent()
    assert_allclose(steps(optimizer, [2, -1]), [0.8, 0.9])
    assert optimizer.step_size(0.1) == 0.1
    assert optimizer.t == 2 and not optimizer.state.vectors


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_defaults_are_those_of_the_estimators(name):
    for argument, parameter in signature(OPTIMIZERS[name]).parameters.items():
        assert parameter.default == SHARED[argument].default
