"""Penalties Ω on the weights: value, gradient of the smooth part, proximal map.

A penalty is split into a smooth part, whose gradient joins the loss's, and a part with
a kink, which is solved exactly by its proximal map after each step::

    prox(w) = argmin_v  (v - w)² / (2 step) + kink(v)

so that zeros are zeros and not small numbers. ``step`` is the step size of each
coordinate: under an adaptive method it differs from weight to weight (Yun et al. 2021,
"Adaptive proximal gradient methods for structured neural networks").

Conventions: ``alpha`` multiplies ``½ ‖W‖²``, so its gradient is ``alpha W``. It does
not depend on the number of samples or the batch size. Texts that write ``λ Σ w²`` have
``alpha = 2 λ``; scikit-learn's MLP divides: ``alpha = alpha_sklearn / batch_size``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sknnreg.engine.model_axis import Number, a_model


class Penalty:
    """A smooth penalty on an array ``w`` of weights of shape (K, ...).

    One with a kink sets ``has_kink`` and has besides

    - ``kink(w)``, the value (K,) of the part with the kink;
    - ``prox(w, step)``, its proximal map, in place, ``step`` being a number or one a
      weight: what the mini-batch solvers need;
    - ``l1``, if the kink is α Σ |w|: its strength, a number or one a weight: what
      ``lbfgs`` needs, whose bounds can express nothing else.

    Parameters
    ----------
    alpha : float or ndarray of shape (K, 1)
        α, at least 0.
    l1_ratio : float or ndarray of shape (K, 1)
        ρ in [0, 1], the share of the part with a kink, for penalties that mix two.
    decoupled : bool, default=False
        Whether an L2 part is decay outside the gradient: then it is no term of the
        objective.
    """

    #: False: ``w`` must be one layer's matrices, (K, n_in, n_out), not any slice
    elementwise: ClassVar[bool] = True
    has_kink: bool = False
    # without values: each is there only where it means something, see above
    kink: Callable[[NDArray], NDArray]
    prox: Callable[[NDArray, Number], None]
    l1: Number

    def __init__(
        self, alpha: Number, l1_ratio: Number = 0.0, decoupled: bool = False
    ) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.decoupled = decoupled

    @classmethod
    def of_layer(
        cls, layer: int, alpha: Number, l1_ratio: Number, decoupled: bool
    ) -> Penalty:
        """The penalty on the weights of one dense layer, 0 being the first."""
        return cls(alpha, l1_ratio, decoupled)

    def smooth(self, w: NDArray) -> NDArray | float:
        """Value of the smooth part, (K,)."""
        return 0.0

    def value(self, w: NDArray) -> NDArray:
        """Ω(w) of each model, (K,)."""
        smooth = np.zeros(len(w), w.dtype) + self.smooth(w)
        return smooth + self.kink(w) if self.has_kink else smooth

    def add_gradient(self, w: NDArray, grad: NDArray) -> None:
        """Add the gradient of the smooth part to ``grad``."""

    def value_and_gradient(self, w: NDArray, grad: NDArray) -> NDArray | float:
        """Both of the above, for those who can do both at once."""
        self.add_gradient(w, grad)
        return self.smooth(w)

    def decay(self, w: NDArray, rate: Number) -> None:
        """Decoupled decay, in place."""


class ElasticNet(Penalty):
    """Ω(w) = α [ρ ‖w‖₁ + (1 - ρ)/2 ‖w‖₂²]  (Zou & Hastie 2005).

    The gradient of the smooth part is α (1 - ρ) w; the proximal map of the rest is
    soft-thresholding: sign(w) max(|w| - step α ρ, 0)  (Tibshirani 1996; Daubechies et
    al. 2004). Decoupled, the L2 part is w ← w - rate α (1 - ρ) w  (Loshchilov & Hutter
    2019).

    α and ρ may also be arrays of the shape of w, with a strength for each weight.
    """

    def __init__(
        self, alpha: Number, l1_ratio: Number = 0.5, decoupled: bool = False
    ) -> None:
        super().__init__(alpha, l1_ratio, decoupled)
        self.l1 = alpha * l1_ratio
        self.l2 = alpha * (1 - l1_ratio)
        self.has_kink = bool(np.any(self.l1 > 0))
        self._has_l2 = bool(np.any(self.l2 > 0))
        self._scratch = np.empty(0)

    def smooth(self, w):
        if not self._has_l2 or self.decoupled:
            return 0.0
        return 0.5 * sums(w, a_model(self.l2, w.ndim) * w)

    def kink(self, w):
        if not self.has_kink:
            return 0.0
        return sums(a_model(self.l1, w.ndim) * np.abs(w))

    def add_gradient(self, w, grad):
        self.value_and_gradient(w, grad)

    def value_and_gradient(self, w, grad):
        if not self._has_l2 or self.decoupled:
            return 0.0
        if self._scratch.shape != w.shape:  # new memory each time would be slow
            self._scratch = np.empty_like(w)
        slope = np.multiply(a_model(self.l2, w.ndim), w, out=self._scratch)
        grad += slope
        return 0.5 * sums(w, slope)

    def prox(self, w, step):
        if self.has_kink:
            threshold = step * a_model(self.l1, w.ndim)
            w -= np.clip(w, -threshold, threshold)  # exactly 0 where |w| <= threshold

    def decay(self, w, rate):
        if self._has_l2 and self.decoupled:
            w *= 1 - a_model(rate, w.ndim) * a_model(self.l2, w.ndim)


class L1(ElasticNet):
    """Ω(w) = α ‖w‖₁."""

    def __init__(
        self, alpha: Number, l1_ratio: Number = 1.0, decoupled: bool = False
    ) -> None:
        super().__init__(alpha, 1.0, decoupled)


class L2(ElasticNet):
    """Ω(w) = α/2 ‖w‖₂²."""

    def __init__(
        self, alpha: Number, l1_ratio: Number = 0.0, decoupled: bool = False
    ) -> None:
        super().__init__(alpha, 0.0, decoupled)


class GroupL1(Penalty):
    """Ω(W) = α [ρ Σ_j √n_out ‖W¹_j‖₂ + (1 - ρ)/2 Σ_{layers after the first} ‖W‖₂²].

    W¹_j, a row of the first weight matrix, is all that leaves input j: its norm has a
    kink at zero, so whole inputs are dropped (Yuan & Lin 2006; Scardapane et al. 2017,
    "Group sparse regularization for deep neural networks"). The proximal map is block
    soft-thresholding, w_j ← max(0, 1 - step λ / ‖w_j‖) w_j with λ = α ρ √n_out.

    Under an adaptive method each weight has its own step s_i. The map in that metric
    has no closed form; its solution is w_i ← θ w_i / (θ + λ s_i), where θ = ‖result‖
    is the root of Σ (w_i / (θ + λ s_i))² = 1, and 0 if Σ (w_i / s_i)² ≤ λ² (Yun et al.
    2021).
    """

    elementwise = False

    def __init__(
        self, alpha: Number, l1_ratio: Number = 0.5, decoupled: bool = False
    ) -> None:
        super().__init__(alpha, l1_ratio, decoupled)
        self.strength = alpha * l1_ratio
        self.has_kink = bool(np.any(self.strength > 0))

    @classmethod
    def of_layer(cls, layer, alpha, l1_ratio, decoupled):
        if layer == 0:
            return cls(alpha, l1_ratio, decoupled)
        return L2(alpha * (1 - l1_ratio), decoupled=decoupled)

    def kink(self, w):
        norms = np.sqrt(np.vecdot(w, w)).sum(axis=-1)
        return a_model(self.strength, 1) * math.sqrt(w.shape[-1]) * norms

    def prox(self, w, step):
        limit = a_model(self.strength, 3) * math.sqrt(w.shape[-1])
        if np.shape(step) != w.shape:
            norm = np.sqrt(np.vecdot(w, w))[..., None]
            # the quotient is only taken where the row survives
            keep = norm > step * limit
            w *= np.where(keep, 1 - step * limit / np.where(keep, norm, 1), 0)
            return
        threshold = limit * step
        scaled = w / step
        keep = np.sqrt(np.vecdot(scaled, scaled))[..., None] > limit
        theta = np.sqrt(np.vecdot(w, w))[..., None]
        theta = np.maximum(theta - threshold.max(axis=-1, keepdims=True), 0)
        going_on, close = keep, math.sqrt(np.finfo(w.dtype).eps)
        for _ in range(NEWTON_STEPS):
            # on 1 / ‖w / (θ + λ s)‖ = 1, as for a trust region: θ grows to the root
            total = np.where(keep, theta + threshold, 1)
            ratio = w / total
            norm = np.sqrt(np.vecdot(ratio, ratio))[..., None]
            slope = np.vecdot(ratio, ratio / total)[..., None]
            change = norm**2 * (norm - 1) / np.where(keep, slope, 1)
            # each row by itself, whatever rows and models are beside it
            theta = theta + np.where(going_on, change, 0)
            going_on = going_on & (np.abs(norm - 1) > close)
            if not going_on.any():
                break
        w *= np.where(keep, theta / np.where(keep, theta + threshold, 1), 0)


#: At most; two or three are enough for full precision, as the function is nearly linear
#: and each squares the error.
NEWTON_STEPS = 8

PENALTIES: dict[str, type[Penalty]] = {
    "l1": L1,
    "l2": L2,
    "elasticnet": ElasticNet,
    "group_l1": GroupL1,
}


def sums(w: NDArray, v: NDArray | None = None) -> NDArray:
    """Sum of w, or of w v, over all but the first axis: (K,)."""
    w = w if w.ndim == 2 else w.reshape(len(w), -1)
    if v is None:
        return w.sum(axis=-1)
    return np.vecdot(w, v if v.ndim == 2 else v.reshape(len(v), -1))


class Term(NamedTuple):
    """A penalty, where it works in ``theta``, and in what shape."""

    place: slice
    shape: tuple[int, ...]
    penalty: Penalty

    def view(self, flat: NDArray) -> NDArray:
        return flat[:, self.place].reshape(-1, *self.shape)

    def share(self, number: Number, theta: NDArray) -> Number:
        """Of a number a weight those of the term; a number a model as it stands."""
        if isinstance(number, np.ndarray) and number.shape == theta.shape:
            return self.view(number)
        return a_model(number, 1 + len(self.shape))


class Regularizer:
    """The sum of all penalties of a model: Ω(W) of the objective."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self.terms = list(terms)
        self.has_kink = any(term.penalty.has_kink for term in self.terms)
        self.is_decoupled = any(term.penalty.decoupled for term in self.terms)
        self._seen: tuple[NDArray, NDArray] | None = None
        self._views: list[tuple[Penalty, NDArray, NDArray]] = []

    def lacking(self, needs: Sequence[str]) -> list[str]:
        """What a solver needs of a penalty with a kink and some term does not have."""
        kinked = [t.penalty for t in self.terms if t.penalty.has_kink]
        return [n for n in needs if not all(hasattr(p, n) for p in kinked)]

    def value_and_gradient(
        self, theta: NDArray, grad: NDArray, kink: bool = True
    ) -> NDArray | float:
        """Ω (K,), with or without the kinks; adds the smooth part's gradient."""
        seen = self._seen  # the views of the last step hold for the same vectors
        if seen is None or theta is not seen[0] or grad is not seen[1]:
            self._seen = theta, grad
            self._views = [(t.penalty, t.view(theta), t.view(grad)) for t in self.terms]
        total: NDArray | float = 0.0
        for penalty, w, g in self._views:
            total = total + penalty.value_and_gradient(w, g)
            if kink and penalty.has_kink:
                total = total + penalty.kink(w)
        return total

    def value(self, theta: NDArray) -> NDArray | float:
        """Ω, (K,)."""
        return sum(term.penalty.value(term.view(theta)) for term in self.terms)

    def decay(self, theta: NDArray, rate: Number) -> None:
        """Decoupled decay of one step; ``rate`` is a number a model or a weight."""
        for term in self.terms if self.is_decoupled else ():
            if term.penalty.decoupled:
                term.penalty.decay(term.view(theta), term.share(rate, theta))

    def prox(self, theta: NDArray, step: Number) -> None:
        """Proximal maps after one step; ``step`` is a number a model or a weight."""
        for term in self.terms:
            penalty = term.penalty
            if penalty.has_kink:
                penalty.prox(term.view(theta), term.share(step, theta))
