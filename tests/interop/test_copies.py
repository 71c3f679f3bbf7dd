"""Clones, pickles and files of the estimators."""

import pickle
from functools import partial

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from tests import factories
from tests.factories import QUICK, assert_same_bits, not_converged

pytestmark = not_converged  # few epochs: these tests are about the joints
classifier = partial(factories.classifier, **QUICK)
regressor = partial(factories.regressor, **QUICK)


@pytest.mark.parametrize(
    "params",
    [
        {"alpha": [0.1, 0.2], "dropout": np.array([0.3])},
        {"init": lambda rng, shape: rng.normal(size=shape), "random_state": 3},
        {"scoring": lambda estimator, X, y: 0.0, "early_stopping": True},
        {"class_weight": {0: 1.0, 1: 2.0}, "hidden_layer_sizes": [4, 3]},
    ],
    ids=lambda params: next(iter(params)),
)
def test_clone(iris, params):
    model = classifier().set_params(**params)
    # a clone of a clone, so that nothing is changed on the way
    copied = clone(clone(model))
    for name, value in copied.get_params().items():
        original = model.get_params()[name]
        assert type(value) is type(original)
        assert_array_equal(value, original)
    if len(np.atleast_1d(model.hidden_layer_sizes)) == 1:
        copied.fit(*iris)
        assert not hasattr(clone(copied), "coefs_")
        assert_same_bits(copied, clone(copied).fit(*iris))


def test_set_params(iris):
    X, y = iris
    model = classifier().fit(X, y)
    assert model.set_params(dropout=0.5, penalty="l1") is model
    assert model.get_params()["dropout"] == 0.5
    later = model.fit(X, y)
    assert_same_bits(later, classifier(dropout=0.5, penalty="l1").fit(X, y))
    with pytest.raises(ValueError, match="Invalid parameter 'drop_out'"):
        model.set_params(drop_out=0.5)


def test_repr():
    model = classifier(dropout=0.5, penalty="l1")
    text = repr(model)
    assert text.startswith("MLPClassifierScratch(")
    assert "dropout=0.5" in text
    assert "penalty='l1'" in text
    assert "momentum" not in text
    assert "MLPClassifierScratch" in model._repr_html_()


@pytest.mark.parametrize("protocol", [2, pickle.HIGHEST_PROTOCOL])
def test_pickle(iris, protocol):
    X, y = iris
    for params in ({}, {"solver": "lbfgs"}, {"early_stopping": True, "dropout": 0.2}):
        model = classifier(**params).fit(X, y)
        copied = pickle.loads(pickle.dumps(model, protocol))
        assert_same_bits(model, copied)
        assert_array_equal(model.predict_proba(X), copied.predict_proba(X))
        assert copied.history_ == model.history_
        assert copied.get_params() == model.get_params()
    assert clone(pickle.loads(pickle.dumps(classifier()))).fit(X, y).score(X, y) > 0.5


@pytest.mark.parametrize(
    "params",
    [
        {"solver": "sgd"},
        {"solver": "adam", "dropout": 0.3, "input_dropout": 0.1},
        {"solver": "adamw", "penalty": "l1"},
        {"solver": "rmsprop", "learning_rate": "invscaling"},
    ],
    ids=str,
)
def test_training_goes_on_after_pickling(iris, params):
    X, y = iris
    model = classifier(batch_size=40, **params)
    for _ in range(3):
        model.partial_fit(X, y, classes=[0, 1, 2])
    stored = pickle.dumps(model)
    for _ in range(3):
        model.partial_fit(X, y)
    copied = pickle.loads(stored)
    for _ in range(3):
        copied.partial_fit(X, y)
    assert_same_bits(model, copied)
    # and going on did not reach into what was stored
    again = pickle.loads(stored)
    assert len(again.loss_curve_) == 3
    for _ in range(3):
        again.partial_fit(X, y)
    assert_same_bits(model, again)


def test_a_copy_shares_nothing(iris):
    X, y = iris
    model = classifier().partial_fit(X, y, classes=[0, 1, 2])
    before = model.predict_proba(X)
    copied = pickle.loads(pickle.dumps(model))
    copied.partial_fit(X, y)
    assert_array_equal(model.predict_proba(X), before)
    assert len(model.history_["loss"]) == 1
    # coefficients a user keeps are not written to by further training
    kept = model.coefs_
    values = [W.copy() for W in kept]
    model.partial_fit(X, y)
    for W, value in zip(kept, values, strict=True):
        assert_array_equal(W, value)


@pytest.mark.parametrize("mmap_mode", [None, "r"])
def test_joblib(diabetes, tmp_path, mmap_mode):
    X, y = diabetes
    model = regressor(dropout=0.2).partial_fit(X, y)
    joblib.dump(model, tmp_path / "model.joblib")
    loaded = joblib.load(tmp_path / "model.joblib", mmap_mode=mmap_mode)
    assert_array_equal(loaded.predict(X), model.predict(X))
    # from read-only memory as well
    assert_same_bits(loaded.partial_fit(X, y), model.partial_fit(X, y))
