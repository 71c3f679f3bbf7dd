r"""
========================================================================
Five layers, handwritten digits: from which first weights do they learn?
========================================================================

The same network of five weight matrices reads handwritten digits, four times. All that
differs is the standard deviation of its first weights: zero, too small, He's
:math:`\sqrt{2/n}`, too large. With zeros nothing but the output biases ever gets a
gradient. Small weights begin on a plateau, where all digits look the same; large ones
begin with a loss that is a thousand times that of a guess, :math:`\log 10 = 2.3`.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from sknnreg import MLPClassifierScratch
from sknnreg.engine.initializers import Normal
from sknnreg.inspection import LossCurveDisplay

warnings.filterwarnings("ignore", category=ConvergenceWarning)  # epochs are fixed
plt.rcParams["font.size"] = 11

# %%
# The digits are the 1797 that come with scikit-learn, of 8 × 8 pixels; 400 are for the
# test. (Those of MNIST, of 28 × 28 pixels, would have to be downloaded.)

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, y, test_size=400, stratify=y, random_state=0
)
initializations = {
    "zero": "zeros",
    "small: 0.01": Normal(0.01),
    "He: 0.18": "he_normal",
    "large: 1": Normal(1.0),
}
networks = {}
for name, init in initializations.items():
    network = MLPClassifierScratch(
        (64, 64, 64, 64),
        init=init,
        penalty=None,
        batch_size=50,
        max_iter=30,
        n_iter_no_change=np.inf,
        random_state=0,
    )
    network.fit(X_train, y_train, X_val=X_test, y_val=y_test)
    networks[name] = network
    losses = network.history_["validation_loss"]
    print(
        f"{name:12} test loss {losses[0]:8.3f} after epoch 1, {losses[-1]:6.3f} after "
        f"epoch 30; test accuracy {network.score(X_test, y_test):.3f}",
        flush=True,
    )

# %%
# The curves
# ----------
#
# The test rows are the validation data of the curves; nothing is chosen by them.

fig, ax = plt.subplots(figsize=(6.8, 4.2), layout="constrained")
LossCurveDisplay.from_estimator(networks, log=True, ax=ax)
ax.set_ylim(top=1e5)
ax.set_title("scikit-learn's digits, 8 × 8 pixels: only He's first weights fit")
plt.show()
