"""What is said where a user may have made a mistake, and where nothing is."""

import re
import warnings

import numpy as np
import pytest
import sklearn
from joblib import parallel_config
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    MinMaxScaler,
    OneHotEncoder,
    RobustScaler,
    StandardScaler,
)

from sknnreg import MLPClassifierScratch, MLPRegressorScratch
from sknnreg._caller import said
from sknnreg.model_selection import (
    FusedGridSearchCV,
    FusedHalvingSearchCV,
    regularization_cocktail,
)
from tests.factories import KINDS, classifier, not_converged, regressor

pytestmark = not_converged

NAMES = [
    ("activation", "Relu", "relu"),
    ("solver", "adm", "adam"),
    ("penalty", "L1", "l1"),
    ("penalty", "elastic_net", "elasticnet"),
    ("learning_rate", "cosin", "cosine"),
    ("normalization", "batchnorm", "batch"),
    ("init", "he", "he_normal"),
    ("init", "best", None),
    ("init", "he_unifrom", "he_uniform"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("name", "wrong", "right"), NAMES)
def test_a_wrong_name_is_answered_with_the_right_one(iris, kind, name, wrong, right):
    X, y = iris
    with pytest.raises(ValueError, match=f"'{name}' parameter of .*{wrong!r}") as error:
        kind(**{name: wrong}).fit(X, y)
    assert str(error.value).endswith(
        f" Did you mean {right!r}?" if right else "instead."
    )


def test_names_are_listed_in_the_order_of_the_registry(iris):
    message = r"\{'identity', 'logistic', 'tanh', 'relu', "
    with pytest.raises(ValueError, match=message):
        classifier(activation="no").fit(*iris)


@pytest.mark.parametrize("sizes", [(100,), [50, 50], 20])
def test_sizes_in_the_place_of_the_loss(diabetes, sizes):
    expected = re.escape(f"loss, as in scikit-learn's MLPRegressor: write "
                         f"hidden_layer_sizes={sizes!r}.")  # fmt: skip
    with pytest.raises(ValueError, match=expected):
        MLPRegressorScratch(sizes).fit(*diabetes)


def test_a_wrong_loss_by_name(diabetes):
    with pytest.raises(ValueError, match="Did you mean 'absolute_error'"):
        MLPRegressorScratch("absolut_error").fit(*diabetes)


def test_set_params_says_what_was_meant():
    model = make_pipeline(classifier())
    with pytest.raises(ValueError, match=r"Invalid parameter 'dropot'.*Did you mean "
                       r"'dropout'\?$"):  # fmt: skip
        model.set_params(mlpclassifierscratch__dropot=0.1)
    with pytest.raises(ValueError, match=r"'xyz'.*\]\.$"):
        classifier().set_params(xyz=1)
    assert classifier().set_params(dropout=0.3).dropout == 0.3


class Shifted(BaseEstimator):
    """A scorer with a hyperparameter of its own."""

    def __init__(self, shift=0.0):
        self.shift = shift


def test_set_params_leaves_what_is_inside_to_itself():
    model = classifier(scoring=Shifted())
    with pytest.raises(ValueError) as theirs:
        Shifted().set_params(alph=1)
    with pytest.raises(ValueError) as ours:
        model.set_params(scoring__alph=1)
    assert str(ours.value) == str(theirs.value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("wrong", "right"),
    [("dropuot", "dropout"), ("lr", "learning_rate_init"), ("epochs", "max_iter")],
)
def test_a_constructor_says_what_was_meant(kind, wrong, right):
    message = rf"{kind.__name__}.*argument '{wrong}'\. Did you mean '{right}'\?"
    with pytest.raises(TypeError, match=message):
        kind(**{wrong: 1})
    with pytest.raises(TypeError, match=r"argument 'xyz'\.$"):
        kind(xyz=1)


def test_a_search_says_where_a_parameter_is(iris):
    model = make_pipeline(StandardScaler(), classifier())
    for grid in ({"alpha": [0.1]}, [{"mlp__alpha": [0.1]}]):
        with pytest.raises(ValueError, match="Did you mean 'mlpclassifierscratch__alp"):
            FusedGridSearchCV(model, grid, cv=2).fit(*iris)
    space = regularization_cocktail("classification")
    with pytest.raises(ValueError, match="mlpclassifierscratch__"):
        FusedHalvingSearchCV(model, space, n_candidates=5, cv=2).fit(*iris)


# Ranges


def raw(load):
    return load(return_X_y=True)


RANGES = "columns of X have very different ranges"
STRANGERS = "X_val does not look like X"


@pytest.mark.parametrize("load", [load_breast_cancer, load_wine])
def test_unscaled_inputs_are_warned_of_once(load):
    X, y = raw(load)
    with pytest.warns(UserWarning, match=f"{RANGES}.*StandardScaler") as found:
        classifier().fit(X, y)
    assert len([w for w in found if RANGES in str(w.message)]) == 1


@pytest.mark.parametrize("scaler", [StandardScaler, MinMaxScaler, RobustScaler])
@pytest.mark.parametrize("load", [load_breast_cancer, load_wine, load_diabetes])
def test_scaled_inputs_are_not(load, scaler):
    X, y = raw(load)
    kind = regressor if load is load_diabetes else classifier
    make_pipeline(scaler(), kind()).fit(X, y)  # warnings are errors


def test_what_is_not_warned_of(iris):
    X, y = iris
    rare = np.zeros((len(X), 1))
    rare[3] = 1
    classifier().fit(np.hstack([X, rare, 0 * rare]), y)  # one-hot, constant
    classifier().fit(csr_array(X * [1, 1e3, 1, 1]), y)  # counts of words
    classifier().fit(X * [1, 1e-6, 1, 1], y)  # a weak column does no harm
    classifier().partial_fit(X * [1, 1e6, 1, 1], y, classes=[0, 1, 2])
    constant = regressor().fit(X, np.full(len(X), 1e6))
    assert np.isfinite(constant.loss_)
    regressor(loss="poisson").fit(X, np.abs(X[:, 0]) * 1000)


def test_many_rare_categories_are_not_of_different_ranges():
    levels = np.random.default_rng(0).zipf(1.6, 6000).clip(max=300)[:, None]
    X = OneHotEncoder(sparse_output=False).fit_transform(levels)
    classifier(max_iter=1).fit(StandardScaler().fit_transform(X), levels[:, 0] > 2)


def test_periodic_columns_are_seen_at_all_hours():
    hour = np.arange(24000)
    X = np.stack([np.sin(hour * np.pi / 12), np.cos(hour * np.pi / 12)], axis=1)
    y = X[:, 0] > 0.3
    classifier(max_iter=1).fit(X, y, X_val=X[:2400], y_val=y[:2400])


@pytest.mark.parametrize("scale", [1e4, 1e-3])
def test_the_size_of_a_target(diabetes, scale):
    X, y = diabetes
    with pytest.warns(UserWarning, match="target has a .*TransformedTargetRegressor"):
        regressor().fit(X, scale * y)
    with pytest.warns(UserWarning, match="target has a standard deviation"):
        regressor().fit(X, np.stack([y, scale * y], axis=1))
    with pytest.warns(UserWarning, match="more than 10 standard deviations away"):
        regressor().fit(X, y + 12)  # the logarithm of a price
    model = TransformedTargetRegressor(regressor(), transformer=StandardScaler())
    model.fit(X, scale * y)


def test_in_a_search_it_is_said_at_the_users_line(iris):
    X, y = iris
    for kind in (GridSearchCV, FusedGridSearchCV):
        search = kind(classifier(), {"alpha": [0.1, 1.0]}, cv=2)
        said.clear()
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("default")
            search.fit(X * [1, 1e5, 1, 1], y)
        (warning,) = [w for w in found if RANGES in str(w.message)]
        assert warning.filename == __file__


def test_in_workers_it_is_said_without_naming_candidates(iris):
    X, y = iris
    search = GridSearchCV(classifier(), {"alpha": [0.1, 1.0]}, cv=2, refit=False)
    said.clear()
    with (
        parallel_config("threading", n_jobs=2),
        warnings.catch_warnings(record=True) as found,
    ):
        warnings.simplefilter("always")
        search.fit(X * [1, 1e5, 1, 1], y)
    assert len([w for w in found if RANGES in str(w.message)]) == 1


# Validation data


@pytest.fixture
def cancer():
    X, y = raw(load_breast_cancer)
    return X[:400], y[:400], X[400:], y[400:]


def test_validation_data_that_missed_the_scaler(cancer):
    X, y, X_val, y_val = cancer
    model = Pipeline([("scale", StandardScaler()), ("mlp", classifier())])
    with pytest.warns(UserWarning, match=rf"{STRANGERS}.*transform_input=\[\"X_val\""):
        model.fit(X, y, mlp__X_val=X_val, mlp__y_val=y_val)


@pytest.mark.parametrize("scaler", [StandardScaler, MinMaxScaler, RobustScaler])
def test_any_scaler_is_missed(cancer, scaler):
    X, y, X_val, y_val = cancer
    model = classifier()
    with pytest.warns(UserWarning, match=STRANGERS):
        model.fit(scaler().fit_transform(X), y, X_val=X_val, y_val=y_val)


def test_the_remedy(cancer):
    """As the guide has it: the pipeline transforms the validation data too."""
    X, y, X_val, y_val = cancer
    with sklearn.config_context(enable_metadata_routing=True):
        mlp = classifier().set_fit_request(X_val=True, y_val=True)
        model = Pipeline(
            [("scale", StandardScaler()), ("mlp", mlp)], transform_input=["X_val"]
        )
        model.fit(X, y, X_val=X_val, y_val=y_val)
    scaler = StandardScaler().fit(X)
    by_hand = classifier().fit(
        scaler.transform(X), y, X_val=scaler.transform(X_val), y_val=y_val
    )
    assert model[-1].history_ == by_hand.history_


def test_validation_data_from_the_same_place(iris, cancer):
    X, y = iris
    classifier().fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    classifier().fit(X, y, X_val=X[:1], y_val=y[:1])  # one row has no width
    classifier().fit(X, y, X_val=X[:50], y_val=y[:50])  # one class
    X, y, X_val, y_val = cancer
    scaler = StandardScaler().fit(X)
    X, X_val = scaler.transform(X), scaler.transform(X_val)
    classifier().fit(X, y, X_val=X_val + 2, y_val=y_val)  # a drift


# What a penalty leaves


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("penalty", ["l1", "elasticnet", "group_l1"])
def test_a_penalty_that_leaves_nothing_says_so(iris, solver, penalty):
    X, y = iris
    if solver == "lbfgs" and penalty == "group_l1":
        pytest.skip("lbfgs refuses it")
    params = {"penalty": penalty, "alpha": 100.0, "l1_ratio": 1.0, "max_iter": 60}
    model = classifier(solver=solver, **params)
    with pytest.warns(UserWarning, match="all weights of layer 0 to zero.*smaller"):
        model.fit(X, y)
    assert np.ptp(model.predict_proba(X), axis=0).max() == 0


def test_in_a_search_it_is_said_once(iris):
    search = FusedGridSearchCV(
        classifier(penalty="l1", max_iter=60), {"alpha": [0.01, 50.0, 100.0]}, cv=2
    )
    said.clear()
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        search.fit(*iris)
    assert len([w for w in found if "to zero" in str(w.message)]) == 1


def test_zeros_that_no_penalty_made_are_not_its_fault(iris):
    X, y = iris
    model = classifier(init="zeros", penalty="l2", max_iter=1).fit(X, y)
    assert not model.coefs_[0].any()
    classifier(penalty="l1", alpha=0.01).fit(X, y)


# Spaces of distributions


def test_the_cocktail_wants_a_number_of_candidates(iris):
    space = regularization_cocktail("classification")
    network = MLPClassifierScratch()
    with pytest.raises(ValueError, match=r"alpha, dropout, .*n_candidates"):
        FusedHalvingSearchCV(network, space).fit(*iris)
    with pytest.raises(ValueError, match="FusedRandomizedSearchCV"):
        FusedGridSearchCV(network, space).fit(*iris)


def test_a_clone_keeps_its_wits(iris):
    model = clone(classifier(penalty="L2"))
    with pytest.raises(ValueError, match="Did you mean 'l2'"):
        model.fit(*iris)
