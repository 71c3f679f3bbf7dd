"""Products of matrices: of small ones by tiles, of others by BLAS.

BLAS packs its operands before it multiplies them. That pays when they are large; for
those of a small step it takes as long as the product itself.
"""

from __future__ import annotations

import functools
import itertools

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from sknnreg.engine.compiled.arithmetic import chain, jit, like
from sknnreg.engine.compiled.memory import whole_numbers

#: Bytes of a vector, rows and vectors of a tile: its sums, and what they are made of,
#: fill sixteen registers.
VECTOR, HEIGHT, WIDEST = 32, 4, 3
#: Multiplications times bytes of a number up to which tiles are faster than BLAS.
SMALL = 12 * 10**6

#: The type of a place in a vector.
PLACE = ir.IntType(32)


class Matrix:
    """A matrix in code that is being made: its numbers, and vectors along its rows."""

    def __init__(self, context, builder, kind, value):
        self.builder = builder
        array = make_array(kind)(context, builder, value)
        shape = cgutils.unpack_tuple(builder, array.shape, 2)
        strides = cgutils.unpack_tuple(builder, array.strides, 2)
        self.n_columns = shape[1]
        self._at = functools.partial(
            cgutils.get_item_pointer2,
            context, builder, array.data, shape, strides, kind.layout,
        )  # fmt: skip
        self.size = kind.dtype.bitwidth // 8
        self.lanes = VECTOR // self.size
        self.vector = ir.VectorType(array.data.type.pointee, self.lanes)

    def _place(self, i, j):
        """Where the vector from (i, j) on is."""
        return self.builder.bitcast(self._at((i, j)), self.vector.as_pointer())

    def load(self, i, j):
        """The vector from (i, j) on."""
        return self.builder.load(self._place(i, j), align=self.size)

    def store(self, vector, i, j):
        """Write a vector from (i, j) on."""
        self.builder.store(vector, self._place(i, j), align=self.size)

    def repeated(self, i, j):
        """The number at (i, j) in all places of a vector."""
        number = self.builder.load(self._at((i, j)))
        one = self.builder.insert_element(self.vector(None), number, PLACE(0))
        first = ir.VectorType(PLACE, self.lanes)(None)
        return self.builder.shuffle_vector(one, one, first)


def tile(width):
    """``multiply(a, b, out, i, j, last)``: rows i to i + 3 of ``out = a b``.

    Of ``width`` vectors of columns, which begin at j and follow each other, except that
    the last begins at ``last``. Their sums stay in registers while k goes over the
    columns of a: each of its numbers is multiplied by all the vectors of row k of b.
    Loops over scalars do not become this.
    """

    @intrinsic
    def multiply(context, a, b, out, i, j, last):
        if not a.dtype == b.dtype == out.dtype or not b.layout == out.layout == "C":
            raise TypingError("Tiles are of rows in memory, and of one precision.")

        def code(context, builder, signature, arguments):
            a, b, out = (
                Matrix(context, builder, kind, value)
                for kind, value in zip(signature.args[:3], arguments[:3], strict=True)
            )
            i, j, last = whole_numbers(context, builder, signature, arguments, 3)
            rows = [builder.add(i, i.type(r)) for r in range(HEIGHT)]
            columns = [builder.add(j, j.type(v * b.lanes)) for v in range(width - 1)]
            columns.append(last)
            places = list(itertools.product(rows, columns))
            zero = b.vector([0.0] * b.lanes)
            sums = [cgutils.alloca_once_value(builder, zero) for _ in places]
            with cgutils.for_range(builder, a.n_columns) as loop:
                vectors = [b.load(loop.index, column) for column in columns]
                numbers = [a.repeated(row, loop.index) for row in rows]
                pairs = itertools.product(numbers, vectors)
                for total, (number, vector) in zip(sums, pairs, strict=True):
                    term = builder.fmul(number, vector, flags=["contract"])
                    term = builder.fadd(builder.load(total), term, flags=["contract"])
                    builder.store(term, total)
            for total, (row, column) in zip(sums, places, strict=True):
                out.store(builder.load(total), row, column)
            return context.get_dummy_value()

        return types.void(a, b, out, i, j, last), code

    return multiply


#: ``tiles(width - 1, ...)``
tiles = chain([tile(width) for width in range(1, WIDEST + 1)])


@jit
def by_tiles(a, b, out):
    """out = a b, for four rows and a vector of columns at least.

    Where the last rows or columns do not fill a tile, it is moved back over numbers
    that have been computed, to the same bits.
    """
    n, n_out = out.shape
    lanes = VECTOR // out.itemsize
    vectors = (n_out + lanes - 1) // lanes
    panels = (vectors + WIDEST - 1) // WIDEST
    for panel in range(panels):
        start, stop = vectors * panel // panels, vectors * (panel + 1) // panels
        j, last = start * lanes, min(stop * lanes, n_out) - lanes
        for row in range(0, n, HEIGHT):
            i = min(row, n - HEIGHT)
            tiles(stop - start - 1, (a, b, out, i, j, last))


@jit
def is_small(a, b):
    """Whether a b is by tiles."""
    n, depth, n_out = a.shape[0], a.shape[1], b.shape[1]
    has_room = n >= HEIGHT and n_out * b.itemsize >= VECTOR
    return has_room and n * depth * n_out * b.itemsize <= SMALL


@jit
def product(x, w, out):
    """x w; for one column as sums, which a product is slow at."""
    if is_small(x, w):
        by_tiles(x, w, out)
    elif w.shape[1] > 1:
        np.dot(x, w, out)
    else:
        for i in range(x.shape[0]):
            total = like(0, x)
            for j in range(x.shape[1]):
                total += x[i, j] * w[j, 0]
            out[i, 0] = total


@jit
def product_with_transposed(x, dy, out):
    """xᵀ dy."""
    if is_small(x.T, dy):
        by_tiles(x.T, dy, out)
    elif dy.shape[1] > 1:
        np.dot(x.T, dy, out)
    else:
        out[:] = 0
        for i in range(x.shape[0]):
            d = dy[i, 0]
            for j in range(x.shape[1]):
                out[j, 0] += x[i, j] * d


@jit
def product_by_transposed(dy, w, out):
    """dy wᵀ."""
    if dy.shape[1] > 1:
        np.dot(dy, w.T, out)
        return
    for i in range(dy.shape[0]):
        d = dy[i, 0]
        for j in range(w.shape[0]):
            out[i, j] = d * w[j, 0]
