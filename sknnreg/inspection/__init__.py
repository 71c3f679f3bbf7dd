"""Displays: what a training, a network or a search looks like."""

from sknnreg.inspection._loss_curve import LossCurveDisplay

__all__ = [
    "LossCurveDisplay",
]
