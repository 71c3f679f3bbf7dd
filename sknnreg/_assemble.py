"""From hyperparameters to the engine's objects.

Every function takes a *list* of estimators that differ in numbers only: one for an
ordinary fit, K for a stack trained in one pass.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sknnreg._backend import compiled_form
from sknnreg._checks import number
from sknnreg._data import Data
from sknnreg._fitted import fitted_arrays
from sknnreg._hyperparameters import entries, refused
from sknnreg._validation import ValidationScore
from sknnreg.engine.activations import ACTIVATIONS
from sknnreg.engine.batches import Batches
from sknnreg.engine.early_stopping import EarlyStopping
from sknnreg.engine.initializers import (
    INITIALIZERS,
    Initializer,
    Kinks,
    get_initializer,
)
from sknnreg.engine.layers import (
    INPUT_LAYERS,
    NORMALIZATIONS,
    Activate,
    Dense,
    Dropout,
    Layer,
    Residual,
)
from sknnreg.engine.lbfgs import LBFGS
from sknnreg.engine.losses import Loss
from sknnreg.engine.minibatch import MiniBatch
from sknnreg.engine.model_axis import Number, stack
from sknnreg.engine.network import Bound, Network
from sknnreg.engine.optimizers import DECOUPLED, OPTIMIZERS, OptimizerState
from sknnreg.engine.parameters import Parameters, Views
from sknnreg.engine.penalties import PENALTIES, ElasticNet, Regularizer, Term
from sknnreg.engine.progress import Progress
from sknnreg.engine.schedules import SCHEDULES, Horizon, Schedule
from sknnreg.engine.training import Solver, Task


def build_task(
    models,
    data: Data,
    progress: Progress,
    fitted=None,
    tolerant: bool = False,
) -> Task:
    """Everything a run works on, for models that differ in numbers only.

    Parameters
    ----------
    models : list of estimators
        K of them.
    data : Data
    progress : Progress
        Where to begin; without vectors, at first values.
    fitted : estimator or None
        Whose coefficients are the first values, instead.
    tolerant : bool
        Of scorers that raise; see :class:`ValidationScore`.
    """
    X, weight = data.X, data.weight
    network = build_network(
        models, X.shape[1], data.target.shape[1], data.loss, X.dtype
    )
    parameters = Parameters(network.specs, len(models), X.dtype, progress.vectors)
    bound = Bound.to(network, parameters)
    if not progress.vectors:
        generators = progress.streams.initial()
        parameters.initialize(generators, data.inputs)
        if isinstance(initializers(models[0])[1], Kinks):
            bound.settle(X, data.rows, generators)
    if fitted is not None:
        take_over(fitted, network, parameters)
    full_batch = models[0].solver == "lbfgs"
    batches = Batches(
        X,
        data.target,
        None if weight is None else np.atleast_2d(weight),
        data.rows,
        data.n_rows if full_batch else batch_size(models[0], data.n_rows),
        progress.streams if models[0].shuffle and not full_batch else None,
        X.dtype,
    )
    regularizer = build_regularizer(models, parameters)
    solver = build_solver(models, parameters, batches, progress)
    check_penalty(models[0], regularizer, solver)
    watched = data.validation is not None
    task = Task(
        bound,
        parameters,
        regularizer,
        batches,
        solver,
        progress,
        ValidationScore(models, bound, data, tolerant) if watched else None,
        watched and bool(models[0].early_stopping),
        stack([model.averaging for model in models], X.dtype),
    )
    task.compiled = compiled_form(task, models[0].max_iter)
    return task


def take_over(model, network: Network, parameters: Parameters) -> None:
    """Make the arrays of a fitted model the first values."""
    earlier = getattr(model, "_network", network)
    old, old_measured = told_apart(earlier, fitted_arrays(model, earlier))
    new, measured = told_apart(network, parameters.values())
    if shapes(old) != shapes(new):
        raise ValueError(
            "warm_start and partial_fit go on with fitted coefficients of shapes "
            f"{described(old)}, but hidden_layer_sizes="
            f"{model.hidden_layer_sizes!r}, normalization={model.normalization!r}, "
            f"residual={model.residual!r}, the loss and the data need "
            f"{described(new)}."
        )
    if shapes(old_measured) == shapes(measured):
        old, new = old + old_measured, new + measured
    for (_, array), (_, place) in zip(old, new, strict=True):
        place[...] = array


#: arrays and their names
Named = list[tuple[str, NDArray]]


def shapes(arrays: Named) -> list[tuple]:
    """What an array must agree in to be taken over: also in what it is for."""
    return [(name, array.shape) for name, array in arrays]


def described(arrays: Named) -> str:
    """Shapes for a message; what lies inside a residual block bears a number."""
    return ", ".join(f"{name} {array.shape[1:]}" for name, array in arrays)


def told_apart(network: Network, views: Views) -> tuple[Named, Named]:
    """Arrays that training changes, and those that are measured on the data once.

    The latter come and go with what needs them, such as noise in units of each input.
    """
    lists: tuple[Named, Named] = ([], [])
    for specs, layer in zip(network.specs, views, strict=True):
        for name, spec in specs.items():
            is_measured = spec.part == "state" and spec.from_data is not None
            lists[is_measured].append((name, layer[name]))
    return lists


def batch_size(model, n: int) -> int:
    """``batch_size`` as a number from 1 to ``n``."""
    return min(200 if model.batch_size == "auto" else int(model.batch_size), n)


def new_stopping(models) -> EarlyStopping:
    """The patience that the models agree on."""
    model = models[0]
    # lbfgs tells by the gradient when it has arrived
    endless = model.solver == "lbfgs" and not model.early_stopping
    patience = np.inf if endless else model.n_iter_no_change
    return EarlyStopping(patience, float(model.tol), len(models))


def hidden_sizes(model) -> list[int]:
    """``hidden_layer_sizes`` as a list."""
    given = model.hidden_layer_sizes
    sizes = entries(given)
    if sizes is None or not all(
        isinstance(size, Real) and float(size).is_integer() for size in sizes
    ):
        raise ValueError(
            "hidden_layer_sizes must be a whole number or an array-like of them, one a "
            f"hidden layer. Got {given!r}."
        )
    if any(size <= 0 for size in sizes):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
    return [int(size) for size in sizes]


def stacked(models, name: str, dtype) -> Number | None:
    """A hyperparameter of a stack; None where it is None for all."""
    values = [getattr(model, name) for model in models]
    return None if values[0] is None else stack(values, dtype)


def per_layer(models, name: str, n_layers: int, dtype) -> list[Number]:
    """A hyperparameter that is a number for all layers, or one a layer."""
    rows = []
    for model in models:
        value = getattr(model, name)
        row = list(value) if np.iterable(value) else [value] * n_layers
        if len(row) != n_layers:
            raise ValueError(
                f"{name} must be a number or have {n_layers} entries, one a layer; got "
                f"{len(row)}."
            )
        rows.append([float(v) for v in row])
    return [stack(column, dtype) for column in zip(*rows, strict=True)]


def build_network(models, n_in: int, n_targets: int, loss: Loss, dtype) -> Network:
    """[noise], [input dropout], [input scale], the hidden blocks, and a dense layer.

    That is as wide as the loss needs for so many targets.
    """
    model = models[0]
    sizes = hidden_sizes(model)
    layers: list[Layer] = []
    for name, kind in INPUT_LAYERS.items():
        number = stack([getattr(model, name, 0) for model in models], dtype)
        if np.any(number):
            layers.append(kind(number))
    rates = per_layer(models, "dropout", len(sizes), dtype)
    for size, rate in zip(sizes, rates, strict=True):
        block = hidden_block(model, size, rate)
        if model.residual:
            layers.append(Residual(block, initializers(model)[0]))
        else:
            layers.extend(block)
    init, bias_init = initializers(model)
    if isinstance(bias_init, Kinks):  # outputs have no kink
        bias_init = INITIALIZERS["zeros"]
    layers.append(Dense(n_targets * loss.per_target, init, bias_init))
    return Network(layers, loss, n_in)


def hidden_block(model, size: int, rate: Number) -> list[Layer]:
    """Dense, [normalization], activation, [dropout]."""
    block: list[Layer] = [Dense(size, *initializers(model))]
    if model.normalization is not None:
        block.append(NORMALIZATIONS[model.normalization]())
    if model.activation != "identity":
        block.append(Activate(ACTIVATIONS[model.activation]()))
    if np.any(rate):
        block.append(Dropout(rate))
    return block


def initializers(model) -> tuple[Initializer, Initializer]:
    """Those of weights and of biases."""
    if isinstance(model.bias_init, str) and model.bias_init == "data":
        bias_init: Initializer = Kinks()
    else:
        bias_init = get_initializer(model.bias_init, model.activation)
    return get_initializer(model.init, model.activation), bias_init


def build_regularizer(models, parameters: Parameters) -> Regularizer:
    """The penalties on weights and biases, each on its part of ``theta``."""
    model = models[0]
    if model.penalty is None:
        return Regularizer([])
    kind = PENALTIES[model.penalty]
    decoupled = model.solver in DECOUPLED
    dtype = parameters.theta.dtype
    layers = list(zip(parameters.matrices(), parameters.biases(), strict=True))
    alphas, ratios, bias_alphas = (
        per_layer(models, name, len(layers), dtype)
        for name in ("alpha", "l1_ratio", "alpha_bias")
    )
    if issubclass(kind, ElasticNet):
        # one operation for all layers: a strength for every number of theta
        alpha, ratio = np.zeros((2, *parameters.theta.shape), dtype)
        for j, (weights, biases) in enumerate(layers):
            for keys, strength in ((weights, alphas[j]), (biases, bias_alphas[j])):
                for key in keys:
                    place = parameters.place(*key)
                    alpha[:, place], ratio[:, place] = strength, ratios[j]
        n = alpha.shape[1]
        return Regularizer([Term(slice(0, n), (n,), kind(alpha, ratio, decoupled))])
    terms = []
    bias_kind = kind if kind.elementwise else ElasticNet
    for j, (weights, biases) in enumerate(layers):
        penalty = kind.of_layer(j, alphas[j], ratios[j], decoupled)
        terms += [Term(*parameters.find(*key), penalty) for key in weights]
        if np.any(bias_alphas[j]):
            penalty = bias_kind(bias_alphas[j], ratios[j], decoupled)
            terms += [Term(*parameters.find(*key), penalty) for key in biases]
    return Regularizer(terms)


def check_penalty(model, regularizer: Regularizer, solver: Solver) -> None:
    """Refuse a penalty that the solver cannot handle."""
    lacking = regularizer.lacking(solver.needs)
    if lacking:
        if isinstance(solver, LBFGS):
            reason = "its bounds can express no kink but that of α Σ |w|"
            raise refused("penalty", model.penalty, reason, "l1")
        raise ValueError(
            f"penalty={model.penalty!r} cannot be used: of its kink the solver needs "
            f"{' and '.join(lacking)}, which it lacks."
        )


def build_solver(
    models, parameters: Parameters, batches: Batches, progress: Progress
) -> Solver:
    """The solver that ``solver`` names, going on from the progress."""
    model, dtype = models[0], parameters.theta.dtype
    if progress.optimizer.kind != model.solver:
        progress.optimizer = OptimizerState(model.solver)
        progress.steps_before = 0
    if model.solver == "lbfgs":
        return LBFGS(model.max_fun, model.tol)
    kind = OPTIMIZERS[model.solver]
    optimizer = kind(**arguments(kind, models, dtype))
    optimizer.bind(
        parameters.theta, parameters.grad, progress.optimizer, parameters.rates
    )
    horizon = Horizon(
        len(batches), model.max_iter, batches.n_rows, progress.steps_before
    )
    rates = [model.learning_rate_init for model in models]
    return MiniBatch(
        optimizer,
        1.0 if callable(model.learning_rate) else stack(rates, dtype),
        build_schedule(models, horizon),
        clip=stacked(models, "clip_norm", dtype),
        limit=stacked(models, "max_norm", dtype),
    )


@functools.cache
def parameter_names(kind: Callable) -> tuple[str, ...]:
    """What a class is made from; looking takes some 50 µs."""
    return tuple(inspect.signature(kind).parameters)


def arguments(kind: Callable, models, dtype) -> dict[str, Any]:
    """What a class of the engine asks for by the name of a hyperparameter."""
    found: dict[str, Any] = {}
    for name in parameter_names(kind):
        if hasattr(models[0], name):
            values = [getattr(model, name) for model in models]
            # flags and sequences are common to the models of a stack
            is_number = isinstance(values[0], Real) and not isinstance(values[0], bool)
            found[name] = stack(values, dtype) if is_number else values[0]
    return found


def build_schedule(models, horizon: Horizon) -> Schedule:
    """The schedule of ``learning_rate``; a user's own is taken as it is."""
    schedule = models[0].learning_rate
    if callable(schedule):
        return functools.partial(own_rate, schedule)
    kind = SCHEDULES[schedule]
    return kind(horizon, **arguments(kind, models, float))


def own_rate(schedule: Callable[[int], float], step: int) -> float:
    """The rate that a user's schedule gives."""
    rate = number(schedule(step), "learning_rate")
    if not 0 <= rate < np.inf:
        raise ValueError(
            "learning_rate must give finite rates >= 0 where it is a callable. Got "
            f"{rate!r} at step {step}."
        )
    return rate
