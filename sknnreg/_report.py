"""What a person is told while an estimator trains."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import is_classifier

from sknnreg.engine.training import Report, Task

if TYPE_CHECKING:
    from sknnreg._run import Run


def default_score(estimator) -> str:
    """What ``score`` gives."""
    return "accuracy" if is_classifier(estimator) else "R²"


def score_name(model) -> str:
    """What ``scoring`` is called."""
    scoring = model.scoring
    if scoring is None:
        return default_score(model)
    if isinstance(scoring, str):
        return scoring
    inner = getattr(scoring, "_score_func", scoring)  # of a scorer by make_scorer
    return getattr(inner, "__name__", "score")


class Printer(Report):
    """The table of ``verbose``: a row for every ``verbose``-th epoch, and the last.

    A star marks the best epoch so far, where that is kept.

    Parameters
    ----------
    model : estimator
    run : Run
        Of this model alone.
    """

    def __init__(self, model, run: Run) -> None:
        self.model, self.run = model, run
        #: heading of each column, by its name in the history
        self.headings = {"loss": "loss", "penalty": "penalty"}
        if run.data.validation is not None:
            self.headings["validation_loss"] = "validation loss"
            if model.scoring != "loss":
                self.headings["validation_score"] = f"validation {score_name(model)}"
        self.headings["learning_rate"] = "rate"
        self.start: float | None = None
        self.waiting = ""

    @property
    def watched(self) -> str:
        """What patience goes by."""
        if not self.run.task.keep_best:
            return "training loss"
        headings = self.headings
        return headings.get("validation_score", headings["validation_loss"])

    def before(self, task: Task) -> None:
        if self.start is None:
            self.start = time.perf_counter()
            if task.progress.epoch:
                say(f"Going on after epoch {task.progress.epoch} of a checkpoint.")
            names = [*self.headings.values(), "seconds"]
            say("Iteration" + "".join(f"{name:>{_width(name)}}" for name in names))

    def after(self, task: Task) -> None:
        epoch = task.progress.epoch
        self.waiting = self._row(task)
        if epoch == 1 or epoch % int(self.model.verbose) == 0:
            self._say_row()

    def end(self) -> None:
        self._say_row()
        stopping, tol = self.run.task.progress.stopping, self.model.tol
        if stopping.waited[0] >= stopping.patience:
            say(
                f"The {self.watched} did not improve by more than tol={tol:g} for "
                f"{self.model.n_iter_no_change} consecutive epochs. Stopping."
            )
        elif self.run.stopped:
            say("Stopped by a callback.")
        if self.run.task.keep_best and stopping.best_epoch[0] >= 0:
            best = self.run.earlier.n_epochs + stopping.best_epoch[0] + 1
            say(f"Epoch {best} is kept: its {self.watched} is the best.")

    def _say_row(self) -> None:
        if self.waiting:
            say(self.waiting)
        self.waiting = ""

    def _row(self, task: Task) -> str:
        progress = task.progress
        cells = progress.history.rows[-1]
        text = f"{self.run.earlier.n_epochs + progress.epoch:9d}"
        for name, heading in self.headings.items():
            text += f"{float(np.ravel(cells[name])[0]):{_width(heading)}.5g}"
        assert self.start is not None
        text += f"{time.perf_counter() - self.start:{_width('seconds')}.2f}"
        is_best = progress.stopping.best_epoch[0] == progress.epoch - 1
        return f"{text} *" if task.keep_best and is_best else text


def _width(heading: str) -> int:
    return max(12, 2 + len(heading))


def say(line: str) -> None:
    """At once, whoever reads: a file or a pipe would keep it back."""
    print(line, flush=True)
