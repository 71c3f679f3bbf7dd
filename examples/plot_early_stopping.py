"""
==========================
When should training stop?
==========================

The training loss of a network with enough weights goes on falling until it knows its
rows by heart. The loss on rows that it has not seen falls, turns, and rises. With
``early_stopping=True`` a share of the rows is held out, and the weights of the epoch
with the least validation loss are kept. Its price is these rows; a penalty, which needs
none of them, can do more. The task: the progression of diabetes in 442 patients.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale

from sknnreg import MLPRegressorScratch
from sknnreg.inspection import LossCurveDisplay

warnings.filterwarnings("ignore", category=ConvergenceWarning)  # epochs are fixed
plt.rcParams["font.size"] = 11
X, y = load_diabetes(return_X_y=True)
X, y = scale(X), scale(y)


def network(**parameters):
    settings = {"batch_size": 32, "learning_rate_init": 0.003, "penalty": None}
    return MLPRegressorScratch(
        hidden_layer_sizes=(100,), max_iter=150, **(settings | parameters)
    )


# %%
# Ten splits
# ----------
#
# The patience of ten epochs is ``n_iter_no_change``.

choices = {
    "150 epochs": {"n_iter_no_change": np.inf},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.2},
    "150 epochs, L2 with alpha=0.1": {
        "penalty": "l2",
        "alpha": 0.1,
        "n_iter_no_change": np.inf,
    },
}
for name, parameters in choices.items():
    scores, epochs = [], []
    for seed in range(10):
        X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=seed)
        model = network(random_state=seed, **parameters).fit(X_train, y_train)
        scores.append(model.score(X_test, y_test))
        epochs.append(model.best_iter_ if model.early_stopping else model.n_iter_)
    print(
        f"{name:30} test R² {np.mean(scores):6.3f} ± {np.std(scores):.3f}, "
        f"weights of epoch {np.median(epochs):.0f} (median)",
        flush=True,
    )

# %%
# One of them, seen to the end
# ----------------------------
#
# ``n_iter_no_change=np.inf`` goes on to the last epoch, and still keeps the best.

watched = network(
    early_stopping=True,
    validation_fraction=0.2,
    n_iter_no_change=np.inf,
    random_state=0,
)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
watched.fit(X_train, y_train)
losses = watched.history_["validation_loss"]
print(
    f"validation loss {min(losses):.3f} at epoch {watched.best_iter_}, "
    f"{losses[-1]:.3f} at epoch {watched.n_iter_}"
)

fig, ax = plt.subplots(figsize=(6.8, 4.2), layout="constrained")
LossCurveDisplay.from_estimator(watched, ax=ax)
ax.set_ylabel("Loss (half the mean squared error)")
ax.set_title(f"After epoch {watched.best_iter_} the network learns its rows by heart")
plt.show()
