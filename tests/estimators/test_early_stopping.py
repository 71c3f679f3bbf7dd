"""Early stopping: how long it waits, which epoch is kept."""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import get_scorer, log_loss

from tests import factories
from tests.factories import SOLVERS, WATCHED, held_out_rows, not_converged

classifier = partial(factories.classifier, **WATCHED)
regressor = partial(factories.regressor, **WATCHED)
N_DIGITS = 400


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
@pytest.mark.parametrize("solver", SOLVERS)
@not_converged
def test_the_best_epoch_is_restored(noisy, solver, scoring):
    X, y = noisy
    model = classifier(
        solver=solver, scoring=scoring, max_iter=60, batch_size=30, penalty="l1"
    ).fit(X, y)
    assert 1 < model.best_iter_ < model.n_iter_
    rows = held_out_rows(model, y)
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


@not_converged
def test_warm_start_competes_with_what_it_starts_from(noisy):
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
def test_warm_start_need_not_beat_what_is_no_number(noisy):
    """The score of what it starts from, met once more, is NaN this time."""
    answers = iter([0.5, 0.6, np.nan, 0.3, 0.4])
    model = classifier(
        warm_start=True, max_iter=2, scoring=lambda estimator, X, y: next(answers)
    )
    model.fit(*noisy).fit(*noisy)
    assert model.validation_scores_ == [0.5, 0.6, 0.3, 0.4]
    assert model.best_iter_ == 4 and model.best_validation_score_ == 0.4
