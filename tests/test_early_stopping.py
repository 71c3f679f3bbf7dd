"""Early stopping in the estimators: the split, what is watched, what is kept."""

import copy
import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_digits, make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import (
    accuracy_score,
    get_scorer,
    log_loss,
    make_scorer,
    mean_squared_error,
)

from sknnreg import MLPClassifierScratch, MLPRegressorScratch, _base, _fitting
from sknnreg.engine.optimizers import OPTIMIZERS

not_converged = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer:sklearn.exceptions.ConvergenceWarning",
    "ignore:lbfgs failed:sklearn.exceptions.ConvergenceWarning",
)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:400] / 16, y[:400]


@pytest.fixture(scope="module")
def noisy():
    """Labels of which many are wrong: easy to learn by heart, soon."""
    X, y = make_classification(
        n_samples=300, n_features=10, flip_y=0.3, class_sep=0.5, random_state=0
    )
    return X, y


def classifier(**params):
    defaults = {
        "hidden_layer_sizes": (30,),
        "learning_rate_init": 0.01,
        "early_stopping": True,
        "random_state": 0,
    }
    return MLPClassifierScratch(**defaults | params)


def regressor(**params):
    defaults = {
        "hidden_layer_sizes": (30,),
        "learning_rate_init": 0.01,
        "early_stopping": True,
        "random_state": 0,
    }
    return MLPRegressorScratch(**defaults | params)


@pytest.fixture
def splits(monkeypatch):
    """Each split of rows that is drawn: training and validation rows."""
    original, seen = _base.split_rows, []

    def split_rows(*args):
        seen.append(original(*args))
        return seen[-1]

    monkeypatch.setattr(_base, "split_rows", split_rows)
    return seen


@pytest.fixture
def trained(monkeypatch):
    """The rows of each run of a solver, as its batches have them."""
    original, seen = _fitting.Batches, []

    class Spy(original):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            seen.append(self.rows)

    monkeypatch.setattr(_fitting, "Batches", Spy)
    return seen


# The split


@not_converged
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_split_is_stratified(splits, trained, n_classes, solver):
    # a rare class, of which a plain split of 40 rows would miss its share
    y = np.repeat([0, 1, 2], [320, 60, 20] if n_classes == 3 else [360, 40, 0])
    X = np.random.default_rng(0).normal(size=(400, 5))
    names = np.array(["often", "seldom", "rare"])[y]
    for seed in range(5):
        model = classifier(solver=solver, max_iter=2, random_state=seed)
        model.fit(X, names)
        train, held_out = splits[-1]
        assert_array_equal(np.bincount(y[held_out]), np.bincount(y) // 10)
        assert_array_equal(np.sort(np.r_[train, held_out]), np.arange(400))
        # what is trained on is what was split off
        assert_array_equal(np.sort(trained[-1]), train)
        assert model.t_ == model.n_iter_ * 360
    assert len(splits) == 5
    assert len({tuple(held_out) for _, held_out in splits}) == 5


@not_converged
def test_no_stratification_where_it_has_no_meaning(splits, diabetes):
    X, y = diabetes
    regressor(max_iter=2).fit(X, y)
    regressor(max_iter=2).fit(X, np.column_stack([y, -y]))
    # each row has labels of its own: no class has two members
    Y = np.random.default_rng(0).integers(0, 2, (len(y), 12))
    classifier(max_iter=2).fit(X, Y)
    assert [len(held_out) for _, held_out in splits] == [45, 45, 45]


@not_converged
@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
def test_validation_fraction(splits, digits, fraction):
    X, y = digits
    model = classifier(max_iter=2, validation_fraction=fraction).fit(X, y)
    train, held_out = splits[0]
    assert len(held_out) == fraction * 400
    assert model.t_ == 2 * len(train)


def test_a_class_with_one_member(digits):
    X, y = digits
    y = np.where(np.arange(400) == 7, 10, y)
    with pytest.raises(ValueError, match="least populated class"):
        classifier().fit(X, y)


def test_too_few_rows(diabetes):
    X, y = diabetes
    with pytest.raises(ValueError, match="'validation_fraction'"):
        regressor(validation_fraction=0.001).fit(X, y)


@not_converged
def test_one_split_a_fit(splits, digits):
    classifier(max_iter=30).fit(*digits)
    assert len(splits) == 1


@not_converged
@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize("solver", [*OPTIMIZERS, "lbfgs"])
def test_a_split_is_given_validation_data(splits, digits, solver, as_sparse):
    # the same rows apart give the same training, but for the random streams
    X, y = digits
    w = np.linspace(0.1, 2, 400)
    params = {"solver": solver, "max_iter": 8, "shuffle": False}
    split = classifier(**params).fit(X, y, w)
    train, held_out = splits[0]
    X = sp.csr_array(X) if as_sparse else X
    given = classifier(**params).fit(
        X[train],
        y[train],
        w[train],
        X_val=X[held_out],
        y_val=y[held_out],
        sample_weight_val=w[held_out],
    )
    assert len(splits) == 1
    assert_allclose(given.validation_scores_, split.validation_scores_, rtol=1e-6)
    assert_allclose(given.loss_curve_, split.loss_curve_, rtol=1e-6)
    for a, b in zip(given.coefs_, split.coefs_, strict=True):
        assert_allclose(a, b, atol=1e-6)


@not_converged
@pytest.mark.parametrize("scoring", ["loss", "accuracy", None])
def test_the_split_carries_sample_weights(splits, noisy, scoring):
    X, y = noisy
    w = np.random.default_rng(1).uniform(0.1, 5, len(y))
    model = classifier(scoring=scoring, max_iter=5).fit(X, y, w)
    _, rows = splits[0]
    if scoring == "loss":
        score = -log_loss(y[rows], model.predict_proba(X[rows]), sample_weight=w[rows])
    else:
        score = accuracy_score(y[rows], model.predict(X[rows]), sample_weight=w[rows])
    assert model.best_validation_score_ == pytest.approx(score, rel=1e-6)
    unweighted = accuracy_score(y[rows], model.predict(X[rows]))
    assert abs(score - unweighted) > 1e-3


@not_converged
def test_class_weights_reach_the_validation_loss(splits, noisy):
    X, y = noisy
    weight = {0: 1.0, 1: 5.0}
    model = classifier(class_weight=weight, max_iter=3).fit(X, y)
    _, rows = splits[0]
    w = np.where(y[rows] == 1, 5.0, 1.0)
    loss = log_loss(y[rows], model.predict_proba(X[rows]), sample_weight=w)
    assert model.best_validation_score_ == pytest.approx(-loss, rel=1e-6)


# Validation data that are given


@not_converged
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_given_data_replace_the_split(splits, trained, digits, solver):
    X, y = digits
    model = classifier(solver=solver, max_iter=5)
    model.fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    assert splits == []
    assert_array_equal(np.sort(trained[0]), np.arange(300))
    assert model.t_ == model.n_iter_ * 300
    loss = log_loss(y[300:], model.predict_proba(X[300:]))
    assert model.best_validation_score_ == pytest.approx(-loss, rel=1e-6)


@not_converged
def test_given_weights(diabetes):
    X, y = diabetes
    w = np.linspace(0, 3, 142)
    model = regressor(max_iter=5, alpha=1.0)
    model.fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:], sample_weight_val=w)
    squares = mean_squared_error(y[300:], model.predict(X[300:]), sample_weight=w)
    # the loss of the data, without the penalty
    assert model.best_validation_score_ == pytest.approx(-squares / 2, rel=1e-6)
    with pytest.raises(ValueError, match="non-zero"):
        model.fit(X, y, X_val=X, y_val=y, sample_weight_val=np.zeros(442))


@not_converged
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_without_early_stopping_they_are_only_recorded(digits, solver):
    X, y = digits
    params = {"early_stopping": False, "solver": solver, "max_iter": 8}
    watched = classifier(scoring="accuracy", **params)
    watched.fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    alone = classifier(**params).fit(X[:300], y[:300])
    for a, b in zip(watched.coefs_, alone.coefs_, strict=True):
        assert_array_equal(a, b)
    assert watched.loss_curve_ == alone.loss_curve_
    assert watched.validation_scores_ is None
    assert watched.best_validation_score_ is None
    assert watched.history_["validation_score"][-1] == watched.score(X[300:], y[300:])
    loss = log_loss(y[300:], watched.predict_proba(X[300:]))
    assert watched.history_["validation_loss"][-1] == pytest.approx(loss, rel=1e-6)
    assert len(watched.history_["validation_loss"]) == watched.n_iter_
    assert "validation_loss" not in alone.history_


@not_converged
def test_strings_and_classes_missing_from_validation_data(digits):
    X, y = digits
    names = np.array([f"digit {i}" for i in range(10)])[y]
    few = np.isin(y[300:], [3, 5])
    model = classifier(max_iter=5, scoring="accuracy")
    model.fit(X[:300], names[:300], X_val=X[300:][few], y_val=names[300:][few])
    assert model.best_validation_score_ == max(model.validation_scores_)
    model.set_params(scoring="loss", class_weight="balanced")
    model.fit(X[:300], names[:300], X_val=X[300:][few], y_val=names[300:][few])
    assert np.isfinite(model.validation_scores_).all()


# Patience, and the epoch that is kept


@pytest.mark.parametrize("patience", [1, 2, 5, 13])
@pytest.mark.parametrize("scoring", ["loss", "accuracy"])
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_patience_is_exact(noisy, solver, scoring, patience):
    X, y = noisy
    model = classifier(
        solver=solver,
        scoring=scoring,
        n_iter_no_change=patience,
        tol=0 if solver != "lbfgs" else 1e-8,
        max_iter=500,
        batch_size=30,
    ).fit(X, y)
    scores = np.array(model.validation_scores_)
    assert len(scores) == model.n_iter_ < 500
    # the first of the best: a score as good is no progress
    assert model.best_iter_ == 1 + scores.argmax()
    assert model.best_validation_score_ == scores.max()
    assert model.n_iter_ - model.best_iter_ == patience
    assert model.best_loss_ is None


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_tol_is_the_progress_that_counts(noisy, solver):
    X, y = noisy
    tol, patience = 0.02, 4
    model = classifier(
        solver=solver,
        tol=tol,
        n_iter_no_change=patience,
        max_iter=500,
        init="he_uniform",  # far enough from the solution for lbfgs to run on
    ).fit(X, y)
    # as the definition has it, one epoch after the other
    best, waited = -np.inf, 0
    for epoch, score in enumerate(model.validation_scores_, 1):
        waited = 0 if score > best + tol else waited + 1
        best = max(best, score)
        assert (waited == patience) == (epoch == model.n_iter_)
    assert model.best_validation_score_ == best
    assert model.best_iter_ == 1 + np.argmax(model.validation_scores_)


@not_converged
def test_infinite_patience(noisy):
    X, y = noisy
    model = classifier(n_iter_no_change=np.inf, max_iter=60).fit(X, y)
    assert model.n_iter_ == 60
    assert model.best_iter_ < 50


@pytest.mark.parametrize("scoring", ["loss", "accuracy", "roc_auc", None])
@pytest.mark.parametrize("solver", [*OPTIMIZERS, "lbfgs"])
@not_converged
def test_the_best_epoch_is_restored(splits, noisy, solver, scoring):
    X, y = noisy
    model = classifier(
        solver=solver, scoring=scoring, max_iter=60, batch_size=30, penalty="l1"
    ).fit(X, y)
    assert 1 < model.best_iter_ < model.n_iter_
    _, rows = splits[0]
    score = {
        "loss": lambda: -log_loss(y[rows], model.predict_proba(X[rows])),
        "roc_auc": lambda: get_scorer("roc_auc")(model, X[rows], y[rows]),
    }.get(scoring, lambda: model.score(X[rows], y[rows]))()
    assert model.best_validation_score_ == pytest.approx(score, rel=1e-6)
    assert model.best_validation_score_ == max(model.validation_scores_)
    # the norms in the history are those after each epoch
    for i, W in enumerate(model.coefs_):
        norm = model.history_[f"weight_norm_{i}"][model.best_iter_ - 1]
        assert np.linalg.norm(W) == pytest.approx(norm)


@not_converged
def test_the_best_epoch_is_a_shorter_training(noisy):
    # n epochs whose best is the last: the rest changes nothing
    X, y = noisy
    long = classifier(max_iter=60, dropout=0.2).fit(X, y)
    short = classifier(max_iter=long.best_iter_, dropout=0.2).fit(X, y)
    for a, b in zip(long.coefs_, short.coefs_, strict=True):
        assert_array_equal(a, b)
    assert long.loss_ == short.loss_


def test_it_stops_before_it_learns_by_heart(noisy):
    X, y = noisy
    X, X_test, y, y_test = X[:200], X[200:], y[:200], y[200:]
    model = classifier(max_iter=400, tol=0).fit(X, y)
    with pytest.warns(ConvergenceWarning):
        late = classifier(
            max_iter=400, early_stopping=False, n_iter_no_change=1000
        ).fit(X, y)
    assert model.n_iter_ < 200
    early, late = (log_loss(y_test, m.predict_proba(X_test)) for m in (model, late))
    assert early < 0.5 * late


@not_converged
def test_adaptive_rate_under_early_stopping(noisy):
    X, y = noisy
    model = classifier(
        solver="sgd",
        learning_rate="adaptive",
        learning_rate_init=0.1,
        n_iter_no_change=3,
        max_iter=300,
    ).fit(X, y)
    rate = np.array(model.history_["learning_rate"])
    drops = np.flatnonzero(np.diff(rate))
    assert len(drops) >= 2
    assert_allclose(rate[drops + 1], rate[drops] / 5)
    assert model.best_validation_score_ == max(model.validation_scores_)


# What is watched


@not_converged
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "scoring", ["accuracy", "neg_log_loss", "balanced_accuracy", "roc_auc_ovr", None]
)
def test_scorers_of_a_classifier(splits, digits, scoring, weighted):
    X, y = digits
    w = np.linspace(0.1, 2, 400) if weighted else None
    model = classifier(scoring=scoring, max_iter=10).fit(X, y, w)
    _, rows = splits[0]
    arguments = {"sample_weight": w[rows]} if weighted else {}
    if scoring is None:
        score = model.score(X[rows], y[rows], **arguments)
    else:
        score = get_scorer(scoring)(model, X[rows], y[rows], **arguments)
    assert model.best_validation_score_ == pytest.approx(score, rel=1e-6)


@not_converged
@pytest.mark.parametrize("scoring", ["r2", "neg_mean_absolute_error", None])
@pytest.mark.parametrize("outputs", [1, 3])
def test_scorers_of_a_regressor(splits, diabetes, scoring, outputs):
    X, y = diabetes
    y = y if outputs == 1 else np.column_stack([y, -y, y**2])
    model = regressor(scoring=scoring, max_iter=10).fit(X, y)
    _, rows = splits[0]
    score = get_scorer(scoring or "r2")(model, X[rows], y[rows])
    assert model.best_validation_score_ == pytest.approx(score, rel=1e-6)


@not_converged
def test_a_callable_gets_what_the_user_gave(splits, digits):
    X, y = digits
    names = np.array([f"digit {i}" for i in range(10)])[y]
    w = np.linspace(0.1, 2, 400)
    seen = []

    def plain(estimator, X, y):
        seen.append((X, y))
        return (estimator.predict(X) == y).mean()

    def with_weight(estimator, X, y, sample_weight=None):
        seen.append((X, y, sample_weight))
        return np.average(estimator.predict(X) == y, weights=sample_weight)

    model = classifier(scoring=plain, max_iter=4).fit(X, names, w)
    _, rows = splits[0]
    assert len(seen) == 4
    assert_array_equal(seen[0][0], X[rows])
    assert_array_equal(seen[0][1], names[rows])
    assert model.best_validation_score_ == model.score(X[rows], names[rows])
    model = classifier(scoring=with_weight, max_iter=4).fit(X, names, w)
    assert_array_equal(seen[-1][2], w[rows])
    score = model.score(X[rows], names[rows], w[rows])
    assert model.best_validation_score_ == pytest.approx(score)
    classifier(scoring=with_weight, max_iter=4).fit(X, names)
    assert seen[-1][2] is None


@not_converged
def test_a_scorer_made_by_make_scorer(splits, diabetes):
    X, y = diabetes
    worst = make_scorer(lambda y, p: np.abs(y - p).max(), greater_is_better=False)
    model = regressor(scoring=worst, max_iter=10).fit(X, y)
    _, rows = splits[0]
    expected = -np.abs(y[rows] - model.predict(X[rows])).max()
    assert model.best_validation_score_ == pytest.approx(expected)


@not_converged
def test_the_scored_estimator_is_that_of_its_epoch(diabetes):
    # a scorer that keeps what it sees, and changes nothing in the end
    X, y = diabetes
    norms = []

    def norm(estimator, X, y):
        norms.append([np.linalg.norm(W) for W in estimator.coefs_])
        return -len(norms)

    model = regressor(scoring=norm, max_iter=5).fit(X, y)
    columns = [model.history_[f"weight_norm_{i}"] for i in range(2)]
    assert_allclose(norms, np.transpose(columns))
    assert model.best_iter_ == 1
    assert not np.allclose(norms[0], norms[-1])


# A score that is no number


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_score_that_is_not_finite_stops(noisy, value, solver):
    X, y = noisy
    scores = [0.1, 0.3, 0.2, value, 0.9, 0.9, 0.9]

    def scorer(estimator, X, y):
        return scores[len(calls) - 1] if not calls.append(1) else None

    calls = []
    with pytest.warns(ConvergenceWarning, match=r"(?s)score.*epoch 2 are kept"):
        model = classifier(scoring=scorer, solver=solver, max_iter=7).fit(X, y)
    assert model.n_iter_ == 4
    assert_array_equal(model.validation_scores_, [0.1, 0.3, 0.2, np.nan])
    assert model.best_iter_ == 2
    assert model.best_validation_score_ == 0.3
    assert model.loss_ == model.loss_curve_[1]
    norm = model.history_["weight_norm_0"][1]
    assert np.linalg.norm(model.coefs_[0]) == pytest.approx(norm)


def test_a_first_score_that_is_not_finite(noisy):
    X, y = noisy
    # it is the score that is at fault, and the message must say so
    with pytest.raises(ValueError, match="score"):
        classifier(scoring=lambda estimator, X, y: np.nan).fit(X, y)


def test_divergence_under_early_stopping(diabetes):
    X, y = diabetes
    model = regressor(
        # of the 442 rows that many are left to train on
        solver="sgd",
        learning_rate_init=0.5,
        batch_size=397,
        n_iter_no_change=100,
    )
    with pytest.warns(ConvergenceWarning, match="diverged"):
        model.fit(X, y)
    assert model.n_iter_ < 50
    assert np.isfinite(model.predict(X)).all()
    assert np.isfinite(model.best_validation_score_)
    assert model.best_validation_score_ == np.nanmax(model.validation_scores_)


@pytest.mark.parametrize("scoring", ["r2", "neg_mean_absolute_error", None])
def test_scikit_learn_metrics_and_predictions_not_finite(scoring):
    # metrics raise for infinite predictions: to the user that must be a divergence
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 3))
    y = rng.poisson(np.exp(X[:, 0]))
    model = regressor(
        loss="poisson",
        hidden_layer_sizes=(),
        solver="sgd",
        learning_rate_init=1.0,
        batch_size=90,
        scoring=scoring,
    )
    with pytest.warns(ConvergenceWarning, match="diverged"):
        model.fit(X, y)
    assert model.history_["validation_loss"][-1] == np.inf
    assert np.isfinite(model.predict(X)).all()


# Warm starts


@not_converged
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
@pytest.mark.parametrize("random_state", [0, None, "instance"])
def test_warm_start_leaks_no_validation_row(
    splits, trained, digits, solver, random_state
):
    if random_state == "instance":
        random_state = np.random.RandomState(0)
    X, y = digits
    model = classifier(
        solver=solver, warm_start=True, max_iter=3, random_state=random_state
    )
    for _ in range(3):
        model.fit(X, y)
    held_out = [set(rows) for _, rows in splits]
    assert held_out[0] == held_out[1] == held_out[2]
    for rows in trained:
        assert not held_out[0] & set(rows)
    assert len(trained) == 3


@not_converged
def test_warm_start_after_a_copy(splits, digits):
    X, y = digits
    model = classifier(warm_start=True, max_iter=3, random_state=None).fit(X, y)
    copy.deepcopy(model).fit(X, y)
    pickle.loads(pickle.dumps(model)).fit(X, y)
    for _, held_out in splits[1:]:
        assert_array_equal(held_out, splits[0][1])


@not_converged
def test_warm_start_competes_with_what_it_starts_from(splits, noisy):
    X, y = noisy
    model = classifier(warm_start=True, scoring="loss", tol=0, max_iter=500)
    model.fit(X, y)
    first = [W.copy() for W in model.coefs_]
    best = model.best_validation_score_
    # a rate so large that no epoch is better
    model.set_params(learning_rate_init=3.0, n_iter_no_change=4).fit(X, y)
    assert model.n_iter_ == 4
    assert model.best_validation_score_ == pytest.approx(best)
    for a, b in zip(model.coefs_, first, strict=True):
        assert_array_equal(a, b)
    assert model.best_iter_ < len(model.loss_curve_) - 4


@not_converged
def test_warm_start_goes_on_where_it_was_better(noisy):
    X, y = noisy
    model = classifier(warm_start=True, max_iter=2, learning_rate_init=0.003)
    model.fit(X, y)
    assert model.best_iter_ == 2
    before = model.best_validation_score_
    model.fit(X, y)
    assert model.best_iter_ == 4
    assert model.best_validation_score_ > before
    assert len(model.validation_scores_) == 4


@not_converged
def test_warm_start_with_given_data(splits, digits):
    X, y = digits
    model = classifier(warm_start=True, max_iter=3)
    for _ in range(2):
        model.fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    assert splits == []
    assert len(model.validation_scores_) == 6


@not_converged
def test_a_new_fit_draws_a_new_split(splits, digits):
    X, y = digits
    model = classifier(max_iter=2, random_state=np.random.RandomState(0))
    model.fit(X, y).fit(X, y)
    assert set(splits[0][1]) != set(splits[1][1])
    model.set_params(random_state=3).fit(X, y).fit(X, y)
    assert_array_equal(splits[2][1], splits[3][1])


# Interruption


def test_interruption_restores_the_best_epoch(splits, noisy, monkeypatch):
    X, y = noisy
    scores = iter([0.1, 0.5, 0.2, 0.3])

    def scorer(estimator, X, y):
        try:
            return next(scores)
        except StopIteration:
            raise KeyboardInterrupt from None

    with pytest.warns(UserWarning, match="interrupted by user"):
        model = classifier(scoring=scorer).fit(X, y)
    assert model.best_iter_ == 2
    assert model.best_validation_score_ == 0.5
    assert model.validation_scores_ == [0.1, 0.5, 0.2, 0.3]
    assert model.n_iter_ == 4
    norm = model.history_["weight_norm_0"][1]
    assert np.linalg.norm(model.coefs_[0]) == pytest.approx(norm)
