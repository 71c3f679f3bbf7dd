"""A stack of estimators is its members fitted alone."""

import warnings
from functools import partial

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sknnreg import MLPClassifierScratch, MLPRegressorScratch
from tests import factories
from tests.factories import however_it_ends
from tests.model_selection.factories import NUMBERS, fit_stack, stack_key, stack_size

pytestmark = however_it_ends

rng = np.random.RandomState(0)
X = rng.normal(size=(90, 5))
y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + 0.1 * rng.normal(size=90)

assert_same_fit = partial(factories.assert_same_fit, X=X)


def test_64_models_of_which_one_diverges_and_many_stop():
    """All others end as their solo fits; who stops early leaves the stack."""
    common = MLPRegressorScratch(
        hidden_layer_sizes=(8,),
        solver="sgd",
        early_stopping=True,
        n_iter_no_change=3,
        max_iter=40,
        batch_size=20,
        random_state=3,
    )
    rates = np.logspace(-4, -1, 64)
    rates[17] = 1e20
    models = [
        clone(common).set_params(learning_rate_init=rate, alpha=10.0 ** -(k % 5))
        for k, rate in enumerate(rates)
    ]
    together = [clone(model) for model in models]
    errors = fit_stack(together, X, y)
    assert [k for k, error in enumerate(errors) if error is not None] == [17]
    with pytest.raises(type(errors[17]), match=str(errors[17])[:30]):
        clone(models[17]).fit(X, y)
    stopped = 0
    for k, (model, ours) in enumerate(zip(models, together, strict=True)):
        if k != 17:
            assert_same_fit(ours, model.fit(X, y))
            stopped += ours.n_iter_ < 40
    assert stopped >= 21


def test_a_model_that_diverges_late_keeps_its_best_epoch():
    common = MLPRegressorScratch(
        hidden_layer_sizes=(8,), solver="sgd", max_iter=40, random_state=0
    )
    rates = [0.01, 0.8, 1.0, 1.2, 1.5, 2.0]
    models = [clone(common).set_params(learning_rate_init=rate) for rate in rates]
    together = [clone(model) for model in models]
    errors = fit_stack(together, 3 * X, y)
    for model, ours, error in zip(models, together, errors, strict=True):
        if error is None:
            assert_same_fit(ours, model.fit(3 * X, y), rtol=1e-6)
        else:
            with pytest.raises(ValueError, match=str(error)[:30]):
                model.fit(3 * X, y)


def test_stopping_by_patience_without_validation():
    common = MLPRegressorScratch(
        hidden_layer_sizes=(6,), tol=0.01, n_iter_no_change=2, random_state=0
    )
    models = [
        clone(common).set_params(learning_rate_init=rate) for rate in (1e-3, 1e-2, 1e-1)
    ]
    together = [clone(model) for model in models]
    assert fit_stack(together, X, y) == [None] * 3
    assert len({model.n_iter_ for model in together}) > 1
    for model, ours in zip(models, together, strict=True):
        assert_same_fit(ours, model.fit(X, y))


def test_members_go_on_alone():
    """partial_fit after a stack is partial_fit after a solo fit."""
    common = MLPRegressorScratch(
        hidden_layer_sizes=(6,),
        max_iter=30,
        dropout=0.2,
        random_state=0,
        tol=0.01,
        n_iter_no_change=2,
    )
    models = [
        clone(common).set_params(learning_rate_init=rate) for rate in (0.001, 0.01, 0.1)
    ]
    together = [clone(model) for model in models]
    fit_stack(together, X, y)
    assert len({model.n_iter_ for model in together}) > 1  # they end one by one
    for model, ours in zip(models, together, strict=True):
        model.fit(X, y).partial_fit(X, y)
        assert_same_fit(ours.partial_fit(X, y), model)


def test_pieces_of_a_recipe_for_tables():
    """Averages, biases from the data and scales of the inputs, seed by seed."""
    common = MLPRegressorScratch(
        hidden_layer_sizes=(8, 6),
        solver="adamw",
        learning_rate="coslog4",
        learning_rate_init=0.02,
        activation="mish",
        bias_init="data",
        input_scale=6.0,
        averaging=0.5,
        batch_size=20,
        max_iter=8,
    )
    models = [
        clone(common).set_params(averaging=decay, random_state=seed)
        for decay, seed in ((0.5, 0), (0.9, 1), (0.5, 1))
    ]
    together = [clone(model) for model in models]
    fit_stack(together, X, y)
    for model, ours in zip(models, together, strict=True):
        assert_same_fit(ours, model.fit(X, y))


def test_validation_data_and_weights():
    weight = rng.uniform(0.1, 2, size=len(y))
    given = {"X_val": X[:30], "y_val": y[:30], "sample_weight_val": weight[:30]}
    common = MLPRegressorScratch(max_iter=6, random_state=0, hidden_layer_sizes=(6,))
    models = [clone(common).set_params(alpha=alpha) for alpha in (0.1, 0.2)]
    together = [clone(model) for model in models]
    fit_stack(together, X, y, weight, **given)
    for model, ours in zip(models, together, strict=True):
        assert_same_fit(ours, model.fit(X, y, weight, **given))


def test_one_warning_a_model():
    models = [MLPRegressorScratch(max_iter=2, random_state=0) for _ in range(3)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit_stack(models, X, y)
    assert [w.category for w in caught] == [ConvergenceWarning] * 3


@pytest.mark.parametrize(
    "change",
    [
        {"hidden_layer_sizes": (3,)},
        {"activation": "tanh"},
        {"solver": "sgd"},
        {"max_iter": 7},
        {"beta_1": 0.5},
        {"tol": 1e-3},
        {"max_norm": 1.0},
        {"dropout": 0.1},
        {"input_noise": 0.1},
        {"input_scale": 6.0},
        {"averaging": 0.5},
        {"penalty": "l1"},
        {"class_weight": {0: 1, 1: 2}},
        {"init": np.ones},
    ],
)
def test_what_shapes_a_network_keeps_it_out_of_the_stack(change):
    model = MLPClassifierScratch(random_state=0)
    other = clone(model).set_params(**change)
    assert stack_key(other) != stack_key(model)
    assert stack_key(other) == stack_key(clone(other))


def test_numbers_do_not():
    model = MLPClassifierScratch(
        random_state=0, dropout=0.1, input_dropout=0.1, input_noise=0.1, max_norm=1.0
    )
    model.set_params(clip_norm=1.0, averaging=0.1)
    for name in NUMBERS:
        assert stack_key(clone(model).set_params(**{name: 0.5})) == stack_key(model)


def test_no_stack():
    for change in ({"solver": "lbfgs"}, {"verbose": True}, {"random_state": rng}):
        assert stack_key(MLPClassifierScratch().set_params(**change)) is None
    early = MLPClassifierScratch(early_stopping=True, random_state=0)
    assert stack_key(early) != stack_key(clone(early).set_params(random_state=1))


def test_stacks_of_large_networks_are_small():
    small, large = ((32,), (512, 512))
    sizes = [stack_size([30, *hidden, 1], 200, 8) for hidden in (small, large)]
    assert sizes[0] > 5 and sizes[1] == 1
