"""Grid and randomized search that train whole groups of candidates in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.random import RandomState
from sklearn.base import BaseEstimator
from sklearn.model_selection import (
    GridSearchCV,
    ParameterGrid,
    ParameterSampler,
    RandomizedSearchCV,
)

from sknnreg.model_selection._fused import MORE, FusedSearch


def grid(space: dict | list[dict], remedy: str) -> ParameterGrid:
    """All settings of a space that has lists of values only."""
    parts = [space] if isinstance(space, dict) else space
    items = [item for part in parts if isinstance(part, dict) for item in part.items()]
    drawn = {str(name) for name, values in items if hasattr(values, "rvs")}
    if drawn:
        raise ValueError(
            "param_grid has distributions, of which there is no grid: "
            f"{', '.join(sorted(drawn))}. {remedy}"
        )
    return ParameterGrid(space)


class FusedGridSearchCV(FusedSearch, GridSearchCV):
    """:class:`sklearn.model_selection.GridSearchCV`, candidates trained together.

    Candidates that differ in numbers only (``alpha``, ``l1_ratio``, ``alpha_bias``,
    ``dropout``, ``input_dropout``, ``input_noise``, ``learning_rate_init``,
    ``momentum``, ``max_norm``, ``clip_norm``, ``averaging``, ``random_state``) have
    networks of equal shape, which go through every mini-batch in one pass (horizontal
    fusion: Wang et al. 2021, "Horizontally fused training array"). Others,
    ``solver="lbfgs"`` and other estimators are fitted one by one. With an int
    ``random_state`` the scores are those of GridSearchCV.

    Steps of a pipeline before the network are fitted once for each fold and setting of
    theirs, not once a candidate.

    Parameters
    ----------
    estimator : estimator
        An ``MLPClassifierScratch`` or ``MLPRegressorScratch``, a pipeline that ends in
        one, or a ``TransformedTargetRegressor`` around either. Anything else works as
        well, without gain.

    param_grid : dict or list of dict
        As in GridSearchCV.

    scoring : str, callable, list, tuple, dict or None, default=None
        As in GridSearchCV.

    n_jobs : int or None, default=None
        Processes, over which stacks of candidates are spread, fold by fold.

    cv : int, splitter, iterable or None, default=None
        As in GridSearchCV.

    verbose : int, default=0
        As in GridSearchCV; from 1 on it also says how far the search is.

    pre_dispatch : int or str, default="2*n_jobs"
        As in GridSearchCV.

    error_score : "raise" or float, default=nan
        As in GridSearchCV.

    return_train_score : bool, default=False
        As in GridSearchCV.

    refit : bool, str or callable, default=True
        As in GridSearchCV; or "1se": the most regularized candidate within one standard
        error of the best, see :func:`one_standard_error`.

    max_stack : int or None, default=None
        Most candidates of a stack; None for as many as fit the cache.

    return_history : bool, default=False
        Whether ``cv_results_`` keeps the learning curves: in ``split<i>_history`` the
        ``history_`` of each candidate's network, None if its fit failed.

    max_time : float or None, default=None
        Seconds after which no further candidate is begun and those in training are
        given up: their scores are NaN, and a warning tells how many they are. The first
        stack of candidates (or the first candidate that is fitted alone) always gets a
        score, of fewer epochs if need be. Fitting what is around the networks, and the
        best candidate to all rows, is not limited.

    Attributes
    ----------
    cv_results_, best_estimator_, best_score_, best_params_, best_index_, scorer_, \
n_splits_, refit_time_, multimetric_, classes_, n_features_in_, feature_names_in_ :
        As in GridSearchCV. ``fit_time`` of a candidate is its share of its stack's.
        ``cv_results_`` also has ``split<i>_n_iter`` and ``split<i>_best_iter``, the
        epochs of each network and which of them was the best, and their means.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknnreg import MLPClassifierScratch
    >>> from sknnreg.model_selection import FusedGridSearchCV
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> network = MLPClassifierScratch((20,), max_iter=20, tol=0, random_state=0)
    >>> grid = {"mlpclassifierscratch__alpha": [1e-4, 1e-2, 1]}
    >>> model = make_pipeline(StandardScaler(), network)
    >>> search = FusedGridSearchCV(model, grid, cv=3).fit(X, y)  # doctest: +SKIP
    >>> search.best_params_  # doctest: +SKIP
    {'mlpclassifierscratch__alpha': 0.01}
    """

    _parameter_constraints: dict = GridSearchCV._parameter_constraints | MORE

    def __init__(
        self,
        estimator: BaseEstimator,
        param_grid: dict | list[dict],
        *,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: bool | str | Callable = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        error_score: float | str = np.nan,
        return_train_score: bool = False,
        max_stack: int | None = None,
        return_history: bool = False,
        max_time: float | None = None,
    ) -> None:
        super().__init__(
            estimator,
            param_grid,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.max_stack = max_stack
        self.return_history = return_history
        self.max_time = max_time

    def _candidates(self) -> Iterable[dict]:
        remedy = "Use FusedRandomizedSearchCV, which draws candidates."
        return grid(self.param_grid, remedy)


class FusedRandomizedSearchCV(FusedSearch, RandomizedSearchCV):
    """:class:`sklearn.model_selection.RandomizedSearchCV`, candidates trained together.

    See :class:`FusedGridSearchCV` for what is trained together.

    Parameters
    ----------
    estimator : estimator
        As in :class:`FusedGridSearchCV`.

    param_distributions : dict or list of dict
        As in RandomizedSearchCV; :func:`regularization_cocktail` makes a good one.

    n_iter : int, default=10
        Candidates to draw.

    random_state : int, RandomState instance or None, default=None
        For drawing candidates.

    scoring : str, callable, list, tuple, dict or None, default=None
        As in :class:`FusedGridSearchCV`.

    n_jobs : int or None, default=None
        As in :class:`FusedGridSearchCV`.

    refit : bool, str or callable, default=True
        As in :class:`FusedGridSearchCV`.

    cv : int, splitter, iterable or None, default=None
        As in :class:`FusedGridSearchCV`.

    verbose : int, default=0
        As in :class:`FusedGridSearchCV`.

    pre_dispatch : int or str, default="2*n_jobs"
        As in :class:`FusedGridSearchCV`.

    error_score : "raise" or float, default=nan
        As in :class:`FusedGridSearchCV`.

    return_train_score : bool, default=False
        As in :class:`FusedGridSearchCV`.

    max_stack : int or None, default=None
        As in :class:`FusedGridSearchCV`.

    return_history : bool, default=False
        As in :class:`FusedGridSearchCV`.

    max_time : float or None, default=None
        As in :class:`FusedGridSearchCV`.

    Attributes
    ----------
    cv_results_, best_estimator_, best_score_, best_params_, best_index_, scorer_, \
n_splits_, refit_time_, multimetric_, classes_, n_features_in_, feature_names_in_ :
        As in :class:`FusedGridSearchCV`.
    """

    _parameter_constraints: dict = RandomizedSearchCV._parameter_constraints | MORE

    def __init__(
        self,
        estimator: BaseEstimator,
        param_distributions: dict | list[dict],
        *,
        n_iter: int = 10,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: bool | str | Callable = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        random_state: int | RandomState | None = None,
        error_score: float | str = np.nan,
        return_train_score: bool = False,
        max_stack: int | None = None,
        return_history: bool = False,
        max_time: float | None = None,
    ) -> None:
        super().__init__(
            estimator,
            param_distributions,
            n_iter=n_iter,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            random_state=random_state,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.max_stack = max_stack
        self.return_history = return_history
        self.max_time = max_time

    def _candidates(self) -> Iterable[dict]:
        return ParameterSampler(
            self.param_distributions, self.n_iter, random_state=self.random_state
        )
