"""Data of several models as one, in which each has row numbers of its own.

Their arrays are put below each other, or taken once where all have the same ones. What
follows, batches, losses and scores, takes rows by number anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse, vstack

from sknnreg._data import Data, Validation


def join(parts: Sequence[Data]) -> Data:
    """Data of models that agree on all shapes, and on what there is."""
    first = parts[0]
    common = all(p.X is first.X and p.target is first.target for p in parts)
    arrays = beside if common else below
    joined = first._replace(
        X=arrays([part.X for part in parts]),
        target=arrays([part.target for part in parts]),
        weight=weights([part.weight for part in parts], common),
        rows=numbers([part.rows for part in parts], first.X.shape[0], common),
        y=arrays([part.y for part in parts]),
        encoded=arrays([part.encoded for part in parts]),
        parts=tuple(parts),
    )
    given = [p.validation for p in parts if p.validation is not None]
    if not given:
        return joined
    if given[0].X is first.X:  # rows of the training arrays
        rows = numbers([v.rows for v in given], first.X.shape[0], common)
        validation = Validation(
            joined.X, joined.encoded, joined.y, joined.weight, rows, tuple(given)
        )
    else:
        validation = Validation(
            below([v.X for v in given]),
            below([v.target for v in given]),
            below([v.y for v in given]),
            weights([v.weight for v in given], False),
            numbers([v.rows for v in given], given[0].X.shape[0], False),
            tuple(given),
        )
    return joined._replace(validation=validation)


def beside(arrays: Sequence) -> Any:
    """The one array that all have."""
    return arrays[0]


def below(arrays: Sequence) -> Any:
    """Arrays or sparse matrices below each other."""
    return (
        vstack(arrays, format="csr") if issparse(arrays[0]) else np.concatenate(arrays)
    )


def weights(given: Sequence[NDArray | None], common: bool) -> NDArray | None:
    """Of the rows of common arrays a weight for each model, (K, n); else (1, K n)."""
    found = [weight for weight in given if weight is not None]
    if not found:
        return None
    return np.stack(found) if common else np.concatenate(found)[None]


def numbers(rows: Sequence[NDArray | None], n: int, common: bool) -> NDArray | None:
    """Numbers, (K, n_rows), of the rows of models whose arrays have ``n`` rows each."""
    if common and rows[0] is None:
        return None
    every = [np.arange(n) if own is None else own for own in rows]
    return np.stack([own + (0 if common else k * n) for k, own in enumerate(every)])
