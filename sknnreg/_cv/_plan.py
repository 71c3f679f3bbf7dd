"""How much can be tried in a given time."""

from __future__ import annotations

import math
from typing import NamedTuple

#: candidates that make a good ensemble
FEW = 3
#: units that a race should have at least, if they can have epochs enough
FEW_UNITS = 24
#: steps that a network needs at least, if the race can have units enough
FEW_STEPS = 1500
#: epochs below which it is rows that are left out
FEWEST_EPOCHS = 5
#: steps that a small table needs, whatever an epoch has of them
ENOUGH_STEPS = 2500
#: a shape costs so many times what the plain one does, in the mean
MEAN_COST = 1.7


class Plan(NamedTuple):
    """The sizes of a race.

    Attributes
    ----------
    max_iter : int
        Epochs of a network at most.
    n_first : int
        Candidates to begin with.
    rungs : list of range
        Folds that come into play one part after the other, for ever fewer candidates.
    share : float
        Of the training rows of a fold that are used.
    """

    max_iter: int
    n_first: int
    rungs: list[range]
    share: float = 1.0


def batch_size(n_rows: int) -> int:
    """Rows of a mini-batch: some 40 steps an epoch, from 32 to 512 rows."""
    return int(min(512, max(32, 2 ** round(math.log2(max(n_rows, 1) / 40)))))


def most_epochs(n_rows: int) -> int:
    """Epochs that are worth while at most."""
    steps = math.ceil(n_rows / batch_size(n_rows))
    return min(400, max(100, math.ceil(ENOUGH_STEPS / steps)))


def rungs(n_folds: int, n_rows: int) -> list[range]:
    """Few rows make a fold's score noisy: then more folds tell who goes on."""
    if n_folds < 3:
        return [range(n_folds)]
    first = max(1, n_folds // 4) if n_rows < 2000 else 1
    second = 2 * first
    parts = [range(first), range(first, second), range(second, n_folds)]
    return [part for part in parts if len(part)]


def plan(
    n_rows: int,
    n_folds: int,
    n_first: int,
    seconds_per_epoch: float,
    seconds: float,
) -> Plan:
    """Epochs and first candidates that fit into so many seconds of one worker.

    First the epochs give way, down to some forty or ``FEW_STEPS``, then the number of
    units, then the epochs again, and where not even few of them fit, the rows.
    """
    most = most_epochs(n_rows)
    few = min(40, max(12, FEW_STEPS * batch_size(n_rows) // n_rows))
    parts = rungs(n_folds, n_rows)
    if math.isinf(seconds):
        return Plan(most, n_first, parts)
    affordable = seconds / (seconds_per_epoch * MEAN_COST)  # epochs, all in all
    max_iter = int(min(most, max(affordable / FEW_UNITS, few)))
    units, share = affordable / max_iter, 1.0
    if units < 2:
        max_iter = max(FEWEST_EPOCHS, int(affordable / 2))
        share = min(1.0, affordable / 2 / max_iter)
    return Plan(max_iter, int(min(n_first, max(1, units // 2))), parts, share)


def survivors(n: int) -> int:
    """How many of so many candidates meet further folds: half, and a few at least."""
    return max(math.ceil(n / 2), min(n, FEW))


def race_size(units: float, parts: list[range], n_done: int) -> int:
    """Candidates for which so many units suffice; ``n_done`` are through already."""
    n = n_done
    while cost(n + 1, parts) <= units + n_done * len(parts[0]):
        n += 1
    return n


def cost(n: int, parts: list[range]) -> int:
    """Units of a race of so many candidates."""
    total = 0
    for part in parts:
        total += n * len(part)
        n = survivors(n)
    return total
