"""What is tried: preparations of numbers, shapes of networks, regularizers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

#: ways of TablePreprocessor to prepare numbers, the most reliable first
NUMBERS = ("standard", "piecewise", "quantile", "robust")

#: what all candidates have
COMMON: dict[str, Any] = {
    "solver": "adamw",
    "learning_rate": "cosine",
    "early_stopping": True,  # the fold that is held out serves it
    "scoring": "loss",
    "averaging": 0.8,
    "tol": 0.0,
}

#: shapes of networks, each with what suits it
SHAPES: dict[str, dict[str, Any]] = {
    "plain": {"hidden_layer_sizes": (128, 128), "activation": "relu"},
    "normalized": {
        "hidden_layer_sizes": (192, 192),
        "activation": "silu",
        "normalization": "layer",
    },
    "wide": {"hidden_layer_sizes": (384,), "activation": "relu"},
    "deep": {
        "hidden_layer_sizes": (128, 128, 128),
        "activation": "silu",
        "normalization": "layer",
        "residual": True,
    },
}

#: tried first, in this order: each way to prepare numbers, each shape
PORTFOLIO = [
    ("standard", "plain"),
    ("piecewise", "wide"),
    ("quantile", "plain"),
    ("standard", "normalized"),
    ("piecewise", "plain"),
    ("standard", "wide"),
    ("robust", "plain"),
    ("piecewise", "deep"),
]
MODERATE = {"learning_rate_init": 2e-3, "alpha": 0.02, "dropout": 0.15}


#: what differs between candidates of equal preparation and shape
OPEN = ("learning_rate_init", "alpha", "dropout", "input_noise")


class Candidate(NamedTuple):
    """How the numbers of a table are prepared, and what network is trained on them."""

    number: int
    numbers: str
    shape: str
    network: dict[str, Any]


def portfolio(n: int, choices: Sequence[str]) -> list[Candidate]:
    """The first candidates: different by design, moderate in everything."""
    pairs = [(numbers, shape) for numbers, shape in PORTFOLIO if numbers in choices]
    if not pairs:
        pairs = [(choices[0], shape) for shape in SHAPES]
    return [
        Candidate(i, numbers, shape, COMMON | SHAPES[shape] | MODERATE)
        for i, (numbers, shape) in enumerate(pairs[:n])
    ]


def draw(
    rng: np.random.Generator,
    numbers: range,
    choices: Sequence[tuple[str, str]],
    weights: Sequence[float],
) -> list[Candidate]:
    """Random ones: pairs of preparation and shape by weight, the rest uniform."""
    places = rng.choice(len(choices), len(numbers), p=np.asarray(weights))
    found = []
    for number, place in zip(numbers, places, strict=True):
        way, shape = choices[place]
        mixture = {
            "learning_rate_init": log_uniform(rng, 1e-3, 1e-2),
            "alpha": log_uniform(rng, 1e-3, 0.5),
            "dropout": float(rng.uniform(0.0, 0.4)),
        }
        if rng.random() < 0.3:
            mixture["input_noise"] = log_uniform(rng, 0.01, 0.3)
        found.append(Candidate(number, way, shape, COMMON | SHAPES[shape] | mixture))
    return found


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A number whose logarithm is uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))
