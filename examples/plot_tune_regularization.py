r"""
===================================
How much regularization, and which?
===================================

A network with more weights than training rows learns these rows by heart. A penalty
on its weights, :math:`\frac{\alpha}{2} \|W\|_2^2` or :math:`\alpha \|W\|_1`, and
dropout help against that; which of them, and how much, is a question to the data. Here
:class:`~sknnreg.model_selection.FusedGridSearchCV` answers it for ``penalty``,
``alpha`` (the λ of the textbooks) and ``dropout``, for handwritten digits of which only
200 are for training and for the progression of diabetes in 442 patients. Nested
cross-validation compares the answer with the plain network, with one guess each, and
with a linear model.
"""

import warnings
from pathlib import Path

import matplotlib.pyplot as plt
from sklearn.base import is_regressor
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedShuffleSplit, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPClassifierScratch, MLPRegressorScratch
from sknnreg.model_selection import FusedGridSearchCV

warnings.filterwarnings("ignore", category=ConvergenceWarning)  # epochs are fixed
# Of the strongest penalties it is known that they leave nothing.
warnings.filterwarnings("ignore", message="The penalty has set all weights")

# %%
# One network, five settings, and a search
# ----------------------------------------
#
# ``alpha`` does not depend on the batch size or the number of rows, so that one grid
# serves both tasks. The search is a model like the others: fitted on the training rows
# of each fold, it never sees the test rows.

NETWORK = {"batch_size": 64, "learning_rate_init": 0.015, "max_iter": 30}
NETWORK |= {"penalty": None, "random_state": 0}
SETTINGS = {
    "plain": {},
    "early stopping": {"early_stopping": True},
    "dropout=0.2": {"dropout": 0.2},
    "L2, alpha=0.01": {"penalty": "l2", "alpha": 0.01},
    "L1, alpha=0.01": {"penalty": "l1", "alpha": 0.01},
}
GRID = {"penalty": ["l1", "l2", "elasticnet"]}
GRID |= {"alpha": [0, 0.002, 0.01, 0.05, 0.25], "dropout": [0, 0.2, 0.4]}


def scaled(model):
    model = Pipeline([("scale", StandardScaler()), ("model", model)])
    if is_regressor(model):
        model = TransformedTargetRegressor(model, transformer=StandardScaler())
    return model


splits = StratifiedShuffleSplit(n_splits=5, train_size=200, random_state=0)
digits = load_digits, MLPClassifierScratch, LogisticRegression(max_iter=1000), splits
diabetes = load_diabetes, MLPRegressorScratch, Ridge(), KFold(5)

# %%
# Compare on the same folds
# -------------------------
#
# A row for each model, as soon as it is known.

fig, axes = plt.subplots(1, 2, figsize=(8.6, 3.8), sharey=True, layout="constrained")
for ax, (load, Network, linear, folds) in zip(axes, (digits, diabetes), strict=True):
    X, y = load(return_X_y=True)
    models = {n: scaled(Network(**NETWORK | s)) for n, s in SETTINGS.items()}
    score, prefix = "accuracy", "model__"
    if is_regressor(linear):
        score, prefix = "R²", "regressor__model__"
    grid = {prefix + name: values for name, values in GRID.items()}
    tuned = FusedGridSearchCV(models["plain"], grid, cv=3, n_jobs=2)
    models |= {"tuned by grid search": tuned, "linear model": scaled(linear)}
    print(f"\n{load.__name__}: {score} on the test rows of 5 folds, mean ± std")
    for i, (name, model) in enumerate(models.items(), 1):
        print(f"{i}/{len(models)}  {name:22}", end="", flush=True)
        scores = cross_val_score(model, X.astype("f"), y, cv=folds)
        print(f"{scores.mean():6.3f} ± {scores.std():.3f}", flush=True)
        if i == 1:
            base = scores
        ax.plot(scores - base, [name] * 5, "o", color="#999999", markersize=4)
        color = "#D55E00" if model is tuned else "#0072B2"
        ax.plot((scores - base).mean(), name, "D", color=color, markersize=9)
    ax.set(xlabel=f"Gain in test {score}: folds, mean", title=load.__name__)

axes[0].invert_yaxis()
fig.suptitle("The tuned network gains on both tasks")
fig.savefig("plot_tune_regularization.png")
print(f"\nFigure: {Path('plot_tune_regularization.png').resolve()}")
plt.show()

# %%
# With 0.01 L2 is the best on the digits, where L1 brings nothing; L1 is the best on
# diabetes. To know that is what the search is for: it comes near the best guess of each
# task. The progression of diabetes is close to linear in these inputs, so that the
# linear model does as well.
