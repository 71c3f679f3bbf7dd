"""The pieces of a network as nodes of ONNX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from sknnreg.engine import activations, layers
from sknnreg.engine.layers import batch_norm, layer_norm


class Graph:
    """What skl2onnx is building, to which nodes are added.

    Parameters
    ----------
    scope, container :
        skl2onnx's.
    dtype : dtype
        Of the numbers.
    """

    def __init__(self, scope, container, dtype: DTypeLike) -> None:
        self.scope, self.container, self.dtype = scope, container, np.dtype(dtype)

    def constant(self, value: Any, dtype: DTypeLike | None = None) -> str:
        """The name of an array or a number."""
        from onnx import TensorProto
        from onnx.helper import np_dtype_to_tensor_dtype

        name = self.scope.get_unique_variable_name("constant")
        array = np.asarray(value, dtype or self.dtype)
        kind, content = TensorProto.STRING, array.ravel().tolist()
        if array.dtype.kind in "OUS":
            content = [str(each).encode() for each in content]
        else:
            kind = np_dtype_to_tensor_dtype(array.dtype)
        self.container.add_initializer(name, kind, array.shape, content)
        return name

    def node(self, kind: str, *inputs: Any, **attributes: Any) -> str:
        """The name of what comes out of an operator; inputs are names or numbers."""
        name = self.scope.get_unique_variable_name(kind)
        self.write(kind, name, *inputs, **attributes)
        return name

    def write(self, kind: str, output: str, *inputs: Any, **attributes: Any) -> None:
        """:meth:`node` with a name for what comes out."""
        self.container.add_node(
            kind,
            [x if isinstance(x, str) else self.constant(x) for x in inputs],
            [output],
            name=self.scope.get_unique_operator_name(kind),
            **attributes,
        )

    def cast(self, x: str, dtype: DTypeLike) -> str:
        """``x`` as another type."""
        from onnx.helper import np_dtype_to_tensor_dtype

        return self.node("Cast", x, to=int(np_dtype_to_tensor_dtype(np.dtype(dtype))))


# Activations: f(graph, z)


def operator(kind: str, **attributes: float) -> Callable[[Graph, str], str]:
    """An activation that ONNX has."""
    return lambda g, z: g.node(kind, z, **attributes)


def single(kind: str, **attributes: float) -> Callable[[Graph, str], str]:
    """One that runtimes have in single precision only."""

    def function(g: Graph, z: str) -> str:
        if g.dtype == np.float32:
            return g.node(kind, z, **attributes)
        return g.cast(g.node(kind, g.cast(z, np.float32), **attributes), g.dtype)

    return function


def gelu(g: Graph, z: str) -> str:
    erf = single("Erf")(g, g.node("Mul", z, np.sqrt(0.5)))
    return g.node("Mul", z, g.node("Mul", g.node("Add", erf, 1), 0.5))


def silu(g: Graph, z: str) -> str:
    return g.node("Mul", z, g.node("Sigmoid", z))


def mish(g: Graph, z: str) -> str:
    return g.node("Mul", z, g.node("Tanh", single("Softplus")(g, z)))


ACTIVATIONS: dict[type, Callable[[Graph, str], str]] = {
    activations.Identity: operator("Identity"),
    activations.Logistic: operator("Sigmoid"),
    activations.Tanh: operator("Tanh"),
    activations.Relu: operator("Relu"),
    activations.LeakyRelu: single("LeakyRelu", alpha=activations.LeakyRelu.slope),
    activations.Elu: single("Elu", alpha=activations.Elu.alpha),
    activations.Selu: single(
        "Selu", alpha=activations.Selu.alpha, gamma=activations.Selu.scale
    ),
    activations.Gelu: gelu,
    activations.Silu: silu,
    activations.Mish: mish,
    activations.Softplus: single("Softplus"),
}


# Layers: f(graph, layer, its arrays, x)


def nothing(g: Graph, layer: Any, values: dict, x: str) -> str:
    """Dropout and noise, which are off."""
    return x


def activate(g: Graph, layer: Any, values: dict, x: str) -> str:
    return form(ACTIVATIONS, layer.function)(g, x)


def dense(g: Graph, layer: Any, values: dict, x: str) -> str:
    return g.node("Add", g.node("MatMul", x, values["weight"]), values["bias"])


def input_scale(g: Graph, layer: Any, values: dict, x: str) -> str:
    return g.node("Mul", x, values["scale"])


def normalize_batch(g: Graph, layer: Any, values: dict, x: str) -> str:
    spread = np.sqrt(values["variance"].astype(np.float64) + batch_norm.EPSILON)
    hat = g.node("Sub", x, values["mean"])
    return g.node("Add", g.node("Mul", hat, values["gamma"] / spread), values["beta"])


def normalize_layer(g: Graph, layer: Any, values: dict, x: str) -> str:
    gain, shift = values["gamma"], values["beta"]
    return g.node(
        "LayerNormalization", x, gain, shift, axis=-1, epsilon=layer_norm.EPSILON
    )


def residual(g: Graph, layer: Any, values: dict, x: str) -> str:
    y = x
    for prefix, inner in zip(layer.prefixes, layer.body, strict=True):
        own = {name.removeprefix(prefix): values[name] for name in values}
        y = form(LAYERS, inner)(g, inner, own, y)
    if "projection" in values:
        x = g.node("MatMul", x, values["projection"])
    return g.node("Add", x, y)


LAYERS: dict[type, Callable[[Graph, Any, dict, str], str]] = {
    layers.Activate: activate,
    layers.BatchNorm: normalize_batch,
    layers.Dense: dense,
    layers.Dropout: nothing,
    layers.InputNoise: nothing,
    layers.InputScale: input_scale,
    layers.LayerNorm: normalize_layer,
    layers.Residual: residual,
}


def form(forms: dict[type, Any], piece: Any) -> Any:
    """How a piece of a network is written in ONNX."""
    if type(piece) not in forms:
        raise ValueError(f"{type(piece).__name__} cannot be converted to ONNX.")
    return forms[type(piece)]
