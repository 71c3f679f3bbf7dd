r"""
==============================================
Which loss when some of the targets are wrong?
==============================================

A loss says what a prediction stands for, and how far a single row can pull. With the
residual :math:`r = y - \hat y`:

- ``"squared_error"``, :math:`r^2 / 2`: the mean; the pull :math:`r` has no bound;
- ``"absolute_error"``, :math:`|r|`: the median; every row pulls equally;
- ``"huber"``: squared up to :math:`\delta`, absolute beyond: a pull with a bound;
- ``"gaussian"``, :math:`\log\sigma + r^2 / (2\sigma^2)`: mean and standard deviation of
  each row, the squared error's pull divided by :math:`\sigma^2`.

Look at the test error, on targets that are right, when ever more of the training
targets have a slipped decimal point: ten times what was measured.
"""

# %%
# Slipped decimal points
# ----------------------
# The diabetes data, five folds. The target is scaled by median and quartiles,
# which few wrong rows do not move, for all losses alike.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler, StandardScaler

from sknnreg import MLPRegressorScratch

# a fixed number of epochs is part of the setting
warnings.filterwarnings("ignore", category=ConvergenceWarning)

X, y = load_diabetes(return_X_y=True, scaled=False)
losses = ["squared_error", "gaussian", "huber", "absolute_error"]
shares = [0, 0.02, 0.05, 0.1, 0.2]
settings = {"hidden_layer_sizes": (32,), "solver": "adamw", "alpha": 1.0}
settings |= {"learning_rate_init": 0.01, "batch_size": 64, "max_iter": 60}


def test_error(loss, share):
    """Mean absolute error on each fold's right targets."""
    errors = []
    folds = KFold(n_splits=5, shuffle=True, random_state=0)
    for fold, (train, test) in enumerate(folds.split(X)):
        rng = np.random.default_rng(fold)
        targets = y[train] * np.where(rng.random(len(train)) < share, 10, 1)
        network = MLPRegressorScratch(loss, **settings, random_state=0)
        model = TransformedTargetRegressor(
            make_pipeline(StandardScaler(), network), transformer=RobustScaler()
        ).fit(X[train], targets)
        errors.append(mean_absolute_error(y[test], model.predict(X[test])))
    return np.mean(errors)


errors = {loss: [test_error(loss, share) for share in shares] for loss in losses}
print("wrong targets  ", *(f"{share:6.0%}" for share in shares))
for loss, row in errors.items():
    print(f"{loss:15}", *(f"{error:6.1f}" for error in row))

# %%
# The pull of wrong rows
# ----------------------
# On right targets all losses do about as well. As soon as some are wrong, the mean
# follows them, and so does the gaussian network's, if less; the Huber loss moves from a
# tenth of wrong rows on, the median hardly. A robust loss costs little here, and is the
# safer choice where nobody has checked the targets. If it is the mean that is wanted,
# of costs for example, large targets that are *right* must count in full: there a
# robust loss is the wrong one.

fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
colors, markers = ("#D55E00", "#E69F00", "#009E73", "#0072B2"), "osD^"
for (loss, row), color, marker in zip(errors.items(), colors, markers, strict=True):
    ax.plot(np.multiply(shares, 100), row, marker=marker, color=color, lw=2, label=loss)
ax.set_xticks(np.multiply(shares, 100))
ax.set_xlabel("Training targets that are ten times too large (%)")
ax.set_ylabel("Mean absolute error on the test rows\n(units of disease progression)")
ax.set_title("Robust losses hold where the squared error follows wrong targets")
ax.set_ylim(bottom=0)
ax.legend()
plt.show()
