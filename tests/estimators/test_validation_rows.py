"""The rows that are validated on: split off or given, never trained on."""

import copy
import pickle
from functools import partial

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error
from sklearn.model_selection import train_test_split

from sknnreg import MLPClassifierScratch
from sknnreg._data import split_rows
from sknnreg._run import draw_seeds, fit_stack
from tests import factories
from tests.factories import (
    SOLVERS,
    WATCHED,
    Recorder,
    assert_same_bits,
    held_out_rows,
    linear,
    not_converged,
    numbered_rows,
    trained_rows,
)

classifier = partial(factories.classifier, **WATCHED)
regressor = partial(factories.regressor, **WATCHED)
N_DIGITS = 400


@not_converged
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_split_is_stratified(n_classes, solver):
    # a rare class, of which a plain split of 40 rows would miss its share
    y = np.repeat([0, 1, 2], [320, 60, 20] if n_classes == 3 else [360, 40, 0])
    names = np.array(["often", "seldom", "rare"])[y]
    splits = set()
    for seed in range(5):
        recorder = Recorder()
        model = linear(
            MLPClassifierScratch,
            solver=solver,
            early_stopping=True,
            scoring=recorder,
            random_state=seed,
        ).fit(numbered_rows(400), names)
        held_out = recorder.rows[0]
        assert_array_equal(np.bincount(y[held_out]), np.bincount(y) // 10)
        assert_array_equal(recorder.y[0], names[held_out])
        # one split a fit, and all other rows are trained on
        assert len(recorder.rows) == model.n_iter_
        assert all(np.array_equal(rows, held_out) for rows in recorder.rows)
        assert_array_equal(
            np.sort(np.r_[trained_rows(model), held_out]), np.arange(400)
        )
        assert model.t_ == model.n_iter_ * 360
        splits.add(tuple(held_out))
    assert len(splits) == 5


@not_converged
def test_no_stratification_where_it_has_no_meaning(diabetes):
    X, y = diabetes
    recorder = Recorder()
    settings = {"max_iter": 1, "scoring": recorder}
    regressor(**settings).fit(X, y)
    regressor(**settings).fit(X, np.column_stack([y, -y]))
    # each row has labels of its own: no class has two members
    Y = np.random.default_rng(0).integers(0, 2, (len(y), 12))
    classifier(**settings).fit(X, Y)
    assert [len(held_out) for held_out in recorder.X] == [45, 45, 45]


@not_converged
@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
def test_validation_fraction(digits, fraction):
    X, y = digits
    recorder = Recorder()
    model = classifier(max_iter=2, validation_fraction=fraction, scoring=recorder)
    model.fit(X, y)
    assert len(recorder.X[0]) == fraction * 400
    assert model.t_ == 2 * (1 - fraction) * 400


@not_converged
def test_one_split_a_fit(digits):
    X, y = digits
    recorder = Recorder()
    model = classifier(max_iter=30, scoring=recorder).fit(X, y)
    assert len(recorder.X) == model.n_iter_ == 30
    assert all(np.array_equal(held_out, recorder.X[0]) for held_out in recorder.X)


@not_converged
@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize("solver", SOLVERS)
def test_a_split_is_given_validation_data(digits, solver, as_sparse):
    # the same rows apart give the same training, but for the random streams
    X, y = digits
    w = np.linspace(0.1, 2, 400)
    params = {"solver": solver, "max_iter": 8, "shuffle": False}
    split = classifier(**params).fit(X, y, w)
    held_out = held_out_rows(split, y)
    train = np.setdiff1d(np.arange(400), held_out)
    X = sp.csr_array(X) if as_sparse else X
    given = classifier(**params).fit(
        X[train],
        y[train],
        w[train],
        X_val=X[held_out],
        y_val=y[held_out],
        sample_weight_val=w[held_out],
    )
    assert_allclose(given.validation_scores_, split.validation_scores_, rtol=1e-6)
    assert_allclose(given.loss_curve_, split.loss_curve_, rtol=1e-6)
    for a, b in zip(given.coefs_, split.coefs_, strict=True):
        assert_allclose(a, b, atol=1e-6)


@not_converged
@pytest.mark.parametrize("scoring", ["loss", "accuracy", None])
def test_the_split_carries_sample_weights(noisy, scoring):
    X, y = noisy
    w = np.random.default_rng(1).uniform(0.1, 5, len(y))
    model = classifier(scoring=scoring, max_iter=5).fit(X, y, w)
    rows = held_out_rows(model, y)
    if scoring == "loss":
        score = -log_loss(y[rows], model.predict_proba(X[rows]), sample_weight=w[rows])
    else:
        score = accuracy_score(y[rows], model.predict(X[rows]), sample_weight=w[rows])
    assert model.best_validation_score_ == pytest.approx(score, rel=1e-6)
    unweighted = accuracy_score(y[rows], model.predict(X[rows]))
    assert abs(score - unweighted) > 1e-3


@not_converged
def test_class_weights_reach_the_validation_loss(noisy):
    X, y = noisy
    weight = {0: 1.0, 1: 5.0}
    model = classifier(class_weight=weight, max_iter=3).fit(X, y)
    rows = held_out_rows(model, y)
    w = np.where(y[rows] == 1, 5.0, 1.0)
    loss = log_loss(y[rows], model.predict_proba(X[rows]), sample_weight=w)
    assert model.best_validation_score_ == pytest.approx(-loss, rel=1e-6)


@not_converged
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_given_data_replace_the_split(digits, solver):
    X, y = digits
    model = classifier(solver=solver, max_iter=5)
    model.fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    assert model.t_ == model.n_iter_ * 300
    loss = log_loss(y[300:], model.predict_proba(X[300:]))
    assert model.best_validation_score_ == pytest.approx(-loss, rel=1e-6)
    # all rows are trained on, and none is validated on
    recorder, X = Recorder(), numbered_rows(400)
    model = linear(
        MLPClassifierScratch, solver=solver, early_stopping=True, scoring=recorder
    )
    model.fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    assert_array_equal(trained_rows(model), np.arange(300))
    assert all(np.array_equal(held_out, X[300:]) for held_out in recorder.X)


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


@not_converged
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
@pytest.mark.parametrize("random_state", [0, None, "instance"])
def test_warm_start_leaks_no_validation_row(digits, solver, random_state):
    if random_state == "instance":
        random_state = np.random.RandomState(0)
    X, y = numbered_rows(400), digits[1]
    recorder = Recorder()
    model = linear(
        MLPClassifierScratch,
        solver=solver,
        early_stopping=True,
        scoring=recorder,
        warm_start=True,
        max_iter=3,
        random_state=random_state,
    )
    trained = []
    for _ in range(3):
        model.fit(X, y)
        trained.append(trained_rows(model))
    held_out = recorder.rows[0]
    assert len(recorder.rows) >= len(model.loss_curve_) > 3
    assert all(np.array_equal(rows, held_out) for rows in recorder.rows)
    for rows in trained:
        assert_array_equal(np.sort(np.r_[rows, held_out]), np.arange(400))


@not_converged
def test_warm_start_after_a_copy(digits):
    X, y = numbered_rows(400), digits[1]
    model = linear(
        MLPClassifierScratch,
        early_stopping=True,
        scoring=Recorder(),
        warm_start=True,
        max_iter=3,
        random_state=None,
    ).fit(X, y)
    trained, held_out = trained_rows(model), model.scoring.rows[0]
    assert len(trained) == 360
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        copied.fit(X, y)
        assert copied.loss_ < model.loss_
        assert_array_equal(trained_rows(copied), trained)
        assert all(np.array_equal(rows, held_out) for rows in copied.scoring.rows)


@not_converged
def test_warm_start_with_given_data(digits):
    X, y = numbered_rows(400), digits[1]
    recorder = Recorder()
    model = linear(
        MLPClassifierScratch,
        early_stopping=True,
        scoring=recorder,
        warm_start=True,
        max_iter=3,
    )
    for _ in range(2):
        model.fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
        assert_array_equal(trained_rows(model), np.arange(300))
    assert all(np.array_equal(held_out, X[300:]) for held_out in recorder.X)
    assert len(model.validation_scores_) == 6


@not_converged
def test_a_new_fit_draws_a_new_split(digits):
    X, y = numbered_rows(400), digits[1]
    model = linear(MLPClassifierScratch, early_stopping=True)

    def split(**params):
        return set(trained_rows(model.set_params(**params).fit(X, y)))

    assert split(random_state=np.random.RandomState(0)) != split()
    assert split(random_state=3) == split()


# Few rows


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("counts", "n_held_out"),
    [([7, 7, 6], 3), ([4, 4, 3], 3), ([40, 3, 2], 5), ([300, 2], 31)],
    ids=str,
)
def test_a_split_has_rows_of_each_class_on_both_sides(counts, n_held_out, seed):
    labels = np.repeat(np.arange(len(counts)), counts)
    train, validation, doubt = split_rows(len(labels), 0.1, labels, seed)
    assert_array_equal(np.sort(np.r_[train, validation]), np.arange(len(labels)))
    assert len(validation) == n_held_out
    for side in (train, validation):
        assert set(labels[side]) == set(labels)
    assert not doubt


def test_a_split_that_had_enough_rows_is_scikit_learns():
    labels = np.repeat([0, 1, 2], [50, 30, 20])
    ours = split_rows(100, 0.25, labels, 7)[:2]
    theirs = train_test_split(
        np.arange(100), test_size=0.25, stratify=labels, random_state=7
    )
    for rows, others in zip(ours, theirs, strict=True):
        assert_array_equal(rows, np.sort(others))


@not_converged
def test_a_class_of_one_row_is_trained_on():
    X, y = np.random.default_rng(0).normal(size=(41, 2)), np.array([0, 1] * 20 + [2])
    model = classifier(early_stopping=True)
    with pytest.warns(UserWarning, match="some class has a single row"):
        model.fit(X, y)
    train, validation, _ = split_rows(41, 0.1, y, draw_seeds(0, 1)[0][0])
    assert 40 in train and len(validation) == 5
    assert_array_equal(model.classes_, [0, 1, 2])


@not_converged
@pytest.mark.parametrize("labels", [[0, 0, 1], [*range(12)]], ids=str)
def test_where_rows_are_too_few_to_stratify_a_warning_says_so(labels):
    X = np.random.default_rng(0).normal(size=(len(labels), 2))
    with pytest.warns(UserWarning, match="not stratified"):
        classifier(early_stopping=True).fit(X, labels)


@not_converged
def test_ten_rows_of_a_regression():
    X = np.random.default_rng(0).normal(size=(10, 2))
    model = regressor(early_stopping=True).fit(X, X[:, 0])
    assert len(split_rows(10, 0.1, None, 0).validation) == 2
    assert model.best_validation_score_ is not None
    with pytest.raises(ValueError, match=r"hold out validation_fraction=0.1 of 2 rows"):
        regressor(early_stopping=True).fit(X[:2], X[:2, 0])


@not_converged
def test_few_rows_in_a_stack_are_split_as_alone():
    X, y = np.random.default_rng(0).normal(size=(41, 2)), np.array([0, 1] * 20 + [2])
    models = [classifier(early_stopping=True, alpha=alpha) for alpha in (0.1, 1.0)]
    with pytest.warns(UserWarning, match="some class has a single row"):
        assert fit_stack(models, X, y) == [None, None]
    for model in models:
        with pytest.warns(UserWarning, match="some class has a single row"):
            assert_same_bits(model, clone(model).fit(X, y))


def test_all_weighted_rows_are_held_out(diabetes):
    X, y = diabetes
    held_out = split_rows(len(y), 0.1, None, draw_seeds(0, 1)[0][0]).validation
    weight = np.zeros(len(y))
    weight[held_out] = 1
    with pytest.raises(ValueError, match="all rows whose sample_weight is not zero"):
        regressor(early_stopping=True).fit(X, y, weight)
    with pytest.raises(ValueError, match="weights of the validation data are zero"):
        regressor(early_stopping=True).fit(X, y, 1 - weight)


@not_converged
def test_a_fraction_of_less_than_a_row(diabetes):
    X, y = diabetes
    with pytest.warns(UserWarning, match="validation_fraction is less than one"):
        regressor(validation_fraction=0.001).fit(X, y)
