"""Fits and predictions at the same time give the same bits."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_info, threadpool_limits

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
