"""The regressor."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin
from sklearn.utils.validation import column_or_1d

from sknnreg._checks import check_targets
from sknnreg._cv._base import BaseCV, Learned
from sknnreg._cv._losses import KnownNumbers, from_scorer, squared_error
from sknnreg._regressor import MLPRegressorScratch


class MLPRegressorScratchCV(RegressorMixin, BaseCV):
    """The best ensemble of networks that a given time finds for a table of numbers.

    A table as it comes, `fit`, done. Several ways to prepare the numbers, shapes of
    networks and mixtures of regularizers are tried, all on a first fold of a
    cross-validation, ever fewer of them on the others (a race: Maron & Moore 1994,
    "Hoeffding races"). Each network is trained to its end, with the best epoch on the
    fold that is held out kept. What the race has trained is the answer: candidates are
    weighted by greedy selection on the rows that were held out (Caruana et al. 2004,
    "Ensemble selection from libraries of models"), and the networks of a candidate's
    folds are averaged. Nothing is fitted again.

    Parameters
    ----------
    max_time : float or None, default=60
        Seconds that ``fit`` may take. First timings decide how many epochs, candidates
        and folds there will be; what does not fit is left out, and what was trained
        so far is used. None: no limit, and ``n_candidates`` of 24. With a minute or
        more, the networks are trained in compiled code where numba is installed (see
        :func:`sknnreg.set_config`); compiling it, once on a machine, is part of the
        time.

    n_candidates : int or None, default=None
        Candidates at most. None: as many as there is time for.

    max_iter : int or None, default=None
        Epochs of a network at most. None: as many as the rows call for, between 100
        and 400, fewer where time is short; twice as many, and again, where noise is
        small and that pays.

    cv : int, cross-validation generator or iterable, default=None
        The folds. None: five, or eight below 1000 rows; stratified for classes, with
        groups kept together where ``groups`` are given.

    scoring : str, callable or None, default=None
        What candidates are ranked and members chosen by. None: the squared
        error, that of several targets each in units of its standard deviation.

    categorical_features : array-like or "from_dtype" or None, default="from_dtype"
        As for :class:`~sknnreg.preprocessing.TablePreprocessor`.

    dtype : {"float32", "float64"}, default="float32"
        Of the networks; the second takes about twice as long.

    n_jobs : int or None, default=None
        Networks trained side by side; None means 1 unless in a
        :obj:`joblib.parallel_backend` context, -1 all processors.

    random_state : int, RandomState instance or None, default=None
        Folds, candidates, and all that is random in a network. An int gives the same
        result again where no time limit binds: with ``max_time=None``, or if
        ``n_candidates`` and ``max_iter`` are small enough to be through before.

    verbose : int, default=0
        Whether to tell how far the search is.

    Attributes
    ----------
    ensemble_ : Ensemble
        The networks, with their preprocessors and weights.
    leaderboard_ : dict of list
        What was tried, the best first: score and its standard deviation over folds,
        number of folds, seconds, weight in the ensemble, preparation, shape and
        hyperparameters. For ``pandas.DataFrame(model.leaderboard_)``.
    cv_results_ : dict of ndarray
        The same as :class:`~sklearn.model_selection.GridSearchCV` has it; NaN for folds
        that a candidate has not met. Scores are those of ``scoring``, or
        R² against the variance of all rows.
    best_estimator_ : Pipeline
        Of the best candidate a single preprocessor and network, which stand alone;
        trained without the first fold.
    best_params_ : dict
        Its parameters.
    best_index_, best_score_ : int, float
        Its place in ``cv_results_``, and its mean score.
    oof_prediction_ : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        The ensemble's prediction for each row by networks that were not
        trained on it; NaN for rows of folds that time did not allow.
    max_iter_, n_iter_ : int
        Epochs that a network could be trained for, and that one of the ensemble was at
        most.
    n_splits_ : int
        Folds.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if X has any.

    See Also
    --------
    MLPRegressorScratch : A single network.
    sknnreg.model_selection.regularization_cocktail : A space for searches of one's own.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sknnreg import MLPRegressorScratchCV
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = MLPRegressorScratchCV(n_candidates=2, max_iter=20, random_state=0)
    >>> model.fit(X, y).score(X, y) > 0.4
    True
    """

    def __init__(
        self,
        *,
        max_time: float | None = 60.0,
        n_candidates: int | None = None,
        max_iter: int | None = None,
        cv=None,
        scoring: str | Callable | None = None,
        categorical_features: ArrayLike | str | None = "from_dtype",
        dtype: str = "float32",
        n_jobs: int | None = None,
        random_state: int | RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.max_time = max_time
        self.n_candidates = n_candidates
        self.max_iter = max_iter
        self.cv = cv
        self.scoring = scoring
        self.categorical_features = categorical_features
        self.dtype = dtype
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def _learn(self, y, weight):
        y = check_targets(self, y).astype(np.float64)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        mean, std = np.mean(y, axis=0), np.std(y, axis=0)
        std = np.where(std > 0, std, 1.0)
        scaled = (y - mean) / std
        lowest, highest = y.min(axis=0), y.max(axis=0)

        def decode(prediction):
            return np.clip(prediction * std + mean, lowest, highest)

        def restore(network):
            # the output layer is linear: it can give the target's own units
            weights, bias = network.coefs_[-1], network.intercepts_[-1]
            network.coefs_[-1] = np.asarray(weights * std, weights.dtype)
            network.intercepts_[-1] = np.asarray(bias * std + mean, bias.dtype)

        loss = squared_error(scaled, weight)
        if self.scoring is not None:
            scored = from_scorer(self.scoring, y, weight, KnownNumbers())

            def loss(prediction, rows):
                return scored(decode(prediction), rows)

        self._limits = lowest, highest
        return Learned(
            MLPRegressorScratch,
            {},
            {"target_type": "continuous"},
            scaled,
            scaled,
            None,
            loss,
            decode,
            restore,
            {},
        )

    def _score(self, loss: float) -> float:
        return -loss if self.scoring is not None else 1 - loss

    def predict(self, X: ArrayLike) -> NDArray:
        """Predict numbers, none beyond those that were seen.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions.
        """
        prediction = self._predict(X)
        return np.clip(prediction, *self._limits)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
