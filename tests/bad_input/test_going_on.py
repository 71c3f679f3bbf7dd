"""Predictions, warm starts and partial_fit."""

import copy
import functools

import numpy as np
import pandas as pd

from sknnreg import (
    MLPClassifierScratch,
    MLPRegressorScratch,
)
from tests.bad_input.data import (
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
    LABELS,
    NAN,
    TARGETS,
    THREE,
    TWO,
    TWO_NUMBERS,
    Row,
    X,
    check,
    network,
    shown,
)
from tests.factories import not_converged

pytestmark = not_converged


@functools.cache
def fitted(kind, on_frame=False, **params):
    return network(kind, **params).fit(FRAME if on_frame else X, TARGETS[kind])


@functools.cache
def known(kind):
    """Shared by all calls: a call that fails changes nothing."""
    classes = {"classes": [0, 1]} if kind is MLPClassifierScratch else {}
    return network(kind, warm_start=True).partial_fit(X, TARGETS[kind], **classes)


def refit(kind, changed=None, given=None):
    """A warm start after hyperparameters or data have changed."""
    model = copy.copy(known(kind)).set_params(**changed or {})
    return model.fit(**{"X": X, "y": TARGETS[kind]} | (given or {}))


def go_on(kind, given, first=True, y=None):
    """partial_fit, as the first or after a first one."""
    model = known(kind) if first else network(kind)
    y = TARGETS[kind] if y is None else y
    return model.partial_fit(**{"X": X, "y": y} | given)


OTHER_X = [*WRONG_X, X[:, :2], np.column_stack([X, X])]


def of_predictions():
    for kind in KINDS:
        yield Row("unfitted", lambda kind=kind: kind().predict(X), "not fitted")
        for value in [*OTHER_X, *RIGHT_X]:
            wrong = any(value is each for each in OTHER_X)
            on_frame = isinstance(value, pd.DataFrame)
            yield Row(
                f"{kind.__name__}.predict({shown(value)})",
                lambda kind=kind, on_frame=on_frame, value=value: fitted(
                    kind, on_frame
                ).predict(value),
                r"\bX\b" if wrong else "",
            )
    for n_samples in (0, -1, 2.5, "10", None, NAN):
        for kind, method in zip(KINDS, ("predict_proba", "predict"), strict=True):
            yield Row(
                f"{kind.__name__}.sample_{method}(n_samples={n_samples!r})",
                lambda kind=kind, method=f"sample_{method}", n=n_samples: getattr(
                    fitted(kind, dropout=0.5), method
                )(X, n_samples=n),
                "n_samples",
            )
    regressor = MLPRegressorScratch
    for quantile in (0, 1, -1, NAN, "0.5", [], [0.1, 2], [[0.1]], None, {}, 1j):
        yield Row(
            f"predict_quantiles(quantile={quantile!r})",
            lambda q=quantile: fitted(regressor, dropout=0.5).predict_quantiles(X, q),
            "" if quantile is None else "quantile",
        )
    yield Row("std", lambda: fitted(regressor).predict(X, return_std=True), "dropout")
    yield Row("quantiles", lambda: fitted(regressor).predict_quantiles(X), "dropout")
    yield Row("samples", lambda: fitted(regressor).sample_predict(X), "dropout")


def of_going_on():
    for kind in KINDS:
        for name, values in {"X": OTHER_X, "sample_weight": WRONG_WEIGHTS}.items():
            for value in values:
                yield Row(
                    f"{kind.__name__}.partial_fit({name}={shown(value)})",
                    lambda kind=kind, given={name: value}: go_on(kind, given),
                    rf"\b{name}\b",
                )
        for changed in ({"hidden_layer_sizes": (5,)}, {"hidden_layer_sizes": ()}):
            yield Row(
                f"{kind.__name__} warm_start, then {changed}",
                lambda kind=kind, changed=changed: refit(kind, changed),
                "hidden_layer_sizes",
            )
    for y in (*WRONG_Y, *WRONG_CLASSES, THREE, LABELS, TWO + 5, ["a", "b"] * 6):
        for call in (refit, go_on):
            yield Row(
                f"classifier {call.__name__}(y={shown(y)})",
                lambda call=call, y=y: call(MLPClassifierScratch, given={"y": y}),
                r"\by\b",
            )
    for y in (*WRONG_Y, *WRONG_NUMBERS, TWO_NUMBERS):
        for call in (refit, go_on):
            yield Row(
                f"regressor {call.__name__}(y={shown(y)})",
                lambda call=call, y=y: call(MLPRegressorScratch, given={"y": y}),
                r"\by\b|targets|outputs|the data",
            )
    for classes in (
        *(
            None,
            [],
            [0],
            [[0, 1]],
            "ab",
            3,
            [0, NAN],
            ["a", "b"],
            [1, 2],
            {},
            [None, 1],
        ),
    ):
        yield Row(
            f"partial_fit(classes={classes!r})",
            lambda c=classes: go_on(MLPClassifierScratch, {"classes": c}, first=False),
            "classes",
        )
    for classes in ([0], [0, 1], [[0, 1, 2]], ["a", "b", "c"], [0, 1, 2, 3], "abc"):
        yield Row(
            f"partial_fit(labels, classes={classes!r})",
            lambda c=classes: go_on(
                MLPClassifierScratch, {"classes": c}, first=False, y=LABELS
            ),
            "classes",
        )
    yield Row(
        "partial_fit(other classes)",
        lambda: go_on(MLPClassifierScratch, {"classes": [0, 1, 2]}),
        "classes",
    )


def test_predictions():
    check(of_predictions())


def test_going_on():
    check(of_going_on())
