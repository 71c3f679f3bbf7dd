"""Every hyperparameter of the two estimators, and what callables answer."""

import inspect

import numpy as np

from tests.bad_input.factories import (
    DATE,
    INF,
    KINDS,
    LABELS,
    NAN,
    NUMBERS,
    SPAN,
    TWO,
    Row,
    check,
    fit,
    of,
)
from tests.factories import not_converged

pytestmark = not_converged


#: nothing takes these
NOTHING = ["?", NAN, 1j, object(), b"1", [[None]]]


def of_anything():
    """Each hyperparameter of each estimator, each kind of nonsense."""
    for kind in KINDS:
        for name in inspect.signature(kind).parameters:
            for value in NOTHING:
                yield Row(
                    f"{kind.__name__}({name}={value!r})",
                    lambda kind=kind, p={name: value}: fit(kind, **p),
                    f"{name}.* must ",
                )


#: (hyperparameters, words); without words: right
SHARED = [
    *(
        ({"hidden_layer_sizes": value}, "hidden_layer_sizes.* must ")
        for value in [
            *(INF, None, "10", 2.5, 0, -1, {}, {10}, {10: 1}, frozenset({3}), (NAN,)),
            *((INF,), (2.5,), ("5",), (None,), (0,), (-3,), [[5, 5]], [5, [5]]),
            *([[5], [5, 6]], np.ones((2, 2)), np.array([2.5]), (5, None), (1j,)),
            *(np.array(["5"]), [DATE], ({},), np.array([5, NAN])),
        ]
    ),
    *(
        ({"hidden_layer_sizes": value}, "")
        for value in [
            (),
            [],
            4,
            np.int64(4),
            (4.0,),
            [4],
            np.array([4, 3]),
            range(3, 5),
        ]
    ),
    *(
        ({name: value}, f"{name}.* must ")
        for name in ("alpha", "alpha_bias", "l1_ratio")
        for value in [
            *(INF, -0.1, None, "0.1", ["0.1", "0.2"], [0.1, -0.1], [[0.1, 0.2]], {}),
            *([0.1, NAN], [0.1, INF], [0.1, None], [0.1], [0.1] * 3, {0.1, 0.2}, []),
            *([0.1, [0.2]], [0.1, 1j], [0.1, DATE], np.full((1, 2), 0.1), {0: 1, 1: 1}),
            *(np.array(["0.1", "0.2"]), b"12", np.array(-0.1)),
        ]
    ),
    *(
        ({name: value}, "")
        for name in ("alpha", "alpha_bias", "l1_ratio")
        for value in [(0.1, 0.2), np.float32([0.1, 0.2]), 1, [0, 1], np.array(0.1)]
    ),
    *(
        ({"dropout": value}, "dropout.* must ")
        for value in [
            *(
                1.0,
                -0.1,
                None,
                "0.1",
                ["0.1"],
                [[0.1]],
                [1.0],
                [NAN],
                [0.1, 0.2],
                {0.1},
            ),
            *([None], [1j], []),
        ]
    ),
    *(({"dropout": value}, "") for value in [[0.1], np.array([0.1]), np.float32(0.1)]),
    *(
        ({name: value}, f"{name}.* must ")
        for name, values in {
            "input_dropout": (1.0, -0.1, None, [0.1]),
            "input_noise": (-1, INF, None, [0.1]),
            "input_scale": (-1, INF, None, [1.0]),
            "learning_rate_init": (0, -1, INF, None, [0.1]),
            "power_t": (-1, INF, None),
            "momentum": (-0.1, 1.1, None),
            "beta_1": (-0.1, 1.0, None),
            "beta_2": (-0.1, 1.0, None),
            "epsilon": (0, -1, INF, None),
            "tol": (-1, INF, None),
            "max_norm": (0, -1, INF, [1.0]),
            "clip_norm": (0, -1, INF, [1.0]),
            "averaging": (1.0, -0.1, None),
            "warmup_fraction": (1.0, -0.1, None),
            "decay_rate": (0, 1.1, None),
            "decay_epochs": (0, 2.5, INF, None),
            "validation_fraction": (1.0, -0.1, None),
            "max_iter": (0, -1, 2.5, INF, None, "10", [5]),
            "max_fun": (0, 2.5, INF, None),
            "n_iter_no_change": (0, -1, 2.5, None),
            "batch_size": (0, -1, 2.5, INF, None, [5]),
            "random_state": (-1, 2.5, "0", [0.5]),
            "verbose": (-1, 2.5, None),
            "shuffle": (2, None, "yes", []),
            "warm_start": (2, None),
            "early_stopping": (2, None),
            "nesterovs_momentum": (2, None),
            "residual": (2, None),
            "activation": (None, 3, ["relu"], "Relu", np.tanh),
            "solver": (None, 3, "Adam", "sag"),
            "penalty": (3, "l3", "none", ["l1"]),
            "normalization": (True, "batchnorm"),
            "dtype": (None, float, "float16", np.float32),
        }.items()
        for value in values
    ),
    ({"bias_init": "orthogonal"}, "bias_init.* must "),
    ({"init": "data"}, "init.* must "),
]


def drawn(value):
    """An initializer of an array with this value."""
    return lambda rng, shape: np.full(shape, value)


CALLABLES = [
    *(
        ({name: answer}, f"{name}.* must ")
        for name in ("init", "bias_init")
        for answer in [
            *map(of, (None, "a", 1.0, [], [[1.0], [1.0, 2.0]], {}, np.ones((7, 7)))),
            *map(drawn, (NAN, INF, 1j, "1", None, DATE, SPAN)),
        ]
    ),
    *(
        ({name: answer}, "")
        for name in ("init", "bias_init")
        for answer in [
            *map(drawn, (0.1, 1, True, np.float32(0.1))),
            lambda rng, shape: np.full(shape, 0.1).tolist(),
        ]
    ),
    *(
        ({"learning_rate": of(value)}, "learning_rate.* must ")
        for value in [
            *(None, NAN, INF, -0.1, "a", "0.1", [0.1], np.array([0.1, 0.2]), 1j, {}),
            *(DATE, SPAN, np.array([0.1]), "nan"),
        ]
    ),
    *(
        ({"learning_rate": of(value)}, "")
        for value in [0, 0.0, 1e-3, np.float32(0.1), np.array(0.1), np.int64(0)]
    ),
    *(
        ({"scoring": of(value), "early_stopping": True, **solver}, "scoring")
        for value in [
            None,
            "a",
            "0.5",
            [0.5],
            np.ones(2),
            1j,
            {},
            {"a": 0.5},
            DATE,
            NAN,
        ]
        for solver in ({}, {"solver": "lbfgs"})
    ),
    *(
        ({"scoring": of(value), "early_stopping": True}, "")
        for value in [0, 0.5, np.float32(0.5), np.array(0.5), True]
    ),
    *(
        ({"scoring": value, "early_stopping": early_stopping}, "scoring.* must ")
        for value in ["best", "Accuracy", 3, ["accuracy"], {"a": "r2"}]
        for early_stopping in (False, True)
    ),
]

CLASSIFIERS = [
    *(
        ({"class_weight": value}, "class_weight")
        for value in [
            *({0: NAN}, {0: INF}, {0: None}, {0: 0, 1: 0}, {0: -1}, {0: "1"}, {5: 1}),
            *({"a": 1}, [], [1, 2], "fair", 3, [{0: 1}], {0: 1j}, {0: [1]}, {0: DATE}),
            *([{0: 1}, {0: 1}], np.ones(2), {0: 1, 5: 1}),
        ]
    ),
    *(({"class_weight": v}, "") for v in [{}, {0: 2}, {0: 0, 1: 1}]),
    *(({"label_smoothing": value}, "label_smoothing.* must ") for value in [1, -0.1]),
]

MULTILABEL = [
    *(
        ({"class_weight": value}, "class_weight")
        for value in [
            *({0: 1, 1: 2}, [{0: 1}], [{0: -1, 1: 1}] * 3, [{0: NAN, 1: 1}] * 3),
            *([{0: 0, 1: 0}] * 3, [1, 2, 3], [None] * 3, [{}] * 2),
        ]
    ),
    ({"class_weight": [{0: 1, 1: 2}] * 3}, ""),
    ({"class_weight": "balanced"}, ""),
]

REGRESSORS = [
    *(
        ({"loss": loss, "quantile": value}, "quantile.* must ")
        for value in [
            0,
            1,
            1.5,
            None,
            [],
            [0.5, 0.1],
            [0.5, 0.5],
            [0.1, NAN],
            {0.1, 0.9},
        ]
        for loss in ("quantile", "squared_error")
    ),
    *(({"loss": "quantile", "quantile": value}, "") for value in [[0.1, 0.9], (0.5,)]),
    *(({"huber_delta": value}, "huber_delta.* must ") for value in [0, -1, INF, None]),
    *(({"loss": value}, "loss.* must ") for value in [None, 3, "log_loss", (10,)]),
]


def of_hyperparameters():
    for kinds, table, y in [
        (KINDS, SHARED + CALLABLES, None),
        (KINDS[:1], CLASSIFIERS, TWO),
        (KINDS[:1], MULTILABEL, LABELS),
        (KINDS[1:], REGRESSORS, NUMBERS),
    ]:
        for kind in kinds:
            for params, words in table:
                yield Row(
                    f"{kind.__name__}({params!r})",
                    lambda kind=kind, params=params, y=y: fit(kind, y, **params),
                    words,
                )


def test_nonsense():
    check(of_anything())


def test_hyperparameters():
    check(of_hyperparameters())
