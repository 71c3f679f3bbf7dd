"""The training loop, batches and random streams; above all the contract of the stack.

Model k of a stack must be the same model trained alone, whatever the others do.
"""

import ast
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

import sknnreg.engine
from sknnreg.engine.activations import Relu, Tanh
from sknnreg.engine.batches import Batches
from sknnreg.engine.early_stopping import EarlyStopping
from sknnreg.engine.initializers import Constant, Normal
from sknnreg.engine.layers import (
    Activate,
    BatchNorm,
    Dense,
    Dropout,
    InputNoise,
    Residual,
)
from sknnreg.engine.losses import SquaredError
from sknnreg.engine.network import Bound, Network
from sknnreg.engine.optimizers import DECOUPLED, OPTIMIZERS, SGD
from sknnreg.engine.parameters import Parameters
from sknnreg.engine.penalties import ElasticNet, Regularizer, Term
from sknnreg.engine.schedules import Adaptive, Horizon
from sknnreg.engine.schedules import Constant as ConstantRate
from sknnreg.engine.streams import Streams
from sknnreg.engine.training import Task, train

N, N_IN = 53, 5  # 53 rows in batches of 16: the last one has 5


class Scenario(NamedTuple):
    """Numbers of the three models, and what is common to them."""

    alpha: tuple = (0.001, 0.1, 0.02)
    l1_ratio: tuple = (0.5, 0.1, 0.0)
    rate: tuple = (0.01, 0.03, 0.02)
    dropout: tuple = (0.1, 0.0, 0.3)
    seeds: tuple = (1, 2, 3)
    momentum: tuple = (0.5, 0.9, 0.0)
    solver: str = "adam"
    layers: tuple = ()
    n_epochs: int = 8
    patience: float = np.inf
    tol: float = 1e-3
    keep_best: bool = False
    schedule: type = ConstantRate
    sparse: bool = False
    weights: str = "none"
    limits: bool = False
    noise: tuple = (0.0, 0.0, 0.0)


def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2 * N, N_IN)) * (rng.random((2 * N, N_IN)) < 0.7)
    y = X[:, :1] * X[:, 1:2] + 0.3 * rng.normal(size=(2 * N, 1))
    return X, y, rng.uniform(0.5, 2, (1, 2 * N))


def task_of(scenario, models):
    """A task of some of the three models."""

    def number(name):
        values = [getattr(scenario, name)[k] for k in models]
        return values[0] if len(models) == 1 else np.array(values)[:, None]

    def dense(units):
        return Dense(units, Normal(0.5), Constant(0.0))

    layers = [dense(7), *(kind() for kind in scenario.layers), Activate(Tanh())]
    layers += [Dropout(number("dropout")), dense(6), Activate(Relu()), dense(1)]
    if np.any(scenario.noise):
        layers = [InputNoise(number("noise")), Dropout(number("dropout")), *layers]
    network = Network(layers, SquaredError(), N_IN)
    parameters = Parameters(network.specs, len(models), float)
    streams = Streams([scenario.seeds[k] for k in models])
    parameters.initialize(streams.initial())
    bound = Bound.to(network, parameters)
    kind = OPTIMIZERS[scenario.solver]
    optimizer = kind(number("momentum")) if issubclass(kind, SGD) else kind()
    optimizer.bind(parameters.theta, parameters.grad)
    X, y, weight = data()
    X_train = csr_array(X[:N]) if scenario.sparse else X[:N]
    if scenario.weights == "a model":  # most are zero, so some batches have no weight
        weight = (np.random.default_rng(1).random((3, N)) > [[0.2], [0.8], [0.9]]) * 1.0
        weight = weight[models]
    weight = None if scenario.weights == "none" else weight[:, :N]
    batches = Batches(X_train, y[:N], weight, None, 16, streams, float)
    decoupled = scenario.solver in DECOUPLED
    penalty = ElasticNet(number("alpha"), number("l1_ratio"), decoupled)
    place = parameters.weights
    regularizer = Regularizer([Term(place, (place.stop,), penalty)])

    def validate():
        loss = bound.loss(X[N:], y[N:], None)
        return loss, -loss

    return Task(
        bound,
        parameters,
        regularizer,
        batches,
        streams,
        EarlyStopping(scenario.patience, scenario.tol, len(models)),
        optimizer,
        rate=number("rate"),
        schedule=scenario.schedule(Horizon(len(batches), scenario.n_epochs, N)),
        validate=validate,
        keep_best=scenario.keep_best,
        clip=0.5 if scenario.limits else None,
        limit=0.4 if scenario.limits else None,
    )


def trained(scenario, models):
    task = task_of(scenario, models)
    train(task, scenario.n_epochs, lambda epoch, task: None)
    return task


def check_contract(scenario):
    """Gives the stack, after comparing each model of it with its solo run."""
    stack = trained(scenario, [0, 1, 2])
    for k in range(3):
        alone = trained(scenario, [k])
        for ours, expected in zip(stack.vectors, alone.vectors, strict=True):
            assert_allclose(ours[k], expected[0], rtol=1e-9, atol=1e-12)
        n = alone.n_iter[0]
        assert stack.n_iter[k] == n
        history, expected = stack.history.of_model(k), alone.history.of_model(0)
        assert history.keys() == expected.keys()
        for name, column in expected.items():
            assert len(column) == n
            assert_allclose(history[name][:n], column, rtol=1e-8, err_msg=name)
        for name in ("best_epoch", "active", "diverged"):
            ours = getattr(stack.stopping, name)[k]
            assert ours == getattr(alone.stopping, name)[0], name
    return stack


#: each stands for one way in which models could get into each other's way
SCENARIOS = {name: Scenario(solver=name) for name in OPTIMIZERS} | {
    "equal seeds": Scenario(seeds=(1, 1, 1)),
    "two equal seeds": Scenario(seeds=(4, 2, 4)),
    "weights": Scenario(weights="shared"),
    "weights a model": Scenario(weights="a model"),
    "batch norm with weights": Scenario(layers=(BatchNorm,), weights="shared"),
    "batch norm with weights a model": Scenario(layers=(BatchNorm,), weights="a model"),
    "limits": Scenario(limits=True),
    "sparse": Scenario(sparse=True),
    "sparse, equal seeds": Scenario(sparse=True, seeds=(1, 1, 1)),
    "batch norm": Scenario(layers=(BatchNorm,)),
    "noise": Scenario(noise=(0.2, 0.1, 0.0)),
    "noise on sparse rows": Scenario(noise=(0.2, 0.1, 0.0), sparse=True),
    "one model has no penalty": Scenario(alpha=(0.1, 0.0, 0.2)),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_stack(name):
    stack = check_contract(SCENARIOS[name])
    assert (stack.n_iter == 8).all()
    theta = stack.parameters.theta
    assert all(np.abs(theta[k] - theta[k - 1]).max() > 1e-3 for k in range(3))


@pytest.mark.parametrize("keep_best", [False, True])
@pytest.mark.parametrize("layers", [(), (BatchNorm,)])
def test_stack_of_models_that_stop_at_different_epochs(keep_best, layers):
    rates = (0.3, 0.005, 0.1)
    stack = check_contract(
        Scenario(
            rate=rates, patience=3, n_epochs=25, keep_best=keep_best, layers=layers
        )
    )
    assert len(set(stack.n_iter)) == 3
    assert stack.n_iter.min() < 15


@pytest.mark.parametrize("keep_best", [False, True])
@pytest.mark.parametrize("epochs", ["at once", "later"])
def test_model_that_diverges_leaves_the_others_alone(epochs, keep_best):
    rate = {"at once": 1e200, "later": 30.0}[epochs]
    stack = check_contract(
        Scenario(
            rate=(0.01, rate, 0.02), solver="sgd", n_epochs=30, keep_best=keep_best
        )
    )
    assert_array_equal(stack.stopping.diverged, [False, True, False])
    assert stack.n_iter[1] < stack.n_iter[0] == stack.n_iter[2] == 30
    best = stack.stopping.best_epoch[1]
    if epochs == "at once":
        assert best == -1
    else:
        # without validation the start is kept: this rate makes every epoch worse
        assert best == (0 if keep_best else -1)
        assert np.isfinite(stack.parameters.theta).all()


def test_stack_with_an_adaptive_rate():
    """Rates fall at different epochs, and models end when theirs is too small."""
    stack = check_contract(
        Scenario(
            rate=(0.3, 2e-6, 0.1),
            patience=2,
            tol=0.1,
            n_epochs=25,
            schedule=Adaptive,
            solver="sgd",
        )
    )
    rates = np.array(
        [np.broadcast_to(r, 3) for r in stack.history.columns["learning_rate"]]
    )
    assert_allclose(rates[0], [0.3, 2e-6, 0.1])
    assert stack.n_iter[1] < 25
    changes = [set(np.flatnonzero(np.diff(rates[:, k]))) for k in (0, 2)]
    assert changes[0] != changes[1]
    assert_allclose(np.unique(rates[:, 0])[-2:], [0.06, 0.3])


def test_body_of_a_residual_block_in_a_stack():
    """Layers within a layer have the stack's numbers too."""

    def block():
        body = [Dense(N_IN, Normal(0.5), Constant(0.0)), BatchNorm()]
        return Residual([*body, Activate(Tanh())], Normal(0.5))

    check_contract(Scenario(layers=(block,)))


# One run


def test_epoch_loss_is_the_objective():
    """J over all rows: the short last batch counts by its weight."""
    for weights in ("none", "shared", "a model"):
        scenario = Scenario(
            rate=(1e-300,) * 3, dropout=(0,) * 3, weights=weights, n_epochs=1
        )
        task = trained(scenario, [0, 1, 2])
        X, y, _ = data()
        weight = task.batches.weight
        penalty = task.regularizer.value(task.parameters.theta)
        data_loss = task.bound.loss(X[:N], y[:N], weight)
        assert_allclose(task.history.columns["penalty"][0], penalty)
        assert_allclose(task.history.columns["loss"][0], data_loss + penalty)


@pytest.mark.parametrize("solver", OPTIMIZERS)
def test_history_has_the_norms_of_the_last_step(solver):
    """The optimizer may overwrite the gradient; what is written down is its norm."""
    scenario = Scenario(solver=solver, rate=(1e-300,) * 3, n_epochs=1, dropout=(0,) * 3)
    task = task_of(scenario, [0])
    X, y, _ = data()
    task.batches = Batches(X[:N], y[:N], None, None, N, None, float)
    train(task, 1, lambda epoch, task: None)
    history = task.history.of_model(0)
    # nothing moved: the gradient is still that of the step
    parameters = task.parameters
    task.bound.value_and_gradient(X[None, :N], y[None, :N], None, None)
    task.regularizer.value_and_gradient(parameters.theta, parameters.grad)
    layers = [0, 3, 5]
    for number, layer in enumerate(layers):
        place = parameters.place(layer, "weight")
        for name, vector in (
            ("weight", parameters.theta),
            ("gradient", parameters.grad),
        ):
            norm = np.linalg.norm(vector[0, place])
            assert_allclose(history[f"{name}_norm_{number}"], [norm], rtol=1e-9)


def test_best_epoch_is_kept_with_its_running_statistics():
    scenario = Scenario(
        keep_best=True, layers=(BatchNorm,), rate=(0.3,) * 3, n_epochs=12
    )
    task = trained(scenario, [0, 1, 2])
    scores = np.array(task.history.columns["validation_score"])
    assert (scores.argmax(axis=0) < 11).any(), "the last epoch should not be the best"
    assert_array_equal(task.stopping.best_epoch, scores.argmax(axis=0))
    assert_allclose(task.validate()[1], scores.max(axis=0), rtol=1e-12)


def test_last_epoch_is_kept_without_early_stopping():
    task = trained(Scenario(rate=(0.3,) * 3, n_epochs=12), [0, 1, 2])
    scores = np.array(task.history.columns["validation_score"])
    assert (scores.argmax(axis=0) < 11).any()
    assert_allclose(task.validate()[1], scores[-1], rtol=1e-12)


def test_report_ends_the_run():
    task = task_of(Scenario(), [0, 1])
    seen = []

    def report(epoch, task):
        seen.append(epoch)
        return epoch == 2

    train(task, 10, report)
    assert seen == [0, 1, 2]
    assert (task.n_iter == 3).all()


def test_epochs_in_two_calls_are_the_epochs_in_one():
    """Streams and optimizer go on where they are."""
    once = trained(Scenario(n_epochs=6), [0, 1, 2])
    task = task_of(Scenario(), [0, 1, 2])
    for n_epochs in (3, 6):
        train(task, n_epochs, lambda epoch, task: None)
    assert_array_equal(task.parameters.theta, once.parameters.theta)


def test_limits_hold():
    task = trained(Scenario(limits=True, alpha=(0,) * 3, solver="sgd"), [0, 1, 2])
    for layer in (0, 3, 5):
        norms = np.linalg.norm(task.bound.values[layer]["weight"], axis=1)
        assert (norms <= 0.4 + 1e-12).all()
        assert (norms > 0.4 - 1e-3).any(), "the limit should matter"


# Early stopping


def watch(scores, **params):
    """Feed scores, one row an epoch; gives the object and who stalls when."""
    scores = np.array(scores, float)
    stopping = EarlyStopping(**params, n_models=scores.shape[1])
    stalled = []
    for epoch, row in enumerate(scores):
        theta = np.full((scores.shape[1], 2), float(epoch))
        stalled.append(stopping.observe(epoch, row, theta))
        stopping.end(stalled[-1])
    return stopping, np.array(stalled)


@pytest.mark.parametrize("patience", [1, 2, 5])
def test_patience_is_exact(patience):
    """Progress at epoch 1, then none: the end is ``patience`` epochs later."""
    stopping, stalled = watch([[0], [1]] + [[1]] * 9, patience=patience, tol=0.0)
    assert_array_equal(np.flatnonzero(stalled[:, 0]), [1 + patience])
    assert stopping.best_epoch[0] == 1


def test_progress_must_exceed_tol_but_the_best_is_kept_anyway():
    scores = [[0], [0.05], [0.09], [0.12], [0.2]]
    stopping, stalled = watch(scores, patience=3, tol=0.1)
    # every step is below tol, measured from the best so far
    assert_array_equal(stalled[:, 0], [False, False, False, True, False])
    assert stopping.best[0] == 0.12
    assert stopping.best_epoch[0] == 3
    assert_array_equal(stopping.snapshot[0], [[3, 3]])


def test_waiting_starts_again_after_progress():
    scores = [[0], [0], [1], [1], [1], [1]]
    assert_array_equal(np.flatnonzero(watch(scores, patience=3, tol=0.0)[1]), [5])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_score_that_is_not_finite_ends_one_model(bad):
    stopping, stalled = watch([[1, 1], [bad, 2], [9, 3]], patience=5, tol=0.0)
    assert_array_equal(stopping.active, [False, True])
    assert_array_equal(stopping.diverged, [True, False])
    assert_array_equal(stopping.best, [1, 3])
    assert_array_equal(stopping.snapshot[0], [[0, 0], [2, 2]])
    assert not stalled.any()


def test_a_model_that_ended_is_no_longer_watched():
    scores = [[1, 0], [1, 1], [1, 2], [9, 3], [np.nan, 4]]
    stopping, _ = watch(scores, patience=2, tol=0.0)
    assert_array_equal(stopping.active, [False, True])
    assert_array_equal(stopping.best, [1, 4])
    assert_array_equal(stopping.best_epoch, [0, 4])
    assert not stopping.diverged.any()


def test_restart_gives_the_whole_patience_again():
    stopping = EarlyStopping(2, 0.0, 2)
    stalled = []
    for epoch in range(7):
        stalled.append(stopping.observe(epoch, np.zeros(2), np.zeros((2, 1))))
        stopping.restart(stalled[-1] & [True, False])
    stalled = np.array(stalled)
    assert_array_equal(np.flatnonzero(stalled[:, 0]), [2, 4, 6])
    assert_array_equal(np.flatnonzero(stalled[:, 1]), [2, 3, 4, 5, 6])


def test_snapshot_is_a_copy():
    stopping, theta = EarlyStopping(2, 0.0), np.ones((1, 3))
    stopping.observe(0, np.array([1.0]), theta)
    theta[...] = 5
    stopping.observe(1, np.array([0.0]), theta)
    assert_array_equal(stopping.snapshot[0], np.ones((1, 3)))


def test_no_patience_limit():
    stopping, _ = watch([[0]] * 50, patience=np.inf, tol=0.0)
    assert stopping.active[0]


# Batches


def numbered(n=N):
    """Rows that say their number in X, y and the weight."""
    number = np.arange(n, dtype=float)
    return number[:, None] * [1, 10], number[:, None] * 100, number[None] + 0.5


def epochs(batches, n):
    """Row numbers of n epochs, (n, 1 or K, rows), checked against y and weight."""
    orders, sizes = [], []
    for _ in range(n):
        parts = []
        for x, y, weight, size in batches.epoch():
            x = np.stack([part.toarray() for part in x]) if isinstance(x, list) else x
            x = x.toarray()[None] if not isinstance(x, np.ndarray) else x
            parts.append(x[..., 0].copy())
            assert_array_equal(x[..., 1], 10 * x[..., 0])
            assert_array_equal(y[..., 0], 100 * x[..., 0])
            if weight is None:
                assert size == x.shape[1]
            else:
                assert_array_equal(weight, x[..., 0] + 0.5)
                assert_allclose(size, weight.sum(axis=-1))
            sizes.append(x.shape[1])
        orders.append(np.concatenate(parts, axis=-1))
    return np.array(orders), sizes


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seeds", [None, (1,), (1, 1), (1, 2)])
@pytest.mark.parametrize("subset", [False, True])
def test_each_epoch_visits_each_row_once(seeds, weighted, sparse, subset):
    X, y, weight = numbered()
    X = csr_array(X) if sparse else X
    rows = np.arange(3, N, 2) if subset else None
    batches = Batches(
        *(X, y, weight if weighted else None, rows, 10),
        *(Streams(seeds) if seeds else None, float),
    )
    visited = np.arange(N) if rows is None else rows
    orders, sizes = epochs(batches, 3)
    n = len(visited)
    assert sizes == 3 * [*[10] * (n // 10), n % 10]
    assert len(batches) == len(sizes) / 3
    expected = weight[:, visited].sum(axis=-1) if weighted else n
    assert_allclose(batches.total, expected)
    assert orders.shape[1] == (2 if seeds == (1, 2) else 1)
    assert_array_equal(np.sort(orders), np.broadcast_to(visited, orders.shape))
    if seeds is None:
        assert_array_equal(orders[:, 0], [visited] * 3)
    else:
        assert (orders[0] != orders[1]).any()
        assert (orders[1] != orders[2]).any()
    if seeds == (1, 2):
        assert (orders[:, 0] != orders[:, 1]).any()
        alone, _ = epochs(Batches(X, y, None, rows, 10, Streams([2]), float), 3)
        assert_array_equal(orders[:, 1], alone[:, 0])


def test_batches_without_shuffling_are_views():
    X, y, _ = numbered()
    for batch_size in (10, N):
        batches = Batches(X, y, None, None, batch_size, None, float)
        for batch in batches.epoch():
            assert np.shares_memory(batch.x, X)
            assert np.shares_memory(batch.y, y)


def test_whole_data_in_one_batch_is_not_copied_either():
    """The order within a batch does not matter, so shuffling is no reason to copy."""
    X, y, _ = numbered()
    batches = Batches(X, y, None, None, N, Streams([0]), float)
    (batch,) = batches.epoch()
    assert np.shares_memory(batch.x, X)
    assert_array_equal(batch.x[0], X)


def test_shuffled_batches_share_one_scratch():
    X, y, _ = numbered()
    batches = Batches(X, y, None, None, 10, Streams([0]), float)
    parts = [batch.x for _ in range(2) for batch in batches.epoch()]
    assert len({id(x.base) for x in parts}) == 1
    assert not np.shares_memory(parts[0].base, X)


def test_weights_a_model():
    X, y, weight = numbered()
    weight = np.concatenate([weight, 2 * weight])
    batches = Batches(X, y, weight, None, 10, Streams([1, 2]), float)
    for batch in batches.epoch():
        assert_array_equal(batch.weight[0], batch.x[0, :, 0] + 0.5)
        assert_array_equal(batch.weight[1], 2 * (batch.x[1, :, 0] + 0.5))
        assert_array_equal(batch.size, batch.weight.sum(axis=1))
    assert_array_equal(batches.total, weight.sum(axis=1))


def test_sparse_batches_have_the_dtype_asked_for():
    X, y, _ = numbered()
    batches = Batches(csr_array(X), y, None, None, 10, None, np.float32)
    assert all(batch.x.dtype == np.float32 for batch in batches.epoch())


# Random streams


def draws(streams):
    """A few numbers of each kind, with the model axis written out."""
    n = len(streams.stream_of)
    parts = [
        [rng.random(4) for rng in streams.initial()],
        streams.permutation(np.arange(30)),
        streams.words((5, 7)).reshape(-1, 35),
        streams.normal((5, 7), np.dtype(float)).reshape(-1, 35),
        streams.words((5, 7)).reshape(-1, 35),
    ]
    return np.concatenate([np.broadcast_to(p, (n, len(p[0]))) for p in parts], axis=1)


def test_equal_seeds_draw_equal_numbers():
    first, second, third = draws(Streams([7, 8, 7]))
    assert_array_equal(first, third)
    assert (first != second).mean() > 0.9
    assert_array_equal(first, draws(Streams([7]))[0])
    assert_array_equal(second, draws(Streams([8]))[0])


def test_streams_of_purposes_are_independent():
    """More dropout, the same order of rows."""
    one, other = Streams([3]), Streams([3])
    one.words((10, 10))
    one.normal((3, 3), np.dtype(float))
    rows = np.arange(50)
    assert_array_equal(one.permutation(rows), other.permutation(rows))
    words, normal = one.words((1, 400)).ravel(), one.normal((1, 400), np.dtype(float))
    correlation = np.corrcoef(words, normal.ravel())[0, 1]
    assert abs(correlation) < 4 / np.sqrt(400)


def test_equal_seeds_are_drawn_once():
    shared = Streams([3, 3])
    assert shared.shared
    assert shared.words((4, 5)).shape == (1, 4, 5)
    assert not Streams([3, 4]).shared
    assert Streams([3, 4]).words((4, 5)).shape == (2, 4, 5)


def test_words_are_uniform():
    words = Streams([0]).words((300, 401)).ravel()
    assert words.dtype == np.uint16
    n = len(words)
    for bit in range(16):
        share = ((words >> bit) & 1).mean()
        assert abs(share - 0.5) < 4 * 0.5 / np.sqrt(n)


def test_taken_streams_go_on_where_they_are():
    seeds = [7, 8, 7, 9]
    streams, expected = Streams(seeds), Streams(seeds)
    for each in (streams, expected):
        each.permutation(np.arange(9))
        each.words((3, 3))
    taken = streams.take(np.array([2, 3]))
    assert not taken.shared
    assert_array_equal(draws(taken), draws(expected)[[2, 3]])
    assert streams.take(np.array([0, 2])).shared


# The engine stands alone


def imported_modules(path):
    """Absolute names of everything a file imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: a relative import"
            yield node.module


def test_engine_imports_numpy_and_scipy_only():
    root = Path(sknnreg.engine.__file__).parent
    files = sorted(root.rglob("*.py"))
    assert len(files) > 15
    allowed = {"numpy", "scipy", *sys.stdlib_module_names}
    for path in files:
        for module in imported_modules(path):
            inside = f"{module}.".startswith("sknnreg.engine.")
            known = module.split(".")[0] in allowed
            assert inside or known, f"{path.relative_to(root)} imports {module}"
