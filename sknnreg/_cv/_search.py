"""The search: a first timing, first candidates, others like the best, the race."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from math import ceil, isinf

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray

from sknnreg._cv._pilot import Pilot
from sknnreg._cv._plan import Plan, most_epochs, plan, race_size, survivors
from sknnreg._cv._race import Race
from sknnreg._cv._selection import select, shrunk
from sknnreg._cv._space import (
    PORTFOLIO,
    Candidate,
    draw,
    lasting,
    portfolio,
)
from sknnreg._cv._work import Job, Member
from sknnreg._report import say
from sknnreg.model_selection._follow import Tasks
from sknnreg.model_selection._work import Fold

#: candidates where no time limits them
N_CANDIDATES = 24
#: rows to train on, however short the time
LEAST_ROWS = 1000
#: share of the time that is left for what comes after training
RESERVE = 0.04
#: networks of an ensemble at most, folds not counted
ENSEMBLE_SIZE = 32
#: share of the first candidates' pairs of preparation and shape that others are like
LEADING = 0.5
#: how many of the first candidates are tried with twice the epochs
DOUBLED = 2
#: share of the loss that twice the epochs must take off
WORTH_DOUBLING = 0.03


class Search:
    """All of it, for one table.

    Parameters
    ----------
    job : Job
    folds : list of Fold
    loss : callable
        Of predictions for the rows with these numbers.
    choices : sequence of str
        Ways to prepare numbers.
    n_candidates : int or None
        None: as many as there is time for.
    max_iter : int or None
        Epochs at most; None: by the plan.
    max_time : float
        Seconds; may be infinite.
    n_jobs : int or None
    verbose : bool

    Attributes
    ----------
    candidates : list of Candidate
    race : Race
    plan : Plan
    weights : dict of int to float
        Of the candidates in the ensemble.
    """

    def __init__(
        self,
        job: Job,
        folds: Sequence[Fold],
        loss: Callable[[NDArray, NDArray], float],
        choices: Sequence[str],
        *,
        n_candidates: int | None,
        max_iter: int | None,
        max_time: float,
        began: float,
        n_jobs: int | None,
        verbose: int,
    ) -> None:
        self.job, self.folds, self.loss = job, folds, loss
        self.n_candidates, self.verbose = n_candidates, verbose
        self.n_workers = effective_n_jobs(n_jobs)
        self.began, self.max_time = began, max_time
        deadline = began + max_time * (1 - RESERVE)
        pilot = Pilot(job, portfolio(1, choices)[0], folds[0].train)
        self.job = self._with_backend(pilot, max_iter)
        n_first = n_candidates or len(PORTFOLIO)
        first = portfolio(n_first, pilot.suitable(choices))
        self.plan = self._plan(pilot, len(first), max_iter, deadline)
        self.max_iter, self.may_double = self.plan.max_iter, max_iter is None
        self.candidates = [
            lasting(c, self.max_iter) for c in first[: self.plan.n_first]
        ]
        if self.plan.share < 1:
            self.folds = [self._thinned(fold) for fold in folds]
        n_inputs = pilot.X.shape[1]
        self.race = Race(self.job, self.folds, loss, n_jobs, deadline, n_inputs)

    def _thinned(self, fold: Fold) -> Fold:
        """With fewer rows to train on, where there is no time for all."""
        n_rows = len(fold.train)
        n = max(min(LEAST_ROWS, n_rows), int(self.plan.share * n_rows))
        rng = np.random.default_rng((self.job.seed, fold.number))
        return fold._replace(train=np.sort(rng.choice(fold.train, n, replace=False)))

    def _with_backend(self, pilot: Pilot, max_iter: int | None) -> Job:
        """The job, with the form of the step that all its networks have."""
        epochs = max_iter or most_epochs(len(self.folds[0].train))
        n_networks = len(self.folds) * self._most
        backend = pilot.backend(epochs * n_networks, self.max_time)
        if self.verbose and backend == "fast":
            self._say("compiled code is loaded; the first time it has to be made")
        return self.job._replace(config=self.job.config | {"backend": backend})

    def _plan(
        self, pilot: Pilot, n_first: int, max_iter: int | None, deadline: float
    ) -> Plan:
        """What fits into the time, by the first epochs of the first candidate."""
        per_epoch = 0.0
        if not isinf(deadline):
            per_epoch = pilot.seconds_per_epoch(self.job.config["backend"])
        n_rows, n_folds = len(self.folds[0].train), len(self.folds)
        seconds = (deadline - time.time()) * self.n_workers
        found = plan(n_rows, n_folds, n_first, per_epoch, seconds)
        return found if max_iter is None else found._replace(max_iter=max_iter)

    @property
    def _most(self) -> int:
        """Candidates at most."""
        limited = not isinf(self.max_time)
        return self.n_candidates or (sys.maxsize if limited else N_CANDIDATES)

    @property
    def n_steps(self) -> int:
        """Parts of the search: first candidates, more epochs, others, folds, rest."""
        return len(self.plan.rungs) + 3

    def run(self, tasks: Tasks) -> None:
        """Train, and choose the ensemble; callbacks follow by ``tasks``."""
        self.tasks, rungs = tasks, self.plan.rungs
        self._train(self.candidates, rungs[0])
        self._double()
        alive = self._with_others()
        for rung in rungs[1:]:
            alive = self._ahead(alive)
            self._train(alive, rung)
        self._use_what_is_left()
        self.weights = self._select()

    def _train(self, candidates: Sequence[Candidate], folds: range) -> None:
        where = f"folds {folds.start + 1} to {folds.stop} of {len(self.folds)}"
        name = f"{len(candidates)} candidates on {where}"
        n_units = len(candidates) * len(folds)
        with self.tasks.part(name, n_units) as tasks:
            self.race.run(candidates, folds, tasks)
        if self.verbose:
            best, *_ = self.race.ranked(self.tried())
            self._say(f"{name}; best: {best.numbers}, {best.shape}")

    def _say(self, text: str) -> None:
        say(f"{time.time() - self.began:6.1f} s: {text}")

    def tried(self) -> list[Candidate]:
        """Candidates that were trained at least once."""
        return [c for c in self.candidates if self.race.n_folds(c)]

    def _double(self) -> None:
        """The best again with twice the epochs, as long as that pays.

        Where noise is most of what is left, it cannot.
        """
        race, rung = self.race, self.plan.rungs[0]
        while self.may_double:
            ranked = race.ranked(self.tried())
            best = self._to_double(ranked)
            if not best:
                break
            twins = [
                lasting(c, 2 * self.max_iter)._replace(number=number)
                for number, c in enumerate(best, len(self.candidates))
            ]
            self.candidates = self.candidates + twins
            self._train(twins, rung)
            before = race.mean_loss(ranked[0], rung)
            through = [c for c in twins if race.folds_of(c) >= set(rung)]
            after = min((race.mean_loss(c, rung) for c in through), default=np.inf)
            if after > (1 - WORTH_DOUBLING) * before:
                break
            self.max_iter *= 2

    def _to_double(self, ranked: Sequence[Candidate]) -> list[Candidate]:
        """The best that are worth it, as many as there is time for."""
        race = self.race
        best = [
            c
            for c in ranked[:DOUBLED]
            if c.network["max_iter"] == self.max_iter
            and race.is_sound(c)
            and race.ends_at_its_best(c)
            and race.explains_most(c)
        ][: self._most - len(self.candidates)]
        while best and not self._can_double(best):
            best.pop()
        return best

    def _can_double(self, best: list[Candidate]) -> bool:
        """Whether there is time to try, and for one of them on the other folds then."""
        n_first = len(self.plan.rungs[0])
        n_units = n_first * len(best) + len(self.folds) - n_first
        each = max(self.race.seconds_per_fold(c) for c in best)
        return 2 * each * n_units < self._seconds_left()

    def _with_others(self) -> list[Candidate]:
        """All candidates of the first folds: random ones like the best join in."""
        first, rung, n = self.tried(), self.plan.rungs[0], self._most
        ranked = self.race.ranked(first)
        leading = ranked[: ceil(LEADING * len(ranked))]
        weights = 1.0 / np.arange(2, len(leading) + 2)
        weights /= weights.sum()
        if not isinf(self.max_time):
            seconds = [self._seconds_of_another(c) for c in leading]
            units = self._seconds_left() / float(weights @ seconds)
            n = min(n, race_size(units, self.plan.rungs, len(first)))
        rng = np.random.default_rng(self.job.seed)
        if n > len(first):
            known = len(self.candidates)  # trained or not: their numbers are taken
            numbers = range(known, known + n - len(first))
            pairs = [(c.numbers, c.shape) for c in leading]
            drawn = draw(rng, numbers, pairs, weights.tolist())
            others = [lasting(c, self.max_iter) for c in drawn]
            self.candidates = first + others
            self._train(others, rung)
        return self.tried()

    def _ahead(self, alive: list[Candidate]) -> list[Candidate]:
        """The better half; fewer if there is no time for them on the other folds."""
        sound = [c for c in self.race.ranked(alive) if self.race.is_sound(c)]
        n = survivors(len(alive))
        if not isinf(self.max_time):
            seconds = np.array([self._seconds_for(c) for c in sound])
            half_through = np.cumsum(seconds) - seconds / 2
            affordable = np.count_nonzero(half_through <= self._seconds_left())
            n = min(n, max(1, int(affordable)))
        return sound[:n]

    def _seconds_left(self) -> float:
        """Of all workers."""
        return max(0.0, self.race.deadline - time.time()) * self.n_workers

    def _seconds_of_another(self, like: Candidate) -> float:
        """What one like this would take for a fold, with the epochs of all others."""
        longer = self.max_iter / like.network["max_iter"]
        return longer * self.race.seconds_per_fold(like)

    def _use_what_is_left(self) -> None:
        """Who was next catches up on all folds, as long as there is time."""
        every = range(len(self.folds))
        while not isinf(self.max_time):
            left = self._seconds_left()
            waiting = [c for c in self.tried() if 0 < self._seconds_for(c) < left]
            if not waiting:
                break
            self._train([max(waiting, key=self._promise)], every)

    def _seconds_for(self, candidate: Candidate) -> float:
        """What a candidate needs for the folds that it has not met."""
        n_lacking = len(self.folds) - self.race.n_folds(candidate)
        return n_lacking * self.race.seconds_per_fold(candidate)

    def _promise(self, candidate: Candidate) -> tuple[int, float]:
        """Who came further, then who was better on the first folds.

        On those of them that there was time for.
        """
        met = self.race.folds_of(candidate)
        loss = self.race.mean_loss(candidate, met.intersection(self.plan.rungs[0]))
        return len(met), -loss

    def _select(self) -> dict[int, float]:
        """Weights of candidates, by predictions for rows that were held out."""
        chosen, folds = self.race.complete()
        if not chosen:
            raise ValueError(
                "The training of every network diverged, or scoring gave NaN. Are "
                "there very large values in X, y or sample_weight?"
            )
        rows = np.concatenate([self.folds[k].test for k in folds])
        predictions = np.stack([self.race.held_out(c, folds) for c in chosen])
        weights = select(predictions, lambda p: self.loss(p, rows), ENSEMBLE_SIZE)
        weights = shrunk(weights, len(rows))
        self.held_out = np.tensordot(weights, predictions, axes=1), rows
        return {c.number: w for c, w in zip(chosen, weights.tolist(), strict=True)}

    def members(self) -> list[tuple[float, Member]]:
        """The networks of the ensemble, with their weights."""
        _, folds = self.race.complete()
        return [
            (weight / len(folds), self.race.members[number, k])
            for number, weight in self.weights.items()
            for k in folds
        ]

    def best(self) -> Member:
        """Of the best candidate the network of the first fold."""
        chosen, folds = self.race.complete()
        return self.race.members[chosen[0].number, folds[0]]
