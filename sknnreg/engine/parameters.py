"""One flat vector per model, and named views into it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

Views = list[dict[str, NDArray]]
Key = tuple[int, str]  # of an array: number of its layer, and its name there

#: What lies together in ``theta``, in this order; the last part is not trained and has
#: a vector of its own.
PARTS = ("weights", "biases", "gains", "state")


class Role(NamedTuple):
    """What an array is for.

    Attributes
    ----------
    part : str
        Where it lies. ``alpha`` penalizes the weights, ``alpha_bias`` the biases.
    attribute : str or None
        The estimators' list of all arrays of this role; None for those that only the
        network knows.
    """

    part: str
    attribute: str | None = None


ROLES: dict[str, Role] = {
    "weight": Role("weights", "coefs_"),
    "shortcut": Role("weights"),  # around a residual block
    "bias": Role("biases", "intercepts_"),
    "gain": Role("gains"),  # and shifts, of normalizations
    "scale": Role("gains"),  # of the inputs
    "statistic": Role("state"),  # of the data
}


class Spec(NamedTuple):
    """What a layer asks for.

    Attributes
    ----------
    shape : tuple of int
    role : str
        One of ``ROLES``.
    init : callable
        ``init(rng, shape)`` gives the first values.
    from_data : callable or None
        ``from_data(X)`` gives the first values, instead, where training data are known.
    rate : float
        Factor of the learning rate.
    """

    shape: tuple[int, ...]
    role: str
    init: Callable[[np.random.Generator, tuple[int, ...]], NDArray]
    from_data: Callable[[Any], NDArray] | None = None
    rate: float = 1.0

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))

    @property
    def part(self) -> str:
        return ROLES[self.role].part


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
    vectors : list of ndarray, default=()
        ``theta`` and ``state``, to work on; made if there are none.

    Attributes
    ----------
    theta, grad : ndarray of shape (K, P)
        Weights of all layers come first, then biases, then gains and shifts of
        normalizations, so that "penalize the weights" is one slice.
    state : ndarray of shape (K, S)
        Running statistics: saved and restored with ``theta``, never trained.
    weights : slice
        Where they lie in the last axis of ``theta``.
    rates : ndarray of shape (P,) or None
        Factors of the learning rate; None if all are 1.
    """

    def __init__(
        self,
        specs: Sequence[dict[str, Spec]],
        n_models: int,
        dtype: DTypeLike,
        vectors: Sequence[NDArray] = (),
    ) -> None:
        self.specs = list(specs)
        self.n_models = n_models
        self._places: dict[Key, slice] = {}
        ends = {}
        stop = 0
        for part in PARTS:
            if part == "state":
                n_trained, stop = stop, 0
            for key, spec in self._all(part):
                self._places[key] = slice(stop, stop + spec.size)
                stop += spec.size
            ends[part] = stop
        self.weights = slice(0, ends["weights"])
        made = [np.zeros((n_models, n), dtype) for n in (n_trained, ends["state"])]
        self.theta, self.state = vectors or made
        self.grad = np.zeros_like(self.theta)
        self.rates = self._rates()

    def _all(self, part: str) -> list[tuple[Key, Spec]]:
        return [
            ((i, name), spec)
            for i, layer in enumerate(self.specs)
            for name, spec in layer.items()
            if spec.part == part
        ]

    def _rates(self) -> NDArray | None:
        rates = np.ones(self.theta.shape[1], self.theta.dtype)
        for (i, name), place in self._places.items():
            if self.specs[i][name].part != "state":
                rates[place] = self.specs[i][name].rate
        return None if (rates == 1).all() else rates

    @property
    def vectors(self) -> list[NDArray]:
        """What a snapshot must hold: parameters and running statistics."""
        return [self.theta, self.state]

    def initialize(
        self, generators: Sequence[np.random.Generator], data: Sequence = ()
    ) -> None:
        """First values: drawn for model k from ``generators[k]``, or from the data.

        ``data`` is X of all models, or one a model; empty where it is not known.
        """
        for layer, values in zip(self.specs, self.values(), strict=True):
            for name, spec in layer.items():
                if len(data) and spec.from_data is not None:
                    values[name][...] = np.stack([spec.from_data(X) for X in data])
        for k, rng in enumerate(generators):
            for layer, values in zip(self.specs, self.values(), strict=True):
                for name, spec in layer.items():
                    if not len(data) or spec.from_data is None:
                        values[name][k] = draw(spec, rng, self.theta.dtype)

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

    def matrices(self) -> list[list[Key]]:
        """Keys of the weight matrices, grouped by layer.

        A residual block is one layer with two matrices, its dense one first.
        """
        return [group for group in self._by_layer("weights") if group]

    def biases(self) -> list[list[Key]]:
        """Keys of the biases of the layers that have weights, grouped by layer."""
        pairs = zip(self._by_layer("weights"), self._by_layer("biases"), strict=True)
        return [biases for weights, biases in pairs if weights]

    def _by_layer(self, part: str) -> list[list[Key]]:
        groups: list[list[Key]] = [[] for _ in self.specs]
        for key, _ in self._all(part):
            groups[key[0]].append(key)
        return groups

    def _views(self, trained: NDArray, state: NDArray | None) -> Views:
        views: Views = []
        for i, layer in enumerate(self.specs):
            views.append({})
            for name, spec in layer.items():
                flat = state if spec.part == "state" else trained
                if flat is not None:
                    place = self._places[i, name]
                    view = flat[:, place].reshape(self.n_models, *spec.shape)
                    assert view.size == 0 or np.shares_memory(view, flat), "a copy"
                    views[i][name] = view
        return views


def draw(spec: Spec, rng: np.random.Generator, dtype: DTypeLike) -> NDArray:
    """First values of one array of one model."""
    answer = spec.init(rng, spec.shape)
    try:
        drawn = np.asarray(answer)
    except ValueError:  # lists of different lengths
        drawn = np.asarray(None)
    numbers = drawn.shape == spec.shape and drawn.dtype.kind in "biuf"
    if not numbers or not (np.abs(drawn) <= np.finfo(dtype).max).all():
        raise ValueError(
            f"{'bias_init' if spec.role == 'bias' else 'init'} must give finite real "
            f"numbers of shape {spec.shape}, for a {spec.role}. Got {answer!r}."
        )
    return drawn
