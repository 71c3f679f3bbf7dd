"""What is stored of an estimator: plain, enough to go on to the last bit, versioned."""

import copy
import pickle
import pickletools
from hashlib import sha256

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sknnreg import MLPClassifierScratch, MLPRegressorScratch
from sknnreg._checkpoint import Saved, read
from sknnreg._fitted import Earlier
from sknnreg._run import fit_stack
from sknnreg._state import FORMAT, STAMP
from sknnreg.engine.activations import ACTIVATIONS, Tanh
from tests.factories import assert_same_bits, classifier, not_converged, regressor
from tests.persistence.factories import KINDS, fitted, flowers

pytestmark = not_converged

PLAIN = (str, int, float, bool, type(None), np.ndarray, np.generic)


def by_joblib(model, tmp_path):
    joblib.dump(model, tmp_path / "model")
    return joblib.load(tmp_path / "model")


WAYS = {
    "pickle": lambda model, _: pickle.loads(pickle.dumps(model)),
    "old protocol": lambda model, _: pickle.loads(pickle.dumps(model, 2)),
    "deepcopy": lambda model, _: copy.deepcopy(model),
    "joblib": by_joblib,
}


def not_plain(state):
    """What in a state is neither a number, a string nor an array."""
    if isinstance(state, dict):
        return [x for part in state.values() for x in not_plain(part)]
    if isinstance(state, list | tuple):
        return [x for part in state for x in not_plain(part)]
    return [] if isinstance(state, PLAIN) else [state]


def classes_in(stored):
    """The names that a pickle would import."""
    strings, found = [], set()
    for code, argument, _ in pickletools.genops(stored):
        if code.name == "GLOBAL":
            found.add(argument.replace(" ", "."))
        elif code.name == "STACK_GLOBAL":
            found.add(".".join(strings[-2:]))
        elif "UNICODE" in code.name:
            strings.append(argument)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_the_state_is_plain(kind):
    model, _, _ = fitted(kind)
    assert not_plain(model.__getstate__()) == []
    stored = pickle.dumps(model, protocol=0)
    ours = {name for name in classes_in(stored) if name.startswith("sknnreg")}
    assert ours == {f"{type(model).__module__}.{type(model).__name__}"}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_loaded_model_goes_on(kind, way, tmp_path):
    model, X, y = fitted(kind)
    loaded = WAYS[way](model, tmp_path)
    assert_array_equal(loaded.predict(X), model.predict(X))
    for each in (model, loaded):
        each.partial_fit(X, y)
        each.set_params(warm_start=True).fit(X, y)
    assert_same_bits(model, loaded)
    assert loaded.history_ == model.history_
    assert_array_equal(loaded.predict(X), model.predict(X))


def test_early_stopping_and_lbfgs_go_on():
    X, y = flowers()
    for params in ({"early_stopping": True, "averaging": 0.5}, {"solver": "lbfgs"}):
        model = classifier(warm_start=True, **params).fit(X, y)
        loaded = pickle.loads(pickle.dumps(model))
        assert_same_bits(model.fit(X, y), loaded.fit(X, y))


def test_samples_are_the_same():
    model, X, _ = fitted("random")
    loaded = pickle.loads(pickle.dumps(model))
    samples = model.sample_predict_proba(X[:5], 3)
    assert samples.std(axis=0).max() > 0
    assert_array_equal(loaded.sample_predict_proba(X[:5], 3), samples)


def test_distributions_are_the_same():
    model, X, _ = fitted("gaussian")
    loaded = pickle.loads(pickle.dumps(model))
    assert_array_equal(
        loaded.predict(X, return_std=True), model.predict(X, return_std=True)
    )
    model, X, _ = fitted("quantiles")
    loaded = pickle.loads(pickle.dumps(model))
    assert_array_equal(loaded.predict_quantiles(X), model.predict_quantiles(X))


def test_the_network_is_that_of_the_fit():
    model, X, _ = fitted("quantiles")
    expected = model.predict_quantiles(X)
    model.set_params(
        hidden_layer_sizes=(3,), loss="gaussian", dropout=0.5, normalization="batch"
    )
    loaded = pickle.loads(pickle.dumps(model))
    assert loaded.get_params() == model.get_params()
    assert_array_equal(loaded.predict_quantiles(X), expected)
    # and again, now that it has been built from what was stored
    again = pickle.loads(pickle.dumps(loaded))
    assert_array_equal(again.predict_quantiles(X), expected)


def test_hyperparameters_that_are_changed_in_place():
    sizes, X = [4, 3], flowers()[0]
    model = classifier(hidden_layer_sizes=sizes).fit(*flowers())
    sizes[0] = 9
    loaded = pickle.loads(pickle.dumps(model))
    assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


def test_a_function_that_was_replaced_is_not_stored():
    model, X, y = fitted("batch norm", init=lambda rng, shape: rng.normal(size=shape))
    model.set_params(init="glorot_uniform")
    loaded = pickle.loads(pickle.dumps(model))
    assert_same_bits(model.partial_fit(X, y), loaded.partial_fit(X, y))


def test_a_shallow_copy_shares():
    model, _, _ = fitted("random")
    copied = copy.copy(model)
    assert vars(copied).keys() == vars(model).keys()
    assert all(vars(copied)[name] is value for name, value in vars(model).items())


def test_unfitted_models():
    for model in (classifier(alpha=0.5), regressor(quantile=[0.1, 0.9])):
        loaded = pickle.loads(pickle.dumps(model))
        assert vars(loaded) == vars(model)
        assert clone(loaded).get_params() == model.get_params()


@pytest.mark.parametrize("kind", ["multiclass", "quantiles"])
def test_a_later_format_is_refused(kind):
    model, _, _ = fitted(kind)
    state = model.__getstate__()
    assert state[STAMP]["format"] == FORMAT
    state[STAMP] = {"format": FORMAT + 1, "version": "9.9"}
    with pytest.raises(ValueError, match=r"sknnreg 9.9 in format .* reads formats up"):
        type(model).__new__(type(model)).__setstate__(state)


def test_what_was_stored_before_the_release_is_refused():
    model, _, _ = fitted("multiclass")
    state = {n: value for n, value in model.__getstate__().items() if n != STAMP}
    with pytest.raises(ValueError, match=r"before the release .* Fit again"):
        MLPClassifierScratch.__new__(MLPClassifierScratch).__setstate__(state)


def test_a_name_that_is_not_registered(monkeypatch):
    monkeypatch.setitem(ACTIVATIONS, "mine", Tanh)
    model = regressor(activation="mine").fit(*fitted("quantiles")[1:])
    stored = pickle.dumps(model)
    monkeypatch.delitem(ACTIVATIONS, "mine")
    with pytest.raises(ValueError, match="fitted with 'mine', a name that is not"):
        pickle.loads(stored)


def test_fields_that_came_later_have_their_defaults():
    model, X, y = fitted("multiclass")
    state = model.__getstate__()
    progress = dict(state["_progress"])
    del progress["average"], progress["steps_before"]
    loaded = MLPClassifierScratch.__new__(MLPClassifierScratch)
    loaded.__setstate__(state | {"_progress": progress})
    assert_same_bits(copy.deepcopy(model).partial_fit(X, y), loaded.partial_fit(X, y))
    del progress["streams"]
    with pytest.raises(ValueError, match="lacks 'streams'"):
        loaded.__setstate__(state | {"_progress": progress})


def test_subclasses(tmp_path):
    class Mine(MLPRegressorScratch):
        pass

    model, X, y = fitted("quantiles")
    mine = Mine(**model.get_params()).fit(X, y)
    assert_array_equal(copy.deepcopy(mine).predict(X), model.predict(X))


def test_a_checkpoint_of_a_later_format_is_refused(tmp_path):
    saved = pickle.dumps({STAMP: {"format": FORMAT + 1, "version": "9.9"}})
    path = tmp_path / "training"
    path.write_bytes(sha256(saved).digest() + saved)
    with pytest.raises(ValueError, match=r"The checkpoint at .* sknnreg 9.9 in format"):
        read(path)
    saved = pickle.dumps(("a", "named", "tuple", "of old"))
    path.write_bytes(sha256(saved).digest() + saved)
    with pytest.raises(ValueError, match="before the release"):
        read(path)


def test_a_checkpoint_is_plain():
    model, _, _ = fitted("random")
    saved = Saved({"X": "hash"}, model._progress, Earlier.of(model), model)
    state = saved.to_plain()
    assert not_plain(state) == [model]
    again = Saved.from_plain(pickle.loads(pickle.dumps(state)))
    assert again.earlier == saved.earlier
    assert_array_equal(
        again.progress.streams.permutation(np.arange(9)),
        model._progress.streams.permutation(np.arange(9)),
    )


@pytest.mark.parametrize("residual", [False, True])
def test_networks_of_a_stack_have_numbers_of_their_own(residual):
    X, y = flowers()
    settings = [
        {"dropout": rate, "input_noise": rate, "residual": residual}
        for rate in (0.1, 0.3, 0.5)
    ]
    stacked = [classifier(**each) for each in settings]
    assert fit_stack(stacked, X, y) == [None, None, None]
    for model, each in zip(stacked, settings, strict=True):
        alone = classifier(**each).fit(X, y).sample_predict_proba(X, 5)
        loaded = pickle.loads(pickle.dumps(model))
        for other in (model, loaded):
            assert_allclose(other.sample_predict_proba(X, 5), alone, rtol=1e-9)
