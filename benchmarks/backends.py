"""Seconds in compiled form and in NumPy's, in turn: ``python -m benchmarks.backends``.

A ratio is NumPy's time divided by the compiled form's: above 1 compiling pays. Epochs,
rows and numbers are the same in both. ``products`` is the share of each form's time
that the matrix products alone take at their own measured speed. ``--startup`` tells
instead what the first fits of a process cost, and ``--auto`` what "auto" chooses.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import warnings

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.speed import (
    WORKLOADS,
    cores,
    make_data,
    measure,
    products_seconds,
    warm_blas,
)
from sknnreg import MLPClassifierScratch, MLPRegressorScratch, config_context

#: on a small workload, besides nothing and dropout
SETTINGS = {
    "tanh": {"activation": "tanh"},
    "silu": {"activation": "silu"},
    "batch norm": {"normalization": "batch"},
    "layer norm": {"normalization": "layer"},
    "l1": {"penalty": "l1"},
    "sgd": {"solver": "sgd"},
    "regression": {"loss": "squared_error"},
    "weights": {},
    "early stopping": {"early_stopping": True},
}
SMALL = "569x30 (100,) 200"
#: seconds to load compiled code in a new process; see ``--startup``
LOADING = 0.6


def contenders(workload, dtype, params, weighted=False):
    """A fit in each form."""
    n, n_features, hidden, batch, epochs = workload
    task = "regression" if "loss" in params else "binary"
    X, y = make_data(n, n_features, task, dtype)
    kind = MLPRegressorScratch if "loss" in params else MLPClassifierScratch
    weight = np.random.default_rng(0).uniform(0.5, 2, n) if weighted else None

    def fit(backend):
        model = kind(
            hidden_layer_sizes=hidden,
            batch_size=batch,
            max_iter=epochs,
            n_iter_no_change=np.inf,
            random_state=0,
            **params,
        )
        with config_context(backend=backend):
            model.fit(X, y, sample_weight=weight)
        assert model.backend_ == backend

    return {backend: lambda b=backend: fit(b) for backend in ("numpy", "fast")}


def compare(args):
    rows = []
    cases = [(w, d, {}) for w in WORKLOADS for d in ("none", "dropout")]
    cases += [(SMALL, name, params) for name, params in SETTINGS.items()]
    for threads in args.threads:
        for dtype in args.dtypes:
            for name, setting, params in cases:
                if args.only not in f"{name} {setting}":
                    continue
                params = {"dropout": 0.5} if setting == "dropout" else params
                workload = WORKLOADS[name]
                both = contenders(workload, dtype, params, setting == "weights")
                with cores(threads), threadpool_limits(threads):
                    warm_blas()
                    seconds = measure(both, args.repeats)
                    products = products_seconds(workload, 1, dtype)
                ratio = seconds["numpy"] / seconds["fast"]
                shares = {form: products / value for form, value in seconds.items()}
                rows.append([name, setting, threads, dtype, ratio, seconds, shares])
                print(
                    f"{name:24} {setting:14} threads {threads} {dtype} "
                    f"numpy/fast {ratio:5.2f}  fast {seconds['fast']:7.3f} s  products "
                    f"{shares['numpy']:4.2f} and {shares['fast']:4.2f}",
                    flush=True,
                )
    return rows


FIT = """
import time, warnings
warnings.simplefilter("ignore")
begin = time.perf_counter()
import sknnreg
imported = time.perf_counter()
import numpy as np
X = np.random.default_rng(0).normal(size=(600, 30)).astype(np.{dtype})
model = sknnreg.MLPClassifierScratch(max_iter=5, random_state=0)
times = []
for _ in range(2):
    start = time.perf_counter()
    with sknnreg.config_context(backend="{backend}"):
        model.fit(X, X[:, 0] > 0)
    times.append(time.perf_counter() - start)
first, second = times
print(f"import {{imported - begin:.2f}}, fit {{first:.2f}}, again {{second:.3f}}")
"""


def startup():
    """Of new processes: without numba's cache on disk, and with it."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"NUMBA_CACHE_DIR": folder}
        for dtype in ("float32", "float64"):
            for name, backend in (
                ("numpy", "numpy"),
                ("compiling", "fast"),
                ("from disk", "fast"),
            ):
                code = FIT.format(backend=backend, dtype=dtype)
                done = subprocess.run(
                    [sys.executable, "-c", code],
                    env=environment, capture_output=True, text=True, check=True,
                )  # fmt: skip
                print(f"{dtype} {name:10} seconds: {done.stdout.strip()}", flush=True)


def auto(repeats):
    """What "auto" takes, and whether the other would have been faster."""
    sizes = [(n, h, e) for n in (300, 2000, 20000) for h, e in
             (((32,), 20), ((100,), 200), ((100,), 20), ((256, 256), 20))]  # fmt: skip
    right = 0
    for n, hidden, epochs in sizes:
        X, y = make_data(n, 20, "binary", np.float32)
        seconds = measure(
            contenders((n, 20, hidden, 200, epochs), np.float32, {}), repeats
        )
        model = MLPClassifierScratch(
            hidden, max_iter=epochs, n_iter_no_change=np.inf, random_state=0
        )
        with config_context(backend="auto"):
            chosen = model.fit(X, y).backend_
        # what is on disk takes half a second or so to load
        better = "fast" if seconds["fast"] + LOADING < seconds["numpy"] else "numpy"
        right += chosen == better
        print(
            f"{n:6} rows {hidden!s:10} {epochs:4} epochs: "
            f"numpy {seconds['numpy']:6.2f} s, fast {seconds['fast']:6.2f} s, "
            f"auto takes {chosen}, better: {better}",
            flush=True,
        )
    print(f"right: {right} of {len(sizes)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--dtypes", nargs="+", default=["float32", "float64"])
    parser.add_argument("--only", default="")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--startup", action="store_true")
    parser.add_argument("--auto", action="store_true")
    parser.add_argument("--json")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    if args.startup:
        startup()
        return
    if args.auto:
        auto(args.repeats)
        return
    rows = compare(args)
    ratios = [row[4] for row in rows]
    print(
        f"geometric mean {statistics.geometric_mean(ratios):.2f}, "
        f"least {min(ratios):.2f}"
    )
    if args.json:
        with open(args.json, "w") as file:
            json.dump(rows, file, indent=1)


if __name__ == "__main__":
    main()
