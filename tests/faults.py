"""Interrupts at random moments, by hand: ``python -m tests.faults --number 200``.

Each of several processes fits again and again, with a signal after a random time that
is Ctrl-C to Python. After each: BLAS has its threads back; the model is the old one, to
the last bit, or one of some complete epochs; and the next fit is that of a new process.
"""

import argparse
import contextlib
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import BaggingClassifier
from sklearn.model_selection import cross_val_score
from threadpoolctl import threadpool_info, threadpool_limits

from sknnreg.callbacks import Checkpoint
from sknnreg.model_selection import FusedGridSearchCV, FusedHalvingSearchCV
from tests.factories import arrays, assert_same_bits, classifier, digits

GRID = {"alpha": [1e-4, 1e-2]}
NETWORKS = {
    "adam": {},
    "early stopping": {"early_stopping": True, "averaging": 0.9, "dropout": 0.2},
    "batch": {"normalization": "batch", "penalty": "l1", "clip_norm": 1.0},
    "lbfgs": {"solver": "lbfgs"},
    "warm start": {"warm_start": True},
    "checkpoint": {},
}
AROUND = {
    "search": lambda model, X, y: FusedGridSearchCV(model, GRID, cv=2).fit(X, y),
    "halving": lambda model, X, y: FusedHalvingSearchCV(model, GRID, cv=2).fit(X, y),
    "cross-validation": lambda model, X, y: cross_val_score(model, X, y, cv=2),
    "ensemble": lambda model, X, y: BaggingClassifier(model, 2).fit(X, y),
}


def raise_interrupt(number, frame):
    raise KeyboardInterrupt


def blas():
    return [x["num_threads"] for x in threadpool_info() if x["user_api"] == "blas"]


def interrupted(work, seconds):
    """Whether the interrupt came through, or was too late or caught: what it gave."""
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            work()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        return True
    return False


def equal(some, others):
    return all(np.array_equal(a, b) for a, b in zip(some, others, strict=True))


def make(name, folder):
    model = classifier(max_iter=8, batch_size=50, **NETWORKS.get(name, {}))
    if name == "checkpoint":
        model.set_callbacks(Checkpoint(Path(folder) / "fit", every=1))
    return model


def check(name, model, reference, X, y, usual, rng, folder):
    """One interrupt and what it leaves; says what it did."""
    make_it = AROUND.get(name)
    old, n_before = [a.copy() for a in arrays(model)], len(model.history_["loss"])
    work = (lambda: make_it(model, X, y)) if make_it else (lambda: model.fit(X, y))
    raised = interrupted(work, rng.uniform(1e-4, 1.2 * usual))
    assert blas() == [2] * len(blas()), "BLAS threads"
    n, same = len(model.history_["loss"]), equal(arrays(model), old)
    if make_it:
        assert same, "a clone was to be fitted"
    elif raised and not same:
        # the signal came after the last line of fit: the new model is a complete one
        if model.warm_start:
            assert n == n_before + model.max_iter, "neither old nor complete"
        else:
            assert equal(arrays(model), arrays(reference)), "neither old nor complete"
    assert n == model.n_iter_ >= 1 or name == "warm start", "history"
    assert all(np.isfinite(a).all() for a in arrays(model)), "finite"
    assert np.isfinite(model.predict_proba(X)).all()
    with contextlib.suppress(FileNotFoundError):
        (Path(folder) / "fit").unlink()
    return "raised" if raised else "kept"


def process(name, number, seed):
    """Interrupts of one kind of fit, in this process."""
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, raise_interrupt)
    rng = np.random.default_rng(seed)
    X, y = digits(200)
    with threadpool_limits(2, "blas"), tempfile.TemporaryDirectory() as folder:
        model = make(name, folder).fit(X, y)
        reference = clone(model).fit(X, y)
        work = AROUND.get(name, lambda model, X, y: model.fit(X, y))
        begin = time.perf_counter()
        work(clone(model), X, y)
        usual, said = time.perf_counter() - begin, {"raised": 0, "kept": 0}
        for _ in range(number):
            said[check(name, model, reference, X, y, usual, rng, folder)] += 1
            assert_same_bits(clone(model).fit(X, y), reference)
    print(
        f"{name:17} {number} interrupts: {said['raised']} went on, "
        f"{said['kept']} kept what was complete or came too late"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--name", choices=[*NETWORKS, *AROUND])
    args = parser.parse_args()
    if args.name:
        process(args.name, args.number, args.seed)
        return
    failed = 0
    names = [*NETWORKS, *AROUND]
    for name in names:
        number = -(-args.number // len(names))
        command = [sys.executable, "-m", "tests.faults", "--name", name]
        command += ["--number", str(number), "--seed", str(args.seed)]
        failed += subprocess.run(command).returncode != 0
    sys.exit(failed)


if __name__ == "__main__":
    main()
