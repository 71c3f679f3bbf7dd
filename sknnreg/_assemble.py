"""From hyperparameters to the engine's objects.

Every function takes a *list* of estimators that differ in numbers only: one for an
ordinary fit, K for a stack trained in one pass.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sknnreg.engine.activations import ACTIVATIONS
from sknnreg.engine.initializers import Initializer, get_initializer
from sknnreg.engine.layers import (
    NORMALIZATIONS,
    Activate,
    Dense,
    Dropout,
    InputNoise,
    Layer,
    Residual,
)
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


def check_lbfgs(model) -> None:
    """Refuse what has no meaning for a full-batch solver with a line search."""
    if model.solver != "lbfgs":
        return
    fixed = "its line search needs an objective that does not change from call to call"
    clashes = {
        "dropout": (np.any(model.dropout), fixed, 0),
        "input_dropout": (model.input_dropout, fixed, 0),
        "input_noise": (model.input_noise, fixed, 0),
        "normalization": (
            model.normalization == "batch",
            "batch statistics are learned from mini-batches",
            "layer",
        ),
        "penalty": (
            model.penalty is not None and PENALTIES[model.penalty].stochastic_only,
            "it cannot handle this kink",
            "l1",
        ),
        "max_norm": (model.max_norm, "its steps cannot be cut", None),
        "clip_norm": (model.clip_norm, "its line search needs the true gradient", None),
    }
    for name, (clash, reason, instead) in clashes.items():
        if clash:
            raise ValueError(
                f"solver='lbfgs' cannot be used with {name}={getattr(model, name)!r}: "
                f"{reason}. Set {name}={instead!r} or use a stochastic solver such as "
                "solver='adam'."
            )


def build_network(models, n_in: int, n_out: int, loss: Loss, dtype) -> Network:
    """[noise], [input dropout], the hidden blocks, and a dense layer."""
    first = models[0]
    sizes = hidden_sizes(first)
    layers: list[Layer] = []
    noise, input_dropout = (
        stack([getattr(model, name) for model in models], dtype)
        for name in ("input_noise", "input_dropout")
    )
    if np.any(noise):
        layers.append(InputNoise(noise))
    if np.any(input_dropout):
        layers.append(Dropout(input_dropout))
    rates = per_layer(models, "dropout", len(sizes), dtype)
    for size, rate in zip(sizes, rates, strict=True):
        block = hidden_block(first, size, rate)
        if first.residual:
            layers.append(Residual(block, initializers(first)[0]))
        else:
            layers.extend(block)
    layers.append(Dense(n_out, *initializers(first)))
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
    return (
        get_initializer(model.init, model.activation),
        get_initializer(model.bias_init, model.activation),
    )


def build_regularizer(models, parameters: Parameters) -> Regularizer:
    """The penalties on weights and biases, each on its part of ``theta``."""
    first = models[0]
    if first.penalty is None:
        return Regularizer([])
    kind = PENALTIES[first.penalty]
    decoupled = first.solver in DECOUPLED
    dtype = parameters.theta.dtype
    matrices = parameters.matrices()

    def numbers(name: str) -> list[Number]:
        return per_layer(models, name, len(matrices), dtype)

    alphas, ratios, bias_alphas = map(numbers, ("alpha", "l1_ratio", "alpha_bias"))
    if issubclass(kind, ElasticNet):
        # one operation for all layers: a strength for every number of theta
        alpha, ratio = np.zeros((2, *parameters.theta.shape), dtype)
        for j, ((i, name), *_) in enumerate(matrices):
            bias = parameters.place(i, name.replace("weight", "bias"))
            alpha[:, bias], ratio[:, bias] = bias_alphas[j], ratios[j]
            for key in matrices[j]:
                place = parameters.place(*key)
                alpha[:, place], ratio[:, place] = alphas[j], ratios[j]
        n = alpha.shape[1]
        return Regularizer([Term(slice(0, n), (n,), kind(alpha, ratio, decoupled))])
    terms = []
    bias_kind = kind if kind.elementwise else ElasticNet
    for j, keys in enumerate(matrices):
        penalty = kind.of_layer(j, alphas[j], ratios[j], decoupled)
        terms += [Term(*parameters.find(*key), penalty) for key in keys]
        if np.any(bias_alphas[j]):
            i, name = keys[0]
            place = parameters.find(i, name.replace("weight", "bias"))
            bias_penalty = bias_kind(bias_alphas[j], ratios[j], decoupled)
            terms.append(Term(*place, bias_penalty))
    return Regularizer(terms)


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
    """The schedule of ``learning_rate``; a user's own is taken as it is."""
    schedule = models[0].learning_rate
    if callable(schedule):
        return lambda step: float(schedule(step))
    kind = SCHEDULES[schedule]
    return kind(horizon, **arguments(kind, models, float))
