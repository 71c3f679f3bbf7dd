"""What a fitted regressor says of the distribution of its targets.

A loss may describe it (``std``, ``quantiles``), and passes of a random network may
sample it. Which of these a network has is asked here, and what it lacks refused.
"""

from __future__ import annotations

from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri
from sklearn.utils.validation import check_is_fitted

from sknnreg._hyperparameters import entries
from sknnreg._sklearn import Interval

SET_DROPOUT = "set dropout, input_dropout or input_noise before fit"


def moments(model, X, n_samples: int) -> tuple[NDArray, NDArray]:
    """Mean and standard deviation, (n,) or (n, n_targets) each.

    By the law of total variance where a random network predicts the variance of each
    pass, too: Var y = E[σ²] + Var[μ].
    """
    check_is_fitted(model)
    target, loss = model._target, model._network.loss
    predicts_std = hasattr(loss, "std")
    if not (predicts_std or model._is_random):
        raise ValueError(
            "return_std=True needs a network that predicts its variance or is random: "
            f"set loss='gaussian', or {SET_DROPOUT}."
        )
    if not model._is_random:
        raw = model._raw_predict(X)
        return target.decode(raw), target.shaped(loss.std(raw))
    raw = model._sample_raw(X, n_samples)
    within = target.shaped(loss.std(raw) ** 2).mean(axis=0) if predicts_std else 0
    samples = target.decode(raw)
    return samples.mean(axis=0), np.sqrt(samples.var(axis=0) + within)


def quantiles(model, X, quantile: ArrayLike | None, n_samples: int) -> NDArray:
    """Quantiles (n, n_quantiles) or (n, n_targets, n_quantiles)."""
    check_is_fitted(model)
    loss = model._network.loss
    if hasattr(loss, "quantiles"):
        which = slice(None) if quantile is None else places(loss.quantile, quantile)
        answer = loss.quantiles(model._raw_predict(X))[..., which]
        return answer[:, 0] if answer.shape[1] == 1 else answer
    wanted = shares(model.quantile if quantile is None else quantile)
    if hasattr(loss, "std"):
        mean, std = moments(model, X, n_samples)
        z = ndtri(wanted).astype(std.dtype)
        return mean[..., None] + std[..., None] * z
    if not model._is_random:
        raise ValueError(
            "Quantiles need a network that predicts a distribution or is random: set "
            f"loss='quantile' or loss='gaussian', or {SET_DROPOUT}."
        )
    samples = model.sample_predict(X, n_samples)
    answer = np.quantile(samples, wanted, axis=0).astype(samples.dtype, copy=False)
    return np.moveaxis(answer, 0, -1)


def shares(quantile: ArrayLike) -> NDArray:
    """Quantiles that are asked for, (n_quantiles,), each in (0, 1)."""
    answer, allowed = entries(quantile), Interval(Real, 0, 1, closed="neither")
    if not answer or not all(map(allowed.is_satisfied_by, answer)):
        raise ValueError(
            f"quantile must be a number in (0, 1) or several. Got {quantile!r}."
        )
    return np.array(answer, float)


def places(known: NDArray, quantile: ArrayLike) -> NDArray:
    """Where the quantiles that are asked for stand among the known ones."""
    wanted = shares(quantile)
    # 0.05 is not (1 - 0.9) / 2 to the last bit
    equal = np.isclose(wanted[:, None], known, rtol=0, atol=1e-9)
    if not equal.any(axis=1).all():
        raise ValueError(
            f"This network predicts the quantiles {known.tolist()}. Got "
            f"quantile={quantile!r}: fit it with quantile=[...] that has these, or use "
            "loss='gaussian', which has all."
        )
    return equal.argmax(axis=1)
