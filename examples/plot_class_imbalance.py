r"""
==========================================
What do class weights do to a rare class?
==========================================

Which patients are among the tenth whose diabetes progresses fastest? A network that
minimizes the mean loss does well by answering "no" to all: the accuracy is high, and no
fast progression is found. With a weight :math:`w` on the rows of the rare class,

.. math:: J = \frac{1}{\sum_i w_i} \sum_i w_i\, L(f(x_i), y_i),

the network answers "yes" from a probability of about :math:`1 / (1 + w)` on. Look at
what rises and what falls with :math:`w`, and at the area under the ROC curve, which
does neither.
"""

# %%
# Weights of the rare class
# -------------------------
# ``class_weight="balanced"`` gives each class the same sum of weights: here
# :math:`w` = 395 / 47 = 8.4.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPClassifierScratch
from sknnreg.model_selection import fused_cross_validate

# a fixed number of epochs is part of the setting
warnings.filterwarnings("ignore", category=ConvergenceWarning)

X, y = load_diabetes(return_X_y=True)
y = (y >= np.quantile(y, 0.9)).astype(int)
print(f"{y.sum()} of {len(y)} patients are of the rare class")
settings = {"hidden_layer_sizes": (32,), "alpha": 0.01, "dropout": 0.2}
settings |= {"learning_rate_init": 0.01, "batch_size": 64, "max_iter": 40}


def network(**weights):
    return MLPClassifierScratch(**settings, **weights, random_state=0)


metrics = ["recall", "precision", "accuracy", "roc_auc"]
folds = RepeatedStratifiedKFold(n_splits=5, n_repeats=4, random_state=0)
weights = [1, 2, 4, 8.4, 16, 32]
scores = {metric: [] for metric in metrics}
for w in weights:
    model = make_pipeline(StandardScaler(), network(class_weight={0: 1, 1: w}))
    result = fused_cross_validate(model, X, y, cv=folds, scoring=metrics)
    for metric in metrics:
        scores[metric].append(result[f"test_{metric}"].mean())
    print(f"weight {w:4}:", {m: f"{scores[m][-1]:.2f}" for m in metrics})

# %%
# Sample weights do the same
# --------------------------
# ``class_weight`` multiplies ``sample_weight``, which may be different in every row.

by_class = network(class_weight={0: 1, 1: 8.4}).fit(X, y)
by_row = network().fit(X, y, sample_weight=np.where(y == 1, 8.4, 1))
difference = np.abs(by_class.predict_proba(X) - by_row.predict_proba(X)).max()
print(f"largest difference of two probabilities: {difference:.1e}")

# %%
# What to take from it
# --------------------
# Weights move the point at which the network says yes. They find more of the rare class
# and raise more false alarms; how well patients are *ranked* stays as it is. Which
# weight is right is a question of what each of the two errors costs.

fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
looks = {
    "recall": ("#D55E00", "o", "recall: rare ones found"),
    "precision": ("#0072B2", "s", "precision: alarms that are right"),
    "accuracy": ("#777777", "^", "accuracy"),
    "roc_auc": ("#009E73", "D", "area under the ROC curve"),
}
for metric, (color, marker, label) in looks.items():
    ax.plot(weights, scores[metric], marker=marker, color=color, label=label, lw=2)
ax.axvline(8.4, color="black", ls=":", lw=1)
ax.text(8.4, 0.95, " balanced", va="center")
ax.set_xscale("log", base=2)
ax.set_xticks(weights, weights)
ax.set(xlabel="Weight of the rare class", ylabel="Score on held-out patients")
ax.set(ylim=(0, 1))
low, high = scores["recall"][0], scores["recall"][3]
ax.set_title(f"Balanced weights raise the recall from {low:.2f} to {high:.2f}")
ax.legend(loc="lower left", ncols=2)
plt.show()
