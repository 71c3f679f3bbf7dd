"""One training, whatever for: an ordinary fit is a run of one estimator.

Here, and nowhere else, is decided what an interrupt keeps, on how many threads BLAS
works, when a model leaves the others, what becomes an estimator, and who is warned.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from sknnreg._advice import dead_layer, doubts
from sknnreg._assemble import batch_size, build_task, new_stopping
from sknnreg._caller import fit_is_the_users, warn, warn_once
from sknnreg._checkpoint import resumed
from sknnreg._data import Data, Given, check_data, hold_out
from sknnreg._fitted import Earlier, why_not, write
from sknnreg._hyperparameters import check_entries
from sknnreg._target import Target
from sknnreg._threads import n_threads, on_one_blas_thread
from sknnreg.engine.cost import products_are_small
from sknnreg.engine.model_axis import take
from sknnreg.engine.progress import Progress
from sknnreg.engine.streams import Streams
from sknnreg.engine.training import Report, advance, restore_best

Seed = tuple[int, ...]
Message = tuple[str, type[Warning]]


def draw_seeds(random_state, n: int) -> list[Seed]:
    """``n`` seeds of 128 bits; the same for the same int ``random_state``."""
    rng = check_random_state(random_state)
    words = rng.randint(2**32, size=(n, 4), dtype=np.uint32)
    return [tuple(row) for row in words.tolist()]


def start(
    models: Sequence,
    X,
    y,
    sample_weight=None,
    given: Given | None = None,
    *,
    target: Target | None = None,
    fitted=None,
    incremental: bool = False,
    progress: Progress | None = None,
    tolerant: bool = False,
    checkpoint: str | os.PathLike | None = None,
) -> Run:
    """The run of estimators on what a user passes to ``fit``.

    Parameters
    ----------
    models : sequence of estimators
        With valid hyperparameters, equal but for those that may differ in a stack.
    target : Target or None
        Of the first; None for one that has learned nothing.
    fitted : estimator or None
        The fit to go on from, of a single model.
    incremental : bool
        Whether these are a part of the rows, and a step of a longer training.
    progress : Progress or None
        Where an earlier run on the same data has left the models.
    tolerant : bool
        As for :class:`Run`.
    checkpoint : path or None
        Where a training of a single model may be that was broken off, to go on with.
    """
    model, known, earlier = models[0], fitted is not None, Earlier()
    data = check_data(
        model,
        X,
        y,
        sample_weight,
        given or Given(),
        target=target or model._new_target(),
        known=known,
        incremental=incremental,
    )
    if known and hasattr(fitted, "_progress"):
        earlier = Earlier.of(fitted)
        progress = take(fitted._progress, np.array([0]))
        progress.stopping = new_stopping(models)
        progress.steps_before = 0 if incremental else progress.optimizer.t
    elif progress is None:
        seeds = [draw_seeds(each.random_state, 1)[0] for each in models]
        progress = Progress(Streams(seeds), new_stopping(models))
    if checkpoint is not None:
        saved = resumed(checkpoint, model, data, earlier)
        if saved is not None:
            progress, earlier, fitted = saved.progress, saved.earlier, None
    data = hold_out(model, data, progress.streams.seeds[0][0])
    return Run(
        models,
        data,
        progress,
        earlier=earlier,
        fitted=fitted,
        incremental=incremental,
        tolerant=tolerant,
    )


def fit_stack(
    models: Sequence, X, y, sample_weight=None, **validation
) -> list[ValueError | None]:
    """Fit estimators with equal ``stack_key`` together; each ends as if alone.

    Returns
    -------
    errors : list of ValueError or None
        What a model's own ``fit`` would have raised because its training failed; None
        for the fitted ones.
    """
    for model in models:
        model._validate_params()
        check_entries(model)
    run = start(models, X, y, sample_weight, Given.of(validation))
    run.advance(models[0].max_iter)
    run.finish()
    for i in range(len(models)):
        run.warn(i)
    return run.errors


def say(model, doubts: Sequence[str], messages: Sequence[Message]) -> None:
    """Warn of what there is to be said of a fitted model."""
    for text in doubts:
        warn_once(text)
    for text, category in messages:
        warn(text, category, model)


class Run:
    """The training of estimators that differ in numbers only; see ``stack_key``.

    Models that have ended leave the others, which go on as a smaller stack.

    Parameters
    ----------
    models : sequence of estimators
        With valid hyperparameters.
    data : Data
        Of the first, the others are told what was learned; or of each, joined.
    progress : Progress
        Where they are.
    earlier : Earlier
        What happened before, if they go on from a fit.
    fitted : estimator or None
        Whose coefficients to go on from.
    incremental : bool
        Whether this is a step of a longer training.
    tolerant : bool
        Whether a scorer that raises is that model's failure, not the run's.

    Attributes
    ----------
    task : Task
        Of the models that go on.
    going_on : ndarray of int
        Their places among all.
    errors : list of ValueError or None
        Why a model could not become an estimator.
    failures : set of int
        Models whose scorer raised.
    doubts : list of list of str
        For each model what a search need say once only: of the data, or that nothing is
        left of it.
    messages : list of list of (str, type)
        For each model what there is to warn of, with the kind of warning.
    stopped : bool
        Whether a report or the deadline stopped it.
    is_complete : bool
        Whether it has come to its end: neither was stopped nor broken off.
    """

    def __init__(
        self,
        models: Sequence,
        data: Data,
        progress: Progress,
        *,
        earlier: Earlier,
        fitted=None,
        incremental: bool = False,
        tolerant: bool = False,
    ) -> None:
        self.models, self.data, self.tolerant = list(models), data, tolerant
        self.earlier = earlier
        self.messages: list[list[Message]] = [[] for _ in self.models]
        self.errors: list[ValueError | None] = [None] * len(self.models)
        self.failures: set[int] = set()
        self.going_on: NDArray = np.arange(len(self.models))
        self.stopped = self.is_complete = False
        self.trouble: str | None = None
        self.task = build_task(self.models, data, progress, fitted, tolerant)
        self._check_batch_size()
        self.doubts: list[list[str]] = [[] for _ in self.models]
        if not (incremental or progress.epoch):
            seen = [doubts(part) for part in data.parts or (data,)]
            self.doubts = [list(seen[k % len(seen)]) for k in range(len(self.models))]
        goes_on = self.earlier.n_epochs and not progress.epoch
        if goes_on and self.task.keep_best:
            self._first_score_to_beat()

    def _check_batch_size(self) -> None:
        model, n = self.models[0], self.data.n_rows
        used = model.solver != "lbfgs" and model.batch_size != "auto"
        if used and batch_size(model, n) < model.batch_size:
            text = (
                "Got `batch_size` less than 1 or larger than sample size. It is going "
                "to be clipped"
            )
            for messages in self.messages:
                messages.append((text, UserWarning))

    def warn(self, i: int) -> None:
        """Say what there is to be said of model i, once it is an estimator."""
        say(self.models[i], self.doubts[i], self.messages[i])

    def _first_score_to_beat(self) -> None:
        task = self.task
        assert task.validate is not None
        _, score = task.validate()
        if np.isfinite(score).all():
            progress = task.progress
            vectors = [*progress.vectors, *progress.start]
            progress.stopping = progress.stopping.keep(-1, score, vectors)

    def train(
        self, n_epochs: int, reports: Sequence[Report] = (), *, quiet: bool = False
    ) -> None:
        """:meth:`advance` and :meth:`finish`, for the user's own fit.

        An interrupt keeps the complete epochs, as if there had been no more. If there
        is none, or the fit is a part of something larger, the interrupt goes on.
        """
        try:
            self.advance(n_epochs, reports)
            self.finish(quiet=quiet)
        except KeyboardInterrupt:
            if self.task.progress.epoch == 0 or not fit_is_the_users():
                raise
            self.messages[0].append(("Training interrupted by user.", UserWarning))
            self.finish(quiet=True)

    def advance(
        self,
        n_epochs: int,
        reports: Sequence[Report] = (),
        deadline: float | None = None,
    ) -> None:
        """Train all that go on until so many epochs are done; finish those that end."""
        task = self.task
        small = products_are_small(task.bound.network.specs, task.batches.batch_size)
        # models in compiled form share the threads among them
        side_by_side = n_threads() if task.compiled and len(self.models) > 1 else 1

        def work() -> None:
            while self._wants(n_epochs):
                self.task.threads = side_by_side
                epochs = advance(self.task, n_epochs, reports, deadline)
                self.stopped, self.trouble = epochs.stopped, epochs.trouble
                self._let_go(~self.task.progress.stopping.active)

        try:
            on_one_blas_thread(small or side_by_side > 1, work)
            self.is_complete = not self.stopped
        finally:
            for report in reports:
                report.end()

    def _wants(self, n_epochs: int) -> bool:
        ended = self.stopped or self.trouble is not None
        wanted = self.task.progress.epoch < n_epochs
        return len(self.going_on) > 0 and wanted and not ended

    def _let_go(self, ended: NDArray) -> None:
        """Finish models that have ended, and go on with a smaller stack."""
        if not ended.any():
            return
        self._write(ended, is_last=bool(ended.all()))
        rest, self.going_on = ~ended, self.going_on[~ended]
        if len(self.going_on):
            models = [self.models[i] for i in self.going_on]
            progress, self.data = take(self.task.progress, rest), take(self.data, rest)
            self.task = build_task(models, self.data, progress, None, self.tolerant)

    def finish(self, *, to_go_on: bool = False, quiet: bool = False) -> None:
        """Make those that have not ended estimators, fitted as far as they are.

        Parameters
        ----------
        to_go_on : bool
            Whether training goes on after this, from where it is.
        quiet : bool
            Whether to say nothing of training that has not converged.
        """
        if not len(self.going_on):
            return
        vectors = self.task.progress.vectors
        present = [vector.copy() for vector in vectors] if to_go_on else []
        self._write(np.ones(len(self.going_on), bool), is_last=not to_go_on)
        for vector, values in zip(vectors, present, strict=False):
            vector[...] = values
        for i in self.going_on:
            if self.trouble is not None and self.errors[i] is None and not quiet:
                self.messages[i].append((self.trouble, ConvergenceWarning))

    def _write(self, which: NDArray, is_last: bool) -> None:
        task = self.task
        is_last = is_last and len(which) == 1
        restore_best(task, which)
        failed = getattr(task.validate, "failed", ())
        for k in np.flatnonzero(which).tolist():
            i = int(self.going_on[k])
            reason = why_not(task, k)
            if k in failed:
                self.failures.add(i)
            if reason is not None:
                self.errors[i] = ValueError(reason)
                continue
            data = self.data.of_model(k)
            said = write(self.models[i], task, data, k, self.earlier, is_last)
            if said is not None:
                self.messages[i].append((said, ConvergenceWarning))
            if task.regularizer.has_kink:
                self.doubts[i] += dead_layer(self.models[i])
