"""scikit-learn's own checks of an estimator, on every solver and regularizer."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknnreg import (
    MLPClassifierScratch,
    MLPClassifierScratchCV,
    MLPRegressorScratch,
    MLPRegressorScratchCV,
)
from sknnreg.engine.layers import NORMALIZATIONS
from sknnreg.engine.losses import REGRESSION_LOSSES
from sknnreg.engine.penalties import PENALTIES
from sknnreg.engine.schedules import SCHEDULES
from tests.factories import KINDS, SOLVERS, however_it_ends

# the checks are about the interface: most stop before convergence
pytestmark = however_it_ends

#: Together they have every piece; pieces that draw row by row are in one of them, so
#: that the others pass the checks of sample weights.
SETTINGS = {
    "default": {},
    # Sums over weighted and over repeated rows are rounded differently. In a net with
    # more weights than rows a hundred quasi-Newton steps magnify that: stop earlier.
    "lbfgs": {"solver": "lbfgs", "tol": 1e-3},
    "all that draws nothing": {
        "solver": "adamw",
        "penalty": "elasticnet",
        "alpha": 1e-3,
        "alpha_bias": 0.01,
        "normalization": "batch",
        "residual": True,
        "max_norm": 2.0,
        "clip_norm": 0.5,
        "learning_rate": "cosine",
        "learning_rate_init": 0.003,
    },
    # and the rate of "invscaling", which falls with each row, of whatever weight
    "all that draws": {
        "dropout": 0.1,
        "input_dropout": 0.05,
        "input_noise": 0.1,
        "early_stopping": True,
        "validation_fraction": 0.3,
        "learning_rate": "invscaling",
        "power_t": 0.1,
        "learning_rate_init": 0.01,
    },
    "held-out rows": {"early_stopping": True},
    "groups": {
        "solver": "rmsprop",
        "penalty": "group_l1",
        "alpha": 1e-3,
        "normalization": "layer",
        "learning_rate": "step",
        "learning_rate_init": 0.01,
    },
    "momentum": {
        "solver": "sgd",
        "penalty": "l1",
        "alpha": 1e-3,
        "learning_rate": "adaptive",
    },
    "decay": {
        "solver": "sgdw",
        "learning_rate": "exponential",
        "learning_rate_init": 0.01,
    },
    "one cycle": {"learning_rate": "onecycle", "learning_rate_init": 0.02},
    "four cycles": {
        "activation": "mish",
        "learning_rate": "coslog4",
        "learning_rate_init": 0.01,
    },
}
#: what only one of the two has
SPECIAL = {
    MLPClassifierScratch: {"all that draws nothing": {"label_smoothing": 0.1}},
    MLPRegressorScratch: {
        "all that draws nothing": {"loss": "huber"},
        # rounding is magnified where a network knows the rows by heart
        "all that draws": {"loss": "gaussian"},
        "groups": {"loss": "quantile"},
        "lbfgs": {"loss": "poisson"},
        "one cycle": {"loss": "quantile", "quantile": [0.1, 0.5, 0.9]},
        "decay": {"loss": "absolute_error"},
    },
}
ESTIMATORS = [
    kind(random_state=0, **settings, **SPECIAL[kind].get(name, {}))
    for kind in KINDS
    for name, settings in SETTINGS.items()
]

#: A row given twice gets two draws, a row of weight two gets one. scikit-learn's own
#: forests and histogram boosting are excused from these two checks as well.
ROW_DRAWS = "masks, noise and the validation split are drawn row by row"
ROW_CHECKS = (
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
)


def expected_failures(estimator):
    names = ("dropout", "input_dropout", "input_noise", "early_stopping")
    draws = any(getattr(estimator, name) for name in names)
    return dict.fromkeys(ROW_CHECKS, ROW_DRAWS) if draws else {}


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failures)
def test_check_estimator(estimator, check):
    check(estimator)


#: in double precision, as the checks compare what rows give in another order
TABLES = [
    kind(
        max_time=None,
        n_candidates=1,
        max_iter=3,
        cv=2,
        dtype="float64",
        random_state=0,
    )
    for kind in (MLPClassifierScratchCV, MLPRegressorScratchCV)
]


@parametrize_with_checks(
    TABLES,
    expected_failed_checks=lambda estimator: dict.fromkeys(
        ROW_CHECKS, "folds are drawn row by row"
    ),
)
def test_check_estimator_for_tables(estimator, check):
    check(estimator)


@pytest.mark.parametrize("kind", KINDS)
def test_every_piece_is_in_some_estimator(kind):
    models = [model for model in ESTIMATORS if isinstance(model, kind)]

    def found(name):
        return {getattr(model, name) for model in models}

    assert found("solver") == set(SOLVERS)
    assert found("penalty") == set(PENALTIES)
    assert found("learning_rate") == set(SCHEDULES)
    assert found("normalization") == {None, *NORMALIZATIONS}
    flags = ["dropout", "input_dropout", "input_noise", "early_stopping"]
    flags += ["alpha_bias", "residual", "max_norm", "clip_norm"]
    if kind is MLPClassifierScratch:
        flags.append("label_smoothing")
    else:
        assert found("loss") == set(REGRESSION_LOSSES)
    for name in flags:
        assert any(found(name)), name
