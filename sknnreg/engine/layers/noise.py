"""Gaussian noise on the inputs."""

from __future__ import annotations

import copy

import numpy as np

from sknnreg.engine.initializers import Constant
from sknnreg.engine.layers.base import Layer
from sknnreg.engine.model_axis import Number, a_model
from sknnreg.engine.parameters import Spec
from sknnreg.engine.sparse import column_std, dense


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

    is_random = True

    def __init__(self, scale: Number) -> None:
        self.scale = scale

    def of_model(self, k):
        if not isinstance(self.scale, np.ndarray):  # one for all
            return self
        own = copy.copy(self)
        own.scale = float(self.scale[k, 0])
        return own

    def build(self, n_in: int) -> int:
        self.n_in = self.n_out = n_in
        # not learned: measured once, on the first training data
        self.specs = {
            "std": Spec((n_in,), "statistic", Constant(1.0), from_data=column_std)
        }
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
