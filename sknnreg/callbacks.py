"""Callbacks for the training of a network, by scikit-learn's protocol.

They are set as those of :mod:`sklearn.callback` are, which needs scikit-learn 1.9:
``model.set_callbacks(TimeLimit(60), Checkpoint("fit.joblib"))``. ``ProgressBar`` and
``ScoringMonitor`` of scikit-learn work as well, and any object with the four methods of
:class:`Callback`.

The tasks of a fit are ``"fit"`` and below it one ``"epoch"`` after the other, each
followed by a task ``"validation"`` where there are validation data, with these rows.
``fitted_estimator`` is the network with the parameters that it has at the end of the
task.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils import check_scalar

from sknnreg._checkpoint import read
from sknnreg._sklearn import callbacks_of

__all__ = ["Callback", "Checkpoint", "Logger", "TimeLimit"]


class Callback:
    """The protocol of scikit-learn's callbacks; its methods do nothing.

    A base for callbacks of your own. ``on_fit_task_end`` may also take the keywords
    ``X``, ``y``, ``metadata`` and ``fitted_estimator``, and ends the training by
    returning True.
    """

    def setup(self, estimator, context) -> None:
        """The fit begins."""

    def teardown(self, estimator, context) -> None:
        """The fit has ended or failed."""

    def on_fit_task_begin(self, estimator, context) -> None:
        """A task of the fit begins."""

    def on_fit_task_end(self, estimator, context) -> bool | None:
        """A task of the fit has ended; True stops the training."""


def began(context) -> datetime:
    """When the fit began that a task belongs to, of the estimator with the callback."""
    while context.parent is not None and context.source_estimator_name is None:
        context = context.parent
    return context.init_time


def seconds_since(start: datetime) -> float:
    return (datetime.now(UTC) - start).total_seconds()


def check_network(callback: Callback, estimator, *also: str) -> None:
    """Refuse an estimator that has no epochs of its own.

    ``also`` are attributes by which others are known that have some.
    """
    if not any(hasattr(estimator, name) for name in ("hidden_layer_sizes", *also)):
        raise ValueError(
            f"{type(callback).__name__} follows the epochs of a network: set it on the "
            f"network itself, not on {type(estimator).__name__}."
        )


class TimeLimit(Callback):
    """Stop the training at the first end of an epoch after some time.

    The estimator is what fewer epochs would have made of it. Set on a network, the
    limit is that of each of its fits, in a search of each candidate's; set on a fused
    search, that of the whole search, whose remaining candidates then train for one
    epoch, with a warning: their scores are not those of the others. What the search
    fits alone, the best candidate on all rows included, is not limited. On a pipeline
    it would see no epochs.

    Parameters
    ----------
    seconds : float
        From the beginning of ``fit``; at least one epoch is trained.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknnreg import MLPClassifierScratch
    >>> from sknnreg.callbacks import TimeLimit
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifierScratch((20,), max_iter=10**6, n_iter_no_change=10**6)
    >>> _ = model.set_callbacks(TimeLimit(0.05)).fit(X, y)  # doctest: +SKIP
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = check_scalar(seconds, "seconds", Real, min_val=0)

    def setup(self, estimator, context) -> None:
        check_network(self, estimator, "max_stack")  # a fused search

    def on_fit_task_end(self, estimator, context) -> bool:
        return seconds_since(began(context)) >= self.seconds


class Logger(Callback):
    """Hand each epoch's row of ``history_`` to a function.

    Parameters
    ----------
    function : callable
        Is given a dict of floats: ``"epoch"``, counted from 1, ``"seconds"`` since the
        beginning of ``fit``, and the columns of ``history_``: ``"loss"``,
        ``"penalty"``, ``"learning_rate"``, ``"validation_loss"``, ... Stops the
        training by returning True. In a search with worker processes it is called in
        these.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknnreg import MLPClassifierScratch
    >>> from sknnreg.callbacks import Logger
    >>> X, y = load_iris(return_X_y=True)
    >>> rows = []
    >>> model = MLPClassifierScratch((20,), max_iter=3, tol=1.0, n_iter_no_change=3)
    >>> _ = model.set_callbacks(Logger(rows.append)).fit(X, y)  # doctest: +SKIP
    >>> [row["epoch"] for row in rows]  # doctest: +SKIP
    [1, 2, 3]
    """

    def __init__(self, function: Callable[[dict[str, float]], Any]) -> None:
        if not callable(function):
            raise TypeError(f"function must be callable. Got {function!r}.")
        self.function = function

    def setup(self, estimator, context) -> None:
        check_network(self, estimator)

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None) -> bool:
        if context.task_name != "epoch" or fitted_estimator is None:
            return False
        history = fitted_estimator.history_
        row = {
            "epoch": len(history["loss"]),
            "seconds": seconds_since(began(context)),
        }
        row |= {name: column[-1] for name, column in history.items()}
        answer = self.function(row)
        return isinstance(answer, (bool, np.bool_)) and bool(answer)


class Checkpoint(Callback):
    """Save the training every few epochs, and go on from there after a break.

    A ``fit`` that finds the file of a fit that was broken off, be it by a crash, an
    interrupt or a :class:`TimeLimit`, goes on with it, and ends as if there had been no
    break, to the last bit. The file must be of the same fit: same data, same
    hyperparameters. It is deleted when the training has come to its end. For the
    stochastic solvers, and for one fit at a time.

    Parameters
    ----------
    path : str or path
        The file. It is a pickle: load only what you trust.
    every : int, default=10
        Epochs from one saving to the next.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknnreg import MLPClassifierScratch
    >>> from sknnreg.callbacks import Checkpoint
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifierScratch((20,), random_state=0)
    >>> checkpoint = Checkpoint("fit.joblib", every=50)
    >>> model.set_callbacks(checkpoint).fit(X, y)  # doctest: +SKIP
    """

    def __init__(self, path: str | os.PathLike, every: int = 10) -> None:
        self.path = os.fspath(path)
        self.every = check_scalar(every, "every", Integral, min_val=1)

    def setup(self, estimator, context) -> None:
        check_network(self, estimator)
        folder = os.path.dirname(os.path.abspath(self.path))
        if not os.path.isdir(folder):
            raise FileNotFoundError(f"There is no folder {folder!r} for a Checkpoint.")
        if estimator.solver == "lbfgs":
            raise ValueError(
                "solver='lbfgs' cannot be used with Checkpoint: SciPy keeps its "
                "estimate of the curvature to itself. Use a stochastic solver such as "
                "solver='adam'."
            )

    def load(self):
        """The estimator as it was when last saved, fitted so far.

        Returns
        -------
        estimator : estimator

        Raises
        ------
        FileNotFoundError
            If nothing was saved, or the training has come to its end.
        """
        saved = read(self.path)
        if saved is None:
            raise FileNotFoundError(f"There is no checkpoint at {self.path!r}.")
        return saved.estimator


def checkpoint_of(estimator, incremental: bool) -> Checkpoint | None:
    """The checkpoint among an estimator's callbacks."""
    found = [each for each in callbacks_of(estimator) if isinstance(each, Checkpoint)]
    if not found:
        return None
    if len(found) > 1:
        raise ValueError("A fit can have one Checkpoint only.")
    if incremental:
        raise ValueError(
            "partial_fit cannot be used with Checkpoint: between its calls the "
            "estimator itself is all there is to save."
        )
    return found[0]
