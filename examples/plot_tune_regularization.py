"""
============================================
Tune the regularization of a neural network
============================================

A network with more weights than training rows learns these rows by heart. A penalty on
its weights, dropout and early stopping all help against that; which of them, and how
much, is a question to the data. Here
:class:`~sknnreg.model_selection.FusedGridSearchCV` answers it for ``penalty``,
``alpha`` and ``dropout`` on two data sets:

- handwritten digits, of which only 200 are for training;
- the progression of diabetes in 442 patients.

Nested cross-validation compares the tuned network with the same network without
regularization, with one kind of regularization at a time, with scikit-learn's network
and with a linear model. Then the searches and the learning curves are drawn.
"""

# %%
# Two tasks, one network
# ----------------------
#
# Both tasks get the same small network; nothing but its regularization will change.
# The inputs are standardized within the pipeline, that is, on the training rows of each
# fold alone, and so is the target of the regression.
#
# The folds are drawn with a fixed seed: every model sees the same ones. Those of the
# digits have 200 rows for training and the other 1597 for the test, so that a network
# can overfit and the test still tells small differences apart.

import warnings
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import BaseEstimator, clone, is_regressor
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import (
    RepeatedKFold,
    StratifiedShuffleSplit,
    cross_validate,
)
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPClassifierScratch, MLPRegressorScratch
from sknnreg.inspection import LossCurveDisplay, SearchDisplay
from sknnreg.model_selection import FusedGridSearchCV

# A fixed number of epochs is part of the setting: training need not converge in them.
warnings.filterwarnings("ignore", category=ConvergenceWarning)
# Of the strongest penalties it is known that they leave nothing.
warnings.filterwarnings("ignore", message="The penalty has set all weights")

NETWORK = {
    "hidden_layer_sizes": (100,),
    "batch_size": 64,
    "learning_rate_init": 0.015,
    "max_iter": 30,
    "penalty": None,
    "random_state": 0,
}


@dataclass
class Task:
    """A data set, the models to compare on it, and how."""

    name: str
    X: np.ndarray
    y: np.ndarray
    network: BaseEstimator
    references: list[BaseEstimator]
    folds: object
    score: str  # of the table
    tuned_score: str  # of the search: log loss tells more than accuracy on few rows

    @property
    def prefix(self):
        """How the names of the network's parameters begin in the pipeline."""
        return "regressor__model__" if is_regressor(self.network) else "model__"


X, y = load_digits(return_X_y=True)
digits = Task(
    name="Digits",
    X=X.astype(np.float32),  # the networks compute in the precision of X
    y=y,
    network=MLPClassifierScratch(**NETWORK),
    references=[MLPClassifier(random_state=0), LogisticRegression(max_iter=1000)],
    folds=StratifiedShuffleSplit(n_splits=5, train_size=200, random_state=0),
    score="accuracy",
    tuned_score="neg_log_loss",
)
X, y = load_diabetes(return_X_y=True)
diabetes = Task(
    name="Diabetes",
    X=X.astype(np.float32),
    y=y,
    network=MLPRegressorScratch(**NETWORK),
    references=[MLPRegressor(random_state=0), Ridge()],
    folds=RepeatedKFold(n_splits=5, n_repeats=2, random_state=0),
    score="r2",
    tuned_score="r2",
)
tasks = [digits, diabetes]


def in_pipeline(estimator):
    """Standardize the inputs, and the target of a regressor."""
    model = Pipeline([("scale", StandardScaler()), ("model", estimator)])
    if is_regressor(estimator):
        model = TransformedTargetRegressor(model, transformer=StandardScaler())
    return model


# %%
# Tune by grid search
# -------------------
#
# ``alpha`` is the λ of the textbooks. It does not depend on the batch size or the
# number of rows, so that one grid serves both tasks. Its first value, 0, together with
# ``dropout=0`` is no regularization at all.

GRID = {
    "alpha": [0, 0.002, 0.01, 0.05, 0.25],
    "dropout": [0, 0.2, 0.4],
    "penalty": ["l1", "l2", "elasticnet"],
}


def grid_search(task):
    """Choose penalty, alpha and dropout by cross-validation."""
    grid = {task.prefix + name: values for name, values in GRID.items()}
    return FusedGridSearchCV(
        in_pipeline(task.network), grid, scoring=task.tuned_score, cv=3, n_jobs=2
    )


# %%
# Compare on the same folds
# -------------------------
#
# Each kind of regularization alone gets one and the same guess on both tasks. The
# search is a model like the others: it is fitted on the training rows of each fold, and
# the test rows have no part in its choice.

SETTINGS = {
    "no regularization": {},
    "L1, alpha=0.01": {"penalty": "l1", "alpha": 0.01},
    "L2, alpha=0.01": {"penalty": "l2", "alpha": 0.01},
    "elastic net, alpha=0.01": {"penalty": "elasticnet", "alpha": 0.01},
    "dropout=0.2": {"dropout": 0.2},
    "early stopping": {"early_stopping": True},
}


def models_to_compare(task):
    models = {
        name: in_pipeline(clone(task.network).set_params(**params))
        for name, params in SETTINGS.items()
    }
    models["tuned by grid search"] = grid_search(task)
    for estimator in task.references:
        models[f"scikit-learn's {type(estimator).__name__}"] = in_pipeline(estimator)
    return models


def share_of_zeros(model):
    """Share of the weights of a fitted model that are exactly zero."""
    model = getattr(model, "best_estimator_", model)
    model = getattr(model, "regressor_", model)
    weights = getattr(model[-1], "coefs_", None) or [model[-1].coef_]
    return np.mean(np.concatenate([w.ravel() for w in weights]) == 0)


def compare(task):
    """Print a row for each model as soon as it is known."""
    models, baseline = models_to_compare(task), None
    n_folds = task.folds.get_n_splits(task.X)
    print(
        f"\n{task.name}: {task.score}, mean ± std of {n_folds} folds\n"
        f"{'':40}{'test':>13}{'train':>15}{'zeros':>7}{'seconds':>9}{'better in':>11}"
    )
    for i, (name, model) in enumerate(models.items(), 1):
        print(f"{i:2}/{len(models)}  {name:34}", end="", flush=True)
        result = cross_validate(
            model,
            task.X,
            task.y,
            scoring=task.score,
            cv=task.folds,
            return_train_score=True,
            return_estimator=True,
        )
        test, train = result["test_score"], result["train_score"]
        baseline = test if baseline is None else baseline
        zeros = np.mean([share_of_zeros(fitted) for fitted in result["estimator"]])
        print(
            f"{test.mean():6.3f} ± {test.std():.3f}"
            f"{train.mean():7.3f} ± {train.std():.3f}{zeros:7.0%}"
            f"{result['fit_time'].mean():9.2f}"
            f"{np.sum(test > baseline):5} of {len(test):2}",
            flush=True,
        )


for task in tasks:
    compare(task)

# %%
# *Zeros* is the share of weights that are exactly zero, *seconds* the time of one fit
# (of the whole search in its row), and *better in* counts the folds in which a model
# beats the network without regularization.
#
# Without regularization the network fits its training rows far better than the test
# rows. The same guess of ``alpha`` is a good one for some penalties and a poor one for
# others, and which ones differs between the tasks: this is what the search is for.
# Early stopping gives up a tenth of the training rows for validation, and with the few
# digits this costs more than it brings. The progression of diabetes is close to linear
# in these inputs: a network can hardly do more than ridge regression, but without
# regularization it does far less. L1 and elastic net also leave most weights exactly
# zero. (Those of the logistic regression belong to pixels that are blank in all
# training rows.)

# %%
# Look at the choice
# ------------------
#
# On the left the searches over the training rows of the first fold: the best score over
# the three penalties. On the right the loss on its training and test rows, epoch by
# epoch, of the network without regularization and with the one that was chosen. The
# test rows illustrate; nothing is chosen by them.


def learning_curves(task, search, train, test):
    """The same network twice, with the test rows as validation data."""
    scale = StandardScaler().fit(task.X[train])
    X, X_test = scale.transform(task.X[train]), scale.transform(task.X[test])
    y, y_test = task.y[train], task.y[test]
    if is_regressor(task.network):
        y, y_test = (y - y.mean()) / y.std(), (y_test - y.mean()) / y.std()
    chosen = {
        name.removeprefix(task.prefix): value
        for name, value in search.best_params_.items()
    }
    return {
        name: clone(task.network)
        .set_params(n_iter_no_change=np.inf, **params)
        .fit(X, y, X_val=X_test, y_val=y_test)
        for name, params in {"without": {}, "as chosen": chosen}.items()
    }


fig, axes = plt.subplots(2, 2, figsize=(11, 8.5), layout="constrained")
for task, (left, right) in zip(tasks, axes, strict=True):
    train, test = next(task.folds.split(task.X, task.y))
    search = grid_search(task).fit(task.X[train], task.y[train])
    SearchDisplay.from_search(search, params=["alpha", "dropout"], ax=left)
    curves = learning_curves(task, search, train, test)
    LossCurveDisplay.from_estimator(curves, ax=right)
    left.set_title(f"{task.name}: {left.get_title()}", fontsize="medium")

path = Path("plot_tune_regularization.png").resolve()
fig.savefig(path)
print(f"\nFigure: {path}")
if plt.get_backend().lower() != "agg":
    plt.show()
