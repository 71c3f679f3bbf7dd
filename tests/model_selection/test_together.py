"""Folds and members of ensembles, trained together: as if each had been alone."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import set_config as set_sklearn
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import BaggingClassifier, BaggingRegressor
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import config_context
from sknnreg._composition import find_mlp
from sknnreg.ensemble import FusedBaggingClassifier, FusedBaggingRegressor
from sknnreg.model_selection import _together, fused_cross_validate
from tests.factories import classifier, not_converged, regressor, unscaled
from tests.forms import both_forms

pytestmark = not_converged

rng = np.random.default_rng(0)
X, y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
WEIGHTS = rng.uniform(0.5, 2, len(y))
STOPPED = {
    "early_stopping": True,
    "scoring": "accuracy",
    "n_iter_no_change": 2,
    "max_iter": 12,
    "learning_rate_init": 0.02,
    "validation_fraction": 0.2,
}


@pytest.fixture
def stacks(monkeypatch):
    """How many models each stack had."""
    sizes, run = [], _together.train_stack

    def noting(models, *others):
        sizes.append(len(models))
        return run(models, *others)

    monkeypatch.setattr(_together, "train_stack", noting)
    return sizes


def assert_same_networks(ours, theirs):
    for one, other in zip(ours, theirs, strict=True):
        one, other = find_mlp(one), find_mlp(other)
        for a, b in zip(one.coefs_, other.coefs_, strict=True):
            assert_allclose(a, b, rtol=1e-9, atol=1e-12)
        assert one.n_iter_ == other.n_iter_
        assert one.t_ == other.t_
        assert_allclose(one.loss_curve_, other.loss_curve_, rtol=1e-9)


def assert_same_folds(model, X, y, **options):
    options = {
        "cv": KFold(3, shuffle=True, random_state=0),
        "return_train_score": True,
        "return_estimator": True,
        "return_indices": True,
    } | options
    ours = fused_cross_validate(model, X, y, **options)
    theirs = cross_validate(model, X, y, **options)
    assert list(ours) == list(theirs)
    for name in theirs:
        if name.startswith(("test_", "train_")):
            assert_allclose(ours[name], theirs[name], rtol=1e-9, atol=1e-12)
    for part in ("train", "test"):
        for a, b in zip(ours["indices"][part], theirs["indices"][part], strict=True):
            assert_array_equal(a, b)
    assert_same_networks(ours["estimator"], theirs["estimator"])
    return ours


# Folds


@both_forms
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"dropout": 0.3, "input_dropout": 0.2, "batch_size": 32},
        {"input_noise": 0.3, "batch_size": 32},
        {"normalization": "batch", "shuffle": False},
        STOPPED,
        {**STOPPED, "scoring": "loss", "class_weight": "balanced"},
        {"batch_size": 1000, "penalty": "l1"},
    ],
)
@pytest.mark.filterwarnings("ignore:Got `batch_size`")
def test_each_fold_is_trained_as_if_it_were_alone(params, stacks):
    assert_same_folds(classifier(**params), X, y)
    assert stacks == [3]


@both_forms
def test_of_unequal_folds_the_equal_ones_are_trained_together(stacks):
    assert_same_folds(classifier(), X[:149], y[:149], cv=KFold(4))
    assert stacks == [3]  # 111 rows to train on, and three times 112


def test_folds_with_different_classes_are_told_apart(stacks):
    halves = [
        (np.arange(100), np.arange(100, 150)),
        (np.arange(50, 150), np.arange(50)),
    ]
    with pytest.warns(UserWarning, match="y_pred contains classes not in y_true"):
        cross_validate(classifier(), X, y, cv=halves, scoring="balanced_accuracy")
    assert_same_folds(classifier(), X, y, cv=halves)
    assert stacks == [2]  # as many classes each, and others


@both_forms
def test_weights_of_rows_and_validation_data_come_with_their_rows(stacks):
    given = {"X_val": X[::5], "y_val": y[::5], "sample_weight_val": WEIGHTS[::5]}
    params = {"sample_weight": WEIGHTS} | given
    assert_same_folds(classifier(**STOPPED), X, y, params=params)
    assert_same_folds(classifier(**STOPPED), X, y, params={"sample_weight": WEIGHTS})
    assert stacks == [3, 3]


@unscaled
@pytest.mark.parametrize("params", [{}, {"early_stopping": True}])
def test_what_is_around_the_networks_is_fitted_fold_by_fold(params, stacks):
    data = load_diabetes(return_X_y=True)
    inside = make_pipeline(StandardScaler(), regressor(**params))
    model = TransformedTargetRegressor(inside, transformer=StandardScaler())
    assert_same_folds(model, *data, cv=2, scoring=("r2", "neg_mean_squared_error"))
    assert stacks == [2]


def test_sparse_rows_and_float32(stacks):
    some = np.where(np.abs(X) > 0.7, X, 0)
    assert_same_folds(classifier(**STOPPED), sp.csr_array(some), y)
    ours = fused_cross_validate(classifier(), X.astype(np.float32), y, cv=3)
    theirs = cross_validate(classifier(), X.astype(np.float32), y, cv=3)
    assert_allclose(ours["test_score"], theirs["test_score"], rtol=1e-3)
    assert stacks == [3, 3]


def test_folds_with_different_amounts_of_stored_numbers(stacks):
    numbers = np.random.default_rng(0).normal(size=(60, 50))
    few = sp.csr_array(np.where(numbers > 1.3, numbers, 0))
    labels = np.arange(60) % 2
    dropping = classifier(input_dropout=0.2, dropout=0.1, batch_size=16, max_iter=3)
    assert_same_folds(dropping, few, labels)
    assert stacks == [3]


def test_groups_and_random_splitters_split_once():
    groups = np.arange(150) % 6
    assert_same_folds(classifier(), X, y, cv=GroupKFold(3), groups=groups)
    cv = ShuffleSplit(3, random_state=np.random.RandomState(0))
    ours = fused_cross_validate(classifier(), X, y, cv=cv, return_indices=True)
    again = ShuffleSplit(3, random_state=np.random.RandomState(0)).split(X)
    for rows, (train, _) in zip(ours["indices"]["train"], again, strict=True):
        assert_array_equal(rows, train)


def test_metadata_are_routed():
    set_sklearn(enable_metadata_routing=True)
    try:
        model = classifier().set_fit_request(sample_weight="mine")
        model.set_score_request(sample_weight=False)
        assert_same_folds(model, X, y, params={"mine": WEIGHTS})
        groups = {"groups": np.arange(150) % 6}
        assert_same_folds(classifier(), X, y, cv=GroupKFold(3), params=groups)
    finally:
        set_sklearn(enable_metadata_routing=False)


def test_stacks_are_spread_over_processes(stacks):
    four = fused_cross_validate(classifier(), X[:148], y[:148], cv=KFold(4), n_jobs=2)
    one = fused_cross_validate(classifier(), X[:148], y[:148], cv=KFold(4))
    assert_array_equal(four["test_score"], one["test_score"])


def test_times_are_shares_of_the_stack_s():
    scores = fused_cross_validate(classifier(max_iter=50), X, y, cv=3)
    assert (scores["fit_time"] > 0).all()
    assert np.ptp(scores["fit_time"]) < scores["fit_time"].min()


@pytest.mark.parametrize(
    "model",
    [LogisticRegression(), classifier(solver="lbfgs"), classifier(warm_start=True)],
)
def test_what_cannot_be_trained_together_is_as_in_scikit_learn(model, stacks):
    ours = fused_cross_validate(model, X, y, cv=3)["test_score"]
    assert_array_equal(ours, cross_validate(model, X, y, cv=3)["test_score"])
    assert not stacks


# Failures


def test_a_wrong_hyperparameter_is_raised_as_in_scikit_learn():
    with pytest.raises(ValueError, match="alpha"):
        fused_cross_validate(classifier(alpha=-1), X, y, cv=3)
    with pytest.raises(ValueError, match="scoring"):
        fused_cross_validate(classifier(), X, y, cv=3, scoring="no such")
    with pytest.raises(ValueError, match="greater than the number of samples"):
        fused_cross_validate(classifier(), X, y, cv=KFold(1000))


def test_a_fold_that_fails_leaves_the_others():
    bad = X.copy()
    bad[0] = np.nan
    with pytest.warns(FitFailedWarning, match="1 fits failed"):
        ours = fused_cross_validate(
            classifier(), bad, y, cv=[(np.arange(0, 50), np.arange(60, 70)),
                                      (np.arange(50, 100), np.arange(60, 70)),
                                      (np.arange(51, 101), np.arange(60, 70))]
        )  # fmt: skip
    assert np.isnan(ours["test_score"]).tolist() == [True, False, False]


def test_a_step_that_fails_is_told():
    model = make_pipeline(StandardScaler(copy="no"), classifier())
    with pytest.raises(ValueError, match="copy"):
        fused_cross_validate(model, X, y, cv=3)


@pytest.mark.filterwarnings("ignore:Training diverged")
def test_a_network_that_diverges_fails_alone():
    huge = X.copy()
    huge[:3] = 1e200
    cv = [(np.arange(50), np.arange(60, 140)), (np.arange(50, 100), np.arange(60, 140)),
          (np.arange(100, 150), np.arange(60, 140))]  # fmt: skip
    scores = []
    for validate in (fused_cross_validate, cross_validate):
        with pytest.warns(FitFailedWarning, match="1 fits failed"):
            made = validate(regressor(), huge, y.astype(float), cv=cv)
        scores.append(made["test_score"])
    assert_allclose(*scores, rtol=1e-9)


def test_a_scorer_that_fails_on_a_fold_leaves_the_others(stacks):
    """Its own fit raises what the scorer has raised."""
    rows = np.arange(150)
    cv = [(rows[k : k + 50], rows[::10]) for k in (0, 50, 100)]

    def score(estimator, Z, t):
        if (Z[0] == X[:50]).all(axis=1).any():
            raise RuntimeError("not these rows")
        return 0.5

    model = classifier(early_stopping=True, scoring=score, max_iter=2)
    scores = []
    for validate in (fused_cross_validate, cross_validate):
        with pytest.warns(FitFailedWarning, match=r"(?s)1 fits failed.*not these rows"):
            scores.append(validate(model, X, y, cv=cv)["test_score"])
    assert np.isnan(scores[0]).tolist() == [True, False, False]
    assert_array_equal(*scores)
    assert stacks == [3]


def test_what_no_fold_can_begin_with_is_told_by_each(stacks):
    model = classifier(init=lambda rng, shape: np.zeros((1, 1)))
    with pytest.raises(ValueError, match=r"init must give.*shape \(4, 12\)"):
        fused_cross_validate(model, X, y, cv=3, error_score="raise")
    assert stacks == [3]


def test_each_fold_says_what_its_own_fit_would():
    model = classifier(max_iter=2)
    with pytest.warns(UserWarning, match="Maximum iterations") as ours:
        fused_cross_validate(model, X, y, cv=3)
    with pytest.warns(UserWarning, match="Maximum iterations") as theirs:
        cross_validate(model, X, y, cv=3)
    assert [str(w.message) for w in ours] == [str(w.message) for w in theirs]


# Ensembles


def assert_same_bags(ours, theirs, X, y, **params):
    ours, theirs = ours.fit(X, y, **params), theirs.fit(X, y, **params)
    for one, other in zip(
        ours.estimators_samples_, theirs.estimators_samples_, strict=True
    ):
        assert_array_equal(one, other)
    assert_same_networks(ours.estimators_, theirs.estimators_)
    assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-9)
    return ours, theirs


def bags(model, **params):
    """Ours and scikit-learn's."""
    params = {"n_estimators": 4, "random_state": 0} | params
    if hasattr(model, "predict_proba"):
        return FusedBaggingClassifier(model, **params), BaggingClassifier(
            model, **params
        )
    return FusedBaggingRegressor(model, **params), BaggingRegressor(model, **params)


@both_forms
@pytest.mark.parametrize(
    ("params", "bag"),
    [
        ({}, {}),
        ({}, {"bootstrap": False, "max_samples": 1.0}),
        ({"dropout": 0.3, "batch_size": 32}, {"max_samples": 0.5}),
        ({}, {"max_features": 0.5, "bootstrap_features": True}),
        (STOPPED, {}),
    ],
)
def test_each_member_is_trained_as_if_it_were_alone(params, bag, stacks):
    assert_same_bags(*bags(classifier(random_state=None, **params), **bag), X, y)
    assert stacks == [4]


@pytest.mark.filterwarnings("ignore:Some inputs do not have OOB scores")
@pytest.mark.filterwarnings("ignore:invalid value encountered")
def test_out_of_bag_scores_and_weights(stacks):
    ours, theirs = assert_same_bags(
        *bags(classifier(), oob_score=True), X, y, sample_weight=WEIGHTS
    )
    assert_allclose(ours.oob_score_, theirs.oob_score_, rtol=1e-9)
    assert_allclose(
        ours.oob_decision_function_, theirs.oob_decision_function_, rtol=1e-9
    )
    assert stacks == [4]


@unscaled
def test_pipelines_and_transformed_targets_have_rows_by_number(stacks):
    data = load_diabetes(return_X_y=True)
    inside = make_pipeline(StandardScaler(), regressor(early_stopping=True))
    model = TransformedTargetRegressor(inside, transformer=StandardScaler())
    assert_same_bags(*bags(model), *data)
    assert stacks == [4]


def test_members_in_processes_sparse_rows_and_names_of_classes():
    names = np.array(["a", "b", "c"])[y]
    some = sp.csr_array(np.where(np.abs(X) > 0.7, X, 0))
    ours, theirs = bags(classifier(), n_jobs=2)
    assert_array_equal(
        ours.fit(some, names).predict(some), theirs.fit(some, names).predict(some)
    )


def test_few_data_wait_at_once(stacks, monkeypatch):
    monkeypatch.setattr("sknnreg.ensemble.MOST_WAITING", 3 * X.nbytes)
    model = make_pipeline(StandardScaler(), classifier())
    assert_same_bags(*bags(model, n_estimators=9), X, y)
    assert stacks == [4, 4]  # and one alone


def test_more_members_are_added():
    ours, theirs = bags(classifier(), warm_start=True)
    for n in (2, 5):
        assert_same_bags(
            ours.set_params(n_estimators=n), theirs.set_params(n_estimators=n), X, y
        )
    assert len(ours.estimators_) == 5


@pytest.mark.parametrize(
    "model", [None, LogisticRegression(), classifier(solver="lbfgs")]
)
@pytest.mark.filterwarnings("ignore:Some inputs do not have OOB scores")
@pytest.mark.filterwarnings("ignore:invalid value encountered")
def test_other_members_are_as_in_scikit_learn(model, stacks):
    params = {"n_estimators": 3, "random_state": 0, "oob_score": True}
    ours = FusedBaggingClassifier(model, **params).fit(X, y)
    theirs = BaggingClassifier(model, **params).fit(X, y)
    assert_array_equal(ours.predict_proba(X), theirs.predict_proba(X))
    assert_array_equal(ours.oob_decision_function_, theirs.oob_decision_function_)
    assert not stacks


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_failed_fit_loses_nothing(solver):
    ours, _ = bags(classifier(solver=solver, alpha=-1))
    with pytest.raises(ValueError, match="alpha"):
        ours.fit(X, y)
    assert not hasattr(ours, "estimators_") and not hasattr(ours, "_waiting")
    ours, _ = bags(classifier(solver=solver))
    before = ours.fit(X, y).predict_proba(X)
    with pytest.raises(ValueError, match="NaN"):
        ours.fit(np.full_like(X, np.nan), y)
    assert_array_equal(ours.predict_proba(X), before)


def test_a_failed_warm_start_adds_no_member():
    ours, _ = bags(classifier(), warm_start=True)
    members = list(ours.fit(X, y).estimators_)
    with pytest.raises(ValueError, match="NaN"):
        ours.set_params(n_estimators=6).fit(np.full_like(X, np.nan), y)
    assert ours.estimators_ == members and len(ours.estimators_features_) == 4


def test_a_fitted_ensemble_can_be_cloned_and_has_scikit_learn_s_parameters():
    ours, theirs = bags(classifier())
    assert ours.get_params(deep=False).keys() == theirs.get_params(deep=False).keys()
    clone(ours.fit(X, y)).fit(X, y)


def test_a_stack_in_compiled_form_uses_threads(form, stacks):
    with config_context(backend=form):
        ours, _ = bags(classifier())
        assert {each.backend_ for each in ours.fit(X, y).estimators_} == {form}
