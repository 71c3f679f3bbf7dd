"""Which estimators can be trained in one pass."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Hashable
from typing import Any

import numpy as np

from sknnreg._assemble import batch_size, hidden_sizes, per_layer
from sknnreg._backend import may_compile
from sknnreg._hyperparameters import ALL, NEVER
from sknnreg.engine.cost import COMPILED_STACK, n_weights, stack_size


def stack_key(model, own_rows: bool = False) -> tuple | None:
    """What models of one stack must agree on; None for a model that needs its own fit.

    ``own_rows``: each is trained on rows of its own, so that splits may differ.

    That is all that shapes the network, the solver or the data. L-BFGS-B's line search
    is for one model, and a generator given as ``random_state`` for one fit. A subclass
    with a ``fit`` of its own is fitted by it.
    """
    owner = next(kind for kind in type(model).__mro__ if "fit" in vars(kind))
    if (
        model.solver == "lbfgs"
        or model.verbose
        or isinstance(model.random_state, np.random.RandomState)
        or not owner.__module__.startswith("sknnreg.")
    ):
        return None
    key: list[Any] = [type(model)]
    for name, value in sorted(model.get_params(deep=False).items()):
        row = ALL.get(name)  # a subclass may have others
        varies = row is not None and row.varies
        if varies and ALL[name].off is not NEVER:
            value = has_piece(model, name)
        elif varies and (
            own_rows or name != "random_state" or not model.early_stopping
        ):
            continue  # the split depends on the seed
        key.append((name, frozen(value)))
    return tuple(key)


def stack_limit(
    model, n_rows: int, n_features: int, n_outputs: int, itemsize: int
) -> int:
    """Most networks of a stack, for a table of this size."""
    widths = [n_features, *hidden_sizes(model), n_outputs]
    size = stack_size(widths, batch_size(model, n_rows), itemsize)
    return max(size, COMPILED_STACK if may_compile() else 1)


def training_cost(model, n_features: int) -> int:
    """What its training takes, beside that of others on as many rows."""
    return n_weights([n_features, *hidden_sizes(model)]) * model.max_iter


def has_piece(model, name: str) -> Any:
    """Whether a hyperparameter brings its piece of the network, layer by layer."""
    row, value = ALL[name], getattr(model, name)
    if row.per_layer:
        value = per_layer([model], name, len(hidden_sizes(model)), float)
    return value is not None if row.off is None else np.asarray(value) != row.off


def frozen(value: Any) -> Any:
    """A stand-in that can be compared and hashed."""
    if isinstance(value, np.ndarray):
        return (value.shape, tuple(value.ravel().tolist()))
    if isinstance(value, (list, tuple)):
        return tuple(frozen(part) for part in value)
    if isinstance(value, dict):
        return tuple((key, frozen(part)) for key, part in value.items())
    has_equals = isinstance(value, Hashable) and type(value).__eq__ is not object.__eq__
    if not has_equals and copy.deepcopy(value) is not value:
        # a clone of the estimator has another one: content tells
        try:
            return pickle.dumps(value)
        except (AttributeError, TypeError, pickle.PicklingError):
            return id(value)
    return value
