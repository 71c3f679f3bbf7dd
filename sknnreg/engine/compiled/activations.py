"""Compiled forms of :mod:`sknnreg.engine.activations`: f and f' of one number.

The derivative is a function of z and y = f(z); one whose class says ``needs = "y"``
must not look at z.
"""

from __future__ import annotations

import functools
import math

from sknnreg.engine import activations
from sknnreg.engine.compiled.arithmetic import (
    chain,
    exp,
    expm1,
    jit,
    like,
    named,
    sigmoid,
    softplus,
    tanh,
)


@jit
def identity(z):
    return z


@jit
def identity_slope(z, y):
    return like(1, z)


@jit
def logistic_slope(z, y):
    return y * (like(1, y) - y)


@jit
def tanh_slope(z, y):
    return like(1, y) - y * y


@jit
def relu(z):
    return max(z, like(0, z))


@jit
def relu_slope(z, y):
    return like(1, y) if y > 0 else like(0, y)


@jit
def leaky_relu(z):
    return max(z, like(0.01, z) * z)


@jit
def leaky_relu_slope(z, y):
    return like(1, y) if y > 0 else like(0.01, y)


@jit
def elu(z):
    return z if z > 0 else expm1(z)


@jit
def elu_slope(z, y):
    return like(1, y) if y > 0 else y + like(1, y)


SCALE, ALPHA = activations.Selu.scale, activations.Selu.alpha


@jit
def selu(z):
    return like(SCALE, z) * (z if z > 0 else like(ALPHA, z) * expm1(z))


@jit
def selu_slope(z, y):
    return like(SCALE, y) if y > 0 else y + like(SCALE * ALPHA, y)


@jit
def normal_cdf(z):
    return like(0.5, z) * (like(1, z) + math.erf(z * like(math.sqrt(0.5), z)))


@jit
def gelu(z):
    return z * normal_cdf(z)


@jit
def gelu_slope(z, y):
    density = like(1 / math.sqrt(2 * math.pi), z) * exp(like(-0.5, z) * z * z)
    return normal_cdf(z) + z * density


@jit
def silu(z):
    return z * sigmoid(z)


@jit
def silu_slope(z, y):
    s = sigmoid(z)
    return s + y * (like(1, z) - s)


LARGEST = activations.Mish.largest


@jit
def mish_exp(z):
    return exp(min(z, like(LARGEST, z)))


@jit
def mish(z):
    e = mish_exp(z)
    n = e * (e + like(2, z))
    return z * (n / (n + like(2, z)))


@jit
def mish_slope(z, y):
    e = mish_exp(z)
    n = e * (e + like(2, z))
    below = n + like(2, z)
    return (n + z * (like(4, z) * e * (e + like(1, z)) / below)) / below


@jit
def softplus_slope(z, y):
    return -expm1(-y)


#: f and f'
FORMS = {
    activations.Identity: (identity, identity_slope),
    activations.Logistic: (sigmoid, logistic_slope),
    activations.Tanh: (tanh, tanh_slope),
    activations.Relu: (relu, relu_slope),
    activations.LeakyRelu: (leaky_relu, leaky_relu_slope),
    activations.Elu: (elu, elu_slope),
    activations.Selu: (selu, selu_slope),
    activations.Gelu: (gelu, gelu_slope),
    activations.Silu: (silu, silu_slope),
    activations.Mish: (mish, mish_slope),
    activations.Softplus: (softplus, softplus_slope),
}


def forward_loop(f, needs):
    """z ← z + b, y ← f(z), over a batch; y takes the place of z if none needs z."""

    @jit
    def in_place(z, b, y):
        for i in range(y.shape[0]):
            for j in range(y.shape[1]):
                y[i, j] = f(y[i, j] + b[j])

    @jit
    def beside(z, b, y):
        for i in range(z.shape[0]):
            for j in range(z.shape[1]):
                v = z[i, j] + b[j]
                z[i, j] = v
                y[i, j] = f(v)

    return in_place if needs == "y" else beside


def backward_loop(slope):
    """dy ← dy f'(z), and its sum over the rows to db."""

    @jit
    def backward(dy, z, y, db):
        db[:] = 0
        for i in range(dy.shape[0]):
            for j in range(dy.shape[1]):
                v = dy[i, j] * slope(z[i, j], y[i, j])
                dy[i, j] = v
                db[j] += v

    return backward


@functools.cache
def forms(names: tuple[str, ...]):
    """``forward(number, (z, b, y))``, ``backward(number, (dy, z, y, db))`` of some."""
    kinds = [named(FORMS, name) for name in names]
    forward = [forward_loop(FORMS[kind][0], kind.needs) for kind in kinds]
    backward = [backward_loop(FORMS[kind][1]) for kind in kinds]
    return chain(forward), chain(backward)
