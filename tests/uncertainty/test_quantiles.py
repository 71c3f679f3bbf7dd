"""Quantiles and intervals in compositions."""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.metrics import make_scorer, mean_pinball_loss
from sklearn.model_selection import cross_val_score

from sknnreg.uncertainty import (
    QuantilePredictor,
    predict_interval,
    predict_quantiles,
)
from tests import factories
from tests.factories import QUICK, not_converged, unscaled
from tests.uncertainty.factories import (
    COMPOSITIONS,
    by_hand,
    logarithm,
    pipeline,
    ranks,
    standardized,
)

pytestmark = not_converged  # few epochs: these tests are about the joints
LEVELS = [0.05, 0.5, 0.95]
NETWORKS = {
    "quantile": {"loss": "quantile", "quantile": LEVELS},
    "gaussian": {"loss": "gaussian"},
    "passes": {"dropout": 0.3},
}
regressor = partial(factories.regressor, **QUICK)


@pytest.fixture
def rows():
    """A positive target."""
    X, y = load_diabetes(return_X_y=True)
    return X[:100], y[:100]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("name", COMPOSITIONS)
@pytest.mark.parametrize("n_targets", [1, 2])
def test_quantiles_through_everything(rows, name, network, n_targets):
    X, y = rows
    Y = y if n_targets == 1 else np.column_stack([y, 1000 / y])
    composition = COMPOSITIONS[name]
    model = composition.around(regressor(**NETWORKS[network])).fit(X, Y)

    def levels(mlp, Z):  # (n_quantiles, n, ...), so that inverse transforms apply
        return np.moveaxis(mlp.predict_quantiles(Z, LEVELS), -1, 0)

    expected = np.moveaxis(by_hand(composition, model, X, Y, levels), 0, -1)
    assert expected.shape == (*Y.shape, 3)
    assert_allclose(predict_quantiles(model, X, LEVELS), expected, rtol=1e-12)
    reversed_ = predict_quantiles(model, X, [0.95, 0.05, 0.95])
    assert_array_equal(reversed_, predict_quantiles(model, X, LEVELS)[..., [2, 0, 2]])
    interval = predict_interval(FrozenEstimator(model), X)
    assert_allclose(interval, expected[..., [0, 2]], rtol=1e-12)
    if network == "quantile":
        assert_array_equal(predict_quantiles(model, X).shape, expected.shape)
        assert_allclose(predict_quantiles(model, X)[..., 1], model.predict(X))
    assert predict_quantiles(model, X, 0.5).shape == (*Y.shape, 1)


def test_quantiles_do_not_cross_where_a_transform_is_flat(rows):
    X, y = rows
    model = TransformedTargetRegressor(
        regressor(loss="gaussian"), transformer=ranks()
    ).fit(X, y)
    levels = predict_quantiles(model, X, [1e-14, 0.01, 0.5, 0.99, 1 - 1e-14])
    assert (np.diff(levels, axis=1) >= 0).all()
    assert (levels[:, -1] == y.max()).any()


def negative(z):
    return -z


def inverse(z):
    return 1 / z


@unscaled
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("quantile", [None, 0.05, [0.05, 0.95]])
@pytest.mark.parametrize("n", [1, 100])
def test_a_decreasing_transform_is_refused(rows, network, quantile, n):
    """Also where there is one row and one quantile, in any size of the target."""
    X, y = rows
    fit = regressor(**NETWORKS[network])
    models = [
        TransformedTargetRegressor(fit, func=negative, inverse_func=negative),
        TransformedTargetRegressor(
            standardized(fit), func=inverse, inverse_func=inverse
        ),
        TransformedTargetRegressor(
            fit, func=lambda y: 2000 - y / 100, inverse_func=lambda z: 200000 - 100 * z
        ),
    ]
    for model in models:
        model.fit(X, y)
        with pytest.raises(ValueError, match="not increasing"):
            predict_quantiles(model, X[:n], quantile)


def test_minus_a_decreasing_transform_is_taken(rows):
    X, y = rows
    model = TransformedTargetRegressor(
        regressor(loss="gaussian"),
        func=lambda y: -100 / y,
        inverse_func=lambda z: -100 / np.minimum(z, -0.1),
    ).fit(X, y)
    levels = predict_quantiles(model, X, LEVELS)
    assert (np.diff(levels, axis=1) >= 0).all()


def test_what_has_no_quantiles_is_refused(rows):
    X, y = rows
    model = logarithm(pipeline(regressor(**NETWORKS["quantile"])))
    with pytest.raises(NotFittedError):
        predict_quantiles(model, X)
    model.fit(X, y)
    with pytest.raises(ValueError, match=r"predicts the quantiles \[0.05, 0.5, 0.95\]"):
        predict_interval(model, X, coverage=0.8)
    with pytest.raises(ValueError, match="loss='quantile' or loss='gaussian'"):
        predict_quantiles(pipeline(regressor()).fit(X, y), X, 0.5)
    with pytest.raises(ValueError, match="Needs an MLPRegressorScratch"):
        predict_quantiles(pipeline(Ridge()).fit(X, y), X, 0.5)
    with pytest.raises(ValueError, match="for regressors"):
        predict_quantiles(factories.classifier().fit(X, y > 100), X, 0.5)
    for coverage in (0, 1.0, -0.1):
        with pytest.raises(ValueError, match="coverage"):
            predict_interval(model, X, coverage)


@pytest.mark.parametrize("n_targets", [1, 2])
def test_one_quantile_as_an_estimator(rows, n_targets):
    X, y = rows
    Y = y if n_targets == 1 else np.column_stack([y, 1000 / y])
    inner = logarithm(pipeline(regressor(**NETWORKS["quantile"])))
    model = QuantilePredictor(inner, 0.95).fit(X, Y)
    expected = predict_quantiles(clone(inner).fit(X, Y), X)[..., 2]
    assert_array_equal(model.predict(X), expected)
    assert not hasattr(inner, "regressor_")
    inner.fit(X, Y)  # and then it can be used as it is
    assert_array_equal(QuantilePredictor(inner, 0.95).predict(X), expected)


def test_a_quantile_is_scored_by_scikit_learn(rows):
    X, y = rows
    inner = standardized(pipeline(regressor(**NETWORKS["quantile"])))
    scores = [
        [
            cross_val_score(
                QuantilePredictor(inner, q),
                *(X, y),
                cv=2,
                scoring=make_scorer(mean_pinball_loss, alpha=alpha),
            ).mean()
            for q in (0.05, 0.95)
        ]
        for alpha in (0.05, 0.95)
    ]
    # each is better at what it was made for
    assert scores[0][0] < scores[0][1]
    assert scores[1][1] < scores[1][0]
