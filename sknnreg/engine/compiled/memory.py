"""How compiled code reaches its arrays: parts of flat ones, and rows ahead of time.

A slice counts a reference to what it is cut from, by an atomic operation when it is
made and another when it goes: a tenth of a small step. What is cut here counts none:
all arrays are arguments of the step, so they outlive it.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array

from sknnreg.engine.compiled.arithmetic import jit

#: Bytes that come into the cache together.
LINE = 64


@intrinsic
def vector(context, flat, start, n):
    """``flat[start : start + n]``."""
    return view_of(flat, start, n)


@intrinsic
def matrix(context, flat, start, rows, columns):
    """A part of a flat array as a matrix."""
    return view_of(flat, start, rows, columns)


def view_of(flat, start, *shape):
    """Signature and code of a part of a flat array, in C order."""
    if flat.ndim != 1 or flat.layout != "C":
        raise TypingError("Parts are cut from contiguous vectors only.")
    wanted = types.Array(flat.dtype, len(shape), "C")

    def code(context, builder, signature, arguments):
        given = make_array(signature.args[0])(context, builder, arguments[0])
        begin, *sizes = whole_numbers(context, builder, signature, arguments, 1)
        strides = [given.itemsize]
        for size in sizes[:0:-1]:
            strides.insert(0, builder.mul(strides[0], size))
        part = make_array(wanted)(context, builder)
        populate_array(
            part,
            data=builder.gep(given.data, [begin]),
            shape=sizes,
            strides=strides,
            itemsize=given.itemsize,
            meminfo=None,
        )
        return part._getvalue()

    return wanted(flat, start, *shape), code


def whole_numbers(context, builder, signature, arguments, first):
    """The arguments from ``first`` on, as places in memory are counted."""
    kinds = signature.args[first:]
    return [
        context.cast(builder, number, kind, types.intp)
        for number, kind in zip(arguments[first:], kinds, strict=True)
    ]


@intrinsic
def fetch(context, flat, place):
    """Begin to bring a number into the cache, without waiting for it."""

    def code(context, builder, signature, arguments):
        given = make_array(signature.args[0])(context, builder, arguments[0])
        (place,) = whole_numbers(context, builder, signature, arguments, 1)
        byte, whole = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, whole, whole, whole])
        prefetch = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        address = builder.bitcast(builder.gep(given.data, [place]), byte)
        to_read, soon, data = whole(0), whole(3), whole(1)
        builder.call(prefetch, [address, to_read, soon, data])
        return context.get_dummy_value()

    return types.void(flat, place), code


@jit
def fetch_row(rows, row):
    """Begin to bring a row into the cache, of those that are to be computed next.

    They are taken in random order, which the processor cannot foresee; waiting for them
    was a fifth of a small step.
    """
    width, line = rows.X.shape[1], LINE // rows.X.itemsize
    for j in range(0, width + line - 1, line):  # and the last, wherever it begins
        fetch(rows.X, row * width + min(j, width - 1))
    fetch(rows.y, row * rows.y.shape[1])
