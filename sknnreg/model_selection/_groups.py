"""Which candidates can be trained together, and how many at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from sknnreg._composition import (
    find_mlp,
    has_callbacks,
    prefix,
    with_parameters,
)
from sknnreg._hyperparameters import check_entries
from sknnreg._stack import frozen, stack_key, stack_limit
from sknnreg.model_selection._work import Candidate


class Group(NamedTuple):
    """Candidates that one stack can hold.

    Attributes
    ----------
    outside : tuple
        What they set around their networks: other groups may set the same.
    candidates : list of Candidate
    model : estimator
        The first one's network.
    is_wrapped : bool
        Whether there is something around the networks.
    """

    outside: tuple
    candidates: list[Candidate]
    model: Any
    is_wrapped: bool


def partition(
    base, candidates: Sequence[Candidate]
) -> tuple[list[Group], list[Candidate]]:
    """Groups, and the candidates that must be fitted alone."""
    groups: dict[tuple, Group] = {}
    alone = []
    for candidate in candidates:
        try:
            estimator = with_parameters(base, candidate.parameters)
            mlp = find_mlp(estimator)
            followed = has_callbacks(estimator)  # each fit by itself
            key = None if mlp is None or followed else _checked_key(mlp)
        except (AttributeError, TypeError, ValueError):
            key = None  # wrong hyperparameters: its own fit says it best
        if key is None:
            alone.append(candidate)
            continue
        outside = _outside(candidate.parameters, prefix(estimator))
        group = groups.setdefault(
            (outside, key), Group(outside, [], mlp, mlp is not estimator)
        )
        group.candidates.append(candidate)
    return list(groups.values()), alone


def _checked_key(mlp) -> tuple | None:
    """What a network of a stack has in common; an error if it could not be fitted."""
    mlp._validate_params()
    check_entries(mlp)
    return stack_key(mlp)


def _outside(parameters: dict, inside: str) -> tuple:
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
) -> list[list[Candidate]]:
    """The candidates of a group cut into stacks of about equal size."""
    most = stack_limit(group.model, n_rows, n_features, 1, itemsize)
    limit = max_stack or most
    places = range(len(group.candidates))
    n = -(-len(places) // limit)
    return [[group.candidates[i] for i in part] for part in np.array_split(places, n)]
