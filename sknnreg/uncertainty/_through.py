"""Several answers of a network through what is around it.

scikit-learn carries the answer of ``predict`` through a composition, and no other. So a
stand-in takes the network's place, whose ``predict`` gives several answers one under
another: pipelines and transformed targets take them for many rows.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from sknnreg._composition import find_mlp, opened, replace_mlp


def through(
    estimator, X, answers: Callable[[Any, Any], NDArray], method: str = "predict"
) -> NDArray:
    """Several answers of a network, each as the whole estimator would give it.

    Parameters
    ----------
    estimator : estimator
        Fitted; around a network.
    X : array-like of shape (n, n_features)
        As the estimator takes it.
    answers : callable
        From the network and its input to its answers, (n_answers, n, ...).
    method : str, default="predict"
        Of the estimator, and of the network.

    Returns
    -------
    answers : ndarray of shape (n_answers, n, ...)
    """
    check_is_fitted(estimator)
    around = opened(estimator)
    mlp = find_mlp(around)
    if not hasattr(mlp, method):
        raise ValueError(
            "Needs an MLPRegressorScratch or MLPClassifierScratch, a pipeline that "
            "ends in one, a TransformedTargetRegressor around either, or a search over "
            f"any of these. Got {estimator!r}."
        )
    stand_in, counts = copy.copy(mlp), []

    def rows(X):
        several = answers(mlp, X)
        counts.append(len(several))
        return several.reshape(-1, *several.shape[2:])

    setattr(stand_in, method, rows)
    answer = np.asarray(getattr(replace_mlp(around, stand_in), method)(X))
    return answer.reshape(counts[0], -1, *answer.shape[1:])
