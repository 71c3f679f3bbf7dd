"""Search for the right regularization: whole grids trained in one pass."""

from sknnreg.model_selection._cocktail import regularization_cocktail
from sknnreg.model_selection._folds import fused_cross_validate
from sknnreg.model_selection._halving import FusedHalvingSearchCV
from sknnreg.model_selection._one_se import one_standard_error
from sknnreg.model_selection._path import RegularizationPath, regularization_path
from sknnreg.model_selection._search import FusedGridSearchCV, FusedRandomizedSearchCV

__all__ = [
    "FusedGridSearchCV",
    "FusedHalvingSearchCV",
    "FusedRandomizedSearchCV",
    "RegularizationPath",
    "fused_cross_validate",
    "one_standard_error",
    "regularization_cocktail",
    "regularization_path",
]
