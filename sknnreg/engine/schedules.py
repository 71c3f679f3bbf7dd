"""Learning-rate schedules: pure functions of the step.

A schedule is called with the number of the coming step, 0, 1, 2, ..., counted over all
runs of a warm start, and gives the factor that multiplies ``learning_rate_init``. Most
go on over runs: two of ten epochs are one of twenty. Those in ``WITH_END`` have one, so
``Horizon`` says how long the present run is; each run is a cycle of its own (the
restarts of Loshchilov & Hutter 2017), and beyond its end the last factor holds.
"""

from __future__ import annotations

import math
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

    def position(self, step: int) -> int:
        """The step within this run, at most the last one."""
        return min(step - self.start, self.n_steps - 1)


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
        epoch = step // self.horizon.steps_per_epoch
        return (1 + epoch * self.horizon.n_samples) ** -self.power_t


@dataclass(frozen=True)
class Cosine:
    """½ (1 + cos(π t / T)) after a linear rise over the first ``warmup_fraction``.

    Loshchilov & Hutter 2017, "SGDR". t counts from the end of the rise, T is what is
    left of the run; the rise ends with the factor 1.
    """

    horizon: Horizon
    warmup_fraction: float = 0.0

    def __call__(self, step: int) -> float:
        t, n = self.horizon.position(step), self.horizon.n_steps
        warmup = round(self.warmup_fraction * n)
        if t < warmup:
            return (t + 1) / warmup
        return 0.5 * (1 + math.cos(math.pi * (t - warmup) / (n - warmup)))


@dataclass(frozen=True)
class OneCycle:
    """1/25 up to 1 over the first ``warmup_fraction``, then down to 4e-6; by cosines.

    Smith & Topin 2018, "Super-convergence". Start and end as in PyTorch's OneCycleLR,
    whose ``pct_start`` is ``warmup_fraction``; the momentum stays.
    """

    horizon: Horizon
    warmup_fraction: float = 0.0

    def __call__(self, step: int) -> float:
        t, last = self.horizon.position(step), self.horizon.n_steps - 1
        top = self.warmup_fraction * self.horizon.n_steps - 1
        if t <= top:
            return _anneal(1 / 25, 1.0, t / top if top > 0 else 1.0)
        top = max(top, 0.0)
        share = (t - top) / (last - top) if last > top else 1.0
        return _anneal(1.0, 1 / 25 / 1e4, share)


@dataclass(frozen=True)
class CosLog4:
    """½ (1 - cos(2π log₂(1 + 15 t))), t in [0, 1) being the share of the run done.

    Four cycles from 0 up to 1 and down again, each twice as long as the one before: at
    t = 1/15, 3/15 and 7/15 the rate is 0, so early stopping finds good epochs long
    before the end. Holzmüller et al. 2024, "Better by default" (RealMLP).
    """

    horizon: Horizon

    def __call__(self, step: int) -> float:
        t = self.horizon.position(step) / self.horizon.n_steps
        return 0.5 * (1 - math.cos(2 * math.pi * math.log2(1 + 15 * t)))


def _anneal(start: float, end: float, share: float) -> float:
    """From start to end along half a cosine."""
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * share))


@dataclass(frozen=True)
class Step:
    """``decay_rate`` to the number of times that ``decay_epochs`` have passed."""

    horizon: Horizon
    decay_rate: float = 0.5
    decay_epochs: int = 20

    def __call__(self, step: int) -> float:
        epoch = step // self.horizon.steps_per_epoch
        return self.decay_rate ** (epoch // self.decay_epochs)


@dataclass(frozen=True)
class Exponential:
    """``decay_rate`` to the power of epochs / ``decay_epochs``, a bit at each step."""

    horizon: Horizon
    decay_rate: float = 0.5
    decay_epochs: int = 20

    def __call__(self, step: int) -> float:
        epochs = step / self.horizon.steps_per_epoch
        return self.decay_rate ** (epochs / self.decay_epochs)


SCHEDULES: dict[str, Callable[..., Schedule]] = {
    "constant": Constant,
    "invscaling": InverseScaling,
    "adaptive": Adaptive,
    "cosine": Cosine,
    "onecycle": OneCycle,
    "coslog4": CosLog4,
    "step": Step,
    "exponential": Exponential,
}
#: these depend on how long the run is
WITH_END = frozenset({"cosine", "onecycle", "coslog4"})
