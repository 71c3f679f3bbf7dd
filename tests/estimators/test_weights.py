"""Weights of rows and of classes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.utils.class_weight import compute_sample_weight

from tests.factories import (
    SOLVERS,
    assert_close,
    assert_same_bits,
    classifier,
    not_converged,
    regressor,
)


@not_converged
@pytest.mark.parametrize("solver", SOLVERS)
def test_class_weight_is_a_sample_weight(iris, solver):
    X, y = iris[0][:120], iris[1][:120]  # 50, 50, 20
    names = np.array(["x", "y", "z"])[y]
    weight = {"x": 1.0, "y": 0.5, "z": 3.0}
    params = {"solver": solver, "batch_size": 50}
    by_class = classifier(class_weight=weight, **params).fit(X, names)
    by_row = classifier(**params).fit(X, names, np.array([1.0, 0.5, 3.0])[y])
    assert_same_bits(by_class, by_row)
    balanced = classifier(class_weight="balanced", **params).fit(X, names)
    by_row.fit(X, names, compute_sample_weight("balanced", names))
    assert_same_bits(balanced, by_row)
    plain = classifier(**params).fit(X, names)
    assert np.abs(plain.coefs_[0] - balanced.coefs_[0]).max() > 1e-6


@not_converged
def test_class_weight_multiplies_sample_weight(iris):
    X, y = iris
    w = np.linspace(0.1, 1, len(y))
    by_class = classifier(class_weight={0: 2.0, 1: 1.0, 2: 4.0}).fit(X, y, w)
    by_row = classifier().fit(X, y, w * np.array([2.0, 1.0, 4.0])[y])
    assert_same_bits(by_class, by_row)


@not_converged
def test_class_weight_of_labels(multilabel):
    X, y = multilabel
    weights = [{0: 1.0, 1: 2.0}, {0: 1.0, 1: 1.0}, {0: 3.0, 1: 1.0}]
    by_class = classifier(class_weight=weights).fit(X, y)
    by_row = classifier().fit(X, y, compute_sample_weight(weights, y))
    assert_same_bits(by_class, by_row)


@not_converged
def test_class_weight_and_partial_fit(iris):
    X, y = iris
    with pytest.raises(ValueError, match="'balanced' cannot be used with partial_fit"):
        classifier(class_weight="balanced").partial_fit(X, y, classes=[0, 1, 2])
    weight = {0: 2.0, 1: 1.0, 2: 4.0}
    by_class = classifier(class_weight=weight).partial_fit(X, y, classes=[0, 1, 2])
    by_row = classifier().partial_fit(X, y, np.array([2.0, 1, 4])[y], classes=[0, 1, 2])
    assert_same_bits(by_class, by_row)


@not_converged
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("penalty", ["l1", "l2"])
def test_a_row_of_weight_zero_is_no_row(diabetes, solver, penalty):
    X, y = diabetes
    w = np.r_[np.ones(300), np.zeros(len(y) - 300)]
    # wild rows, which would show
    X, y = np.r_[X[:300], 10 * X[300:]], np.r_[y[:300], 10 * y[300:]]
    params = {"solver": solver, "penalty": penalty, "alpha": 0.01}
    zero = regressor(batch_size=442, **params).fit(X, y, w)
    removed = regressor(batch_size=300, **params).fit(X[:300], y[:300])
    assert_close(zero, removed, rtol=1e-6, atol=1e-9)
    assert_allclose(zero.loss_curve_, removed.loss_curve_)


@not_converged
@pytest.mark.parametrize("solver", SOLVERS)
def test_a_weight_is_a_repetition(diabetes, solver):
    X, y = diabetes[0][:100], diabetes[1][:100]
    w = np.arange(100) % 4
    weighted = regressor(batch_size=100, solver=solver).fit(X, y, w)
    repeated = regressor(batch_size=w.sum(), solver=solver)
    repeated.fit(np.repeat(X, w, axis=0), np.repeat(y, w))
    assert_close(weighted, repeated, rtol=1e-6, atol=1e-9)
    # only the proportions matter
    scaled = regressor(batch_size=100, solver=solver).fit(X, y, 7.5 * w)
    assert_close(weighted, scaled, rtol=1e-6, atol=1e-9)


@not_converged
def test_a_batch_of_weight_zero_does_no_harm(diabetes):
    X, y = diabetes
    w = np.zeros(len(y))
    w[:5] = 1
    model = regressor(batch_size=20, shuffle=False, alpha=0.0).fit(X, y, w)
    assert np.isfinite(model.loss_curve_).all()
    assert np.isfinite(model.predict(X)).all()


def test_bad_sample_weights(diabetes):
    X, y = diabetes
    n = len(y)
    with pytest.raises(ValueError, match="at least one non-zero"):
        regressor().fit(X, y, np.zeros(n))
    with pytest.raises(ValueError, match=r"(?i)negative values"):
        regressor().fit(X, y, np.r_[-1, np.ones(n - 1)])
    with pytest.raises(ValueError, match=r"sample_weight.shape"):
        regressor().fit(X, y, np.ones(n - 1))
    with pytest.raises(ValueError, match="sample_weight contains NaN"):
        regressor().fit(X, y, np.r_[np.nan, np.ones(n - 1)])


@not_converged
def test_class_weights_of_classes_that_some_rows_lack(iris):
    """Rare classes come in some parts only, or not to the validation data."""
    X, y = iris
    model = classifier(class_weight={2: 5.0})
    model.partial_fit(X[y < 2], y[y < 2], classes=[0, 1, 2]).partial_fit(X, y)
    few = y < 2
    plain = classifier().partial_fit(X[few], y[few], classes=[0, 1, 2])
    assert_same_bits(plain.partial_fit(X, y, np.where(y == 2, 5.0, 1.0)), model)
    classifier(class_weight={2: 5.0}).fit(X, y, X_val=X[few], y_val=y[few])
    with pytest.raises(ValueError, match="not in class_weight"):
        classifier(class_weight={7: 5.0}).fit(X, y)
