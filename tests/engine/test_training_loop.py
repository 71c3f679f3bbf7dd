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


class Vectors(Report):
    """Notes the vectors after each epoch."""

    def __init__(self):
        self.seen = []

    def after(self, task):
        self.seen.append([vector.copy() for vector in task.progress.vectors])


AVERAGES = Scenario(
    averaging=(0.5, 0.9, 0.7), layers=(BatchNorm,), l1_ratio=(0.0,) * 3, n_epochs=7
)


@pytest.mark.parametrize("keep_best", [False, True])
def test_averages_over_the_epochs_are_kept(keep_best):
    """By hand; training itself goes on from the vectors, as if there were none."""
    scenario, notes = AVERAGES._replace(keep_best=keep_best), Vectors()
    run = run_of(scenario, [0, 1, 2]).train(7, notes)
    plain, plain_notes = (
        run_of(scenario._replace(averaging=(0,) * 3), [0, 1, 2]),
        Vectors(),
    )
    plain.train(7, plain_notes)
    epochs = run.stopping.best_epoch + 1 if keep_best else [7, 7, 7]
    for i, vector in enumerate(run.vectors):
        each = np.array([vectors[i] for vectors in notes.seen])
        assert_array_equal(each, [vectors[i] for vectors in plain_notes.seen])
        for k, decay in enumerate(scenario.averaging):
            weights = decay ** np.arange(epochs[k] - 1, -1.0, -1)
            mean = np.average(each[: epochs[k], k], axis=0, weights=weights)
            assert_allclose(vector[k], mean, rtol=1e-12, atol=1e-14)


def test_averages_are_what_is_validated():
    run = trained(AVERAGES, [0, 1, 2])
    last = run.column("validation_score")[-1]
    assert_allclose(run.validation_score(), last, rtol=1e-12)


def test_zeros_of_a_penalty_are_zeros_of_the_average():
    scenario = AVERAGES._replace(alpha=(0.3,) * 3, l1_ratio=(1.0,) * 3)
    notes = Vectors()
    run = run_of(scenario, [0, 1, 2]).train(7, notes)
    zero = notes.seen[-1][0] == 0
    assert 0.1 < zero.mean() < 0.9
    assert_array_equal(run.theta == 0, zero)


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
