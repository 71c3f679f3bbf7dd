import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg.inspection import SignalPropagationDisplay
from tests import factories as estimators
from tests.factories import however_it_ends
from tests.inspection import factories

pytestmark = however_it_ends
show = SignalPropagationDisplay.from_estimator
X, y = factories.IRIS, factories.SPECIES
SCALES = ("activations", "gradients", "inputs", "outputs")


def rms(x):
    return np.sqrt(np.mean(np.square(x)))


def deep(**params):
    return estimators.classifier(
        **{"hidden_layer_sizes": (6, 5), "activation": "tanh"} | params
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_after_training_the_signals_are_those_of_the_same_fit(dtype):
    """Forward and backward written by hand, with the coefficients of ``fit``."""
    model = deep(dropout=0.2, input_noise=0.1, dtype=dtype, max_iter=3)
    Z, labels = StandardScaler().fit_transform(X), np.asarray(y)
    display = show(model, Z, labels, epochs=[0, 3])
    fitted = clone(model).fit(Z, labels)
    W, b = fitted.coefs_, fitted.intercepts_
    h1 = np.tanh(Z @ W[0] + b[0])
    h2 = np.tanh(h1 @ W[1] + b[1])
    d_raw = fitted.predict_proba(Z) - (labels[:, None] == fitted.classes_)
    d2 = d_raw @ W[2].T
    d1 = (d2 * (1 - h2**2)) @ W[1].T
    rtol = 1e-4 if dtype == "float32" else 1e-10
    assert display.activations.shape == (1, 2, 2)
    assert_allclose(display.activations[0, 1], [rms(h1), rms(h2)], rtol=rtol)
    assert_allclose(display.gradients[0, 1], [rms(d1), rms(d2)], rtol=rtol)
    assert_allclose(display.inputs, rms(Z), rtol=rtol)
    assert_allclose(display.outputs[0, 1], rms(d_raw), rtol=rtol)
    assert display.outputs[0, 0] > display.outputs[0, 1]


def test_measuring_does_not_change_the_training():
    model = deep(normalization="batch", max_iter=6)
    often, once = (show(model, X, y, epochs=e) for e in ([0, 1, 2, 6], [6]))
    for name in SCALES:
        assert_array_equal(getattr(often, name)[:, -1], getattr(once, name)[:, -1])


@pytest.mark.parametrize("params", [{}, {"early_stopping": True}, {"solver": "lbfgs"}])
def test_the_estimator_is_left_alone(params):
    tol = 1e-9 if params.get("solver") == "lbfgs" else 1.0
    model = deep(max_iter=30, n_iter_no_change=1, tol=tol, **params)
    before = model.get_params()
    display = show(model, X, y, epochs=(4, 0))
    assert not hasattr(model, "coefs_") and model.get_params() == before
    assert list(display.epochs) == [0, 4]
    assert np.isfinite(display.activations).all()


@pytest.mark.usefixtures("laid_out")
def test_lines():
    display = show(deep(), X, y, init=["he_normal", "normal"], epochs=[0, 2])
    assert display.lines_.shape == (2, 2, 2)
    line = display.lines_[0, 1, 1]
    assert_array_equal(line.get_xdata(), [0, 1, 2])
    assert_array_equal(
        line.get_ydata(), [display.inputs[1, 1], *display.activations[1, 1]]
    )
    line = display.lines_[1, 0, 1]
    assert_array_equal(line.get_xdata(), [1, 2, 3])
    assert_array_equal(
        line.get_ydata(), [*display.gradients[0, 1], display.outputs[0, 1]]
    )
    assert line.get_label() == "he_normal, epoch 2"
    looks = {(each.get_color(), each.get_linestyle()) for each in display.lines_.flat}
    assert len(looks) == 4
    for ax in display.axes_:
        assert ax.get_yscale() == "log" and ax.get_xlabel() == "Hidden layer"
        assert len(ax.lines) == 5
    ticks = [[t.get_text() for t in ax.get_xticklabels()] for ax in display.axes_]
    assert ticks == [["in", "1", "2"], ["1", "2", "out"]]
    assert display.reference_lines_[0].get_ydata()[0] == display.inputs[0, 0]
    assert display.reference_lines_[1].get_ydata()[0] == display.outputs[0, 0]


def test_names_of_curves():
    def labels(**params):
        display = show(deep(hidden_layer_sizes=(3,)), X, y, **params)
        return [line.get_label() for line in display.lines_[0].flat]

    def halves(rng, shape):
        return np.full(shape, 0.5)

    assert labels() == ["epoch 0"]
    assert labels(epochs=2) == ["epoch 2"]
    assert labels(init=["zeros", halves]) == ["zeros", "halves"]
    assert labels(init=halves, epochs=[0, 1]) == ["epoch 0", "epoch 1"]


@pytest.mark.usefixtures("laid_out")
def test_what_is_gone_is_marked_at_the_edge():
    display = show(deep(activation="relu"), X, y, init="zeros")
    assert_array_equal(display.activations, 0)
    marks = [line for line in display.axes_[0].lines if line.get_marker() == "v"]
    assert_array_equal(marks[0].get_xdata(), [1, 2])


@pytest.mark.usefixtures("laid_out")
def test_of_nothing_nothing_comes():
    """Inputs and hidden layers are all at the lower edge; there is no scale to set."""
    display = show(deep(activation="relu"), 0 * X, y, init="zeros")
    assert_array_equal(display.inputs, 0)
    marks = [line for line in display.axes_[0].lines if line.get_marker() == "v"]
    assert_array_equal(marks[0].get_xdata(), [0, 1, 2])


@pytest.mark.usefixtures("laid_out")
def test_many_curves_have_their_legend_beside_them():
    few, many = (
        show(deep(), X, y, init=["he_normal", "normal"], epochs=epochs)
        for epochs in ([0, 1], [0, 1, 2])
    )
    assert few.axes_[0].get_legend() and not few.axes_[1].get_legend()
    legend, panel = many.axes_[1].get_legend(), many.axes_[1]
    assert len(legend.get_texts()) == 7 and not many.axes_[0].get_legend()
    assert legend.get_window_extent().x0 >= panel.get_window_extent().x1


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_before_training_none_is_needed(solver):
    display = show(deep(solver=solver), X, y, epochs=0)
    W = deep(solver="adam", max_iter=1, learning_rate_init=1e-300).fit(X, y).coefs_
    assert display.activations[0, 0, 0] == pytest.approx(rms(np.tanh(X @ W[0])))


def test_depth_tells_initializations_apart():
    model = deep(hidden_layer_sizes=(30,) * 15, activation="relu")
    Z = StandardScaler().fit_transform(X)
    display = show(model, Z, y, init=["he_normal", "normal"])
    he, normal = display.activations[:, 0] / display.inputs
    assert 0.1 < he[-1] < 10 and normal[-1] < 1e-6


def test_steps_before_the_network_and_transformed_targets():
    network = estimators.regressor(max_iter=2)
    model = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), network), transformer=StandardScaler()
    )
    data = factories.DIABETES, factories.PROGRESSION
    display = show(model, *data, epochs=[0, 2])
    assert display.inputs[0, 0] == pytest.approx(1)
    assert not hasattr(model, "regressor_")
    Z, t = (StandardScaler().fit_transform(np.c_[part]) for part in data)
    alone = show(network, Z, t[:, 0], epochs=[0, 2])
    for name in SCALES:
        assert_allclose(getattr(display, name), getattr(alone, name), rtol=1e-9)
    steps = model.regressor.named_steps
    assert not hasattr(steps["standardscaler"], "mean_")
    search = factories.grid_search()
    assert show(search, X, y).activations.shape == (1, 1, 1)


def test_many_rows_are_thinned():
    rng = np.random.default_rng(0)
    Z, t = rng.normal(size=(3000, 3)), rng.normal(size=3000)
    display = show(estimators.regressor(), Z, t)
    kept = Z[np.linspace(0, 2999, 1024).astype(int)]
    assert display.inputs[0, 0] == pytest.approx(rms(kept))


def test_training_that_ends_early_leaves_gaps():
    model = deep(solver="lbfgs", tol=1.0, max_iter=40)
    with pytest.warns(UserWarning, match="ended before epoch 30") as record:
        display = show(model, X, y, epochs=[0, 30, 40])
    assert record[0].filename == __file__
    assert np.isfinite(display.activations[0, 0]).all()
    assert np.isnan(display.activations[0, 1]).all()


def test_given_axes_and_looks():
    figure, axes = plt.subplots(1, 2)
    display = show(deep(), X, y, ax=axes, line_kwargs={"marker": "D"})
    assert display.figure_ is figure and list(display.axes_) == list(axes)
    assert display.lines_[0, 0, 0].get_marker() == "D"
    _, ax = plt.subplots()
    assert len(show(deep(), X, y, ax=ax).axes_) == 2


def test_refusals():
    with pytest.raises(ValueError, match="no hidden layer"):
        show(deep(hidden_layer_sizes=()), X, y)
    with pytest.raises(ValueError, match="epochs"):
        show(deep(max_iter=5), X, y, epochs=6)
    with pytest.raises(ValueError, match="epochs must have"):
        show(deep(), X, y, epochs=[])
    with pytest.raises(TypeError, match="epochs"):
        show(deep(), X, y, epochs=[0.5])
    with pytest.raises(ValueError, match="'init' parameter"):
        show(deep(), X, y, init="nothing")
    with pytest.raises(ValueError, match="estimator must be"):
        show(StandardScaler(), X, y)
