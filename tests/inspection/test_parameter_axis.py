import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import loguniform, uniform

from tests.inspection.factories import UNSET, ParameterAxis


def axis_of(values):
    return ParameterAxis("a", values)


@pytest.mark.parametrize(
    "values, scale",
    [
        ([1e-4, 1e-3, 1e-2], "log"),
        ([0, 0.002, 0.01, 0.05, 0.25], "log"),
        ([0.01, 1], "log"),
        (loguniform(1e-4, 1).rvs(30, random_state=0), "log"),
        (uniform(0, 0.5).rvs(30, random_state=0), "linear"),
        (np.linspace(0.05, 0.5, 10), "linear"),
        ([0.0, 0.2, 0.4], "linear"),
        ([0, 0.1], "linear"),
        ([-1, 1, 100], "linear"),
        ([5], "linear"),
        ([0.1, None], "categories"),
        ([True, False], "categories"),
        ([0.1, np.nan], "categories"),
        ([(1,), (2, 3)], "categories"),
        ([np.ones(2), np.ones(2)], "categories"),
    ],
)
def test_scale(values, scale):
    assert axis_of(values).scale == scale


def test_levels_are_in_order_and_alike_for_equal_values():
    axis = axis_of([3, None, 1, 3.0, None, np.int64(2)])
    assert axis.levels == [1, 2, 3, None]
    assert_array_equal(axis.index, [2, 3, 0, 2, 3, 1])
    assert_array_equal(axis.at, [2, 3, 0, 2, 3, 1])
    assert axis_of([[1, 2], (1, 2), "b", UNSET]).labels == ["(1, 2)", "b", "not set"]


def test_zero_stands_left_of_the_least():
    axis = axis_of([1, 0, 0.1, 0.01])
    assert_allclose(axis.at, [1, 1e-3, 0.1, 0.01])


@pytest.mark.parametrize("n", [3, 30])
def test_continuous_values_hardly_come_twice(n):
    values = np.linspace(0, 1, n)
    assert axis_of(values).is_continuous == (n == 30)
    assert not axis_of(np.tile(values, 2)).is_continuous


def test_functions_are_named():
    def halves():
        pass

    assert axis_of([halves, np.tanh, "a long text that goes on and on"]).labels == [
        "halves",
        "tanh",
        "a long text that goes...",
    ]
