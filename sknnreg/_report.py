"""What a person is told while an estimator trains."""

from __future__ import annotations

import numpy as np

from sknnreg.engine.training import Report, Task


class Printer(Report):
    """The lines of ``verbose``.

    Parameters
    ----------
    model : estimator
    n_epochs : int
        Epochs of the fits before.
    """

    def __init__(self, model, n_epochs: int) -> None:
        self.model, self.n_epochs = model, n_epochs

    def after(self, task: Task) -> None:
        progress, model = task.progress, self.model
        row = {k: np.ravel(cell)[0] for k, cell in progress.history.rows[-1].items()}
        number = self.n_epochs + progress.epoch
        print(f"Iteration {number}, loss = {row['loss']:.8f}")
        if task.keep_best:
            print(f"Validation score: {row['validation_score']:f}")
        if not (progress.stopping.active[0] or progress.stopping.diverged[0]):
            watched = "Validation score" if task.keep_best else "Training loss"
            print(
                f"{watched} did not improve more than tol={model.tol:f} for "
                f"{model.n_iter_no_change} consecutive epochs. Stopping."
            )
