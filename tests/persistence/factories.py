"""Fitted models of every kind that is stored, small ones."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.pipeline import make_pipeline

from sknnreg import MLPClassifierScratchCV, MLPRegressorScratchCV
from sknnreg.preprocessing import TablePreprocessor
from tests.factories import classifier, regressor


def flowers(n_labels=1):
    """Iris, with one target or several labels."""
    X, y = load_iris(return_X_y=True)
    return X, y if n_labels == 1 else np.column_stack([y > 0, y < 2]).astype(int)


def patients(n_targets=1):
    """Diabetes, with one standardized target or several."""
    X, y = load_diabetes(return_X_y=True)
    y = (y - y.mean()) / y.std()
    return X * 20, y if n_targets == 1 else np.column_stack([y, -y])


KINDS = {
    "multiclass": (lambda: classifier(), flowers),
    "names": (
        lambda: classifier(solver="sgd", learning_rate="adaptive"),
        lambda: (flowers()[0], np.array(["a", "b", "c"])[flowers()[1]]),
    ),
    "multilabel": (
        lambda: classifier(residual=True, normalization="layer", dtype="float32"),
        lambda: flowers(2),
    ),
    "random": (
        lambda: classifier(dropout=0.3, input_dropout=0.1, input_noise=0.1),
        flowers,
    ),
    "batch norm": (
        lambda: regressor(normalization="batch", solver="rmsprop", input_scale=6.0),
        patients,
    ),
    "gaussian": (
        lambda: regressor(loss="gaussian", residual=True, hidden_layer_sizes=[4, 6]),
        lambda: patients(2),
    ),
    "quantiles": (
        lambda: regressor(loss="quantile", quantile=[0.1, 0.5, 0.8]),
        patients,
    ),
}


def fitted(kind, **params):
    """A model of a kind after a few epochs, and its data."""
    make, data = KINDS[kind]
    X, y = data()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make().set_params(**params).fit(X, y), X, y


def tables():
    """Iris as a data frame with categories, some of them missing."""
    pandas = pytest.importorskip("pandas")
    X, y = flowers()
    frame = pandas.DataFrame(X, columns=list("abcd"))
    frame["c"] = np.where(X[:, 2] > 4, "u", np.where(X[:, 2] > 2, "v", None))
    frame["e"] = np.array([f"level {i % 7}" for i in range(len(X))])
    return frame, y


def table_models():
    """Fitted estimators for tables."""
    X, y = tables()
    preprocessor = TablePreprocessor("piecewise", max_levels=2, random_state=0)
    options = {"n_candidates": 1, "max_iter": 2, "max_time": None, "random_state": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [
            make_pipeline(preprocessor, classifier()).fit(X, y),
            MLPClassifierScratchCV(cv=2, **options).fit(X, y),
            MLPRegressorScratchCV(cv=2, **options).fit(X, y.astype(float)),
        ]
