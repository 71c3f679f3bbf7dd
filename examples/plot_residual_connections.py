"""
=================================================
Do residual connections make deep networks learn?
=================================================

A residual block adds its input to its output,

.. math:: h_{l+1} = h_l + f(W_l h_l + b_l),

so that gradients have a way back that no weight can shrink. That way grows, too: each
block adds its own variance, and without normalization the sum of many blocks explodes.
The figure has both alone and both together, from two to thirty-two hidden layers.
"""

import warnings

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from sknnreg import MLPClassifierScratch

warnings.filterwarnings("ignore", category=ConvergenceWarning)  # epochs are fixed
plt.rcParams["font.size"] = 11

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X.astype("f") / 16, y, train_size=1000, stratify=y, random_state=0
)

# %%
# Four kinds of networks, five depths
# -----------------------------------
#
# 50 relu units a layer from He's initialization, 12 epochs of Adam on 1000 digits.

depths = [2, 4, 8, 16, 32]
kinds = {
    "plain": {},
    "layer normalization": {"normalization": "layer"},
    "residual": {"residual": True},
    "residual + layer normalization": {"normalization": "layer", "residual": True},
}
looks = [("#777777", "o", ":"), ("#E69F00", "s", "--")]
looks += [("#0072B2", "^", "-."), ("#009E73", "D", "-")]
fig, ax = plt.subplots(figsize=(6.8, 4.2), layout="constrained")
for (name, parameters), look in zip(kinds.items(), looks, strict=True):
    scores = []
    for depth in depths:
        network = MLPClassifierScratch(
            (50,) * depth,
            init="he_normal",
            penalty=None,
            batch_size=50,
            max_iter=12,
            random_state=0,
            **parameters,
        )
        scores.append(network.fit(X_train, y_train).score(X_test, y_test))
    print(f"{name:31}", "".join(f"{score:7.3f}" for score in scores), flush=True)
    color, marker, dashes = look
    ax.plot(
        depths, scores, color=color, marker=marker, linestyle=dashes, label=name, lw=2
    )

ax.set_xscale("log", base=2)
ax.set_xticks(depths, depths)
ax.set(xlabel="Hidden layers", ylabel="Test accuracy", ylim=(0, 1.02))
ax.set_title("Thirty-two layers learn with both together")
ax.legend(loc="lower left")
plt.show()

# %%
# At two to eight layers all are alike, and nothing of this is needed.
