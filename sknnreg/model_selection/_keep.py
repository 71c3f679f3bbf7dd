"""What a search has learned stays, if its next fit fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sklearn.base import BaseEstimator


def fitted_attributes(estimator: BaseEstimator) -> dict[str, Any]:
    """By scikit-learn's rule for their names."""
    return {
        name: value
        for name, value in vars(estimator).items()
        if name.endswith("_") and not name.startswith("_")
    }


@contextmanager
def kept_if_it_fails(estimator: BaseEstimator) -> Iterator[None]:
    """Fitted attributes as they were, if what is done within raises."""
    before, is_done = fitted_attributes(estimator), False
    try:
        yield
        is_done = True
    finally:
        if not is_done:
            for name in fitted_attributes(estimator):
                delattr(estimator, name)
            vars(estimator).update(before)
