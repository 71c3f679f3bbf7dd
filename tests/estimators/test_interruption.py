"""Ctrl-C keeps the complete epochs of the user's own fit, and ends everything else."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPClassifierScratch
from sknnreg.model_selection import FusedGridSearchCV, FusedHalvingSearchCV
from tests.factories import (
    assert_same_bits,
    classifier,
    not_converged,
    regressor,
)


def interrupt_at_step(number):
    """A rate, asked for at each step from 0, that is Ctrl-C at one of them."""

    def rate(step):
        if step == number:
            raise KeyboardInterrupt
        return 0.001

    return rate


class InterruptAt:
    """A scorer that is Ctrl-C at one of its calls, counted from 1."""

    def __init__(self, number):
        self.number, self.calls = number, 0

    def __call__(self, estimator, X, y):
        self.calls += 1
        if self.calls == self.number:
            raise KeyboardInterrupt
        return -float(self.calls)

    def __deepcopy__(self, memo):
        return self  # a clone counts on


@pytest.mark.parametrize("early_stopping", [False, True])
def test_interruption_keeps_what_there_is(iris, early_stopping):
    X, y = iris
    # three steps an epoch: in the middle of the fourth one
    model = classifier(
        max_iter=20,
        batch_size=50,
        early_stopping=early_stopping,
        learning_rate=interrupt_at_step(10),
    )
    with pytest.warns(UserWarning, match="interrupted by user"):
        model.fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == 3
    assert np.isfinite(model.predict_proba(X)).all()


def test_interruption_of_the_first_epoch(iris):
    """There is nothing to keep: the interrupt goes on, and no model is made of it."""
    X, y = iris
    model = classifier(learning_rate=interrupt_at_step(0))
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert not hasattr(model, "coefs_")


@not_converged
@pytest.mark.parametrize("warm_start", [False, True])
def test_interruption_of_a_first_epoch_leaves_the_old_model(iris, warm_start):
    X, y = iris
    model = classifier(warm_start=warm_start, batch_size=50).fit(X, y)
    kept, before = classifier(batch_size=50).fit(X, y), vars(model).copy()
    step = interrupt_at_step(model.t_ // 50 if warm_start else 0)
    model.set_params(learning_rate=step)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert_same_bits(model, kept)
    assert model.history_ is before["history_"]
    # and it can go on
    model.set_params(learning_rate="constant").fit(X, y)


@not_converged
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_an_interrupted_fit_is_one_of_fewer_epochs(iris, solver, early_stopping):
    """Whatever the solver: as if max_iter had been the number of complete epochs."""
    X, y = iris
    X_val, y_val = X[::3], y[::3]
    params = {"solver": solver, "early_stopping": early_stopping, "batch_size": 50}
    model = classifier(max_iter=20, scoring=InterruptAt(5), **params)
    with pytest.warns(UserWarning, match="interrupted by user") as found:
        model.fit(X, y, X_val=X_val, y_val=y_val)
    assert [w.filename for w in found] == [__file__]
    fewer = classifier(max_iter=4, scoring=InterruptAt(0), **params)
    fewer.fit(X, y, X_val=X_val, y_val=y_val)
    assert_same_bits(model, fewer)
    assert model.history_ == fewer.history_
    for name in ("n_iter_", "best_iter_", "loss_", "t_", "validation_scores_"):
        assert getattr(model, name) == getattr(fewer, name)


@pytest.mark.parametrize(
    "around",
    [
        lambda model: make_pipeline(StandardScaler(), model),
        lambda model: TransformedTargetRegressor(model, transformer=StandardScaler()),
    ],
)
def test_a_pipeline_is_the_users_own_fit(diabetes, around):
    model = regressor(batch_size=100, learning_rate=interrupt_at_step(12))
    with pytest.warns(UserWarning, match="interrupted by user"):
        fitted = around(model).fit(*diabetes)
    assert np.isfinite(fitted.predict(diabetes[0])).all()


GRID = {"alpha": [0.1, 0.2]}

MANY_FITS = {
    "cross-validation": lambda model, X, y: cross_val_score(model, X, y, cv=2),
    "search": lambda model, X, y: GridSearchCV(model, GRID, cv=2).fit(X, y),
    "fused search": lambda model, X, y: FusedGridSearchCV(model, GRID, cv=2).fit(X, y),
    "halving": lambda model, X, y: FusedHalvingSearchCV(model, GRID, cv=2).fit(X, y),
    "ensemble": lambda model, X, y: BaggingClassifier(model, 3).fit(X, y),
}


@not_converged
@pytest.mark.parametrize("number", [3, 7])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("name", MANY_FITS)
def test_an_interrupt_ends_what_fits_many(iris, name, solver, number):
    """In the first fit, and in the second."""
    scorer = InterruptAt(number)
    model = classifier(
        early_stopping=True, scoring=scorer, max_iter=4, tol=0, solver=solver
    )
    with pytest.raises(KeyboardInterrupt):
        MANY_FITS[name](model, *iris)
    assert scorer.calls == number


@not_converged
def test_an_interrupted_refit_leaves_no_best_estimator(iris):
    scorer = InterruptAt(2 * 2 * 4 + 2)
    model = classifier(early_stopping=True, scoring=scorer, max_iter=4, tol=0)
    search = FusedGridSearchCV(model, GRID, cv=2)
    with pytest.raises(KeyboardInterrupt):
        search.fit(*iris)
    assert not hasattr(search, "best_estimator_")


def test_interruption_restores_the_best_epoch(noisy):
    X, y = noisy
    scores = iter([0.1, 0.5, 0.2, 0.3])

    def scorer(estimator, X, y):
        try:
            return next(scores)
        except StopIteration:
            raise KeyboardInterrupt from None

    with pytest.warns(UserWarning, match="interrupted by user"):
        model = classifier(
            hidden_layer_sizes=(30,),
            learning_rate_init=0.01,
            early_stopping=True,
            max_iter=200,
            scoring=scorer,
        ).fit(X, y)
    assert model.best_iter_ == 2
    assert model.best_validation_score_ == 0.5
    assert model.validation_scores_ == [0.1, 0.5, 0.2, 0.3]
    assert model.n_iter_ == 4
    norm = model.history_["weight_norm_0"][1]
    assert np.linalg.norm(model.coefs_[0]) == pytest.approx(norm)


class Own(MLPClassifierScratch):
    """A user's subclass, whose line lies between the fit and what fits many."""

    def fit(self, X, y):
        return super().fit(X, y)


class Around(ClassifierMixin, BaseEstimator):
    """A user's estimator around ours."""

    def __init__(self, model=None):
        self.model = model

    def fit(self, X, y):
        self.model_ = clone(self.model).fit(X, y)
        self.classes_ = self.model_.classes_
        return self

    def predict(self, X):
        return self.model_.predict(X)


@not_converged
@pytest.mark.parametrize(
    "fit",
    [
        lambda model, X, y: cross_val_score(model, X, y, cv=2),
        lambda model, X, y: GridSearchCV(model, {}, cv=2).fit(X, y),
    ],
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_users_lines_between_do_not_hide_a_search(iris, fit, wrapped):
    settings = {"early_stopping": True, "scoring": InterruptAt(3), "random_state": 0}
    model = Own((5,), **settings)
    if wrapped:
        model = Around(MLPClassifierScratch((5,), **settings))
    with pytest.raises(KeyboardInterrupt):
        fit(model, *iris)


@not_converged
def test_a_schedule_goes_on_from_the_last_complete_epoch(iris):
    """In the middle of the third epoch of three steps."""
    X, y = iris
    model = classifier(
        batch_size=50, max_iter=9, warm_start=True, learning_rate=interrupt_at_step(7)
    )
    with pytest.warns(UserWarning, match="interrupted by user"):
        model.fit(X, y)
    steps = []

    def noted(step):
        steps.append(step)
        return 0.001

    model.set_params(learning_rate=noted, max_iter=1).fit(X, y)
    assert steps == [6, 7, 8]
