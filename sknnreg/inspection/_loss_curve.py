"""Losses over the epochs."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sknnreg._composition import with_parameters
from sknnreg.inspection._common import (
    BLUE,
    GREEN,
    GREY,
    VERMILION,
    find_network,
    fitted_network,
    looks,
    one_axes,
    several,
    style,
    text_of,
)
from sknnreg.inspection._histories import (
    best_epoch,
    losses,
    name_of_loss,
    of_folds,
    row_of,
)

if TYPE_CHECKING:
    from typing import Self

    from matplotlib.axes import Axes

#: the look of each quantity; of one curve all three are told apart by colour as well
STYLES = {
    "training": {"color": BLUE, "linestyle": "-"},
    "validation": {"color": VERMILION, "linestyle": "--"},
    "penalty": {"color": GREEN, "linestyle": ":"},
}

#: the mark of the best epoch
BEST: dict[str, Any] = {
    "marker": "o",
    "markersize": 8,
    "markeredgecolor": "black",
    "linestyle": "none",
    "zorder": 3,
}


class LossCurveDisplay:
    """Training and validation loss over the epochs.

    The training loss is without the penalty, so that it compares with the validation
    loss: ``history_["loss"] - history_["penalty"]``.

    It is recommended to use :meth:`from_estimator` or :meth:`from_search` to create a
    display. All parameters are stored as attributes.

    Parameters
    ----------
    training_loss : list of array-like of shape (n_epochs,)
        One entry a curve: for each network, or for each fold.

    validation_loss, penalty : list of array-like or None, default=None
        The same; an entry is None where there is no such quantity.

    best_iter : list of int or None, default=None
        Best epoch of each curve, counted from 1.

    monitor : list of {"training", "validation"}, default=None
        Which loss of each curve the best epoch is marked on. None: the validation loss
        where there is one.

    criterion : list of str, default=None
        By what each best epoch is the best, if not by that loss.

    name : list of str or None, default=None
        Name of each curve, for the legend.

    folds : bool, default=False
        Whether the curves are folds of one candidate, to be drawn with their mean.

    loss_name : str, default="Loss"
        Label of the y axis.

    title : str, default=None
        Title of the axes.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curves.

    figure_ : matplotlib Figure
        Figure with the curves.

    lines_ : dict of {str: list of matplotlib Line2D or None}
        For "training", "validation" and "penalty" the line of each curve; None where
        there is none, or it was not to be drawn.

    mean_lines_ : dict of {str: matplotlib Line2D}
        The means over folds. Empty if the curves are no folds.

    best_points_ : list of matplotlib Line2D or None
        The mark of each curve's best epoch.

    See Also
    --------
    sknnreg.model_selection.FusedGridSearchCV : Search that records the histories with
        ``return_history=True``.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknnreg import MLPClassifierScratch
    >>> from sknnreg.inspection import LossCurveDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifierScratch((10,), early_stopping=True, tol=0.1).fit(X, y)
    >>> display = LossCurveDisplay.from_estimator(model)
    >>> display.ax_.get_xlabel()
    'Epoch'
    """

    def __init__(
        self,
        *,
        training_loss: Sequence[ArrayLike],
        validation_loss: Sequence[ArrayLike | None] | None = None,
        penalty: Sequence[ArrayLike | None] | None = None,
        best_iter: Sequence[int | None] | None = None,
        monitor: Sequence[str] | None = None,
        criterion: Sequence[str] | None = None,
        name: Sequence[str | None] | None = None,
        folds: bool = False,
        loss_name: str = "Loss",
        title: str | None = None,
    ) -> None:
        self.training_loss = training_loss
        self.validation_loss = validation_loss
        self.penalty = penalty
        self.best_iter = best_iter
        self.monitor = monitor
        self.criterion = criterion
        self.name = name
        self.folds = folds
        self.loss_name = loss_name
        self.title = title

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        name: str | Sequence[str] | None = None,
        loss_name: str | None = None,
        ax: Axes | None = None,
        **plot_params: Any,
    ) -> Self:
        """Plot the losses of one or several fitted networks.

        Parameters
        ----------
        estimator : estimator, list of estimators, or dict of {str: estimator}
            A fitted network, a pipeline that ends in one, a
            ``TransformedTargetRegressor`` around either, or a fitted search, of which
            the best estimator is taken; or several of these.

        name : str or list of str, default=None
            Names for the legend.

        loss_name : str, default=None
            Label of the y axis. None: the loss that the networks minimize.

        ax : matplotlib Axes, default=None
            Axes to plot on. None: a new figure's.

        **plot_params : dict
            As for :meth:`plot`.

        Returns
        -------
        display : LossCurveDisplay

        Raises
        ------
        ValueError
            If there is no fitted network in an estimator.
        """
        found = several(estimator, name)
        models = [fitted_network(each) for each in found.values()]
        labels = {name_of_loss(model) for model in models}
        best, monitor, criterion = zip(*map(best_epoch, models), strict=True)
        display = cls(
            **losses([model.history_ for model in models]),
            best_iter=best,
            monitor=monitor,
            criterion=criterion,
            name=list(found),
            loss_name=loss_name or (labels.pop() if len(labels) == 1 else "Loss"),
        )
        return display.plot(ax, **plot_params)

    @classmethod
    def from_search(
        cls,
        search: Any,
        *,
        candidate: int | str = "best",
        loss_name: str | None = None,
        ax: Axes | None = None,
        **plot_params: Any,
    ) -> Self:
        """Plot the losses of one candidate of a search, fold by fold.

        Parameters
        ----------
        search : fitted search
            Made with ``return_history=True``.

        candidate : int or "best", default="best"
            Its row in ``cv_results_``; "best" is ``best_index_``.

        loss_name, ax, **plot_params :
            As for :meth:`from_estimator`.

        Returns
        -------
        display : LossCurveDisplay

        Raises
        ------
        ValueError
            If the search has no histories, or the candidate none that are left.
        """
        row = row_of(search, candidate)
        histories, best = of_folds(search, row)
        params = search.cv_results_["params"][row]
        network = find_network(with_parameters(search.estimator, params))
        settings = [f"{n.rpartition('__')[2]}={text_of(v)}" for n, v in params.items()]
        display = cls(
            **losses(histories),
            best_iter=best,
            folds=True,
            loss_name=loss_name or name_of_loss(network),
            title=textwrap.fill(f"candidate {row}: {', '.join(settings)}", 62),
        )
        return display.plot(ax, **plot_params)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        penalty: bool = False,
        log: bool = False,
        line_kwargs: dict[str, Any] | None = None,
    ) -> Self:
        """Plot the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot on. None: a new figure's.

        penalty : bool, default=False
            Whether to draw the penalty too, as a line of its own.

        log : bool, default=False
            Whether the y axis is logarithmic. A linear one leaves out the first epochs
            where they would make the rest flat.

        line_kwargs : dict, default=None
            Keywords of ``plot`` for all lines.

        Returns
        -------
        display : LossCurveDisplay
        """
        self.ax_ = ax = one_axes(f"{type(self).__name__}.plot", ax)
        self.figure_ = ax.figure
        shown = [q for q in STYLES if penalty or q != "penalty"]
        curves = {q: self._curves(q) if q in shown else self._nothing() for q in STYLES}
        self._looks = looks(len(self.training_loss))
        self.lines_ = {
            quantity: [
                None if y is None else self._line(quantity, i, y, line_kwargs)
                for i, y in enumerate(rows)
            ]
            for quantity, rows in curves.items()
        }
        self.mean_lines_ = self._means(curves, line_kwargs) if self.folds else {}
        self.best_points_ = [self._mark(i) for i in range(len(self.training_loss))]
        ax.set(xlabel="Epoch", ylabel=self.loss_name)
        if self.title is not None:
            ax.set_title(self.title, fontsize="medium")
        ax.locator_params("x", integer=True)
        if log:
            ax.set_yscale("log", nonpositive="mask")
        else:
            drawn = (y for rows in curves.values() for y in rows if y is not None)
            ax.set_ylim(*_limits(list(drawn)))
        self._legend()
        return self

    def _nothing(self) -> list[None]:
        return [None] * len(self.training_loss)

    def _curves(self, quantity: str) -> list[NDArray | None]:
        """A quantity of each curve as an array; None where it is not known at all."""
        name = quantity if quantity == "penalty" else f"{quantity}_loss"
        rows = getattr(self, name) or self._nothing()
        arrays = [None if row is None else np.asarray(row, float) for row in rows]
        return [a if a is not None and np.isfinite(a).any() else None for a in arrays]

    def _line(self, quantity, i, y, line_kwargs):
        look: dict[str, Any] = STYLES[quantity] | {"label": quantity}
        if self.folds:
            look |= {"linewidth": 0.8, "alpha": 0.4, "label": "_"}
        elif len(self.training_loss) > 1:
            look["color"] = self._looks[i]["color"]
        x = np.arange(1, len(y) + 1)
        return self.ax_.plot(x, y, **style(look, line_kwargs))[0]

    def _means(self, curves, line_kwargs):
        """Means over the folds, for the epochs that all have."""
        lines = {}
        for quantity, every in curves.items():
            rows = [row for row in every if row is not None]
            if rows:
                x = np.arange(1, 1 + min(len(row) for row in rows))
                mean = np.mean([row[: len(x)] for row in rows], axis=0)
                label = f"{quantity}, mean of {len(rows)} folds"
                look = STYLES[quantity] | {"linewidth": 2.0, "label": label}
                lines[quantity] = self.ax_.plot(x, mean, **style(look, line_kwargs))[0]
        return lines

    def _mark(self, i):
        """The best epoch of a curve."""
        epoch = None if self.best_iter is None else self.best_iter[i]
        monitor = "validation" if self.monitor is None else self.monitor[i]
        line = self.lines_[monitor][i] or self.lines_["training"][i]
        if line is None or not epoch or epoch > len(line.get_ydata()):
            return None
        look = BEST | {"color": line.get_color(), "label": "_"}
        if self.folds:
            look["markersize"] = 5
        elif len(self.training_loss) > 1:
            look["marker"] = self._looks[i]["marker"]
        else:
            look["label"] = self._best_label(i, epoch)
        return self.ax_.plot(epoch, line.get_ydata()[epoch - 1], **look)[0]

    def _best_label(self, i, epoch):
        by = self.criterion[i] if self.criterion is not None else ""
        return f"best epoch{by and ' by ' + by}: {epoch}"

    def _legend(self):
        if not self.folds and len(self.training_loss) == 1:
            self.ax_.legend(title=None if self.name is None else self.name[0])
            return
        entries = self._fold_entries() if self.folds else self._network_entries()
        # two columns: networks beside quantities
        self.ax_.legend(handles=entries, fontsize="small", ncols=1 + (not self.folds))

    def _fold_entries(self):
        """The means, and one entry for all best epochs."""
        entries = list(self.mean_lines_.values())
        points = [point for point in self.best_points_ if point is not None]
        if points:
            median = np.median([point.get_xdata()[0] for point in points])
            label = f"best epoch of each fold (median: {median:g})"
            look = BEST | {"markersize": 5, "color": points[0].get_color()}
            entries.append(_entry(label, **look))
        return entries

    def _network_entries(self):
        """One for each network, by colour, and one for each quantity, by dashes."""
        entries = []
        for i, look in enumerate(self._looks):
            label, marker = str(i + 1 if self.name is None else self.name[i]), "none"
            if self.best_points_[i] is not None:
                epoch = self.best_points_[i].get_xdata()[0]
                label += f" ({self._best_label(i, epoch)})"
                marker = look["marker"]
            entries.append(_entry(label, color=look["color"], marker=marker))
        drawn = [q for q, lines in self.lines_.items() if any(lines)]
        for quantity in drawn if len(drawn) > 1 else ():
            dashes = STYLES[quantity]["linestyle"]
            entries.append(_entry(quantity, color=GREY, linestyle=dashes))
        return entries


def _entry(label: str, **look: Any) -> Any:
    """A line that is in the legend only."""
    from matplotlib.lines import Line2D

    return Line2D([], [], label=label, **look)


def _limits(curves: Sequence[NDArray]) -> tuple[float, float]:
    """Limits of y that the first epochs do not decide alone."""
    late = [y[max(2, len(y) // 10) :] for y in curves if len(y) > 4] or curves
    values, settled = (np.concatenate(rows) for rows in (curves, late))
    values, settled = (v[np.isfinite(v)] for v in (values, settled))
    low, high = values.min(), values.max()
    top = low + 1.3 * (settled.max(initial=low) - low)
    if low < top < low + 0.5 * (high - low):
        high = top
    margin = 0.05 * (high - low) or 0.5
    return low - margin, high + margin
