"""What a network is trained on: learned from ``y``, coded for the engine, and back.

A target is made of an estimator's hyperparameters, learns what there is to learn in the
first fit, and stays with the fitted estimator.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import date, timedelta
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import type_of_target, unique_labels
from sklearn.utils.validation import column_or_1d

from sknnreg.engine.losses import (
    BinaryLogLoss,
    Loss,
    MulticlassLogLoss,
    smooth_labels,
)

#: what NumPy would make numbers of, or Python
NO_NUMBER = (str, bytes, date, timedelta, np.datetime64, np.timedelta64)


def refuse_what_is_no_number(y: Any) -> None:
    """A target of a regression that would become numbers in silence, but is none.

    Dates and durations count some unit since some day, strings may be labels.
    """
    kind = getattr(getattr(y, "dtype", None), "kind", "")
    if kind and kind in "biufc":
        return
    try:
        array = np.asarray(y)
    except ValueError:  # not even an array: scikit-learn's checks tell
        return
    strange = [v for v in array.flat if isinstance(v, NO_NUMBER)]
    if array.dtype.kind in "mMSUV" or strange:
        what = repr(strange[0]) if array.dtype.kind == "O" else str(array.dtype)
        raise ValueError(
            f"y must be numbers for a regressor, but has {what}. Convert it first, as "
            "in y.astype(float), or dates to the days since one."
        )


def check_class_weight(class_weight: Any) -> None:
    """Refuse weights of classes that are no weights."""
    for part in [class_weight] if isinstance(class_weight, dict) else class_weight:
        for label, weight in part.items() if isinstance(part, dict) else ():
            if not (isinstance(weight, Real) and 0 <= float(weight) < np.inf):
                raise ValueError(
                    "class_weight must have finite numbers >= 0. Got "
                    f"{weight!r} for the class {label!r}."
                )


class Target(ABC):
    """A target as the engine sees it: a matrix (n, n_outputs), and a loss."""

    def check(self, y) -> NDArray:
        """``y`` without a useless second axis."""
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return y

    def learn(self, y: NDArray) -> None:  # noqa: B027 (most need not)
        """Learn from a checked ``y``."""

    def attributes(self) -> dict[str, Any]:
        """The estimator's attributes that tell what was learned."""
        return {}

    def learned(self) -> dict[str, Any]:
        """What was learned, as arrays and strings."""
        return {}

    def recall(self, learned: dict[str, Any]) -> None:  # noqa: B027
        """Take over what an earlier fit has learned."""

    def recognize(self, y: NDArray, exactly: bool) -> None:  # noqa: B027
        """Refuse a checked ``y`` that does not fit what was learned.

        ``exactly``: it must bring all of it, too.
        """

    @abstractmethod
    def encode(self, y: NDArray) -> NDArray:
        """What the engine is to predict, (n, n_outputs)."""

    def soften(self, encoded: NDArray) -> NDArray:
        """What stands for the encoded target while training."""
        return encoded

    def weights(self, y: NDArray, incremental: bool) -> NDArray | None:
        """A weight a row, (n,), or None."""
        return None

    def strata(self, y: NDArray) -> NDArray | None:
        """Labels by which the validation split is stratified, or None."""
        return None

    @property
    @abstractmethod
    def loss(self) -> Loss:
        """The engine's loss."""

    @abstractmethod
    def decode(self, raw: NDArray) -> NDArray:
        """Predictions for raw outputs (n, n_raw), which it may overwrite."""


class NumericTarget(Target):
    """The numbers of a regression.

    Parameters
    ----------
    name : str
        Of the loss, for messages.
    loss : Loss
    """

    def __init__(self, name: str, loss: Loss) -> None:
        self.name, self._loss = name, loss

    def encode(self, y):
        if self._loss.non_negative and (y < 0).any():
            raise ValueError(
                f"loss={self.name!r} needs y >= 0; some values are negative."
            )
        return y.reshape(len(y), -1)

    @property
    def loss(self):
        return self._loss

    def decode(self, raw):
        return self.shaped(self._loss.inverse_link(raw))

    def shaped(self, answer: NDArray) -> NDArray:
        """What is said of each target, (..., n_targets), in the shape of ``y``."""
        return answer[..., 0] if answer.shape[-1] == 1 else answer


class ClassTarget(Target):
    """Class labels, or the indicator matrix of a multilabel target.

    Parameters
    ----------
    class_weight : dict, list of dict, 'balanced' or None
    label_smoothing : float
    """

    def __init__(self, class_weight, label_smoothing: float) -> None:
        self.class_weight, self.label_smoothing = class_weight, label_smoothing

    def learn(self, y):
        self.binarizer = LabelBinarizer().fit(y)

    def learn_classes(self, y, classes) -> None:
        """All classes that will come, before the first of several parts of ``y``."""
        multilabel = type_of_target(y).startswith("multilabel")
        self.learn(y if multilabel else classes)
        known = self.binarizer.classes_
        if multilabel and not np.array_equal(unique_labels(classes), known):
            raise ValueError(
                f"For this multilabel y, classes must be the numbers of its columns, "
                f"np.arange({len(known)}). Got {classes!r}."
            )

    def attributes(self):
        return {"classes_": self.binarizer.classes_}

    def learned(self):
        names = ("classes_", "y_type_", "sparse_input_")
        return {name: getattr(self.binarizer, name) for name in names}

    def recall(self, learned):
        self.binarizer = LabelBinarizer()
        vars(self.binarizer).update(learned)

    @property
    def is_multilabel(self) -> bool:
        return self.binarizer.y_type_.startswith("multilabel")

    @property
    def is_multiclass(self) -> bool:
        return len(self.binarizer.classes_) > 2 and not self.is_multilabel

    @property
    def is_binary(self) -> bool:
        """Whether one raw output stands for two classes."""
        return not (self.is_multiclass or self.is_multilabel)

    def recognize(self, y, exactly):
        known, classes = self.binarizer.classes_, unique_labels(y)
        if exactly and set(classes) != set(known):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the "
                f"previous call to fit. Previously got {known}, `y` has {classes}"
            )
        if len(np.setdiff1d(classes, known, assume_unique=True)):
            raise ValueError(
                "`y` has classes not in `self.classes_`. `self.classes_` has "
                f"{known}. 'y' has {classes}."
            )

    def encode(self, y):
        if self.is_multilabel:
            return self.binarizer.transform(y)
        # the labels are known to be of these classes: to have that checked again, four
        # times, would take a quarter of the shortest fits
        classes = self.binarizer.classes_
        code = np.searchsorted(classes, y)[:, None]
        return code if self.is_binary else code == np.arange(len(classes))

    def soften(self, encoded):
        return smooth_labels(encoded, self.label_smoothing, self.is_multiclass)

    def weights(self, y, incremental):
        if self.class_weight is None:
            return None
        if incremental and self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' cannot be used with partial_fit, which does "
                "not see all rows: pass a dict of weights instead."
            )
        check_class_weight(self.class_weight)
        weight = self.class_weight
        if isinstance(weight, dict) and y.ndim == 1:
            # these rows need not have all classes that are known
            absent = set(np.setdiff1d(self.binarizer.classes_, y).tolist())
            weight = {c: w for c, w in weight.items() if c not in absent}
        return compute_sample_weight(weight, y)

    def strata(self, y):
        return None if self.is_multilabel else y

    @property
    def loss(self):
        return MulticlassLogLoss() if self.is_multiclass else BinaryLogLoss()

    def decode(self, raw):
        classes = self.binarizer.classes_
        # half of the probability, or the largest one, is raw = 0 or the largest raw
        if self.is_multilabel or len(classes) == 1:
            return self.binarizer.inverse_transform(raw, threshold=0.0)
        if raw.shape[1] == 1:
            return classes[(raw[:, 0] > 0).astype(np.intp)]
        return classes[raw.argmax(axis=1)]

    def choose(self, probability: NDArray) -> NDArray:
        """Predictions for probabilities (n, n_classes)."""
        if self.is_multilabel:
            return self.decode(probability - 0.5)
        return self.decode(probability[:, 1:] - 0.5 if self.is_binary else probability)

    def both_classes(self, raw: NDArray) -> NDArray:
        """A column for each class where one raw output stands for two."""
        return np.concatenate([-raw, raw], axis=-1) if self.is_binary else raw
