"""What both estimators share: the search, and the mean of what it has trained."""

from __future__ import annotations

import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, is_classifier
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    check_cv,
)
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state, indexable
from sklearn.utils.validation import check_is_fitted, validate_data

from sknnreg._callbacks import CallbackSupportMixin
from sknnreg._checks import check_weight, named
from sknnreg._config import get_config
from sknnreg._cv._ensemble import Ensemble
from sknnreg._cv._losses import Loss
from sknnreg._cv._plan import batch_size
from sknnreg._cv._report import leaderboard, results
from sknnreg._cv._search import Search
from sknnreg._cv._space import NUMBERS
from sknnreg._cv._work import Job
from sknnreg._html import Documented
from sknnreg._sklearn import (
    Interval,
    StrOptions,
    _fit_context,
    _num_samples,
)
from sknnreg._state import Stored, plain, restored
from sknnreg._target import Target
from sknnreg._undo import undone_on_failure
from sknnreg.model_selection._follow import Tasks
from sknnreg.model_selection._work import Fold

if TYPE_CHECKING:
    from typing import Self


#: rows below which there are eight folds
FEW_ROWS = 1000


class Learned(NamedTuple):
    """A target, as the search needs it.

    Attributes
    ----------
    kind : type
        Of the networks.
    network, preprocessing : dict
        Hyperparameters that follow from the target.
    y : ndarray
        What they are trained on.
    labels : ndarray
        By which folds are stratified.
    target : Target or None
    loss : callable
    decode : callable
        From predictions of the networks to those of the estimator.
    restore : callable
        Makes a network predict in the units of the target.
    attributes : dict
        Fitted attributes.
    """

    kind: type
    network: dict[str, Any]
    preprocessing: dict[str, Any]
    y: NDArray
    labels: NDArray
    target: Target | None
    loss: Loss
    decode: Callable[[NDArray], NDArray]
    restore: Callable[[Any], None]
    attributes: dict[str, Any]


class BaseCV(CallbackSupportMixin, Documented, Stored, BaseEstimator, ABC):
    """An ensemble of networks for a table. Use the derived classes."""

    _parameter_constraints: dict = {
        "max_time": [Interval(Real, 0, None, closed="neither"), None],
        "n_candidates": [Interval(Integral, 1, None, closed="left"), None],
        "max_iter": [Interval(Integral, 1, None, closed="left"), None],
        "cv": ["cv_object"],
        "scoring": [str, callable, None],
        "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
        "dtype": [StrOptions({"float32", "float64"})],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    @abstractmethod
    def _learn(self, y, weight: NDArray | None) -> Learned:
        """What there is to know of the target."""

    @abstractmethod
    def _score(self, loss: float) -> float:
        """The score, greater is better, that stands for a loss."""

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Search, and make the ensemble.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Numbers, and in a data frame or an array of objects also categories; they
            may be missing.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, as they are.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the rows, in training and in the loss.
        groups : array-like of shape (n_samples,), default=None
            Groups of rows that are held out together.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        began = time.time()
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but "
                "the target y is None."
            )
        with undone_on_failure(self):
            search, learned = self._prepared(began, X, y, sample_weight, groups)
            with Tasks.of(self, search.n_steps, X=X, y=y) as tasks:
                search.run(tasks)
                self._take_over(search, learned)
        return self

    def _prepared(
        self, began: float, X, y, sample_weight, groups
    ) -> tuple[Search, Learned]:
        """The search, and what is known of the target; all checked."""
        with named("X, y, sample_weight and groups"):
            X, y, sample_weight, groups = indexable(X, y, sample_weight, groups)
        with named("X"):
            validate_data(self, X, skip_check_array=True)
            _num_samples(X)
        weight = None
        if sample_weight is not None:
            weight = check_weight(sample_weight, X)
        learned = self._learn(y, weight)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        folds = self._folds(X, learned.labels, groups, seed)
        table = {
            "categorical_features": self.categorical_features,
            "dtype": np.dtype(self.dtype).type,
        }
        job = Job(
            learned.kind,
            X,
            learned.y,
            weight,
            learned.target,
            learned.preprocessing | table,
            learned.network | {"batch_size": batch_size(len(folds[0].train))},
            seed,
            get_config(),
        )
        search = Search(
            job,
            folds,
            learned.loss,
            ("none",) if issparse(X) else tuple(NUMBERS),
            n_candidates=self.n_candidates,
            max_iter=self.max_iter,
            max_time=np.inf if self.max_time is None else float(self.max_time),
            began=began,
            n_jobs=self.n_jobs,
            verbose=self.verbose,
        )
        return search, learned

    def _folds(self, X, labels: NDArray, groups, seed: int) -> list[Fold]:
        """The splits; five, or eight where rows are few."""
        n_rows, cv = _num_samples(X), self.cv
        classes = is_classifier(self) and labels.ndim == 1
        if cv is None:
            cv = 8 if n_rows < FEW_ROWS else 5
        if isinstance(cv, Integral):
            if groups is not None:
                kind = StratifiedGroupKFold if classes else GroupKFold
                n_groups = len(np.unique(groups))
                if n_groups < 2:
                    raise ValueError(
                        "groups must have two different values or more, so that some "
                        "can be held out."
                    )
                cv = min(cv, n_groups)
            else:
                kind = StratifiedKFold if classes else KFold
                cv = min(cv, n_rows)
            if classes:
                cv = min(cv, int(np.unique(labels, return_counts=True)[1].max()))
            cv = kind(max(2, int(cv)), shuffle=True, random_state=seed)
        cv = check_cv(cv, labels, classifier=is_classifier(self))
        with warnings.catch_warnings():
            # a class with fewer rows than folds: all networks know of it all the same
            warnings.filterwarnings("ignore", "The least populated class", UserWarning)
            splits = list(cv.split(np.zeros(n_rows), labels, groups))
        if not splits:
            raise ValueError("cv must give splits; it gives none.")
        self.n_splits_ = len(splits)
        return [Fold(i, *split) for i, split in enumerate(splits)]

    def _take_over(self, search: Search, learned: Learned) -> None:
        """Set the fitted attributes."""
        for name, value in learned.attributes.items():
            setattr(self, name, value)
        members = search.members()
        for _, member in members:
            learned.restore(member.network)
        self.ensemble_ = Ensemble(members)
        self.cv_results_ = results(search, self._score)
        self.leaderboard_ = leaderboard(search, self.cv_results_)
        first = search.best()  # a member too: none has the weight zero
        self.best_index_ = search.tried().index(first.candidate)
        self.best_score_ = self.cv_results_["mean_test_score"][self.best_index_]
        self.best_params_ = self.cv_results_["params"][self.best_index_]
        self.best_estimator_ = Pipeline(
            [("preprocessor", first.preprocessor), ("network", first.network)]
        )
        self.max_iter_ = max(c.network["max_iter"] for c in search.tried())
        self.n_iter_ = max(member.network.n_iter_ for _, member in members)
        prediction, rows = search.held_out
        shape = len(learned.y), *prediction.shape[1:]
        self.oof_prediction_ = np.full(shape, np.nan)
        self.oof_prediction_[rows] = learned.decode(prediction)

    def _to_plain(self, state):
        if "ensemble_" in state:
            state["ensemble_"] = plain(state["ensemble_"])

    def _from_plain(self, state):
        if "ensemble_" in state:
            state["ensemble_"] = restored(Ensemble, state["ensemble_"])

    def _predict(self, X) -> NDArray:
        """Mean of the ensemble."""
        check_is_fitted(self)
        if len(getattr(X, "shape", "nd")) == 1:
            raise ValueError(
                "Expected 2D array, got 1D array instead. Reshape your data: one row "
                "is X.reshape(1, -1)."
            )
        validate_data(self, X, skip_check_array=True, reset=False)
        return self.ensemble_.predict(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags
