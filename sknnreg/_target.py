"""What a network is trained on: learned from ``y``, coded for the engine, and back.

A target is made of an estimator's hyperparameters, learns what there is to learn in the
first fit, and stays with the fitted estimator.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import (
    check_classification_targets,
    type_of_target,
    unique_labels,
)
from sklearn.utils.validation import column_or_1d

from sknnreg._checks import named
from sknnreg.engine.losses import (
    BinaryLogLoss,
    Loss,
    MulticlassLogLoss,
    smooth_labels,
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
        try:
            self.binarizer = LabelBinarizer().fit(y)
        except ValueError:
            check_classification_targets(y)  # whose message is clearer
            raise

    def learn_classes(self, y, classes) -> None:
        """All classes that will come, before the first of several parts of ``y``."""
        multilabel = type_of_target(y).startswith("multilabel")
        with named("y" if multilabel else "classes"):
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
        weight = self.class_weight
        if isinstance(weight, list) and not self.is_multilabel:
            raise ValueError(
                "class_weight must be a dict {class: weight} for classes; a list of "
                "dicts is for labels."
            )
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
