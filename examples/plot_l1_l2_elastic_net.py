r"""
====================================================================
L1, L2 or elastic net: which sets weights to zero, and which inputs?
====================================================================

All three are one penalty with a mixture :math:`r` (``l1_ratio``),

.. math:: \Omega(W) = \alpha \left[ r \|W\|_1
          + \tfrac{1 - r}{2} \|W\|_2^2 \right],

:math:`r = 1` for L1 and 0 for L2. The slope of the L1 part does not fall where a weight
is near zero, so it takes weights to zero exactly; L2 only shrinks them. An input is
dropped when all weights that leave it are zero.
:func:`~sknnreg.model_selection.regularization_path` cross-validates along
:math:`\alpha`, and counts. The task: tumours, malignant or benign, by 30 measures.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPClassifierScratch
from sknnreg.model_selection import regularization_path

warnings.filterwarnings("ignore", category=ConvergenceWarning)  # epochs are fixed
# Of the strongest penalty it is known that it leaves nothing.
warnings.filterwarnings("ignore", message="The penalty has set all weights")
plt.rcParams["font.size"] = 12
X, y = load_breast_cancer(return_X_y=True, as_frame=True)

# %%
# Three paths
# -----------

strengths = np.logspace(-4, 0, 9)
paths = {}
for penalty in ("l1", "elasticnet", "l2"):
    network = MLPClassifierScratch(
        (16,),
        penalty=penalty,
        batch_size=64,
        learning_rate_init=0.01,
        max_iter=150,
        n_iter_no_change=np.inf,
        random_state=0,
    )
    paths[penalty] = path = regularization_path(
        make_pipeline(StandardScaler(), network),
        X,
        y,
        values=strengths,
        scoring="neg_log_loss",
        cv=5,
        refit=False,
    )
    for name, i in {"best": path.best_index, "1-SE rule": path.best_index_1se}.items():
        print(
            f"{penalty:10} {name:9} alpha={path.param_values[i]:.4f}: "
            f"log loss {-path.mean_score[i]:.3f}, {path.zero_share[i]:.0%} zeros, "
            f"{path.n_inputs_kept[i]:.0f} of 30 inputs",
            flush=True,
        )

# %%
# Nine zeros in ten leave most of the inputs in use: an L1 penalty takes weights one by
# one. ``penalty="group_l1"`` takes all weights of an input together, and is the one for
# the selection of inputs.

fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 4.2), layout="constrained")
looks = [("#D55E00", "o", "-"), ("#009E73", "s", "--"), ("#0072B2", "^", "-.")]
for (penalty, path), (color, marker, dashes) in zip(paths.items(), looks, strict=True):
    look = {"color": color, "marker": marker, "linestyle": dashes, "label": penalty}
    left.plot(strengths, 100 * path.zero_share, **look)
    right.plot(strengths, -path.mean_score, **look)
left.set_ylabel("Weights that are exactly zero (%)")
right.set_ylabel("Cross-validated log loss (nats)")
for ax in (left, right):
    ax.set(xscale="log", xlabel="alpha")
left.legend()
fig.suptitle("L1 is as good as L2 with nine weights in ten exactly zero")
plt.show()
