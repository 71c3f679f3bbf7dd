"""The rows of each step."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from sknnreg.engine.streams import Streams
from tests.engine.factories import N, make_batches


def numbered(n=N):
    """Rows that say their number in X, y and the weight."""
    number = np.arange(n, dtype=float)
    return number[:, None] * [1, 10], number[:, None] * 100, number[None] + 0.5


def epochs(batches, n):
    """Row numbers of n epochs, (n, 1 or K, rows), checked against y and weight."""
    orders, sizes = [], []
    for _ in range(n):
        parts = []
        for x, y, weight, size in batches.epoch():
            x = np.stack([part.toarray() for part in x]) if isinstance(x, list) else x
            x = x.toarray()[None] if not isinstance(x, np.ndarray) else x
            parts.append(x[..., 0].copy())
            assert_array_equal(x[..., 1], 10 * x[..., 0])
            assert_array_equal(y[..., 0], 100 * x[..., 0])
            if weight is None:
                assert size == x.shape[1]
            else:
                assert_array_equal(weight, x[..., 0] + 0.5)
                assert_allclose(size, weight.sum(axis=-1))
            sizes.append(x.shape[1])
        orders.append(np.concatenate(parts, axis=-1))
    return np.array(orders), sizes


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seeds", [None, (1,), (1, 1), (1, 2)])
@pytest.mark.parametrize("subset", [False, True])
def test_each_epoch_visits_each_row_once(seeds, weighted, sparse, subset):
    X, y, weight = numbered()
    X = csr_array(X) if sparse else X
    rows = np.arange(3, N, 2) if subset else None
    batches = make_batches(
        X,
        y,
        weight if weighted else None,
        rows=rows,
        batch_size=10,
        streams=Streams(seeds) if seeds else None,
    )
    visited = np.arange(N) if rows is None else rows
    orders, sizes = epochs(batches, 3)
    n = len(visited)
    assert sizes == 3 * [*[10] * (n // 10), n % 10]
    assert len(batches) == len(sizes) / 3
    expected = weight[:, visited].sum(axis=-1) if weighted else n
    assert_allclose(batches.total, expected)
    assert orders.shape[1] == (2 if seeds == (1, 2) else 1)
    assert_array_equal(np.sort(orders), np.broadcast_to(visited, orders.shape))
    if seeds is None:
        assert_array_equal(orders[:, 0], [visited] * 3)
    else:
        assert (orders[0] != orders[1]).any()
        assert (orders[1] != orders[2]).any()
    if seeds == (1, 2):
        assert (orders[:, 0] != orders[:, 1]).any()
        second = make_batches(X, y, rows=rows, batch_size=10, streams=Streams([2]))
        alone, _ = epochs(second, 3)
        assert_array_equal(orders[:, 1], alone[:, 0])


def test_batches_without_shuffling_are_views():
    X, y, _ = numbered()
    for batch_size in (10, N):
        batches = make_batches(X, y, batch_size=batch_size)
        for batch in batches.epoch():
            assert np.shares_memory(batch.x, X)
            assert np.shares_memory(batch.y, y)


def test_whole_data_in_one_batch_is_not_copied_either():
    """The order within a batch does not matter, so shuffling is no reason to copy."""
    X, y, _ = numbered()
    batches = make_batches(X, y, batch_size=N, streams=Streams([0]))
    (batch,) = batches.epoch()
    assert np.shares_memory(batch.x, X)
    assert_array_equal(batch.x[0], X)


def test_shuffled_batches_share_one_scratch():
    X, y, _ = numbered()
    batches = make_batches(X, y, batch_size=10, streams=Streams([0]))
    parts = [batch.x for _ in range(2) for batch in batches.epoch()]
    assert len({id(x.base) for x in parts}) == 1
    assert not np.shares_memory(parts[0].base, X)


def test_weights_a_model():
    X, y, weight = numbered()
    weight = np.concatenate([weight, 2 * weight])
    batches = make_batches(X, y, weight, batch_size=10, streams=Streams([1, 2]))
    for batch in batches.epoch():
        assert_array_equal(batch.weight[0], batch.x[0, :, 0] + 0.5)
        assert_array_equal(batch.weight[1], 2 * (batch.x[1, :, 0] + 0.5))
        assert_array_equal(batch.size, batch.weight.sum(axis=1))
    assert_array_equal(batches.total, weight.sum(axis=1))


def test_sparse_batches_have_the_dtype_asked_for():
    X, y, _ = numbered()
    batches = make_batches(csr_array(X), y, batch_size=10, dtype=np.float32)
    assert all(batch.x.dtype == np.float32 for batch in batches.epoch())


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("seeds", [None, (1, 1, 1), (1, 2, 3)])
@pytest.mark.parametrize("size", [4, N])
def test_each_model_visits_rows_of_its_own_as_if_it_were_alone(seeds, size, sparse):
    X, y, weight = numbered()
    X = csr_array(X) if sparse else X
    rows = np.array([[0, 2, 4, 6, 8], [9, 8, 7, 6, 5], [3, 3, 1, 1, 0]])
    size = min(size, rows.shape[1])
    together = make_batches(
        X, y, weight, rows=rows, batch_size=size, streams=seeds and Streams(seeds)
    )
    assert_allclose(together.total, (rows + 0.5).sum(axis=1))
    found, _ = epochs(together, 2)
    for k, own in enumerate(rows):
        own_stream = None if seeds is None else Streams(seeds[k : k + 1])
        alone = make_batches(
            X, y, weight, rows=own, batch_size=size, streams=own_stream
        )
        assert_array_equal(found[:, k], epochs(alone, 2)[0][:, 0])
