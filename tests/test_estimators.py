"""The two estimators: data they take, attributes they set, errors they raise."""

import inspect
import re
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import (
    load_digits,
    make_multilabel_classification,
)
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import scale
from sklearn.utils.class_weight import compute_sample_weight

from sknnreg import MLPClassifierScratch, MLPRegressorScratch
from sknnreg.engine.activations import ACTIVATIONS
from sknnreg.engine.initializers import INITIALIZERS
from sknnreg.engine.optimizers import OPTIMIZERS
from sknnreg.engine.penalties import PENALTIES
from sknnreg.engine.schedules import SCHEDULES

KINDS = (MLPClassifierScratch, MLPRegressorScratch)
SOLVERS = [*OPTIMIZERS, "lbfgs"]

#: For tests that compare a few epochs and care for no more.
not_converged = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer:sklearn.exceptions.ConvergenceWarning",
    "ignore:lbfgs failed:sklearn.exceptions.ConvergenceWarning",
)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:200] / 16, y[:200]


@pytest.fixture(scope="module")
def multilabel():
    X, y = make_multilabel_classification(
        n_samples=120, n_features=8, n_classes=3, random_state=0
    )
    return scale(X), y


def classifier(**params):
    """A small and quick one."""
    defaults = {"hidden_layer_sizes": (12,), "max_iter": 5, "random_state": 0}
    return MLPClassifierScratch(**defaults | params)


def regressor(**params):
    """A small and quick one."""
    defaults = {"hidden_layer_sizes": (12,), "max_iter": 5, "random_state": 0}
    return MLPRegressorScratch(**defaults | params)


def assert_same_bits(a, b):
    for x, y in zip(a.coefs_ + a.intercepts_, b.coefs_ + b.intercepts_, strict=True):
        assert x.dtype == y.dtype
        assert_array_equal(x, y)


def assert_close(a, b, **tolerance):
    for x, y in zip(a.coefs_ + a.intercepts_, b.coefs_ + b.intercepts_, strict=True):
        assert_allclose(x, y, **tolerance)


# The constructor


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(MLPClassifierScratch, MLPClassifier), (MLPRegressorScratch, MLPRegressor)],
)
def test_parameters_of_scikit_learn(ours, theirs):
    ours = inspect.signature(ours).parameters
    theirs = inspect.signature(theirs).parameters
    assert [name for name in ours if name in theirs] == list(theirs)
    for name, parameter in theirs.items():
        assert ours[name].default == parameter.default
        # `loss` came first in 1.7; all that is new here is keyword-only
        if "loss" in theirs or "loss" not in ours:
            assert ours[name].kind == parameter.kind
    for name in set(ours) - set(theirs) - {"loss"}:
        assert ours[name].kind is inspect.Parameter.KEYWORD_ONLY


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_is_checked_and_documented(kind):
    names = set(inspect.signature(kind).parameters)
    assert names == set(kind._parameter_constraints)
    documented = re.findall(r"^(\w.*) : ", inspect.getdoc(kind), re.MULTILINE)
    assert names <= set(", ".join(documented).split(", "))


# Fitted attributes


@not_converged
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_attributes_of_a_classifier(iris, solver):
    X, y = iris
    model = classifier(hidden_layer_sizes=(7, 5), solver=solver).fit(X, y)
    assert [W.shape for W in model.coefs_] == [(4, 7), (7, 5), (5, 3)]
    assert [b.shape for b in model.intercepts_] == [(7,), (5,), (3,)]
    assert {a.dtype for a in model.coefs_ + model.intercepts_} == {np.dtype(float)}
    assert model.n_layers_ == 4
    assert model.n_outputs_ == 3
    assert model.out_activation_ == "softmax"
    assert_array_equal(model.classes_, [0, 1, 2])
    assert model.n_features_in_ == 4
    assert not hasattr(model, "feature_names_in_")
    assert model.n_iter_ == 5
    assert model.t_ == 5 * 150
    assert len(model.loss_curve_) == 5
    assert model.loss_ == model.loss_curve_[-1]
    assert model.best_loss_ == min(model.loss_curve_)
    assert model.validation_scores_ is None
    assert model.best_validation_score_ is None
    assert {type(v) for v in (model.loss_, model.best_loss_, *model.loss_curve_)} == {
        float
    }


@pytest.mark.parametrize("early_stopping", [False, True])
@not_converged
def test_attributes_that_scikit_learn_has(iris, early_stopping):
    # every public fitted attribute of theirs, and of the same type and shape
    X, y = iris
    params = {"max_iter": 3, "early_stopping": early_stopping, "random_state": 0}
    theirs = MLPClassifier(**params).fit(X, y)
    ours = MLPClassifierScratch(**params).fit(X, y)
    for name, value in vars(theirs).items():
        if name.endswith("_") and not name.startswith("_"):
            mine = getattr(ours, name)
            if isinstance(value, (list, np.ndarray)):
                assert [np.shape(v) for v in mine] == [np.shape(v) for v in value]
            elif isinstance(value, (int, str)) or value is None:
                assert mine == value
            else:
                assert np.ndim(mine) == 0


@not_converged
@pytest.mark.parametrize(
    ("loss", "link"), [("squared_error", "identity"), ("poisson", "exp")]
)
def test_attributes_of_a_regressor(diabetes, loss, link):
    X, y = diabetes
    model = regressor(loss=loss).fit(X, y - y.min())
    assert [W.shape for W in model.coefs_] == [(10, 12), (12, 1)]
    assert model.n_outputs_ == 1
    assert model.out_activation_ == link
    assert not hasattr(model, "classes_")
    assert model.predict(X).shape == y.shape


@not_converged
def test_a_linear_model_has_one_layer_of_weights(diabetes):
    X, y = diabetes
    for sizes in ((), []):
        model = regressor(hidden_layer_sizes=sizes).fit(X, y)
        assert [W.shape for W in model.coefs_] == [(10, 1)]
        assert model.n_layers_ == 2
        raw = X @ model.coefs_[0][:, 0] + model.intercepts_[0]
        assert_allclose(model.predict(X), raw)


@not_converged
@pytest.mark.parametrize("sizes", [12, (12,), [12], np.array([12])])
def test_hidden_layer_sizes_of_any_type(diabetes, sizes):
    X, y = diabetes
    assert_same_bits(
        regressor(hidden_layer_sizes=sizes).fit(X, y), regressor().fit(X, y)
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_not_fitted(iris, kind, solver):
    model = kind(solver=solver)
    methods = ["predict"]
    if kind is MLPClassifierScratch:
        methods += ["predict_proba", "predict_log_proba"]
    for method in methods:
        with pytest.raises(NotFittedError, match="is not fitted yet"):
            getattr(model, method)(iris[0])


@not_converged
def test_other_number_of_features(iris):
    X, y = iris
    model = classifier().fit(X, y)
    with pytest.raises(ValueError, match=r"X has 3 features, but .* expecting 4"):
        model.predict(X[:, :3])
    with pytest.raises(ValueError, match=r"X has 3 features, but .* expecting 4"):
        model.partial_fit(X[:, :3], y)


# Precision


@not_converged
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "params",
    [
        *({"solver": solver, "penalty": "elasticnet"} for solver in SOLVERS),
        *({"penalty": penalty, "alpha_bias": 0.1} for penalty in PENALTIES),
        *({"learning_rate": schedule} for schedule in SCHEDULES),
        *({"activation": activation} for activation in ACTIVATIONS),
        {"dropout": 0.5, "input_dropout": 0.2},
        {"early_stopping": True},
        {"class_weight": "balanced"},
        {"nesterovs_momentum": False, "solver": "sgd"},
    ],
    ids=str,
)
def test_float32_stays_float32(iris, params, weighted):
    X, y = iris
    X = X.astype(np.float32)
    # weights in double precision must not promote either
    w = np.linspace(0.5, 2, len(y)) if weighted else None
    model = classifier(batch_size=32, max_iter=3).set_params(**params).fit(X, y, w)
    for array in model.coefs_ + model.intercepts_:
        assert array.dtype == np.float32
    assert model.predict_proba(X).dtype == np.float32
    assert model.predict_log_proba(X).dtype == np.float32
    # nor what a later call goes on from
    model.set_params(warm_start=True).fit(X, y, w)
    assert model.coefs_[0].dtype == np.float32


@not_converged
@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_float32_regression(diabetes, loss):
    X, y = diabetes
    y = y - y.min()
    single = regressor(loss=loss).fit(X.astype(np.float32), y)
    double = regressor(loss=loss).fit(X, y)
    prediction = single.predict(X.astype(np.float32))
    assert prediction.dtype == np.float32
    assert double.predict(X).dtype == np.float64
    assert_allclose(prediction, double.predict(X), rtol=1e-3, atol=1e-4)


@not_converged
@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int64, bool])
def test_dtype(kind):
    rng = np.random.default_rng(0)
    X, y = rng.normal(scale=5, size=(40, 6)).astype(kind), rng.normal(size=40)
    follows = np.float32 if kind == np.float32 else np.float64
    for dtype, expected in [
        ("auto", follows),
        ("float32", np.float32),
        ("float64", np.float64),
    ]:
        model = regressor(dtype=dtype).fit(X, y)
        assert model.coefs_[0].dtype == expected
        # the precision of training is that of predictions, whatever comes
        for other in (np.float32, np.float64):
            assert model.predict(X.astype(other)).dtype == expected
        model.partial_fit(X.astype(np.float64), y)
        assert model.coefs_[0].dtype == expected


# Sparse input


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


# DataFrames


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


# Targets


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


@not_converged
def test_log_probabilities_are_finite():
    # far out, where probabilities underflow
    X = np.array([[-1.0], [0.0], [1.0], [2.0]] * 5)
    for y in (np.tile([0, 0, 1, 1], 5), np.tile([0, 1, 2, 2], 5)):
        model = classifier(hidden_layer_sizes=(), max_iter=1).fit(X, y)
        model.coefs_[0][...] = np.linspace(-1, 1, model.n_outputs_ + 1)[1:]
        log = model.predict_log_proba(1e4 * X)
        assert np.isfinite(log).all()
        assert log.min() < -1000


# Weights


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


# History


@not_converged
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_history_is_a_data_frame(iris, solver):
    X, y = iris
    model = classifier(
        solver=solver, penalty="l1", alpha=0.01, hidden_layer_sizes=(6, 5)
    )
    frame = pd.DataFrame(model.fit(X, y).history_)
    norms = [f"{kind}_norm_{i}" for kind in ("weight", "gradient") for i in range(3)]
    assert set(frame) == {"loss", "penalty", "learning_rate", *norms}
    assert len(frame) == model.n_iter_ == 5
    assert set(frame.dtypes) == {np.dtype(float)}
    assert_array_equal(frame["loss"], model.loss_curve_)
    assert (frame["penalty"] > 0).all()
    assert (frame["penalty"] < frame["loss"]).all()
    assert (frame[norms] > 0).all(axis=None)
    for i, W in enumerate(model.coefs_):
        assert frame[f"weight_norm_{i}"].iloc[-1] == pytest.approx(np.linalg.norm(W))
    model.set_params(early_stopping=True).fit(X, y)
    frame = pd.DataFrame(model.history_)
    assert {"validation_loss", "validation_score"} < set(frame)
    assert_array_equal(frame["validation_score"], model.validation_scores_)
    # scoring="loss" is minus the validation loss
    assert_allclose(frame["validation_score"], -frame["validation_loss"])


@not_converged
def test_history_of_the_learning_rate(diabetes):
    X, y = diabetes
    params = {"solver": "sgd", "learning_rate_init": 0.1, "max_iter": 4}
    rate = regressor(**params).fit(X, y).history_["learning_rate"]
    assert_allclose(rate, 0.1)
    params |= {"learning_rate": "invscaling", "power_t": 0.5}
    rate = regressor(**params).fit(X, y).history_["learning_rate"]
    assert_allclose(rate, 0.1 / np.sqrt(1 + len(y) * np.arange(4)))


@not_converged
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_history_goes_on(iris, solver):
    X, y = iris
    model = classifier(solver=solver, warm_start=True)
    model.fit(X, y)
    first = {name: list(column) for name, column in model.history_.items()}
    model.fit(X, y)
    assert model.n_iter_ == 5
    assert len(model.loss_curve_) == 10
    assert model.t_ == 10 * len(y)
    assert 5 < model.best_iter_ <= 10
    for name, column in first.items():
        assert model.history_[name][:5] == column
    if solver == "adam":
        model.partial_fit(X, y)
        assert model.n_iter_ == 1
        assert len(pd.DataFrame(model.history_)) == 11
    # a new fit starts a new one
    model.set_params(warm_start=False).fit(X, y)
    assert model.history_ == first


@not_converged
def test_history_with_and_without_validation(iris):
    # columns that a call does not know are filled, so that a table stays a table
    X, y = iris
    model = classifier(warm_start=True).fit(X, y)
    model.fit(X, y, X_val=X, y_val=y)
    frame = pd.DataFrame(model.history_)
    assert frame["validation_loss"].isna().sum() == 5
    model.fit(X, y)
    frame = pd.DataFrame(model.history_)
    assert len(frame) == 15
    assert_array_equal(frame["validation_loss"].notna(), np.repeat([0, 1, 0], 5))


@not_converged
def test_best_iter(diabetes):
    X, y = diabetes
    model = regressor(max_iter=30, learning_rate_init=0.05, batch_size=20).fit(X, y)
    assert model.best_iter_ == 1 + np.argmin(model.loss_curve_)
    assert model.best_loss_ == min(model.loss_curve_)


# Training goes on


TRAINING = [
    *({"solver": solver} for solver in OPTIMIZERS),
    {"dropout": 0.3, "input_dropout": 0.1},
    {"penalty": "l1", "alpha": 0.01},
    {"learning_rate": "invscaling"},
    {"shuffle": False},
    {"batch_size": 50},
]


@not_converged
@pytest.mark.parametrize("params", TRAINING, ids=str)
def test_partial_fit_is_fit_bit_for_bit(iris, diabetes, params):
    # batches of 40, so that the last one is short
    params = {"batch_size": 40, "n_iter_no_change": 100} | params
    X, y = iris
    whole = classifier(max_iter=4, **params).fit(X, y)
    pieces = classifier(max_iter=4, **params)
    for _ in range(4):
        pieces.partial_fit(X, y, classes=[0, 1, 2])
    assert_same_bits(whole, pieces)
    assert whole.loss_curve_ == pieces.loss_curve_
    X, y = diabetes
    whole = regressor(max_iter=4, **params).fit(X, y)
    pieces = regressor(max_iter=4, **params)
    for _ in range(4):
        pieces.partial_fit(X, y)
    assert_same_bits(whole, pieces)


@not_converged
@pytest.mark.parametrize(
    "params", [p for p in TRAINING if "learning_rate" not in p], ids=str
)
def test_warm_start_is_fit_bit_for_bit(iris, params):
    X, y = iris
    params = {"batch_size": 40, "n_iter_no_change": 100} | params
    whole = classifier(max_iter=6, **params).fit(X, y)
    pieces = classifier(max_iter=3, warm_start=True, **params).fit(X, y).fit(X, y)
    assert_same_bits(whole, pieces)
    # without warm_start a second fit knows nothing of the first
    again = classifier(max_iter=6, **params).fit(X, y).fit(X, y)
    assert_same_bits(whole, again)


@not_converged
def test_partial_fit_goes_on_from_a_fit(iris):
    X, y = iris
    whole = classifier(max_iter=6).fit(X, y)
    assert_same_bits(whole, classifier(max_iter=5).fit(X, y).partial_fit(X, y))


@not_converged
def test_partial_fit_and_classes(iris):
    X, y = iris
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        classifier().partial_fit(X, y)
    # not every batch has every class
    model = classifier().partial_fit(X[:60], y[:60], classes=[0, 1, 2])
    model.partial_fit(X[:50], y[:50])
    assert model.predict_proba(X).shape == (150, 3)
    with pytest.raises(
        ValueError, match=r"`classes=.* is not the same as on last call"
    ):
        model.partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="`y` has classes not in"):
        model.partial_fit(X, y + 1)


@pytest.mark.parametrize("kind", KINDS)
def test_where_there_is_no_partial_fit(kind):
    assert hasattr(kind(), "partial_fit")
    assert not hasattr(kind(solver="lbfgs"), "partial_fit")
    assert not hasattr(kind(early_stopping=True), "partial_fit")
    with pytest.raises(AttributeError) as error:
        _ = kind(solver="lbfgs").partial_fit
    assert "lbfgs is not stochastic" in str(error.value.__cause__)


@not_converged
def test_warm_start_with_other_classes(iris):
    X, y = iris
    model = classifier(warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="same classes as in the previous call"):
        model.fit(X[:100], y[:100])


# Random numbers


@not_converged
@pytest.mark.parametrize("params", [{}, {"dropout": 0.5}, {"early_stopping": True}])
def test_random_state(iris, params):
    X, y = iris
    params = {"batch_size": 40} | params
    before = np.random.get_state()[1].copy()
    a = classifier(random_state=3, **params).fit(X, y)
    assert_same_bits(a, classifier(random_state=3, **params).fit(X, y))
    rng = np.random.RandomState(3)
    b = classifier(random_state=rng, **params).fit(X, y)
    assert_same_bits(a, b)
    # an instance is used up; so is no seed at all
    c = classifier(random_state=rng, **params).fit(X, y)
    d = classifier(random_state=4, **params).fit(X, y)
    for other in (c, d):
        assert np.abs(other.coefs_[0] - a.coefs_[0]).min() > 0
    assert_array_equal(np.random.get_state()[1], before)


@not_converged
def test_no_random_state(iris):
    X, y = iris
    a, b = (classifier(random_state=None).fit(X, y) for _ in range(2))
    assert np.abs(a.coefs_[0] - b.coefs_[0]).max() > 0


@not_converged
def test_dropout_changes_training_not_predictions(iris):
    X, y = iris
    plain = classifier(max_iter=20).fit(X, y)
    dropped = classifier(max_iter=20, dropout=0.5).fit(X, y)
    # the first epoch is enough to tell
    assert dropped.loss_curve_[0] != plain.loss_curve_[0]
    assert_array_equal(dropped.predict_proba(X), dropped.predict_proba(X))
    by_layer = classifier(max_iter=20, hidden_layer_sizes=(6, 6), dropout=[0.5, 0])
    everywhere = classifier(max_iter=20, hidden_layer_sizes=(6, 6), dropout=0.5)
    nowhere = classifier(max_iter=20, hidden_layer_sizes=(6, 6), dropout=[0, 0])
    curves = [m.fit(X, y).loss_curve_ for m in (by_layer, everywhere, nowhere)]
    assert curves[0] != curves[1]
    assert curves[0] != curves[2]
    none = classifier(max_iter=20, hidden_layer_sizes=(6, 6)).fit(X, y)
    assert curves[2] == none.loss_curve_


@not_converged
def test_init(iris):
    X, y = iris
    shapes = []

    def sevenths(rng, shape):
        assert isinstance(rng, np.random.Generator)
        shapes.append(shape)
        return np.full(shape, 1 / 7)

    # a rate of nothing, so that the first values can be seen
    model = classifier(learning_rate_init=1e-300, max_iter=1, init=sevenths)
    model.set_params(bias_init="constant").fit(X, y)
    assert shapes[:2] == [(4, 12), (12, 3)]
    assert all((W == 1 / 7).all() for W in model.coefs_)
    assert all((b == 0.1).all() for b in model.intercepts_)
    model.set_params(init="auto", bias_init="zeros").fit(X, y)
    auto = model.coefs_
    assert all(np.abs(b).max() < 1e-200 for b in model.intercepts_)
    model.set_params(init="he_uniform").fit(X, y)
    assert_array_equal(auto[0], model.coefs_[0])
    model.set_params(init="auto", activation="tanh").fit(X, y)
    tanh = model.coefs_[0]
    model.set_params(init="xavier_uniform").fit(X, y)
    assert_array_equal(tanh, model.coefs_[0])
    assert np.abs(auto[0] - tanh).min() > 0


@not_converged
@pytest.mark.parametrize("init", [*INITIALIZERS, "auto"])
def test_every_initializer_by_name(iris, init):
    X, y = iris
    model = classifier(init=init, max_iter=1).fit(X, y)
    assert np.isfinite(model.predict_proba(X)).all()


# Failures


def same_after_failure(model, X, error, match, *args, **kwargs):
    """A fit that raises leaves everything that was fitted."""
    before = {k: v for k, v in vars(model).items() if k.endswith("_")}
    arrays = [a.copy() for a in model.coefs_ + model.intercepts_]
    history = {name: list(column) for name, column in model.history_.items()}
    prediction = model.predict(X)
    method = kwargs.pop("method", "fit")
    with pytest.raises(error, match=match):
        getattr(model, method)(*args, **kwargs)
    after = {k: v for k, v in vars(model).items() if k.endswith("_")}
    assert after.keys() == before.keys()
    assert all(after[k] is before[k] for k in before)
    for a, b in zip(model.coefs_ + model.intercepts_, arrays, strict=True):
        assert_array_equal(a, b)
    assert model.history_ == history
    assert_array_equal(model.predict(X), prediction)


@not_converged
@pytest.mark.parametrize("warm_start", [False, True])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_failing_fit_loses_nothing(iris, diabetes, warm_start, method):
    X, y = iris
    model = classifier(warm_start=warm_start, random_state=0).fit(X, y)
    broken = np.where(np.arange(4) == 1, np.nan, X)
    same_after_failure(model, X, ValueError, "NaN", broken, y, method=method)
    if warm_start or method == "partial_fit":
        label = "classes"
        same_after_failure(model, X, ValueError, label, X, y + 1, method=method)
    same_after_failure(model, X, ValueError, "inconsistent", X, y[:-1], method=method)
    other_width = (np.c_[X, broken], y)
    same_after_failure(model, X, ValueError, "NaN", *other_width, method=method)

    X, y = diabetes
    model = regressor(solver="sgd", warm_start=warm_start).fit(X, y)
    good = regressor(solver="sgd", warm_start=warm_start).fit(X, y)
    # overflows in the first epoch
    model.set_params(learning_rate_init=1e300)
    same_after_failure(model, X, ValueError, "non-finite", X, y, method=method)
    model.set_params(learning_rate_init=0.001)
    # and the random streams are where they were
    assert_same_bits(model.partial_fit(X, y), good.partial_fit(X, y))


@not_converged
def test_a_failing_warm_start_loses_nothing(diabetes):
    X, y = diabetes
    model = regressor(warm_start=True).fit(X, y)
    prediction = model.predict(X)
    model.set_params(hidden_layer_sizes=(13,))
    with pytest.raises(ValueError, match=r"hidden_layer_sizes=\(13,\)"):
        model.fit(X, y)
    # a parameter for the next fit says nothing about this one
    assert_array_equal(model.predict(X), prediction)
    model.set_params(hidden_layer_sizes=(12, 12), dropout=[0.1, 0.2])
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        model.fit(X, y)
    assert_array_equal(model.predict(X), prediction)


@not_converged
def test_a_failing_scorer_loses_nothing(iris):
    X, y = iris
    model = classifier(early_stopping=True).fit(X, y)
    calls = []

    def breaks(estimator, X, y):
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError("out of ink")
        return float(len(calls))

    model.set_params(scoring=breaks)
    same_after_failure(model, X, RuntimeError, "out of ink", X, y)


def calm_then_wild(step):
    return 0.01 if step < 20 else 5.0


def test_divergence_keeps_the_best_epoch(diabetes):
    X, y = diabetes
    params = {"solver": "sgd", "learning_rate": calm_then_wild, "batch_size": 442}
    model = regressor(max_iter=100, n_iter_no_change=100, **params)
    with pytest.warns(ConvergenceWarning, match="diverged.*epoch 20 are kept"):
        model.fit(X, y)
    assert 20 < model.n_iter_ < 100
    assert not np.isfinite(model.loss_curve_[-1]) or model.loss_curve_[-1] > 1e100
    assert model.best_iter_ == 20
    with pytest.warns(ConvergenceWarning, match="hasn't converged"):
        before = regressor(max_iter=20, n_iter_no_change=100, **params).fit(X, y)
    assert_same_bits(model, before)
    # the objective is that of the kept parameters: one step after epoch 20 measured it
    penalty = 0.5 * model.alpha * sum(np.sum(W**2) for W in model.coefs_)
    residual = model.predict(X) - y
    assert_allclose(model.loss_, 0.5 * np.mean(residual**2) + penalty)


def test_divergence_from_the_start_is_refused(diabetes):
    # the first loss is measured before the one step that throws the network far off
    X, y = diabetes
    model = regressor(
        solver="sgd", max_iter=100, batch_size=442, learning_rate_init=0.5, init="auto"
    )
    with pytest.raises(ValueError, match="no epoch was better than the start"):
        model.fit(X, y)
    assert not hasattr(model, "coefs_")


def test_divergence_of_a_warm_start_loses_nothing(diabetes):
    # first a calm rate, then one that is too large
    X, y = diabetes
    model = regressor(
        solver="sgd", max_iter=20, batch_size=442, warm_start=True, tol=0
    ).set_params(learning_rate_init=0.01)
    with pytest.warns(ConvergenceWarning, match="hasn't converged"):
        model.fit(X, y)
    model.set_params(learning_rate_init=2.0)
    same_after_failure(model, X, ValueError, "no epoch was better", X, y)
    # what went wrong is not carried on: a calm rate trains again
    model.set_params(learning_rate_init=1e-4)
    with pytest.warns(ConvergenceWarning, match="hasn't converged"):
        model.fit(X, y)
    assert np.isfinite(model.loss_curve_[-20:]).all()


def test_divergence_in_the_first_epoch(diabetes):
    X, y = diabetes
    model = regressor(solver="sgd", learning_rate_init=1e300)
    with pytest.raises(ValueError, match="non-finite"):
        model.fit(X, y)
    assert not hasattr(model, "coefs_")


def test_other_solvers_diverge_as_well(diabetes):
    X, y = diabetes
    with pytest.raises(ValueError, match="non-finite"):
        regressor(learning_rate_init=1e308, batch_size=20).fit(X, y * 1e200)
    with pytest.raises(ValueError, match="non-finite"):
        regressor(solver="lbfgs").fit(X, y * 1e300)


WRONG = [
    ({"alpha": -1}, "'alpha'"),
    ({"alpha": [0.1, -0.1]}, "'alpha'"),
    ({"alpha": np.nan}, "'alpha'"),
    ({"alpha": [0.1, 0.2, 0.3]}, "alpha must be a number or have 2 entries.*got 3"),
    ({"alpha_bias": -1}, "'alpha_bias'"),
    ({"alpha_bias": [1.0]}, "alpha_bias must .* 2 entries.*got 1"),
    ({"l1_ratio": 1.1}, "'l1_ratio'"),
    ({"l1_ratio": [0.5, 2]}, "'l1_ratio'"),
    ({"penalty": "elasticnet", "l1_ratio": [0.5]}, "l1_ratio must .* 2 entries"),
    ({"dropout": 1.0}, "'dropout'"),
    ({"dropout": -0.1}, "'dropout'"),
    ({"dropout": [1.0]}, "'dropout'"),
    ({"dropout": [0.1, 0.2]}, "dropout must .* 1 entries.*got 2"),
    ({"input_dropout": 1.0}, "'input_dropout'"),
    ({"init": "xavier"}, "'init'.*glorot_uniform"),
    ({"bias_init": "ones"}, "'bias_init'.*zeros"),
    ({"penalty": "l3"}, "'penalty'.*elasticnet"),
    ({"solver": "sag"}, "'solver'.*lbfgs"),
    ({"activation": "step"}, "'activation'.*relu"),
    ({"learning_rate": "fast"}, "'learning_rate'.*invscaling"),
    ({"dtype": "float16"}, "'dtype'.*float32"),
    ({"hidden_layer_sizes": (0,)}, "hidden_layer_sizes must be > 0"),
    ({"hidden_layer_sizes": (2.5,)}, "hidden_layer_sizes"),
    ({"solver": "lbfgs", "dropout": 0.5}, "solver='lbfgs'.*dropout=0.5"),
    ({"solver": "lbfgs", "dropout": [0.5]}, r"solver='lbfgs'.*dropout=\[0.5\]"),
    ({"solver": "lbfgs", "input_dropout": 0.5}, "solver='lbfgs'.*input_dropout=0.5"),
    ({"early_stopping": True, "scoring": "best"}, "'best' is not a valid scoring"),
    ({"early_stopping": True, "scoring": 3}, "'scoring'"),
    ({"early_stopping": True, "validation_fraction": 0.001}, "validation|test_size"),
    ({"validation_fraction": 1.0}, "'validation_fraction'"),
    ({"momentum": 2}, "'momentum'"),
    ({"max_iter": 0}, "'max_iter'"),
    ({"n_iter_no_change": 0}, "'n_iter_no_change'"),
]


@pytest.mark.parametrize(("params", "match"), WRONG, ids=lambda p: str(p)[:60])
def test_wrong_parameters(diabetes, iris, params, match):
    for model, (X, y) in ((regressor(), diabetes), (classifier(), iris)):
        with pytest.raises(ValueError, match=match):
            model.set_params(**params).fit(X, y)
        assert not hasattr(model, "coefs_")


def test_wrong_parameters_of_one_estimator(diabetes, iris):
    with pytest.raises(ValueError, match=r"'loss'.*poisson"):
        regressor(loss="log_loss").fit(*diabetes)
    with pytest.raises(ValueError, match="'class_weight'"):
        classifier(class_weight="fair").fit(*iris)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@not_converged
def test_nan_in_X(iris, value):
    X, y = iris
    broken = X.copy()
    broken[3, 1] = value
    match = "Input X contains (NaN|infinity)"
    with pytest.raises(ValueError, match=match):
        classifier().fit(broken, y)
    with pytest.raises(ValueError, match=match):
        classifier().fit(X, y, X_val=broken, y_val=y)
    with pytest.raises(ValueError, match=match):
        classifier().fit(X, y).predict(broken)
    with pytest.raises(ValueError, match=r"y contains NaN|y contains infinity"):
        regressor().fit(X, broken[:, 1])


def test_validation_data_go_together(iris):
    X, y = iris
    for given in (
        {"X_val": X},
        {"y_val": y},
        {"sample_weight_val": np.ones(150)},
        {"X_val": X, "sample_weight_val": np.ones(150)},
    ):
        for early_stopping in (False, True):
            model = classifier(early_stopping=early_stopping)
            with pytest.raises(ValueError, match="X_val and y_val must be given"):
                model.fit(X, y, **given)


def test_validation_data_of_another_shape(iris, diabetes):
    X, y = iris
    with pytest.raises(ValueError, match="features"):
        classifier().fit(X, y, X_val=X[:, :2], y_val=y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        classifier().fit(X, y, X_val=X, y_val=y[:-1])
    with pytest.raises(ValueError, match="`y` has classes not in"):
        classifier().fit(X, y, X_val=X, y_val=y + 1)
    X, y = diabetes
    Y = np.column_stack([y, y, y])
    with pytest.raises(ValueError, match=r"y_val|outputs"):
        regressor().fit(X, Y, X_val=X, y_val=y)
    with pytest.raises(ValueError, match=r"y_val|outputs"):
        regressor().fit(X, y, X_val=X, y_val=Y)


# Messages


@not_converged
def test_verbose(iris, capsys):
    X, y = iris
    model = classifier(verbose=True, max_iter=3).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        f"Iteration {i}, loss = {loss:.8f}"
        for i, loss in enumerate(model.loss_curve_, 1)
    ]
    # a warm start counts on
    model.set_params(warm_start=True, max_iter=1).fit(X, y)
    assert capsys.readouterr().out.startswith("Iteration 4, loss = ")
    model.set_params(early_stopping=True, max_iter=2).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1::2] == [
        f"Validation score: {s:f}" for s in model.validation_scores_[-2:]
    ]
    classifier(max_iter=3).fit(X, y)
    assert capsys.readouterr().out == ""


def test_verbose_when_it_stops(diabetes, capsys):
    X, y = diabetes
    params = {"verbose": True, "n_iter_no_change": 3, "tol": 10.0, "max_iter": 50}
    regressor(**params).fit(X, y)
    end = "did not improve more than tol=10.000000 for 3 consecutive epochs. Stopping."
    assert capsys.readouterr().out.endswith(f"Training loss {end}\n")
    regressor(early_stopping=True, **params).fit(X, y)
    assert capsys.readouterr().out.endswith(f"Validation score {end}\n")


def test_verbose_lbfgs(diabetes, capsys):
    X, y = diabetes
    model = regressor(solver="lbfgs", hidden_layer_sizes=(), max_iter=100, verbose=1)
    model.fit(X, y)
    out = capsys.readouterr().out
    assert out.startswith(f"Iteration 1, loss = {model.loss_curve_[0]:.8f}")
    assert out.count("Iteration") == model.n_iter_


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_warning_at_max_iter(diabetes, solver):
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(5\) reached"):
        regressor(solver=solver).fit(*diabetes)


def test_warning_at_max_iter_of_lbfgs(diabetes):
    with pytest.warns(
        ConvergenceWarning, match=r"lbfgs failed .* 5 iteration.*max_iter"
    ):
        regressor(solver="lbfgs").fit(*diabetes)
    with pytest.warns(ConvergenceWarning, match="lbfgs failed.*EVALUATIONS"):
        regressor(solver="lbfgs", max_iter=100, max_fun=3).fit(*diabetes)


def test_no_warning_from_partial_fit(diabetes):
    # warnings are errors here
    regressor().partial_fit(*diabetes)


@not_converged
def test_warning_of_a_large_batch(diabetes):
    X, y = diabetes
    with pytest.warns(UserWarning, match="clipped"):
        clipped = regressor(batch_size=10**6).fit(X, y)
    assert_same_bits(clipped, regressor(batch_size=442).fit(X, y))


@not_converged
def test_batch_size_auto(diabetes):
    X, y = diabetes
    auto = regressor().fit(X, y)
    assert_same_bits(auto, regressor(batch_size=200).fit(X, y))
    few = regressor().fit(X[:50], y[:50])
    assert_same_bits(few, regressor(batch_size=50).fit(X[:50], y[:50]))


def interrupt_in_epoch(monkeypatch, number):
    """Ctrl-C in the middle of one of the epochs, counted from 1."""
    from sknnreg.engine import training

    original, calls = training.run_epoch, []

    def run_epoch(task):
        calls.append(1)
        if len(calls) == number:
            raise KeyboardInterrupt
        return original(task)

    monkeypatch.setattr(training, "run_epoch", run_epoch)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_interruption_keeps_what_there_is(iris, monkeypatch, early_stopping):
    X, y = iris
    model = classifier(max_iter=20, early_stopping=early_stopping)
    interrupt_in_epoch(monkeypatch, 4)
    with pytest.warns(UserWarning, match="interrupted by user"):
        model.fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == 3
    assert np.isfinite(model.predict_proba(X)).all()


def test_interruption_of_the_first_epoch(iris, monkeypatch):
    X, y = iris
    interrupt_in_epoch(monkeypatch, 1)
    with pytest.warns(UserWarning, match="interrupted by user"):
        model = classifier().fit(X, y)
    assert model.n_iter_ == 0
    assert np.isfinite(model.predict_proba(X)).all()


@not_converged
def test_a_failing_first_partial_fit_leaves_no_classes(iris):
    X, y = iris
    model = classifier()
    with pytest.raises(ValueError, match="NaN"):
        model.partial_fit(np.full_like(X, np.nan), y, classes=[0, 1, 2])
    model.partial_fit(X, y, classes=[0, 1, 2, 3])
    assert_array_equal(model.classes_, [0, 1, 2, 3])


@not_converged
def test_best_iter_over_several_calls(iris):
    X, y = iris
    model = classifier(learning_rate_init=0.5)
    for _ in range(4):
        model.partial_fit(X, y, classes=[0, 1, 2])
    assert model.best_iter_ == 1 + np.argmin(model.loss_curve_)


def test_early_stopping_without_rows_to_validate(iris):
    with pytest.raises(ValueError, match="validation_fraction"):
        classifier(early_stopping=True, validation_fraction=0.0).fit(*iris)


@pytest.mark.parametrize("wild", [False, True])
def test_verbose_says_patience_ran_out_only_if_it_did(diabetes, capsys, wild):
    X, y = diabetes
    model = regressor(
        solver="sgd",
        learning_rate=calm_then_wild if wild else "constant",
        batch_size=442,
        max_iter=100,
        n_iter_no_change=100 if wild else 1,
        tol=0 if wild else 1e9,
        verbose=True,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    assert ("did not improve" in capsys.readouterr().out) is not wild


@not_converged
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_short_way_to_predict_is_the_long_one(iris, dtype):
    """Plain arrays skip scikit-learn's conversion, and nothing else."""
    X, y = iris
    X = X.astype(dtype)
    model = classifier().fit(X, y)
    expected = model.predict_proba(X)
    others = [X.tolist(), np.asfortranarray(X), X.astype(X.dtype.newbyteorder())]
    for other in others:
        assert_allclose(model.predict_proba(other), expected, rtol=1e-5)
    assert_allclose(model.predict_proba(X[::2]), expected[::2], rtol=1e-5)
    for wrong in (np.nan, np.inf, -np.inf):
        bad = X.copy()
        bad[3, 1] = wrong
        with pytest.raises(ValueError, match=r"Input X contains (NaN|infinity)"):
            model.predict(bad)
    with pytest.raises(ValueError, match="Expected 2D array"):
        model.predict(X[0])
    with pytest.raises(ValueError, match="minimum of 1 is required"):
        model.predict(X[:0])
    # finite, though the sum is not
    large = np.full((9, 4), np.finfo(dtype).max / 8, dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        assert model.predict(large).shape == (9,)
