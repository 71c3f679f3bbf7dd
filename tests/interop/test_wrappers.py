"""The estimators inside scikit-learn's ensembles, wrappers and inspections."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes
from sklearn.ensemble import (
    BaggingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.feature_selection import RFE, SelectFromModel
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from tests import factories
from tests.factories import QUICK, not_converged

pytestmark = not_converged  # few epochs: these tests are about the joints
N_DIGITS = 300
classifier = partial(factories.classifier, **QUICK)
regressor = partial(factories.regressor, **QUICK)


@pytest.mark.parametrize("ensemble", [False, True])
def test_calibrated_classifier(digits, ensemble):
    X, y = digits
    w = np.linspace(0.5, 2, len(y))
    model = CalibratedClassifierCV(
        classifier(max_iter=40), cv=3, ensemble=ensemble, method="sigmoid"
    )
    model.fit(X, y, sample_weight=w)
    assert_allclose(model.predict_proba(X).sum(axis=1), 1)
    assert model.score(X, y) > 0.8


def test_calibration_of_a_fitted_classifier(digits):
    X, y = digits
    # learnt by heart, hence far too sure of itself
    inner = classifier(alpha=0, max_iter=300, tol=0).fit(X[:100], y[:100])
    model = CalibratedClassifierCV(FrozenEstimator(inner), method="sigmoid", cv=3)
    model.fit(X[100:250], y[100:250])
    X, y = X[250:], y[250:]
    labels = model.classes_
    before = log_loss(y, inner.predict_proba(X), labels=labels)
    after = log_loss(y, model.predict_proba(X), labels=labels)
    assert np.isfinite([before, after]).all()
    assert model.score(X, y) > 0.7


def test_bagging_classifier(iris):
    X, y = iris
    model = BaggingClassifier(
        classifier(random_state=None, max_iter=60),
        n_estimators=4,
        max_features=0.8,
        oob_score=False,
        random_state=0,
    ).fit(X, y, sample_weight=np.linspace(0.5, 1, 150))
    assert model.score(X, y) > 0.85
    first, second, *_ = model.estimators_
    assert first.random_state != second.random_state
    assert np.abs(first.coefs_[0][0] - second.coefs_[0][0]).min() > 0


def test_voting(iris, diabetes):
    X, y = iris
    members = [("a", classifier(max_iter=60)), ("b", classifier(dropout=0.2))]
    model = VotingClassifier(members, voting="soft")
    model.fit(X, y, sample_weight=np.ones(150))
    mean = np.mean([m.predict_proba(X) for m in model.estimators_], axis=0)
    assert_allclose(model.predict_proba(X), mean)
    names = np.array(["x", "y", "z"])[y]
    hard = VotingClassifier(members).fit(X, names)
    assert set(hard.predict(X)) <= {"x", "y", "z"}
    X, y = diabetes
    members = [("a", regressor()), ("b", Ridge())]
    assert VotingRegressor(members).fit(X, y).score(X, y) > 0.3


def test_stacking(diabetes):
    X, y = diabetes
    members = [("linear", Ridge()), ("network", regressor(max_iter=60))]
    model = StackingRegressor(members, final_estimator=Ridge(), cv=3).fit(X, y)
    assert model.score(X, y) > 0.4


def test_one_vs_rest(iris):
    X, y = iris
    model = OneVsRestClassifier(classifier(max_iter=60)).fit(X, y)
    assert len(model.estimators_) == 3
    assert model.score(X, y) > 0.9
    assert_allclose(model.predict_proba(X).sum(axis=1), 1)
    # one network for all labels of an indicator matrix, or one a label
    Y = np.eye(3, dtype=int)[y]
    assert OneVsRestClassifier(classifier(max_iter=60)).fit(X, Y).score(X, Y) > 0.8


def test_multi_output_regressor(diabetes):
    X, y = diabetes
    Y = np.column_stack([y, -y])
    model = MultiOutputRegressor(regressor()).fit(X, Y, sample_weight=np.ones(442))
    assert_array_equal(model.predict(X)[:, 0], regressor().fit(X, y).predict(X))


def test_transformed_target_regressor():
    X, y = load_diabetes(return_X_y=True)
    model = make_pipeline(
        StandardScaler(),
        TransformedTargetRegressor(
            regressor(max_iter=400), func=np.log, inverse_func=np.exp
        ),
    )
    assert model.fit(X, y).score(X, y) > 0.4
    assert (model.predict(X) > 0).all()
    scaled = TransformedTargetRegressor(regressor(), transformer=StandardScaler())
    scaled.fit(scale(X), y)
    inner = regressor().fit(scale(X), scale(y)).predict(scale(X))
    assert_allclose(scaled.predict(scale(X)), inner * y.std() + y.mean())
    both = TransformedTargetRegressor(regressor(), transformer=StandardScaler())
    Y = np.column_stack([y, 2 * y])
    assert both.fit(scale(X), Y).predict(scale(X)).shape == Y.shape


def test_permutation_importance():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(200, 4)), columns=list("abcd"))
    y = np.sin(X["b"]) + 0.01 * rng.normal(size=200)
    model = regressor(max_iter=200).fit(X, y)
    result = permutation_importance(model, X, y, n_repeats=3, random_state=0)
    assert result.importances_mean.argmax() == 1
    assert (
        result.importances_mean[1]
        > 5 * np.abs(result.importances_mean[[0, 2, 3]]).max()
    )


def test_partial_dependence(diabetes):
    X, y = diabetes
    model = regressor(max_iter=60).fit(X, y)
    result = partial_dependence(model, X, features=[2], grid_resolution=5)
    # the body-mass index: the disease grows with it
    assert (np.diff(result["average"][0]) > 0).all()


def test_select_from_model():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 10))
    y = X[:, 3] - 2 * X[:, 7]
    # exact zeros make the choice: L1 without hidden layers
    model = regressor(hidden_layer_sizes=(), solver="lbfgs", penalty="l1", alpha=0.2)
    selector = SelectFromModel(model.set_params(max_iter=200)).fit(X, y)
    assert_array_equal(selector.get_support(indices=True), [3, 7])
    assert_array_equal(selector.transform(X), X[:, [3, 7]])
    eliminated = RFE(regressor(max_iter=100), n_features_to_select=2, step=4)
    assert_array_equal(eliminated.fit(X, y).get_support(indices=True), [3, 7])


def test_set_output(iris):
    X, y = iris
    pipe = make_pipeline(StandardScaler(), classifier()).set_output(transform="pandas")
    frame = pd.DataFrame(X, columns=list("abcd"))
    assert_array_equal(pipe.fit(frame, y)[-1].feature_names_in_, list("abcd"))
