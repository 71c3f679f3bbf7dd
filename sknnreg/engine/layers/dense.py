"""The dense layer."""

from __future__ import annotations

import numpy as np

from sknnreg.engine.initializers import Initializer, Kinks, bias_initializer
from sknnreg.engine.layers.base import Context, Layer
from sknnreg.engine.parameters import Spec
from sknnreg.engine.sparse import matmul, transpose


class Dense(Layer):
    """z = x W + b;  dW = xᵀ dz,  db = Σ_rows dz,  dx = dz Wᵀ.

    ``x`` may be a sparse matrix shared by all models, or a list of one a model; it is
    never made dense.

    Parameters
    ----------
    units : int
        ``n_out``.
    init, bias_init : initializer
        First values of W and b.
    """

    def __init__(self, units: int, init: Initializer, bias_init: Initializer) -> None:
        self.units = units
        self.init = init
        self.bias_init = bias_init

    def build(self, n_in: int) -> int:
        self.n_in, self.n_out = n_in, self.units
        fans = (n_in, self.units)
        bias_init = bias_initializer(self.bias_init, fans)
        self.specs = {
            "weight": Spec(fans, "weight", self.init),
            "bias": Spec((self.units,), "bias", bias_init),
        }
        return self.units

    def forward(self, x, c: Context):
        z = matmul(x, c.values["weight"], c.array("z", self.n_out))
        z += c.values["bias"][:, None, :]
        c.saved["x"] = x
        return z

    def settle(self, x, c, generators):
        z = self.forward(x, c)
        if isinstance(self.bias_init, Kinks):
            biases = c.values["bias"]
            for bias, rng, sums in zip(biases, generators, z, strict=True):
                bias[:] = self.bias_init.of_sums(rng, sums)
            z += biases[:, None, :]
        return z

    def backward(self, dy, c, need_dx):
        matmul(transpose(c.saved["x"]), dy, c.gradients["weight"])
        # as a product: rows are summed faster than by np.sum
        np.matmul(c.ones(), dy, out=c.gradients["bias"][:, None, :])
        if not need_dx:
            return dy
        return matmul(dy, transpose(c.values["weight"]), c.array("dx", self.n_in))
