"""Compiled forms of :mod:`sknnreg.engine.optimizers`, of elementwise penalties.

An optimizer is what it does to number i with gradient g: ``constants`` are those of a
step, ``move`` changes the moments a[i] and b[i] and gives what is taken from the
number, ``step_size`` is what a proximal map needs. One pass over the parameters does
all there is to do with each: penalty, clipping, decay, step, threshold.
"""

from __future__ import annotations

import math

import numpy as np

from sknnreg.engine import optimizers
from sknnreg.engine.compiled.arithmetic import chain, jit, like, named
from sknnreg.engine.compiled.limits import shrink_row, sum_of_row_norms
from sknnreg.engine.compiled.memory import matrix, vector
from sknnreg.engine.optimizers import SMALLEST_LOSS_OF_MOMENTUM


@jit
def sgd_constants(rate, t, c, x):
    momentum, nesterov = c[0], c[1] > 0
    lost = max(1 - momentum, SMALLEST_LOSS_OF_MOMENTUM)
    ahead = rate if nesterov else 0.0  # rate (g + μ v), or rate v
    along = rate * momentum if nesterov else rate
    return like(momentum, x), like(ahead, x), like(along, x), like(rate / lost, x)


@jit
def sgd(i, g, velocity, b, c):
    v = c[0] * velocity[i] + g
    velocity[i] = v
    return c[1] * g + c[2] * v


@jit
def sgd_size(i, velocity, b, c):
    return c[3]


@jit
def adam_constants(rate, t, c, x):
    beta_1, beta_2, epsilon = c[0], c[1], c[2]
    root = math.sqrt((1 - beta_2) / (1 - beta_2**t))
    scale = (1 - beta_1) / (1 - beta_1**t) / root
    return (
        like(beta_1, x),
        like(beta_2, x),
        like(epsilon / root, x),
        like(rate * scale, x),
        like(rate / root, x),
    )


@jit
def adam(i, g, first, second, c):
    m = c[0] * first[i] + g
    v = c[1] * second[i] + g * g
    first[i] = m
    second[i] = v
    return c[3] * m / (np.sqrt(v) + c[2])


@jit
def adam_size(i, first, second, c):
    return c[4] / (np.sqrt(second[i]) + c[2])


@jit
def rmsprop_constants(rate, t, c, x):
    beta_2, epsilon = c[0], c[1]
    return like(beta_2, x), like(1 - beta_2, x), like(epsilon, x), like(rate, x)


@jit
def rmsprop(i, g, second, b, c):
    v = c[0] * second[i] + c[1] * (g * g)
    second[i] = v
    return c[3] * g / (np.sqrt(v) + c[2])


@jit
def rmsprop_size(i, second, b, c):
    return c[3] / (np.sqrt(second[i]) + c[2])


#: constants, move, step size, and the numbers that an instance has for them
FORMS = {
    optimizers.SGD: (
        (sgd_constants, sgd, sgd_size),
        lambda own: [own.momentum, own.nesterovs_momentum],
    ),
    optimizers.Adam: (
        (adam_constants, adam, adam_size),
        lambda own: [own.beta_1, own.beta_2, own.epsilon],
    ),
    optimizers.RMSProp: (
        (rmsprop_constants, rmsprop, rmsprop_size),
        lambda own: [own.beta_2, own.epsilon],
    ),
}


@jit
def segment(m, place):
    """What a segment has of each vector; no second moments where there are none."""
    start, n = place[0], place[1] - place[0]
    b = vector(m.second, start, n) if m.second.size else m.second
    return (
        vector(m.theta, start, n),
        vector(m.grad, start, n),
        vector(m.first, start, n),
        b,
    )


@jit
def group(m, place):
    """The weight matrix of a penalty on its rows, and its moments."""
    start, n_in, n_out = place[0], place[1], place[2]
    n = n_in * n_out
    b = vector(m.second, start, n) if m.second.size else m.second
    return matrix(m.theta, start, n_in, n_out), vector(m.first, start, n), b


def forms(names: tuple[str, ...], options: tuple[str, ...]):
    """``update(number, (m, plan, rate, t, clip, keep))`` of some."""
    return chain([form(*FORMS[named(FORMS, name)][0], options) for name in names])


def form(constants, move, step_size, options: tuple[str, ...]):
    """A step of all parameters; gives Ω at those before it.

    The options are "kink", if a strength of L1 is not zero, and "groups", if a penalty
    is on rows.
    """
    elementwise = smooth_pass(move)
    if "kink" in options:
        elementwise = pass_with_kink(move, step_size)
    value, shrink = no_groups, no_groups
    if "groups" in options:
        value, shrink = value_of_groups, shrink_groups(step_size)

    @jit
    def update(m, plan, rate, t, clip, keep):
        x = m.theta
        c = constants(rate, t, m.optimizer, x)
        omega = value(m, plan, c)
        for k in range(plan.segments.shape[0]):
            l1, l2, factor = m.strengths[k, 0], m.strengths[k, 1], m.strengths[k, 2]
            decay = 1 - rate * factor * l2 if plan.decoupled else 1.0
            l2 = 0.0 if plan.decoupled else l2
            squares, sizes = elementwise(
                segment(m, plan.segments[k]),
                c,
                like(l1 * factor, x),
                like(l2, x),
                like(decay, x),
                like(factor, x),
                clip,
                keep,
            )
            omega += l1 * np.float64(sizes)
            if l2 > 0:  # 0 · ∞ is no number, where squares overflow
                omega += 0.5 * l2 * np.float64(squares)
        shrink(m, plan, c)
        return omega

    return update


def smooth_pass(move):
    """All numbers of a segment; gives the sum of their squares."""

    @jit
    def numbers(vectors, c, l1, l2, decay, factor, clip, keep):
        theta, grad, a, b = vectors
        squares = like(0, theta)
        for i in range(theta.size):
            w = theta[i]
            g = (grad[i] + l2 * w) * clip
            squares += w * w
            if keep:
                grad[i] = g
            theta[i] = decay * w - factor * move(i, g, a, b, c)
        return squares, like(0, theta)

    return numbers


def pass_with_kink(move, step_size):
    """The same, with soft-thresholding; gives the sum of the absolute values too."""

    @jit
    def numbers(vectors, c, l1, l2, decay, factor, clip, keep):
        theta, grad, a, b = vectors
        squares, sizes = like(0, theta), like(0, theta)
        for i in range(theta.size):
            w = theta[i]
            g = (grad[i] + l2 * w) * clip
            squares += w * w
            sizes += abs(w)
            if keep:
                grad[i] = g
            w = decay * w - factor * move(i, g, a, b, c)
            threshold = l1 * step_size(i, a, b, c)
            theta[i] = w - min(max(w, -threshold), threshold)  # 0 is exactly 0
        return squares, sizes

    return numbers


@jit
def no_groups(m, plan, c):
    return 0.0


@jit
def value_of_groups(m, plan, c):
    total = 0.0
    for k in range(plan.groups.shape[0]):
        w, _, _ = group(m, plan.groups[k])
        total += m.group_strengths[k] * sum_of_row_norms(w)
    return total


def shrink_groups(step_size):
    """The proximal map of a penalty on rows."""

    @jit
    def shrink(m, plan, c):
        for k in range(plan.groups.shape[0]):
            w, a, b = group(m, plan.groups[k])
            steps, limit = m.row[: w.shape[1]], like(m.group_strengths[k], w)
            for i in range(w.shape[0]):
                for j in range(w.shape[1]):
                    steps[j] = step_size(i * w.shape[1] + j, a, b, c)
                shrink_row(w[i], steps, limit)
        return 0.0

    return shrink
