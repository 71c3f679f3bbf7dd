"""Compiled forms of :mod:`sknnreg.engine.losses`: value and gradient.

Of one output, where a loss is a sum over outputs, or of row i, where it is not. ``c``
holds the loss's own numbers. The weighted mean is the same for all.
"""

from __future__ import annotations

import math

import numpy as np

from sknnreg.engine import losses
from sknnreg.engine.compiled.arithmetic import (
    chain,
    exp,
    jit,
    like,
    named,
    sigmoid,
    softplus,
)


@jit
def squared_error(raw, y, c):
    r = raw - y
    return like(0.5, raw) * r * r, r


@jit
def absolute_error(raw, y, c):
    r = raw - y
    return abs(r), like(np.sign(r), raw)


@jit
def huber(raw, y, c):
    r, delta = raw - y, like(c[0], raw)
    clipped = min(max(r, -delta), delta)
    return clipped * (r - like(0.5, raw) * clipped), clipped


@jit
def poisson(raw, y, c):
    rate = exp(raw)
    entropy = y * math.log(y) if y > 0 else like(0, y)
    return rate - y * raw + entropy - y, rate - y


@jit
def binary_log_loss(raw, y, c):
    return softplus(raw) - y * raw, sigmoid(raw) - y


def elementwise(value_and_slope):
    """Loop of a loss that is a sum over outputs."""

    @jit
    def rows(raw, y, weight, share, out, c):
        total, n = like(0, raw), raw.shape[0]
        if raw.shape[1] == 1:  # so that neighbours in memory are done together
            raw, y, out = raw.reshape(n), y.reshape(n), out.reshape(n)
            for i in range(n):
                value, slope = value_and_slope(raw[i], y[i], c)
                out[i] = slope * share[i]
                total += weight[i] * value
            return np.float64(total)
        for i in range(n):
            for j in range(raw.shape[1]):
                value, slope = value_and_slope(raw[i, j], y[i, j], c)
                out[i, j] = slope * share[i]
                total += weight[i] * value
        return np.float64(total)

    return rows


@jit
def quantile(i, raw, y, out, c):
    n, center, loss = c.size - 1, int(c[-1]), like(0, raw)
    for target in range(y.shape[1]):
        first = target * n
        middle = first + center
        out[i, middle] = raw[i, middle]
        for j in range(middle + 1, first + n):  # levels, from the middle upwards
            out[i, j] = out[i, j - 1] + softplus(raw[i, j])
        for j in range(middle - 1, first - 1, -1):
            out[i, j] = out[i, j + 1] - softplus(raw[i, j])
        for j in range(n):
            q, r = like(c[j], raw), out[i, first + j] - y[i, target]
            loss += max(-q * r, (like(1, raw) - q) * r)
            above = like(1, raw) if r > 0 else like(0, raw)
            out[i, first + j] = like(0, raw) if r == 0 else above - q
        for j in range(first + n - 1, middle, -1):
            out[i, j - 1] += out[i, j]
            out[i, j] *= sigmoid(raw[i, j])
        for j in range(first, middle):
            out[i, j + 1] += out[i, j]
            out[i, j] *= -sigmoid(raw[i, j])
    return loss


@jit
def gaussian(i, raw, y, out, c):
    loss, half = like(0, raw), like(0.5, raw)
    for j in range(y.shape[1]):
        mean, log_variance = raw[i, 2 * j], raw[i, 2 * j + 1]
        precision = exp(-half * log_variance)
        z = (y[i, j] - mean) * precision
        out[i, 2 * j] = -z * precision
        out[i, 2 * j + 1] = half * (like(1, raw) - z * z)
        loss += half * (log_variance + z * z + like(losses.LOG_2PI, raw))
    return loss


@jit
def multiclass_log_loss(i, raw, y, out, c):
    top = raw[i, 0]
    for j in range(1, raw.shape[1]):
        # so written, NaN in any place is found again in the sum below
        top = raw[i, j] if raw[i, j] > top else top
    total, loss = like(0, raw), like(0, raw)
    for j in range(raw.shape[1]):
        out[i, j] = exp(raw[i, j] - top)
        total += out[i, j]
        loss -= y[i, j] * raw[i, j]
    share = like(1, raw) / total
    for j in range(raw.shape[1]):
        out[i, j] = out[i, j] * share - y[i, j]
    return loss + top + math.log(total)


def rowwise(row):
    """Loop of a loss that sees all outputs of a row."""

    @jit
    def rows(raw, y, weight, share, out, c):
        total = like(0, raw)
        for i in range(raw.shape[0]):
            total += weight[i] * row(i, raw, y, out, c)
            for j in range(raw.shape[1]):
                out[i, j] *= share[i]
        return np.float64(total)

    return rows


def no_constants(loss) -> list[float]:
    return []


#: the loop, and the numbers that it needs of an instance
FORMS = {
    losses.SquaredError: (elementwise(squared_error), no_constants),
    losses.AbsoluteError: (elementwise(absolute_error), no_constants),
    losses.Huber: (elementwise(huber), lambda loss: [loss.delta]),
    losses.Quantile: (rowwise(quantile), lambda loss: [*loss.quantile, loss.center]),
    losses.Gaussian: (rowwise(gaussian), no_constants),
    losses.Poisson: (elementwise(poisson), no_constants),
    losses.BinaryLogLoss: (elementwise(binary_log_loss), no_constants),
    losses.MulticlassLogLoss: (rowwise(multiclass_log_loss), no_constants),
}


def forms(names: tuple[str, ...]):
    """``loss(number, raw, y, weight, share, out, c)`` of some.

    It gives the sum of weight times loss over a batch, and writes share times gradient.
    """
    return chain([FORMS[named(FORMS, name)][0] for name in names])
