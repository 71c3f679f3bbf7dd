"""The loss by which candidates are ranked and members of the ensemble chosen."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import check_scoring

from sknnreg._checks import number

#: probabilities are no smaller than this
SMALLEST = 1e-12

#: of predictions for the rows with these numbers; less is better
Loss = Callable[[NDArray, NDArray], float]


def log_loss(encoded: NDArray, is_multiclass: bool, weight: NDArray | None) -> Loss:
    """Mean log loss of probabilities, those of a row's labels added."""
    encoded = encoded.astype(float)

    def loss(probability, rows):
        p, y = np.clip(probability, SMALLEST, 1 - SMALLEST), encoded[rows]
        if is_multiclass:
            each = -y * np.log(p)
        else:
            p = p[:, -y.shape[1] :]  # of two classes, the second's
            each = -y * np.log(p) - (1 - y) * np.log1p(-p)
        return mean(each.sum(axis=1), weight, rows)

    return loss


def squared_error(y: NDArray, weight: NDArray | None) -> Loss:
    """Mean squared error over rows and outputs."""

    def loss(prediction, rows):
        error = np.square(prediction - y[rows])
        return mean(error.reshape(len(error), -1).mean(axis=1), weight, rows)

    return loss


def mean(each: NDArray, weight: NDArray | None, rows: NDArray) -> float:
    """Weighted mean over rows."""
    if weight is None:
        return float(each.mean())
    total = weight[rows].sum()
    return float(each @ weight[rows] / total) if total > 0 else 0.0


def from_scorer(scoring, y: NDArray, weight: NDArray | None, known) -> Loss:
    """Minus the score of a scorer of scikit-learn.

    ``known`` has predictions for an answer, as :class:`KnownNumbers`.
    """
    scorer = check_scoring(known, scoring=scoring)
    takes_weight = "sample_weight" in inspect.signature(scorer).parameters

    def loss(prediction, rows):
        known.tell(prediction)
        options = {}
        if weight is not None and takes_weight:
            options["sample_weight"] = weight[rows]
        score = scorer(known, rows[:, None], y[rows], **options)
        return -number(score, "scoring")

    return loss


class KnownNumbers(RegressorMixin, BaseEstimator):
    """Stands before a scorer with predictions that are there already."""

    def fit(self, X, y):
        """Nothing is learned."""
        return self

    def tell(self, prediction: NDArray) -> None:
        """What to answer."""
        self.answer = prediction

    def predict(self, X):
        """The answer, whatever for."""
        return self.answer


class KnownClasses(ClassifierMixin, BaseEstimator):
    """The same for probabilities."""

    def __init__(self, target=None) -> None:
        self.target = target
        self.classes_ = target.attributes()["classes_"]

    def fit(self, X, y):
        """Nothing is learned."""
        return self

    def tell(self, prediction: NDArray) -> None:
        """What to answer."""
        self.answer = prediction

    def predict_proba(self, X):
        """The answer, whatever for."""
        return self.answer

    def predict(self, X):
        """The class that it makes most probable."""
        return self.target.choose(self.answer)
