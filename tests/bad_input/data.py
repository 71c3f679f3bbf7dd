"""Data that are refused, and data that are right."""

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from tests.bad_input.factories import (
    DATE,
    FRAME,
    INF,
    LABELS,
    NAN,
    NUMBERS,
    SPAN,
    THREE,
    TWO,
    TWO_NUMBERS,
    X,
    put,
)

#: arguments of ``fit`` in place of X; whatever is wrong with them is said of X
WRONG_X = [
    *(put(X, value, (3, 1)) for value in (NAN, INF, -INF, 1j)),
    *(X[:0], X[:, :0], X[:, 0], X[None], X[0, 0], None, "X", [[]], [], {}, 3),
    *(X.astype(str).astype(object) + "a", np.full((12, 3), "a"), put(X, INF).tolist()),
    *(np.full((12, 3), DATE), np.full((12, 3), SPAN), np.full((12, 3), None)),
    *([[1.0, 2.0], [3.0]], [[DATE] * 3] * 12, np.full((12, 3), {}, object)),
    *(FRAME.assign(d="a"), FRAME.assign(d=DATE), FRAME.assign(d=NAN)),
    *(csr_matrix(put(X, NAN)), csr_matrix(X * 1j)),
]
RIGHT_X = [
    *(X.tolist(), FRAME, csr_matrix(X), X.astype(int), X > 0, np.asfortranarray(X)),
    *(X.astype("f2"), X.astype(">f8"), X.astype(object), X.astype(np.longdouble)),
    *(csr_matrix(X).tocoo(), FRAME.convert_dtypes(), X[::-1]),
]
WRONG_Y = [
    *(None, [], TWO[:11], TWO[:, None, None], "y", 3, {}, [[1, 2], [3]], X[:0]),
    *([None] * 12, put(NUMBERS, NAN), put(NUMBERS, INF), NUMBERS * 1j, {0: 1}),
    *(np.ones((12, 0)), [{}] * 12, put(TWO_NUMBERS, NAN)),
]
#: for a regressor
WRONG_NUMBERS = [
    *(np.full(12, DATE), np.full(12, SPAN), NUMBERS.astype(str), ["1"] * 12),
    *(NUMBERS.astype(str).astype(object), np.full(12, DATE, object), ["a"] * 12),
    *(
        np.full((12, 2), DATE),
        NUMBERS.astype("S"),
        csr_matrix(TWO_NUMBERS),
        [b"1"] * 12,
    ),
    *(pd.Series(["1"] * 12), pd.Series([DATE] * 12), pd.Series([SPAN] * 12)),
    *(pd.Series(["1"] * 12, dtype="category"), csr_matrix(NUMBERS[:, None])),
]
RIGHT_NUMBERS = [
    *(NUMBERS.tolist(), TWO, TWO > 0, NUMBERS.astype("f4"), NUMBERS.astype(object)),
    *(TWO_NUMBERS, TWO_NUMBERS.tolist(), pd.Series(NUMBERS), pd.DataFrame(TWO_NUMBERS)),
    *(pd.Series(TWO, dtype="Int64"), NUMBERS * 0, TWO.astype("u1")),
]
#: for a classifier
WRONG_CLASSES = [
    *(NUMBERS, TWO_NUMBERS, [[0, 1, 2]] * 12, csr_matrix(TWO_NUMBERS)),
    *([None, "a"] * 6, [{1}, {2}] * 6, np.column_stack([THREE, TWO])),
]
RIGHT_CLASSES = [
    *(THREE, ["a", "b"] * 6, TWO > 0, TWO * 1.0, LABELS, csr_matrix(LABELS)),
    *(pd.Series(["a", "b"] * 6), pd.Series(["a", "b"] * 6, dtype="category")),
    *(pd.Series(TWO, dtype="Int64"), LABELS.tolist(), [DATE, DATE + SPAN] * 6, -TWO),
    *(LABELS > 0, np.zeros(12, int)),
]
WRONG_WEIGHTS = [
    *("a", [1] * 11, np.ones((12, 2)), -np.ones(12), put(np.ones(12), NAN), [1j] * 12),
    *(
        put(np.ones(12), INF),
        np.zeros(12),
        ["a"] * 12,
        [None] * 12,
        {},
        np.full(12, DATE),
    ),
    *(X, [], NAN, INF, -1, 0, 1j, np.full(12, SPAN), csr_matrix(np.ones((12, 1)))),
]
RIGHT_WEIGHTS = [None, 2, [1] * 12, TWO, np.ones(12, "f4"), pd.Series(np.ones(12))]
