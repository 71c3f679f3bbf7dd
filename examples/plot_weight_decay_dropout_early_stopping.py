r"""
==================================================================
Weight decay, dropout or early stopping: which helps a regression?
==================================================================

A network with 5000 weights and 353 training rows learns these rows by heart. Three
remedies, and all of them together, are compared by cross-validation on the diabetes
data that scikit-learn bundles (442 patients, 10 measurements; the target is the
progression of the disease after a year):

- **weight decay**, :math:`W \leftarrow W - \eta\,\alpha\,W` in each step of size
  :math:`\eta` (``solver="adamw"``);
- **dropout** of each hidden unit with probability :math:`p` while training;
- **early stopping** on a fifth of the training rows, the best epoch kept.

Look at the distance between the training error (hollow) and the test error (filled).
"""

# %%
# One network, five settings
# --------------------------
# Inputs and target are standardized on the training rows of each fold. Only the named
# hyperparameters differ. :func:`~sknnreg.model_selection.fused_cross_validate` is
# scikit-learn's ``cross_validate`` with the networks of all folds trained together.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge
from sklearn.model_selection import RepeatedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegressorScratch
from sknnreg.model_selection import fused_cross_validate

# a fixed number of epochs is part of the setting
warnings.filterwarnings("ignore", category=ConvergenceWarning)

X, y = load_diabetes(return_X_y=True, scaled=False)
folds = RepeatedKFold(n_splits=5, n_repeats=2, random_state=0)
score = "neg_root_mean_squared_error"
network = {"hidden_layer_sizes": (64, 64), "solver": "adamw", "alpha": 0}
network |= {"learning_rate_init": 0.005, "batch_size": 32, "max_iter": 100}
decay, dropout = {"alpha": 1.0}, {"dropout": 0.3}
stopping = {"early_stopping": True, "validation_fraction": 0.2}
settings = {
    "none": {},
    "dropout 0.3": dropout,
    "early stopping": stopping,
    "weight decay 1.0": decay,
    "all three": decay | dropout | stopping,
}
models = {
    name: MLPRegressorScratch(**network | setting, random_state=0)
    for name, setting in settings.items()
}
models["ridge regression"] = Ridge()
errors = {}
for name, model in models.items():
    model = make_pipeline(StandardScaler(), model)
    model = TransformedTargetRegressor(model, transformer=StandardScaler())
    result = fused_cross_validate(
        model, X, y, cv=folds, scoring=score, return_train_score=True
    )
    errors[name] = train, test = -result["train_score"], -result["test_score"]
    better = f"better than none in {np.sum(test < errors['none'][1]):2} of {len(test)}"
    print(f"{name:18} train {train.mean():.1f}, test {test.mean():.1f}, {better}")

# %%
# What helps
# ----------
# Each remedy alone takes away most of the distance between training and test, and has a
# lower test error than the plain network on every fold. The three together do as well
# as the best of them: once a network no longer overfits, more regularization adds
# little.
#
# The last row is a reference. The progression of diabetes is close to linear in these
# inputs: a network that is regularized does about as well as ridge regression, and one
# that is not does far worse.

fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for place, (train, test) in enumerate(errors.values()):
    low, high, error = train.mean(), test.mean(), test.std() / np.sqrt(len(test))
    ax.plot([low, high], [place, place], color="#999999", zorder=1)
    ax.plot(low, place, "o", ms=9, mfc="white", mec="#0072B2", mew=2)
    ax.errorbar(high, place, xerr=error, fmt="o", ms=9, color="#D55E00", capsize=4)
    ax.text(high + error + 0.8, place, f"{high:.1f}", va="center")
ax.plot([], [], "o", ms=9, mfc="white", mec="#0072B2", mew=2, label="training")
ax.plot([], [], "o", ms=9, color="#D55E00", label="test ± standard error")
ax.set_yticks(range(len(errors)), errors)
ax.set(ylim=(5.5, -0.5), xlim=(15, 77))
ax.set_xlabel("RMSE (units of disease progression, whose standard deviation is 77)")
low, high = errors["all three"][1].mean(), errors["none"][1].mean()
ax.set_title(f"Regularization cuts the test error from {high:.0f} to {low:.0f}")
ax.legend(loc="lower left")
plt.show()
