"""One worker's unit: candidates trained together on all folds but one."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sknnreg._config import config_context
from sknnreg._cv._space import NUMBERS, Candidate
from sknnreg._data import Given
from sknnreg._run import start
from sknnreg._sklearn import _safe_indexing
from sknnreg._target import ClassTarget, Target
from sknnreg.model_selection._work import Fold
from sknnreg.preprocessing import TablePreprocessor


class SettledClasses(ClassTarget):
    """A target that knows its classes: a fold need not have all of them."""

    def settle(self, y) -> None:
        """Learn from all rows."""
        super().learn(y)

    def learn(self, y):
        """There is nothing more to learn."""


class Job(NamedTuple):
    """What all units share.

    Attributes
    ----------
    kind : type
        Of the networks.
    X, y, weight :
        All rows; the targets of a regression standardized.
    target : Target or None
        What is known of the target; None if each network may learn it.
    preprocessing, network : dict
        Parameters of all preprocessors, of all networks.
    seed : int
    config : dict
        sknnreg's configuration.
    """

    kind: type
    X: Any
    y: NDArray
    weight: NDArray | None
    target: Target | None
    preprocessing: dict[str, Any]
    network: dict[str, Any]
    seed: int
    config: dict[str, Any]

    def rows(self, which: NDArray) -> tuple[Any, NDArray, NDArray | None]:
        """Some rows of X, y and weight."""
        weight = None if self.weight is None else self.weight[which]
        return _safe_indexing(self.X, which), self.y[which], weight

    def preprocessor(self, way: str) -> TablePreprocessor:
        """Not fitted."""
        given = NUMBERS[way] | self.preprocessing
        return TablePreprocessor(random_state=self.seed, **given)

    def model(self, candidate: Candidate):
        """The network of a candidate, not fitted."""
        seed = self.seed + candidate.number
        return self.kind(random_state=seed, **(self.network | candidate.network))


class Member(NamedTuple):
    """A candidate trained on all folds but one.

    Attributes
    ----------
    candidate : Candidate
    fold : int
    preprocessor, network : estimator
        Fitted; of a candidate whose training failed None.
    prediction : ndarray or None
        For the rows of the fold: probabilities, or numbers.
    seconds : float
        Share of the unit's.
    """

    candidate: Candidate
    fold: int
    preprocessor: Any
    network: Any
    prediction: NDArray | None
    seconds: float


def train_together(
    job: Job,
    fold: Fold,
    candidates: list[Candidate],
    deadline: float,
    begin_by: float,
) -> list[Member]:
    """Train candidates of equal preparation and structure, until the deadline.

    That and ``begin_by``, after which there is no use in beginning, are times of
    ``time.time``, which all processes share. What has begun has an epoch at least.
    """
    began = time.time()
    if began >= begin_by:
        return []
    with config_context(**job.config):
        preprocessor = job.preprocessor(candidates[0].numbers)
        X, y, weight = job.rows(fold.train)
        held_out, *truth = job.rows(fold.test)
        X = preprocessor.fit_transform(X, y)
        held_out = preprocessor.transform(held_out)
        models = [job.model(candidate) for candidate in candidates]
        given = Given(held_out, *truth)
        run = start(models, X, y, weight, given, target=job.target)
        left = deadline - time.time()
        run.advance(models[0].max_iter, deadline=time.monotonic() + left)
        run.finish(quiet=True)
    seconds = (time.time() - began) / len(models)
    members = []
    for candidate, model, error in zip(candidates, models, run.errors, strict=True):
        if error is not None:  # diverged
            members.append(Member(candidate, fold.number, None, None, None, seconds))
            continue
        del model._progress  # of use for going on only, and larger than the network
        prediction = predict(model, held_out)
        members.append(
            Member(candidate, fold.number, preprocessor, model, prediction, seconds)
        )
    return members


def predict(network, X) -> NDArray:
    """What is averaged: probabilities of a classifier, numbers of a regressor."""
    if not hasattr(network, "predict_proba"):
        return np.asarray(network.predict(X), np.float64)
    probability = np.asarray(network.predict_proba(X), np.float64)
    if not network._target.is_multilabel:
        # in double precision too they are to sum to 1
        probability /= probability.sum(axis=1, keepdims=True)
    return probability
