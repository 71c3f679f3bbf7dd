"""Which networks an ensemble is made of, and with what weights.

Greedy selection with replacement from predictions for rows that were held out (Caruana
et al. 2004, "Ensemble selection from libraries of models").
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

#: a member must lower the loss by this share of it
WORTHWHILE = 1e-4
#: rows that cannot tell candidates apart well
FEW_ROWS = 500


def select(
    predictions: NDArray, loss: Callable[[NDArray], float], size: int
) -> NDArray:
    """Weights (M,) of M predictions, whose weighted mean has a low loss.

    The best one comes first; then, ``size`` times at most, whichever lowers the loss of
    the mean most, the same again too. Weights are shares of how often each was taken.

    Parameters
    ----------
    predictions : ndarray of shape (M, ...)
    loss : callable
        Of a prediction.
    size : int
        How many are taken at most.
    """
    single = [loss(prediction) for prediction in predictions]
    counts = np.zeros(len(predictions))
    counts[np.argmin(single)] = 1
    total = predictions[np.argmin(single)].copy()
    best, reached = counts.copy(), float(np.min(single))
    for taken in range(1, size):
        losses = [loss((total + each) / (taken + 1)) for each in predictions]
        chosen = int(np.argmin(losses))
        counts[chosen] += 1
        total += predictions[chosen]
        if losses[chosen] < reached - WORTHWHILE * abs(reached):
            best, reached = counts.copy(), losses[chosen]
    return best / best.sum()


def shrunk(weights: NDArray, n_rows: int) -> NDArray:
    """Drawn towards equal weights, the more the fewer rows they were chosen by."""
    share = 1 / (1 + (n_rows / FEW_ROWS) ** 2)
    return (1 - share) * weights + share / len(weights)
