"""Running a solver for an estimator, and writing down what came of it."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from sknnreg._assemble import (
    build_optimizer,
    build_regularizer,
    build_schedule,
    stack,
)
from sknnreg._threads import one_blas_thread, products_are_small
from sknnreg._validation import Validation, ValidationScore
from sknnreg.engine.batches import Batches
from sknnreg.engine.early_stopping import EarlyStopping
from sknnreg.engine.layers.noise import feature_std
from sknnreg.engine.lbfgs import Objective, minimize_lbfgs
from sknnreg.engine.network import Bound, Network
from sknnreg.engine.parameters import Parameters, Views
from sknnreg.engine.penalties import Number
from sknnreg.engine.schedules import Horizon
from sknnreg.engine.streams import Streams
from sknnreg.engine.training import Task, objective, record, restore_best, train


class Data(NamedTuple):
    """What to train on, checked and encoded.

    ``X`` is (n, n_features), ``target`` (n, n_outputs), ``weight`` (n,) or None;
    ``rows`` are the numbers of those to train on, None for all.
    """

    X: Any
    target: NDArray
    weight: NDArray | None
    rows: NDArray | None
    validation: Validation | None

    @property
    def n_rows(self) -> int:
        return self.X.shape[0] if self.rows is None else len(self.rows)


def fit_stochastic(
    est, network: Network, parameters: Parameters, data: Data, incremental: bool
) -> None:
    """Mini-batch training; sets the fitted attributes of ``est``."""
    state = getattr(est, "_optimizer_state", {"solver": None})
    task = build_task(
        [est],
        network,
        parameters,
        data,
        est._streams,
        state=state if state["solver"] == est.solver else None,
        incremental=incremental,
    )
    watch([est], task, data.validation)
    check_batch_size(est, data.n_rows)
    finished = run(est, task, 1 if incremental else est.max_iter)
    est.t_ += int(task.n_iter[0]) * len(task.batches.rows)
    stopping = task.stopping
    if finished and stopping.active[0] and not incremental:
        warn_not_converged(est)
    publish(est, task)
    if not stopping.diverged[0]:
        state = task.optimizer.state_of(np.array([0]))
        est._optimizer_state = {"solver": est.solver} | state


def warn_not_converged(est) -> None:
    """Say that ``max_iter`` came first."""
    warnings.warn(
        f"Stochastic Optimizer: Maximum iterations ({est.max_iter}) reached and "
        "the optimization hasn't converged yet.",
        ConvergenceWarning,
        stacklevel=6,
    )


def build_task(
    models,
    network: Network,
    parameters: Parameters,
    data: Data,
    streams: Streams,
    state: dict | None = None,
    incremental: bool = False,
) -> Task:
    """Everything the mini-batch loop works on, for models that differ in numbers only.

    Parameters
    ----------
    models : list of estimators
        K of them.
    data : Data
    state : dict or None
        Of the optimizer, to go on from.
    incremental : bool
        Whether schedules count the steps of all calls, not of this one.
    """
    first, dtype = models[0], parameters.theta.dtype
    n = data.n_rows
    optimizer = build_optimizer(models, dtype)
    optimizer.bind(parameters.theta, parameters.grad, state)
    batches = Batches(
        data.X,
        data.target,
        None if data.weight is None else data.weight[None],
        data.rows,
        batch_size(first, n),
        streams if first.shuffle else None,
        dtype,
    )
    start = 0 if incremental else optimizer.t
    horizon = Horizon(len(batches), first.max_iter, n, start)
    by_callable = callable(first.learning_rate)
    return Task(
        bound=Bound.to(network, parameters),
        parameters=parameters,
        regularizer=build_regularizer(models, parameters),
        batches=batches,
        streams=streams,
        stopping=new_stopping(models),
        optimizer=optimizer,
        rate=1.0 if by_callable else numbers(models, "learning_rate_init", dtype),
        schedule=build_schedule(models, horizon),
        clip=numbers(models, "clip_norm", dtype),
        limit=numbers(models, "max_norm", dtype),
    )


def initialize(parameters: Parameters, streams: Streams, X) -> None:
    """First values of all models."""
    parameters.initialize(streams.initial())
    for layer in parameters.values():
        if "std" in layer:  # noise is in units of each input's spread
            layer["std"][...] = feature_std(X)


def numbers(models, name: str, dtype) -> Number | None:
    """A hyperparameter of a stack; None where it is None for all."""
    values = [getattr(model, name) for model in models]
    return None if values[0] is None else stack(values, dtype)


def new_stopping(models) -> EarlyStopping:
    """The patience that the models agree on."""
    first = models[0]
    return EarlyStopping(first.n_iter_no_change, float(first.tol), len(models))


def watch(models, task: Task, validation: Validation | None) -> None:
    """Give the task its validation data, and a warm start its first score to beat."""
    if validation is None:
        return
    task.validate = ValidationScore(models, task.bound, validation)
    task.keep_best = bool(models[0].early_stopping)
    if task.keep_best and models[0].history_:
        _, score = task.validate()
        if np.isfinite(score).all():
            task.stopping.keep(-1, score, np.array([True]), *task.vectors, *task.start)


def batch_size(est, n: int) -> int:
    """``batch_size`` as a number from 1 to ``n``."""
    return min(200 if est.batch_size == "auto" else int(est.batch_size), n)


def check_batch_size(est, n: int) -> None:
    """Say that ``batch_size`` exceeds the number of rows."""
    if est.batch_size != "auto" and est.batch_size > n:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to "
            "be clipped",
            stacklevel=6,
        )


def run(est, task: Task, max_iter: int) -> bool:
    """Train; False if the user interrupted."""

    def report(epoch: int, task: Task) -> None:
        print_epoch(est, task, epoch)

    try:
        small = products_are_small(task.bound.network, task.batches.batch_size)
        with one_blas_thread(small):
            train(task, max_iter, report)
    except KeyboardInterrupt:
        warnings.warn("Training interrupted by user.", stacklevel=6)
        restore_best(task)
        return False
    stopping = task.stopping
    if est.verbose and not (stopping.active[0] or stopping.diverged[0]):
        watched = "Validation score" if est.early_stopping else "Training loss"
        print(
            f"{watched} did not improve more than tol={est.tol:f} for "
            f"{est.n_iter_no_change} consecutive epochs. Stopping."
        )
    return True


def print_epoch(est, task: Task, epoch: int) -> None:
    """The verbose lines of an epoch."""
    if est.verbose:
        columns = task.history.columns
        done = len(est.loss_curve_)
        print(f"Iteration {done + epoch + 1}, loss = {columns['loss'][-1][0]:.8f}")
        if task.keep_best:
            print(f"Validation score: {columns['validation_score'][-1][0]:f}")


def publish(est, task: Task, loss: float | None = None, k: int = 0) -> None:
    """Set the fitted attributes from model k of a finished task.

    Refuses what is not finite. ``loss`` is J of the parameters, if it is not that of
    the last epoch.
    """
    stopping, done = task.stopping, len(est.loss_curve_)
    history = task.history.of_model(k)
    check_finite(task, history, loss, k)
    if stopping.diverged[k]:
        if not task.keep_best and loss is None:
            loss = float(objective(task)[k])
        warnings.warn(
            "Training diverged: the loss, the score or the parameters became infinite "
            f"or NaN. The parameters of epoch {done + stopping.best_epoch[k] + 1} are "
            "kept. A smaller learning_rate_init, scaled inputs or clipping may help.",
            ConvergenceWarning,
            stacklevel=6,
        )
        vars(est).pop("_optimizer_state", None)
    est._publish(own_values(task.parameters, k), 0)
    est.n_iter_ = int(task.n_iter[k])
    est.history_ = extended(est.history_, history)
    est.loss_curve_ = est.history_.get("loss", [])
    kept = len(est.loss_curve_)
    if task.keep_best or stopping.diverged[k]:
        best = int(stopping.best_epoch[k])  # -1: what the warm start began with
        kept = done + best + 1 if best >= 0 else est.best_iter_
        est.best_iter_ = kept
    elif est.loss_curve_:
        est.best_iter_ = 1 + int(np.argmin(est.loss_curve_))
    if loss is None:
        loss = est.loss_curve_[kept - 1] if est.loss_curve_ else np.nan
    est.loss_ = loss
    if task.keep_best:
        est.validation_scores_ = est.history_["validation_score"]
        est.best_validation_score_ = float(stopping.best[k])
        est.best_loss_ = None
    else:
        est.validation_scores_ = est.best_validation_score_ = None
        est.best_loss_ = float(np.min([*est.loss_curve_, est.loss_], initial=np.inf))


def own_values(parameters: Parameters, k: int) -> Views:
    """The arrays of model k, which do not keep those of a stack alive."""
    values = parameters.values()
    if parameters.n_models == 1:
        return values
    return [{name: array[[k]] for name, array in layer.items()} for layer in values]


def check_finite(task: Task, history: dict, loss: float | None, k: int) -> None:
    """Refuse a model that never had a finite epoch."""
    never = task.stopping.diverged[k] and task.stopping.best_epoch[k] < 0
    lost = not np.isfinite(task.parameters.theta[k]).all()
    if lost or (loss is not None and not np.isfinite(loss)):
        raise ValueError(
            "Solver produced non-finite parameter weights. The input data may contain "
            "large values and need to be preprocessed."
        )
    if never and task.keep_best and np.isfinite(history["loss"][0]):
        raise ValueError(
            "The validation score of the first epoch is not finite. Check scoring and "
            "the validation data."
        )
    if never:
        raise ValueError(
            "Training diverged, and no epoch was better than the start: the solver "
            "would give non-finite parameter weights. The input data may contain large "
            "values and need to be preprocessed, or learning_rate_init be smaller."
        )


def extended(history: dict, new: dict) -> dict:
    """The columns of both, one after the other; NaN where one has none."""
    before, after = (len(table.get("loss", [])) for table in (history, new))
    return {
        name: history.get(name, [np.nan] * before) + new.get(name, [np.nan] * after)
        for name in history | new
    }


def fit_lbfgs(
    est, network: Network, parameters: Parameters, data: Data, incremental: bool
) -> None:
    """Full-batch training by L-BFGS-B; sets the fitted attributes of ``est``."""
    X, target, weight, rows, validation = data
    weight = None if weight is None else weight[None]
    task = Task(
        bound=Bound.to(network, parameters),
        parameters=parameters,
        regularizer=build_regularizer([est], parameters),
        batches=Batches(X, target, weight, rows, X.shape[0], None, X.dtype),
        streams=est._streams,
        stopping=new_stopping([est]),
    )
    watch([est], task, validation)
    objective = Objective(
        task.bound, parameters, task.regularizer, next(task.batches.epoch())
    )

    def report(value: float) -> bool:
        penalty = task.regularizer.value(parameters.theta)
        epoch = int(task.n_iter[0])
        stalled = record(task, epoch, np.array([value]), penalty, 1.0)
        print_epoch(est, task, epoch)
        return bool(task.keep_best and (stalled | ~task.stopping.active).any())

    with one_blas_thread(products_are_small(network, task.batches.batch_size)):
        result = minimize_lbfgs(objective, est.max_iter, est.max_fun, est.tol, report)
    restore_best(task)
    publish(est, task, None if task.keep_best else float(result.fun))
    est.t_ += int(task.n_iter[0]) * len(task.batches.rows)
    if result.status not in (0, 99):  # 99: stopped early
        more = (
            f" Increase max_iter (={est.max_iter}) or scale the data."
            if result.nit >= est.max_iter
            else ""
        )
        warnings.warn(
            f"lbfgs failed to converge after {est.n_iter_} iteration(s) "
            f"(status={result.status}): {result.message}.{more}",
            ConvergenceWarning,
            stacklevel=5,
        )
