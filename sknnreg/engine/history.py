"""What happened in each epoch: a dict of lists, ready for ``pandas.DataFrame``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class History:
    """One row an epoch, one list a column; a cell is (K,) or a number for all models.

    Columns: ``loss`` (the objective J), ``penalty`` (its Ω), ``validation_loss``,
    ``validation_score``, ``learning_rate``, and the Euclidean norms
    ``weight_norm_<layer>`` and ``gradient_norm_<layer>``, the latter of the epoch's
    last step.
    """

    def __init__(self) -> None:
        self.columns: dict[str, list[NDArray | float]] = {}

    def append(self, **cells: NDArray | float) -> None:
        for name, cell in cells.items():
            self.columns.setdefault(name, []).append(cell)

    def of_model(self, k: int) -> dict[str, list[float]]:
        """The columns of one model, as plain floats."""
        return {
            name: [float(c[k] if isinstance(c, np.ndarray) else c) for c in cells]
            for name, cells in self.columns.items()
        }
