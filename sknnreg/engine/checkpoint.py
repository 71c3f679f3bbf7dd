"""What a run needs to go on later, or with some of its models only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sknnreg.engine.early_stopping import EarlyStopping
from sknnreg.engine.history import History
from sknnreg.engine.penalties import Number
from sknnreg.engine.streams import Streams
from sknnreg.engine.training import Task


@dataclass
class Checkpoint:
    """Everything that training changes; can be pickled.

    Attributes
    ----------
    vectors, start : list of ndarray of shape (K, ...)
        Parameters and running statistics, now and at the start of the last epoch.
    optimizer : dict
        Its state.
    streams : Streams
        Where the random numbers go on.
    """

    vectors: list[NDArray]
    start: list[NDArray]
    optimizer: dict
    streams: Streams
    stopping: EarlyStopping
    history: History
    factor: Number
    n_iter: NDArray
    epoch: int

    def take(self, which: NDArray) -> Checkpoint:
        """The state of the models that ``which``, a mask or numbers, selects."""
        factor, optimizer = self.factor, self.optimizer
        return Checkpoint(
            vectors=[vector[which] for vector in self.vectors],
            start=[vector[which] for vector in self.start],
            optimizer={k: v if k == "t" else v[which] for k, v in optimizer.items()},
            streams=self.streams.take(which),
            stopping=self.stopping.take(which),
            history=self.history.take(which),
            factor=factor[which] if isinstance(factor, np.ndarray) else factor,
            n_iter=self.n_iter[which],
            epoch=self.epoch,
        )


def capture(task: Task, which: NDArray) -> Checkpoint:
    """The state of some models of a task, as copies."""
    live = Checkpoint(
        task.vectors,
        task.start,
        {"t": task.optimizer.t} | task.optimizer.vectors,
        task.streams,
        task.stopping,
        task.history,
        task.factor,
        task.n_iter,
        task.epoch,
    )
    return live.take(which)


def restore(task: Task, checkpoint: Checkpoint) -> Task:
    """Put a new task for the same models where the other was; gives the task.

    The task must have been made with the checkpoint's streams and optimizer state.
    """
    for vector, saved in zip(task.vectors, checkpoint.vectors, strict=True):
        vector[...] = saved
    task.start = checkpoint.start
    task.stopping, task.history = checkpoint.stopping, checkpoint.history
    task.factor, task.n_iter = checkpoint.factor, checkpoint.n_iter
    task.epoch = checkpoint.epoch
    return task
