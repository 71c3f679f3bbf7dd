r"""
==============================================
How is dropout done, in thirty lines of NumPy?
==============================================

In each training step a hidden unit is dropped with probability :math:`p`, and what is
left is divided by the probability to be kept:

.. math:: h' = m \odot h / (1 - p), \qquad m_j \sim \text{Bernoulli}(1 - p).

So :math:`E[h'] = h`, and a prediction, in which nothing is dropped, needs no correction
(*inverted* dropout). A whole network is written below in NumPy, and trained beside
:class:`~sknnreg.MLPRegressorScratch`. Both have the same test scores, up to what other
random numbers change.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale

from sknnreg import MLPRegressorScratch

warnings.filterwarnings("ignore", category=ConvergenceWarning)  # epochs are fixed
X, y = load_diabetes(return_X_y=True)
X, X_test, y, y_test = train_test_split(scale(X), scale(y), random_state=0)

# %%
# From scratch
# ------------
#
# One hidden layer of 50 relu units, squared error, plain gradient descent in batches of
# 32 rows. Dropout is one line forward (``h *= m``) and half a line backward.


def forward(X, W, b, V, c, p=0.0, rng=None):
    h = np.maximum(X @ W + b, 0)
    m = 1.0 if p == 0 else (rng.random(h.shape) >= p) / (1 - p)
    slope = m * (h > 0)
    h *= m
    return (h @ V + c).ravel(), h, slope


def train(X, y, p, seed, n_epochs=150, rate=0.1, batch=32):
    rng, b, c = np.random.default_rng(seed), np.zeros(50), np.zeros(1)
    # Glorot's first weights
    W, V = (rng.uniform(-1, 1, s) * np.sqrt(6 / sum(s)) for s in ((10, 50), (50, 1)))
    for _ in range(n_epochs):
        for rows in np.split(rng.permutation(len(X)), range(batch, len(X), batch)):
            predicted, h, slope = forward(X[rows], W, b, V, c, p, rng)
            error = (predicted - y[rows])[:, None] / len(rows)
            dh = error @ V.T * slope
            gradients = X[rows].T @ dh, dh.sum(0), h.T @ error, error.sum(0)
            for parameter, gradient in zip((W, b, V, c), gradients, strict=True):
                parameter -= rate * gradient
    return W, b, V, c


# %%
# The same with sknnreg
# ---------------------
#
# ``dropout`` is the probability to *drop*, as in PyTorch and Keras. The paper of 2014
# and early TensorFlow give the probability to *keep*: their 0.8 is 0.2 here.

drop, n_seeds = [0.0, 0.2, 0.4, 0.6, 0.8], 5
settings = {"solver": "sgd", "momentum": 0, "learning_rate_init": 0.1, "penalty": None}
settings |= {"hidden_layer_sizes": (50,), "batch_size": 32, "max_iter": 150}
settings |= {"n_iter_no_change": np.inf}
scores = np.empty((2, len(drop), n_seeds))
for i, p in enumerate(drop):
    for seed in range(n_seeds):
        predicted, *_ = forward(X_test, *train(X, y, p, seed))
        model = MLPRegressorScratch(dropout=p, random_state=seed, **settings).fit(X, y)
        scores[:, i, seed] = r2_score(y_test, predicted), model.score(X_test, y_test)
    print(f"p={p}: test R² of both", scores[:, i].mean(axis=1).round(3), flush=True)

# %%
# The same weights, predicted and sampled by both
# -----------------------------------------------
#
# The mean of many passes with dropout left on is the prediction, and their variance is
# :math:`p / (1 - p) \sum_j h_j^2 v_j^2`: to take one probability for the other,
# 0.8 for 0.2, is sixteen times the variance.

weights = model.coefs_[0], model.intercepts_[0], model.coefs_[1], model.intercepts_[1]
predicted, h, _ = forward(X_test, *weights)
print("largest difference:", np.abs(predicted - model.predict(X_test)).max())
rng = np.random.default_rng(0)
passes = np.stack([forward(X_test, *weights, p, rng)[0] for _ in range(2000)])
print(
    "std by the formula:", np.sqrt(p / (1 - p) * h**2 @ weights[2] ** 2).mean().round(3)
)
for sample in (passes, model.sample_predict(X_test, 2000)):
    bias = np.abs(sample.mean(axis=0) - predicted).mean()
    print(f"std: {sample.std(axis=0).mean():.3f}; mean - prediction: {bias:.3f}")

# %%

fig, ax = plt.subplots(figsize=(6.2, 4), layout="constrained")
looks = {"NumPy": ("#0072B2", "o-"), "sknnreg": ("#D55E00", "s--")}
for found, (name, (color, fmt)) in zip(scores, looks.items(), strict=True):
    ax.errorbar(drop, found.mean(1), found.std(1), fmt=fmt, color=color, label=name)
ax.set(xlabel="Probability to drop a hidden unit", ylabel="Test R²", xticks=drop)
ax.set_title("Dropout in NumPy and in sknnreg: the same scores")
ax.legend(title=f"mean ± std of {n_seeds} seeds", loc="lower right")
plt.show()
