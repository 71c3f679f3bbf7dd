"""What a layer is, and what it works on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sknnreg.engine.parameters import Spec
from sknnreg.engine.streams import Streams


class Context:
    """One layer's arrays for batches of ``rows`` rows.

    Attributes
    ----------
    values : dict of {str: ndarray of shape (K, ...)}
        Parameters and running statistics, views into the flat vectors.
    gradients : dict of {str: ndarray of shape (K, ...)}
        Where :meth:`Layer.backward` writes; it never accumulates.
    training : bool
        Whether statistics are the batch's (and learned from it), or the running ones.
    streams : Streams or None
        Where dropout and noise draw from; None: neither happens.
    weight : ndarray of shape (1 or K, rows) or None
        Sample weights of the batch, for statistics over its rows.
    saved : dict
        What forward leaves for backward.
    """

    def __init__(
        self,
        rows: int,
        n_models: int,
        dtype: DTypeLike,
        values: dict[str, NDArray],
        gradients: dict[str, NDArray],
    ) -> None:
        self.rows = rows
        self.n_models = n_models
        self.dtype = np.dtype(dtype)
        self.values = values
        self.gradients = gradients
        self.training = False
        self.streams: Streams | None = None
        self.weight: NDArray | None = None
        self.saved: dict[str, Any] = {}
        self._arrays: dict[str, NDArray] = {}
        self._children: dict[str, Context] = {}

    def array(self, name: str, n: int, n_models: int | None = None) -> NDArray:
        """Scratch of shape (K, rows, n), allocated once; its content is arbitrary.

        ``n_models = 1`` is for what all models share.
        """
        array = self._arrays.get(name)
        if array is None:
            shape = (n_models or self.n_models, self.rows, n)
            array = self._arrays[name] = np.empty(shape, self.dtype)
        return array

    def ones(self) -> NDArray:
        """A row of ones, (1, 1, rows): times a batch it is the sum of its rows."""
        if "ones" not in self._arrays:
            self._arrays["ones"] = np.ones((1, 1, self.rows), self.dtype)
        return self._arrays["ones"]

    def child(self, prefix: str) -> Context:
        """The context of a layer inside this one, whose arrays bear the prefix."""
        if prefix not in self._children:
            self._children[prefix] = Context(
                self.rows,
                self.n_models,
                self.dtype,
                _strip(self.values, prefix),
                _strip(self.gradients, prefix),
            )
        child = self._children[prefix]
        child.training, child.streams = self.training, self.streams
        child.weight = self.weight
        return child


class Layer:
    """A differentiable map of rows.

    Attributes
    ----------
    n_in, n_out : int
        Columns of what enters and leaves, known after :meth:`build`.
    specs : dict of {str: Spec}
        The arrays the layer needs, known after :meth:`build`.
    """

    n_in: int
    n_out: int
    #: whether it draws random numbers while training
    is_random: bool = False
    specs: dict[str, Spec]

    def build(self, n_in: int) -> int:
        """Fix the sizes; gives ``n_out``."""
        self.n_in = self.n_out = n_in
        self.specs = {}
        return n_in

    def of_model(self, k: int) -> Layer:
        """The layer as model k of a stack has it, if models differ in its numbers."""
        return self

    def forward(self, x: NDArray, c: Context) -> NDArray:
        """y, (K, rows, n_out), for x, (1 or K, rows, n_in)."""
        raise NotImplementedError

    def settle(
        self, x: NDArray, c: Context, generators: Sequence[np.random.Generator]
    ) -> NDArray:
        """``forward`` of the first rows, which some first values depend on.

        There is a generator for each model.
        """
        return self.forward(x, c)

    def backward(self, dy: NDArray, c: Context, need_dx: bool) -> NDArray:
        """dx for dy; writes the gradients of the parameters. May overwrite ``dy``.

        Without ``need_dx`` anything may be returned: nobody looks at it.
        """
        raise NotImplementedError


def _strip(arrays: dict[str, NDArray], prefix: str) -> dict[str, NDArray]:
    """The arrays whose names start with the prefix, without it."""
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
