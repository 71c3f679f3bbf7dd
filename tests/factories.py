"""What the tests share: small estimators, data, marks, comparisons of fitted models."""

import importlib.util
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

from sknnreg import MLPClassifierScratch, MLPRegressorScratch
from sknnreg._fitted import fitted_arrays
from sknnreg.engine.optimizers import OPTIMIZERS

KINDS = (MLPClassifierScratch, MLPRegressorScratch)
SOLVERS = [*OPTIMIZERS, "lbfgs"]

#: For tests that compare a few epochs and care for no more.
not_converged = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer:sklearn.exceptions.ConvergenceWarning",
    "ignore:lbfgs failed:sklearn.exceptions.ConvergenceWarning",
)

#: For tests in which training may diverge as well.
however_it_ends = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"
)

#: For tests of scikit-learn's targets as they are, and of penalties that go to the end.
unscaled = pytest.mark.filterwarnings("ignore:The target (has|is)")
nothing_left = pytest.mark.filterwarnings("ignore:The penalty has set all weights")

#: For tests of callbacks, which came with scikit-learn 1.9.
needs_callbacks = pytest.mark.skipif(
    importlib.util.find_spec("sklearn.callback") is None,
    reason="callbacks need scikit-learn >= 1.9",
)


# Estimators

SMALL = {"hidden_layer_sizes": (12,), "max_iter": 5, "random_state": 0}


def classifier(**params):
    """A small and quick one."""
    return MLPClassifierScratch(**SMALL | params)


def regressor(**params):
    """A small and quick one."""
    return MLPRegressorScratch(**SMALL | params)


#: for :func:`classifier` and :func:`regressor` inside scikit-learn's tools
QUICK = {"hidden_layer_sizes": (16,), "learning_rate_init": 0.01, "max_iter": 15}

#: the same where early stopping is tested
WATCHED = {
    "hidden_layer_sizes": (30,),
    "learning_rate_init": 0.01,
    "early_stopping": True,
    "max_iter": 200,
}


def calm_then_wild(step):
    """A rate that makes training diverge after 20 steps."""
    return 0.01 if step < 20 else 5.0


# Data


def digits(n):
    """The first images, pixels between 0 and 1."""
    X, y = load_digits(return_X_y=True)
    return X[:n] / 16, y[:n]


# Which rows were trained on, and which validated


class Recorder:
    """A scorer that notes what it is given, and says that each epoch is the best.

    Attributes
    ----------
    X, y : list of ndarray
        The validation data of each call.
    """

    def __init__(self):
        self.X, self.y = [], []

    def __call__(self, estimator, X, y):
        self.X.append(X)
        self.y.append(y)
        return float(len(self.X))

    def __deepcopy__(self, memo):
        return self  # a clone of the estimator writes to the same notes

    @property
    def rows(self):
        """The numbers of the rows of each call, where X is :func:`numbered_rows`."""
        return [X.argmax(axis=1) for X in self.X]


def numbered_rows(n):
    """Row i is the only one that tells a linear model of weight i."""
    return np.eye(n)


def linear(kind, **params):
    """A model without hidden layers whose weights start at zero and stay free."""
    defaults = {
        "hidden_layer_sizes": (),
        "init": "zeros",
        "penalty": None,
        "max_iter": 2,
        "random_state": 0,
    }
    return kind(**defaults | params)


def trained_rows(model):
    """The rows that a linear model was trained on, of :func:`numbered_rows`."""
    return np.flatnonzero(model.coefs_[0].any(axis=1))


def held_out_rows(model, y):
    """The rows that such a model validates on: the split depends on y and the seed."""
    assert isinstance(model.random_state, int)
    recorder, X = Recorder(), numbered_rows(len(y))
    twin = clone(model).set_params(scoring=recorder, max_iter=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        twin.fit(X, y)
    return recorder.rows[0]


# Comparisons


def arrays(model):
    """All fitted weights and biases."""
    return model.coefs_ + model.intercepts_


def normalization_arrays(model, name):
    """``gamma``, ``beta``, ``mean`` or ``variance`` of each normalized layer."""
    return [
        array[0]
        for layer in fitted_arrays(model, model._network)
        for key, array in layer.items()
        if key.rpartition(".")[2] == name
    ]


def assert_same_bits(a, b):
    for x, y in zip(arrays(a), arrays(b), strict=True):
        assert x.dtype == y.dtype
        assert_array_equal(x, y)


def assert_close(a, b, **tolerance):
    for x, y in zip(arrays(a), arrays(b), strict=True):
        assert_allclose(x, y, **tolerance)


def assert_same_fit(one, other, X, rtol=1e-9):
    """Everything a fit leaves is the same to rounding, predictions of X included."""
    assert_close(one, other, rtol=rtol, atol=1e-10)
    assert one.n_iter_ == other.n_iter_
    assert one.best_iter_ == other.best_iter_
    assert one.t_ == other.t_
    assert_allclose(one.loss_, other.loss_, rtol=rtol)
    assert one.history_.keys() == other.history_.keys()
    for name, column in one.history_.items():
        assert_allclose(column, other.history_[name], rtol=1e-7, atol=1e-12)
    assert_allclose(one.predict(X), other.predict(X), rtol=rtol, atol=1e-10)
