"""Dropout: the distribution of its masks, and that both passes use the same one."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from sknnreg.engine.batches import SparseStack
from sknnreg.engine.layers import Dropout
from tests.engine import factories

RATES = [0.05, 0.2, 0.5, 0.9]


def context(layer, rows, n, seeds=(0,), dtype=float):
    """What the layer works on; its scratch is for ``n`` columns."""
    return factories.context(layer, n, rows, seeds=seeds, dtype=dtype)


@pytest.mark.parametrize("rate", RATES)
def test_share_of_kept_units(rate):
    layer = Dropout(rate)
    rows, n = 400, 500
    y = layer.forward(np.ones((1, rows, n)), context(layer, rows, n))
    error = math.sqrt(rate * (1 - rate) / (rows * n))
    assert abs((y > 0).mean() - (1 - rate)) < 4 * error
    # each unit and each row alike
    for axis, count in ((1, rows), (2, n)):
        share = (y > 0).mean(axis=axis)
        spread = math.sqrt(rate * (1 - rate) / count)
        assert_allclose(share.std(), spread, rtol=0.2)


@pytest.mark.parametrize("rate", RATES)
def test_mean_over_masks_is_the_input(rate):
    layer = Dropout(rate)
    n_masks, x = 20000, np.array([-2.0, 0.5, 3.0])
    y = layer.forward(np.tile(x, (1, n_masks, 1)), context(layer, n_masks, 3))
    error = np.abs(x) * math.sqrt(rate / (1 - rate) / n_masks)
    assert (np.abs(y[0].mean(axis=0) - x) < 4 * error).all()


@pytest.mark.parametrize("rate", [0.1, 1 / 3, 0.7, 0.99999])
def test_survivors_are_divided_by_the_realized_probability(rate):
    """All 2¹⁶ words once: the mean of the mask is exactly 1."""
    layer = Dropout(rate)
    c = context(layer, 1, 2**16)
    c.streams.words = lambda shape: np.arange(2**16, dtype=np.uint16)[None, None]
    mask = layer.mask((1, 2**16), c)
    kept = max(1, round((1 - rate) * 2**16))
    assert np.count_nonzero(mask) == kept
    assert_array_equal(np.unique(mask), [0, 2**16 / kept])
    assert_allclose(mask.mean(), 1, rtol=1e-15)


def test_masks_are_new_each_time_and_independent_of_each_other():
    layer = Dropout(0.5)
    c = context(layer, 200, 50)
    first, second = (layer.mask((200, 50), c) > 0 for _ in range(2))
    agree = (first == second).mean()
    assert abs(agree - 0.5) < 4 * 0.5 / math.sqrt(first.size)


def test_backward_uses_the_very_same_mask():
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(2, 1, 7, 5))
    layer = Dropout(0.4)
    c = context(layer, 7, 5)
    y = layer.forward(x, c)
    mask = y / x
    assert_allclose(np.unique(mask.round(12)), [0, 1 / 0.6], rtol=1e-4)
    assert_allclose(layer.backward(dy.copy(), c, True), mask * dy, rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_stays(dtype):
    layer = Dropout(np.array([[0.4], [0.5]]))
    c = context(layer, 7, 5, (0, 1), dtype=dtype)
    assert layer.forward(np.ones((2, 7, 5), dtype), c).dtype == dtype
    assert layer.mask((7, 5), c).dtype == dtype


def test_identity_at_inference():
    layer = Dropout(0.9)
    x = np.ones((1, 7, 5))
    sparse = csr_array(x[0])
    c = context(layer, 7, 5, seeds=None)
    assert layer.forward(x, c) is x
    assert layer.forward(sparse, c) is sparse


def test_rate_zero_keeps_all():
    layer = Dropout(0.0)
    x = np.random.default_rng(0).normal(size=(1, 300, 400))
    assert_array_equal(layer.forward(x, context(layer, 300, 400)), x)


def test_rates_of_a_stack_with_equal_seeds_are_nested():
    """The same words: what a high rate keeps, a lower one keeps as well."""
    rates = np.array([[0.7], [0.4], [0.0]])
    layer = Dropout(rates)
    x = np.ones((1, 100, 80))
    y = layer.forward(x, context(layer, 100, 80, (5, 5, 5)))
    kept = y > 0
    assert (kept[0] <= kept[1]).all()
    assert (kept[1] < kept[2]).any()
    assert kept[2].all()
    for k, rate in enumerate(rates.ravel()):
        alone = Dropout(rate)
        assert_array_equal(y[k], alone.forward(x, context(alone, 100, 80, (5,)))[0])


def test_models_with_other_seeds_have_other_masks():
    layer = Dropout(0.5)
    x = np.ones((1, 100, 80))
    y = layer.forward(x, context(layer, 100, 80, (5, 6, 5)))
    assert_array_equal(y[0], y[2])
    agree = ((y[0] > 0) == (y[1] > 0)).mean()
    assert abs(agree - 0.5) < 4 * 0.5 / math.sqrt(x.size)


def sparse_rows(rows=60, n=50, seed=0):
    rng = np.random.default_rng(seed)
    dense = rng.normal(size=(rows, n)) * (rng.random((rows, n)) < 0.3)
    dense[0] = 0
    return csr_array(dense)


@pytest.mark.parametrize("seeds", [(1,), (1, 1), (1, 2)])
def test_sparse_input(seeds):
    """Stored numbers are dropped or scaled; zeros, and where they are, stay."""
    x = sparse_rows()
    before = x.copy()
    layer = Dropout(0.4)
    outputs = layer.forward(x, context(layer, *x.shape, seeds))
    assert len(outputs) == len(seeds)
    scale = layer.scale.item()
    for y in outputs:
        assert_array_equal(y.indptr, x.indptr)
        assert_array_equal(y.indices, x.indices)
        # as in a dense input: each number is zero or its own multiple
        ratio = y.toarray()[x.toarray() != 0] / x.data
        assert set(np.unique(ratio.round(12))) == {0, round(scale, 12)}
        share = (ratio > 0).mean()
        assert abs(share - 0.6) < 4 * math.sqrt(0.24 / x.nnz)
    same = len(set(seeds)) == 1
    assert np.array_equal(outputs[0].data, outputs[-1].data) == same
    assert (x != before).nnz == 0, "the input must not change"


def test_sparse_rates_a_model():
    x = sparse_rows()
    rates = np.array([[0.7], [0.0]])
    layer = Dropout(rates)
    high, none = layer.forward(x, context(layer, *x.shape, (1, 1)))
    assert_array_equal(none.data, x.data)
    alone = Dropout(0.7)
    expected = alone.forward(x, context(alone, *x.shape, (1,)))[0]
    assert_array_equal(high.data, expected.data)


def test_sparse_matrix_a_model():
    """Models that shuffle in their own way have sparse rows of their own."""
    parts = SparseStack([sparse_rows(seed=0), sparse_rows(seed=1)])
    layer = Dropout(np.array([[0.4], [0.7]]))
    outputs = layer.forward(parts, context(layer, 60, 50, (1, 2)))
    for k, (rate, seed) in enumerate([(0.4, 1), (0.7, 2)]):
        alone = Dropout(rate)
        expected = alone.forward(parts[k], context(alone, 60, 50, (seed,)))[0]
        assert_array_equal(outputs[k].toarray(), expected.toarray())


def test_sparse_input_without_stored_numbers():
    x = csr_array((6, 5))
    layer = Dropout(0.4)
    assert layer.forward(x, context(layer, 6, 5))[0].nnz == 0


def test_without_random_numbers_both_passes_are_the_identity():
    layer = Dropout(0.5)
    c = context(layer, 20, 3)
    layer.forward(np.ones((1, 20, 3)), c)  # leaves a mask
    c.streams = None
    x, dy = np.ones((1, 20, 3)), np.full((1, 20, 3), 2.0)
    assert_array_equal(layer.forward(x, c), x)
    assert_array_equal(layer.backward(dy, c, True), np.full((1, 20, 3), 2.0))
