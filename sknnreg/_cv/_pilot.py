"""A first timing: how fast the first candidate is, and whether compiled code pays."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from sknnreg._backend import may_compile
from sknnreg._config import config_context
from sknnreg._cv._space import Candidate, is_for
from sknnreg._cv._work import Job
from sknnreg._data import Given
from sknnreg._run import Run, start
from sknnreg.engine.cost import seconds_in_numpy
from sknnreg.engine.training import Report, Task

#: rows that a first timing needs at most
PILOT_ROWS = 20_000
#: seconds of a search in NumPy from which on compiled code pays, compiling included
LONG = 60.0


class Clock(Report):
    """When the epochs of a training end."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def after(self, task: Task) -> None:
        self.ends.append(time.perf_counter())


class Pilot:
    """The first candidate, on the training rows of a fold, or enough of them."""

    def __init__(self, job: Job, candidate: Candidate, rows: NDArray) -> None:
        self.job, self.candidate = job, candidate
        n = min(len(rows), PILOT_ROWS)
        self.part = n / len(rows)
        if self.part < 1:
            rows = np.random.default_rng(job.seed).choice(rows, n, replace=False)
        X, self.y, self.weight = job.rows(rows)
        self.preprocessor = job.preprocessor(candidate.numbers)
        self.X = self.preprocessor.fit_transform(X, self.y)

    def suitable(self, choices: Sequence[str]) -> list[str]:
        """The ways to prepare numbers that are for a table of this width."""
        if issparse(self.X):
            return list(choices)
        n_columns = int(np.count_nonzero(~self.preprocessor.is_categorical_))
        return [way for way in choices if is_for(way, n_columns)]

    def backend(self, n_epochs: float, max_time: float) -> str:
        """How the search should train, of so many epochs of one network at most.

        Where that is for us to choose: all candidates can have the same compiled code,
        so it pays for a long search.
        """
        asked = self.job.config["backend"]
        if asked != "auto":
            return asked
        if not may_compile() or issparse(self.X):
            return "numpy"
        seconds = seconds_in_numpy(self._start("numpy").task, n_epochs) / self.part
        return "fast" if min(seconds, max_time) >= LONG else "numpy"

    def seconds_per_epoch(self, backend: str) -> float:
        """Measured on a few; compiled, if need be, before them."""
        clock = Clock()
        self._start(backend).advance(3, [clock])
        return float(np.min(np.diff(clock.ends))) / self.part

    def _start(self, backend: str) -> Run:
        model, given = self.job.model(self.candidate), Given(self.X[:2], self.y[:2])
        with config_context(backend=backend):
            return start(
                [model], self.X, self.y, self.weight, given, target=self.job.target
            )
