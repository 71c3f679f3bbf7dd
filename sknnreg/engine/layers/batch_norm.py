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

    A batch of one row, or of one row with a weight, has no variance: it is normalized
    by the running statistics, which it leaves alone, and s = 0 in the formula of dx.
    The running variance is that of the batch, Σ sᵢ (xᵢ - μ)², as in Keras; PyTorch
    multiplies it by B / (B - 1). PyTorch's momentum is 1 - m. Ioffe & Szegedy 2015,
    "Batch normalization".

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
            "mean": Spec((n_in,), "statistic", Constant(0.0)),
            "variance": Spec((n_in,), "statistic", Constant(1.0)),
        }
        return n_in

    def forward(self, x, c):
        mean, variance = c.values["mean"][:, None], c.values["variance"][:, None]
        share = 0.0  # of each row in the batch's statistics
        if c.training and c.rows > 1:
            share = self._share(c)
            usable = np.any(share, axis=-2, keepdims=True) if np.ndim(share) else True
            mean = np.where(usable, (x * share).sum(axis=-2, keepdims=True), mean)
        hat = np.subtract(x, mean, out=c.array("hat", self.n_out))
        if c.training and c.rows > 1:
            spread = (hat * hat * share).sum(axis=-2, keepdims=True)
            variance = np.where(usable, spread, variance)
            for running, batch in (("mean", mean), ("variance", variance)):
                value = c.values[running]
                value += (1 - self.momentum) * (batch[:, 0] - value)
        c.saved["share"], c.saved["scale"] = share, 1 / np.sqrt(variance + EPSILON)
        hat *= c.saved["scale"]
        y = np.multiply(hat, c.values["gamma"][:, None], out=c.array("y", self.n_out))
        y += c.values["beta"][:, None]
        return y

    def _share(self, c):
        """sᵢ; 0 for all rows of a model of which fewer than two have a weight."""
        if c.weight is None:
            return 1 / c.rows
        weight = c.weight[..., None]
        several = np.count_nonzero(weight, axis=-2, keepdims=True) > 1
        return weight / np.where(several, weight.sum(axis=-2, keepdims=True), np.inf)

    def backward(self, dy, c, need_dx):
        hat, share = c.array("hat", self.n_out), c.saved["share"]
        d_gamma = np.einsum("kij,kij->kj", dy, hat, out=c.gradients["gamma"])
        d_beta = np.sum(dy, axis=-2, out=c.gradients["beta"])
        hat *= d_gamma[:, None]
        hat += d_beta[:, None]
        hat *= share
        dy -= hat
        dy *= c.values["gamma"][:, None] * c.saved["scale"]
        return dy
