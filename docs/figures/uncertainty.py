"""Quantiles of one network, where targets scatter more to the right."""

import matplotlib.pyplot as plt
import numpy as np

from sknnreg import MLPRegressorScratch

rng = np.random.default_rng(0)
x = rng.uniform(-2, 2, 600)
y = np.sin(2 * x) + rng.normal(0, 0.05 + 0.15 * (x + 2), 600)
model = MLPRegressorScratch(
    "quantile",
    (64,),
    quantile=[0.05, 0.5, 0.95],
    alpha=1e-3,
    learning_rate_init=0.01,
    early_stopping=True,
    averaging=0.9,
    n_iter_no_change=30,
    max_iter=500,
    random_state=0,
).fit(x[:, None], y)
line = np.linspace(-2, 2, 200)
low, middle, high = model.predict_quantiles(line[:, None]).T
fig, ax = plt.subplots()
ax.plot(x, y, ".", color="0.6", markersize=3, label="600 training rows")
ax.fill_between(line, low, high, alpha=0.25, label="5 % to 95 % quantile")
ax.plot(line, middle, label="median")
ax.set(xlabel="input", ylabel="target", title="One network, three quantiles")
ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
