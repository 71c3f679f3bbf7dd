"""Seconds of a search over α × dropout, fused and not: ``python -m benchmarks.search``.

5 values of α times 4 dropout rates, 5 folds, the same number of epochs for everyone and
two processes: ours fused, ours in GridSearchCV, scikit-learn's MLP in GridSearchCV (20
values of α instead, as it has no dropout) and skorch in GridSearchCV. Contenders take
turns within one run; a ratio is their median divided by the fused search's.

``--halving`` compares successive halving with the whole grid, both fused: seconds
and epochs, and how far below the best the winner's score by the whole grid is, in
standard errors.

``--vmap`` compares the seconds a model of one stack of 16 with JAX's vmap over 16
models, compiled before.
"""

from __future__ import annotations

import argparse
import json
import os
import warnings

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from benchmarks import peers
from benchmarks.speed import cores, make_data, measure, warm_blas
from sknnreg import MLPClassifierScratch, set_config
from sknnreg._run import fit_stack
from sknnreg.model_selection import FusedGridSearchCV, FusedHalvingSearchCV

ALPHAS = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]
RATES = [0.0, 0.1, 0.3, 0.5]
NETWORKS = {"(100,)/200": ((100,), 200), "(32,)/32": ((32,), 32)}
EPOCHS = {"breast_cancer": 40, "digits": 15, "20000x8": 2}
LOADERS = {"breast_cancer": load_breast_cancer, "digits": load_digits}
HALVING = ["digits", "2000x20", "5000x8", "5000x50", "10000x20"]


def load(name):
    """Standardized inputs in float64, as a user has them, and labels."""
    if name not in LOADERS:
        return make_data(*map(int, name.split("x")), "binary", np.float64)
    X, y = LOADERS[name](return_X_y=True)
    return StandardScaler().fit_transform(X), y


def searches(hidden, batch, epochs, args):
    """Each contender's search, not fitted."""
    settings = {
        "hidden_layer_sizes": hidden,
        "batch_size": batch,
        "max_iter": epochs,
        "n_iter_no_change": np.inf,
        "random_state": 0,
    }
    common = {"cv": 5, "n_jobs": args.n_jobs, "refit": False}
    ours = MLPClassifierScratch(**settings)
    grid = {"alpha": ALPHAS, "dropout": RATES}
    yield "fused", FusedGridSearchCV(ours, grid, **common)
    yield "unfused", GridSearchCV(ours, grid, **common)
    theirs = MLPClassifier(**settings)
    alphas = {"alpha": np.logspace(-5, -1, 20).tolist()}
    yield "sklearn", GridSearchCV(theirs, alphas, **common)


def skorch_search(X, y, hidden, batch, epochs, args):
    """skorch's network with the same grid, in float32: PyTorch's own dtype."""
    import torch
    from skorch import NeuralNetClassifier

    net = NeuralNetClassifier(
        peers.torch_network,
        module__sizes=(X.shape[1], *hidden, len(np.unique(y))),
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=1e-3,
        batch_size=batch,
        max_epochs=epochs,
        train_split=None,
        iterator_train__shuffle=True,
        verbose=0,
    )
    grid = {"optimizer__weight_decay": ALPHAS, "module__dropout": RATES}
    return GridSearchCV(net, grid, cv=5, n_jobs=args.n_jobs, refit=False)


def one_case(name, network, args):
    X, y = load(name)
    hidden, batch = NETWORKS[network]
    epochs = max(1, round(args.epochs * EPOCHS[name]))
    contenders = {
        which: lambda search=search: search.fit(X, y)
        for which, search in searches(hidden, batch, epochs, args)
    }
    if peers.available("skorch"):
        search = skorch_search(X, y, hidden, batch, epochs, args)
        X32, y64 = X.astype(np.float32), y.astype(np.int64)
        contenders["skorch"] = lambda: search.fit(X32, y64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seconds = measure(contenders, args.repeats)
    ratios = "  ".join(
        f"{k}/fused {v / seconds['fused']:5.2f}"
        for k, v in seconds.items()
        if k != "fused"
    )
    print(
        f"{name:14} {network:10} fused {seconds['fused']:6.2f} s  {ratios}", flush=True
    )
    return {"data": name, "network": network, "seconds": seconds}


def halving_case(name, args):
    """Successive halving over 27 candidates and 81 epochs, and the whole grid."""
    X, y = load(name)
    model = MLPClassifierScratch(
        hidden_layer_sizes=(50,), batch_size=64, max_iter=81, random_state=0
    ).set_params(n_iter_no_change=np.inf, learning_rate_init=0.01)
    grid = {"alpha": np.logspace(-6, 0, 9), "dropout": [0.0, 0.2, 0.5]}
    common = {"cv": 5, "n_jobs": args.n_jobs}
    whole = FusedGridSearchCV(model, grid, refit=False, **common)
    halving = FusedHalvingSearchCV(
        model, grid, refit=False, return_train_score=False, **common
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seconds = measure(
            {"whole": lambda: whole.fit(X, y), "halving": lambda: halving.fit(X, y)},
            args.repeats,
        )
    table = whole.cv_results_
    winner = {k: v for k, v in halving.best_params_.items() if k != "max_iter"}
    scores = table["mean_test_score"]
    error = table["std_test_score"][whole.best_index_] / np.sqrt(5 - 1)
    below = (scores.max() - scores[table["params"].index(winner)]) / error
    share = seconds["halving"] / seconds["whole"]
    new = np.diff(halving.n_resources_, prepend=0)
    epochs = new @ halving.n_candidates_ / (81 * len(table["params"]))
    print(
        f"{name:14} whole {seconds['whole']:6.2f} s  halving/whole {share:5.2f}  "
        f"({epochs:.2f} of the epochs)  "
        f"winner {below:4.2f} standard errors below the best",
        flush=True,
    )
    return {"data": name, "seconds": seconds, "epochs": epochs, "below": below}


def vmap_case(name, network, dtype, args, n_models=16):
    """Seconds a model: a stack of ours, and JAX's vmap over as many models."""
    X, y = load(name)
    X = X.astype(dtype)
    hidden, batch = NETWORKS[network]
    epochs = max(1, round(args.epochs * EPOCHS[name]))
    task = "multiclass" if y.max() > 1 else "binary"
    problem = peers.Problem(X, y, task, hidden, batch, epochs, 0.0, 1)
    alphas = np.logspace(-6, -1, n_models)

    def ours():
        models = [
            MLPClassifierScratch(alpha=alpha, **peers.common(problem))
            for alpha in alphas
        ]
        fit_stack(models, X, y)

    contenders = {"ours": ours, "jax": peers.jax_vmap(problem, alphas)}
    with cores(1), threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warm_blas()
        seconds = measure(contenders, args.repeats)
    per_model = {k: v / n_models for k, v in seconds.items()}
    ratio = seconds["jax"] / seconds["ours"]
    print(
        f"{name:14} {network:10} {dtype}  ours {per_model['ours'] * 1e3:7.2f} ms a "
        f"model, jax vmap/ours {ratio:5.2f}",
        flush=True,
    )
    return {"data": name, "network": network, "dtype": dtype, "seconds": per_model}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", default=list(EPOCHS))
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS))
    parser.add_argument("--epochs", type=float, default=1.0, help="factor")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--vmap", action="store_true")
    parser.add_argument("--halving", action="store_true")
    parser.add_argument("--backend", default="auto", help="ours: numpy, fast or auto")
    parser.add_argument("--json")
    args = parser.parse_args()
    set_config(backend=args.backend)
    os.environ["SKNNREG_BACKEND"] = args.backend  # GridSearchCV's workers read it
    rows = []
    if args.halving:
        rows = [halving_case(name, args) for name in HALVING]
    for name in () if args.halving else args.data:
        for network in args.networks:
            if args.vmap:
                for dtype in ("float32", "float64"):
                    rows.append(vmap_case(name, network, dtype, args))
            else:
                rows.append(one_case(name, network, args))
    if args.json:
        with open(args.json, "w") as file:
            json.dump(rows, file, indent=1)


if __name__ == "__main__":
    main()
