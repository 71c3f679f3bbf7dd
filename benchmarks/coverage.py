"""How many targets intervals of 90 % really hold: ``python -m benchmarks.coverage``.

Each regression is split ``--splits`` times into at most 5000 training rows and at most
5000 others to judge by. All methods see the same rows; the conformal ones keep a fifth
of the training rows for calibration. Networks see standardized inputs and targets, and
stop early. Printed for each method: the share of targets inside, and the mean width of
the intervals in standard deviations of the target. Of two that cover what they promise,
the narrower is better.

``--data FOLDER`` takes the regressions among the sets ``NAME.npz`` of a folder, in the
form of ``benchmarks.quality``; without it there are three sets that scikit-learn has.
The conformal methods need MAPIE.
"""

from __future__ import annotations

import argparse
import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from mapie.regression import ConformalizedQuantileRegressor, SplitConformalRegressor
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.tables import ROWS, encoded, load
from sknnreg import MLPRegressorScratch
from sknnreg.uncertainty import MonteCarloDropout, QuantilePredictor, predict_interval


def bundled():
    """Regressions made of tables that scikit-learn brings along: X, y by name."""
    cancer, digits = load_breast_cancer().data, load_digits().data
    # the mean area, without what it follows from: radii, perimeters and other areas
    area = np.delete(cancer, [0, 2, 3, 10, 12, 13, 20, 22, 23], axis=1)
    return {
        "diabetes": load_diabetes(return_X_y=True),
        "cancer, area": (area, cancer[:, 3]),
        "digits, a pixel": (np.delete(digits, 36, axis=1), digits[:, 36]),
    }


def data_sets(args):
    """Name, seed, training and test parts of each split of each set."""
    splits = range(args.splits)
    if args.data is None:
        for name, (X, y) in bundled().items():
            for seed in splits:
                X = pd.DataFrame(X)
                parts = train_test_split(X, y, test_size=0.3, random_state=seed)
                yield name, seed, parts
        return
    for path in sorted(Path(args.data).glob("*.npz")):
        if args.only and path.stem not in args.only:
            continue
        table = load(path)
        if table.regression:
            for seed in splits:
                yield path.stem, seed, table.split(seed)


def model(args, **settings):
    """A network with what it needs around it.

    The columns come first: MAPIE has a model predict a row of zeros to see whether it
    is fitted, which needs numbers; of a pipeline it asks the last step.
    """
    mlp = MLPRegressorScratch(
        learning_rate_init=args.rate,
        early_stopping=True,
        max_iter=args.epochs,
        random_state=0,
        **settings,
    )
    target = TransformedTargetRegressor(mlp, transformer=StandardScaler())
    return make_pipeline(encoded(), target)


def intervals(parts, args):
    """The interval (n, 2) of each test row, by method."""
    X, X_test, y, _ = parts
    X_fit, X_cal, y_fit, y_cal = train_test_split(X, y, test_size=0.2, random_state=0)
    low, high = (1 - args.coverage) / 2, (1 + args.coverage) / 2
    levels = {"loss": "quantile", "quantile": [low, 0.5, high]}

    passes = MonteCarloDropout(model(args, dropout=args.dropout)).fit(X, y)
    yield "Monte-Carlo dropout", passes.predict_interval(X_test, args.coverage)
    for name, settings in (("quantiles", levels), ("gaussian", {"loss": "gaussian"})):
        fitted = model(args, **settings).fit(X, y)
        yield name, predict_interval(fitted, X_test, args.coverage)

    conformal = SplitConformalRegressor(
        model(args).fit(X_fit, y_fit), args.coverage, prefit=True
    )
    yield "split conformal", conformalized(conformal, X_cal, y_cal, X_test)
    fitted = model(args, **levels).fit(X_fit, y_fit)
    three = [
        make_pipeline(fitted[:-1], QuantilePredictor(fitted[-1], q))
        for q in (low, high, 0.5)
    ]
    conformal = ConformalizedQuantileRegressor(three, args.coverage, prefit=True)
    yield "conformalized quantiles", conformalized(conformal, X_cal, y_cal, X_test)


def conformalized(conformal, X_cal, y_cal, X_test):
    """The interval (n, 2) of each test row, after calibration."""
    conformal.conformalize(X_cal, y_cal)
    return conformal.predict_interval(X_test)[1][..., 0]


def run(args):
    rows = []
    for name, seed, parts in data_sets(args):
        y_test = parts[3]
        for method, interval in intervals(parts, args):
            inside = (interval[:, 0] <= y_test) & (y_test <= interval[:, 1])
            width = np.mean(interval[:, 1] - interval[:, 0]) / np.std(y_test)
            row = {"data": name, "split": seed, "method": method}
            row |= {"inside": float(inside.mean()), "width": float(width)}
            rows.append(row)
            if args.verbose:
                print(name, seed, f"{method}: {row['inside']:.3f}", flush=True)
    return rows


def print_table(rows, coverage):
    """A line a data set, a column a method: share inside, and width."""
    names = list(dict.fromkeys(row["method"] for row in rows))
    print(f"targets in intervals that promise {coverage:.0%}; mean width in their std")
    print(f"{'':20} " + "  ".join(f"{name:>23}" for name in names))
    for stem in dict.fromkeys(row["data"] for row in rows):
        cells = []
        for name in names:
            mine = [r for r in rows if (r["data"], r["method"]) == (stem, name)]
            inside, width = (np.mean([r[k] for r in mine]) for k in ("inside", "width"))
            cells.append(f"{inside:14.1%}  ({width:5.2f})")
        print(f"{stem:20} " + "  ".join(cells))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help=f"folder; of each set at most {ROWS} rows")
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--coverage", type=float, default=0.9)
    parser.add_argument("--dropout", type=float, default=0.2)
    parser.add_argument("--rate", type=float, default=0.003)
    parser.add_argument("--epochs", type=int, default=500)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--json")
    args = parser.parse_args()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = run(args)
    print_table(rows, args.coverage)
    if args.json:
        Path(args.json).write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
