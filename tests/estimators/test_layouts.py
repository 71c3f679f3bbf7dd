"""However X lies in memory, the fit is the same, and rows are taken from C order."""

import numpy as np
import pytest
from scipy.sparse import csc_array, csc_matrix, csr_array

from sknnreg._checks import check_inputs
from tests.factories import assert_same_bits, classifier, not_converged

pytestmark = not_converged


def layouts(X):
    """The same numbers in all forms that users have."""
    wide = np.repeat(X, 2, axis=1)
    yield "C", np.ascontiguousarray(X)
    yield "F", np.asfortranarray(X)
    yield "every other column", wide[:, ::2]
    yield "upside down", X[::-1].copy()[::-1]
    yield "read-only", read_only(X)
    yield "list", X.tolist()
    yield "big-endian", X.astype(">f8")
    pd = pytest.importorskip("pandas")
    yield "frame", pd.DataFrame(X, columns=list("abcd"))
    columns = {name: X[:, i] for i, name in enumerate("abcd")}
    yield "frame of columns", pd.DataFrame(columns)


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


@pytest.mark.parametrize("early_stopping", [False, True])
def test_layouts_fit_alike(iris, early_stopping):
    X, y = iris
    model = classifier(early_stopping=early_stopping, batch_size=40)
    plain = classifier(early_stopping=early_stopping, batch_size=40).fit(X, y)
    for name, other in layouts(X):
        assert_same_bits(model.fit(other, y), plain)
        assert np.array_equal(model.predict(other), plain.predict(X)), name


@pytest.mark.parametrize("kind", [csr_array, csc_array, csc_matrix])
def test_sparse_layouts_fit_alike(iris, kind):
    X, y = iris
    X = np.where(abs(X) > 0.7, X, 0)
    ours = classifier(batch_size=40).fit(kind(X), y)
    assert_same_bits(ours, classifier(batch_size=40).fit(csr_array(X), y))


def test_rows_are_contiguous(iris):
    """Gathering them from columns would be up to ten times slower."""
    X, _ = iris
    for name, other in layouts(X):
        taken = check_inputs(classifier(), other, np.float64, reset=True)
        assert taken.flags.c_contiguous, name
        assert (taken is other) == (name in ("C", "read-only")), name


def test_the_users_array_stays(iris):
    X, y = iris
    X = np.asfortranarray(X)
    before = X.copy()
    classifier(input_noise=0.1, input_dropout=0.1).fit(X, y)
    assert np.array_equal(X, before) and X.flags.f_contiguous
