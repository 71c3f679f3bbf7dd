"""When to stop, and which parameters to keep (Prechelt 1998, "Early stopping").

Each model of a stack is watched on its own. Scores are greater-is-better: without
validation data the score is minus the training loss.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass
class EarlyStopping:
    """Stop after exactly ``patience`` epochs in a row without progress.

    Progress is a score above the best one by more than ``tol``; the *kept* parameters
    are those of the highest score all the same. A score that is not finite ends the
    model's training.

    It is a value: :meth:`observe` gives what comes after an epoch, so that an
    interrupt finds either the one or the other.

    Attributes
    ----------
    best : ndarray of shape (K,)
        Highest finite score so far.
    best_epoch : ndarray of shape (K,)
        The epoch it was reached in, counted from 0; -1 if none.
    waited : ndarray of shape (K,)
        Epochs without progress so far.
    active : ndarray of bool, shape (K,)
        Models that go on.
    diverged : ndarray of bool, shape (K,)
        Models ended by a score that is not finite.
    snapshot : list of ndarray
        Copies of the parameters and running statistics of the best epoch.
    """

    patience: float
    tol: float
    n_models: InitVar[int] = 1
    best: NDArray = field(init=False)
    best_epoch: NDArray = field(init=False)
    waited: NDArray = field(init=False)
    active: NDArray = field(init=False)
    diverged: NDArray = field(init=False)
    snapshot: list[NDArray] = field(init=False, default_factory=list)
    #: memory for the next snapshot
    spare: list[NDArray] = field(init=False, default_factory=list, repr=False)

    def __post_init__(self, n_models: int) -> None:
        self.best = np.full(n_models, -np.inf)
        self.best_epoch = np.full(n_models, -1)
        self.waited = np.zeros(n_models, int)
        self.active = np.ones(n_models, bool)
        self.diverged = np.zeros(n_models, bool)

    def observe(
        self, epoch: int, score: NDArray, vectors: list[NDArray]
    ) -> tuple[EarlyStopping, NDArray]:
        """After an epoch with these scores (K,); and which models stall.

        A stalled model has run out of patience: the caller either ends it
        (:meth:`end`) or helps it and lets it go on (:meth:`restart`).
        """
        finite = np.isfinite(score)
        active = self.active & finite
        waited = np.where(score > self.best + self.tol, 0, self.waited + 1)
        after = self._with(
            diverged=self.diverged | (self.active & ~finite),
            active=active,
            waited=waited,
            **self._kept(epoch, score, active & (score > self.best), vectors),
        )
        return after, active & (waited >= self.patience)

    def keep(
        self, epoch: int, score: NDArray, which: NDArray, vectors: list[NDArray]
    ) -> EarlyStopping:
        """After making these models' present vectors (K, ...) the kept ones."""
        return self._with(**self._kept(epoch, score, which, vectors))

    def _kept(
        self, epoch: int, score: NDArray, which: NDArray, vectors: list[NDArray]
    ) -> dict:
        """What changes by keeping the vectors of some models."""
        if which.all():
            # beside the last snapshot, which an interrupt would else leave in pieces
            kept = self.spare or [np.empty_like(vector) for vector in vectors]
            for copy, vector in zip(kept, vectors, strict=True):
                np.copyto(copy, vector)
            best_epoch = np.full(len(score), epoch)
            return {
                "best": score.copy(),
                "best_epoch": best_epoch,
                "snapshot": kept,
                "spare": self.snapshot,
            }
        kept = self.snapshot or [vector.copy() for vector in vectors]
        if not which.any():
            return {"snapshot": kept}
        for copy, vector in zip(kept, vectors, strict=True):
            copy[which] = vector[which]
        return {
            "best": np.where(which, score, self.best),
            "best_epoch": np.where(which, epoch, self.best_epoch),
            "snapshot": kept,
        }

    def end(self, which: NDArray) -> EarlyStopping:
        """After ending the training of these models."""
        return self._with(active=self.active & ~which)

    def restart(self, which: NDArray) -> EarlyStopping:
        """After giving these models their whole patience again."""
        return self._with(waited=np.where(which, 0, self.waited))

    def _with(self, **changes: Any) -> EarlyStopping:
        after = object.__new__(EarlyStopping)
        vars(after).update(vars(self), **changes)
        return after
