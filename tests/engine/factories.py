"""Where tests build what the engine works on: its constructors are called here only."""

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from sknnreg._assemble import (
    build_network,
    build_regularizer,
    build_task,
    new_stopping,
)
from sknnreg._backend import compiled_form
from sknnreg._config import get_config
from sknnreg._data import Data
from sknnreg.engine.activations import Relu, Tanh
from sknnreg.engine.batches import Batches
from sknnreg.engine.early_stopping import EarlyStopping
from sknnreg.engine.initializers import Constant, Normal
from sknnreg.engine.layers import Activate, Context, Dense, Dropout, InputNoise
from sknnreg.engine.lbfgs import Objective, minimize_lbfgs
from sknnreg.engine.losses import SquaredError
from sknnreg.engine.minibatch import MiniBatch
from sknnreg.engine.network import Bound, Network
from sknnreg.engine.optimizers import DECOUPLED, OPTIMIZERS, SGD
from sknnreg.engine.parameters import Parameters
from sknnreg.engine.penalties import ElasticNet, Regularizer, Term
from sknnreg.engine.progress import Progress
from sknnreg.engine.schedules import Constant as ConstantRate
from sknnreg.engine.schedules import Horizon
from sknnreg.engine.streams import Streams
from sknnreg.engine.training import Task, advance, restore_best

# One layer


def context(
    layer,
    n_in,
    rows,
    *,
    n_models=1,
    seeds=None,
    training=False,
    weight=None,
    dtype=float,
):
    """What a layer works on. With ``seeds``, one a model, it draws random numbers."""
    layer.build(n_in)
    n_models = len(seeds) if seeds else n_models
    parameters = Parameters([layer.specs], n_models, dtype)
    parameters.initialize([np.random.default_rng(0) for _ in range(n_models)])
    values, gradients = parameters.values()[0], parameters.gradients()[0]
    c = Context(rows, n_models, dtype, values, gradients)
    c.streams = Streams(seeds) if seeds else None
    c.training, c.weight = training, weight
    return c


# A network


class Machine:
    """A network with parameters, for as many models as there are generators."""

    def __init__(self, network, generators, dtype=float, vectors=()):
        self.network = network
        self.parameters = Parameters(network.specs, len(generators), dtype, vectors)
        if not vectors:
            self.parameters.initialize(generators)
        self.bound = Bound.to(network, self.parameters)

    @classmethod
    def of(cls, layers, loss, n_in, generators, dtype=float, vectors=()):
        return cls(Network(layers, loss, n_in), generators, dtype, vectors)

    @property
    def theta(self):
        return self.parameters.theta

    @property
    def grad(self):
        return self.parameters.grad

    @property
    def values(self):
        return self.parameters.values()

    @property
    def gradients(self):
        return self.parameters.gradients()

    @property
    def weights(self):
        """Place in theta and shape of the weights of each dense layer."""
        return [
            (self.parameters.place(i, "weight"), specs["weight"].shape)
            for i, specs in enumerate(self.network.specs)
            if "weight" in specs
        ]

    def loss(self, X, y, weight=None):
        return self.bound.loss(X, y, weight)

    def value_and_gradient(self, x, y, weight=None, streams=None):
        """Of the loss, in the form that is set; compiled, models share the rows."""
        compiled = get_config()["backend"] == "fast" and streams is not None
        if compiled and isinstance(x, np.ndarray) and len(x) == len(y) == 1:
            return self._compiled(x[0], y[0], weight, streams)
        return self.bound.value_and_gradient(x, y, weight, streams)

    def _compiled(self, X, y, weight, streams):
        """An epoch of one step at the rate 0 leaves the loss and its gradient."""
        progress = Progress(streams, EarlyStopping(np.inf, 0.0, len(self.theta)))
        run = Run.of(
            self,
            Regularizer([]),
            make_batches(X, y, weight, batch_size=len(X), dtype=X.dtype),
            progress,
            SGD(0.0),
            rate=0.0,
        )
        assert run.task.compiled is not None
        return run.one_epoch()[0].astype(X.dtype)

    def penalize(self, penalties):
        """A regularizer with a penalty (or None) for each dense layer's weights."""
        return Regularizer(
            [
                Term(place, shape, penalty)
                for (place, shape), penalty in zip(self.weights, penalties, strict=True)
                if penalty is not None
            ]
        )

    def penalize_all(self, penalty):
        """A regularizer with one penalty for all weights."""
        place = self.parameters.weights
        return Regularizer([Term(place, (place.stop,), penalty)])


def saved_arrays(machine, rows):
    """What the layers keep of a forward pass of so many rows, by name."""
    for _, c in machine.bound.contexts(rows):
        yield from ((k, v) for k, v in c.saved.items() if isinstance(v, np.ndarray))


def make_batches(
    X, y, weight=None, *, rows=None, batch_size, streams=None, dtype=float
):
    return Batches(X, y, weight, rows, batch_size, streams, dtype)


class Problem:
    """What L-BFGS-B minimizes: all rows, for one model."""

    def __init__(self, machine, regularizer, X, y, weight=None):
        dtype = machine.theta.dtype
        self.rows = X.astype(dtype), y.astype(dtype), weight
        (whole,) = make_batches(*self.rows, batch_size=len(y), dtype=dtype).epoch()
        self.machine, self.regularizer = machine, regularizer
        self.objective = Objective(
            machine.bound, machine.parameters, regularizer, whole
        )

    @property
    def theta(self):
        return self.machine.theta

    @property
    def l1(self):
        """The strength of the kink of each parameter."""
        l1 = np.zeros(self.theta.shape[1])
        for term in self.regularizer.terms:
            l1[term.place] = getattr(term.penalty, "l1", 0.0)
        return l1

    def solve(self, tol=1e-7, report=lambda value: False):
        return minimize_lbfgs(self.objective, 5000, 10000, tol, report)

    def J(self):
        """At the present parameters, kinks included."""
        value = self.machine.loss(*self.rows) + self.regularizer.value(self.theta)
        return value.item()

    def smooth_gradient(self):
        """Of all but the kinks, at the present parameters."""
        X, y, weight = self.rows
        self.machine.value_and_gradient(X[None], y[None], weight)
        self.regularizer.value_and_gradient(self.theta, self.machine.grad, kink=False)
        return self.machine.grad[0]


# Training


class Run:
    """A training run, and what there is to see of it."""

    def __init__(self, task):
        self.task = task

    @classmethod
    def of(
        cls,
        machine,
        regularizer,
        batches,
        progress,
        optimizer,
        validate=None,
        keep_best=False,
        averaging=0.0,
        **more,
    ):
        """Of parts made by hand; ``more`` are the solver's optional ones."""
        parameters = machine.parameters
        optimizer.bind(
            machine.theta, machine.grad, progress.optimizer, parameters.rates
        )
        task = Task(
            machine.bound,
            parameters,
            regularizer,
            batches,
            MiniBatch(optimizer, **more),
            progress,
            validate,
            keep_best,
            averaging,
        )
        task.compiled = compiled_form(task, 1)
        return cls(task)

    def train(self, n_epochs, *reports):
        stopped = False
        while self.stopping.active.any() and self.epoch < n_epochs and not stopped:
            stopped = advance(self.task, n_epochs, reports).stopped
        return self.keep()

    def keep(self):
        """Make the vectors those to keep."""
        restore_best(self.task)
        return self

    def one_epoch(self):
        """A pass over the rows, without the book-keeping after it."""
        return (self.task.compiled or self.task.solver).epoch(self.task)

    @property
    def theta(self):
        return self.task.parameters.theta

    @property
    def vectors(self):
        """All that a model consists of: parameters and running statistics."""
        return self.task.progress.vectors

    @property
    def values(self):
        return self.task.parameters.values()

    @property
    def n_iter(self):
        return self.task.progress.n_iter

    @property
    def epoch(self):
        return self.task.progress.epoch

    @property
    def stopping(self):
        return self.task.progress.stopping

    def history(self, k):
        """The history of model k."""
        return self.task.progress.history.of_model(k)

    def column(self, name):
        """A column of all models' history, (n_epochs, K)."""
        return np.array(
            [
                np.broadcast_to(c, len(self.theta))
                for c in self.task.progress.history.column(name)
            ]
        )

    def validation_score(self):
        return self.task.validate()[1]

    def loss(self, X, y, weight=None):
        return self.task.bound.loss(X, y, weight)

    def penalty(self):
        return self.task.regularizer.value(self.theta)

    def gradient_of_a_batch(self, x, y):
        """The gradient of the loss of the rows and of the penalty."""
        grad = self.task.parameters.grad
        self.task.bound.value_and_gradient(x, y, None, None)
        self.task.regularizer.value_and_gradient(self.theta, grad)
        return grad

    def weight_places(self, layers):
        return [self.task.parameters.place(layer, "weight") for layer in layers]


# From estimators


def machine_of(models, n_in, n_out, loss, generators):
    """The network of estimators that differ in numbers only, and its regularizer."""
    network = build_network(models, n_in, n_out, loss, np.float64)
    machine = Machine(network, generators)
    return machine, build_regularizer(models, machine.parameters)


def loss_of(model):
    """The engine's loss of an estimator that is not fitted yet."""
    return model._new_target().loss


def run_of_models(models, X, y, loss, weight, seeds):
    """The training run of such estimators, statistics of the noise included."""
    progress = Progress(Streams(seeds), new_stopping(models))
    return Run(build_task(models, Data(X, y, weight, loss), progress))


# Three models that differ in their numbers

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
    batch_size: int = 16
    patience: float = np.inf
    tol: float = 1e-3
    keep_best: bool = False
    averaging: tuple = (0.0, 0.0, 0.0)
    schedule: type = ConstantRate
    sparse: bool = False
    weights: str = "none"
    limits: bool = False
    noise: tuple = (0.0, 0.0, 0.0)


def scenario_data():
    """Rows to train on, and as many to validate on."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2 * N, N_IN)) * (rng.random((2 * N, N_IN)) < 0.7)
    y = X[:, :1] * X[:, 1:2] + 0.3 * rng.normal(size=(2 * N, 1))
    return X, y, rng.uniform(0.5, 2, (1, 2 * N))


def scenario_weight(scenario, models):
    """Weights of the rows to train on, (1 or K, N) or None."""
    if scenario.weights == "none":
        return None
    if scenario.weights == "a model":  # most are zero, so some batches have no weight
        weight = np.random.default_rng(1).random((3, N)) > [[0.2], [0.8], [0.9]]
        return weight[models] * 1.0
    return scenario_data()[2][:, :N]


def scenario_layers(scenario, number):
    def dense(units):
        return Dense(units, Normal(0.5), Constant(0.0))

    layers = [dense(7), *(kind() for kind in scenario.layers), Activate(Tanh())]
    layers += [Dropout(number("dropout")), dense(6), Activate(Relu()), dense(1)]
    if np.any(scenario.noise):
        layers = [InputNoise(number("noise")), Dropout(number("dropout")), *layers]
    return layers


def run_of(scenario, models, progress=None):
    """A run of some of the three models; with ``progress``, from where it is."""

    def number(name):
        values = [getattr(scenario, name)[k] for k in models]
        return values[0] if len(models) == 1 else np.array(values)[:, None]

    if progress is None:
        stopping = EarlyStopping(scenario.patience, scenario.tol, len(models))
        progress = Progress(Streams([scenario.seeds[k] for k in models]), stopping)
    streams = progress.streams
    machine = Machine.of(
        scenario_layers(scenario, number),
        SquaredError(),
        N_IN,
        streams.initial(),
        vectors=progress.vectors,
    )
    kind = OPTIMIZERS[scenario.solver]
    X, y, _ = scenario_data()
    batches = make_batches(
        csr_array(X[:N]) if scenario.sparse else X[:N],
        y[:N],
        scenario_weight(scenario, models),
        batch_size=scenario.batch_size,
        streams=streams,
    )
    decoupled = scenario.solver in DECOUPLED

    def validate():
        loss = machine.loss(X[N:], y[N:])
        return loss, -loss

    return Run.of(
        machine,
        machine.penalize_all(
            ElasticNet(number("alpha"), number("l1_ratio"), decoupled)
        ),
        batches,
        progress,
        kind(number("momentum")) if issubclass(kind, SGD) else kind(),
        rate=number("rate"),
        schedule=scenario.schedule(Horizon(len(batches), scenario.n_epochs, N)),
        validate=validate,
        keep_best=scenario.keep_best,
        averaging=number("averaging"),
        clip=0.5 if scenario.limits else None,
        limit=0.4 if scenario.limits else None,
    )


def trained(scenario, models):
    return run_of(scenario, models).train(scenario.n_epochs)
