import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sknnreg.inspection import RegularizationPathDisplay
from sknnreg.model_selection import regularization_path
from tests import factories as estimators
from tests.factories import however_it_ends
from tests.inspection import factories

show = RegularizationPathDisplay.from_path


@however_it_ends
def test_of_a_search():
    network = estimators.classifier(penalty="l1")
    found = regularization_path(
        factories.pipeline(network),
        factories.IRIS,
        factories.SPECIES,
        values=[0.0, 0.01, 1.0],
        cv=2,
    )
    display = show(found, score_name="accuracy")
    (line,) = display.lines_["score"]
    assert_allclose(line.get_ydata(), found.mean_score)
    assert display.axes_[0].get_ylabel() == "accuracy"
    assert display.axes_[0].get_xlabel() == "alpha"
    assert len(show(found, kind="all").axes_) == 4
    (ax,) = found.plot(kind="inputs", n_named=1).axes_
    assert ax.texts[0].get_text() in factories.IRIS.columns


def test_band_is_one_standard_error():
    path = factories.path()
    band = show(path).band_.get_paths()[0].vertices
    error = path.scores.std(axis=1) / np.sqrt(2)
    mean = path.scores.mean(axis=1)
    assert np.isclose(band[:, 1], (mean - error)[0]).any()
    assert np.isclose(band[:, 1], (mean + error)[2]).any()


@pytest.mark.usefixtures("laid_out")
def test_choices_are_marked_in_each_panel():
    path = factories.path()
    display = show(path, kind="all")
    x = [line.get_xdata()[0] for line in display.best_lines_]
    assert len(display.axes_) == 4
    assert_allclose(x, [path.param_values[1], path.param_values[3]] * 4)
    legend = [t.get_text() for t in display.axes_[0].get_legend().get_texts()]
    assert legend[1:] == ["best: 0.001", "1-SE rule: 0.1"]
    path.best_index_1se = path.best_index
    (line,) = show(path).best_lines_
    assert line.get_label() == "best and 1-SE rule: 0.001"


def test_zero_has_a_place_of_its_own():
    path = factories.path()
    (ax,) = show(path).axes_
    assert ax.get_xscale() == "log"
    ticks = dict(
        zip([t.get_text() for t in ax.get_xticklabels()], ax.get_xticks(), strict=True)
    )
    assert 0 < ticks["0"] < 1e-3 and ticks["1"] == 1
    assert show(path).lines_["score"][0].get_xdata()[0] == ticks["0"]


def test_shares():
    path = factories.path()
    zeros, kept = show(path, kind="zeros").lines_["zeros"]
    assert_allclose(zeros.get_ydata(), 100 * path.zero_share)
    assert_allclose(kept.get_ydata(), 100 * path.n_inputs_kept / 4)
    (zeros,) = show(factories.path(n_inputs_kept=None), kind="zeros").lines_["zeros"]
    assert zeros.get_label() == "weights that are zero"
    both = show(factories.path(input_norms=None), kind="zeros").lines_["zeros"]
    assert_allclose(both[1].get_ydata(), kept.get_ydata())  # by the names
    few = factories.path(input_norms=None, feature_names=None)
    assert len(show(few, kind="zeros").lines_["zeros"]) == 1


def test_norms():
    path = factories.path()
    first, second = show(path, kind="norms").lines_["norms"]
    assert_array_equal(first.get_ydata(), path.weight_norms[:, 0])
    assert second.get_label() == "layer 2"


@pytest.mark.parametrize("at_right", [False, True])
def test_strongest_inputs_are_named_where_they_differ(at_right):
    path = factories.path(n_inputs=30)
    if at_right:
        path.input_norms = path.input_norms[::-1]
    display = show(path, kind="inputs", n_named=3)
    (ax,) = display.axes_
    assert len(display.lines_["inputs"]) == 30
    names = [text.get_text() for text in display.texts_]
    assert sorted(names) == ["input 0", "input 1", "input 2"]
    end = path.param_values[-1]
    assert (ax.get_xlim()[1] > 2 * end) == at_right
    heights = [text.xyann[1] for text in display.texts_]
    assert (np.diff(heights) > 0).all()


def test_no_input_is_named():
    display = show(factories.path(), kind="inputs", n_named=0)
    assert len(display.lines_["inputs"]) == 4
    assert display.texts_ == []


@pytest.mark.usefixtures("laid_out")
def test_names_that_would_overlap_are_moved_apart():
    path = factories.path(feature_names=None)
    path.input_norms = np.linspace(1, 0, 5)[:, None] * np.full(4, 1.0)
    display = show(path, kind="inputs")
    heights = [text.xyann[1] for text in display.texts_]
    assert np.diff(heights).min() > 0.04
    assert heights[-1] < display.axes_[0].get_ylim()[1]
    assert {text.get_text() for text in display.texts_} == {"x0", "x1", "x2", "x3"}


def test_other_values():
    path = factories.path()
    path.param_values = np.array([0.4, 0.0, 0.3, 0.1, 0.2])
    (ax,) = show(path, param="dropout").axes_
    assert ax.get_xscale() == "linear" and ax.get_xlabel() == "dropout"
    x = ax.lines[0].get_xdata()
    assert_array_equal(x, np.sort(path.param_values))
    path.param_values = np.array([[0.1, 0.2], [0.1, 0.3], [0, 0], [1, 1], [2, 2]])
    (ax,) = show(path).axes_
    assert ax.get_xticklabels()[0].get_text() == "(0.1, 0.2)"


def test_given_axes():
    _, axes = plt.subplots(2, 2)
    assert list(show(factories.path(), kind="all", ax=axes).axes_) == list(axes.flat)
    figure, ax = plt.subplots()
    display = show(factories.path(), ax=ax)
    assert display.axes_[0] is ax and display.figure_ is figure


def test_what_is_missing():
    bare = factories.path(input_norms=None, zero_share=None, weight_norms=None)
    assert len(show(bare, kind="all").axes_) == 1
    with pytest.raises(ValueError, match="kind='inputs' needs input_norms"):
        show(bare, kind="inputs")
    with pytest.raises(ValueError, match="kind must be one of"):
        show(bare, kind="scores")
