"""scikit-learn's callbacks follow a training, by its protocol."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from sknnreg._data import Given
from sknnreg._fitted import attributes, extended
from sknnreg._sklearn import _safe_indexing, callbacks_of
from sknnreg.engine.training import Report, Task

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
        self.n_epochs = n_epochs
        self.has_validation = bool(estimator.early_stopping or given)
        # the numbers of the validation tasks follow those of the epochs
        self.root = estimator._init_callback_context(
            max_subtasks=n_epochs * (1 + self.has_validation), sequential_subtasks=False
        )
        self.root.call_on_fit_task_begin(
            estimator=estimator, **Rows(*self.data).hook_arguments()
        )
        self.epoch: Any = None

    @classmethod
    def of(cls, estimator, *arguments) -> Followed | None:
        """None where no callback listens: that costs nothing."""
        return cls(estimator, *arguments) if callbacks_of(estimator) else None

    def follow(self, run: Run) -> Self:
        """Of which run the epochs will be."""
        self.run, self.history, self.n_seen = run, run.earlier.history, 0
        self.rows = Rows(*self.data, run.data.rows)
        held_out = run.data.validation
        if held_out is not None:
            is_part = held_out.rows is not None
            given = self.data if is_part else self.given
            self.validation_rows = Rows(*given, held_out.rows)
        return self

    def before(self, task: Task) -> None:
        self.epoch = self.root.subcontext("epoch", task_id=task.progress.epoch)
        self.epoch.call_on_fit_task_begin(**self._arguments(self.rows))

    def after(self, task: Task) -> bool:
        epoch, self.epoch = self.epoch, None
        stop = epoch.call_on_fit_task_end(**self._arguments(self.rows))
        if self.has_validation:
            number = self.n_epochs + epoch.task_id
            context = self.root.subcontext("validation", task_id=number)
            arguments = self._arguments(self.validation_rows)
            context.call_on_fit_task_begin(**arguments)
            stop |= context.call_on_fit_task_end(**arguments)
        return stop

    def end(self) -> None:
        if self.epoch is not None:  # it was not to be, or was broken off
            self.epoch.call_on_fit_task_end(estimator=self.estimator)
            self.epoch = None

    def finish(self) -> None:
        """The estimator is fitted."""
        self.root.call_on_fit_task_end(
            estimator=self.estimator,
            reconstruction_attributes={},
            **Rows(*self.data).hook_arguments(),
        )

    def _arguments(self, rows: Rows) -> dict[str, Any]:
        return {
            "estimator": self.estimator,
            "reconstruction_attributes": self._present,
            **rows.hook_arguments(),
        }

    def _present(self) -> dict[str, Any]:
        """The fitted attributes with the present parameters."""
        run, task = self.run, self.run.task
        new = task.progress.history.of_model(0, self.n_seen)
        self.history, self.n_seen = extended(self.history, new), task.progress.epoch
        return attributes(task, run.data, 0, run.earlier, self.history)
