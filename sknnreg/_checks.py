"""What a user passes, and what a user's callables answer: errors name it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Number, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import is_regressor
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.validation import validate_data

from sknnreg._sklearn import _check_sample_weight, _num_samples


@contextmanager
def named(name: str, numbers: Any = None) -> Iterator[None]:
    """Errors about an argument have its name.

    Parameters
    ----------
    name : str
    numbers : array-like or None
        The argument, if it must be numbers: NumPy makes some of dates in silence.
    """
    try:
        refuse_times(name, numbers)
        yield
    except (ValueError, TypeError) as error:
        if not re.search(rf"\b{name}\b", str(error)):
            error.args = (f"{name}: {error}",)
        raise


def refuse_times(name: str, numbers: Any) -> None:
    """Dates and durations have a unit, which numbers have not."""
    if isinstance(numbers, (list, tuple)):
        numbers = np.ravel(np.asarray(numbers[:1]))
    # of a data frame, one a column
    dtypes: Any = getattr(numbers, "dtypes", getattr(numbers, "dtype", None))
    if any(getattr(dtype, "kind", "") in ("m", "M") for dtype in np.ravel(dtypes)):
        raise TypeError(
            f"{name} holds dates or durations. Make numbers of them first: year, "
            "month, weekday, hour, or the time since a day."
        )


def check_inputs(model, X, dtype, *, reset: bool, name: str = "X") -> Any:
    """X as rows of floats, dense or CSR; its columns are those of the fit."""
    with named(name, X), np.errstate(over="ignore", invalid="ignore"):
        checked = check_array(
            X,
            accept_sparse="csr",
            # Rows are taken from X in random order, batch by batch. Columns beside each
            # other, as every numeric data frame has them, make that ten times slower.
            order="C",
            dtype=dtype,
            estimator=model,
            input_name=name,
        )
        validate_data(model, X, reset=reset, skip_check_array=True)
    return checked


def check_targets(model, y, *, name: str = "y") -> Any:
    """y as an array (n,) or (n, n_outputs): of numbers, for a regressor."""
    if y is None:
        raise ValueError(
            f"This {type(model).__name__} estimator requires {name} to be passed, but "
            "the target y is None."
        )
    numeric = is_regressor(model)
    with named(name, y if numeric else None):
        y = check_array(
            without_strings(y, name) if numeric else y,
            accept_sparse=False if numeric else "csr",
            ensure_2d=False,
            dtype="numeric" if numeric else None,
            estimator=model,
            input_name=name,
        )
    return y


def without_strings(y, name: str) -> Any:
    """y as an array; NumPy would make numbers of strings in silence."""
    if issparse(y):
        return y
    y = np.asarray(y)
    among = y.dtype.kind == "O" and any(isinstance(v, (str, bytes)) for v in y.flat)
    if among or y.dtype.kind in "SU":
        raise ValueError(
            f"{name} must be numbers for a regressor, and there are strings. Convert "
            f"them first, as by {name}.astype(float), or use a classifier."
        )
    return y


def check_rows(**arguments: Any) -> None:
    """All have as many rows."""
    with named(" and ".join(arguments)):
        check_consistent_length(*arguments.values())


def check_weight(weight, X, dtype=None, *, name: str = "sample_weight") -> NDArray:
    """Weights of the rows of X, finite and not negative."""
    with named(name, weight):
        if isinstance(weight, Number):  # which scikit-learn takes as it is
            weight = np.full(_num_samples(X), weight)
        return _check_sample_weight(weight, X, dtype=dtype, ensure_non_negative=True)


def number(answer: Any, name: str) -> float:
    """What a user's callable answers, if that is a number."""
    if hasattr(answer, "__array__"):
        answer = np.asarray(answer)[()]
    if not isinstance(answer, Real) or isinstance(answer, np.timedelta64):
        raise TypeError(
            f"{name} must give one number where it is a callable. Got {answer!r}."
        )
    return float(answer)
