"""From a table as it comes to numbers that a network trains well on."""

from sknnreg.preprocessing._numbers import PiecewiseLinearEncoder, RobustClipScaler
from sknnreg.preprocessing._table import TablePreprocessor

__all__ = ["PiecewiseLinearEncoder", "RobustClipScaler", "TablePreprocessor"]
