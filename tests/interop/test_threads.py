"""Fits and predictions at the same time give the same bits."""

import linecache
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_info, threadpool_limits

from sknnreg import _threads
from tests import factories
from tests.factories import QUICK, assert_same_bits, not_converged

pytestmark = not_converged  # few epochs: these tests are about the joints
N_DIGITS = 300
classifier = partial(factories.classifier, **QUICK)


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_fits_in_threads_give_the_same_bits(digits, solver):
    X, y = digits
    X = X.astype(np.float32)
    dropout = 0.0 if solver == "lbfgs" else 0.2

    def fit(seed):
        model = classifier(solver=solver, dropout=dropout, batch_size=50)
        return model.set_params(random_state=seed).fit(X, y)

    one_by_one = [fit(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(fit, [0, 1, 2, 3, 0, 1, 2, 3]))
    for i, model in enumerate(at_once):
        assert_same_bits(model, one_by_one[i % 4])


def test_predictions_of_one_model_in_threads(digits):
    X, y = digits
    model = classifier().fit(X, y)
    expected = [model.predict_proba(X[i:]) for i in range(8)]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            found = list(pool.map(lambda i: model.predict_proba(X[i:]), range(8)))
            for a, b in zip(found, expected, strict=True):
                assert_array_equal(a, b)


def test_search_with_threads(iris):
    X, y = iris
    grid = {"alpha": [1e-4, 1e-1], "dropout": [0.0, 0.5]}
    one = GridSearchCV(classifier(), grid, cv=2).fit(X, y)
    with joblib.parallel_backend("threading", n_jobs=2):
        two = GridSearchCV(classifier(), grid, cv=2).fit(X, y)
    for name in ("mean_test_score", "std_test_score"):
        assert_array_equal(one.cv_results_[name], two.cv_results_[name])


def blas_threads():
    return [
        lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"
    ]


class InterruptAt:
    """An interrupt at one of the lines and calls of a file, counted from 1.

    Not at ``with`` and ``try``, where a tracer is called but no signal is heard: that
    is the case where a function begins, and after calls.
    """

    def __init__(self, file, number):
        self.file, self.number, self.seen = file, number, 0

    def __call__(self, frame, event, argument):
        if frame.f_code.co_filename != self.file:
            return None
        word = linecache.getline(self.file, frame.f_lineno).split()[0]
        heard = word not in ("with", "try:", "finally:")
        self.seen += event in ("call", "line") and heard
        if self.seen == self.number:
            sys.settrace(None)
            raise KeyboardInterrupt
        return self


def test_no_interrupt_keeps_blas_limited():
    """Whichever line of the room it comes at, before, in and after the work."""
    number, traced = 0, sys.gettrace()
    with threadpool_limits(2, "blas"):
        before = blas_threads()
        while True:
            number += 1
            interrupt = InterruptAt(_threads.__file__, number)
            sys.settrace(interrupt)
            try:
                _threads.on_one_blas_thread(True, blas_threads)
            except KeyboardInterrupt:
                assert blas_threads() == before, number
                continue
            finally:
                sys.settrace(traced)
            break
        assert number > 20  # there was something to interrupt
        assert _threads.on_one_blas_thread(True, blas_threads) == [1] * len(before)
        assert blas_threads() == before


@pytest.mark.parametrize("fails", [False, True])
def test_a_small_fit_takes_one_blas_thread_and_gives_the_others_back(digits, fails):
    X, y = digits
    inside = []

    def rate(step):
        inside.append(blas_threads())
        return np.nan if fails else 0.01

    with threadpool_limits(2, "blas"):
        before = blas_threads()
        model = classifier(learning_rate=rate, max_iter=2)
        with (
            pytest.raises(ValueError, match="learning_rate") if fails else nullcontext()
        ):
            model.fit(X, y)
        assert blas_threads() == before
    assert set(np.ravel(inside)) == {1}
