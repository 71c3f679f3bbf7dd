"""What numbers next to zero cost: ``python -m benchmarks.subnormal``.

Penalties shut off inputs and units, whose weights then decay and never reach zero;
products of such weights are subnormal numbers, with which a processor takes a hundred
times as long. The optimizers make them zero once in a while. Each network is trained in
turn with that and without, on one thread; a ratio is the time without divided by the
time with it. The last column is the time of scikit-learn's MLP, for the penalty that it
has, divided by ours.
"""

from __future__ import annotations

import argparse
import functools
import statistics
import time
import warnings
from unittest import mock

import numpy as np
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from benchmarks.speed import make_data
from sknnreg import MLPClassifierScratch, config_context
from sknnreg.engine.optimizers import Optimizer

PENALTIES = {
    "l2": {"alpha": 1e-4},
    "l1": {"penalty": "l1", "alpha": 3e-4},
    "group_l1": {"penalty": "group_l1", "alpha": 7e-4},
    "group_l1, stronger": {"penalty": "group_l1", "alpha": 3e-3},
}


def seconds(model, X, y) -> float:
    start = time.perf_counter()
    model.fit(X, y)
    return time.perf_counter() - start


def without_flush(model, X, y) -> float:
    with mock.patch.object(Optimizer, "flush", lambda self: None):
        return seconds(model, X, y)


def ratio(one, other, repeats: int) -> float:
    """Of the seconds of two fits that take turns."""
    return statistics.median(one() / other() for _ in range(repeats))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--backends", nargs="+", default=["numpy", "fast"])
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    X, y = make_data(args.rows, 50, "binary", np.float32)
    settings = {
        "hidden_layer_sizes": (128, 128),
        "learning_rate_init": 4e-3,
        "batch_size": 128,
        "max_iter": args.epochs,
        "n_iter_no_change": args.epochs,
        "random_state": 0,
    }
    columns = [*args.backends, "scikit-learn / numpy"]
    print(f"{'penalty':20}" + "".join(f"{name:>22}" for name in columns))
    for name, penalty in PENALTIES.items():
        model = MLPClassifierScratch(**settings, **penalty)
        print(f"{name:20}", end="")
        ours = functools.partial(seconds, model, X, y)
        slower = functools.partial(without_flush, model, X, y)
        with threadpool_limits(1):
            for backend in args.backends:
                with config_context(backend=backend):
                    ours()  # what is compiled is compiled here
                    found = ratio(slower, ours, args.repeats)
                print(f"{found:22.2f}", end="", flush=True)
            if name == "l2":
                alpha = penalty["alpha"] * settings["batch_size"]
                peer = MLPClassifier(**settings, alpha=alpha)
                theirs = functools.partial(seconds, peer, X, y)
                with config_context(backend="numpy"):
                    print(f"{ratio(theirs, ours, args.repeats):22.2f}", end="")
        print()


if __name__ == "__main__":
    main()
