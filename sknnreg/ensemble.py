"""Bagging whose networks are trained together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike
from sklearn.ensemble import BaggingClassifier, BaggingRegressor

from sknnreg._html import Documented
from sknnreg._undo import undone_on_failure
from sknnreg.model_selection._together import Fit, may_join, train

if TYPE_CHECKING:
    from typing import Self

__all__ = ["FusedBaggingClassifier", "FusedBaggingRegressor"]

#: Bytes of rows that may wait for others to be trained with.
MOST_WAITING = 2**28


class FusedBagging(Documented):
    """What both share: scikit-learn's ``fit``, whose members only note their data.

    It draws samples, seeds and features; the networks are trained when all members
    have been made, or when as much data wait as should be in memory.
    """

    n_jobs: int | None
    estimator: Any

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        **fit_params: Any,
    ) -> Self:
        """Fit the members.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            As scikit-learn's bagging takes them.
        **fit_params : dict
            For ``fit`` of the members, with metadata routing.

        Returns
        -------
        self : object
            The fitted ensemble.
        """
        parent: Any = super()
        with undone_on_failure(self):
            if not may_join(self.estimator):
                return parent.fit(X, y, sample_weight=sample_weight, **fit_params)
            self._waiting: list[Fit] = []
            parent.fit(X, y, sample_weight=sample_weight, **fit_params)
            self._train_waiting()
            del self._waiting
        return self

    def _make_estimator(self, append: bool = True, random_state: Any = None) -> Any:
        parent: Any = super()
        estimator = parent._make_estimator(append=append, random_state=random_state)
        if hasattr(self, "_waiting"):
            if sum(_sizes(self._waiting).values()) > MOST_WAITING:
                self._train_waiting()
            self._waiting.append(Fit(estimator))
            estimator.fit = self._waiting[-1]
        return estimator

    def _parallel_args(self) -> dict[str, Any]:
        # members only note their data: what trains them is run in parallel
        return {"backend": "sequential"} if hasattr(self, "_waiting") else {}

    def _set_oob_score(self, X: Any, y: Any) -> None:
        parent: Any = super()
        if hasattr(self, "_waiting"):
            self._train_waiting()
        parent._set_oob_score(X, y)

    def _train_waiting(self) -> None:
        fits, self._waiting = self._waiting, []
        train(fits, self.n_jobs)
        for fit in fits:
            fit.settle()


def _sizes(fits: list[Fit]) -> dict[int, int]:
    """Bytes of the inputs that fits were given, of each once."""
    return {id(fit.X): fit.X.data.nbytes for fit in fits if fit.X is not None}


class FusedBaggingClassifier(FusedBagging, BaggingClassifier):
    """:class:`sklearn.ensemble.BaggingClassifier`, members trained together.

    Networks with equally many rows go through their mini-batches in one pass, each
    with a seed and with rows, or weights of rows, of its own (Breiman 1996, "Bagging
    predictors"). With the same int ``random_state`` samples, members, predictions and
    ``oob_score_`` are those of BaggingClassifier. With ``bootstrap=False`` and
    ``max_samples=1.0`` members differ by their seeds only: a deep ensemble
    (Lakshminarayanan et al. 2017, "Simple and scalable predictive uncertainty
    estimation using deep ensembles").

    Other estimators, ``solver="lbfgs"`` and networks with callbacks are fitted one by
    one, as in BaggingClassifier.

    All parameters and attributes are those of BaggingClassifier.

    Parameters
    ----------
    estimator : estimator, default=None
        An ``MLPClassifierScratch`` or a pipeline that ends in one.

    n_estimators : int, default=10
        Members.

    max_samples : int, float or None
        As in BaggingClassifier, whose default it has.

    max_features : int or float, default=1.0
        As in BaggingClassifier.

    bootstrap : bool, default=True
        Whether rows are drawn with replacement.

    bootstrap_features, oob_score, warm_start : bool, default=False
        As in BaggingClassifier.

    n_jobs : int or None, default=None
        Processes, over which stacks of members are spread.

    random_state : int, RandomState instance or None, default=None
        For rows, features and the members' seeds.

    verbose : int, default=0
        As in BaggingClassifier.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknnreg import MLPClassifierScratch
    >>> from sknnreg.ensemble import FusedBaggingClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifierScratch((20,), tol=0.1)
    >>> bag = FusedBaggingClassifier(model, 5, random_state=0).fit(X, y)
    >>> bag.predict_proba(X).shape
    (150, 3)
    """


class FusedBaggingRegressor(FusedBagging, BaggingRegressor):
    """:class:`sklearn.ensemble.BaggingRegressor`, members trained together.

    See :class:`FusedBaggingClassifier` for what is trained together. All parameters
    and attributes are those of BaggingRegressor.

    Parameters
    ----------
    estimator : estimator, default=None
        An ``MLPRegressorScratch``, a pipeline that ends in one, or a
        ``TransformedTargetRegressor`` around either.

    n_estimators : int, default=10
        Members.

    max_samples : int, float or None
        As in BaggingRegressor, whose default it has.

    max_features : int or float, default=1.0
        As in BaggingRegressor.

    bootstrap : bool, default=True
        Whether rows are drawn with replacement.

    bootstrap_features, oob_score, warm_start : bool, default=False
        As in BaggingRegressor.

    n_jobs : int or None, default=None
        Processes, over which stacks of members are spread.

    random_state : int, RandomState instance or None, default=None
        For rows, features and the members' seeds.

    verbose : int, default=0
        As in BaggingRegressor.

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from sknnreg import MLPRegressorScratch
    >>> from sknnreg.ensemble import FusedBaggingRegressor
    >>> X, y = make_regression(200, 5, random_state=0)
    >>> model = MLPRegressorScratch(hidden_layer_sizes=(20,), tol=0.1)
    >>> bag = FusedBaggingRegressor(model, 5, random_state=0).fit(X, y / y.std())
    >>> bag.predict(X).shape
    (200,)
    """
