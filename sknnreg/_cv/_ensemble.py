"""Networks of several folds and candidates that predict as one."""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray

from sknnreg._cv._work import Member, predict


class Part(NamedTuple):
    """Networks behind one preprocessor, with their weights."""

    preprocessor: Any
    networks: list
    weights: list[float]


class Ensemble:
    """A weighted mean of networks; those with the same preprocessor share its work.

    Parameters
    ----------
    members : list of (float, Member)
        Each with its weight; the weights sum to 1.
    """

    def __init__(self, members: list[tuple[float, Member]]) -> None:
        parts: dict[tuple, Part] = {}
        for weight, member in members:
            key = member.candidate.numbers, member.fold
            part = parts.setdefault(key, Part(member.preprocessor, [], []))
            part.networks.append(member.network)
            part.weights.append(weight)
        self.parts = list(parts.values())

    def to_plain(self) -> list[dict[str, Any]]:
        """Estimators and their weights."""
        return [part._asdict() for part in self.parts]

    @classmethod
    def from_plain(cls, parts: list[dict[str, Any]]) -> Ensemble:
        """The ensemble that :meth:`to_plain` tells of."""
        ensemble = cls([])
        ensemble.parts = [Part(**part) for part in parts]
        return ensemble

    def __len__(self) -> int:
        return sum(len(part.networks) for part in self.parts)

    def predict(self, X) -> NDArray:
        """Mean probabilities or numbers for rows of a table."""
        total: Any = 0.0
        for part in self.parts:
            prepared = part.preprocessor.transform(X)
            for weight, network in zip(part.weights, part.networks, strict=True):
                total = total + weight * predict(network, prepared)
        return total
