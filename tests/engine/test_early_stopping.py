"""When a model stops, and which parameters are kept."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sknnreg.engine.early_stopping import EarlyStopping


def watch(scores, **params):
    """Feed scores, one row an epoch; gives the object and who stalls when."""
    scores = np.array(scores, float)
    stopping = EarlyStopping(**params, n_models=scores.shape[1])
    stalled = []
    for epoch, row in enumerate(scores):
        theta = np.full((scores.shape[1], 2), float(epoch))
        stopping, stall = stopping.observe(epoch, row, [theta])
        stopping = stopping.end(stall)
        stalled.append(stall)
    return stopping, np.array(stalled)


@pytest.mark.parametrize("patience", [1, 2, 5])
def test_patience_is_exact(patience):
    """Progress at epoch 1, then none: the end is ``patience`` epochs later."""
    stopping, stalled = watch([[0], [1]] + [[1]] * 9, patience=patience, tol=0.0)
    assert_array_equal(np.flatnonzero(stalled[:, 0]), [1 + patience])
    assert stopping.best_epoch[0] == 1


def test_progress_must_exceed_tol_but_the_best_is_kept_anyway():
    scores = [[0], [0.05], [0.09], [0.12], [0.2]]
    stopping, stalled = watch(scores, patience=3, tol=0.1)
    # every step is below tol, measured from the best so far
    assert_array_equal(stalled[:, 0], [False, False, False, True, False])
    assert stopping.best[0] == 0.12
    assert stopping.best_epoch[0] == 3
    assert_array_equal(stopping.snapshot[0], [[3, 3]])


def test_waiting_starts_again_after_progress():
    scores = [[0], [0], [1], [1], [1], [1]]
    assert_array_equal(np.flatnonzero(watch(scores, patience=3, tol=0.0)[1]), [5])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_score_that_is_not_finite_ends_one_model(bad):
    stopping, stalled = watch([[1, 1], [bad, 2], [9, 3]], patience=5, tol=0.0)
    assert_array_equal(stopping.active, [False, True])
    assert_array_equal(stopping.diverged, [True, False])
    assert_array_equal(stopping.best, [1, 3])
    assert_array_equal(stopping.snapshot[0], [[0, 0], [2, 2]])
    assert not stalled.any()


def test_a_model_that_ended_is_no_longer_watched():
    scores = [[1, 0], [1, 1], [1, 2], [9, 3], [np.nan, 4]]
    stopping, _ = watch(scores, patience=2, tol=0.0)
    assert_array_equal(stopping.active, [False, True])
    assert_array_equal(stopping.best, [1, 4])
    assert_array_equal(stopping.best_epoch, [0, 4])
    assert not stopping.diverged.any()


def test_restart_gives_the_whole_patience_again():
    stopping = EarlyStopping(2, 0.0, 2)
    stalled = []
    for epoch in range(7):
        stopping, stall = stopping.observe(epoch, np.zeros(2), [np.zeros((2, 1))])
        stopping = stopping.restart(stall & [True, False])
        stalled.append(stall)
    stalled = np.array(stalled)
    assert_array_equal(np.flatnonzero(stalled[:, 0]), [2, 4, 6])
    assert_array_equal(np.flatnonzero(stalled[:, 1]), [2, 3, 4, 5, 6])


def test_snapshot_is_a_copy():
    stopping, theta = EarlyStopping(2, 0.0), np.ones((1, 3))
    stopping, _ = stopping.observe(0, np.array([1.0]), [theta])
    theta[...] = 5
    stopping, _ = stopping.observe(1, np.array([0.0]), [theta])
    assert_array_equal(stopping.snapshot[0], np.ones((1, 3)))


def test_no_patience_limit():
    stopping, _ = watch([[0]] * 50, patience=np.inf, tol=0.0)
    assert stopping.active[0]


def test_without_a_finite_score_no_epoch_is_the_best():
    stopping, _ = watch([[np.nan, 1], [0, 2]], patience=5, tol=0.0)
    assert_array_equal(stopping.best_epoch, [-1, 1])
    assert stopping.best[0] == -np.inf


def test_what_was_there_before_competes_with_the_epochs():
    """A fit that goes on: epochs wait from the first on, and may all be worse."""
    start, theta = np.full((2, 3), 7.0), np.zeros((2, 3))
    stopping = EarlyStopping(2, 0.0, 2).keep(-1, np.array([1.0, 0.0]), [start])
    stalled = []
    for epoch in range(3):
        scores = np.array([0.5, 1.0 + epoch])
        stopping, stall = stopping.observe(epoch, scores, [theta + epoch])
        stalled.append(stall[0])
    assert stalled == [False, True, True]
    assert_array_equal(stopping.best, [1, 3])
    assert_array_equal(stopping.best_epoch, [-1, 2])
    assert_array_equal(stopping.snapshot[0], [[7] * 3, [2] * 3])


def test_what_comes_after_leaves_what_was_as_it_was():
    """An interrupt on the way finds the one or the other, and nothing between."""
    before, theta = EarlyStopping(3, 0.0, 2), np.ones((2, 3))
    before, _ = before.observe(0, np.array([1.0, 1.0]), [theta])
    before, _ = before.observe(1, np.array([0.0, 0.0]), [theta])
    after, _ = before.observe(2, np.array([2.0, 2.0]), [2 * theta])
    before.observe(2, np.array([np.nan, 0.0]), [3 * theta])
    before.end(np.array([True, True]))
    before.restart(np.array([True, True]))
    before.keep(9, np.array([9.0, 9.0]), [9 * theta])
    assert_array_equal(before.best, [1, 1])
    assert_array_equal(before.best_epoch, [0, 0])
    assert_array_equal(before.waited, [1, 1])
    assert_array_equal(before.active, [True, True])
    assert_array_equal(before.diverged, [False, False])
    assert_array_equal(before.snapshot[0], theta)
    assert_array_equal(after.snapshot[0], 2 * theta)


def test_where_one_model_improves_what_was_stays_too():
    theta = np.ones((2, 3))
    before, _ = EarlyStopping(3, 0.0, 2).observe(0, np.array([1.0, 1.0]), [theta])
    after, _ = before.observe(1, np.array([0.0, 2.0]), [2 * theta])
    assert_array_equal(before.snapshot[0], theta)
    assert_array_equal(after.snapshot[0], [[1] * 3, [2] * 3])
