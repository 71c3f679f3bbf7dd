"""What it costs to follow a fit: ``python -m benchmarks.callbacks``.

Each kind of following takes turns with a fit that nothing follows, on one thread. A
ratio is its time divided by that of the fit alone. Epochs of the first column take
some fifty milliseconds, those of the second one: what is done once an epoch weighs more
there.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import statistics
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.callback import ProgressBar, ScoringMonitor
from threadpoolctl import threadpool_limits

from benchmarks.speed import make_data
from sknnreg import MLPClassifierScratch
from sknnreg.callbacks import Checkpoint, Logger, TimeLimit

#: rows, features, epochs: some seconds each on one core
SHAPES = {"20000 x 50": (20000, 50, 60), "600 x 30": (600, 30, 1000)}


def followings(folder: Path):
    """What to set on a network, by name."""
    return {
        "nothing (again)": [],
        "ProgressBar": [ProgressBar()],
        "TimeLimit": [TimeLimit(1e9)],
        "Logger": [Logger(lambda row: None)],
        "Checkpoint, every 10": [Checkpoint(folder / "fit")],
        "ScoringMonitor": [ScoringMonitor(scoring="neg_log_loss")],
    }


def seconds(model, X, y) -> float:
    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        model.fit(X, y)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"{'followed by':22}" + "".join(f"{name:>14}" for name in SHAPES))
    ratios: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        for n, n_features, n_epochs in SHAPES.values():
            X, y = make_data(n, n_features, "binary", np.float32)
            model = MLPClassifierScratch(
                max_iter=n_epochs, n_iter_no_change=n_epochs, random_state=0
            )
            for name, callbacks in followings(Path(folder)).items():
                pairs = []
                for _ in range(args.repeats):
                    alone = seconds(model.set_callbacks(), X, y)
                    pairs.append(seconds(model.set_callbacks(*callbacks), X, y) / alone)
                ratios.setdefault(name, []).append(statistics.median(pairs))
    for name, found in ratios.items():
        print(f"{name:22}" + "".join(f"{ratio:14.3f}" for ratio in found))


if __name__ == "__main__":
    main()
