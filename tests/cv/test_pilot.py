"""What a first timing decides."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from sknnreg import MLPClassifierScratch, config_context, get_config
from sknnreg._cv import _pilot
from sknnreg._cv._pilot import Pilot
from sknnreg._cv._space import portfolio
from sknnreg._cv._work import Job


def a_pilot(n_rows=64, way="standard", container=np.asarray):
    X = np.random.default_rng(0).normal(size=(n_rows, 3))
    y = (X[:, 0] > 0).astype(int)
    preprocessing = {"dtype": np.float32}
    network = {"batch_size": 32}
    kind, X = MLPClassifierScratch, container(X)
    job = Job(kind, X, y, None, None, preprocessing, network, 0, get_config())
    (candidate,) = portfolio(1, (way,))
    return Pilot(job, candidate, np.arange(n_rows))


class TestBackend:
    @pytest.fixture(autouse=True)
    def numba_is_there(self, monkeypatch):
        monkeypatch.setattr("sknnreg._backend.find_spec", lambda name: "a module")

    @pytest.mark.parametrize(
        ("n_epochs", "max_time", "expected"),
        [
            (10, np.inf, "numpy"),
            (10**6, np.inf, "fast"),
            (10**6, 60.0, "fast"),
            (10**6, 59.0, "numpy"),
            (10, 1e9, "numpy"),
        ],
    )
    def test_a_long_search_compiles(self, n_epochs, max_time, expected):
        with config_context(backend="auto"):
            assert a_pilot().backend(n_epochs, max_time) == expected

    def test_a_larger_table_takes_longer(self, monkeypatch):
        """Also where only a part of its rows is timed."""
        monkeypatch.setattr(_pilot, "PILOT_ROWS", 64)
        found = []
        with config_context(backend="auto"):
            for n_rows in (64, 640, 6400):
                found.append(a_pilot(n_rows).backend(5000, np.inf))
        assert found == ["numpy", "numpy", "fast"]

    def test_sparse_data_have_no_compiled_form(self):
        with config_context(backend="auto"):
            pilot = a_pilot(way="none", container=csr_array)
            assert pilot.backend(10**9, np.inf) == "numpy"

    def test_what_the_user_asks_for_holds(self):
        with config_context(backend="numpy"):
            assert a_pilot().backend(10**9, np.inf) == "numpy"

    def test_without_numba(self, monkeypatch):
        monkeypatch.setattr("sknnreg._backend.find_spec", lambda name: None)
        with config_context(backend="auto"):
            assert a_pilot().backend(10**9, np.inf) == "numpy"
