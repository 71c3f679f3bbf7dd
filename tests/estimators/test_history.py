"""``history_``, ``loss_curve_`` and ``best_iter_``."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tests.factories import classifier, not_converged, regressor


@not_converged
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_history_is_a_data_frame(iris, solver):
    X, y = iris
    model = classifier(
        solver=solver, penalty="l1", alpha=0.01, hidden_layer_sizes=(6, 5)
    )
    frame = pd.DataFrame(model.fit(X, y).history_)
    norms = [f"{kind}_norm_{i}" for kind in ("weight", "gradient") for i in range(3)]
    assert set(frame) == {"loss", "penalty", "learning_rate", *norms}
    assert len(frame) == model.n_iter_ == 5
    assert set(frame.dtypes) == {np.dtype(float)}
    assert_array_equal(frame["loss"], model.loss_curve_)
    assert (frame["penalty"] > 0).all()
    assert (frame["penalty"] < frame["loss"]).all()
    assert (frame[norms] > 0).all(axis=None)
    for i, W in enumerate(model.coefs_):
        assert frame[f"weight_norm_{i}"].iloc[-1] == pytest.approx(np.linalg.norm(W))
    model.set_params(early_stopping=True).fit(X, y)
    frame = pd.DataFrame(model.history_)
    assert {"validation_loss", "validation_score"} < set(frame)
    assert_array_equal(frame["validation_score"], model.validation_scores_)
    # scoring="loss" is minus the validation loss
    assert_allclose(frame["validation_score"], -frame["validation_loss"])


@not_converged
def test_history_of_the_learning_rate(diabetes):
    X, y = diabetes
    params = {"solver": "sgd", "learning_rate_init": 0.1, "max_iter": 4}
    rate = regressor(**params).fit(X, y).history_["learning_rate"]
    assert_allclose(rate, 0.1)
    params |= {"learning_rate": "invscaling", "power_t": 0.5}
    rate = regressor(**params).fit(X, y).history_["learning_rate"]
    assert_allclose(rate, 0.1 / np.sqrt(1 + len(y) * np.arange(4)))


@not_converged
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_history_goes_on(iris, solver):
    X, y = iris
    model = classifier(solver=solver, warm_start=True)
    model.fit(X, y)
    first = {name: list(column) for name, column in model.history_.items()}
    model.fit(X, y)
    assert model.n_iter_ == 5
    assert len(model.loss_curve_) == 10
    assert model.t_ == 10 * len(y)
    assert 5 < model.best_iter_ <= 10
    for name, column in first.items():
        assert model.history_[name][:5] == column
    if solver == "adam":
        model.partial_fit(X, y)
        assert model.n_iter_ == 1
        assert len(pd.DataFrame(model.history_)) == 11
    # a new fit starts a new one
    model.set_params(warm_start=False).fit(X, y)
    assert model.history_ == first


@not_converged
def test_history_with_and_without_validation(iris):
    # columns that a call does not know are filled, so that a table stays a table
    X, y = iris
    model = classifier(warm_start=True).fit(X, y)
    model.fit(X, y, X_val=X, y_val=y)
    frame = pd.DataFrame(model.history_)
    assert frame["validation_loss"].isna().sum() == 5
    model.fit(X, y)
    frame = pd.DataFrame(model.history_)
    assert len(frame) == 15
    assert_array_equal(frame["validation_loss"].notna(), np.repeat([0, 1, 0], 5))


@not_converged
def test_best_iter(diabetes):
    X, y = diabetes
    model = regressor(max_iter=30, learning_rate_init=0.05, batch_size=20).fit(X, y)
    assert model.best_iter_ == 1 + np.argmin(model.loss_curve_)
    assert model.best_loss_ == min(model.loss_curve_)


@not_converged
def test_best_iter_over_several_calls(iris):
    X, y = iris
    model = classifier(learning_rate_init=0.5)
    for _ in range(4):
        model.partial_fit(X, y, classes=[0, 1, 2])
    assert model.best_iter_ == 1 + np.argmin(model.loss_curve_)
