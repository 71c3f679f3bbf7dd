"""A race: all candidates on a first fold, ever fewer of them on the others.

Each network is trained to its end, with a schedule of its own: what is learned early,
and soon overfits, has no advantage.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from joblib.parallel import get_active_backend
from numpy.typing import NDArray
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.utils.parallel import Parallel, delayed

from sknnreg._config import config_context
from sknnreg._cv._plan import FEW
from sknnreg._cv._space import Candidate
from sknnreg._cv._work import Job, Member, train_together
from sknnreg._stack import stack_key, stack_limit
from sknnreg.model_selection._follow import Tasks
from sknnreg.model_selection._work import Fold

#: share of a unit's usual time that is of use
USEFUL = 0.3
#: share of the epochs; a best one after it asks for more of them
LATE = 0.9
#: share of the loss of a constant; less is left where there is little noise
MOST = 0.1


class Race:
    """Candidates and the folds that they have been trained for.

    Parameters
    ----------
    job : Job
    folds : list of Fold
    loss : callable
        Loss of a prediction for rows with these numbers; less is better.
    n_jobs : int or None
    deadline : float
        Time of ``time.time`` after which nothing new begins.
    n_inputs : int
        Columns of a prepared table, about.

    Attributes
    ----------
    members : dict of (int, int) to Member
        By candidate and fold.
    losses : dict of (int, int) to float
    """

    def __init__(
        self,
        job: Job,
        folds: Sequence[Fold],
        loss: Callable[[NDArray, NDArray], float],
        n_jobs: int | None,
        deadline: float,
        n_inputs: int,
    ) -> None:
        self.job, self.folds, self.loss = job, folds, loss
        self.deadline, self.n_inputs = deadline, n_inputs
        self.n_jobs = n_jobs
        self.members: dict[tuple[int, int], Member] = {}
        self.losses: dict[tuple[int, int], float] = {}

    def run(
        self, candidates: Sequence[Candidate], folds: Iterable[int], tasks: Tasks
    ) -> None:
        """Train these for these folds, as far as time allows; something at least."""
        places = [
            (self.folds[k], together)
            for k in folds
            for together in self._stacks([c for c in candidates if self._lacks(c, k)])
        ]
        units = (
            delayed(train_together)(self.job, *place, self.deadline, self._begin_by)
            for place in places
        )
        backend, _ = get_active_backend()
        as_they_come = "generator" if backend.supports_return_generator else "list"
        for members in Parallel(
            n_jobs=self.n_jobs,
            batch_size=1,
            pre_dispatch="n_jobs",
            return_as=as_they_come,
        )(units):
            for member in members:
                key = member.candidate.number, member.fold
                self.members[key] = member
                self.losses[key] = self._loss_of(member)
                with tasks.part(f"fold {member.fold + 1}"):
                    pass

    @property
    def _begin_by(self) -> float:
        """The first unit is trained in any case, others if there is time enough."""
        if not self.members:
            return np.inf
        return self.deadline - USEFUL * self.seconds_per_unit

    def _lacks(self, candidate: Candidate, fold: int) -> bool:
        return (candidate.number, fold) not in self.members

    def _loss_of(self, member: Member) -> float:
        if member.prediction is None:
            return np.inf
        loss = self.loss(member.prediction, self.folds[member.fold].test)
        return loss if np.isfinite(loss) else np.inf

    def _stacks(self, candidates: Sequence[Candidate]) -> list[list[Candidate]]:
        """Candidates that can be trained together, as many as are fastest."""
        groups: dict[tuple, list[Candidate]] = {}
        for candidate in candidates:
            key = (candidate.numbers, stack_key(self.job.model(candidate)))
            groups.setdefault(key, []).append(candidate)
        stacks = []
        n_rows = len(self.folds[0].train)
        for together in groups.values():
            model = self.job.model(together[0])
            with config_context(**self.job.config):
                size = stack_limit(model, n_rows, self.n_inputs, 1, itemsize=4)
            stacks += [together[i : i + size] for i in range(0, len(together), size)]
        return stacks

    @property
    def seconds_per_unit(self) -> float:
        """Of a candidate and a fold, in the mean."""
        return float(np.mean([member.seconds for member in self.members.values()]))

    def folds_of(self, candidate: Candidate) -> set[int]:
        """The folds that a candidate was trained for."""
        return {fold for number, fold in self.members if number == candidate.number}

    def n_folds(self, candidate: Candidate) -> int:
        """How many these are."""
        return len(self.folds_of(candidate))

    def seconds(self, candidate: Candidate) -> float:
        """That all its folds took."""
        number = candidate.number
        return sum(self.members[number, k].seconds for k in self.folds_of(candidate))

    def seconds_per_fold(self, candidate: Candidate) -> float:
        """In the mean."""
        return self.seconds(candidate) / self.n_folds(candidate)

    def ends_at_its_best(self, candidate: Candidate) -> bool:
        """Whether the networks of a sound one were still improving in the end."""
        number = candidate.number
        networks = [self.members[number, k].network for k in self.folds_of(candidate)]
        return all(
            network.best_iter_ >= LATE * network.max_iter for network in networks
        )

    def explains_most(self, candidate: Candidate) -> bool:
        """Whether its loss is far below that of its mean prediction: noise is small."""
        for k in self.folds_of(candidate):
            prediction = self.members[candidate.number, k].prediction
            assert prediction is not None  # is_sound comes first
            mean = np.broadcast_to(prediction.mean(axis=0), prediction.shape)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UndefinedMetricWarning)
                constant = self.loss(mean, self.folds[k].test)
            if self.losses[candidate.number, k] > MOST * constant:
                return False
        return True

    def is_sound(self, candidate: Candidate) -> bool:
        """Whether no training of it diverged."""
        return bool(np.isfinite(self.mean_loss(candidate, self.folds_of(candidate))))

    def mean_loss(self, candidate: Candidate, folds: Iterable[int]) -> float:
        """Over some folds."""
        return float(np.mean([self.losses[candidate.number, k] for k in folds]))

    def ranked(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """The best first: by the mean loss over the folds that all of them have."""
        every = set(range(len(self.folds)))
        common = every.intersection(*map(self.folds_of, candidates))
        return sorted(candidates, key=lambda c: self.mean_loss(c, common))

    def complete(self) -> tuple[list[Candidate], list[int]]:
        """Candidates and folds that have all met, the best first.

        Of what time has left unfinished the part with most networks; of more than a few
        candidates more folds count more.
        """
        sound = [c for c in self._candidates() if self.is_sound(c)]
        options = []
        for folds in {frozenset(self.folds_of(c)) for c in sound}:
            meet = [c for c in sound if folds <= self.folds_of(c)]
            options.append((len(folds) * min(len(meet), FEW), len(folds), meet, folds))
        if not options:
            return [], []
        *_, meet, folds = max(options, key=lambda option: option[:2])
        return self.ranked(meet), sorted(folds)

    def _candidates(self) -> list[Candidate]:
        found = {number: m.candidate for (number, _), m in self.members.items()}
        return [found[number] for number in sorted(found)]

    def held_out(self, candidate: Candidate, folds: Sequence[int]) -> NDArray:
        """Predictions for the rows of some folds, one after the other."""
        return np.concatenate(
            [self.members[candidate.number, k].prediction for k in folds]
        )
