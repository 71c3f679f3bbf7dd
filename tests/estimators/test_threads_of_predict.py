"""Predictions for many rows, on several threads."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sknnreg import MLPRegressorScratch
from sknnreg import _base as base
from sknnreg._fitted import fitted_arrays
from sknnreg._threads import on_one_blas_thread, threads_for
from sknnreg.engine.network import Bound


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 3))
    model = MLPRegressorScratch(hidden_layer_sizes=5, random_state=0)
    return model.partial_fit(X, X[:, 0])


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_answer_is_the_same_on_any_number_of_threads(model, threads):
    X = np.random.default_rng(1).standard_normal((1100, 3))
    bound = Bound(model._network, fitted_arrays(model, model._network))

    def both():
        return bound.predict(X, 256), bound.predict(X, 256, threads=threads)

    assert_array_equal(*on_one_blas_thread(True, both))


def test_overflows_are_treated_as_outside(model):
    values = [
        {name: 1e200 * array for name, array in layer.items()}
        for layer in fitted_arrays(model, model._network)
    ]
    bound, X = Bound(model._network, values), np.full((600, 3), 1e200)
    with np.errstate(over="ignore", invalid="ignore"):
        bound.predict(X, 256, threads=2)
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        bound.predict(X, 256, threads=2)


def test_few_rows_are_not_worth_it(model, monkeypatch):
    def asked(parts):
        wanted.append(parts)
        return threads_for(parts)

    wanted: list[int] = []
    monkeypatch.setattr(base, "threads_for", asked)
    for n in (1, 4096, 4 * 4096):
        model.predict(np.zeros((n, 3)))
    assert wanted == [0, 0, 2]
    assert threads_for(0) == threads_for(1) == 1
