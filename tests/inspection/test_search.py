import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import ParameterGrid

from sknnreg.inspection import SearchDisplay
from tests import factories as estimators
from tests.factories import however_it_ends
from tests.inspection import factories
from tests.inspection.factories import results_of

pytestmark = however_it_ends
show = SearchDisplay.from_search
draw = SearchDisplay.from_results


def ticks(axis):
    return [text.get_text() for text in axis.get_ticklabels()]


def test_grid():
    search = factories.grid_search()
    display = show(search)
    scores = search.cv_results_["mean_test_score"].reshape(3, 2)
    assert_allclose(display.image_.get_array(), scores.T)
    ax = display.ax_
    assert ticks(ax.xaxis) == ["0", "0.001", "0.1"] and ax.get_xlabel() == "alpha"
    assert ticks(ax.yaxis) == ["l1", "l2"] and ax.get_ylabel() == "penalty"
    column, row = np.unravel_index(scores.argmax(), scores.shape)
    assert display.best_mark_.get_xy() == (column - 0.5, row - 0.5)
    assert len(display.texts_) == 6
    assert float(display.texts_[0].get_text()) == pytest.approx(scores[0, 0], abs=0.01)
    params = {k[5:]: v for k, v in search.best_params_.items()}
    assert f"alpha={params['alpha']:.3g}" in ax.get_title()
    bars = [a for a in display.figure_.axes if a is not ax]
    assert bars[0].get_ylabel() == "neg_log_loss"


def test_each_cell_is_the_best_over_the_others():
    grid = {"a": [1, 2], "mlp__b": [0.1, 0.2], "mlp__c": ["x", "y", "z"]}
    params = list(ParameterGrid(grid))
    scores = np.arange(12.0)
    display = draw(results_of(params, scores), params=["b", "a"])
    assert_array_equal(display.image_.get_array(), [[2, 5], [8, 11]])
    assert "each cell: the best over c" in display.ax_.get_title()
    assert "best: 11.0 at b=0.2, a=2" in display.ax_.get_title()
    first = draw(results_of(params, scores)).ax_
    assert (first.get_xlabel(), first.get_ylabel()) == ("a", "b")


@pytest.mark.usefixtures("laid_out")
def test_failed_and_missing_cells():
    params = list(ParameterGrid({"a": [1, 2], "b": [1, 2]}))
    display = draw(results_of(params[:3], [0.5, np.nan, 0.7]))
    assert [text.get_text() for text in display.texts_] == ["0.500", "0.700", "failed"]
    all_failed = draw(results_of(params, [np.nan] * 4))
    assert all_failed.best_mark_ is None
    assert all_failed.ax_.get_title() == "All candidates have failed"
    for kind in ("slice", "best_so_far"):
        params = "a" if kind == "slice" else None
        display = all_failed.plot(kind=kind, params=params)
        assert display.best_mark_ is None


def test_large_grids_have_no_numbers():
    params = list(ParameterGrid({"a": list(range(9)), "b": list(range(8))}))
    scores = np.linspace(0, 1, 72)
    scores[5] = np.nan
    display = draw(results_of(params, scores))
    assert [text.get_text() for text in display.texts_] == ["×"]


def test_a_few_bad_scores_do_not_decide_the_colours():
    params = list(ParameterGrid({"a": [1, 2, 3], "b": [1, 2]}))
    display = draw(results_of(params, [-1e6, 0.4, 0.5, 0.5, 0.6, 0.7]))
    assert display.image_.get_clim()[0] > -1


@pytest.mark.usefixtures("laid_out")
def test_drawn_values_are_points():
    search = factories.random_search()
    display = show(search)
    assert display.image_ is None
    assert len(display.points_.get_offsets()) == 15
    best = search.best_params_
    assert display.best_mark_.get_xdata() == [best["mlp__alpha"]]
    assert display.best_mark_.get_ydata() == [best["mlp__dropout"]]
    assert display.ax_.get_xscale() == "log" and display.ax_.get_yscale() == "linear"


def test_drawn_values_that_have_all_failed():
    params = [{"a": 0.1 * 1.3**i, "b": 0.7**i} for i in range(15)]
    display = draw(results_of(params, [np.nan] * 15))
    assert len(display.points_.get_offsets()) == 0
    assert display.best_mark_ is None
    (crosses,) = display.ax_.lines
    assert_allclose(crosses.get_xdata(), [each["a"] for each in params])


def test_slice():
    grid = {"mlp__a": [0.001, 0.01, 0.1], "b": [1, 2]}
    params = list(ParameterGrid(grid))
    scores = {(0.001, 1): 1, (0.01, 1): 5, (0.1, 1): 3}
    scores |= {(0.001, 2): 2, (0.01, 2): 4, (0.1, 2): np.nan}
    values = [scores[p["mlp__a"], p["b"]] for p in params]
    display = draw(results_of(params, values), params="a")
    assert_array_equal(display.line_.get_xdata(), [0.001, 0.01, 0.1])
    assert_array_equal(display.line_.get_ydata(), [2, 5, 3])
    segments = display.errorbar_.lines[2][0].get_segments()
    assert_allclose(segments[0], [[0.001, 1.9], [0.001, 2.1]])
    assert len(display.points_.get_offsets()) == 5
    assert display.ax_.get_xscale() == "log"
    assert display.ax_.get_ylabel() == "Score"
    title = display.ax_.get_title()
    assert "each value: the best over b" in title
    assert "1 of 6 candidates have failed" in title


@pytest.mark.usefixtures("laid_out")
def test_values_of_any_kind():
    sizes = [(10,), [20, 20], None, "auto", True, 2]
    results = results_of([{"size": size} for size in sizes], range(6))
    display = draw(results)
    labels = ["2", "(10,)", "(20, 20)", "None", "auto", "True"]
    assert ticks(display.ax_.xaxis) == labels
    assert_array_equal(display.line_.get_ydata(), [5, 0, 1, 2, 3, 4])


def test_settings_that_lack_a_parameter():
    params = [{"penalty": None}, {"penalty": "l1", "alpha": 0.1}]
    display = draw(results_of(params, [0.1, 0.2]))
    assert ticks(display.ax_.yaxis) == ["0.1", "not set"]


def test_best_so_far():
    params = [{"a": i} for i in range(5)]
    display = draw(results_of(params, [0.2, np.nan, 0.1, 0.4, 0.3]), kind="best_so_far")
    assert_array_equal(display.line_.get_xdata(), [1, 2, 3, 4, 5])
    assert_array_equal(display.line_.get_ydata(), [0.2, 0.2, 0.2, 0.4, 0.4])
    assert display.best_mark_.get_xdata() == [4]
    assert display.ax_.get_xlabel() == "Candidate, in order"
    late = draw(results_of(params, [0.2, -99, 0.1, 0.4, 0.3]), kind="best_so_far")
    assert late.ax_.get_ylim()[0] > -1
    assert late.points_.get_label() == "candidate (1 below the frame)"


def test_several_metrics():
    search = factories.plain_search()
    display = show(search)
    results = search.cv_results_
    assert display.score_name == "neg_log_loss"
    assert_allclose(
        np.sort(display.mean_score), np.sort(results["mean_test_neg_log_loss"])
    )
    assert ticks(display.ax_.xaxis) == ["1", "3", "None"]
    assert show(search, metric="accuracy").ax_.get_ylabel() == "accuracy"
    assert draw(results, metric="accuracy", score_name="hits").score_name == "hits"
    for metric in (None, "r2"):
        with pytest.raises(ValueError, match="metric must be one of"):
            draw(results, metric=metric)


def test_halving_shows_its_last_iteration():
    search = factories.halving_search()
    iteration = search.cv_results_["iter"]
    n_last = np.sum(iteration == iteration.max())
    display = show(search, kind="slice", params="alpha")
    assert len(display.points_.get_offsets()) == n_last < len(iteration)
    said = f"only iteration {iteration.max() + 1} of {iteration.max() + 1}"
    assert said in display.ax_.get_title()
    every = show(search, kind="best_so_far")
    assert len(every.points_.get_offsets()) == len(iteration)
    dotted = [line for line in every.ax_.lines if line.get_linestyle() == ":"]
    assert len(dotted) == iteration.max()


def test_halving_whose_last_iteration_has_one_candidate():
    """The last that has something to compare is shown; the choice is marked."""
    results = results_of([{"alpha": a} for a in (1, 2, 3, 1, 2, 1)], np.arange(6) / 10)
    results["mean_test_score"][0] = 0.9  # better, but of an early iteration
    results["iter"] = np.array([0, 0, 0, 1, 1, 2])
    display = draw(results)
    assert len(display.points_.get_offsets()) == 2
    assert "only iteration 2 of 3" in display.ax_.get_title()
    every = draw(results, kind="best_so_far")
    assert every.best_mark_.get_xdata() == [6]
    assert every.ax_.get_title().startswith("best: 0.5")


def test_names_that_are_alike_keep_their_prefix():
    params = [{"a__x": i, "b__x": -i} for i in range(3)]
    ax = draw(results_of(params, range(3))).ax_
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("a__x", "b__x")
    with pytest.raises(ValueError, match="params must be among"):
        draw(results_of(params, range(3)), params="x")


def test_given_axes():
    figure, ax = plt.subplots()
    display = show(factories.grid_search(), ax=ax)
    assert display.ax_ is ax and display.figure_ is figure


def test_refusals():
    results = results_of([{"a": 1, "b": 1}, {"a": 2, "b": 1}], [1, 2])
    with pytest.raises(ValueError, match="kind must be one of"):
        draw(results, kind="map")
    with pytest.raises(ValueError, match=r"params must name 2 hyperparameter"):
        draw(results, kind="heatmap")
    with pytest.raises(ValueError, match=r"params must name 1 hyperparameter"):
        draw(results, kind="slice", params=["a", "b"])
    with pytest.raises(ValueError, match="params must be among"):
        draw(results, params="c")
    with pytest.raises(ValueError, match="fitted search"):
        show(factories.pipeline(estimators.classifier()))
