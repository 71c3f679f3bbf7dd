"""Successive halving that goes on where training was."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import loguniform, uniform
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import Ridge
from sklearn.model_selection import HalvingGridSearchCV, KFold, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg.model_selection import FusedHalvingSearchCV
from tests.factories import Recorder, however_it_ends, numbered_rows
from tests.model_selection.factories import (
    BINARY,
    CLASSES,
    GRID,
    LINE,
    X,
    assert_same_results,
    classifier,
    inside,
)

pytestmark = however_it_ends

#: attributes that say how the iterations were planned
PLAN = (
    "n_resources_",
    "n_candidates_",
    "n_remaining_candidates_",
    "n_iterations_",
    "n_possible_iterations_",
    "n_required_iterations_",
    "min_resources_",
    "max_resources_",
)


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
    for name in (*PLAN, "best_index_", "best_params_", "best_score_"):
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


def test_halving_without_a_seed():
    """No row is trained on in one iteration and validated on in the next."""
    recorder = Recorder()
    model = classifier(
        max_iter=9, early_stopping=True, scoring=recorder, random_state=None
    )
    grid = {"alpha": np.logspace(-3, 0, 9)}
    cv = KFold(2, shuffle=True, random_state=0)
    search = FusedHalvingSearchCV(model, grid, cv=cv, refit=False)
    search.fit(numbered_rows(len(X)), CLASSES)
    assert search.n_iterations_ == 3
    # one split a fold, whatever the iteration
    distinct = {tuple(rows) for rows in recorder.rows}
    assert len(recorder.rows) > len(distinct) == 2
    assert search.estimator.random_state is None


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


def watched_but(guilty):
    """A scorer for early stopping that fails for one candidate only."""

    def score(estimator, X, y):
        if estimator.alpha == guilty:
            raise RuntimeError("no score for this one")
        return estimator.score(X, y)

    return score  # clones share a function: the candidates are one stack


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
@pytest.mark.parametrize("around", ["nothing", "pipeline"])
def test_a_failing_candidate_takes_no_other_along(around):
    """The others are trained for the epochs of each iteration, and stay in the race."""
    trained = []

    def score(estimator, X, y):
        mlp = estimator if around == "nothing" else estimator["mlp"]
        trained.append((mlp.alpha, mlp.n_iter_))
        return estimator.score(X, y)

    alphas = np.logspace(-4, 1, 9)
    model = classifier(
        max_iter=9,
        early_stopping=True,
        scoring=watched_but(alphas[3]),
        n_iter_no_change=100,
    )
    grid = {"alpha": alphas}
    if around == "pipeline":
        model, grid = Pipeline([("mlp", model)]), inside("mlp", grid)
    search = FusedHalvingSearchCV(
        model, grid, cv=2, scoring=score, refit=False, return_train_score=False
    ).fit(X, BINARY)
    results = search.cv_results_
    assert search.n_resources_ == [1, 3, 9]
    for n_epochs, n_candidates in zip([1, 3, 9], [9, 3, 1], strict=True):
        expected = 2 * (n_candidates - (n_epochs == 1))  # all but the guilty one
        assert sum(n == n_epochs for _, n in trained) == expected
    failed = np.isnan(results["mean_test_score"])
    param = "param_alpha" if around == "nothing" else "param_mlp__alpha"
    assert_array_equal(results[param][failed], [alphas[3]])


def test_the_failing_candidates_own_error_is_raised():
    model = classifier(max_iter=9, early_stopping=True, scoring=watched_but(0.1))
    search = FusedHalvingSearchCV(
        model, {"alpha": [0.01, 0.1, 1.0]}, cv=2, error_score="raise"
    )
    with pytest.raises(RuntimeError, match="no score for this one"):
        search.fit(X, BINARY)


@pytest.mark.parametrize("max_stack", [1, None])
def test_steps_are_counted_once(max_stack):
    """Survivors go on: nine epochs are trained in all, whoever is in the stack."""
    steps = []

    def rate(step):
        steps.append(step)
        return 0.01

    model = classifier(max_iter=9, learning_rate=rate)
    search = FusedHalvingSearchCV(
        model,
        {"alpha": np.logspace(-4, 1, 9)},
        cv=KFold(2),
        min_resources="smallest",
        refit=False,
        max_stack=max_stack,
    ).fit(X, BINARY)
    assert search.n_resources_ == [1, 3, 9]
    batches = 2 * -(-60 // 16)
    epochs = 1 + 2 + 6 if max_stack is None else 9 * 1 + 3 * 2 + 1 * 6
    assert len(steps) == batches * epochs


def test_the_network_itself_as_a_candidate():
    """Its schedule is that of the last iteration too."""
    model = Pipeline([("mlp", classifier(max_iter=1))])
    settings = {"cv": 2, "max_resources": 9, "refit": False, "factor": 3}
    networks = [
        classifier(learning_rate="cosine", alpha=alpha) for alpha in (0.01, 0.1, 1.0)
    ]
    swapped = FusedHalvingSearchCV(model, {"mlp": networks}, **settings).fit(X, BINARY)
    model.set_params(mlp__learning_rate="cosine")
    grid = {"mlp__alpha": [0.01, 0.1, 1.0]}
    plain = FusedHalvingSearchCV(model, grid, **settings).fit(X, BINARY)
    assert_array_equal(
        swapped.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"]
    )


class Immediate(ClassifierMixin, BaseEstimator):
    """Has the hyperparameters of a network, and nothing to train."""

    def __init__(self, alpha=1.0, max_iter=1):
        self.alpha, self.max_iter = alpha, max_iter

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


@pytest.mark.parametrize(
    ("n", "epochs", "options"),
    [
        (27, 5, {"min_resources": "exhaust"}),  # no power of 3, and less than 27
        (9, 20, {"min_resources": "exhaust", "factor": 2}),
        (9, 20, {"min_resources": 3, "factor": 2.5}),
        (4, 30, {"min_resources": "smallest"}),  # more epochs than candidates
        (10, 4, {"min_resources": "smallest", "aggressive_elimination": True}),
    ],
)
def test_iterations_are_planned_as_by_scikit_learn(n, epochs, options):
    grid, rows = {"alpha": np.logspace(-4, 0, n)}, slice(0, 40)
    settings = {"cv": 2, "max_resources": epochs, "refit": False} | options
    theirs = HalvingGridSearchCV(Immediate(), grid, resource="max_iter", **settings)
    ours = FusedHalvingSearchCV(classifier(), grid, **settings)
    for search in (theirs, ours):
        search.fit(X[rows], BINARY[rows])
    for name in PLAN:
        assert getattr(ours, name) == getattr(theirs, name), name


def test_schedules_are_those_of_the_last_iteration():
    """Of a network of that many epochs, whatever iterations it went through."""
    model = classifier(max_iter=9, learning_rate="cosine", learning_rate_init=0.05)
    search = FusedHalvingSearchCV(
        model, {"alpha": [0.01, 0.1, 1.0]}, cv=2, scoring="neg_log_loss"
    ).fit(X, CLASSES)
    assert search.n_resources_ == [3, 9]
    model.set_params(alpha=search.best_params_["alpha"])
    scores = cross_val_score(model, X, CLASSES, cv=2, scoring="neg_log_loss")
    assert_allclose(search.best_score_, scores.mean(), rtol=1e-9)


def test_the_resource_is_no_hyperparameter_in_any_part_of_a_grid():
    grid = [{"alpha": [0.1, 1.0]}, {"max_iter": [3]}]
    with pytest.raises(ValueError, match="Cannot search over max_iter"):
        FusedHalvingSearchCV(classifier(), grid).fit(X, BINARY)


@pytest.mark.parametrize(
    ("min_resources", "plan"), [("auto", [3, 9, 27]), ("exhaust", [1, 3, 9, 27])]
)
def test_the_first_iteration_is_long_enough_to_see_overfitting(min_resources, plan):
    grid = {"alpha": np.logspace(-4, 0, 27)}
    search = FusedHalvingSearchCV(
        classifier(max_iter=27), grid, cv=2, refit=False, min_resources=min_resources
    ).fit(X[:40], BINARY[:40])
    assert search.n_resources_ == plan
    assert search.n_candidates_ == [27, 9, 3, 1][: len(plan)]
