"""Losses on the network's raw outputs, each with its gradient.

A loss of one row is the *sum* over its outputs; the loss of a batch is the mean over
its rows, weighted if there are weights. The reported value is the number whose
gradient is written: one call gives both.

The inverse link turns raw outputs into predictions: identity, ``logistic``,
``softmax`` or ``exp``. It is part of the loss, which is computed from raw outputs
because log(softmax(raw)) computed in two steps loses its digits.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, xlogy


class Loss:
    """A loss says :meth:`rows`; the weighted mean is the same for all."""

    #: name of the inverse link, as scikit-learn's ``out_activation_``
    link: ClassVar[str] = "identity"
    #: whether it has no meaning for negative targets
    non_negative: ClassVar[bool] = False

    def rows(self, raw: NDArray, y: NDArray, out: NDArray) -> NDArray:
        """Loss of each row (K, B); writes d loss / d raw, (K, B, n), to ``out``."""
        raise NotImplementedError

    def inverse_link(self, raw: NDArray) -> NDArray:
        """Predictions for raw outputs; may overwrite them."""
        return raw

    def value_and_gradient(
        self, raw: NDArray, y: NDArray, weight: NDArray | None, out: NDArray
    ) -> NDArray:
        """Weighted mean loss (K,) over the rows, its gradient to ``out``.

        Parameters
        ----------
        raw : ndarray of shape (K, B, n_outputs)
        y : ndarray of shape (1 or K, B, n_outputs)
        weight : ndarray of shape (1 or K, B) or None
            If all weights of a batch are zero, so are its loss and its gradient.
        out : ndarray of shape (K, B, n_outputs)
        """
        rows = self.rows(raw, y, out)
        if weight is None:
            share = 1 / raw.shape[-2]
            out *= share
            return rows.sum(axis=-1) * share
        total = weight.sum(axis=-1, keepdims=True)
        share = weight / np.where(total > 0, total, 1)
        out *= share[..., None]
        return (rows * share).sum(axis=-1)


def over_outputs(loss: NDArray) -> NDArray:
    """Sum over the last axis, which is most often one output."""
    return loss[..., 0] if loss.shape[-1] == 1 else loss.sum(axis=-1)


class SquaredError(Loss):
    """½ (raw - y)²;  gradient raw - y."""

    def rows(self, raw, y, out):
        np.subtract(raw, y, out=out)
        return 0.5 * np.vecdot(out, out)


class AbsoluteError(Loss):
    """|raw - y|;  gradient sign(raw - y), 0 at 0. Estimates the median."""

    def rows(self, raw, y, out):
        np.subtract(raw, y, out=out)
        loss = over_outputs(np.abs(out))
        np.sign(out, out=out)
        return loss


class Huber(Loss):
    """½ r² if |r| ≤ δ, else δ (|r| - ½ δ), with r = raw - y;  gradient clip(r, -δ, δ).

    Huber 1964, "Robust estimation of a location parameter". δ is in the target's
    unit.
    """

    def __init__(self, huber_delta: float = 1.0) -> None:
        self.delta = huber_delta

    def rows(self, raw, y, out):
        residual = raw - y
        np.clip(residual, -self.delta, self.delta, out=out)
        # with c = clip(r): c (r - c / 2) is both branches of the formula
        return over_outputs(out * (residual - 0.5 * out))


class Quantile(Loss):
    """max(q (y - raw), (q - 1) (y - raw)), the pinball loss;  gradient [y < raw] - q.

    Koenker & Bassett 1978, "Regression quantiles". ``quantile = 0.5`` is half the
    absolute error. The gradient at 0 is taken as 0.
    """

    def __init__(self, quantile: float = 0.5) -> None:
        self.quantile = quantile

    def rows(self, raw, y, out):
        below = y - raw
        loss = np.maximum(self.quantile * below, (self.quantile - 1) * below)
        np.sign(below, out=out)
        out *= -0.5
        out += np.where(below == 0, 0, raw.dtype.type(0.5 - self.quantile))
        return over_outputs(loss)


class Poisson(Loss):
    """Half the Poisson deviance with log link;  gradient exp(raw) - y.

    exp(raw) - y raw + y log(y) - y: zero where exp(raw) = y.
    """

    link = "exp"
    non_negative = True

    def rows(self, raw, y, out):
        np.exp(raw, out=out)
        loss = over_outputs(out - y * raw + xlogy(y, y) - y)
        out -= y
        return loss

    def inverse_link(self, raw):
        return np.exp(raw, out=raw)


class BinaryLogLoss(Loss):
    """Cross-entropy of independent yes/no outputs (binary and multilabel).

    log(1 + exp(raw)) - y raw;  gradient σ(raw) - y. ``y`` may be any share in [0, 1].
    """

    link = "logistic"

    def rows(self, raw, y, out):
        expit(raw, out=out)
        # log(1 + exp(raw)) = max(raw, 0) - log(max(p, 1 - p)), several times as fast
        loss = np.maximum(raw, 0)
        loss -= np.log(np.maximum(out, 1 - out))
        loss -= y * raw
        out -= y
        return over_outputs(loss)

    def inverse_link(self, raw):
        # a finite raw output is never certain: rounding must not say 1
        return np.minimum(expit(raw, out=raw), 1 - np.finfo(raw.dtype).epsneg, out=raw)

    def log_probability(self, raw: NDArray) -> NDArray:
        """log σ(raw), finite where σ(raw) underflows."""
        return -np.logaddexp(-raw, 0)


class MulticlassLogLoss(Loss):
    """Cross-entropy of one choice among n;  gradient softmax(raw) - y.

    log Σ_c exp(raw_c) - Σ_c y_c raw_c, where the ``y_c`` of a row sum to 1.
    """

    link = "softmax"

    def rows(self, raw, y, out):
        loss = self._softmax(raw, out)
        loss -= np.vecdot(raw, y)
        out -= y
        return loss

    def _softmax(self, raw: NDArray, out: NDArray) -> NDArray:
        """softmax(raw) to ``out``; gives log Σ exp(raw), (K, B)."""
        # rows beside each other: reducing few numbers along the last axis is slow
        columns = raw.swapaxes(-1, -2).copy()
        top = columns.max(axis=-2, keepdims=True)
        columns -= top  # exp of what is at most 0 cannot overflow
        np.exp(columns, out=columns)
        total = columns.sum(axis=-2, keepdims=True)
        columns /= total
        out[...] = columns.swapaxes(-1, -2)
        return (np.log(total) + top)[..., 0, :]

    def inverse_link(self, raw):
        self._softmax(raw, raw)
        return raw

    def log_probability(self, raw: NDArray) -> NDArray:
        """log softmax(raw), finite where softmax(raw) underflows."""
        return raw - self._softmax(raw, np.empty_like(raw))[..., None]


def smooth_labels(y: NDArray, smoothing: float, multiclass: bool) -> NDArray:
    """y (1 - s) + s / n: certainty given away to all n classes alike.

    n is 2 for independent yes/no outputs. The loss and its gradient are those of the
    cross-entropy at the smoothed targets; the smallest value a row can reach is no
    longer 0 but their entropy, -(1 - s + s/n) log(1 - s + s/n) - (n - 1) s/n log(s/n).
    Szegedy et al. 2016, "Rethinking the inception architecture".
    """
    n = y.shape[-1] if multiclass else 2
    return y * (1 - smoothing) + smoothing / n


REGRESSION_LOSSES: dict[str, type[Loss]] = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": Huber,
    "quantile": Quantile,
    "poisson": Poisson,
}
