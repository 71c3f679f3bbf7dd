"""What each piece of a recipe for tables is worth: ``python -m benchmarks.recipe``.

Each data set ``NAME.npz`` of ``--data FOLDER`` is split ``--seeds`` times into at most
``--rows`` training rows and at most 5000 others to judge by. Each piece is put into a
plain network alone, some together (or, with ``--out RECIPE``, the pieces of one are
left out, one at a time). The table is the relative change of the loss, mean over data
sets and its standard error, the seeds of a data set being averaged first. Log loss for
classification, RMSE / standard deviation for regression: negative is better.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.preprocessing import StandardScaler

from benchmarks.tables import encoded, judge, load
from sknnreg import MLPClassifierScratch, MLPRegressorScratch, config_context

#: the best epoch of all is kept, for every schedule alike
PLAIN = {
    "hidden_layer_sizes": (128, 128),
    "solver": "adamw",
    "alpha": 0.02,
    "learning_rate_init": 5e-3,
    "learning_rate": "cosine",
    "dropout": 0.1,
    "batch_size": 128,
    "max_iter": 80,
    "early_stopping": True,
    "validation_fraction": 0.15,
    "n_iter_no_change": np.inf,
}

PIECES = {
    "coslog4": {"learning_rate": "coslog4"},
    "constant rate": {"learning_rate": "constant"},
    "silu": {"activation": "silu"},
    "mish": {"activation": "mish"},
    "beta_2": {"beta_2": 0.95},
    "averages": {"averaging": 0.8},
    "constant rate, averages": {"learning_rate": "constant", "averaging": 0.8},
    "biases from data": {"bias_init": "data"},
    "input scale": {"input_scale": 6.0},
    "input scale 2": {"input_scale": 2.0},
    "rate 0.002": {"learning_rate_init": 2e-3},
    "rate 0.01": {"learning_rate_init": 1e-2},
    "decay 0.5": {"alpha": 0.5},
    "l1": {"solver": "adam", "penalty": "l1", "alpha": 3e-4},
    "group l1": {"solver": "adam", "penalty": "group_l1", "alpha": 1e-3},
    "less group l1": {"solver": "adam", "penalty": "group_l1", "alpha": 3e-4},
}
AVERAGES = "constant rate, averages"
#: several together
RECIPES = {
    "averages, scale": (AVERAGES, "input scale"),
    "averages, biases": (AVERAGES, "biases from data"),
    "averages, biases, scale 2": (AVERAGES, "biases from data", "input scale 2"),
    "scale, beta_2": ("rate 0.01", "input scale", "beta_2"),
    "all of RealMLP": (
        *("coslog4", "rate 0.01", "beta_2"),
        *("input scale", "biases from data"),
    ),
}


def settings(pieces):
    """Hyperparameters with these pieces."""
    found = dict(PLAIN)
    for name in pieces:
        found |= PIECES[name]
    return found


def prepared(path, seed, rows):
    """Training and test parts as numbers, and the table."""
    table = load(path)
    X, X_test, y, y_test = table.split(seed, rows)
    transformer = encoded()
    X = smooth_clip(transformer.fit_transform(X))
    return X, smooth_clip(transformer.transform(X_test)), y, y_test, table


def smooth_clip(X):
    """x / √(1 + (x / 3)²): outliers end at 3 (Holzmüller et al. 2024)."""
    return (X / np.sqrt(1 + (X / 3) ** 2)).astype(np.float32)


def loss_of(params, X, X_test, y, y_test, table, seed):
    """Loss on the test part, and seconds of a fit."""
    if table.regression:
        model = MLPRegressorScratch(**params, random_state=seed)
        model = TransformedTargetRegressor(model, transformer=StandardScaler())
    else:
        model = MLPClassifierScratch(**params, random_state=seed)
    start = time.process_time()
    model.fit(X, y)
    seconds = time.process_time() - start
    return judge(model, X_test, y_test, table)[0], seconds


def variants(args):
    """Name and hyperparameters of the reference, and of all that is held against it."""
    if args.out:
        recipe = RECIPES[args.out]
        without = {f"without {a}": [b for b in recipe if b != a] for a in recipe}
        return {args.out: settings(recipe)} | {
            name: settings(rest) for name, rest in without.items()
        }
    every = {name: (name,) for name in PIECES} | RECIPES
    names = args.pieces or list(every)
    return {"plain": PLAIN} | {name: settings(every[name]) for name in names}


def known(args):
    """Rows of earlier runs by data set, seed and variant."""
    paths = [Path(path) for path in args.known]
    rows = [row for path in paths for row in json.loads(path.read_text())]
    return {(row["data"], row["seed"], row["variant"]): row for row in rows}


def run(args):
    rows = []
    every, earlier = variants(args), known(args)
    paths = [
        path
        for path in sorted(Path(args.data).glob("*.npz"))
        if not args.only or path.stem in args.only
    ]
    for seed, path in itertools.product(range(args.seeds), paths):
        *data, table = prepared(path, seed, args.rows)
        for name, params in every.items():
            row = earlier.get((path.stem, seed, name))
            if row is None:
                loss, seconds = loss_of(params, *data, table, seed)
                row = {"data": path.stem, "task": table.task, "seed": seed}
                row |= {"variant": name, "loss": loss, "seconds": seconds}
            rows.append(row)
        print(path.stem, seed, flush=True)
        if args.json:
            Path(args.json).write_text(json.dumps(rows, indent=1))
    return rows, list(every)


def changes(rows, names):
    """Relative change (n_sets,) of each variant's loss, and its task's name a set."""
    sets = {row["data"]: row["task"] for row in rows}
    found = {}
    for name in names:
        logs = [
            [np.log(r["loss"]) for r in rows if (r["data"], r["variant"]) == (s, v)]
            for s in sets
            for v in (name, names[0])
        ]
        means = np.array([np.mean(each) for each in logs]).reshape(-1, 2)
        found[name] = np.expm1(means[:, 0] - means[:, 1])
    return found, np.array(list(sets.values()))


def print_table(rows, names):
    found, tasks = changes(rows, names)
    print(
        "| piece | change of the loss, % | classification | regression | better | s |"
    )
    print("|---|---|---|---|---|---|")
    for name, change in found.items():
        change = 100 * change
        error = change.std(ddof=1) / np.sqrt(len(change)) if len(change) > 1 else np.nan
        by_task = [
            f"{change[(tasks == 'regression') == flag].mean():+.1f}"
            for flag in (False, True)
        ]
        seconds = np.mean([r["seconds"] for r in rows if r["variant"] == name])
        print(
            f"| {name} | {change.mean():+.1f} ± {error:.1f} | {by_task[0]} | "
            f"{by_task[1]} | {(change < 0).sum()} of {len(change)} | {seconds:.1f} |"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--pieces", nargs="+", default=[], choices=[*PIECES, *RECIPES])
    parser.add_argument("--out", choices=list(RECIPES), help="leave its pieces out")
    parser.add_argument("--json")
    parser.add_argument("--known", nargs="+", default=[], help="earlier --json files")
    args = parser.parse_args()
    # not every piece has a compiled form
    with warnings.catch_warnings(), config_context(backend="numpy"):
        warnings.simplefilter("ignore")
        rows, names = run(args)
    print_table(rows, names)


if __name__ == "__main__":
    main()
