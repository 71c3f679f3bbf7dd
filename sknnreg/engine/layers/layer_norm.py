"""Layer normalization."""

from __future__ import annotations

import numpy as np

from sknnreg.engine.initializers import Constant
from sknnreg.engine.layers.base import Layer
from sknnreg.engine.parameters import Spec

#: Added to the variance inside the root, as in PyTorch.
EPSILON = 1e-5


class LayerNorm(Layer):
    """y = γ x̂ + β,  x̂ = (x - μ) / √(v + ε), with each *row*'s mean and variance.

    The same while training and predicting. With g = γ dy, means over a row's n units::

        dγ = Σ_rows dy x̂,  dβ = Σ_rows dy,  dx = (g - mean(g) - x̂ mean(g x̂)) / √(v + ε)

    Ba, Kiros & Hinton 2016, "Layer normalization".
    """

    def build(self, n_in: int) -> int:
        self.n_in = self.n_out = n_in
        self.specs = {
            "gamma": Spec((n_in,), "gain", Constant(1.0)),
            "beta": Spec((n_in,), "gain", Constant(0.0)),
        }
        return n_in

    def forward(self, x, c):
        mean = x.mean(axis=-1, keepdims=True)
        hat = np.subtract(x, mean, out=c.array("hat", self.n_out))
        variance = np.einsum("kij,kij->ki", hat, hat)[..., None] / self.n_out
        c.saved["scale"] = scale = 1 / np.sqrt(variance + EPSILON)
        hat *= scale
        y = np.multiply(hat, c.values["gamma"][:, None], out=c.array("y", self.n_out))
        y += c.values["beta"][:, None]
        return y

    def backward(self, dy, c, need_dx):
        hat = c.array("hat", self.n_out)
        np.einsum("kij,kij->kj", dy, hat, out=c.gradients["gamma"])
        np.sum(dy, axis=-2, out=c.gradients["beta"])
        dy *= c.values["gamma"][:, None]
        projection = np.einsum("kij,kij->ki", dy, hat)[..., None] / self.n_out
        hat *= projection
        hat += dy.mean(axis=-1, keepdims=True)
        dy -= hat
        dy *= c.saved["scale"]
        return dy
