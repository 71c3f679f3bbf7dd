"""The estimators at work inside scikit-learn's tools."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_digits
from sklearn.ensemble import (
    BaggingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.exceptions import FitFailedWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import RFE, SelectFromModel
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    RandomizedSearchCV,
    cross_val_predict,
    cross_validate,
    learning_curve,
    validation_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from sknnreg import MLPClassifierScratch, MLPRegressorScratch

# few epochs: these tests are about the joints
pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer:sklearn.exceptions.ConvergenceWarning",
    "ignore:lbfgs failed:sklearn.exceptions.ConvergenceWarning",
)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:300] / 16, y[:300]


def classifier(**params):
    defaults = {
        "hidden_layer_sizes": (16,),
        "learning_rate_init": 0.01,
        "max_iter": 15,
        "random_state": 0,
    }
    return MLPClassifierScratch(**defaults | params)


def regressor(**params):
    defaults = {
        "hidden_layer_sizes": (16,),
        "learning_rate_init": 0.01,
        "max_iter": 15,
        "random_state": 0,
    }
    return MLPRegressorScratch(**defaults | params)


def assert_same_bits(a, b):
    for x, y in zip(a.coefs_ + a.intercepts_, b.coefs_ + b.intercepts_, strict=True):
        assert_array_equal(x, y)


# Search


def test_grid_search_in_two_processes(digits):
    X, y = digits
    pipe = make_pipeline(StandardScaler(), classifier())
    step = "mlpclassifierscratch__"
    grid = {
        f"{step}penalty": ["l1", "l2", "elasticnet"],
        f"{step}alpha": [1e-3, 1.0],
        f"{step}dropout": [0.0, 0.3],
    }
    search = GridSearchCV(pipe, grid, cv=3, n_jobs=2, return_train_score=True)
    search.fit(X, y)
    assert len(search.cv_results_["params"]) == 12
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    assert search.best_score_ == scores.max() > 0.8
    # a strong L1 penalty leaves nothing: the parameters do reach the network
    strong = [
        i
        for i, params in enumerate(search.cv_results_["params"])
        if params[f"{step}alpha"] == 1.0 and params[f"{step}penalty"] == "l1"
    ]
    assert (scores[strong] < 0.5).all()
    # other processes compute the same numbers
    alone = clone(pipe).set_params(**search.best_params_).fit(X, y)
    assert_same_bits(search.best_estimator_[-1], alone[-1])
    one = GridSearchCV(pipe, grid, cv=3, return_train_score=True, refit=False)
    one.fit(X, y)
    assert_allclose(one.cv_results_["mean_test_score"], scores)
    assert_allclose(
        one.cv_results_["mean_train_score"], search.cv_results_["mean_train_score"]
    )


def test_parameters_one_a_layer_in_a_search(iris):
    X, y = iris
    grid = {
        "hidden_layer_sizes": [(8,), (8, 4), ()],
        "alpha": [np.array([0.1]), 1e-4, [0.1, 0.2], [0.1, 0.2, 0.3]],
    }
    search = RandomizedSearchCV(
        classifier(), grid, n_iter=12, cv=2, error_score=-1.0, random_state=0
    )
    with pytest.warns(FitFailedWarning, match="fits failed"):
        search.fit(X, y)
    for params, score in zip(
        search.cv_results_["params"],
        search.cv_results_["mean_test_score"],
        strict=True,
    ):
        layers = len(params["hidden_layer_sizes"]) + 1
        fits = np.ndim(params["alpha"]) == 0 or len(params["alpha"]) == layers
        assert (score > 0) == fits


@pytest.mark.parametrize("resource", ["n_samples", "max_iter"])
def test_halving_grid_search(digits, resource):
    X, y = digits
    grid = {"alpha": [1e-4, 0.1], "dropout": [0.0, 0.8]}
    resources = {"n_samples": (50, 200), "max_iter": (4, 16)}[resource]
    search = HalvingGridSearchCV(
        classifier(penalty="l1"),
        grid,
        resource=resource,
        min_resources=resources[0],
        max_resources=resources[1],
        factor=2,
        cv=2,
        random_state=0,
    ).fit(X, y)
    assert search.n_candidates_ == [4, 2, 1]
    best = search.best_params_
    assert (best["alpha"], best["dropout"]) == (1e-4, 0.0)
    if resource == "max_iter":
        assert search.best_estimator_.n_iter_ == search.n_resources_[-1]


def test_cross_validate(digits):
    X, y = digits
    result = cross_validate(
        classifier(early_stopping=True, max_iter=60),
        X,
        y,
        cv=3,
        scoring=["accuracy", "neg_log_loss"],
        return_train_score=True,
        return_estimator=True,
    )
    for name in ("accuracy", "neg_log_loss"):
        assert result[f"train_{name}"].mean() > result[f"test_{name}"].mean()
    assert result["test_accuracy"].min() > 0.5
    assert all(model.validation_scores_ for model in result["estimator"])


def test_cross_val_predict(iris):
    X, y = iris
    model = classifier(max_iter=60)
    assert is_classifier(model)
    assert not is_regressor(model)
    assert is_regressor(regressor())
    probability = cross_val_predict(model, X, y, cv=3, method="predict_proba")
    assert probability.shape == (150, 3)
    assert (probability.argmax(axis=1) == y).mean() > 0.9
    with pytest.raises(AttributeError, match="decision_function"):
        cross_val_predict(model, X, y, method="decision_function")


def test_validation_curve_and_learning_curve(iris):
    X, y = iris
    train, test = validation_curve(
        classifier(max_iter=40, penalty="l1"),
        X,
        y,
        param_name="alpha",
        param_range=[1e-4, 10.0],
        cv=3,
    )
    assert train.shape == test.shape == (2, 3)
    assert train[0].min() > 0.8
    assert train[1].max() < 0.5
    sizes, _, test = learning_curve(
        classifier(),
        X,
        y,
        cv=3,
        exploit_incremental_learning=True,
        shuffle=True,
        random_state=0,
    )
    assert len(sizes) == len(test) == 5


# Copies


@pytest.mark.parametrize(
    "params",
    [
        {"alpha": [0.1, 0.2], "dropout": np.array([0.3])},
        {"init": lambda rng, shape: rng.normal(size=shape), "random_state": 3},
        {"scoring": lambda estimator, X, y: 0.0, "early_stopping": True},
        {"class_weight": {0: 1.0, 1: 2.0}, "hidden_layer_sizes": [4, 3]},
    ],
    ids=lambda params: next(iter(params)),
)
def test_clone(iris, params):
    model = classifier().set_params(**params)
    # a clone of a clone, so that nothing is changed on the way
    copied = clone(clone(model))
    for name, value in copied.get_params().items():
        original = model.get_params()[name]
        assert type(value) is type(original)
        assert_array_equal(value, original)
    if len(np.atleast_1d(model.hidden_layer_sizes)) == 1:
        copied.fit(*iris)
        assert not hasattr(clone(copied), "coefs_")
        assert_same_bits(copied, clone(copied).fit(*iris))


def test_set_params(iris):
    X, y = iris
    model = classifier().fit(X, y)
    assert model.set_params(dropout=0.5, penalty="l1") is model
    assert model.get_params()["dropout"] == 0.5
    later = model.fit(X, y)
    assert_same_bits(later, classifier(dropout=0.5, penalty="l1").fit(X, y))
    with pytest.raises(ValueError, match="Invalid parameter 'drop_out'"):
        model.set_params(drop_out=0.5)


def test_repr():
    model = classifier(dropout=0.5, penalty="l1")
    text = repr(model)
    assert text.startswith("MLPClassifierScratch(")
    assert "dropout=0.5" in text
    assert "penalty='l1'" in text
    assert "momentum" not in text
    assert "MLPClassifierScratch" in model._repr_html_()


@pytest.mark.parametrize("protocol", [2, pickle.HIGHEST_PROTOCOL])
def test_pickle(iris, protocol):
    X, y = iris
    for params in ({}, {"solver": "lbfgs"}, {"early_stopping": True, "dropout": 0.2}):
        model = classifier(**params).fit(X, y)
        copied = pickle.loads(pickle.dumps(model, protocol))
        assert_same_bits(model, copied)
        assert_array_equal(model.predict_proba(X), copied.predict_proba(X))
        assert copied.history_ == model.history_
        assert copied.get_params() == model.get_params()
    assert clone(pickle.loads(pickle.dumps(classifier()))).fit(X, y).score(X, y) > 0.5


@pytest.mark.parametrize(
    "params",
    [
        {"solver": "sgd"},
        {"solver": "adam", "dropout": 0.3, "input_dropout": 0.1},
        {"solver": "adamw", "penalty": "l1"},
        {"solver": "rmsprop", "learning_rate": "invscaling"},
    ],
    ids=str,
)
def test_training_goes_on_after_pickling(iris, params):
    X, y = iris
    model = classifier(batch_size=40, **params)
    for _ in range(3):
        model.partial_fit(X, y, classes=[0, 1, 2])
    stored = pickle.dumps(model)
    for _ in range(3):
        model.partial_fit(X, y)
    copied = pickle.loads(stored)
    for _ in range(3):
        copied.partial_fit(X, y)
    assert_same_bits(model, copied)
    # and going on did not reach into what was stored
    again = pickle.loads(stored)
    assert len(again.loss_curve_) == 3
    for _ in range(3):
        again.partial_fit(X, y)
    assert_same_bits(model, again)


def test_a_copy_shares_nothing(iris):
    X, y = iris
    model = classifier().partial_fit(X, y, classes=[0, 1, 2])
    before = model.predict_proba(X)
    copied = pickle.loads(pickle.dumps(model))
    copied.partial_fit(X, y)
    assert_array_equal(model.predict_proba(X), before)
    assert len(model.history_["loss"]) == 1
    # coefficients a user keeps are not written to by further training
    kept = model.coefs_
    values = [W.copy() for W in kept]
    model.partial_fit(X, y)
    for W, value in zip(kept, values, strict=True):
        assert_array_equal(W, value)


@pytest.mark.parametrize("mmap_mode", [None, "r"])
def test_joblib(diabetes, tmp_path, mmap_mode):
    X, y = diabetes
    model = regressor(dropout=0.2).partial_fit(X, y)
    joblib.dump(model, tmp_path / "model.joblib")
    loaded = joblib.load(tmp_path / "model.joblib", mmap_mode=mmap_mode)
    assert_array_equal(loaded.predict(X), model.predict(X))
    # from read-only memory as well
    assert_same_bits(loaded.partial_fit(X, y), model.partial_fit(X, y))


# Ensembles and wrappers


@pytest.mark.parametrize("ensemble", [False, True])
def test_calibrated_classifier(digits, ensemble):
    X, y = digits
    w = np.linspace(0.5, 2, len(y))
    model = CalibratedClassifierCV(
        classifier(max_iter=40), cv=3, ensemble=ensemble, method="sigmoid"
    )
    model.fit(X, y, sample_weight=w)
    assert_allclose(model.predict_proba(X).sum(axis=1), 1)
    assert model.score(X, y) > 0.8


def test_calibration_of_a_fitted_classifier(digits):
    X, y = digits
    # learnt by heart, hence far too sure of itself
    inner = classifier(alpha=0, max_iter=300, tol=0).fit(X[:100], y[:100])
    model = CalibratedClassifierCV(FrozenEstimator(inner), method="sigmoid", cv=3)
    model.fit(X[100:250], y[100:250])
    X, y = X[250:], y[250:]
    labels = model.classes_
    before = log_loss(y, inner.predict_proba(X), labels=labels)
    after = log_loss(y, model.predict_proba(X), labels=labels)
    assert np.isfinite([before, after]).all()
    assert model.score(X, y) > 0.7


def test_bagging_classifier(iris):
    X, y = iris
    model = BaggingClassifier(
        classifier(random_state=None, max_iter=60),
        n_estimators=4,
        max_features=0.8,
        oob_score=False,
        random_state=0,
    ).fit(X, y, sample_weight=np.linspace(0.5, 1, 150))
    assert model.score(X, y) > 0.85
    first, second, *_ = model.estimators_
    assert first.random_state != second.random_state
    assert np.abs(first.coefs_[0][0] - second.coefs_[0][0]).min() > 0


def test_voting(iris, diabetes):
    X, y = iris
    members = [("a", classifier(max_iter=60)), ("b", classifier(dropout=0.2))]
    model = VotingClassifier(members, voting="soft")
    model.fit(X, y, sample_weight=np.ones(150))
    mean = np.mean([m.predict_proba(X) for m in model.estimators_], axis=0)
    assert_allclose(model.predict_proba(X), mean)
    names = np.array(["x", "y", "z"])[y]
    hard = VotingClassifier(members).fit(X, names)
    assert set(hard.predict(X)) <= {"x", "y", "z"}
    X, y = diabetes
    members = [("a", regressor()), ("b", Ridge())]
    assert VotingRegressor(members).fit(X, y).score(X, y) > 0.3


def test_stacking(diabetes):
    X, y = diabetes
    members = [("linear", Ridge()), ("network", regressor(max_iter=60))]
    model = StackingRegressor(members, final_estimator=Ridge(), cv=3).fit(X, y)
    assert model.score(X, y) > 0.4


def test_one_vs_rest(iris):
    X, y = iris
    model = OneVsRestClassifier(classifier(max_iter=60)).fit(X, y)
    assert len(model.estimators_) == 3
    assert model.score(X, y) > 0.9
    assert_allclose(model.predict_proba(X).sum(axis=1), 1)
    # one network for all labels of an indicator matrix, or one a label
    Y = np.eye(3, dtype=int)[y]
    assert OneVsRestClassifier(classifier(max_iter=60)).fit(X, Y).score(X, Y) > 0.8


def test_multi_output_regressor(diabetes):
    X, y = diabetes
    Y = np.column_stack([y, -y])
    model = MultiOutputRegressor(regressor()).fit(X, Y, sample_weight=np.ones(442))
    assert_array_equal(model.predict(X)[:, 0], regressor().fit(X, y).predict(X))


def test_transformed_target_regressor():
    X, y = load_diabetes(return_X_y=True)
    model = make_pipeline(
        StandardScaler(),
        TransformedTargetRegressor(
            regressor(max_iter=400), func=np.log, inverse_func=np.exp
        ),
    )
    assert model.fit(X, y).score(X, y) > 0.4
    assert (model.predict(X) > 0).all()
    scaled = TransformedTargetRegressor(regressor(), transformer=StandardScaler())
    scaled.fit(scale(X), y)
    inner = regressor().fit(scale(X), scale(y)).predict(scale(X))
    assert_allclose(scaled.predict(scale(X)), inner * y.std() + y.mean())
    both = TransformedTargetRegressor(regressor(), transformer=StandardScaler())
    Y = np.column_stack([y, 2 * y])
    assert both.fit(scale(X), Y).predict(scale(X)).shape == Y.shape


def test_permutation_importance():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(200, 4)), columns=list("abcd"))
    y = np.sin(X["b"]) + 0.01 * rng.normal(size=200)
    model = regressor(max_iter=200).fit(X, y)
    result = permutation_importance(model, X, y, n_repeats=3, random_state=0)
    assert result.importances_mean.argmax() == 1
    assert (
        result.importances_mean[1]
        > 5 * np.abs(result.importances_mean[[0, 2, 3]]).max()
    )


def test_partial_dependence(diabetes):
    X, y = diabetes
    model = regressor(max_iter=60).fit(X, y)
    result = partial_dependence(model, X, features=[2], grid_resolution=5)
    # the body-mass index: the disease grows with it
    assert (np.diff(result["average"][0]) > 0).all()


def test_select_from_model():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 10))
    y = X[:, 3] - 2 * X[:, 7]
    # exact zeros make the choice: L1 without hidden layers
    model = regressor(hidden_layer_sizes=(), solver="lbfgs", penalty="l1", alpha=0.2)
    selector = SelectFromModel(model.set_params(max_iter=200)).fit(X, y)
    assert_array_equal(selector.get_support(indices=True), [3, 7])
    assert_array_equal(selector.transform(X), X[:, [3, 7]])
    eliminated = RFE(regressor(max_iter=100), n_features_to_select=2, step=4)
    assert_array_equal(eliminated.fit(X, y).get_support(indices=True), [3, 7])


# Metadata routing


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def test_sample_weight_through_a_pipeline(routing, digits):
    X, y = digits
    w = np.linspace(0, 2, len(y))
    pipe = make_pipeline(
        StandardScaler().set_fit_request(sample_weight=False),
        classifier().set_fit_request(sample_weight=True),
    )
    pipe.fit(X, y, sample_weight=w)
    alone = classifier().fit(StandardScaler().fit_transform(X), y, w)
    assert_same_bits(pipe[-1], alone)
    ignored = make_pipeline(
        StandardScaler().set_fit_request(sample_weight=True),
        classifier().set_fit_request(sample_weight=False),
    ).fit(X, y, sample_weight=w)
    Z = StandardScaler().fit(X, sample_weight=w).transform(X)
    assert_same_bits(ignored[-1], classifier().fit(Z, y))


def test_sample_weight_must_be_requested(routing, digits):
    X, y = digits
    pipe = make_pipeline(StandardScaler(), classifier())
    with pytest.raises(ValueError, match=r"sample_weight.* not explicitly set"):
        pipe.fit(X, y, sample_weight=np.ones(len(y)))


def test_sample_weight_through_a_grid_search(routing, diabetes):
    X, y = diabetes
    # wild rows at the end of weight zero: a search that lost the weights would show
    X, y = np.r_[X[:300], X[:100]], np.r_[y[:300], 100 + y[:100]]
    w = np.r_[np.ones(300), np.zeros(100)]
    model = regressor(max_iter=60)
    model.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    cv = KFold(4, shuffle=True, random_state=0)
    search = GridSearchCV(model, {"alpha": [1e-3, 0.1]}, cv=cv)
    search.fit(X, y, sample_weight=w)
    assert search.best_score_ > 0.3
    lost = GridSearchCV(regressor(max_iter=60), {"alpha": [1e-3, 0.1]}, cv=cv).fit(X, y)
    assert lost.best_score_ < search.best_score_


def test_validation_data_through_a_pipeline(routing, digits):
    X, y = digits
    w = np.linspace(0.5, 2, 100)
    network = classifier(early_stopping=True).set_fit_request(
        X_val=True, y_val=True, sample_weight_val=True
    )
    scaler = StandardScaler()
    # X_val goes through the steps before as X does
    pipe = Pipeline([("scale", scaler), ("net", network)], transform_input=["X_val"])
    pipe.fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:], sample_weight_val=w)
    scaler = StandardScaler().fit(X[:200])
    alone = classifier(early_stopping=True).fit(
        scaler.transform(X[:200]),
        y[:200],
        X_val=scaler.transform(X[200:]),
        y_val=y[200:],
        sample_weight_val=w,
    )
    assert_same_bits(pipe[-1], alone)
    assert pipe[-1].validation_scores_ == alone.validation_scores_
    loss = log_loss(y[200:], pipe.predict_proba(X[200:]), sample_weight=w)
    assert pipe[-1].best_validation_score_ == pytest.approx(-loss)


@pytest.mark.parametrize("kind", [MLPClassifierScratch, MLPRegressorScratch])
def test_requests(routing, kind):
    model = kind()
    requests = model.get_metadata_routing()
    assert set(requests.fit.requests) == {
        "sample_weight",
        "X_val",
        "y_val",
        "sample_weight_val",
    }
    expected = {"sample_weight"}
    if kind is MLPClassifierScratch:
        expected |= {"classes"}
    assert set(requests.partial_fit.requests) == expected
    model.set_partial_fit_request(sample_weight=True)
    assert model.get_metadata_routing().partial_fit.requests["sample_weight"]
    assert clone(model).get_metadata_routing().partial_fit.requests["sample_weight"]


# Threads


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_fits_in_threads_give_the_same_bits(digits, solver):
    X, y = digits
    X = X.astype(np.float32)
    dropout = 0.0 if solver == "lbfgs" else 0.2

    def fit(seed):
        model = classifier(solver=solver, dropout=dropout, batch_size=50)
        return model.set_params(random_state=seed).fit(X, y)

    one_by_one = [fit(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(fit, [0, 1, 2, 3, 0, 1, 2, 3]))
    for i, model in enumerate(at_once):
        assert_same_bits(model, one_by_one[i % 4])


def test_predictions_of_one_model_in_threads(digits):
    X, y = digits
    model = classifier().fit(X, y)
    expected = [model.predict_proba(X[i:]) for i in range(8)]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            found = list(pool.map(lambda i: model.predict_proba(X[i:]), range(8)))
            for a, b in zip(found, expected, strict=True):
                assert_array_equal(a, b)


def test_search_with_threads(iris):
    X, y = iris
    grid = {"alpha": [1e-4, 1e-1], "dropout": [0.0, 0.5]}
    one = GridSearchCV(classifier(), grid, cv=2).fit(X, y)
    with joblib.parallel_backend("threading", n_jobs=2):
        two = GridSearchCV(classifier(), grid, cv=2).fit(X, y)
    for name in ("mean_test_score", "std_test_score"):
        assert_array_equal(one.cv_results_[name], two.cv_results_[name])


def test_set_output(iris):
    X, y = iris
    pipe = make_pipeline(StandardScaler(), classifier()).set_output(transform="pandas")
    frame = pd.DataFrame(X, columns=list("abcd"))
    assert_array_equal(pipe.fit(frame, y)[-1].feature_names_in_, list("abcd"))
