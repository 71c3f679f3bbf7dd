"""Residual connections."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np

from sknnreg.engine.initializers import Initializer
from sknnreg.engine.layers.base import Layer
from sknnreg.engine.parameters import Spec
from sknnreg.engine.sparse import dense, matmul, transpose


class Residual(Layer):
    """y = f(x) + x, or f(x) + x P where the widths differ;  dx = f'(x) dy + dy (Pᵀ).

    He et al. 2016, "Deep residual learning for image recognition". P is a weight
    matrix like the others: initialized, penalized and limited as they are.

    Parameters
    ----------
    body : sequence of Layer
        f, the first of which is dense.
    init : initializer
        First values of P.
    """

    def __init__(self, body: Sequence[Layer], init: Initializer) -> None:
        self.body = list(body)
        self.init = init
        self.is_random = any(layer.is_random for layer in self.body)
        self.prefixes = [f"{i}." for i in range(len(self.body))]

    def build(self, n_in: int) -> int:
        self.n_in = n = n_in
        self.specs = {}
        for prefix, layer in zip(self.prefixes, self.body, strict=True):
            n = layer.build(n)
            self.specs |= {prefix + name: spec for name, spec in layer.specs.items()}
        self.n_out = n
        if n != n_in:
            self.specs["projection"] = Spec((n_in, n), "shortcut", self.init)
        return n

    def of_model(self, k):
        own = copy.copy(self)
        own.body = [layer.of_model(k) for layer in self.body]
        return own

    def forward(self, x, c):
        c.saved["x"] = y = x
        for prefix, layer in zip(self.prefixes, self.body, strict=True):
            y = layer.forward(y, c.child(prefix))
        out = c.array("y", self.n_out)
        if "projection" in c.values:
            matmul(x, c.values["projection"], out)
        else:
            out[...] = x if isinstance(x, np.ndarray) else dense(x)
        out += y
        return out

    def settle(self, x, c, generators):
        y = x
        for prefix, layer in zip(self.prefixes, self.body, strict=True):
            y = layer.settle(y, c.child(prefix), generators)
        return self.forward(x, c)

    def backward(self, dy, c, need_dx):
        skip = c.array("skip", self.n_out)
        np.copyto(skip, dy)  # the body may overwrite dy
        for i in reversed(range(len(self.body))):
            dy = self.body[i].backward(dy, c.child(self.prefixes[i]), need_dx or i > 0)
        if "projection" in c.values:
            matmul(transpose(c.saved["x"]), skip, c.gradients["projection"])
            if need_dx:
                back = transpose(c.values["projection"])
                dy += matmul(skip, back, c.array("dx", self.n_in))
        elif need_dx:
            dy += skip
        return dy
