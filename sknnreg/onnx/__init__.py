"""Networks in the form of ONNX, for runtimes without Python.

Needs skl2onnx, which the extra ``onnx`` installs. What is converted is ``predict``, and
``predict_proba`` of a classifier: dropout and noise are off, and neither the standard
deviation nor other quantiles of a regressor are a part of it.
"""

from __future__ import annotations

from typing import Any

from sklearn.utils.validation import check_is_fitted

from sknnreg._classifier import MLPClassifierScratch
from sknnreg._composition import find_mlp
from sknnreg._regressor import MLPRegressorScratch
from sknnreg.onnx import _convert

__all__ = ["register", "to_onnx"]


def register() -> None:
    """Make skl2onnx know both networks, alone and in pipelines.

    Afterwards ``skl2onnx.to_onnx`` and ``convert_sklearn`` convert them as they do
    scikit-learn's own estimators. To call it again does no harm.

    Raises
    ------
    ImportError
        If skl2onnx is not installed.
    """
    from skl2onnx import update_registered_converter

    update_registered_converter(
        MLPRegressorScratch,
        "SknnregMLPRegressorScratch",
        _convert.regressor_shapes,
        _convert.convert_regressor,
    )
    update_registered_converter(
        MLPClassifierScratch,
        "SknnregMLPClassifierScratch",
        _convert.classifier_shapes,
        _convert.convert_classifier,
        options={
            "zipmap": [True, False, "columns"],
            "nocl": [True, False],
            "output_class_labels": [False, True],
        },
    )


def to_onnx(model: Any, X: Any, **options: Any) -> Any:
    """A fitted network, or a pipeline that ends in one, in the form of ONNX.

    Parameters
    ----------
    model : estimator
        A network, or a pipeline of steps that skl2onnx knows and a network.
    X : ndarray of shape (n_samples, n_features)
        Some rows. Their type, float32 or float64, is that of inputs, outputs and
        arithmetic, but of some activations that runtimes have in single precision only.
    **options : dict
        For ``skl2onnx.to_onnx``. Its ``options`` replaces the one that makes
        probabilities an array.

    Returns
    -------
    converted : onnx.ModelProto
        Its outputs are ``variable``, (n_samples, n_outputs), of a regressor; ``label``
        and ``probabilities`` of a classifier.

    Raises
    ------
    ValueError
        If the network has a piece that ONNX has no form of here, such as an activation
        of your own.
    ImportError
        If skl2onnx is not installed.

    Examples
    --------
    >>> from sknnreg.onnx import to_onnx
    >>> converted = to_onnx(model, X[:1].astype("float32"))  # doctest: +SKIP
    >>> with open("model.onnx", "wb") as file:  # doctest: +SKIP
    ...     file.write(converted.SerializeToString())
    """
    from skl2onnx import to_onnx as convert

    check_is_fitted(model)
    register()
    network = find_mlp(model)
    if isinstance(network, MLPClassifierScratch):
        options = {"options": {id(network): {"zipmap": False}}} | options
    return convert(model, X, **options)
