"""Fitted estimators, searches and paths to look at; each is made once."""

import functools
import warnings
from types import SimpleNamespace

import numpy as np
from scipy.stats import loguniform, uniform
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg._fitted import layer_weights
from sknnreg.inspection._parameter_axis import UNSET, ParameterAxis
from sknnreg.model_selection import (
    FusedGridSearchCV,
    FusedHalvingSearchCV,
    FusedRandomizedSearchCV,
)
from tests import factories

# what the tests know of the inside
__all__ = ["UNSET", "ParameterAxis", "layer_weights"]

IRIS, SPECIES = load_iris(return_X_y=True, as_frame=True)
SPECIES = SPECIES.map(dict(enumerate(["setosa", "versicolor", "virginica"])))
DIABETES, PROGRESSION = load_diabetes(return_X_y=True, as_frame=True)


def once(function):
    """Made once for all tests, and without a word about convergence."""

    @functools.cache
    def made(**params):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return function(**params)

    return made


def pipeline(network):
    return Pipeline([("scale", StandardScaler()), ("mlp", network)])


@once
def classifier(**params):
    """A pipeline around a network with a hidden layer, on named inputs."""
    network = factories.classifier(early_stopping=True, **params)
    return pipeline(network).fit(IRIS, SPECIES)


@once
def regressor(**params):
    """A transformed target around a pipeline, on named inputs."""
    network = factories.regressor(**params)
    model = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), network), transformer=StandardScaler()
    )
    return model.fit(DIABETES, PROGRESSION)


@once
def sparse_classifier():
    """Two inputs of four are dropped."""
    network = factories.classifier(
        penalty="group_l1", alpha=0.05, max_iter=60, learning_rate_init=0.02
    )
    return pipeline(network).fit(IRIS, SPECIES)


GRID = {"mlp__alpha": [0.0, 1e-3, 0.1], "mlp__penalty": ["l1", "l2"]}


FOLDS = StratifiedKFold(3)


def search_of(kind, grid, **params):
    network = factories.classifier(max_iter=8, learning_rate_init=0.01)
    search = kind(pipeline(network), grid, cv=FOLDS, **params)
    return search.fit(IRIS, SPECIES)


@once
def grid_search():
    return search_of(FusedGridSearchCV, GRID, scoring="neg_log_loss")


@once
def search_with_histories():
    grid = {"mlp__alpha": [0.0, 0.1], "mlp__early_stopping": [True]}
    return search_of(FusedGridSearchCV, grid, return_history=True)


@once
def plain_search():
    """scikit-learn's own, over one hyperparameter, with several metrics."""
    return search_of(
        GridSearchCV,
        {"mlp__max_norm": [None, 1.0, 3.0]},
        scoring=["accuracy", "neg_log_loss"],
        refit="neg_log_loss",
    )


@once
def halving_search():
    grid = {"mlp__alpha": np.geomspace(1e-4, 1, 5), "mlp__dropout": [0.0, 0.3]}
    return search_of(FusedHalvingSearchCV, grid, factor=2)


@once
def random_search():
    space = {"mlp__alpha": loguniform(1e-4, 1), "mlp__dropout": uniform(0, 0.5)}
    return search_of(FusedRandomizedSearchCV, space, n_iter=15, random_state=0)


def results_of(params, scores):
    """``cv_results_`` made by hand."""
    return {
        "params": params,
        "mean_test_score": np.array(scores, float),
        "std_test_score": np.full(len(params), 0.1),
    }


def recorded_search(histories, best):
    """A search that has recorded histories: rows are candidates, columns folds."""
    results = {"params": [{"mlp__alpha": 0.1}] * len(histories)}
    for i in range(len(histories[0])):
        column = np.empty(len(histories), dtype=object)
        column[:] = [row[i] for row in histories]
        results[f"split{i}_history"] = column
        results[f"split{i}_best_iter"] = np.array([row[i] for row in best], float)
    return SimpleNamespace(
        cv_results_=results,
        n_splits_=len(histories[0]),
        best_index_=0,
        estimator=pipeline(factories.classifier()),
    )


def path(n_values=5, n_inputs=4, **missing):
    """What ``regularization_path`` gives, with a zero and strengths by decades."""
    rng = np.random.default_rng(0)
    values = np.array([0.0, *np.logspace(-3, 0, n_values - 1)])
    shrink = np.linspace(1, 0, n_values)[:, None]
    input_norms = np.maximum(shrink - 0.2 * np.arange(n_inputs), 0)
    full = {
        "param_values": values,
        "scores": rng.uniform(0.4, 0.6, (n_values, 3)),
        "best_index": 1,
        "best_index_1se": 3,
        "zero_share": np.linspace(0, 1, n_values),
        "weight_norms": shrink * [3.0, 2.0],
        "input_norms": input_norms,
        "n_inputs_kept": (input_norms > 0).sum(axis=1),
        "feature_names": np.array([f"input {i}" for i in range(n_inputs)]),
        "param": "alpha",
        "score_name": "score",
    }
    return SimpleNamespace(**full | missing)
