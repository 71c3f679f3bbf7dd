"""The classifier."""

from __future__ import annotations

from collections.abc import Callable

from numpy.random import RandomState
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils import check_array
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets

from sknnreg._checks import named
from sknnreg._classifier import MLPClassifierScratch
from sknnreg._cv._base import BaseCV, Learned
from sknnreg._cv._losses import KnownClasses, from_scorer, log_loss
from sknnreg._cv._work import SettledClasses
from sknnreg._hyperparameters import CLASSIFIER
from sknnreg._target import ClassTarget


class MLPClassifierScratchCV(ClassifierMixin, BaseCV):
    """The best ensemble of networks that a given time finds for a table of classes.

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
        What candidates are ranked and members chosen by. None: log loss.

    class_weight : dict, list of dict, "balanced" or None, default=None
        Weights of classes, in training and in the loss.

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
        minus the log loss.
    best_estimator_ : Pipeline
        Of the best candidate a single preprocessor and network, which stand alone;
        trained without the first fold.
    best_params_ : dict
        Its parameters.
    best_index_, best_score_ : int, float
        Its place in ``cv_results_``, and its mean score.
    oof_prediction_ : ndarray of shape (n_samples, n_classes)
        The ensemble's probabilities for each row by networks that were not
        trained on it; NaN for rows of folds that time did not allow.
    max_iter_, n_iter_ : int
        Epochs that a network could be trained for, and that one of the ensemble was at
        most.
    n_splits_ : int
        Folds.
    classes_ : ndarray of shape (n_classes,)
        Class labels; for a multilabel target the numbers of its columns.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if X has any.

    See Also
    --------
    MLPClassifierScratch : A single network.
    sknnreg.model_selection.regularization_cocktail : A space for searches of one's own.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.model_selection import train_test_split
    >>> from sknnreg import MLPClassifierScratchCV
    >>> X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    >>> X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=0)
    >>> model = MLPClassifierScratchCV(n_candidates=2, max_iter=20, random_state=0)
    >>> model.fit(X, y).score(X_test, y_test) > 0.95
    True
    """

    _parameter_constraints: dict = {
        **BaseCV._parameter_constraints,
        "class_weight": CLASSIFIER["class_weight"].allowed,
    }

    def __init__(
        self,
        *,
        max_time: float | None = 60.0,
        n_candidates: int | None = None,
        max_iter: int | None = None,
        cv=None,
        scoring: str | Callable | None = None,
        class_weight: dict | list | str | None = None,
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
        self.class_weight = class_weight
        self.categorical_features = categorical_features
        self.dtype = dtype
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def _learn(self, y, weight):
        target = SettledClasses(self.class_weight, 0.0)
        with named("y"):
            y = check_array(y, dtype=None, ensure_2d=False, input_name="y")
            check_classification_targets(y)
            y = target.check(y)
            target.settle(y)
        if self.class_weight is not None:
            by_class = compute_sample_weight(self.class_weight, y)
            weight = by_class if weight is None else weight * by_class
        if self.scoring is None:
            encoded = target.encode(y)
            loss = log_loss(encoded, target.is_multiclass, weight)
        else:
            loss = from_scorer(self.scoring, y, weight, KnownClasses(target))
        self._target = target
        return Learned(
            MLPClassifierScratch,
            {"class_weight": self.class_weight},
            {"target_type": "multiclass" if target.is_multiclass else "binary"},
            y,
            y,
            target,
            loss,
            lambda probability: probability,
            lambda network: None,
            target.attributes(),
        )

    def _to_plain(self, state):
        super()._to_plain(state)
        if "_target" in state:
            state["_target"] = state["_target"].learned()

    def _from_plain(self, state):
        super()._from_plain(state)
        if "_target" in state:
            learned, target = state["_target"], ClassTarget(state["class_weight"], 0.0)
            target.recall(learned)
            state["_target"] = target

    def _score(self, loss: float) -> float:
        return -loss

    def predict_proba(self, X: ArrayLike) -> NDArray:
        """Predict probabilities.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        probability : ndarray of shape (n_samples, n_classes)
            Columns as in ``classes_``; for a multilabel target the probability of each
            label.
        """
        return self._predict(X)

    def predict(self, X: ArrayLike) -> NDArray:
        """Predict classes.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            The most probable class, or the labels more probable than not.
        """
        probability = self._predict(X)
        return self._target.choose(probability)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
