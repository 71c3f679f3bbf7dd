"""What is drawn, and that the same seed draws the same."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sknnreg.engine.initializers import INITIALIZERS
from tests.factories import assert_same_bits, classifier, not_converged


@not_converged
@pytest.mark.parametrize("params", [{}, {"dropout": 0.5}, {"early_stopping": True}])
def test_random_state(iris, params):
    X, y = iris
    params = {"batch_size": 40} | params
    before = np.random.get_state()[1].copy()
    a = classifier(random_state=3, **params).fit(X, y)
    assert_same_bits(a, classifier(random_state=3, **params).fit(X, y))
    rng = np.random.RandomState(3)
    b = classifier(random_state=rng, **params).fit(X, y)
    assert_same_bits(a, b)
    # an instance is used up; so is no seed at all
    c = classifier(random_state=rng, **params).fit(X, y)
    d = classifier(random_state=4, **params).fit(X, y)
    for other in (c, d):
        assert np.abs(other.coefs_[0] - a.coefs_[0]).min() > 0
    assert_array_equal(np.random.get_state()[1], before)


@not_converged
def test_no_random_state(iris):
    X, y = iris
    a, b = (classifier(random_state=None).fit(X, y) for _ in range(2))
    assert np.abs(a.coefs_[0] - b.coefs_[0]).max() > 0


@not_converged
def test_dropout_changes_training_not_predictions(iris):
    X, y = iris
    plain = classifier(max_iter=20).fit(X, y)
    dropped = classifier(max_iter=20, dropout=0.5).fit(X, y)
    # the first epoch is enough to tell
    assert dropped.loss_curve_[0] != plain.loss_curve_[0]
    assert_array_equal(dropped.predict_proba(X), dropped.predict_proba(X))
    by_layer = classifier(max_iter=20, hidden_layer_sizes=(6, 6), dropout=[0.5, 0])
    everywhere = classifier(max_iter=20, hidden_layer_sizes=(6, 6), dropout=0.5)
    nowhere = classifier(max_iter=20, hidden_layer_sizes=(6, 6), dropout=[0, 0])
    curves = [m.fit(X, y).loss_curve_ for m in (by_layer, everywhere, nowhere)]
    assert curves[0] != curves[1]
    assert curves[0] != curves[2]
    none = classifier(max_iter=20, hidden_layer_sizes=(6, 6)).fit(X, y)
    assert curves[2] == none.loss_curve_


@not_converged
def test_init(iris):
    X, y = iris
    shapes = []

    def sevenths(rng, shape):
        assert isinstance(rng, np.random.Generator)
        shapes.append(shape)
        return np.full(shape, 1 / 7)

    # a rate of nothing, so that the first values can be seen
    model = classifier(learning_rate_init=1e-300, max_iter=1, init=sevenths)
    model.set_params(bias_init="constant").fit(X, y)
    assert shapes[:2] == [(4, 12), (12, 3)]
    assert all((W == 1 / 7).all() for W in model.coefs_)
    assert all((b == 0.1).all() for b in model.intercepts_)
    model.set_params(init="auto", bias_init="zeros").fit(X, y)
    auto = model.coefs_
    assert all(np.abs(b).max() < 1e-200 for b in model.intercepts_)
    model.set_params(init="he_uniform").fit(X, y)
    assert_array_equal(auto[0], model.coefs_[0])
    model.set_params(init="auto", activation="tanh").fit(X, y)
    tanh = model.coefs_[0]
    model.set_params(init="xavier_uniform").fit(X, y)
    assert_array_equal(tanh, model.coefs_[0])
    assert np.abs(auto[0] - tanh).min() > 0


@not_converged
@pytest.mark.parametrize("init", [*INITIALIZERS, "auto"])
def test_every_initializer_by_name(iris, init):
    X, y = iris
    model = classifier(init=init, max_iter=1).fit(X, y)
    assert np.isfinite(model.predict_proba(X)).all()
