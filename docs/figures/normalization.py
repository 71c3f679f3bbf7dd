"""Training loss of a network of 12 hidden layers, with what helps deep ones: digits."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from sknnreg import MLPClassifierScratch

warnings.filterwarnings("ignore")  # a fixed number of epochs
X, y = load_digits(return_X_y=True)
KINDS = {
    "plain": {},
    'init="auto"': {"init": "auto"},
    'normalization="batch"': {"normalization": "batch"},
    "batch and residual=True": {"normalization": "batch", "residual": True},
}
fig, ax = plt.subplots()
for name, settings in KINDS.items():
    model = MLPClassifierScratch(
        (32,) * 12,
        solver="sgd",
        learning_rate_init=0.05,
        max_iter=20,
        n_iter_no_change=np.inf,
        batch_size=64,
        random_state=0,
        **settings,
    ).fit(X / 16, y)
    ax.semilogy(range(1, 21), model.loss_curve_, label=name)
ax.set(
    xlabel="epoch",
    ylabel="training log loss",
    title="Digits, 12 hidden layers, sgd",
    xticks=range(0, 21, 5),
)
ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
