"""All random numbers of first values and of training."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

PURPOSES = ("shuffle", "dropout", "noise")


class Streams:
    """Random numbers of ``K`` models, one independent stream a purpose.

    Models with the same seed draw the same numbers, and these are drawn once. The
    streams go on from call to call: training for one epoch twice, or for two epochs
    once, is the same training.

    Parameters
    ----------
    seeds : sequence of int or tuple of int
        One a model.
    apart : bool
        Each model has streams of its own, also where seeds are equal: for models that
        need different amounts of numbers.
    """

    def __init__(
        self, seeds: Sequence[int | tuple[int, ...]], apart: bool = False
    ) -> None:
        #: as given, one a model
        self.seeds: list[Any] = list(seeds)
        distinct = self.seeds if apart else list(dict.fromkeys(seeds))
        #: which stream each model listens to
        self.stream_of = np.array(
            range(len(distinct)) if apart else [distinct.index(seed) for seed in seeds]
        )
        self._initial: list[np.random.SeedSequence] = []
        self._generators: dict[str, list[np.random.Generator]] = {
            purpose: [] for purpose in PURPOSES
        }
        for seed in distinct:
            first, *others = np.random.SeedSequence(seed).spawn(1 + len(PURPOSES))
            self._initial.append(first)
            for purpose, child in zip(PURPOSES, others, strict=True):
                self._generators[purpose].append(_generator(child))

    @cached_property
    def shared(self) -> bool:
        """Whether all models draw the same numbers."""
        return bool((self.stream_of == 0).all())

    def initial(self) -> list[np.random.Generator]:
        """One generator a model for its first values; alike for equal seeds."""
        return [_generator(self._initial[i]) for i in self.stream_of]

    def permutation(self, rows: NDArray) -> NDArray:
        """``rows`` in random order, (1 or K, n)."""
        draws = [g.permutation(rows) for g in self._generators["shuffle"]]
        return self._spread(draws)

    def words(self, shape: tuple[int, int]) -> NDArray[np.uint16]:
        """Uniform 16-bit words of shape (1 or K, *shape), from raw random bits."""
        n = shape[0] * shape[1]
        draws = [_words(g, n).reshape(shape) for g in self._generators["dropout"]]
        return self._spread(draws)

    def ragged_words(self, sizes: Sequence[int]) -> list[NDArray[np.uint16]]:
        """Words for each model, as many as it needs; of one stream equally many."""
        generators = self._generators["dropout"]
        needed = dict(zip(self.stream_of.tolist(), sizes, strict=True))
        draws = {i: _words(generators[i], n) for i, n in needed.items()}
        return [draws[i] for i in self.stream_of.tolist()]

    def normal(self, shape: tuple[int, int], dtype: np.dtype[Any]) -> NDArray:
        """Standard normal numbers of shape (1 or K, *shape).

        Drawn in single precision for either, so that both see the same noise.
        """
        draws = [
            g.standard_normal(shape, np.float32) for g in self._generators["noise"]
        ]
        return self._spread(draws).astype(dtype, copy=False)

    def states(self, purpose: str) -> NDArray[np.uint64]:
        """Where each model's stream is, (K, 4): for those who draw words themselves."""
        generators = self._generators[purpose]
        states = [g.bit_generator.state["state"]["state"] for g in generators]
        return np.stack([states[i] for i in self.stream_of])

    def set_states(self, purpose: str, states: NDArray[np.uint64]) -> None:
        """Go on from there; models with the same stream have come equally far."""
        for k, i in enumerate(self.stream_of):
            bits = self._generators[purpose][i].bit_generator
            bits.state = bits.state | {"state": {"state": states[k]}}

    def to_plain(self) -> dict[str, Any]:
        """Seeds, and where each model's streams are, as lists, arrays and numbers."""
        positions = {
            purpose: [generators[i].bit_generator.state for i in self.stream_of]
            for purpose, generators in self._generators.items()
        }
        return {"seeds": self.seeds, "positions": positions}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Streams:
        """The streams that :meth:`to_plain` tells of."""
        streams = cls(plain["seeds"])
        for purpose, positions in plain["positions"].items():
            for i, position in zip(streams.stream_of, positions, strict=True):
                streams._generators[purpose][i].bit_generator.state = position
        return streams

    def _spread(self, draws: list[NDArray]) -> NDArray:
        if self.shared:
            return draws[0][None]
        return np.stack([draws[i] for i in self.stream_of])

    def of_models(self, which: NDArray) -> Streams:
        """The streams of some of the models, going on where they are, as a copy."""
        part = object.__new__(Streams)
        part.seeds = [self.seeds[k] for k in np.arange(len(self.seeds))[which]]
        used, part.stream_of = np.unique(self.stream_of[which], return_inverse=True)
        part._initial = [self._initial[i] for i in used]
        part._generators = {
            purpose: [_copy(generators[i]) for i in used]
            for purpose, generators in self._generators.items()
        }
        return part


def _words(generator: np.random.Generator, n: int) -> NDArray[np.uint16]:
    raw = generator.bit_generator.random_raw((n + 3) // 4)
    return raw.view(np.uint16)[:n]


def _copy(generator: np.random.Generator) -> np.random.Generator:
    copied = _generator(0)  # a deep copy takes longer, by a fifth of a millisecond
    copied.bit_generator.state = generator.bit_generator.state
    return copied


def _generator(seed: np.random.SeedSequence | int) -> np.random.Generator:
    # SFC64 gives raw words fastest; jumping ahead, which it lacks, is not needed
    return np.random.Generator(np.random.SFC64(seed))
