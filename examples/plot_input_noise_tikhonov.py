r"""
================================================
Why does noise on the inputs act like a penalty?
================================================

Let noise :math:`\varepsilon \sim N(0, \sigma^2 I)` be added to the inputs of a
linear model. In the mean over the noise its loss is

.. math:: E\left[\tfrac12 (y - w^\top (x + \varepsilon))^2\right]
          = \tfrac12 (y - w^\top x)^2 + \tfrac{\sigma^2}{2} \|w\|^2 :

Tikhonov's penalty, that is, L2 with :math:`\alpha = \sigma^2`. scikit-learn's
``Ridge``, whose loss is a sum over rows, calls that :math:`n \sigma^2`. The figure
checks it: lines are ridge regressions, markers are linear networks trained with
``input_noise``. (In a network with hidden layers the penalty is one on the slopes of
the output, to second order in :math:`\sigma`.)
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge
from sklearn.preprocessing import scale

from sknnreg import MLPRegressorScratch

warnings.filterwarnings("ignore", category=ConvergenceWarning)  # epochs are fixed
plt.rcParams["font.size"] = 11
data = load_diabetes()
X, y, names = scale(data.data), scale(data.target), data.feature_names

# %%
# Ten coefficients, five strengths of noise
# -----------------------------------------
#
# ``input_noise`` is in standard deviations of each input. Every step sees other noise;
# ``averaging`` takes out of the weights what is left of it.

noises = [0.1, 0.2, 0.5, 1.0, 2.0]
trained = []
for noise in noises:
    linear = MLPRegressorScratch(
        hidden_layer_sizes=(),
        input_noise=noise,
        penalty=None,
        solver="sgd",
        learning_rate_init=0.03,
        batch_size=len(X),
        averaging=0.998,
        max_iter=2000,
        n_iter_no_change=np.inf,
        random_state=0,
    ).fit(X, y)
    trained.append(linear.coefs_[0].ravel())
    exact = Ridge(alpha=len(X) * noise**2).fit(X, y).coef_
    difference = np.abs(trained[-1] - exact).max()
    print(
        f"σ={noise}: largest coefficient {np.abs(exact).max():.3f}, "
        f"largest difference from ridge {difference:.4f}",
        flush=True,
    )

# %%

strengths = np.geomspace(0.08, 2.5, 60)
paths = [Ridge(alpha=len(X) * s**2).fit(X, y).coef_ for s in strengths]
fig, ax = plt.subplots(figsize=(6.8, 4.2), layout="constrained")
for j, color in enumerate(plt.colormaps["viridis"](np.linspace(0, 0.9, 10))):
    ax.plot(strengths, np.array(paths)[:, j], color=color, linewidth=1.5)
    ax.plot(noises, np.array(trained)[:, j], "o", color=color)
    if abs(paths[0][j]) > 0.1:
        ax.annotate(
            names[j], (0.078, paths[0][j]), ha="right", va="center", color=color
        )
ax.axhline(0, color="#777777", linewidth=0.8, zorder=0)
ax.set(xscale="log", xlim=(0.06, 2.6), ylabel="Coefficient (standardized)")
ax.set_xticks(noises, noises)
ax.minorticks_off()
ax.set_xlabel("Standard deviation σ of the noise / that of the input")
ax.set_title("Noise on the inputs gives ridge regression with strength nσ²")
handles = [
    plt.Line2D([], [], color="k"),
    plt.Line2D([], [], color="k", marker="o", ls=""),
]
ax.legend(handles, ["ridge, n σ²", "network, input_noise=σ"])
plt.show()
