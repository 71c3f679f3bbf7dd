"""A learned scale of each input."""

from __future__ import annotations

import numpy as np
from scipy.sparse import issparse

from sknnreg.engine.initializers import Constant
from sknnreg.engine.layers.base import Layer
from sknnreg.engine.model_axis import Number
from sknnreg.engine.parameters import Spec
from sknnreg.engine.sparse import SparseStack


class InputScale(Layer):
    """y = s ⊙ x, s learned from 1 on;  ds = Σ_rows dy ⊙ x,  dx = s ⊙ dy.

    The next layer's weights could do the same, but slower: one number for an input
    moves all of them, and no penalty holds it back. So an input of use grows and the
    others do not. The scaling layer of RealMLP (Holzmüller et al. 2024), whose scales
    learn six times as fast as the weights.

    Parameters
    ----------
    rate : float
        Factor of the learning rate of s.
    """

    def __init__(self, rate: Number) -> None:
        self.rate = float(rate)

    def build(self, n_in: int) -> int:
        self.n_in = self.n_out = n_in
        scale = Spec((n_in,), "scale", Constant(1.0), rate=self.rate)
        self.specs = {"scale": scale}
        return n_in

    def forward(self, x, c):
        scale = c.values["scale"]
        if not isinstance(x, np.ndarray):
            x = c.saved["x"] = [x] * c.n_models if issparse(x) else x
            pairs = zip(x, scale, strict=True)
            return SparseStack(_times(part, s[part.indices]) for part, s in pairs)
        c.saved["x"] = x
        return np.multiply(x, scale[:, None], out=c.array("y", self.n_out))

    def backward(self, dy, c, need_dx):
        x, gradient = c.saved["x"], c.gradients["scale"]
        if isinstance(x, np.ndarray):
            product = np.multiply(dy, x, out=c.array("product", self.n_in))
            np.matmul(c.ones(), product, out=gradient[:, None, :])
        else:
            for part, d, g in zip(x, dy, gradient, strict=True):
                rows = np.repeat(np.arange(c.rows), np.diff(part.indptr))
                product = part.data * d[rows, part.indices]
                g[:] = np.bincount(part.indices, product, minlength=self.n_in)
        if need_dx:
            dy *= c.values["scale"][:, None]
        return dy


def _times(part, factors):
    """A sparse matrix, each stored number times a factor."""
    arrays = (part.data * factors, part.indices, part.indptr)
    return type(part)(arrays, shape=part.shape)
