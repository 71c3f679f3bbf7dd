"""The gradient written is that of the value returned, whatever is combined.

The numeric gradient uses the model axis: the base point and all its neighbours are one
stack of models with equal seeds, hence with equal dropout masks.
"""

from itertools import product
from typing import NamedTuple

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array

from sknnreg.engine.activations import ACTIVATIONS
from sknnreg.engine.batches import SparseStack
from sknnreg.engine.initializers import Normal
from sknnreg.engine.layers import (
    NORMALIZATIONS,
    Activate,
    Dense,
    Dropout,
    InputNoise,
    InputScale,
    Residual,
)
from sknnreg.engine.losses import (
    REGRESSION_LOSSES,
    BinaryLogLoss,
    MulticlassLogLoss,
    Quantile,
)
from sknnreg.engine.penalties import PENALTIES
from sknnreg.engine.streams import Streams
from tests.engine.factories import Machine, saved_arrays
from tests.forms import both_forms

N_ROWS, N_IN = 6, 4

LOSSES = REGRESSION_LOSSES | {
    "quantiles": Quantile,
    "binary": BinaryLogLoss,
    "multiclass": MulticlassLogLoss,
}
#: other than the default where that hides a term, or reaches one branch only
LOSS_ARGUMENTS = {
    "quantile": {"quantile": 0.3},
    "quantiles": {"quantile": [0.1, 0.3, 0.4, 0.8, 0.9]},
    "huber": {"huber_delta": 0.7},
}

#: what differs between the three models of a stack
MODELS = {
    "alpha": (0.7, 0.05, 0.3),
    "l1_ratio": (0.3, 0.9, 0.0),
    "input_rate": (0.3, 0.2, 0.0),
    "rate": (0.5, 0.1, 0.4),
    "scale": (0.2, 0.7, 0.4),
}
SEEDS = (3, 4, 3)


def numbers(models, dtype):
    """A function of the name: a float for one model, (K, 1) for several."""

    def number(name):
        values = [MODELS[name][k] for k in models]
        return values[0] if len(models) == 1 else np.array(values, dtype)[:, None]

    return number


def dense(units):
    return Dense(units, Normal(0.7), Normal(0.5))


def plain(act, n_out, number):
    return [dense(5), act(), dense(3), act(), dense(n_out)]


def dropout(act, n_out, number):
    rate = number("rate")
    first, second, third, fourth, last = plain(act, n_out, number)
    return [
        Dropout(number("input_rate")),
        *(first, second, Dropout(rate)),
        *(third, fourth, Dropout(rate / 2)),
        last,
    ]


def noise(act, n_out, number):
    return [InputNoise(number("scale")), *plain(act, n_out, number)]


def scaled(act, n_out, number):
    return [InputScale(6.0), *plain(act, n_out, number)]


def residual(act, n_out, number):
    # the second block is as wide as what enters it: no projection; the first is not
    widened = [dense(5), act(), Dropout(number("rate"))]
    body = [dense(5), NORMALIZATIONS["batch"](), act()]
    return [
        Residual(widened, Normal(0.7)),
        Residual(body, Normal(0.7)),
        dense(n_out),
    ]


def normalized(kind):
    def layers(act, n_out, number):
        return [dense(5), kind(), act(), dense(3), kind(), act(), dense(n_out)]

    return layers


class Case(NamedTuple):
    """One combination; ``layers`` is one of the functions above."""

    loss: str
    activation: str
    penalty: str | None
    layers: object
    weighted: bool = False

    def __str__(self):
        name = getattr(self.layers, "__name__", "")
        words = (self.loss, self.activation, str(self.penalty), name)
        return "-".join((*words, "weights") if self.weighted else words)


def draw(case):
    """Rows, targets and weights of the three models."""
    rng = np.random.default_rng(0)
    n_out = 3 if case.loss == "multiclass" else 2
    x = rng.normal(size=(3, N_ROWS, N_IN))
    y = rng.uniform(0.5, 3, (3, N_ROWS, n_out))
    if case.loss == "binary":
        y = (y > 1.7).astype(float)
    elif case.loss == "multiclass":
        y = np.eye(n_out)[y.argmax(axis=-1)]
    weight = rng.uniform(0.5, 2, (3, N_ROWS))
    weight[:, 1] = 0
    return x, y, weight


def smooth_objective(case, models, theta=None, x=None, dtype=np.float64):
    """J without the kinks (K,), its gradient (K, P), theta, and the network.

    One model may have many thetas. With weights, models have rows of their own;
    without, they share those of the first one.
    """
    n_models = len(models) if theta is None else len(theta)
    number = numbers(models, dtype)
    rows, y, weight = (array.astype(dtype) for array in draw(case))
    own = list(models) if case.weighted else [0]
    x = rows[own] if x is None else x
    each = list(models) * (n_models // len(models))
    rngs = {k: np.random.default_rng(10 + k) for k in models}
    loss = LOSSES[case.loss](**LOSS_ARGUMENTS.get(case.loss, {}))
    n_raw = y.shape[-1] * loss.per_target
    machine = Machine.of(
        case.layers(ACTIVATED[case.activation], n_raw, number),
        loss,
        N_IN,
        [rngs[k] for k in each],
        dtype,
    )
    if theta is not None:
        machine.theta[...] = theta
    machine.grad.fill(np.nan)  # whoever adds to it fails
    streams = Streams([SEEDS[k] for k in each])
    value = machine.value_and_gradient(
        x, y[own], weight[own] if case.weighted else None, streams
    )
    if case.penalty is not None:
        kind = PENALTIES[case.penalty]
        regularizer = machine.penalize(
            kind.of_layer(j, number("alpha") * (1 + j), number("l1_ratio"), False)
            for j in range(len(machine.weights))
        )
        value = value + regularizer.value_and_gradient(
            machine.theta, machine.grad, kink=False
        )
    return value, machine.grad, machine.theta, machine


#: each a function, so that no two layers are the same object
ACTIVATED = {
    name: lambda kind=kind: Activate(kind()) for name, kind in ACTIVATIONS.items()
}


def numeric_gradient(case, k, theta, step=1e-5):
    """Central differences at ``theta`` (P,), and the value there."""
    shifts = step * np.eye(len(theta))
    stack = np.concatenate([[theta], theta + shifts, theta - shifts])
    value, *_ = smooth_objective(case, [k], stack)
    up, down = value[1:].reshape(2, -1)
    return value[0], (up - down) / (2 * step)


def check_gradient(case):
    values, gradients, thetas, _ = smooth_objective(case, [0, 1, 2])
    assert np.ptp(values) > 1e-3, "the three models should differ"
    for k, theta in enumerate(thetas):
        alone, alone_gradient, *_ = smooth_objective(case, [k], theta[None])
        assert_allclose(values[k], alone[0], rtol=1e-12)
        size = np.linalg.norm(alone_gradient)
        assert size > 1e-2
        assert_allclose(gradients[k], alone_gradient[0], rtol=0, atol=1e-12 * size)
        value, numeric = numeric_gradient(case, k, theta)
        assert_allclose(value, alone[0], rtol=1e-12)
        assert_allclose(alone_gradient[0], numeric, rtol=1e-6, atol=1e-6 * size)


COMBINATIONS = [
    Case(loss, activation, penalty, layers, weighted)
    for loss, activation, penalty, (layers, weighted) in product(
        LOSSES,
        ACTIVATIONS,
        [None, *PENALTIES],
        [(plain, False), (plain, True), (dropout, False)],
    )
]


@pytest.mark.parametrize("case", COMBINATIONS, ids=str)
def test_gradient(case):
    check_gradient(case)


@both_forms
@pytest.mark.parametrize(
    "case", [case for case in COMBINATIONS if case.penalty is None], ids=str
)
def test_gradient_in_both_forms(case):
    check_gradient(case)


LAYERS = {
    "noise": noise,
    "scaled": scaled,
    "residual": residual,
    "dropout": dropout,
} | {name: normalized(kind) for name, kind in NORMALIZATIONS.items()}


@both_forms
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weights"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("name", LAYERS)
def test_gradient_through_other_layers(name, activation, weighted):
    check_gradient(Case("squared_error", activation, "l2", LAYERS[name], weighted))


FLOAT32 = [Case(loss, "relu", "elasticnet", dropout) for loss in LOSSES]
FLOAT32 += [Case("huber", activation, None, plain, True) for activation in ACTIVATIONS]
FLOAT32 += [Case("huber", "tanh", "l2", layers, True) for layers in LAYERS.values()]


@pytest.mark.parametrize("case", FLOAT32, ids=str)
def test_float32_stays(case):
    """Nothing on the way is float64, and the gradient is the same to rounding."""
    value, gradient, theta, machine = smooth_objective(
        case, [0, 1, 2], dtype=np.float32
    )
    assert value.dtype == gradient.dtype == np.float32
    for name, array in saved_arrays(machine, N_ROWS):
        assert array.dtype.kind != "f" or array.dtype == np.float32, name
    expected = smooth_objective(case, [0, 1, 2], theta=theta)
    assert_allclose(value, expected[0], rtol=1e-5)
    size = np.linalg.norm(expected[1], axis=1).max()
    assert_allclose(gradient, expected[1], rtol=0, atol=1e-5 * size)


@pytest.mark.parametrize("layers", [plain, residual, scaled])
def test_sparse_rows_have_the_gradient_of_dense_ones(layers):
    """Shared by the models, or a matrix a model."""
    case = Case("squared_error", "tanh", None, layers)
    rows = draw(case)[0] * (np.random.default_rng(1).random((N_ROWS, N_IN)) < 0.5)
    shared = (csr_array(rows[0]), rows[:1])
    own = (SparseStack(csr_array(x) for x in rows), rows)
    for sparse_rows, dense_rows in (shared, own):
        value, gradient, *_ = smooth_objective(case, [0, 1, 2], x=sparse_rows)
        expected = smooth_objective(case, [0, 1, 2], x=dense_rows)
        assert_allclose(value, expected[0], rtol=1e-12)
        assert_allclose(gradient, expected[1], rtol=1e-10, atol=1e-13)


def one_model(layers, loss):
    return Machine.of(layers, LOSSES[loss](), N_IN, [np.random.default_rng(0)])


def test_weights_of_rows_are_repetitions():
    """Weight 2 is the row twice, and weight 0 is no row."""
    case = Case("huber", "tanh", None, plain)
    x, y, _ = draw(case)
    machine = one_model(plain(ACTIVATED["tanh"], 2, None), "huber")
    results = []
    repeated = [0, 0, 2, 3, 3, 3]
    for rows, weight in (
        (slice(None), np.bincount(repeated, minlength=N_ROWS)[None].astype(float)),
        (repeated, None),
    ):
        value = machine.value_and_gradient(x[:1, rows], y[:1, rows], weight)
        results.append(np.append(value, machine.grad))
    assert_allclose(*results, rtol=1e-12, atol=1e-14)


def test_batch_without_weight_has_no_loss_and_no_gradient():
    machine = one_model(plain(ACTIVATED["relu"], 2, None), "binary")
    machine.grad.fill(np.nan)
    x, y, weight = draw(Case("binary", "relu", None, plain))
    assert machine.value_and_gradient(x[:1], y[:1], 0 * weight[:1]) == 0
    assert not machine.grad.any()
