"""Learning-rate schedules: pure functions of the step.

A schedule is called with the number of the coming step, 0, 1, 2, ..., counted over all
runs of a warm start, and gives the factor that multiplies ``learning_rate_init``.
``Horizon`` says how long the present run is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Schedule = Callable[[int], float]


@dataclass(frozen=True)
class Horizon:
    """Length of a run: what a schedule may depend on besides the step."""

    steps_per_epoch: int
    n_epochs: int
    n_samples: int
    #: steps of earlier runs, when a warm-started run counts on from them
    start: int = 0

    @property
    def n_steps(self) -> int:
        return self.steps_per_epoch * self.n_epochs

    def epoch(self, step: int) -> int:
        return step // self.steps_per_epoch


@dataclass(frozen=True)
class Constant:
    """1 at every step."""

    horizon: Horizon

    def __call__(self, step: int) -> float:
        return 1.0


@dataclass(frozen=True)
class Adaptive(Constant):
    """1, divided by 5 whenever progress stalls, which the training loop does."""


@dataclass(frozen=True)
class InverseScaling:
    """1 / (1 + samples seen)^power_t, changed at the end of each epoch."""

    horizon: Horizon
    power_t: float = 0.5

    def __call__(self, step: int) -> float:
        samples = self.horizon.epoch(step) * self.horizon.n_samples
        return (1 + samples) ** -self.power_t


SCHEDULES: dict[str, type[Constant | InverseScaling]] = {
    "constant": Constant,
    "invscaling": InverseScaling,
    "adaptive": Adaptive,
}
