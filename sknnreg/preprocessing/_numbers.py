"""Two transformers of numeric columns that scikit-learn does not have."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_is_fitted, validate_data

from sknnreg._checks import named
from sknnreg._html import Documented
from sknnreg._sklearn import Interval, _check_feature_names_in, _fit_context

__all__ = ["PiecewiseLinearEncoder", "RobustClipScaler"]

#: rows that are encoded at a time
ROWS = 256
#: rows that a bin has at least, where a frequent value leaves bins to the others
LEAST_ROWS = 30


def ordered(X: NDArray) -> tuple[NDArray, NDArray]:
    """Values in order (n_features, n_samples), NaN last; how many of each are not."""
    values = np.sort(np.ascontiguousarray(X.T), axis=1)
    return values, len(X) - np.isnan(values).sum(axis=1)


def quantiles(values: NDArray, counts: NDArray, levels: ArrayLike) -> NDArray:
    """Linear quantiles of ordered values, (n_levels, n_features); NaN where none is."""
    position = np.multiply.outer(np.asarray(levels), np.maximum(counts - 1, 0))
    below = position.astype(np.intp)
    above = np.ceil(position).astype(np.intp)
    row = np.arange(len(values))
    low, high = values[row, below], values[row, above]
    # a mean of the two, not a sum of differences, which may overflow
    return (1 - (position - below)) * low + (position - below) * high


def knots_of(column: NDArray, grid: NDArray) -> NDArray:
    """The knots of an ordered column from the grid of its quantiles, each once.

    Where some coincide, the rows of a frequent value count as those of one bin, and the
    other bins are shared out among the rest, if that leaves them rows enough.
    """
    knots, n_bins = np.unique(grid), len(grid) - 1
    if len(knots) > n_bins:
        return knots
    values, counts = np.unique(column, return_counts=True)
    if len(values) <= n_bins + 1:
        return values
    size = max(bin_size(counts, n_bins), LEAST_ROWS)
    if size >= len(column) / n_bins:
        return knots
    shares = np.minimum(counts, size)
    levels = np.linspace(0, 1, round(shares.sum() / size) + 1)
    return np.unique(np.quantile(values, levels, weights=shares, method="inverted_cdf"))


def bin_size(counts: NDArray, n_bins: int) -> float:
    """Rows c of each of T bins, where no value counts for more than one of them.

    It solves Σ min(nᵢ, c) = T c for the counts nᵢ of more than T distinct values: the h
    most frequent have a bin each, the rows of the others are shared by T - h.
    """
    frequent = np.sort(counts)[: -n_bins - 1 : -1]
    others = counts.sum() - np.cumsum(frequent) + frequent
    sizes = others / np.arange(n_bins, 0, -1)
    return float(sizes[np.argmax(frequent <= sizes)])


class NumericTransformer(Documented, TransformerMixin, BaseEstimator):
    """What the two have in common: floats of either precision, NaN left as it is."""

    def _validated(self, X: ArrayLike, *, reset: bool, copy: bool = False) -> NDArray:
        if not reset:
            check_is_fitted(self)
        with named("X"):
            return validate_data(
                self,
                X,
                reset=reset,
                copy=copy,
                dtype=[np.float64, np.float32],
                ensure_all_finite="allow-nan",
            )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


class RobustClipScaler(OneToOneFeatureMixin, NumericTransformer):
    r"""Scale by median and interquartile range, then bend outliers in smoothly.

    .. math::

        z = \frac{x - \mathrm{median}}{s}, \qquad
        \frac{z}{\sqrt{1 + (z / c)^2}} \in (-c, c)

    :math:`s` is the distance of the quartiles; where that is zero, half the distance of
    the extremes. Constant columns become 0. Near the middle the bend changes nothing,
    far values keep their order. From Holzmüller et al. 2024, "Better by default: strong
    pre-tuned MLPs and boosted trees on tabular data" (arXiv 2407.04491), where it led
    to a lower error than standard scaling.

    Parameters
    ----------
    clip : float, default=3.0
        The bound :math:`c > 0` of what comes out; ``np.inf`` bends nothing.

    Attributes
    ----------
    center_ : ndarray of shape (n_features_in_,)
        The medians.
    scale_ : ndarray of shape (n_features_in_,)
        :math:`s`, in the unit of each column; infinite where a column is constant.
    n_features_in_, feature_names_in_ :
        As in every scikit-learn estimator.

    Examples
    --------
    >>> from sknnreg.preprocessing import RobustClipScaler
    >>> RobustClipScaler().fit_transform([[0.0], [1.0], [2.0], [3.0], [1e9]]).round(2)
    array([[-0.95],
           [-0.49],
           [ 0.  ],
           [ 0.49],
           [ 3.  ]])
    """

    _parameter_constraints = {"clip": [Interval(Real, 0, None, closed="right")]}

    def __init__(self, clip: float = 3.0) -> None:
        self.clip = clip

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y=None) -> RobustClipScaler:
        """Learn medians and scales.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers; NaN is left out.
        y : None
            Ignored.

        Returns
        -------
        self : RobustClipScaler
        """
        values, counts = ordered(self._validated(X, reset=True))
        levels = [0, 0.25, 0.5, 0.75, 1]
        lowest, first, middle, third, highest = quantiles(values, counts, levels)
        # halves, because the distance of two finite numbers may be infinite
        scale = np.where(third > first, third - first, highest / 2 - lowest / 2)
        self.center_ = np.nan_to_num(middle).astype(values.dtype, copy=False)
        # a constant column stays constant whatever comes later
        scale = np.where(scale > np.finfo(values.dtype).tiny, scale, np.inf)
        self.scale_ = scale.astype(values.dtype, copy=False)
        return self

    def transform(self, X: ArrayLike) -> NDArray:
        """Scale and bend.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers; NaN stays NaN.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features)
            Numbers between ``-clip`` and ``clip``.
        """
        X = self._validated(X, reset=False, copy=True)
        X -= self.center_
        X /= self.scale_
        X /= np.hypot(1, X / self.clip)  # without a square, which may overflow
        return X


class PiecewiseLinearEncoder(NumericTransformer):
    r"""Piecewise-linear encoding of numbers: a ramp for each bin of each column.

    The knots :math:`b_0 < \dots < b_T` of a column are its quantiles; of a column with
    few distinct values, these values. Where quantiles coincide, since one value is as
    frequent as several bins, its rows count as those of one bin, so that the others are
    left for the rest of the column, of thirty rows each at least. Component t is

    .. math::

        \mathrm{clip}\Big(\frac{x - b_{t-1}}{b_t - b_{t-1}}, 0, 1\Big) - m_t

    with its mean :math:`m_t` over the training rows. A linear layer over the components
    is any piecewise-linear function with these knots, constant outside of them: the
    functions of :class:`~sklearn.preprocessing.SplineTransformer` with ``degree=1`` and
    ``knots="quantile"``, in a form that suits gradient descent, since the components
    add up along the column. From Gorishniy et al. 2022, "On embeddings for numerical
    features in tabular deep learning" (arXiv 2203.05556). It helps where the target
    jumps or bends along single columns.

    Parameters
    ----------
    n_bins : int, default=16
        Bins of a column, if it has more than that many distinct values.

    centered : bool, default=True
        Whether :math:`m_t` is taken off; if not, components are between 0 and 1.

    Attributes
    ----------
    knots_ : list of ndarray
        The knots of each column, (T + 1,) in its unit. A constant column has one knot
        and no component.
    means_ : ndarray of shape (n_features_out,)
        :math:`m_t`; zeros if not ``centered``.
    n_features_in_, feature_names_in_ :
        As in every scikit-learn estimator.

    Examples
    --------
    >>> from sknnreg.preprocessing import PiecewiseLinearEncoder
    >>> encoder = PiecewiseLinearEncoder(n_bins=2, centered=False)
    >>> encoder.fit_transform([[0.0], [1.0], [2.0], [4.0], [8.0]])
    array([[0.        , 0.        ],
           [0.5       , 0.        ],
           [1.        , 0.        ],
           [1.        , 0.33333333],
           [1.        , 1.        ]])
    >>> encoder.get_feature_names_out()
    array(['x0_bin0', 'x0_bin1'], dtype=object)
    """

    _parameter_constraints = {
        "n_bins": [Interval(Integral, 1, None, closed="left")],
        "centered": ["boolean"],
    }

    def __init__(self, n_bins: int = 16, *, centered: bool = True) -> None:
        self.n_bins = n_bins
        self.centered = centered

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y=None) -> PiecewiseLinearEncoder:
        """Learn the knots.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers; NaN is left out.
        y : None
            Ignored.

        Returns
        -------
        self : PiecewiseLinearEncoder
        """
        self._fit_transform(X)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X: ArrayLike, y=None) -> NDArray:
        """Learn the knots, and encode the training rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers; NaN is left out.
        y : None
            Ignored.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features_out)
            As of ``transform``.
        """
        return self._fit_transform(X)

    def _fit_transform(self, X: ArrayLike) -> NDArray:
        X = self._validated(X, reset=True)
        values, counts = ordered(X)
        grids = quantiles(values, counts, np.linspace(0, 1, self.n_bins + 1)).T
        self.knots_ = [
            knots_of(column[:count], grid).astype(X.dtype, copy=False)
            for column, count, grid in zip(values, counts, grids, strict=True)
        ]
        components = self._components(X)
        self.means_ = np.zeros(components.shape[1], X.dtype)
        if self.centered:
            self.means_[:] = (
                np.nansum(components, axis=0, dtype=np.float64) / counts[self._places()]
            )
        components -= self.means_
        return components

    def _places(self) -> NDArray:
        """The column of each component."""
        sizes = [max(len(knots) - 1, 0) for knots in self.knots_]
        return np.repeat(np.arange(len(sizes)), sizes)

    def _components(self, X: NDArray) -> NDArray:
        """All ramps (n_samples, n_features_out), not yet centered."""
        places = self._places()
        low = np.concatenate([knots[:-1] for knots in self.knots_])
        width = np.concatenate([np.diff(knots) for knots in self.knots_])
        out = np.empty((len(X), len(places)), X.dtype)
        for rows in gen_batches(len(X), ROWS):  # few enough for the cache
            part = np.take(X[rows], places, axis=1, mode="clip", out=out[rows])
            part -= low
            part /= width
            np.clip(part, 0, 1, out=part)
        return out

    def transform(self, X: ArrayLike) -> NDArray:
        """The components of each column, side by side.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers; of NaN all components are NaN.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features_out)
            Column after column, its bins in order.
        """
        components = self._components(self._validated(X, reset=False))
        components -= self.means_
        return components

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray:
        """Names of the components: ``"{column}_bin{t}"``.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns; by default those seen in ``fit``, or x0, x1, ...

        Returns
        -------
        names : ndarray of str objects
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        return np.array(
            [
                f"{name}_bin{t}"
                for name, knots in zip(names, self.knots_, strict=True)
                for t in range(len(knots) - 1)
            ],
            dtype=object,
        )
