"""The estimators for tables, and preprocessing."""

import numpy as np

from sknnreg import (
    MLPClassifierScratchCV,
    MLPRegressorScratchCV,
)
from sknnreg.preprocessing import (
    PiecewiseLinearEncoder,
    RobustClipScaler,
    TablePreprocessor,
)
from tests.bad_input.data import (
    WRONG_CLASSES,
    WRONG_NUMBERS,
)
from tests.bad_input.factories import (
    DATE,
    INF,
    NAN,
    NUMBERS,
    TWO,
    Row,
    X,
    check,
    of,
    put,
    shown,
)
from tests.factories import not_converged

pytestmark = not_converged


TABLES = {
    "max_time": (0, -1, NAN, "60", INF),
    "n_candidates": (0, -1, 1.5, "all", NAN),
    "max_iter": (0, 1.5, "all", NAN),
    "cv": (0, 1, 2.5, "five", {}),
    "scoring": ("best", 3, ["r2"], of(None), of("a"), of([0.5, 1]), of(NAN), of(1j)),
    "categorical_features": ("all", ["z"], [9], [True], 3, [0.5]),
    "dtype": ("float16", None, float),
    "n_jobs": ("two", 1.5),
    "random_state": (-1, "0", 2.5),
    "verbose": (-1, "x"),
}
TABLE_DATA = {
    "X": (put(X, INF), X[:0], X[:, 0], None, X * 1j, "X", X[:5]),
    "y": (None, TWO[:5], "y", put(NUMBERS, NAN), [], 3, [None] * 12, [{}] * 12),
    "sample_weight": ([1] * 5, -np.ones(12), [NAN] * 12, "a", [0] * 12, [DATE] * 12),
    "groups": ([1] * 5, 3, [1] * 12),
}


def table(kind, given=None, **params):
    small = {"n_candidates": 1, "max_iter": 1, "cv": 2, "random_state": 0}
    y = TWO if kind is MLPClassifierScratchCV else NUMBERS
    return kind(**small | params).fit(**{"X": X, "y": y} | (given or {}))


def of_tables():
    for kind in (MLPClassifierScratchCV, MLPRegressorScratchCV):
        for name, values in TABLES.items():
            for value in values:
                yield Row(
                    f"{kind.__name__}({name}={shown(value)})",
                    lambda kind=kind, params={name: value}: table(kind, **params),
                    {"scoring": "scor"}.get(name, name),
                )
        for name, values in TABLE_DATA.items():
            for value in values:
                yield Row(
                    f"{kind.__name__}.fit({name}={shown(value)})",
                    lambda kind=kind, given={name: value}: table(kind, given),
                    rf"\b{name}\b",
                )
    for value in ({0: -1}, {0: NAN}, {0: "1"}, {5: 1}, [1], 3, "fair", {0: 0, 1: 0}):
        yield Row(
            f"MLPClassifierScratchCV(class_weight={value})",
            lambda w=value: table(MLPClassifierScratchCV, class_weight=w),
            "class_weight",
        )
    for y in WRONG_NUMBERS:
        yield Row(
            f"MLPRegressorScratchCV.fit(y={shown(y)})",
            lambda y=y: table(MLPRegressorScratchCV, {"y": y}),
            r"\by\b",
        )
    for y in WRONG_CLASSES:
        yield Row(
            f"MLPClassifierScratchCV.fit(y={shown(y)})",
            lambda y=y: table(MLPClassifierScratchCV, {"y": y}),
            r"\by\b",
        )


PREPROCESSING = {
    TablePreprocessor: {
        "numbers": ("log", None, 3),
        "categorical_features": ("all", ["z"], [9], [True], 3, [0.5]),
        "max_categories": (1, 2.5, None, "x"),
        "min_frequency": (0, 0.5, None, "x"),
        "max_levels": (0, 2.5, "x"),
        "target_type": ("x", None),
        "n_bins": (0, 2.5, None),
        "missing_indicator": (3, None),
        "dtype": ("float99", "U3", object, int, 3),
        "random_state": (-1, "0", 2.5),
    },
    RobustClipScaler: {"clip": (0, -1, NAN, None, "3")},
    PiecewiseLinearEncoder: {"n_bins": (0, 2.5, NAN, None), "centered": (3, None)},
}


def of_preprocessing():
    for kind, parameters in PREPROCESSING.items():
        for name, values in parameters.items():
            for value in values:
                yield Row(
                    f"{kind.__name__}({name}={value!r})",
                    lambda kind=kind, p={name: value}: kind(**p).fit_transform(X),
                    name,
                )
        for value in (put(X, INF), X[:0], X[:, 0], X * 1j, None, "X", 3, X[None]):
            yield Row(
                f"{kind.__name__}.fit({shown(value)})",
                lambda kind=kind, value=value: kind().fit(value),
                r"\bX\b",
            )
        for value in (X[:, :2], put(X, INF), X[:, 0]):
            yield Row(
                f"{kind.__name__}.transform({shown(value)})",
                lambda kind=kind, value=value: kind().fit(X).transform(value),
                r"\bX\b",
            )
    for y in (TWO[:5], [None] * 12, "y"):
        yield Row(
            f"TablePreprocessor.fit(y={shown(y)})",
            lambda y=y: TablePreprocessor(max_levels=1).fit(
                np.array(["a", "b"] * 6, object)[:, None], y
            ),
            r"\by\b|numbers of samples",
        )


def test_tables():
    check(of_tables())


def test_preprocessing():
    check(of_preprocessing())
