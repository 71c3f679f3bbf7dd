"""What the estimators of this package share."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike, NDArray
from sklearn import get_config
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.validation import check_is_fitted

from sknnreg._html import Documented
from sknnreg._sklearn import _fit_context

if TYPE_CHECKING:
    from typing import Self


class Around(Documented, MetaEstimatorMixin, BaseEstimator):
    """What answers otherwise than the estimator it is around.

    ``fit`` fits a clone. Without ``fit`` an estimator that is fitted is used as it is.
    """

    estimator: Any

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: ArrayLike, y: ArrayLike | None = None, **params: Any) -> Self:
        """Fit a clone of the estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        **params : dict
            For ``fit`` of the estimator.

        Returns
        -------
        self : object
            With ``estimator_``, the fitted clone.
        """
        if get_config()["enable_metadata_routing"]:
            params = process_routing(self, "fit", **params).estimator.fit
        self.estimator_ = clone(self.estimator).fit(X, y, **params)
        return self

    @property
    def _fitted(self) -> Any:
        return getattr(self, "estimator_", self.estimator)

    def __sklearn_is_fitted__(self) -> bool:
        try:
            check_is_fitted(self._fitted)
        except NotFittedError:
            return False
        return True

    @property
    def classes_(self) -> Any:
        """Class labels, of a classifier."""
        return self._fitted.classes_

    @property
    def n_features_in_(self) -> int:
        """Number of features seen during fit."""
        return self._fitted.n_features_in_

    @property
    def feature_names_in_(self) -> NDArray:
        """Names of features seen during fit, if X has names that are all strings."""
        return self._fitted.feature_names_in_

    def get_metadata_routing(self) -> MetadataRouter:
        """Metadata of ``fit`` go to the estimator."""
        mapping = MethodMapping().add(caller="fit", callee="fit")
        router = MetadataRouter(owner=self).add_self_request(self)
        return router.add(estimator=self.estimator, method_mapping=mapping)

    def __sklearn_tags__(self):
        return copy.deepcopy(get_tags(self.estimator))
