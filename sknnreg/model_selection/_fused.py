"""What the fused searches share: scikit-learn's ``fit`` around another evaluation."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
from joblib.parallel import get_active_backend
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone, is_classifier
from sklearn.model_selection import check_cv
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
from sknnreg._undo import undone_on_failure
from sknnreg.model_selection._evaluate import Evaluation
from sknnreg.model_selection._follow import Tasks
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
        with undone_on_failure(self):
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
            if callable(self.scoring):
                # only now is it known how many metrics it gives
                if self.multimetric_:
                    self._check_refit_for_multimetric(first["test_scores"])
                    refit_metric = self.refit
                else:
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


def _table(values, n_splits: int) -> NDArray:
    """A row a candidate, a column a fold."""
    return np.asarray(values).reshape(-1, n_splits)


def _by_split(name: str, table: NDArray) -> dict[str, NDArray]:
    return {f"split{i}_{name}": column for i, column in enumerate(table.T)}
