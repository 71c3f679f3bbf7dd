"""A warning points at the user's line, or names the estimator."""

import warnings
from pathlib import Path

import pytest
from joblib import parallel_config
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sknnreg
from sknnreg.model_selection import FusedGridSearchCV, FusedHalvingSearchCV
from tests.factories import classifier

GRID = {"alpha": [0.1, 0.2]}
SHORT = {"max_iter": 2, "batch_size": 50}

CALLS = {
    "fit": lambda model, X, y: model.fit(X, y),
    "lbfgs": lambda model, X, y: model.set_params(solver="lbfgs").fit(X, y),
    "pipeline": lambda model, X, y: make_pipeline(StandardScaler(), model).fit(X, y),
    "cross-validation": lambda model, X, y: cross_val_score(model, X, y, cv=2),
    "search": lambda model, X, y: GridSearchCV(model, GRID, cv=2).fit(X, y),
    "fused search": lambda model, X, y: FusedGridSearchCV(model, GRID, cv=2).fit(X, y),
    "halving": lambda model, X, y: FusedHalvingSearchCV(model, GRID, cv=2).fit(X, y),
    "clipped batch": lambda model, X, y: model.set_params(batch_size=999).fit(X, y),
}


def caught(call, *arguments):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        call(*arguments)
    assert found
    return found


@pytest.mark.parametrize("name", CALLS)
def test_warnings_point_at_the_users_line(iris, name):
    for warning in caught(CALLS[name], classifier(**SHORT), *iris):
        assert warning.filename == __file__


def test_a_warning_of_a_thread_names_the_estimator(iris):
    """There is no line of the user's on a worker's stack."""
    search = GridSearchCV(classifier(**SHORT), GRID, cv=2, refit=False)
    with parallel_config("threading", n_jobs=2):
        found = caught(search.fit, *iris)
    messages = [str(w.message) for w in found if w.category is ConvergenceWarning]
    assert len(messages) == 4
    for alpha in GRID["alpha"]:
        assert sum(f"MLPClassifierScratch(alpha={alpha}" in m for m in messages) == 2


def test_a_users_file_may_be_called_like_a_library(iris):
    """What lies beside the package is not in it."""
    beside = str(Path(sknnreg.__file__).parent) + "_study.py"
    code = compile("model.fit(X, y)", beside, "exec")
    X, y = iris
    names = {"model": classifier(**SHORT), "X": X, "y": y, "__name__": "study"}
    for warning in caught(exec, code, names):
        assert warning.filename == beside
