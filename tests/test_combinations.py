"""The pieces combined with each other: every pair of settings appears in some row.

Each row is a whole estimator. Its gradient is compared with numeric differences, and a
stack of three models that differ in their numbers with the same three trained alone.
"""

import itertools

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from sknnreg import MLPClassifierScratch, MLPRegressorScratch
from sknnreg.engine.activations import ACTIVATIONS
from sknnreg.engine.layers import NORMALIZATIONS
from sknnreg.engine.losses import (
    REGRESSION_LOSSES,
    BinaryLogLoss,
    MulticlassLogLoss,
    smooth_labels,
)
from sknnreg.engine.optimizers import OPTIMIZERS
from sknnreg.engine.penalties import PENALTIES
from sknnreg.engine.schedules import SCHEDULES
from sknnreg.engine.streams import Streams
from tests.engine.factories import loss_of, machine_of, run_of_models
from tests.forms import both_forms

pytestmark = both_forms

FACTORS = {
    "task": [
        *(*REGRESSION_LOSSES, "multi-output", "quantiles"),
        *("binary", "multiclass", "multilabel"),
    ],
    "activation": list(ACTIVATIONS),
    "penalty": [None, *PENALTIES],
    "solver": list(OPTIMIZERS),
    "learning_rate": list(SCHEDULES),
    "normalization": [None, *NORMALIZATIONS],
    "residual": [False, True],
    "dropout": [0.0, 0.4, (0.0, 0.5)],
    "input_dropout": [0.0, 0.3],
    "input_noise": [0.0, 0.2],
    "input_scale": [0.0, 6.0],
    "bias_init": ["zeros", "data"],
    "max_norm": [None, 0.8],
    "clip_norm": [None, 0.3],
    "label_smoothing": [0.0, 0.1],
    "alpha": [0.01, (0.02, 0.0, 0.03)],
    "alpha_bias": [0.0, 0.05],
    "weights": [False, True],
    "sparse": [False, True],
}


def covering_array(factors, seed=0):
    """Rows that together contain every pair of values of two factors; greedily."""
    rng = np.random.default_rng(seed)
    names = list(factors)
    open_pairs = {
        (a, i, b, j)
        for a, b in itertools.combinations(range(len(names)), 2)
        for i in range(len(factors[names[a]]))
        for j in range(len(factors[names[b]]))
    }
    rows = []
    while open_pairs:
        a, i, b, j = next(iter(sorted(open_pairs)))
        row = {a: i, b: j}
        for c in rng.permutation(len(names)):
            if c in row:
                continue
            gains = [
                sum(
                    ((d, v, c, w) if d < c else (c, w, d, v)) in open_pairs
                    for d, v in row.items()
                )
                for w in range(len(factors[names[c]]))
            ]
            row[c] = int(np.argmax(gains))
        items = sorted(row.items())
        open_pairs -= {
            (a, i, b, j) for (a, i), (b, j) in itertools.combinations(items, 2)
        }
        rows.append({names[c]: factors[names[c]][v] for c, v in items})
    return rows


ROWS = covering_array(FACTORS)


def make_data(row, n=13, n_features=5):
    """X, the engine's target, the loss and the weights of a row."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(n, n_features)) * (rng.random((n, n_features)) < 0.7)
    task, settings = row["task"], dict(row)
    weight = rng.uniform(0.2, 2, n) if settings.pop("weights") else None
    X = csr_matrix(X) if settings.pop("sparse") else X
    smoothing = settings["label_smoothing"]
    del settings["task"]
    if task in (*REGRESSION_LOSSES, "multi-output", "quantiles"):
        del settings["label_smoothing"]
        several = {"multi-output": "squared_error", "quantiles": "quantile"}
        settings["quantile"] = [0.2, 0.4, 0.9] if task == "quantiles" else 0.3
        model = MLPRegressorScratch(loss=several.get(task, task), **settings)
        y = rng.gamma(2, 1, size=(n, 2 if task in several else 1))
        return model, X, y, loss_of(model), weight
    model = MLPClassifierScratch(**settings)
    if task == "multiclass":
        y = np.eye(3)[rng.integers(0, 3, n)]
        return model, X, smooth_labels(y, smoothing, True), MulticlassLogLoss(), weight
    y = rng.integers(0, 2, (n, 2 if task == "multilabel" else 1)).astype(float)
    return model, X, smooth_labels(y, smoothing, False), BinaryLogLoss(), weight


def vary(model, k):
    """Model k of a stack: the same shape, other numbers."""
    factor = (1.0, 0.5, 1.7)[k]
    scaled = {}
    for name in ("alpha", "alpha_bias", "dropout", "learning_rate_init", "max_norm"):
        value = getattr(model, name)
        if value is not None:
            value = np.asarray(value) * factor
            scaled[name] = value.tolist()
    noise, momentum = model.input_noise * factor, 0.9 - 0.1 * k
    clone = type(model)(**model.get_params())
    return clone.set_params(**scaled, input_noise=noise, momentum=momentum)


def common(model):
    return model.set_params(
        hidden_layer_sizes=(4, 6),
        batch_size=5,
        learning_rate_init=0.02,
        max_iter=4,
        n_iter_no_change=np.inf,
        l1_ratio=0.4,
        warmup_fraction=0.3,
    )


def ids(rows):
    return ["-".join(map(str, row.values())) for row in rows]


def test_rows_cover_all_pairs():
    for a, b in itertools.combinations(FACTORS, 2):
        seen = {(row[a], row[b]) for row in ROWS}
        assert seen == set(itertools.product(FACTORS[a], FACTORS[b]))


@pytest.mark.parametrize("n_models", [1, 3])
@pytest.mark.parametrize("row", ROWS, ids=ids(ROWS))
def test_gradient(row, n_models):
    """Numeric differences of J's smooth part along random directions."""
    model, X, y, loss, weight = make_data(row)
    models = [vary(common(model), k) for k in range(n_models)]
    machine, regularizer = machine_of(
        models, X.shape[1], y.shape[1], loss, Streams(range(n_models)).initial()
    )
    rng = np.random.default_rng(0)
    # general position: zero biases and symmetric values would hide mistakes
    machine.theta[...] += 0.1 * rng.normal(size=machine.theta.shape)
    x = X if row["sparse"] else X[None]
    weight = None if weight is None else weight[None]

    def objective():
        streams = Streams([7] * n_models)  # the same masks and noise in each call
        value = machine.value_and_gradient(x, y[None], weight, streams)
        return value + regularizer.value_and_gradient(
            machine.theta, machine.grad, kink=False
        )

    objective()
    theta, gradient = machine.theta.copy(), machine.grad.copy()
    h = 1e-6
    for _ in range(5):
        direction = rng.normal(size=theta.shape)
        values = []
        for side in (h, -h):
            machine.theta[...] = theta + side * direction
            values.append(objective())
        numeric = (values[0] - values[1]) / (2 * h)
        exact = np.vecdot(gradient, direction)
        scale = np.linalg.norm(gradient, axis=1)
        np.testing.assert_array_less(abs(numeric - exact), 1e-6 * scale + 1e-9)


@pytest.mark.parametrize("row", ROWS, ids=ids(ROWS))
def test_stack_equals_solo(row):
    """Three models in one pass and each alone: parameters, statistics, history."""
    model, X, y, loss, weight = make_data(row)
    models = [vary(common(model), k) for k in range(3)]
    seeds = [11, 11, 12] if not row["sparse"] else [11, 11, 11]
    stack = run_of_models(models, X, y, loss, weight, seeds).train(4)
    for k, one in enumerate(models):
        solo = run_of_models([one], X, y, loss, weight, [seeds[k]]).train(4)
        for together, alone in zip(stack.vectors, solo.vectors, strict=True):
            np.testing.assert_allclose(together[k], alone[0], rtol=1e-9, atol=1e-12)
        ours, theirs = stack.history(k), solo.history(0)
        for name, column in theirs.items():  # one that diverged is not trained on
            np.testing.assert_allclose(ours[name][: len(column)], column, rtol=1e-9)
