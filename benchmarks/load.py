"""One process that fits and predicts for long: ``python -m benchmarks.load``.

``fits``: memory and threads at the start and at the end of many fits. ``threads``:
eight threads predict with one model, the answers of seven compared with those that it
gave alone; with more than one BLAS thread, last bits may be others. And the seconds of
the prediction of one row, alone and among the eight. Linux only.
"""

from __future__ import annotations

import argparse
import gc
import threading
import time
import warnings
from itertools import count

import numpy as np

from benchmarks.process import status
from sknnreg import MLPClassifierScratch, MLPRegressorScratch

KINDS = (MLPClassifierScratch, MLPRegressorScratch)
SETTINGS = (
    {},
    {"early_stopping": True, "dropout": 0.2, "normalization": "batch"},
    {"solver": "lbfgs"},
    {"penalty": "l1", "solver": "sgd"},
)


def make_data(n=500, n_features=20):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, n_features), np.float32)
    return X, (X[:, 0] * X[:, 1] > 0).astype(int)


def fits(n):
    """Memory and threads after each tenth of the fits."""
    X, y = make_data()
    models = [
        kind(hidden_layer_sizes=(16,), max_iter=3, random_state=0, **settings)
        for kind in KINDS
        for settings in SETTINGS
    ]
    for i in range(n + 1):
        if i % (n // 10) == 0:
            gc.collect()
            now = status()
            print(f"{i:6} fits: {now['RssAnon']:7.1f} MB, {now['threads']:2} threads")
        models[i % len(models)].fit(X, y)


def timed_rows(model, X, seconds, stop=None):
    """Seconds of each prediction of a single row."""
    taken, end = [], time.perf_counter() + seconds
    for i in count():
        begin = time.perf_counter()
        if begin > end or (stop is not None and stop.is_set()):
            return taken
        model.predict(X[i % len(X)][None])
        taken.append(time.perf_counter() - begin)


def threads(seconds):
    """Eight at once, with answers of many sizes."""
    X, y = make_data(20000)
    model = MLPClassifierScratch((64, 64), max_iter=2, random_state=0).fit(X, y)
    sizes = [1, 7, 200, 1000, 4096, 8192, 12000, 20000]
    expected = [model.predict_proba(X[:size]) for size in sizes]
    stop, off = threading.Event(), []

    def work(first):
        for i in count(first):
            if stop.is_set():
                return
            k = i % len(sizes)
            found = model.predict_proba(X[: sizes[k]])
            off.append(np.abs(found - expected[k]).max())

    alone = timed_rows(model, X, seconds)
    workers = [threading.Thread(target=work, args=(i,)) for i in range(7)]
    for worker in workers:
        worker.start()
    among = timed_rows(model, X, seconds)
    stop.set()
    for worker in workers:
        worker.join()
    print(
        f"{len(off)} answers of 7 threads: {np.count_nonzero(off)} with other "
        f"last bits, the largest difference {max(off):.1e}"
    )
    for name, taken in (("alone", alone), ("among 8", among)):
        p50, p99 = np.percentile(taken, [50, 99]) * 1e6
        print(
            f"one row, {name:7}: p50 {p50:8.0f} µs, p99 {p99:8.0f} µs, n {len(taken)}"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fits", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=10.0)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    fits(args.fits)
    threads(args.seconds)


if __name__ == "__main__":
    main()
