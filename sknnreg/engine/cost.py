"""What a step costs: how many models train together fastest, on how many threads."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sknnreg.engine.training import Task


def second_level_cache() -> int:
    """Bytes of a core's second-level cache; 1 MiB where the system does not tell.

    Between 256 KiB and 2 MiB: larger ones are shared by several cores. No number that
    is computed depends on it, only how long that takes.
    """
    try:
        told = os.sysconf("SC_LEVEL2_CACHE_SIZE")
    except (AttributeError, ValueError, OSError):
        told = 0
    return min(max(told, 2**18), 2**21) if told > 0 else 2**20


L2 = second_level_cache()

#: Bytes that one step of a stack goes through: parameters, gradients and moments, and
#: half of the activations. Measured: a stack that leaves the second-level cache loses
#: more than it gains (docs/performance.md).
CACHE = round(0.86 * L2)

#: Models of a stack in compiled form, which goes through them one by one: what they
#: share is an epoch's bookkeeping.
COMPILED_STACK = 16

#: Multiplications of the largest product of a step below which two threads lose more
#: by waiting for each other than they save; see docs/performance.md.
SMALL_PRODUCT = 8_000_000


def n_weights(widths: Sequence[int]) -> int:
    """Weights of a network of these layer widths, biases not counted."""
    return sum(n_in * n_out for n_in, n_out in itertools.pairwise(widths))


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
    numbers = rows * sum(widths[1:]) / 2 + 4 * n_weights(widths)
    return max(1, round(CACHE / (itemsize * numbers)))


def products_are_small(specs: Sequence[dict], rows: int) -> bool:
    """Whether no product of a step with this many rows is worth two threads."""
    sizes = [spec.size for layer in specs for spec in layer.values()]
    return rows * max(sizes, default=0) < SMALL_PRODUCT


#: Seconds of NumPy's form: of a step and layer, of a number that leaves a layer, of a
#: multiplication; and how many of them are worth loading what is compiled, which takes
#: about half as long as they. Measured; see docs/performance.md.
PER_CALL, PER_NUMBER, PER_PRODUCT = 30e-6, 1e-9, 1e-10
WORTH_COMPILING = 2.0


def seconds_in_numpy(task: Task, n_epochs: float) -> float:
    """What NumPy's form is expected to take where so many epochs are allowed.

    Half of them, that is: training often ends before the last.
    """
    network, batches = task.bound.network, task.batches
    widths = [n for layer in network.layers for n in (layer.n_in, layer.n_out)]
    n_parameters = task.parameters.theta.shape[1]
    rows = batches.n_rows
    epoch = len(batches) * len(network.layers) * PER_CALL
    epoch += rows * (sum(widths) * PER_NUMBER + 3 * n_parameters * PER_PRODUCT)
    models = len(task.parameters.theta)
    return epoch * models * n_epochs / 2


def is_worth_compiling(task: Task, n_epochs: int) -> bool:
    """Whether NumPy is expected to take so long that compiled code pays."""
    return seconds_in_numpy(task, n_epochs) > WORTH_COMPILING
