"""The private parts of scikit-learn that this package uses, all in one place.

No public name serves for these. Tested at the oldest and the newest version supported.
"""

import inspect
from typing import ClassVar

from sklearn.base import BaseEstimator, _fit_context
from sklearn.metrics._scorer import _MultimetricScorer
from sklearn.model_selection import KFold
from sklearn.model_selection._search import BaseSearchCV
from sklearn.model_selection._validation import (
    _fit_and_score,
    _insert_error_scores,
    _warn_or_raise_about_fit_failures,
)
from sklearn.preprocessing import TargetEncoder
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    InvalidParameterError,
    Options,
    StrOptions,
)
from sklearn.utils.multiclass import _check_partial_fit_first_call
from sklearn.utils.validation import (
    _check_feature_names_in,
    _check_method_params,
    _check_sample_weight,
    _num_features,
    _num_samples,
)

__all__ = [
    "BaseSearchCV",
    "HasMethods",
    "Interval",
    "InvalidParameterError",
    "Options",
    "QuickToName",
    "StrOptions",
    "_MultimetricScorer",
    "_check_feature_names_in",
    "_check_method_params",
    "_check_partial_fit_first_call",
    "_check_sample_weight",
    "_fit_and_score",
    "_fit_context",
    "_insert_error_scores",
    "_num_features",
    "_num_samples",
    "_safe_indexing",
    "_warn_or_raise_about_fit_failures",
    "callbacks_of",
    "is_progress_bar",
    "target_encoder",
]


class QuickToName(BaseEstimator):
    """An estimator that reads its hyperparameters' names from a signature once a class.

    That takes 0.3 ms, and a search asks four times a fit, to clone, set and validate.
    """

    _names: ClassVar[dict[type, list[str]]] = {}

    @classmethod
    def _get_param_names(cls) -> list[str]:
        if cls not in cls._names:
            cls._names[cls] = super()._get_param_names()
        return list(cls._names[cls])


def callbacks_of(estimator) -> list:
    """The callbacks set on an estimator, or handed down to it for a fit."""
    return getattr(estimator, "_skl_callbacks", [])


def is_progress_bar(callback) -> bool:
    """Whether a callback is scikit-learn's own bar, which only counts tasks."""
    from sklearn.callback import ProgressBar  # where there is a callback, there is this

    return type(callback) is ProgressBar


def target_encoder(target_type: str, seed: int) -> TargetEncoder:
    """One that shuffles rows into folds by a seed, which is said in two ways."""
    parameters = inspect.signature(TargetEncoder).parameters
    if parameters["random_state"].default == "deprecated":  # scikit-learn >= 1.9
        return TargetEncoder(
            target_type=target_type, cv=KFold(shuffle=True, random_state=seed)
        )
    return TargetEncoder(target_type=target_type, random_state=seed)
