"""Labels of any type, several labels, several outputs."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal

from tests.factories import assert_same_bits, classifier, not_converged, regressor


@not_converged
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_string_labels(iris, n_classes, early_stopping):
    X, y = iris[0][: 50 * n_classes], iris[1][: 50 * n_classes]
    names = np.array(["setosa", "versicolor", "virginica"])
    params = {"early_stopping": early_stopping, "max_iter": 50}
    numbers = classifier(**params).fit(X, y)
    strings = classifier(**params).fit(X, names[y])
    assert_array_equal(strings.classes_, names[:n_classes])
    assert_same_bits(numbers, strings)
    assert_array_equal(strings.predict(X), names[numbers.predict(X)])
    probability = strings.predict_proba(X)
    assert probability.shape == (len(X), n_classes)
    assert_allclose(probability.sum(axis=1), 1)
    assert_array_equal(names[probability.argmax(axis=1)], strings.predict(X))
    assert_allclose(strings.predict_log_proba(X), np.log(probability))


def test_labels_that_are_not_0_1(iris):
    X, y = iris[0][50:], iris[1][50:]
    params = {"solver": "lbfgs", "hidden_layer_sizes": (), "alpha": 0.1}
    for labels in (np.array([-1, 1]), np.array([False, True]), np.array([2.0, 7.0])):
        model = classifier(max_iter=100, **params).fit(X, labels[y - 1])
        assert_array_equal(model.classes_, labels)
        assert model.score(X, labels[y - 1]) > 0.9


@not_converged
@pytest.mark.parametrize("as_sparse", [False, True])
def test_multilabel(multilabel, as_sparse):
    X, y = multilabel
    model = classifier(max_iter=100, learning_rate_init=0.02)
    model.fit(X, sp.csr_matrix(y) if as_sparse else y)
    assert model.n_outputs_ == 3
    assert model.out_activation_ == "logistic"
    prediction = model.predict(X)
    probability = model.predict_proba(X)
    assert prediction.shape == probability.shape == y.shape
    if as_sparse:
        prediction = prediction.toarray()
    assert_array_equal(prediction, probability > 0.5)
    assert (prediction == y).mean() > 0.8
    # independent labels: rows do not sum to one
    assert np.abs(probability.sum(axis=1) - 1).max() > 0.1
    assert_allclose(model.predict_log_proba(X), np.log(probability))


def test_multilabel_with_one_label(multilabel):
    X, y = multilabel
    params = {"solver": "lbfgs", "hidden_layer_sizes": (), "alpha": 0.1}
    one = classifier(max_iter=100, **params).fit(X, y[:, 0])
    several = classifier(max_iter=100, **params).fit(X, y)
    # without hidden layers labels have nothing in common
    assert_allclose(
        one.predict_proba(X)[:, 1], several.predict_proba(X)[:, 0], atol=1e-3
    )


@not_converged
def test_several_outputs(diabetes):
    X, y = diabetes
    Y = np.column_stack([y, 2 * y, -y])
    model = regressor(max_iter=200, learning_rate_init=0.01).fit(X, Y)
    assert model.n_outputs_ == 3
    assert model.predict(X).shape == Y.shape
    assert model.score(X, Y) > 0.5


@not_converged
def test_a_column_as_target_warns(diabetes, iris):
    for model, (X, y) in ((regressor(), diabetes), (classifier(), iris)):
        from_rows = model.fit(X, y).predict(X)
        with pytest.warns(Warning, match="column-vector y was passed"):
            model.fit(X, y[:, None])
        assert_array_equal(model.predict(X), from_rows)


@not_converged
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_single_class(iris, solver):
    X = iris[0]
    model = classifier(solver=solver).fit(X, np.full(len(X), "only"))
    assert_array_equal(model.classes_, ["only"])
    assert (model.predict(X) == "only").all()


def test_continuous_target_is_no_class(diabetes):
    with pytest.raises(ValueError, match="Unknown label type"):
        classifier().fit(*diabetes)


def test_poisson_needs_counts(diabetes):
    X, y = diabetes
    with pytest.raises(ValueError, match=r"poisson.*negative"):
        regressor(loss="poisson").fit(X, y)
    with pytest.raises(ValueError, match=r"poisson.*negative"):
        regressor(loss="poisson").fit(X, np.abs(y), X_val=X, y_val=y)
