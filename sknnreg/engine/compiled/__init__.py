"""A second form of the mini-batch step: one function, compiled by numba.

The NumPy form is the formula and the reference; this one gives the same numbers, from
the same random words, without a call for each operation. A piece that has a compiled
form (an activation, a loss, an optimizer, a layer) stands in the table ``FORMS`` of its
module here; whatever has none is trained in NumPy. Nothing here is imported before it
is wanted: numba is an optional dependency.
"""
