"""Hard limits: on the norm of the gradient, and on the norm of a unit's weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sknnreg.engine.model_axis import Number, a_model


def norms_of_huge(flat: NDArray, starts: Sequence[int] | NDArray = (0,)) -> NDArray:
    """Euclidean norms (K, n) of the parts that begin at ``starts``, in doubles.

    For numbers whose squares overflow: they are divided by the largest one before.
    """
    sizes = np.diff([*starts, flat.shape[1]])
    largest = np.maximum.reduceat(np.abs(flat), starts, axis=1).astype(float)
    shares = flat / np.repeat(np.where(largest == 0, 1, largest), sizes, axis=1)
    return largest * np.sqrt(np.add.reduceat(np.square(shares), starts, axis=1))


def clip_norm(grad: NDArray, limit: Number) -> None:
    """grad ← grad · min(1, limit / ‖grad‖₂) over the whole vector of each model.

    Pascanu et al. 2013, "On the difficulty of training recurrent neural networks".
    """
    norm = np.sqrt(np.vecdot(grad, grad))[:, None]
    if not np.isfinite(norm).all():
        norm = norms_of_huge(grad)
    if (norm > limit).any():
        grad *= np.minimum(1, limit / np.maximum(norm, limit)).astype(grad.dtype)


def max_norm(weights: NDArray, limit: Number) -> None:
    """Scale each unit's incoming weights to ‖w‖₂ ≤ limit, in place.

    Srivastava et al. 2014, "Dropout". ``weights`` is (K, n_in, n_out); a unit's
    incoming weights are a column.
    """
    norm = np.sqrt(np.einsum("kij,kij->kj", weights, weights))[:, None, :]
    if not np.isfinite(norm).all():
        columns = weights.swapaxes(1, 2)
        n = columns.shape[1] * columns.shape[2]
        flat = columns.reshape(len(weights), n)
        norm = norms_of_huge(flat, range(0, n, columns.shape[2]))[:, None, :]
    limit = a_model(limit, 3)
    if (norm > limit).any():
        weights *= np.minimum(1, limit / np.maximum(norm, limit)).astype(weights.dtype)
