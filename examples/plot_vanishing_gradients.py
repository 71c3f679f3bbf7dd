r"""
==============================================
Why do gradients vanish or explode with depth?
==============================================

Going back through a relu layer, a gradient is multiplied by the transposed weights, and
half of its entries are set to zero. Its scale changes by the factor

.. math:: \rho = \sqrt{n_\text{out} \, \text{Var}(w) / 2},

once for *each* layer: over twenty layers, :math:`0.7^{20} \approx 10^{-3}` is left.
He's initialization has :math:`\text{Var}(w) = 2/n`, so that :math:`\rho = 1`.
:class:`~sknnreg.inspection.SignalPropagationDisplay` sends the digits through twenty
layers of 64 relu units, forward and back, and measures what arrives.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.preprocessing import scale

from sknnreg import MLPClassifierScratch
from sknnreg.engine.initializers import Normal
from sknnreg.inspection import SignalPropagationDisplay

plt.rcParams["font.size"] = 12
X, y = load_digits(return_X_y=True)

# %%
# Four first weights that differ in their standard deviation only
# ----------------------------------------------------------------

n, depth = 64, 20
deviations = {
    "small: 0.05": 0.05,
    "Glorot: 0.125": np.sqrt(1 / n),
    "He: 0.177": np.sqrt(2 / n),
    "large: 0.35": 0.35,
}
network = MLPClassifierScratch((n,) * depth, random_state=0)
display = SignalPropagationDisplay.from_estimator(
    network, scale(X), y, init=[Normal(std) for std in deviations.values()]
)
plt.close(display.figure_)

# %%
# The factor of one layer, measured and by the formula
# ----------------------------------------------------

for (name, std), row in zip(deviations.items(), display.gradients[:, 0], strict=True):
    measured = (row[0] / row[-1]) ** (1 / (depth - 1))
    print(
        f"{name:16} {measured:.2f} a layer (formula: {std * np.sqrt(n / 2):.2f}); "
        f"first layer's gradient / last one's: {row[0] / row[-1]:.0e}"
    )

# %%
# All that differs in the figure is one number. On the logarithmic scale, the same
# factor at each layer is a straight line.

display.init = list(deviations)
fig, axes = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
display.plot(axes)
fig.suptitle("Only He's variance 2/n keeps the scale over twenty relu layers")
plt.show()
