"""The signature, the fitted attributes and the methods that predict."""

import importlib.util
import inspect
import re
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sknnreg import MLPClassifierScratch, MLPRegressorScratch
from sknnreg._base import FOR_TABLES
from sknnreg.callbacks import TimeLimit
from tests.factories import (
    KINDS,
    assert_same_bits,
    classifier,
    not_converged,
    regressor,
)


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


def test_names_of_a_class_are_not_those_of_what_it_is_derived_from():
    """They are looked for once in each class."""

    class WithMore(MLPClassifierScratch):
        def __init__(self, hidden_layer_sizes=(100,), *, more=1):
            super().__init__(hidden_layer_sizes)
            self.more = more

    for kind in (MLPClassifierScratch, WithMore, MLPRegressorScratch):
        expected = sorted(set(inspect.signature(kind).parameters))
        assert list(kind().get_params()) == expected
        kind._get_param_names().clear()  # what is given out is the caller's
        assert list(clone(kind()).get_params()) == expected


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


def test_callbacks_say_what_they_need():
    if importlib.util.find_spec("sklearn.callback") is None:
        with pytest.raises(ImportError, match=r"need scikit-learn >= 1\.9; this is"):
            classifier().set_callbacks(TimeLimit(1))
    else:
        model = classifier().set_callbacks(TimeLimit(1))
        with pytest.raises(TypeError, match="FitCallback protocol"):
            model.set_callbacks(print)


class TestForTables:
    @pytest.mark.parametrize("kind", KINDS)
    def test_is_an_ordinary_estimator_that_stops_early(self, kind):
        model = kind.for_tables(max_iter=15, random_state=0)
        assert model.max_iter == 15
        assert clone(model).get_params() == model.get_params()
        rng = np.random.default_rng(0)
        X = rng.normal(size=(200, 3))
        y = X[:, 0] > 0 if kind is MLPClassifierScratch else X[:, 0]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            assert model.fit(X, y).score(X, y) > 0.8
        assert model.best_validation_score_ is not None

    def test_differs_from_the_defaults_in_what_it_says(self):
        preset = MLPClassifierScratch.for_tables().get_params()
        default = MLPClassifierScratch().get_params()
        changed = {name for name in preset if preset[name] != default[name]}
        assert changed == set(FOR_TABLES)
