"""What happened in each epoch: a dict of lists, ready for ``pandas.DataFrame``."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Row = dict[str, NDArray | float]


@dataclass
class History:
    """One row an epoch.

    A cell is a number for all models, (K,), or (K, n): then it stands for n columns,
    ``<name>_0`` and on. Columns: ``loss`` (the objective J), ``penalty`` (its Ω),
    ``learning_rate``, the Euclidean norms of each layer's weights, ``weight_norm``, and
    of their gradient in the epoch's last step, ``gradient_norm``; with validation data
    ``validation_loss`` and ``validation_score``.
    """

    rows: list[Row] = field(default_factory=list)

    def append(self, row: Row) -> None:
        """Add an epoch."""
        self.rows.append(row)

    def column(self, name: str, start: int = 0) -> list[NDArray | float]:
        """The cells of one column, from an epoch on."""
        return [row[name] for row in self.rows[start:]]

    def of_model(self, k: int, start: int = 0) -> dict[str, list[float]]:
        """The columns of one model from an epoch on, as plain floats."""
        table: dict[str, list[float]] = {}
        for name in self.rows[0] if self.rows[start:] else ():
            cells = self.column(name, start)
            column = np.array([c[k] if isinstance(c, np.ndarray) else c for c in cells])
            if column.ndim == 1:
                table[name] = column.tolist()
            else:
                for i, part in enumerate(column.T):
                    table[f"{name}_{i}"] = part.tolist()
        return table
