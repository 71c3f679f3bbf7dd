"""The one-standard-error rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sknnreg._hyperparameters import ALL


def one_standard_error(cv_results: Mapping[str, Any]) -> int:
    """The most regularized candidate within one standard error of the best.

    Differences below the noise of cross-validation are no reason to prefer the less
    regularized of two (Breiman et al. 1984, "Classification and regression trees";
    Hastie et al. 2009, section 7.10). Candidates are compared by the mean of their
    ranks in each hyperparameter that regularizes (``alpha``, ``alpha_bias``,
    ``dropout``, ``input_dropout``, ``input_noise``, ``label_smoothing``; a smaller
    ``max_norm`` and fewer hidden units): ties go to the better score.

    Parameters
    ----------
    cv_results : dict
        ``cv_results_`` of any search over one metric.

    Returns
    -------
    best_index : int
        For ``refit`` of any search; the fused ones also know it as ``refit="1se"``.
    """
    if "mean_test_score" not in cv_results:
        raise ValueError(
            "one_standard_error needs the cv_results_ of a search over one metric: "
            "there is no 'mean_test_score'. Of several, rename those of one, as in "
            "{name.replace('_r2', '_score'): v for name, v in cv_results.items()}."
        )
    mean = np.asarray(cv_results["mean_test_score"])
    if np.isnan(mean).all():
        return 0
    best = int(np.nanargmax(mean))
    n_splits = sum(
        name.startswith("split") and name.endswith("_test_score") for name in cv_results
    )
    error = standard_error(cv_results["std_test_score"][best], n_splits)
    # infinite scores have no standard deviation: then only what is as good is near
    near = np.flatnonzero(mean >= mean[best] - np.nan_to_num(error, nan=0.0))
    strength = regularization(cv_results["params"])[near]
    order = np.lexsort((mean[near], strength))
    return int(near[order[-1]])


def standard_error(std: Any, n_splits: int) -> Any:
    """Of a mean over splits with this standard deviation, which is that of n in n."""
    return std / np.sqrt(max(1, n_splits - 1))


def regularization(candidates: list[dict]) -> np.ndarray:
    """How regularized each candidate is: the mean of its ranks, in [0, 1]."""
    ranks = []
    for name in sorted({name for candidate in candidates for name in candidate}):
        row = ALL.get(name.rpartition("__")[2])
        if row is not None and row.regularizes:
            sizes = np.array([_size(_used(name, row.default, c)) for c in candidates])
            levels, rank = np.unique(row.regularizes * sizes, return_inverse=True)
            ranks.append(rank / max(1, len(levels) - 1))
    return np.mean(ranks, axis=0) if ranks else np.zeros(len(candidates))


def _used(name: str, default: Any, candidate: dict) -> Any:
    """What a candidate sets; a strength without a penalty is none."""
    prefix, _, plain = name.rpartition("__")
    penalty = f"{prefix}__penalty" if prefix else "penalty"
    if plain in ("alpha", "alpha_bias") and candidate.get(penalty, "") is None:
        return 0.0
    return candidate.get(name, default)


def _size(value: Any) -> float:
    """A number for a hyperparameter that may be one a layer; None sets no limit."""
    return np.inf if value is None else float(np.sum(value))
