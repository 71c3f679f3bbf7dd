"""Fused searches on data and candidates of all kinds."""

import pickle
import re
import warnings
from inspect import signature
from time import perf_counter, sleep

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array, csr_matrix
from scipy.stats import loguniform, uniform
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_multilabel_classification, make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    RandomizedSearchCV,
    cross_val_score,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from sknnreg import MLPClassifierScratch, MLPRegressorScratch
from sknnreg.engine.penalties import L2, PENALTIES
from sknnreg.model_selection import (
    FusedGridSearchCV,
    FusedHalvingSearchCV,
    FusedRandomizedSearchCV,
)
from tests.factories import however_it_ends
from tests.model_selection.factories import (
    BINARY,
    CLASSES,
    GRID,
    LINE,
    X,
    assert_same_results,
    classifier,
    groups_of,
    inside,
    regressor,
)

pytestmark = however_it_ends


THEIRS = {
    FusedGridSearchCV: GridSearchCV,
    FusedRandomizedSearchCV: RandomizedSearchCV,
    FusedHalvingSearchCV: HalvingGridSearchCV,
}


@pytest.mark.parametrize("kind", THEIRS)
def test_defaults_are_scikit_learn_s_and_said(kind):
    """But of max_resources and min_resources, which count epochs here."""
    theirs = signature(THEIRS[kind]).parameters
    said = dict(re.findall(r"^    (\w+) : .*, default=(.*)$", kind.__doc__, re.M))
    for name, parameter in signature(kind).parameters.items():
        if parameter.default is parameter.empty:
            assert name not in said
            continue
        assert said[name].strip('"') == str(parameter.default)
        if name in theirs and "resources" not in name:
            assert str(parameter.default) == str(theirs[name].default)


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


@pytest.mark.parametrize("around", ["nothing", "pipeline"])
def test_times_are_parts_of_the_whole(around):
    """A candidate's is its share of its stack's, and of what is around it."""
    model, grid = classifier(), {"alpha": [0.01, 0.1, 1.0]}
    if around == "pipeline":
        model, grid = Pipeline([("slow", Slow()), ("mlp", model)]), inside("mlp", grid)
    begin = perf_counter()
    search = FusedGridSearchCV(model, grid, cv=2).fit(X, BINARY)
    seconds = perf_counter() - begin
    times = [search.cv_results_[f"mean_{name}_time"] for name in ("fit", "score")]
    assert search.refit_time_ > 0
    assert 2 * np.sum(times) + search.refit_time_ < seconds
    assert np.ptp(times[0]) < 1e-9 < times[0].min()
    if around == "pipeline":  # fitted once a fold
        assert times[0].sum() > Slow.seconds


class Slow(StandardScaler):
    """Takes its time."""

    seconds = 0.05

    def fit(self, X, y=None, sample_weight=None):
        sleep(self.seconds)
        return super().fit(X, y, sample_weight)


def test_threads():
    grid = {"alpha": [0.01, 0.1, 1.0], "dropout": [0.0, 0.2]}
    one = FusedGridSearchCV(classifier(), grid, cv=3, refit=False).fit(X, CLASSES)
    with parallel_config(backend="threading", n_jobs=2):
        many = FusedGridSearchCV(classifier(), grid, cv=3, refit=False).fit(X, CLASSES)
    assert_same_results(many.cv_results_, one.cv_results_)


def test_sparse():
    S = csr_array(np.where(np.abs(X) > 0.7, X, 0))
    grid = {"alpha": [0.01, 1.0], "input_dropout": [0.0, 0.2, 0.4]}
    theirs = GridSearchCV(classifier(), grid, cv=3).fit(S, CLASSES)
    ours = FusedGridSearchCV(classifier(), grid, cv=3).fit(S, CLASSES)
    assert_same_results(ours.cv_results_, theirs.cv_results_)


def test_data_frames():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abcdef"))
    grid = {"alpha": [0.01, 0.1]}
    ours = FusedGridSearchCV(classifier(), grid, cv=2).fit(frame, pd.Series(BINARY))
    theirs = GridSearchCV(classifier(), grid, cv=2).fit(frame, pd.Series(BINARY))
    assert_same_results(ours.cv_results_, theirs.cv_results_)
    assert ours.feature_names_in_.tolist() == list("abcdef")


def test_multilabel_sparse_target():
    Xm, Ym = make_multilabel_classification(80, 5, n_classes=3, random_state=0)
    Ym = csr_matrix(Ym)
    grid = {"alpha": [0.01, 0.1], "dropout": [0.1, 0.4]}
    ours = FusedGridSearchCV(classifier(), grid, cv=2).fit(Xm, Ym)
    theirs = GridSearchCV(classifier(), grid, cv=2).fit(Xm, Ym)
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


def test_other_estimators_are_fitted_as_ever():
    grid = {"alpha": [0.1, 1.0]}
    X, y = make_regression(60, 4, random_state=0)
    ours = FusedGridSearchCV(Ridge(), grid, cv=KFold(3)).fit(X, y)
    theirs = GridSearchCV(Ridge(), grid, cv=KFold(3)).fit(X, y)
    assert_same_results(ours.cv_results_, theirs.cv_results_)


@pytest.mark.parametrize("kind", [FusedGridSearchCV, GridSearchCV])
def test_what_is_tried_is_validated(kind):
    search = kind(LogisticRegression(), {"tol": [-1.0]}, cv=2, error_score="raise")
    with pytest.raises(ValueError, match="'tol' parameter of LogisticRegression"):
        search.fit(X, BINARY)


@pytest.mark.parametrize("kind", [FusedGridSearchCV, GridSearchCV])
def test_of_several_numbers_of_a_callable_one_must_be_named(kind):
    def both(estimator, X, y):
        return {"a": estimator.score(X, y), "b": 0.5}

    search = kind(classifier(), {"alpha": [0.1, 0.2]}, cv=2, scoring=both)
    with pytest.raises(ValueError, match="refit"):
        search.fit(X, BINARY)
    assert search.set_params(refit="b").fit(X, BINARY).best_score_ == 0.5


def test_bad_data_is_reported_as_by_scikit_learn():
    wrong = X.copy()
    wrong[:, 0] = np.nan
    with pytest.raises(ValueError, match="All the 6 fits failed"):
        FusedGridSearchCV(classifier(), {"alpha": [0.1, 0.2]}, cv=3).fit(wrong, BINARY)
    with pytest.raises(ValueError, match="contains NaN"):
        FusedGridSearchCV(
            classifier(), {"alpha": [0.1, 0.2]}, cv=3, error_score="raise"
        ).fit(wrong, BINARY)


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


class BreaksInStacks(L2):
    """A penalty with a mistake that shows where several models are trained."""

    def value_and_gradient(self, w, grad):
        if len(w) > 1:
            raise IndexError("a mistake in the code")
        return super().value_and_gradient(w, grad)


@pytest.mark.parametrize("around", ["nothing", "pipeline"])
def test_a_mistake_in_the_code_is_no_score(monkeypatch, around):
    """As in GridSearchCV: it is raised, or every score is missing and it is told."""
    monkeypatch.setitem(PENALTIES, "breaks", BreaksInStacks)
    model, grid = regressor(penalty="breaks"), {"alpha": [0.1, 0.2]}
    if around == "pipeline":
        model, grid = Pipeline([("mlp", model)]), inside("mlp", grid)
    for kind in (FusedGridSearchCV, FusedHalvingSearchCV):
        with pytest.raises(IndexError, match="a mistake in the code"):
            kind(model, grid, cv=2, error_score="raise").fit(X, LINE)
        with pytest.raises(ValueError, match=r"(?s)fits failed.*a mistake in the code"):
            kind(model, grid, cv=2).fit(X, LINE)


class FailsOnce(StandardScaler):
    """A transformer that does not like one of the folds."""

    def fit(self, X, y=None, sample_weight=None):
        if X[0, 0] == FailsOnce.disliked:
            raise RuntimeError("not these rows")
        return super().fit(X, y, sample_weight)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_a_step_that_fails_on_one_fold():
    FailsOnce.disliked = X[0, 0]
    model = Pipeline([("scale", FailsOnce()), ("mlp", regressor())])
    grid = inside("mlp", {"alpha": [0.1, 0.2]})
    settings = {"cv": KFold(3), "refit": False}
    ours = FusedGridSearchCV(model, grid, **settings).fit(X, LINE)
    theirs = GridSearchCV(model, grid, **settings).fit(X, LINE)
    assert_same_results(ours.cv_results_, theirs.cv_results_)
    for fold, failed in enumerate([False, True, True]):
        scores = ours.cv_results_[f"split{fold}_test_score"]
        assert (np.isnan(scores) == failed).all()
    with pytest.raises(RuntimeError, match="not these rows"):
        FusedGridSearchCV(model, grid, error_score="raise", **settings).fit(X, LINE)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", [FusedGridSearchCV, FusedHalvingSearchCV])
def test_scikit_learns_checks(kind):
    model = MLPClassifierScratch(
        (8,), learning_rate_init=0.05, max_iter=60, batch_size=20, random_state=0
    )
    check_estimator(kind(model, {"alpha": [1e-4, 1e-2, 0.1]}, cv=2))


class Forgetful(KFold):
    """Splits of which it gives fewer than it says."""

    def split(self, X, y=None, groups=None):
        yield from list(super().split(X, y, groups))[1:]


def test_splits_must_be_as_many_as_are_said():
    search = FusedGridSearchCV(regressor(), {"alpha": [0.1]}, cv=Forgetful(3))
    with pytest.raises(ValueError, match=r"inconsistent results.* 3 .*2"):
        search.fit(X, LINE)


class Wider(MLPClassifierScratch):
    """A subclass with a hyperparameter of its own."""

    def __init__(self, hidden_layer_sizes=(3,), *, units=3, random_state=0):
        super().__init__(hidden_layer_sizes, max_iter=5, random_state=random_state)
        self.units = units


class Constant(MLPRegressorScratch):
    """A subclass that fits in its own way."""

    def fit(self, X, y, **params):
        return super().fit(X, 0 * y, **params)


@pytest.mark.parametrize(
    ("model", "grid", "y"),
    [
        (Wider(), {"units": [2, 3], "random_state": [0, 1]}, BINARY),
        (Constant(max_iter=5, random_state=0), {"alpha": [0.1, 0.2]}, LINE),
    ],
)
def test_subclasses(model, grid, y):
    theirs = GridSearchCV(model, grid, cv=2).fit(X, y)
    ours = FusedGridSearchCV(model, grid, cv=2).fit(X, y)
    assert_same_results(ours.cv_results_, theirs.cv_results_)


class Shifted:
    """A scorer that is an object: each clone has one of its own."""

    def __init__(self, shift):
        self.shift = shift

    def __call__(self, estimator, X, y):
        return estimator.score(X, y) + self.shift


def test_objects_are_compared_by_what_they_hold():
    model = classifier(early_stopping=True)
    same = [{"scoring": Shifted(1), "alpha": alpha} for alpha in (0.1, 0.2)]
    groups, alone = groups_of(model, [*same, {"scoring": Shifted(2), "alpha": 0.1}])
    assert [len(group.candidates) for group in groups] == [2, 1]
    assert not alone

    class Local(Shifted):
        """What is in a function cannot be pickled, nor compared."""

    own = [{"scoring": Local(1), "alpha": alpha} for alpha in (0.1, 0.2)]
    groups, _ = groups_of(model, own)
    assert len(groups) == 2
    scorer = make_scorer(f1_score, pos_label="yes")
    groups, _ = groups_of(model.set_params(scoring=scorer), [{"alpha": 1}] * 3)
    assert [len(group.candidates) for group in groups] == [3]


def test_a_warning_that_is_an_error_is_its_candidates():
    """Of two in a stack one stops in time, the other would warn."""
    model = regressor(max_iter=20, n_iter_no_change=3)
    grid = {"learning_rate_init": [1e-9, 1e-2]}
    settings = {"cv": 2, "refit": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", ConvergenceWarning)
        ours = FusedGridSearchCV(model, grid, **settings).fit(X, LINE)
        theirs = GridSearchCV(model, grid, **settings).fit(X, LINE)
    assert_same_results(ours.cv_results_, theirs.cv_results_)
    assert np.isnan(ours.cv_results_["mean_test_score"]).tolist() == [False, True]
