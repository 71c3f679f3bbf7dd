"""The network inside a pipeline or a transformed target: found, taken out, put back."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from sknnreg._base import BaseMLP
from sknnreg._sklearn import BaseSearchCV, callbacks_of


def with_parameters(base, parameters: dict):
    """A clone of an estimator with these parameters."""
    # parameters may be estimators themselves: they are cloned too
    return clone(base).set_params(**clone(parameters, safe=False))


def check_names(base, candidates: Iterable) -> None:
    """Refuse a parameter of the network that was given without what precedes it.

    Other wrong names are for the estimator to refuse.
    """
    inside, known = prefix(base), base.get_params()
    for name in sorted(
        {name for each in candidates for name in each.parameters}, key=str
    ):
        if not isinstance(name, str):
            raise TypeError(f"Names of parameters must be strings. Got {name!r}.")
        plain = name.rpartition("__")[2]
        if name.partition("__")[0] not in known and inside + plain in known:
            raise ValueError(
                f"Invalid parameter {name!r} for estimator {base!r}. Did you mean "
                f"{inside + plain!r}?"
            )


def find_mlp(estimator) -> Any:
    """The network that an estimator is, ends in or is wrapped around; None if none."""
    if isinstance(estimator, Pipeline):
        return find_mlp(estimator.steps[-1][1])
    if isinstance(estimator, TransformedTargetRegressor):
        return find_mlp(getattr(estimator, "regressor_", estimator.regressor))
    return estimator if isinstance(estimator, BaseMLP) else None


def opened(estimator) -> Any:
    """An estimator in which searches and frozen estimators are what they hold."""
    if isinstance(estimator, FrozenEstimator):
        return opened(estimator.estimator)
    if isinstance(estimator, BaseSearchCV):
        if not estimator.refit:
            raise ValueError(f"{type(estimator).__name__} needs refit=True.")
        best = getattr(estimator, "best_estimator_", None)
        return estimator if best is None else opened(best)
    if isinstance(estimator, Pipeline):
        *others, (name, last) = estimator.steps
        answer = copy.copy(estimator)
        answer.steps = [*others, (name, opened(last))]
        return answer
    if hasattr(estimator, "regressor_"):
        answer = copy.copy(estimator)
        answer.regressor_ = opened(estimator.regressor_)
        return answer
    return estimator


def prefix(estimator) -> str:
    """What precedes the network's hyperparameters, as in ``mlp__alpha``."""
    if isinstance(estimator, Pipeline):
        name, last = estimator.steps[-1]
        return f"{name}__{prefix(last)}"
    if isinstance(estimator, TransformedTargetRegressor):
        return f"regressor__{prefix(estimator.regressor)}"
    return ""


def input_names(estimator, n_inputs: int) -> NDArray:
    """Names of what enters the network of a fitted estimator, or numbers.

    In a pipeline they are those that the steps before it give.
    """
    names = known_names(estimator)
    if names is None or len(names) != n_inputs:
        names = [f"x{i}" for i in range(n_inputs)]
    return np.asarray(names, dtype=str)


def known_names(estimator) -> Any:
    """The names that a fitted estimator's network or the steps before it know."""
    if isinstance(estimator, TransformedTargetRegressor):
        return known_names(estimator.regressor_)
    if not isinstance(estimator, Pipeline):
        return getattr(estimator, "feature_names_in_", None)
    inside = known_names(estimator.steps[-1][1])
    if inside is not None or len(estimator) == 1:
        return inside
    try:
        return estimator[:-1].get_feature_names_out()
    except (AttributeError, TypeError, ValueError):
        return None  # some step cannot tell


def has_callbacks(estimator) -> bool:
    """Whether callbacks are set on an estimator or on any part of it."""
    parts = (estimator, *estimator.get_params().values())
    return any(callbacks_of(part) for part in parts)


def replace_mlp(estimator, mlp):
    """A shallow copy around another network; what else is fitted is shared."""
    if isinstance(estimator, Pipeline):
        *others, (name, last) = estimator.steps
        new = copy.copy(estimator)
        new.steps = [*others, (name, replace_mlp(last, mlp))]
        return new
    if isinstance(estimator, TransformedTargetRegressor):
        new = copy.copy(estimator)
        for name in ("regressor", "regressor_"):
            if hasattr(estimator, name):
                setattr(new, name, replace_mlp(getattr(estimator, name), mlp))
        return new
    return mlp


class Surroundings(NamedTuple):
    """What is around a network, fitted, and what the network is to be fitted to.

    Attributes
    ----------
    estimator : estimator
        Pipeline or transformed target, with a recorder in the network's place.
    X, y, arguments :
        What the network's ``fit`` was given.
    seconds : float
        That the fit took.
    """

    estimator: Any
    X: Any
    y: Any
    arguments: dict[str, Any]
    seconds: float

    @property
    def given(self) -> tuple[Any, Any, dict[str, Any]]:
        """What the network is to be fitted to."""
        return self.X, self.y, self.arguments

    def enclose(self, mlp):
        """The whole estimator with a fitted network in its place."""
        return replace_mlp(self.estimator, mlp)


def record(estimator) -> tuple[Any, list]:
    """An estimator whose network only notes what it is given; and the notes."""
    seen: list[tuple[Any, Any, dict]] = []
    recorder = clone(find_mlp(estimator))

    def fit(X, y, **arguments):
        seen.append((X, y, arguments))
        return recorder

    recorder.fit = fit
    recorder.__sklearn_clone__ = lambda: recorder  # a target's wrapper fits a clone
    return replace_mlp(estimator, recorder), seen
