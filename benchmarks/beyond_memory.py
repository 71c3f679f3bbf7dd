"""Training on a file that is not read: ``python -m benchmarks.beyond_memory``.

A float32 file of ``--gigabytes`` is written to a temporary folder, and deleted at the
end. Each case runs in a process of its own, which notes its memory every few
milliseconds: ``anonymous`` is what the process itself has taken, ``file`` the pages of
the file that happen to be mapped, which the system takes back whenever it needs them.
Linux only.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

import numpy as np

from benchmarks.process import SIZES, status

N_FEATURES = 256
CHUNK = 16384
SETTINGS = {"hidden_layer_sizes": (32,), "batch_size": 256, "random_state": 0}


class Peak:
    """Largest sizes of the process while it is open, in MB.

    Looking takes time of its own: what is measured is timed by its thread.
    """

    def __enter__(self):
        self.most = dict.fromkeys(SIZES, 0.0)
        self._done = threading.Event()
        self._watch = threading.Thread(target=self._look)
        self._watch.start()
        return self

    def _look(self):
        while not self._done.wait(0.02):
            now = status()
            self.most = {name: max(n, now[name]) for name, n in self.most.items()}

    def __exit__(self, *exception):
        self._done.set()
        self._watch.join()

    def __str__(self):
        most = self.most
        return (
            f"anonymous {most['RssAnon']:5.0f} MB, file {most['RssFile']:5.0f} MB, "
            f"together {most['VmRSS']:5.0f} MB"
        )


def make_target(X):
    """Two classes that a network can learn."""
    return (X[:, 0] * X[:, 1] + X[:, 2] > 0).astype(np.int8)


def write(folder, n):
    """X.bin and y.npy, part by part."""
    rng = np.random.default_rng(0)
    y = np.empty(n, np.int8)
    with (folder / "X.bin").open("wb") as file:
        for start in range(0, n, CHUNK):
            part = rng.standard_normal((min(CHUNK, n - start), N_FEATURES), np.float32)
            y[start : start + len(part)] = make_target(part)
            part.tofile(file)
    np.save(folder / "y.npy", y)


def rows_of(folder, start=0, stop=None):
    """A map of some rows; what it maps goes when it does."""
    size = 4 * N_FEATURES
    stop = stop or (folder / "X.bin").stat().st_size // size
    shape = (stop - start, N_FEATURES)
    return np.memmap(folder / "X.bin", np.float32, "r", start * size, shape)


def quarter(folder):
    """A quarter of the rows."""
    return len(rows_of(folder)) // 4


def make_model(**settings):
    from sknnreg import MLPClassifierScratch

    model = MLPClassifierScratch(**SETTINGS | settings)
    X = np.zeros((512, N_FEATURES), np.float32)
    X[::2, 0] = 1
    warm = MLPClassifierScratch(**SETTINGS | settings | {"max_iter": 1})
    warm.fit(X, X[:, 0] > 0)  # imports, compiling, and the scratch of BLAS
    return model


def chunks(folder):
    """partial_fit over maps of 16384 rows of the whole file"""
    y, model = np.load(folder / "y.npy"), make_model()
    with Peak() as peak:
        begin = time.thread_time()
        for start in range(0, len(y), CHUNK):
            part = y[start : start + CHUNK]
            X = rows_of(folder, start, start + len(part))
            model.partial_fit(X, part, classes=[0, 1])
        seconds = time.thread_time() - begin
    return f"{peak}; {len(y) / seconds:8.0f} rows a CPU second"


def partial_in_memory(folder):
    """partial_fit over the same chunks of a quarter of it, in memory"""
    y, model = np.load(folder / "y.npy"), make_model()
    X = np.array(rows_of(folder, 0, quarter(folder)))
    begin = time.thread_time()
    for start in range(0, len(X), CHUNK):
        part = slice(start, min(start + CHUNK, len(X)))
        model.partial_fit(X[part], y[part], classes=[0, 1])
    seconds = time.thread_time() - begin
    return f"{len(X) / seconds:8.0f} rows a CPU second"


def whole(folder, n=None, in_memory=False, **settings):
    """One epoch of fit."""
    y = np.load(folder / "y.npy")[:n]
    X = rows_of(folder, 0, len(y))
    if in_memory:
        X = np.array(X)
    model = make_model(max_iter=1, **settings)
    with Peak() as peak:
        before, begin = status()["RssAnon"], time.thread_time()
        model.fit(X, y)
        seconds = time.thread_time() - begin
    memory = f"{peak}, of which {peak.most['RssAnon'] - before:.0f} MB anew; "
    return f"{'' if in_memory else memory}{len(y) / seconds:8.0f} rows a CPU second"


def fit(folder):
    """fit on a map of the whole file, one epoch"""
    return whole(folder)


def fit_quarter(folder):
    """fit on a map of a quarter of the file, one epoch"""
    return whole(folder, quarter(folder))


def fit_in_memory(folder):
    """fit on a quarter of the file, in memory, one epoch"""
    return whole(folder, quarter(folder), in_memory=True)


def fit_early_stopping(folder):
    """fit on a map of a quarter, early stopping by the loss of a tenth of the rows"""
    return whole(folder, quarter(folder), early_stopping=True)


def fit_accuracy(folder):
    """the same by the accuracy: a scorer is given the held-out rows as an array"""
    return whole(folder, quarter(folder), early_stopping=True, scoring="accuracy")


CASES = (
    chunks,
    partial_in_memory,
    fit,
    fit_quarter,
    fit_in_memory,
    fit_early_stopping,
    fit_accuracy,
)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=4.0)
    parser.add_argument("--case", choices=[case.__name__ for case in CASES])
    parser.add_argument("--folder", type=Path)
    args = parser.parse_args()
    if args.case and args.folder:
        warnings.simplefilter("ignore")
        print(globals()[args.case](args.folder))
        return
    n = int(args.gigabytes * 10**9 / 4 / N_FEATURES)
    with tempfile.TemporaryDirectory() as name:
        if shutil.disk_usage(name).free < 1.5 * args.gigabytes * 10**9:
            sys.exit(f"{name} has not the room for a file of {args.gigabytes} GB.")
        write(Path(name), n)
        print(f"{n} rows × {N_FEATURES} float32, {args.gigabytes:g} GB")
        for case in CASES:
            if args.case in (None, case.__name__):
                command = [sys.executable, "-m", "benchmarks.beyond_memory"]
                command += ["--case", case.__name__, "--folder", name]
                done = subprocess.run(command, capture_output=True, text=True)
                print(f"{case.__doc__}\n    {done.stdout.strip() or done.stderr}")


if __name__ == "__main__":
    main()
