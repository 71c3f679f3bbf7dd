"""MAPIE around networks in compositions: intervals cover what they promise.

In theory the mean coverage of split conformal prediction is between 0.9 and
0.9 + 1 / (calibration rows + 1), whatever the model (Vovk et al. 2005); that of
conformalized quantiles is as well, or up to twice as far above with a correction for
each side (Romano et al. 2019).
"""

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegressorScratch
from sknnreg.model_selection import FusedGridSearchCV
from sknnreg.uncertainty import QuantilePredictor, predict_quantiles
from tests.factories import however_it_ends

mapie = pytest.importorskip("mapie.regression")
pytestmark = however_it_ends

ALPHA = "regressor__mlpregressorscratch__alpha"
LEVELS = [0.05, 0.5, 0.95]


def network(**settings):
    mlp = MLPRegressorScratch(
        hidden_layer_sizes=(16,),
        learning_rate_init=0.01,
        max_iter=20,
        n_iter_no_change=20,
        random_state=0,
        **settings,
    )
    return TransformedTargetRegressor(
        make_pipeline(StandardScaler(), mlp), transformer=StandardScaler()
    )


def cancer():
    """The mean area of cells, from what it does not follow from."""
    X = load_breast_cancer().data
    return np.delete(X, [0, 2, 3, 10, 12, 13, 20, 22, 23], axis=1), X[:, 3]


def digits():
    """A pixel from the others."""
    X = load_digits().data[:700]
    return np.delete(X, 36, axis=1), X[:, 36]


SETS = {
    "diabetes": lambda: load_diabetes(return_X_y=True),
    "cancer": cancer,
    "digits": digits,
}


def coverage(conformal, X, y):
    low, high = conformal.predict_interval(X)[1][..., 0].T
    return ((low <= y) & (y <= high)).mean()


def split(X, y, seed):
    """To fit, to calibrate and to judge by, a third each."""
    X, X_test, y, y_test = train_test_split(X, y, test_size=1 / 3, random_state=seed)
    parts = train_test_split(X, y, test_size=0.5, random_state=seed)
    return *parts, X_test, y_test


@pytest.mark.parametrize("name", SETS)
def test_coverage(name):
    """Of 90 % promised 88 to 92 are held, on average over splits."""
    X, y = SETS[name]()
    held = {"split": [], "cross": [], "quantiles": []}
    for seed in range(10):
        X_fit, X_cal, y_fit, y_cal, X_test, y_test = split(X, y, seed)
        search = FusedGridSearchCV(network(), {ALPHA: [0.03, 0.3]}, cv=2)
        search.fit(X_fit, y_fit)
        conformal = mapie.SplitConformalRegressor(search, 0.9, prefit=True)
        conformal.conformalize(X_cal, y_cal)
        held["split"].append(coverage(conformal, X_test, y_test))

        fitted = network(loss="quantile", quantile=LEVELS).fit(X_fit, y_fit)
        conformal = mapie.ConformalizedQuantileRegressor(
            [QuantilePredictor(fitted, q) for q in (0.05, 0.95, 0.5)], 0.9, prefit=True
        )
        conformal.conformalize(X_cal, y_cal)
        held["quantiles"].append(coverage(conformal, X_test, y_test))

        conformal = mapie.CrossConformalRegressor(
            search.best_estimator_, 0.9, cv=5, random_state=seed
        )
        conformal.fit_conformalize(np.r_[X_fit, X_cal], np.r_[y_fit, y_cal])
        held["cross"].append(coverage(conformal, X_test, y_test))
    for method, shares in held.items():
        assert np.mean(shares) == pytest.approx(0.9, abs=0.02), method


def test_conformalized_quantiles_by_hand():
    """Romano et al.: the bounds, moved by a quantile of how far rows lie outside."""
    X_fit, X_cal, y_fit, y_cal, X_test, _ = split(*load_diabetes(return_X_y=True), 0)
    fitted = network(loss="quantile", quantile=LEVELS).fit(X_fit, y_fit)
    conformal = mapie.ConformalizedQuantileRegressor(
        [QuantilePredictor(fitted, q) for q in (0.05, 0.95, 0.5)], 0.9, prefit=True
    ).conformalize(X_cal, y_cal)
    point, interval = conformal.predict_interval(X_test, symmetric_correction=True)
    low, _, high = predict_quantiles(fitted, X_cal).T
    outside = np.maximum(low - y_cal, y_cal - high)
    n = len(y_cal)
    rank = int(np.ceil(0.9 * (n + 1)))
    correction = np.sort(outside)[rank - 1]
    low, middle, high = predict_quantiles(fitted, X_test).T
    np.testing.assert_allclose(point, middle)
    np.testing.assert_allclose(interval[:, 0, 0], low - correction)
    np.testing.assert_allclose(interval[:, 1, 0], high + correction)
