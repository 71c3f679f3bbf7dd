"""The network inside a pipeline or a transformed target: found, taken out, put back."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline

from sknnreg._base import BaseMLP


def candidate(base, parameters: dict):
    """The estimator with a candidate's parameters, not fitted."""
    # parameters may be estimators themselves: they are cloned too
    return clone(base).set_params(**clone(parameters, safe=False))


def find_mlp(estimator) -> BaseMLP | None:
    """The network that an estimator is, ends in or is wrapped around."""
    if isinstance(estimator, Pipeline):
        return find_mlp(estimator.steps[-1][1])
    if isinstance(estimator, TransformedTargetRegressor):
        return find_mlp(getattr(estimator, "regressor_", estimator.regressor))
    return estimator if isinstance(estimator, BaseMLP) else None


def prefix(estimator) -> str:
    """What precedes the network's hyperparameters, as in ``mlp__alpha``."""
    if isinstance(estimator, Pipeline):
        name, last = estimator.steps[-1]
        return f"{name}__{prefix(last)}"
    if isinstance(estimator, TransformedTargetRegressor):
        return f"regressor__{prefix(estimator.regressor)}"
    return ""


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


class Prepared(NamedTuple):
    """An estimator fitted but for its network, and what the network is to be fitted to.

    ``arguments`` are ``fit``'s: X, y and maybe ``sample_weight`` or validation data.
    """

    estimator: Any
    X: Any
    y: Any
    arguments: dict

    def around(self, mlp):
        """The whole estimator with a fitted network in its place."""
        return replace_mlp(self.estimator, mlp)


def prepare(estimator, X, y, fit_params: dict) -> Prepared:
    """Fit everything around the network, which only notes what it was given."""
    mlp = find_mlp(estimator)
    if mlp is estimator:
        return Prepared(estimator, X, y, fit_params)
    seen = []
    recorder = clone(mlp)

    def fit(X, y, **arguments):
        seen.append((X, y, arguments))
        return recorder

    recorder.fit = fit
    recorder.__sklearn_clone__ = lambda: recorder  # a target's wrapper fits a clone
    fitted = replace_mlp(estimator, recorder).fit(X, y, **fit_params)
    return Prepared(replace_mlp(fitted, mlp), *seen[0])
