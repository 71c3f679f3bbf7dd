"""What is said to a user who may have made a mistake, with the remedy."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable
from functools import update_wrapper, wraps
from types import MethodType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sknnreg._data import Data, Validation
from sknnreg._hyperparameters import ALL, Choice

#: rows that are looked at
SAMPLE = 1000

#: Of the largest to the smallest column, in their largest absolute values; what is
#: below LARGE anyway does no harm.
RANGES, LARGE = 1000.0, 100.0

#: Standard deviations of a target that default rates and tolerances are not made for;
#: and its distance from zero in these.
TARGET_STD, TARGET_MEAN = (0.01, 100.0), 10.0

#: what other libraries call it
WORDS = {
    "lr": "learning_rate_init",
    "eta": "learning_rate_init",
    "epochs": "max_iter",
    "n_epochs": "max_iter",
    "max_epochs": "max_iter",
    "weight_decay": "alpha",
    "lambda": "alpha",
    "optimizer": "solver",
    "patience": "n_iter_no_change",
    "hidden_size": "hidden_layer_sizes",
    "hidden_dims": "hidden_layer_sizes",
    "layers": "hidden_layer_sizes",
    "kernel_initializer": "init",
    "seed": "random_state",
    "criterion": "loss",
    "mse": "squared_error",
    "mae": "absolute_error",
    "pinball": "quantile",
    "swish": "silu",
    "sigmoid": "logistic",
    "linear": "identity",
    "he": "he_normal",
    "kaiming": "he_normal",
    "xavier": "xavier_normal",
    "glorot": "glorot_normal",
    "lasso": "l1",
    "ridge": "l2",
}

#: Validation columns whose mean is so many standard deviations off, or half of which
#: are so many times wider or narrower, do not come from where the training rows do.
SHIFT, WIDTH = 10.0, 20.0


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question to follow a message about an unknown name; maybe empty."""
    plain = {each.casefold(): each for each in known}
    word = WORDS.get(name.casefold())
    if word in plain:
        return f" Did you mean {word!r}?"
    close = difflib.get_close_matches(name.casefold(), plain, n=1)
    return f" Did you mean {plain[close[0]]!r}?" if close else ""


def hint(model) -> str:
    """What may help with a hyperparameter that has been refused; maybe empty."""
    loss = getattr(model, "loss", "")
    if not isinstance(loss, str) and (np.iterable(loss) or isinstance(loss, int)):
        return (
            " The first positional argument is the loss, as in scikit-learn's "
            f"MLPRegressor: write hidden_layer_sizes={loss!r}."
        )
    for name, value in model.get_params(deep=False).items():
        allowed = ALL[name].allowed if name in ALL else ()
        options = [o for each in allowed if isinstance(each, Choice) for o in each]
        if options and isinstance(value, str) and value not in options:
            return did_you_mean(value, options)
    return ""


@np.errstate(over="ignore", invalid="ignore")
def doubts(data: Data) -> list[str]:
    """What looks like a mistake in the data.

    Without numbers: what is said of each fold of a search should be said once.
    """
    said = []
    if data.validation is not None and data.validation.doubt:
        said.append(data.validation.doubt)
    if isinstance(data.X, np.ndarray):
        # few rows may show nothing of a rare category: then all are looked at
        said += ranges(_some(data.X, data.rows)) and ranges(data.X)
        given = data.validation
        if given is not None and given.rows is None:
            said += strangers(_some(data.X, None), given)
    if data.loss.link == "identity":
        said += target_ranges(_some(data.encoded, data.rows))
    return said


def _some(array: NDArray, rows: NDArray | None) -> NDArray:
    """Rows that stand for all: spread evenly, and not in step with any period."""
    n = len(array) if rows is None else len(rows)
    if n > SAMPLE:
        golden = (np.sqrt(5) - 1) / 2
        places = (np.arange(SAMPLE) * golden % 1 * n).astype(np.intp)
        rows = places if rows is None else rows[places]
    return array if rows is None else array[rows]


def ranges(X: NDArray) -> list[str]:
    """Columns of very different sizes."""
    # without a copy, which X may be too large for
    size = np.maximum(X.max(axis=0, initial=0.0), -X.min(axis=0, initial=0.0))
    size = size[size > 0]
    if not len(size) or size.max() < LARGE or size.max() < RANGES * size.min():
        return []
    return [
        f"The columns of X have very different ranges, by a factor above {RANGES:g}: "
        "one learning rate and one alpha cannot suit them all. Scale them, as with "
        "make_pipeline(StandardScaler(), ...)."
    ]


def target_ranges(y: NDArray) -> list[str]:
    """A target of a size that nothing is made for."""
    std, mean = y.std(axis=0), np.abs(y.mean(axis=0))
    varies = std > 0
    std, mean = std[varies], mean[varies]
    smallest, largest = TARGET_STD
    if not len(std):
        return []
    if std.max() > largest:
        off = f"has a standard deviation above {largest:g}"
    elif std.min() < smallest:
        off = f"has a standard deviation below {smallest:g}"
    elif (mean > TARGET_MEAN * std).any():
        off = f"is more than {TARGET_MEAN:g} standard deviations away from zero"
    else:
        return []
    return [
        f"The target {off}: learning_rate_init, tol and alpha take its unit, and "
        "biases start at zero. Scale it, as with TransformedTargetRegressor(..., "
        "transformer=StandardScaler())."
    ]


def strangers(X: NDArray, given: Validation) -> list[str]:
    """Validation data that seem to have missed the scaling of the training data."""
    if not isinstance(given.X, np.ndarray):
        return []
    other = _some(given.X, None)
    std, other_std = X.std(axis=0), other.std(axis=0)
    usable = std > 1e-6 * np.abs(X).max(axis=0, initial=0.0)
    shift = np.abs(other.mean(axis=0) - X.mean(axis=0))[usable]
    off = shift > SHIFT * std[usable]
    if len(other) >= 10:
        ratio = other_std[usable] / std[usable]
        # a column that is constant here may be a rare category
        wide = (ratio > WIDTH) | ((ratio > 0) & (ratio < 1 / WIDTH))
        if wide.mean() >= 0.5:
            off |= wide
    if not off.any():
        return []
    return [
        "X_val does not look like X: columns are in other ranges. Scale it by the "
        "scaler that X was scaled by. Validation data given to a pipeline go through "
        'its steps only if it has transform_input=["X_val"], its network '
        "set_fit_request(X_val=True, y_val=True), and metadata routing is enabled."
    ]


def dead_layer(model) -> list[str]:
    """Whether a penalty has left nothing of a layer."""
    if model.residual:  # its input goes around it
        return []
    for i, W in enumerate(model.coefs_):
        if not W.any():
            return [
                f"The penalty has set all weights of layer {i} to zero: predictions "
                "are the same for every row. A smaller alpha keeps some."
            ]
    return []


def suggesting(init: Callable[..., None]) -> Callable[..., None]:
    """A constructor that answers a wrong keyword with the one that may be meant."""
    known = list(inspect.signature(init).parameters)[1:]

    @wraps(init)
    def constructor(self, *args: Any, **kwargs: Any) -> None:
        unknown = [name for name in kwargs if name not in known]
        if unknown:
            raise TypeError(
                f"{type(self).__name__}.__init__() got an unexpected keyword argument "
                f"{unknown[0]!r}.{did_you_mean(unknown[0], known)}"
            )
        init(self, *args, **kwargs)

    return constructor


class OnlyIf:
    """A method that is there only where nothing speaks against it.

    As scikit-learn's ``available_if``, whose AttributeError says why not in its cause
    only: here it is in the first line.

    Parameters
    ----------
    reason : callable
        Of the estimator: gives why it has no such method, or None.
    """

    def __init__(self, reason: Callable[[Any], str | None]) -> None:
        self.reason = reason

    def __call__(self, method: Callable) -> OnlyIf:
        self.method = method
        update_wrapper(self, method)
        return self

    def __get__(self, model, owner) -> Callable:
        if model is None:
            return self.method
        reason = self.reason(model)
        if reason is not None:
            raise AttributeError(
                f"This {owner.__name__!r} has no attribute {self.method.__name__!r}: "
                f"{reason}"
            )
        return MethodType(self.method, model)
