"""scikit-learn's own checks of the estimators that are around others."""

from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknnreg import MLPRegressorScratch
from sknnreg.uncertainty import MonteCarloDropout, QuantilePredictor
from tests.factories import KINDS, however_it_ends

pytestmark = however_it_ends

SETTINGS = {"learning_rate_init": 0.01, "random_state": 0}


NETWORKS = [kind(dropout=0.1, **SETTINGS) for kind in KINDS]
ESTIMATORS = [MonteCarloDropout(n, n_samples=20, random_state=0) for n in NETWORKS]
ESTIMATORS += [
    MonteCarloDropout(make_pipeline(StandardScaler(), n), n_samples=20)
    for n in NETWORKS
]
ESTIMATORS += [
    QuantilePredictor(MLPRegressorScratch(loss="gaussian", **SETTINGS)),
    QuantilePredictor(
        MLPRegressorScratch(loss="quantile", quantile=[0.1, 0.5], **SETTINGS)
    ),
]


@parametrize_with_checks(ESTIMATORS)
def test_check_estimator(estimator, check):
    check(estimator)
