"""The columns of a table, whatever it is: arrays, data frames of pandas or polars."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Complex, Number, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_array, validate_data

from sknnreg._checks import named

__all__ = [
    "Column",
    "categorical_mask",
    "finite_or_nan",
    "is_missing",
    "number_matrix",
    "read_columns",
]

#: names of the types of pandas.NA and NaT, which need no import of pandas
NOTHING = {"NoneType", "NAType", "NaTType"}
DATES = {"date", "datetime", "time", "timedelta", "Timestamp", "Timedelta", "Period"}
DATES |= {"datetime64", "timedelta64"}
NESTED = (list, tuple, dict, set, frozenset, np.ndarray)

DATES_REMEDY = (
    "Make numbers of it first: year, month, weekday, hour, or the time since a day."
)


@dataclass
class Column:
    """One column: its values, or the labels they have and which one each row has."""

    name: Hashable  #: of a data frame; in an array, the column's number
    values: NDArray  #: (n_samples,) or, with codes, (n_labels,)
    codes: NDArray | None = None  #: (n_samples,), -1 where the value is missing

    def __len__(self) -> int:
        return len(self.values if self.codes is None else self.codes)

    def __str__(self) -> str:
        return f"Column {self.name!r}"

    @cached_property
    def cells(self) -> list[Any]:
        """The values as Python's objects."""
        return self.values.tolist()

    @cached_property
    def types(self) -> set[type]:
        """Types of the values of an object column; empty for any other."""
        return set(map(type, self.cells)) if self.values.dtype.kind == "O" else set()

    def check(self) -> None:
        """Refuse what is neither numbers nor categories, and say what to do."""
        kind = self.values.dtype.kind
        names = {each.__name__ for each in self.types}
        if kind in "mM" or names & DATES:
            raise TypeError(f"{self} holds dates or times. {DATES_REMEDY}")
        if kind == "c" or any(map(is_complex, self.types)):
            raise ValueError(f"Complex data not supported. {self} holds it.")
        nested = [each for each in self.types if issubclass(each, NESTED)]
        if kind == "V" or nested:
            what = nested[0].__name__ if nested else "record"
            raise TypeError(
                f"{self}: every argument must be a string or a number, not {what!r}. "
                "Take its parts out into columns of their own first."
            )

    def is_category(self) -> bool:
        """Whether a network would need it as categories."""
        return self.codes is not None or not self.holds_numbers()

    def holds_numbers(self) -> bool:
        """Whether all values that are not missing are numbers; strings are none."""
        if self.values.dtype.kind != "O":
            return self.values.dtype.kind in "biuf"
        numbers = (Number, np.bool_)
        return all(
            issubclass(each, numbers) or each.__name__ in NOTHING for each in self.types
        )

    def numbers(self) -> NDArray:
        """The values as floats, missing ones as NaN."""
        if not self.holds_numbers():
            raise ValueError(
                f"{self} is numeric by categorical_features, or was so in fit, and now "
                "could not convert all of it to float. Make it numbers, or categories."
            )
        values = self.values
        if values.dtype.kind == "O":
            cells = self.cells
            if any(each.__name__ in NOTHING for each in self.types):
                cells = [np.nan if is_missing(cell) else cell for cell in cells]
            values = np.array(cells, dtype=np.float64)
        if self.codes is None:
            return values
        return np.append(values.astype(np.float64), np.nan)[self.codes]


def is_complex(kind: type) -> bool:
    return issubclass(kind, Complex) and not issubclass(kind, Real)


def is_missing(value: Any) -> bool:
    """None, NaN, NaT and pandas.NA; not the empty string."""
    return type(value).__name__ in NOTHING or (
        isinstance(value, Real) and value != value
    )


@named("X")
def read_columns(estimator, X: Any, *, reset: bool) -> list[Column] | NDArray:
    """A table's columns, with names and number checked; a plain array as it is."""
    is_polars = hasattr(X, "get_columns")
    if len(getattr(X, "shape", ())) == 2 and (is_polars or hasattr(X, "iloc")):
        if 0 in X.shape:
            check_array(np.empty(X.shape), estimator=estimator)  # its own error
        validate_data(estimator, X, reset=reset, skip_check_array=True)
        columns = read_polars(X) if is_polars else read_pandas(X)
        for column in columns:
            column.check()
        return columns
    if isinstance(X, list | tuple) and np.asarray(X).dtype.kind in "US":
        X = np.asarray(X, dtype=object)  # or numbers beside strings become strings
    X = validate_data(estimator, X, reset=reset, dtype=None, ensure_all_finite=False)
    if X.dtype.kind in "biuf":
        return X
    columns = [Column(j, values) for j, values in enumerate(X.T)]
    for column in columns:
        column.check()
    return columns


def read_pandas(X: Any) -> list[Column]:
    columns = []
    for name, series in X.items():
        if hasattr(series, "cat"):
            labels = series.cat.categories.to_numpy(dtype=object)
            columns.append(Column(name, labels, series.cat.codes.to_numpy()))
        elif series.dtype.kind in "biuf":
            values = series.to_numpy(dtype=np.float64, na_value=np.nan)
            columns.append(Column(name, values))
        else:
            keep = series.dtype.kind in "cmM"
            columns.append(Column(name, series.to_numpy(None if keep else object)))
    return columns


def read_polars(X: Any) -> list[Column]:
    columns = []
    for name, series in zip(X.columns, X.get_columns(), strict=True):
        if series.dtype.is_numeric() or str(series.dtype) == "Boolean":
            values = series.cast(float).to_numpy()
        elif series.dtype.is_temporal():
            values = np.empty(0, "datetime64[s]")  # refused by what it is
        else:
            values = np.empty(len(series), dtype=object)
            values[:] = series.to_list()
        columns.append(Column(name, values))
    return columns


def categorical_mask(
    columns: Sequence[Column], given: Any, names: Iterable[Hashable]
) -> NDArray:
    """Which columns are categories (n_features,), from ``categorical_features``."""
    if given is None:
        return np.zeros(len(columns), bool)
    if isinstance(given, str):
        return np.array([column.is_category() for column in columns], bool)
    wanted = np.asarray(given)
    if wanted.dtype.kind == "b":
        if wanted.shape != (len(columns),):
            raise ValueError(
                f"categorical_features, as a mask, needs shape ({len(columns)},). "
                f"Got {wanted.shape}."
            )
        return wanted
    places: dict[Any, int] = {name: j for j, name in enumerate(names)}
    if wanted.dtype.kind in "iu":
        places = {j: j for j in range(-len(columns), len(columns))}
    mask = np.zeros(len(columns), bool)
    for each in wanted.ravel().tolist():
        if each not in places:
            raise ValueError(f"categorical_features names {each!r}: no such column.")
        mask[places[each]] = True
    return mask


def number_matrix(columns: Iterable[Column], n_samples: int, estimator) -> NDArray:
    """Numeric columns side by side (n_samples, n_columns), all finite or NaN."""
    values = [column.numbers() for column in columns]
    matrix = np.empty((n_samples, len(values)), order="F")
    for j, column in enumerate(values):
        matrix[:, j] = column
    return finite_or_nan(matrix, estimator)


def finite_or_nan(X: NDArray, estimator) -> NDArray:
    """As floats; scikit-learn's own error of an infinite number, or of no rows."""
    return check_array(
        X,
        dtype=[np.float64, np.float32],
        ensure_all_finite="allow-nan",
        ensure_min_features=0,
        estimator=estimator,
        input_name="X",
    )
