"""What is measured of a pass forward and backward is what the formulas say."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from sknnreg.engine.activations import ACTIVATIONS
from sknnreg.engine.initializers import Normal, get_initializer
from sknnreg.engine.layers import (
    Activate,
    BatchNorm,
    Dense,
    Dropout,
    InputNoise,
    LayerNorm,
    Residual,
)
from sknnreg.engine.losses import MulticlassLogLoss, SquaredError
from sknnreg.engine.signals import block_ends, measure_signals, scale
from tests.engine.factories import Machine

N_ROWS, N_IN = 8, 5
rng = np.random.default_rng(0)
X = rng.normal(size=(1, N_ROWS, N_IN))
Y = rng.normal(size=(1, N_ROWS, 2))
WEIGHT = rng.uniform(0.5, 2, size=(1, N_ROWS))


def dense(units):
    return Dense(units, Normal(0.7), Normal(0.5))


def make(layers, loss=None, n_models=1, dtype=float, n_in=N_IN):
    generators = [np.random.default_rng(k) for k in range(n_models)]
    return Machine.of(layers, loss or SquaredError(), n_in, generators, dtype)


def measure(machine, x=X, y=Y, weight=None):
    return measure_signals(
        machine.network, machine.parameters.vectors, x, y, weight=weight
    )


def rms(x):
    return np.sqrt(np.mean(np.square(x)))


@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_written_by_hand(weight):
    """Two tanh layers, half the squared error; dropout and noise are off."""
    layers = [InputNoise(0.3), Dropout(0.2)]
    for units in (6, 4):
        layers += [dense(units), Activate(ACTIVATIONS["tanh"]()), Dropout(0.5)]
    machine = make([*layers, dense(2)], n_models=3)
    signals = measure(machine, weight=weight)
    share = 1.0 if weight is None else (weight / weight.mean())[0][:, None]
    W = [v["weight"] for v in machine.values if "weight" in v]
    b = [v["bias"] for v in machine.values if "bias" in v]
    for k in range(3):
        h1 = np.tanh(X[0] @ W[0][k] + b[0][k])
        h2 = np.tanh(h1 @ W[1][k] + b[1][k])
        d_raw = share * (h2 @ W[2][k] + b[2][k] - Y[0])
        d2 = d_raw @ W[2][k].T
        d1 = (d2 * (1 - h2**2)) @ W[1][k].T
        assert_allclose(signals.inputs[k], rms(X))
        assert_allclose(signals.activations[k], [rms(h1), rms(h2)])
        assert_allclose(signals.gradients[k], [rms(d1), rms(d2)])
        assert_allclose(signals.outputs[k], rms(d_raw))


def relu_block(units, *more):
    return [dense(units), *more, Activate(ACTIVATIONS["relu"]()), Dropout(0.4)]


BLOCKS = {
    "relu": lambda: relu_block(5),
    "batch norm": lambda: relu_block(5, BatchNorm()),
    "layer norm": lambda: relu_block(5, LayerNorm()),
    "residual": lambda: [Residual(relu_block(5, BatchNorm()), Normal(0.5))],
}


def part(machine, layers, first, n_in):
    """Some of a network's layers, made anew, as a network with the same numbers."""
    new = make(layers, n_in=n_in)
    for places, values in zip(new.values, machine.values[first:], strict=False):
        for name, place in places.items():
            place[...] = values[name]
    return new


@pytest.mark.parametrize("name", BLOCKS)
def test_gradient_is_that_of_finite_differences(name):
    """What the first block gives is moved, number by number, before the rest."""
    block, step = BLOCKS[name], 1e-6
    machine = make([*block(), *block(), dense(2)])
    head = part(machine, block(), 0, N_IN)
    h = head.bound.forward(X, training=True).copy()
    tail = part(machine, [*block(), dense(2)], len(block()), 5)
    gradient = np.empty_like(h)
    for place in np.ndindex(h.shape):
        values = []
        for sign in (1, -1):
            moved = h.copy()
            moved[place] += sign * step
            values.append(tail.value_and_gradient(moved, Y)[0])
        gradient[place] = N_ROWS * (values[0] - values[1]) / (2 * step)
    signals = measure(machine)
    assert signals.gradients.shape == (1, 2)
    assert_allclose(signals.activations[0, 0], rms(h))
    assert_allclose(signals.gradients[0, 0], rms(gradient), rtol=1e-6)
    assert rms(gradient) > 0.01


def test_blocks_end_before_the_next_weights():
    layers = [Dropout(0.1), *relu_block(4), dense(3), dense(2)]
    assert block_ends(make(layers).network) == [3, 4]
    layers = [Residual(relu_block(4), Normal(0.5)), dense(2)]
    assert block_ends(make(layers).network) == [0]
    signals = measure(make([dense(2)]))
    assert signals.activations.shape == signals.gradients.shape == (1, 0)
    assert signals.outputs > 0


def test_nothing_is_changed():
    """Batch normalization would learn from the batch it sees."""
    machine = make([*relu_block(4, BatchNorm()), dense(2)])
    machine.grad[...] = 7
    before = [vector.copy() for vector in machine.parameters.vectors]
    first = measure(machine)
    for vector, earlier in zip(machine.parameters.vectors, before, strict=True):
        assert_array_equal(vector, earlier)
    assert (machine.grad == 7).all()
    for one, other in zip(first, measure(machine), strict=True):
        assert_array_equal(one, other)


def test_sparse_rows():
    x = X * (X > 0)
    machine = make([*relu_block(4), dense(2)])
    expected = measure(machine, x)
    signals = measure(machine, csr_array(x[0]))
    for one, other in zip(signals, expected, strict=True):
        assert_allclose(one, other)


def test_scale_of_very_small_and_of_no_numbers():
    assert_allclose(scale(np.full((2, 3, 4), 1e-30, np.float32)), 1e-30, rtol=1e-6)
    assert_array_equal(scale(np.zeros((1, 3, 4))), 0)
    assert_array_equal(scale(csr_array((3, 4))), 0)


def deep(init, activation, depth=20, units=256, dtype=float):
    """The signals of a deep network for normal inputs and random classes."""
    layers = []
    for _ in range(depth):
        weights = get_initializer(init, activation)
        layers += [
            Dense(units, weights, Normal(0.0)),
            Activate(ACTIVATIONS[activation]()),
        ]
    layers.append(Dense(3, get_initializer(init, activation), Normal(0.0)))
    machine = make(layers, MulticlassLogLoss(), dtype=dtype, n_in=units)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(1, 200, units)).astype(dtype)
    y = np.eye(3, dtype=dtype)[rng.integers(3, size=200)][None]
    return measure(machine, x, y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_he_keeps_the_scale_through_relu(dtype):
    signals = deep("he_normal", "relu", dtype=dtype)
    for scales in (signals.activations[0], signals.gradients[0]):
        assert scales.max() / scales.min() < 2.2
    assert 0.5 < signals.activations[0, -1] / signals.inputs[0] < 2


def test_glorot_fits_tanh_and_not_relu():
    tanh, relu = (deep("glorot_uniform", name) for name in ("tanh", "relu"))
    # tanh saturates a little in each layer, a relu loses half of the variance
    assert tanh.activations[0, -1] > 0.15 * tanh.inputs[0]
    factors = relu.activations[0, 1:] / relu.activations[0, :-1]
    assert_allclose(np.exp(np.log(factors).mean()), np.sqrt(0.5), rtol=0.05)


def test_a_fixed_scale_vanishes_or_explodes():
    signals = deep("normal", "relu", dtype=np.float32)
    assert signals.activations[0, -1] < 1e-3 * signals.inputs[0]
    assert signals.gradients[0, 0] < 1e-3 * signals.gradients[0, -1]
