"""The random words of :mod:`sknnreg.engine.streams`, drawn in compiled code.

SFC64 (Doty-Humphrey 2010), as ``numpy.random.SFC64``: the same words from the same
state, which is handed over before a pass and handed back after it.
"""

from __future__ import annotations

import numpy as np

from sknnreg.engine.compiled.arithmetic import exact

ELEVEN, THREE, RIGHT, LEFT, ONE = (np.uint64(n) for n in (11, 3, 40, 24, 1))


@exact
def draw(state, words):
    """The next random words."""
    a, b, c, count = state[0], state[1], state[2], state[3]
    for i in range(words.size):
        word = a + b + count
        count += ONE
        a = b ^ (b >> ELEVEN)
        b = c + (c << THREE)
        c = ((c << LEFT) | (c >> RIGHT)) + word
        words[i] = word
    state[0], state[1], state[2], state[3] = a, b, c, count


@exact
def drop(state, words, threshold, scale, x, mask, y):
    """y = mask x; the mask is ``scale`` where a 16-bit word is at most the threshold.

    ``words`` is memory for 64-bit ones.
    """
    n, nothing = x.size, scale - scale
    drawn = words[: (n + 3) // 4]
    draw(state, drawn)
    pieces = drawn.view(np.uint16)
    for i in range(n):
        mask[i] = scale if pieces[i] <= threshold else nothing
        y[i] = mask[i] * x[i]
