r"""
=============================================================
What does L2 assume, and is weight decay the same under Adam?
=============================================================

**L2 is a prior.** With weights :math:`w \sim N(0, \tau^2)` and noise of variance
:math:`\sigma^2`, the most probable weights minimize the mean loss plus
:math:`\frac{\alpha}{2}\|w\|^2` with :math:`\alpha = \sigma^2 / (n \tau^2)`.

**Decay is not L2 under Adam.** L2 is a part :math:`\alpha w` of the gradient, and Adam
divides the gradient by its own size: weights of pixels that are seldom lit have small
gradients, and are shrunk the most. ``solver="adamw"`` applies
:math:`w \leftarrow w - \eta \alpha w` beside that step, to all weights alike. Under
plain gradient descent the two would be one.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

from sknnreg import MLPClassifierScratch, MLPRegressorScratch

warnings.filterwarnings("ignore", category=ConvergenceWarning)  # epochs are fixed
plt.rcParams["font.size"] = 11

# %%
# A prior: ours against the formula of Bayesian regression
# --------------------------------------------------------
#
# Without a hidden layer, so that the posterior is known.

X, y = load_diabetes(return_X_y=True)
X, y, noise, tau = scale(X), scale(y), 0.7, 0.1
posterior = np.linalg.solve(
    X.T @ X / noise**2 + np.eye(10) / tau**2, X.T @ y / noise**2
)
linear = MLPRegressorScratch(
    hidden_layer_sizes=(),
    solver="lbfgs",
    alpha=noise**2 / (len(X) * tau**2),
    tol=1e-7,
    max_iter=1000,
    random_state=0,
).fit(X, y)
difference = np.abs(linear.coefs_[0].ravel() - posterior).max()
print(f"alpha={linear.alpha:.3f}: largest difference of weights {difference:.0e}")

# %%
# Decay: how much of each pixel's weights is left
# -----------------------------------------------
#
# Three networks from the same first weights. The norm of the weights that leave a pixel
# is divided by what it is without a penalty.

X, y = load_digits(return_X_y=True)
X = X / 16


def norms(solver, alpha):
    network = MLPClassifierScratch(
        (64,),
        solver=solver,
        alpha=alpha,
        max_iter=60,
        learning_rate_init=0.003,
        n_iter_no_change=np.inf,
        random_state=0,
    ).fit(X, y)
    print(f"{solver} alpha={alpha}: accuracy {network.score(X, y):.3f}")
    return np.linalg.norm(network.coefs_[0], axis=1)


left = {
    "L2, solver='adam', α = 0.001": norms("adam", 1e-3) / norms("adam", 0),
    "decay, solver='adamw', α = 0.5": norms("adamw", 0.5) / norms("adamw", 0),
}
spread = X.std(axis=0)
for name, share in left.items():
    dim, bright = share[spread < 0.02].mean(), share[spread > 0.3].mean()
    print(f"{name}: {dim:.0%} left of dim pixels' weights, {bright:.0%} of bright")

# %%

fig, ax = plt.subplots(figsize=(6.8, 4.2), layout="constrained")
for (name, share), color, marker in zip(
    left.items(), ("#D55E00", "#0072B2"), "os", strict=True
):
    ax.plot(spread, share, marker, color=color, label=name, alpha=0.8)
ax.set(xlabel="Standard deviation of the pixel's intensity (0 to 1)")
ax.set_ylabel("Norm of its weights / without penalty")
ax.set_ylim(0, None)
ax.set_title("Under Adam, L2 wipes out the weights of dim pixels")
ax.legend()
plt.show()
