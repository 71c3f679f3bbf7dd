"""What all compiled forms are written with.

Everything is compiled into one function (:mod:`.step`), the only one that is kept on
disk; the others may therefore be made by functions, for what a network needs.

``jit`` is for pieces of the step. They are inlined: a call with the arrays of a model
and of the scratch hands over two hundred words. Sums may be taken in any order, so that
they run in several lanes at once; it is not assumed that numbers are finite. ``exact``
does not allow sums either: exp splits its argument into parts whose difference must not
be simplified.

``inlined`` is for what only chooses among pieces. It is put in its place before types
are known, and so is not compiled for itself, which would take as long as the pieces do.
Its arguments are in a tuple: numba's inliner knows no ``*arguments``.
"""

from __future__ import annotations

import functools

import numba
import numpy as np
from numba import types
from numba.extending import intrinsic, overload

exact = functools.partial(
    numba.njit,
    nogil=True,
    error_model="numpy",
    no_cpython_wrapper=True,
    no_cfunc_wrapper=True,
)
FAST = {"reassoc", "contract", "nsz", "arcp"}
jit = functools.partial(exact, fastmath=FAST, forceinline=True)
inlined = functools.partial(exact, fastmath=FAST, inline="always")


def chosen(make):
    """A function of (key, arguments): what ``make(key)`` gives when it is compiled.

    The key must be known then, so a string that the calling function closes over. With
    the functions themselves in its place nothing would be found again on disk.
    """

    def call(key, arguments):
        return make(key)(*arguments)

    @overload(call, prefer_literal=True, inline="always")
    def choose(key, arguments):
        function = make(key.literal_value)
        return lambda key, arguments: function(*arguments)

    return call


def chain(functions):
    """A function of (number, arguments), which calls the function of that number."""
    first, *others = functions
    if not others:

        @inlined
        def call(number, arguments):
            return first(*arguments)

        return call

    otherwise = chain(others)

    @inlined
    def choose(number, arguments):
        if number == 0:
            return first(*arguments)
        return otherwise(number - 1, arguments)

    return choose


def named(forms, name: str):
    """The class of this name in a table of forms."""
    return next(kind for kind in forms if kind.__name__ == name)


@intrinsic
def like(context, value, x):
    """A constant in the precision of x: as a double it would make all around it one."""
    kind = x.dtype if isinstance(x, types.Array) else x

    def convert(context, builder, signature, arguments):
        given, wanted = signature.args[0], signature.return_type
        return context.cast(builder, arguments[0], given, wanted)

    return kind(types.unliteral(value), x), convert


def exp(x):
    """e^x without a call, so that a loop over it runs in several lanes at once.

    e^x = 2^n e^r with |r| ≤ ½ log 2; e^r is a polynomial or a quotient of two, from
    Cephes (Moshier 1989). Right to one unit in the last place in single precision,
    three in double.
    """
    return np.exp(x)


@overload(exp)
def _exp(x):
    form = _exp32 if x == types.float32 else _exp64
    return lambda x: form(x)


@exact
def _exp32(x):
    one = np.float32
    # min and max before the split: 2^n must exist; NaN is put back in the end
    y = min(max(x, one(-104)), one(89))
    n = np.floor(y * one(1.44269504) + one(0.5))
    r = (y - n * one(0.693359375)) - n * one(-2.12194440e-4)
    p = one(1.9875691500e-4)
    p = p * r + one(1.3981999507e-3)
    p = p * r + one(8.3334519073e-3)
    p = p * r + one(4.1665795894e-2)
    p = p * r + one(1.6666665459e-1)
    p = p * r + one(5.0000001201e-1)
    p = p * r * r + r + one(1)
    # 2^n in two factors, so that neither overflows before the product does
    i = np.int32(n)
    half = i >> np.int32(1)
    a = np.int32((half + np.int32(127)) << np.int32(23)).view(np.float32)
    b = np.int32((i - half + np.int32(127)) << np.int32(23)).view(np.float32)
    return p * a * b if x == x else x


@exact
def _exp64(x):
    y = min(max(x, -746.0), 710.0)
    n = np.floor(y * 1.4426950408889634073599 + 0.5)
    r = (y - n * 6.93145751953125e-1) - n * 1.42860682030941723212e-6
    s = r * r
    p = (1.26177193074810590878e-4 * s + 3.02994407707441961300e-2) * s
    p = r * (p + 9.99999999999999999910e-1)
    q = (3.00198505138664455042e-6 * s + 2.52448340349684104192e-3) * s
    q = (q + 2.27265548208155028766e-1) * s + 2.00000000000000000009e0
    i = np.int64(n)
    half = i >> 1
    a = np.int64((half + 1023) << 52).view(np.float64)
    b = np.int64((i - half + 1023) << 52).view(np.float64)
    return (1.0 + 2.0 * p / (q - p)) * a * b if x == x else x


@exact
def expm1(x):
    """e^x - 1 with all its digits near 0, from tanh: 2 t / (1 - t), t = tanh(x / 2)."""
    t = tanh(like(0.5, x) * x)
    near = like(2, x) * t / (like(1, x) - t)
    return near if abs(x) < like(1, x) else exp(x) - like(1, x)


@exact
def tanh(x):
    """An odd quotient below 0.625, else 1 - 2 / (e^2x + 1) (Cephes)."""
    s = x * x
    p = (
        like(-9.64399179425052238628e-1, x) * s + like(-9.92877231001918586564e1, x)
    ) * s
    p = p + like(-1.61468768441708447952e3, x)
    q = (s + like(1.12811678491632931402e2, x)) * s + like(2.23548839060100448583e3, x)
    q = q * s + like(4.84406305325125486048e3, x)
    near = x + x * s * (p / q)
    z = abs(x)
    far = like(1, x) - like(2, x) / (exp(z + z) + like(1, x))
    far = far if x > 0 else -far
    return near if z < like(0.625, x) else far


@jit
def sigmoid(x):
    """1 / (1 + e^-x)."""
    return like(1, x) / (like(1, x) + exp(-x))


@exact
def log1p(x):
    """log(1 + x) for x in [0, 1], from 2 artanh(x / (2 + x)), whose series is short.

    With t = x / (2 + x) in [0, 1/3]: log(1 + x) = 2 t (1 + t²/3 + t⁴/5 + ...), to
    t¹² in single precision.
    """
    t = x / (like(2, x) + x)
    s = t * t
    enough = 13 if like(1e-12, x) + like(1, x) == like(1, x) else 33
    total = like(0, x)
    for k in range(enough, 0, -2):
        total = total * s + like(1 / k, x)
    return like(2, x) * t * total


@jit
def softplus(x):
    """log(1 + e^x)."""
    return max(x, like(0, x)) + log1p(exp(-abs(x)))
