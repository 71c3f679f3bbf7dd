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
import warnings
from unittest import mock

import numpy as np
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from benchmarks.speed import make_data, measure
from sknnreg import MLPClassifierScratch, config_context
from sknnreg.engine.optimizers import Optimizer

PENALTIES = {
    "l2": {"alpha": 1e-4},
    "l1": {"penalty": "l1", "alpha": 3e-4},
    "group_l1": {"penalty": "group_l1", "alpha": 7e-4},
    "group_l1, stronger": {"penalty": "group_l1", "alpha": 3e-3},
}


def without_flush(model, X, y):
    with mock.patch.object(Optimizer, "flush", lambda self: None):
        model.fit(X, y)


def ratios(model, X, y, backend, repeats, peer=None) -> list[float]:
    """Seconds without, and those of a peer, divided by those with it."""
    contenders = {"with": lambda: model.fit(X, y)}
    contenders["without"] = lambda: without_flush(model, X, y)
    if peer is not None:
        contenders["peer"] = lambda: peer.fit(X, y)
    with config_context(backend=backend), threadpool_limits(1):
        ours, *others = measure(contenders, repeats).values()
    return [other / ours for other in others]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
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
    # scikit-learn divides alpha by the rows of a batch
    alpha = PENALTIES["l2"]["alpha"] * settings["batch_size"]
    peers = {"l2": MLPClassifier(**settings, alpha=alpha)}
    print(f"{'penalty':20}{'compiled':>10}{'NumPy':>10}{'scikit-learn / NumPy':>24}")
    for name, penalty in PENALTIES.items():
        model = MLPClassifierScratch(**settings, **penalty)
        (fast,) = ratios(model, X, y, "fast", args.repeats)
        slow, *peer = ratios(model, X, y, "numpy", args.repeats, peers.get(name))
        last = "".join(f"{each:24.2f}" for each in peer)
        print(f"{name:20}{fast:10.2f}{slow:10.2f}{last}", flush=True)


if __name__ == "__main__":
    main()
