"""Validation data for early stopping: the split, and the score of each epoch."""

from __future__ import annotations

import copy
import inspect
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import check_scoring
from sklearn.model_selection import train_test_split


@dataclass
class Validation:
    """Validation rows, within the training arrays or given apart.

    Attributes
    ----------
    X, target : array or sparse matrix of shape (n, n_features), ndarray (n, n_outputs)
        As the engine takes them.
    y : ndarray of shape (n,) or (n, n_outputs)
        As the user's scorer takes it.
    weight : ndarray of shape (n,) or None
    rows : ndarray of int or None
        Which rows of the arrays; None for all.
    """

    X: Any
    target: NDArray
    y: NDArray
    weight: NDArray | None
    rows: NDArray | None = None


def split_rows(
    n: int, fraction: float, labels: NDArray | None, seed: int
) -> tuple[NDArray, NDArray]:
    """Numbers of the training and of the validation rows, each sorted.

    Stratified by ``labels`` if given. The same arguments give the same split, so that
    warm starts never train on a row they were validated on.
    """
    train, validation = train_test_split(
        np.arange(n), test_size=fraction, stratify=labels, random_state=seed
    )
    if len(validation) < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the "
            "size of your dataset."
        )
    return np.sort(train), np.sort(validation)


class ValidationScore:
    """Loss and score of the present parameters of one model.

    Parameters
    ----------
    estimator : estimator
        Its ``scoring`` is used: ``"loss"`` is minus the validation loss.
    task_bound : Bound
        The network at work.
    validation : Validation
    """

    def __init__(self, estimator, bound, validation: Validation) -> None:
        self.bound, self.validation = bound, validation
        weight = validation.weight
        self.engine_weight = None if weight is None else weight[None]
        rows = slice(None) if validation.rows is None else validation.rows
        if weight is not None and not np.any(weight[rows]):
            raise ValueError("All sample weights of the validation data are zero.")
        self.scorer = None
        if estimator.scoring != "loss":
            self._prepare_scorer(estimator, rows)

    def _prepare_scorer(self, estimator, rows) -> None:
        validation = self.validation
        # a stand-in whose coefficients are the engine's own arrays, always present
        live = copy.copy(estimator)
        vars(live).pop("feature_names_in_", None)
        live._publish(self.bound.values, 0)
        self.live = live
        self.scorer = check_scoring(live, scoring=estimator.scoring)
        self.arguments = [validation.X[rows], validation.y[rows]]
        self.keywords = {}
        if validation.weight is not None and _takes_weight(self.scorer):
            self.keywords["sample_weight"] = validation.weight[rows]

    def __call__(self) -> tuple[NDArray, NDArray]:
        v = self.validation
        loss = self.bound.loss(v.X, v.target, self.engine_weight, v.rows)
        if self.scorer is None:
            return loss, -loss
        if not np.isfinite(loss).all():
            # diverged: scikit-learn's metrics would refuse the predictions
            return loss, np.full_like(loss, np.nan)
        score = self.scorer(self.live, *self.arguments, **self.keywords)
        return loss, np.array([float(score)])


def _takes_weight(scorer) -> bool:
    """Whether a scorer can be called with ``sample_weight``."""
    parameters = inspect.signature(scorer).parameters
    kinds = {p.kind for p in parameters.values()}
    return "sample_weight" in parameters or inspect.Parameter.VAR_KEYWORD in kinds
