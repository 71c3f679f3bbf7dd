import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg.inspection import WeightsDisplay
from tests import factories as estimators
from tests.factories import however_it_ends
from tests.inspection import factories

show = WeightsDisplay.from_estimator


def labels(axis):
    return [text.get_text() for text in axis.get_ticklabels()]


def test_histograms_count_what_is_not_zero():
    model = factories.sparse_classifier()
    display = show(model, bins=10)
    W = model[-1].coefs_[0]
    share = np.mean(W == 0)
    assert 0 < share < 1
    assert [len(bars) for bars in display.bars_] == [10, 10]
    for bars in display.bars_:
        assert sum(bar.get_height() for bar in bars) == pytest.approx(100)
    used = W[W != 0]
    assert display.bars_[0][0].get_x() == pytest.approx(used.min())
    assert display.bars_[0][4].get_height() == pytest.approx(
        100 * np.histogram(used, 10)[0][4] / len(used)
    )
    whole, filled = display.zero_bars_[0]
    assert whole.get_width() == 1 and filled.get_width() == pytest.approx(share)
    assert display.zero_bars_[1] is None
    first, second = (ax.get_title() for ax in display.axes_)
    assert f"{share:.0%} zeros" in first
    assert f"norm {np.linalg.norm(W):.3g}" in first
    assert "no zeros" in second
    assert display.axes_[0].get_ylabel() == "non-zero weights (%)"
    assert display.axes_[0].get_xlabel() == "weight"


@pytest.mark.usefixtures("laid_out")
def test_a_layer_of_zeros():
    display = WeightsDisplay(weights=[np.zeros((3, 2)), np.ones((2, 1))]).plot()
    assert display.zero_bars_[0][1].get_width() == 1


@however_it_ends
def test_a_residual_block_is_one_layer(iris):
    model = estimators.classifier(hidden_layer_sizes=(5, 5), residual=True).fit(*iris)
    display = show(model)
    (dense, shortcut), *_ = factories.layer_weights(model)
    assert_array_equal(display.weights[0], np.hstack([dense, shortcut]))
    assert len(display.axes_) == 3
    for layer, weights in enumerate(display.weights):
        norm = model.history_[f"weight_norm_{layer}"][-1]
        assert np.linalg.norm(weights) == pytest.approx(norm)
    assert_allclose(
        np.linalg.norm(display.weights[0], axis=1), model.feature_importances_
    )


@pytest.mark.usefixtures("laid_out")
@however_it_ends
def test_images(digits):
    model = estimators.classifier(max_iter=2, dtype="float32").fit(*digits)
    display = show(model, kind="images", n_units=5)
    W = model.coefs_[0]
    norms = np.linalg.norm(W, axis=0)
    assert_array_equal(display.units_, np.argsort(-norms)[:5])
    assert [image.get_array().shape for image in display.images_] == [(8, 8)] * 5
    assert_array_equal(display.images_[0].get_array().ravel(), W[:, display.units_[0]])
    low, high = display.images_[3].get_clim()
    assert low == -high
    assert "5 of 12 units" in display.figure_.get_suptitle()
    assert len(show(model, kind="images").images_) == 12
    wide = show(model, kind="images", n_units=1, image_shape=(4, 16))
    assert wide.images_[0].get_array().shape == (4, 16)
    for shape in ((3, 3), (64, 2)):
        with pytest.raises(ValueError, match="image_shape must have the product 64"):
            show(model, kind="images", image_shape=shape)


def test_images_need_a_shape_that_is_not_a_square():
    with pytest.raises(ValueError, match="image_shape"):
        WeightsDisplay(weights=[np.ones((6, 2))]).plot(kind="images")


def test_inputs_are_sorted_and_zeros_told_apart():
    model = factories.sparse_classifier()
    display = show(model, kind="inputs")
    norms = model[-1].feature_importances_
    n_zero = np.sum(norms == 0)
    assert n_zero > 0
    (ax,) = display.axes_
    order = np.argsort(-norms, kind="stable")
    assert labels(ax.yaxis) == [factories.IRIS.columns[i] for i in order]
    assert_allclose(display.points_.get_xdata(), norms[order][: 4 - n_zero])
    assert_array_equal(display.zero_points_.get_xdata(), np.zeros(n_zero))
    assert f"{n_zero} of 4 inputs" in ax.get_legend().get_texts()[0].get_text()
    assert ax.get_xlabel() and ax.get_ylabel() == "Input"
    assert show(factories.classifier(), kind="inputs").zero_points_ is None


def test_no_input_is_used():
    display = WeightsDisplay(weights=[np.zeros((3, 2))]).plot(kind="inputs")
    assert display.points_ is None
    assert_array_equal(display.zero_points_.get_ydata(), [0, 1, 2])


@pytest.mark.usefixtures("laid_out")
def test_the_strongest_inputs():
    weights = [np.arange(60.0)[:, None] * [1.0, 2.0]]
    display = WeightsDisplay(weights=weights).plot(kind="inputs", max_features=25)
    (ax,) = display.axes_
    assert labels(ax.yaxis) == [str(i) for i in range(59, 34, -1)]
    assert ax.get_title() == "25 strongest of 60 inputs"
    assert display.figure_.get_size_inches()[1] > 4.8


class Nameless(StandardScaler):
    def get_feature_names_out(self, input_features=None):
        raise AttributeError("no names")


def quick():
    return estimators.classifier(tol=1.0, n_iter_no_change=2)


def test_names_of_the_inputs(iris):
    columns = list(factories.IRIS.columns)
    named = factories.regressor()
    assert list(show(named).feature_names) == list(factories.DIABETES.columns)
    assert list(show(factories.grid_search()).feature_names) == columns
    X, y = factories.IRIS, factories.SPECIES
    assert list(show(quick().fit(X, y)).feature_names) == columns
    scaler = StandardScaler().set_output(transform="pandas")
    named = make_pipeline(scaler, quick()).fit(X, y)
    assert list(show(named).feature_names) == columns
    turned = make_pipeline(StandardScaler(), PCA(2), quick()).fit(X, y)
    assert list(show(turned).feature_names) == ["pca0", "pca1"]
    for model in (make_pipeline(quick()), make_pipeline(Nameless(), quick())):
        names = show(model.fit(*iris)).feature_names
        assert list(names) == ["x0", "x1", "x2", "x3"]
    given = show(turned, feature_names=["a", "b"], kind="inputs")
    assert sorted(labels(given.axes_[0].yaxis)) == ["a", "b"]
    with pytest.raises(ValueError, match="feature_names must have 2 entries"):
        show(turned, feature_names=["a"])


def test_norms_over_the_epochs():
    model = factories.classifier()
    display = show(model, kind="norms")
    history = model[-1].history_
    for i, line in enumerate(display.lines_):
        assert_array_equal(line.get_ydata(), history[f"weight_norm_{i}"])
        assert line.get_label() == f"layer {i + 1}"
    (ax,) = display.axes_
    assert ax.get_xlabel() == "Epoch" and "norm" in ax.get_ylabel()
    with pytest.raises(ValueError, match="needs norms"):
        WeightsDisplay(weights=[np.ones((2, 1))]).plot(kind="norms")


@pytest.mark.usefixtures("laid_out")
def test_many_layers():
    weights = [np.random.default_rng(0).normal(size=(5, 5))] * 12
    display = WeightsDisplay(weights=weights, norms=np.ones((4, 12)))
    assert len(display.plot().axes_) == 12
    colors = [line.get_color() for line in display.plot(kind="norms").lines_]
    assert len({tuple(color) for color in colors}) == 12


@pytest.mark.usefixtures("laid_out")
def test_given_axes():
    model = factories.classifier()
    figure, frame = plt.subplots()
    display = show(model, ax=frame)
    assert display.figure_ is figure and len(display.axes_) == 2
    assert not frame.axison
    _, two = plt.subplots(1, 2)
    assert list(show(model, ax=two).axes_) == list(two)
    _, frame = plt.subplots()
    display = show(model, kind="images", image_shape=(2, 2), ax=frame, n_units=4)
    assert "units" in frame.get_title()
    with pytest.raises(ValueError, match="ax must be one matplotlib Axes"):
        show(model, ax=plt.subplots(1, 3)[1])
    with pytest.raises(ValueError, match="ax must be one matplotlib Axes"):
        show(model, ax=plt.figure().add_axes((0.1, 0.1, 0.8, 0.8)))


def test_kinds():
    with pytest.raises(ValueError, match="kind must be one of"):
        show(factories.classifier(), kind="bars")
