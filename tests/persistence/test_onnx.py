"""Networks converted to ONNX and run by onnxruntime give the same answers."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg.engine.activations import ACTIVATIONS, Tanh
from sknnreg.engine.layers import NORMALIZATIONS, LayerNorm
from sknnreg.engine.losses import REGRESSION_LOSSES, SquaredError
from sknnreg.onnx import register, to_onnx
from tests.factories import classifier, not_converged, regressor, unscaled
from tests.persistence.factories import flowers, patients

pytest.importorskip("skl2onnx")
onnxruntime = pytest.importorskip("onnxruntime")

pytestmark = not_converged

ACCURACY = {"rtol": 1e-5, "atol": 1e-5}


def answers(converted, X):
    """All outputs."""
    session = onnxruntime.InferenceSession(
        converted.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {session.get_inputs()[0].name: X})


def assert_same_classifier(model, X):
    label, probability = answers(to_onnx(model, X[:1]), X)
    assert_array_equal(label, model.predict(X))
    assert probability.dtype == X.dtype
    assert_allclose(probability, model.predict_proba(X), **ACCURACY)


def assert_same_regressor(model, X):
    (y,) = answers(to_onnx(model, X[:1]), X)
    expected = model.predict(X)
    assert y.dtype == X.dtype
    assert y.shape == (len(X), 1 if expected.ndim == 1 else expected.shape[1])
    assert_allclose(y.reshape(expected.shape), expected, **ACCURACY)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(activation, dtype):
    X, y = patients()
    model = regressor(activation=activation, hidden_layer_sizes=(6, 5)).fit(X, y)
    # far out as well, where something might overflow
    assert_same_regressor(model, np.concatenate([X, 30 * X]).astype(dtype))


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("normalization", [None, *NORMALIZATIONS])
def test_layers(normalization, residual):
    X, y = flowers()
    model = classifier(
        hidden_layer_sizes=(6, 6, 4),
        normalization=normalization,
        residual=residual,
        input_scale=6.0,
        dropout=0.2,
        input_dropout=0.1,
        input_noise=0.1,
        learning_rate_init=0.05,
    ).fit(X, y)
    assert_same_classifier(model, X.astype(np.float32))


@unscaled
@pytest.mark.parametrize("n_targets", [1, 2])
@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
def test_losses(loss, n_targets):
    X, y = patients(n_targets)
    for quantile in (0.3, [0.1, 0.4, 0.9]) if loss == "quantile" else (0.5,):
        model = regressor(loss=loss, quantile=quantile).fit(X, np.abs(y))
        assert_same_regressor(model, X.astype(np.float32))


TARGETS = {
    "binary": lambda y: y > 1,
    "two names": lambda y: np.array(["no", "jà"])[(y > 1).astype(int)],
    "three names": lambda y: np.array(["a", "bb", "c"], dtype=object)[y],
    "floats": lambda y: y + 3.0,
    "labels": lambda y: flowers(2)[1],
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_targets(target, dtype):
    X, y = flowers()
    y = TARGETS[target](y)
    X = X.astype(dtype)
    assert_same_classifier(classifier().fit(X, y), X)
    assert_same_classifier(make_pipeline(StandardScaler(), classifier()).fit(X, y), X)


def test_a_pipeline_of_a_regressor_without_hidden_layers():
    X, y = patients(2)
    model = regressor(hidden_layer_sizes=())
    assert_same_regressor(
        make_pipeline(StandardScaler(), model).fit(X, y), X.astype(np.float32)
    )


def test_whole_numbers_and_the_options_of_skl2onnx():
    import skl2onnx
    from skl2onnx.common.data_types import Int64TensorType

    X, y = flowers()
    X = X.astype(np.int64)
    model = classifier().fit(X, y)
    register()
    converted = skl2onnx.convert_sklearn(
        model, initial_types=[("X", Int64TensorType([None, 4]))], target_opset=17
    )
    label, probability = answers(converted, X)
    assert_array_equal(label, model.predict(X))
    table = [[row[each] for each in (0, 1, 2)] for row in probability]
    assert_allclose(table, model.predict_proba(X), **ACCURACY)
    names = classifier().fit(X, np.array(["a", "b", "c"])[y])
    options = {id(names): {"zipmap": False, "nocl": True}}
    label, _ = answers(to_onnx(names, X[:1], options=options), X)
    assert_array_equal(label, model.predict(X))


def test_what_cannot_be_converted(monkeypatch):
    X, y = patients()

    class Mine(Tanh):
        pass

    class Doubled(SquaredError):
        def inverse_link(self, raw):
            return 2 * raw

    class Layer(LayerNorm):
        pass

    monkeypatch.setitem(ACTIVATIONS, "mine", Mine)
    monkeypatch.setitem(NORMALIZATIONS, "mine", Layer)
    monkeypatch.setitem(REGRESSION_LOSSES, "mine", Doubled)
    pieces = {"activation": Mine, "normalization": Layer, "loss": Doubled}
    for name, kind in pieces.items():
        model = regressor(**{name: "mine"}).fit(X, y)
        with pytest.raises(ValueError, match=f"{kind.__name__} cannot be converted"):
            to_onnx(model, X[:1])
    model = regressor().fit(X, y)
    with pytest.raises(ValueError, match=re.escape("at least 17. Got 15")):
        to_onnx(model, X[:1], target_opset=15)
    with pytest.raises(ValueError, match="of a single class"):
        to_onnx(classifier().fit(X, np.zeros(len(X))), X[:1])
    with pytest.raises(NotFittedError):
        to_onnx(regressor(), X[:1])
