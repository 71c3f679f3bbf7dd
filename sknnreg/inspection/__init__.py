"""Displays: what a training, a network or a search looks like."""

from sknnreg.inspection._loss_curve import LossCurveDisplay
from sknnreg.inspection._prediction_interval import PredictionIntervalDisplay
from sknnreg.inspection._regularization_path import RegularizationPathDisplay
from sknnreg.inspection._search import SearchDisplay
from sknnreg.inspection._signal_propagation import SignalPropagationDisplay
from sknnreg.inspection._weights import WeightsDisplay

__all__ = [
    "LossCurveDisplay",
    "PredictionIntervalDisplay",
    "RegularizationPathDisplay",
    "SearchDisplay",
    "SignalPropagationDisplay",
    "WeightsDisplay",
]
