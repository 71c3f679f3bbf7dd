"""
========================================
Tune the regularization of a neural net
========================================

A network with more weights than training rows learns these rows by heart. A penalty on
its weights, dropout and early stopping all help against that, and how much of each is
a question to the data. Here :class:`~sklearn.model_selection.GridSearchCV` answers it
for ``penalty``, ``alpha`` and ``dropout``, on two real data sets:

- the handwritten digits, of which only 200 are for training;
- the progression of diabetes in 442 patients.

Nested cross-validation then compares the tuned network with the same network without
regularization, with one kind of regularization at a time, with scikit-learn's network
and with a linear model.
"""

# %%
# Two tasks, one network
# ----------------------
#
# Both tasks get the same small network; nothing but its regularization will change.
# Inputs are standardized within the pipeline, thus on the training rows of each fold
# alone, and so is the target of the regression.
#
# The folds are drawn with a fixed seed, so that every model sees the same ones. For the
# digits they are turned around: 200 rows for training, the other 1597 for the test.

import warnings
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import BaseEstimator, clone, is_regressor
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    RepeatedKFold,
    StratifiedShuffleSplit,
    cross_validate,
    validation_curve,
)
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPClassifierScratch, MLPRegressorScratch

# The number of epochs is part of the setting: training need not converge.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

NETWORK = {
    "hidden_layer_sizes": (64, 64),
    "penalty": None,
    "batch_size": 64,
    "learning_rate_init": 0.01,
    "max_iter": 30,
    "random_state": 0,
}


@dataclass
class Task:
    """Data, the models to compare on them, and how to score these."""

    name: str
    X: np.ndarray
    y: np.ndarray
    network: BaseEstimator
    sklearn_network: BaseEstimator
    linear_model: BaseEstimator
    folds: object
    score: str  # reported
    tuned_score: str  # maximized by the search; smoother than the accuracy
    loss: str

    @property
    def prefix(self):
        """What the names of the network's parameters start with in the pipeline."""
        return "regressor__model__" if is_regressor(self.network) else "model__"


def load(dataset):
    X, y = dataset(return_X_y=True)
    return {"X": X.astype(np.float32), "y": y}  # the networks follow X: float32


digits = Task(
    name="Digits",
    **load(load_digits),
    network=MLPClassifierScratch(**NETWORK),
    sklearn_network=MLPClassifier(random_state=0),
    linear_model=LogisticRegression(max_iter=1000),
    folds=StratifiedShuffleSplit(n_splits=5, train_size=200, random_state=0),
    score="accuracy",
    tuned_score="neg_log_loss",
    loss="log loss",
)
diabetes = Task(
    name="Diabetes",
    **load(load_diabetes),
    network=MLPRegressorScratch(**NETWORK),
    sklearn_network=MLPRegressor(random_state=0),
    linear_model=Ridge(),
    folds=RepeatedKFold(n_splits=5, n_repeats=2, random_state=0),
    score="r2",
    tuned_score="r2",
    loss="half squared error",
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
# ``alpha`` is the λ of the textbooks. It does not depend on the size of a batch or the
# number of rows, and 0 together with ``dropout=0`` is no regularization at all.

GRID = {
    "alpha": [0, 0.003, 0.01, 0.03, 0.1],
    "dropout": [0, 0.2, 0.4],
    "penalty": ["l1", "l2", "elasticnet"],
}


def grid_search(task):
    grid = {task.prefix + name: values for name, values in GRID.items()}
    return GridSearchCV(
        in_pipeline(task.network), grid, scoring=task.tuned_score, cv=3, n_jobs=2
    )


# %%
# Compare on the same folds
# -------------------------
#
# One kind of regularization at a time gets the same first guess on both tasks, which
# nobody has tuned. The search is a model like any other: it is fitted on the training
# rows of each fold, and its choice never sees the test rows.

REGULARIZATION = {
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
        for name, params in REGULARIZATION.items()
    }
    models["tuned by grid search"] = grid_search(task)
    for estimator in (task.sklearn_network, task.linear_model):
        models[f"{type(estimator).__name__} (scikit-learn)"] = in_pipeline(estimator)
    return models


def compare(task):
    """The results of ``cross_validate`` for each model."""
    return {
        name: cross_validate(
            model,
            task.X,
            task.y,
            scoring=task.score,
            cv=task.folds,
            return_train_score=True,
            return_estimator=True,
        )
        for name, model in models_to_compare(task).items()
    }


def share_of_zeros(model):
    """Share of the weights that are exactly zero."""
    model = getattr(model, "best_estimator_", model)
    model = getattr(model, "regressor_", model)
    weights = getattr(model[-1], "coefs_", None) or [model[-1].coef_]
    return np.mean(np.concatenate([w.ravel() for w in weights]) == 0)


def print_table(task, results):
    baseline = results["no regularization"]["test_score"]
    print(
        f"\n{task.name}: {task.score}, mean ± std over {len(baseline)} folds\n"
        f"{'':30}{'test':>15}{'train':>16}{'zeros':>8}{'seconds':>9}{'better in':>12}"
    )
    for name, result in results.items():
        test, train = result["test_score"], result["train_score"]
        zeros = np.mean([share_of_zeros(model) for model in result["estimator"]])
        print(
            f"{name:30}{test.mean():7.3f} ± {test.std():.3f}"
            f"{train.mean():8.3f} ± {train.std():.3f}{zeros:8.0%}"
            f"{result['fit_time'].mean():9.2f}"
            f"{np.sum(test > baseline):6} of {len(test):2}"
        )


results = {}
for task in tasks:
    results[task.name] = compare(task)
    print_table(task, results[task.name])

# %%
# "better in" counts the folds in which a model beats the network without
# regularization.

# %%
# What the searches saw
# ---------------------
#
# The heat map is the mean score in the inner cross-validation of all searches, for the
# penalty of the best candidate. The validation curve varies ``alpha`` alone, without
# dropout, on the folds of the table. The last column follows the loss over the epochs
# with validation data passed to ``fit``, as a mean over these folds; its training loss
# is without the penalty, but with the units that dropout drops.

TRAIN, TEST = "#0072b2", "#d55e00"
PENALTY_NAMES = {"l1": "L1", "l2": "L2", "elasticnet": "elastic net"}
SCORE_NAMES = {"neg_log_loss": "− log loss", "r2": "R²"}


def inner_scores(searches):
    """Mean score of each candidate, one axis for each name in ``GRID``."""
    scores = np.mean([s.cv_results_["mean_test_score"] for s in searches], axis=0)
    return scores.reshape([len(values) for values in GRID.values()])


def best_candidate(scores):
    indices = np.unravel_index(scores.argmax(), scores.shape)
    return {
        name: values[i]
        for (name, values), i in zip(GRID.items(), indices, strict=True)
    }


def plot_heat_map(ax, task, scores, best):
    scores = scores[:, :, GRID["penalty"].index(best["penalty"])].T
    image = ax.imshow(scores, origin="lower", aspect="auto", cmap="viridis")
    ax.figure.colorbar(image, ax=ax, label=f"mean CV score ({SCORE_NAMES[task.tuned_score]})")
    for (row, column), score in np.ndenumerate(scores):
        light = image.norm(score) < 0.6
        ax.text(
            column,
            row,
            f"{score:.3f}",
            ha="center",
            va="center",
            color="white" if light else "black",
        )
    ax.set_xticks(range(len(GRID["alpha"])), GRID["alpha"])
    ax.set_yticks(range(len(GRID["dropout"])), GRID["dropout"])
    ax.set(xlabel="alpha (λ)", ylabel="dropout")


def plot_validation_curve(ax, task, penalty):
    alphas = np.geomspace(1e-4, 1e-1, 7)
    network = clone(task.network).set_params(penalty=penalty)
    curves = validation_curve(
        in_pipeline(network),
        task.X,
        task.y,
        param_name=task.prefix + "alpha",
        param_range=alphas,
        cv=task.folds,
        scoring=task.tuned_score,
        n_jobs=2,
    )
    for scores, color, label in zip(curves, (TRAIN, TEST), ("train", "test"), strict=True):
        mean, std = scores.mean(axis=1), scores.std(axis=1)
        ax.semilogx(alphas, mean, "o-", color=color, label=label)
        ax.fill_between(alphas, mean - std, mean + std, color=color, alpha=0.2)
    ax.set(xlabel="alpha (λ)", ylabel=SCORE_NAMES[task.tuned_score])


def standardize(train, test):
    scaler = StandardScaler().fit(train)
    return scaler.transform(train), scaler.transform(test)


def loss_curves(task, params):
    """Training and validation loss of each epoch, as a mean over the folds."""
    network = clone(task.network).set_params(n_iter_no_change=np.inf, **params)
    curves = []
    for train, test in task.folds.split(task.X, task.y):
        X, X_val = standardize(task.X[train], task.X[test])
        y, y_val = task.y[train], task.y[test]
        if is_regressor(network):
            y, y_val = map(np.ravel, standardize(y[:, None], y_val[:, None]))
        history = network.fit(X, y, X_val=X_val, y_val=y_val).history_
        training_loss = np.subtract(history["loss"], history["penalty"])
        curves.append([training_loss, history["validation_loss"]])
    return np.mean(curves, axis=0)


def plot_loss(ax, task, best):
    for params, style, name in (({}, "--", "without"), (best, "-", "with")):
        training, validation = loss_curves(task, params)
        epochs = range(1, len(training) + 1)
        ax.plot(epochs, training, style, color=TRAIN, label=f"training, {name}")
        ax.plot(epochs, validation, style, color=TEST, label=f"validation, {name}")
    ax.set(xlabel="epoch", ylabel=task.loss)
    ax.legend()


fig, axes = plt.subplots(2, 3, figsize=(15, 8.5), layout="constrained")
for task, (left, middle, right) in zip(tasks, axes, strict=True):
    searches = results[task.name]["tuned by grid search"]["estimator"]
    scores = inner_scores(searches)
    best = best_candidate(scores)
    plot_heat_map(left, task, scores, best)
    plot_validation_curve(middle, task, best["penalty"])
    plot_loss(right, task, best)
    print(best)
fig.savefig("plot_tune_regularization.png", dpi=100)
