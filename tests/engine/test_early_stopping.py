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
