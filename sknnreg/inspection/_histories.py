"""What was recorded of each epoch, in networks and in searches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from sknnreg._report import score_name

History = Mapping[str, Sequence[float]]


def name_of_loss(model: Any) -> str:
    """Label for the loss that a network minimizes."""
    if is_classifier(model):
        return "Cross-entropy (nats)"
    return f"Loss ({model.loss.replace('_', ' ')})"


def losses(histories: Sequence[History]) -> dict[str, Any]:
    """Training loss without the penalty, validation loss, and penalty, of each."""

    def column(history: History, name: str) -> Any:
        return np.asarray(history[name], float) if name in history else None

    return {
        "training_loss": [column(h, "loss") - column(h, "penalty") for h in histories],
        "validation_loss": [column(h, "validation_loss") for h in histories],
        "penalty": [column(h, "penalty") for h in histories],
    }


def best_epoch(model: Any) -> tuple[int, str, str]:
    """The epoch to mark, from 1; on which loss; and by what, if not by that loss.

    With early stopping the one that was kept. Without, validation data have decided
    nothing, and the epoch that is best on them is what there is to see.
    """
    if model.best_validation_score_ is not None:
        by = "" if model.scoring == "loss" else score_name(model)
        return model.best_iter_, "validation", by
    validation = np.asarray(model.history_.get("validation_loss", []), float)
    if np.isfinite(validation).any():
        return 1 + int(np.nanargmin(validation)), "validation", ""
    return model.best_iter_, "training", ""


def row_of(search: Any, candidate: int | str) -> int:
    """The number of a candidate of a search that has recorded histories."""
    results = getattr(search, "cv_results_", {})
    if "split0_history" not in results:
        raise ValueError(
            f"This {type(search).__name__} is not fitted or has recorded no histories: "
            "take a fused search, such as FusedGridSearchCV, with return_history=True."
        )
    n = len(results["params"])
    if isinstance(candidate, str):
        if candidate != "best" or not hasattr(search, "best_index_"):
            raise ValueError(
                'candidate must be an index into cv_results_, or "best" for a search '
                f"that has a best_index_. Got {candidate!r}."
            )
        return int(search.best_index_)
    if not 0 <= candidate < n:
        raise ValueError(f"candidate must be from 0 to {n - 1}. Got {candidate!r}.")
    return int(candidate)


def of_folds(search: Any, row: int) -> tuple[list[History], list[int | None]]:
    """A candidate's histories and best epochs, of the folds that did not fail."""
    results = search.cv_results_
    histories, best = [], []
    for i in range(search.n_splits_):
        history, epoch = (
            results[f"split{i}_{name}"][row] for name in ("history", "best_iter")
        )
        if history is not None:
            histories.append(history)
            best.append(int(epoch) if np.isfinite(epoch) else None)
    if not histories:
        raise ValueError(f"All fits of candidate {row} have failed.")
    return histories, best
