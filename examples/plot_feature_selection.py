r"""
===================================
Which inputs does a network need?
===================================

The group lasso penalizes the norm of all weights that leave an input,

.. math:: \Omega(W) = \alpha \sum_j \sqrt{n_\text{out}}\; \lVert W_{j\cdot} \rVert_2,

and sets whole rows of the first weight matrix to zero: inputs that the network cannot
use any more. To see whether it drops the right ones, the ten measurements of the
diabetes data get twenty companions that are known to be useless: copies whose rows are
shuffled. Look at what is left at the value that the one-standard-error rule chooses,
the strongest penalty whose score is within one standard error of the best.
"""

# %%
# Along the strength of the penalty
# ---------------------------------
# :func:`~sknnreg.model_selection.regularization_path` cross-validates all values in one
# pass and keeps the norms of the inputs.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegressorScratch
from sknnreg.feature_selection import SelectFromNetwork
from sknnreg.inspection import RegularizationPathDisplay
from sknnreg.model_selection import fused_cross_validate, regularization_path

# a fixed number of epochs is part of the setting
warnings.filterwarnings("ignore", category=ConvergenceWarning)

data = load_diabetes()
shuffle = np.random.default_rng(0).permuted
X = np.hstack([data.data, *(shuffle(data.data, axis=0) for _ in range(2))])
network = MLPRegressorScratch(
    hidden_layer_sizes=(16,),
    penalty="group_l1",
    l1_ratio=0.9,
    learning_rate_init=0.01,
    batch_size=64,
    max_iter=100,
    random_state=0,
)


def model(*steps):
    pipeline = make_pipeline(StandardScaler(), *steps)
    return TransformedTargetRegressor(pipeline, transformer=StandardScaler())


folds = KFold(n_splits=5, shuffle=True, random_state=0)
values = np.logspace(-3, -0.6, 9).round(4).tolist()
path = regularization_path(model(network), X, data.target, values=values, cv=folds)
path.feature_names = np.array([*data.feature_names, *["shuffled"] * 20])
for i in (path.best_index, path.best_index_1se):
    kept = path.input_norms[i] > 0
    print(
        f"alpha={values[i]}: R² {path.mean_score[i]:.3f}, kept in some fold: "
        f"{kept[:10].sum()} measurements, {kept[10:].sum()} of 20 shuffled ones"
    )
kept = path.inputs_kept.tolist()
print("the network of the 1-SE rule, fitted to all rows, uses", *kept)

# %%
# Best and simplest
# -----------------
# With a weak penalty the network overfits with the help of the useless inputs (grey).
# At the best score most of them are still there, with small weights; the
# one-standard-error rule drops them all. The names are those of the strongest inputs at
# its choice.

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
RegularizationPathDisplay.from_path(path, ax=left)
RegularizationPathDisplay.from_path(path, kind="inputs", ax=right, n_named=4)
left.set_title("The 1-SE rule gives up little of the score")
useless = kept.count("shuffled")
right.set_title(f"It keeps {len(kept) - useless} real inputs, {useless} of 20 shuffled")
right.set_ylabel("Norm of the weights that leave an input")
plt.show()

# %%
# As a step of a pipeline
# -----------------------
# :class:`~sknnreg.feature_selection.SelectFromNetwork` hands the inputs that are left
# to whatever comes next, here the same network with a weak penalty. The selection is
# fitted within each fold.

alpha = values[path.best_index_1se]
selector = SelectFromNetwork(clone(network).set_params(alpha=alpha))
weak = clone(network).set_params(alpha=0.001)
for name, steps in {"all 30 inputs": [weak], "selected": [selector, weak]}.items():
    result = fused_cross_validate(model(*steps), X, data.target, cv=folds, scoring="r2")
    print(f"{name:14} R² {result['test_score'].mean():.3f}")
