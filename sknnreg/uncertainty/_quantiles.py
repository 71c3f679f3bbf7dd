"""Quantiles and intervals from networks that predict a distribution."""

from __future__ import annotations

from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin, is_regressor
from sklearn.utils import check_scalar
from sklearn.utils.validation import check_is_fitted

from sknnreg._distribution import shares
from sknnreg._sklearn import HasMethods, Interval
from sknnreg.uncertainty._around import Around
from sknnreg.uncertainty._through import through

#: how far above the highest quantile it is looked which way a transform goes, in
#: shares of one plus that quantile
PROBE = 0.01


def predict_quantiles(
    estimator: BaseEstimator, X: ArrayLike, quantile: ArrayLike | None = None
) -> NDArray:
    """Quantiles of the target, in its own unit.

    An increasing transform of the target carries quantiles over: the 90 % quantile of
    exp(z) is exp of that of z, while its mean is not exp of the mean.

    Parameters
    ----------
    estimator : estimator
        A fitted ``MLPRegressorScratch``, a pipeline that ends in one, a
        ``TransformedTargetRegressor`` around either, or a search over any of these.
        The network's loss is "quantile" or "gaussian", or it has dropout or noise.
    X : array-like of shape (n_samples, n_features)
        Inputs.
    quantile : float or array-like of shape (n_quantiles,), default=None
        Which, each in (0, 1); None for the network's own. See
        :meth:`MLPRegressorScratch.predict_quantiles`.

    Returns
    -------
    y : ndarray of shape (n_samples, n_quantiles) or (n_samples, n_outputs, n_quantiles)
        They do not cross.

    Raises
    ------
    ValueError
        If the network has no such quantile, or the inverse transform of the target is
        not increasing. It must work on each of several targets by itself; that it
        does is not checked.
    """
    if quantile is None:
        return ascending(estimator, X, None)
    wanted, places = np.unique(shares(quantile), return_inverse=True)
    return ascending(estimator, X, wanted)[..., places]


def ascending(estimator, X, quantile: NDArray | None) -> NDArray:
    """Quantiles (n, ..., n_quantiles), in ascending order."""
    if not is_regressor(estimator):
        raise ValueError(f"Quantiles are for regressors. Got {estimator!r}.")

    def levels(mlp, X):
        levels = np.moveaxis(mlp.predict_quantiles(X, quantile), -1, 0)
        top = levels[-1:]
        # one more, to see which way a transform goes even of a single quantile
        return np.concatenate([levels, top + PROBE * (1 + np.abs(top))])

    answer = through(estimator, X, levels)
    eps = np.finfo(np.result_type(answer, np.float32)).eps
    if (np.diff(answer, axis=0) < -4 * eps * np.abs(answer[:-1])).any():
        raise ValueError(
            "The inverse transform of the target is not increasing, and does not turn "
            "quantiles into the same quantiles. Use an increasing transform, such as "
            "minus the one there is."
        )
    return np.moveaxis(np.maximum.accumulate(answer[:-1], axis=0), 0, -1)


def predict_interval(
    estimator: BaseEstimator, X: ArrayLike, coverage: float = 0.9
) -> NDArray:
    """The interval between two quantiles of the target that leave out equal tails.

    As good as the network's distribution: nothing makes it cover what it promises on
    other data. Conformal prediction does; the user guide shows it.

    Parameters
    ----------
    estimator : estimator
        As for :func:`predict_quantiles`. A network with ``loss="quantile"`` needs both
        quantiles, (1 - coverage) / 2 and (1 + coverage) / 2.
    X : array-like of shape (n_samples, n_features)
        Inputs.
    coverage : float, default=0.9
        Share of the targets between the bounds, in (0, 1).

    Returns
    -------
    interval : ndarray of shape (n_samples, 2) or (n_samples, n_outputs, 2)
        Lower and upper bound, in the target's unit.
    """
    return predict_quantiles(estimator, X, tails(coverage))


def tails(coverage: float) -> NDArray:
    """The two quantiles between which so much lies."""
    check_scalar(
        coverage, "coverage", Real, min_val=0, max_val=1, include_boundaries="neither"
    )
    return np.array([(1 - coverage) / 2, (1 + coverage) / 2])


class QuantilePredictor(RegressorMixin, Around):
    """A regressor that predicts one quantile of a network's distribution.

    For tools that know ``predict`` only, such as MAPIE's conformalized quantile
    regression, which takes three regressors (Romano et al. 2019): these may be three of
    these around one network.

    Parameters
    ----------
    estimator : estimator
        As for :func:`predict_quantiles`. If it is fitted, ``fit`` need not be called.

    quantile : float, default=0.5
        In (0, 1).

    Attributes
    ----------
    estimator_ : estimator
        The fitted clone, after ``fit``.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of features seen during fit, if X has names that are all strings.

    See Also
    --------
    predict_quantiles : Several at once.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sknnreg import MLPRegressorScratch
    >>> from sknnreg.uncertainty import QuantilePredictor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> network = MLPRegressorScratch(
    ...     loss="quantile", quantile=[0.1, 0.9], learning_rate_init=0.05, tol=1.0,
    ...     random_state=0,
    ... ).fit(X, y)
    >>> low, high = (QuantilePredictor(network, q).predict(X) for q in (0.1, 0.9))
    >>> bool((low < high).all())
    True
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict"])],
        "quantile": [Interval(Real, 0, 1, closed="neither")],
    }

    def __init__(self, estimator: BaseEstimator, quantile: float = 0.5) -> None:
        self.estimator = estimator
        self.quantile = quantile

    def predict(self, X: ArrayLike) -> NDArray:
        """The quantile of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In the target's unit.
        """
        check_is_fitted(self)
        return predict_quantiles(self._fitted, X, self.quantile)[..., 0]
