"""The contract of a stack.

Model k of it must be the same model trained alone, whatever the others do.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sknnreg.engine.activations import Tanh
from sknnreg.engine.initializers import Constant, Normal
from sknnreg.engine.layers import Activate, BatchNorm, Dense, Residual
from sknnreg.engine.optimizers import OPTIMIZERS
from sknnreg.engine.schedules import Adaptive
from tests.engine.factories import N_IN, Scenario, trained
from tests.forms import both_forms

pytestmark = both_forms


def check_contract(scenario):
    """Gives the stack, after comparing each model of it with its solo run."""
    stack = trained(scenario, [0, 1, 2])
    for k in range(3):
        alone = trained(scenario, [k])
        for ours, expected in zip(stack.vectors, alone.vectors, strict=True):
            assert_allclose(ours[k], expected[0], rtol=1e-9, atol=1e-12)
        n = alone.n_iter[0]
        assert stack.n_iter[k] == n
        history, expected = stack.history(k), alone.history(0)
        assert history.keys() == expected.keys()
        for name, column in expected.items():
            assert len(column) == n
            assert_allclose(history[name][:n], column, rtol=1e-8, err_msg=name)
        for name in ("best_epoch", "active", "diverged"):
            ours = getattr(stack.stopping, name)[k]
            assert ours == getattr(alone.stopping, name)[0], name
    return stack


#: each stands for one way in which models could get into each other's way
SCENARIOS = {name: Scenario(solver=name) for name in OPTIMIZERS} | {
    "equal seeds": Scenario(seeds=(1, 1, 1)),
    "two equal seeds": Scenario(seeds=(4, 2, 4)),
    "weights": Scenario(weights="shared"),
    "weights a model": Scenario(weights="a model"),
    "batch norm with weights": Scenario(layers=(BatchNorm,), weights="shared"),
    "batch norm with weights a model": Scenario(layers=(BatchNorm,), weights="a model"),
    "limits": Scenario(limits=True),
    "sparse": Scenario(sparse=True),
    "sparse, equal seeds": Scenario(sparse=True, seeds=(1, 1, 1)),
    "batch norm": Scenario(layers=(BatchNorm,)),
    "noise": Scenario(noise=(0.2, 0.1, 0.0)),
    "noise on sparse rows": Scenario(noise=(0.2, 0.1, 0.0), sparse=True),
    "averages": Scenario(averaging=(0.5, 0.9, 0.0), layers=(BatchNorm,)),
    "averages are watched": Scenario(
        averaging=(0.5, 0.9, 0.8), keep_best=True, rate=(0.1,) * 3
    ),
    "one model has no penalty": Scenario(alpha=(0.1, 0.0, 0.2)),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_stack(name):
    stack = check_contract(SCENARIOS[name])
    assert (stack.n_iter == 8).all()
    theta = stack.theta
    assert all(np.abs(theta[k] - theta[k - 1]).max() > 1e-3 for k in range(3))


@pytest.mark.parametrize("keep_best", [False, True])
@pytest.mark.parametrize("layers", [(), (BatchNorm,)])
def test_stack_of_models_that_stop_at_different_epochs(keep_best, layers):
    rates = (0.3, 0.005, 0.1)
    stack = check_contract(
        Scenario(
            rate=rates, patience=3, n_epochs=25, keep_best=keep_best, layers=layers
        )
    )
    assert len(set(stack.n_iter)) == 3
    assert stack.n_iter.min() < 15


@pytest.mark.parametrize("keep_best", [False, True])
@pytest.mark.parametrize("epochs", ["at once", "later"])
def test_model_that_diverges_leaves_the_others_alone(epochs, keep_best):
    rate = {"at once": 1e200, "later": 30.0}[epochs]
    stack = check_contract(
        Scenario(
            rate=(0.01, rate, 0.02), solver="sgd", n_epochs=30, keep_best=keep_best
        )
    )
    assert_array_equal(stack.stopping.diverged, [False, True, False])
    assert stack.n_iter[1] < stack.n_iter[0] == stack.n_iter[2] == 30
    # either rate makes every epoch worse than the start
    assert stack.stopping.best_epoch[1] == -1
    if epochs == "later":
        assert np.isfinite(stack.theta).all()


def test_stack_with_an_adaptive_rate():
    """Rates fall at different epochs, and models end when theirs is too small."""
    stack = check_contract(
        Scenario(
            rate=(0.3, 2e-6, 0.1),
            patience=2,
            tol=0.1,
            n_epochs=25,
            schedule=Adaptive,
            solver="sgd",
        )
    )
    rates = stack.column("learning_rate")
    assert_allclose(rates[0], [0.3, 2e-6, 0.1])
    assert stack.n_iter[1] < 25
    changes = [set(np.flatnonzero(np.diff(rates[:, k]))) for k in (0, 2)]
    assert changes[0] != changes[1]
    assert_allclose(np.unique(rates[:, 0])[-2:], [0.06, 0.3])


def test_body_of_a_residual_block_in_a_stack():
    """Layers within a layer have the stack's numbers too."""

    def block():
        body = [Dense(N_IN, Normal(0.5), Constant(0.0)), BatchNorm()]
        return Residual([*body, Activate(Tanh())], Normal(0.5))

    check_contract(Scenario(layers=(block,)))
