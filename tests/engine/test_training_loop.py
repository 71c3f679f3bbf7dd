"""The training loop: what it writes down, and what it keeps."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sknnreg.engine.layers import BatchNorm
from sknnreg.engine.optimizers import OPTIMIZERS
from sknnreg.engine.training import Report
from tests.engine.factories import (
    N,
    Scenario,
    run_of,
    scenario_data,
    scenario_weight,
    trained,
)
from tests.forms import both_forms

pytestmark = both_forms


def test_epoch_loss_is_the_objective():
    """J over all rows: the short last batch counts by its weight."""
    X, y, _ = scenario_data()
    for weights in ("none", "shared", "a model"):
        scenario = Scenario(
            rate=(1e-300,) * 3, dropout=(0,) * 3, weights=weights, n_epochs=1
        )
        models = [0, 1, 2]
        run = trained(scenario, models)
        data_loss = run.loss(X[:N], y[:N], scenario_weight(scenario, models))
        assert_allclose(run.column("penalty")[0], run.penalty())
        assert_allclose(run.column("loss")[0], data_loss + run.penalty())


@pytest.mark.parametrize("solver", OPTIMIZERS)
def test_history_has_the_norms_of_the_last_step(solver):
    """The optimizer may overwrite the gradient; what is written down is its norm."""
    scenario = Scenario(
        solver=solver,
        rate=(1e-300,) * 3,
        n_epochs=1,
        dropout=(0,) * 3,
        batch_size=N,
    )
    run = trained(scenario, [0])
    history = run.history(0)
    X, y, _ = scenario_data()
    # nothing moved: the gradient is still that of the step
    gradient = run.gradient_of_a_batch(X[None, :N], y[None, :N])
    for number, place in enumerate(run.weight_places([0, 3, 5])):
        for name, vector in (("weight", run.theta), ("gradient", gradient)):
            norm = np.linalg.norm(vector[0, place])
            assert_allclose(history[f"{name}_norm_{number}"], [norm], rtol=1e-9)


def test_best_epoch_is_kept_with_its_running_statistics():
    scenario = Scenario(
        keep_best=True, layers=(BatchNorm,), rate=(0.3,) * 3, n_epochs=12
    )
    run = trained(scenario, [0, 1, 2])
    scores = run.column("validation_score")
    assert (scores.argmax(axis=0) < 11).any(), "the last epoch should not be the best"
    assert_array_equal(run.stopping.best_epoch, scores.argmax(axis=0))
    assert_allclose(run.validation_score(), scores.max(axis=0), rtol=1e-12)


def test_last_epoch_is_kept_without_early_stopping():
    run = trained(Scenario(rate=(0.3,) * 3, n_epochs=12), [0, 1, 2])
    scores = run.column("validation_score")
    assert (scores.argmax(axis=0) < 11).any()
    assert_allclose(run.validation_score(), scores[-1], rtol=1e-12)


def test_report_ends_the_run():
    run = run_of(Scenario(), [0, 1])
    seen = []

    class Three(Report):
        def before(self, task):
            seen.append("before")

        def after(self, task):
            seen.append(task.progress.epoch)
            return task.progress.epoch == 3

    run.train(10, Three())
    assert seen == ["before", 1, "before", 2, "before", 3]
    assert (run.n_iter == 3).all()


def test_epochs_in_two_calls_are_the_epochs_in_one():
    """Streams and optimizer go on where they are."""
    once = trained(Scenario(n_epochs=6), [0, 1, 2])
    run = run_of(Scenario(), [0, 1, 2])
    for n_epochs in (3, 6):
        run.train(n_epochs)
    assert_array_equal(run.theta, once.theta)


def test_limits_hold():
    run = trained(Scenario(limits=True, alpha=(0,) * 3, solver="sgd"), [0, 1, 2])
    for layer in (0, 3, 5):
        norms = np.linalg.norm(run.values[layer]["weight"], axis=1)
        assert (norms <= 0.4 + 1e-12).all()
        assert (norms > 0.4 - 1e-3).any(), "the limit should matter"
