"""Searches on a Dask cluster give what they give in one process; a worker may die."""

import os
import runpy
import signal
from functools import partial
from pathlib import Path

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sknnreg import MLPClassifierScratch, MLPClassifierScratchCV
from sknnreg.model_selection import (
    FusedGridSearchCV,
    FusedHalvingSearchCV,
    FusedRandomizedSearchCV,
)
from tests import factories
from tests.factories import assert_same_bits

distributed = pytest.importorskip("distributed")

# Dask warns of its own: of ports in use, of large arguments
pytestmark = pytest.mark.filterwarnings(
    "default", "ignore::sklearn.exceptions.ConvergenceWarning"
)

RECIPE = Path(__file__).parents[2] / "docs" / "recipes" / "dask_streaming.py"
classifier = partial(factories.classifier, max_iter=4, batch_size=50)
GRID = {"alpha": [1e-4, 1e-2], "hidden_layer_sizes": [(8,), (6, 4)]}
SEARCHES = {
    "grid": partial(FusedGridSearchCV, param_grid=GRID),
    "randomized": partial(
        FusedRandomizedSearchCV, param_distributions=GRID, n_iter=3, random_state=0
    ),
    "halving": partial(FusedHalvingSearchCV, param_grid=GRID, min_resources=2),
    "scikit-learn": partial(GridSearchCV, param_grid=GRID),
}


@pytest.fixture(scope="module")
def cluster():
    """Two worker processes, to which joblib sends what is inside ``on_dask``."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def on_dask():
    return joblib.parallel_config(backend="dask")


class DiesOnce(MLPClassifierScratch):
    """Whose first prediction in a worker takes its process with it."""

    def __init__(self, note=None, home=None, alpha=1e-4, max_iter=4):
        super().__init__((8,), alpha=alpha, max_iter=max_iter, random_state=0)
        self.note, self.home = note, home

    def predict(self, X):
        if os.getpid() == self.home:
            return super().predict(X)
        try:
            os.close(os.open(self.note, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return super().predict(X)
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_on_a_cluster_gives_the_same(iris, cluster, name):
    search = SEARCHES[name]
    serial = search(classifier(), cv=3).fit(*iris)
    with on_dask():
        spread = search(classifier(), cv=3).fit(*iris)
    assert_same_search(spread, serial)
    assert_array_equal(spread.predict(iris[0]), serial.predict(iris[0]))


def assert_same_search(one, other):
    assert one.best_params_ == other.best_params_
    assert one.cv_results_["params"] == other.cv_results_["params"]
    for key, column in other.cv_results_.items():
        if key.endswith("test_score"):
            assert_allclose(one.cv_results_[key], column, rtol=1e-9)


def test_the_ensemble_for_tables_on_a_cluster(iris, cluster):
    model = MLPClassifierScratchCV(
        max_time=None, n_candidates=2, max_iter=2, cv=2, random_state=0
    )
    serial = clone(model).fit(*iris)
    with on_dask():
        spread = model.fit(*iris)
    assert_allclose(spread.predict_proba(iris[0]), serial.predict_proba(iris[0]))


@pytest.mark.parametrize("search", [FusedGridSearchCV, GridSearchCV])
def test_a_killed_worker_ends_no_search(iris, cluster, search, tmp_path):
    """What it had begun is done again, by another."""
    note = tmp_path / "died"
    model = DiesOnce(str(note), os.getpid())
    search = search(model, {"alpha": [1e-4, 1e-2]}, cv=2)
    cluster.wait_for_workers(2)  # else joblib works without them
    with on_dask():
        spread = clone(search).fit(*iris)
    assert note.exists()
    assert_same_search(spread, search.fit(*iris))


def test_partitions_are_streamed(cluster):
    """The recipe of the guide."""
    pytest.importorskip("dask.dataframe")
    made = runpy.run_path(str(RECIPE))
    X, model = made["X"].compute(), made["model"]
    assert model.score(X, made["y"].compute()) > 0.85
    assert_array_equal(made["answer"].compute(), model.predict(X))
    by_hand = MLPClassifierScratch((32,), learning_rate_init=0.01, random_state=0)
    for part in np.split(X, 4):
        by_hand.partial_fit(part, part[:, 0] * part[:, 1] > 0, classes=[False, True])
    assert_same_bits(by_hand, made["by_name"])
    assert list(made["by_name"].feature_names_in_) == list("abcd")
