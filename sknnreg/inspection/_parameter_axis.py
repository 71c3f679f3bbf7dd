"""Where the values of a hyperparameter stand on an axis, whatever they are."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sknnreg._stack import frozen
from sknnreg.inspection._common import text_of

#: of a hyperparameter that a candidate does not set
UNSET = "not set"

#: values that are all named on their axis
FEW = 7


class ParameterAxis:
    """The distinct values of a hyperparameter, and their places on an axis.

    Numbers stand where they belong, on a logarithmic axis if they span a decade and are
    spread more evenly there; 0 then has a place of its own at its left. Other values
    are categories in the order of their first appearance, numbers among them before the
    others.

    Parameters
    ----------
    name : str
        Label of the axis.
    values : sequence
        One for each candidate.

    Attributes
    ----------
    levels : list
        The distinct values, in order.
    index : ndarray of int of shape (n_values,)
        The level of each value.
    scale : {"linear", "log", "categories"}
    places : ndarray of shape (n_levels,)
        Where the levels stand.
    """

    def __init__(self, name: str, values: Sequence[Any]) -> None:
        self.name = name
        keys = [(type(v) is bool, frozen(v)) for v in values]
        first: dict[Any, Any] = {}
        for key, value in zip(keys, values, strict=True):
            first.setdefault(key, value)
        order = sorted(first, key=lambda k: _rank(first[k]))  # stable
        self.levels = [first[key] for key in order]
        number = {key: i for i, key in enumerate(order)}
        self.index: NDArray = np.array([number[key] for key in keys], int)
        self.scale = "categories"
        self.places: NDArray = np.arange(len(order), dtype=float)
        if all(_is_number(level) for level in self.levels):
            numbers = np.array(self.levels, float)
            self.scale = "log" if _better_as_log(numbers) else "linear"
            self.places = _with_zero(numbers) if self.scale == "log" else numbers

    def __len__(self) -> int:
        return len(self.levels)

    @property
    def is_continuous(self) -> bool:
        """Whether hardly any value comes twice, as if drawn from a distribution."""
        n_values = len(self.index)
        return self.scale != "categories" and len(self) > max(10, n_values / 2)

    @property
    def labels(self) -> list[str]:
        """The levels as text."""
        return [text_of(level) for level in self.levels]

    @property
    def at(self) -> NDArray:
        """Where each value stands."""
        return self.places[self.index]

    def apply(self, ax: Any, which: str = "x") -> None:
        """Give an axis its label, scale and ticks."""
        axis = getattr(ax, f"{which}axis")
        axis.set_label_text(self.name)
        if self.scale == "log":
            getattr(ax, f"set_{which}scale")("log")
            self._log_ticks(axis)
        elif self.scale == "categories":
            self.name_levels(ax, which)

    def name_levels(self, ax: Any, which: str = "x", places: Any = None) -> None:
        """A tick for each level; slanted where the texts would not fit."""
        axis = getattr(ax, f"{which}axis")
        axis.set_ticks(self.places if places is None else places, self.labels)
        if which == "x" and sum(len(text) + 2 for text in self.labels) > 45:
            for label in axis.get_ticklabels():
                label.set(rotation=30, ha="right", rotation_mode="anchor")

    def _log_ticks(self, axis: Any) -> None:
        """The levels if they are few, otherwise decades; and 0."""
        logs = np.log10(self.places)
        if len(self) <= FEW and np.diff(logs).min() > 0.08 * np.ptp(logs):
            axis.set_ticks(self.places, self.labels)
            axis.set_ticks([], minor=True)
            return
        has_zero = int(self.levels[0] == 0)
        low, high = logs[[has_zero, -1]]
        decades = np.arange(np.ceil(low - 1e-9), np.floor(high + 1e-9) + 1)
        decades = decades[:: 1 + len(decades) // 7]
        ticks = [self.places[0]] * has_zero + list(10.0**decades)
        texts = ["0"] * has_zero + [f"$10^{{{d:.0f}}}$" for d in decades]
        axis.set_ticks(ticks, texts)
        axis.set_ticks([], minor=True)


def _is_number(value: Any) -> bool:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        return False
    return bool(np.isfinite(float(value)))


def _rank(value: Any) -> tuple[bool, float]:
    """Numbers by size, before everything else."""
    return (False, float(value)) if _is_number(value) else (True, 0.0)


def _better_as_log(numbers: NDArray) -> bool:
    """Whether sorted numbers span a decade, and more evenly by their logarithm."""
    positive = numbers[numbers > 0]
    if numbers[0] < 0 or len(positive) < 2 or positive[-1] < 10 * positive[0]:
        return False
    return len(positive) == 2 or _unevenness(np.log(positive)) < _unevenness(positive)


def _unevenness(numbers: NDArray) -> float:
    """How far sorted numbers are from equal distances, as a share of their range."""
    even = np.linspace(numbers[0], numbers[-1], len(numbers))
    return np.abs(numbers - even).max() / (numbers[-1] - numbers[0])


def _with_zero(numbers: NDArray) -> NDArray:
    """Places on a logarithmic axis; that of 0 is a step left of the least."""
    if numbers[0] > 0:
        return numbers
    logs = np.log10(numbers[1:])
    step = max(np.median(np.diff(logs)), 0.15 * (logs[-1] - logs[0]))
    return np.concatenate([[10 ** (logs[0] - step)], numbers[1:]])
