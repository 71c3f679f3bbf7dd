"""A sequence of layers, and the same bound to parameters, gradients and scratch."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import numpy as np
from numpy.typing import NDArray

from sknnreg.engine.layers import Context, Layer
from sknnreg.engine.losses import Loss
from sknnreg.engine.parameters import Parameters, Spec, Views
from sknnreg.engine.sparse import SparseStack
from sknnreg.engine.streams import Streams

#: rows of a block, over all models of a stack
BLOCK = 4096

#: rows, roughly, that first values are taken from
SETTLING = 512


class Network:
    """Layers one after the other, and the loss of what leaves the last.

    Holds sizes only, no numbers: those come with :class:`Parameters` for training, or
    any views of the right shapes for inference.
    """

    def __init__(self, layers: Sequence[Layer], loss: Loss, n_in: int) -> None:
        self.layers = list(layers)
        self.loss = loss
        self.n_in = n_in
        for layer in self.layers:
            n_in = layer.build(n_in)
        self.n_out = n_in
        #: the lowest layer with parameters: no gradient is needed below it
        self.lowest = next(
            i
            for i, layer in enumerate(self.layers)
            if any(spec.part != "state" for spec in layer.specs.values())
        )

    @property
    def specs(self) -> list[dict[str, Spec]]:
        """What each layer needs, for :class:`Parameters`."""
        return [layer.specs for layer in self.layers]

    def of_model(self, k: int) -> Network:
        """The network of model k of a stack, with its own numbers."""
        own = copy.copy(self)
        own.layers = [layer.of_model(k) for layer in self.layers]
        return own


class Bound:
    """A network at work on given arrays.

    Parameters
    ----------
    network : Network
    values, gradients : list of dict of {str: ndarray}
        For each layer its parameters and, for training, their gradients.
    """

    def __init__(
        self, network: Network, values: Views, gradients: Views | None = None
    ) -> None:
        self.network = network
        self.values = values
        self.gradients = gradients or [{} for _ in values]
        first = next(array for layer in values for array in layer.values())
        self.n_models, self.dtype = first.shape[0], first.dtype
        self._contexts: dict[int, list[tuple[Layer, Context]]] = {}
        self._raw_gradient: dict[int, NDArray] = {}

    @classmethod
    def to(cls, network: Network, parameters: Parameters) -> Bound:
        """Bind a network for training."""
        return cls(network, parameters.values(), parameters.gradients())

    def contexts(self, rows: int) -> list[tuple[Layer, Context]]:
        """Each layer with its context for this number of rows; made once."""
        if rows not in self._contexts:
            self._contexts[rows] = [
                (layer, Context(rows, self.n_models, self.dtype, values, gradients))
                for layer, values, gradients in zip(
                    self.network.layers, self.values, self.gradients, strict=True
                )
            ]
        return self._contexts[rows]

    def forward(
        self,
        x,
        streams: Streams | None = None,
        weight: NDArray | None = None,
        training: bool = False,
    ) -> NDArray:
        """Raw outputs (K, rows, n_out); in scratch that the next call overwrites.

        Parameters
        ----------
        x : ndarray of shape (1 or K, rows, n_in), or sparse matrix (rows, n_in)
        streams : Streams or None
            Where dropout and noise draw from; None: neither happens.
        weight : ndarray of shape (1 or K, rows) or None
            Weights of the rows in statistics over a batch.
        training : bool
            Whether normalizations use, and learn from, the batch.
        """
        for layer, c in self.contexts(x.shape[-2]):
            c.streams, c.weight, c.training = streams, weight, training
            x = layer.forward(x, c)
        return x

    def settle(
        self, X, rows: NDArray | None, generators: Sequence[np.random.Generator]
    ) -> None:
        """First values that depend on what enters a layer, from some of these rows."""
        every = np.atleast_2d(np.arange(X.shape[0]) if rows is None else rows)
        some = every[:, :: max(1, every.shape[1] // SETTLING)]
        n, x = some.shape[1], batch(taken(X, some), self.dtype)
        for layer, c in self.contexts(n):
            c.streams, c.weight, c.training = None, None, False
            x = layer.settle(x, c, generators)
        del self._contexts[n]

    def value_and_gradient(
        self, x, y: NDArray, weight: NDArray | None, streams: Streams | None
    ) -> NDArray:
        """Mean loss (K,) of a batch; its gradient is written to the gradient views."""
        raw = self.forward(x, streams, weight, training=True)
        rows = raw.shape[-2]
        if rows not in self._raw_gradient:
            self._raw_gradient[rows] = np.empty_like(raw)
        dy = self._raw_gradient[rows]
        value = self.network.loss.value_and_gradient(raw, y, weight, dy)
        lowest, layers = self.network.lowest, self.contexts(rows)
        for i in range(len(layers) - 1, lowest - 1, -1):
            layer, c = layers[i]
            dy = layer.backward(dy, c, need_dx=i > lowest)
        return value

    @property
    def block(self) -> int:
        """Rows that go through the network at once where all have to."""
        return max(256, BLOCK // self.n_models)

    def predict(
        self,
        X,
        block: int | None = None,
        streams: Streams | None = None,
        rows: NDArray | None = None,
        threads: int = 1,
    ) -> NDArray:
        """Raw outputs (K, n, n_out) of rows, block by block through one scratch.

        Of all rows, or of those with the numbers ``rows``, (1 or K, n). On several
        threads each has a scratch of its own; the answer is the same.
        """
        n = X.shape[0] if rows is None else rows.shape[1]
        block = block or self.block
        answer = np.empty((self.n_models, n, self.network.n_out), self.dtype)

        def work(bound: Bound, first: int) -> None:
            for start in range(first * block, n, threads * block):
                part = slice(start, min(start + block, n))
                x = X[part] if rows is None else taken(X, rows[:, part])
                answer[:, part] = bound.forward(batch(x, self.dtype), streams)

        if threads == 1:
            work(self, 0)
            return answer
        with ThreadPoolExecutor(threads) as pool:
            futures = [
                # how NumPy treats overflows is a matter of the context
                pool.submit(copy_context().run, work, self._another(), thread)
                for thread in range(threads)
            ]
        for future in futures:
            future.result()
        return answer

    def _another(self) -> Bound:
        """The same arrays with a scratch of its own."""
        return Bound(self.network, self.values, self.gradients)

    def loss(
        self, X, y: NDArray, weight: NDArray | None, rows: NDArray | None = None
    ) -> NDArray:
        """Mean loss (K,) over some or all rows, in inference mode.

        ``rows``, (n,) or (1 or K, n), are those of all models or of each.
        """
        index = np.atleast_2d(np.arange(X.shape[0]) if rows is None else rows)
        total, share = np.zeros(self.n_models), 0.0
        for start in range(0, index.shape[1], self.block):
            part = index[:, start : start + self.block]
            raw = self.forward(batch(taken(X, part), self.dtype))
            w = None if weight is None else np.take_along_axis(weight, part, axis=1)
            value = self.network.loss.value_and_gradient(
                raw, y[part], w, np.empty_like(raw)
            )
            size = part.shape[1] if w is None else w.sum(axis=-1)
            total += value * size
            share = share + size
        return total / share


def taken(X, rows: NDArray):
    """Rows by number, (1 or K, n): an array or sparse matrix, or one a model."""
    if len(rows) == 1:
        return X[rows[0]]
    return X[rows] if isinstance(X, np.ndarray) else SparseStack(X[r] for r in rows)


def batch(X, dtype):
    """Rows of an array, (n, n_in) or one a model, or of sparse ones, for the layers."""
    if not isinstance(X, np.ndarray):
        return X
    return (X[None] if X.ndim == 2 else X).astype(dtype, copy=False)
