"""How large the signals are that pass a network, forward and backward.

With a first weight of too small or too large a scale, each layer shrinks or stretches
what passes it by the same factor, and the product over many layers vanishes or
explodes (Glorot & Bengio 2010; He et al. 2015). This is where that is measured.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sknnreg.engine.network import Bound, Network
from sknnreg.engine.parameters import Parameters


class Signals(NamedTuple):
    """Root mean squares over rows and units, for each of K models.

    Gradients are those of the *rows'* losses, so that they depend neither on the
    number of rows nor on the mean over them: B times the gradient of the batch's loss.

    Attributes
    ----------
    inputs : ndarray of shape (K,)
        Of what enters the network.
    activations : ndarray of shape (K, n_hidden)
        Of what leaves each hidden block: a dense layer with its normalization and
        activation, or a residual block.
    gradients : ndarray of shape (K, n_hidden)
        Of the gradient with respect to the same.
    outputs : ndarray of shape (K,)
        Of the gradient with respect to the raw outputs, which the backward pass begins
        with.
    """

    inputs: NDArray
    activations: NDArray
    gradients: NDArray
    outputs: NDArray


def measure_signals(
    network: Network,
    vectors: list[NDArray],
    x,
    y: NDArray,
    weight: NDArray | None = None,
) -> Signals:
    """Send one batch through a network and back, and note the scale of the signals.

    Dropout and noise are off; batch normalization uses the batch's statistics.

    Parameters
    ----------
    network : Network
    vectors : list of ndarray
        ``theta`` and ``state`` of K models. They are left as they are: batch
        normalization would learn from the batch.
    x : ndarray of shape (1 or K, B, n_in), or sparse matrix (B, n_in)
    y : ndarray of shape (1 or K, B, n_outputs)
    weight : ndarray of shape (1 or K, B) or None

    Returns
    -------
    signals : Signals
    """
    theta = vectors[0]
    copies = [vector.copy() for vector in vectors]
    parameters = Parameters(network.specs, len(theta), theta.dtype, copies)
    layers = Bound.to(network, parameters).contexts(x.shape[-2])
    place = {layer: j for j, layer in enumerate(block_ends(network))}
    inputs = np.broadcast_to(scale(x), len(theta))
    activations, gradients = np.empty((2, len(theta), len(place)))
    with np.errstate(over="ignore", invalid="ignore"):  # what explodes is to be seen
        for i, (layer, c) in enumerate(layers):
            c.streams, c.weight, c.training = None, weight, True
            x = layer.forward(x, c)
            if i in place:  # at once: the next layers may work in place
                activations[:, place[i]] = scale(x)
        dy = np.empty_like(x)
        network.loss.value_and_gradient(x, y, weight, dy)
        dy *= x.shape[-2]
        outputs = scale(dy)
        for i in range(len(layers) - 1, network.lowest - 1, -1):
            if i in place:
                gradients[:, place[i]] = scale(dy)
            layer, c = layers[i]
            dy = layer.backward(dy, c, need_dx=i > network.lowest)
    return Signals(inputs, activations, gradients, outputs)


def block_ends(network: Network) -> list[int]:
    """Numbers of the layers that end a hidden block: the next one has weights."""
    weighted = [
        i
        for i, specs in enumerate(network.specs)
        if any(spec.part == "weights" for spec in specs.values())
    ]
    return [i - 1 for i in weighted[1:]]


def scale(x) -> NDArray:
    """Root mean square of each model's part of an array or sparse matrix, (1 or K,)."""
    if isinstance(x, np.ndarray):
        numbers, n = x.reshape(len(x), -1), x[0].size
    else:
        numbers, n = x.data[None], x.shape[0] * x.shape[1]
    numbers = numbers.astype(np.float64)
    largest = np.abs(numbers).max(axis=1, initial=0.0)
    unit = np.where(largest > 0, largest, 1)  # the square of a small number may be 0
    return unit * np.sqrt(np.square(numbers / unit[:, None]).sum(axis=1) / n)
