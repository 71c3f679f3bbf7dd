"""The state of a training as one value."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sknnreg.engine.early_stopping import EarlyStopping
from sknnreg.engine.history import History
from sknnreg.engine.model_axis import Number
from sknnreg.engine.optimizers import OptimizerState
from sknnreg.engine.streams import Streams


@dataclass
class Progress:
    """All that training changes, of K models.

    A value: :func:`sknnreg.engine.model_axis.take` copies it or cuts it down to some of
    the models, and it can be pickled. A task given a copy goes on as the original
    would have.

    Attributes
    ----------
    streams : Streams
        Where the random numbers go on.
    stopping : EarlyStopping
    optimizer : OptimizerState
    vectors : list of ndarray of shape (K, ...)
        Parameters and running statistics. None yet: the task makes them.
    start : list of ndarray of shape (K, ...)
        The vectors at the start of the present epoch.
    average : list of ndarray of shape (K, ...)
        Averages of the vectors over the epochs, where these are to be kept; else none.
    history : History
    factor : float or ndarray of shape (K, 1)
        Multiplies the learning rate: what an adaptive schedule has made of it.
    n_iter : ndarray of shape (K,)
        Epochs that each model was trained for.
    epoch : int
        Complete epochs.
    steps_before : int
        Optimizer steps of earlier runs, which this one's schedule does not count.
    """

    streams: Streams
    stopping: EarlyStopping
    optimizer: OptimizerState = field(default_factory=OptimizerState)
    vectors: list[NDArray] = field(default_factory=list)
    start: list[NDArray] = field(default_factory=list)
    average: list[NDArray] = field(default_factory=list)
    history: History = field(default_factory=History)
    factor: Number = 1.0
    n_iter: NDArray = field(init=False)
    epoch: int = 0
    steps_before: int = 0

    def __post_init__(self) -> None:
        self.n_iter = np.zeros(len(self.stopping.best), int)

    def carry_over(self) -> Progress:
        """What a later run begins with: all but the vectors and the record of this one.

        The factor of an adaptive rate goes on if the run was cut off, and begins anew
        if it had come to its end.
        """
        stopping = self.stopping
        factor = np.where(stopping.active[:, None], self.factor, 1.0)
        return Progress(
            streams=self.streams,
            stopping=EarlyStopping(stopping.patience, stopping.tol, len(factor)),
            optimizer=self.optimizer,
            factor=factor if len(factor) > 1 else factor.item(),
        )
