"""What is watched under early stopping: the loss, a metric, a callable."""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import get_scorer, make_scorer

from tests import factories
from tests.factories import WATCHED, held_out_rows, not_converged

classifier = partial(factories.classifier, **WATCHED)
regressor = partial(factories.regressor, **WATCHED)
N_DIGITS = 400


@not_converged
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "scoring", ["accuracy", "neg_log_loss", "balanced_accuracy", "roc_auc_ovr", None]
)
def test_scorers_of_a_classifier(digits, scoring, weighted):
    X, y = digits
    w = np.linspace(0.1, 2, 400) if weighted else None
    model = classifier(scoring=scoring, max_iter=10).fit(X, y, w)
    rows = held_out_rows(model, y)
    arguments = {"sample_weight": w[rows]} if weighted else {}
    if scoring is None:
        score = model.score(X[rows], y[rows], **arguments)
    else:
        score = get_scorer(scoring)(model, X[rows], y[rows], **arguments)
    assert model.best_validation_score_ == pytest.approx(score, rel=1e-6)


@not_converged
@pytest.mark.parametrize("scoring", ["r2", "neg_mean_absolute_error", None])
@pytest.mark.parametrize("outputs", [1, 3])
def test_scorers_of_a_regressor(diabetes, scoring, outputs):
    X, y = diabetes
    y = y if outputs == 1 else np.column_stack([y, -y, y**2])
    model = regressor(scoring=scoring, max_iter=10).fit(X, y)
    rows = held_out_rows(model, y)
    score = get_scorer(scoring or "r2")(model, X[rows], y[rows])
    assert model.best_validation_score_ == pytest.approx(score, rel=1e-6)


@not_converged
def test_a_callable_gets_what_the_user_gave(digits):
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
    rows = held_out_rows(model, y)
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
def test_a_scorer_made_by_make_scorer(diabetes):
    X, y = diabetes
    worst = make_scorer(lambda y, p: np.abs(y - p).max(), greater_is_better=False)
    model = regressor(scoring=worst, max_iter=10).fit(X, y)
    rows = held_out_rows(model, y)
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


@not_converged
def test_a_score_that_is_no_number_is_an_error(iris):
    X, y = iris

    def score(estimator, X, y):
        return "good"

    for settings in ({"early_stopping": True}, {}):
        with pytest.raises(TypeError, match="scoring must give one number"):
            classifier(scoring=score, **settings).fit(X, y, X_val=X, y_val=y)


def test_the_score_of_a_fit_that_had_nothing_to_do(iris):
    """lbfgs finds at once that the gradient is small enough."""
    X, y = iris
    model = classifier(solver="lbfgs", tol=1e9, early_stopping=True, scoring="accuracy")
    model.fit(X, y, X_val=X, y_val=y)
    assert model.n_iter_ == 0 and model.validation_scores_ == []
    assert model.best_validation_score_ == model.score(X, y)


@not_converged
def test_a_scorer_sees_nothing_of_an_earlier_fit(iris):
    seen = []

    def score(estimator, X, y):
        seen.append(hasattr(estimator, "n_iter_"))
        return estimator.score(X, y)

    model = classifier(scoring=score, early_stopping=True)
    model.fit(*iris).fit(*iris)
    assert seen and not any(seen)
