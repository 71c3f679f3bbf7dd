"""How good the predictions are: ``python -m benchmarks.quality --data FOLDER``.

Each data set ``NAME.npz`` of the folder (``X_num``, ``X_cat``, ``y``) is split
``--splits`` times into at most ``--rows`` to train on and as many others to judge by.
Boosting and what prepares columns by itself see the table as it is; other networks see
standardized numbers and one-hot categories, and a standardized target of a regression.
Log loss for classification, RMSE / standard deviation for regression: less is better;
the mean rank is over data sets.

Each result is appended to ``--json FILE`` (a line of JSON) as soon as it is there, and
what is there is not run again: a run may be broken off and go on; of a result that was
taken ``--again`` the last holds. Without ``--data`` what is there is only shown.
``--jobs`` are a search's processes and a peer's threads; scikit-learn's boosting takes
its threads from ``OMP_NUM_THREADS``.
"""

from __future__ import annotations

import argparse
import json
import signal
import time
import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np
from scipy.stats import gmean, rankdata

from benchmarks.contenders import CONTENDERS
from benchmarks.tables import ROWS, judge, load
from sknnreg import config_context


class Results:
    """One row for each data set, split and method; of several the last holds."""

    def __init__(self, path: str | None):
        self.path = path and Path(path)
        self.rows: dict[tuple, dict] = {}
        if self.path and self.path.exists():
            for line in self.path.read_text().splitlines():
                self._put(json.loads(line))

    def _put(self, row):
        self.rows[row["data"], row["split"], row["method"]] = row

    def append(self, row):
        self._put(row)
        if self.path:
            with self.path.open("a") as file:
                file.write(json.dumps(row) + "\n")

    def losses(self, splits):
        """Names of sets and methods; the mean loss of each pair, NaN if one lacks."""
        keys = [key for key in self.rows if key[1] in splits]
        sets = sorted({data for data, _, _ in keys})
        names = [n for n in CONTENDERS if any(n == method for _, _, method in keys)]
        missing = {"loss": np.nan}
        table = [
            [
                [
                    self.rows.get((data, split, name), missing)["loss"]
                    for split in splits
                ]
                for name in names
            ]
            for data in sets
        ]
        return sets, names, np.mean(table, axis=2)

    def seconds(self, name, splits):
        mine = [r for key, r in self.rows.items() if key[2] == name]
        return np.mean([row["seconds"] for row in mine if row["split"] in splits])


class Interrupt:
    """Ctrl-C, remembered: some fits swallow it and return half trained."""

    def __enter__(self):
        self.pressed = False
        self.previous = signal.signal(signal.SIGINT, self._press)
        return self

    def _press(self, *_):
        self.pressed = True
        raise KeyboardInterrupt

    def check(self):
        if self.pressed:
            raise KeyboardInterrupt

    def __exit__(self, *_):
        signal.signal(signal.SIGINT, self.previous)


def chosen(args):
    """The contenders of this run; a line for each that lacks something."""
    default = [name for name, who in CONTENDERS.items() if who.by_default]
    there = []
    for name in args.methods or default:
        lacking = CONTENDERS[name].lacks()
        if lacking:
            print(f"{name} is skipped: there is no {lacking}", flush=True)
        else:
            there.append(name)
    return there


def paths(args):
    """Files of the data sets, small ones first."""
    files = sorted(Path(args.data).glob("*.npz"), key=lambda path: path.stat().st_size)
    return [
        path
        for path in files
        if path.stem not in args.skip and (not args.only or path.stem in args.only)
    ]


def measure(name, table, seed, args):
    """One contender on one split: a row."""
    X, X_test, y, y_test = table.split(seed)
    model = CONTENDERS[name].make(table, args)
    start = time.perf_counter()
    with config_context(backend=CONTENDERS[name].backend):
        model.fit(X, y)
    seconds = time.perf_counter() - start
    loss, error = judge(model, X_test, y_test, table)
    if args.verbose and hasattr(model, "best_params_"):
        print(model.best_params_)
    row = {
        "data": table.name,
        "split": seed,
        "method": name,
        "loss": loss,
        "error": error,
        "seconds": round(seconds, 2),
        "n_train": table.n_train,
    }
    if hasattr(model, "ensemble_"):
        row["single"], _ = judge(model.best_estimator_, X_test, y_test, table)
    return row


def run(results, splits, args):
    names = chosen(args)
    with Interrupt() as interrupt:
        for path in paths(args):
            jobs = [
                (split, name)
                for split in splits
                for name in names
                if name in args.again or (path.stem, split, name) not in results.rows
            ]
            table = load(path, args.rows) if jobs else None
            for split, name in jobs:
                row = measure(name, table, split, args)
                interrupt.check()
                results.append(row)
                line = f"{path.stem:20} {split} {name:28} {row['loss']:.4f}"
                print(f"{line} {row['seconds']:7.1f} s", flush=True)


def print_table(sets, names, losses, foot):
    """A line a data set in markdown, the best of each bold; then ``foot``."""
    print("| table | " + " | ".join(names) + " |")
    print("|---" * (1 + len(names)) + "|")
    for data, row in zip(sets, losses, strict=True):
        best = np.nanmin(row) if np.isfinite(row).any() else np.nan
        cells = [
            ""
            if np.isnan(loss)
            else f"**{loss:.3f}**"
            if loss == best
            else f"{loss:.3f}"
            for loss in row
        ]
        print(f"| {data.replace('_', ' ')} | " + " | ".join(cells) + " |")
    for title, values in foot.items():
        cells = [values.get(name, "") for name in names]
        print(f"| {title} | " + " | ".join(cells) + " |")


def print_duels(names, losses, champions):
    """Each champion beside each other method, on the sets that both have."""
    for champion in champions:
        mine = losses[:, names.index(champion)]
        for name in names:
            theirs = losses[:, names.index(name)]
            both = np.isfinite(mine) & np.isfinite(theirs)
            if name == champion or not both.any():
                continue
            below = np.sum(mine[both] < theirs[both])
            change = gmean(mine[both] / theirs[both]) - 1
            print(f"{champion}: below {name} on {below} of {both.sum()}, {change:+.1%}")


def summarize(results, splits, args):
    """Table, mean ranks and duels of what is there on all the splits."""
    sets, names, losses = results.losses(splits)
    if not sets:
        return
    complete = np.isfinite(losses).all(axis=0)
    ranked = [name for name, whole in zip(names, complete, strict=True) if whole]
    foot = defaultdict(dict)
    if len(ranked) > 1:
        ranks = rankdata(losses[:, complete], axis=1).mean(axis=0)
        foot["mean rank"] = {n: f"{r:.2f}" for n, r in zip(ranked, ranks, strict=True)}
    foot["mean seconds"] = {n: f"{results.seconds(n, splits):.1f}" for n in names}
    print_table(sets, names, losses, foot)
    print(f"\nLosses are means of splits {splits}; ranked are those with all the sets.")
    print("Duels: on how many sets the loss is lower; geometric mean of the ratios.")
    champions = args.champions or [name for name in names if name.startswith("ours")]
    print_duels(names, losses, [name for name in champions if name in names])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder; without it, a summary of --json")
    parser.add_argument("--splits", type=int, default=2)
    parser.add_argument("--first-split", type=int, default=0)
    parser.add_argument(
        "--rows", type=int, default=ROWS, help="at most; a file of --json is for one"
    )
    parser.add_argument("--only", nargs="+", default=[], help="names of data sets")
    parser.add_argument("--skip", nargs="+", default=[], help="names of data sets")
    parser.add_argument("--methods", nargs="+", default=[], choices=CONTENDERS)
    parser.add_argument("--again", nargs="+", default=[], choices=CONTENDERS)
    parser.add_argument("--champions", nargs="+", default=[], choices=CONTENDERS)
    parser.add_argument("--candidates", type=int, default=60, help="of the cocktail")
    parser.add_argument("--epochs", type=int, default=216, help="of the cocktail")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--verbose", action="store_true", help="what searches found")
    parser.add_argument("--json", help="file that results are appended to")
    args = parser.parse_args()
    results = Results(args.json)
    splits = list(range(args.first_split, args.first_split + args.splits))
    if args.data:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                run(results, splits, args)
        except KeyboardInterrupt:
            print("interrupted; what has ended is kept")
    summarize(results, splits, args)


if __name__ == "__main__":
    main()
