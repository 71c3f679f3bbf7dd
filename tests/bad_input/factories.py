"""The tables of bad input: what their rows are, and the data in them.

A row is a call, and words that its error must have; without words the call is right.
"""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from sknnreg import MLPClassifierScratch, MLPRegressorScratch

NAN, INF = np.nan, np.inf
DATE, SPAN = np.datetime64("2020-01-01"), np.timedelta64(1, "D")

rng = np.random.default_rng(0)
X = rng.normal(size=(12, 3))
FRAME = pd.DataFrame(X, columns=["a", "b", "c"])
NUMBERS = X @ [1.0, 2.0, 3.0]
TWO_NUMBERS = np.column_stack([NUMBERS, -NUMBERS])
TWO, THREE = np.arange(12) % 2, np.arange(12) % 3
LABELS = np.column_stack([TWO, THREE > 0, THREE == 2]).astype(int)
TARGETS = {MLPClassifierScratch: TWO, MLPRegressorScratch: NUMBERS}
KINDS = tuple(TARGETS)


class Row(NamedTuple):
    label: str
    call: Callable
    words: str = ""


def network(kind, **params):
    small = {"hidden_layer_sizes": (4,), "max_iter": 1, "random_state": 0}
    return kind(**small | params)


def put(values, value, where=3):
    """A copy with another value."""
    values = values.astype(np.result_type(values, np.asarray(value)))
    values[where] = value
    return values


def shown(value):
    return " ".join(repr(value).split())[:60]


def fit(kind, y=None, **params):
    return network(kind, **params).fit(X, TARGETS[kind] if y is None else y)


def of(value):
    """A callable that answers with this, whatever is asked."""
    return lambda *args, **kwargs: value


#: errors that no bad input should end in
NEITHER = (AttributeError, LookupError, ArithmeticError, Warning)


def what_is_wrong(row):
    """With the outcome of a call; None if nothing is."""
    try:
        row.call()
    except (ValueError, TypeError) as error:
        text = f"{type(error).__name__}: {error}"
        right = row.words and re.search(row.words, str(error), re.DOTALL)
    except NEITHER as error:
        text, right = f"{type(error).__name__}: {error}", False
    else:
        text, right = "no error", not row.words
    return None if right else f"{row.label}: {text}, not {row.words or 'an answer'}"


def check(rows: Iterable[Row]) -> None:
    """Hundreds of calls: a test for each would take longer than the calls."""
    wrong = [said for row in rows if (said := what_is_wrong(row))]
    assert not wrong, "\n".join(wrong)
