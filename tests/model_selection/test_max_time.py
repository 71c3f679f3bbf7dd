"""Searches that end in time; a second of these tests is an epoch of a stack."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import LogisticRegression

from sknnreg.model_selection import (
    FusedGridSearchCV,
    FusedHalvingSearchCV,
    FusedRandomizedSearchCV,
)
from tests.factories import however_it_ends
from tests.model_selection.factories import CLASSES, X, classifier, limits

pytestmark = [
    however_it_ends,
    pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite"),
]
ALPHAS = {"alpha": [1e-4, 1e-3, 1e-2, 1e-1]}


class Clock:
    """Goes on by one at the end of each epoch, which is when it is asked."""

    now = 0.0

    def time(self):
        return self.now

    def monotonic(self):
        return self.now

    def perf_counter(self):
        return self.now


class Counting(Clock):
    def __init__(self, clock):
        self.clock = clock

    def monotonic(self):
        self.clock.now += 1
        return self.clock.now


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("sknnreg.model_selection._time.time", clock)
    monkeypatch.setattr("sknnreg.model_selection._fused.time", clock)
    monkeypatch.setattr("sknnreg.engine.training.time", Counting(clock))
    return clock


def search(max_time, **options):
    """Four candidates in two stacks, of 2 × 8 epochs each."""
    model = classifier(max_iter=8, n_iter_no_change=np.inf)
    options = {"cv": 2, "max_stack": 2, "max_time": max_time} | options
    return FusedGridSearchCV(model, options.pop("grid", ALPHAS), **options)


@pytest.mark.parametrize(("n_jobs", "ends"), [(1, [5, 8, 8]), (2, [8, 8, 8])])
def test_folds_that_are_needed_share_the_time(clock, n_jobs, ends):
    """Evenly, one after the other; no longer than there is, side by side."""
    clock.now = 2.0
    found = limits(8.0, [True, True, False], n_jobs)
    assert [limit.end for limit in found] == ends
    assert [limit.is_needed for limit in found] == [True, True, False]
    assert limits(None, [True, False], n_jobs) == [None, None]


@pytest.mark.parametrize("max_time", [None, 1000])
def test_with_time_enough_nothing_is_cut(max_time):
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "max_time")
        results = search(max_time).fit(X, CLASSES).cv_results_
    assert_array_equal(results["mean_n_iter"], 8)
    assert np.isfinite(results["mean_test_score"]).all()


@pytest.mark.parametrize("max_time", [17, 24, 31])
def test_what_is_not_finished_has_no_score(max_time):
    with pytest.warns(UserWarning, match="before 2 of 4 candidates were trained"):
        cut = search(max_time).fit(X, CLASSES)
    whole = search(None).fit(X, CLASSES)
    scores = cut.cv_results_["mean_test_score"]
    assert_array_equal(scores[:2], whole.cv_results_["mean_test_score"][:2])
    assert np.isnan(scores[2:]).all()
    assert cut.best_index_ in (0, 1)
    assert cut.best_estimator_.n_iter_ == 8  # what is fitted again is not limited


@pytest.mark.parametrize("error_score", [np.nan, "raise"])
def test_the_first_stack_always_has_a_score(error_score):
    with pytest.warns(UserWarning, match="max_time=6") as caught:
        results = search(6, error_score=error_score).fit(X, CLASSES).cv_results_
    assert any("4 of 8 fits have the scores of fewer" in str(w.message) for w in caught)
    assert_array_equal(results["mean_n_iter"][:2], 3)  # folds share the time
    assert_array_equal(np.isnan(results["mean_test_score"]), [False, False, True, True])


def test_the_first_stack_has_an_epoch_on_each_fold_however_short_the_time():
    """Though the first fold's epoch takes longer than all the time there is."""
    with pytest.warns(UserWarning, match=r"max_time=0\.5"):
        results = search(0.5).fit(X, CLASSES).cv_results_
    assert_array_equal(results["mean_n_iter"][:2], 1)
    assert_array_equal(np.isnan(results["mean_test_score"]), [False, False, True, True])


def test_networks_that_had_ended_keep_their_scores():
    grid = {"learning_rate_init": [0.01, 1e-3, 1e-9, 0.02]}
    model = classifier(max_iter=20, n_iter_no_change=2, tol=1e-5)
    whole = FusedGridSearchCV(model, grid, cv=2).fit(X, CLASSES)
    assert whole.cv_results_["mean_n_iter"][2] < 8
    with pytest.warns(UserWarning, match="max_time"):
        cut = FusedGridSearchCV(model, grid, max_time=16, cv=2).fit(X, CLASSES)
    name = "mean_n_iter"
    assert cut.cv_results_[name][2] == whole.cv_results_[name][2]
    assert_array_equal(cut.cv_results_[name][[0, 1, 3]], 8)


def test_several_metrics_and_callables():
    def both(estimator, X, y):
        return {"a": estimator.score(X, y), "b": 0.5}

    for scoring in (["accuracy", "neg_log_loss"], both):
        made = search(20, scoring=scoring, refit=False, error_score="raise")
        with pytest.warns(UserWarning, match="2 of 4"):
            results = made.fit(X, CLASSES).cv_results_
        names = [n for n in results if n.startswith("mean_test_")]
        assert len(names) == 2
        for name in names:
            assert_array_equal(np.isnan(results[name]), [False, False, True, True])


@pytest.mark.parametrize(("max_time", "n"), [(5, 1), (35, 2)])
def test_candidates_that_are_fitted_alone(clock, max_time, n):
    """What is tried is tried on all folds, before another is begun."""

    class Slow(LogisticRegression):
        def fit(self, X, y):
            clock.now += 10
            return super().fit(X, y)

    made = FusedGridSearchCV(Slow(), {"C": [0.1, 1, 10]}, cv=2, max_time=max_time)
    with pytest.warns(UserWarning, match=f"{3 - n} of 3"):
        scores = made.fit(X, CLASSES).cv_results_["mean_test_score"]
    assert_array_equal(np.isnan(scores), np.arange(3) >= n)


def test_drawn_candidates():
    model = classifier(max_iter=8, n_iter_no_change=np.inf)
    options = {"n_iter": 4, "cv": 2, "max_stack": 2, "random_state": 0}
    made = FusedRandomizedSearchCV(model, ALPHAS, max_time=20, **options)
    with pytest.warns(UserWarning, match="2 of 4"):
        made.fit(X, CLASSES)


def halving(max_time, **options):
    """Of 9 candidates 3, 9 and 27 epochs, twice."""
    model = classifier(max_iter=27, n_iter_no_change=np.inf)
    grid = {"alpha": np.logspace(-4, 0, 9)}
    options = {"cv": 2, "max_time": max_time, "min_resources": 3} | options
    return FusedHalvingSearchCV(model, grid, **options)


def test_halving_leaves_out_the_iteration_that_is_cut():
    whole = halving(None).fit(X, CLASSES)
    assert whole.n_resources_ == [3, 9, 27]
    with pytest.warns(UserWarning, match="iteration 3 of 3.* iteration 2, after 9 ep"):
        cut = halving(2 * 9 + 3).fit(X, CLASSES)
    assert cut.n_resources_ == [3, 9] and cut.n_iterations_ == 2
    n = len(cut.cv_results_["mean_test_score"])
    assert_array_equal(
        cut.cv_results_["mean_test_score"], whole.cv_results_["mean_test_score"][:n]
    )
    assert cut.best_params_["max_iter"] == 9
    assert np.isfinite(cut.best_score_)


def test_an_iteration_that_some_have_come_through_is_left_out_too():
    """Nine alone and twice 3 epochs are 54; then there is time for one of three."""
    with pytest.warns(UserWarning, match="iteration 2 of 3.* iteration 1, after 3 ep"):
        cut = halving(54 + 15, max_stack=1).fit(X, CLASSES)
    assert cut.n_resources_ == [3] and cut.n_candidates_ == [9]
    assert cut.n_iterations_ == 1
    assert_array_equal(cut.cv_results_["iter"], 0)
    assert np.isfinite(cut.cv_results_["mean_test_score"]).all()


def test_halving_has_a_score_whatever_the_time():
    with pytest.warns(UserWarning, match="max_time"):
        cut = halving(2).fit(X, CLASSES)
    assert cut.n_iterations_ == 1
    assert np.isfinite(cut.best_score_)


@pytest.mark.parametrize("max_time", [0, -1, "1 h"])
def test_a_wrong_time_is_refused(max_time):
    with pytest.raises(ValueError, match="max_time"):
        search(max_time).fit(X, CLASSES)
