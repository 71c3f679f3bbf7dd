"""Wrong hyperparameters and data are refused, with a message that names them."""

from datetime import date

import numpy as np
import pytest
from sklearn.model_selection import cross_val_score

from sknnreg import MLPClassifierScratchCV as table_classifier
from sknnreg import MLPRegressorScratchCV as table_regressor
from tests.factories import classifier, not_converged, regressor

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
    # whose order is not the user's
    ({"hidden_layer_sizes": {4, 3}}, "hidden_layer_sizes must be a sequence"),
    ({"hidden_layer_sizes": {4: 3}}, "hidden_layer_sizes must be a sequence"),
    ({"alpha": {0.1, 0.2}}, "'alpha'"),
    ({"alpha": ["0.1", "0.2"]}, "'alpha'"),
    ({"dropout": ["0.1"]}, "'dropout'"),
    ({"learning_rate": lambda step: -0.1}, "learning_rate.*>= 0.*gave -0.1 at step 0"),
    ({"learning_rate": lambda step: "0.1"}, "learning_rate.*gave '0.1'"),
    ({"learning_rate": lambda step: np.nan}, "learning_rate.*gave nan"),
    ({"init": lambda rng, shape: np.full(shape, 1j)}, "initializer gave complex"),
    ({"bias_init": lambda rng, shape: np.full(shape, 1j)}, "initializer gave complex"),
    ({"init": lambda rng, shape: np.full(shape, "1")}, "initializer gave <U1"),
    ({"solver": "lbfgs", "dropout": 0.5}, "solver='lbfgs'.*dropout=0.5"),
    ({"solver": "lbfgs", "dropout": [0.5]}, r"solver='lbfgs'.*dropout=\[0.5\]"),
    ({"solver": "lbfgs", "input_dropout": 0.5}, "solver='lbfgs'.*input_dropout=0.5"),
    # also where nothing is scored
    ({"scoring": "best"}, "'scoring'.*get_scorer_names"),
    ({"early_stopping": True, "scoring": "best"}, "'scoring'.*get_scorer_names"),
    ({"early_stopping": True, "scoring": 3}, "'scoring'"),
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


@pytest.mark.parametrize(
    "weight",
    [{0: -1.0, 1: 1.0, 2: 1.0}, {0: np.nan, 1: 1.0, 2: 1.0}, {0: "2", 1: 1, 2: 1}],
    ids=str,
)
def test_weights_of_classes_that_are_none(iris, weight):
    X, y = iris
    for kind in (classifier(), table_classifier()):
        with pytest.raises(ValueError, match="class_weight must have finite numbers"):
            kind.set_params(class_weight=weight).fit(X, y)
    model = classifier(class_weight=weight)
    with pytest.raises(ValueError, match="class_weight must have finite numbers"):
        model.partial_fit(X, y, classes=[0, 1, 2])
    # the product over two labels would be positive
    model.set_params(class_weight=[{0: -1, 1: 1}, {0: -1, 1: 1}])
    with pytest.raises(ValueError, match="class_weight must have finite numbers"):
        model.fit(X, np.c_[y > 0, y > 0].astype(int))


DAYS = np.arange(40)
NO_NUMBERS = {
    "dates": DAYS.astype("datetime64[D]"),
    "durations": DAYS.astype("timedelta64[D]"),
    "strings": DAYS.astype(str),
    "a list of strings": DAYS.astype(str).tolist(),
    "objects": DAYS.astype(str).astype(object),
    "one string": np.array([*range(39), "39"], object),
    "bytes": DAYS.astype("S2"),
    "days": np.array([date(2020, 1, 1)] * 40, object),
}


@pytest.mark.parametrize("y", NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_targets_that_would_become_numbers_in_silence(y):
    X = np.random.default_rng(0).normal(size=(40, 2))
    for model in (regressor(), regressor(warm_start=True), table_regressor()):
        with pytest.raises(ValueError, match="y must be numbers"):
            model.fit(X, y)
    with pytest.raises(ValueError, match="y must be numbers"):
        regressor().fit(X, np.array([y, y]).T)
    with pytest.raises(ValueError, match="must be numbers"):
        regressor().fit(X, X[:, 0], X_val=X, y_val=y)
    with pytest.raises(ValueError, match="y must be numbers"):
        regressor().partial_fit(X, y)


@not_converged
@pytest.mark.parametrize("dtype", [bool, np.uint8, object, "float32"])
def test_targets_that_are_numbers(dtype):
    X = np.random.default_rng(0).normal(size=(40, 2))
    regressor().fit(X, (X[:, 0] > 0).astype(dtype))
    regressor().fit(X, (X[:, 0] > 0).astype(dtype).tolist())


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


def test_early_stopping_without_rows_to_validate(iris):
    with pytest.raises(ValueError, match="validation_fraction"):
        classifier(early_stopping=True, validation_fraction=0.0).fit(*iris)


@pytest.mark.parametrize("wrong", [(10,), [10], "cubed"])
def test_a_wrong_loss_is_refused_wherever_it_is_met(diabetes, wrong):
    """Tags and representations are asked for before anything is checked."""
    model = regressor(loss=wrong)
    assert not model.__sklearn_tags__().target_tags.positive_only
    assert "MLPRegressorScratch" in model._repr_html_()
    with pytest.raises(ValueError, match="'loss' parameter"):
        cross_val_score(model, *diabetes, cv=2, error_score="raise")


def test_partial_fit_has_nothing_to_average(iris):
    model = classifier(averaging=0.5)
    assert not hasattr(model, "partial_fit")
    with pytest.raises(AttributeError, match="partial_fit"):
        model.partial_fit(*iris)


@not_converged
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alpha", -1.0),
        ("alpha", None),
        ("dropout", 1.5),
        ("input_dropout", 2),
        ("learning_rate_init", -1.0),
        ("max_norm", -1.0),
    ],
)
def test_partial_fit_of_a_fitted_model_checks_what_has_changed(diabetes, name, value):
    """scikit-learn leaves it out there."""
    model = regressor().partial_fit(*diabetes)
    model.set_params(**{name: value})
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        model.partial_fit(*diabetes)


@pytest.mark.parametrize("classes", [[0], [0, 1], [0, 1, 2, 3], ["a", "b", "c"]])
def test_classes_of_labels_are_their_columns(multilabel, classes):
    X, y = multilabel
    with pytest.raises(ValueError, match=r"classes must be .* np.arange\(3\)"):
        classifier().partial_fit(X, y, classes=classes)
    model = classifier().partial_fit(X, y, classes=[0, 1, 2])
    model.partial_fit(X, y, classes=[0, 1, 2])


@not_converged
def test_a_failing_fit_draws_no_random_numbers(diabetes):
    X, y = diabetes
    model = regressor(random_state=np.random.RandomState(0))
    with pytest.raises(ValueError, match="inconsistent"):
        model.fit(X, y[:9])
    other = regressor(random_state=np.random.RandomState(0)).fit(X, y)
    assert model.fit(X, y).loss_curve_ == other.loss_curve_
