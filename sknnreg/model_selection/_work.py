"""One worker's job: fit and score candidates of one fold."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from traceback import format_exception
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from sknnreg._sklearn import (
    _check_method_params,
    _fit_and_score,
    _MultimetricScorer,
    _num_samples,
    _safe_split,
    _score,
)
from sknnreg._stack import Stack
from sknnreg.engine.checkpoint import Checkpoint
from sknnreg.model_selection._wrapped import Prepared, candidate, find_mlp, prepare

Result = dict[str, Any]


@dataclass
class Job:
    """What all workers of a search share.

    Attributes
    ----------
    estimator : estimator
        Not fitted; candidates are set on clones of it.
    X, y : array-like
        All rows.
    scorer : callable
    fit_params, score_params : dict
        Routed to ``fit`` and to the scorer, for all rows.
    return_train_score, error_score, verbose
        As the search has them.
    """

    estimator: Any
    X: Any
    y: Any
    scorer: Any
    fit_params: dict
    score_params: dict
    return_train_score: bool
    error_score: Any
    verbose: int


@dataclass
class Fold:
    """One split: its number and its rows."""

    number: int
    train: NDArray
    test: NDArray


def fit_alone(job: Job, fold: Fold, parameters: dict) -> Result:
    """Fit and score one candidate the ordinary way."""
    return _fit_and_score(
        clone(job.estimator),
        job.X,
        job.y,
        scorer=job.scorer,
        train=fold.train,
        test=fold.test,
        verbose=job.verbose,
        parameters=parameters,
        fit_params=job.fit_params,
        score_params=job.score_params,
        return_train_score=job.return_train_score,
        return_n_test_samples=True,
        return_times=True,
        error_score=job.error_score,
    )


def prepare_fold(
    job: Job, fold: Fold, parameters: dict
) -> tuple[Prepared, float] | None:
    """Fit what surrounds the network on a fold, and the seconds it took.

    None if that fails: an ordinary fit of each candidate will tell.
    """
    start = time.perf_counter()
    try:
        estimator = candidate(job.estimator, parameters)
        X, y = _safe_split(estimator, job.X, job.y, fold.train)
        fit_params = _check_method_params(job.X, job.fit_params, fold.train)
        return prepare(estimator, X, y, fit_params), time.perf_counter() - start
    except Exception:
        return None


class Stage(NamedTuple):
    """A stack before it is trained, or between two iterations of a halving search.

    Attributes
    ----------
    numbers : list of int
        Of its candidates within the search.
    candidates : list of dict
    checkpoint : Checkpoint or None
        Where training is; None at the start.
    """

    numbers: list[int]
    candidates: list[dict]
    checkpoint: Checkpoint | None = None


def fit_together(
    job: Job,
    fold: Fold,
    stage: Stage,
    prepared: tuple[Prepared, float] | None,
    n_epochs: int | None = None,
) -> tuple[dict[int, Result], Stage | None]:
    """Fit and score the candidates of a stack; each as if it were alone.

    Up to ``n_epochs``: then the second answer says how to go on with those that have
    not ended.
    """
    start = time.perf_counter()
    try:
        around, seconds = prepared or prepare_fold(job, fold, stage.candidates[0])
        models = [find_mlp(candidate(job.estimator, c)) for c in stage.candidates]
        stack = Stack(
            models, around.X, around.y, checkpoint=stage.checkpoint, **around.arguments
        )
        stack.advance(n_epochs or models[0].max_iter)
        stack.publish_running(going_on=n_epochs is not None)
    except Exception:  # wrong data, a failing scorer: found out candidate by candidate
        cases = zip(stage.numbers, stage.candidates, strict=True)
        return {i: fit_alone(job, fold, case) for i, case in cases}, None
    seconds += time.perf_counter() - start
    if job.verbose > 1:
        print(f"[CV {fold.number + 1}] {len(models)} candidates in {seconds:.1f} s")
    results = {}
    for i, model, error in zip(stage.numbers, models, stack.errors, strict=True):
        if error is None:
            fitted = around.around(model)
            results[i] = score(job, fold, fitted, seconds / len(models))
        else:
            results[i] = failure(job, fold, error, seconds / len(models))
    return results, None if n_epochs is None else _rest(stage, stack)


def _rest(stage: Stage, stack: Stack) -> Stage:
    """The part of a stack that goes on."""
    return Stage(
        [stage.numbers[i] for i in stack.numbers],
        [stage.candidates[i] for i in stack.numbers],
        stack.checkpoint(),
    )


def survivors(stage: Stage, alive: Collection[int]) -> Stage:
    """The part of a stage whose candidates are still alive."""
    which = [k for k, i in enumerate(stage.numbers) if i in alive]
    checkpoint = stage.checkpoint
    return Stage(
        [stage.numbers[k] for k in which],
        [stage.candidates[k] for k in which],
        None if checkpoint is None else checkpoint.take(np.array(which, int)),
    )


def score(job: Job, fold: Fold, estimator, fit_time: float) -> Result:
    """Scores of a fitted estimator on the fold, as ``cross_validate`` has them."""
    start = time.perf_counter()
    scores = {}
    parts = {"test": (fold.test, fold.train)}
    if job.return_train_score:
        parts["train"] = (fold.train, None)
    for name, (rows, others) in parts.items():
        X, y = _safe_split(estimator, job.X, job.y, rows, others)
        params = _check_method_params(job.X, job.score_params, rows)
        scores[f"{name}_scores"] = _score(
            estimator, X, y, job.scorer, params, job.error_score
        )
        if name == "test":
            seconds = time.perf_counter() - start
    return scores | {
        "n_test_samples": _num_samples(fold.test),
        "fit_time": fit_time,
        "score_time": seconds,
        "fit_error": None,
    }


def failure(job: Job, fold: Fold, error: Exception, fit_time: float) -> Result:
    """What stands for a candidate whose training failed."""
    if job.error_score == "raise":
        raise error
    scores = job.error_score
    if isinstance(job.scorer, _MultimetricScorer):
        scores = dict.fromkeys(job.scorer._scorers, scores)
    result = {
        "test_scores": scores,
        "n_test_samples": _num_samples(fold.test),
        "fit_time": fit_time,
        "score_time": 0.0,
        "fit_error": "".join(format_exception(error)),
    }
    return result | ({"train_scores": scores} if job.return_train_score else {})
