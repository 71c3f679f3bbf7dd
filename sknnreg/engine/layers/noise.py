"""Gaussian noise on the inputs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from sknnreg.engine.initializers import Constant
from sknnreg.engine.layers.base import Layer
from sknnreg.engine.parameters import Spec
from sknnreg.engine.penalties import Number, a_model


class InputNoise(Layer):
    """y = x + s σ ⊙ e,  e ~ N(0, 1), while training;  dx = dy.

    σ, the standard deviation of each feature in the training data, makes ``scale`` a
    number without a unit. To second order the expected loss grows by
    ½ s² Σ_j σ_j² ∂²l/∂x_j²: for a linear model with squared error exactly the ridge
    penalty ½ s² Σ_j σ_j² w_j² (Bishop 1995, "Training with noise is equivalent to
    Tikhonov regularization").

    A sparse batch becomes dense by its noise; the data do not.

    Parameters
    ----------
    scale : float or ndarray of shape (K, 1)
        s, in standard deviations of each feature.
    """

    def __init__(self, scale: Number) -> None:
        self.scale = scale

    def build(self, n_in: int) -> int:
        self.n_in = self.n_out = n_in
        # not learned: written once from the training data
        self.specs = {"std": Spec((n_in,), "state", Constant(1.0))}
        return n_in

    def forward(self, x, c):
        if c.streams is None:
            return x
        noise = c.streams.normal((c.rows, self.n_in), c.dtype)
        noise = noise * (c.values["std"][:, None, :] * a_model(self.scale, 3))
        noise += x if isinstance(x, np.ndarray) else dense(x)
        return noise

    def backward(self, dy, c, need_dx):
        return dy


def dense(x) -> NDArray:
    """A sparse batch, or one a model, as an array (1 or K, rows, n)."""
    return np.stack([part.toarray() for part in ([x] if issparse(x) else x)])


def feature_std(X) -> NDArray:
    """Standard deviation of each column of an array or sparse matrix."""
    if not issparse(X):
        return X.std(axis=0)
    mean = np.asarray(X.mean(axis=0)).ravel()
    square = np.asarray(X.multiply(X).mean(axis=0)).ravel()
    return np.sqrt(np.maximum(square - mean**2, 0))
