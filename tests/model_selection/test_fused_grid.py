"""A fused grid search gives what scikit-learn's gives, and trains together."""

import functools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    RepeatedStratifiedKFold,
    ShuffleSplit,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sknnreg import MLPClassifierScratch, MLPRegressorScratch
from sknnreg.model_selection import FusedGridSearchCV
from tests.factories import however_it_ends
from tests.model_selection.factories import (
    BINARY,
    CLASSES,
    GRID,
    GROUPS,
    LABELS,
    LINE,
    TARGETS,
    WEIGHT,
    X,
    assert_same_results,
    classifier,
    inside,
    regressor,
)

pytestmark = however_it_ends


def weighted_log_loss(estimator, X, y):
    return -log_loss(y, estimator.predict_proba(X)) + 0.1


CASES = {
    "regression": (regressor(), GRID, LINE, {}, {}),
    "multi-output": (regressor(loss="huber"), GRID, TARGETS, {}, {}),
    "binary": (classifier(), GRID, BINARY, {}, {}),
    "multiclass": (classifier(), GRID, CLASSES, {}, {}),
    "multilabel": (classifier(), GRID, LABELS, {}, {}),
    "weights": (classifier(), GRID, CLASSES, {}, {"sample_weight": WEIGHT}),
    "early stopping": (
        classifier(early_stopping=True, n_iter_no_change=2, max_iter=30),
        GRID | {"learning_rate_init": [0.003, 0.03]},
        BINARY,
        {},
        {},
    ),
    "early stopping by loss, weights": (
        classifier(early_stopping=True, n_iter_no_change=2, scoring="loss"),
        GRID,
        CLASSES,
        {},
        {"sample_weight": WEIGHT},
    ),
    "per-layer": (
        classifier(),
        {
            "dropout": [(0.2, 0.0), (0.5, 0.0), (0.0, 0.3), 0.2],
            "alpha": [0.1, (0.0, 0.1, 1.0)],
        },
        CLASSES,
        {},
        {},
    ),
    "batch norm, noise, limits": (
        classifier(normalization="batch", residual=True),
        {
            "input_noise": [0.0, 0.1, 0.3],
            "input_dropout": [0.0, 0.2],
            "max_norm": [None, 1.0, 2.0],
            "clip_norm": [1.0],
        },
        CLASSES,
        {},
        {},
    ),
    "kinks": (
        regressor(penalty="elasticnet"),
        {"alpha": [0.01, 0.1], "l1_ratio": [0.0, 0.5, 1.0], "alpha_bias": [0, 0.1]},
        LINE,
        {},
        {},
    ),
    "kinds": (
        regressor(),
        {
            "penalty": ["l2", "group_l1", None],
            "solver": ["sgd", "adamw", "lbfgs"],
            "alpha": [0.01, 0.1],
        },
        LINE,
        {"error_score": 0.5},
        {},
    ),
    "momentum, seeds, schedules": (
        classifier(solver="sgd"),
        {
            "momentum": [0.5, 0.9],
            "random_state": [0, 1],
            "learning_rate": ["constant", "cosine", "adaptive"],
        },
        CLASSES,
        {},
        {},
    ),
    "custom scorer": (
        classifier(),
        GRID,
        CLASSES,
        {"scoring": weighted_log_loss},
        {},
    ),
    "made scorer": (
        classifier(),
        GRID,
        CLASSES,
        {
            "scoring": make_scorer(
                log_loss, response_method="predict_proba", greater_is_better=False
            )
        },
        {},
    ),
    "several metrics": (
        classifier(),
        GRID,
        CLASSES,
        {"scoring": ["accuracy", "neg_log_loss"], "refit": "neg_log_loss"},
        {"sample_weight": WEIGHT},
    ),
    "group k-fold": (
        classifier(),
        GRID,
        CLASSES,
        {"cv": GroupKFold(3)},
        {"groups": GROUPS},
    ),
    "shuffle split": (
        regressor(),
        GRID,
        LINE,
        {"cv": ShuffleSplit(2, random_state=0)},
        {},
    ),
    "repeated": (
        classifier(),
        GRID,
        BINARY,
        {"cv": RepeatedStratifiedKFold(n_splits=2, n_repeats=2, random_state=0)},
        {},
    ),
    "pipeline": (
        Pipeline([("scale", StandardScaler()), ("mlp", classifier())]),
        inside("mlp", GRID) | {"scale": [StandardScaler(), MinMaxScaler(), None]},
        BINARY,
        {},
        {"mlp__sample_weight": WEIGHT},
    ),
    "step swapped": (
        Pipeline([("scale", StandardScaler()), ("model", regressor())]),
        [
            {"model": [regressor()], "model__alpha": [0.1, 0.2]},
            {"model": [Ridge()], "model__alpha": [0.1, 0.2]},
        ],
        LINE,
        {},
        {},
    ),
    "transformed target": (
        TransformedTargetRegressor(
            make_pipeline(StandardScaler(), regressor()), transformer=StandardScaler()
        ),
        inside("regressor__mlpregressorscratch", GRID)
        | {"transformer": [StandardScaler(), MinMaxScaler()]},
        LINE,
        {},
        {},
    ),
    "wrong candidates": (
        classifier(),
        {"alpha": [0.1, -1.0, 0.2], "dropout": [0.0, 0.1, (0.1,)]},
        BINARY,
        {"error_score": -7.0},
        {},
    ),
    "callable refit": (
        classifier(),
        GRID,
        BINARY,
        {"refit": lambda results: int(np.argmin(results["mean_test_score"]))},
        {},
    ),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore:Scoring failed")
@pytest.mark.filterwarnings("ignore:.*does not support sample_weight")
@pytest.mark.parametrize("case", CASES)
def test_equals_grid_search(case):
    estimator, grid, y, settings, fit_params = CASES[case]
    settings = {"cv": 3, "return_train_score": True} | settings
    theirs = GridSearchCV(estimator, grid, **settings).fit(X, y, **fit_params)
    ours = FusedGridSearchCV(estimator, grid, **settings).fit(X, y, **fit_params)
    assert_same_results(ours.cv_results_, theirs.cv_results_)
    assert ours.best_index_ == theirs.best_index_
    assert repr(ours.best_params_) == repr(theirs.best_params_)
    assert ours.n_splits_ == theirs.n_splits_
    assert ours.multimetric_ == theirs.multimetric_
    assert type(ours.scorer_) is type(theirs.scorer_)
    assert_array_equal(ours.predict(X), theirs.predict(X))
    if not callable(settings.get("refit")):
        assert_allclose(ours.best_score_, theirs.best_score_, rtol=1e-9)


#: fits of candidates that have to be fitted alone, on 3 folds each
ALONE = {"kinds": 6 * 3, "step swapped": 2 * 3, "wrong candidates": 5 * 3}


@pytest.fixture
def fits(monkeypatch):
    """The class of each estimator whose own ``fit`` is called."""
    seen = []
    for kind in (MLPClassifierScratch, MLPRegressorScratch, Ridge):

        def fit(self, *args, original=kind.fit, **kwargs):
            seen.append(type(self))
            return original(self, *args, **kwargs)

        monkeypatch.setattr(kind, "fit", functools.wraps(kind.fit)(fit))
    return seen


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore:.*does not support sample_weight")
@pytest.mark.parametrize("case", CASES)
def test_candidates_are_trained_together(case, fits):
    """Equal results could as well come from fitting all of them one by one."""
    estimator, grid, y, settings, fit_params = CASES[case]
    settings = {"cv": 3} | settings | {"refit": False}
    search = FusedGridSearchCV(estimator, grid, **settings)
    search.fit(X, y, **fit_params)
    assert len(fits) == ALONE.get(case, 0)
