"""Columns of categories as codes, and what a network is given of them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat
from numbers import Number
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_consistent_length, column_or_1d

from sknnreg._checks import named
from sknnreg._sklearn import target_encoder
from sknnreg.preprocessing._columns import Column, is_missing

__all__ = ["CategoryEncoder"]

#: A target of more whole numbers than that is taken for a regression's.
MOST_CLASSES = 20


class Categories:
    """The categories of one column, with codes 0, 1, ...; a missing value has the last.

    Unknown categories have code -1, and missing values if training had none.

    Parameters
    ----------
    labels : ndarray of object
        In the order of codes; None, if it is there, stands for missing values.
    """

    def __init__(self, labels: NDArray) -> None:
        self.labels = labels
        has_missing = len(labels) > 0 and labels[-1] is None
        known = labels[: len(labels) - has_missing].tolist()
        self.codes = {label: code for code, label in enumerate(known)}
        self.missing = len(known) if has_missing else -1

    @classmethod
    def of(cls, column: Column) -> Categories:
        """Those of a column of the training rows."""
        found = set(column.cells)
        missing = any(map(is_missing, found))
        if column.codes is not None:  # of these labels, some may have no row
            found = set(column.values[np.unique(column.codes[column.codes >= 0])])
            missing = bool((column.codes < 0).any())
        known = in_order([each for each in found if not is_missing(each)])
        labels = np.empty(len(known) + missing, dtype=object)
        labels[:] = [*known, *[None] * missing]
        return cls(labels)

    def encode(self, column: Column) -> NDArray:
        """Codes (n_samples,)."""
        found = map(self.codes.get, column.cells, repeat(-1))
        codes = np.fromiter(found, np.int64, len(column.cells))
        if column.codes is not None:
            return np.append(codes, self.missing)[column.codes]
        if self.missing >= 0:
            for row in np.flatnonzero(codes < 0):
                if is_missing(column.cells[row]):
                    codes[row] = self.missing
        return codes


def in_order(labels: list) -> list:
    """Sorted, whatever order the rows have; of several types, numbers come first."""
    try:
        return sorted(labels)
    except TypeError:
        return sorted(labels, key=order_key)


def order_key(label: Any) -> tuple[str, float, str]:
    """Something to compare labels of any type by; the same for equal labels."""
    if isinstance(label, Number | np.bool_):  # True == 1 == 1.0 is one category
        return "", float(label), ""  # type: ignore[arg-type]
    return type(label).__name__, 0.0, str(label)


def guess_target_type(y: Any) -> str:
    """What "auto" says of a target (n_samples,)."""
    values = column_or_1d(y)
    kind = type_of_target(values, input_name="y")
    if kind == "multiclass" and values.dtype.kind in "iuf":
        # nullable integers of pandas have become floats
        given = getattr(getattr(y, "dtype", None), "kind", values.dtype.kind)
        classes = given != "f" and len(np.unique(values)) <= MOST_CLASSES
        return "multiclass" if classes else "continuous"
    known = ("binary", "multiclass", "continuous")
    return kind if kind in known else "auto"  # which has the error of what is no target


class CategoryEncoder:
    """One-hot columns, and mean targets of columns with many categories.

    scikit-learn's encoders work on codes, which come from the columns in one look-up;
    on strings and objects they take several times as long.
    """

    one_hot: OneHotEncoder | None = None
    target: TargetEncoder | None = None

    def __init__(
        self,
        *,
        max_categories: int,
        min_frequency: int,
        max_levels: int | None,
        target_type: str,
        seed: int,
    ) -> None:
        self.max_categories = max_categories
        self.min_frequency = min_frequency
        self.max_levels = max_levels
        self.target_type = target_type
        self.seed = seed

    def to_plain(self) -> dict[str, Any]:
        """Labels and scikit-learn's encoders."""
        return vars(self) | {"columns": [each.labels for each in self.columns]}

    @classmethod
    def from_plain(cls, state: dict[str, Any]) -> CategoryEncoder:
        """The encoder that :meth:`to_plain` tells of."""
        encoder = object.__new__(cls)
        vars(encoder).update(state)
        encoder.columns = [Categories(labels) for labels in state["columns"]]
        return encoder

    def fit_transform(
        self, columns: list[Column], y: ArrayLike | None
    ) -> list[NDArray]:
        """The blocks of the training rows; mean targets are those of other rows."""
        self.columns = [Categories.of(column) for column in columns]
        self.varying = np.ones(len(columns), bool)
        codes = self.encode(columns)
        sizes = codes.max(axis=0) + 1
        most = np.array([np.bincount(column).max() for column in codes.T])
        # a column of rare categories only, as of names of rows, has nothing to tell
        self.varying = (sizes > 1) & (most >= self.min_frequency)
        if not self.varying.any():
            return []
        codes = codes[:, self.varying]
        one_hot = OneHotEncoder(
            max_categories=self.max_categories,
            min_frequency=self.min_frequency,
            handle_unknown="infrequent_if_exist",
            sparse_output=False,
            dtype=np.float32,
        )
        self.one_hot = one_hot.set_output(transform="default")
        blocks = [one_hot.fit_transform(codes)]
        if y is not None and self.max_levels is not None:
            self.many = sizes[self.varying] > self.max_levels
            if self.many.any():
                blocks += self.fit_target(codes[:, self.many], y)
        return blocks

    def fit_target(self, codes: NDArray, y: ArrayLike) -> list[NDArray]:
        """Mean targets, standardized; none of several outputs."""
        check_consistent_length(codes, y)
        shape = np.shape(y)
        if len(shape) == 2 and shape[1] > 1:
            return []
        values = column_or_1d(y)
        kind = self.target_type
        if kind == "auto":
            kind = guess_target_type(y)
        target = target_encoder(kind, self.seed)
        scaler = StandardScaler()
        self.target = target.set_output(transform="default")
        self.scaler = scaler.set_output(transform="default")
        with named("y"):
            means = target.fit_transform(codes, values)
        target.set_params(cv=5)  # its splitter has done its work, and is not stored
        return [scaler.fit_transform(means)]

    def transform(self, columns: list[Column]) -> list[NDArray]:
        """The blocks of other rows."""
        if self.one_hot is None:
            return []
        codes = self.encode(columns)
        blocks = [self.one_hot.transform(codes)]
        if self.target is not None:
            means = self.target.transform(codes[:, self.many])
            blocks.append(self.scaler.transform(means))
        return blocks

    def encode(self, columns: list[Column]) -> NDArray:
        """Codes of the columns that vary (n_samples, n_varying)."""
        pairs = zip(self.columns, columns, self.varying, strict=True)
        return np.column_stack([one.encode(each) for one, each, yes in pairs if yes])

    def names(self, names: Iterable[Any]) -> list[str]:
        """Names of what comes out, from those of the columns."""
        if self.one_hot is None:
            return []
        kept = [
            (name, each.labels)
            for name, each, yes in zip(names, self.columns, self.varying, strict=True)
            if yes
        ]
        found = []
        rare = self.one_hot.infrequent_categories_
        for (name, labels), joined in zip(kept, rare, strict=True):
            common = labels if joined is None else np.delete(labels, joined)
            found += [f"{name}_{label}" for label in common]
            found += [] if joined is None else [f"{name}_infrequent_sklearn"]
        if self.target is not None:
            multiclass = self.target.target_type_ == "multiclass"
            ends = [f"_{each}" for each in self.target.classes_] if multiclass else [""]
            many = [name for (name, _), yes in zip(kept, self.many, strict=True) if yes]
            found += [f"{name}_target{end}" for name in many for end in ends]
        return found
