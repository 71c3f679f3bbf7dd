"""Seconds of predict, ours and scikit-learn's: ``python -m benchmarks.prediction``.

One row is what a service asks for: there the overhead of the call counts. A ratio is
scikit-learn's time divided by ours.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor
from threadpoolctl import threadpool_limits

from benchmarks.speed import make_data
from sknnreg import MLPClassifierScratch, MLPRegressorScratch

KINDS = {
    "regression": (MLPRegressorScratch, MLPRegressor),
    "binary": (MLPClassifierScratch, MLPClassifier),
    "multiclass": (MLPClassifierScratch, MLPClassifier),
}


def seconds(models, X, repeats, calls):
    """Median seconds of one call of each model; they take turns."""
    times = [[] for _ in models]
    for _ in range(repeats):
        for model, found in zip(models, times, strict=True):
            start = time.perf_counter()
            for _ in range(calls):
                model.predict(X)
            found.append((time.perf_counter() - start) / calls)
    return [statistics.median(found) for found in times]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    for task, kinds in KINDS.items():
        X, y = make_data(1_000_000, 50, task, np.float32)
        models = [k(max_iter=2, random_state=0).fit(X[:2000], y[:2000]) for k in kinds]
        for threads in args.threads:
            for rows, repeats, calls in ((1, 9, 300), (1000, 9, 30), (len(X), 3, 1)):
                with threadpool_limits(threads):
                    ours, theirs = seconds(models, X[:rows], repeats, calls)
                print(
                    f"{task:10} threads {threads}  rows {rows:7}  "
                    f"ours {ours * 1e6:9.0f} µs  sklearn/ours {theirs / ours:5.2f}"
                )


if __name__ == "__main__":
    main()
