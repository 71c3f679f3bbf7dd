import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import StandardScaler

from sknnreg.inspection import PredictionIntervalDisplay
from sknnreg.model_selection import FusedGridSearchCV
from sknnreg.uncertainty import predict_interval
from tests.factories import not_converged, regressor

show = PredictionIntervalDisplay.from_predictions

rng = np.random.default_rng(0)
PREDICTED = rng.permutation(np.linspace(0, 1, 200))
TRUE = PREDICTED + np.tile([0.1, -0.1, 0.3, 0.2], 50)
ENDS = PREDICTED - 0.2, PREDICTED + 0.25


def test_coverage_is_that_of_all_rows():
    display = show(TRUE, PREDICTED, *ENDS, coverage=0.9, max_rows=11)
    assert display.measured_coverage_ == 0.75
    assert display.mean_width_ == pytest.approx(0.45)
    title = display.ax_.get_title()
    assert title == "Coverage 75.0% (nominal 90%), mean width 0.45"
    assert display.ax_.get_xlabel() == "11 of 200 rows, sorted by prediction"


def test_rows_are_sorted_by_prediction():
    display = show(TRUE, PREDICTED, *ENDS, max_rows=11, target_name="price (€)")
    y = display.line_.get_ydata()
    assert len(y) == 11 and (np.diff(y) > 0).all()
    assert y[0] == PREDICTED.min() and y[-1] == PREDICTED.max()
    assert_array_equal(display.rows_, show(TRUE, PREDICTED, *ENDS, max_rows=11).rows_)
    assert display.ax_.get_ylabel() == "price (€)"
    assert "nominal" not in display.ax_.get_title()


def test_misses_are_told_apart():
    display = show(TRUE, PREDICTED, *ENDS, max_rows=500)
    inside, outside = display.points_
    assert len(inside.get_ydata()) == 150 and len(outside.get_ydata()) == 50
    assert inside.get_color() != outside.get_color()
    assert inside.get_marker() != outside.get_marker()
    assert [len(c.get_segments()) for c in display.intervals_] == [150, 50]
    place, low = display.intervals_[1].get_segments()[0][0]
    row = display.rows_[int(place) - 1]
    assert low == ENDS[0][row] and TRUE[row] > ENDS[1][row]


@pytest.mark.usefixtures("laid_out")
def test_ends_belong_to_the_interval():
    display = show([1.0, 2.0], [1.0, 2.0], [1.0, 1.0], [1.5, 2.0])
    assert display.measured_coverage_ == 1
    assert len(display.points_[1].get_ydata()) == 0


class Constant(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.zeros(len(X))

    def predict_interval(self, X, coverage):
        return np.tile([-coverage, coverage], (len(X), 1))


def test_from_estimator():
    X, y = np.zeros((10, 1)), np.linspace(-1, 1, 10)
    _, ax = plt.subplots()
    display = PredictionIntervalDisplay.from_estimator(
        Constant(), X, y, coverage=0.8, ax=ax
    )
    assert display.ax_ is ax and display.coverage == 0.8
    assert display.measured_coverage_ == np.mean(np.abs(y) <= 0.8)
    with pytest.raises(ValueError, match="MLPRegressorScratch"):
        PredictionIntervalDisplay.from_estimator(LinearRegression().fit(X, y), X, y)


@not_converged
def test_from_a_search_over_networks(diabetes):
    X, y = diabetes
    network = TransformedTargetRegressor(
        regressor(loss="gaussian"), transformer=StandardScaler()
    )
    grid = {"regressor__alpha": [0.1, 1.0]}
    search = FusedGridSearchCV(network, grid, cv=2).fit(X, 100 * y)
    display = PredictionIntervalDisplay.from_estimator(search, X, 100 * y)
    expected = predict_interval(search, X, 0.9)
    assert_allclose(display.mean_width_, np.diff(expected, axis=1).mean())


def test_a_few_wide_intervals_do_not_flatten_the_others():
    y = np.linspace(-1, 1, 60)
    width = np.ones(60)
    width[7] = 1e3
    display = PredictionIntervalDisplay.from_predictions(y, y, y - width, y + width)
    assert np.ptp(display.ax_.get_ylim()) < 10
    assert "1 intervals reach beyond the frame" in display.ax_.get_title()
    assert display.mean_width_ > 30


def test_refusals():
    with pytest.raises(ValueError, match="lower must not be above upper"):
        show([1.0], [1.0], [2.0], [0.0])
    with pytest.raises(ValueError, match="inconsistent"):
        show([1.0], [1.0], [0.0, 1.0], [2.0, 3.0])
    with pytest.raises(ValueError, match="1d array"):
        show(np.ones((3, 2)), np.ones(3), np.zeros(3), np.ones(3))
