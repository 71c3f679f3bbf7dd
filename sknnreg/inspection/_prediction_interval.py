"""Prediction intervals, and what they miss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_consistent_length, column_or_1d

from sknnreg.inspection._common import BLUE, VERMILION, one_axes
from sknnreg.uncertainty import predict_interval

if TYPE_CHECKING:
    from typing import Self

    from matplotlib.axes import Axes


class PredictionIntervalDisplay:
    """Prediction intervals of single rows, and the share of targets in them.

    It is recommended to use :meth:`from_estimator` or :meth:`from_predictions` to
    create a display. All parameters are stored as attributes.

    Parameters
    ----------
    y_true, y_pred : ndarray of shape (n_samples,)
        Targets and predictions.

    lower, upper : ndarray of shape (n_samples,)
        Ends of the intervals.

    coverage : float, default=None
        Share of targets that the intervals were made to hold.

    Attributes
    ----------
    measured_coverage_ : float
        Share of all targets that lie in their intervals, ends included.

    mean_width_ : float
        Mean width of all intervals.

    rows_ : ndarray of int
        The rows that are drawn, sorted by prediction.

    ax_ : matplotlib Axes
        Axes with the intervals.

    figure_ : matplotlib Figure
        Figure with the intervals.

    intervals_ : tuple of 2 matplotlib LineCollection
        Those that hold their target, and those that miss it.

    points_ : tuple of 2 matplotlib Line2D
        The targets of the same.

    line_ : matplotlib Line2D
        The predictions.

    Examples
    --------
    >>> import numpy as np
    >>> from sknnreg.inspection import PredictionIntervalDisplay
    >>> y_pred = np.linspace(0, 1, 20)
    >>> y_true = y_pred + np.tile([0.1, -0.1, 0.3, 0.0], 5)
    >>> display = PredictionIntervalDisplay.from_predictions(
    ...     y_true, y_pred, y_pred - 0.2, y_pred + 0.2, coverage=0.8
    ... )
    >>> display.measured_coverage_
    0.75
    """

    def __init__(
        self,
        *,
        y_true: NDArray,
        y_pred: NDArray,
        lower: NDArray,
        upper: NDArray,
        coverage: float | None = None,
    ) -> None:
        self.y_true = y_true
        self.y_pred = y_pred
        self.lower = lower
        self.upper = upper
        self.coverage = coverage

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        y: ArrayLike,
        *,
        coverage: float = 0.9,
        ax: Axes | None = None,
        **plot_params: Any,
    ) -> Self:
        """Plot the intervals that a regressor predicts.

        Parameters
        ----------
        estimator : estimator
            A fitted regressor that
            :func:`~sknnreg.uncertainty.predict_interval` takes, such as a search over
            networks with ``loss="gaussian"``; or any that has a method
            ``predict_interval(X, coverage)``, which gives an array of shape
            (n_samples, 2).

        X : array-like of shape (n_samples, n_features)
            Inputs that it was not fitted to.

        y : array-like of shape (n_samples,)
            Targets.

        coverage : float, default=0.9
            Share of targets that the intervals are to hold.

        ax : matplotlib Axes, default=None
            Axes to plot on. None: a new figure's.

        **plot_params : dict
            As for :meth:`plot`.

        Returns
        -------
        display : PredictionIntervalDisplay
        """
        if hasattr(estimator, "predict_interval"):
            interval = estimator.predict_interval(X, coverage)
        else:
            interval = predict_interval(estimator, X, coverage)
        lower, upper = np.asarray(interval).T
        return cls.from_predictions(
            y,
            estimator.predict(X),
            lower,
            upper,
            coverage=coverage,
            ax=ax,
            **plot_params,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        lower: ArrayLike,
        upper: ArrayLike,
        *,
        coverage: float | None = None,
        ax: Axes | None = None,
        **plot_params: Any,
    ) -> Self:
        """Plot intervals that are given.

        Parameters
        ----------
        y_true, y_pred : array-like of shape (n_samples,)
            Targets and predictions.

        lower, upper : array-like of shape (n_samples,)
            Ends of the intervals.

        coverage : float, default=None
            Share of targets that the intervals were made to hold, for the title.

        ax : matplotlib Axes, default=None
            Axes to plot on. None: a new figure's.

        **plot_params : dict
            As for :meth:`plot`.

        Returns
        -------
        display : PredictionIntervalDisplay

        Raises
        ------
        ValueError
            If the lengths differ, an interval ends below its beginning, or there is
            more than one output.
        """
        check_consistent_length(y_true, y_pred, lower, upper)
        columns = [column_or_1d(column) for column in (y_true, y_pred, lower, upper)]
        n_crossed = np.count_nonzero(columns[2] > columns[3])
        if n_crossed:
            raise ValueError(
                f"lower must not be above upper; it is in {n_crossed} of "
                f"{len(columns[2])} rows."
            )
        names = ("y_true", "y_pred", "lower", "upper")
        display = cls(**dict(zip(names, columns, strict=True)), coverage=coverage)
        return display.plot(ax, **plot_params)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        max_rows: int = 80,
        target_name: str = "Target",
    ) -> Self:
        """Plot the intervals.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot on. None: a new figure's.

        max_rows : int, default=80
            Largest number of rows that are drawn, at equal distances in the order of
            their predictions. Coverage and width are those of all rows.

        target_name : str, default="Target"
            Label of the y axis.

        Returns
        -------
        display : PredictionIntervalDisplay
        """
        self.ax_ = ax = one_axes(f"{type(self).__name__}.plot", ax)
        self.figure_ = ax.figure
        n = len(self.y_true)
        inside = (self.lower <= self.y_true) & (self.y_true <= self.upper)
        self.measured_coverage_ = float(np.mean(inside))
        self.mean_width_ = float(np.mean(self.upper - self.lower))
        at = np.linspace(0, n - 1, min(n, max_rows)).round().astype(int)
        self.rows_ = np.argsort(self.y_pred, kind="stable")[at]
        place = np.arange(1, len(at) + 1)
        self.line_ = ax.plot(
            place, self.y_pred[self.rows_], color="black", lw=1, label="prediction"
        )[0]
        groups = [
            self._draw(place, inside[self.rows_], BLUE, "o", "target inside"),
            self._draw(place, ~inside[self.rows_], VERMILION, "X", "target outside"),
        ]
        self.intervals_, self.points_ = zip(*groups, strict=True)
        share = f"Coverage {self.measured_coverage_:.1%}"
        if self.coverage is not None:
            share += f" (nominal {100 * self.coverage:.3g}%)"
        shown = "Row" if len(at) == n else f"{len(at)} of {n} rows"
        ax.set(
            xlabel=f"{shown}, sorted by prediction",
            ylabel=target_name,
            title=f"{share}, mean width {self.mean_width_:.3g}{self._limit()}",
        )
        ax.legend(fontsize="small", loc="upper left")
        return self

    def _limit(self) -> str:
        """Cut a few intervals that would make all others flat, and say so."""
        rows = self.rows_
        ends = np.stack([self.lower[rows], self.upper[rows]])
        within = np.concatenate([self.y_true[rows], np.quantile(ends, [0.03, 0.97])])
        low, high = within.min(), within.max()
        margin = 0.1 * (high - low)
        if np.ptp(ends) < 3 * (high - low + 2 * margin):
            return ""
        self.ax_.set_ylim(low - margin, high + margin)
        beyond = (ends[0] < low - margin) | (ends[1] > high + margin)
        return f"\n{np.count_nonzero(beyond)} intervals reach beyond the frame"

    def _draw(self, place, which, color, marker, label) -> tuple[Any, Any]:
        """The intervals and the targets of some of the rows."""
        x, rows = place[which], self.rows_[which]
        intervals = self.ax_.vlines(
            x, self.lower[rows], self.upper[rows], color=color, alpha=0.45, lw=2
        )
        (points,) = self.ax_.plot(
            x,
            self.y_true[rows],
            color=color,
            linestyle="none",
            marker=marker,
            markersize=4 if marker == "o" else 7,
            label=label,
        )
        return intervals, points
