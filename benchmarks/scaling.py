"""Whether cost grows linearly: ``python -m benchmarks.scaling``.

One of rows, features, width, depth and number of stacked models grows while the others
stay; printed is the time of an epoch per (row × parameter × model), in picoseconds, and
its ratio to the largest case of the same series.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
import warnings

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.speed import cores, make_data
from sknnreg import MLPClassifierScratch
from sknnreg._run import fit_stack

#: what stays while one of them grows
BASE = {"rows": 4000, "features": 100, "width": 256, "depth": 2, "models": 1}
SERIES = {
    "rows": [1000, 4000, 16000, 64000],
    "features": [25, 100, 400, 1600],
    "width": [64, 128, 256, 512, 1024],
    "depth": [1, 2, 4, 8],
    "models": [1, 2, 4, 8, 16],
}


def picoseconds(rows, features, width, depth, models, repeats):
    """Median time of an epoch per row, parameter and model."""
    X, y = make_data(rows, features, "binary", np.float32)

    def seconds(epochs):
        stack = [
            MLPClassifierScratch(
                hidden_layer_sizes=(width,) * depth,
                max_iter=epochs,
                n_iter_no_change=np.inf,
                random_state=0,
                alpha=10.0**-k,
            )
            for k in range(models)
        ]
        start = time.perf_counter()
        fit_stack(stack, X, y)
        return time.perf_counter() - start

    seconds(1)
    # the difference is two epochs without what comes before the first
    epoch = statistics.median(seconds(3) - seconds(1) for _ in range(repeats)) / 2
    sizes = [features, *(width,) * depth, 1]
    n_parameters = sum((a + 1) * b for a, b in itertools.pairwise(sizes))
    return epoch / (rows * n_parameters * models) * 1e12


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    with cores(args.threads), threadpool_limits(args.threads):
        warnings.simplefilter("ignore")
        for name, sizes in SERIES.items():
            times = [
                picoseconds(**(BASE | {name: size}), repeats=args.repeats)
                for size in sizes
            ]
            cells = "  ".join(
                f"{size}: {value:5.1f} ({value / times[-1]:4.2f})"
                for size, value in zip(sizes, times, strict=True)
            )
            print(f"{name:9} {cells}", flush=True)


if __name__ == "__main__":
    main()
