"""When to stop, and which parameters to keep (Prechelt 1998, "Early stopping").

Each model of a stack is watched on its own. Scores are greater-is-better: without
validation data the score is minus the training loss.
"""

from __future__ import annotations

import math
from dataclasses import InitVar, dataclass, field

import numpy as np
from numpy.typing import NDArray

from sknnreg.engine.model_axis import copy_all


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
        after = self._copy()
        better = []
        # model by model: one alone would pay for a dozen operations on arrays of one
        for k, (value, best, active) in enumerate(
            zip(score.tolist(), self.best.tolist(), self.active.tolist(), strict=True)
        ):
            after.waited[k] = 0 if value > best + self.tol else self.waited[k] + 1
            if active and not math.isfinite(value):
                after.active[k], after.diverged[k] = False, True
            elif active and value > best:
                better.append(k)
        after._keep(epoch, score, better, vectors)
        return after, after.active & (after.waited >= self.patience)

    def keep(self, epoch: int, score: NDArray, vectors: list[NDArray]) -> EarlyStopping:
        """After making all models' present vectors (K, ...) the kept ones."""
        after = self._copy()
        after._keep(epoch, score, list(range(len(score))), vectors)
        return after

    def _keep(
        self, epoch: int, score: NDArray, which: list[int], vectors: list[NDArray]
    ) -> None:
        """Keep the vectors of some models, beside an earlier value's snapshot."""
        for k in which:
            self.best[k], self.best_epoch[k] = score[k], epoch
        if not self.snapshot:
            self.snapshot = [vector.copy() for vector in vectors]
        elif which:
            # not over the last snapshot, which an interrupt would leave in pieces
            kept = self.spare or [np.empty_like(vector) for vector in vectors]
            if len(which) == len(score):
                copy_all(kept, vectors)
            else:
                copy_all(kept, self.snapshot)
                for copy, vector in zip(kept, vectors, strict=True):
                    copy[which] = vector[which]
            self.snapshot, self.spare = kept, self.snapshot

    def end(self, which: NDArray) -> EarlyStopping:
        """After ending the training of these models."""
        after = self._copy()
        after.active &= ~which
        return after

    def restart(self, which: NDArray) -> EarlyStopping:
        """After giving these models their whole patience again."""
        after = self._copy()
        after.waited[which] = 0
        return after

    def _copy(self) -> EarlyStopping:
        """The same value with arrays of its own; but the snapshot, which is shared."""
        after = object.__new__(EarlyStopping)
        vars(after).update(vars(self))
        for name in ("best", "best_epoch", "waited", "active", "diverged"):
            setattr(after, name, getattr(self, name).copy())
        return after
