"""Monte-Carlo dropout around any composition."""

from __future__ import annotations

import copy
from numbers import Integral

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike, NDArray
from scipy.special import entr
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    RegressorMixin,
    is_classifier,
    is_regressor,
)
from sklearn.utils import Bunch
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sknnreg._composition import find_mlp, opened
from sknnreg._sklearn import HasMethods, Interval
from sknnreg.uncertainty._around import Around
from sknnreg.uncertainty._quantiles import tails
from sknnreg.uncertainty._through import through


def _regressor(self) -> bool:
    return is_regressor(self.estimator)


def _classifier(self) -> bool:
    return is_classifier(self.estimator)


class MonteCarloDropout(Around):
    """Predictions by many stochastic passes of a network, in whatever it stands.

    Dropout and noise stay on while predicting; mean and spread over the passes are an
    approximation of a Bayesian network's (Gal & Ghahramani 2016, "Dropout as a Bayesian
    approximation"). What they tell is how sure the network is, not how far targets
    scatter around it: intervals cover less than they promise.

    Every pass goes through the whole estimator, so that all is in the unit of the
    target, whatever its transform.

    Parameters
    ----------
    estimator : estimator
        An ``MLPClassifierScratch`` or ``MLPRegressorScratch`` with ``dropout``,
        ``input_dropout`` or ``input_noise``, a pipeline that ends in one, a
        ``TransformedTargetRegressor`` around either, or a search over any of these.
        If it is fitted, ``fit`` need not be called.

    n_samples : int, default=100
        Number of passes.

    random_state : int, RandomState instance or None, default=None
        For the passes. None for the network's own ``random_state``. The same int gives
        the same passes.

    Attributes
    ----------
    estimator_ : estimator
        The fitted clone, after ``fit``.
    classes_ : ndarray of shape (n_classes,)
        Class labels, of a classifier.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of features seen during fit, if X has names that are all strings.

    See Also
    --------
    predict_interval : Intervals from a network that predicts a distribution.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.compose import TransformedTargetRegressor
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import FunctionTransformer, StandardScaler
    >>> from sknnreg import MLPRegressorScratch
    >>> from sknnreg.uncertainty import MonteCarloDropout
    >>> X, y = load_diabetes(return_X_y=True)
    >>> network = MLPRegressorScratch(
    ...     dropout=0.2, learning_rate_init=0.01, early_stopping=True, random_state=0
    ... )
    >>> log_scale = make_pipeline(FunctionTransformer(np.log, np.exp), StandardScaler())
    >>> model = TransformedTargetRegressor(
    ...     make_pipeline(StandardScaler(), network), transformer=log_scale
    ... ).fit(X, y)
    >>> mean, std = MonteCarloDropout(model).predict(X, return_std=True)
    >>> bool((mean > 0).all() and (std > 0).all())
    True
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict"])],
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: BaseEstimator,
        *,
        n_samples: int = 100,
        random_state: int | RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.n_samples = n_samples
        self.random_state = random_state

    def _samples(self, X, name: str, method: str) -> NDArray:
        """Passes of the network, carried through; (n_samples, n, ...)."""

        def passes(mlp, X):
            if self.random_state is not None:
                mlp = copy.copy(mlp)
                mlp.random_state = self.random_state
            return getattr(mlp, name)(X, self.n_samples)

        check_is_fitted(self)
        return through(self._fitted, X, passes, method)

    def predict(
        self, X: ArrayLike, return_std: bool = False
    ) -> NDArray | tuple[NDArray, NDArray]:
        """Mean over the passes, or the class of the largest mean probability.

        Parameters
        ----------
        X : array-like of shape (n_samples_X, n_features)
            Inputs.
        return_std : bool, default=False
            Whether to return the standard deviation over the passes as well; for
            regressors only.

        Returns
        -------
        y : ndarray of shape (n_samples_X,) or (n_samples_X, n_outputs)
        std : ndarray of the same shape
            Only if ``return_std``.
        """
        if _classifier(self):
            if return_std:
                raise ValueError(
                    "return_std=True is for regressors. For a classifier see "
                    "predict_uncertainty."
                )
            probability = self.predict_proba(X)
            return find_mlp(opened(self._fitted))._target.choose(probability)
        samples = self.sample_predict(X)
        mean = samples.mean(axis=0)
        return (mean, samples.std(axis=0)) if return_std else mean

    @available_if(_regressor)
    def sample_predict(self, X: ArrayLike) -> NDArray:
        """Predictions of each pass.

        Parameters
        ----------
        X : array-like of shape (n_samples_X, n_features)
            Inputs.

        Returns
        -------
        y : ndarray of shape (n_samples, n_samples_X) or \
(n_samples, n_samples_X, n_outputs)
            In the target's unit.
        """
        return self._samples(X, "sample_predict", "predict")

    @available_if(_regressor)
    def predict_interval(self, X: ArrayLike, coverage: float = 0.9) -> NDArray:
        """The interval that holds so many of the passes, equal tails left out.

        Parameters
        ----------
        X : array-like of shape (n_samples_X, n_features)
            Inputs.
        coverage : float, default=0.9
            Share of the passes, in (0, 1). Fewer targets lie in it.

        Returns
        -------
        interval : ndarray of shape (n_samples_X, 2) or (n_samples_X, n_outputs, 2)
            Lower and upper bound, in the target's unit.
        """
        samples = self.sample_predict(X)
        return np.moveaxis(np.quantile(samples, tails(coverage), axis=0), 0, -1)

    @available_if(_classifier)
    def predict_proba(self, X: ArrayLike) -> NDArray:
        """Mean probabilities over the passes.

        Parameters
        ----------
        X : array-like of shape (n_samples_X, n_features)
            Inputs.

        Returns
        -------
        probability : ndarray of shape (n_samples_X, n_classes)
            Columns as in ``classes_``; for a multilabel target the probability of each
            label.
        """
        return self.sample_predict_proba(X).mean(axis=0)

    @available_if(_classifier)
    def sample_predict_proba(self, X: ArrayLike) -> NDArray:
        """Probabilities of each pass.

        Parameters
        ----------
        X : array-like of shape (n_samples_X, n_features)
            Inputs.

        Returns
        -------
        probability : ndarray of shape (n_samples, n_samples_X, n_classes)
            As :meth:`predict_proba`.
        """
        return self._samples(X, "sample_predict_proba", "predict_proba")

    @available_if(_classifier)
    def predict_uncertainty(self, X: ArrayLike) -> Bunch:
        """How unsure the predicted class is, and why (Houlsby et al. 2011, Gal 2016).

        Parameters
        ----------
        X : array-like of shape (n_samples_X, n_features)
            Inputs.

        Returns
        -------
        uncertainty : Bunch
            Arrays of shape (n_samples_X,), or (n_samples_X, n_labels) of a multilabel
            target, in nats:

            - ``entropy``: of the mean probabilities, all there is;
            - ``expected_entropy``: mean of the passes' entropies, the part that the
              classes' overlap causes and more data would not remove;
            - ``mutual_information``: what is left, the passes' disagreement, which
              more data would remove ("BALD").
        """
        samples = self.sample_predict_proba(X)
        is_multilabel = find_mlp(opened(self._fitted))._target.is_multilabel

        def entropy(p):
            return entr(p) + entr(1 - p) if is_multilabel else entr(p).sum(axis=-1)

        total, expected = entropy(samples.mean(axis=0)), entropy(samples).mean(axis=0)
        return Bunch(
            entropy=total,
            expected_entropy=expected,
            # not negative but for rounding, by Jensen's inequality
            mutual_information=np.maximum(total - expected, 0),
        )

    def score(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Accuracy of a classifier, R² of a regressor, of :meth:`predict`.

        Parameters
        ----------
        X : array-like of shape (n_samples_X, n_features)
            Inputs.
        y : array-like of shape (n_samples_X,) or (n_samples_X, n_outputs)
            True targets.
        sample_weight : array-like of shape (n_samples_X,), default=None
            Weights of the rows.

        Returns
        -------
        score : float
        """
        kind = ClassifierMixin if _classifier(self) else RegressorMixin
        return kind.score(self, X, y, sample_weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # masks are drawn row by row: what a row gets depends on its place
        tags.non_deterministic = True
        return tags
