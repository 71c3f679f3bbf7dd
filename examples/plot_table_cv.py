r"""
======================================================
What to do with a table of categories, gaps and units?
======================================================

:class:`~sknnreg.MLPRegressorScratchCV` takes the data frame as it is, and a number of
seconds. It tries several ways to prepare the numbers, shapes of networks and mixtures
of regularizers by cross-validation, and averages the best with weights
:math:`w_c \ge 0,\ \sum_c w_c = 1` that are chosen on held-out rows (Caruana et al.
2004). Look at the candidates of the leaderboard, and at the line of their ensemble.
"""

# %%
# A table as tables are
# ---------------------
# The diabetes data in their own units. To be like other tables, the sex becomes a word,
# the body mass index three categories, and one cell of ten is removed at random.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, cross_val_predict

from sknnreg import MLPRegressorScratchCV

table, y = load_diabetes(as_frame=True, scaled=False, return_X_y=True)
table["sex"] = table["sex"].map({1: "one", 2: "two"})
table["bmi"] = pd.cut(table["bmi"], [0, 25, 30, 99], labels=["normal", "over", "obese"])
table = table.mask(np.random.default_rng(0).random(table.shape) < 0.1)
for column in ("sex", "bmi"):
    table[column] = table[column].astype("category")
print(table.head(3).to_string())

# %%
# Six candidates
# --------------
# In earnest, give it a time (``max_time=60``) and leave the rest to it. A number of
# candidates and of epochs instead gives the same result on every machine.
# ``oof_prediction_`` has what the ensemble says of each row by networks that were not
# trained on it.

model = MLPRegressorScratchCV(
    max_time=None, n_candidates=6, max_iter=40, cv=5, random_state=0
)
model.fit(table, y)
ensemble = r2_score(y, model.oof_prediction_)
trees = HistGradientBoostingRegressor(categorical_features="from_dtype", random_state=0)
folds = KFold(n_splits=5, shuffle=True, random_state=0)
boosting = r2_score(y, cross_val_predict(trees, table, y, cv=folds))
board = pd.DataFrame(model.leaderboard_)
print(board[["score", "folds", "weight", "numbers", "shape"]].round(3).to_string())
print(f"R² on held-out rows: ensemble {ensemble:.3f}, boosted trees {boosting:.3f}")

# %%
# A race, and an ensemble
# -----------------------
# All candidates are trained on a first fold, here an easy one; those that are behind
# there are not trained on the others, and have one point. Diamonds are means over the
# folds. The R² of the ensemble is that of all held-out rows together, as is that of the
# boosted trees, which have their defaults and folds of their own.

fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
results = model.cv_results_
order = np.argsort(results["rank_test_score"])
for place, i in enumerate(order):
    scores = [results[f"split{k}_test_score"][i] for k in range(model.n_splits_)]
    is_left = results["n_splits"][i] > 1
    color = "#0072B2" if is_left else "#999999"
    ax.plot(scores, [place] * len(scores), "o", color=color, alpha=0.5)
    if is_left:
        ax.plot(np.nanmean(scores), place, "D", color=color, ms=9)
    weight = f"{results['weight'][i]:.2f}"
    ax.text(1.02, place, weight, va="center", transform=ax.get_yaxis_transform())
ax.axvline(ensemble, color="#D55E00", lw=2, label=f"ensemble: {ensemble:.2f}")
ax.axvline(boosting, color="black", ls=":", label=f"boosted trees: {boosting:.2f}")
ax.set_yticks(range(len(order)), board["numbers"] + ", " + board["shape"])
ax.set(ylim=(len(order) - 0.5, -0.6), xlabel="R² on held-out rows (dots: single folds)")
ax.set_ylabel("Candidate: numbers, shape")
ax.text(1.01, -0.6, "weight", transform=ax.get_yaxis_transform())
ax.set_title(f"R² of the ensemble {ensemble:.2f}, of boosted trees {boosting:.2f}")
ax.legend(loc="lower left")
plt.show()
