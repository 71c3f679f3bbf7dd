"""Sparse matrices and data frames."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal

from tests.factories import (
    SOLVERS,
    assert_same_bits,
    classifier,
    not_converged,
    regressor,
)


@pytest.fixture
def never_dense(monkeypatch):
    """Making a sparse matrix of 64 columns dense raises."""
    for kind in (sp.csr_matrix, sp.csr_array, sp.csc_matrix, sp.csc_array):
        for name in ("toarray", "todense"):
            original = getattr(kind, name)

            def guarded(self, *args, original=original, **kwargs):
                # labels may be made dense
                assert self.shape[1] != 64, "X was made dense"
                return original(self, *args, **kwargs)

            monkeypatch.setattr(kind, name, guarded)
    with pytest.raises(AssertionError, match="dense"):
        sp.csr_matrix((2, 64)).toarray()


@not_converged
@pytest.mark.parametrize("container", [sp.csr_array, sp.csc_array, sp.csr_matrix])
@pytest.mark.parametrize(
    "params",
    [
        *({"solver": solver} for solver in SOLVERS),
        {"penalty": "l1", "alpha": 0.01},
        {"dropout": 0.5, "hidden_layer_sizes": (8, 6)},
        {"early_stopping": True, "scoring": "accuracy"},
        {"early_stopping": True, "solver": "lbfgs"},
        {"hidden_layer_sizes": ()},
    ],
    ids=str,
)
def test_sparse_equals_dense(digits, never_dense, container, params):
    X, y = digits
    w = np.linspace(0, 2, len(y))
    model = classifier(batch_size=64).set_params(**params)
    dense = model.fit(X, y, w).predict_proba(X)
    sparse = model.fit(container(X), y, w).predict_proba(container(X))
    assert_allclose(sparse, dense, atol=1e-7)
    assert_allclose(model.predict_proba(X), dense, atol=1e-7)


@not_converged
def test_sparse_and_the_other_methods(digits, never_dense):
    X, y = digits
    S = sp.csr_array(X.astype(np.float32))
    model = classifier(early_stopping=True).fit(S, y, X_val=S[:50], y_val=y[:50])
    assert model.coefs_[0].dtype == np.float32
    model = classifier(warm_start=True).fit(S, y).fit(S, y).partial_fit(S, y)
    assert model.predict(S).shape == y.shape
    r = regressor(loss="poisson").fit(S, y)
    assert r.predict(S).shape == y.shape


@not_converged
def test_input_dropout_on_sparse_input(digits, never_dense):
    X, y = digits
    plain = classifier(max_iter=40, learning_rate_init=0.01, alpha=0)
    dropped = classifier(
        max_iter=40, learning_rate_init=0.01, alpha=0, input_dropout=0.5
    )
    S = sp.csr_array(X)
    plain.fit(S, y)
    dropped.fit(S, y)
    assert dropped.score(S, y) > 0.8
    assert dropped.loss_ > 1.2 * plain.loss_
    # where the input is always zero nothing is learnt, with or without
    blank = (X == 0).all(axis=0)
    start = classifier(max_iter=1, learning_rate_init=1e-300, alpha=0).fit(S, y)
    assert_array_equal(dropped.coefs_[0][blank], start.coefs_[0][blank])


@not_converged
@pytest.mark.parametrize("scoring", ["accuracy", "loss", None])
def test_dataframe_under_early_stopping(iris, scoring):
    # warnings are errors: the scorer must not warn of missing feature names
    X, y = iris
    X = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    model = classifier(early_stopping=True, scoring=scoring, max_iter=20).fit(X, y)
    assert_array_equal(model.feature_names_in_, ["a", "b", "c", "d"])
    assert model.predict(X).shape == y.shape
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(X.to_numpy())
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(X[["d", "c", "b", "a"]])
    model.fit(X, y, X_val=X[:50], y_val=y[:50])
    with pytest.raises(ValueError, match="feature names should match"):
        model.fit(X, y, X_val=X[["d", "c", "b", "a"]], y_val=y)


@not_converged
@pytest.mark.parametrize("scoring", ["r2", "neg_mean_absolute_error", None])
def test_dataframe_and_series_in_a_regressor(diabetes, scoring):
    X, y = diabetes
    X = pd.DataFrame(X, columns=[f"x{i}" for i in range(10)])
    y = pd.Series(y, index=X.index)
    model = regressor(early_stopping=True, scoring=scoring, max_iter=20).fit(X, y)
    assert_array_equal(model.feature_names_in_, X.columns)
    assert_same_bits(
        model,
        regressor(early_stopping=True, scoring=scoring, max_iter=20).fit(
            X.to_numpy(), y.to_numpy()
        ),
    )
