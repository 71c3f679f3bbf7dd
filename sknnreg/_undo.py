"""What a fit that fails leaves behind: what had been learned before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def undone_on_failure(estimator: Any) -> Iterator[None]:
    """Within it, a failure or an interrupt leaves an estimator as it was.

    Lists of what was fitted are grown in place: they are noted by their items.
    """
    before = {
        name: list(value) if type(value) is list else value
        for name, value in vars(estimator).items()
    }
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
