"""What is tried: preparations of numbers, shapes of networks, regularizers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import loguniform

#: ways to prepare numbers, as parameters of TablePreprocessor
NUMBERS: dict[str, dict[str, Any]] = {
    "standard": {"numbers": "standard"},
    "piecewise": {"numbers": "piecewise", "n_bins": 24},
    "fine": {"numbers": "piecewise", "n_bins": 64},
    "quantile": {"numbers": "quantile"},
    "none": {"numbers": "none"},
}
#: columns of numbers up to which a way that makes many inputs of each is tried
MOST_COLUMNS = {"piecewise": 100, "fine": 16}

#: what all candidates have
COMMON: dict[str, Any] = {
    "learning_rate": "cosine",
    "early_stopping": True,  # the fold that is held out serves it
    "scoring": "loss",
    "averaging": 0.9,
    "tol": 0.0,
}

#: shapes of networks, each with what suits it
SHAPES: dict[str, dict[str, Any]] = {
    "plain": {
        "hidden_layer_sizes": (128, 128),
        "activation": "relu",
        "learning_rate_init": 4e-3,
    },
    "wide": {
        "hidden_layer_sizes": (384,),
        "activation": "relu",
        "learning_rate_init": 1e-3,
    },
    "deep": {
        "hidden_layer_sizes": (128, 128, 128),
        "activation": "silu",
        "learning_rate_init": 4e-3,
    },
}
#: weight decay, or weights that are exactly zero; strengths are drawn about these
DECAY: dict[str, Any] = {"solver": "adamw", "alpha": 0.05}
SPARSE: dict[str, Any] = {"solver": "adam", "penalty": "l1", "alpha": 3e-4}
#: all that leaves an input shrinks together: those of little use go
GROUPED: dict[str, Any] = {"solver": "adam", "penalty": "group_l1", "alpha": 7e-4}
#: next to nothing, for a target without noise
FREE: dict[str, Any] = {"alpha": 1e-3, "dropout": 0.0}
DROPOUT = 0.15

#: what keeps weights small, and how often it is drawn
SHRINKAGE: list[tuple[float, dict[str, Any]]] = [
    (0.45, DECAY),
    (0.15, SPARSE),
    (0.4, GROUPED),
]
#: pieces that help on some tables and harm on others, and how often they are drawn
PIECES: list[tuple[float, dict[str, Any]]] = [
    (0.4, {"learning_rate": "constant"}),
    (0.4, {"input_scale": 2.0}),
    (0.5, {"bias_init": "data"}),
]
SCALED: dict[str, Any] = {
    "learning_rate": "constant",
    "input_scale": 2.0,
    "bias_init": "data",
}

#: tried first, in this order: each way to prepare numbers, each shape
PORTFOLIO: list[tuple[str, str, dict[str, Any]]] = [
    ("standard", "plain", {}),
    ("fine", "wide", {}),
    ("standard", "plain", GROUPED),
    ("piecewise", "deep", {}),
    ("quantile", "plain", {}),
    ("standard", "plain", SCALED),
    ("fine", "plain", SCALED),
    ("standard", "deep", FREE),
]

#: what differs between candidates of equal preparation and shape
OPEN = (
    "max_iter",
    "learning_rate_init",
    "learning_rate",
    "solver",
    "penalty",
    "alpha",
    "dropout",
    "input_scale",
    "bias_init",
)


class Candidate(NamedTuple):
    """How the numbers of a table are prepared, and what network is trained on them."""

    number: int
    numbers: str
    shape: str
    network: dict[str, Any]


def portfolio(n: int, choices: Sequence[str]) -> list[Candidate]:
    """The first candidates: different by design, moderate in everything."""
    first = [each for each in PORTFOLIO if each[0] in choices]
    if not first:
        first = [(choices[0], shape, {}) for shape in SHAPES]
    return [
        Candidate(i, numbers, shape, network(shape) | pieces)
        for i, (numbers, shape, pieces) in enumerate(first[:n])
    ]


def lasting(candidate: Candidate, max_iter: int) -> Candidate:
    """The same with so many epochs at most; some without progress end it before."""
    epochs = {"max_iter": max_iter, "n_iter_no_change": max(10, max_iter // 5)}
    return candidate._replace(network=candidate.network | epochs)


def is_for(way: str, n_columns: int) -> bool:
    """Whether a way to prepare numbers is for a table with so many columns of them."""
    if n_columns == 0:
        return way == "standard"
    return n_columns <= MOST_COLUMNS.get(way, np.inf)


def network(shape: str) -> dict[str, Any]:
    """Hyperparameters of a shape, moderate in everything."""
    return COMMON | SHAPES[shape] | DECAY | {"dropout": DROPOUT}


def draw(
    rng: np.random.Generator,
    numbers: range,
    choices: Sequence[tuple[str, str]],
    weights: Sequence[float],
) -> list[Candidate]:
    """Random ones: a preparation and shape by weight, regularizers and pieces."""
    places = rng.choice(len(choices), len(numbers), p=np.asarray(weights))
    shares = [share for share, _ in SHRINKAGE]
    found = []
    for number, place in zip(numbers, places, strict=True):
        way, shape = choices[place]
        _, shrinkage = SHRINKAGE[rng.choice(len(SHRINKAGE), p=shares)]
        drawn = network(shape) | shrinkage
        for share, piece in PIECES:
            if rng.random() < share:
                drawn |= piece
        drawn["learning_rate_init"] *= loguniform.rvs(0.4, 2.5, random_state=rng)
        drawn["alpha"] *= loguniform.rvs(0.1, 10.0, random_state=rng)
        drawn["dropout"] = max(0.0, float(rng.uniform(-0.1, 0.4)))
        found.append(Candidate(number, way, shape, drawn))
    return found
