"""scikit-learn's multi-layer perceptrons with the regularization they lack."""

from sknnreg._classifier import MLPClassifierScratch
from sknnreg._regressor import MLPRegressorScratch

__all__ = ["MLPClassifierScratch", "MLPRegressorScratch", "__version__"]
__version__ = "0.1.0"
