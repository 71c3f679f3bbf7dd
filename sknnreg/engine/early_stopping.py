"""When to stop, and which parameters to keep (Prechelt 1998, "Early stopping").

Each model of a stack is watched on its own. Scores are greater-is-better: without
validation data the score is minus the training loss.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass
class EarlyStopping:
    """Stop after exactly ``patience`` epochs in a row without progress.

    Progress is a score above the best one by more than ``tol``; the *kept* parameters
    are those of the highest score all the same. A score that is not finite ends the
    model's training.

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
    n_models: int = 1
    best: NDArray = field(init=False)

    def __post_init__(self) -> None:
        self.best = np.full(self.n_models, -np.inf)
        self.best_epoch = np.full(self.n_models, -1)
        self.waited = np.zeros(self.n_models, int)
        self.active = np.ones(self.n_models, bool)
        self.diverged = np.zeros(self.n_models, bool)
        self.snapshot: list[NDArray] = []

    def observe(self, epoch: int, score: NDArray, *vectors: NDArray) -> NDArray:
        """Take in the scores (K,) of an epoch; gives the models that stall.

        A stalled model has run out of patience: the caller either ends it
        (:meth:`end`) or helps it and lets it go on (:meth:`restart`).
        """
        finite = np.isfinite(score)
        self.diverged |= self.active & ~finite
        self.active &= finite
        progress = score > self.best + self.tol
        better = self.active & (score > self.best)
        self.waited = np.where(progress, 0, self.waited + 1)
        self.keep(epoch, score, better, *vectors)
        return self.active & (self.waited >= self.patience)

    def keep(
        self,
        epoch: int,
        score: NDArray,
        which: NDArray,
        *vectors: NDArray,
    ) -> None:
        """Make these models' present vectors (K, ...) the kept ones."""
        if not self.snapshot:
            self.snapshot = [vector.copy() for vector in vectors]
        if not which.any():
            return
        # no mask where all are kept: a plain copy is faster
        part: NDArray | slice = slice(None) if which.all() else which
        self.best[part] = score[part]
        self.best_epoch[part] = epoch
        for kept, vector in zip(self.snapshot, vectors, strict=True):
            kept[part] = vector[part]

    def take(self, which: NDArray) -> EarlyStopping:
        """The state of some of the models, as a copy."""
        part = EarlyStopping(self.patience, self.tol, 0)
        for name in ("best", "best_epoch", "waited", "active", "diverged"):
            setattr(part, name, getattr(self, name)[which])
        part.n_models = len(part.best)
        part.snapshot = [kept[which] for kept in self.snapshot]
        return part

    def end(self, which: NDArray) -> None:
        """End the training of these models."""
        self.active &= ~which

    def restart(self, which: NDArray) -> None:
        """Give these models their whole patience again."""
        self.waited[which] = 0
