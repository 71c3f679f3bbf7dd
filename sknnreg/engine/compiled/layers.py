"""Compiled forms of :mod:`sknnreg.engine.layers`: a batch forward and backward.

A program (:mod:`.program`) is a row of numbers a layer: which kind it is, its sizes,
and where its arrays begin in the flat ones. Gradients lie in ``s.slope`` where values
lie in ``s.value``: ``backward`` reads what is at y and writes what is at x. An
activation belongs to the layer before it, whose bias or shift is added in the same
pass.
"""

from __future__ import annotations

import numpy as np

from sknnreg.engine.compiled import activations
from sknnreg.engine.compiled.arithmetic import chain, jit, like
from sknnreg.engine.compiled.memory import matrix, vector
from sknnreg.engine.compiled.products import (
    product,
    product_by_transposed,
    product_with_transposed,
)
from sknnreg.engine.compiled.streams import drop
from sknnreg.engine.layers import batch_norm, layer_norm


def before_activation(backward):
    """What a layer with an activation begins its way back with."""

    @jit
    def back_to_sum(op, m, s, rows):
        """dy becomes that of z; the bias or shift gets its gradient."""
        dy = matrix(s.slope, op.y, rows, op.n_out)
        z = matrix(s.value, op.z, rows, op.n_out)
        y = matrix(s.value, op.y, rows, op.n_out)
        bias = vector(m.grad, op.bias, op.n_out)
        backward(op.activation, (dy, z, y, bias))
        return dy

    return back_to_sum


def dense(activate, back_to_sum):
    """z = x W + b, and the activation."""

    @jit
    def forward(op, m, s, rows):
        x = matrix(s.value, op.x, rows, op.n_in)
        z = matrix(s.value, op.z, rows, op.n_out)
        product(x, matrix(m.theta, op.weight, op.n_in, op.n_out), z)
        bias = vector(m.theta, op.bias, op.n_out)
        y = matrix(s.value, op.y, rows, op.n_out)
        activate(op.activation, (z, bias, y))

    @jit
    def backward(op, m, s, rows):
        dy = back_to_sum(op, m, s, rows)
        x = matrix(s.value, op.x, rows, op.n_in)
        product_with_transposed(x, dy, matrix(m.grad, op.weight, op.n_in, op.n_out))
        if op.need_dx:
            w = matrix(m.theta, op.weight, op.n_in, op.n_out)
            product_by_transposed(dy, w, matrix(s.slope, op.x, rows, op.n_in))

    return forward, backward


@jit
def dropout_forward(op, m, s, rows):
    n = rows * op.n_in
    x, y = vector(s.value, op.x, n), vector(s.value, op.y, n)
    mask = vector(s.value, op.extra, n)
    threshold, scale = m.numbers[op.number], like(m.numbers[op.number + 1], mask)
    drop(m.words, s.words, np.uint16(threshold), scale, x, mask, y)


@jit
def dropout_backward(op, m, s, rows):
    if not op.need_dx:
        return
    n = rows * op.n_in
    mask = vector(s.value, op.extra, n)
    dx, dy = vector(s.slope, op.x, n), vector(s.slope, op.y, n)
    for i in range(n):
        dx[i] = dy[i] * mask[i]


@jit
def scale_forward(op, m, s, rows):
    x, y = matrix(s.value, op.x, rows, op.n_in), matrix(s.value, op.y, rows, op.n_in)
    scale = vector(m.theta, op.weight, op.n_in)
    for i in range(rows):
        for j in range(op.n_in):
            y[i, j] = x[i, j] * scale[j]


@jit
def scale_backward(op, m, s, rows):
    """Only to the scale: below it nothing is learned."""
    x, dy = matrix(s.value, op.x, rows, op.n_in), matrix(s.slope, op.y, rows, op.n_in)
    gradient = vector(m.grad, op.weight, op.n_in)
    gradient[:] = 0
    for i in range(rows):
        for j in range(op.n_in):
            gradient[j] += dy[i, j] * x[i, j]


def with_shift(activate):
    """What a normalization ends its way forward with."""

    @jit
    def shifted(op, m, s, rows, hat):
        """y = f(γ x̂ + β)."""
        gamma = vector(m.theta, op.weight, op.n_out)
        beta = vector(m.theta, op.bias, op.n_out)
        z = matrix(s.value, op.z, rows, op.n_out)
        for i in range(rows):
            for j in range(op.n_out):
                z[i, j] = hat[i, j] * gamma[j]
        y = matrix(s.value, op.y, rows, op.n_out)
        activate(op.activation, (z, beta, y))

    return shifted


def batch_normalization(activate, back_to_sum):
    """Each unit's mean and variance over the batch, or the running ones."""
    shifted = with_shift(activate)

    @jit
    def forward(op, m, s, rows):
        n = op.n_out
        x, hat = matrix(s.value, op.x, rows, n), matrix(s.value, op.extra, rows, n)
        scale = vector(s.extra, op.statistics, n)
        mean, variance = vector(m.state, op.state, n), vector(m.state, op.state + n, n)
        momentum = like(m.numbers[op.number], x)
        learn = s.n_weighted[0] > 1
        center = vector(s.extra, op.statistics + n, n)
        if learn:
            center[:] = 0
            scale[:] = 0
            for i in range(rows):
                for j in range(n):
                    center[j] += s.share[i] * x[i, j]
        else:
            center[:] = mean
            scale[:] = variance
        for i in range(rows):
            for j in range(n):
                hat[i, j] = x[i, j] - center[j]
                if learn:
                    scale[j] += s.share[i] * hat[i, j] * hat[i, j]
        for j in range(n):
            if learn:
                mean[j] += (like(1, x) - momentum) * (center[j] - mean[j])
                variance[j] += (like(1, x) - momentum) * (scale[j] - variance[j])
            scale[j] = like(1, x) / np.sqrt(scale[j] + like(batch_norm.EPSILON, x))
        for i in range(rows):
            for j in range(n):
                hat[i, j] *= scale[j]
        shifted(op, m, s, rows, hat)

    @jit
    def backward(op, m, s, rows):
        n = op.n_out
        dy = back_to_sum(op, m, s, rows)
        hat, dx = matrix(s.value, op.extra, rows, n), matrix(s.slope, op.x, rows, n)
        scale = vector(s.extra, op.statistics, n)
        gamma, d_gamma = vector(m.theta, op.weight, n), vector(m.grad, op.weight, n)
        d_beta = vector(m.grad, op.bias, n)
        d_gamma[:] = 0
        for i in range(rows):
            for j in range(n):
                d_gamma[j] += dy[i, j] * hat[i, j]
        learned = s.n_weighted[0] > 1
        for i in range(rows):
            share = s.share[i] if learned else like(0, hat)
            for j in range(n):
                common = share * (d_beta[j] + hat[i, j] * d_gamma[j])
                dx[i, j] = (dy[i, j] - common) * gamma[j] * scale[j]

    return forward, backward


def layer_normalization(activate, back_to_sum):
    """Each row's mean and variance."""
    shifted = with_shift(activate)

    @jit
    def forward(op, m, s, rows):
        n = op.n_out
        x, hat = matrix(s.value, op.x, rows, n), matrix(s.value, op.extra, rows, n)
        scale = vector(s.extra, op.statistics, rows)
        share = like(1, x) / like(n, x)
        for i in range(rows):
            mean, variance = like(0, x), like(0, x)
            for j in range(n):
                mean += x[i, j]
            mean *= share
            for j in range(n):
                hat[i, j] = x[i, j] - mean
                variance += hat[i, j] * hat[i, j]
            epsilon = like(layer_norm.EPSILON, x)
            scale[i] = like(1, x) / np.sqrt(variance * share + epsilon)
            for j in range(n):
                hat[i, j] *= scale[i]
        shifted(op, m, s, rows, hat)

    @jit
    def backward(op, m, s, rows):
        n = op.n_out
        dy = back_to_sum(op, m, s, rows)
        hat, dx = matrix(s.value, op.extra, rows, n), matrix(s.slope, op.x, rows, n)
        scale = vector(s.extra, op.statistics, rows)
        gamma = vector(m.theta, op.weight, n)
        d_gamma, share = vector(m.grad, op.weight, n), like(1, hat) / like(n, hat)
        d_gamma[:] = 0
        for i in range(rows):
            mean, projection = like(0, hat), like(0, hat)
            for j in range(n):
                d_gamma[j] += dy[i, j] * hat[i, j]
                g = dy[i, j] * gamma[j]
                mean += g
                projection += g * hat[i, j]
            mean, projection = mean * share, projection * share
            for j in range(n):
                g = dy[i, j] * gamma[j]
                dx[i, j] = (g - mean - hat[i, j] * projection) * scale[i]

    return forward, backward


@jit
def fork_forward(op, m, s, rows):
    pass


@jit
def fork_backward(op, m, s, rows):
    """What has come back through the body, and what comes back past it."""
    if not op.need_dx:
        return
    dx = vector(s.slope, op.x, rows * op.n_in)
    past = vector(s.slope, op.y, rows * op.n_in)
    if op.weight >= 0:
        past = vector(s.slope, op.extra, rows * op.n_in)
        w = matrix(m.theta, op.weight, op.n_in, op.n_out)
        dy = matrix(s.slope, op.y, rows, op.n_out)
        product_by_transposed(dy, w, past.reshape(rows, op.n_in))
    for i in range(dx.size):
        dx[i] += past[i]


@jit
def join_forward(op, m, s, rows):
    """y = f(x) + x or f(x) + x P; f(x) is at z."""
    n = rows * op.n_out
    y, body = vector(s.value, op.y, n), vector(s.value, op.z, n)
    if op.weight >= 0:
        w = matrix(m.theta, op.weight, op.n_in, op.n_out)
        x = matrix(s.value, op.x, rows, op.n_in)
        product(x, w, y.reshape(rows, op.n_out))
        for i in range(n):
            y[i] += body[i]
    else:
        x = vector(s.value, op.x, n)
        for i in range(n):
            y[i] = x[i] + body[i]


@jit
def join_backward(op, m, s, rows):
    n = rows * op.n_out
    vector(s.slope, op.z, n)[:] = vector(s.slope, op.y, n)
    if op.weight >= 0:
        x = matrix(s.value, op.x, rows, op.n_in)
        dw = matrix(m.grad, op.weight, op.n_in, op.n_out)
        product_with_transposed(x, matrix(s.slope, op.y, rows, op.n_out), dw)


def as_they_are(forward, backward):
    """The form of a layer without an activation."""
    return lambda activate, back_to_sum: (forward, backward)


#: forward and backward, made for the activations of a network
FORMS = {
    "dense": dense,
    "dropout": as_they_are(dropout_forward, dropout_backward),
    "input_scale": as_they_are(scale_forward, scale_backward),
    "batch_norm": batch_normalization,
    "layer_norm": layer_normalization,
    "fork": as_they_are(fork_forward, fork_backward),
    "join": as_they_are(join_forward, join_backward),
}


def forms(names: tuple[str, ...], functions: tuple[str, ...]):
    """``forward(number, ...)`` and ``backward(number, ...)`` of some layers."""
    activate, backward = activations.forms(functions)
    back = before_activation(backward)
    pairs = [FORMS[name](activate, back) for name in names]
    return chain([pair[0] for pair in pairs]), chain([pair[1] for pair in pairs])
