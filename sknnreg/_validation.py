"""Validation data for early stopping: the split, and the score of each epoch."""

from __future__ import annotations

import copy
import inspect
from dataclasses import dataclass
from functools import cached_property, partial
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

    @cached_property
    def held_out(self) -> tuple[Any, NDArray, NDArray | None]:
        """X, y and weight of the validation rows, for a scorer."""
        rows = slice(None) if self.rows is None else self.rows
        weight = None if self.weight is None else self.weight[rows]
        return self.X[rows], self.y[rows], weight


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
    """Loss and score (K,) of the present parameters.

    Parameters
    ----------
    models : list of estimators
        K of them, with the same ``scoring``: ``"loss"`` is minus the validation loss.
    bound : Bound
        The network at work.
    validation : Validation
    """

    def __init__(self, models, bound, validation: Validation) -> None:
        self.bound, self.validation = bound, validation
        weight = validation.weight
        self.engine_weight = None if weight is None else weight[None]
        rows = slice(None) if validation.rows is None else validation.rows
        if weight is not None and not np.any(weight[rows]):
            raise ValueError("All sample weights of the validation data are zero.")
        self.live = []
        if models[0].scoring != "loss":
            self._prepare_scorer(models)

    def _prepare_scorer(self, models) -> None:
        for k, model in enumerate(models):
            # a stand-in whose coefficients are the engine's own arrays, always present
            live = copy.copy(model)
            vars(live).pop("feature_names_in_", None)
            live._publish(self.bound.values, k)
            live._raw_predict = partial(self._raw_predict, k, live)
            self.live.append(live)
        self.scorer = check_scoring(self.live[0], scoring=models[0].scoring)
        self.X, self.y, weight = self.validation.held_out
        self.keywords = {}
        if weight is not None and _takes_weight(self.scorer):
            self.keywords["sample_weight"] = weight

    def _raw_predict(self, k: int, live, X) -> NDArray:
        """Of the validation rows the outputs are known: all models' in one pass."""
        known = X is self.X
        return self.raw[k].copy() if known else type(live)._raw_predict(live, X)

    def __call__(self) -> tuple[NDArray, NDArray]:
        v = self.validation
        loss = self.bound.loss(v.X, v.target, self.engine_weight, v.rows)
        if not self.live:
            return loss, -loss
        self.raw = self.bound.predict(self.X)
        score = np.full(len(loss), np.nan)
        for k, live in enumerate(self.live):
            if np.isfinite(loss[k]):  # else scikit-learn's metrics would refuse
                score[k] = self.scorer(live, self.X, self.y, **self.keywords)
        return loss, score


def _takes_weight(scorer) -> bool:
    """Whether a scorer can be called with ``sample_weight``."""
    parameters = inspect.signature(scorer).parameters
    kinds = {p.kind for p in parameters.values()}
    return "sample_weight" in parameters or inspect.Parameter.VAR_KEYWORD in kinds
