"""scikit-learn's own checks of an estimator, on every solver and regularizer."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknnreg import MLPClassifierScratch, MLPRegressorScratch
from sknnreg.engine.losses import REGRESSION_LOSSES
from sknnreg.engine.optimizers import OPTIMIZERS

# the checks are about the interface: most stop before convergence
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

KINDS = (MLPClassifierScratch, MLPRegressorScratch)

SETTINGS = [
    *({"solver": solver} for solver in OPTIMIZERS),
    # Sums over weighted and over repeated rows are rounded differently. In a net with
    # more weights than rows a hundred quasi-Newton steps magnify that: stop earlier.
    {"solver": "lbfgs", "tol": 1e-3},
    {"dropout": 0.3},
    {"input_dropout": 0.2},
    {"penalty": "l1", "alpha": 1e-3},
    {"penalty": "elasticnet", "alpha": 1e-3},
    {"early_stopping": True, "validation_fraction": 0.3},
    {"penalty": "group_l1", "alpha": 1e-3},
    {"alpha_bias": 0.01},
    {"input_noise": 0.1},
    {"normalization": "batch"},
    {"normalization": "layer"},
    {"residual": True, "learning_rate_init": 0.01},
    {"max_norm": 2.0},
    {"clip_norm": 0.5},
    {"learning_rate": "cosine"},
    {"learning_rate": "onecycle"},
    {"learning_rate": "step", "learning_rate_init": 0.01},
    {"learning_rate": "exponential", "learning_rate_init": 0.01},
]
SPECIAL = {
    MLPClassifierScratch: [{"label_smoothing": 0.1, "learning_rate_init": 0.01}],
    MLPRegressorScratch: [
        {"loss": loss, "learning_rate_init": 0.01}
        for loss in REGRESSION_LOSSES
        if loss != "squared_error"
    ],
}

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


@parametrize_with_checks(
    [
        kind(random_state=0, **settings)
        for kind in KINDS
        for settings in SETTINGS + SPECIAL[kind]
    ],
    expected_failed_checks=expected_failures,
)
def test_check_estimator(estimator, check):
    check(estimator)
