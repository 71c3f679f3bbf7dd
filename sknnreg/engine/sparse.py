"""What is done with sparse rows, or with one sparse matrix a model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse


class SparseStack(list):
    """One sparse matrix a model, where each has rows of its own."""

    @property
    def shape(self) -> tuple[int, int, int]:
        return (len(self), *self[0].shape)


def row_slice(x, rows: slice):
    """Some rows of each model's, without a copy."""
    if isinstance(x, np.ndarray):
        return x[:, rows]
    if isinstance(x, SparseStack):
        return SparseStack(row_slice(part, rows) for part in x)
    ends = x.indptr[rows.start : rows.stop + 1]  # x[rows] would take twice as long
    inside = slice(ends[0], ends[-1])
    parts = (x.data[inside], x.indices[inside], ends - ends[0])
    return type(x)(parts, shape=(len(ends) - 1, x.shape[1]))


def matmul(a, b: NDArray, out: NDArray) -> NDArray:
    """a @ b for each model, into ``out``; ``a`` may be sparse, or a list of sparse."""
    if isinstance(a, np.ndarray):
        if a.shape[-1] == 1:  # an outer product, which BLAS does slowly
            return np.multiply(a, b, out=out)
        return np.matmul(a, b, out=out)
    for k in range(len(out)):
        out[k] = (a if issparse(a) else a[k]) @ b[k]
    return out


def transpose(a):
    """The last two axes exchanged; no copy."""
    if isinstance(a, np.ndarray):
        return a.swapaxes(-1, -2)
    return a.T if issparse(a) else [part.T for part in a]


def dense(x) -> NDArray:
    """A sparse batch, or one a model, as an array (1 or K, rows, n)."""
    return np.stack([part.toarray() for part in ([x] if issparse(x) else x)])


@np.errstate(over="ignore", invalid="ignore")  # training will say it
def column_std(X) -> NDArray:
    """Standard deviation of each column of an array or sparse matrix."""
    if not issparse(X):
        return X.std(axis=0)
    X = X.astype(float)  # the difference below would lose the digits of float32
    mean = np.asarray(X.mean(axis=0)).ravel()
    square = np.asarray(X.multiply(X).mean(axis=0)).ravel()
    return np.sqrt(np.maximum(square - mean**2, 0))
