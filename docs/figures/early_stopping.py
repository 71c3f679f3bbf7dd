"""Learning curves of a network that is stopped: diabetes, 221 rows."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale

from sknnreg import MLPRegressorScratch

warnings.filterwarnings("ignore")  # a fixed number of epochs
X, y = map(scale, load_diabetes(return_X_y=True))
X, X_val, y, y_val = train_test_split(X, y, train_size=0.5, random_state=0)
model = MLPRegressorScratch(
    learning_rate_init=0.003,
    batch_size=32,
    early_stopping=True,
    max_iter=80,
    n_iter_no_change=np.inf,
    random_state=0,
).fit(X, y, X_val=X_val, y_val=y_val)
epochs, validation = np.arange(1, 81), model.history_["validation_loss"]
best = model.best_iter_
fig, ax = plt.subplots()
ax.axvspan(best, best + 10, color="0.9", label="patience: n_iter_no_change=10")
ax.plot(epochs, model.history_["loss"], label="training loss")
ax.plot(epochs, validation, label="validation loss")
ax.plot(best, validation[best - 1], "o", color="black", label=f"kept: epoch {best}")
ax.set(
    xlabel="epoch",
    ylabel="half squared error",
    ylim=(0, None),
    title="Diabetes: stop, and keep the best epoch",
)
ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
