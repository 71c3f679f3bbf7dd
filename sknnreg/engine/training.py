"""The only mini-batch loop.

Each step: gradient of the batch's loss and of the smooth penalties, clipping, the
optimizer, then the proximal maps and limits. Each epoch: score, history, early
stopping.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sknnreg.engine.batches import Batches
from sknnreg.engine.constraints import clip_norm, max_norm
from sknnreg.engine.early_stopping import EarlyStopping
from sknnreg.engine.history import History
from sknnreg.engine.network import Bound
from sknnreg.engine.optimizers import Optimizer
from sknnreg.engine.parameters import Parameters
from sknnreg.engine.penalties import Number, Regularizer
from sknnreg.engine.schedules import Adaptive, Schedule
from sknnreg.engine.streams import Streams

#: ``learning_rate="adaptive"`` gives up below this rate.
SMALLEST_RATE = 1e-6


@dataclass
class Task:
    """Everything a run works on.

    Attributes
    ----------
    bound, parameters : Bound, Parameters
        The network and its vectors.
    regularizer : Regularizer
    optimizer : Optimizer
        Bound to the vectors.
    batches : Batches
    streams : Streams
    rate : float or ndarray of shape (K, 1)
        ``learning_rate_init``.
    schedule : callable
    stopping : EarlyStopping
    validate : callable or None
        Gives the validation loss and the score, (K,) each, of the present parameters.
    keep_best : bool
        Whether to stop by the validation score, and keep its best epoch; else the
        score is minus the training loss, and the last epoch is kept.
    clip, limit : float, ndarray of shape (K, 1) or None
        Largest norm of the gradient, and of the incoming weights of a unit.
    """

    bound: Bound
    parameters: Parameters
    regularizer: Regularizer
    batches: Batches
    streams: Streams
    stopping: EarlyStopping
    optimizer: Optimizer = field(default_factory=Optimizer)
    rate: Number = 1.0
    schedule: Schedule = field(default=lambda step: 1.0)
    validate: Callable[[], tuple[NDArray, NDArray]] | None = None
    keep_best: bool = False
    clip: Number | None = None
    limit: Number | None = None
    history: History = field(default_factory=History)

    def __post_init__(self) -> None:
        #: divided by 5 at each stall of an adaptive rate
        self.factor: Number = self.rate * 0 + 1.0
        self.n_iter = np.zeros(self.parameters.n_models, int)
        #: epochs done
        self.epoch = 0
        #: the weight matrices, by layer
        self.matrices = self.parameters.matrices()
        #: the vectors as they were at the start of the epoch
        self.start = [vector.copy() for vector in self.vectors]
        self._starts = [self.parameters.place(*keys[0]).start for keys in self.matrices]

    def norms(self, flat: NDArray) -> NDArray:
        """Euclidean norm (K, n_layers) of each layer's part of the weights."""
        squares = np.square(flat[:, self.parameters.weights])
        return np.sqrt(np.add.reduceat(squares, self._starts, axis=1))

    @property
    def vectors(self) -> list[NDArray]:
        """What a snapshot must hold: parameters and running statistics."""
        return [self.parameters.theta, self.parameters.state]


@contextmanager
def quietly() -> Iterator[None]:
    """No warning where an overflow happens.

    It ends the model's training, and :attr:`EarlyStopping.diverged` tells the caller.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        yield


Report = Callable[[int, Task], bool | None]


def train(task: Task, max_iter: int, report: Report) -> None:
    """Train until ``max_iter`` epochs are done; the vectors end as they are to be kept.

    With ``keep_best`` that is the best epoch; without, the last one, or the best one if
    a later one diverged.
    """
    advance(task, max_iter, report)
    restore_best(task)


@quietly()
def advance(task: Task, max_iter: int, report: Report) -> None:
    """Go on until ``max_iter`` epochs are done in all; the vectors end as they are.

    A model of a stack whose training ends stays where it is while the others go on.
    ``report(epoch, task)`` is called after each epoch and may return True to end the
    run, to be continued by another call.
    """
    stopping = task.stopping
    running = stopping.active.copy()
    final = [vector.copy() for vector in task.vectors]
    for epoch in range(task.epoch, max_iter):
        running = stopping.active.copy()
        for start, vector in zip(task.start, task.vectors, strict=True):
            np.copyto(start, vector)
        loss, penalty, rate = run_epoch(task)
        stalled = record(task, epoch, loss, penalty, rate)
        _react(task, stalled, rate)
        task.epoch = epoch + 1
        if report(epoch, task) or not stopping.active.any():
            break
        ended = running & ~stopping.active
        if ended.any():  # the rest of the stack goes on without these
            for kept, vector in zip(final, task.vectors, strict=True):
                kept[ended] = vector[ended]
    ended = ~running
    for kept, vector in zip(final, task.vectors, strict=True):
        vector[ended] = kept[ended]


@quietly()
def restore_best(task: Task) -> None:
    """Go back to the best epoch where that is to be kept, or all that is finite."""
    stopping = task.stopping
    which = (stopping.diverged | task.keep_best) & np.isfinite(stopping.best)
    if not which.any():
        return
    n = len(task.vectors)
    _take_over(task, stopping.snapshot[:n], which)
    doubtful = which & (stopping.best_epoch >= 0) & (not task.keep_best)
    if doubtful.any():
        # The loss of an epoch is measured before its last steps, which may have been
        # the ones that left the slope: the epoch's start may be better than its end.
        end = objective(task)
        _take_over(task, stopping.snapshot[n:], doubtful)
        earlier = doubtful & ~(end <= objective(task))
        _take_over(task, stopping.snapshot[:n], doubtful & ~earlier)
        stopping.best_epoch[earlier] -= 1


def _take_over(task: Task, vectors: list[NDArray], which: NDArray) -> None:
    for vector, other in zip(task.vectors, vectors, strict=True):
        vector[which] = other[which]


def objective(task: Task) -> NDArray:
    """J (K,) of the present parameters over all training rows, without dropout."""
    rows = task.batches
    loss = task.bound.loss(rows.X, rows.y, rows.weight, rows.rows)
    return loss + task.regularizer.value(task.parameters.theta)


def run_epoch(task: Task) -> tuple[NDArray, NDArray, Number]:
    """One pass over the rows; gives J and its Ω, (K,), and the last rate.

    J is the mean over the epoch's batches, each at the parameters of its step.
    """
    parameters, regularizer, optimizer = (
        task.parameters,
        task.regularizer,
        task.optimizer,
    )
    theta, grad = parameters.theta, parameters.grad
    data_loss = np.zeros(len(theta))
    penalty = np.zeros(len(theta))
    rate: Number = 0.0
    for x, y, weight, size in task.batches.epoch():
        rate = task.rate * task.factor * task.schedule(optimizer.t)
        data_loss += size * task.bound.value_and_gradient(x, y, weight, task.streams)
        penalty += size * regularizer.value_and_gradient(theta, grad)
        if task.clip is not None:
            clip_norm(grad, task.clip)
        regularizer.decay(theta, rate)
        optimizer.step(rate)
        if regularizer.has_kink:
            regularizer.prox(theta, optimizer.step_size(rate))
        if task.limit is not None:
            for i, name in itertools.chain(*task.matrices):
                max_norm(task.bound.values[i][name], task.limit)
    total = task.batches.total
    return (data_loss + penalty) / total, penalty / total, rate


def record(
    task: Task, epoch: int, loss: NDArray, penalty: NDArray | float, rate: Number
) -> NDArray:
    """Close an epoch: history, score, early stopping; gives the models that stall."""
    theta, grad = task.parameters.theta, task.parameters.grad
    running = task.stopping.active.copy()
    cells: dict[str, NDArray | float] = {
        "loss": loss,
        "penalty": penalty,
        "learning_rate": rate[:, 0] if isinstance(rate, np.ndarray) else rate,
        "weight_norm": task.norms(theta),
        "gradient_norm": task.norms(grad),
    }
    score = -loss
    if task.validate is not None:
        cells["validation_loss"], validation_score = task.validate()
        finite = np.isfinite(validation_score)
        cells["validation_score"] = np.where(finite, validation_score, np.nan)
        if task.keep_best:
            score = validation_score
    task.history.append(cells)
    task.n_iter[running] += 1
    # NaN or infinite anywhere leaves no finite sum
    finite = np.isfinite(loss + score + np.vecdot(theta, theta))
    if not finite.all():
        score = np.where(finite, score, np.nan)
    return task.stopping.observe(epoch, score, *task.vectors, *task.start)


def _react(task: Task, stalled: NDArray, rate: Number) -> None:
    """End the stalled models, or go on with a rate five times smaller."""
    if not stalled.any():
        return
    if isinstance(task.schedule, Adaptive):
        rates = np.broadcast_to(np.asarray(rate, float).ravel(), stalled.shape)
        again = stalled & (rates > SMALLEST_RATE)
        divisor = np.where(again, 5.0, 1.0)[:, None]
        task.factor = task.factor / (divisor if len(stalled) > 1 else divisor.item())
        task.stopping.restart(again)
        stalled = stalled & ~again
    task.stopping.end(stalled)
