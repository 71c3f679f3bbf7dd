"""Kinds of input, each beside its best form: ``python -m benchmarks.layouts``.

For each kind, in turn within one run: ours on it; ours on the same numbers of the same
float dtype as a C-ordered array (a sparse matrix: as CSR); scikit-learn's MLP on it.
Epochs, batch size, dtype and BLAS threads are equal, and a fit includes its
conversions. ``ours/C`` is near 1 where the form of the input costs nothing;
``sklearn/ours`` is above 1 where we are faster.

Rows that need pandas are left out where it is missing.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.utils import check_array
from sklearn.utils.validation import has_fit_parameter
from threadpoolctl import threadpool_limits

from benchmarks import peers
from benchmarks.speed import cores, make_data, measure

try:
    import pandas as pd
except ImportError:
    pd = None

#: name: rows, features, hidden layers, batch size, epochs
SHAPES = {
    "one batch": (100, 30, (100,), 200, 50),
    "small": (600, 30, (100,), 200, 10),
    "narrow": (20000, 8, (100,), 200, 10),
    "medium": (20000, 50, (100,), 200, 10),
    "sparse": (20000, 784, (100,), 200, 6),
    "wide": (20000, 784, (256, 128), 200, 10),
}


@dataclass
class Case:
    """A row of the table. ``wrap`` puts the MLP into a larger estimator."""

    name: str
    shape: str
    X: Any
    y: Any
    task: str = "binary"
    wrap: Callable = lambda mlp: mlp
    settings: dict = field(default_factory=dict)
    fit_params: dict = field(default_factory=dict)


def in_c_order(X):
    """The same numbers as the estimators' float dtype, in the best form for batches."""
    X = check_array(X, accept_sparse="csr", dtype=[np.float64, np.float32])
    return X if sp.issparse(X) else np.ascontiguousarray(X)


def data(shape, dtype="float64", task="binary"):
    return make_data(*SHAPES[shape][:2], task, dtype)


def array_cases():
    for shape in ("one batch", "small", "narrow", "medium", "wide"):
        for dtype in ("float64", "float32"):
            X, y = data(shape, dtype)
            yield Case(f"C {dtype}", shape, X, y)
            yield Case(f"F {dtype}", shape, np.asfortranarray(X), y)
    X, y = data("medium")
    yield Case("X[:, ::2]", "medium", np.hstack([X, X])[:, ::2], y)
    yield Case("X[::-1]", "medium", X[::-1], y[::-1])
    yield Case("int64", "medium", (10 * X).astype(np.int64), y)
    X, y = data("wide")
    yield Case("uint8", "wide", (40 * X + 128).clip(0, 255).astype(np.uint8), y)


def frame_cases():
    for shape in ("one batch", "small", "narrow", "medium", "wide"):
        X, y = data(shape)
        yield Case("DataFrame", shape, pd.DataFrame(X), y)
    X, y = data("medium")
    frame = pd.DataFrame(X).add_prefix("x")
    yield Case("DataFrame float32", "medium", frame.astype(np.float32), y)
    ints = (10 * frame.iloc[:, ::2]).astype(np.int64)
    yield Case("DataFrame int, float", "medium", frame.assign(**ints), y)
    yield Case("DataFrame bool, float", "medium", frame.assign(**ints > 0), y)
    yield Case("early stopping, frame", "medium", frame, y, **EARLY)
    yield Case("StandardScaler, frame", "medium", frame, y, wrap=scaled)
    yield Case("GridSearchCV, frame", "small", *small_frame(), wrap=searched)
    X, y = data("medium", task="regression")
    target = {"task": "regression", "wrap": transformed}
    yield Case("TransformedTarget, frame", "medium", frame, y, **target)
    X, y = data("narrow")
    kinds = np.random.default_rng(0).integers(0, 12, (len(X), 2))
    frame = pd.DataFrame(X).add_prefix("x")
    frame[["kind", "place"]] = np.array(list("abcdefghijkl"), object)[kinds]
    for sparse in (False, True):
        name = f"ColumnTransformer, {'sparse' if sparse else 'dense'}"
        yield Case(name, "narrow", frame, y, wrap=by_column(sparse))


EARLY = {"settings": {"early_stopping": True}}


def small_frame():
    X, y = data("small")
    return pd.DataFrame(X), y


def scaled(mlp):
    return make_pipeline(StandardScaler(), mlp)


def searched(mlp):
    return GridSearchCV(mlp, {"alpha": [0.0, 1e-4, 1e-2, 1.0]}, cv=3)


def transformed(mlp):
    return TransformedTargetRegressor(mlp, transformer=StandardScaler())


def by_column(sparse):
    columns = make_column_transformer(
        (OneHotEncoder(sparse_output=sparse), ["kind", "place"]),
        (StandardScaler(), [f"x{i}" for i in range(8)]),
        sparse_threshold=float(sparse),
    )
    return lambda mlp: make_pipeline(columns, mlp)


def sparse_cases():
    n, width = SHAPES["sparse"][:2]
    for density in (0.01, 0.1, 0.3):
        X = sp.random(n, width, density, "csr", random_state=0)
        y = X[:, : width // 2].sum(axis=1) > X[:, width // 2 :].sum(axis=1)
        y = np.asarray(y, int).ravel()
        for dtype in ("float64", "float32"):
            X = X.astype(dtype)
            yield Case(f"csr {density} {dtype}", "sparse", X, y)
            yield Case(f"csc {density} {dtype}", "sparse", X.tocsc(), y)
    yield Case(f"csr_array {density} {dtype}", "sparse", sp.csr_array(X), y)
    yield Case("early stopping, csr", "sparse", X, y, **EARLY)


def target_cases():
    X, y = data("medium")
    yield Case("string labels", "medium", X, np.where(y, "yes", "no"))
    yield Case("early stopping", "medium", X, y, **EARLY)
    if has_fit_parameter(MLPClassifier, "sample_weight"):
        weight = {"sample_weight": 0.5 + np.random.default_rng(0).random(len(X))}
        yield Case("sample weights", "medium", X, y, fit_params=weight)
    yield Case("10 classes", "medium", *data("medium", task="multiclass"), "multiclass")
    yield Case("20 labels", "medium", X, (X[:, :20] > X[:, 20:40]).astype(int))
    X, z = data("medium", task="regression")
    yield Case("1 target", "medium", X, z, "regression")
    yield Case("2 targets", "medium", X, np.column_stack([z, -z]), "regression")
    ranks = z.argsort().argsort()
    yield Case("100 classes", "medium", X, ranks * 100 // len(z), "multiclass")


GROUPS = {
    "arrays": array_cases,
    "frames": frame_cases,
    "sparse": sparse_cases,
    "targets": target_cases,
}


def one_row(case, threads, repeats):
    """Median seconds of the three."""
    hidden, batch, epochs = SHAPES[case.shape][2:]
    if len(case.y) < batch:
        batch = len(case.y)
    problem = peers.Problem(
        case.X, case.y, case.task, hidden, batch, epochs, dropout=0.0, threads=threads
    )
    ours = peers.our_model(problem, **case.settings)
    theirs = peers.sklearn_model(problem, **case.settings)
    estimators = {
        "ours": (case.wrap(ours), case.X),
        "C": best_form(case, ours),
        "sklearn": (case.wrap(theirs), case.X),
    }
    contenders = {
        name: lambda model=model, X=X: model.fit(X, case.y, **case.fit_params)
        for name, (model, X) in estimators.items()
    }
    with cores(threads), threadpool_limits(threads), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return measure(contenders, repeats)


def best_form(case, mlp):
    """The estimator, and what to feed it, so that the MLP gets the best form."""
    if case.name.startswith("ColumnTransformer"):  # text cannot be a float array
        return case.wrap(make_pipeline(FunctionTransformer(in_c_order), mlp)), case.X
    return case.wrap(mlp), in_c_order(case.X)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--groups", nargs="+", choices=GROUPS, default=list(GROUPS))
    parser.add_argument("--only", default="", help="part of a row's name and shape")
    args = parser.parse_args()
    ratios = {"ours/C": {}, "sklearn/ours": {}}
    for group in args.groups:
        if group == "frames" and pd is None:
            continue
        for case in GROUPS[group]():
            name = f"{case.name:26} {case.shape:9}"
            if args.only not in name:
                continue
            seconds = one_row(case, args.threads, args.repeats)
            ratios["ours/C"][name] = seconds["ours"] / seconds["C"]
            ratios["sklearn/ours"][name] = seconds["sklearn"] / seconds["ours"]
            columns = "  ".join(f"{key} {ratios[key][name]:5.2f}" for key in ratios)
            print(f"{name}  ours {seconds['ours']:7.3f} s  {columns}", flush=True)
    for (key, found), worst in zip(ratios.items(), (max, min), strict=True):
        if found:
            name = worst(found, key=found.get)
            print(f"worst {key:12} {found[name]:5.2f}  {name}")


if __name__ == "__main__":
    main()
