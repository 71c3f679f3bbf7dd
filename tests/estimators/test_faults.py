"""What fails inside a fit loses nothing: the old model, BLAS threads, the next fit."""

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
from concurrent.futures.process import BrokenProcessPool
from importlib.util import find_spec
from pathlib import Path
from shutil import which

import numpy as np
import pytest
from sklearn.base import clone
from threadpoolctl import threadpool_info, threadpool_limits

from sknnreg import MLPClassifierScratchCV
from sknnreg.callbacks import Checkpoint, Logger
from sknnreg.model_selection import FusedGridSearchCV, FusedHalvingSearchCV
from tests.factories import (
    assert_same_bits,
    classifier,
    needs_callbacks,
    not_converged,
)

pytestmark = not_converged


class Broken(Exception):
    """None of those that anything in between could catch."""


class BreaksAt:
    """A callable of any kind that raises at one of its calls, counted from 1."""

    def __init__(self, number, answer):
        self.number, self.answer, self.calls = number, answer, 0

    def __call__(self, *arguments, **keywords):
        self.calls += 1
        if self.calls == self.number:
            raise Broken
        return self.answer(*arguments, **keywords)

    def __deepcopy__(self, memo):
        return self


def blas_threads():
    return [x["num_threads"] for x in threadpool_info() if x["user_api"] == "blas"]


def parameters(name):
    """Hyperparameters of which one raises in the middle."""
    return {
        "init": {"init": BreaksAt(2, lambda rng, shape: np.zeros(shape))},
        "bias_init": {"bias_init": BreaksAt(2, lambda rng, shape: np.zeros(shape))},
        "learning_rate": {"learning_rate": BreaksAt(7, lambda step: 0.001)},
        "scoring": {
            "early_stopping": True,
            "scoring": BreaksAt(3, lambda estimator, X, y: 0.5),
        },
    }[name]


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("name", ["init", "bias_init", "learning_rate", "scoring"])
def test_a_callable_that_raises_loses_nothing(iris, name, solver):
    if (name, solver) == ("learning_rate", "lbfgs"):
        pytest.skip("lbfgs has no rate")
    model = classifier(solver=solver, batch_size=50).fit(*iris)
    kept, usual = (classifier(solver=solver, batch_size=50).fit(*iris) for _ in "ab")
    params = model.get_params()
    with threadpool_limits(2, "blas"):
        before = blas_threads()
        with pytest.raises(Broken):
            model.set_params(**parameters(name)).fit(*iris)
        assert blas_threads() == before
    assert_same_bits(model, kept)
    assert_same_bits(model.set_params(**params).fit(*iris), usual)


@needs_callbacks
def test_a_callback_that_raises_loses_nothing(iris):
    model, kept = classifier().fit(*iris), classifier().fit(*iris)
    with pytest.raises(Broken):
        model.set_callbacks(Logger(BreaksAt(3, lambda row: None))).fit(*iris)
    assert_same_bits(model, kept)
    assert_same_bits(model.set_callbacks().fit(*iris), kept)


@needs_callbacks
def test_a_full_disk_leaves_the_last_whole_checkpoint(iris, tmp_path, monkeypatch):
    """Nothing is left of what was cut off, and the old file goes on."""
    path, whole = tmp_path / "fit", Path.write_bytes
    settings = {"batch_size": 50, "max_iter": 6}
    model = classifier(**settings).fit(*iris)
    old, calls = classifier(**settings).fit(*iris), []

    def write(self, content):
        calls.append(self)
        if len(calls) < 4:
            return whole(self, content)
        whole(self, content[:100])
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", write)
        with pytest.raises(OSError, match="No space left"):
            model.set_callbacks(Checkpoint(path, every=1)).fit(*iris)
    assert os.listdir(tmp_path) == ["fit"]
    assert_same_bits(model, old)
    assert len(Checkpoint(path).load().history_["loss"]) == 3
    assert_same_bits(model.fit(*iris), old)  # from there, to the last bit


def test_a_full_disk_while_pickling_leaves_the_model(iris):
    class Full:
        def write(self, content):
            raise OSError(28, os.strerror(28))

    model = classifier().fit(*iris)
    with pytest.raises(OSError, match="No space left"):
        pickle.dump(model, Full())
    assert_same_bits(pickle.loads(pickle.dumps(model)), classifier().fit(*iris))


LITTLE_MEMORY = """
import resource, sys, warnings
import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits
from tests.factories import assert_same_bits, classifier
warnings.simplefilter("ignore")
X = np.random.default_rng(0).standard_normal((60, 4))
y = np.arange(60) % 3
model, kept = classifier().fit(X, y), classifier().fit(X, y)
def blas():
    return [x["num_threads"] for x in threadpool_info() if x["user_api"] == "blas"]
with threadpool_limits(2, "blas"):
    before = blas()
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**26, resource.RLIM_INFINITY))
    for width in (3000, 1200):
        try:
            model.set_params(hidden_layer_sizes=(width, width)).fit(X, y)
        except MemoryError:
            print("MemoryError")
    assert blas() == before
assert_same_bits(model, kept)
assert_same_bits(model.set_params(hidden_layer_sizes=(12,)).fit(X, y), kept)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit of memory")
def test_too_little_memory_loses_nothing():
    done = subprocess.run(
        [sys.executable, "-c", LITTLE_MEMORY],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["MemoryError"] * 2


def killed_in_a_worker():
    """As if for want of memory; the process that the tests run in goes on."""
    if multiprocessing.current_process().name != "MainProcess":
        os.kill(os.getpid(), signal.SIGKILL)


def rate(step):
    if step == 1:
        killed_in_a_worker()
    return 0.001


class Rows(np.ndarray):
    """Rows that end the worker that takes some of them."""

    def __getitem__(self, key):
        killed_in_a_worker()
        return super().__getitem__(key)


def a_search(kind, **params):
    return kind(classifier(batch_size=50), {"alpha": [1e-4, 1e-2, 1]}, cv=2, **params)


IN_WORKERS = {
    "grid": lambda: a_search(FusedGridSearchCV),
    "halving": lambda: a_search(FusedHalvingSearchCV, min_resources=1),
    "ensemble": lambda: MLPClassifierScratchCV(
        max_time=None, n_candidates=2, max_iter=2, cv=2, random_state=0
    ),
}


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL")
@pytest.mark.skipif(
    not (find_spec("psutil") or which("pgrep")),
    reason="joblib ends the other workers by psutil or pgrep",
)
@pytest.mark.parametrize("name", IN_WORKERS)
def test_a_killed_worker_loses_nothing(iris, name):
    """It is said, by joblib's error; the old state stays, and the next fit is right."""
    (X, y), model = iris, IN_WORKERS[name]()
    deadly, harmless = {}, {}
    if name != "ensemble":
        deadly = {"estimator__learning_rate": rate}
        harmless = {"estimator__learning_rate": "constant"}
    model.fit(X, y).set_params(n_jobs=2)
    probabilities, state = model.predict_proba(X), dict(vars(model))
    with threadpool_limits(2, "blas"):
        before = blas_threads()
        with pytest.raises(BrokenProcessPool, match="terminated"):
            model.set_params(**deadly).fit(X if deadly else X.view(Rows), y)
        assert blas_threads() == before
    assert vars(model) == state
    np.testing.assert_array_equal(model.predict_proba(X), probabilities)
    again = clone(model.set_params(**harmless)).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), probabilities)
