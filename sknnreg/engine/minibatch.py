"""The only mini-batch loop.

Each step: gradient of the batch's loss and of the smooth penalties, clipping, the
optimizer, then the proximal maps and limits.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sknnreg.engine.constraints import clip_norm, max_norm
from sknnreg.engine.model_axis import Number
from sknnreg.engine.optimizers import FLUSH_EVERY, Optimizer
from sknnreg.engine.progress import Progress
from sknnreg.engine.schedules import Adaptive, Schedule
from sknnreg.engine.training import Epochs, Solver, Task

#: ``learning_rate="adaptive"`` gives up below this rate.
SMALLEST_RATE = 1e-6


@dataclass
class MiniBatch(Solver):
    """Stochastic optimization: an epoch goes over all rows, batch by batch.

    Attributes
    ----------
    optimizer : Optimizer
        Bound to the vectors.
    rate : float or ndarray of shape (K, 1)
        ``learning_rate_init``.
    schedule : callable
    clip, limit : float, ndarray of shape (K, 1) or None
        Largest norm of the gradient, and of the incoming weights of a unit.
    """

    optimizer: Optimizer
    rate: Number = 1.0
    schedule: Schedule = field(default=lambda step: 1.0)
    clip: Number | None = None
    limit: Number | None = None

    needs: ClassVar[tuple[str, ...]] = ("kink", "prox")

    def run(self, task: Task, epochs: Epochs) -> str | None:
        form = task.compiled or self
        optimizer = self.optimizer
        while epochs.begin():
            before = optimizer.t
            results = form.epoch(task)
            if optimizer.t // FLUSH_EVERY > before // FLUSH_EVERY:
                optimizer.flush()
            epochs.end(*results)
        if epochs.stopped or task.progress.epoch < epochs.last:
            return None
        return (
            f"Stochastic Optimizer: Maximum iterations ({epochs.last}) reached and the "
            "optimization hasn't converged yet."
        )

    def epoch(self, task: Task) -> tuple[NDArray, NDArray, Number]:
        """One pass over the rows; gives J and its Ω, (K,), and the last rate.

        J is the mean over the epoch's batches, each at the parameters of its step.
        """
        optimizer, regularizer = self.optimizer, task.regularizer
        theta, grad = task.parameters.theta, task.parameters.grad
        streams = task.progress.streams
        base = self.rate * task.progress.factor
        data_loss = np.zeros(len(theta))
        penalty = np.zeros(len(theta))
        rate: Number = 0.0
        for x, y, weight, size in task.batches.epoch():
            rate = base * self.schedule(optimizer.t)
            data_loss += size * task.bound.value_and_gradient(x, y, weight, streams)
            penalty += size * regularizer.value_and_gradient(theta, grad)
            if self.clip is not None:
                clip_norm(grad, self.clip)
            if regularizer.is_decoupled:
                regularizer.decay(theta, optimizer.scaled(rate))
            optimizer.step(rate)
            if regularizer.has_kink:
                regularizer.prox(theta, optimizer.scaled(optimizer.step_size(rate)))
            if self.limit is not None:
                for i, name in itertools.chain(*task.matrices):
                    max_norm(task.bound.values[i][name], self.limit)
        total = task.batches.total
        return (data_loss + penalty) / total, penalty / total, rate

    def help(
        self, progress: Progress, stalled: NDArray, rate: Number
    ) -> tuple[NDArray, Number]:
        """An adaptive rate is divided by 5, as long as it is not too small."""
        if not isinstance(self.schedule, Adaptive):
            return super().help(progress, stalled, rate)
        rates = np.broadcast_to(np.asarray(rate, float).ravel(), stalled.shape)
        again = stalled & (rates > SMALLEST_RATE)
        divisor = np.where(again, 5.0, 1.0)[:, None]
        return again, progress.factor / (
            divisor if len(stalled) > 1 else divisor.item()
        )
