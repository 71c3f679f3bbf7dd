"""What regularization is worth: digits and diabetes, each technique alone."""

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
SETTINGS = {
    "no regularization": {"penalty": None},
    "dropout=0.5": {"penalty": None, "dropout": 0.5},
    'penalty="l1", alpha=0.03': {"penalty": "l1", "alpha": 0.03},
}
fig, ax = plt.subplots(figsize=(5.4, 3.4))
for k, (name, settings) in enumerate(SETTINGS.items()):
    model = MLPRegressorScratch(
        learning_rate_init=0.003,
        batch_size=32,
        early_stopping=True,
        max_iter=100,
        n_iter_no_change=np.inf,
        random_state=0,
        **settings,
    ).fit(X, y, X_val=X_val, y_val=y_val)
    validation = 2 * np.array(model.history_["validation_loss"])
    ax.plot(range(1, 101), validation, color=["C1", "C2", "C0"][k], label=name)
ax.set(
    xlabel="epoch",
    ylabel="error on new patients (MSE)",
    title="Diabetes: overfitting, and two ways out",
    ylim=(0.4, None),
)
ax.legend()
