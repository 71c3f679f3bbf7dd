r"""
==================================================
Which prediction intervals hold what they promise?
==================================================

An interval of 90 % should hold nine targets of ten. Three ways to get one, from a
network in a pipeline in a transformed target:

- **Monte-Carlo dropout**: the spread of many predictions with dropout left on. It says
  where the *mean* may be, not how far targets are from it;
- **quantiles**: the network minimizes :math:`\max(q\,r, (q - 1)\,r)` with
  :math:`r = y - \hat y`, for :math:`q` = 0.05 and 0.95;
- **conformalized quantiles** (Romano et al. 2019): the same two, moved apart by the
  error :math:`\max(\text{low} - y,\; y - \text{high})` that 90 % of some calibration
  rows do not exceed.

Look at the crosses: targets outside of their interval.
"""

# %%
# Twenty splits of the diabetes data
# ----------------------------------
# 30 % of the patients are for the test; a third of the others is for calibration, and
# no network is trained on it. Nobody has tuned these networks: they have a fixed number
# of epochs.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegressorScratch
from sknnreg.inspection import PredictionIntervalDisplay
from sknnreg.uncertainty import MonteCarloDropout, predict_interval

# a fixed number of epochs is part of the setting
warnings.filterwarnings("ignore", category=ConvergenceWarning)

X, y = load_diabetes(return_X_y=True, scaled=False)
settings = {"hidden_layer_sizes": (64,), "dropout": 0.2, "max_iter": 60}
settings |= {"learning_rate_init": 0.01, "random_state": 0}


def network(**loss):
    pipeline = make_pipeline(StandardScaler(), MLPRegressorScratch(**settings, **loss))
    return TransformedTargetRegressor(pipeline, transformer=StandardScaler())


names = "Monte-Carlo dropout", "Quantiles", "Conformalized quantiles"
inside, width = {name: [] for name in names}, {name: [] for name in names}
for train, test in ShuffleSplit(20, test_size=0.3, random_state=0).split(X):
    rows, calibration = np.split(train, [2 * len(train) // 3])
    passes = MonteCarloDropout(network()).fit(X[rows], y[rows])
    quantiles = network(loss="quantile", quantile=[0.05, 0.5, 0.95])
    quantiles.fit(X[rows], y[rows])
    both = predict_interval(quantiles, X[test], coverage=0.9)
    # split conformal prediction: the next three lines
    low, high = predict_interval(quantiles, X[calibration], coverage=0.9).T
    errors = np.sort(np.maximum(low - y[calibration], y[calibration] - high))
    margin = errors[int(np.ceil(0.9 * (len(errors) + 1))) - 1]
    wider = both + np.array([-margin, margin])
    bounds = passes.predict_interval(X[test]), both, wider
    for name, (low, high) in zip(names, (each.T for each in bounds), strict=True):
        inside[name].append(np.mean((low <= y[test]) & (y[test] <= high)))
        width[name].append(np.mean(high - low))
for name in names:
    spread = f"{np.min(inside[name]):.0%} to {np.max(inside[name]):.0%}"
    print(
        f"{name:24} hold {np.mean(inside[name]):.0%} of the targets ({spread}), "
        f"mean width {np.mean(width[name]):.0f}"
    )

# %%
# What each covers
# ----------------
# The titles have the mean over the splits, the panels the test rows of the last split,
# every third of them. Monte-Carlo dropout is no prediction interval: it ranks rows by
# the network's doubt. Quantiles are meant to hold 90 %, and here hold less on rows that
# were not trained on. Calibration measures that, and moves them apart by as much.
#
# The promise of conformal prediction is one on average over rows like those of the
# calibration, whatever the network is. `MAPIE <https://mapie.readthedocs.io>`__ has
# these three lines and more; the user guide shows it.

fig, axes = plt.subplots(1, 3, figsize=(10, 4), sharey=True, layout="constrained")
middle = passes.predict(X[test]), quantiles.predict(X[test]), quantiles.predict(X[test])
for ax, name, center, ends in zip(axes, names, middle, bounds, strict=True):
    PredictionIntervalDisplay.from_predictions(
        y[test], center, *ends.T, ax=ax, max_rows=45
    )
    ax.set_title(f"{name}\n{np.mean(inside[name]):.0%} of the targets inside")
    ax.set(ylabel="", xlabel="Patients, sorted by prediction")
    ax.get_legend().remove()
axes[0].set_ylabel("Progression of diabetes (units)")
axes[0].legend(loc="upper left")
plt.show()
