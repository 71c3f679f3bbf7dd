"""One worker's job: candidates of one fold, trained together and scored one by one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from sknnreg._composition import (
    Surroundings,
    find_mlp,
    record,
    with_parameters,
)
from sknnreg._config import config_context
from sknnreg._data import Given
from sknnreg._run import Run, start
from sknnreg._sklearn import _fit_and_score
from sknnreg.engine.model_axis import take
from sknnreg.engine.progress import Progress
from sknnreg.engine.training import Report
from sknnreg.model_selection._follow import FollowedStack
from sknnreg.model_selection._time import Limit, not_tried

Result = dict[str, Any]


def epochs(mlp) -> dict[str, float]:
    """How many epochs a network was trained for, and which was the best."""
    if mlp is None:  # the fit failed, or there is no network
        return {"n_iter": np.nan, "best_iter": np.nan}
    return {"n_iter": mlp.n_iter_, "best_iter": mlp.best_iter_}


def epochs_and_history(mlp) -> dict[str, Any]:
    """The same, and the learning curve."""
    return epochs(mlp) | {"history": None if mlp is None else mlp.history_}


class Job(NamedTuple):
    """What all workers of a search share.

    ``estimator`` is not fitted: candidates are set on clones of it. ``settings`` are
    those of scikit-learn's function that fits and scores. ``search`` is the estimator
    whose callbacks follow, if there are any. ``config`` holds in workers as it does
    where the search was called. ``measure`` gives what results keep of a
    fitted network, by name, and NaN for each of None. ``end`` is the time of
    ``time.time`` at which the search is to end, if there is one.
    """

    estimator: Any
    X: Any
    y: Any
    settings: dict[str, Any]
    config: dict[str, Any]
    search: Any = None
    measure: Callable[[Any], dict[str, Any]] = epochs
    end: float | None = None

    def fit_and_score(self, estimator, fold: Fold, parameters=None, **changes):
        """Scores of an estimator, as ``cross_validate`` has them.

        What its ``fit`` raises is scikit-learn's to handle, by ``error_score``.
        """
        settings = self.settings | changes
        with config_context(**self.config):
            return _fit_and_score(
                estimator,
                self.X,
                self.y,
                train=fold.train,
                test=fold.test,
                parameters=parameters,
                **settings,
            )

    def result(self, estimator, fold: Fold, parameters=None, **changes) -> Result:
        """Scores, and what is measured of the network."""
        result = self.fit_and_score(estimator, fold, parameters, **changes)
        failed = result["fit_error"] is not None
        return result | self.measure(None if failed else find_mlp(estimator))


class Fold(NamedTuple):
    """One split: its number and its rows."""

    number: int
    train: NDArray
    test: NDArray


@dataclass(frozen=True)
class Candidate:
    """Hyperparameters to try, and their number within the search."""

    number: int
    parameters: dict[str, Any]


def numbered(settings: Iterable[dict[str, Any]]) -> list[Candidate]:
    """The candidates of a search."""
    return [Candidate(i, setting) for i, setting in enumerate(settings)]


#: of a worker: a result a candidate, and what goes on
Answer = tuple[list[Result], "Stack | None"]


@dataclass
class Stack:
    """Candidates that are trained together on a fold.

    Attributes
    ----------
    surroundings : Surroundings or None
        What is around their networks, fitted; None for bare networks.
    progress : Progress or None
        Where they are; None at the start.
    """

    fold: Fold
    candidates: list[Candidate]
    surroundings: Surroundings | None = None
    progress: Progress | None = None

    def survivors(self, alive: Collection[Candidate]) -> Stack:
        """The part whose candidates are still alive."""
        numbers = {candidate.number for candidate in alive}
        which = [k for k, c in enumerate(self.candidates) if c.number in numbers]
        return replace(
            self,
            candidates=[self.candidates[k] for k in which],
            progress=self.progress and take(self.progress, np.array(which, int)),
        )


def fit_alone(
    job: Job, fold: Fold, parameters: dict, context=None, limit: Limit | None = None
) -> Answer:
    """Fit and score one candidate the ordinary way, if there is time to begin."""
    if limit is not None and limit.is_over and not limit.is_needed:
        return [not_tried(job, fold)], None
    # scikit-learn before 1.9 does not know of callbacks
    known = {} if context is None else {"caller": job.search, "callback_ctx": context}
    return [job.result(clone(job.estimator), fold, parameters, **known)], None


def fit_surroundings(job: Job, fold: Fold, candidate: Candidate) -> Surroundings | None:
    """What is around the network of a candidate, fitted; None if that fails.

    Then the fits of the candidates themselves will tell.
    """
    estimator = with_parameters(job.estimator, candidate.parameters)
    recording, seen = record(estimator)
    result = job.fit_and_score(
        recording, fold, scorer=_no_score, return_train_score=False
    )
    if result["fit_error"] is not None:
        return None
    X, y, arguments = seen[0]
    return Surroundings(recording, X, y, arguments, result["fit_time"])


def _no_score(estimator, X, y=None, **params) -> float:
    return 0.0


def fit_together(
    job: Job,
    stack: Stack,
    n_epochs: int | None = None,
    context=None,
    limit: Limit | None = None,
) -> Answer:
    """Fit and score the candidates of a stack; each as if it were alone.

    Up to ``n_epochs``: then the second answer holds those that have not ended.
    """
    if limit is not None and limit.is_over and not limit.is_needed:
        return [not_tried(job, stack.fold) for _ in stack.candidates], None
    training = Training(job, stack, n_epochs, limit)
    with training.followed(context):
        results = [job.result(each, stack.fold) for each in training.estimators]
    if training.run is not None and training.run.stopped:
        for i in training.run.going_on:
            if limit is None or not limit.is_over:
                results[i]["was_stopped"] = True
            elif limit.is_needed:
                results[i]["was_cut"] = True
            else:
                results[i] = not_tried(job, stack.fold)
    seconds = sum(result["fit_time"] for result in results)
    if stack.surroundings is not None:
        seconds += stack.surroundings.seconds
    for result in results:
        result["fit_time"] = seconds / len(results)
    return results, training.rest()


class Training:
    """The run of a stack, which begins when the first of its candidates is fitted.

    scikit-learn's function calls ``fit`` of one candidate after the other: the first
    call trains all of them.
    """

    def __init__(
        self,
        job: Job,
        stack: Stack,
        n_epochs: int | None,
        limit: Limit | None = None,
    ) -> None:
        self.job, self.stack, self.n_epochs = job, stack, n_epochs
        self.limit = limit
        self.reports: Sequence[Report] = ()
        self.estimators = [
            with_parameters(job.estimator, candidate.parameters)
            for candidate in stack.candidates
        ]
        self.models: list[Any] = [find_mlp(e) for e in self.estimators]
        self.run: Run | None = None
        for k, estimator in enumerate(self.estimators):
            estimator.fit = _Fit(self, k)

    @contextmanager
    def followed(self, context) -> Iterator[None]:
        """The callbacks of the search follow the training, if there are any."""
        if context is None:
            yield
            return
        progress = self.stack.progress
        follower = FollowedStack(
            self.job.search,
            context,
            len(self.models),
            progress.epoch if progress else 0,
            self.last,
        )
        with follower.open() as self.reports:
            yield

    def fit(self, k: int, X, y, arguments: dict):
        """Fit candidate k."""
        estimator, surroundings = self.estimators[k], self.stack.surroundings
        del estimator.fit  # its own again
        if self.run is None:
            given = surroundings.given if surroundings else (X, y, arguments)
            self.run = self._train(*given)
        error = self.run.errors[k]
        if k in self.run.failures:
            # the scorer's error is told best by a fit of its own
            self.models[k].set_params(max_iter=self.last)
            return estimator.fit(X, y, **arguments)
        if error is not None:
            raise error
        self.run.warn(k)
        if surroundings is not None:
            vars(estimator).update(vars(surroundings.enclose(self.models[k])))
        return estimator

    @property
    def last(self) -> int:
        """Epochs at the end of this run."""
        return self.n_epochs or self.models[0].max_iter

    def _train(self, X, y, arguments: dict) -> Run:
        run = start(
            self.models,
            X,
            y,
            arguments.get("sample_weight"),
            Given.of(arguments),
            progress=self.stack.progress,
            tolerant=True,
        )
        # of several attempts, each of another candidate's fit, the first is followed
        reports, self.reports = self.reports, ()
        deadline = None if self.limit is None else self.limit.deadline
        run.advance(self.last, reports, deadline)
        run.finish(
            to_go_on=self.n_epochs is not None,
            quiet=self.last < self.models[0].max_iter,
        )
        return run

    def rest(self) -> Stack | None:
        """The candidates that go on, and where they are."""
        if self.n_epochs is None or self.run is None or not len(self.run.going_on):
            return None
        candidates = [self.stack.candidates[i] for i in self.run.going_on]
        progress = self.run.task.progress
        return replace(self.stack, candidates=candidates, progress=progress)


class _Fit(NamedTuple):
    """``fit`` of a candidate, as long as it is the stack's."""

    training: Training
    k: int

    def __call__(self, X, y=None, **arguments):
        return self.training.fit(self.k, X, y, arguments)
