"""How noisy a mean over splits is, and which of two candidates is more regularized."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sknnreg.model_selection import one_standard_error
from tests.model_selection.factories import regularization, standard_error


@pytest.mark.parametrize(("n_splits", "error"), [(1, 0.6), (2, 0.6), (5, 0.3)])
def test_standard_error_of_a_mean(n_splits, error):
    """The deviation of n in n is 0.6, of n - 1 in n by √(n / (n - 1)) more."""
    assert_allclose(standard_error(0.6, n_splits), error)


def table(mean, params, n_splits=5):
    return {
        **{f"split{i}_test_score": np.array(mean) for i in range(n_splits)},
        # these are no splits more
        **{f"split{i}_train_score": np.ones(len(mean)) for i in range(n_splits)},
        **{f"split{i}_n_iter": np.ones(len(mean)) for i in range(n_splits)},
        "mean_test_score": np.array(mean),
        "std_test_score": np.array([0.0, 0.5, 0.0])[: len(mean)],
        "params": params,
    }


@pytest.mark.parametrize(("score", "chosen"), [(0.76, 2), (0.75, 2), (0.74, 1)])
def test_one_standard_error_below_the_best_is_near(score, chosen):
    params = [{"alpha": alpha} for alpha in (0, 1, 2)]
    assert one_standard_error(table([0.5, 1.0, score], params)) == chosen


def test_of_equally_regularized_ones_the_better():
    params = [{"alpha": 1}, {"alpha": 0}, {"alpha": 1}]
    assert one_standard_error(table([0.7, 0.9, 0.8], params)) == 2
    assert one_standard_error(table([0.8, 0.9, 0.7], params)) == 0


def test_one_metric_is_needed():
    with pytest.raises(ValueError, match="over one metric"):
        one_standard_error({"mean_test_r2": np.ones(2), "params": [{}, {}]})


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        # three levels of the one, two of the other: the mean of their ranks in [0, 1]
        (
            {"alpha": [0, 0.1, 9, 9], "dropout": [0.5, 0, 0, 0.5]},
            [0.5, 0.25, 0.5, 1],
        ),
        # what all have in common tells nothing apart
        ({"alpha": [1, 2], "dropout": [0.3, 0.3]}, [0, 0.5]),
        # fewer units, a tighter limit
        ({"hidden_layer_sizes": [(9,), (3, 3)], "max_norm": [None, 2.0]}, [0, 1]),
        # one a layer: their sum
        ({"alpha": [(1, 1, 1), 2.0]}, [1, 0]),
        # a strength without a penalty is none; other hyperparameters are what they are
        ({"penalty": [None, "l2", "l2"], "alpha": [9, 0.0, 0.1]}, [0, 0, 1]),
        (
            {"mlp__penalty": [None, "l2"], "mlp__alpha_bias": [9.0, 0.1]},
            [0, 1],
        ),
        ({"penalty": [None, "l2"], "dropout": [0.5, 0.1]}, [1, 0]),
        # what another step has of that name does not count
        ({"other__penalty": [None, "l2"], "mlp__alpha": [2.0, 1.0]}, [1, 0]),
    ],
    ids=str,
)
def test_how_regularized(columns, expected):
    rows = zip(*columns.values(), strict=True)
    candidates = [dict(zip(columns, row, strict=True)) for row in rows]
    assert_allclose(regularization(candidates), expected)


def test_what_a_candidate_does_not_set_is_the_default():
    candidates = [{"dropout": 0.1}, {"alpha": 1e-9}, {"alpha": 1.0}]
    # 1e-4 by default, and no dropout
    assert_allclose(regularization(candidates), [0.75, 0, 0.5])
