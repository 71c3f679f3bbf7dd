"""What happened in each epoch: a dict of lists, ready for ``pandas.DataFrame``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class History:
    """One row an epoch, one list a column.

    A cell is a number for all models, (K,), or (K, n): then it stands for n columns,
    ``<name>_0`` and on. Columns: ``loss`` (the objective J), ``penalty`` (its Ω),
    ``learning_rate``, the Euclidean norms of each layer's weights, ``weight_norm``, and
    of their gradient in the epoch's last step, ``gradient_norm``; with validation data
    ``validation_loss`` and ``validation_score``.
    """

    def __init__(self) -> None:
        self.columns: dict[str, list[NDArray | float]] = {}

    def append(self, cells: dict[str, NDArray | float]) -> None:
        """Add an epoch."""
        for name, cell in cells.items():
            self.columns.setdefault(name, []).append(cell)

    def take(self, which: NDArray) -> History:
        """The history of some of the models."""
        part = History()
        part.columns = {
            name: [
                cell[which] if isinstance(cell, np.ndarray) else cell for cell in cells
            ]
            for name, cells in self.columns.items()
        }
        return part

    def of_model(self, k: int) -> dict[str, list[float]]:
        """The columns of one model, as plain floats."""
        table: dict[str, list[float]] = {}
        for name, cells in self.columns.items():
            column = np.array([c[k] if isinstance(c, np.ndarray) else c for c in cells])
            if column.ndim == 1:
                table[name] = column.tolist()
            else:
                for i, part in enumerate(column.T):
                    table[f"{name}_{i}"] = part.tolist()
        return table
