"""From hyperparameters to the engine's objects.

Every function takes a *list* of estimators that differ in numbers only: one for an
ordinary fit, K for a stack trained in one pass.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sknnreg.engine.activations import ACTIVATIONS
from sknnreg.engine.initializers import get_initializer
from sknnreg.engine.layers import Activate, Dense, Dropout, Layer
from sknnreg.engine.losses import Loss
from sknnreg.engine.network import Network
from sknnreg.engine.optimizers import DECOUPLED, OPTIMIZERS, Optimizer
from sknnreg.engine.parameters import Parameters
from sknnreg.engine.penalties import PENALTIES, ElasticNet, Number, Regularizer, Term
from sknnreg.engine.schedules import SCHEDULES, Horizon, Schedule


def hidden_sizes(model) -> list[int]:
    """``hidden_layer_sizes`` as a list."""
    sizes = model.hidden_layer_sizes
    sizes = list(sizes) if np.iterable(sizes) else [sizes]
    if any(size <= 0 or size != int(size) for size in sizes):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
    return [int(size) for size in sizes]


def stack(values: Sequence[float], dtype) -> Number:
    """A float if all models agree, else one number a model as (K, 1)."""
    if all(value == values[0] for value in values):
        return float(values[0])
    return np.array(values, dtype)[:, None]


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


def check_range(models, name: str, low: float, high: float, closed: bool) -> None:
    """An array-like hyperparameter lies in [low, high], or [low, high)."""
    for model in models:
        value = np.asarray(getattr(model, name), dtype=float)
        inside = (value >= low) & ((value <= high) if closed else (value < high))
        if not inside.all():
            bracket = "]" if closed else ")"
            raise ValueError(
                f"The {name!r} parameter of {type(model).__name__} must be in the "
                f"range [{low}, {high}{bracket}. Got {getattr(model, name)!r} instead."
            )


def check_numbers(models) -> None:
    """Ranges of the hyperparameters that may be one a layer."""
    for name in ("alpha", "alpha_bias"):
        check_range(models, name, 0, np.inf, closed=False)
    check_range(models, "l1_ratio", 0, 1, closed=True)
    check_range(models, "dropout", 0, 1, closed=False)


def build_network(models, n_in: int, n_out: int, loss: Loss, dtype) -> Network:
    """[input dropout], {dense, activation, [dropout]} a hidden layer, dense."""
    first = models[0]
    sizes = hidden_sizes(first)
    init = get_initializer(first.init, first.activation)
    bias_init = get_initializer(first.bias_init, first.activation)
    layers: list[Layer] = []
    input_dropout = stack([m.input_dropout for m in models], dtype)
    if np.any(input_dropout):
        layers.append(Dropout(input_dropout))
    rates = per_layer(models, "dropout", len(sizes), dtype)
    for size, rate in zip(sizes, rates, strict=True):
        layers.append(Dense(size, init, bias_init))
        if first.activation != "identity":
            layers.append(Activate(ACTIVATIONS[first.activation]()))
        if np.any(rate):
            layers.append(Dropout(rate))
    layers.append(Dense(n_out, init, bias_init))
    return Network(layers, loss, n_in)


def build_regularizer(models, parameters: Parameters) -> Regularizer:
    """The penalties on weights and biases, each on its part of ``theta``."""
    first = models[0]
    if first.penalty is None:
        return Regularizer([])
    kind = PENALTIES[first.penalty]
    decoupled = first.solver in DECOUPLED
    dtype = parameters.theta.dtype
    dense = [i for i, layer in enumerate(parameters.specs) if "weight" in layer]

    def numbers(name: str) -> list[Number]:
        return per_layer(models, name, len(dense), dtype)

    alphas, ratios, bias_alphas = map(numbers, ("alpha", "l1_ratio", "alpha_bias"))
    terms = []
    if kind.elementwise and _all_equal(alphas) and _all_equal(ratios):
        # one slice for all layers: fewer and larger operations
        place = parameters.weights
        penalty = kind(alphas[0], ratios[0], decoupled)
        terms.append(Term(place, (place.stop - place.start,), penalty))
    else:
        for j, i in enumerate(dense):
            penalty = kind.of_layer(j, alphas[j], ratios[j], decoupled)
            shape = parameters.specs[i]["weight"].shape
            terms.append(Term(parameters.place(i, "weight"), shape, penalty))
    bias_kind = kind if kind.elementwise else ElasticNet
    for j, i in enumerate(dense):
        if np.any(bias_alphas[j]):
            penalty = bias_kind(bias_alphas[j], ratios[j], decoupled)
            shape = parameters.specs[i]["bias"].shape
            terms.append(Term(parameters.place(i, "bias"), shape, penalty))
    return Regularizer(terms)


def _all_equal(numbers: list[Number]) -> bool:
    return all(np.array_equal(number, numbers[0]) for number in numbers)


def arguments(kind: Callable, models, dtype) -> dict[str, Any]:
    """What a class of the engine asks for by the name of a hyperparameter."""
    found: dict[str, Any] = {}
    for name in inspect.signature(kind).parameters:
        if hasattr(models[0], name):
            values = [getattr(model, name) for model in models]
            is_flag = isinstance(values[0], (bool, np.bool_))
            found[name] = values[0] if is_flag else stack(values, dtype)
    return found


def build_optimizer(models, dtype) -> Optimizer:
    """The optimizer that ``solver`` names."""
    kind = OPTIMIZERS[models[0].solver]
    return kind(**arguments(kind, models, dtype))


def build_schedule(models, horizon: Horizon) -> Schedule:
    """The schedule that ``learning_rate`` names."""
    kind = SCHEDULES[models[0].learning_rate]
    return kind(horizon, **arguments(kind, models, float))


def layer_arrays(values: list[dict[str, NDArray]], name: str, k: int) -> list[NDArray]:
    """The arrays of one name of model k, layer by layer."""
    return [layer[name][k] for layer in values if name in layer]
