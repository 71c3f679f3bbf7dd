"""Selection of inputs by a network's penalty."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectFromModel

from sknnreg._composition import find_mlp, opened
from sknnreg._html import Documented

__all__ = ["SelectFromNetwork"]


def input_importances(estimator) -> NDArray:
    """``feature_importances_`` of the network that an estimator is or ends in."""
    mlp = find_mlp(opened(estimator))
    if mlp is None:
        raise ValueError(f"SelectFromNetwork needs a network. Got {estimator!r}.")
    return mlp.feature_importances_.astype(np.float64, copy=False)


class SelectFromNetwork(Documented, SelectFromModel):
    """:class:`sklearn.feature_selection.SelectFromModel` whose zeros are exact.

    It keeps the inputs that the network uses: those of which some weight is not zero.
    ``penalty="group_l1"`` drops whole inputs, ``penalty="l1"`` at times (Scardapane et
    al. 2017, "Group sparse regularization for deep neural networks"). SelectFromModel
    itself keeps, unless told otherwise, the inputs above the mean importance.

    Parameters
    ----------
    estimator : estimator
        A network, a pipeline that ends in one and has a column for each input, or a
        search over these.

    threshold : float, str or None, default=None
        As in SelectFromModel; None for the smallest number above zero.

    prefit : bool, default=False
        As in SelectFromModel.

    norm_order : int or float, default=1
        As in SelectFromModel.

    max_features : int, callable or None, default=None
        As in SelectFromModel.

    importance_getter : str or callable, default=input_importances
        As in SelectFromModel; by default ``feature_importances_`` of the network.

    Attributes
    ----------
    estimator_ : estimator
        The fitted estimator.
    threshold_ : float
        The smallest importance that is kept.
    max_features_, n_features_in_, feature_names_in_ :
        As in SelectFromModel.

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from sknnreg import MLPRegressorScratch
    >>> from sknnreg.feature_selection import SelectFromNetwork
    >>> X, y = make_regression(200, 10, n_informative=3, random_state=0)
    >>> network = MLPRegressorScratch(
    ...     hidden_layer_sizes=(10,), penalty="group_l1", alpha=0.1, l1_ratio=0.9,
    ...     learning_rate_init=0.01, max_iter=500, random_state=0,
    ... )
    >>> selector = SelectFromNetwork(network).fit(X, y / y.std())
    >>> selector.get_support().sum()
    np.int64(3)
    """

    def __init__(
        self,
        estimator: BaseEstimator,
        *,
        threshold: float | str | None = None,
        prefit: bool = False,
        norm_order: int = 1,
        max_features: int | Callable | None = None,
        importance_getter: str | Callable = input_importances,
    ) -> None:
        super().__init__(
            estimator,
            threshold=threshold,
            prefit=prefit,
            norm_order=norm_order,
            max_features=max_features,
            importance_getter=importance_getter,
        )

    def _exact(self) -> SelectFromModel:
        """The same with a threshold that only zero is below."""
        selector = SelectFromModel(**self.get_params(deep=False))
        vars(selector).update(vars(self))
        if selector.threshold is None:
            # the smallest that is not rounded to zero beside numbers of float32
            selector.threshold = float(np.finfo(np.float32).smallest_subnormal)
        return selector

    def _get_support_mask(self) -> NDArray:
        return self._exact()._get_support_mask()

    @property
    def threshold_(self) -> float:
        return self._exact().threshold_
