"""Seconds of folds and bags, fused and not: ``python -m benchmarks.folds``.

5-fold cross-validation and bagging of 10 members: ours fused against scikit-learn's own
``cross_validate`` and ``BaggingClassifier`` with our estimator. Contenders take turns
within one run; of each the least processor time of this process counts, which other
work on the machine does not add to. A ratio is scikit-learn's divided by the fused one.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings

import numpy as np
from sklearn.ensemble import BaggingClassifier
from sklearn.model_selection import KFold, cross_validate
from threadpoolctl import threadpool_limits

from benchmarks.speed import make_data
from sknnreg import MLPClassifierScratch, config_context
from sknnreg.ensemble import FusedBaggingClassifier
from sknnreg.model_selection import fused_cross_validate

NETWORKS = {
    "(32,)/32": ((32,), 32),
    "(100,)/200": ((100,), 200),
    "(256, 256)/256": ((256, 256), 256),
}


def contenders(hidden, batch, args):
    """Pairs of calls that do the same, fused and as in scikit-learn."""
    X, y = make_data(args.rows, args.columns, "binary", np.float64)
    model = MLPClassifierScratch(
        hidden_layer_sizes=hidden, batch_size=batch, max_iter=args.epochs
    ).set_params(n_iter_no_change=np.inf, random_state=0)
    cv = KFold(5)
    yield (
        "folds",
        lambda: fused_cross_validate(model, X, y, cv=cv),
        lambda: cross_validate(model, X, y, cv=cv),
    )
    bag = {"n_estimators": 10, "random_state": 0}
    yield (
        "bag",
        lambda: FusedBaggingClassifier(model, **bag).fit(X, y),
        lambda: BaggingClassifier(model, **bag).fit(X, y),
    )


def cpu_seconds(calls, repeats):
    """The least processor time of each, in turns; the first turn is not counted."""
    seconds = np.full(len(calls), np.inf)
    for turn in range(repeats + 1):
        for i, call in enumerate(calls):
            start = time.process_time()
            call()
            if turn:
                seconds[i] = min(seconds[i], time.process_time() - start)
    return seconds.tolist()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS))
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--backends", nargs="+", default=["numpy", "fast"])
    parser.add_argument("--json")
    args = parser.parse_args()
    rows = []
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for network in args.networks:
            for backend in args.backends:
                for what, *calls in contenders(*NETWORKS[network], args):
                    with config_context(backend=backend):
                        fused, theirs = cpu_seconds(calls, args.repeats)
                    print(
                        f"{network:14} {backend:5} {what:5} fused {fused:6.2f} s  "
                        f"scikit-learn/fused {theirs / fused:5.2f}",
                        flush=True,
                    )
                    row = {"network": network, "backend": backend, "what": what}
                    rows.append(row | {"fused": fused, "sklearn": theirs})
    if args.json:
        with open(args.json, "w") as file:
            json.dump(rows, file, indent=1)


if __name__ == "__main__":
    main()
