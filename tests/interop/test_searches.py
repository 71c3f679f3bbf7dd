"""The estimators in scikit-learn's searches, cross-validations and curves."""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import FitFailedWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    cross_val_predict,
    cross_validate,
    learning_curve,
    validation_curve,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests import factories
from tests.factories import (
    QUICK,
    assert_same_bits,
    not_converged,
    nothing_left,
    unscaled,
)

# few epochs, and grids to the end: these tests are about the joints
pytestmark = [not_converged, unscaled, nothing_left]
N_DIGITS = 300
classifier = partial(factories.classifier, **QUICK)
regressor = partial(factories.regressor, **QUICK)


def test_grid_search_in_two_processes(digits):
    X, y = digits
    pipe = make_pipeline(StandardScaler(), classifier())
    step = "mlpclassifierscratch__"
    grid = {
        f"{step}penalty": ["l1", "l2", "elasticnet"],
        f"{step}alpha": [1e-3, 1.0],
        f"{step}dropout": [0.0, 0.3],
    }
    search = GridSearchCV(pipe, grid, cv=3, n_jobs=2, return_train_score=True)
    search.fit(X, y)
    assert len(search.cv_results_["params"]) == 12
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    assert search.best_score_ == scores.max() > 0.8
    # a strong L1 penalty leaves nothing: the parameters do reach the network
    strong = [
        i
        for i, params in enumerate(search.cv_results_["params"])
        if params[f"{step}alpha"] == 1.0 and params[f"{step}penalty"] == "l1"
    ]
    assert (scores[strong] < 0.5).all()
    # other processes compute the same numbers
    alone = clone(pipe).set_params(**search.best_params_).fit(X, y)
    assert_same_bits(search.best_estimator_[-1], alone[-1])
    one = GridSearchCV(pipe, grid, cv=3, return_train_score=True, refit=False)
    one.fit(X, y)
    assert_allclose(one.cv_results_["mean_test_score"], scores)
    assert_allclose(
        one.cv_results_["mean_train_score"], search.cv_results_["mean_train_score"]
    )


def test_parameters_one_a_layer_in_a_search(iris):
    X, y = iris
    grid = {
        "hidden_layer_sizes": [(8,), (8, 4), ()],
        "alpha": [np.array([0.1]), 1e-4, [0.1, 0.2], [0.1, 0.2, 0.3]],
    }
    search = RandomizedSearchCV(
        classifier(), grid, n_iter=12, cv=2, error_score=-1.0, random_state=0
    )
    with pytest.warns(FitFailedWarning, match="fits failed"):
        search.fit(X, y)
    for params, score in zip(
        search.cv_results_["params"],
        search.cv_results_["mean_test_score"],
        strict=True,
    ):
        layers = len(params["hidden_layer_sizes"]) + 1
        fits = np.ndim(params["alpha"]) == 0 or len(params["alpha"]) == layers
        assert (score > 0) == fits


@pytest.mark.parametrize("resource", ["n_samples", "max_iter"])
def test_halving_grid_search(digits, resource):
    X, y = digits
    grid = {"alpha": [1e-4, 0.1], "dropout": [0.0, 0.8]}
    resources = {"n_samples": (50, 200), "max_iter": (4, 16)}[resource]
    search = HalvingGridSearchCV(
        classifier(penalty="l1"),
        grid,
        resource=resource,
        min_resources=resources[0],
        max_resources=resources[1],
        factor=2,
        cv=2,
        random_state=0,
    ).fit(X, y)
    assert search.n_candidates_ == [4, 2, 1]
    best = search.best_params_
    assert (best["alpha"], best["dropout"]) == (1e-4, 0.0)
    if resource == "max_iter":
        assert search.best_estimator_.n_iter_ == search.n_resources_[-1]


def test_cross_validate(digits):
    X, y = digits
    result = cross_validate(
        classifier(early_stopping=True, max_iter=60),
        X,
        y,
        cv=3,
        scoring=["accuracy", "neg_log_loss"],
        return_train_score=True,
        return_estimator=True,
    )
    for name in ("accuracy", "neg_log_loss"):
        assert result[f"train_{name}"].mean() > result[f"test_{name}"].mean()
    assert result["test_accuracy"].min() > 0.5
    assert all(model.validation_scores_ for model in result["estimator"])


def test_cross_val_predict(iris):
    X, y = iris
    model = classifier(max_iter=60)
    assert is_classifier(model)
    assert not is_regressor(model)
    assert is_regressor(regressor())
    probability = cross_val_predict(model, X, y, cv=3, method="predict_proba")
    assert probability.shape == (150, 3)
    assert (probability.argmax(axis=1) == y).mean() > 0.9
    with pytest.raises(AttributeError, match="decision_function"):
        cross_val_predict(model, X, y, method="decision_function")


def test_validation_curve_and_learning_curve(iris):
    X, y = iris
    train, test = validation_curve(
        classifier(max_iter=40, penalty="l1"),
        X,
        y,
        param_name="alpha",
        param_range=[1e-4, 10.0],
        cv=3,
    )
    assert train.shape == test.shape == (2, 3)
    assert train[0].min() > 0.8
    assert train[1].max() < 0.5
    sizes, _, test = learning_curve(
        classifier(),
        X,
        y,
        cv=3,
        exploit_incremental_learning=True,
        shuffle=True,
        random_state=0,
    )
    assert len(sizes) == len(test) == 5
