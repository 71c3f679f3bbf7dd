"""How good the predictions are: ``python -m benchmarks.quality --data FOLDER``.

Each data set ``NAME.npz`` of the folder (``X_num``, ``X_cat``, ``y``) is split
``--splits`` times into at most 5000 training rows and at most 5000 others to judge by.
Networks see standardized numbers and one-hot categories; the target of a regression is
standardized too. Log loss for classification, RMSE / standard deviation for regression:
less is better; the mean rank is over data sets.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
from scipy.stats import rankdata
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)

from sknnreg import MLPClassifierScratch, MLPRegressorScratch
from sknnreg.model_selection import FusedHalvingSearchCV, regularization_cocktail

ROWS = 5000
ALPHAS = [1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0]


def columns(n_numeric, n_categorical, for_trees):
    """Preparation of a table whose numeric columns come first."""
    numeric, rest = slice(0, n_numeric), slice(n_numeric, n_numeric + n_categorical)
    if for_trees and not n_categorical:
        return "passthrough"
    if for_trees:
        codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
        return ColumnTransformer([("n", "passthrough", numeric), ("c", codes, rest)])
    numbers = make_pipeline(
        FunctionTransformer(np.asarray, kw_args={"dtype": np.float64}),
        SimpleImputer(strategy="median"),
        StandardScaler(),
    )
    parts = [("numbers", numbers, numeric)]
    if n_categorical:
        dummies = OneHotEncoder(
            max_categories=30, handle_unknown="infrequent_if_exist", sparse_output=False
        )
        parts.append(("categories", dummies, rest))
    return make_pipeline(
        ColumnTransformer(parts),
        FunctionTransformer(np.asarray, kw_args={"dtype": np.float32}),
    )


def network(mlp, shape, task):
    """A network with what it needs around it."""
    model = Pipeline([("columns", columns(*shape, False)), ("mlp", mlp)])
    if task == "regression":
        return TransformedTargetRegressor(model, transformer=StandardScaler())
    return model


def cocktail(shape, task, n_rows, args):
    """The cocktail, by successive halving within the budget."""
    regression = task == "regression"
    kind = MLPRegressorScratch if regression else MLPClassifierScratch
    # few rows are few steps an epoch: then more epochs
    more = max(1, round(10 * 128 / (0.7 * min(n_rows, ROWS))))
    mlp = kind(max_iter=args.epochs * more, random_state=0)
    model = network(mlp, shape, task)
    prefix = "regressor__mlp__" if regression else "mlp__"
    n_candidates = args.candidates if sum(shape) < 200 else args.candidates // 3
    return FusedHalvingSearchCV(
        model,
        regularization_cocktail(task, prefix=prefix),
        n_candidates=n_candidates,
        min_resources=8 * more,
        cv=5 if n_rows < 1000 else 3,
        scoring=None if regression else "neg_log_loss",
        n_jobs=2,
        random_state=0,
        return_train_score=False,
    )


def methods(shape, task, n_rows, args):
    """Each contender, not fitted."""
    regression = task == "regression"
    ours = MLPRegressorScratch if regression else MLPClassifierScratch
    theirs = MLPRegressor if regression else MLPClassifier
    trees = (
        HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
    )
    alpha = "regressor__mlp__alpha" if regression else "mlp__alpha"
    tuned = GridSearchCV(
        network(theirs(random_state=0), shape, task),
        {alpha: ALPHAS},
        cv=3,
        n_jobs=2,
        scoring=None if regression else "neg_log_loss",
    )
    categorical = np.arange(shape[0], sum(shape)) if shape[1] else None
    boosting = trees(random_state=0, categorical_features=categorical)
    early = ours(random_state=0, early_stopping=True)
    return {
        "ours": network(ours(random_state=0), shape, task),
        "ours, early stopping": network(early, shape, task),
        "ours, cocktail": cocktail(shape, task, n_rows, args),
        "sklearn MLP": network(theirs(random_state=0), shape, task),
        "sklearn MLP, tuned": tuned,
        "HistGradientBoosting": make_pipeline(columns(*shape, True), boosting),
    }


def load(path, seed, rows=ROWS):
    """Training and test parts of a data set, its shape and task."""
    data = np.load(path, allow_pickle=False)
    task = json.loads(path.with_suffix(".json").read_text())["task"]
    X, y = data["X_num"], data["y"]
    if data["X_cat"].shape[1]:
        X = np.concatenate([X.astype(object), data["X_cat"].astype(object)], axis=1)
    n = len(y)
    n_train = min(rows, int(0.7 * n))
    split = train_test_split(
        X,
        y,
        train_size=n_train,
        test_size=min(ROWS, n - n_train),
        stratify=None if task == "regression" else y,
        random_state=seed,
    )
    return split, (data["X_num"].shape[1], data["X_cat"].shape[1]), task


def judge(model, X, y, task):
    """Loss, and share of errors (NaN for a regression)."""
    if task == "regression":
        error = np.sqrt(np.mean((model.predict(X) - y) ** 2)) / np.std(y)
        return float(error), float("nan")
    loss = log_loss(y, model.predict_proba(X), labels=model.classes_)
    return float(loss), float(np.mean(model.predict(X) != y))


def run(args):
    rows = []
    for path in sorted(Path(args.data).glob("*.npz")):
        if args.only and path.stem not in args.only:
            continue
        for seed in range(args.first_split, args.first_split + args.splits):
            (X, X_test, y, y_test), shape, task = load(path, seed)
            for name, model in methods(shape, task, len(y), args).items():
                if args.methods and name not in args.methods:
                    continue
                start = time.perf_counter()
                model.fit(X, y)
                seconds = time.perf_counter() - start
                loss, error = judge(model, X_test, y_test, task)
                row = {"data": path.stem, "split": seed, "method": name}
                rows.append(row | {"loss": loss, "error": error, "seconds": seconds})
                best = getattr(model, "best_params_", "")
                if args.verbose:
                    print(path.stem, seed, name, f"{loss:.4f} {seconds:.1f} s", best)
        print_set(path.stem, rows)
    return rows


def mean_losses(rows):
    """Names of data sets and methods, and the mean loss of each pair."""
    sets = list(dict.fromkeys(row["data"] for row in rows))
    names = list(dict.fromkeys(row["method"] for row in rows))
    table = [
        [
            np.mean([r["loss"] for r in rows if (r["data"], r["method"]) == (s, m)])
            for m in names
        ]
        for s in sets
    ]
    return sets, names, np.array(table)


def print_set(stem, rows):
    mine = [row for row in rows if row["data"] == stem]
    _, names, losses = mean_losses(mine)
    cells = []
    for name, loss in zip(names, losses[0], strict=True):
        seconds = np.mean([r["seconds"] for r in mine if r["method"] == name])
        cells.append(f"{name} {loss:.4f} ({seconds:.0f} s)")
    print(f"{stem:20} " + "  ".join(cells), flush=True)


def summarize(rows):
    sets, names, losses = mean_losses(rows)
    ranks = rankdata(losses, axis=1).mean(axis=0)
    for name, rank in sorted(zip(names, ranks, strict=True), key=lambda p: p[1]):
        print(f"{name:22} mean rank {rank:.2f} of {len(sets)} sets")
    if {"ours, cocktail", "sklearn MLP, tuned"} <= set(names):
        column = names.index("ours, cocktail")
        for other in ("sklearn MLP, tuned", "HistGradientBoosting"):
            wins = np.mean(losses[:, column] < losses[:, names.index(other)])
            print(f"the cocktail's loss is below that of {other} on {wins:.0%}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--first-split", type=int, default=0)
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--methods", nargs="+", default=[])
    parser.add_argument("--candidates", type=int, default=60)
    parser.add_argument("--epochs", type=int, default=216)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--json")
    args = parser.parse_args()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = run(args)
    summarize(rows)
    if args.json:
        Path(args.json).write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
