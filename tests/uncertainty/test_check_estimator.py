"""scikit-learn's own checks of the estimators that are around others."""

from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknnreg import MLPClassifierScratch, MLPRegressorScratch
from sknnreg.uncertainty import MonteCarloDropout, QuantilePredictor
from tests.factories import however_it_ends

pytestmark = however_it_ends

SETTINGS = {"learning_rate_init": 0.01, "random_state": 0}
CLASSIFIER = MLPClassifierScratch(dropout=0.1, **SETTINGS)
REGRESSOR = MLPRegressorScratch(dropout=0.1, **SETTINGS)
ESTIMATORS = [
    MonteCarloDropout(CLASSIFIER, n_samples=20, random_state=0),
    MonteCarloDropout(make_pipeline(StandardScaler(), REGRESSOR), n_samples=20),
    QuantilePredictor(MLPRegressorScratch(loss="gaussian", **SETTINGS)),
]


@parametrize_with_checks(ESTIMATORS)
def test_check_estimator(estimator, check):
    check(estimator)
