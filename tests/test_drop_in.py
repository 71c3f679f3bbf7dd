"""scikit-learn's own tests of its MLP, run against ours with the imports swapped."""

import importlib.util
from unittest import mock

import pytest
import sklearn.neural_network

from sknnreg import MLPClassifierScratch, MLPRegressorScratch

#: Tests that cannot apply, each with the private attribute it reads or the deliberate
#: difference.
DESELECTED = {
    "test_gradient": "calls the private _loss_grad_lbfgs",
    "test_learning_rate_warmstart": "reads the private _optimizer.learning_rate",
    "test_adaptive_learning_rate": "reads the private _optimizer.learning_rate",
    "test_n_iter_no_change": "reads the private _no_improvement_count",
    "test_n_iter_no_change_inf": "reads the private _no_improvement_count",
    "test_early_stopping_stratified": (
        "expects the coded label 'True' in the message; ours names the user's own label"
    ),
    "test_mlp_partial_fit_after_fit": (
        "expects a ValueError; with early_stopping=True ours has no partial_fit at all "
        "(hasattr is False), as check_estimator demands of it"
    ),
    "test_preserve_feature_names": (
        "forbids ConvergenceWarning, which scoring='loss' gives there: the loss of a "
        "constant target improves for 200 epochs, accuracy does not; "
        "estimators/test_inputs.py has the same test without that"
    ),
}


def load_upstream():
    """A fresh copy of scikit-learn's test module that imported our classes."""
    name = "sklearn.neural_network.tests.test_mlp"
    spec = importlib.util.find_spec(name)
    module = importlib.util.module_from_spec(spec)
    swapped = {
        "MLPClassifier": MLPClassifierScratch,
        "MLPRegressor": MLPRegressorScratch,
    }
    with mock.patch.multiple(sklearn.neural_network, **swapped):
        spec.loader.exec_module(module)
    return module


upstream = load_upstream()
for name, test in vars(upstream).items():
    if name.startswith("test_") and name not in DESELECTED:
        # scikit-learn does not run its tests with warnings as errors
        globals()[name] = pytest.mark.filterwarnings("default")(test)


def test_every_upstream_test_is_here():
    names = {name for name in vars(upstream) if name.startswith("test_")}
    assert len(names) > 30
    assert len(DESELECTED) <= 8
    assert names <= set(globals()) | set(DESELECTED)
    assert set(DESELECTED) <= names
