"""Error on training and test rows by the rate of dropout: diabetes, 221 rows."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale

from sknnreg import MLPRegressorScratch

warnings.filterwarnings("ignore")  # a fixed number of epochs
X, y = map(scale, load_diabetes(return_X_y=True))
rates = np.arange(0, 0.9, 0.1)
errors = np.empty((2, len(rates), 3))
for seed in range(3):
    halves = train_test_split(X, y, train_size=0.5, random_state=seed)
    for j, rate in enumerate(rates):
        model = MLPRegressorScratch(
            hidden_layer_sizes=(100,),
            dropout=rate,
            penalty=None,
            batch_size=32,
            learning_rate_init=0.003,
            max_iter=100,
            n_iter_no_change=100,
            random_state=seed,
        ).fit(halves[0], halves[2])
        for k in range(2):
            error = model.predict(halves[k]) - halves[2 + k]
            errors[k, j, seed] = np.sqrt(np.mean(error**2))
fig, ax = plt.subplots()
for name, values in zip(["training rows", "test rows"], errors, strict=True):
    mean, std = values.mean(axis=1), values.std(axis=1)
    (line,) = ax.plot(rates, mean, "o-", label=name)
    ax.fill_between(rates, mean - std, mean + std, color=line.get_color(), alpha=0.15)
ax.set(
    xlabel="dropout: probability to drop a hidden unit",
    ylabel="RMSE / standard deviation",
    title="Diabetes: dropout closes the gap from both sides",
)
ax.legend()
