"""Searches, the path and the cocktail."""

import numpy as np
from sklearn.pipeline import make_pipeline

from sknnreg import (
    MLPClassifierScratch,
)
from sknnreg.model_selection import (
    FusedGridSearchCV,
    FusedHalvingSearchCV,
    FusedRandomizedSearchCV,
    regularization_cocktail,
    regularization_path,
)
from tests.bad_input.factories import (
    NAN,
    TWO,
    Row,
    X,
    check,
    network,
    of,
    put,
    shown,
)
from tests.factories import not_converged

pytestmark = not_converged


NET = network(MLPClassifierScratch)
GRID = {"alpha": [0.1, 1.0]}


def search(kind=FusedGridSearchCV, estimator=NET, space=GRID, given=None, **params):
    arguments = {"X": X, "y": TWO} | (given or {})
    params = {"cv": 2, "error_score": "raise"} | params
    if kind is FusedRandomizedSearchCV:
        params = {"n_iter": 1} | params
    return kind(estimator, space, **params).fit(**arguments)


def path(estimator=NET, X=X, y=TWO, **params):
    return regularization_path(estimator, X, y, **{"values": [0.1], "cv": 2} | params)


WRONG_SPACES = [
    *((None, "param_grid|param_distributions"), ("alpha", "param|dict"), (3, "param")),
    *(([GRID, 3], "dict"), ({"alpha": 0.1}, "alpha"), ({"alpha": "0.1"}, "alpha")),
    *(({"alpha": []}, "alpha"), ({"alpa": [1]}, "alpa"), ({"alpha": [-1]}, "alpha")),
    *(({"alpha": ["0.1"]}, "alpha"), ({"dropout": [[[0.1]]]}, "dropout")),
    *(({"hidden_layer_sizes": [{4}]}, "hidden_layer_sizes"), ({3: [1]}, "3")),
    *(
        ({"learning_rate_init": [NAN]}, "learning_rate_init"),
        ({"alpha": None}, "alpha"),
    ),
    ({"hidden_layer_sizes": [(NAN,)]}, "hidden_layer_sizes"),
]
SEARCHES = {
    "cv": (0, 1, 2.5, "five", 100, NAN, {}, -1),
    "scoring": ("best", "Accuracy", 3, of(None), of("a"), of([0.5])),
    "refit": (3, 1j, "2se", "accuracy"),
    "n_jobs": ("two", 1.5),
    "max_stack": (0, 1.5, "many", NAN),
    "return_history": (3, "x"),
    "return_train_score": (3, "x"),
    "max_time": (0, -1, NAN, "60", 1j),
    "error_score": ("x", None),
    "verbose": (-1, "x"),
}
OWN = {
    FusedGridSearchCV: {},
    FusedRandomizedSearchCV: {
        "n_iter": (0, -1, 2.5, None, "10"),
        "random_state": (-1, "0", 2.5),
    },
    FusedHalvingSearchCV: {
        "factor": (1, 0, NAN, None, "3"),
        "max_resources": (0, 1.5, "all", None),
        "min_resources": (0, 1.5, "all", None, 10),
        "n_candidates": (0, 1.5, "all"),
        "aggressive_elimination": (3, None),
        "random_state": (-1, "0", 2.5),
    },
}


def of_searches():
    halving = FusedHalvingSearchCV
    yield Row("halving([])", lambda: search(halving, space=[]), "no candidates")
    yield Row(
        "halving(scoring=two)",
        lambda: search(halving, scoring=of({"a": 1.0, "b": 2.0})),
        "one metric, but scoring=",
    )
    for kind, own in OWN.items():
        for space, words in WRONG_SPACES:
            yield Row(
                f"{kind.__name__}({space})",
                lambda kind=kind, space=space: search(kind, space=space),
                words,
            )
        for estimator in (None, "x", 3):
            yield Row(
                f"{kind.__name__}({estimator})",
                lambda kind=kind, e=estimator: search(kind, estimator=e),
                "estimator",
            )
        for name, values in (SEARCHES | own).items():
            for value in values:
                yield Row(
                    f"{kind.__name__}({name}={shown(value)})",
                    lambda kind=kind, params={name: value}: search(kind, **params),
                    {"scoring": "scor", "cv": "(?i)cv|n_splits"}.get(name, name),
                )
        for name, values in {
            "X": (put(X, NAN), X[:, 0], "X", X[:5]),
            "y": (None, TWO[:5], "y"),
            "sample_weight": ([1] * 5, -np.ones(12), [NAN] * 12, "a"),
        }.items():
            for value in values:
                yield Row(
                    f"{kind.__name__}.fit({name}={shown(value)})",
                    lambda kind=kind, given={name: value}: search(kind, given=given),
                    rf"\b{name}\b|numbers of samples",
                )


PATHS = {
    "param": ("alpa", "", 3, None, "mlp__alpha"),
    "values": (3, 1j, "abc", [-1], [None], [NAN], ["0.1"], [[[0.1]]], {}, []),
    "scoring": (["accuracy"], {"a": "accuracy"}, "best", 3),
    "cv": (0, 1, "five", 100),
    "n_jobs": ("two",),
    "max_stack": (0, "x"),
    "refit": ("x", 3),
    "verbose": (-1, "x"),
    "estimator": (None, "x", 3, MLPClassifierScratch, make_pipeline("passthrough")),
    "X": (put(X, NAN), X[:, 0]),
    "y": (None, TWO[:5]),
}


def of_paths():
    for name, values in PATHS.items():
        for value in values:
            yield Row(
                f"regularization_path({name}={shown(value)})",
                lambda params={name: value}: path(**params),
                {
                    "values": "alpha|values",
                    "scoring": "scor|metric",
                    "estimator": "needs an MLP",
                    "cv": "(?i)cv|n_splits",
                    "y": r"\by\b|numbers of samples",
                    "param": "param",
                }.get(name, rf"\b{name}\b"),
            )
    yield Row("path", path)
    for task in ("classify", "", None, 3):
        yield Row(
            f"regularization_cocktail({task!r})",
            lambda task=task: regularization_cocktail(task),
            "task must be",
        )
    for prefix in (3, None):
        yield Row(
            f"regularization_cocktail(prefix={prefix!r})",
            lambda prefix=prefix: regularization_cocktail("regression", prefix=prefix),
            "prefix",
        )


def test_searches():
    check(of_searches())


def test_path_and_cocktail():
    check(of_paths())
