"""The evaluation of all searches: candidates on all folds, once or repeatedly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from joblib import effective_n_jobs
from sklearn.utils.parallel import delayed

from sknnreg._composition import (
    Surroundings,
    find_mlp,
    with_parameters,
)
from sknnreg._sklearn import _num_features
from sknnreg._stack import training_cost
from sknnreg.model_selection._follow import Printer, Tasks
from sknnreg.model_selection._groups import Group, chunks, partition
from sknnreg.model_selection._time import Limit, limits
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


class Evaluation:
    """Candidates on all folds, trained further from iteration to iteration.

    Parameters
    ----------
    job : Job
    folds : sequence of Fold
    candidates : sequence of Candidate
    parallel : joblib.Parallel
        Gives an iterable.
    max_stack : int or None
        Most candidates of a stack.
    verbose : int
    """

    def __init__(
        self,
        job: Job,
        folds: Sequence[Fold],
        candidates: Sequence[Candidate],
        parallel,
        max_stack: int | None,
        verbose: int,
    ) -> None:
        self.job, self.folds, self.parallel = job, folds, parallel
        self.verbose = verbose
        groups, alone = partition(job.estimator, candidates)
        #: what must be fitted alone
        self.alone = [(fold, candidate) for fold in folds for candidate in alone]
        self.stacks = self._stacks(groups, max_stack)
        self.results: dict[tuple[int, int], Result] = {}

    def run(
        self,
        alive: Sequence[Candidate],
        tasks: Tasks,
        name: str = "search",
        n_epochs: int | None = None,
        resource: str = "",
    ) -> list[Result]:
        """Results of candidates, those of one on all folds following each other.

        Parameters
        ----------
        alive : sequence of Candidate
            Of those that :class:`Evaluation` was given.
        tasks : Tasks
            What callbacks follow.
        name : str
            Of the task below that this is.
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
        printer = Printer(self.verbose, alive, len(self.folds), resource)
        ends = iter(self._limits(stacks, pairs))
        with tasks.part(name, len(stacks) + len(pairs)) as tasks:
            units: list[tuple[Fold, list[Candidate], Any]] = []
            for stack in stacks:
                context = self._context(stack, n_epochs, tasks)
                call = delayed(fit_together)(
                    self.job, stack, n_epochs, context, next(ends)
                )
                units.append((stack.fold, stack.candidates, call))
            for fold, candidate in pairs:
                parameters, context = candidate.parameters | limit, tasks.alone()
                arguments = (self.job, fold, parameters, context, next(ends))
                units.append((fold, [candidate], delayed(fit_alone)(*arguments)))
            self.stacks = []
            answers = self.parallel(printer.begun(*unit) for unit in units)
            for (fold, candidates, _), (results, rest) in zip(
                units, answers, strict=True
            ):
                for candidate, result in zip(candidates, results, strict=True):
                    self.results[candidate.number, fold.number] = result
                    printer.done(fold, candidate, result)
                if rest is not None:
                    self.stacks.append(rest)
        return [self.results[c.number, f.number] for c in alive for f in self.folds]

    def _limits(
        self, stacks: list[Stack], pairs: list[tuple[Fold, Candidate]]
    ) -> list[Limit | None]:
        """When each stack, and what is fitted alone, has to end.

        Where time is limited the folds of a candidate follow each other, so that those
        that are tried are tried on all of them.
        """
        if self.job.end is not None:
            stacks.sort(key=lambda stack: stack.candidates[0].number)
            pairs.sort(key=lambda pair: pair[1].number)
        leaders = [stack.candidates[0].number for stack in stacks]
        leaders += [candidate.number for _, candidate in pairs]
        needed = [not self.results and leader == leaders[0] for leader in leaders]
        n_jobs = effective_n_jobs(getattr(self.parallel, "n_jobs", None))
        return limits(self.job.end, needed, n_jobs)

    def _context(self, stack: Stack, n_epochs: int | None, tasks: Tasks) -> Any:
        """The task of a stack for callbacks; None where there are none."""
        if tasks.context is None:
            return None
        if n_epochs is None:
            first = with_parameters(self.job.estimator, stack.candidates[0].parameters)
            n_epochs = find_mlp(first).max_iter
        left = n_epochs - (stack.progress.epoch if stack.progress else 0)
        return tasks.stack(len(stack.candidates), stack.fold.number, left)

    def _stacks(self, groups: Sequence[Group], max_stack: int | None) -> list[Stack]:
        """The stacks to train, each with what is around its networks.

        The longest come first: at the end no worker waits long for another.
        """
        surroundings = self._surroundings(groups)
        stacks: list[tuple[int, Stack]] = []
        for fold in self.folds:
            for group in groups:
                around = surroundings.get((fold.number, group.outside))
                if group.is_wrapped and around is None:
                    self.alone += [(fold, c) for c in group.candidates]
                    continue
                size = self._size(fold, around)
                each = training_cost(group.model, size[1])
                for candidates in chunks(group, *size, max_stack):
                    stack = Stack(fold, candidates, around)
                    stacks.append((each * len(candidates), stack))
        stacks.sort(key=lambda pair: -pair[0])
        return [stack for _, stack in stacks]

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
