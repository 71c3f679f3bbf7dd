"""Grid and randomized search that train whole groups of candidates in one pass."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
from joblib.parallel import get_active_backend
from numpy.random import RandomState
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.model_selection import (
    GridSearchCV,
    ParameterGrid,
    ParameterSampler,
    RandomizedSearchCV,
    check_cv,
)
from sklearn.utils import indexable
from sklearn.utils.parallel import Parallel

from sknnreg._caller import warn_once
from sknnreg._composition import check_names, with_parameters
from sknnreg._config import get_config
from sknnreg._html import Documented
from sknnreg._sklearn import (
    BaseSearchCV,
    Interval,
    _check_method_params,
    _fit_context,
    _insert_error_scores,
    _MultimetricScorer,
    _warn_or_raise_about_fit_failures,
)
from sknnreg.model_selection._evaluate import Evaluation
from sknnreg.model_selection._follow import Tasks
from sknnreg.model_selection._keep import kept_if_it_fails
from sknnreg.model_selection._one_se import one_standard_error
from sknnreg.model_selection._time import say_how_many
from sknnreg.model_selection._work import (
    Fold,
    Job,
    epochs,
    epochs_and_history,
    numbered,
)

if TYPE_CHECKING:
    from typing import Self

#: what the fused searches have besides scikit-learn's hyperparameters
MORE = {
    "max_stack": [Interval(Integral, 1, None, closed="left"), None],
    "return_history": ["boolean"],
    "max_time": [Interval(Real, 0, None, closed="neither"), None],
}


class FusedSearch(Documented, BaseSearchCV):
    """What the fused searches share: scikit-learn's ``fit`` around another evaluation.

    scikit-learn's fits candidate by candidate within its ``fit``; all that is not about
    fitting candidates is inherited or follows it line by line.
    """

    def _candidates(self) -> Iterable[dict]:
        """The settings to try."""
        raise NotImplementedError

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: ArrayLike, y: ArrayLike | None = None, **params: Any) -> Self:
        """Try all candidates, and refit the best on all rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        **params : dict
            For ``fit`` of the estimator, the scorer and the splitter, as scikit-learn's
            search takes them (``sample_weight``, ``groups``, ...).

        Returns
        -------
        self : object
            The fitted search.
        """
        with kept_if_it_fails(self):
            self._fit(X, y, params)
        return self

    def _fit(self, X, y, params: dict[str, Any]) -> None:
        scorers, refit_metric = self._get_scorers()
        if not callable(self.scoring) and not isinstance(scorers, _MultimetricScorer):
            self._check_refit_for_one_metric()
        X, y = indexable(X, y)
        params = _check_method_params(X, params=params)
        routed = self._get_routed_params_for_fit(params)
        cv = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        folds = self._folds(cv, X, y, routed.splitter.split)
        settings = {
            "scorer": scorers,
            "fit_params": routed.estimator.fit,
            "score_params": routed.scorer.score,
            "return_train_score": self.return_train_score,
            "return_n_test_samples": True,
            "return_times": True,
            "error_score": self.error_score,
            "verbose": 0,  # what is printed is printed here, not by workers
        }
        n_parts = 1 + (self.refit is not False)
        with Tasks.of(self, n_parts, X=X, y=y) as tasks:
            job = Job(
                clone(self.estimator),
                X,
                y,
                settings,
                get_config(),
                tasks.caller,
                self._measure(),
                None if self.max_time is None else time.time() + self.max_time,
            )
            with self._parallel() as parallel:
                results, first = self._search(job, folds, parallel, tasks)
            self.multimetric_ = isinstance(first["test_scores"], dict)
            if callable(self.scoring) and self.multimetric_:
                self._check_refit_for_multimetric(first["test_scores"])
                refit_metric = self.refit
            elif callable(self.scoring):
                self._check_refit_for_one_metric()
            self._choose(results, refit_metric)
            if self.refit:
                self._refit(job, tasks)
        multi = isinstance(scorers, _MultimetricScorer)
        self.scorer_ = scorers._scorers if multi else scorers
        self.cv_results_ = results

    def _check_refit_for_one_metric(self) -> None:
        """scikit-learn takes any string for True: "1se", misspelt, would be lost."""
        # the one metric's own name does no harm
        known = ("1se", self.scoring)
        if isinstance(self.refit, str) and self.refit not in known:
            raise ValueError(
                f"refit={self.refit!r} is not known. With one metric it must be True, "
                'False, "1se" or a callable; a name chooses among several metrics.'
            )

    def _folds(self, cv, X, y, split_params: dict) -> list[Fold]:
        """All splits, made once: every candidate sees the same."""
        self.n_splits_ = cv.get_n_splits(X, y, **split_params)
        splits = list(cv.split(X, y, **split_params))
        if len(splits) != self.n_splits_:
            raise ValueError(
                "cv.split and cv.get_n_splits returned inconsistent results. Expected "
                f"{self.n_splits_} splits, got {len(splits)}."
            )
        return [Fold(i, *split) for i, split in enumerate(splits)]

    def _measure(self) -> Callable[[Any], dict[str, Any]]:
        """What is kept of each network besides its scores."""
        return epochs_and_history if self.return_history else epochs

    def _parallel(self) -> Parallel:
        """Workers whose results come as they are made, where somebody reads of them."""
        backend, _ = get_active_backend()
        as_they_come = self.verbose and backend.supports_return_generator
        return Parallel(
            n_jobs=self.n_jobs,
            pre_dispatch=self.pre_dispatch,
            return_as="generator" if as_they_come else "list",
        )

    def _search(
        self, job: Job, folds: list[Fold], parallel, tasks: Tasks
    ) -> tuple[dict, dict]:
        """``cv_results_``, and the first fit's result."""
        candidates = numbered(self._candidates())
        check_names(job.estimator, candidates)
        evaluation = Evaluation(
            job, folds, candidates, parallel, self.max_stack, self.verbose
        )
        out = evaluation.run(candidates, tasks)
        return self._results([c.parameters for c in candidates], out), out[0]

    def _results(self, candidates: list[dict], out: list[dict], more=None) -> dict:
        """``cv_results_`` from the results of all candidates, fold by fold."""
        if not out:
            raise ValueError(
                "No fits were performed. Was the CV iterator empty? Were there no "
                "candidates?"
            )
        tried = [result for result in out if "was_not_tried" not in result]
        _warn_or_raise_about_fit_failures(tried, self.error_score)
        if self.max_time is not None:
            say_how_many(self, out)
        n_stopped = sum("was_stopped" in result for result in out)
        if n_stopped:
            warn_once(
                f"Callbacks have stopped {n_stopped} of {len(out)} fits before their "
                "end. Their scores are those of fewer epochs than the others'."
            )
        # scikit-learn makes tables of what the first result has
        out = [{k: r[k] for k in r if not k.startswith("was_")} for r in out]
        if callable(self.scoring):
            # with "raise" there are none left but those that were not tried
            raises = self.error_score == "raise"
            _insert_error_scores(out, np.nan if raises else self.error_score)
        results = self._format_results(candidates, self.n_splits_, out, more)
        for name in ("n_iter", "best_iter"):
            values = _table([result[name] for result in out], self.n_splits_)
            if not np.isnan(values).all():  # else there is no network
                results |= _by_split(name, values) | {f"mean_{name}": values.mean(1)}
        if self.return_history:
            histories = np.empty(len(out), object)
            histories[:] = [result["history"] for result in out]
            results |= _by_split("history", _table(histories, self.n_splits_))
        return results

    def _choose(self, results: dict, refit_metric) -> None:
        """Set ``best_index_`` and what follows from it."""
        if not self.refit and self.multimetric_:
            return
        refit = one_standard_error if self.refit == "1se" else self.refit
        self.best_index_ = self._select_best_index(refit, refit_metric, results)
        if not callable(self.refit):
            scores = results[f"mean_test_{refit_metric}"]
            self.best_score_ = scores[self.best_index_]
        self.best_params_ = results["params"][self.best_index_]

    def _refit(self, job: Job, tasks: Tasks) -> None:
        """Fit the best candidate to all rows."""
        best = with_parameters(job.estimator, self.best_params_)
        with tasks.part("refit-with-best-params", fitted=best):
            start = time.perf_counter()
            best.fit(job.X, job.y, **job.settings["fit_params"])
            self.refit_time_ = time.perf_counter() - start
        self.best_estimator_ = best
        if hasattr(best, "feature_names_in_"):
            self.feature_names_in_ = best.feature_names_in_


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


def _table(values, n_splits: int) -> NDArray:
    """A row a candidate, a column a fold."""
    return np.asarray(values).reshape(-1, n_splits)


def _by_split(name: str, table: NDArray) -> dict[str, NDArray]:
    return {f"split{i}_{name}": column for i, column in enumerate(table.T)}


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
