"""Scores, sparsity and norms along the strengths of a penalty."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_scalar

from sknnreg._composition import find_mlp, input_names, prefix
from sknnreg._fitted import layer_weights
from sknnreg._report import default_score
from sknnreg.model_selection._one_se import one_standard_error
from sknnreg.model_selection._search import FusedGridSearchCV
from sknnreg.model_selection._work import epochs


@dataclass(eq=False)
class RegularizationPath:
    """What :func:`regularization_path` found.

    Attributes
    ----------
    param : str
        The hyperparameter, by its whole name.
    param_values : ndarray of shape (n_values,)
        Its values.
    score_name : str
        What the score is called.
    scores : ndarray of shape (n_values, n_splits)
        Of each value on each split.
    mean_score, std_score : ndarray of shape (n_values,)
        Over the splits.
    zero_share : ndarray of shape (n_values,)
        Share of weights that are exactly zero.
    weight_norms : ndarray of shape (n_values, n_layers) or None
        Euclidean norm of each layer's weights. None, as the next, if the networks of
        the path have different numbers of layers, or of inputs.
    input_norms : ndarray of shape (n_values, n_inputs) or None
        Euclidean norm of the weights that leave each input; of a network without hidden
        layers and one output the size of its coefficients. The inputs that some split
        kept at the i-th value are ``feature_names[input_norms[i] > 0]``.
    n_inputs_kept : ndarray of shape (n_values,)
        Inputs of which some weight is not zero. This and the three above are means over
        the splits.
    feature_names : ndarray of str of shape (n_inputs,)
        Names of the network's inputs.
    best_index : int
        Of the best mean score.
    best_index_1se : int
        Of the most regularized value within one standard error of it.
    estimator_1se : estimator or None
        The estimator with that value, fitted to all rows; None with ``refit=False``.
    cv_results : dict
        ``cv_results_`` of the search behind it.
    """

    param: str
    param_values: NDArray
    score_name: str
    scores: NDArray
    mean_score: NDArray
    std_score: NDArray
    zero_share: NDArray
    weight_norms: NDArray | None
    input_norms: NDArray | None
    n_inputs_kept: NDArray
    feature_names: NDArray
    best_index: int
    best_index_1se: int
    estimator_1se: Any
    cv_results: dict[str, Any]

    @property
    def inputs_kept(self) -> NDArray:
        """Names of the inputs that ``estimator_1se`` uses."""
        if self.estimator_1se is None:
            raise AttributeError("inputs_kept needs regularization_path(refit=True).")
        norms = find_mlp(self.estimator_1se).feature_importances_
        return self.feature_names[norms > 0]

    def plot(self, ax=None, **kwargs):
        """Draw the path.

        Parameters
        ----------
        ax : matplotlib Axes or array of them, default=None
            Axes to plot on. None: a new figure's.
        **kwargs : dict
            As for :meth:`sknnreg.inspection.RegularizationPathDisplay.plot`:
            ``kind``, one of "score", "zeros", "norms", "inputs" and "all", and
            ``n_named``.

        Returns
        -------
        display : RegularizationPathDisplay
        """
        from sknnreg.inspection import RegularizationPathDisplay

        return RegularizationPathDisplay.from_path(self, ax=ax, **kwargs)

    def __repr__(self) -> str:
        best, simple = (
            f"{self.param_values[i]} ({self.score_name}={self.mean_score[i]:.4g})"
            for i in (self.best_index, self.best_index_1se)
        )
        return (
            f"RegularizationPath(param={self.param!r}, {len(self.param_values)} values,"
            f" best {best}, within one standard error {simple})"
        )


class PathSearch(FusedGridSearchCV):
    """A search that keeps what is measured of each network along the path."""

    def _measure(self):
        return measured

    def _results(self, candidates, out, more=None):
        names = ("zero_share", "weight_norms", "input_norms", "n_inputs_kept")
        self.measured: dict[str, Any] = {
            name: over_splits([result[name] for result in out], self.n_splits_)
            for name in names
        }
        results = super()._results(candidates, out, more)
        if "mean_test_score" not in results:
            raise ValueError(
                "regularization_path takes one metric. scoring="
                f"{self.scoring!r} gives several."
            )
        return results


def over_splits(cells: list, n_splits: int) -> NDArray | None:
    """Means over the splits, (n_values, ...); None for cells of different lengths."""
    if len({np.shape(cell) for cell in cells}) > 1:
        return None
    table = np.asarray(cells, float)
    return table.reshape(-1, n_splits, *table.shape[1:]).mean(axis=1)


def column(values: list) -> NDArray:
    """Values as an array (n_values,), also where each is a sequence."""
    if not any(map(np.iterable, values)):
        return np.array(values)
    objects = np.empty(len(values), object)
    for i, value in enumerate(values):
        objects[i] = value
    return objects


def named_score(estimator, scoring) -> str:
    """What a score is called."""
    if scoring is None:
        return default_score(estimator)
    return scoring if isinstance(scoring, str) else "score"


def measured(mlp) -> dict[str, Any]:
    """What there is to see of a network along a path."""
    layers = [np.concatenate([W.ravel() for W in Ws]) for Ws in layer_weights(mlp)]
    norms = mlp.feature_importances_
    return epochs(mlp) | {
        "zero_share": np.mean(np.concatenate(layers) == 0),
        "weight_norms": [np.linalg.norm(w) for w in layers],
        "input_norms": norms,
        "n_inputs_kept": np.count_nonzero(norms),
    }


def regularization_path(
    estimator: BaseEstimator,
    X: ArrayLike,
    y: ArrayLike,
    *,
    param: str = "alpha",
    values: Sequence | None = None,
    cv: Any = None,
    scoring: Any = None,
    refit: bool = True,
    n_jobs: int | None = None,
    verbose: int = 0,
    max_stack: int | None = None,
    **params: Any,
) -> RegularizationPath:
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

    cv : int, splitter, iterable or None, default=None
        As in :class:`FusedGridSearchCV`.

    scoring : str, callable or None, default=None
        As in :class:`FusedGridSearchCV`; one metric only.

    n_jobs : int or None, default=None
        As in :class:`FusedGridSearchCV`.

    verbose : int, default=0
        As in :class:`FusedGridSearchCV`.

    max_stack : int or None, default=None
        As in :class:`FusedGridSearchCV`.

    refit : bool, default=True
        Whether to fit the estimator with the value of the one-standard-error rule to
        all rows.

    **params : dict
        As for the search's ``fit``: ``sample_weight``, ``groups``, ...

    Returns
    -------
    path : RegularizationPath
        Scores, sparsity and norms by value, the choices, and the refitted estimator.

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
    >>> len(path.inputs_kept)
    4
    """
    if find_mlp(estimator) is None:
        raise ValueError(
            "regularization_path needs an MLPClassifierScratch or MLPRegressorScratch, "
            "a pipeline that ends in one, or a TransformedTargetRegressor around "
            f"either. Got {estimator!r}."
        )
    if isinstance(scoring, (list, tuple, set, dict)):
        raise ValueError(f"regularization_path takes one metric. Got {scoring!r}.")
    check_scalar(param, "param", str)
    check_scalar(refit, "refit", bool)
    if values is not None and not np.iterable(values):
        raise TypeError(f"values must be a sequence of values. Got {values!r}.")
    values = np.logspace(-6, 0, 13).tolist() if values is None else list(values)
    name = param if param in estimator.get_params() else prefix(estimator) + param
    search = PathSearch(
        clone(estimator),
        {name: values},
        scoring=scoring,
        refit="1se" if refit else False,
        cv=cv,
        n_jobs=n_jobs,
        verbose=verbose,
        max_stack=max_stack,
        error_score="raise",
    )
    with warnings.catch_warnings():
        # a path goes to its end, where nothing may be left
        warnings.filterwarnings("ignore", message="The penalty has set all weights")
        search.fit(X, y, **params)
    return _path_of(search, name, values, named_score(estimator, scoring))


def _path_of(
    search: PathSearch, name: str, values: list, score_name: str
) -> RegularizationPath:
    """What a search along the values of one hyperparameter has found."""
    results, seen = search.cv_results_, search.measured
    mean = results["mean_test_score"]
    scores = [results[f"split{i}_test_score"] for i in range(search.n_splits_)]
    fitted = getattr(search, "best_estimator_", None)
    norms = seen["input_norms"]
    if fitted is not None:
        n_inputs = find_mlp(fitted).n_features_in_
    else:
        n_inputs = 0 if norms is None else norms.shape[1]
    return RegularizationPath(
        param=name,
        param_values=column(values),
        score_name=score_name,
        scores=np.stack(scores, axis=1),
        mean_score=mean,
        std_score=results["std_test_score"],
        zero_share=seen["zero_share"],
        weight_norms=seen["weight_norms"],
        input_norms=norms,
        n_inputs_kept=seen["n_inputs_kept"],
        feature_names=input_names(fitted, n_inputs),
        best_index=int(np.argmax(np.nan_to_num(mean, nan=-np.inf))),
        best_index_1se=one_standard_error(results),
        estimator_1se=fitted,
        cv_results=results,
    )
