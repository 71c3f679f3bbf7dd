"""Compiled forms of what sees a whole row, column or vector: norms and their limits.

They are :class:`sknnreg.engine.penalties.GroupL1` and
:mod:`sknnreg.engine.constraints`.
"""

from __future__ import annotations

import math

import numpy as np

from sknnreg.engine.compiled.arithmetic import exact, jit, like
from sknnreg.engine.penalties import NEWTON_STEPS


@jit
def sum_of_row_norms(w):
    total = 0.0
    for i in range(w.shape[0]):
        squares = like(0, w)
        for j in range(w.shape[1]):
            squares += w[i, j] * w[i, j]
        total += math.sqrt(squares)
    return total


@jit
def shrink_row(w, steps, limit):
    """Block soft-thresholding of a row whose numbers have a step each."""
    squares, scaled, longest = like(0, w), like(0, w), like(0, w)
    for j in range(w.size):
        squares += w[j] * w[j]
        scaled += (w[j] / steps[j]) ** 2
        longest = max(longest, steps[j])
    if math.sqrt(scaled) <= limit:
        w[:] = 0
        return
    theta = max(np.sqrt(squares) - limit * longest, like(0, w))
    close = math.sqrt(np.finfo(w.dtype).eps)
    for _ in range(NEWTON_STEPS):
        square, slope = like(0, w), like(0, w)
        for j in range(w.size):
            total = theta + limit * steps[j]
            ratio = w[j] / total
            square += ratio * ratio
            slope += ratio * ratio / total
        excess = np.sqrt(square) - like(1, w)
        theta += square * excess / slope
        if abs(excess) <= close:
            break
    for j in range(w.size):
        w[j] *= theta / (theta + limit * steps[j])


@exact  # or the division by the largest number might be put off
def clip_factor_of_huge(m, plan):
    """The same where squares overflow: of the shares of the largest number."""
    largest, squares = 0.0, 0.0
    for final in (False, True):
        for k in range(plan.segments.shape[0]):
            l2 = 0.0 if plan.decoupled else m.strengths[k, 1]
            start, stop, own = (
                plan.segments[k, 0],
                plan.segments[k, 1],
                like(l2, m.theta),
            )
            for i in range(start, stop):
                g = abs(np.float64(m.grad[i] + own * m.theta[i]))
                if final:
                    squares += (g / largest) ** 2
                else:
                    largest = max(largest, g)
    return like(min(1.0, m.clip / largest / math.sqrt(squares)), m.theta)


@jit
def clip_factor(m, plan):
    """What brings the gradient, penalties included, to the norm ``m.clip``."""
    squares = 0.0
    for k in range(plan.segments.shape[0]):
        l2 = 0.0 if plan.decoupled else m.strengths[k, 1]
        start, stop, own = plan.segments[k, 0], plan.segments[k, 1], like(l2, m.theta)
        part = like(0, m.theta)
        for i in range(start, stop):
            g = m.grad[i] + own * m.theta[i]
            part += g * g
        squares += np.float64(part)
    norm = math.sqrt(squares)
    if not norm < math.inf:
        return clip_factor_of_huge(m, plan)
    return like(m.clip / norm if norm > m.clip else 1.0, m.theta)


@jit
def no_clipping(m, plan):
    return like(1.0, m.theta)


@exact  # or the division by the largest number might be put off
def norm_of_huge(column):
    """Of numbers whose squares overflow."""
    largest, squares = 0.0, 0.0
    for number in column:
        largest = max(largest, abs(np.float64(number)))
    for number in column:
        squares += (number / largest) ** 2
    return largest * math.sqrt(squares)


@jit
def limit_columns(w, limit):
    """Each unit's incoming weights are scaled to the norm ``limit``."""
    n = w.shape[1]
    factor = np.zeros(n, w.dtype)
    for i in range(w.shape[0]):
        for j in range(n):
            factor[j] += w[i, j] * w[i, j]
    for j in range(n):
        norm = np.float64(np.sqrt(factor[j]))
        if not norm < math.inf:
            norm = norm_of_huge(w[:, j])
        factor[j] = like(limit / norm if norm > limit else 1.0, w)
    for i in range(w.shape[0]):
        for j in range(n):
            w[i, j] *= factor[j]


@jit
def no_limit(w, limit):
    pass
