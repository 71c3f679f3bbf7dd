r"""
===============================================
How does a network follow steps along a column?
===============================================

A column that enters as one number leaves it to the network to bend where the target
jumps. A piecewise-linear encoding
(:class:`~sknnreg.preprocessing.PiecewiseLinearEncoder`) cuts the column at its
quantiles :math:`b_0 < b_1 < \dots < b_T` and gives each interval an input of its own,

.. math::

    e_t(x) = \min\left(1, \max\left(0, \frac{x - b_{t-1}}{b_t - b_{t-1}}\right)\right),

so that a change within one interval is one weight. Look at the edges: with the plain
number the network rounds them off, with the encoding it follows them.
"""

# %%
# A column with edges
# -------------------
# One line of pixels of a photograph that scikit-learn bundles: the input is the place,
# the target the brightness, from 0 to 255. Roofs, sky and trees meet at sharp edges, as
# in tables opening hours, tariffs and thresholds do. Four folds of random pixels.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_sample_image
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegressorScratch
from sknnreg.model_selection import fused_cross_validate
from sknnreg.preprocessing import PiecewiseLinearEncoder

# a fixed number of epochs is part of the setting
warnings.filterwarnings("ignore", category=ConvergenceWarning)

y = load_sample_image("china.jpg")[230].mean(axis=1)
X = np.arange(len(y), dtype=float)[:, None]
network = MLPRegressorScratch(
    hidden_layer_sizes=(64, 64),
    learning_rate_init=0.005,
    batch_size=32,
    max_iter=150,
    random_state=0,
)
encoders = {
    "one number": StandardScaler(),
    "32 piecewise-linear inputs": PiecewiseLinearEncoder(n_bins=32),
}
folds = KFold(n_splits=4, shuffle=True, random_state=0)
scores, curves = {}, {}
for name, encoder in encoders.items():
    model = TransformedTargetRegressor(
        make_pipeline(encoder, network), transformer=StandardScaler()
    )
    result = fused_cross_validate(
        model, X, y, cv=folds, scoring="r2", return_estimator=True
    )
    scores[name] = result["test_score"]
    curves[name] = result["estimator"][0].predict(X)
    print(f"{name:27} R² {scores[name].mean():.3f} on pixels that were not trained on")

# %%
# The same network, two inputs
# ----------------------------
# Network, seed and epochs are the same; only what enters differs. In tables,
# ``TablePreprocessor("piecewise")`` does this to every column of numbers. It is for
# targets that jump or bend along single columns; where they do not, the plain number is
# the simpler choice.

test = next(folds.split(X))[1]
fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
ax.plot(X[test], y[test], ".", color="#999999", ms=6, label="held-out pixels")
looks = {"color": "#0072B2", "ls": "--"}, {"color": "#D55E00"}
for (name, curve), look in zip(curves.items(), looks, strict=True):
    label = f"{name}: R² = {scores[name].mean():.2f}"
    ax.plot(X, curve, lw=2, label=label, **look)
ax.set(xlabel="Place along the line (pixels)", ylabel="Brightness (0 to 255)")
ax.set(ylim=(-5, 345), yticks=range(0, 251, 50))
ax.set_title("Piecewise-linear inputs let a network follow steps")
ax.legend(loc="upper left")
plt.show()
