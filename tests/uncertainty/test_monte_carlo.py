"""Monte-Carlo dropout in compositions: the passes, and what is made of them."""

import pickle
from functools import partial

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.datasets import load_diabetes
from sklearn.ensemble import BaggingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPClassifierScratch, MLPRegressorScratch
from sknnreg.uncertainty import MonteCarloDropout
from tests import factories
from tests.factories import QUICK, assert_same_bits, not_converged
from tests.uncertainty.factories import (
    COMPOSITIONS,
    by_hand,
    logarithm,
    pipeline,
    standardized,
)

pytestmark = not_converged  # few epochs: these tests are about the joints
classifier = partial(factories.classifier, dropout=0.3, **QUICK)
regressor = partial(factories.regressor, dropout=0.3, **QUICK)


@pytest.fixture
def rows():
    """A positive target."""
    X, y = load_diabetes(return_X_y=True)
    return X[:100], y[:100]


# Regressors


@pytest.mark.parametrize("name", COMPOSITIONS)
@pytest.mark.parametrize("n_targets", [1, 2])
def test_passes_through_everything(rows, name, n_targets):
    """Each pass as if it had been carried by hand, in the target's unit."""
    X, y = rows
    Y = y if n_targets == 1 else np.column_stack([y, 1000 / y])
    composition = COMPOSITIONS[name]
    model = MonteCarloDropout(composition.around(regressor()), n_samples=7).fit(X, Y)
    expected = by_hand(
        composition, model.estimator_, X, Y, lambda mlp, Z: mlp.sample_predict(Z, 7)
    )
    assert expected.shape == (7, *Y.shape)
    samples = model.sample_predict(X)
    assert_allclose(samples, expected, rtol=1e-12)
    assert np.ptp(samples, axis=0).min() > 0
    mean, std = model.predict(X, return_std=True)
    assert_allclose(mean, expected.mean(axis=0))
    assert_allclose(std, expected.std(axis=0))
    assert_array_equal(model.predict(X), mean)
    interval = model.predict_interval(X, coverage=0.6)
    assert interval.shape == (*Y.shape, 2)
    assert_allclose(interval[..., 0], np.quantile(expected, 0.2, axis=0))
    assert_allclose(interval[..., 1], np.quantile(expected, 0.8, axis=0))
    # and the estimator itself is what it was
    assert model.estimator_.predict(X).shape == Y.shape
    assert model.score(X, Y) == pytest.approx(r2_score(Y, mean))


@pytest.mark.parametrize("name", COMPOSITIONS)
def test_what_is_fitted_is_used_as_it_is(rows, name):
    X, y = rows
    fitted = COMPOSITIONS[name].around(regressor()).fit(X, y)
    expected = MonteCarloDropout(fitted, n_samples=5).sample_predict(X)
    for estimator in (FrozenEstimator(fitted), fitted):
        model = MonteCarloDropout(estimator, n_samples=5)
        assert_array_equal(model.sample_predict(X), expected)
        assert model.n_features_in_ == X.shape[1]
    # a frozen one stays what it is in fit
    model = MonteCarloDropout(FrozenEstimator(fitted), n_samples=5)
    model.fit(X[:50], -y[:50])
    assert_array_equal(model.sample_predict(X), expected)


def test_frozen_inside(rows):
    X, y = rows
    network = regressor().fit(StandardScaler().fit_transform(X), y)
    model = MonteCarloDropout(pipeline(FrozenEstimator(network)), n_samples=5)
    samples = model.fit(X, y).sample_predict(X)
    expected = network.sample_predict(StandardScaler().fit_transform(X), 5)
    assert_array_equal(samples, expected)


def test_fit_leaves_the_estimator_alone(rows):
    X, y = rows
    inner = pipeline(regressor())
    model = MonteCarloDropout(inner)
    with pytest.raises(NotFittedError):
        model.predict(X)
    for name in ("n_features_in_", "classes_", "feature_names_in_"):
        assert not hasattr(model, name)
    model.fit(X, y)
    assert not hasattr(inner[-1], "coefs_")
    assert_same_bits(model.estimator_[-1], clone(inner).fit(X, y)[-1])


def test_random_state(rows):
    X, y = rows
    fitted = pipeline(regressor(random_state=3)).fit(X, y)

    def sample(seed):
        return MonteCarloDropout(fitted, n_samples=4, random_state=seed).sample_predict(
            X
        )

    assert_array_equal(sample(1), sample(1))
    assert_array_equal(sample(1), sample(np.random.RandomState(1)))
    assert (sample(1) != sample(2)).any()
    # the network's own, if there is no other
    assert_array_equal(sample(None), sample(3))
    assert fitted[-1].random_state == 3


def test_a_gaussian_network_is_sampled_by_its_means(rows):
    X, y = rows
    model = standardized(regressor(loss="gaussian", alpha=0.01)).fit(X, y)
    _, std = MonteCarloDropout(model, n_samples=50).predict(X, return_std=True)
    _, whole = model.regressor_.predict(X, return_std=True, n_samples=50)
    assert (std < y.std() * whole).all()
    passes = model.regressor_.sample_predict(X, 50)
    assert_allclose(std, y.std() * passes.std(axis=0))


# Classifiers


def test_probabilities(iris):
    X, y = iris
    names = np.array(["x", "y", "z"])[y]
    model = MonteCarloDropout(pipeline(classifier()), n_samples=9).fit(X, names)
    network = model.estimator_[-1]
    Z = model.estimator_[0].transform(X)
    samples = model.sample_predict_proba(X)
    assert_array_equal(samples, network.sample_predict_proba(Z, 9))
    probability = model.predict_proba(X)
    assert_allclose(probability, samples.mean(axis=0))
    assert_array_equal(model.classes_, ["x", "y", "z"])
    assert_array_equal(model.predict(X), model.classes_[probability.argmax(axis=1)])
    assert model.score(X, names) == accuracy_score(names, model.predict(X))
    with pytest.raises(ValueError, match="predict_uncertainty"):
        model.predict(X, return_std=True)


@pytest.mark.parametrize("n_labels", [1, 2])
def test_known_entropies(n_labels):
    """A linear network of one input, dropped or not: two passes, ½ each.

    The labels of a multilabel target are each a yes or no of its own.
    """
    X = np.array([[1.0], [-2.0], [0.2]])
    y = np.array([0, 1, 1]) if n_labels == 1 else np.array([[0, 1], [1, 0], [1, 1]])
    network = classifier(hidden_layer_sizes=(), input_dropout=0.5).fit(X, y)
    network.coefs_[0][:] = [1.5, -0.4][:n_labels]
    network.intercepts_[0][:] = [0.3, -0.8][:n_labels]
    p = expit(np.stack([2 * X, 0 * X]) @ network.coefs_[0] + network.intercepts_[0])

    def entropy(p):
        answer = -p * np.log(p) - (1 - p) * np.log(1 - p)
        return answer[..., 0] if n_labels == 1 else answer

    model = MonteCarloDropout(network, n_samples=2000)
    found = model.predict_uncertainty(X)
    total, expected = entropy(p.mean(axis=0)), entropy(p).mean(axis=0)
    assert_allclose(found.entropy, total, atol=0.03)
    assert_allclose(found.expected_entropy, expected, atol=0.03)
    assert_allclose(found.mutual_information, total - expected, atol=0.03)
    assert_allclose(
        found.mutual_information, found.entropy - found.expected_entropy, atol=1e-12
    )
    # a half is a half in each pass: nothing to be learned by more rows
    network.coefs_[0][:] = network.intercepts_[0][:] = 0
    found = model.predict_uncertainty(X)
    assert_allclose(found.entropy, np.log(2))
    assert_allclose(found.mutual_information, 0, atol=1e-12)


def test_entropies_of_several_classes(iris):
    X, y = iris
    model = MonteCarloDropout(classifier(), n_samples=9).fit(X, y)
    p = model.sample_predict_proba(X)
    found = model.predict_uncertainty(X)
    mean = p.mean(axis=0)
    assert_allclose(found.entropy, -(mean * np.log(mean)).sum(axis=1))
    expected = -(p * np.log(p)).sum(axis=2).mean(axis=0)
    assert_allclose(found.expected_entropy, expected)
    assert (found.mutual_information > 0).all()
    assert (found.entropy < np.log(3)).all()


def test_multilabel(multilabel):
    X, y = multilabel
    model = MonteCarloDropout(classifier(), n_samples=9).fit(X, y)
    probability = model.predict_proba(X)
    assert probability.shape == y.shape
    assert_array_equal(model.predict(X), probability > 0.5)
    assert model.predict_uncertainty(X).entropy.shape == y.shape


def test_one_class(iris):
    X = iris[0]
    model = MonteCarloDropout(classifier(), n_samples=3).fit(X, np.full(150, "only"))
    assert (model.predict(X) == "only").all()


# What is refused


def test_methods_that_have_no_meaning_are_absent(iris, rows):
    of_classifiers = {"predict_proba", "sample_predict_proba", "predict_uncertainty"}
    of_regressors = {"sample_predict", "predict_interval"}
    for inner in (classifier(), pipeline(classifier())):
        model = MonteCarloDropout(inner)
        assert is_classifier(model) and not is_regressor(model)
        assert all(hasattr(model, name) for name in of_classifiers)
        assert not any(hasattr(model, name) for name in of_regressors)
    for inner in (regressor(), logarithm(pipeline(regressor()))):
        model = MonteCarloDropout(inner)
        assert is_regressor(model) and not is_classifier(model)
        assert all(hasattr(model, name) for name in of_regressors)
        assert not any(hasattr(model, name) for name in of_classifiers)


def test_what_cannot_be_sampled_is_refused(rows):
    X, y = rows
    with pytest.raises(ValueError, match="random: set dropout"):
        MonteCarloDropout(pipeline(regressor(dropout=0.0))).fit(X, y).predict(X)
    for other in (Ridge(), BaggingRegressor(regressor(), n_estimators=2)):
        with pytest.raises(ValueError, match="Needs an MLPRegressorScratch"):
            MonteCarloDropout(other).fit(X, y).predict(X)
    search = GridSearchCV(regressor(), {"alpha": [0.1]}, refit=False, cv=2)
    with pytest.raises(ValueError, match=r"(?s)'fit' and 'predict'.*refit=False"):
        MonteCarloDropout(search).fit(X, y)
    with pytest.raises(ValueError, match="refit=True"):
        MonteCarloDropout(search.fit(X, y)).predict(X)
    for wrong in ({"n_samples": 0}, {"random_state": "a"}, {"estimator": 3}):
        settings = {"estimator": regressor()} | wrong
        with pytest.raises(ValueError, match=f"'{next(iter(wrong))}' parameter"):
            MonteCarloDropout(**settings).fit(X, y)
    model = MonteCarloDropout(regressor(), n_samples=3).fit(X, y)
    for coverage in (0, 1, 1.5):
        with pytest.raises(ValueError, match="coverage"):
            model.predict_interval(X, coverage)


# In scikit-learn's tools


def test_metadata_routing(rows):
    X, y = rows
    w = np.linspace(0, 2, len(y))
    plain = MonteCarloDropout(regressor(), n_samples=3).fit(X, y, sample_weight=w)
    named = MonteCarloDropout(pipeline(regressor()), n_samples=3)
    named.fit(X, y, mlpregressorscratch__sample_weight=w)
    with sklearn.config_context(enable_metadata_routing=True):
        network = regressor().set_fit_request(sample_weight=True)
        routed = MonteCarloDropout(network, n_samples=3).fit(X, y, sample_weight=w)
        asked = MonteCarloDropout(network, n_samples=3).set_score_request(
            sample_weight=True
        )
        scores = cross_val_score(asked, X, y, cv=2, params={"sample_weight": w})
        assert scores.shape == (2,)
        with pytest.raises(ValueError, match=r"sample_weight.* not explicitly set"):
            MonteCarloDropout(regressor()).fit(X, y, sample_weight=w)
    assert_same_bits(plain.estimator_, regressor().fit(X, y, w))
    assert_same_bits(plain.estimator_, routed.estimator_)
    Z = StandardScaler().fit_transform(X)
    assert_same_bits(named.estimator_[-1], regressor().fit(Z, y, w))


def test_inside_a_search_and_a_pipeline(rows):
    X, y = rows
    model = make_pipeline(StandardScaler(), MonteCarloDropout(regressor(), n_samples=5))
    name = "montecarlodropout__estimator__dropout"
    search = GridSearchCV(model, {name: [0.1, 0.2]}, cv=2).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    mean, std = search.best_estimator_[1].predict(
        search.best_estimator_[0].transform(X), return_std=True
    )
    assert_array_equal(search.predict(X), mean)
    assert (std > 0).any()


def test_frames_and_copies(rows):
    X, y = rows
    frame = pd.DataFrame(X, columns=list("abcdefghij"))
    model = MonteCarloDropout(pipeline(regressor()), n_samples=3).fit(frame, y)
    assert_array_equal(model.feature_names_in_, list("abcdefghij"))
    samples = model.sample_predict(frame)
    assert_array_equal(pickle.loads(pickle.dumps(model)).sample_predict(frame), samples)
    assert_array_equal(clone(model).fit(frame, y).sample_predict(frame), samples)
    assert "MonteCarloDropout" in model._repr_html_()


def test_the_fitted_network_is_asked_and_not_the_next_one():
    """What is set after ``fit`` is of the next fit."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 3))
    settings = {"hidden_layer_sizes": (8,), "max_iter": 3, "random_state": 0}
    network = MLPRegressorScratch(dropout=0.5, **settings).fit(X, X[:, 0])
    _, before = network.predict(X, return_std=True)
    network.set_params(dropout=0.0)
    _, after = network.predict(X, return_std=True)
    np.testing.assert_array_equal(before, after)
    assert (after > 1e-3).all()
    network = MLPRegressorScratch(**settings).fit(X, X[:, 0]).set_params(dropout=0.5)
    with pytest.raises(ValueError, match="before fit"):
        network.predict(X, return_std=True)
    with pytest.raises(ValueError, match="needs a network that is random"):
        network.sample_predict(X)
    network = MLPClassifierScratch(**settings).fit(X, X[:, 0] > 0)
    with pytest.raises(ValueError, match="needs a network that is random"):
        network.set_params(input_dropout=0.5).sample_predict_proba(X)
