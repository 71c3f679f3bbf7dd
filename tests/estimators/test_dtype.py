"""The precision of training is that of the input, or the one asked for."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array

from sknnreg.engine.activations import ACTIVATIONS
from sknnreg.engine.penalties import PENALTIES
from sknnreg.engine.schedules import SCHEDULES
from tests.factories import SOLVERS, classifier, not_converged, regressor


@not_converged
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "params",
    [
        *({"solver": solver, "penalty": "elasticnet"} for solver in SOLVERS),
        *({"penalty": penalty, "alpha_bias": 0.1} for penalty in PENALTIES),
        *({"learning_rate": schedule} for schedule in SCHEDULES),
        *({"activation": activation} for activation in ACTIVATIONS),
        {"dropout": 0.5, "input_dropout": 0.2},
        {"early_stopping": True},
        {"class_weight": "balanced"},
        {"nesterovs_momentum": False, "solver": "sgd"},
    ],
    ids=str,
)
def test_float32_stays_float32(iris, params, weighted):
    X, y = iris
    X = X.astype(np.float32)
    # weights in double precision must not promote either
    w = np.linspace(0.5, 2, len(y)) if weighted else None
    model = classifier(batch_size=32, max_iter=3).set_params(**params).fit(X, y, w)
    for array in model.coefs_ + model.intercepts_:
        assert array.dtype == np.float32
    assert model.predict_proba(X).dtype == np.float32
    assert model.predict_log_proba(X).dtype == np.float32
    # nor what a later call goes on from
    model.set_params(warm_start=True).fit(X, y, w)
    assert model.coefs_[0].dtype == np.float32


@not_converged
@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_float32_regression(diabetes, loss):
    X, y = diabetes
    y = y - y.min()
    single = regressor(loss=loss).fit(X.astype(np.float32), y)
    double = regressor(loss=loss).fit(X, y)
    prediction = single.predict(X.astype(np.float32))
    assert prediction.dtype == np.float32
    assert double.predict(X).dtype == np.float64
    assert_allclose(prediction, double.predict(X), rtol=1e-3, atol=1e-4)


@not_converged
@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int64, bool])
def test_dtype(kind):
    rng = np.random.default_rng(0)
    X, y = rng.normal(scale=5, size=(40, 6)).astype(kind), rng.normal(size=40)
    follows = np.float32 if kind == np.float32 else np.float64
    for dtype, expected in [
        ("auto", follows),
        ("float32", np.float32),
        ("float64", np.float64),
    ]:
        model = regressor(dtype=dtype).fit(X, y)
        assert model.coefs_[0].dtype == expected
        # the precision of training is that of predictions, whatever comes
        for other in (np.float32, np.float64):
            assert model.predict(X.astype(other)).dtype == expected
        model.partial_fit(X.astype(np.float64), y)
        assert model.coefs_[0].dtype == expected


@not_converged
def test_noise_on_sparse_float32_far_from_zero():
    """The spread of each input is measured without losing it to the mean."""
    rng = np.random.default_rng(0)
    X = (1e4 + rng.normal(size=(200, 3)) * [1, 2, 3]).astype(np.float32)
    y = rng.normal(size=200)
    dense, sparse = (
        regressor(input_noise=0.1).fit(data, y)._arrays[0] for data in (X, csr_array(X))
    )
    assert_allclose(sparse, X.astype(float).std(axis=0), rtol=1e-3)
    assert_allclose(dense, sparse, rtol=1e-2)
