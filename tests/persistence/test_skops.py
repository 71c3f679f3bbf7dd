"""Models in skops' files: a short list of types to trust, and training that goes on."""

import importlib
import inspect
import pickle

import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, is_classifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sknnreg
from sknnreg.ensemble import FusedBaggingRegressor
from sknnreg.feature_selection import SelectFromNetwork
from sknnreg.model_selection import FusedGridSearchCV
from sknnreg.persistence import TRUSTED_TYPES
from sknnreg.uncertainty import MonteCarloDropout, QuantilePredictor
from tests.factories import assert_same_bits, not_converged
from tests.persistence.factories import KINDS, fitted, table_models, tables

pytestmark = not_converged


def test_the_list_is_the_public_estimators():
    rooms = ["ensemble", "feature_selection", "model_selection", "preprocessing"]
    modules = [importlib.import_module(f"sknnreg.{name}") for name in rooms]
    modules += [sknnreg, importlib.import_module("sknnreg.uncertainty")]
    public = {getattr(module, name) for module in modules for name in module.__all__}
    estimators = {
        f"{each.__module__}.{each.__name__}"
        for each in public
        if inspect.isclass(each) and issubclass(each, BaseEstimator)
    }
    assert estimators == {name for name in TRUSTED_TYPES if not is_function(name)}
    assert sorted(TRUSTED_TYPES) == TRUSTED_TYPES


def is_function(name):
    module, _, last = name.rpartition(".")
    return inspect.isfunction(getattr(importlib.import_module(module), last))


def through_skops(model, trusted=TRUSTED_TYPES):
    skops = pytest.importorskip("skops.io")
    stored = skops.dumps(model)
    unknown = skops.get_untrusted_types(data=stored)
    assert set(unknown) <= set(trusted)
    return skops.loads(stored, trusted=unknown)


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_goes_on(kind):
    model, X, y = fitted(kind)
    loaded = through_skops(model, [f"{type(model).__module__}.{type(model).__name__}"])
    assert_array_equal(loaded.predict(X), model.predict(X))
    for each in (model, loaded):
        each.partial_fit(X, y)
        each.set_params(warm_start=True).fit(X, y)
    assert_same_bits(model, loaded)


def test_pipelines():
    model, X, y = fitted("random")
    pipeline = make_pipeline(StandardScaler(), model).fit(X, y)
    loaded = through_skops(pipeline)
    assert_array_equal(loaded.predict_proba(X), pipeline.predict_proba(X))


def test_what_is_around_a_network():
    flexible, X, y = fitted("random")
    normal, X_patients, y_patients = fitted("gaussian")
    y_patients = y_patients[:, 0]
    for model in (
        MonteCarloDropout(flexible, n_samples=3, random_state=0).fit(X, y),
        QuantilePredictor(normal).fit(X_patients, y_patients),
        FusedBaggingRegressor(normal, n_estimators=2).fit(X_patients, y_patients),
    ):
        rows = X if is_classifier(model) else X_patients
        assert_array_equal(through_skops(model).predict(rows), model.predict(rows))
    selector = SelectFromNetwork(flexible).fit(X, y)
    assert_array_equal(through_skops(selector).transform(X), selector.transform(X))


def test_a_search_needs_nothing_else_of_ours():
    skops = pytest.importorskip("skops.io")
    model, X, y = fitted("random")
    search = FusedGridSearchCV(model, {"alpha": [0.1, 1.0]}, cv=2).fit(X, y)
    stored = skops.dumps(search)
    unknown = skops.get_untrusted_types(data=stored)
    others = set(unknown) - set(TRUSTED_TYPES)
    assert all(name.startswith("sklearn.") for name in others)
    loaded = skops.loads(stored, trusted=unknown)
    assert_array_equal(loaded.predict(X), search.predict(X))


@pytest.mark.parametrize("way", ["pickle", "skops"])
def test_tables(way):
    X, _ = tables()
    ways = {"pickle": lambda m: pickle.loads(pickle.dumps(m)), "skops": through_skops}
    for model in table_models():
        loaded = ways[way](model)
        assert_array_equal(loaded.predict(X), model.predict(X))
        if hasattr(model, "steps"):
            names = [each[0].get_feature_names_out() for each in (model, loaded)]
            assert_array_equal(*names)
        elif is_classifier(model):
            assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
            assert len(loaded.ensemble_) == len(model.ensemble_)
