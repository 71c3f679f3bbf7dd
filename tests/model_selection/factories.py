"""Data, small estimators and comparisons of the searches' tests."""

from functools import partial

import numpy as np
from numpy.testing import assert_allclose

# all that the tests of stacks and groups know of the inside
from sknnreg._hyperparameters import SHARED
from sknnreg._run import fit_stack
from sknnreg._stack import stack_key
from sknnreg.engine.cost import stack_size
from sknnreg.model_selection._groups import partition
from sknnreg.model_selection._one_se import regularization, standard_error
from sknnreg.model_selection._time import limits
from sknnreg.model_selection._work import Candidate
from tests import factories

__all__ = [
    "NUMBERS",
    "fit_stack",
    "groups_of",
    "limits",
    "regularization",
    "stack_key",
    "stack_size",
    "standard_error",
]

#: hyperparameters that may differ inside a stack
NUMBERS = [name for name, row in SHARED.items() if row.varies]


def groups_of(estimator, candidates):
    """Groups of settings that are trained together, and those fitted alone."""
    numbered = [Candidate(i, setting) for i, setting in enumerate(candidates)]
    groups, alone = partition(estimator, numbered)
    return groups, alone


SETTINGS = {"hidden_layer_sizes": (9, 5), "max_iter": 8, "batch_size": 16}
classifier = partial(factories.classifier, **SETTINGS)
regressor = partial(factories.regressor, **SETTINGS)

rng = np.random.RandomState(0)
X = rng.normal(size=(120, 6))
LINE = X[:, 0] * X[:, 1] + X[:, 2]
BINARY = np.where(LINE > 0, "yes", "no")
CLASSES = np.digitize(LINE, [-0.5, 0.5])
LABELS = np.stack([LINE > 0, X[:, 3] > 0.2], axis=1).astype(int)
TARGETS = np.stack([LINE, X[:, 3]], axis=1)
WEIGHT = rng.uniform(0.1, 2, size=len(X))
GROUPS = np.arange(len(X)) % 7

GRID = {"alpha": [0.0, 1e-3, 0.1], "dropout": [0.0, 0.3], "learning_rate_init": [0.01]}


def inside(prefix, grid):
    return {f"{prefix}__{name}": values for name, values in grid.items()}


def assert_same_results(ours, theirs, rtol=1e-9):
    def shared(results):
        # scikit-learn's do not tell how training went
        return {n for n in results if not n.endswith(("_n_iter", "_best_iter"))}

    assert shared(ours) == shared(theirs)
    for name, column in theirs.items():
        if name.endswith("_time"):
            assert (ours[name] >= 0).all()
        elif "score" in name:
            assert_allclose(ours[name], column, rtol=rtol, atol=1e-12)
        elif name == "params":
            assert repr(ours[name]) == repr(column)
