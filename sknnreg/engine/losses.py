"""Losses on the network's raw outputs, each with its gradient.

A loss of one row is the *sum* over its outputs; the loss of a batch is the mean over
its rows, weighted if there are weights. The reported value is the number whose
gradient is written: one call gives both.

The inverse link turns raw outputs into predictions: identity, ``logistic``,
``softmax`` or ``exp``. It is part of the loss, which is computed from raw outputs
because log(softmax(raw)) computed in two steps loses its digits.

A loss may describe more of a target than one number. It then takes several raw outputs
a target, ``per_target``, which follow each other: raw is (K, B, n_targets × per_target)
beside y of (K, B, n_targets). Its inverse link still gives one prediction a target.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, xlogy

LOG_2PI = float(np.log(2 * np.pi))


class Loss:
    """A loss says :meth:`rows`; the weighted mean is the same for all.

    One that predicts a distribution has ``std(raw)`` or ``quantiles(raw)`` besides;
    what it lacks is refused by name.
    """

    #: raw outputs that a target takes
    per_target: int = 1
    #: name of the inverse link, as scikit-learn's ``out_activation_``
    link: ClassVar[str] = "identity"
    #: whether it has no meaning for negative targets
    non_negative: ClassVar[bool] = False

    def rows(self, raw: NDArray, y: NDArray, out: NDArray) -> NDArray:
        """Loss of each row (K, B); writes d loss / d raw, (K, B, n_raw), to ``out``."""
        raise NotImplementedError

    def inverse_link(self, raw: NDArray) -> NDArray:
        """Predictions (..., n_targets) for raw outputs; may overwrite them."""
        return raw

    def value_and_gradient(
        self, raw: NDArray, y: NDArray, weight: NDArray | None, out: NDArray
    ) -> NDArray:
        """Weighted mean loss (K,) over the rows, its gradient to ``out``.

        Parameters
        ----------
        raw : ndarray of shape (K, B, n_targets * per_target)
        y : ndarray of shape (1 or K, B, n_targets)
        weight : ndarray of shape (1 or K, B) or None
            If all weights of a batch are zero, so are its loss and its gradient.
        out : ndarray of shape (K, B, n_targets * per_target)
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


def softplus(raw: NDArray, p: NDArray) -> NDArray:
    """log(1 + exp(raw)), given p = σ(raw): several times as fast as without."""
    answer = np.maximum(raw, 0)
    answer -= np.log(np.maximum(p, 1 - p))
    return answer


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
    """max(q (y - ŷ), (q - 1) (y - ŷ)), the pinball loss;  gradient g = [y < ŷ] - q.

    Summed over the quantiles q. With one, ŷ = raw. With several, the one nearest ½, c,
    is free, and the others are cumulated from there, so that they cannot cross::

        ŷ_c = raw_c                                        d/draw_c = Σ g_i
        ŷ_j = ŷ_{j-1} + softplus(raw_j)  for j > c:  d/draw_j =  σ(raw_j) Σ_{i ≥ j} g_i
        ŷ_j = ŷ_{j+1} - softplus(raw_j)  for j < c:  d/draw_j = -σ(raw_j) Σ_{i ≤ j} g_i

    The gradient at y = ŷ is taken as g = 0. ``quantile = 0.5`` is half the absolute
    error. Koenker & Bassett 1978, "Regression quantiles"; Park et al. 2022, "Learning
    quantile functions without quantile crossing".
    """

    def __init__(self, quantile: float | Sequence[float] = 0.5) -> None:
        self.quantile = np.atleast_1d(np.asarray(quantile, float))
        self.per_target = len(self.quantile)
        self._q = self.quantile.reshape(-1, 1, 1, 1)
        # of two that are equally near, the lower: rounding must not choose
        self.center = int(np.abs(self.quantile - 0.5).round(9).argmin())

    def rows(self, raw, y, out):
        # quantiles first: operations along an axis of few numbers are slow
        c, n = self.center, self.per_target
        levels, slope = self._levels(raw)
        r = levels - y.T
        q = self._q.astype(raw.dtype) if n > 1 else self.quantile.item()
        loss = np.maximum(-q * r, (1 - q) * r)
        g = np.heaviside(r, q)  # q at 0
        g -= q
        if n > 1:
            for j in range(n - 1, c, -1):
                g[j - 1] += g[j]
            for j in range(c):
                g[j + 1] += g[j]
            g *= slope
            loss = loss.sum(axis=0, keepdims=True)
        out[...] = g.T.reshape(out.shape)
        return over_outputs(loss[0].T)

    def _levels(self, raw: NDArray) -> tuple[NDArray, NDArray | None]:
        """ŷ, (n, n_targets, B, K) for n quantiles; the slope of each step to it."""
        c, n = self.center, self.per_target
        columns = raw.reshape(*raw.shape[:-1], -1, n).T
        if n == 1:
            return columns, None
        columns = columns.copy()  # in memory, too, quantile by quantile
        slope = expit(columns)
        levels = softplus(columns, slope)
        levels[c], slope[c] = columns[c], 1
        # one after the other: what is added is ≥ 0, and so is it after rounding
        for j in range(c + 1, n):
            levels[j] += levels[j - 1]
        for j in range(c - 1, -1, -1):
            np.subtract(levels[j + 1], levels[j], out=levels[j])
        slope[:c] *= -1
        return levels, slope

    def quantiles(self, raw: NDArray) -> NDArray:
        """The predicted ones, (..., n_targets, n_quantiles), in ascending order."""
        return self._levels(raw)[0].T

    def inverse_link(self, raw):
        return raw[..., self.center :: self.per_target].copy()


class Gaussian(Loss):
    """-log N(y | μ, e^s) = ½ [s + z² + log 2π],  z = (y - μ) e^{-s/2}.

    Two raw outputs a target: the mean μ and the logarithm s of the variance.
    Gradient -z e^{-s/2} in μ, ½ (1 - z²) in s. Nix & Weigend 1994, "Estimating the mean
    and variance of the target probability distribution".

    Unbounded below where a network learns rows by heart, z = 0 and s → -∞. There
    e^{-s/2} overflows, neither loss nor gradient is finite, and training has diverged.
    """

    per_target = 2

    def rows(self, raw, y, out):
        mean, log_variance = raw[..., ::2], raw[..., 1::2]
        precision = np.exp(-0.5 * log_variance)  # its root: z² overflows later
        z = (y - mean) * precision
        squares = z * z
        np.multiply(-z, precision, out=out[..., ::2])
        np.multiply(0.5, 1 - squares, out=out[..., 1::2])
        return over_outputs(0.5 * (log_variance + squares + LOG_2PI))

    def inverse_link(self, raw):
        return raw[..., ::2].copy()

    def std(self, raw: NDArray) -> NDArray:
        """Standard deviation of each target, (..., n_targets)."""
        return np.exp(0.5 * raw[..., 1::2])


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
        loss = softplus(raw, out)
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
    "gaussian": Gaussian,
    "poisson": Poisson,
}
