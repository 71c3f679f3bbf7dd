"""What a step costs: how many models train together fastest, on how many threads."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

#: Bytes that one step of a stack goes through: parameters, gradients and moments, and
#: half of the activations. Measured: a stack that leaves the second-level cache loses
#: more than it gains (docs/performance.md).
CACHE = 900_000

#: Multiplications of the largest product of a step below which two threads lose more
#: by waiting for each other than they save; see docs/performance.md.
SMALL_PRODUCT = 8_000_000


def stack_size(widths: Sequence[int], rows: int, itemsize: int) -> int:
    """How many networks of these layer widths train together fastest.

    Parameters
    ----------
    widths : sequence of int
        Numbers of features, of the units of each hidden layer, and of outputs.
    rows : int
        Of a mini-batch.
    itemsize : int
        Bytes of a number.
    """
    n_weights = sum(a * b for a, b in itertools.pairwise(widths))
    numbers = rows * sum(widths[1:]) / 2 + 4 * n_weights
    return max(1, round(CACHE / (itemsize * numbers)))


def products_are_small(specs: Sequence[dict], rows: int) -> bool:
    """Whether no product of a step with this many rows is worth two threads."""
    sizes = [spec.size for layer in specs for spec in layer.values()]
    return rows * max(sizes, default=0) < SMALL_PRODUCT
