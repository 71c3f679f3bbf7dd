"""The epochs of a training, from whichever solver they come.

A solver makes epochs: of mini-batch steps (:mod:`sknnreg.engine.minibatch`), or of one
full-batch step each (:mod:`sknnreg.engine.lbfgs`). What is around them is here, once:
score, history, early stopping, when training ends, interrupts, divergence.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sknnreg.engine.batches import Batches
from sknnreg.engine.constraints import norms_of_huge
from sknnreg.engine.history import Row
from sknnreg.engine.model_axis import Number, copy_all
from sknnreg.engine.network import Bound
from sknnreg.engine.parameters import Parameters
from sknnreg.engine.penalties import Regularizer
from sknnreg.engine.progress import Progress

#: A loss so many times above the least one, or above 1, has diverged, finite as it is.
BLOWN_UP = 1e6


class Solver:
    """Makes epochs, and says what it needs."""

    #: what a penalty with a kink must have; see :class:`Penalty`
    needs: ClassVar[tuple[str, ...]] = ()

    def run(self, task: Task, epochs: Epochs) -> str | None:
        """Train for as many epochs as are wanted; ``epochs`` opens and closes each.

        Gives what kept training from converging, or None.
        """
        raise NotImplementedError

    def help(
        self, progress: Progress, stalled: NDArray, rate: Number
    ) -> tuple[NDArray, Number]:
        """Which of the models out of patience may go on, and with what factor."""
        return np.zeros_like(stalled), progress.factor


class Report:
    """Told of all epochs of a run; ends it by answering True after one."""

    def before(self, task: Task) -> None:
        """An epoch is about to begin."""

    def after(self, task: Task) -> bool | None:
        """An epoch is complete, and ``task.progress`` has it."""

    def end(self) -> None:
        """There are no more epochs, or they were broken off."""


@dataclass
class Task:
    """Everything a run works on: what is fixed, and the progress that it makes.

    Attributes
    ----------
    bound, parameters : Bound, Parameters
        The network and its vectors.
    regularizer : Regularizer
    batches : Batches
    solver : Solver
    progress : Progress
    validate : callable or None
        Gives the validation loss and the score, (K,) each, of the present parameters.
    keep_best : bool
        Whether to stop by the validation score, and keep its best epoch; else the
        score is minus the training loss, and the last epoch is kept.
    averaging : float or ndarray of shape (K, 1)
        Decay of the averages that are validated and kept; 0 for the vectors themselves.
    """

    bound: Bound
    parameters: Parameters
    regularizer: Regularizer
    batches: Batches
    solver: Solver
    progress: Progress
    validate: Callable[[], tuple[NDArray, NDArray]] | None = None
    keep_best: bool = False
    averaging: Number = 0.0
    #: makes epochs in the solver's place: the compiled form of what it does
    compiled: Any = None
    #: on how many of them that may train models side by side
    threads: int = 1

    def __post_init__(self) -> None:
        #: the weight matrices, by layer
        self.matrices = self.parameters.matrices()
        starts = [self.parameters.place(*keys[0]).start for keys in self.matrices]
        self._starts = np.array(starts)
        self._squares = np.empty_like(self.parameters.theta[:, self.parameters.weights])
        progress = self.progress
        progress.vectors = self.parameters.vectors
        if not progress.start:
            progress.start = [vector.copy() for vector in progress.vectors]

    def norms(self, flat: NDArray) -> NDArray:
        """Euclidean norm (K, n_layers) of each layer's part of the weights."""
        weights = flat[:, self.parameters.weights]
        np.square(weights, out=self._squares)
        norms = np.sqrt(np.add.reduceat(self._squares, self._starts, axis=1))
        if not math.isfinite(sum(norms.ravel().tolist())):
            norms = norms_of_huge(weights, self._starts)
        return norms


@contextmanager
def quietly() -> Iterator[None]:
    """No warning where an overflow happens.

    It ends the model's training, and :attr:`EarlyStopping.diverged` tells the caller.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        yield


class Epochs:
    """The driver's side of a run: opens and closes the solver's epochs.

    Parameters
    ----------
    task : Task
    last : int
        Complete epochs at which the run ends.
    reports : sequence of Report
    deadline : float or None
        Time of ``time.monotonic`` after which no further epoch begins; the first of a
        run always does.

    Attributes
    ----------
    stopped : bool
        Whether a report or the deadline ended the run.
    trouble : str or None
        What kept training from converging, once the run has ended.
    """

    def __init__(
        self,
        task: Task,
        last: int,
        reports: Sequence[Report] = (),
        deadline: float | None = None,
    ) -> None:
        self.task, self.last = task, last
        self.reports, self.deadline = reports, deadline
        self.stopped = False
        self.trouble: str | None = None
        self._opened, self._steps = -1, 0
        self._running = task.progress.stopping.active

    def begin(self) -> bool:
        """Whether another epoch is to come; notes where it starts."""
        progress = self.task.progress
        ended = self._running & ~progress.stopping.active
        if self.stopped or progress.epoch >= self.last or any(ended.tolist()):
            return False
        for report in self.reports:
            report.before(self.task)
        copy_all(progress.start, progress.vectors)
        self._opened, self._steps = progress.epoch, progress.optimizer.t
        return True

    def end(self, loss: NDArray, penalty: NDArray | float, rate: Number) -> None:
        """Close the epoch: score, history, early stopping.

        All that an interrupt could leave half done happens in one assignment.
        """
        progress, solver = self.task.progress, self.task.solver
        average = averaged(self.task)
        with instead(self.task, average):
            row, score = measure(self.task, loss, penalty, rate)
            stopping, stalled = progress.stopping.observe(
                progress.epoch, score, [*progress.vectors, *progress.start]
            )
        factor = progress.factor
        if any(stalled.tolist()):
            helped, factor = solver.help(progress, stalled, rate)
            stopping = stopping.restart(helped).end(stalled & ~helped)
        progress.history.append(row)
        vars(progress).update(
            stopping=stopping,
            average=average,
            factor=factor,
            n_iter=progress.n_iter + progress.stopping.active,
            epoch=progress.epoch + 1,
        )
        late = self.deadline is not None and time.monotonic() >= self.deadline
        answers = [report.after(self.task) for report in self.reports]
        self.stopped = late or any(answers)

    def rewind(self) -> None:
        """Back to the end of the last complete epoch, after an interrupt.

        Vectors, record and schedule are what they were. The moments and the random
        numbers stay where they are: to note them too in each epoch would cost more than
        an interrupt is worth, and to go on from them is as good.
        """
        progress = self.task.progress
        del progress.history.rows[progress.epoch :]
        if self._opened == progress.epoch:
            copy_all(progress.vectors, progress.start)
            progress.optimizer.t = self._steps


def averaged(task: Task) -> list[NDArray]:
    """The averages of the vectors after one more epoch; none where none are kept.

    v̄ ← v̄ + (1 - d) / (1 - dᵗ) (v - v̄) in epoch t = 1, 2, ...: vⱼ has the weight dᵗ⁻ʲ,
    over the sum of all. What a penalty has just set to zero is zero in the average too.
    """
    progress, decay = task.progress, task.averaging
    if not np.count_nonzero(decay):
        return []
    share = (1 - decay) / (1 - decay ** (progress.epoch + 1))
    averages = []
    for old, new in zip(
        progress.average or progress.vectors, progress.vectors, strict=True
    ):
        average = np.asarray(old + share * (new - old), new.dtype)
        if task.regularizer.has_kink:
            average[new == 0] = 0
        averages.append(average)
    return averages


@contextmanager
def instead(task: Task, vectors: list[NDArray]) -> Iterator[None]:
    """The network works with other vectors for a while, if there are any."""
    if not vectors:
        yield
        return
    present = [vector.copy() for vector in task.progress.vectors]
    every = np.ones(len(task.parameters.theta), bool)
    _take_over(task, vectors, every)
    try:
        yield
    finally:
        _take_over(task, present, every)


def measure(
    task: Task, loss: NDArray, penalty: NDArray | float, rate: Number
) -> tuple[Row, NDArray]:
    """The row of an epoch, and the score (K,) to watch: NaN for what has diverged."""
    theta, grad = task.parameters.theta, task.parameters.grad
    row: Row = {
        "loss": loss,
        "penalty": penalty,
        "learning_rate": rate[:, 0] if isinstance(rate, np.ndarray) else rate,
        "weight_norm": task.norms(theta),
        "gradient_norm": task.norms(grad),
    }
    score = -loss
    if task.validate is not None:
        row["validation_loss"], reached = task.validate()
        row["validation_score"] = reached = np.where(
            np.isfinite(reached), reached, np.nan
        )
        if task.keep_best:
            score = reached
    sound = [
        # NaN or infinite anywhere leaves no finite sum
        math.isfinite(sum(sums)) and not (lost or has_blown_up(-reached, -best))
        for *sums, lost, reached, best in zip(
            loss.tolist(),
            np.vecdot(theta, theta).tolist(),
            sums_of(task.parameters.state),
            # squares that overflow do not show in theta: Adam's steps are 0 then
            task.progress.optimizer.largest_square(len(theta)),
            strays(task, row),
            score.tolist(),
            task.progress.stopping.best.tolist(),
            strict=True,
        )
    ]
    if not all(sound):
        score = np.where(sound, score, np.nan)
        if task.keep_best:
            row["validation_score"] = score
    return row, score


def strays(task: Task, row: Row) -> list[bool]:
    """Which models (K,) are finite, but beyond comparison worse than at first.

    A score such as the accuracy does not show it, nor the loss of a first epoch, which
    is measured on the way. Where some loss is so large, J over the training rows at the
    epoch's end decides: against that of the first epoch, or from before it.
    """
    history = task.progress.history.rows
    losses = [plain(row[name]) for name in ("loss", "validation_loss") if name in row]
    # what is not large by itself is not so beside any first loss: most epochs end here
    if all(loss <= BLOWN_UP for reached in losses for loss in reached):
        return [False] * len(losses[0])
    first = plain(history[0]["loss"]) if history else [0.0] * len(losses[0])
    doubtful = [
        any(has_blown_up(loss, least) for loss in reached)
        for least, *reached in zip(first, *losses, strict=True)
    ]
    if not any(doubtful):
        return doubtful
    if not history:
        with instead(task, task.progress.start):
            first = plain(np.nan_to_num(objective(task), nan=np.inf))
    return [
        doubt and has_blown_up(end, least)
        for doubt, end, least in zip(
            doubtful, plain(objective(task)), first, strict=True
        )
    ]


def sums_of(state: NDArray) -> list[float]:
    """Sum of each model's running statistics; most networks have none."""
    if not state.size:
        return [0.0] * len(state)
    return state.sum(axis=-1, dtype=float).tolist()


def plain(numbers: NDArray | float) -> list[float]:
    """Numbers (K,) as a list: of one model they cost less so than as an array."""
    return np.asarray(numbers).tolist()


def has_blown_up(loss: float, least: float) -> bool:
    """Whether a loss is far above an earlier one, or NaN."""
    return not loss <= least + BLOWN_UP * (1 + abs(least))


@quietly()
def advance(
    task: Task,
    last: int,
    reports: Sequence[Report] = (),
    deadline: float | None = None,
) -> Epochs:
    """Go on until ``last`` epochs are done in all, or a model ends.

    The vectors stay as they are: :func:`restore_best` makes them those to keep. Models
    that had ended before are left alone. An interrupt goes on, after a step back to
    the last complete epoch.
    """
    epochs = Epochs(task, last, reports, deadline)
    ended = ~task.progress.stopping.active
    vectors = task.progress.vectors
    kept = [vector[ended] for vector in vectors]
    try:
        epochs.trouble = task.solver.run(task, epochs)
    except KeyboardInterrupt:
        epochs.rewind()
        raise
    finally:
        for vector, values in zip(vectors, kept, strict=True):
            vector[ended] = values
    return epochs


@quietly()
def restore_best(task: Task, which: NDArray | None = None) -> None:
    """Go back to the best epoch where that is to be kept, or all that is finite.

    With ``keep_best`` it is; without, the last epoch is kept, or the best one of a
    model that diverged. Where there are averages, they are meant. ``which``, (K,),
    selects models.
    """
    progress, n = task.progress, len(task.progress.vectors)
    stopping = progress.stopping
    which = np.ones(len(stopping.best), bool) if which is None else which
    wanted = (stopping.diverged | task.keep_best) & np.isfinite(stopping.best) & which
    _take_over(task, progress.average, which & ~wanted)
    if not wanted.any():
        return
    _take_over(task, stopping.snapshot[:n], wanted)
    doubtful = wanted & (stopping.best_epoch >= 0) & (not task.keep_best)
    if doubtful.any():
        # The loss of an epoch is measured before its last steps, which may have been
        # the ones that left the slope: the epoch's start may be better than its end.
        end = objective(task)
        _take_over(task, stopping.snapshot[n:], doubtful)
        before = doubtful & ~(end <= objective(task))
        _take_over(task, stopping.snapshot[:n], doubtful & ~before)
        stopping.best_epoch = stopping.best_epoch - before


def _take_over(task: Task, vectors: list[NDArray], which: NDArray) -> None:
    """Make these the vectors of some models; if there are none, nothing happens."""
    for vector, other in zip(task.progress.vectors, vectors, strict=False):
        vector[which] = other[which]


@quietly()
def objective(task: Task) -> NDArray:
    """J (K,) of the present parameters over all training rows, without dropout."""
    rows = task.batches
    loss = task.bound.loss(rows.X, rows.y, rows.weight, rows.rows)
    return loss + task.regularizer.value(task.parameters.theta)
