"""Random streams: one a purpose and model."""

import numpy as np
from numpy.testing import assert_array_equal

from sknnreg.engine.model_axis import take
from sknnreg.engine.streams import Streams


def draws(streams):
    """A few numbers of each kind, with the model axis written out."""
    n = len(streams.stream_of)
    parts = [
        [rng.random(4) for rng in streams.initial()],
        streams.permutation(np.arange(30)),
        streams.words((5, 7)).reshape(-1, 35),
        streams.normal((5, 7), np.dtype(float)).reshape(-1, 35),
        streams.words((5, 7)).reshape(-1, 35),
    ]
    return np.concatenate([np.broadcast_to(p, (n, len(p[0]))) for p in parts], axis=1)


def test_equal_seeds_draw_equal_numbers():
    first, second, third = draws(Streams([7, 8, 7]))
    assert_array_equal(first, third)
    assert (first != second).mean() > 0.9
    assert_array_equal(first, draws(Streams([7]))[0])
    assert_array_equal(second, draws(Streams([8]))[0])


def test_streams_of_purposes_are_independent():
    """More dropout, the same order of rows."""
    one, other = Streams([3]), Streams([3])
    one.words((10, 10))
    one.normal((3, 3), np.dtype(float))
    rows = np.arange(50)
    assert_array_equal(one.permutation(rows), other.permutation(rows))
    words, normal = one.words((1, 400)).ravel(), one.normal((1, 400), np.dtype(float))
    correlation = np.corrcoef(words, normal.ravel())[0, 1]
    assert abs(correlation) < 4 / np.sqrt(400)


def test_equal_seeds_are_drawn_once():
    shared = Streams([3, 3])
    assert shared.shared
    assert shared.words((4, 5)).shape == (1, 4, 5)
    assert not Streams([3, 4]).shared
    assert Streams([3, 4]).words((4, 5)).shape == (2, 4, 5)


def test_words_are_uniform():
    words = Streams([0]).words((300, 401)).ravel()
    assert words.dtype == np.uint16
    n = len(words)
    for bit in range(16):
        share = ((words >> bit) & 1).mean()
        assert abs(share - 0.5) < 4 * 0.5 / np.sqrt(n)


def test_taken_streams_go_on_where_they_are():
    seeds = [7, 8, 7, 9]
    streams, expected = Streams(seeds), Streams(seeds)
    for each in (streams, expected):
        each.permutation(np.arange(9))
        each.words((3, 3))
    taken = take(streams, np.array([2, 3]))
    assert not taken.shared
    assert_array_equal(draws(taken), draws(expected)[[2, 3]])
    assert take(streams, np.array([0, 2])).shared
