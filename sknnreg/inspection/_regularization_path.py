"""Scores, zeros and norms along the strengths of a penalty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sknnreg.inspection._common import (
    BLUE,
    GREY,
    VERMILION,
    check_choice,
    looks,
    panels,
)
from sknnreg.inspection._parameter_axis import ParameterAxis
from sknnreg.model_selection._one_se import standard_error

if TYPE_CHECKING:
    from typing import Self

    from matplotlib.axes import Axes

KINDS = ("score", "zeros", "norms", "inputs", "all")

#: inputs that are named on their curves
N_NAMED = 6


class RegularizationPathDisplay:
    """Cross-validated scores, sparsity and norms along one hyperparameter.

    It is recommended to use :meth:`from_path` to create a display. All parameters are
    stored as attributes.

    Parameters
    ----------
    param_values : array-like of shape (n_values,)
        Values of the hyperparameter.

    scores : ndarray of shape (n_values, n_splits)
        Score of each value and split.

    best_index, best_index_1se : int
        The value with the best mean score, and the most regularized one within one
        standard error of it.

    zero_share : ndarray of shape (n_values,), default=None
        Share of the weights that are exactly zero.

    weight_norms : ndarray of shape (n_values, n_layers), default=None
        Euclidean norm of each layer's weights.

    input_norms : ndarray of shape (n_values, n_inputs), default=None
        Euclidean norm of the weights that leave each input.

    n_inputs_kept : ndarray of shape (n_values,), default=None
        Number of inputs whose weights are not all zero.

    feature_names : ndarray of str of shape (n_inputs,), default=None
        Names of the inputs.

    param : str, default="alpha"
        Name of the hyperparameter.

    score_name : str, default="Score"
        Name of the score.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        One for each kind that is drawn.

    figure_ : matplotlib Figure
        Figure with the axes.

    lines_ : dict of {str: list of matplotlib Line2D}
        The curves of each kind that is drawn.

    band_ : matplotlib PolyCollection
        One standard error around the mean score.

    best_lines_ : list of matplotlib Line2D
        For each axes a vertical line at the best value, and another at that of the
        one-standard-error rule where it differs.

    texts_ : list of matplotlib Text
        Names of the strongest inputs.

    See Also
    --------
    sknnreg.model_selection.regularization_path : What this draws.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknnreg import MLPClassifierScratch
    >>> from sknnreg.inspection import RegularizationPathDisplay
    >>> from sknnreg.model_selection import regularization_path
    >>> X, y = load_iris(return_X_y=True)
    >>> network = MLPClassifierScratch(
    ...     (10,), penalty="l1", learning_rate_init=0.05, random_state=0, tol=1.0,
    ...     n_iter_no_change=40,
    ... )
    >>> path = regularization_path(network, X, y, values=[0.0, 0.01, 0.1, 2.0])
    >>> display = RegularizationPathDisplay.from_path(path)
    >>> display.axes_[0].get_xlabel()
    'alpha'
    """

    def __init__(
        self,
        *,
        param_values: Sequence[Any] | NDArray,
        scores: NDArray,
        best_index: int,
        best_index_1se: int,
        zero_share: ArrayLike | None = None,
        weight_norms: NDArray | None = None,
        input_norms: NDArray | None = None,
        n_inputs_kept: ArrayLike | None = None,
        feature_names: Sequence[str] | NDArray | None = None,
        param: str = "alpha",
        score_name: str = "Score",
    ) -> None:
        self.param_values = param_values
        self.scores = scores
        self.best_index = best_index
        self.best_index_1se = best_index_1se
        self.zero_share = zero_share
        self.weight_norms = weight_norms
        self.input_norms = input_norms
        self.n_inputs_kept = n_inputs_kept
        self.feature_names = feature_names
        self.param = param
        self.score_name = score_name

    @classmethod
    def from_path(
        cls,
        path: Any,
        *,
        kind: str = "score",
        param: str | None = None,
        score_name: str | None = None,
        ax: Axes | Sequence[Axes] | None = None,
        **plot_params: Any,
    ) -> Self:
        """Plot what :func:`~sknnreg.model_selection.regularization_path` has found.

        Parameters
        ----------
        path : RegularizationPath
            The answer of ``regularization_path``.

        kind : {"score", "zeros", "norms", "inputs", "all"}, default="score"
            As for :meth:`plot`.

        param, score_name : str, default=None
            Names of the hyperparameter and the score. None: what the path says.

        ax : matplotlib Axes or array of them, default=None
            As for :meth:`plot`.

        **plot_params : dict
            As for :meth:`plot`.

        Returns
        -------
        display : RegularizationPathDisplay
        """
        display = cls(
            param_values=path.param_values,
            scores=path.scores,
            best_index=path.best_index,
            best_index_1se=path.best_index_1se,
            zero_share=path.zero_share,
            weight_norms=path.weight_norms,
            input_norms=path.input_norms,
            n_inputs_kept=path.n_inputs_kept,
            feature_names=path.feature_names,
            param=path.param if param is None else param,
            score_name=path.score_name if score_name is None else score_name,
        )
        return display.plot(ax, kind=kind, **plot_params)

    def plot(
        self,
        ax: Axes | Sequence[Axes] | None = None,
        *,
        kind: str = "score",
        n_named: int = N_NAMED,
    ) -> Self:
        """Plot along the values.

        Parameters
        ----------
        ax : matplotlib Axes or array of them, default=None
            Axes to plot on; for ``kind="all"`` one is divided. None: those of a new
            figure.

        kind : {"score", "zeros", "norms", "inputs", "all"}, default="score"
            - "score": the mean score, with a band of one standard error;
            - "zeros": the share of weights that are exactly zero, and of inputs that
              are left;
            - "norms": the norm of each layer's weights;
            - "inputs": the norm of the weights that leave each input;
            - "all": a panel for each of these that is known.

        n_named : int, default=6
            Inputs to name in "inputs": those with the largest mean norm.

        Returns
        -------
        display : RegularizationPathDisplay
        """
        check_choice("kind", kind, KINDS)
        kinds = self._kinds(kind)
        caller, n = f"{type(self).__name__}.plot", len(kinds)
        size = (9.0, 6.75) if n > 1 else None
        self.axes_ = panels(caller, ax, n, 1 + (n > 1), figsize=size)
        self.figure_ = self.axes_[0].figure
        name = self.param.rpartition("__")[2]
        self._axis = ParameterAxis(name, list(self.param_values))
        self._order = np.argsort(self._axis.at, kind="stable")
        self.lines_: dict[str, list[Any]] = {}
        self.best_lines_: list[Any] = []
        for each, panel in zip(kinds, self.axes_, strict=True):
            self._axis.apply(panel)
            if each == "inputs":
                self._plot_inputs(panel, n_named)
            else:
                getattr(self, f"_plot_{each}")(panel)
            self._mark_choices(panel, with_values=each == kinds[0])
            if each == "zeros":
                panel.legend(fontsize="small", loc="upper center", ncols=2)
            elif each != "inputs" or each == kinds[0]:
                panel.legend(fontsize="small")
        return self

    def _kinds(self, kind: str) -> list[str]:
        needed = {
            "score": "scores",
            "zeros": "zero_share",
            "norms": "weight_norms",
            "inputs": "input_norms",
        }
        if kind == "all":
            return [k for k, name in needed.items() if getattr(self, name) is not None]
        if getattr(self, needed[kind]) is None:
            raise ValueError(
                f"kind={kind!r} needs {needed[kind]}, which this path does not have."
            )
        return [kind]

    def _curves(self, panel, columns, looks_of_all):
        x = self._axis.at[self._order]
        columns = np.asarray(columns)[self._order].T
        pairs = zip(columns, looks_of_all, strict=True)
        return [panel.plot(x, y, **look)[0] for y, look in pairs]

    def _mark_choices(self, panel, with_values):
        """Vertical lines at the two choices, named in the first panel."""
        choices = {"best": self.best_index, "1-SE rule": self.best_index_1se}
        if self.best_index == self.best_index_1se:
            choices = {"best and 1-SE rule": self.best_index}
        looks = (("black", "-"), (VERMILION, "--"))
        for (name, i), (color, dashes) in zip(choices.items(), looks, strict=False):
            value = self._axis.labels[self._axis.index[i]]
            label = f"{name}: {value}" if with_values else "_"
            look = {"color": color, "linestyle": dashes, "linewidth": 1, "zorder": 0}
            at = self._axis.at[i]
            self.best_lines_.append(panel.axvline(at, label=label, **look))

    def _plot_score(self, panel):
        scores = np.asarray(self.scores)
        mean, n = scores.mean(axis=1), scores.shape[1]
        error = standard_error(scores.std(axis=1), n)
        look = {"color": BLUE, "marker": "o", "markersize": 4}
        label = {"label": "mean ± standard error"}
        self.lines_["score"] = self._curves(panel, mean[:, None], [look | label])
        x, low, high = (
            v[self._order] for v in (self._axis.at, mean - error, mean + error)
        )
        self.band_ = panel.fill_between(x, low, high, color=BLUE, alpha=0.2, lw=0)
        panel.set_ylabel(self.score_name)

    def _plot_zeros(self, panel):
        columns = [100 * np.asarray(self.zero_share)]
        labels = ["weights that are zero"]
        n_inputs = self._n_inputs()
        if self.n_inputs_kept is not None and n_inputs is not None:
            columns.append(100 * np.asarray(self.n_inputs_kept) / n_inputs)
            labels.append("inputs that are left")
        styles = [
            look | {"label": label, "markersize": 4}
            for look, label in zip(looks(len(labels)), labels, strict=True)
        ]
        self.lines_["zeros"] = self._curves(panel, np.stack(columns, 1), styles)
        # with room for the legend
        panel.set(ylabel="Share (%)", ylim=(-4, 130), yticks=range(0, 101, 20))

    def _n_inputs(self) -> int | None:
        if self.input_norms is not None:
            return np.shape(self.input_norms)[1]
        return None if self.feature_names is None else len(self.feature_names)

    def _plot_norms(self, panel):
        norms = np.asarray(self.weight_norms)
        styles = [
            look | {"label": f"layer {i + 1}", "markersize": 4}
            for i, look in enumerate(looks(norms.shape[1], ordered=True))
        ]
        self.lines_["norms"] = self._curves(panel, norms, styles)
        panel.set(ylabel="Norm of a layer's weights")
        panel.set_ylim(bottom=0)

    def _plot_inputs(self, panel, n_named):
        norms = np.asarray(self.input_norms)
        n = norms.shape[1]
        # where the choice is: what is large at a tiny strength is often noise
        at = norms[self.best_index_1se]
        strongest = np.lexsort((-norms.mean(axis=0), -at))[:n_named]
        styles = [{"color": GREY, "linewidth": 0.6, "alpha": 0.6} for _ in range(n)]
        for look, j in zip(looks(len(strongest)), strongest, strict=True):
            styles[j] = look | {"markersize": 3, "linewidth": 1.5}
        self.lines_["inputs"] = self._curves(panel, norms, styles)
        panel.set_ylabel("Norm of an input's weights")
        panel.set_ylim(bottom=0)
        names = self.feature_names
        names = [f"x{j}" for j in range(n)] if names is None else names
        self.texts_ = []
        if len(strongest):
            self._name_curves(panel, {str(names[j]): j for j in strongest})

    def _name_curves(self, panel, names):
        """At the end of the curves where there is more to tell apart, with room."""
        lines = {name: self.lines_["inputs"][j] for name, j in names.items()}
        ends = np.array([line.get_ydata()[[0, -1]] for line in lines.values()])
        side = int(np.argmax(np.ptp(ends, axis=0)))  # 0: left, 1: right
        order = np.argsort(ends[:, side], kind="stable")
        gap = 0.05 * panel.get_ylim()[1]
        heights = _spread(ends[order, side], gap)
        panel.set_ylim(top=max(panel.get_ylim()[1], heights[-1] + gap))
        width = 72 * panel.bbox.width / panel.figure.dpi
        room = 5.0 * max(len(name) for name in names) / width + 0.05  # 5 pt a letter
        _make_room(panel, room, side)
        for k, height in zip(order, heights, strict=True):
            name, line = list(lines.items())[k]
            leader = {"arrowstyle": "-", "color": line.get_color(), "linewidth": 0.6}
            leader |= {"relpos": (1 - side, 0.5), "shrinkA": 0, "shrinkB": 0}
            self.texts_.append(
                panel.annotate(
                    name,
                    (line.get_xdata()[(0, -1)[side]], ends[k, side]),
                    xytext=(1 - room if side else room, height),
                    textcoords=panel.get_yaxis_transform(),
                    ha=("right", "left")[side],
                    va="center",
                    fontsize="small",
                    color=line.get_color(),
                    arrowprops=leader,
                )
            )


def _make_room(panel, share: float, side: int) -> None:
    """Leave a share of the width free at the left (0) or the right (1)."""
    scale = panel.xaxis.get_transform()
    limits = scale.transform(np.array(panel.get_xlim()))
    limits[side] += (2 * side - 1) * np.ptp(limits) * share / (1 - share)
    panel.set_xlim(scale.inverted().transform(limits))


def _spread(sorted_heights, gap):
    """Heights moved apart to a least distance, and no more than that asks for."""
    moved = list(sorted_heights[:1])
    for height in sorted_heights[1:]:
        moved.append(max(height, moved[-1] + gap))
    return moved
