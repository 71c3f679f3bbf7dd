"""A run of estimators: stopped, gone on with, held to a deadline."""

import time
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sknnreg._run import start
from sknnreg.engine.training import Report
from tests.factories import assert_same_fit, classifier, not_converged, regressor


class StopAfter(Report):
    def __init__(self, n_epochs):
        self.n_epochs = n_epochs

    def after(self, task):
        return task.progress.epoch == self.n_epochs


def fitted(model, X, y, *reports, deadline=None):
    """The model by a run of its own, and the warnings."""
    model = clone(model)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        run = start([model], X, y)
        run.advance(model.max_iter, reports, deadline)
        run.finish()
        run.warn(0)
    return model, [w.category for w in found]


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("n_epochs", [2, 4])
def test_a_run_ended_by_its_report_has_not_run_out_of_epochs(iris, solver, n_epochs):
    """Not even if the report ends it at the last one."""
    X, y = iris
    model = classifier(solver=solver, max_iter=4, tol=0)
    stopped, warned = fitted(model, X, y, StopAfter(n_epochs))
    assert stopped.n_iter_ == n_epochs
    assert warned == []
    whole, warned = fitted(model, X, y)
    assert whole.n_iter_ == 4
    assert warned == [ConvergenceWarning]


@not_converged
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_stopped_run_is_one_of_fewer_epochs(iris, solver):
    X, y = iris
    model = classifier(solver=solver, max_iter=9, tol=0, early_stopping=True)
    stopped, _ = fitted(model, X, y, StopAfter(3))
    fewer = clone(model).set_params(max_iter=3).fit(X, y)
    assert_same_fit(stopped, fewer, X, rtol=0)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_deadline_lets_the_first_epoch_be(iris, solver):
    X, y = iris
    model = classifier(solver=solver, max_iter=50, tol=0)
    late, warned = fitted(model, X, y, deadline=time.monotonic() - 1)
    assert late.n_iter_ == 1
    assert warned == []
    assert np.isfinite(late.predict_proba(X)).all()


@not_converged
def test_a_stack_stopped_and_gone_on_with(diabetes):
    """From where it is, not from what was kept of it."""
    X, y = diabetes

    def best_at_once(estimator, X, y):
        return -np.linalg.norm(estimator.coefs_[0] - beginning[estimator.alpha])

    # the first epoch is the best: what is kept is far from where training is
    models, beginning = [], {}
    for alpha in (0.01, 0.1, 1.0):
        still = regressor(alpha=alpha, learning_rate_init=1e-300).fit(X, y)
        beginning[alpha] = still.coefs_[0]
        settings = {"early_stopping": True, "scoring": best_at_once, "max_iter": 12}
        models.append(regressor(alpha=alpha, dropout=0.1, **settings))
    straight = [clone(model).fit(X, y) for model in models]
    run = start(models, X, y)
    run.advance(5)
    run.finish(to_go_on=True)
    assert [model.n_iter_ for model in models] == [5, 5, 5]
    assert [model.best_iter_ for model in models] == [1, 1, 1]
    rest = [clone(model) for model in models]
    run = start(rest, X, y, progress=run.task.progress)
    run.advance(12)
    run.finish()
    for ours, theirs in zip(rest, straight, strict=True):
        assert_same_fit(ours, theirs, X)
