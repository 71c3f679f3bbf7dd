"""Callbacks of a network: scikit-learn's, and those of the package."""

import time

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import coo_array, csr_array
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg.callbacks import Callback, Logger, TimeLimit
from tests.factories import (
    assert_same_fit,
    classifier,
    held_out_rows,
    needs_callbacks,
    not_converged,
    numbered_rows,
    regressor,
)

pytestmark = [not_converged, needs_callbacks]


class Notes(Callback):
    """Notes each call, with what it was given."""

    def __init__(self, stop_at=None):
        self.calls, self.stop_at = [], stop_at

    def setup(self, estimator, context):
        self.calls.append(("setup", context.task_name))

    def teardown(self, estimator, context):
        self.calls.append(("teardown", context.task_name))

    def on_fit_task_begin(self, estimator, context):
        self.calls.append(("begin", context.task_name, context.task_id))

    def on_fit_task_end(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator
    ):
        call = ("end", context.task_name, context.task_id)
        self.calls.append(call)
        if not hasattr(self, "given"):
            self.given = {}
        self.given[call[1:]] = (X, y, metadata, fitted_estimator)
        return call[1:] == self.stop_at


def test_tasks_of_a_fit(iris):
    notes = Notes()
    classifier(max_iter=2).set_callbacks(notes).fit(*iris)
    epochs = [(what, "epoch", i) for i in range(2) for what in ("begin", "end")]
    start, stop = ("begin", "fit", 0), ("end", "fit", 0)
    assert notes.calls == [
        ("setup", "fit"),
        start,
        *epochs,
        stop,
        ("teardown", "fit"),
    ]


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_every_epoch_that_comes_begins_and_ends(iris, solver):
    """lbfgs announces one more: it cannot know that it has arrived."""
    notes = Notes()
    model = classifier(solver=solver, max_iter=300, tol=0.01, n_iter_no_change=3)
    model.set_callbacks(notes).fit(*iris)
    assert 1 < model.n_iter_ < 300
    ended = [call[1:] for call in notes.calls if call[0] == "end"]
    assert ended == [*[("epoch", i) for i in range(model.n_iter_)], ("fit", 0)]
    begun = [call[1:] for call in notes.calls if call[0] == "begin"]
    assert set(ended) <= set(begun)
    assert len(begun) == len(ended) + (solver == "lbfgs")
    assert all(given[3] is not None for given in notes.given.values())


def test_an_interrupt_in_an_epoch_is_no_end_of_it(iris):
    notes, steps = Notes(), []

    def interrupted(step):
        steps.append(step)
        if len(steps) == 8:
            raise KeyboardInterrupt
        return 0.01

    model = classifier(learning_rate=interrupted, batch_size=50)
    with pytest.warns(UserWarning, match="interrupted"):
        model.set_callbacks(notes).fit(*iris)
    assert model.n_iter_ == 2
    ended = [call[1:] for call in notes.calls if call[0] == "end"]
    assert ended == [("epoch", 0), ("epoch", 1), ("fit", 0)]


def test_validation_is_a_task_of_its_own(iris):
    X, y = iris
    notes = Notes()
    params = {"max_iter": 3, "early_stopping": True, "random_state": 1}
    classifier(**params).set_callbacks(notes).fit(X, y)
    names = [call[1] for call in notes.calls if call[0] == "end"]
    assert names == ["epoch", "validation"] * 3 + ["fit"]
    held_out = held_out_rows(classifier(**params), y)
    train = np.setdiff1d(np.arange(len(X)), held_out)
    for i in range(3):
        assert_array_equal(notes.given["epoch", i][0], X[train])
        assert_array_equal(notes.given["epoch", i][1], y[train])
        assert_array_equal(notes.given["validation", 3 + i][0], X[held_out])
        assert_array_equal(notes.given["validation", 3 + i][1], y[held_out])


def test_given_validation_data_and_weights(iris):
    X, y = iris
    weight, weight_val = np.arange(75.0) + 1, np.arange(75.0) + 2
    notes = Notes()
    classifier(max_iter=1).set_callbacks(notes).fit(
        X[::2], y[::2], weight, X_val=X[1::2], y_val=y[1::2],
        sample_weight_val=weight_val,
    )  # fmt: skip
    assert notes.given["epoch", 0][0] is not None
    assert_array_equal(notes.given["epoch", 0][2]["sample_weight"], weight)
    assert_array_equal(notes.given["validation", 1][0], X[1::2])
    assert_array_equal(notes.given["validation", 1][2]["sample_weight"], weight_val)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_the_fitted_estimator_is_that_of_the_epoch(iris, early_stopping):
    """The same as a fit of so many epochs that keeps its last one."""
    X, y = iris
    notes = Notes()
    params = {"early_stopping": early_stopping, "max_iter": 3, "batch_size": 32}
    model = classifier(**params).set_callbacks(notes).fit(X, y)
    for i in range(3):
        *_, then = notes.given["epoch", i]
        assert then is not model
        assert then.n_iter_ == i + 1
        assert then.history_["loss"] == model.history_["loss"][: i + 1]
        expected = model.history_["weight_norm_0"][i]
        assert np.linalg.norm(then.coefs_[0]) == pytest.approx(expected)
    if not early_stopping:
        assert_same_fit(then, model, X, rtol=0)


def test_what_callbacks_see_of_it_does_not_change_a_fit(iris):
    X, y = iris
    model = classifier(early_stopping=True, dropout=0.2, normalization="batch")
    followed = clone(model).set_callbacks(Notes(), Logger(lambda row: None))
    assert_same_fit(followed.fit(X, y), model.fit(X, y), X, rtol=0)


@pytest.mark.parametrize("task", [("epoch", 2), ("validation", 12)])
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_a_callback_stops_the_fit(diabetes, solver, task):
    X, y = diabetes
    model = regressor(solver=solver, max_iter=10, early_stopping=True, tol=0)
    stopped = clone(model).set_callbacks(Notes(task)).fit(X, y)
    assert stopped.n_iter_ == 3
    assert_same_fit(stopped, model.set_params(max_iter=3).fit(X, y), X, rtol=0)


def test_names_of_an_earlier_fit_do_not_disturb(iris):
    pd = pytest.importorskip("pandas")
    from sklearn.callback import ScoringMonitor

    X, y = iris
    model = classifier().fit(pd.DataFrame(X, columns=list("abcd")), y)
    model.set_callbacks(ScoringMonitor(scoring="accuracy")).fit(X, y)
    assert not hasattr(model, "feature_names_in_")


def test_what_a_callback_sets_on_the_estimator_stays(iris):
    class Sets(Callback):
        def on_fit_task_end(self, estimator, context):
            if context.task_name == "epoch":
                estimator.seen_ = context.task_id

    model = classifier(max_iter=3).set_callbacks(Sets()).fit(*iris)
    assert model.seen_ == 2


def test_partial_fit_is_a_fit_of_one_epoch(iris):
    X, y = iris
    notes = Notes()
    model = classifier().set_callbacks(notes)
    for _ in range(2):
        model.partial_fit(X, y, classes=[0, 1, 2])
    ends = [call[1:] for call in notes.calls if call[0] == "end"]
    assert ends == [("epoch", 0), ("fit", 0)] * 2


def test_a_failing_callback_ends_the_fit_and_leaves_the_old_one(iris):
    X, y = iris
    model = classifier().fit(X, y)
    old = model.coefs_[0].copy()

    def fails(row):
        raise RuntimeError("no disk")

    notes = Notes()
    with pytest.raises(RuntimeError, match="no disk"):
        model.set_params(random_state=1).set_callbacks(Logger(fails), notes).fit(X, y)
    assert_array_equal(model.coefs_[0], old)
    assert notes.calls[-1] == ("teardown", "fit")


def test_no_callbacks_no_contexts(iris):
    model = classifier()

    def refused(*args, **kwargs):
        raise AssertionError("a context was made")

    model._init_callback_context = refused
    model.fit(*iris)


# scikit-learn's


def test_scoring_monitor(iris):
    """Any metric, on training and validation rows, epoch by epoch."""
    from sklearn.callback import ScoringMonitor

    X, y = iris
    labels = np.array(["setosa", "versicolor", "virginica"])[y]
    monitor = ScoringMonitor(scoring=["accuracy", "neg_log_loss"])
    model = classifier(early_stopping=True, learning_rate_init=0.01)
    model.set_callbacks(monitor).fit(X, labels)
    log = monitor.get_logs().data
    validation = [row for row in log if row["task_name"] == "validation"]
    assert_allclose(
        [-row["neg_log_loss"] for row in validation],
        model.history_["validation_loss"],
    )
    epochs = [row for row in log if row["task_name"] == "epoch"]
    assert len(epochs) == len(validation) == 5
    (whole,) = [row for row in log if row["task_name"] == "fit"]
    assert whole["accuracy"] == accuracy_score(labels, model.predict(X))
    expected = log_loss(labels, model.predict_proba(X))
    assert whole["neg_log_loss"] == pytest.approx(-expected)


@pytest.mark.parametrize("kind", ["frame", "sparse", "coo", "float32", "two"])
def test_scoring_monitor_takes_what_a_fit_takes(diabetes, kind):
    from sklearn.callback import ScoringMonitor

    X, y = diabetes
    if kind == "frame":
        pd = pytest.importorskip("pandas")
        X, y = pd.DataFrame(X, columns=list("abcdefghij")), pd.Series(y)
    elif kind in ("sparse", "coo"):
        X = csr_array(X) if kind == "sparse" else coo_array(X)
    elif kind == "float32":
        X = X.astype(np.float32)
    else:
        y = np.stack([y, -y], axis=1)
    monitor = ScoringMonitor(scoring="r2")
    weight = 2.0 if kind == "two" else None  # one number for all is allowed
    model = regressor(early_stopping=True).set_callbacks(monitor).fit(X, y, weight)
    log = monitor.get_logs().data
    assert [row["task_name"] for row in log].count("validation") == 5
    (whole,) = [row["r2"] for row in log if row["task_name"] == "fit"]
    assert whole == pytest.approx(model.score(X, y))


def test_scoring_monitor_inside_scikit_learns_tools(diabetes):
    from sklearn.callback import ScoringMonitor

    X, y = diabetes
    monitor = ScoringMonitor(scoring="r2")
    network = regressor(max_iter=3).set_callbacks(monitor)
    model = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), network), transformer=StandardScaler()
    )
    grid = {"regressor__mlpregressorscratch__alpha": [0.1, 1.0]}
    GridSearchCV(model, grid, cv=2).fit(X, y)
    runs = monitor.get_logs(select="all")
    assert len(runs) == 5  # two candidates, two folds, and the best on all rows
    assert all(len(run.data) == 4 for run in runs)


def test_progress_bar_counts_epochs(iris, capsys):
    pytest.importorskip("rich")
    from sklearn.callback import ProgressBar

    X, y = iris
    model = make_pipeline(StandardScaler(), classifier(early_stopping=True))
    model.set_callbacks(ProgressBar()).fit(X, y)
    out = capsys.readouterr().out
    assert "Pipeline - fit-final-estimator | MLPClassifierScratch - fit" in out
    assert "100%" in out


def test_a_progress_bar_alone_is_told_of_few_parts(iris, monkeypatch, capsys):
    """It adds up all tasks at each; others see each epoch all the same."""
    pytest.importorskip("rich")
    from sklearn.callback import ProgressBar

    ended = []
    monkeypatch.setattr(
        ProgressBar,
        "on_fit_task_end",
        lambda self, estimator, context: ended.append(context.task_name),
    )
    model = classifier(max_iter=1001, tol=0, n_iter_no_change=np.inf)
    model.set_callbacks(ProgressBar()).fit(*iris)
    assert ended == ["epoch"] * 166 + ["fit"]  # of six epochs each
    notes = Notes()
    model.set_params(max_iter=210).set_callbacks(ProgressBar(), notes).fit(*iris)
    assert len([call for call in notes.calls if call[:2] == ("end", "epoch")]) == 210


# The package's own


def test_time_limit(iris):
    endless = {"max_iter": 10**6, "n_iter_no_change": np.inf}
    start = time.perf_counter()
    model = classifier(**endless).set_callbacks(TimeLimit(0.2)).fit(*iris)
    assert 1 < model.n_iter_ < 10**6
    assert time.perf_counter() - start >= 0.2
    once = classifier(**endless).set_callbacks(TimeLimit(0)).fit(*iris)
    assert once.n_iter_ == 1


def test_time_limit_in_a_pipeline_is_that_of_the_network(iris):
    network = classifier(max_iter=10**6, n_iter_no_change=np.inf)
    model = make_pipeline(StandardScaler(), network.set_callbacks(TimeLimit(0)))
    assert model.fit(*iris)[-1].n_iter_ == 1
    assert np.isfinite(cross_val_score(model, *iris, cv=2)).all()


def test_logger_hands_on_the_rows_of_the_history(iris):
    X, y = iris
    rows = []
    model = classifier(early_stopping=True, warm_start=True)
    model.set_callbacks(Logger(rows.append)).fit(X, y).fit(X, y)
    assert [row["epoch"] for row in rows] == list(range(1, 11))
    for name, column in model.history_.items():
        assert [row[name] for row in rows] == column
    seconds = [row["seconds"] for row in rows]
    assert all(s > 0 for s in seconds)
    assert sorted(seconds[:5]) == seconds[:5]


def test_logger_stops_at_true_only(iris):
    model = classifier(max_iter=8).set_callbacks(Logger(lambda row: 1))
    assert model.fit(*iris).n_iter_ == 8
    for true in (True, np.True_):
        model.set_callbacks(Logger(lambda row, true=true: row["epoch"] == 3 and true))
        assert model.fit(*iris).n_iter_ == 3


def test_wrong_arguments(iris):
    with pytest.raises(TypeError, match="seconds"):
        TimeLimit("soon")
    with pytest.raises(ValueError, match="seconds"):
        TimeLimit(-1)
    with pytest.raises(TypeError, match="callable"):
        Logger("log.txt")
    for callback in (Logger(print), TimeLimit(1)):
        pipeline = make_pipeline(classifier()).set_callbacks(callback)
        with pytest.raises(ValueError, match="on the network itself, not on Pipeline"):
            pipeline.fit(*iris)


def test_rows_are_numbered_as_the_user_has_them():
    """Held-out rows are taken from what was given, not from what it was made to."""
    notes = Notes()
    X, y = numbered_rows(20).tolist(), np.arange(20) % 2
    classifier(max_iter=1, early_stopping=True).set_callbacks(notes).fit(X, y)
    seen = [*notes.given["epoch", 0][0], *notes.given["validation", 1][0]]
    assert sorted(np.argmax(seen, axis=1)) == list(range(20))
