"""How well ``max_time`` is kept: ``python -m benchmarks.time_limits``.

The ensemble for a table is given ``--max-time`` seconds for tables of all sizes: the
smallest, a wide one (categories of 800 levels in all), one of pixels and a long one.
Seconds are those of ``fit``; the loss is that of rows that were not seen, beside that
of the plain network with its defaults behind the same preparation and, with
``--no-limit``, that of a search that takes the time it needs.
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
import pandas as pd
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    make_classification,
    make_friedman1,
)
from sklearn.metrics import log_loss, root_mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import (
    MLPClassifierScratch,
    MLPClassifierScratchCV,
    MLPRegressorScratch,
    MLPRegressorScratchCV,
    config_context,
)
from sknnreg.preprocessing import TablePreprocessor


def wide():
    """Forty columns of twenty levels each, whose order means nothing."""
    X, y = make_classification(8000, 40, n_informative=15, random_state=0)
    rng = np.random.default_rng(0)
    columns = {}
    for i, column in enumerate(X.T):
        levels = pd.qcut(column, 20, labels=False)
        names = rng.permutation([f"level {k}" for k in range(20)])
        columns[f"column {i}"] = pd.Categorical(names[levels])
    return pd.DataFrame(columns), y


#: tables, whether they are regressions, and rows to train on
TABLES = {
    "smallest": (lambda: load_breast_cancer(return_X_y=True), False, 100),
    "wide": (wide, False, 4000),
    "pixels": (lambda: load_digits(return_X_y=True), False, 1400),
    "long": (lambda: make_friedman1(130_000, noise=1.0, random_state=0), True, 120_000),
}


def plain(regression: bool):
    """The network with its defaults."""
    if not regression:
        return make_pipeline(TablePreprocessor(), MLPClassifierScratch(random_state=0))
    network = make_pipeline(TablePreprocessor(), MLPRegressorScratch(random_state=0))
    return TransformedTargetRegressor(network, transformer=StandardScaler())


def judged(model, regression: bool, X, X_test, y, y_test) -> tuple[float, float]:
    """Seconds of a fit, and loss."""
    start = time.perf_counter()
    model.fit(X, y)
    seconds = time.perf_counter() - start
    if regression:
        return seconds, root_mean_squared_error(y_test, model.predict(X_test))
    return seconds, log_loss(y_test, model.predict_proba(X_test))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--max-time", type=float, nargs="+", default=[5, 60])
    parser.add_argument("--no-limit", action="store_true")
    parser.add_argument("--backends", nargs="+", default=["auto"])
    parser.add_argument("--tables", nargs="+", default=list(TABLES), choices=TABLES)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    limits = [*args.max_time, *([None] if args.no_limit else [])]
    for name in args.tables:
        make, regression, n_train = TABLES[name]
        X, y = make()
        parts = train_test_split(X, y, train_size=n_train, random_state=0)
        kind = MLPRegressorScratchCV if regression else MLPClassifierScratchCV
        seconds, loss = judged(plain(regression), regression, *parts)
        print(f"{name:10} plain network{seconds:20.2f} s  loss {loss:.4f}", flush=True)
        for backend in args.backends:
            for limit in limits:
                with config_context(backend=backend):
                    model = kind(max_time=limit, n_jobs=args.jobs, random_state=0)
                    seconds, loss = judged(model, regression, *parts)
                print(
                    f"{name:10} max_time {limit!s:8} {backend:8} {seconds:6.2f} s  "
                    f"loss {loss:.4f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
