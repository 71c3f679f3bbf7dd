"""Mini-batches: which rows come when, and how they get into the scratch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sknnreg.engine.cost import L2
from sknnreg.engine.sparse import SparseStack, row_slice
from sknnreg.engine.streams import Streams

#: Numbers of X gathered in one go: they stay in the processor's cache until used.
SCRATCH = L2 // 16


class Batch(NamedTuple):
    """Rows of one step.

    ``x`` is (1 or K, B, n_in) or a sparse matrix, or a list of one a model; ``y`` is
    (1 or K, B, n_outputs); ``weight`` is (1 or K, B) or None; ``size`` is the sum of
    the weights, (1 or K,), or the number of rows.
    """

    x: NDArray
    y: NDArray
    weight: NDArray | None
    size: NDArray | int


class Batches:
    """The rows of each epoch in batches, in a new random order each time.

    No copy of X is made: rows are taken from it by number, for as many batches at once
    as fit a scratch array of ``SCRATCH`` numbers. A last batch that is short is a batch
    like the others.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n, n_in)
    y : ndarray of shape (n, n_outputs)
    weight : ndarray of shape (1 or K, n) or None
    rows : ndarray of int of shape (n,) or (1 or K, n), or None
        The rows to use, of all models or of each; None for all.
    batch_size : int
        At most the number of rows.
    streams : Streams or None
        Gives the order; None keeps the rows in theirs.
    dtype : dtype
        Of the batches.
    """

    def __init__(
        self,
        X,
        y: NDArray,
        weight: NDArray | None,
        rows: NDArray | None,
        batch_size: int,
        streams: Streams | None,
        dtype: DTypeLike,
    ) -> None:
        self.X, self.y, self.weight = X, y, weight
        self.rows = np.atleast_2d(np.arange(X.shape[0]) if rows is None else rows)
        self.batch_size = batch_size
        #: batches are slices of the arrays: nothing is gathered
        self.contiguous = rows is None and (streams is None or len(self) == 1)
        self.streams = streams
        self.dtype = np.dtype(dtype)
        self._scratch: dict[str, NDArray] = {}
        self._whole: Batch | None = None

    def __len__(self) -> int:
        """Batches of an epoch."""
        return math.ceil(self.n_rows / self.batch_size)

    @property
    def n_rows(self) -> int:
        """Rows of an epoch."""
        return self.rows.shape[1]

    @cached_property
    def total(self) -> NDArray | int:
        """Sum of the weights of all rows, or their number."""
        if self.weight is None:
            return self.n_rows
        return np.take_along_axis(self.weight, self.rows, axis=1).sum(axis=-1)

    def order(self) -> NDArray:
        """Row numbers of an epoch, (1 or K, n); drawn anew where order matters."""
        if self.streams is None or len(self) == 1:
            return self.rows
        if len(self.rows) == 1:  # the same order, without a second gathering
            return self.streams.permutation(self.rows[0])
        places = self.streams.permutation(np.arange(self.n_rows))
        return np.take_along_axis(self.rows, places, axis=1)

    def epoch(self) -> Iterator[Batch]:
        """The batches of one epoch; each is overwritten by a later one."""
        if len(self) == 1:
            # the order within a batch does not matter: gather it once
            if self._whole is None:
                self._whole = self._gather(self.rows)
            yield self._whole
            return
        order, size = self.order(), self.batch_size
        dense = isinstance(self.X, np.ndarray)
        width = self.X.shape[1] if dense else 1 + self.X.nnz // self.X.shape[0]
        chunk = size * max(1, SCRATCH // (len(order) * size * width))
        for start in range(0, self.n_rows, chunk):
            gathered = self._gather(order[:, start : start + chunk])
            for first in range(0, gathered.y.shape[1], size):
                yield _part(gathered, slice(first, first + size))

    def _gather(self, order: NDArray) -> Batch:
        """The rows ``order``, (1 or K, n)."""
        y = self._take(self.y, order, "y")
        x = self._take(self.X, order, "x")
        if self.weight is None:
            return Batch(x, y, None, order.shape[1])
        weight = np.take_along_axis(self.weight, order, axis=1)
        return Batch(x, y, weight, weight.sum(axis=-1))

    def _take(self, array, order: NDArray, name: str):
        if not isinstance(array, np.ndarray):
            parts = [array[rows].astype(self.dtype, copy=False) for rows in order]
            return parts[0] if len(parts) == 1 else SparseStack(parts)
        if self.contiguous:
            return array[None, order[0, 0] : order[0, -1] + 1]
        n_models, n = order.shape
        if name not in self._scratch:  # the first call is for the most rows
            self._scratch[name] = np.empty((*order.shape, array.shape[1]), array.dtype)
        out = self._scratch[name][:, :n]
        for k in range(n_models):
            # mode="raise" would make NumPy write through a buffer
            array.take(order[k], axis=0, out=out[k], mode="clip")
        return out


def _part(whole: Batch, rows: slice) -> Batch:
    """Some rows of a batch."""
    y = whole.y[:, rows]
    n = y.shape[1]
    if n == whole.y.shape[1]:
        return whole
    x = row_slice(whole.x, rows)
    if whole.weight is None:
        return Batch(x, y, None, n)
    weight = whole.weight[:, rows]
    return Batch(x, y, weight, weight.sum(axis=-1))
