"""From a table as it comes to a matrix that a network trains well on."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.preprocessing import (
    MaxAbsScaler,
    QuantileTransformer,
    StandardScaler,
)
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from sknnreg._checks import named
from sknnreg._html import Documented
from sknnreg._sklearn import (
    Interval,
    StrOptions,
    _check_feature_names_in,
    _fit_context,
)
from sknnreg._state import Stored, plain, restored
from sknnreg.preprocessing._categories import CategoryEncoder
from sknnreg.preprocessing._columns import (
    Column,
    categorical_mask,
    finite_or_nan,
    number_matrix,
    read_columns,
)
from sknnreg.preprocessing._numbers import PiecewiseLinearEncoder, RobustClipScaler

__all__ = ["TablePreprocessor"]


NUMBERS = {"robust", "standard", "quantile", "piecewise", "none"}


class TablePreprocessor(Documented, TransformerMixin, Stored, BaseEstimator):
    """A table of numbers and categories as a matrix for networks.

    Numbers are scaled, missing ones become 0, the middle (the median, or for "standard"
    and "piecewise" the mean), with an indicator beside them. Categories become one-hot
    columns, rare ones joined, a missing value a category of its own; of columns with
    many categories there is the mean target of each category as well. Constant columns
    are dropped. What comes out is dense, in C order and finite.

    Data frames of pandas and polars, arrays and lists are taken, columns of numbers,
    booleans (0 and 1), strings, categories, nullable types and objects. An object
    column whose values are all numbers is numeric. Dates, durations, complex numbers
    and nested objects are refused.

    A sparse X is all numbers: each column is divided by its largest absolute value and
    what comes out is CSR; ``numbers="none"`` leaves it as it is.

    Parameters
    ----------
    numbers : {"standard", "robust", "quantile", "piecewise", "none"}, \
            default="standard"
        What is done with numeric columns.

        - "standard": mean 0 and standard deviation 1;
        - "robust": median and interquartile range, then a smooth bound of ±3:
          :class:`RobustClipScaler`;
        - "quantile": ranks, as quantiles of a normal distribution;
        - "piecewise": "standard", and beside each number its
          :class:`PiecewiseLinearEncoder`;
        - "none": no scaling; missing numbers become the median.

    categorical_features : "from_dtype", array-like of bool, int or str, or None, \
            default="from_dtype"
        Which columns are categories: those of a pandas or polars type of categories or
        strings, and those of objects that are not all numbers; or a mask, numbers or
        names of columns; or none.

    max_categories : int, default=30
        One-hot columns of a column at most, that of the rare categories included.

    min_frequency : int, default=2
        Categories in fewer rows are rare ones.

    max_levels : int or None, default=30
        A column of more categories has its target encoding as well, if `y` is given and
        has one output: :class:`~sklearn.preprocessing.TargetEncoder`, standardized. Not
        of several outputs or labels, nor with None.

    target_type : {"auto", "continuous", "binary", "multiclass"}, default="auto"
        What `y` is to the target encoding. "auto": classes, if it is strings, has two
        values, or is of up to 20 whole numbers of an integer type; a regression's
        target otherwise.

    n_bins : int, default=16
        Of "piecewise".

    missing_indicator : bool, default=True
        Whether a numeric column with missing values gets a column that tells where.

    dtype : {np.float32, np.float64}, default=np.float32
        Of what comes out. Inside, numbers keep the precision they come in.

    random_state : int, RandomState instance or None, default=None
        Draws the rows of "quantile", and the folds of the target encoding.

    Attributes
    ----------
    is_categorical_ : ndarray of shape (n_features_in_,), bool
        Which columns are categories.
    is_constant_ : ndarray of shape (n_features_in_,), bool
        Which columns have one value, or none, or rare categories only, as names of rows
        are; they are dropped. A numeric one that is missing in some rows leaves its
        indicator.
    categories_ : dict of int to ndarray
        Of each column of categories, by its number, the categories; a missing value is
        None and last.
    scalers_ : list of estimators
        Fitted on the numeric columns that are not constant.
    indicator_ : MissingIndicator or None
        Fitted on the numeric columns that have numbers.
    n_features_in_, feature_names_in_ :
        As in every scikit-learn estimator.

    Notes
    -----
    With a target encoding, ``fit_transform(X, y)`` is not ``fit(X, y).transform(X)``:
    training rows are encoded by the means of other rows (5 folds), so that a network
    does not trust them too much. Pipelines and searches call ``fit_transform``.

    Examples
    --------
    >>> import numpy as np
    >>> from sknnreg.preprocessing import TablePreprocessor
    >>> X = np.array([[1.0, "a"], [2.0, "b"], [np.nan, "a"], [4.0, "b"]], dtype=object)
    >>> table = TablePreprocessor()
    >>> table.fit_transform(X).round(2)
    array([[-1.07,  0.  ,  1.  ,  0.  ],
           [-0.27,  0.  ,  0.  ,  1.  ],
           [ 0.  ,  1.  ,  1.  ,  0.  ],
           [ 1.34,  0.  ,  0.  ,  1.  ]], dtype=float32)
    >>> table.get_feature_names_out()
    array(['x0', 'missingindicator_x0', 'x1_a', 'x1_b'], dtype=object)
    """

    _parameter_constraints = {
        "numbers": [
            StrOptions({"robust", "standard", "quantile", "piecewise", "none"})
        ],
        "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
        "max_categories": [Interval(Integral, 2, None, closed="left")],
        "min_frequency": [Interval(Integral, 1, None, closed="left")],
        "max_levels": [Interval(Integral, 1, None, closed="left"), None],
        "target_type": [StrOptions({"auto", "continuous", "binary", "multiclass"})],
        "n_bins": [Interval(Integral, 1, None, closed="left")],
        "missing_indicator": ["boolean"],
        "dtype": "no_validation",
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        numbers: str = "standard",
        *,
        categorical_features: Any = "from_dtype",
        max_categories: int = 30,
        min_frequency: int = 2,
        max_levels: int | None = 30,
        target_type: str = "auto",
        n_bins: int = 16,
        missing_indicator: bool = True,
        dtype: Any = np.float32,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.numbers = numbers
        self.categorical_features = categorical_features
        self.max_categories = max_categories
        self.min_frequency = min_frequency
        self.max_levels = max_levels
        self.target_type = target_type
        self.n_bins = n_bins
        self.missing_indicator = missing_indicator
        self.dtype = dtype
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: ArrayLike | None = None) -> TablePreprocessor:
        """Learn scales, categories and encodings.

        Parameters
        ----------
        X : data frame, array-like or sparse matrix of shape (n_samples, n_features)
            The table.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            The target. Only the target encoding needs it.

        Returns
        -------
        self : TablePreprocessor
        """
        self._fit_transform(X, y)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X: Any, y: ArrayLike | None = None) -> NDArray:
        """Learn, and transform the training rows; see Notes.

        Parameters
        ----------
        X : data frame, array-like or sparse matrix of shape (n_samples, n_features)
            The table.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            The target. Only the target encoding needs it.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features_out), or CSR if X is sparse
            Numbers of type ``dtype``.
        """
        return self._fit_transform(X, y)

    def transform(self, X: Any) -> NDArray:
        """The matrix of new rows.

        Parameters
        ----------
        X : data frame, array-like or sparse matrix of shape (n_samples, n_features)
            The table. A category that training has not had counts as a rare one, or is
            all zeros where there were no rare ones.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features_out), or CSR if X is sparse
            Numbers of type ``dtype``.
        """
        check_is_fitted(self)
        if self._is_sparse:
            return self._scale_sparse(X, reset=False)
        numbers, columns = self._parts(read_columns(self, X, reset=False))
        blocks = [each.transform(numbers[:, self._varying]) for each in self.scalers_]
        if self.indicator_ is not None:
            blocks.append(self.indicator_.transform(numbers[:, self._present]))
        if self._encoder is not None:
            blocks += self._encoder.transform(columns)
        return self._joined(blocks, len(numbers))

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray:
        """Names of what comes out.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns; by default those seen in ``fit``, or x0, x1, ...

        Returns
        -------
        names : ndarray of str objects
            Of a number its column's name, ``"{column}_bin{t}"``,
            ``"missingindicator_{column}"``; of categories ``"{column}_{category}"``,
            ``"{column}_infrequent_sklearn"`` for rare ones together,
            ``"{column}_target"`` or, for classes, ``"{column}_target_{class}"``.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        numeric = ~self.is_categorical_
        varying = names[numeric & ~self.is_constant_]
        found: list[str] = []
        for each in self.scalers_:
            found += each.get_feature_names_out(varying).tolist()
        if self.indicator_ is not None:
            present = names[numeric][self._present]
            found += self.indicator_.get_feature_names_out(present).tolist()
        if self._encoder is not None:
            found += self._encoder.names(names[self.is_categorical_])
        return np.array(found, dtype=object)

    def _to_plain(self, state):
        if state.get("_encoder") is not None:
            state["_encoder"] = plain(state["_encoder"])

    def _from_plain(self, state):
        if state.get("_encoder") is not None:
            state["_encoder"] = restored(CategoryEncoder, state["_encoder"])

    def _fit_transform(self, X: Any, y: ArrayLike | None) -> NDArray:
        with named("dtype"):
            if np.dtype(self.dtype).kind != "f":
                raise ValueError(f"dtype must be a type of floats. Got {self.dtype!r}.")
        self.scalers_: list[Any] = []
        self.indicator_: MissingIndicator | None = None
        self.categories_: dict[int, NDArray] = {}
        self._encoder: CategoryEncoder | None = None
        self._is_sparse = issparse(X)
        if self._is_sparse:
            return self._scale_sparse(X, reset=True)
        table = read_columns(self, X, reset=True)
        self.is_categorical_ = self._categorical(table)
        self.is_constant_ = np.zeros(self.n_features_in_, bool)
        numbers, columns = self._parts(table)
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        blocks = self._fit_numbers(numbers, seed)
        if columns:
            blocks += self._fit_categories(columns, y, seed)
        return self._joined(blocks, len(numbers))

    def _fit_categories(
        self, columns: list[Column], y: ArrayLike | None, seed: int
    ) -> list[NDArray]:
        """The blocks that come from categories."""
        self._encoder = CategoryEncoder(
            max_categories=self.max_categories,
            min_frequency=self.min_frequency,
            max_levels=self.max_levels,
            target_type=self.target_type,
            seed=seed,
        )
        blocks = self._encoder.fit_transform(columns, y)
        places = np.flatnonzero(self.is_categorical_)
        self.is_constant_[places] = ~self._encoder.varying
        labels = [each.labels for each in self._encoder.columns]
        self.categories_ = dict(zip(places.tolist(), labels, strict=True))
        return blocks

    # Columns

    def _categorical(self, table: list[Column] | NDArray) -> NDArray:
        """``is_categorical_``."""
        if isinstance(table, np.ndarray):
            table = [Column(j, values) for j, values in enumerate(table.T)]
        names = getattr(self, "feature_names_in_", range(len(table)))
        return categorical_mask(table, self.categorical_features, names)

    def _parts(self, table: list[Column] | NDArray) -> tuple[NDArray, list[Column]]:
        """The numeric columns (n_samples, n), and the others."""
        chosen = self.is_categorical_
        if isinstance(table, np.ndarray):
            columns = [Column(j, table[:, j]) for j in np.flatnonzero(chosen)]
            numbers = table[:, ~chosen] if columns else table
            return finite_or_nan(numbers, self), columns
        columns = [table[j] for j in np.flatnonzero(chosen)]
        numeric = [table[j] for j in np.flatnonzero(~chosen)]
        return number_matrix(numeric, len(table[0]), self), columns

    def _joined(self, blocks: list[NDArray], n_samples: int) -> NDArray:
        """All blocks side by side, in C order, with 0 for what is missing."""
        width = sum(block.shape[1] for block in blocks)
        out = np.empty((n_samples, width), self.dtype)
        if blocks:
            np.concatenate(blocks, axis=1, out=out, casting="same_kind")
        np.copyto(out, 0, where=np.isnan(out))
        return out

    # Numbers

    def _scale_sparse(self, X: Any, *, reset: bool) -> Any:
        """All columns, by their largest absolute values; CSR."""
        if reset:
            given = self.categorical_features
            if not (given is None or isinstance(given, str)):
                raise ValueError(
                    "A sparse X is all numbers: categorical_features is for dense ones."
                )
        X = validate_data(
            self, X, reset=reset, accept_sparse="csr", dtype=[np.float64, np.float32]
        )
        if reset:
            self.is_categorical_ = np.zeros(X.shape[1], bool)
            self.is_constant_ = np.zeros(X.shape[1], bool)
            if self.numbers != "none":
                self.scalers_ = [MaxAbsScaler().set_output(transform="default").fit(X)]
        for each in self.scalers_:
            X = each.transform(X)
        return X.astype(self.dtype, copy=False)

    def _scalers(self, n_samples: int, seed: int) -> list[Any]:
        """The transformers of numbers, not yet fitted."""
        if self.numbers == "standard":
            return [StandardScaler()]
        if self.numbers == "quantile":
            # thirty rows a quantile: fewer would follow the noise
            quantiles = min(max(min(n_samples // 30, 1000), 10), n_samples)
            return [
                QuantileTransformer(
                    n_quantiles=quantiles,
                    output_distribution="normal",
                    random_state=seed,
                )
            ]
        if self.numbers == "piecewise":
            return [StandardScaler(), PiecewiseLinearEncoder(self.n_bins)]
        if self.numbers == "none":
            return [SimpleImputer(strategy="median")]
        return [RobustClipScaler()]

    def _fit_numbers(self, numbers: NDArray, seed: int) -> list[NDArray]:
        """The blocks that come from numbers."""
        numeric = np.flatnonzero(~self.is_categorical_)
        low, high = np.fmin.reduce(numbers), np.fmax.reduce(numbers)
        varying = high > low  # false where all is missing
        self.is_constant_[numeric] = ~varying
        self._varying = slice(None) if varying.all() else varying  # no copy
        blocks = []
        if varying.any():
            for scaler in self._scalers(len(numbers), seed):
                self.scalers_.append(scaler.set_output(transform="default"))
                blocks.append(scaler.fit_transform(numbers[:, self._varying]))
        self._present = ~np.isnan(high)
        present = numbers[:, self._present]
        if self.missing_indicator and np.isnan(present).any():
            indicator = MissingIndicator(error_on_new=False)
            self.indicator_ = indicator.set_output(transform="default")
            blocks.append(indicator.fit_transform(present))
        return blocks

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        # as OneHotEncoder's; "string" would mean that nested objects are taken
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = []
        return tags
