r"""
=====================================================================
Which initialization for which activation, two to twenty layers deep?
=====================================================================

A layer of :math:`n` units multiplies the scale of what passes it by about
:math:`\sqrt{n \, \text{Var}(w)}`, times what the activation lets through. Only if the
product is near one do signals survive many layers: He's :math:`\text{Var}(w) = 2/n`
makes up for the half that a relu cuts off, Glorot's :math:`1/n` suits tanh, and a
logistic unit, whose slope is 1/4 at most, needs :math:`16/n` or more. Two layers
forgive much, but not equal weights: with these all units of a layer stay the same,
unless dropout tells them apart. Each cell of the figure is a network, trained for 12
epochs on 1000 handwritten digits.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from sknnreg import MLPClassifierScratch
from sknnreg.engine.initializers import Constant, Normal, VarianceScaling

warnings.filterwarnings("ignore", category=ConvergenceWarning)  # epochs are fixed
plt.rcParams["font.size"] = 11

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X.astype("f") / 16, y, train_size=1000, stratify=y, random_state=0
)

# %%
# Eight initializations, three activations, three depths
# -------------------------------------------------------

n, depths, activations = 50, (2, 6, 20), ("relu", "tanh", "logistic")
initializations = {
    "zeros": {"init": "zeros"},
    "all 1/n": {"init": Constant(1 / n)},
    "all 1/n, dropout": {"init": Constant(1 / n), "dropout": 0.2},
    "std 0.01": {"init": Normal(0.01)},
    "Glorot: var 1/n": {"init": "glorot_normal"},
    "He: var 2/n": {"init": "he_normal"},
    "var 16/n": {"init": VarianceScaling(16)},
    "std 1": {"init": Normal(1.0)},
}


def accuracy(activation, depth, parameters):
    network = MLPClassifierScratch(
        (n,) * depth,
        activation,
        penalty=None,
        batch_size=50,
        learning_rate_init=0.002,
        max_iter=12,
        random_state=0,
        **parameters,
    )
    return network.fit(X_train, y_train).score(X_test, y_test)


table = {}
for activation in activations:
    print(f"\n{activation:18}" + "".join(f"{d:4} layers" for d in depths))
    table[activation] = np.empty((len(initializations), len(depths)))
    for i, (name, parameters) in enumerate(initializations.items()):
        row = [accuracy(activation, depth, parameters) for depth in depths]
        table[activation][i] = row
        print(f"{name:18}" + "".join(f"{score:11.2f}" for score in row), flush=True)

# %%
# From zeros relu and tanh learn the output biases only: accuracy stays that of a guess.

fig, axes = plt.subplots(1, 3, figsize=(8.4, 4.2), sharey=True, layout="constrained")
for ax, (activation, scores) in zip(axes, table.items(), strict=True):
    image = ax.imshow(scores, cmap="viridis", vmin=0.1, vmax=1, aspect="auto")
    for (i, j), score in np.ndenumerate(scores):
        color = "black" if score > 0.6 else "white"
        ax.text(j, i, f"{score:.2f}", ha="center", va="center", color=color)
    ax.set_title(activation)
    ax.set(xticks=range(3), xticklabels=depths, xlabel="Hidden layers")
axes[0].set_yticks(range(len(initializations)), initializations)
axes[0].set_ylabel("First weights")
fig.colorbar(image, ax=axes, label="Test accuracy")
fig.suptitle("Twenty layers learn only from the variance that fits the activation")
plt.show()
