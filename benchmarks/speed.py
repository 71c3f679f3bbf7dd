"""Seconds of training, ours and each peer's in turn: ``python -m benchmarks.speed``.

Every workload is fitted for the same number of epochs with the same batch size, Adam,
dtype and number of BLAS threads; repeats are interleaved and medians compared. A ratio
is the peer's time divided by ours: above 1 we are faster. ``limit`` is the share of our
time that the matrix products alone would take at the measured speed of BLAS.

With one thread the whole process is kept on one core, where the system can do that:
JAX has threads of its own, which the number of BLAS threads does not bind.

Peers that are not installed, or have no counterpart of a setting, are left out. The
table is printed, and with ``--json FILE`` taken into the file from which the figure of
the documentation is drawn: rows of the same setting are replaced, and ``about`` says
when and where each backend was measured last.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import statistics
import sys
import time
import warnings
from contextlib import contextmanager
from datetime import date
from importlib import metadata
from pathlib import Path

import numpy as np
from scipy.linalg import blas
from threadpoolctl import threadpool_limits

from benchmarks import peers
from sknnreg import set_config

#: name: rows, features, hidden layers, batch size, epochs of a repeat: so many that the
#: compiled form's fit takes a tenth of a second, of which set-up is 4 to 8 ms
WORKLOADS = {
    "569x30 (100,) 200": (569, 30, (100,), 200, 200),
    "1797x64 (100,) 200": (1797, 64, (100,), 200, 60),
    "20000x8 (100,) 200": (20000, 8, (100,), 200, 16),
    "20000x50 (256,256) 256": (20000, 50, (256, 256), 256, 4),
    "20000x784 (256,128) 200": (20000, 784, (256, 128), 200, 2),
    "10000x100 (512,)*3 256": (10000, 100, (512, 512, 512), 256, 2),
    "20000x50 (100,) 32": (20000, 50, (100,), 32, 5),
    "20000x50 (32,) 32": (20000, 50, (32,), 32, 8),
}


def make_data(n, n_features, task, dtype, seed=0):
    """Inputs, and a target that needs a network."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, n_features)).astype(dtype)
    z = np.tanh(X[:, 0] * X[:, 1]) + X[:, 2] + 0.1 * rng.standard_normal(n)
    if task == "regression":
        return X, z.astype(dtype)
    classes = {"binary": 2, "multiclass": 10}[task]
    edges = np.quantile(z, np.linspace(0, 1, classes + 1)[1:-1])
    return X, np.digitize(z, edges)


def products_seconds(workload, n_outputs, dtype):
    """Time of the matrix products of the epochs, alone, at their own speed."""
    n, n_in, hidden, batch, epochs = workload
    sizes = [n_in, *hidden, n_outputs]
    rng = np.random.default_rng(0)
    total = 0.0
    for i, (a, b) in enumerate(itertools.pairwise(sizes)):
        x, W, dz = (
            rng.standard_normal(shape).astype(dtype)
            for shape in ((batch, a), (a, b), (batch, b))
        )
        calls = [(x, W), (x.T, dz)]
        if i and b > 1:  # one output's gradient goes back by an outer product
            calls.append((dz, W.T))
        for left, right in calls:
            out = np.empty((left.shape[0], right.shape[1]), dtype)
            repeats = max(3, int(2e-2 / (1e-10 * left.size * right.shape[1] + 1e-6)))
            np.matmul(left, right, out=out)
            start = time.perf_counter()
            for _ in range(repeats):
                np.matmul(left, right, out=out)
            total += (time.perf_counter() - start) / repeats
    return total * np.ceil(n / batch) * epochs


@contextmanager
def cores(number):
    """All threads of the process on the first cores, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    _bind(set(sorted(allowed)[:number]))
    try:
        yield
    finally:
        _bind(allowed)


def _bind(allowed):
    for thread in os.listdir("/proc/self/task"):
        os.sched_setaffinity(int(thread), allowed)


def warm_blas():
    """One large product in the BLAS of NumPy and in that of SciPy.

    On some virtual machines small products are several times slower until their
    library has used all of its own memory once.
    """
    for dtype, product in ((np.float32, blas.sgemm), (np.float64, blas.dgemm)):
        a = np.ones((800, 800), dtype)
        np.matmul(a, a)
        product(1.0, a, a)


def measure(contenders, repeats):
    """Median seconds of each contender; they take turns."""
    seconds = {name: [] for name in contenders}
    for fit in contenders.values():
        fit()  # compiles, fills the caches
    for _ in range(repeats):
        for name, fit in contenders.items():
            start = time.perf_counter()
            fit()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def run(args):
    """All rows of the table."""
    rows = []
    for threads in args.threads:
        for name, workload in WORKLOADS.items():
            if args.only and args.only not in name:
                continue
            for task in args.tasks:
                for dtype in args.dtypes:
                    for dropout in args.dropout:
                        settings = (threads, task, dtype, dropout)
                        rows.append(one_row(name, workload, settings, args))
                        print_row(rows[-1])
    return rows


def one_row(name, workload, settings, args):
    """One line: the seconds of everyone on one workload."""
    threads, task, dtype, dropout = settings
    n, n_features, hidden, batch, epochs = workload
    X, y = make_data(n, n_features, task, dtype)
    problem = peers.Problem(
        X, y, task, hidden, batch, epochs, dropout, threads, args.batch_norm
    )
    makers = {"ours": peers.ours} | {
        peer: getattr(peers, peer)
        for peer in args.peers
        if peers.available(peer)
        and not (dropout and peer == "sklearn")
        and not (args.batch_norm and peer in ("sklearn", "jax"))
    }
    contenders = {peer: make(problem) for peer, make in makers.items()}
    with cores(threads), threadpool_limits(threads), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warm_blas()
        seconds = measure(contenders, args.repeats)
        limit = products_seconds(workload, 10 if task == "multiclass" else 1, dtype)
    return {
        "workload": name,
        "backend": args.backend,
        "threads": threads,
        "task": task,
        "dtype": dtype,
        "dropout": dropout,
        "seconds": seconds,
        "ratios": {
            peer: round(value / seconds["ours"], 2)
            for peer, value in seconds.items()
            if peer != "ours"
        },
        "limit": limit / seconds["ours"],
    }


def print_row(row):
    ours = row["seconds"]["ours"]
    ratios = "  ".join(
        f"{peer}/ours {value / ours:5.2f}"
        for peer, value in row["seconds"].items()
        if peer != "ours"
    )
    print(
        f"{row['workload']:26} threads {row['threads']}  {row['task']:10} "
        f"{row['dtype']:8} dropout {row['dropout']:<4} ours {ours:7.3f} s  "
        f"limit {row['limit']:4.2f}  {ratios}",
        flush=True,
    )


def summarize(rows):
    """Geometric mean and smallest ratio by peer, threads, dtype and dropout."""
    groups = {}
    for row in rows:
        for peer, value in row["seconds"].items():
            if peer != "ours":
                key = (peer, row["threads"], row["dtype"], row["dropout"])
                groups.setdefault(key, []).append(value / row["seconds"]["ours"])
    for (peer, threads, dtype, dropout), ratios in sorted(groups.items()):
        print(
            f"{peer:8} threads {threads} {dtype} dropout {dropout}: geometric mean "
            f"{statistics.geometric_mean(ratios):.2f}, smallest {min(ratios):.2f}"
        )


def record(path, rows, backend):
    """Take rows into a file, in the place of those with the same setting."""
    packages = ("scikit-learn", "numpy", "torch", "jax", "numba")
    installed = {each.name: each.version for each in metadata.distributions()}
    there = json.loads(path.read_text()) if path.exists() else {"about": {}, "rows": []}
    there["about"][backend] = {
        "date": date.today().isoformat(),
        "processor": f"{os.cpu_count()} cores, {platform.machine()}",
        "versions": {name: installed[name] for name in packages if name in installed},
        "command": " ".join(["python -m benchmarks.speed", *sys.argv[1:]]),
    }

    def setting(row):
        names = ("workload", "backend", "threads", "task", "dtype", "dropout")
        return tuple(row[name] for name in names)

    kept = {setting(row): row for row in [*there["rows"], *rows]}
    lines = ",\n".join(json.dumps(row) for row in kept.values())
    about = json.dumps(there["about"], indent=1)
    path.write_text(f'{{"about": {about},\n"rows": [\n{lines}\n]}}\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--tasks", nargs="+", default=["binary"])
    parser.add_argument("--dtypes", nargs="+", default=["float32", "float64"])
    parser.add_argument("--dropout", type=float, nargs="+", default=[0.0, 0.5])
    parser.add_argument("--peers", nargs="+", default=["sklearn", "torch", "jax"])
    parser.add_argument("--batch-norm", action="store_true")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--backend", default="auto", help="ours: numpy, fast or auto")
    parser.add_argument("--only", default="")
    parser.add_argument("--json")
    args = parser.parse_args()
    set_config(backend=args.backend)
    rows = run(args)
    summarize(rows)
    if args.json:
        record(Path(args.json), rows, args.backend)


if __name__ == "__main__":
    main()
