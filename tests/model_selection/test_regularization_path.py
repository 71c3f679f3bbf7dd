"""Path, one-standard-error rule and the ready search space."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, ParameterSampler, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPClassifierScratch, MLPRegressorScratch
from sknnreg.model_selection import (
    FusedGridSearchCV,
    FusedRandomizedSearchCV,
    one_standard_error,
    regularization_cocktail,
    regularization_path,
)
from tests.factories import however_it_ends
from tests.model_selection.factories import groups_of

pytestmark = however_it_ends

X, y = load_diabetes(return_X_y=True)
MODEL = TransformedTargetRegressor(
    make_pipeline(
        StandardScaler(),
        MLPRegressorScratch(
            hidden_layer_sizes=(10,),
            penalty="l1",
            solver="adam",
            learning_rate_init=0.01,
            max_iter=60,
            random_state=0,
        ),
    ),
    transformer=StandardScaler(),
)


def test_path():
    values = [1e-4, 1e-2, 0.03, 0.1, 3.0]
    path = regularization_path(MODEL, X, y, values=values, cv=3)
    assert path.scores.shape == (5, 3)
    assert path.weight_norms.shape == (5, 2)
    assert (np.diff(path.zero_share) > 0).all() and path.zero_share[-1] == 1
    assert (np.diff(path.weight_norms[:, 0]) < 0).all()
    assert path.best_index == np.argmax(path.mean_score)
    assert path.best_index_1se >= path.best_index
    name = "regressor__mlpregressorscratch__alpha"
    for value, scores in zip(values, path.scores, strict=True):
        model = MODEL.set_params(**{name: value})
        assert_allclose(scores, cross_val_score(model, X, y, cv=3), rtol=1e-9)


def test_path_of_any_number():
    X, y = load_iris(return_X_y=True)
    model = MLPClassifierScratch((8,), max_iter=10, random_state=0)
    path = regularization_path(
        model, X, y, param="dropout", values=[0.0, 0.3], cv=2, scoring="neg_log_loss"
    )
    assert (path.scores < 0).all()
    assert regularization_path(model, X, y, cv=2).param_values.shape == (13,)
    with pytest.raises(ValueError, match="needs an MLP"):
        regularization_path(Ridge(), X, y)
    with pytest.raises(ValueError, match="alpha"):
        regularization_path(model, X, y, values=[-1.0], cv=2)


def results(mean, std, n_splits=5, **columns):
    names = list(columns)
    params = [
        dict(zip(names, row, strict=True))
        for row in zip(*columns.values(), strict=True)
    ]
    splits = {f"split{i}_test_score": np.array(mean) for i in range(n_splits)}
    return splits | {
        "mean_test_score": np.array(mean),
        "std_test_score": np.array(std),
        "params": params,
    }


def test_one_standard_error():
    # the standard error of the best is 0.1 / √4 = 0.05
    table = results([0.7, 0.88, 0.9, 0.86, 0.8], [0.1] * 5, mlp__alpha=[0, 1, 2, 3, 4])
    assert one_standard_error(table) == 3
    table = results([0.9, 0.89, 0.88], [0.1] * 3, dropout=[0.1, 0.3, (0.1, 0.1)])
    assert one_standard_error(table) == 1
    table = results([0.9, 0.89], [0.1] * 2, max_norm=[None, 1.0])
    assert one_standard_error(table) == 1
    table = results([0.88, 0.9], [0.1] * 2, hidden_layer_sizes=[(5,), (100,)])
    assert one_standard_error(table) == 0
    table = results([0.88, 0.9], [0.1] * 2, activation=["relu", "tanh"])
    assert one_standard_error(table) == 1
    table = results([np.nan, 0.9, np.nan], [0.1] * 3, alpha=[2, 1, 3])
    assert one_standard_error(table) == 1
    assert one_standard_error(results([np.nan], [np.nan], alpha=[1])) == 0


def test_refit_1se():
    grid = {"regressor__mlpregressorscratch__alpha": [1e-4, 1e-2, 0.03, 0.1]}
    best = FusedGridSearchCV(MODEL, grid, cv=5).fit(X, y)
    simple = FusedGridSearchCV(MODEL, grid, cv=5, refit="1se").fit(X, y)
    theirs = GridSearchCV(MODEL, grid, cv=5, refit=one_standard_error).fit(X, y)
    assert simple.best_index_ == theirs.best_index_ > best.best_index_
    assert simple.best_score_ <= best.best_score_
    assert_array_equal(simple.predict(X), theirs.predict(X))
    with pytest.raises(ValueError, match="1se"):
        FusedGridSearchCV(MODEL, grid, scoring=["r2"], refit="1se").fit(X, y)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_cocktail(task):
    kind = MLPRegressorScratch if task == "regression" else MLPClassifierScratch
    space = regularization_cocktail(task, prefix="mlp__")
    names = {name for part in space for name in part}
    assert all(name.startswith("mlp__") for name in names)
    assert ("mlp__label_smoothing" in names) == (task == "classification")
    space = regularization_cocktail(task)
    candidates = list(ParameterSampler(space, 60, random_state=0))
    groups, alone = groups_of(kind(random_state=0), candidates)
    assert not alone
    assert len(groups) == 2 * len(space)


def test_cocktail_is_searched():
    X, y = load_digits(n_class=4, return_X_y=True)
    model = MLPClassifierScratch(max_iter=2, random_state=0)
    space = regularization_cocktail("classification")
    search = FusedRandomizedSearchCV(model, space, n_iter=12, cv=2, random_state=0)
    assert search.fit(X / 16, y).best_score_ > 0.9
    with pytest.raises(ValueError, match="task must be one of"):
        regularization_cocktail("ranking")
