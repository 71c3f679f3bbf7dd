"""Layers: each on one screen, forward and backward side by side.

A layer is stateless. ``build(n_in)`` fixes its size; ``forward(x, c)`` and
``backward(dy, c, need_dx)`` work on a :class:`Context`, which holds the layer's
parameters, gradients, running statistics and scratch for one number of rows.
"""

from collections.abc import Callable

from sknnreg.engine.layers.activation import Activate
from sknnreg.engine.layers.base import Context, Layer
from sknnreg.engine.layers.batch_norm import BatchNorm
from sknnreg.engine.layers.dense import Dense
from sknnreg.engine.layers.dropout import Dropout
from sknnreg.engine.layers.input_scale import InputScale
from sknnreg.engine.layers.layer_norm import LayerNorm
from sknnreg.engine.layers.noise import InputNoise
from sknnreg.engine.layers.residual import Residual
from sknnreg.engine.model_axis import Number

#: What stands before the first dense layer, by the hyperparameter that is its number;
#: a layer is left out where all its numbers are zero.
INPUT_LAYERS: dict[str, Callable[[Number], Layer]] = {
    "input_noise": InputNoise,
    "input_dropout": Dropout,
    "input_scale": InputScale,
}

#: ``normalization``: the layer between a dense layer and its activation.
NORMALIZATIONS: dict[str, type[Layer]] = {"batch": BatchNorm, "layer": LayerNorm}

__all__ = [
    "INPUT_LAYERS",
    "NORMALIZATIONS",
    "Activate",
    "BatchNorm",
    "Context",
    "Dense",
    "Dropout",
    "InputNoise",
    "InputScale",
    "Layer",
    "LayerNorm",
    "Residual",
]
