r"""
==================================================================
Does normalization save a deep network from a poor initialization?
==================================================================

Normalization standardizes what enters an activation,

.. math:: z' = \gamma \, \frac{z - \text{mean}(z)}{\text{std}(z)} + \beta,

over the rows of a batch (``"batch"``) or over the units of a row (``"layer"``). A
factor on the first weights cancels out, forward and in the gradients of the layers
below. So a network of eight layers, which without it learns only if its first weights
have about He's scale, learns from a tenth of that scale as well.
"""

import warnings

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from sknnreg import MLPClassifierScratch
from sknnreg.engine.initializers import VarianceScaling

warnings.filterwarnings("ignore", category=ConvergenceWarning)  # epochs are fixed
plt.rcParams["font.size"] = 11

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X.astype("f") / 16, y, train_size=1000, stratify=y, random_state=0
)

# %%
# Eight layers, seven scales of the first weights
# -----------------------------------------------
#
# 50 relu units a layer, 15 epochs of Adam on 1000 digits.

factors = [0.1, 0.2, 0.5, 1, 2, 5, 10]
kinds = {None: ("#D55E00", "o", ":"), "batch": ("#0072B2", "s", "--")}
kinds |= {"layer": ("#009E73", "^", "-")}
fig, ax = plt.subplots(figsize=(6.8, 4.2), layout="constrained")
print("times He's standard deviation", "".join(f"{f:7}" for f in factors))
for normalization, (color, marker, dashes) in kinds.items():
    scores = []
    for factor in factors:
        network = MLPClassifierScratch(
            (50,) * 8,
            init=VarianceScaling(2 * factor**2),
            normalization=normalization,
            penalty=None,
            batch_size=50,
            max_iter=15,
            random_state=0,
        )
        scores.append(network.fit(X_train, y_train).score(X_test, y_test))
    name = f"normalization={normalization!r}"
    print(f"{name:29}", "".join(f"{score:7.3f}" for score in scores), flush=True)
    look = {"color": color, "marker": marker, "linestyle": dashes, "label": name}
    ax.plot(factors, scores, linewidth=2, **look)

ax.set_xscale("log")
ax.set_xticks(factors, factors)
ax.minorticks_off()
ax.set(ylabel="Test accuracy", ylim=(0, 1.02))
ax.set_xlabel("Standard deviation of the first weights / He's")
ax.set_title("Eight normalized layers learn from small first weights too")
ax.legend(loc="lower right")
plt.show()

# %%
# What it does not cure is weights that are far too large: a step of Adam is then small
# beside them, and the network hardly moves from where it began.
