import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from sknnreg.inspection import LossCurveDisplay
from tests import factories as estimators
from tests.factories import however_it_ends
from tests.inspection import factories

show = LossCurveDisplay.from_estimator


def texts(legend):
    return [text.get_text() for text in legend.get_texts()]


def test_lines_are_the_losses_without_the_penalty():
    model = factories.classifier(penalty="l2", alpha=0.1)
    history = model[-1].history_
    display = show(model, penalty=True)
    (training,), (validation,), (penalty,) = display.lines_.values()
    assert_allclose(
        training.get_ydata(), np.subtract(history["loss"], history["penalty"])
    )
    assert_allclose(validation.get_ydata(), history["validation_loss"])
    assert_allclose(penalty.get_ydata(), history["penalty"])
    assert_array_equal(training.get_xdata(), np.arange(1, model[-1].n_iter_ + 1))
    assert display.ax_.get_xlabel() == "Epoch"
    assert display.ax_.get_ylabel() == "Cross-entropy (nats)"
    assert display.ax_.figure is display.figure_


def test_penalty_is_left_out_unless_asked_for():
    display = show(factories.classifier())
    assert display.lines_["penalty"] == [None]
    assert display.plot(penalty=True).lines_["penalty"] != [None]


def test_best_epoch_is_marked_on_the_loss_that_was_watched():
    model = factories.classifier()
    best = model[-1].best_iter_
    (point,) = show(model).best_points_
    assert point.get_xdata() == [best]
    assert point.get_ydata() == [model[-1].history_["validation_loss"][best - 1]]
    assert point.get_label() == f"best epoch: {best}"
    model = factories.regressor()
    display = show(model)
    history = model.regressor_[-1].history_
    best = model.regressor_[-1].best_iter_ - 1
    loss = history["loss"][best] - history["penalty"][best]
    assert display.best_points_[0].get_ydata() == pytest.approx([loss])
    assert display.lines_["validation"] == [None]
    assert display.ax_.get_ylabel() == "Loss (squared error)"


def test_validation_data_that_are_not_watched(iris):
    """They decide nothing; the mark shows where they are best."""
    X, y = iris
    model = estimators.classifier(learning_rate_init=0.5, tol=0, max_iter=20)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    display = show(model)
    (point,) = display.best_points_
    validation = model.history_["validation_loss"]
    assert point.get_xdata() == [1 + np.argmin(validation)] != [model.best_iter_]
    assert point.get_ydata() == [min(validation)]


def test_what_chose_the_best_epoch_is_said(iris):
    model = estimators.classifier(early_stopping=True, scoring="accuracy", tol=1.0)
    model.set_params(n_iter_no_change=3).fit(*iris)
    labels = [text.get_text() for text in show(model).ax_.get_legend().get_texts()]
    assert labels[-1] == f"best epoch by accuracy: {model.best_iter_}"


@pytest.mark.parametrize("as_list", [False, True])
def test_several(as_list):
    models = {"one": factories.classifier(), "two": factories.grid_search()}
    if as_list:
        display = show(list(models.values()), name=list(models))
    else:
        display = show(models)
    colors = [line.get_color() for line in display.lines_["training"]]
    assert len(set(colors)) == 2
    assert display.lines_["validation"][0].get_color() == colors[0]
    assert display.lines_["validation"][1] is None
    first, second, *quantities = texts(display.ax_.get_legend())
    assert first.startswith("one (best epoch: ") and second.startswith("two")
    assert quantities == ["training", "validation"]
    names = texts(show(list(models.values())).ax_.get_legend())
    assert names[0].startswith("Pipeline 1")


def test_different_losses_have_no_common_name():
    models = [factories.classifier(), factories.regressor()]
    assert show(models).ax_.get_ylabel() == "Loss"
    assert show(models, loss_name="J").ax_.get_ylabel() == "J"


@pytest.mark.usefixtures("laid_out")
def test_given_axes_and_looks():
    _, (left, right) = plt.subplots(1, 2)
    display = show(factories.classifier(), ax=right, line_kwargs={"lw": 3}, name="net")
    assert display.ax_ is right and not left.lines
    assert display.lines_["training"][0].get_linewidth() == 3
    assert right.get_legend().get_title().get_text() == "net"


def test_scales():
    def curve(y, **params):
        return LossCurveDisplay(training_loss=[y]).plot(**params).ax_

    y = np.r_[[1000, 100], np.linspace(1, 0.5, 58)]
    bottom, top = curve(y).get_ylim()
    assert bottom < 0.5 and 1 < top < 2, "the first epochs make the rest flat"
    slow = np.linspace(10, 5, 60)
    assert curve(slow).get_ylim()[1] > 10
    assert curve([0.0, 0.0]).get_ylim()[0] < 0
    ax = curve(y, log=True)
    assert ax.get_yscale() == "log" and ax.get_ylim()[1] > 1000


def test_nan_where_a_fit_had_no_such_quantity(iris):
    X, y = iris
    model = estimators.classifier(warm_start=True, tol=1.0, n_iter_no_change=3)
    model.fit(X, y)
    model.fit(X, y, X_val=X, y_val=y)
    values = show(model).lines_["validation"][0].get_ydata()
    assert np.isnan(values).any() and np.isfinite(values).any()
    history = {"training_loss": [[1.0, 0.5]], "validation_loss": [[np.nan, np.nan]]}
    assert LossCurveDisplay(**history).plot().lines_["validation"] == [None]


HISTORIES = [
    {"loss": [3.0, 2.0, 1.0], "penalty": [1.0, 0.5, 0.5], "validation_loss": [4, 3, 5]},
    {"loss": [5.0, 2.0], "penalty": [1.0, 0.5], "validation_loss": [2.0, 1.0]},
    None,
]


@pytest.mark.usefixtures("laid_out")
def test_folds_and_their_mean():
    search = factories.recorded_search(
        [HISTORIES, [None] * 3], [[2, 1, np.nan], [np.nan] * 3]
    )
    display = LossCurveDisplay.from_search(search)
    assert [len(line.get_ydata()) for line in display.lines_["training"]] == [3, 2]
    mean = display.mean_lines_["training"]
    assert_allclose(mean.get_ydata(), [3.0, 1.5])
    assert_allclose(display.mean_lines_["validation"].get_ydata(), [3.0, 2.0])
    assert mean.get_linewidth() > display.lines_["training"][0].get_linewidth()
    assert [p.get_xdata()[0] for p in display.best_points_] == [2, 1]
    assert display.ax_.get_title() == "candidate 0: alpha=0.1"
    assert texts(display.ax_.get_legend()) == [
        "training, mean of 2 folds",
        "validation, mean of 2 folds",
        "best epoch of each fold (median: 1.5)",
    ]
    display.plot(penalty=True)
    assert_allclose(display.mean_lines_["penalty"].get_ydata(), [1.0, 0.5])


def test_curves_of_which_no_best_epoch_is_known():
    nowhere = [[np.nan] * 3]
    folds = LossCurveDisplay.from_search(
        factories.recorded_search([HISTORIES], nowhere)
    )
    assert texts(folds.ax_.get_legend()) == [
        "training, mean of 2 folds",
        "validation, mean of 2 folds",
    ]
    several = LossCurveDisplay(training_loss=[[3.0, 2.0], [2.0, 1.0]], name=["a", "b"])
    assert texts(several.plot().ax_.get_legend()) == ["a", "b"]
    assert several.best_points_ == [None, None]


def test_candidates():
    search = factories.recorded_search([HISTORIES[:2]] * 2 + [[None] * 2], [[1, 1]] * 3)
    draw = LossCurveDisplay.from_search
    assert draw(search, candidate=1).ax_.get_title().startswith("candidate 1")
    with pytest.raises(ValueError, match="candidate must be from 0 to 2"):
        draw(search, candidate=3)
    with pytest.raises(ValueError, match="candidate must be an index"):
        draw(search, candidate="worst")
    with pytest.raises(ValueError, match="All fits of candidate 2"):
        draw(search, candidate=2)
    del search.best_index_
    with pytest.raises(ValueError, match="best_index_"):
        draw(search)
    with pytest.raises(ValueError, match="return_history=True"):
        draw(factories.grid_search())
    with pytest.raises(ValueError, match="not fitted"):
        draw(factories.pipeline(estimators.classifier()))


@however_it_ends
def test_fused_search():
    """The curve of a fold is that of the model fitted to its rows."""
    search = factories.search_with_histories()
    display = LossCurveDisplay.from_search(search, candidate=1)
    assert display.ax_.get_ylabel() == "Cross-entropy (nats)"
    X, y = factories.IRIS, factories.SPECIES
    for i, (train, _) in enumerate(factories.FOLDS.split(X, y)):
        model = clone(search.estimator).set_params(**search.cv_results_["params"][1])
        alone = show(model.fit(X.iloc[train], y.iloc[train]))
        assert_allclose(
            display.lines_["training"][i].get_ydata(),
            alone.lines_["training"][0].get_ydata(),
        )
        assert_allclose(
            display.best_points_[i].get_xydata(), alone.best_points_[0].get_xydata()
        )


@however_it_ends
def test_no_epoch_is_best():
    model = estimators.regressor(max_iter=1).fit(*[np.ones((9, 1)), np.ones(9)])
    model.best_iter_ = 0
    assert show(model).best_points_ == [None]


def test_refusals():
    with pytest.raises(ValueError, match="estimator must be an MLPClassifierScratch"):
        show(LogisticRegression())
    with pytest.raises(NotFittedError):
        show(factories.pipeline(estimators.classifier()))
    with pytest.raises(ValueError, match="name must have 2 different entries"):
        show([factories.classifier()] * 2, name=["a", "a"])
    with pytest.raises(ValueError, match="name must be a str"):
        show(factories.classifier(), name=["a"])
