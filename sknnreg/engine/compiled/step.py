"""The compiled mini-batch step, from its pieces.

``steps`` goes over some batches of one model without holding the interpreter's lock. It
is compiled once for the pieces that a network has, of whatever sizes and numbers, and
kept on disk.
"""

from __future__ import annotations

import functools
import hashlib
import pathlib
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from sknnreg.engine.compiled import layers, losses, optimizers
from sknnreg.engine.compiled.arithmetic import FAST, chosen, jit, like
from sknnreg.engine.compiled.limits import (
    clip_factor,
    limit_columns,
    no_clipping,
    no_limit,
)
from sknnreg.engine.compiled.memory import fetch_row, matrix, vector
from sknnreg.engine.compiled.program import Structure


class Plan(NamedTuple):
    """What all models of a stack agree on."""

    ops: NDArray
    lowest: int
    output: int
    n_out: int
    batch_size: int
    #: whether rows are fetched a batch before they are needed
    ahead: bool
    loss: int
    loss_numbers: NDArray
    optimizer: int
    decoupled: bool
    segments: NDArray
    groups: NDArray
    #: beginning and shape of each weight matrix, if their columns are limited
    limited: NDArray


class Model(NamedTuple):
    """Vectors and numbers of one model."""

    theta: NDArray
    grad: NDArray
    state: NDArray
    first: NDArray
    second: NDArray
    strengths: NDArray
    group_strengths: NDArray
    numbers: NDArray
    optimizer: NDArray
    words: NDArray
    rates: NDArray
    clip: float
    limit: float
    noise: NDArray
    row: NDArray


class Scratch(NamedTuple):
    """Memory for a batch; one a thread."""

    value: NDArray
    slope: NDArray
    extra: NDArray
    y: NDArray
    weight: NDArray
    share: NDArray
    n_weighted: NDArray
    words: NDArray


class Rows(NamedTuple):
    """The training data."""

    X: NDArray
    y: NDArray
    weight: NDArray


@jit
def gather(plan, m, s, rows, order, start, stop, first):
    """Take rows into the scratch; gives the sum of their weights."""
    n, width = stop - start, rows.X.shape[1]
    total, several = 0.0, 0
    x = matrix(s.value, 0, n, width)
    for i in range(n):
        row = order[start + i]
        # one for each that is taken: all at once they would be in each other's way
        if plan.ahead and stop + i < order.size:
            fetch_row(rows, order[stop + i])
        for j in range(width):
            x[i, j] = rows.X[row, j]
        for j in range(rows.y.shape[1]):
            s.y[i, j] = rows.y[row, j]
        weight = rows.weight[row] if rows.weight.size else like(1, s.value)
        s.weight[i] = weight
        total += np.float64(weight)
        several += weight != 0
    if m.noise.size:
        for i in range(n):
            for j in range(width):
                x[i, j] += m.noise[start - first + i, j]
    scale = like(1 / total if total > 0 else 1.0, s.value)
    for i in range(n):
        s.share[i] = s.weight[i] * scale
    s.n_weighted[0] = several
    return total


@chosen
def value_and_gradient(key):
    """Weighted sum of the losses of a batch; the mean's gradient is in ``m.grad``."""
    structure = Structure.of(key)
    forward, backward = layers.forms(structure.layers, structure.activations)
    loss = losses.forms(structure.losses)

    @jit
    def both(plan, m, s, n):
        for k in range(plan.ops.size):
            op = plan.ops[k]
            forward(op.kind, (op, m, s, n))
        raw = matrix(s.value, plan.output, n, plan.n_out)
        slope = matrix(s.slope, plan.output, n, plan.n_out)
        weight, share = vector(s.weight, 0, n), vector(s.share, 0, n)
        value = loss(plan.loss, (raw, s.y[:n], weight, share, slope, plan.loss_numbers))
        for k in range(plan.ops.size - 1, plan.lowest - 1, -1):
            op = plan.ops[k]
            backward(op.kind, (op, m, s, n))
        return value

    return both


@chosen
def update(key):
    """One step of all parameters; gives Ω at those before it."""
    structure = Structure.of(key)
    move = optimizers.forms(structure.optimizers, structure.options)
    find_factor = clip_factor if "clip" in structure.options else no_clipping
    limit = limit_columns if "limit" in structure.options else no_limit

    @jit
    def step(plan, m, rate, t, keep):
        clip = find_factor(m, plan)
        penalty = move(plan.optimizer, (m, plan, rate, t, clip, keep))
        for k in range(plan.limited.shape[0]):
            start, n_in, n_out = plan.limited[k]
            w = matrix(m.theta, start, n_in, n_out)
            limit(w, like(m.limit, w))
        return penalty

    return step


@functools.cache
def compiled_steps(key: str, sources: str):
    """``steps`` for a structure; on disk it is found by these two strings."""

    @numba.njit(nogil=True, error_model="numpy", fastmath=FAST, cache=True)
    def steps(plan, m, s, rows, order, first, last, t):
        """Batches ``first`` to ``last`` of one model that has done ``t`` steps.

        Gives the sums of weighted losses and penalties.
        """
        total_loss, total_penalty = 0.0, 0.0
        if len(sources) == 0:  # never: what is not used is not closed over
            return total_loss, total_penalty
        n, size = order.size, plan.batch_size
        for batch in range(first, last):
            start, stop = batch * size, min(batch * size + size, n)
            weight = gather(plan, m, s, rows, order, start, stop, first * size)
            total_loss += value_and_gradient(key, (plan, m, s, stop - start))
            t += 1
            # the last gradient of an epoch is looked at
            penalty = update(key, (plan, m, m.rates[batch], t, stop == n))
            total_penalty += weight * penalty
        return total_loss, total_penalty

    return steps


@functools.cache
def sources() -> str:
    """A digest of this folder: what was compiled from another state of it is stale."""
    files = sorted(pathlib.Path(__file__).parent.glob("*.py"))
    texts = b"".join(file.read_bytes() for file in files)
    return hashlib.sha256(texts).hexdigest()
