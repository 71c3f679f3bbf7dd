"""What was tried, as tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from sknnreg._cv._space import NUMBERS, OPEN
from sknnreg._hyperparameters import SHARED

if TYPE_CHECKING:
    from sknnreg._cv._search import Search
    from sknnreg._cv._space import Candidate

#: of what a candidate does not set
DEFAULTS = {name: SHARED[name].default for name in OPEN}


def parameters(candidate: Candidate) -> dict[str, Any]:
    """Of a pipeline like ``best_estimator_``."""
    inside = {f"network__{name}": value for name, value in candidate.network.items()}
    way = NUMBERS[candidate.numbers]
    return {f"preprocessor__{name}": value for name, value in way.items()} | inside


def results(search: Search, score: Callable[[float], float]) -> dict[str, Any]:
    """In the format of ``cv_results_``; NaN for folds that a candidate has not met.

    Ranks are by folds, then by the mean score: who met more folds came further.
    """
    tried, race = search.tried(), search.race
    table = np.full((len(tried), len(search.folds)), np.nan)
    for i, candidate in enumerate(tried):
        for k in race.folds_of(candidate):
            if np.isfinite(race.losses[candidate.number, k]):
                table[i, k] = score(race.losses[candidate.number, k])
    known = np.ma.masked_invalid(table)
    n_folds, mean = known.count(axis=1), known.mean(axis=1).filled(np.nan)
    rank = np.empty(len(tried), int)
    order = np.lexsort((-mean, -n_folds))  # NaN, of no folds, comes last
    rank[order] = np.arange(1, len(tried) + 1)
    return {
        "params": [parameters(candidate) for candidate in tried],
        **{f"split{k}_test_score": column for k, column in enumerate(table.T)},
        "mean_test_score": mean,
        "std_test_score": known.std(axis=1).filled(np.nan),
        "rank_test_score": rank,
        "n_splits": n_folds,
        "fit_time": np.array([race.seconds(candidate) for candidate in tried]),
        "weight": np.array([search.weights.get(c.number, 0.0) for c in tried]),
    }


def leaderboard(search: Search, results: dict[str, Any]) -> dict[str, list]:
    """The same, the best first, to be read; for ``pandas.DataFrame``."""
    order = np.argsort(results["rank_test_score"])
    shown = {
        "score": "mean_test_score",
        "std": "std_test_score",
        "folds": "n_splits",
        "seconds": "fit_time",
        "weight": "weight",
    }
    board = {name: results[column][order].tolist() for name, column in shown.items()}
    tried = [search.tried()[i] for i in order]
    board |= {"numbers": [c.numbers for c in tried], "shape": [c.shape for c in tried]}
    for name in OPEN:
        board[name] = [c.network.get(name, DEFAULTS[name]) for c in tried]
    return board
