"""Estimators that differ in numbers only, trained in one pass."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sknnreg._assemble import (
    build_network,
    check_numbers,
    hidden_sizes,
    per_layer,
)
from sknnreg._fitting import (
    batch_size,
    build_task,
    check_batch_size,
    initialize,
    publish,
    warn_not_converged,
    watch,
)
from sknnreg._threads import one_blas_thread, products_are_small
from sknnreg.engine.checkpoint import Checkpoint, capture, restore
from sknnreg.engine.parameters import Parameters
from sknnreg.engine.streams import Streams
from sknnreg.engine.training import Task, advance, restore_best

#: The hyperparameters that may differ from model to model. Where zero or None leaves a
#: piece out, all must have it or none: "zero", "None", or "" if there is no such value.
NUMBERS = {
    "alpha": "",
    "l1_ratio": "",
    "alpha_bias": "",
    "dropout": "zero",
    "input_dropout": "zero",
    "input_noise": "zero",
    "learning_rate_init": "",
    "momentum": "",
    "max_norm": "None",
    "clip_norm": "None",
    "random_state": "",
}


def stack_key(model) -> tuple | None:
    """What models of one stack must agree on; None for a model that needs its own fit.

    That is all that shapes the network, the solver or the data. L-BFGS-B's line search
    is for one model, and a generator given as ``random_state`` for one fit.
    """
    seed = model.random_state
    if (
        model.solver == "lbfgs"
        or model.verbose
        or isinstance(seed, np.random.RandomState)
    ):
        return None
    key = [type(model)]
    for name, value in sorted(model.get_params(deep=False).items()):
        kind = NUMBERS.get(name)
        if name == "dropout":
            value = per_layer([model], name, len(hidden_sizes(model)), float)
        if kind == "zero":
            value = np.asarray(value) != 0
        elif kind == "None":
            value = value is None
        elif name == "random_state" and model.early_stopping:
            pass  # the split depends on it
        elif kind is not None:
            continue
        key.append((name, frozen(value)))
    return tuple(key)


def frozen(value: Any) -> Any:
    """A stand-in that can be compared and hashed."""
    if isinstance(value, np.ndarray):
        return (value.shape, tuple(value.ravel().tolist()))
    if isinstance(value, (list, tuple)):
        return tuple(frozen(part) for part in value)
    if isinstance(value, dict):
        return tuple((key, frozen(part)) for key, part in value.items())
    try:
        hash(value)
    except TypeError:
        return id(value)
    return value


def fit_stack(models: Sequence, X, y, sample_weight=None, **validation) -> list:
    """Fit estimators with equal :func:`stack_key` together; each ends as if alone.

    Returns
    -------
    errors : list of Exception or None
        What a model's own ``fit`` would have raised because its training failed; None
        for the fitted ones.
    """
    for model in models:
        model._validate_params()
        check_numbers([model])
    stack = Stack(models, X, y, sample_weight, **validation)
    stack.advance(models[0].max_iter)
    stack.publish_running()
    return stack.errors


class Stack:
    """Models on their way: those that have ended leave the others.

    Parameters
    ----------
    models : sequence of estimators
        With equal :func:`stack_key` and valid hyperparameters, not fitted.
    X, y, sample_weight, **validation
        As ``fit`` takes them.
    checkpoint : Checkpoint or None
        Where the models are, to go on from.

    Attributes
    ----------
    errors : list of Exception or None
        Why a model could not be published.
    """

    def __init__(
        self,
        models: Sequence,
        X,
        y,
        sample_weight=None,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self.models = list(models)
        self.errors: list[Exception | None] = [None] * len(self.models)
        first = self.models[0]
        self.data = first._prepare(
            X, y, sample_weight, (X_val, y_val, sample_weight_val)
        )
        check_batch_size(first, self.data.n_rows)
        own = first.get_params(deep=False)
        learned = {k: v for k, v in vars(first).items() if k not in own}
        for model in self.models:
            if model is not first:
                vars(model).update(learned)
                model._start(first=True)
            model._build_network(self.data)
        #: of the models that go on
        self.numbers = np.arange(len(self.models))
        if checkpoint is None:
            self.task = self._first_task()
        else:
            self.task = self._task(self.numbers, checkpoint)

    def _first_task(self) -> Task:
        streams = Streams([model._seed for model in self.models])
        task = self._build(self.models, streams, None)
        initialize(task.parameters, streams, self.data.X)
        return task

    def _task(self, numbers: NDArray, checkpoint: Checkpoint) -> Task:
        """A task of some models, going on from a checkpoint of them."""
        models = [self.models[i] for i in numbers]
        return restore(
            self._build(models, checkpoint.streams, checkpoint.optimizer), checkpoint
        )

    def _build(self, models, streams: Streams, state: dict | None) -> Task:
        X, target = self.data.X, self.data.target
        loss = models[0]._loss()
        network = build_network(models, X.shape[1], target.shape[1], loss, X.dtype)
        parameters = Parameters(network.specs, len(models), X.dtype)
        task = build_task(
            models, network, parameters, self.data, streams, state, incremental=True
        )
        watch(models, task, self.data.validation)
        return task

    def checkpoint(self) -> Checkpoint | None:
        """Where the models that go on are."""
        if not len(self.numbers):
            return None
        return capture(self.task, np.arange(len(self.numbers)))

    def advance(self, max_iter: int) -> None:
        """Train all that go on until this many epochs are done; publish what ends."""
        rows = batch_size(self.models[0], self.data.n_rows)
        small = products_are_small(self.task.bound.network, rows)
        with one_blas_thread(small):
            while len(self.numbers) and self.task.epoch < max_iter:
                advance(self.task, max_iter, _some_have_ended)
                self._let_go(~self.task.stopping.active)

    def _let_go(self, ended: NDArray) -> None:
        """Publish models that have ended, and go on with a smaller stack."""
        if not ended.any():
            return
        numbers = self.numbers[ended]
        if ended.all():
            self._publish(numbers, self.task)
        else:
            self._publish(numbers, self._task(numbers, capture(self.task, ended)))
        checkpoint = capture(self.task, ~ended)
        self.numbers = self.numbers[~ended]
        if len(self.numbers):
            self.task = self._task(self.numbers, checkpoint)

    def publish_running(self, going_on: bool = False) -> None:
        """Make those that have not ended estimators fitted as far as they are.

        This takes what they are trained on to their best epoch, unless they are
        ``going_on`` after this: then a copy is.
        """
        if len(self.numbers):
            task = (
                self._task(self.numbers, self.checkpoint()) if going_on else self.task
            )
            self._publish(self.numbers, task)

    def _publish(self, numbers: NDArray, part: Task) -> None:
        restore_best(part)
        for k, i in enumerate(numbers):
            model, this = self.models[i], np.array([k])
            model._forget()
            # of its own: the others' draws are not to move it on
            model._streams = copy.deepcopy(part.streams.take(this))
            model.t_ = int(part.n_iter[k]) * self.data.n_rows
            try:
                publish(model, part, k=k)
            except ValueError as error:
                self.errors[i] = error
                continue
            if part.stopping.active[k] and part.epoch == model.max_iter:
                warn_not_converged(model)
            if not part.stopping.diverged[k]:
                state = part.optimizer.state_of(this)
                model._optimizer_state = {"solver": model.solver} | state


def _some_have_ended(epoch: int, task: Task) -> bool:
    return not task.stopping.active.all()
