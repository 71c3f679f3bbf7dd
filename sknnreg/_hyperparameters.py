"""All that is to be known about each hyperparameter, in one row.

The estimators' constraints and signatures, what a fused search may vary, what the
one-standard-error rule calls more regularized and what ``lbfgs`` refuses all follow
from these rows. What is said to a user about a hyperparameter is in ``_docs.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer_names

from sknnreg._sklearn import Interval, Options, StrOptions
from sknnreg.engine.activations import ACTIVATIONS
from sknnreg.engine.initializers import INITIALIZERS
from sknnreg.engine.layers import NORMALIZATIONS
from sknnreg.engine.losses import REGRESSION_LOSSES
from sknnreg.engine.optimizers import OPTIMIZERS
from sknnreg.engine.penalties import PENALTIES
from sknnreg.engine.schedules import SCHEDULES

NON_NEGATIVE = Interval(Real, 0, None, closed="left")
POSITIVE = Interval(Real, 0, None, closed="neither")
COUNT = Interval(Integral, 1, None, closed="left")
SHARE = Interval(Real, 0, 1, closed="both")
BELOW_ONE = Interval(Real, 0, 1, closed="left")


class Choice(StrOptions):
    """One of the names in a registry, as it is when asked, or an extra word.

    One of them, ``but``, is left out.
    """

    def __init__(
        self, registry: Iterable[str], *extra: str, but: str | None = None
    ) -> None:
        self.registry, self.extra, self.but = registry, extra, but
        super().__init__(set(self))

    def __iter__(self) -> Iterator[str]:
        names = (*self.registry, *self.extra)
        return (name for name in names if name != self.but)

    def is_satisfied_by(self, val) -> bool:
        self.options = set(self)
        return super().is_satisfied_by(val)

    def __str__(self) -> str:  # scikit-learn's order is that of a set
        return f"a str among {{{', '.join(map(repr, self))}}}"


class Scorer(Choice):
    """Of the names of scikit-learn's scorers, or an extra word."""

    def __init__(self, *extra: str) -> None:
        super().__init__(get_scorer_names(), *extra)

    def __str__(self) -> str:
        extra = " or ".join(map(repr, self.extra))
        return f"{extra}, a name of sklearn.metrics.get_scorer_names()"


def entries(value) -> list | None:
    """Those of an array-like, or a number alone; None of what has none, or no order."""
    if hasattr(value, "__array__"):
        return np.atleast_1d(np.asarray(value)).tolist()
    if isinstance(value, Real):
        return [value]
    in_order = isinstance(value, Sequence) and not isinstance(value, (str, bytes))
    return list(value) if in_order else None


class Increasing(Interval):
    """A sequence of numbers of an interval, each larger than the one before."""

    def is_satisfied_by(self, val) -> bool:
        numbers = entries(val)
        if not numbers or not all(map(super().is_satisfied_by, numbers)):
            return False
        return bool((np.diff(numbers) > 0).all())

    def __str__(self) -> str:
        return f"a strictly increasing array-like, each entry {super().__str__()}"


class Weights(Interval):
    """Classes with a number of an interval each, or a list of such, one a label."""

    def is_satisfied_by(self, val) -> bool:
        tables = val if isinstance(val, list) else [val]
        allowed = super().is_satisfied_by
        return bool(tables) and all(
            isinstance(table, dict) and all(map(allowed, table.values()))
            for table in tables
        )

    def __str__(self) -> str:
        return (
            "a dict {class: weight}, or for labels a list of such, each weight "
            f"{super().__str__()}"
        )


@dataclass(frozen=True)
class Clash:
    """Why ``lbfgs`` cannot be used with a value, and what to set instead."""

    reason: str
    instead: Any
    #: for which values; None: for all but ``instead``
    when: Callable[[Any], bool] | None = None

    def occurs(self, value) -> bool:
        if self.when is not None:
            return self.when(value)
        return bool(np.any(np.asarray(value) != self.instead))


#: there is no value that leaves the hyperparameter's piece out
NEVER = object()


@dataclass(frozen=True)
class Row:
    """One hyperparameter.

    Attributes
    ----------
    default : object
    allowed : list
        Constraints as scikit-learn writes them. Of ``per_layer`` ones the first holds
        for each entry.
    per_layer : bool
        Whether it may be one a layer.
    varies : bool
        Whether it is a number that may differ between the models of a stack.
    off : object
        The value that leaves its piece out: in a stack all have it, or none.
    regularizes : int
        1 if more of it makes a network smoother or smaller, -1 if less does.
    lbfgs : Clash or None
    """

    default: Any
    allowed: list
    per_layer: bool = False
    varies: bool = False
    off: Any = NEVER
    regularizes: int = 0
    lbfgs: Clash | None = None


FIXED = "its line search needs an objective that does not change from call to call"

SHARED: dict[str, Row] = {
    "hidden_layer_sizes": Row((100,), ["array-like", COUNT], regularizes=-1),
    "activation": Row("relu", [Choice(ACTIVATIONS)]),
    "solver": Row("adam", [Choice(OPTIMIZERS, "lbfgs")]),
    "alpha": Row(
        1e-4,
        [NON_NEGATIVE, "array-like"],
        per_layer=True,
        varies=True,
        regularizes=1,
    ),
    "batch_size": Row("auto", [StrOptions({"auto"}), COUNT]),
    "learning_rate": Row("constant", [Choice(SCHEDULES), callable]),
    "learning_rate_init": Row(1e-3, [POSITIVE], varies=True),
    "power_t": Row(0.5, [NON_NEGATIVE]),
    "max_iter": Row(200, [COUNT]),
    "shuffle": Row(True, ["boolean"]),
    "random_state": Row(None, ["random_state"], varies=True),
    "tol": Row(1e-4, [NON_NEGATIVE]),
    "verbose": Row(False, ["verbose"]),
    "warm_start": Row(False, ["boolean"]),
    "momentum": Row(0.9, [SHARE], varies=True),
    "nesterovs_momentum": Row(True, ["boolean"]),
    "early_stopping": Row(False, ["boolean"]),
    "validation_fraction": Row(0.1, [BELOW_ONE]),
    "beta_1": Row(0.9, [BELOW_ONE]),
    "beta_2": Row(0.999, [BELOW_ONE]),
    "epsilon": Row(1e-8, [POSITIVE]),
    "n_iter_no_change": Row(10, [COUNT, Options(Real, {np.inf})]),
    "max_fun": Row(15000, [COUNT]),
    "init": Row("glorot_uniform", [Choice(INITIALIZERS, "auto"), callable]),
    "bias_init": Row(
        "zeros", [Choice(INITIALIZERS, "auto", "data", but="orthogonal"), callable]
    ),
    "penalty": Row("l2", [Choice(PENALTIES), None]),
    "l1_ratio": Row(0.5, [SHARE, "array-like"], per_layer=True, varies=True),
    "alpha_bias": Row(
        0.0,
        [NON_NEGATIVE, "array-like"],
        per_layer=True,
        varies=True,
        regularizes=1,
    ),
    "dropout": Row(
        0.0,
        [BELOW_ONE, "array-like"],
        per_layer=True,
        varies=True,
        off=0,
        regularizes=1,
        lbfgs=Clash(FIXED, 0),
    ),
    "input_dropout": Row(
        0.0,
        [BELOW_ONE],
        varies=True,
        off=0,
        regularizes=1,
        lbfgs=Clash(FIXED, 0),
    ),
    "scoring": Row("loss", [Scorer("loss"), callable, None]),
    "dtype": Row("auto", [StrOptions({"auto", "float32", "float64"})]),
    "normalization": Row(
        None,
        [Choice(NORMALIZATIONS), None],
        lbfgs=Clash(
            "batch statistics are learned from mini-batches",
            "layer",
            lambda value: value == "batch",
        ),
    ),
    "residual": Row(False, ["boolean"]),
    "input_noise": Row(
        0.0,
        [NON_NEGATIVE],
        varies=True,
        off=0,
        regularizes=1,
        lbfgs=Clash(FIXED, 0),
    ),
    "input_scale": Row(0.0, [NON_NEGATIVE]),
    "max_norm": Row(
        None,
        [POSITIVE, None],
        varies=True,
        off=None,
        regularizes=-1,
        lbfgs=Clash("its steps cannot be cut", None),
    ),
    "clip_norm": Row(
        None,
        [POSITIVE, None],
        varies=True,
        off=None,
        lbfgs=Clash("its line search needs the true gradient", None),
    ),
    "averaging": Row(
        0.0,
        [BELOW_ONE],
        varies=True,
        off=0,
        lbfgs=Clash("its iterations have no noise to average", 0),
    ),
    "warmup_fraction": Row(0.1, [BELOW_ONE]),
    "decay_rate": Row(0.5, [Interval(Real, 0, 1, closed="right")]),
    "decay_epochs": Row(20, [COUNT]),
}

CLASSIFIER: dict[str, Row] = {
    "class_weight": Row(
        None, [Weights(Real, 0, None, closed="left"), StrOptions({"balanced"}), None]
    ),
    "label_smoothing": Row(0.0, [BELOW_ONE], regularizes=1),
}

REGRESSOR: dict[str, Row] = {
    "loss": Row("squared_error", [Choice(REGRESSION_LOSSES)]),
    "huber_delta": Row(1.0, [POSITIVE]),
    "quantile": Row(
        0.5,
        [
            Interval(Real, 0, 1, closed="neither"),
            Increasing(Real, 0, 1, closed="neither"),
        ],
    ),
}

ALL = SHARED | CLASSIFIER | REGRESSOR


def constraints(*tables: dict[str, Row]) -> dict[str, list]:
    """``_parameter_constraints`` of an estimator with these hyperparameters."""
    return {name: row.allowed for table in tables for name, row in table.items()}


def check_entries(model) -> None:
    """Each entry of a hyperparameter that is one a layer is allowed as it would alone.

    What is a number has been checked by scikit-learn's constraints.
    """
    for name, row in SHARED.items():
        value = getattr(model, name)
        if row.per_layer and not isinstance(value, Real):
            allowed, numbers = row.allowed[0], entries(value)
            if numbers is None or not all(map(allowed.is_satisfied_by, numbers)):
                raise ValueError(
                    f"The {name!r} parameter of {type(model).__name__} must be "
                    f"{allowed}, or an array of such, one a layer. Got {value!r} "
                    "instead."
                )


def check_lbfgs(model) -> None:
    """Refuse what has no meaning for a full-batch solver with a line search."""
    if model.solver != "lbfgs":
        return
    for name, row in SHARED.items():
        clash, value = row.lbfgs, getattr(model, name)
        if clash is not None and clash.occurs(value):
            raise refused(name, value, clash.reason, clash.instead)


def refused(name: str, value, reason: str, instead) -> ValueError:
    """Why ``lbfgs`` cannot be used with a hyperparameter."""
    return ValueError(
        f"solver='lbfgs' cannot be used with {name}={value!r}: {reason}. Set "
        f"{name}={instead!r} or use a stochastic solver such as solver='adam'."
    )
