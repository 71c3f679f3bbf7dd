"""Models that earlier versions have stored load, answer and go on as they did then."""

import pickle
from pathlib import Path

import pytest
from numpy.testing import assert_allclose

from tests.factories import not_converged
from tests.persistence.factories import KINDS
from tests.persistence.make_models import ROWS, answer

FILES = sorted(Path(__file__).parent.glob("models-*.pickle"))

pytestmark = not_converged


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_stored_models(file):
    stored = pickle.loads(file.read_bytes())
    assert stored
    for kind, then in stored.items():
        X, y = (part[ROWS] for part in KINDS[kind][1]())
        model = pickle.loads(then["model"])
        # other processors sum in another order
        rtol = 1e-4 if model.coefs_[0].dtype == "float32" else 1e-8
        assert_allclose(answer(model, X), then["now"], rtol=rtol)
        later = answer(model.partial_fit(X, y), X)
        assert_allclose(later, then["later"], rtol=100 * rtol, atol=rtol)


def test_there_are_some():
    assert len(FILES) >= 1
    assert all(file.stat().st_size < 50_000 for file in FILES)
