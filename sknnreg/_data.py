"""From what a user passes to ``fit`` to what the engine trains on."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from sknnreg._checks import check_inputs, check_rows, check_targets, check_weight, named
from sknnreg._target import Target
from sknnreg.engine.losses import Loss


class Data(NamedTuple):
    """What to train on, checked and encoded.

    Attributes
    ----------
    X : ndarray, its rows contiguous, or CSR matrix of shape (n, n_features)
    target : ndarray of shape (n, n_outputs)
        What to train on.
    weight : ndarray of shape (n,) or None
    loss : Loss
    rows : ndarray of int or None
        Numbers of those to train on; None for all.
    validation : Validation or None
    learned : dict
        Attributes that tell what was learned of the data.
    y : ndarray of shape (n,) or (n, n_outputs)
        As the user's scorer takes it.
    encoded : ndarray of shape (n, n_outputs)
        What to validate on.
    parts : tuple of Data
        Of several models, where each has data of its own; see ``_join.py``. Then
        ``rows`` is (K, n_rows), and ``weight`` (1 or K, n).
    """

    X: Any
    target: NDArray
    weight: NDArray | None
    loss: Loss
    rows: NDArray | None = None
    validation: Validation | None = None
    learned: dict[str, Any] = {}
    y: Any = None
    encoded: Any = None
    parts: tuple[Data, ...] = ()

    @property
    def n_rows(self) -> int:
        return self.X.shape[0] if self.rows is None else self.rows.shape[-1]

    @property
    def inputs(self) -> list:
        """X of all models, or one a model."""
        return [part.X for part in self.parts] or [self.X]

    def of_model(self, k: int) -> Data:
        """As model k's own fit would have them."""
        return self.parts[k] if self.parts else self

    def of_models(self, which: NDArray) -> Data:
        """Those of some of the models."""
        if not self.parts:
            return self
        numbers = np.arange(len(self.parts))[which]
        validation = self.validation
        return self._replace(
            weight=rows_of(self.weight, which),
            rows=rows_of(self.rows, which),
            validation=None if validation is None else validation.of_models(which),
            parts=tuple(self.parts[k] for k in numbers),
        )


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
    parts : tuple of Validation
        Of several models, as for :class:`Data`.
    doubt : str
        What there is to be said of how the rows were chosen.
    """

    X: Any
    target: NDArray
    y: NDArray
    weight: NDArray | None
    rows: NDArray | None = None
    parts: tuple[Validation, ...] = ()
    doubt: str = ""

    @property
    def n_rows(self) -> int:
        return self.X.shape[0] if self.rows is None else self.rows.shape[-1]

    def of_models(self, which: NDArray) -> Validation:
        """That of some of the models."""
        numbers = np.arange(len(self.parts))[which]
        return replace(
            self,
            weight=rows_of(self.weight, which),
            rows=rows_of(self.rows, which),
            parts=tuple(self.parts[k] for k in numbers),
        )

    @property
    def own_weight(self) -> NDArray | None:
        """Weight of the validation rows."""
        if self.weight is None or self.rows is None:
            return self.weight
        return self.weight[self.rows]

    @cached_property
    def held_out(self) -> tuple[Any, NDArray, NDArray | None]:
        """X, y and weight of the validation rows, for a scorer: a copy."""
        rows = slice(None) if self.rows is None else self.rows
        return self.X[rows], self.y[rows], self.own_weight


#: what is said of a split of classes with few rows
ONE_ROW = (
    "early_stopping=True: some class has a single row. It is trained on, and so the "
    "validation score tells nothing of that class."
)
NOT_STRATIFIED = (
    "early_stopping=True: the rows are too few to hold out some of each class, so the "
    "split is not stratified. Give X_val and y_val to fit, or more rows."
)


LESS_THAN_A_ROW = (
    "early_stopping=True: validation_fraction is less than one of the rows. Two are "
    "held out, whose score tells little. Increase validation_fraction, or give X_val "
    "and y_val to fit."
)


class Split(NamedTuple):
    """Row numbers, sorted, and what there is to be said of them."""

    train: NDArray
    validation: NDArray
    doubt: str = ""


def split_rows(n: int, fraction: float, labels: NDArray | None, seed: int) -> Split:
    """Numbers of the training and of the validation rows.

    Stratified by ``labels`` if given, with a row or more of each class on both sides. A
    class of one row is trained on. The same arguments give the same split, so that
    warm starts never train on a row they were validated on.
    """
    every, doubt = np.arange(n), LESS_THAN_A_ROW if fraction * n < 1 else ""
    n_held_out = max(math.ceil(fraction * n), 2)
    if labels is not None:
        _, code, counts = np.unique(labels, return_inverse=True, return_counts=True)
        n_classes = int(np.count_nonzero(counts > 1))
        some = every[counts[code] > 1]
        wanted = max(n_held_out, n_classes)
        if n_classes and len(some) - wanted >= n_classes:
            every, n_held_out, labels = some, wanted, code[some]
            doubt = ONE_ROW if len(some) < n else doubt
        else:
            labels, doubt = None, NOT_STRATIFIED
    if n - n_held_out < 1:
        raise ValueError(
            "The validation set is too small: early_stopping=True cannot hold out "
            f"validation_fraction={fraction:g} of {n} rows (n_samples={n}); "
            f"{n_held_out} are needed to validate on, and some to train on. Give X_val "
            "and y_val to fit, more rows, another validation_fraction, or "
            "early_stopping=False."
        )
    _, held_out = train_test_split(
        every, test_size=n_held_out, stratify=labels, random_state=seed
    )
    validation = np.zeros(n, bool)
    validation[held_out] = True
    if labels is not None:
        exchange(validation, code, counts > 1)
    return Split(np.flatnonzero(~validation), np.flatnonzero(validation), doubt)


def exchange(validation: NDArray, code: NDArray, wanted: NDArray) -> None:
    """Let both sides of a split, a mask, have rows of each class that is ``wanted``.

    Shares alone would leave rare ones out. In return for a row comes one of the class
    that the side has most of.
    """
    for side in (True, False):
        present = np.bincount(code[validation == side], minlength=len(wanted))
        for c in np.flatnonzero(wanted & (present == 0)).tolist():
            most = present.argmax()
            back = np.flatnonzero((code == most) & (validation == side))[-1]
            validation[np.flatnonzero(code == c)[0]], validation[back] = side, not side
            present[c] += 1
            present[most] -= 1


class Given(NamedTuple):
    """Validation data as the user gives them: X_val, y_val, sample_weight_val."""

    X: Any = None
    y: Any = None
    sample_weight: Any = None

    @classmethod
    def of(cls, arguments: dict[str, Any]) -> Given:
        """Of the arguments of ``fit``."""
        names = ("X_val", "y_val", "sample_weight_val")
        return cls(*(arguments.get(name) for name in names))

    def __bool__(self) -> bool:
        return any(part is not None for part in self)


def check_data(
    model,
    X,
    y,
    sample_weight,
    given: Given,
    *,
    target: Target,
    known: bool = False,
    incremental: bool = False,
) -> Data:
    """Check and encode the data, and learn from them.

    Parameters
    ----------
    model : estimator
        Is given ``n_features_in_`` and ``feature_names_in_``.
    target : Target
        Learns, unless it has been told or the data are ``known``.
    known : bool
        Whether the model goes on from a fit to data like these.
    incremental : bool
        Whether these are a part of the rows only.
    """
    dtype: Any = [np.float64, np.float32] if model.dtype == "auto" else model.dtype
    if known:
        dtype = model.coefs_[0].dtype
    X = check_inputs(model, X, dtype, reset=not known)
    y = target.check(check_targets(model, y))
    check_rows(X=X, y=y)
    with named("y"):
        if known or incremental:
            target.recognize(y, exactly=not incremental)
        else:
            target.learn(y)
    encoded = encode(target, y, X.dtype)
    weight = row_weights(X, y, sample_weight, target, incremental)
    validation = None
    if given:
        validation = check_given(model, given, target, X.dtype, encoded.shape[1])
    learned = {"_target": target} | target.attributes()
    for name in ("n_features_in_", "feature_names_in_"):
        if hasattr(model, name):
            learned[name] = getattr(model, name)
    softened = np.asarray(target.soften(encoded), X.dtype)
    return Data(X, softened, weight, target.loss, None, validation, learned, y, encoded)


def hold_out(model, data: Data, seed: int) -> Data:
    """The data with rows to validate on, if there are to be and none were given."""
    if not model.early_stopping or data.validation is not None:
        return data
    if model.validation_fraction == 0:
        raise ValueError(
            "early_stopping=True needs validation_fraction > 0, or X_val and y_val."
        )
    strata = data.learned["_target"].strata(data.y)
    split = split_rows(len(data.encoded), model.validation_fraction, strata, seed)
    if data.weight is not None and not data.weight[split.train].any():
        raise ValueError(
            "early_stopping=True holds out all rows whose sample_weight is not zero. "
            "Give X_val and y_val to fit, leave out rows without a weight, or set "
            "another random_state."
        )
    validation = Validation(
        data.X, data.encoded, data.y, data.weight, split.validation, doubt=split.doubt
    )
    return data._replace(rows=split.train, validation=validation)


def rows_of(table: NDArray | None, which: NDArray) -> NDArray | None:
    """The part of some models, where it is not common to all."""
    if table is None or table.ndim == 1 or len(table) == 1:
        return table
    return table[which]


def encode(target: Target, y: NDArray, dtype, name: str = "y") -> NDArray:
    """What the engine is to predict."""
    with named(name), np.errstate(over="ignore"):
        encoded = np.asarray(target.encode(y), dtype)
    if not np.isfinite(encoded).all():
        raise ValueError(
            f"{name} has values that are too large for {encoded.dtype}. Scale them, or "
            "set dtype='float64'."
        )
    return encoded


def row_weights(
    X,
    y,
    sample_weight,
    target: Target,
    incremental: bool,
    name: str = "sample_weight",
) -> NDArray | None:
    """The product of the rows' own weights and those of their classes."""
    weight = None
    if sample_weight is not None:
        weight = check_weight(sample_weight, X, X.dtype, name=name)
    by_class = target.weights(y, incremental)
    if by_class is not None:
        name = "class_weight" if weight is None else f"{name} times class_weight"
        weight = (by_class if weight is None else weight * by_class).astype(X.dtype)
    if weight is not None and not weight.any():
        raise ValueError(f"{name} must contain at least one non-zero number.")
    return weight


def check_given(
    model, given: Given, target: Target, dtype, n_outputs: int
) -> Validation:
    """Validation data that the user gives."""
    if given.X is None or given.y is None:
        raise ValueError("X_val and y_val must be given together.")
    X = check_inputs(model, given.X, dtype, reset=False, name="X_val")
    y = target.check(check_targets(model, given.y, name="y_val"))
    check_rows(X_val=X, y_val=y)
    with named("y_val"):
        target.recognize(y, exactly=False)
    encoded = encode(target, y, dtype, "y_val")
    if encoded.shape[1] != n_outputs:
        raise ValueError(
            f"y_val has {encoded.shape[1]} outputs, but y has {n_outputs}."
        )
    weight = row_weights(X, y, given.sample_weight, target, False, "sample_weight_val")
    return Validation(X, encoded, y, weight)
