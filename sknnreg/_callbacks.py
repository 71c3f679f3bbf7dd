"""scikit-learn's callbacks follow a training, by its protocol."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from sknnreg._data import Given
from sknnreg._fitted import attributes, extended
from sknnreg._sklearn import _safe_indexing, callbacks_of, is_progress_bar
from sknnreg.callbacks import Callback
from sknnreg.engine.training import Report, Task, instead

if TYPE_CHECKING:
    from typing import Self

    from sknnreg._run import Run

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # scikit-learn < 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Says what callbacks need."""

        def set_callbacks(self, *callbacks):
            """Set callbacks for the estimator; needs scikit-learn 1.9 or later."""
            import sklearn

            raise ImportError(
                "Callbacks need scikit-learn >= 1.9; this is scikit-learn "
                f"{sklearn.__version__}."
            )


class Rows:
    """Rows of what the user gives, taken when a callback asks for them."""

    def __init__(
        self, X, y, sample_weight=None, numbers: NDArray | None = None
    ) -> None:
        if issparse(X):
            X = X.tocsr()  # of which rows can be taken
        if sample_weight is not None and np.ndim(sample_weight) == 0:
            sample_weight = np.full(len(y), sample_weight)
        self.given, self.numbers = (X, y, sample_weight), numbers

    @cached_property
    def taken(self) -> tuple[Any, Any, Any]:
        if self.numbers is None:
            return self.given
        X, y, weight = (
            part if part is None else _safe_indexing(part, self.numbers)
            for part in self.given
        )
        return X, y, weight

    def hook_arguments(self) -> dict[str, Any]:
        """What hooks may ask for, each behind a call."""

        def metadata():
            weight = self.taken[2]
            return None if weight is None else {"sample_weight": weight}

        return {
            "X": lambda: self.taken[0],
            "y": lambda: self.taken[1],
            "metadata": metadata,
        }


#: tasks that a progress bar is told of, at most: at each it adds up all before
BAR_PARTS = 200


class EpochTasks:
    """The tasks of the epochs of a training, below the task of the whole.

    A task is an epoch, so that every callback can look at it and stop the training.
    Where nothing but progress bars listens, it may be several epochs. An epoch that was
    announced and did not come, or was broken off, has no end.

    Parameters
    ----------
    estimator : estimator
        Who calls the hooks.
    n_epochs : int
        At most.
    """

    root: Any

    def __init__(self, estimator, n_epochs: int) -> None:
        self.estimator = estimator
        counted = all(is_counting(each) for each in callbacks_of(estimator))
        self.stride = max(1, -(-n_epochs // BAR_PARTS)) if counted else 1
        self.n = -(-n_epochs // self.stride)
        self.context: Any = None

    def begin(self, epoch: int, first_number: int = 0, **arguments) -> None:
        """An epoch begins, counted from 0 in this training."""
        if self.context is None:
            number = first_number + epoch // self.stride
            self.context = self.root.subcontext("epoch", task_id=number)
            self.context.call_on_fit_task_begin(estimator=self.estimator, **arguments)

    def end(self, epoch: int, **arguments) -> bool:
        """An epoch has ended; whether to stop."""
        if (epoch + 1) % self.stride:
            return False
        context, self.context = self.context, None
        return context.call_on_fit_task_end(estimator=self.estimator, **arguments)


def is_counting(callback) -> bool:
    """Whether a callback does nothing at the end of a task, or counts it."""
    does_nothing = type(callback).on_fit_task_end is Callback.on_fit_task_end
    return does_nothing or is_progress_bar(callback)


class Followed(Report):
    """A fit that callbacks follow: a task for each epoch, and one for its validation.

    Parameters
    ----------
    estimator : estimator
        With callbacks: the one whose ``fit`` was called, not a copy.
    X, y, sample_weight : as given to ``fit``
    given : Given
        The validation data, if there are any.
    n_epochs : int
        At most.
    """

    def __init__(
        self, estimator, X, y, sample_weight, given: Given, n_epochs: int
    ) -> None:
        self.estimator, self.data, self.given = estimator, (X, y, sample_weight), given
        self.n_epochs, self.epochs = n_epochs, EpochTasks(estimator, n_epochs)
        validates = bool(estimator.early_stopping or given)
        self.has_validation = validates and self.epochs.stride == 1
        # the numbers of the validation tasks follow those of the epochs
        self.root = self.epochs.root = estimator._init_callback_context(
            max_subtasks=self.epochs.n * (1 + self.has_validation),
            sequential_subtasks=False,
        )
        self.root.call_on_fit_task_begin(
            estimator=estimator, **Rows(*self.data).hook_arguments()
        )

    @classmethod
    def of(cls, estimator, *arguments) -> Followed | None:
        """None where no callback listens: that costs nothing."""
        return cls(estimator, *arguments) if callbacks_of(estimator) else None

    def follow(self, run: Run) -> Self:
        """Of which run the epochs will be."""
        self.run, self.n_seen = run, 0
        self.history = extended(run.earlier.history, {})
        self.rows = Rows(*self.data, run.data.rows)
        held_out = run.data.validation
        if held_out is not None:
            is_part = held_out.rows is not None
            given = self.data if is_part else self.given
            self.validation_rows = Rows(*given, held_out.rows)
        return self

    def before(self, task: Task) -> None:
        self.epochs.begin(task.progress.epoch, **self._arguments(self.rows))

    def after(self, task: Task) -> bool:
        epoch = task.progress.epoch - 1
        stop = self.epochs.end(epoch, **self._arguments(self.rows))
        if self.has_validation:
            number = self.n_epochs + epoch
            context = self.root.subcontext("validation", task_id=number)
            arguments = self._arguments(self.validation_rows)
            context.call_on_fit_task_begin(estimator=self.estimator, **arguments)
            stop |= context.call_on_fit_task_end(estimator=self.estimator, **arguments)
        return stop

    def finish(self) -> None:
        """The estimator is fitted."""
        self.root.call_on_fit_task_end(
            estimator=self.estimator,
            reconstruction_attributes={},
            **Rows(*self.data).hook_arguments(),
        )

    def _arguments(self, rows: Rows) -> dict[str, Any]:
        return {
            "reconstruction_attributes": self._present,
            **rows.hook_arguments(),
        }

    def _present(self) -> dict[str, Any]:
        """The fitted attributes with the present parameters."""
        run, task = self.run, self.run.task
        for name, cells in task.progress.history.of_model(0, self.n_seen).items():
            self.history.setdefault(name, [np.nan] * run.earlier.n_epochs).extend(cells)
        self.n_seen = task.progress.epoch
        history = {name: column.copy() for name, column in self.history.items()}
        with instead(task, task.progress.average):
            found = attributes(run.models[0], task, run.data, 0, run.earlier, history)
        # of an earlier fit to a frame, whose names this one's X need not have
        return {"feature_names_in_": None} | found
