"""Models in files: what skops need trust.

Files of pickle and joblib run code when they are loaded, so load only your own. skops
loads nothing but the types it is told to trust; of this package these are the
estimators, since what they store is arrays, numbers and strings.
"""

from __future__ import annotations

__all__ = ["TRUSTED_TYPES"]

#: For ``skops.io.load(file, trusted=TRUSTED_TYPES)``: every estimator of this package,
#: and the function that :class:`~sknnreg.feature_selection.SelectFromNetwork` calls.
#: A fitted search needs some of scikit-learn's own besides: its scorer, and what it
#: routes metadata by. ``skops.io.get_untrusted_types`` tells which.
TRUSTED_TYPES = [
    "sknnreg._classifier.MLPClassifierScratch",
    "sknnreg._cv._classifier.MLPClassifierScratchCV",
    "sknnreg._cv._regressor.MLPRegressorScratchCV",
    "sknnreg._regressor.MLPRegressorScratch",
    "sknnreg.ensemble.FusedBaggingClassifier",
    "sknnreg.ensemble.FusedBaggingRegressor",
    "sknnreg.feature_selection.SelectFromNetwork",
    "sknnreg.feature_selection.input_importances",
    "sknnreg.model_selection._halving.FusedHalvingSearchCV",
    "sknnreg.model_selection._search.FusedGridSearchCV",
    "sknnreg.model_selection._search.FusedRandomizedSearchCV",
    "sknnreg.preprocessing._numbers.PiecewiseLinearEncoder",
    "sknnreg.preprocessing._numbers.RobustClipScaler",
    "sknnreg.preprocessing._table.TablePreprocessor",
    "sknnreg.uncertainty._monte_carlo.MonteCarloDropout",
    "sknnreg.uncertainty._quantiles.QuantilePredictor",
]
