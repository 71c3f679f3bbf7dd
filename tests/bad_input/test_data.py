"""X, y and weights, of training and of validation; what is too large."""

import pandas as pd

from sknnreg import (
    MLPClassifierScratch,
    MLPRegressorScratch,
)
from tests.bad_input.data import (
    RIGHT_CLASSES,
    RIGHT_NUMBERS,
    RIGHT_WEIGHTS,
    RIGHT_X,
    WRONG_CLASSES,
    WRONG_NUMBERS,
    WRONG_WEIGHTS,
    WRONG_X,
    WRONG_Y,
)
from tests.bad_input.factories import (
    FRAME,
    KINDS,
    NUMBERS,
    TARGETS,
    TWO,
    Row,
    X,
    check,
    network,
    shown,
)
from tests.factories import not_converged

pytestmark = not_converged


def of_data():
    """X, y and sample_weight of ``fit``, and the same as validation data."""
    for kind in KINDS:
        right = {"X": X, "y": TARGETS[kind], "sample_weight": None}
        is_classifier = kind is MLPClassifierScratch
        for name, wrong, fine in [
            ("X", WRONG_X, RIGHT_X),
            ("y", WRONG_Y, ()),
            (
                "y",
                WRONG_CLASSES if is_classifier else WRONG_NUMBERS,
                RIGHT_CLASSES if is_classifier else RIGHT_NUMBERS,
            ),
            ("sample_weight", WRONG_WEIGHTS, RIGHT_WEIGHTS),
        ]:
            for value in [*wrong, *fine]:
                is_wrong = any(value is each for each in wrong)
                words = rf"\b{name}\b" if is_wrong else ""
                arguments = right | {name: value}
                given = dict(right)
                if isinstance(value, pd.DataFrame) and name == "X":
                    given["X"] = FRAME
                yield Row(
                    f"{kind.__name__}.fit({name}={shown(value)})",
                    lambda kind=kind, a=arguments: network(kind).fit(**a),
                    words,
                )
                if name == "y" and not is_wrong:
                    continue
                yield Row(
                    f"{kind.__name__}.fit({name}_val={shown(value)})",
                    lambda kind=kind, given=given, a=arguments: network(kind).fit(
                        **given, **{f"{key}_val": v for key, v in a.items()}
                    ),
                    words and rf"\b{name}_val\b",
                )


# Numbers that are too large, and what does not go together


def fit_on(kind=None, X=X, y=NUMBERS, given=None, **params):
    return network(kind or MLPRegressorScratch, **params).fit(X, y, **given or {})


SMALL_X = X.astype("f4")
TOGETHER = [
    Row("float32", lambda: fit_on(X=SMALL_X, y=NUMBERS * 1e39), r"\by\b.*float32"),
    Row("dtype", lambda: fit_on(y=NUMBERS * 1e39, dtype="float32"), r"\by\b.*float32"),
    Row("X", lambda: fit_on(X=X * 1e39, dtype="float32"), r"\bX\b.*float32"),
    Row(
        "y_val",
        lambda: fit_on(X=SMALL_X, given={"X_val": X, "y_val": NUMBERS * 1e39}),
        r"y_val.*float32",
    ),
    Row("noise", lambda: fit_on(X=X * 1e200, input_noise=0.1), "input data"),
    Row("poisson", lambda: fit_on(loss="poisson"), "poisson.*y >= 0"),
    Row(
        "poisson y_val",
        lambda: fit_on(y=TWO, loss="poisson", given={"X_val": X, "y_val": NUMBERS}),
        "y_val.*y >= 0",
    ),
    *(
        Row(
            f"{given.keys()}",
            lambda given=given: fit_on(given=given),
            "X_val and y_val must be given",
        )
        for given in [
            *({"X_val": X}, {"y_val": NUMBERS}, {"sample_weight_val": [1] * 12}),
            *({"X_val": X, "sample_weight_val": [1] * 12},),
        ]
    ),
    Row(
        "nothing to validate on",
        lambda: fit_on(early_stopping=True, validation_fraction=0.0),
        "validation_fraction > 0, or X_val and y_val",
    ),
    *(
        Row(
            f"lbfgs, {params}",
            lambda params=params: fit_on(solver="lbfgs", **params),
            f"solver='lbfgs' cannot be used with {next(iter(params))}",
        )
        for params in [
            *({"dropout": 0.1}, {"input_dropout": 0.1}, {"input_noise": 0.1}),
            *({"normalization": "batch"}, {"max_norm": 1.0}, {"clip_norm": 1.0}),
            *({"averaging": 0.5}, {"penalty": "group_l1"}),
        ]
    ),
]


def test_data():
    check(of_data())


def test_what_does_not_go_together():
    check(TOGETHER)
