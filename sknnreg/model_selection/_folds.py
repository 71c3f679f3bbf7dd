"""Cross-validation whose networks, one a fold, are trained together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.model_selection import check_cv, cross_validate

from sknnreg.model_selection._together import Fit, may_join, train


class Noted(Exception):
    """A fit has been noted, and is made later."""


class Once:
    """A splitter whose splits are made once, however often they are asked for."""

    def __init__(self, cv) -> None:
        self.cv = cv
        self.splits: list[tuple] | None = None

    def split(self, *data: Any, **params: Any) -> Iterator[tuple]:
        """The splits that ``cv`` has made when it was first asked."""
        if self.splits is None:
            self.splits = list(self.cv.split(*data, **params))
        return iter(self.splits)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.cv, name)


def fused_cross_validate(
    estimator: BaseEstimator,
    X: ArrayLike,
    y: ArrayLike | None = None,
    *,
    groups: ArrayLike | None = None,
    scoring: Any = None,
    cv: Any = None,
    n_jobs: int | None = None,
    verbose: int = 0,
    params: dict[str, Any] | None = None,
    pre_dispatch: int | str = "2*n_jobs",
    return_train_score: bool = False,
    return_estimator: bool = False,
    return_indices: bool = False,
    error_score: float | str = np.nan,
) -> dict[str, Any]:
    """:func:`sklearn.model_selection.cross_validate`, folds trained together.

    The networks of folds with equally many rows go through their mini-batches in one
    pass, each on its own rows. With an int ``random_state`` the scores are those of
    ``cross_validate``. Other estimators, ``solver="lbfgs"``, networks with callbacks,
    and folds that no other is like, are fitted one by one.

    The training rows of all folds are in memory at the same time.

    Parameters
    ----------
    estimator : estimator
        An ``MLPClassifierScratch`` or ``MLPRegressorScratch``, a pipeline that ends in
        one, or a ``TransformedTargetRegressor`` around either. Anything else works as
        well, without gain.

    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Inputs.

    y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
        Targets.

    groups : array-like of shape (n_samples,), default=None
        As in ``cross_validate``.

    params : dict or None, default=None
        As in ``cross_validate``.

    return_train_score, return_estimator, return_indices : bool, default=False
        As in ``cross_validate``.

    scoring : str, callable, list, tuple, dict or None, default=None
        As in ``cross_validate``.

    cv : int, splitter, iterable or None, default=None
        As in ``cross_validate``.

    verbose : int, default=0
        As in ``cross_validate``.

    pre_dispatch : int or str, default="2*n_jobs"
        As in ``cross_validate``.

    error_score : "raise" or float, default=nan
        As in ``cross_validate``.

    n_jobs : int or None, default=None
        Stacks of folds are spread over so many processes; scores are computed in the
        calling one.

    Returns
    -------
    scores : dict of {str: ndarray of shape (n_splits,)}
        As in ``cross_validate``. ``fit_time`` of a fold is its share of its stack's.

    Raises
    ------
    ValueError
        If all fits fail, or one does with ``error_score="raise"``.

    References
    ----------
    Wang et al. 2021, "Horizontally fused training array".

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknnreg import MLPClassifierScratch
    >>> from sknnreg.model_selection import fused_cross_validate
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifierScratch((20,), tol=0.1, random_state=0)
    >>> scores = fused_cross_validate(model, X, y, cv=3)
    >>> scores["test_score"].shape
    (3,)
    """
    settings = {
        "groups": groups,
        "scoring": scoring,
        "params": params,
        "pre_dispatch": pre_dispatch,
        "return_train_score": return_train_score,
    }
    last = {
        "verbose": verbose,
        "return_estimator": return_estimator,
        "return_indices": return_indices,
        "error_score": error_score,
    }
    if not may_join(estimator):
        return cross_validate(estimator, X, y, cv=cv, n_jobs=n_jobs, **settings, **last)
    once = Once(check_cv(cv, y, classifier=is_classifier(estimator)))
    fits = noted_fits(estimator, X, y, cv=once, **settings)
    if fits is None:  # it cannot begin, and says why
        return cross_validate(estimator, X, y, cv=once, **settings, **last)
    train(fits, n_jobs)
    for fit in fits:
        fit.estimator.fit = Settling(fit)
    front = in_turn(estimator, iter([fit.estimator for fit in fits]).__next__)
    results = cross_validate(front, X, y, cv=once, **settings, **last)
    results["fit_time"] += [fit.seconds for fit in fits]
    return results


def noted_fits(estimator, X, y, *, cv: Once, **settings) -> list[Fit] | None:
    """The fit of each fold as scikit-learn would make it; None if it makes none."""
    fits: list[Fit] = []

    def next_one():
        fits.append(Fit(clone(estimator)))
        fits[-1].estimator.fit = Noting(fits[-1])
        return fits[-1].estimator

    front = in_turn(estimator, next_one)
    # all of them end with Noted, which scikit-learn tells in the end
    with suppress(ValueError):
        cross_validate(front, X, y, cv=cv, error_score=np.nan, **settings)
    made = bool(fits) and cv.splits is not None and len(fits) == len(cv.splits)
    return fits if made and all(fit.X is not None for fit in fits) else None


def in_turn(estimator, next_one: Callable[[], Any]):
    """A clone whose own clones are those that ``next_one`` gives."""
    front = clone(estimator)
    front.__sklearn_clone__ = next_one
    return front


class Noting:
    """``fit`` of an estimator that is fitted later."""

    def __init__(self, fit: Fit) -> None:
        self.fit = fit

    def __call__(self, X, y=None, **arguments):
        self.fit(X, y, **arguments)
        raise Noted


class Settling:
    """``fit`` of an estimator that has been trained."""

    def __init__(self, fit: Fit) -> None:
        self.fit = fit

    def __call__(self, X, y=None, **arguments):
        return self.fit.settle()
