"""Batch normalization."""

from __future__ import annotations

import numpy as np

from sknnreg.engine.initializers import Constant
from sknnreg.engine.layers.base import Layer
from sknnreg.engine.parameters import Spec

#: Added to the variance inside the root, as in PyTorch and the paper.
EPSILON = 1e-5


class BatchNorm(Layer):
    """y = γ x̂ + β,  x̂ = (x - μ) / √(v + ε), with each unit's mean and variance.

    While training μ and v are those of the batch, rows weighted as in the loss
    (sᵢ = wᵢ / Σw), and the running ones follow: running ← m running + (1 - m) batch.
    Predictions use the running ones. With D_γ = Σᵢ dyᵢ x̂ᵢ and D_β = Σᵢ dyᵢ::

        dγ = D_γ,  dβ = D_β,  dxᵢ = γ / √(v + ε) (dyᵢ - sᵢ D_β - sᵢ x̂ᵢ D_γ)

    A batch of one row has no variance: it is normalized by the running statistics,
    which it leaves alone, and dx = γ / √(v + ε) dy. The running variance is that of
    the batch, Σ sᵢ (xᵢ - μ)², as in Keras; PyTorch multiplies it by B / (B - 1).
    PyTorch's momentum is 1 - m. Ioffe & Szegedy 2015, "Batch normalization".

    Parameters
    ----------
    momentum : float, default=0.9
        m, the share of the old running statistics that is kept.
    """

    def __init__(self, momentum: float = 0.9) -> None:
        self.momentum = momentum

    def build(self, n_in: int) -> int:
        self.n_in = self.n_out = n_in
        self.specs = {
            "gamma": Spec((n_in,), "gain", Constant(1.0)),
            "beta": Spec((n_in,), "gain", Constant(0.0)),
            "mean": Spec((n_in,), "state", Constant(0.0)),
            "variance": Spec((n_in,), "state", Constant(1.0)),
        }
        return n_in

    def forward(self, x, c):
        by_batch = c.training and c.rows > 1
        if c.weight is not None:
            total = c.weight.sum(axis=-1)[:, None, None]
            by_batch = by_batch and bool((total > 0).all())
        c.saved["share"] = None
        if by_batch:
            share = 1 / c.rows if c.weight is None else c.weight[..., None] / total
            mean = (x * share).sum(axis=-2, keepdims=True)
            hat = np.subtract(x, mean, out=c.array("hat", self.n_out))
            variance = (hat * hat * share).sum(axis=-2, keepdims=True)
            self._follow(c, mean, variance)
            c.saved["share"] = share
        else:
            hat = np.subtract(
                x, c.values["mean"][:, None], out=c.array("hat", self.n_out)
            )
            variance = c.values["variance"][:, None]
        c.saved["scale"] = scale = 1 / np.sqrt(variance + EPSILON)
        hat *= scale
        y = np.multiply(hat, c.values["gamma"][:, None], out=c.array("y", self.n_out))
        y += c.values["beta"][:, None]
        return y

    def _follow(self, c, mean, variance):
        for running, batch in (("mean", mean), ("variance", variance)):
            c.values[running] *= self.momentum
            c.values[running] += (1 - self.momentum) * batch[:, 0]

    def backward(self, dy, c, need_dx):
        hat, share = c.array("hat", self.n_out), c.saved["share"]
        d_gamma = np.einsum("kij,kij->kj", dy, hat, out=c.gradients["gamma"])
        d_beta = np.sum(dy, axis=-2, out=c.gradients["beta"])
        if share is not None:
            hat *= d_gamma[:, None]
            hat += d_beta[:, None]
            hat *= share
            dy -= hat
        dy *= c.values["gamma"][:, None] * c.saved["scale"]
        return dy
