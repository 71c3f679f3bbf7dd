"""The model axis: numbers that may differ from model to model, and parts of a stack.

Every array of the engine has K, the number of models, as its first axis. What all
models agree on is a plain number.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

#: a float for all models, or an array (K, 1)
Number = float | NDArray


def stack(values: Sequence[float], dtype: DTypeLike) -> Number:
    """A float if all models agree, else one number a model as (K, 1)."""
    if all(value == values[0] for value in values):
        return float(values[0])
    return np.array(values, dtype)[:, None]


def a_model(number: Number, ndim: int) -> Number:
    """A number a model, (K, 1), with as many axes as the array it will meet.

    An array with a number for each weight stays as it is.
    """
    if isinstance(number, np.ndarray) and number.shape[-1] == 1:
        return number.reshape(-1, *(1,) * (ndim - 1))
    return number


def copy_all(targets: Sequence[NDArray], sources: Sequence[NDArray]) -> None:
    """Write arrays over others of the same shapes."""
    for target, source in zip(targets, sources, strict=True):
        if source.size:  # most networks have no running statistics
            np.copyto(target, source)


def take(state: Any, which: NDArray) -> Any:
    """The part of a state that belongs to some models, as a copy.

    Parameters
    ----------
    state : dataclass, dict, list, ndarray, number or None
        Of arrays the first axis counts models; what is no array is common to all. A
        class whose parts are told apart otherwise has a method ``of_models``.
    which : ndarray of bool or int
        The models: a mask or their numbers.
    """
    if isinstance(state, np.ndarray):
        return state[which]
    if hasattr(state, "of_models"):
        return state.of_models(which)
    if isinstance(state, list):
        return [take(part, which) for part in state]
    if isinstance(state, dict):
        return {name: take(part, which) for name, part in state.items()}
    if is_dataclass(state):
        part = copy.copy(state)
        for field in fields(state):
            setattr(part, field.name, take(getattr(state, field.name), which))
        return part
    return state
