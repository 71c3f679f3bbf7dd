"""What skl2onnx calls to convert a network: types of the outputs, then the nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sknnreg._fitted import fitted_arrays
from sknnreg.engine.network import Network
from sknnreg.onnx._pieces import LAYERS, Graph, form

#: LayerNormalization came with it
FIRST_OPSET = 17


def regressor_shapes(operator: Any) -> None:
    """The type of predictions."""
    n_rows = operator.inputs[0].get_first_dimension()
    operator.outputs[0].type.shape = [n_rows, operator.raw_operator.n_outputs_]


def classifier_shapes(operator: Any) -> None:
    """The types of labels and probabilities."""
    from skl2onnx.common.data_types import Int64TensorType, StringTensorType

    model, n_rows = operator.raw_operator, operator.inputs[0].get_first_dimension()
    n_classes = len(model.classes_)
    if n_classes < 2:
        raise ValueError("A classifier of a single class cannot be converted to ONNX.")
    names = labels(operator.scope_inst, model).dtype == object
    kind = StringTensorType if names else Int64TensorType
    shape = [n_rows, n_classes] if model._target.is_multilabel else [n_rows]
    operator.outputs[0].set_type(kind(shape=shape))
    operator.outputs[1].type.shape = [n_rows, n_classes]


def labels(scope: Any, model: Any) -> NDArray:
    """The classes, as strings or whole numbers; with the option "nocl" their places."""
    from skl2onnx.common.utils_classifier import get_label_classes

    classes = np.asarray(get_label_classes(scope, model))
    return classes.astype(object if classes.dtype.kind in "OUS" else np.int64)


def begin(scope: Any, operator: Any, container: Any) -> tuple[Graph, str]:
    """The graph, and in it the raw outputs of a network."""
    from skl2onnx.common.data_types import DoubleTensorType

    if container.target_opset < FIRST_OPSET:
        raise ValueError(
            f"target_opset must be at least {FIRST_OPSET}. Got "
            f"{container.target_opset}."
        )
    is_double = isinstance(operator.inputs[0].type, DoubleTensorType)
    g = Graph(scope, container, np.float64 if is_double else np.float32)
    x = g.cast(operator.inputs[0].full_name, g.dtype)
    model = operator.raw_operator
    held = fitted_arrays(model, model._network)
    for layer, arrays in zip(model._network.layers, held, strict=True):
        values = {name: array[0] for name, array in arrays.items()}
        x = form(LAYERS, layer)(g, layer, values, x)
    return g, x


def convert_regressor(scope: Any, operator: Any, container: Any) -> None:
    """Predictions, (n, n_outputs)."""
    g, raw = begin(scope, operator, container)
    network = operator.raw_operator._network
    if network.loss.link == "exp":
        raw = g.node("Exp", raw)
    chosen = g.constant(predictions_of(network), np.int64)
    g.write("Gather", operator.outputs[0].full_name, raw, chosen, axis=1)


def predictions_of(network: Network) -> NDArray:
    """Which output is each target's prediction; of several quantiles it is one."""
    outputs = np.linspace(-2, 1, network.n_out)[None]
    answer = network.loss.inverse_link(outputs.copy())[0]
    if network.loss.link == "exp":
        outputs = np.exp(outputs)
    found = answer[:, None] == outputs
    if not found.any(axis=1).all():
        raise ValueError(f"{type(network.loss).__name__} cannot be converted to ONNX.")
    return found.argmax(axis=1)


def convert_classifier(scope: Any, operator: Any, container: Any) -> None:
    """Labels, and probabilities (n, n_classes)."""
    g, raw = begin(scope, operator, container)
    model = operator.raw_operator
    label, probability = (output.full_name for output in operator.outputs)
    if model._target.is_multiclass:
        g.write("Softmax", probability, raw, axis=-1)
        choice = g.node("ArgMax", raw, axis=-1, keepdims=0)
    else:
        choice = g.cast(g.node("Greater", raw, 0), np.int64)
        if model._target.is_multilabel:
            g.write("Sigmoid", probability, raw)
            g.write("Identity", label, choice)
            return
        both = g.node("Concat", g.node("Neg", raw), raw, axis=1)
        g.write("Sigmoid", probability, both)
        choice = g.node("Reshape", choice, g.constant([-1], np.int64))
    classes = labels(scope, model)
    g.write("Gather", label, g.constant(classes, classes.dtype), choice)
