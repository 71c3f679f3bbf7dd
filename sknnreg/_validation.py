"""The score of each epoch on validation data."""

from __future__ import annotations

import copy
import inspect
from functools import partial

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import check_scoring

from sknnreg._checks import number
from sknnreg._data import Data
from sknnreg._fitted import about, arrays
from sknnreg.engine.network import Bound


class ValidationScore:
    """Loss and score (K,) of the present parameters.

    Parameters
    ----------
    models : list of estimators
        K of them, with the same ``scoring``: ``"loss"`` is minus the validation loss.
    bound : Bound
        The network at work.
    data : Data
        With validation data.
    tolerant : bool
        Whether a scorer that raises is noted in ``failed``, its score being NaN.

    Attributes
    ----------
    failed : set of int
        Models whose scorer raised.
    """

    def __init__(
        self, models, bound: Bound, data: Data, tolerant: bool = False
    ) -> None:
        assert data.validation is not None
        self.bound, self.validation = bound, data.validation
        self.tolerant, self.failed = tolerant, set[int]()
        weight = self.validation.weight
        self.engine_weight = None if weight is None else np.atleast_2d(weight)
        #: X, y and weight of all models, or of each
        own = self.validation.parts or (self.validation,)
        if any(w is not None and not np.any(w) for w in (e.own_weight for e in own)):
            raise ValueError("All sample weights of the validation data are zero.")
        self.held_out: list = []
        self.live: list = []
        if models[0].scoring != "loss":
            self.held_out = [each.held_out for each in own]
            self.live = [self._live(model, data, k) for k, model in enumerate(models)]
            self.scorers = [self._find_scorer(w) for _, _, w in self.held_out]

    def _live(self, model, data: Data, k: int):
        """A stand-in whose coefficients are the engine's own arrays, always present."""
        live, network = copy.copy(model), self.bound.network
        for name in [n for n in vars(live) if n.endswith("_")]:
            delattr(live, name)  # of an earlier fit
        vars(live).update(
            about(model, network, data.of_model(k)),
            **arrays(network, self.bound.values, k),
        )
        vars(live).pop("feature_names_in_", None)  # the validation rows are an array
        live._raw_predict = partial(self._raw_predict, k, live)
        return live

    def _find_scorer(self, weight: NDArray | None):
        found = check_scoring(self.live[0], scoring=self.live[0].scoring)
        if weight is not None and _takes_weight(found):
            found = partial(found, sample_weight=weight)

        def scorer(*arguments):
            return number(found(*arguments), "scoring")

        if not self.tolerant:
            return scorer
        # of several scorers scikit-learn gives a traceback for each that raises
        several = check_scoring(self.live[0], scoring={"": scorer}, raise_exc=False)
        return lambda *arguments: several(*arguments)[""]

    def _raw_predict(self, k: int, live, X) -> NDArray:
        """Of the validation rows the outputs are known: all models' in one pass."""
        known = X is self.held_out[k % len(self.held_out)][0]
        return self.raw[k].copy() if known else type(live)._raw_predict(live, X)

    def __call__(self) -> tuple[NDArray, NDArray]:
        v = self.validation
        loss = self.bound.loss(v.X, v.target, self.engine_weight, v.rows)
        if not self.live:
            return loss, -loss
        rows = v.rows if v.parts else None
        self.raw = self.bound.predict(
            self.held_out[0][0] if rows is None else v.X, rows=rows
        )
        score = np.full(len(loss), np.nan)
        for k, live in enumerate(self.live):
            if np.isfinite(loss[k]):  # else scikit-learn's metrics would refuse
                X, y, _ = self.held_out[k % len(self.held_out)]
                answer = self.scorers[k % len(self.scorers)](live, X, y)
                if self.tolerant and isinstance(answer, str):
                    self.failed.add(k)  # the scorer's traceback
                else:
                    score[k] = answer
        return loss, score


def _takes_weight(scorer) -> bool:
    """Whether a scorer can be called with ``sample_weight``."""
    parameters = inspect.signature(scorer).parameters
    kinds = {p.kind for p in parameters.values()}
    return "sample_weight" in parameters or inspect.Parameter.VAR_KEYWORD in kinds
