"""The evaluation of all searches: candidates on all folds, once or repeatedly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.utils.parallel import delayed

from sknnreg._sklearn import _num_features
from sknnreg.model_selection._groups import Group, chunks, partition
from sknnreg.model_selection._work import (
    Candidate,
    Fold,
    Job,
    Result,
    Stack,
    fit_alone,
    fit_surroundings,
    fit_together,
)
from sknnreg.model_selection._wrapped import Surroundings


class Evaluation:
    """Candidates on all folds, trained further from iteration to iteration.

    Parameters
    ----------
    job : Job
    folds : sequence of Fold
    candidates : sequence of Candidate
    parallel : joblib.Parallel
    max_stack : int or None
        Most candidates of a stack.
    """

    def __init__(
        self,
        job: Job,
        folds: Sequence[Fold],
        candidates: Sequence[Candidate],
        parallel,
        max_stack: int | None,
    ) -> None:
        self.job, self.folds, self.parallel = job, folds, parallel
        groups, alone = partition(job.estimator, candidates)
        #: what must be fitted alone
        self.alone = [(fold, candidate) for fold in folds for candidate in alone]
        self.stacks = self._stacks(groups, max_stack)
        self.results: dict[tuple[int, int], Result] = {}

    def run(
        self,
        alive: Sequence[Candidate],
        n_epochs: int | None = None,
        resource: str = "",
    ) -> list[Result]:
        """Results of candidates, those of one on all folds following each other.

        Parameters
        ----------
        alive : sequence of Candidate
            Of those that :class:`Evaluation` was given.
        n_epochs : int or None
            Up to which to train in this iteration; None to the end.
        resource : str
            The hyperparameter that counts epochs: what is fitted alone begins anew in
            each iteration.
        """
        stacks = [stack.survivors(alive) for stack in self.stacks]
        stacks = [stack for stack in stacks if stack.candidates]
        numbers = {candidate.number for candidate in alive}
        pairs = [(f, c) for f, c in self.alone if c.number in numbers]
        limit = {} if n_epochs is None else {resource: n_epochs}
        calls = [delayed(fit_together)(self.job, s, n_epochs) for s in stacks]
        calls += [
            delayed(fit_alone)(self.job, fold, candidate.parameters | limit)
            for fold, candidate in pairs
        ]
        answers = self.parallel(calls)
        self.stacks = []
        for stack, (results, rest) in zip(stacks, answers, strict=False):
            for candidate, result in zip(stack.candidates, results, strict=True):
                self.results[candidate.number, stack.fold.number] = result
            if rest is not None:
                self.stacks.append(rest)
        for (fold, candidate), result in zip(
            pairs, answers[len(stacks) :], strict=True
        ):
            self.results[candidate.number, fold.number] = result
        return [self.results[c.number, f.number] for c in alive for f in self.folds]

    def _stacks(self, groups: Sequence[Group], max_stack: int | None) -> list[Stack]:
        """The stacks to train, each with what is around its networks."""
        surroundings = self._surroundings(groups)
        stacks = []
        for fold in self.folds:
            for group in groups:
                around = surroundings.get((fold.number, group.outside))
                if group.is_wrapped and around is None:
                    self.alone += [(fold, c) for c in group.candidates]
                    continue
                size = self._size(fold, around)
                for candidates in chunks(group, *size, max_stack):
                    stacks.append(Stack(fold, candidates, around))
        return stacks

    def _surroundings(
        self, groups: Sequence[Group]
    ) -> dict[tuple, Surroundings | None]:
        """What is around the networks, fitted once a fold and setting of its own."""
        example = {
            (fold.number, group.outside): (fold, group.candidates[0])
            for fold in self.folds
            for group in groups
            if group.is_wrapped
        }
        if not example:
            return {}
        done = self.parallel(
            delayed(fit_surroundings)(self.job, *case) for case in example.values()
        )
        return dict(zip(example, done, strict=True))

    def _size(self, fold: Fold, around: Surroundings | None) -> tuple[int, int, int]:
        """Rows, columns and bytes of a number of what a network will see."""
        X = self.job.X if around is None else around.X
        is_float32 = getattr(X, "dtype", None) == np.float32
        try:
            n_features = _num_features(X)
        except TypeError:  # not a table: the fit will say so
            n_features = 1
        return len(fold.train), n_features, 4 if is_float32 else 8
