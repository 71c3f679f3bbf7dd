"""Inverted dropout."""

from __future__ import annotations

import copy

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from sknnreg.engine.layers.base import Layer


class Dropout(Layer):
    """y = m ⊙ x / (1 - p),  m ~ Bernoulli(1 - p);  dx = m ⊙ dy / (1 - p).

    p is the probability to *drop* (some texts give the probability to keep). Dividing
    while training keeps the expectation, so predicting is the identity. Srivastava et
    al. 2014, "Dropout: a simple way to prevent neural networks from overfitting".

    A number is kept if a random 16-bit word is at most ``threshold``; survivors are
    divided by the probability realised in this way, (threshold + 1) / 2¹⁶, so that the
    expectation is exact. In a sparse input only the stored numbers are drawn: zeros
    stay zero either way.

    Parameters
    ----------
    rate : float or ndarray of shape (K, 1)
        p in [0, 1).
    """

    is_random = True

    def __init__(self, rate: float | NDArray) -> None:
        keep = np.clip(np.rint((1 - np.asarray(rate)) * 2**16), 1, 2**16)
        self.threshold = np.asarray(keep - 1, np.uint16)[..., None]
        self.scale = np.asarray(2**16 / keep)[..., None]

    def of_model(self, k):
        if self.threshold.ndim == 1:  # one for all
            return self
        own = copy.copy(self)
        own.threshold, own.scale = self.threshold[k], self.scale[k]
        return own

    def mask(self, shape: tuple[int, int], c) -> NDArray:
        """m / (1 - p), (1 or K, *shape)."""
        keep = c.streams.words(shape) <= self.threshold
        mask = c.array("mask", shape[-1], len(keep))
        # a scale of another dtype would send every number through a buffer
        return np.multiply(keep, self.scale.astype(c.dtype), out=mask)

    def forward(self, x, c):
        if c.streams is None:
            c.saved.pop("mask", None)  # of an earlier pass
            return x
        if not isinstance(x, np.ndarray):
            return self._forward_sparse([x] * c.n_models if issparse(x) else x, c)
        c.saved["mask"] = mask = self.mask(x.shape[-2:], c)
        n_models = max(len(x), len(mask))
        return np.multiply(x, mask, out=c.array("y", self.n_out, n_models))

    def _forward_sparse(self, parts, c):
        words = c.streams.ragged_words([part.nnz for part in parts])
        thresholds = np.broadcast_to(self.threshold.ravel(), len(parts))
        scales = np.broadcast_to(self.scale.ravel(), len(parts))
        dropped = []
        for part, w, threshold, scale in zip(
            parts, words, thresholds, scales, strict=True
        ):
            mask = np.multiply(w <= threshold, scale, dtype=c.dtype)
            data = (part.data * mask, part.indices, part.indptr)
            dropped.append(type(part)(data, shape=part.shape))
        return dropped

    def backward(self, dy, c, need_dx):
        if "mask" not in c.saved:
            return dy
        return np.multiply(dy, c.saved["mask"], out=dy)
