"""Selection of the inputs that a penalty left."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from sknnreg._composition import find_mlp
from sknnreg.feature_selection import SelectFromNetwork
from tests.factories import however_it_ends, regressor

pytestmark = however_it_ends

SPARSE = {"l1_ratio": 0.9, "learning_rate_init": 0.02, "max_iter": 300, "tol": 0}
NETWORKS = {
    "l1": regressor(penalty="l1", alpha=0.05, **SPARSE),
    "group_l1": regressor(penalty="group_l1", alpha=0.02, **SPARSE),
    "l2": regressor(penalty="l2"),
}


@pytest.fixture
def noisy_inputs(diabetes):
    """Ten inputs that tell something, and twenty that do not."""
    X, y = diabetes
    noise = np.random.default_rng(0).normal(size=(len(y), 20))
    return np.hstack([X, noise]), y


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("in_pipeline", [False, True])
@pytest.mark.parametrize("penalty", NETWORKS)
def test_keeps_exactly_what_is_not_zero(noisy_inputs, penalty, in_pipeline, dtype):
    X, y = noisy_inputs
    X = X.astype(dtype)
    network = clone(NETWORKS[penalty])
    model = make_pipeline(StandardScaler(), network) if in_pipeline else network
    selector = SelectFromNetwork(model).fit(X, y)
    used = find_mlp(selector.estimator_).coefs_[0].any(axis=1)
    assert_array_equal(selector.get_support(), used)
    assert_array_equal(selector.transform(X), X[:, used])
    if penalty == "l2":
        assert used.all()
    else:
        assert used[[2, 8]].all() and used.sum() < 20
    assert 0 < selector.threshold_ < 1e-40


def test_scikit_learns_own_default_drops_some_of_them(noisy_inputs):
    """That is what this class is for."""
    X, y = noisy_inputs
    network = NETWORKS["group_l1"]
    theirs = SelectFromModel(network).fit(X, y).get_support()
    ours = SelectFromNetwork(network).fit(X, y).get_support()
    assert (ours | theirs == ours).all() and ours.sum() > theirs.sum()


def test_limits_of_scikit_learns_still_hold(noisy_inputs):
    X, y = noisy_inputs
    network = NETWORKS["group_l1"]
    whole = SelectFromNetwork(network).fit(X, y)
    few = SelectFromNetwork(network, max_features=3).fit(X, y)
    top = np.argsort(whole.estimator_.feature_importances_)[-3:]
    assert_array_equal(np.flatnonzero(few.get_support()), np.sort(top))
    ours = SelectFromNetwork(network, threshold="median").fit(X, y)
    theirs = SelectFromModel(network, threshold="median").fit(X, y)
    assert_array_equal(ours.get_support(), theirs.get_support())
    assert ours.threshold_ == theirs.threshold_
    prefit = SelectFromNetwork(whole.estimator_, prefit=True)
    assert_array_equal(prefit.transform(X), whole.transform(X))


def test_of_a_search(noisy_inputs):
    X, y = noisy_inputs
    search = GridSearchCV(NETWORKS["group_l1"], {"alpha": [0.01, 0.02]}, cv=2)
    selector = SelectFromNetwork(search).fit(X, y)
    used = selector.estimator_.best_estimator_.coefs_[0].any(axis=1)
    assert_array_equal(selector.get_support(), used)
    with pytest.raises(ValueError, match="needs a network"):
        SelectFromNetwork(Ridge()).fit(X, y).get_support()


def test_names_and_searches(noisy_inputs):
    pd = pytest.importorskip("pandas")
    X, y = noisy_inputs
    frame = pd.DataFrame(X, columns=[f"input {i}" for i in range(30)])
    model = make_pipeline(SelectFromNetwork(NETWORKS["group_l1"]), Ridge())
    grid = {"selectfromnetwork__estimator__alpha": [0.01, 0.02]}
    search = GridSearchCV(model, grid, cv=2).fit(frame, y)
    names = search.best_estimator_[0].get_feature_names_out()
    assert "input 2" in names and len(names) < 20


def test_check_estimator():
    check_estimator(SelectFromNetwork(regressor()), on_skip=None)
