"""How sure a network is, in whatever it stands: pipelines, searches, transforms."""

from sknnreg.uncertainty._monte_carlo import MonteCarloDropout
from sknnreg.uncertainty._quantiles import (
    QuantilePredictor,
    predict_interval,
    predict_quantiles,
)

__all__ = [
    "MonteCarloDropout",
    "QuantilePredictor",
    "predict_interval",
    "predict_quantiles",
]
