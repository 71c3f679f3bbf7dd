"""Metadata routing to the estimators."""

from functools import partial

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPClassifierScratch
from tests import factories
from tests.factories import KINDS, QUICK, assert_same_bits, not_converged

pytestmark = not_converged  # few epochs: these tests are about the joints
N_DIGITS = 300
classifier = partial(factories.classifier, **QUICK)
regressor = partial(factories.regressor, **QUICK)


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def test_sample_weight_through_a_pipeline(routing, digits):
    X, y = digits
    w = np.linspace(0, 2, len(y))
    pipe = make_pipeline(
        StandardScaler().set_fit_request(sample_weight=False),
        classifier().set_fit_request(sample_weight=True),
    )
    pipe.fit(X, y, sample_weight=w)
    alone = classifier().fit(StandardScaler().fit_transform(X), y, w)
    assert_same_bits(pipe[-1], alone)
    ignored = make_pipeline(
        StandardScaler().set_fit_request(sample_weight=True),
        classifier().set_fit_request(sample_weight=False),
    ).fit(X, y, sample_weight=w)
    Z = StandardScaler().fit(X, sample_weight=w).transform(X)
    assert_same_bits(ignored[-1], classifier().fit(Z, y))


def test_sample_weight_must_be_requested(routing, digits):
    X, y = digits
    pipe = make_pipeline(StandardScaler(), classifier())
    with pytest.raises(ValueError, match=r"sample_weight.* not explicitly set"):
        pipe.fit(X, y, sample_weight=np.ones(len(y)))


def test_sample_weight_through_a_grid_search(routing, diabetes):
    X, y = diabetes
    # wild rows at the end of weight zero: a search that lost the weights would show
    X, y = np.r_[X[:300], X[:100]], np.r_[y[:300], 100 + y[:100]]
    w = np.r_[np.ones(300), np.zeros(100)]
    model = regressor(max_iter=60)
    model.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    cv = KFold(4, shuffle=True, random_state=0)
    search = GridSearchCV(model, {"alpha": [1e-3, 0.1]}, cv=cv)
    search.fit(X, y, sample_weight=w)
    assert search.best_score_ > 0.3
    lost = GridSearchCV(regressor(max_iter=60), {"alpha": [1e-3, 0.1]}, cv=cv).fit(X, y)
    assert lost.best_score_ < search.best_score_


def test_validation_data_through_a_pipeline(routing, digits):
    X, y = digits
    w = np.linspace(0.5, 2, 100)
    network = classifier(early_stopping=True).set_fit_request(
        X_val=True, y_val=True, sample_weight_val=True
    )
    scaler = StandardScaler()
    # X_val goes through the steps before as X does
    pipe = Pipeline([("scale", scaler), ("net", network)], transform_input=["X_val"])
    pipe.fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:], sample_weight_val=w)
    scaler = StandardScaler().fit(X[:200])
    alone = classifier(early_stopping=True).fit(
        scaler.transform(X[:200]),
        y[:200],
        X_val=scaler.transform(X[200:]),
        y_val=y[200:],
        sample_weight_val=w,
    )
    assert_same_bits(pipe[-1], alone)
    assert pipe[-1].validation_scores_ == alone.validation_scores_
    loss = log_loss(y[200:], pipe.predict_proba(X[200:]), sample_weight=w)
    assert pipe[-1].best_validation_score_ == pytest.approx(-loss)


@pytest.mark.parametrize("kind", KINDS)
def test_requests(routing, kind):
    model = kind()
    requests = model.get_metadata_routing()
    assert set(requests.fit.requests) == {
        "sample_weight",
        "X_val",
        "y_val",
        "sample_weight_val",
    }
    expected = {"sample_weight"}
    if kind is MLPClassifierScratch:
        expected |= {"classes"}
    assert set(requests.partial_fit.requests) == expected
    model.set_partial_fit_request(sample_weight=True)
    assert model.get_metadata_routing().partial_fit.requests["sample_weight"]
    assert clone(model).get_metadata_routing().partial_fit.requests["sample_weight"]
