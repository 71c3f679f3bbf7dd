"""One flat vector per model, and named views into it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

Views = list[dict[str, NDArray]]

#: The order of the roles in ``theta``. "state" (running statistics) is not trained and
#: lives in a vector of its own.
ROLES = ("weight", "bias", "gain", "state")


class Spec(NamedTuple):
    """What a layer asks for: an array of one shape, its role and its first values."""

    shape: tuple[int, ...]
    role: str
    init: Callable[[np.random.Generator, tuple[int, ...]], NDArray]

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))


class Parameters:
    """Parameters, gradients and running statistics of ``K`` equal networks.

    Parameters
    ----------
    specs : sequence of dict of {str: Spec}
        For each layer the arrays it needs, by name.
    n_models : int
        ``K``.
    dtype : dtype
        Of all arrays.

    Attributes
    ----------
    theta, grad : ndarray of shape (K, P)
        Weights of all layers come first, then biases, then gains and shifts of
        normalizations, so that "penalize the weights" is one slice.
    state : ndarray of shape (K, S)
        Running statistics: saved and restored with ``theta``, never trained.
    weights : slice
        Where they lie in the last axis of ``theta``.
    """

    def __init__(
        self, specs: Sequence[dict[str, Spec]], n_models: int, dtype: DTypeLike
    ) -> None:
        self.specs = list(specs)
        self.n_models = n_models
        self._places: dict[tuple[int, str], slice] = {}
        ends = {}
        stop = 0
        for role in ROLES:
            if role == "state":
                n_trained, stop = stop, 0
            for i, layer in enumerate(self.specs):
                for name, spec in layer.items():
                    if spec.role == role:
                        self._places[i, name] = slice(stop, stop + spec.size)
                        stop += spec.size
            ends[role] = stop
        self.weights = slice(0, ends["weight"])
        self.theta = np.zeros((n_models, n_trained), dtype)
        self.grad = np.zeros_like(self.theta)
        self.state = np.zeros((n_models, ends["state"]), dtype)

    def initialize(self, generators: Sequence[np.random.Generator]) -> None:
        """Draw the first values of model k from ``generators[k]``."""
        for k, rng in enumerate(generators):
            for layer, values in zip(self.specs, self.values(), strict=True):
                for name, spec in layer.items():
                    drawn = np.asarray(spec.init(rng, spec.shape))
                    if drawn.shape != spec.shape:
                        raise ValueError(
                            f"An initializer gave an array of shape {drawn.shape} "
                            f"for a {spec.role} of shape {spec.shape}."
                        )
                    values[name][k] = drawn

    def values(self) -> Views:
        """For each layer, views of its parameters and running statistics by name."""
        return self._views(self.theta, self.state)

    def gradients(self) -> Views:
        """For each layer, views of the gradients by name."""
        return self._views(self.grad, None)

    def place(self, layer: int, name: str) -> slice:
        """Where one array lies in the last axis of ``theta`` (or ``state``)."""
        return self._places[layer, name]

    def find(self, layer: int, name: str) -> tuple[slice, tuple[int, ...]]:
        """Where one array lies in the last axis of ``theta``, and its shape."""
        return self._places[layer, name], self.specs[layer][name].shape

    def matrices(self) -> list[list[tuple[int, str]]]:
        """Keys (layer, name) of the weight matrices, grouped by layer.

        A residual block is one layer with two matrices, its dense one first.
        """
        groups = [
            [(i, name) for name, spec in layer.items() if spec.role == "weight"]
            for i, layer in enumerate(self.specs)
        ]
        return [group for group in groups if group]

    def _views(self, trained: NDArray, state: NDArray | None) -> Views:
        views: Views = [{} for _ in self.specs]
        for (i, name), place in self._places.items():
            spec = self.specs[i][name]
            flat = state if spec.role == "state" else trained
            if flat is not None:
                view = flat[:, place].reshape(self.n_models, *spec.shape)
                assert view.size == 0 or np.shares_memory(view, flat), "a copy"
                views[i][name] = view
        return views
