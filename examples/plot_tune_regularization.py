r"""
==============================================
How much regularization, and which?
==============================================

A network with more weights than training rows learns these rows by heart. A penalty
on its weights, :math:`\frac{\alpha}{2} \|W\|_2^2` or :math:`\alpha \|W\|_1`, and
dropout help against that; which of them, and how much, is a question to the data. Here
:class:`~sknnreg.model_selection.FusedGridSearchCV` answers it for ``penalty``,
``alpha`` (the λ of the textbooks) and ``dropout``, for handwritten digits of which only
200 are for training and for the progression of diabetes in 442 patients. Nested
cross-validation compares the answer with the same network without regularization, with
one guess each, and with a linear model.
"""

import warnings
from pathlib import Path

import matplotlib.pyplot as plt
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
plt.rcParams["font.size"] = 12

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
    "no regularization": {},
    "early stopping": {"early_stopping": True},
    "dropout=0.2": {"dropout": 0.2},
    "L2, alpha=0.01": {"penalty": "l2", "alpha": 0.01},
    "L1, alpha=0.01": {"penalty": "l1", "alpha": 0.01},
}
GRID = {"penalty": ["l1", "l2", "elasticnet"]}
GRID |= {"alpha": [0, 0.002, 0.01, 0.05, 0.25], "dropout": [0, 0.2, 0.4]}


def digits(model):
    return Pipeline([("scale", StandardScaler()), ("model", model)])


def diabetes(model):
    return TransformedTargetRegressor(digits(model), transformer=StandardScaler())


splits = StratifiedShuffleSplit(n_splits=5, train_size=200, random_state=0)
shuffled = KFold(5, shuffle=True, random_state=0)
regressor, linear = MLPRegressorScratch(**NETWORK), LogisticRegression(max_iter=1000)
tasks = [
    (digits, load_digits, MLPClassifierScratch(**NETWORK), linear, splits, "accuracy"),
    (diabetes, load_diabetes, regressor, Ridge(), shuffled, "r2"),
]

# %%
# Compare on the same folds
# -------------------------
#
# A row for each model, as soon as it is known.

fig, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
for ax, (wrap, load, network, linear, folds, score) in zip(axes, tasks, strict=True):
    X, y = load(return_X_y=True)
    prefix = "model__" if wrap is digits else "regressor__model__"
    models = {
        name: wrap(type(network)(**NETWORK | parameters))
        for name, parameters in SETTINGS.items()
    }
    grid = {prefix + name: values for name, values in GRID.items()}
    scoring = "neg_log_loss" if wrap is digits else "r2"  # finer than accuracy
    search = FusedGridSearchCV(wrap(network), grid, scoring=scoring, cv=3, n_jobs=2)
    models |= {"tuned by grid search": search, "linear model": wrap(linear)}
    print(f"\n{wrap.__name__}: {score} of {folds.get_n_splits()} folds, mean ± std")
    for i, (name, model) in enumerate(models.items(), 1):
        print(f"{i}/{len(models)}  {name:22}", end="", flush=True)
        scores = cross_val_score(model, X.astype("f"), y, scoring=score, cv=folds)
        print(f"{scores.mean():6.3f} ± {scores.std():.3f}", flush=True)
        color = "#D55E00" if model is search else "#0072B2"
        ax.plot(scores, [name] * len(scores), "|", color=color, markersize=10)
        ax.plot(scores.mean(), name, "o", color=color, markersize=8)
    ax.set_xlabel(f"Test {score.replace('r2', 'R²')}; bars: folds, dots: mean")
    ax.set_title(wrap.__name__.capitalize())

# %%
# The same guess of ``alpha`` serves one task and not the other: this is what the search
# is for.

axes[0].invert_yaxis()
for ax in axes:
    ax.grid(axis="x", alpha=0.4)
path = Path("plot_tune_regularization.png").resolve()
fig.savefig(path)
print(f"\nFigure: {path}")
plt.show()
