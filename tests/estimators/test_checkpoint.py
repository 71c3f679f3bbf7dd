"""A fit that was broken off goes on from its checkpoint, to the last bit."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import joblib
import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg.callbacks import Checkpoint, Logger, TimeLimit
from tests.factories import (
    assert_same_bits,
    assert_same_fit,
    classifier,
    needs_callbacks,
    not_converged,
    regressor,
)

pytestmark = [not_converged, needs_callbacks]

SETTINGS = {
    "adam": {},
    "momentum": {"solver": "sgd", "momentum": 0.9, "learning_rate_init": 0.01},
    "cosine": {"learning_rate": "cosine", "solver": "adamw", "alpha": 0.1},
    "adaptive": {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "tol": 0.05,
        "n_iter_no_change": 2,
    },
    "early stopping": {"early_stopping": True, "learning_rate_init": 0.05},
    "a scorer": {
        "early_stopping": True,
        "scoring": "accuracy",
        "n_iter_no_change": 15,
    },
    "batch norm": {"normalization": "batch", "batch_size": 32},
    "dropout": {"dropout": 0.3, "input_dropout": 0.1, "input_noise": 0.1},
    "all": {
        "solver": "rmsprop",
        "penalty": "elasticnet",
        "early_stopping": True,
        "normalization": "batch",
        "dropout": 0.3,
        "residual": True,
        "learning_rate": "onecycle",
        "hidden_layer_sizes": (6, 6),
        "dtype": "float32",
    },
}


class Crash(Exception):
    """Stands for whatever ends a process."""


def crash_after(n_epochs):
    def function(row):
        if row["epoch"] == n_epochs:
            raise Crash

    return Logger(function)


def broken_off(model, path, X, y, n_epochs=13, every=5, **arguments):
    """Fit until a crash."""
    broken = clone(model).set_callbacks(Checkpoint(path, every), crash_after(n_epochs))
    with pytest.raises(Crash):
        broken.fit(X, y, **arguments)
    assert os.path.exists(path)


def gone_on_with(model, path, X, y, **arguments):
    """The fit in what might be another process; and the epochs that it trained."""
    rows = []
    again = clone(model).set_callbacks(Checkpoint(path), Logger(rows.append))
    again.fit(X, y, **arguments)
    return again, [row["epoch"] for row in rows]


@pytest.mark.parametrize("name", SETTINGS)
def test_resumes_to_the_last_bit(iris, tmp_path, name):
    X, y = iris
    model = classifier(max_iter=20).set_params(**SETTINGS[name])
    whole = clone(model).fit(X, y)
    broken_off(model, tmp_path / "fit", X, y)
    resumed, trained = gone_on_with(model, tmp_path / "fit", X, y)
    assert trained == list(range(11, whole.n_iter_ + 1))
    assert_same_bits(resumed, whole)
    assert_same_fit(resumed, whole, X, rtol=0)
    assert not os.path.exists(tmp_path / "fit")  # it has come to its end


@pytest.mark.parametrize("kind", ["sparse", "weights", "given", "two outputs"])
def test_resumes_on_any_data(diabetes, tmp_path, kind):
    X, y = diabetes
    arguments = {}
    if kind == "sparse":
        X = csr_array(X)
    elif kind == "weights":
        arguments["sample_weight"] = np.arange(len(y)) % 3
    elif kind == "given":
        X, y, X_val, y_val = X[::2], y[::2], X[1::2], y[1::2]
        arguments |= {"X_val": X_val, "y_val": y_val}
    else:
        y = np.stack([y, y**2], axis=1)
    model = regressor(max_iter=20, early_stopping=True)
    whole = clone(model).fit(X, y, **arguments)
    broken_off(model, tmp_path / "fit", X, y, **arguments)
    resumed, trained = gone_on_with(model, tmp_path / "fit", X, y, **arguments)
    assert trained[0] == 11
    assert_same_bits(resumed, whole)


def test_without_a_seed_it_goes_on_with_the_one_it_had(iris, tmp_path):
    X, y = iris
    model = classifier(random_state=None, max_iter=20)
    path = tmp_path / "fit"
    broken_off(model, path, X, y)
    first = Checkpoint(path).load()
    resumed, _ = gone_on_with(model, path, X, y)
    assert resumed.loss_curve_[:10] == first.loss_curve_


def test_a_warm_start_resumes(iris, tmp_path):
    X, y = iris
    model = classifier(warm_start=True, max_iter=12, early_stopping=True).fit(X, y)
    twin = joblib.loads(joblib.dumps(model)) if hasattr(joblib, "loads") else None
    twin = twin or _copied(model, tmp_path)
    whole = _copied(model, tmp_path).fit(X, y)
    path = tmp_path / "fit"
    model.set_callbacks(Checkpoint(path, 5), crash_after(12 + 8))
    with pytest.raises(Crash):
        model.fit(X, y)
    twin.set_callbacks(Checkpoint(path, 5)).fit(X, y)
    assert_same_bits(twin, whole)
    assert_same_fit(twin, whole, X, rtol=0)


def _copied(model, folder):
    joblib.dump(model, folder / "model")
    return joblib.load(folder / "model")


def test_what_a_time_limit_stopped_goes_on(iris, tmp_path):
    X, y = iris
    model = classifier(max_iter=5)
    path = tmp_path / "fit"
    whole = clone(model).fit(X, y)
    limited = clone(model).set_callbacks(Checkpoint(path, 100), TimeLimit(0))
    for n_epochs in range(1, 5):
        assert limited.fit(X, y).n_iter_ == n_epochs
        assert os.path.exists(path)
    assert_same_bits(gone_on_with(model, path, X, y)[0], whole)


@pytest.mark.parametrize("generator", [False, True])
def test_the_estimator_that_was_stopped_goes_on_itself(iris, tmp_path, generator):
    """Of a warm start as of any other."""
    X, y = iris
    path = tmp_path / "fit"

    def model():
        seed = np.random.RandomState(0) if generator else 0
        return classifier(warm_start=True, max_iter=6, random_state=seed)

    whole = model().fit(X, y)
    stopped = model().set_callbacks(Checkpoint(path, 100), TimeLimit(0))
    stopped.fit(X, y).fit(X, y)
    assert stopped.n_iter_ == 2
    stopped.set_callbacks(Checkpoint(path)).fit(X, y)
    assert stopped.n_iter_ == 6
    assert_same_bits(stopped, whole)


def test_a_stop_at_the_end_leaves_no_file(iris, tmp_path):
    path = tmp_path / "fit"
    last = Logger(lambda row: row["epoch"] == 20)
    classifier(max_iter=20).set_callbacks(Checkpoint(path), last).fit(*iris)
    assert not path.exists()


def test_an_interrupt_keeps_the_file(iris, tmp_path):
    X, y = iris
    path = tmp_path / "fit"

    def interrupt(row):
        if row["epoch"] == 7:
            raise KeyboardInterrupt

    model = classifier(max_iter=20)
    whole = clone(model).fit(X, y)
    kept = clone(model).set_callbacks(Checkpoint(path, 5), Logger(interrupt))
    with pytest.warns(UserWarning, match="interrupted"):
        kept.fit(X, y)
    assert kept.n_iter_ == 7
    resumed, trained = gone_on_with(model, path, X, y)
    assert trained[0] == 6
    assert_same_bits(resumed, whole)


def test_no_epoch_is_saved_twice(iris, tmp_path, monkeypatch):
    """The third one ends the fit, and was saved before."""
    saved, write = [], Path.write_bytes

    def noting(self, content):
        saved.append(self)
        return write(self, content)

    monkeypatch.setattr(Path, "write_bytes", noting)
    callbacks = Checkpoint(tmp_path / "fit", 1), Logger(lambda row: row["epoch"] == 3)
    classifier(max_iter=20).set_callbacks(*callbacks).fit(*iris)
    assert len(saved) == 3
    assert os.listdir(tmp_path) == ["fit"]


def test_load_gives_the_estimator_so_far(iris, tmp_path):
    X, y = iris
    path = tmp_path / "fit"
    checkpoint = Checkpoint(path, 5)
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        checkpoint.load()
    broken_off(classifier(max_iter=20), path, X, y)
    so_far = checkpoint.load()
    assert_same_fit(so_far, classifier(max_iter=10).fit(X, y), X, rtol=0)
    so_far.set_params(warm_start=True, max_iter=10).set_callbacks().fit(X, y)
    assert_same_bits(so_far, classifier(max_iter=20).fit(X, y))


@pytest.mark.parametrize("what", ["alpha", "X", "y", "sample_weight", "X_val"])
def test_another_fit_is_refused(iris, tmp_path, what):
    X, y = iris
    path = tmp_path / "fit"
    model = classifier(max_iter=20)
    broken_off(model, path, X, y)
    arguments = {}
    if what == "alpha":
        model.set_params(alpha=0.5)
    elif what == "X":
        X = X + 1e-9
    elif what == "y":
        y = y[::-1]
    elif what == "sample_weight":
        arguments["sample_weight"] = np.ones(len(y))
    else:
        arguments |= {"X_val": X, "y_val": y}
    with pytest.raises(ValueError, match=rf"of another fit, with other {what}\."):
        gone_on_with(model, path, X, y, **arguments)
    assert os.path.exists(path)


def test_verbose_may_change(iris, tmp_path, capsys):
    X, y = iris
    model = classifier(max_iter=20)
    broken_off(model, tmp_path / "fit", X, y)
    model.set_params(verbose=1)
    gone_on_with(model, tmp_path / "fit", X, y)
    first, _, *lines = capsys.readouterr().out.splitlines()
    assert first == "Going on after epoch 10 of a checkpoint."
    assert [int(line.split()[0]) for line in lines] == list(range(11, 21))


@pytest.mark.parametrize("schedule", ["constant", "step", "cosine"])
def test_more_epochs_than_were_planned(iris, tmp_path, schedule):
    """As if they had been planned; a schedule that has an end cannot be longer."""
    X, y = iris
    path = tmp_path / "fit"
    params = {"learning_rate": schedule, "n_iter_no_change": 50}
    broken_off(classifier(max_iter=20, **params), path, X, y)
    longer = classifier(max_iter=30, **params)
    if schedule == "cosine":
        with pytest.raises(ValueError, match="with other max_iter"):
            gone_on_with(longer, path, X, y)
    else:
        resumed, _ = gone_on_with(longer, path, X, y)
        assert_same_bits(resumed, clone(longer).fit(X, y))


def test_refusals(iris, tmp_path):
    X, y = iris
    path = tmp_path / "fit"
    model = classifier(solver="lbfgs").set_callbacks(Checkpoint(path))
    with pytest.raises(ValueError, match=r"solver='lbfgs'.*Checkpoint"):
        model.fit(X, y)
    model = classifier().set_callbacks(Checkpoint(path))
    with pytest.raises(ValueError, match=r"partial_fit.*Checkpoint"):
        model.partial_fit(X, y, classes=[0, 1, 2])
    model.set_callbacks(Checkpoint(path), Checkpoint(path))
    with pytest.raises(ValueError, match="one Checkpoint"):
        model.fit(X, y)
    joblib.dump({"not": "ours"}, path)
    with pytest.raises(ValueError, match="holds no checkpoint"):
        classifier().set_callbacks(Checkpoint(path)).fit(X, y)
    path.unlink()
    broken_off(classifier(max_iter=20), path, X, y)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is damaged"):
        Checkpoint(path).load()
    path.unlink()
    for name, function in (
        ("learning_rate", lambda step: 0.1),
        ("init", lambda rng, shape: rng.normal(size=shape)),
    ):
        with pytest.raises(ValueError, match=f"cannot save {name}=.*a module defines"):
            model = classifier(**{name: function}).set_callbacks(Checkpoint(path))
            model.fit(X, y)
    with pytest.raises(ValueError, match="every"):
        Checkpoint(path, every=0)
    with pytest.raises(FileNotFoundError, match=r"no folder .*nowhere"):
        lost = Checkpoint(tmp_path / "nowhere" / "fit")
        classifier().set_callbacks(lost).fit(X, y)


def test_in_a_pipeline(iris, tmp_path):
    X, y = iris
    path = tmp_path / "fit"

    def model(*callbacks):
        network = classifier(max_iter=20).set_callbacks(*callbacks)
        return make_pipeline(StandardScaler(), network)

    whole = model().fit(X, y)
    with pytest.raises(Crash):
        model(Checkpoint(path, 5), crash_after(13)).fit(X, y)
    assert_same_bits(model(Checkpoint(path)).fit(X, y)[-1], whole[-1])


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_a_killed_process(iris, tmp_path):
    """kill -9 at any moment: the file is whole, and the next fit ends the same."""
    X, y = iris
    path = tmp_path / "fit"
    params = {"dropout": 0.2, "early_stopping": True, "max_iter": 400}
    params |= {"n_iter_no_change": 400, "random_state": 0, "hidden_layer_sizes": (9,)}
    joblib.dump((X, y, params), tmp_path / "given")
    code = f"""
        import joblib
        from sknnreg import MLPClassifierScratch
        from sknnreg.callbacks import Checkpoint, Logger
        X, y, params = joblib.load({str(tmp_path / "given")!r})
        said = Logger(lambda row: print(row["epoch"], flush=True))
        model = MLPClassifierScratch(**params)
        model.set_callbacks(Checkpoint({str(path)!r}, every=1), said).fit(X, y)
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if int(line) == 50:
                process.send_signal(signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL
    model = classifier().set_params(**params)
    resumed, trained = gone_on_with(model, path, X, y)
    assert 49 <= trained[0] < 400
    assert_same_bits(resumed, clone(model).fit(X, y))
