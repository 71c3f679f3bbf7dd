"""The state of a training as a value: copied, cut down, pickled, gone on from."""

import pickle
from dataclasses import fields

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sknnreg.engine.layers import BatchNorm
from sknnreg.engine.model_axis import take
from sknnreg.engine.optimizers import OPTIMIZERS
from sknnreg.engine.schedules import Adaptive
from sknnreg.engine.training import Report
from tests.engine.factories import Scenario, run_of

SCENARIOS = {name: Scenario(solver=name) for name in OPTIMIZERS} | {
    "batch norm, noise": Scenario(layers=(BatchNorm,), noise=(0.2, 0.1, 0.0)),
    "adaptive": Scenario(solver="sgd", schedule=Adaptive, patience=1, tol=1e9),
    "early stopping": Scenario(keep_best=True, patience=4),
    "sparse": Scenario(sparse=True),
    "averages": Scenario(averaging=(0.5, 0.9, 0.0)),
}
EVERY = np.arange(3)


def assert_same_state(one, other):
    for ours, theirs in zip(one.vectors, other.vectors, strict=True):
        assert_array_equal(ours, theirs)
    for k in EVERY:
        assert one.history(k) == other.history(k)


@pytest.mark.parametrize("copy", [lambda p: take(p, EVERY), pickle.dumps])
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_copy_goes_on_as_the_original(name, copy):
    """Whatever the original does after it was copied."""
    scenario = SCENARIOS[name]
    run = run_of(scenario, EVERY).train(3)
    saved = copy(run.task.progress)
    run.train(6)
    progress = pickle.loads(saved) if isinstance(saved, bytes) else saved
    again = run_of(scenario, EVERY, progress).train(6)
    assert_same_state(again, run)


def test_some_models_go_on_without_the_others():
    """And nothing that they draw or learn reaches the copy."""
    scenario = Scenario(seeds=(1, 2, 1), dropout=(0.1, 0.2, 0.3))
    run = run_of(scenario, EVERY).train(3)
    part = take(run.task.progress, np.array([False, True, True]))
    rest = run_of(scenario, [1, 2], part).train(6)
    whole = run.train(6)
    for ours, theirs in zip(rest.vectors, whole.vectors, strict=True):
        np.testing.assert_allclose(ours, theirs[1:], rtol=1e-9, atol=1e-12)
    assert rest.task.progress.streams.seeds == [2, 1]


def test_a_copy_shares_no_array():
    run = run_of(Scenario(layers=(BatchNorm,)), EVERY).train(2)
    copy = take(run.task.progress, EVERY)

    def arrays(state):
        if isinstance(state, np.ndarray):
            yield state
        elif isinstance(state, (list, tuple)):
            for part in state:
                yield from arrays(part)
        elif isinstance(state, dict):
            yield from arrays(list(state.values()))
        elif hasattr(state, "__dataclass_fields__"):
            yield from arrays([getattr(state, field.name) for field in fields(state)])

    ours, theirs = list(arrays(copy)), list(arrays(run.task.progress))
    assert len(ours) == len(theirs) > 20
    for one, other in zip(ours, theirs, strict=True):
        assert_array_equal(one, other)
        assert not np.shares_memory(one, other)


class StopAfter(Report):
    def __init__(self, epoch):
        self.epoch = epoch

    def after(self, task):
        return task.progress.epoch == self.epoch


def test_a_run_stopped_by_its_report_goes_on():
    straight = run_of(Scenario(), EVERY).train(6)
    run = run_of(Scenario(), EVERY).train(6, StopAfter(2))
    assert (run.n_iter == 2).all()
    assert_same_state(run.train(6), straight)


@pytest.mark.parametrize("epoch", [0, 2])
@pytest.mark.parametrize("name", ["adam", "batch norm, noise", "early stopping"])
def test_an_interrupt_steps_back_to_the_last_complete_epoch(name, epoch):
    run = run_of(SCENARIOS[name], [0])
    validate, calls = run.task.validate, []

    def interrupted():
        calls.append(None)
        if len(calls) == epoch + 1:
            raise KeyboardInterrupt
        return validate()

    run.task.validate = interrupted
    with pytest.raises(KeyboardInterrupt):
        run.train(6)
    fewer = run_of(SCENARIOS[name], [0])
    if epoch:
        fewer.train(epoch)
        run.keep()
    for ours, theirs in zip(run.vectors, fewer.vectors, strict=True):
        assert_array_equal(ours, theirs)
    assert run.epoch == epoch
    assert run.history(0) == fewer.history(0)
