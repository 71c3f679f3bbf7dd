r"""
===========================================
Does a wider network overfit more, or less?
===========================================

Both. Without regularization the test error of a network first rises with its width, is
worst soon after there are as many weights as training rows, where it can just fit them
all, noise included, and falls again beyond: *double descent*. With a
penalty :math:`\frac{\alpha}{2} \|W\|^2` of the right strength the peak is gone, and
the width hardly matters. The task: the progression of diabetes, from 100 patients.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale

from sknnreg import MLPRegressorScratch

warnings.filterwarnings("ignore", category=ConvergenceWarning)  # 500 iterations will do
plt.rcParams["font.size"] = 11
X, y = load_diabetes(return_X_y=True)
X, y = scale(X), scale(y)

# %%
# One hidden layer, one to 128 units
# ----------------------------------
#
# L-BFGS trains to a minimum, so that what differs is the width alone. Each number is
# the median of three splits.

widths, alphas, n_train = [1, 2, 4, 8, 12, 16, 24, 48, 128], [0, 0.01, 0.1], 100


def errors(width, alpha, seed):
    parts = train_test_split(X, y, train_size=n_train, random_state=seed)
    X_train, X_test, y_train, y_test = parts
    network = MLPRegressorScratch(
        hidden_layer_sizes=(width,),
        solver="lbfgs",
        alpha=alpha,
        max_iter=500,
        random_state=seed,
    ).fit(X_train, y_train)
    predictions = network.predict(X_train), network.predict(X_test)
    return [
        mean_squared_error(truth, predicted)
        for truth, predicted in zip((y_train, y_test), predictions, strict=True)
    ]


fig, ax = plt.subplots(figsize=(6.8, 4.2), layout="constrained")
looks = [("#D55E00", "o"), ("#009E73", "s"), ("#0072B2", "^")]
for alpha, (color, marker) in zip(alphas, looks, strict=True):
    found = np.array([[errors(w, alpha, s) for s in range(3)] for w in widths])
    train, test = np.median(found, axis=1).T
    print(f"alpha={alpha}")
    for width, row in zip(widths, zip(train, test, strict=True), strict=True):
        print("  width {:3}: train {:.3f}, test {:.3f}".format(width, *row), flush=True)
    ax.plot(widths, test, color=color, marker=marker, label=f"test, α = {alpha}")
    if alpha == 0:
        ax.plot(widths, train, color=color, linestyle=":", label="training, α = 0")

ax.axvline(n_train / 12, color="#777777", linestyle="--", linewidth=1)
ax.text(n_train / 12 * 1.08, 0.05, "as many weights as rows", color="#555555")
ax.set_xscale("log", base=2)
ax.set_xticks(widths)
ax.xaxis.set_major_formatter("{x:g}")
ax.set(xlabel="Hidden units", ylabel="Mean squared error (variances of the target)")
ax.set_title("A penalty flattens the double descent")
ax.legend()
plt.show()

# %%
# The widest network without a penalty is better than one at the peak. It is worse than
# a network of a single unit, and far worse than any with the stronger penalty.
