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

Nested cross-validation then compares the tuned network with the same network without
regularization, with one kind of regularization at a time, with scikit-learn's network
and with a linear model.
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

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle
from sklearn.base import BaseEstimator, clone, is_regressor
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import (
    RepeatedKFold,
    StratifiedShuffleSplit,
    cross_validate,
    validation_curve,
)
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPClassifierScratch, MLPRegressorScratch
from sknnreg.model_selection import FusedGridSearchCV

# A fixed number of epochs is part of the setting: training need not converge in them.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

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
    """A data set, the models to compare on it, and their scores."""

    name: str
    X: np.ndarray
    y: np.ndarray
    network: BaseEstimator
    references: list[BaseEstimator]
    folds: object
    score: str  # of the table
    tuned_score: str  # of the search: log loss tells more than accuracy on few rows
    loss: str  # what the network minimizes, besides the penalty

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
    loss="log loss",
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
    """Share of the weights of a fitted model that are exactly zero."""
    model = getattr(model, "best_estimator_", model)
    model = getattr(model, "regressor_", model)
    weights = getattr(model[-1], "coefs_", None) or [model[-1].coef_]
    return np.mean(np.concatenate([w.ravel() for w in weights]) == 0)


SCORE_NAMES = {
    "accuracy": "accuracy",
    "neg_log_loss": "mean log-likelihood",
    "r2": "R²",
}


def print_table(task, results):
    baseline = results["no regularization"]["test_score"]
    print(
        f"{task.name}: {SCORE_NAMES[task.score]}, mean ± std of {len(baseline)} folds\n"
        f"{'':34}{'test':>13}{'train':>15}{'zeros':>7}{'seconds':>9}{'better in':>11}"
    )
    for name, result in results.items():
        test, train = result["test_score"], result["train_score"]
        zeros = np.mean([share_of_zeros(model) for model in result["estimator"]])
        print(
            f"{name:34}{test.mean():5.3f} ± {test.std():.3f}"
            f"{train.mean():7.3f} ± {train.std():.3f}{zeros:7.0%}"
            f"{result['fit_time'].mean():9.2f}"
            f"{np.sum(test > baseline):5} of {len(test):2}"
        )
    print()


results = {task.name: compare(task) for task in tasks}
for task in tasks:
    print_table(task, results[task.name])

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
# The heat maps show what the searches saw: the score of the inner cross-validation,
# as a mean over the searches of all folds, for the best of the three penalties. The
# validation curves vary ``alpha`` alone. On the right, validation data passed to
# ``fit`` show how the loss goes on; the training loss is without the penalty. These two
# are means over the folds of the table, with a band of one standard deviation; they
# illustrate, and nothing is chosen by them.

TRAIN, TEST = "#0072b2", "#d55e00"
PENALTY_NAMES = {"l1": "L1", "l2": "L2", "elasticnet": "elastic net"}


def inner_scores(searches):
    """Mean score of each candidate, with an axis for each entry of ``GRID``."""
    scores = np.mean([s.cv_results_["mean_test_score"] for s in searches], axis=0)
    return scores.reshape([len(values) for values in GRID.values()])


def best_candidate(scores):
    position = np.unravel_index(scores.argmax(), scores.shape)
    choices = zip(GRID.items(), position, strict=True)
    return {name: values[i] for (name, values), i in choices}


def plot_heat_map(ax, task, scores, best):
    scores = scores[:, :, GRID["penalty"].index(best["penalty"])].T
    unregularized = scores[0, 0]
    span = 1.3 * (scores.max() - unregularized)
    image = ax.imshow(
        scores,
        cmap="PRGn",
        vmin=unregularized - span,
        vmax=unregularized + span,
        origin="lower",
        aspect="auto",
    )
    ax.figure.colorbar(
        image,
        ax=ax,
        extend="min" if scores.min() < unregularized - span else "neither",
        label=f"{SCORE_NAMES[task.tuned_score]} (white: no regularization)",
    )
    for (row, column), score in np.ndenumerate(scores):
        text = f"{score:.3f}"
        if score == scores.max():
            text += "\nbest"
            ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, lw=3))
        dark = abs(image.norm(score) - 0.5) > 0.35
        color = "white" if dark else "black"
        ax.text(column, row, text, ha="center", va="center", color=color)
    ax.set_xticks(range(len(GRID["alpha"])), GRID["alpha"])
    ax.set_yticks(range(len(GRID["dropout"])), GRID["dropout"])
    ax.set(
        xlabel=f"alpha (λ) of the {PENALTY_NAMES[best['penalty']]} penalty",
        ylabel="dropout",
        title=f"{task.name}: the searches prefer {PENALTY_NAMES[best['penalty']]},\n"
        f"alpha={best['alpha']}, dropout={best['dropout']}",
    )


def plot_validation_curve(ax, task, penalty):
    alphas = np.geomspace(1e-4, 1, 9)
    network = clone(task.network).set_params(penalty=penalty)
    train, test = validation_curve(
        in_pipeline(network),
        task.X,
        task.y,
        param_name=task.prefix + "alpha",
        param_range=alphas,
        cv=task.folds,
        scoring=task.tuned_score,
        n_jobs=2,
    )
    for scores, color, label in ((train, TRAIN, "training"), (test, TEST, "test")):
        mean, std = scores.mean(axis=1), scores.std(axis=1)
        ax.semilogx(alphas, mean, "o-", color=color, label=label)
        ax.fill_between(alphas, mean - std, mean + std, color=color, alpha=0.2, lw=0)
    best = alphas[test.mean(axis=1).argmax()]
    ax.axvline(best, color="black", ls=":")
    gap = train[0].mean() - test[0].mean()
    # a strong penalty leaves a network of zeros, far below the frame
    ax.set_ylim(test[0].mean() - gap, train[0].mean() + 0.3 * gap)
    ax.set(
        xlabel=f"alpha (λ) of the {PENALTY_NAMES[penalty]} penalty, no dropout",
        ylabel=SCORE_NAMES[task.tuned_score],
        title=f"Overfitting left of alpha={best:.2g},\nunderfitting right of it",
    )
    ax.legend(loc="lower left")


def standardize(train, test):
    scaler = StandardScaler().fit(train)
    return scaler.transform(train), scaler.transform(test)


def loss_curves(task, params):
    """Training and validation loss of each epoch, as means over the folds."""
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
    final = {}
    for name, params, style in (("without", {}, "--"), ("with", best, "-")):
        training, validation = loss_curves(task, params)
        epochs = range(1, len(training) + 1)
        ax.plot(epochs, training, style, color=TRAIN, label=f"training, {name}")
        ax.plot(epochs, validation, style, color=TEST, label=f"validation, {name}")
        final[name] = validation[-1]
    ax.set(
        xlabel="epoch",
        ylabel=task.loss,
        ylim=(0, 2 * final["without"]),
        title=f"Validation loss after {len(epochs)} epochs: {final['without']:.2f} "
        f"without,\n{final['with']:.2f} with the preferred regularization",
    )
    ax.legend(loc="upper right", ncols=2)


fig, axes = plt.subplots(2, 3, figsize=(16, 9), layout="constrained")
for task, (left, middle, right) in zip(tasks, axes, strict=True):
    scores = inner_scores(results[task.name]["tuned by grid search"]["estimator"])
    best = best_candidate(scores)
    plot_heat_map(left, task, scores, best)
    plot_validation_curve(middle, task, best["penalty"])
    plot_loss(right, task, best)

fig.savefig("plot_tune_regularization.png")
if plt.get_backend().lower() != "agg":
    plt.show()
