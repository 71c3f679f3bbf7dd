"""A ready space of regularizers to search."""

from __future__ import annotations

from typing import Any

from scipy.stats import loguniform, uniform
from sklearn.utils import check_scalar

TASKS = ("classification", "regression")

#: what all parts have
COMMON = {
    "batch_size": [128],
    "learning_rate": ["cosine"],
    "learning_rate_init": loguniform(1e-3, 2e-2),
    "init": ["glorot_uniform"],
    # where the best epoch is early, no strength of a penalty makes up for it; where
    # rows are few, none can be spared
    "early_stopping": [False, True],
    "scoring": ["loss"],
    "tol": [0.0],
    "n_iter_no_change": [40],
}

#: each a shape and kinds of regularizers, its numbers open
PARTS = [
    {  # plain: weight decay and dropout
        "hidden_layer_sizes": [(128, 128)],
        "activation": ["relu"],
        "solver": ["adamw"],
        "alpha": loguniform(1e-4, 1),
        "dropout": uniform(0.02, 0.4),
    },
    {  # shallow, with small weights
        "hidden_layer_sizes": [(128,)],
        "activation": ["relu"],
        "solver": ["adam"],
        "penalty": ["l2"],
        "alpha": loguniform(1e-4, 1e-1),
        "dropout": uniform(0.02, 0.5),
        "input_noise": uniform(0.01, 0.3),
    },
    {  # deep, with shortcuts and normalization
        "hidden_layer_sizes": [(128, 128, 128)],
        "activation": ["silu"],
        "solver": ["adamw"],
        "normalization": ["layer"],
        "residual": [True],
        "alpha": loguniform(1e-4, 1),
        "dropout": uniform(0.02, 0.3),
    },
    {  # sparse in the inputs
        "hidden_layer_sizes": [(128, 64)],
        "activation": ["relu"],
        "solver": ["adam"],
        "penalty": ["group_l1"],
        "alpha": loguniform(1e-6, 1e-2),
        "l1_ratio": uniform(0.1, 0.8),
        "dropout": uniform(0.02, 0.3),
    },
    {  # smooth: small weights, limited norms
        "hidden_layer_sizes": [(64,)],
        "activation": ["tanh"],
        "solver": ["adam"],
        "penalty": ["elasticnet"],
        "alpha": loguniform(1e-6, 1e-1),
        "l1_ratio": uniform(0.0, 1.0),
        "max_norm": uniform(1.0, 4.0),
        "input_noise": uniform(0.01, 0.3),
    },
]


def regularization_cocktail(task: str, *, prefix: str = "") -> list[dict[str, Any]]:
    """Distributions over penalties, dropout, noise, normalization and the step size.

    A plain network beats boosted trees on many tables once a mixture of regularizers is
    chosen for each (Kadra et al. 2021, "Well-tuned simple nets excel on tabular
    datasets"). Each part of the space fixes a shape of the network and the kinds of
    regularizers and leaves numbers open, so that the candidates of a part, those with
    and those without early stopping, are trained together by a fused search.

    Inputs, and the target of a regression, are supposed to be standardized.

    Parameters
    ----------
    task : {"classification", "regression"}
        Label smoothing belongs to the first only.

    prefix : str, default=""
        What precedes the network's hyperparameters in a pipeline, as in ``"mlp__"``.

    Returns
    -------
    space : list of dict
        For ``param_distributions`` of :class:`FusedRandomizedSearchCV`, or
        ``param_grid`` of :class:`FusedHalvingSearchCV` with ``n_candidates``.

    Examples
    --------
    >>> from sknnreg.model_selection import regularization_cocktail
    >>> space = regularization_cocktail("regression", prefix="mlp__")
    >>> len(space)
    5
    >>> sorted(space[0])[:2]
    ['mlp__activation', 'mlp__alpha']
    """
    if task not in TASKS:
        raise ValueError(f"task must be one of {TASKS}. Got {task!r}.")
    check_scalar(prefix, "prefix", str)
    space = [COMMON | part for part in PARTS]
    if task == "classification":
        space.append(space[0] | {"label_smoothing": [0.05]})
    # lists of their own, which a caller may change
    return [
        {
            prefix + name: list(values) if isinstance(values, list) else values
            for name, values in part.items()
        }
        for part in space
    ]
