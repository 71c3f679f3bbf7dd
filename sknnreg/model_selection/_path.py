"""Scores, sparsity and norms along the strengths of a penalty."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.metrics import check_scoring
from sklearn.utils import Bunch

from sknnreg._assemble import hidden_sizes
from sknnreg.model_selection._one_se import one_standard_error
from sknnreg.model_selection._search import FusedGridSearchCV
from sknnreg.model_selection._wrapped import find_mlp, prefix


def regularization_path(
    estimator: BaseEstimator,
    X: ArrayLike,
    y: ArrayLike,
    *,
    param: str = "alpha",
    values: Sequence | None = None,
    cv: Any = None,
    scoring: Any = None,
    n_jobs: int | None = None,
    max_stack: int | None = None,
    **params: Any,
) -> Bunch:
    """Cross-validate a network along the values of one hyperparameter, in one pass.

    Parameters
    ----------
    estimator : estimator
        A network, a pipeline that ends in one, or a ``TransformedTargetRegressor``
        around either.

    X : array-like of shape (n_samples, n_features)
        Inputs.

    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.

    param : str, default="alpha"
        The hyperparameter, by the network's name for it or the whole name, as in
        ``mlp__alpha``.

    values : sequence of length n_values, default=None
        Its values; None for 13 from 1e-6 to 1, equally spaced in their logarithm.

    cv, scoring, n_jobs, max_stack :
        As in :class:`FusedGridSearchCV`; one metric only.

    **params : dict
        As for the search's ``fit``: ``sample_weight``, ``groups``, ...

    Returns
    -------
    path : Bunch
        ``param_values``;
        ``scores``, of shape (n_values, n_splits), ``mean_score`` and ``std_score``;
        ``zero_share``, the share of weights that are exactly zero, and
        ``weight_norms``, of shape (n_values, n_layers), the Euclidean norm of each
        layer's weights, both as means over the splits;
        ``best_index``, of the best mean score, and ``best_index_1se``, of the most
        regularized value within one standard error of it.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknnreg import MLPClassifierScratch
    >>> from sknnreg.model_selection import regularization_path
    >>> X, y = load_iris(return_X_y=True)
    >>> network = MLPClassifierScratch(
    ...     (10,), penalty="l1", learning_rate_init=0.05, random_state=0, tol=1.0,
    ...     n_iter_no_change=40,
    ... )
    >>> path = regularization_path(network, X, y, values=[0.0, 2.0])
    >>> path.zero_share
    array([0., 1.])
    """
    mlp = find_mlp(estimator)
    if mlp is None:
        raise ValueError(
            "regularization_path needs an MLPClassifierScratch or MLPRegressorScratch, "
            "a pipeline that ends in one, or a TransformedTargetRegressor around "
            f"either. Got {estimator!r}."
        )
    values = np.logspace(-6, 0, 13).tolist() if values is None else list(values)
    name = param if param in estimator.get_params() else prefix(estimator) + param
    n_layers = len(hidden_sizes(mlp)) + 1
    norms = {f"norm_{i}": partial(_norm, i) for i in range(n_layers)}
    scoring = {
        "score": check_scoring(estimator, scoring),
        "zero_share": _zero_share,
        **norms,
    }
    search = FusedGridSearchCV(
        estimator,
        {name: values},
        scoring=scoring,
        refit=False,
        cv=cv,
        n_jobs=n_jobs,
        max_stack=max_stack,
        error_score="raise",
    ).fit(X, y, **params)
    results = search.cv_results_
    mean = results["mean_test_score"]
    scores = [results[f"split{i}_test_score"] for i in range(search.n_splits_)]
    return Bunch(
        param_values=np.asarray(values),
        scores=np.stack(scores, axis=1),
        mean_score=mean,
        std_score=results["std_test_score"],
        zero_share=results["mean_test_zero_share"],
        weight_norms=np.stack([results[f"mean_test_{n}"] for n in norms], axis=1),
        best_index=int(np.argmax(np.nan_to_num(mean, nan=-np.inf))),
        best_index_1se=one_standard_error(results),
    )


def _zero_share(estimator, X, y=None) -> float:
    weights = np.concatenate([W.ravel() for W in find_mlp(estimator).coefs_])
    return float(np.mean(weights == 0))


def _norm(layer: int, estimator, X, y=None) -> float:
    return float(np.linalg.norm(find_mlp(estimator).coefs_[layer]))
