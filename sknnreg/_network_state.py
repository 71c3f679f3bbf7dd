"""What of a fitted network is stored."""

from __future__ import annotations

from typing import Any

from sknnreg._assemble import build_network
from sknnreg._state import Stored, plain, restored
from sknnreg.engine.progress import Progress


class StoredNetwork(Stored):
    """A network: its layers are built again from the hyperparameters of its fit.

    These, in ``_made_of``, need not be the present ones. First values have been drawn,
    so a user's own ``init`` is not among them.
    """

    def _to_plain(self, state):
        if state.pop("_network", None) is None:  # not fitted
            return
        state["_target"] = state["_target"].learned()
        if "_progress" in state:
            state["_progress"] = plain(state["_progress"])

    def _from_plain(self, state):
        if "_made_of" not in state:
            return
        past: Any = object.__new__(type(self))
        vars(past).update(state | state["_made_of"], init="zeros", bias_init="zeros")
        try:
            target = past._new_target()
            target.recall(state["_target"])
            state["_network"] = build_network(
                [past],
                past.n_features_in_,
                past.n_outputs_,
                target.loss,
                past.coefs_[0].dtype,
            )
        except KeyError as error:
            raise ValueError(
                f"This {type(self).__name__} was fitted with {error}, a name that is "
                "not registered in this process. Register it before loading."
            ) from error
        state["_target"] = target
        if "_progress" in state:
            state["_progress"] = restored(Progress, state["_progress"])
