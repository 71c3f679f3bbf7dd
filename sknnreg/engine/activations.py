"""Activation functions: each with its derivative beside it.

``forward(z, out)`` writes f(z); ``backward(dy, z, y, out)`` writes dy * f'(z). The
derivative is written in terms of ``y`` where it can be (``needs = "y"``): then the
forward pass may overwrite ``z``. ``out`` may be ``z`` (forward, if ``needs = "y"``) or
``dy`` (backward).
"""

from __future__ import annotations

import functools
import math
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, expit


class Activation:
    """f and f'; ``needs`` says what the derivative is computed from."""

    needs: ClassVar[str] = "y"

    def forward(self, z: NDArray, out: NDArray) -> NDArray:
        raise NotImplementedError

    def backward(self, dy: NDArray, z: NDArray, y: NDArray, out: NDArray) -> NDArray:
        raise NotImplementedError


class Identity(Activation):
    """f(z) = z."""

    def forward(self, z, out):
        if out is not z:
            out[...] = z
        return out

    def backward(self, dy, z, y, out):
        return self.forward(dy, out)


class Logistic(Activation):
    """f(z) = 1 / (1 + exp(-z));  f' = y (1 - y)."""

    def forward(self, z, out):
        return expit(z, out=out)

    def backward(self, dy, z, y, out):
        slope = np.subtract(1, y)
        slope *= y
        return np.multiply(dy, slope, out=out)


class Tanh(Activation):
    """f(z) = tanh(z);  f' = 1 - y²."""

    def forward(self, z, out):
        return np.tanh(z, out=out)

    def backward(self, dy, z, y, out):
        slope = np.multiply(y, y)
        np.subtract(1, slope, out=slope)
        return np.multiply(dy, slope, out=out)


@functools.lru_cache(maxsize=16)
def _zeros(shape: tuple[int, ...], dtype: np.dtype) -> NDArray:
    zeros = np.zeros(shape, dtype)
    zeros.flags.writeable = False
    return zeros


class Relu(Activation):
    """f(z) = max(0, z);  f' = [z > 0]."""

    def forward(self, z, out):
        # against an array, np.maximum is three times as fast as against a number
        return np.maximum(z, _zeros(z.shape, z.dtype), out=out)

    def backward(self, dy, z, y, out):
        return np.multiply(dy, y > 0, out=out)


class LeakyRelu(Activation):
    """f(z) = z if z > 0 else 0.01 z  (Maas et al. 2013)."""

    slope = 0.01

    def forward(self, z, out):
        return np.maximum(z, self.slope * z, out=out)

    def backward(self, dy, z, y, out):
        return np.multiply(dy, np.where(y > 0, dy.dtype.type(1), self.slope), out=out)


class Elu(Activation):
    """f(z) = z if z > 0 else exp(z) - 1;  f' = 1 or y + 1  (Clevert et al. 2016)."""

    scale = 1.0
    alpha = 1.0

    def forward(self, z, out):
        # expm1 of the negative part only: it would overflow on the positive one
        negative = np.expm1(np.minimum(z, 0))
        negative *= self.alpha
        np.maximum(z, 0, out=out)
        out += negative
        out *= self.scale
        return out

    def backward(self, dy, z, y, out):
        slope = np.where(y > 0, dy.dtype.type(self.scale), y + self.scale * self.alpha)
        return np.multiply(dy, slope, out=out)


class Selu(Elu):
    """f(z) = λ elu_α(z), λ ≈ 1.0507, α ≈ 1.6733  (Klambauer et al. 2017)."""

    scale = 1.0507009873554804934193349852946
    alpha = 1.6732632423543772848170429916717


class Gelu(Activation):
    """f(z) = z Φ(z);  f' = Φ(z) + z φ(z)  (Hendrycks & Gimpel 2016); exact, by erf."""

    needs = "z"

    def _cdf(self, z):
        cdf = np.multiply(z, math.sqrt(0.5))
        erf(cdf, out=cdf)
        cdf += 1
        cdf *= 0.5
        return cdf

    def forward(self, z, out):
        return np.multiply(z, self._cdf(z), out=out)

    def backward(self, dy, z, y, out):
        slope = np.multiply(z, z)
        slope *= -0.5
        np.exp(slope, out=slope)
        slope *= 1 / math.sqrt(2 * math.pi)
        slope *= z
        slope += self._cdf(z)
        return np.multiply(dy, slope, out=out)


class Silu(Activation):
    """f(z) = z σ(z);  f' = σ(z) + y (1 - σ(z))  (also swish; Elfwing et al. 2018)."""

    needs = "z"

    def _sigma(self, z):
        # σ(z) = (1 + tanh(z / 2)) / 2; NumPy's tanh is several times as fast as expit
        sigma = np.multiply(z, 0.5)
        np.tanh(sigma, out=sigma)
        sigma += 1
        sigma *= 0.5
        return sigma

    def forward(self, z, out):
        return np.multiply(z, self._sigma(z), out=out)

    def backward(self, dy, z, y, out):
        sigma = self._sigma(z)
        slope = np.subtract(1, sigma)
        slope *= y
        slope += sigma
        return np.multiply(dy, slope, out=out)


class Mish(Activation):
    """f(z) = z tanh(log(1 + exp(z)))  (Misra 2019).

    With e = exp(z) and n = e (e + 2): tanh(log(1 + e)) = n / (n + 2), and
    f' = n / (n + 2) + 4 z e (1 + e) / (n + 2)².
    """

    needs = "z"
    #: beyond it f(z) = z to the last bit, and exp would overflow in the end
    largest = 20.0

    def _exp(self, z):
        e = np.minimum(z, self.largest)
        return np.exp(e, out=e)

    def forward(self, z, out):
        e = self._exp(z)
        n = np.add(e, 2)
        n *= e
        np.add(n, 2, out=e)
        n /= e
        return np.multiply(z, n, out=out)

    def backward(self, dy, z, y, out):
        e = self._exp(z)
        n = np.add(e, 2)
        n *= e
        below = np.add(n, 2)
        slope = np.add(e, 1)
        slope *= e
        slope *= 4
        slope /= below
        slope *= z
        slope += n
        slope /= below
        return np.multiply(dy, slope, out=out)


class Softplus(Activation):
    """f(z) = log(1 + exp(z));  f' = 1 - exp(-y)."""

    def forward(self, z, out):
        return np.logaddexp(z, 0, out=out)

    def backward(self, dy, z, y, out):
        slope = np.negative(y)
        np.expm1(slope, out=slope)
        np.negative(slope, out=slope)
        return np.multiply(dy, slope, out=out)


ACTIVATIONS: dict[str, type[Activation]] = {
    "identity": Identity,
    "logistic": Logistic,
    "tanh": Tanh,
    "relu": Relu,
    "leaky_relu": LeakyRelu,
    "elu": Elu,
    "selu": Selu,
    "gelu": Gelu,
    "silu": Silu,
    "mish": Mish,
    "softplus": Softplus,
}
