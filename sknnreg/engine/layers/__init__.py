"""Layers: each on one screen, forward and backward side by side.

A layer is stateless. ``build(n_in)`` fixes its size; ``forward(x, c)`` and
``backward(dy, c, need_dx)`` work on a :class:`Context`, which holds the layer's
parameters, gradients, running statistics and scratch for one number of rows.
"""

from sknnreg.engine.layers.activation import Activate
from sknnreg.engine.layers.base import Context, Layer
from sknnreg.engine.layers.dense import Dense
from sknnreg.engine.layers.dropout import Dropout

__all__ = ["Activate", "Context", "Dense", "Dropout", "Layer"]
