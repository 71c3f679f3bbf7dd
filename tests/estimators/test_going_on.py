"""``partial_fit`` and ``warm_start`` go on where training ended."""

import pytest
from numpy.testing import assert_array_equal

from sknnreg.engine.optimizers import OPTIMIZERS
from sknnreg.engine.schedules import WITH_END
from tests.factories import (
    KINDS,
    assert_same_bits,
    classifier,
    not_converged,
    regressor,
)
from tests.forms import both_forms

pytestmark = both_forms

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
    for params, why in (
        ({"solver": "lbfgs"}, "needs a stochastic solver, and solver='lbfgs' is not"),
        ({"early_stopping": True}, "cannot be used with early_stopping=True"),
    ):
        with pytest.raises(AttributeError, match=f"'partial_fit': .*{why}"):
            _ = kind(**params).partial_fit
    assert "one epoch" in kind.partial_fit.__doc__


@not_converged
def test_warm_start_with_other_classes(iris):
    X, y = iris
    model = classifier(warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="same classes as in the previous call"):
        model.fit(X[:100], y[:100])


SCHEDULES = ["constant", "invscaling", "step", "exponential"]


@not_converged
@pytest.mark.parametrize("learning_rate", SCHEDULES)
def test_schedules_go_on_over_warm_starts(iris, learning_rate):
    """Ten epochs and ten are twenty, bit for bit, where a run's length is not asked."""
    X, y = iris
    params = {
        "learning_rate": learning_rate,
        "decay_epochs": 7,
        "batch_size": 40,
        "n_iter_no_change": 100,
    }
    whole = classifier(max_iter=20, **params).fit(X, y)
    pieces = classifier(max_iter=10, warm_start=True, **params).fit(X, y).fit(X, y)
    assert_same_bits(whole, pieces)
    rates = whole.history_["learning_rate"]
    assert rates == pieces.history_["learning_rate"]
    assert (len(set(rates)) == 1) is (learning_rate == "constant")


@not_converged
@pytest.mark.parametrize("learning_rate", sorted(WITH_END))
def test_a_schedule_with_an_end_is_a_cycle_a_fit(iris, learning_rate):
    """By warm_start it begins anew; by partial_fit it is one over max_iter calls."""
    X, y = iris
    params = {"learning_rate": learning_rate, "batch_size": 40}
    model = classifier(max_iter=6, warm_start=True, **params).fit(X, y).fit(X, y)
    rates = model.history_["learning_rate"]
    assert rates[:6] == rates[6:]
    whole = classifier(max_iter=6, **params).fit(X, y)
    pieces = classifier(max_iter=6, **params)
    for _ in range(6):
        pieces.partial_fit(X, y, classes=[0, 1, 2])
    assert_same_bits(whole, pieces)


@not_converged
def test_an_adaptive_rate_goes_on_if_it_was_cut_off(iris):
    X, y = iris
    params = {"learning_rate": "adaptive", "solver": "sgd", "batch_size": 40}
    model = classifier(n_iter_no_change=2, tol=1e9, max_iter=5, **params)
    model.set_params(warm_start=True).fit(X, y)
    rates = model.history_["learning_rate"]
    assert rates[-1] == pytest.approx(model.learning_rate_init / 5)
    model.fit(X, y)  # the fifth epoch has used up the patience of this rate
    rates = model.history_["learning_rate"]
    assert rates[5] == pytest.approx(model.learning_rate_init / 25)
    # to its end, where the rate is too small to go on: the next fit begins anew
    model.set_params(max_iter=100).fit(X, y)
    assert model.n_iter_ < 100
    n = len(model.history_["loss"])
    model.set_params(max_iter=1).fit(X, y)
    assert model.history_["learning_rate"][n] == model.learning_rate_init


@not_converged
@pytest.mark.parametrize("name", ["input_noise", "dropout", "input_dropout"])
def test_what_only_regularizes_may_change_between_fits(iris, name):
    """Also if it brings a statistic of the data, as noise in units of the inputs."""
    X, y = iris
    model = classifier(warm_start=True, max_iter=2)
    for value in (0.0, 0.2, 0.3, 0.0):
        before = model.t_ if value else 0
        model.set_params(**{name: value}).fit(X, y)
        assert model.t_ >= before + 2 * len(y)
        model.partial_fit(X, y)


@not_converged
@pytest.mark.parametrize(
    ("name", "value"),
    [("normalization", "batch"), ("residual", True), ("hidden_layer_sizes", (3, 3))],
)
def test_another_network_does_not_go_on(iris, name, value):
    X, y = iris
    model = classifier(warm_start=True, max_iter=2).fit(X, y)
    model.set_params(**{name: value})
    with pytest.raises(ValueError, match=f"go on with .*{name}="):
        model.fit(X, y)


@not_converged
def test_what_is_kept_may_be_what_a_fit_began_with(iris):
    """No epoch of the second fit is better: the last one of the first is told of."""
    X, y = iris
    model = classifier(warm_start=True, max_iter=7, batch_size=100, tol=0).fit(X, y)
    before = [W.copy() for W in model.coefs_]
    model.set_params(early_stopping=True, learning_rate_init=1e3, max_iter=3)
    with pytest.warns(match="diverged.* epoch 7 are kept"):
        model.fit(X, y)
    for ours, theirs in zip(model.coefs_, before, strict=True):
        assert (ours == theirs).all()
    assert model.best_iter_ == 7
    assert model.loss_ == model.loss_curve_[6]


@not_converged
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"residual": True}),
        ({"residual": True}, {"residual": False}),
        ({}, {"normalization": "batch"}),
        ({"normalization": "batch"}, {"normalization": "layer"}),
        ({"normalization": "layer"}, {"normalization": None}),
        ({}, {"input_scale": 0.1}),
    ],
    ids=str,
)
def test_another_network_is_not_taken_over(iris, before, after, method):
    """Nor where all shapes are the same: no block needs a projection here."""
    X, y = iris
    model = classifier(hidden_layer_sizes=(4, 4), warm_start=True, **before).fit(X, y)
    prediction = model.predict_proba(X)
    name = next(iter(after))
    model.set_params(**after)
    match = f"{name}={after[name]}" if name == "residual" else "hidden_layer_sizes="
    with pytest.raises(ValueError, match=match):
        getattr(model, method)(X, y)
    assert_array_equal(model.predict_proba(X), prediction)
