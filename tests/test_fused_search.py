"""Fused searches give what scikit-learn's give."""

import pickle

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from scipy.stats import loguniform, uniform
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import make_multilabel_classification, make_regression
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    KFold,
    RandomizedSearchCV,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    cross_val_score,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from sknnreg import MLPClassifierScratch, MLPRegressorScratch, _base
from sknnreg._validation import split_rows
from sknnreg.model_selection import (
    FusedGridSearchCV,
    FusedHalvingSearchCV,
    FusedRandomizedSearchCV,
    _evaluate,
    _work,
)
from sknnreg.model_selection._work import fit_alone

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.RandomState(0)
X = rng.normal(size=(120, 6))
LINE = X[:, 0] * X[:, 1] + X[:, 2]
BINARY = np.where(LINE > 0, "yes", "no")
CLASSES = np.digitize(LINE, [-0.5, 0.5])
LABELS = np.stack([LINE > 0, X[:, 3] > 0.2], axis=1).astype(int)
TARGETS = np.stack([LINE, X[:, 3]], axis=1)
WEIGHT = rng.uniform(0.1, 2, size=len(X))
GROUPS = np.arange(len(X)) % 7

GRID = {"alpha": [0.0, 1e-3, 0.1], "dropout": [0.0, 0.3], "learning_rate_init": [0.01]}


def classifier(**settings):
    defaults = {"max_iter": 8, "random_state": 0, "batch_size": 16}
    return MLPClassifierScratch(hidden_layer_sizes=(9, 5), **(defaults | settings))


def regressor(**settings):
    defaults = {"max_iter": 8, "random_state": 0, "batch_size": 16}
    return MLPRegressorScratch(hidden_layer_sizes=(9, 5), **(defaults | settings))


def weighted_log_loss(estimator, X, y):
    return -log_loss(y, estimator.predict_proba(X)) + 0.1


def inside(prefix, grid):
    return {f"{prefix}__{name}": values for name, values in grid.items()}


CASES = {
    "regression": (regressor(), GRID, LINE, {}, {}),
    "multi-output": (regressor(loss="huber"), GRID, TARGETS, {}, {}),
    "binary": (classifier(), GRID, BINARY, {}, {}),
    "multiclass": (classifier(), GRID, CLASSES, {}, {}),
    "multilabel": (classifier(), GRID, LABELS, {}, {}),
    "weights": (classifier(), GRID, CLASSES, {}, {"sample_weight": WEIGHT}),
    "early stopping": (
        classifier(early_stopping=True, n_iter_no_change=2, max_iter=30),
        GRID | {"learning_rate_init": [0.003, 0.03]},
        BINARY,
        {},
        {},
    ),
    "early stopping by loss, weights": (
        classifier(early_stopping=True, n_iter_no_change=2, scoring="loss"),
        GRID,
        CLASSES,
        {},
        {"sample_weight": WEIGHT},
    ),
    "per-layer": (
        classifier(),
        {
            "dropout": [(0.2, 0.0), (0.5, 0.0), (0.0, 0.3), 0.2],
            "alpha": [0.1, (0.0, 0.1, 1.0)],
        },
        CLASSES,
        {},
        {},
    ),
    "batch norm, noise, limits": (
        classifier(normalization="batch", residual=True),
        {
            "input_noise": [0.0, 0.1, 0.3],
            "input_dropout": [0.0, 0.2],
            "max_norm": [None, 1.0, 2.0],
            "clip_norm": [1.0],
        },
        CLASSES,
        {},
        {},
    ),
    "kinks": (
        regressor(penalty="elasticnet"),
        {"alpha": [0.01, 0.1], "l1_ratio": [0.0, 0.5, 1.0], "alpha_bias": [0, 0.1]},
        LINE,
        {},
        {},
    ),
    "kinds": (
        regressor(),
        {
            "penalty": ["l2", "group_l1", None],
            "solver": ["sgd", "adamw", "lbfgs"],
            "alpha": [0.01, 0.1],
        },
        LINE,
        {"error_score": 0.5},
        {},
    ),
    "momentum, seeds, schedules": (
        classifier(solver="sgd"),
        {
            "momentum": [0.5, 0.9],
            "random_state": [0, 1],
            "learning_rate": ["constant", "cosine", "adaptive"],
        },
        CLASSES,
        {},
        {},
    ),
    "custom scorer": (
        classifier(),
        GRID,
        CLASSES,
        {"scoring": weighted_log_loss},
        {},
    ),
    "made scorer": (
        classifier(),
        GRID,
        CLASSES,
        {
            "scoring": make_scorer(
                log_loss, response_method="predict_proba", greater_is_better=False
            )
        },
        {},
    ),
    "several metrics": (
        classifier(),
        GRID,
        CLASSES,
        {"scoring": ["accuracy", "neg_log_loss"], "refit": "neg_log_loss"},
        {"sample_weight": WEIGHT},
    ),
    "group k-fold": (
        classifier(),
        GRID,
        CLASSES,
        {"cv": GroupKFold(3)},
        {"groups": GROUPS},
    ),
    "shuffle split": (
        regressor(),
        GRID,
        LINE,
        {"cv": ShuffleSplit(2, random_state=0)},
        {},
    ),
    "repeated": (
        classifier(),
        GRID,
        BINARY,
        {"cv": RepeatedStratifiedKFold(n_splits=2, n_repeats=2, random_state=0)},
        {},
    ),
    "pipeline": (
        Pipeline([("scale", StandardScaler()), ("mlp", classifier())]),
        inside("mlp", GRID) | {"scale": [StandardScaler(), MinMaxScaler(), None]},
        BINARY,
        {},
        {"mlp__sample_weight": WEIGHT},
    ),
    "step swapped": (
        Pipeline([("scale", StandardScaler()), ("model", regressor())]),
        [
            {"model": [regressor()], "model__alpha": [0.1, 0.2]},
            {"model": [Ridge()], "model__alpha": [0.1, 0.2]},
        ],
        LINE,
        {},
        {},
    ),
    "transformed target": (
        TransformedTargetRegressor(
            make_pipeline(StandardScaler(), regressor()), transformer=StandardScaler()
        ),
        inside("regressor__mlpregressorscratch", GRID)
        | {"transformer": [StandardScaler(), MinMaxScaler()]},
        LINE,
        {},
        {},
    ),
    "wrong candidates": (
        classifier(),
        {"alpha": [0.1, -1.0, 0.2], "dropout": [0.0, 0.1, (0.1,)]},
        BINARY,
        {"error_score": -7.0},
        {},
    ),
    "callable refit": (
        classifier(),
        GRID,
        BINARY,
        {"refit": lambda results: int(np.argmin(results["mean_test_score"]))},
        {},
    ),
}


def assert_same_results(ours, theirs, rtol=1e-9):
    assert ours.keys() == theirs.keys()
    for name, column in theirs.items():
        if name.endswith("_time"):
            assert (ours[name] >= 0).all()
        elif "score" in name:
            assert_allclose(ours[name], column, rtol=rtol, atol=1e-12)
        elif name == "params":
            assert repr(ours[name]) == repr(column)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore:Scoring failed")
@pytest.mark.filterwarnings("ignore:.*does not support sample_weight")
@pytest.mark.parametrize("case", CASES)
def test_equals_grid_search(case):
    estimator, grid, y, settings, fit_params = CASES[case]
    settings = {"cv": 3, "return_train_score": True} | settings
    theirs = GridSearchCV(estimator, grid, **settings).fit(X, y, **fit_params)
    ours = FusedGridSearchCV(estimator, grid, **settings).fit(X, y, **fit_params)
    assert_same_results(ours.cv_results_, theirs.cv_results_)
    assert ours.best_index_ == theirs.best_index_
    assert repr(ours.best_params_) == repr(theirs.best_params_)
    assert ours.n_splits_ == theirs.n_splits_
    assert ours.multimetric_ == theirs.multimetric_
    assert type(ours.scorer_) is type(theirs.scorer_)
    assert_array_equal(ours.predict(X), theirs.predict(X))
    if not callable(settings.get("refit")):
        assert_allclose(ours.best_score_, theirs.best_score_, rtol=1e-9)


#: candidates of a case that have to be fitted alone, on 3 folds unless said otherwise
ALONE = {"kinds": 6 * 3, "step swapped": 2 * 3, "wrong candidates": 5 * 3}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore:.*does not support sample_weight")
@pytest.mark.parametrize("case", CASES)
def test_candidates_are_trained_together(case, monkeypatch):
    """Equal results could as well come from fitting all of them one by one."""
    estimator, grid, y, settings, fit_params = CASES[case]
    alone = []

    def counted(*args):
        alone.append(args)
        return fit_alone(*args)

    monkeypatch.setattr(_work, "fit_alone", counted)
    monkeypatch.setattr(_evaluate, "fit_alone", counted)
    search = FusedGridSearchCV(estimator, grid, **({"cv": 3} | settings))
    search.fit(X, y, **fit_params)
    assert len(alone) == ALONE.get(case, 0)


def test_a_scorer_that_fails_while_training():
    def broken(estimator, X, y):
        raise RuntimeError("no score today")

    model = classifier(early_stopping=True, scoring=broken)
    grid = {"alpha": [0.1, 0.2]}
    for kind in (FusedGridSearchCV, GridSearchCV):
        with pytest.raises(ValueError, match="All the 4 fits failed"):
            kind(model, grid, cv=2).fit(X, BINARY)
        with pytest.raises(RuntimeError, match="no score today"):
            kind(model, grid, cv=2, error_score="raise").fit(X, BINARY)


@pytest.mark.parametrize("max_stack", [1, 2, 4, None])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_stacks_and_workers_change_nothing(max_stack, n_jobs):
    model = make_pipeline(StandardScaler(), classifier())
    grid = inside("mlpclassifierscratch", GRID)
    settings = {"cv": 2, "refit": False}
    theirs = GridSearchCV(model, grid, **settings).fit(X, BINARY)
    ours = FusedGridSearchCV(
        model, grid, max_stack=max_stack, n_jobs=n_jobs, **settings
    ).fit(X, BINARY)
    assert_same_results(ours.cv_results_, theirs.cv_results_)


def test_randomized():
    space = {
        "alpha": loguniform(1e-5, 1),
        "dropout": uniform(0.1, 0.5),
        "penalty": ["l1", "l2"],
        "hidden_layer_sizes": [(5, 3), (7, 3)],
    }
    settings = {"n_iter": 12, "cv": 3, "random_state": 0}
    theirs = RandomizedSearchCV(classifier(), space, **settings).fit(X, CLASSES)
    ours = FusedRandomizedSearchCV(classifier(), space, **settings).fit(X, CLASSES)
    assert_same_results(ours.cv_results_, theirs.cv_results_)
    assert ours.best_params_ == theirs.best_params_


def test_sparse():
    S = csr_array(np.where(np.abs(X) > 0.7, X, 0))
    grid = {"alpha": [0.01, 1.0], "input_dropout": [0.0, 0.2, 0.4]}
    theirs = GridSearchCV(classifier(), grid, cv=3).fit(S, CLASSES)
    ours = FusedGridSearchCV(classifier(), grid, cv=3).fit(S, CLASSES)
    assert_same_results(ours.cv_results_, theirs.cv_results_)


def test_float32_ranks_alike():
    X32 = X.astype(np.float32)
    grid = {"alpha": [1e-4, 0.1, 1.0, 10.0], "learning_rate_init": [0.001, 0.01]}
    settings = {"cv": 3, "scoring": "neg_log_loss"}
    theirs = GridSearchCV(classifier(), grid, **settings).fit(X32, CLASSES)
    ours = FusedGridSearchCV(classifier(), grid, **settings).fit(X32, CLASSES)
    assert_same_results(ours.cv_results_, theirs.cv_results_, rtol=1e-4)
    ranks = [search.cv_results_["rank_test_score"] for search in (ours, theirs)]
    assert_array_equal(*ranks)


def test_preparation_is_fitted_once_a_fold():
    fits = []

    class Counting(StandardScaler):
        def fit(self, X, y=None, sample_weight=None):
            fits.append(len(X))
            return super().fit(X, y, sample_weight)

    model = Pipeline([("scale", Counting()), ("mlp", classifier())])
    grid = inside("mlp", GRID) | {"scale__with_mean": [True, False]}
    FusedGridSearchCV(model, grid, cv=3, refit=False).fit(X, BINARY)
    assert len(fits) == 3 * 2


def test_a_diverging_candidate_touches_no_other():
    grid = {"learning_rate_init": [0.01, 1e30, 0.02], "alpha": [0.1, 0.2]}
    model = regressor(solver="sgd")
    settings = {"cv": 2, "error_score": -99.0}
    with pytest.warns(match="fits failed"):
        ours = FusedGridSearchCV(model, grid, **settings).fit(X, LINE)
    with pytest.warns(match="fits failed"):
        theirs = GridSearchCV(model, grid, **settings).fit(X, LINE)
    assert_same_results(ours.cv_results_, theirs.cv_results_)
    failed = ours.cv_results_["mean_test_score"] == -99
    rates = ours.cv_results_["param_learning_rate_init"]
    assert_array_equal(failed, rates == 1e30)
    with pytest.raises(ValueError, match=r"diverged|non-finite"):
        FusedGridSearchCV(model, grid, cv=2, error_score="raise").fit(X, LINE)


def test_halving_equals_scikit_learns():
    """A constant rate: going on is the same as starting again for longer."""
    grid = GRID | {"alpha": np.logspace(-4, 1, 7)}
    model = make_pipeline(StandardScaler(), classifier(max_iter=27))
    grid = inside("mlpclassifierscratch", grid)
    settings = {"cv": 3, "factor": 3}
    theirs = HalvingGridSearchCV(
        model,
        grid,
        resource="mlpclassifierscratch__max_iter",
        max_resources=27,
        **settings,
    ).fit(X, CLASSES)
    ours = FusedHalvingSearchCV(model, grid, **settings).fit(X, CLASSES)
    assert_same_results(ours.cv_results_, theirs.cv_results_)
    for name in (
        "n_resources_",
        "n_candidates_",
        "n_remaining_candidates_",
        "n_iterations_",
        "n_possible_iterations_",
        "n_required_iterations_",
        "min_resources_",
        "max_resources_",
        "best_index_",
        "best_params_",
        "best_score_",
    ):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert_array_equal(ours.predict(X), theirs.predict(X))


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_halving_trains_no_epoch_twice(n_jobs):
    model = classifier(max_iter=9, early_stopping=True, n_iter_no_change=3)
    grid = {"alpha": np.logspace(-4, 1, 9), "solver": ["adam", "lbfgs"]}
    search = FusedHalvingSearchCV(
        model, grid, cv=2, factor=3, min_resources="smallest", n_jobs=n_jobs
    ).fit(X, BINARY)
    assert search.n_resources_ == [1, 3, 9]
    assert search.n_candidates_ == [18, 6, 2]
    assert search.cv_results_["mean_fit_time"].shape == (26,)
    assert search.best_estimator_.n_iter_ <= 9


def test_halving_draws_candidates():
    space = {"alpha": loguniform(1e-4, 1), "dropout": uniform(0, 0.5)}
    search = FusedHalvingSearchCV(
        classifier(max_iter=9), space, n_candidates=9, cv=2, random_state=0
    ).fit(X, BINARY)
    assert search.n_candidates_ == [9, 3, 1]
    with pytest.raises(ValueError, match="max_iter"):
        FusedHalvingSearchCV(classifier(), {"max_iter": [3]}).fit(X, BINARY)
    with pytest.raises(ValueError, match="needs an MLP"):
        FusedHalvingSearchCV(Ridge(), {"alpha": [1, 2]}).fit(X, LINE)


def test_halving_without_a_seed(monkeypatch):
    """No row is trained on in one iteration and validated on in the next."""
    splits = []

    def noted(*args):
        splits.append(split_rows(*args))
        return splits[-1]

    monkeypatch.setattr(_base, "split_rows", noted)
    model = classifier(max_iter=9, early_stopping=True, random_state=None)
    grid = {"alpha": np.logspace(-3, 0, 9)}
    cv = KFold(2, shuffle=True, random_state=0)
    search = FusedHalvingSearchCV(model, grid, cv=cv, refit=False).fit(X, CLASSES)
    assert search.n_iterations_ == 3
    distinct = {train.tobytes() for train, _ in splits}
    assert len(splits) > len(distinct) == 2
    assert search.estimator.random_state is None


def test_threads():
    grid = {"alpha": [0.01, 0.1, 1.0], "dropout": [0.0, 0.2]}
    one = FusedGridSearchCV(classifier(), grid, cv=3, refit=False).fit(X, CLASSES)
    with parallel_config(backend="threading", n_jobs=2):
        many = FusedGridSearchCV(classifier(), grid, cv=3, refit=False).fit(X, CLASSES)
    assert_same_results(many.cv_results_, one.cv_results_)


def test_aggressive_elimination():
    grid = {"alpha": np.logspace(-4, 1, 9)}
    settings = {
        "cv": 2,
        "factor": 2,
        "min_resources": 4,
        "aggressive_elimination": True,
    }
    ours = FusedHalvingSearchCV(classifier(), grid, **settings).fit(X, BINARY)
    theirs = HalvingGridSearchCV(
        classifier(), grid, resource="max_iter", max_resources=8, **settings
    ).fit(X, BINARY)
    assert ours.n_resources_ == theirs.n_resources_ == [4, 4, 4, 8]
    assert ours.n_candidates_ == theirs.n_candidates_
    assert_same_results(ours.cv_results_, theirs.cv_results_)


def test_people_use_it():
    """Nested cross-validation, calibration, pickles."""
    model = make_pipeline(StandardScaler(), classifier())
    grid = inside("mlpclassifierscratch", {"alpha": [0.01, 0.1]})
    search = FusedGridSearchCV(model, grid, cv=2)
    nested = cross_val_score(search, X, BINARY, cv=2)
    assert_allclose(
        nested, cross_val_score(GridSearchCV(model, grid, cv=2), X, BINARY, cv=2)
    )
    again = pickle.loads(pickle.dumps(search.fit(X, BINARY)))
    assert_array_equal(again.predict_proba(X), search.predict_proba(X))
    calibrated = CalibratedClassifierCV(search, cv=2).fit(X, BINARY)
    assert calibrated.score(X, BINARY) > 0.5
    assert search.classes_.tolist() == ["no", "yes"]
    assert search.n_features_in_ == 6


def test_data_frames():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abcdef"))
    grid = {"alpha": [0.01, 0.1]}
    ours = FusedGridSearchCV(classifier(), grid, cv=2).fit(frame, pd.Series(BINARY))
    theirs = GridSearchCV(classifier(), grid, cv=2).fit(frame, pd.Series(BINARY))
    assert_same_results(ours.cv_results_, theirs.cv_results_)
    assert ours.feature_names_in_.tolist() == list("abcdef")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", [FusedGridSearchCV, FusedHalvingSearchCV])
def test_scikit_learns_checks(kind):
    model = MLPClassifierScratch(
        (8,), learning_rate_init=0.05, max_iter=60, batch_size=20, random_state=0
    )
    check_estimator(kind(model, {"alpha": [1e-4, 1e-2, 0.1]}, cv=2))


def test_other_estimators_are_fitted_as_ever():
    grid = {"alpha": [0.1, 1.0]}
    X, y = make_regression(60, 4, random_state=0)
    ours = FusedGridSearchCV(Ridge(), grid, cv=KFold(3)).fit(X, y)
    theirs = GridSearchCV(Ridge(), grid, cv=KFold(3)).fit(X, y)
    assert_same_results(ours.cv_results_, theirs.cv_results_)


def test_bad_data_is_reported_as_by_scikit_learn():
    wrong = X.copy()
    wrong[:, 0] = np.nan
    with pytest.raises(ValueError, match="All the 6 fits failed"):
        FusedGridSearchCV(classifier(), {"alpha": [0.1, 0.2]}, cv=3).fit(wrong, BINARY)
    with pytest.raises(ValueError, match="contains NaN"):
        FusedGridSearchCV(
            classifier(), {"alpha": [0.1, 0.2]}, cv=3, error_score="raise"
        ).fit(wrong, BINARY)


def test_multilabel_sparse_target():
    Xm, Ym = make_multilabel_classification(80, 5, n_classes=3, random_state=0)
    grid = {"alpha": [0.01, 0.1], "dropout": [0.1, 0.4]}
    ours = FusedGridSearchCV(classifier(), grid, cv=2).fit(Xm, Ym)
    theirs = GridSearchCV(classifier(), grid, cv=2).fit(Xm, Ym)
    assert_same_results(ours.cv_results_, theirs.cv_results_)
