"""The time that a search may take, and who may use how much of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.base import clone

from sknnreg._caller import warn

if TYPE_CHECKING:
    from sknnreg.model_selection._work import Fold, Job, Result


class Limit(NamedTuple):
    """When the training of a stack has to end.

    ``end`` is a time of ``time.time``, which processes agree on. What ``is_needed`` is
    scored wherever it is then, so that there is a score at all; anything else that has
    not come to its end is not scored.
    """

    end: float
    is_needed: bool

    @property
    def is_over(self) -> bool:
        return time.time() >= self.end

    @property
    def deadline(self) -> float:
        """The same as a time of ``time.monotonic``, of this process."""
        return time.monotonic() + self.end - time.time()


def limits(
    end: float | None, are_needed: Sequence[bool], n_jobs: int
) -> list[Limit | None]:
    """The limit of each unit of work; None without an ``end``.

    Those that are needed, the folds of the first candidates, share the time evenly.
    """
    if end is None:
        return [None] * len(are_needed)
    now, n, seen = time.time(), sum(are_needed), 0
    answer: list[Limit | None] = []
    for is_needed in are_needed:
        seen += is_needed
        share = min(1.0, n_jobs * seen / n) if is_needed else 1.0
        answer.append(Limit(now + share * (end - now), is_needed))
    return answer


class OutOfTime(Exception):
    """There was no time for a fit."""


def not_tried(job: Job, fold: Fold) -> Result:
    """The result of a candidate for which there was no time: NaN for all scores."""
    estimator = clone(job.estimator)

    def fit(X, y=None, **arguments):
        raise OutOfTime

    estimator.fit = fit
    result = job.result(estimator, fold, error_score=np.nan)
    return result | {"was_not_tried": True}


def say_how_many(search, out: Sequence[dict[str, Any]]) -> None:
    """Warn of candidates without a score, and of scores of fewer epochs."""
    n_splits, max_time = search.n_splits_, search.max_time
    by_candidate = [out[i : i + n_splits] for i in range(0, len(out), n_splits)]
    lost = sum(any("was_not_tried" in r for r in rows) for rows in by_candidate)
    cut = sum("was_cut" in result for result in out)
    if lost:
        text = (
            f"max_time={max_time:g} seconds were over before {lost} of "
            f"{len(by_candidate)} candidates were trained on all folds. They have not "
            "been tried, and their scores are NaN."
        )
        warn(text, UserWarning, search)
    if cut:
        text = (
            f"max_time={max_time:g} seconds were over while the first candidates were "
            f"trained: {cut} of {len(out)} fits have the scores of fewer epochs."
        )
        warn(text, UserWarning, search)
