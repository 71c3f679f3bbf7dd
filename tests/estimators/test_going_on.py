"""``partial_fit`` and ``warm_start`` go on where training ended."""

import pytest

from sknnreg.engine.optimizers import OPTIMIZERS
from tests.factories import (
    KINDS,
    assert_same_bits,
    classifier,
    not_converged,
    regressor,
)

TRAINING = [
    *({"solver": solver} for solver in OPTIMIZERS),
    {"dropout": 0.3, "input_dropout": 0.1},
    {"penalty": "l1", "alpha": 0.01},
    {"learning_rate": "invscaling"},
    {"shuffle": False},
    {"batch_size": 50},
]


@not_converged
@pytest.mark.parametrize("params", TRAINING, ids=str)
def test_partial_fit_is_fit_bit_for_bit(iris, diabetes, params):
    # batches of 40, so that the last one is short
    params = {"batch_size": 40, "n_iter_no_change": 100} | params
    X, y = iris
    whole = classifier(max_iter=4, **params).fit(X, y)
    pieces = classifier(max_iter=4, **params)
    for _ in range(4):
        pieces.partial_fit(X, y, classes=[0, 1, 2])
    assert_same_bits(whole, pieces)
    assert whole.loss_curve_ == pieces.loss_curve_
    X, y = diabetes
    whole = regressor(max_iter=4, **params).fit(X, y)
    pieces = regressor(max_iter=4, **params)
    for _ in range(4):
        pieces.partial_fit(X, y)
    assert_same_bits(whole, pieces)


@not_converged
@pytest.mark.parametrize(
    "params", [p for p in TRAINING if "learning_rate" not in p], ids=str
)
def test_warm_start_is_fit_bit_for_bit(iris, params):
    X, y = iris
    params = {"batch_size": 40, "n_iter_no_change": 100} | params
    whole = classifier(max_iter=6, **params).fit(X, y)
    pieces = classifier(max_iter=3, warm_start=True, **params).fit(X, y).fit(X, y)
    assert_same_bits(whole, pieces)
    # without warm_start a second fit knows nothing of the first
    again = classifier(max_iter=6, **params).fit(X, y).fit(X, y)
    assert_same_bits(whole, again)


@not_converged
def test_partial_fit_goes_on_from_a_fit(iris):
    X, y = iris
    whole = classifier(max_iter=6).fit(X, y)
    assert_same_bits(whole, classifier(max_iter=5).fit(X, y).partial_fit(X, y))


@not_converged
def test_partial_fit_and_classes(iris):
    X, y = iris
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        classifier().partial_fit(X, y)
    # not every batch has every class
    model = classifier().partial_fit(X[:60], y[:60], classes=[0, 1, 2])
    model.partial_fit(X[:50], y[:50])
    assert model.predict_proba(X).shape == (150, 3)
    with pytest.raises(
        ValueError, match=r"`classes=.* is not the same as on last call"
    ):
        model.partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="`y` has classes not in"):
        model.partial_fit(X, y + 1)


@pytest.mark.parametrize("kind", KINDS)
def test_where_there_is_no_partial_fit(kind):
    assert hasattr(kind(), "partial_fit")
    assert not hasattr(kind(solver="lbfgs"), "partial_fit")
    assert not hasattr(kind(early_stopping=True), "partial_fit")
    with pytest.raises(AttributeError) as error:
        _ = kind(solver="lbfgs").partial_fit
    assert "lbfgs is not stochastic" in str(error.value.__cause__)


@not_converged
def test_warm_start_with_other_classes(iris):
    X, y = iris
    model = classifier(warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="same classes as in the previous call"):
        model.fit(X[:100], y[:100])
