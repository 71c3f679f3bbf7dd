"""A training on disk, from which it goes on to the last bit.

The work of :class:`sknnreg.callbacks.Checkpoint`: scikit-learn's protocol of callbacks
does not carry the state of a training, so the fit itself saves it and takes it up.
"""

from __future__ import annotations

import os
import pickle
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import joblib
import numpy as np
from sklearn.base import clone

from sknnreg._data import Data
from sknnreg._fitted import Earlier, attributes, extended
from sknnreg._state import STAMP, check_stamp, plain, restored, stamp
from sknnreg.engine.progress import Progress
from sknnreg.engine.schedules import WITH_END
from sknnreg.engine.training import Report, Task, instead

if TYPE_CHECKING:
    from sknnreg._run import Run


class Saved(NamedTuple):
    """What a file holds.

    Attributes
    ----------
    fingerprint : dict of {str: str}
        What the training depends on, each as a hash.
    progress : Progress
    earlier : Earlier
    estimator : estimator
        Fitted as far as the training had come.
    """

    fingerprint: dict[str, str]
    progress: Progress
    earlier: Earlier
    estimator: Any

    def to_plain(self) -> dict[str, Any]:
        """As dicts, arrays and numbers; the estimator sees to itself."""
        parts = {"progress": plain(self.progress), "earlier": self.earlier._asdict()}
        return self._asdict() | parts | {STAMP: stamp()}

    @classmethod
    def from_plain(cls, state: dict[str, Any]) -> Saved:
        """What :meth:`to_plain` tells of."""
        return cls(
            state["fingerprint"],
            restored(Progress, state["progress"]),
            Earlier(**state["earlier"]),
            state["estimator"],
        )


BEFORE = "the fit it goes on from"


def fingerprint(model, data: Data, earlier: Earlier) -> dict[str, str]:
    """A hash of each thing that must be the same for a training to go on.

    Not of a random generator: its seeds have been drawn, and are in the file.
    """
    parts = model.get_params(deep=False)
    check_picklable(parts)
    del parts["verbose"]
    if isinstance(parts["random_state"], np.random.RandomState):
        del parts["random_state"]
    if callable(model.learning_rate) or model.learning_rate not in WITH_END:
        del parts["max_iter"]  # a longer training begins as a shorter one
    parts |= {"X": data.X, "y": data.encoded, "sample_weight": data.weight}
    given = data.validation
    if given is not None and given.rows is None:  # else it is a part of X
        parts["X_val"] = (given.X, given.target, given.weight)
    parts[BEFORE] = (earlier.history, earlier.kept)
    return {name: joblib.hash(part) for name, part in parts.items()}


def check_picklable(parameters: dict[str, Any]) -> None:
    """Refuse hyperparameters that cannot be saved, before anything is trained."""
    for name, value in parameters.items():
        try:
            pickle.dumps(value)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise ValueError(
                f"Checkpoint cannot save {name}={value!r}: {error}. Use a function "
                "that a module defines."
            ) from error


def read(path: str | os.PathLike) -> Saved | None:
    """What is at a path; None if there is nothing."""
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        return None
    digest, saved = content[:32], content[32:]
    if sha256(saved).digest() != digest:
        raise ValueError(f"{os.fspath(path)!r} holds no checkpoint, or is damaged.")
    state = pickle.loads(saved)
    found = state.get(STAMP) if isinstance(state, dict) else None
    check_stamp(found, f"The checkpoint at {os.fspath(path)!r}")
    return Saved.from_plain(state)


def resumed(
    path: str | os.PathLike, model, data: Data, earlier: Earlier
) -> Saved | None:
    """The training to go on with, which must be of the same fit."""
    saved = read(path)
    if saved is None:
        return None
    now, then = fingerprint(model, data, earlier), saved.fingerprint
    stopped = extended(saved.earlier.history, saved.progress.history.of_model(0))
    if earlier.history == stopped:  # the very estimator that was stopped
        now[BEFORE] = then[BEFORE]
    other = sorted(name for name in now | then if now.get(name) != then.get(name))
    if other:
        raise ValueError(
            f"The checkpoint at {os.fspath(path)!r} is of another fit, with other "
            f"{', '.join(other)}. Delete the file, or give another path. load() gives "
            "the estimator in it."
        )
    return saved


class Saving(Report):
    """Writes the training to a file, and takes the file away when it has ended.

    What a callback or an interrupt stopped has not ended: its file stays.

    Parameters
    ----------
    path : str or path
    every : int
        Epochs from one writing to the next.
    run : Run
        Of one model.
    n_epochs : int
        At most.
    """

    def __init__(
        self, path: str | os.PathLike, every: int, run: Run, n_epochs: int
    ) -> None:
        self.path, self.every, self.run = Path(path), every, run
        self.n_epochs = n_epochs
        self.fingerprint = fingerprint(run.models[0], run.data, run.earlier)
        self.written = run.task.progress.epoch

    def after(self, task: Task) -> None:
        if task.progress.epoch % self.every == 0:
            self._write(task)

    def end(self) -> None:
        progress = self.run.task.progress
        ended = not progress.stopping.active[0] or progress.epoch >= self.n_epochs
        if self.run.is_complete or (self.run.stopped and ended):
            self.path.unlink(missing_ok=True)
        elif self.run.stopped:
            self._write(self.run.task)

    def _write(self, task: Task) -> None:
        progress, run = task.progress, self.run
        if progress.epoch == self.written or not progress.stopping.active[0]:
            return  # nothing new, or nothing to go on with
        self.written = progress.epoch
        estimator = clone(run.models[0]).set_callbacks()
        history = extended(run.earlier.history, progress.history.of_model(0))
        with instead(task, progress.average):
            found = attributes(estimator, task, run.data, 0, run.earlier, history)
        vars(estimator).update(found)
        estimator._progress = progress.carry_over()
        saved = Saved(self.fingerprint, progress, run.earlier, estimator)
        # a process may die at any moment: the old file stays until the new one is whole
        new = self.path.with_name(f"{self.path.name}.new")
        content = pickle.dumps(saved.to_plain(), pickle.HIGHEST_PROTOCOL)
        try:
            new.write_bytes(sha256(content).digest() + content)
            os.replace(new, self.path)
        finally:
            new.unlink(missing_ok=True)  # what a full disk has cut off
