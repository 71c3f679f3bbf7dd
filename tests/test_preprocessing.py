"""Tables as they come: what becomes of numbers, categories, and all that is neither."""

import pickle
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
import sklearn
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import SplineTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknnreg import MLPClassifierScratch
from sknnreg.preprocessing import (
    PiecewiseLinearEncoder,
    RobustClipScaler,
    TablePreprocessor,
)
from sknnreg.preprocessing._numbers import bin_size
from tests.factories import QUICK, not_converged

NUMBERS = ["robust", "standard", "quantile", "piecewise", "none"]


@parametrize_with_checks(
    [
        RobustClipScaler(),
        PiecewiseLinearEncoder(),
        *[TablePreprocessor(numbers) for numbers in NUMBERS],
    ]
)
def test_check_estimator(estimator, check):
    check(estimator)


@pytest.fixture
def X(rng):
    return rng.lognormal(size=(200, 3))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def levels(rng, n_levels, n_samples=300):
    """A column of strings, each level in some rows."""
    codes = rng.permutation(np.arange(n_samples) % n_levels)
    return np.array([f"level{code:03}" for code in codes], dtype=object)


# Scaling


def test_robust_formula(X):
    z = (X - np.median(X, axis=0)) / np.subtract(*np.percentile(X, [75, 25], axis=0))
    assert_allclose(RobustClipScaler().fit_transform(X), z / np.sqrt(1 + (z / 3) ** 2))
    assert_allclose(RobustClipScaler(np.inf).fit_transform(X), z)


def test_robust_without_quartiles():
    x = np.array([[0.0], *[[0.0]] * 8, [4.0]])
    scaler = RobustClipScaler(np.inf).fit(x)
    assert_array_equal(scaler.scale_, [2.0])  # half the distance of the extremes
    assert_array_equal(scaler.transform([[4.0], [np.nan]]), [[2.0], [np.nan]])


def test_robust_constant_and_empty_columns():
    scaler = RobustClipScaler().fit([[5.0, np.nan], [5.0, np.nan]])
    assert_array_equal(scaler.transform([[9.0, 1.0]]), [[0.0, 0.0]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_robust_largest_numbers(dtype):
    largest = np.finfo(dtype).max
    x = np.array([[-largest], [0], [1], [2], [3], [largest]], dtype=dtype)
    out = RobustClipScaler().fit_transform(x)
    assert out.dtype == dtype
    assert (np.diff(out[:, 0]) > 0).all()
    assert_allclose(np.abs(out[[0, -1]]), 3)


def test_robust_leaves_missing_out(X):
    holes = np.vstack([X, np.full((50, 3), np.nan)])
    full, some = RobustClipScaler().fit(X), RobustClipScaler().fit(holes)
    assert_allclose(some.center_, full.center_)
    assert_allclose(some.scale_, full.scale_)


# Piecewise-linear encoding


def test_piecewise_formula(X):
    encoder = PiecewiseLinearEncoder(n_bins=4, centered=False)
    out = encoder.fit_transform(X)
    for j in range(3):
        knots = np.quantile(X[:, j], np.linspace(0, 1, 5))
        assert_allclose(encoder.knots_[j], knots)
        for t in range(4):
            ramp = (X[:, j] - knots[t]) / (knots[t + 1] - knots[t])
            assert_allclose(out[:, 4 * j + t], np.clip(ramp, 0, 1), atol=1e-12)


def test_piecewise_spans_the_splines(X):
    x = X[:, :1]
    splines = SplineTransformer(6, degree=1, knots="quantile").fit_transform(x)
    ramps = PiecewiseLinearEncoder(n_bins=5).fit_transform(x)
    basis = np.column_stack([np.ones(len(x)), ramps])
    found, *_ = np.linalg.lstsq(basis, splines, rcond=None)
    assert_allclose(basis @ found, splines, atol=1e-10)


def test_piecewise_is_centered(X):
    encoder = PiecewiseLinearEncoder().fit(X)
    assert_allclose(encoder.transform(X).mean(axis=0), 0, atol=1e-12)
    plain = PiecewiseLinearEncoder(centered=False).fit(X)
    assert_allclose(encoder.transform(X) + encoder.means_, plain.transform(X))


def test_piecewise_few_values():
    x = np.array([[1.0, 7.0], [2.0, 7.0], [5.0, 7.0], [2.0, 7.0]])
    encoder = PiecewiseLinearEncoder(centered=False).fit(x)
    assert_array_equal(encoder.knots_[0], [1, 2, 5])
    assert_array_equal(encoder.knots_[1], [7])
    assert_array_equal(encoder.transform(x[:3]), [[0, 0], [1, 0], [1, 1]])
    assert_array_equal(encoder.get_feature_names_out(), ["x0_bin0", "x0_bin1"])


def test_piecewise_values_that_many_rows_have():
    x = np.r_[np.zeros(90), np.arange(1, 41)][:, None]
    (knots,) = PiecewiseLinearEncoder().fit(x).knots_
    assert len(knots) < 17
    assert (np.diff(knots) > 0).all()


def test_piecewise_leaves_bins_to_what_is_rare():
    """Zeros count as one bin of four, of 100 rows; 300 others are three of 100 each."""
    x = np.r_[np.zeros(1700), np.arange(1, 301)][:, None]
    (knots,) = PiecewiseLinearEncoder(4).fit(x).knots_
    assert_array_equal(knots, [0, 100, 200, 300])
    # of 16 bins each would have 20 rows of the others; they have 30
    (knots,) = PiecewiseLinearEncoder(16).fit(x).knots_
    assert_allclose(knots, np.arange(0, 301, 30), atol=1)


def test_piecewise_with_ties_but_few_rows():
    x = np.r_[np.zeros(90), np.arange(1, 61)][:, None]
    (knots,) = PiecewiseLinearEncoder(10).fit(x).knots_
    assert_array_equal(knots, np.unique(np.quantile(x, np.linspace(0, 1, 11))))


@given(st.lists(st.integers(1, 1000), min_size=6, max_size=40), st.integers(1, 5))
def test_no_value_counts_for_more_than_a_bin(counts, n_bins):
    counts = np.array(counts)
    size = bin_size(counts, n_bins)
    assert_allclose(np.minimum(counts, size).sum(), n_bins * size)


def test_piecewise_missing(X):
    X[:5, 1] = np.nan
    encoder = PiecewiseLinearEncoder(n_bins=2)
    out = encoder.fit_transform(X)
    assert np.isnan(out[:5, 2:4]).all()
    assert np.isfinite(out).sum() == out.size - 10
    assert_allclose(np.nanmean(out, axis=0), 0, atol=1e-12)


# Numbers in tables


@pytest.mark.parametrize("numbers", NUMBERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_output(numbers, dtype, X):
    X[0, 0] = np.nan
    table = TablePreprocessor(numbers, dtype=dtype)
    out = table.fit_transform(np.asfortranarray(X))
    assert out.dtype == dtype
    assert out.flags.c_contiguous
    assert np.isfinite(out).all()
    assert_allclose(table.transform(X), out, rtol=1e-6, atol=1e-7)
    names = table.get_feature_names_out()
    assert len(names) == out.shape[1] == len(set(names))
    assert names[-1] == "missingindicator_x0"
    assert_array_equal(out[:, -1], np.isnan(X[:, 0]))


def test_numbers_are_scaled(X):
    robust = RobustClipScaler().fit_transform(X)
    assert_allclose(TablePreprocessor("robust").fit_transform(X), robust, rtol=1e-5)
    standard = TablePreprocessor("standard").fit_transform(X)
    assert_allclose(standard.mean(axis=0), 0, atol=1e-6)
    assert_allclose(standard.std(axis=0), 1, rtol=1e-5)
    piecewise = TablePreprocessor("piecewise", n_bins=3).fit_transform(X)
    encoded = PiecewiseLinearEncoder(3).fit_transform(X)
    assert_allclose(piecewise, np.hstack([standard, encoded]), rtol=1e-5, atol=1e-6)
    assert_allclose(TablePreprocessor("none").fit_transform(X), X, rtol=1e-6)


def test_quantiles_are_normal(rng):
    X = rng.lognormal(size=(3000, 1))
    out = TablePreprocessor("quantile", random_state=0).fit_transform(X)
    assert_allclose(np.quantile(out, [0.16, 0.5, 0.84]), [-1, 0, 1], atol=0.05)


@pytest.mark.parametrize("numbers", NUMBERS)
def test_missing_is_the_middle(numbers, X):
    X[:20, 2] = np.nan
    table = TablePreprocessor(numbers, missing_indicator=False).fit(X)
    out = table.transform([[1.0, 1.0, np.nan], [np.nan, 1.0, 1.0]])
    middle = np.nanmedian(X[:, 2]) if numbers == "none" else 0
    assert_allclose(out[0, 2], middle, rtol=1e-6)
    middle = np.median(X[:, 0]) if numbers == "none" else 0
    assert_allclose(out[1, 0], middle, rtol=1e-6)  # though training missed none


@pytest.mark.parametrize("numbers", NUMBERS)
def test_constant_columns_are_dropped(numbers, X):
    X[:, 0], X[:, 1] = 3.0, np.nan
    table = TablePreprocessor(numbers).fit(X)
    assert_array_equal(table.is_constant_, [True, True, False])
    names = table.get_feature_names_out()
    assert not any("x0" in name or name == "x1" for name in names)
    later = np.array([[8.0, 2.0, np.nan]])
    assert np.isfinite(table.transform(later)).all()
    assert table.transform(later).shape == (1, len(names))


def test_columns_without_numbers_have_no_indicator():
    table = TablePreprocessor()
    nan = np.nan
    out = table.fit_transform([[nan, 1.0, nan], [nan, nan, None], [nan, 2.0, None]])
    assert_array_equal(table.get_feature_names_out(), ["x1", "missingindicator_x1"])
    assert_array_equal(out[:, 1], [0, 1, 0])
    assert_array_equal(table.transform([[5.0, nan, 5.0]]), [[0, 1]])


def test_constant_where_it_is_not_missing():
    table = TablePreprocessor()
    out = table.fit_transform([[1.0], [np.nan], [1.0]])
    assert_array_equal(out, [[0], [1], [0]])
    assert_array_equal(table.get_feature_names_out(), ["missingindicator_x0"])


@pytest.mark.parametrize("numbers", NUMBERS)
def test_infinite_numbers_are_refused(numbers, X):
    table = TablePreprocessor(numbers).fit(X)
    X[3, 1] = np.inf
    for call in (table.fit, table.transform):
        with pytest.raises(ValueError, match="infinity"):
            call(X)
    with pytest.raises(ValueError, match="infinity"):
        table.fit(X.astype(object))


def test_scaling_in_double_precision():
    # seconds since 1970: as float32, these rows would be equal
    X = 1.7e9 + np.arange(100.0)[:, None]
    assert len(np.unique(TablePreprocessor().fit_transform(X))) == 100


# What is a category


def test_object_columns():
    X = np.empty((4, 6), dtype=object)
    X[:, 0] = [1, 2.5, None, np.float32(3)]
    X[:, 1] = ["a", "b", None, "a"]
    X[:, 2] = [True, False, True, np.nan]
    X[:, 3] = ["1", "2", "3", "1"]
    X[:, 4] = [1, "1", 2, 1.0]
    X[:, 5] = [Decimal(1), Decimal(2), 3, 4]
    table = TablePreprocessor(min_frequency=1).fit(X)
    assert_array_equal(table.is_categorical_, [0, 1, 0, 1, 1, 0])
    assert_array_equal(table.categories_[1], ["a", "b", None])
    assert list(table.categories_[4]) == [1, 2, "1"]
    assert np.isfinite(table.transform(X)).all()


def test_lists_keep_their_types():
    table = TablePreprocessor().fit([["a", 1.0], ["b", 2.0]])
    assert_array_equal(table.is_categorical_, [True, False])
    assert TablePreprocessor().fit([[1, 2], [3, 4]]).is_categorical_.sum() == 0


def test_string_arrays_are_categories():
    assert TablePreprocessor().fit(np.array([["1"], ["2"]])).is_categorical_.all()


@pytest.mark.parametrize(
    "given, expected",
    [
        ([1], [False, True, False]),
        ([-1, 0], [True, False, True]),
        ([False, True, True], [False, True, True]),
        (None, [False, False, False]),
        ([], [False, False, False]),
        ("from_dtype", [False, False, False]),
    ],
)
def test_categorical_features(given, expected, rng):
    X = rng.integers(3, size=(30, 3)).astype(float)
    table = TablePreprocessor("none", categorical_features=given)
    out = table.fit_transform(X)
    assert_array_equal(table.is_categorical_, expected)
    assert out.shape == (30, 3 + 2 * sum(expected))


@pytest.mark.parametrize(
    "given, message",
    [
        ([5], "names 5: no such column"),
        (["city"], "names 'city': no such column"),
        ([True], r"needs shape \(2,\)"),
    ],
)
def test_wrong_categorical_features(given, message):
    with pytest.raises(ValueError, match=message):
        TablePreprocessor(categorical_features=given).fit([[1, 2], [3, 4]])


def test_strings_declared_numeric():
    with pytest.raises(ValueError, match="Column 1 is numeric by categorical_features"):
        TablePreprocessor(categorical_features=None).fit([[1, "a"], [2, "b"]])
    table = TablePreprocessor().fit([[1, "a"], [2, "b"]])
    with pytest.raises(ValueError, match="Column 0 is numeric"):
        table.transform([["one", "a"]])


@pytest.mark.parametrize(
    "cell, error, message",
    [
        (date(2020, 1, 1), TypeError, "Column 1 holds dates.*month"),
        (np.timedelta64(3, "s"), TypeError, "Column 1 holds dates"),
        ({"a": 1}, TypeError, "Column 1: every argument must be .* not 'dict'"),
        ([1, 2], TypeError, "not 'list'"),
        ((1, 2), TypeError, "not 'tuple'"),
        (1j, ValueError, "Complex data not supported. Column 1"),
    ],
)
def test_what_is_neither(cell, error, message):
    X = np.array([[1.0, None], [2.0, None], [3.0, "a"]], dtype=object)
    X[1, 1] = cell
    with pytest.raises(error, match=message):
        TablePreprocessor().fit(X)


def test_dates_in_arrays():
    X = np.array([["2020-01-01"], ["2020-01-02"]], dtype="datetime64[D]")
    with pytest.raises(TypeError, match="Column 0 holds dates"):
        TablePreprocessor().fit(X)


# What becomes of categories


def test_one_hot_and_names():
    X = np.array([["a"], ["b"], ["a"], ["b"], [None], [np.nan], [""], [""]], object)
    table = TablePreprocessor()
    out = table.fit_transform(X)
    names = ["x0_", "x0_a", "x0_b", "x0_None"]  # '' is a category as any other
    assert_array_equal(table.get_feature_names_out(), names)
    assert_array_equal(out.argmax(axis=1), [1, 2, 1, 2, 3, 3, 0, 0])
    assert_array_equal(out.sum(axis=1), 1)


def test_rare_and_unknown_categories(rng):
    X = np.array(["a"] * 9 + ["b"] * 8 + ["c"] * 7 + ["d"] * 6, dtype=object)[:, None]
    table = TablePreprocessor(max_categories=3).fit(X)
    names = ["x0_a", "x0_b", "x0_infrequent_sklearn"]
    assert_array_equal(table.get_feature_names_out(), names)
    out = table.transform(np.array([["b"], ["d"], ["new"]], dtype=object))
    assert_array_equal(out, [[0, 1, 0], [0, 0, 1], [0, 0, 1]])

    table = TablePreprocessor().fit(X)  # none is rare
    out = table.transform(np.array([["d"], ["new"], [None]], dtype=object))
    assert_array_equal(out, [[0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]])


def test_one_category_is_dropped():
    X = np.array([["a", "b"], ["a", "c"]] * 3, dtype=object)
    table = TablePreprocessor().fit(X)
    assert_array_equal(table.is_constant_, [True, False])
    assert_array_equal(table.get_feature_names_out(), ["x1_b", "x1_c"])
    out = table.transform(np.array([["z", "c"]], dtype=object))
    assert_array_equal(out, [[0, 1]])


def test_names_of_rows_are_dropped(rng):
    X = np.array([[f"row{i}", "ab"[i % 2]] for i in range(100)], dtype=object)
    table = TablePreprocessor().fit(X, np.arange(100.0))
    assert_array_equal(table.is_constant_, [True, False])
    assert_array_equal(table.get_feature_names_out(), ["x1_a", "x1_b"])
    assert TablePreprocessor(min_frequency=1).fit_transform(X).shape == (100, 32)


def test_order_of_rows_does_not_matter(rng):
    X = np.array([1, "1", "b", True, None, 2.5] * 5, dtype=object)[:, None]
    order = rng.permutation(len(X))
    one, other = TablePreprocessor().fit(X), TablePreprocessor().fit(X[order])
    assert_array_equal(one.transform(X), other.transform(X))


# Target encoding


@pytest.mark.parametrize(
    "kind, added",
    [("continuous", 1), ("binary", 1), ("strings", 1), ("multiclass", 3)],
)
def test_target_encoding(kind, added, rng):
    column = levels(rng, 50)
    value = np.array([int(each[5:]) for each in column])
    y = {
        "continuous": value * 10.0 + 3,
        "binary": value % 2,
        "strings": np.where(value % 2, "odd", "even"),
        "multiclass": value % 3,
    }[kind]
    X = column[:, None]
    table = TablePreprocessor(random_state=0)
    train = table.fit_transform(X, y)
    assert train.shape == (300, 30 + added)
    assert_allclose(train[:, 30:].mean(axis=0), 0, atol=1e-5)
    names = table.get_feature_names_out()
    assert len(names) == 30 + added
    assert names[30] == ("x0_target_0" if added == 3 else "x0_target")
    encoded = table.transform(X)[:, -1]
    truth = value if kind == "continuous" else value % (3 if added == 3 else 2)
    truth = truth == 2 if added == 3 else truth
    assert np.corrcoef(encoded, truth)[0, 1] > 0.95


def test_target_encoding_is_cross_fitted(rng):
    X, y = levels(rng, 150)[:, None], rng.normal(size=300)
    table = TablePreprocessor(random_state=0)
    train = table.fit_transform(X, y)[:, -1]
    again = table.transform(X)[:, -1]
    # of pure noise, encodings that have seen a row's own target seem to know it
    assert abs(np.corrcoef(train, y)[0, 1]) < 0.2 < np.corrcoef(again, y)[0, 1]
    assert_array_equal(table.fit_transform(X, y)[:, -1], train)


def test_no_target_encoding(rng):
    X, y = levels(rng, 50)[:, None], rng.normal(size=300)
    assert TablePreprocessor().fit_transform(X).shape[1] == 30
    assert TablePreprocessor(max_levels=None).fit_transform(X, y).shape[1] == 30
    assert TablePreprocessor(max_levels=50).fit_transform(X, y).shape[1] == 30
    assert TablePreprocessor().fit_transform(X, np.c_[y, y]).shape[1] == 30
    assert TablePreprocessor().fit_transform(X, y[:, None]).shape[1] == 31


@pytest.mark.parametrize(
    "y, expected",
    [
        (np.arange(300) % 5, 5),
        (np.arange(300) % 5 * 1.0, 1),  # floats are a regression's
        (np.arange(300) % 40, 1),  # as are many whole numbers
        (np.array([f"class{i % 25}" for i in range(300)]), 25),
    ],
)
def test_target_type(y, expected, rng):
    X = levels(rng, 50)[:, None]
    assert TablePreprocessor().fit_transform(X, y).shape[1] == 30 + expected


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "category", "string"])
def test_targets_of_pandas(dtype, rng):
    pd = pytest.importorskip("pandas")
    y = pd.Series(np.arange(300) % 3)
    y = y.astype(str).astype(dtype) if dtype == "string" else y.astype(dtype)
    out = TablePreprocessor().fit_transform(levels(rng, 50)[:, None], y)
    assert out.shape[1] == 30 + (1 if dtype == "Float64" else 3)


def test_target_type_can_be_said(rng):
    X, y = levels(rng, 50)[:, None], np.arange(300) % 5
    table = TablePreprocessor(target_type="continuous")
    assert table.fit_transform(X, y).shape[1] == 31


# Sparse


@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csc_matrix])
def test_sparse(kind, rng):
    X = kind(8 * rng.random((40, 6)) * (rng.random((40, 6)) < 0.3))
    table = TablePreprocessor()
    out = table.fit_transform(X)
    assert out.format == "csr"
    assert out.dtype == np.float32
    assert_allclose(out.toarray(), X.toarray() / abs(X).max(axis=0).toarray(), 1e-6)
    assert_allclose(table.transform(X.toarray()[:3]), out[:3].toarray())
    assert len(table.get_feature_names_out()) == 6
    same = TablePreprocessor("none").fit_transform(X)
    assert_allclose(same.toarray(), X.toarray(), rtol=1e-6)
    with pytest.raises(ValueError, match="categorical_features is for dense"):
        TablePreprocessor(categorical_features=[0]).fit(X)
    X.data[0] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        table.fit(X)


def test_sparse_rows_after_dense_ones(X):
    with pytest.raises(TypeError, match=r"[Ss]parse"):
        TablePreprocessor().fit(X).transform(sparse.csr_array(X))


# Data frames


def test_pandas(rng):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(
        {
            "float": [1.0, 2.0, np.nan, 4.0],
            "Int": pd.array([1, None, 3, 4], dtype="Int64"),
            "bool": [True, False, True, True],
            "boolean": pd.array([True, None, False, True], dtype="boolean"),
            "Float": pd.array([1.5, pd.NA, 2.5, 3.0], dtype="Float64"),
            "str": ["a", "b", "a", None],
            "string": pd.array(["a", "b", pd.NA, "a"], dtype="string"),
            "category": pd.Categorical([3, 1, 3, None], categories=[1, 2, 3]),
            "object": pd.Series([pd.NA, "x", "y", np.nan], dtype=object),
            "numbers": pd.Series([1, pd.NA, 2.5, None], dtype=object),
        }
    )
    table = TablePreprocessor(min_frequency=1)
    out = table.fit_transform(frame)
    assert_array_equal(table.is_categorical_, [0] * 5 + [1] * 4 + [0])
    assert list(table.feature_names_in_) == list(frame)
    assert np.isfinite(out).all()
    got = {key: list(each) for key, each in table.categories_.items()}
    assert got == {
        5: ["a", "b", None],
        6: ["a", "b", None],
        7: [1, 3, None],
        8: ["x", "y", None],
    }
    named = TablePreprocessor(min_frequency=1).set_output(transform="pandas")
    result = named.fit_transform(frame)
    assert_array_equal(result.to_numpy(), out)
    assert list(result) == list(table.get_feature_names_out())
    assert_array_equal(result["missingindicator_numbers"], [0, 1, 0, 1])
    assert_array_equal(result["category_3"], [1, 0, 1, 0])
    # another type of the same values
    other = frame.astype({"category": object, "str": "category", "Int": float})
    assert_array_equal(table.transform(other), out)
    # by name
    table.set_params(
        categorical_features=["Int", "str", "string", "category", "object"]
    )
    assert_array_equal(table.fit(frame).is_categorical_, [0, 1, 0, 0, 0, 1, 1, 1, 1, 0])
    with pytest.raises(ValueError, match="Feature names must be in the same order"):
        table.transform(frame[frame.columns[::-1]])


def test_pandas_sparse_columns_and_names_that_are_numbers():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": pd.arrays.SparseArray([0.0, 1.0, np.nan, 0.0])})
    assert TablePreprocessor().fit_transform(frame).shape == (4, 2)
    frame = pd.DataFrame([[1.0, "a"], [2.0, "b"]] * 2, columns=[5, 7])
    table = TablePreprocessor(categorical_features=[1]).fit(frame)  # places, not names
    assert_array_equal(table.get_feature_names_out(), ["x0", "x1_a", "x1_b"])


@pytest.mark.parametrize("make", ["to_datetime", "to_timedelta"])
def test_pandas_dates(make):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"day": getattr(pd, make)([1, 2, 3])})
    with pytest.raises(TypeError, match="Column 'day' holds dates"):
        TablePreprocessor().fit(frame)


def test_pandas_without_rows_or_columns():
    pd = pytest.importorskip("pandas")
    for frame in (
        pd.DataFrame({"a": [], "b": []}),
        pd.DataFrame({"a": pd.array([], str)}),
    ):
        with pytest.raises(ValueError, match="0 sample"):
            TablePreprocessor().fit(frame)
    with pytest.raises(ValueError, match="0 feature"):
        TablePreprocessor().fit(pd.DataFrame(index=[1, 2]))


def test_polars():
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame(
        {
            "float": [1.0, None, 3.0, 4.0],
            "int": [1, 2, None, 4],
            "bool": [True, None, False, True],
            "str": ["a", "b", None, "a"],
            "none": [None, None, None, None],
        }
    ).with_columns(category=pl.col("str").cast(pl.Categorical))
    table = TablePreprocessor(min_frequency=1)
    out = table.fit_transform(frame)
    assert_array_equal(table.is_categorical_, [0, 0, 0, 1, 0, 1])
    assert_array_equal(out[:, -6:-3], out[:, -3:])
    assert_array_equal(out[:, -3:], [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]])
    days = pl.DataFrame({"day": [date(2020, 1, 1), date(2020, 1, 2)]})
    with pytest.raises(TypeError, match="Column 'day' holds dates"):
        table.fit(days)
    nested = pl.DataFrame({"pair": [[1, 2], [3, 4]]})
    with pytest.raises(TypeError, match="'list'"):
        table.fit(nested)


# As a transformer


def mixed(rng, n_samples=120):
    """Numbers with holes, few and many categories, and two classes."""
    X = np.empty((n_samples, 4), dtype=object)
    X[:, :2] = rng.normal(size=(n_samples, 2))
    y = (X[:, 0] > 0).astype(int)
    X[::7, 1] = None
    X[:, 2] = levels(rng, 3, n_samples)
    X[:, 3] = levels(rng, 40, n_samples)
    return X, y


@pytest.mark.parametrize("numbers", NUMBERS)
def test_pickle_and_clone(numbers, rng):
    X, y = mixed(rng)
    table = TablePreprocessor(numbers, random_state=0).fit(X, y)
    expected = table.transform(X)
    assert_array_equal(pickle.loads(pickle.dumps(table)).transform(X), expected)
    assert_array_equal(clone(table).fit(X, y).transform(X), expected)
    assert np.isfinite(expected).all()


def test_global_output_of_frames(rng):
    pytest.importorskip("pandas")
    X, y = mixed(rng)
    expected = TablePreprocessor("piecewise", random_state=0).fit_transform(X, y)
    with sklearn.config_context(transform_output="pandas"):
        got = TablePreprocessor("piecewise", random_state=0).fit_transform(X, y)
    assert_array_equal(got.to_numpy(), expected)


def test_fit_forgets_what_was_fitted_before(rng, X):
    table = TablePreprocessor(random_state=0).fit(*mixed(rng))
    out = table.fit_transform(X)
    assert_array_equal(out, TablePreprocessor().fit_transform(X))
    assert table.categories_ == {}
    assert len(table.get_feature_names_out()) == 3


@not_converged
def test_before_a_network(rng):
    X, y = mixed(rng)
    net = MLPClassifierScratch(**QUICK, random_state=0)
    model = make_pipeline(TablePreprocessor(random_state=0), net)
    assert cross_val_score(model, X, y, cv=3).mean() > 0.8


@not_converged
def test_a_table_vectorizer_before_a_network(rng):
    skrub = pytest.importorskip("skrub")
    pd = pytest.importorskip("pandas")
    X, y = mixed(rng)
    frame = pd.DataFrame(X[:, :3], columns=list("abc")).infer_objects()
    frame["b"] = frame["b"].astype(float).fillna(0)
    net = MLPClassifierScratch(**QUICK, random_state=0)
    model = make_pipeline(skrub.TableVectorizer(), net)
    assert cross_val_score(model, frame, y, cv=3, error_score="raise").mean() > 0.7


def test_categories_that_tell_nothing_leave_no_column():
    """Names of rows, all different: beside a number, that alone is left."""
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(
        {"size": np.arange(20.0), "name": [f"row {i}" for i in range(20)]}
    )
    some, alone = frame.head(3), frame[["size"]]
    both, one = (TablePreprocessor().fit(each) for each in (frame, alone))
    assert_array_equal(both.transform(some), one.transform(alone.head(3)))
    assert list(both.get_feature_names_out()) == list(one.get_feature_names_out())
