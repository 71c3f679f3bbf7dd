"""How a search is followed while it runs: by its callbacks, and by who reads its lines.

Tasks of a search, as its callbacks see them: ``fit``; below it ``search`` and
``refit-with-best-params``; below ``search``, in a halving search in each of its
``halving-iteration``, one task a stack of candidates and one a candidate that is fitted
alone; below a stack its epochs, and a task that says how many of it are still trained.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from joblib.logger import short_format_time

from sknnreg._callbacks import EpochTasks
from sknnreg._composition import has_callbacks
from sknnreg._report import say
from sknnreg._sklearn import callbacks_of
from sknnreg.engine.training import Report, Task

if TYPE_CHECKING:
    from sknnreg.model_selection._work import Candidate, Fold, Result

#: seconds from one line about the whole search to the next
PAUSE = 1.0


class Tasks:
    """A task of a search and those below it; nothing where no callback listens.

    Attributes
    ----------
    search : estimator
    context : CallbackContext or None
    """

    def __init__(self, search, context: Any = None) -> None:
        self.search, self.context = search, context

    @classmethod
    @contextmanager
    def of(cls, search, n_parts: int, **data) -> Iterator[Tasks]:
        """The root task of a search, whose candidates may have callbacks as well."""
        context, tried = None, getattr(search, "estimator", None)
        if callbacks_of(search) or (tried is not None and has_callbacks(tried)):
            context = search._init_callback_context(max_subtasks=n_parts)
            context.call_on_fit_task_begin(estimator=search, **data)
        yield cls(search, context)
        if context is not None:
            context.call_on_fit_task_end(estimator=search, **data)

    @property
    def caller(self) -> Any:
        """Who calls the hooks in workers; None where there are none."""
        return None if self.context is None else self.search

    @contextmanager
    def part(self, name: str, n_parts: int = 0, fitted=None) -> Iterator[Tasks]:
        """A task below this one, with so many parts of its own.

        ``fitted`` is an estimator that is fitted in it: callbacks that follow what is
        inside a search go on to it, if it knows of callbacks.
        """
        if self.context is None:
            yield self
            return
        context = self.context.subcontext(name, max_subtasks=n_parts)
        handed_down = nullcontext()
        if hasattr(fitted, "set_callbacks"):
            handed_down = context.propagate_callback_context(fitted)
        with handed_down:
            context.call_on_fit_task_begin(estimator=self.search)
            yield Tasks(self.search, context)
        context.call_on_fit_task_end(estimator=self.search)

    def stack(self, n_candidates: int, fold: int, n_epochs: int) -> Any:
        """The context of a stack, which a worker opens and closes."""
        return self.context.subcontext(
            f"stack of {n_candidates} on fold {fold + 1}",
            max_subtasks=EpochTasks(self.search, n_epochs).n + 1,
            sequential_subtasks=False,
        )

    def alone(self) -> Any:
        """The context of a candidate that is fitted alone, as scikit-learn has it."""
        if self.context is None:
            return None
        return self.context.subcontext("candidate-split-evaluation")


class FollowedStack(Report):
    """A stack that the callbacks of its search follow, epoch by epoch.

    Parameters
    ----------
    search : estimator
    context : CallbackContext
        Of the stack.
    n_candidates : int
    n_before, n_epochs : int
        Epochs that it has been trained for, and is to be.
    """

    def __init__(
        self, search, context, n_candidates: int, n_before: int, n_epochs: int
    ) -> None:
        self.search, self.context, self.n_all = search, context, n_candidates
        self.epochs, self.n_before = EpochTasks(search, n_epochs - n_before), n_before
        self.epochs.root = context
        self.running: Any = None
        self.n_running = 0

    @contextmanager
    def open(self) -> Iterator[Sequence[Report]]:
        """The task of the stack, for the reports of its run.

        It ends if the stack does: after an interrupt it stays where it was.
        """
        self.context.call_on_fit_task_begin(estimator=self.search)
        yield [self]
        if self.running is not None:
            self._announce(0)
            self.running.call_on_fit_task_end(estimator=self.search)
        self.context.call_on_fit_task_end(estimator=self.search)

    def before(self, task: Task) -> None:
        n_running = int(task.progress.stopping.active.sum())
        if n_running != self.n_running:
            self._announce(n_running)
        # number 0 is the task that says how many run
        self.epochs.begin(task.progress.epoch - self.n_before, first_number=1)

    def after(self, task: Task) -> bool:
        return self.epochs.end(task.progress.epoch - self.n_before - 1)

    def _announce(self, n_running: int) -> None:
        """A task in the place of the last one, so that it is shown in its line."""
        name = f"{n_running} of {self.n_all} candidates still train"
        if not n_running:
            name = f"all {self.n_all} candidates trained"
        if self.running is None:
            context = self.context.subcontext(name, task_id=0, max_subtasks=None)
        else:
            self.running.call_on_fit_task_end(estimator=self.search)
            context = copy.copy(self.running)
            context.task_name = name
        self.running, self.n_running = context, n_running
        context.call_on_fit_task_begin(estimator=self.search)


class Printer:
    """The lines of a search, by the levels of ``verbose`` of scikit-learn's.

    1: how far the search is, at most once a second. 2: also a line for each candidate
    and fold that has ended, with its parameters and its time. 3: with scores and the
    number of the fold. More: with the number of the candidate, and a line when it
    begins.

    Parameters
    ----------
    verbose : int
    candidates : sequence of Candidate
    n_folds : int
    left_out : str
        A parameter that is not worth saying.
    """

    def __init__(
        self,
        verbose: int,
        candidates: Sequence[Candidate],
        n_folds: int,
        left_out: str = "",
    ) -> None:
        self.verbose, self.n_folds, self.left_out = verbose, n_folds, left_out
        self.places = {c.number: i for i, c in enumerate(candidates, 1)}
        self.n_fits, self.n_done = len(candidates) * n_folds, 0
        self.start = self.last = time.perf_counter()
        if verbose > 0:
            say(
                f"Fitting {n_folds} folds for each of {len(candidates)} candidates, "
                f"totalling {self.n_fits} fits"
            )

    def begun(self, fold: Fold, candidates: Sequence[Candidate], call) -> Any:
        """The call that is about to be made for candidates."""
        if self.verbose > 3:
            for candidate in candidates:
                start = f"[CV{self._place(fold, candidate)}] START "
                say(f"{start + named(candidate, self.left_out):.<80}")
        return call

    def done(self, fold: Fold, candidate: Candidate, result: Result) -> None:
        """A candidate has been fitted and scored on a fold."""
        self.n_done += 1
        if self.verbose > 1:
            text = f"{named(candidate, self.left_out)};"
            if self.verbose > 2:
                text += scores(result)
            seconds = short_format_time(result["fit_time"] + result["score_time"])
            text += f" total time={seconds}"
            head = f"[CV{self._place(fold, candidate)}] END "
            say(head + f"{text:.>{80 - len(head)}}")
        self._say_how_far()

    def _place(self, fold: Fold, candidate: Candidate) -> str:
        place = ""
        if self.verbose > 2:
            place = f" {fold.number + 1}/{self.n_folds}"
        if self.verbose > 3:
            place += f"; {self.places[candidate.number]}/{len(self.places)}"
        return place

    def _say_how_far(self) -> None:
        now, is_end = time.perf_counter(), self.n_done == self.n_fits
        if not self.verbose or (now - self.last < PAUSE and not is_end):
            return
        self.last = now
        elapsed = now - self.start
        text = f"{self.n_done}/{self.n_fits} fits, {elapsed:.1f} s elapsed"
        if not is_end:
            rest = elapsed / self.n_done * (self.n_fits - self.n_done)
            text += f", about {rest:.0f} s to go"
        say(text)


def named(candidate: Candidate, *left_out: str) -> str:
    """The parameters of a candidate, as scikit-learn prints them."""
    parameters = candidate.parameters
    names = sorted(parameters.keys() - set(left_out))
    return ", ".join(f"{name}={parameters[name]}" for name in names)


def scores(result: Result) -> str:
    """The scores of a result, as scikit-learn prints them."""
    test, train = result["test_scores"], result.get("train_scores")
    if not isinstance(test, dict):
        if train is None:
            return f", score={test:.3f}"
        return f", score=(train={train:.3f}, test={test:.3f})"
    text = ""
    for name in sorted(test):
        in_training = "" if train is None else f"train={train[name]:.3f}, "
        text += f" {name}: ({in_training}test={test[name]:.3f})"
    return text
