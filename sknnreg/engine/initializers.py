"""First values of weights and biases.

An initializer is called as ``initializer(rng, shape)`` with a
:class:`numpy.random.Generator` and returns an array of that shape. For a weight matrix
``shape = (fan_in, fan_out)``.

The families differ in one number, the variance that keeps a signal's size from layer
to layer (forward: ``1/fan_in``; backward: ``1/fan_out``; a relu halves it, hence 2)::

    Var(w) = scale / fan         fan = fan_in, fan_out or their mean

A uniform distribution on ``[-a, a]`` has variance ``a**2 / 3``, hence
``a = sqrt(3 scale / fan)``.

References
----------
LeCun, Bottou, Orr & Müller 1998, "Efficient BackProp"; Glorot & Bengio 2010,
"Understanding the difficulty of training deep feedforward neural networks"; He et al.
2015, "Delving deep into rectifiers"; Saxe et al. 2014, "Exact solutions to the
nonlinear dynamics of learning in deep linear neural networks"; Klambauer et al. 2017,
"Self-normalizing neural networks".
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, ...]
Initializer = Callable[[np.random.Generator, Shape], NDArray]


@dataclass(frozen=True)
class VarianceScaling:
    """Zero mean and variance ``scale / fan``.

    Parameters
    ----------
    scale : float, default=1.0
        Numerator of the variance.
    mode : {"fan_in", "fan_out", "fan_avg"}, default="fan_in"
        Denominator of the variance.
    distribution : {"normal", "uniform"}, default="normal"
        The normal distribution is not truncated.
    """

    scale: float = 1.0
    mode: str = "fan_in"
    distribution: str = "normal"

    def __post_init__(self) -> None:
        if self.scale <= 0:
            raise ValueError(f"scale must be > 0, got {self.scale!r}.")
        for name, choices in {
            "mode": ("fan_in", "fan_out", "fan_avg"),
            "distribution": ("normal", "uniform"),
        }.items():
            if getattr(self, name) not in choices:
                raise ValueError(
                    f"{name} must be one of {choices}, got {getattr(self, name)!r}."
                )

    def __call__(
        self, rng: np.random.Generator, shape: Shape, fans: Shape | None = None
    ) -> NDArray:
        """Draw; ``fans`` overrides ``shape`` where they differ, as for a bias."""
        fan_in, fan_out = fans or (shape[0], shape[-1])
        fan = {"fan_in": fan_in, "fan_out": fan_out}.get(
            self.mode, (fan_in + fan_out) / 2
        )
        std = math.sqrt(self.scale / fan)
        if self.distribution == "normal":
            return rng.normal(0.0, std, shape)
        bound = math.sqrt(3.0) * std
        return rng.uniform(-bound, bound, shape)


@dataclass(frozen=True)
class Uniform:
    """Uniform on ``[-bound, bound]`` whatever the size of the layer."""

    bound: float = 0.1

    def __call__(self, rng: np.random.Generator, shape: Shape) -> NDArray:
        return rng.uniform(-self.bound, self.bound, shape)


@dataclass(frozen=True)
class Normal:
    """Normal with mean 0 and standard deviation ``std``, whatever the layer's size."""

    std: float = 0.01

    def __call__(self, rng: np.random.Generator, shape: Shape) -> NDArray:
        return rng.normal(0.0, self.std, shape)


@dataclass(frozen=True)
class Constant:
    """All values equal: units of a layer then stay equal, which is the lesson."""

    value: float = 0.0

    def __call__(self, rng: np.random.Generator, shape: Shape) -> NDArray:
        return np.full(shape, self.value)


@dataclass(frozen=True)
class Orthogonal:
    """``gain`` times a matrix with orthonormal rows or columns, Haar-distributed.

    The QR decomposition of a normal matrix, its signs fixed by R's diagonal. Not for
    vectors such as biases.
    """

    gain: float = 1.0

    def __call__(self, rng: np.random.Generator, shape: Shape) -> NDArray:
        if len(shape) != 2:
            raise ValueError("The orthogonal initializer is for matrices only.")
        tall = (max(shape), min(shape))
        q, r = np.linalg.qr(rng.normal(size=tall))
        q *= np.sign(np.diag(r))
        return self.gain * (q if shape == tall else q.T)


@dataclass(frozen=True)
class Kinks:
    """Biases from the data: each unit's sum is zero at a random point among the rows.

    b_j = -w_j · p_j, p_j being a mean of ``n_points`` random rows with weights uniform
    on the simplex. There a relu has its kink, which with b = 0 all have at the origin.
    The rows are those that enter the layer. Steinwart 2019, "A sober look at neural
    network initializations"; with five points RealMLP's (Holzmüller et al. 2024).

    Parameters
    ----------
    n_points : int, default=5
    """

    n_points: int = 5

    def __call__(self, rng: np.random.Generator, shape: Shape) -> NDArray:
        """Zeros, where no rows are known yet."""
        return np.zeros(shape)

    def of_sums(self, rng: np.random.Generator, z: NDArray) -> NDArray:
        """The biases (units,) for sums z = x W of some rows, (rows, units)."""
        n_rows, n_units = z.shape
        rows = rng.integers(n_rows, size=(self.n_points, n_units))
        shares = rng.dirichlet(np.ones(self.n_points), n_units).T
        return -(shares * np.take_along_axis(z, rows, axis=0)).sum(axis=0)


INITIALIZERS: dict[str, Initializer] = {
    "glorot_uniform": VarianceScaling(1.0, "fan_avg", "uniform"),
    "glorot_normal": VarianceScaling(1.0, "fan_avg", "normal"),
    "he_uniform": VarianceScaling(2.0, "fan_in", "uniform"),
    "he_normal": VarianceScaling(2.0, "fan_in", "normal"),
    "lecun_uniform": VarianceScaling(1.0, "fan_in", "uniform"),
    "lecun_normal": VarianceScaling(1.0, "fan_in", "normal"),
    "fan_in_uniform": VarianceScaling(1 / 3, "fan_in", "uniform"),
    "uniform": Uniform(0.1),
    "normal": Normal(0.01),
    "standard_normal": Normal(1.0),
    "zeros": Constant(0.0),
    "constant": Constant(0.1),
    "orthogonal": Orthogonal(),
}
INITIALIZERS["xavier_uniform"] = INITIALIZERS["glorot_uniform"]
INITIALIZERS["xavier_normal"] = INITIALIZERS["glorot_normal"]

#: ``init="auto"``: He for the relu family, LeCun for selu, Glorot for the rest.
AUTO = dict.fromkeys(
    ("relu", "leaky_relu", "elu", "gelu", "silu", "mish", "softplus"), "he_uniform"
) | {"selu": "lecun_normal"}


def get_initializer(init: str | Initializer, activation: str) -> Initializer:
    """The initializer a name stands for; callables pass through.

    ``"auto"`` is ``"he_uniform"`` for relu, leaky_relu, elu, gelu, silu, mish and
    softplus, ``"lecun_normal"`` for selu and ``"glorot_uniform"`` for identity,
    logistic and tanh.
    """
    if isinstance(init, str):
        if init == "auto":
            init = AUTO.get(activation, "glorot_uniform")
        return INITIALIZERS[init]
    return init


def bias_initializer(init: Initializer, fans: Shape) -> Initializer:
    """``init`` for a bias: its fans are those of the weights beside it."""
    if isinstance(init, VarianceScaling):
        return functools.partial(init, fans=fans)
    return init
