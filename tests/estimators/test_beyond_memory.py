"""A file that is mapped, and not read, stays out of memory."""

import tracemalloc

import numpy as np
import pytest

from tests.factories import assert_same_bits, classifier, not_converged

pytestmark = not_converged
SHAPE = (80000, 64)


@pytest.fixture(scope="module")
def mapped(tmp_path_factory):
    """20 MB in which one column is much larger than the others."""
    X = np.random.default_rng(0).standard_normal(SHAPE, np.float32)
    X[:, 3] *= 1e4
    path = tmp_path_factory.mktemp("mapped") / "X.bin"
    X.tofile(path)
    return np.memmap(path, np.float32, "r", shape=SHAPE), X[:, 0] > 0


@pytest.fixture(autouse=True)
def memory():
    """What the arrays made meanwhile have taken at most, as a share of the file."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1] / (4 * np.prod(SHAPE))
    tracemalloc.stop()


@pytest.mark.filterwarnings("ignore:The columns of X have very different ranges")
@pytest.mark.parametrize("early_stopping", [False, True])
def test_fit_takes_a_small_part_of_it(mapped, memory, early_stopping):
    model = classifier(
        early_stopping=early_stopping,
        validation_fraction=0.5,
        batch_size=1000,
        max_iter=1,
    )
    model.fit(*mapped)
    assert memory() < 0.45


def test_partial_fit_and_predict_take_a_small_part_of_it(mapped, memory):
    X, y = mapped
    model = classifier(batch_size=1000)
    for start in range(0, len(X), 8000):
        part = slice(start, start + 8000)
        model.partial_fit(X[part], y[part], classes=[False, True])
    model.predict_proba(X)
    assert memory() < 0.3


@pytest.mark.filterwarnings("ignore:The columns of X have very different ranges")
def test_a_map_is_an_array_like_others(mapped):
    X, y = mapped
    X, y = X[:5000], y[:5000]
    one, other = (classifier(early_stopping=True, max_iter=1) for _ in range(2))
    assert_same_bits(one.fit(X, y), other.fit(np.array(X), y))
