"""An activation function as a layer."""

from __future__ import annotations

from sknnreg.engine.activations import Activation
from sknnreg.engine.layers.base import Layer


class Activate(Layer):
    """y = f(z);  dz = dy f'(z). In place wherever f' can be told from y."""

    def __init__(self, function: Activation) -> None:
        self.function = function

    def forward(self, x, c):
        y = x if self.function.needs == "y" else c.array("y", self.n_out)
        c.saved["z"], c.saved["y"] = x, self.function.forward(x, y)
        return y

    def backward(self, dy, c, need_dx):
        return self.function.backward(dy, c.saved["z"], c.saved["y"], dy)
