"""A layer with a role of its own: its file and the registries are all that changes."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sknnreg import MLPRegressorScratch
from sknnreg.engine.initializers import Constant
from sknnreg.engine.layers import INPUT_LAYERS, Layer
from sknnreg.engine.losses import SquaredError
from sknnreg.engine.optimizers import OPTIMIZERS
from sknnreg.engine.parameters import ROLES, Role, Spec
from tests.engine.factories import Machine
from tests.factories import assert_same_bits, not_converged

RATE = 0.1


def spread(X):
    return 1 / np.std(X, axis=0)


class Scale(Layer):
    """y = s ⊙ x, s learned; it starts at one over each input's spread."""

    def __init__(self, strength=1.0):
        pass

    def build(self, n_in):
        self.n_in = self.n_out = n_in
        scale = Spec((n_in,), "own", Constant(1.0), from_data=spread, rate=RATE)
        self.specs = {"s": scale}
        return n_in

    def forward(self, x, c):
        c.saved["x"] = x
        return np.multiply(x, c.values["s"][:, None], out=c.array("y", self.n_out))

    def backward(self, dy, c, need_dx):
        np.einsum("kij,kij->kj", dy, c.saved["x"] + 0 * dy, out=c.gradients["s"])
        return dy * c.values["s"][:, None]


@pytest.fixture
def scaled(monkeypatch):
    """Makes an estimator with the layer at its inputs."""
    monkeypatch.setitem(ROLES, "own", Role("gains"))
    monkeypatch.setitem(INPUT_LAYERS, "own_scale", Scale)

    def make(**params):
        defaults = {
            "hidden_layer_sizes": (6,),
            "max_iter": 8,
            "batch_size": 50,
            "random_state": 0,
        }
        model = MLPRegressorScratch(**defaults | params)
        model.own_scale = 1.0  # as a hyperparameter would be
        return model

    return make


def scales(model):
    return model._arrays[0]


def test_its_gradient(monkeypatch):
    monkeypatch.setitem(ROLES, "own", Role("gains"))
    from sknnreg.engine.layers import Dense

    rng = np.random.default_rng(0)
    layers = [Scale(), Dense(2, Constant(0.3), Constant(0.1))]
    generators = [np.random.default_rng(k) for k in range(2)]
    machine = Machine.of(layers, SquaredError(), 3, generators)
    machine.theta[...] += rng.normal(size=machine.theta.shape)
    x, y = rng.normal(size=(1, 9, 3)), rng.normal(size=(1, 9, 2))
    machine.value_and_gradient(x, y)
    gradient, theta = machine.grad.copy(), machine.theta.copy()
    for i in range(theta.shape[1]):
        values = []
        for h in (1e-6, -1e-6):
            machine.theta[...] = theta
            machine.theta[:, i] += h
            values.append(machine.value_and_gradient(x, y))
        numeric = (values[0] - values[1]) / 2e-6
        assert_allclose(gradient[:, i], numeric, rtol=1e-6, atol=1e-8)


@not_converged
@pytest.mark.parametrize("solver", [*OPTIMIZERS, "lbfgs"])
def test_it_starts_from_the_data_and_is_learned(scaled, solver, diabetes):
    X, y = diabetes
    X = X * np.arange(1, 11)
    model = scaled(solver=solver, tol=1e-9).fit(X, y)
    assert (scales(model) != spread(X)).all()
    assert_allclose(scales(model), spread(X), atol=0.5)
    # stays where it starts if it may not move
    model = scaled(learning_rate_init=1e-300).fit(X, y)
    assert_allclose(scales(model), spread(X))


@not_converged
@pytest.mark.parametrize("penalty", ["l2", "l1", "group_l1"])
def test_its_own_learning_rate(scaled, diabetes, monkeypatch, penalty):
    """One step of plain descent goes the factor as far."""
    X, y = diabetes
    params = {"solver": "sgd", "momentum": 0.0, "max_iter": 1, "batch_size": 442}
    far = scaled(penalty=penalty, **params).fit(X, y)
    monkeypatch.setattr("tests.engine.test_roles.RATE", 1.0)
    farther = scaled(penalty=penalty, **params).fit(X, y)
    steps = [scales(model) - spread(X) for model in (far, farther)]
    assert_allclose(steps[0], 0.1 * steps[1], rtol=1e-6)
    for one, other in zip(far.coefs_, farther.coefs_, strict=True):
        assert_allclose(one, other, rtol=1e-12)


@not_converged
def test_it_goes_through_all_that_a_fit_has(scaled, diabetes):
    """Early stopping, pickles, predicting, going on, importances of inputs."""
    X, y = diabetes
    model = scaled(early_stopping=True, max_iter=30, n_iter_no_change=3).fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.predict(X), model.predict(X))
    by_hand = np.maximum(X * scales(model) @ model.coefs_[0] + model.intercepts_[0], 0)
    by_hand = by_hand @ model.coefs_[1] + model.intercepts_[1]
    assert_allclose(model.predict(X), by_hand[:, 0])
    assert len(model.coefs_) == len(model.intercepts_) == 2
    assert model.feature_importances_.shape == (10,)
    whole = scaled(max_iter=4).fit(X, y)
    pieces = scaled(max_iter=4)
    for _ in range(4):
        pieces.partial_fit(X, y)
    assert_same_bits(whole, pieces)
    assert_array_equal(scales(whole), scales(pieces))
