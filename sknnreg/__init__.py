"""scikit-learn's multi-layer perceptrons with the regularization they lack."""

from sknnreg._classifier import MLPClassifierScratch
from sknnreg._config import config_context, get_config, set_config
from sknnreg._cv._classifier import MLPClassifierScratchCV
from sknnreg._cv._regressor import MLPRegressorScratchCV
from sknnreg._regressor import MLPRegressorScratch

__all__ = [
    "MLPClassifierScratch",
    "MLPClassifierScratchCV",
    "MLPRegressorScratch",
    "MLPRegressorScratchCV",
    "__version__",
    "config_context",
    "get_config",
    "set_config",
]
__version__ = "0.1.0"
