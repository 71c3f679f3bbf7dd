"""Which candidates can be trained together, and how many at once."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from sknnreg._assemble import check_numbers, hidden_sizes
from sknnreg._fitting import batch_size
from sknnreg._stack import frozen, stack_key
from sknnreg.model_selection._wrapped import candidate, find_mlp, prefix

#: Bytes that one step of a stack goes through: parameters, gradients and moments, and
#: half of the activations. Measured: a stack that leaves the second-level cache loses
#: more than it gains (docs/performance.md).
CACHE = 900_000


class Group(NamedTuple):
    """Candidates that one stack can hold.

    ``preparation`` tells groups apart whose data are prepared differently.
    """

    preparation: tuple
    numbers: list[int]
    model: Any
    is_wrapped: bool


def partition(base, candidates: Sequence[dict]) -> tuple[list[Group], list[int]]:
    """Groups, and the numbers of the candidates that must be fitted alone."""
    groups: dict[tuple, Group] = {}
    alone = []
    for number, parameters in enumerate(candidates):
        try:
            estimator = candidate(base, parameters)
            mlp = find_mlp(estimator)
            key = None if mlp is None else _key(mlp)
        except Exception:  # whatever is wrong, an ordinary fit says it best
            key = None
        if key is None:
            alone.append(number)
            continue
        outside = _preparation(parameters, prefix(estimator))
        group = groups.setdefault(
            (outside, key), Group(outside, [], mlp, mlp is not estimator)
        )
        group.numbers.append(number)
    return list(groups.values()), alone


def _key(mlp) -> tuple | None:
    """What a network of a stack has in common; an error if it could not be fitted."""
    mlp._validate_params()
    check_numbers([mlp])
    return stack_key(mlp)


def _preparation(parameters: dict, inside: str) -> tuple:
    """The part of a candidate that does not concern the network."""
    if not inside:
        return ()
    network = inside.removesuffix("__")
    return tuple(
        (name, frozen(value))
        for name, value in sorted(parameters.items())
        if name != network and not name.startswith(inside)
    )


def chunks(
    group: Group,
    n_rows: int,
    n_features: int,
    itemsize: int,
    max_stack: int | None,
) -> list[list[int]]:
    """The numbers of a group cut into stacks of about equal size."""
    limit = max_stack or stack_size(group.model, n_rows, n_features, itemsize)
    n = -(-len(group.numbers) // limit)
    return [part.tolist() for part in np.array_split(group.numbers, n)]


def stack_size(model, n_rows: int, n_features: int, itemsize: int) -> int:
    """How many such models train together fastest."""
    widths = [n_features, *hidden_sizes(model), 1]
    n_weights = sum(a * b for a, b in itertools.pairwise(widths))
    numbers = batch_size(model, n_rows) * sum(widths[1:]) / 2 + 4 * n_weights
    return max(1, round(CACHE / (itemsize * numbers)))
