"""Optimizers: a handful of in-place ufuncs over the flat vector.

The vectors are worked through in blocks that stay in the processor's cache while all
the operations of a step pass over them. ``step_size`` is what the proximal map of a
penalty needs: by how much steps multiply a gradient that lasts.

Conventions follow the papers and PyTorch: the momentum buffer holds gradients, not
steps, so a change of the rate acts at once; Adam's ε is added outside the root, after
the correction of the bias.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sknnreg.engine.cost import L2
from sknnreg.engine.model_axis import Number

#: Bytes of a block of one vector, measured: shorter ones are lost to the calls, longer
#: ones to memory. Of the four vectors of Adam a quarter each.
BLOCK = L2 // 4
#: Steps after which numbers next to zero become zero: seldom enough to cost nothing.
FLUSH_EVERY = 100


@dataclass
class OptimizerState:
    """What an optimizer carries from step to step.

    Attributes
    ----------
    kind : str
        Which solver's: another one begins anew.
    t : int
        Steps done.
    vectors : dict of {str: ndarray of shape (K, P)}
        Moments, by the names in ``slots``.
    """

    kind: str = ""
    t: int = 0
    vectors: dict[str, NDArray] = field(default_factory=dict)

    def largest_square(self, n_models: int) -> list[float]:
        """The largest second moment of each model: infinite where a square was."""
        second = self.vectors.get("second")
        return [0.0] * n_models if second is None else second.max(axis=-1).tolist()


class Optimizer:
    """Moves ``theta`` along ``grad``.

    Subclasses name their state vectors in ``slots`` ("second" is a mean or sum of
    squares) and write :meth:`update`, which sees one block of each vector.
    """

    slots: ClassVar[tuple[str, ...]] = ()
    state: OptimizerState

    def bind(
        self,
        theta: NDArray,
        grad: NDArray,
        state: OptimizerState | None = None,
        rates: NDArray | None = None,
    ) -> None:
        """Set the vectors to work on.

        Parameters
        ----------
        theta, grad : ndarray of shape (K, P)
        state : OptimizerState or None
            Where to go on, in place; None starts anew.
        rates : ndarray of shape (P,) or None
            Factors of the learning rate; None for 1 everywhere.
        """
        self.state = OptimizerState() if state is None else state
        vectors = self.state.vectors
        for name in self.slots:
            vectors.setdefault(name, np.zeros_like(theta))
        self.rates = rates
        self.shape = n_models, n = theta.shape
        width = max(1, BLOCK // (n_models * theta.itemsize))
        scratch = np.empty((n_models, min(n, width)), theta.dtype)
        self._blocks: list[tuple[Any, ...]] = []
        for start in range(0, n, width):
            block = slice(start, start + width)
            moments = [vectors[name][:, block] for name in self.slots]
            w, g = theta[:, block], grad[:, block]
            factor = None if rates is None else rates[block]
            self._blocks.append((w, factor, g, scratch[:, : w.shape[1]], *moments))

    @property
    def t(self) -> int:
        """Steps done."""
        return self.state.t

    def step(self, rate: Number) -> None:
        """One step at this learning rate."""
        self.state.t += 1
        factors = self.factors(rate)
        for w, factor, g, step, *moments in self._blocks:
            self.update(g, step, *moments, *factors)
            if factor is not None:
                step *= factor
            w -= step

    def flush(self) -> None:
        """Make zero what is so near to it that products of two are subnormal.

        The weights of a unit that a penalty has shut off decay and never reach zero,
        and with them what the unit sends and gets. With subnormal numbers, those below
        the smallest of full precision, a processor takes a hundred times as long.
        """
        for w, _, _, _, *moments in self._blocks:
            tiny = np.finfo(w.dtype).tiny
            w[np.abs(w) < math.sqrt(tiny)] = 0
            for name, moment in zip(self.slots, moments, strict=True):
                limit = tiny if name == "second" else math.sqrt(tiny)
                moment[np.abs(moment) < limit] = 0

    def factors(self, rate: Number) -> tuple[Number, ...]:
        """Numbers of this step that :meth:`update` needs."""
        return (rate,)

    def update(self, g, step, *moments_and_factors) -> None:
        """Write the step of one block to ``step``; leaves ``g`` as it is."""
        raise NotImplementedError

    def step_size(self, rate: Number) -> Number:
        """What a lasting gradient is multiplied by: a number, or an array like theta.

        With it, gradient and threshold balance exactly where the objective is least.
        """
        return rate

    def scaled(self, rate: Number) -> Number:
        """A rate times the factors of each parameter."""
        if self.rates is None:
            return rate
        return np.broadcast_to(rate * self.rates, self.shape)


#: momentum = 1 never settles; its sum of velocities is cut here
SMALLEST_LOSS_OF_MOMENTUM = 1e-3


class SGD(Optimizer):
    """Stochastic gradient descent with (Nesterov's) momentum μ.

    v ← μ v + g;  w ← w - rate v, or, looking ahead, w ← w - rate (g + μ v)
    (Sutskever et al. 2013).
    """

    slots = ("velocity",)

    def __init__(self, momentum: Number = 0.9, nesterovs_momentum: bool = True) -> None:
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum

    def update(self, g, step, velocity, rate):
        velocity *= self.momentum
        velocity += g
        if self.nesterovs_momentum:
            np.multiply(velocity, self.momentum, out=step)
            step += g
            step *= rate
        else:
            np.multiply(velocity, rate, out=step)

    def step_size(self, rate):
        # the velocity of a lasting gradient g is g (1 + μ + μ² + ...)
        lost = np.maximum(1 - self.momentum, SMALLEST_LOSS_OF_MOMENTUM)
        return rate / (lost if isinstance(lost, np.ndarray) else float(lost))


class Adam(Optimizer):
    """Adaptive moments (Kingma & Ba 2015).

    m ← β₁ m + (1 - β₁) g;  v ← β₂ v + (1 - β₂) g²;
    w ← w - rate m̂ / (√v̂ + ε),  m̂ = m / (1 - β₁ᵗ),  v̂ = v / (1 - β₂ᵗ).

    The vectors kept are m / (1 - β₁) and v / (1 - β₂), which saves three passes over
    memory; the factors go into the numbers of the step.
    """

    slots = ("first", "second")

    def __init__(
        self, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8
    ) -> None:
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def factors(self, rate):
        root = math.sqrt((1 - self.beta_2) / (1 - self.beta_2**self.t))
        scale = (1 - self.beta_1) / (1 - self.beta_1**self.t) / root
        return rate * scale, self.epsilon / root

    def update(self, g, step, first, second, rate, epsilon):
        first *= self.beta_1
        first += g
        np.multiply(g, g, out=step)
        second *= self.beta_2
        second += step
        np.sqrt(second, out=step)
        step += epsilon
        np.divide(first, step, out=step)
        step *= rate

    def step_size(self, rate):
        root = math.sqrt((1 - self.beta_2) / (1 - self.beta_2**self.t))
        return rate / (root * np.sqrt(self.state.vectors["second"]) + self.epsilon)


class RMSProp(Optimizer):
    """v ← ρ v + (1 - ρ) g²;  w ← w - rate g / (√v + ε)  (Tieleman & Hinton 2012).

    ρ is ``beta_2``. No correction of the bias and no momentum, as in PyTorch.
    """

    slots = ("second",)

    def __init__(self, beta_2: float = 0.999, epsilon: float = 1e-8) -> None:
        self.beta_2, self.epsilon = beta_2, epsilon

    def update(self, g, step, second, rate):
        np.multiply(g, g, out=step)
        step *= 1 - self.beta_2
        second *= self.beta_2
        second += step
        np.sqrt(second, out=step)
        step += self.epsilon
        np.divide(g, step, out=step)
        step *= rate

    def step_size(self, rate):
        return rate / (np.sqrt(self.state.vectors["second"]) + self.epsilon)


#: Solver names; a trailing "w" means decoupled weight decay, the same step otherwise.
OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": SGD,
    "sgdw": SGD,
    "adam": Adam,
    "adamw": Adam,
    "rmsprop": RMSProp,
}
DECOUPLED = frozenset({"sgdw", "adamw"})
