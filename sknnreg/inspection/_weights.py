"""Weights: their distribution, as images, by input, and over the epochs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sknnreg._fitted import layer_weights
from sknnreg.inspection._common import (
    BLUE,
    VERMILION,
    check_choice,
    fitted_network,
    heading,
    looks,
    names_of_inputs,
    panels,
)

if TYPE_CHECKING:
    from typing import Self

    from matplotlib.axes import Axes

KINDS = ("histogram", "images", "inputs", "norms")


class WeightsDisplay:
    """The weights of a network.

    It is recommended to use :meth:`from_estimator` to create a display. All parameters
    are stored as attributes.

    Parameters
    ----------
    weights : list of ndarray of shape (n_in, n_units)
        Weights of each layer. The two matrices of a residual block that changes the
        width are beside each other.

    norms : ndarray of shape (n_epochs, n_layers), default=None
        Euclidean norm of each layer's weights after each epoch, for ``kind="norms"``.

    feature_names : ndarray of str of shape (n_features,), default=None
        Names of what enters the network.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        One for each layer or unit, or a single one.

    figure_ : matplotlib Figure
        Figure with the axes.

    bars_ : list of matplotlib BarContainer
        Histograms of the weights that are not zero, by layer.

    zero_bars_ : list of matplotlib BarContainer or None
        For each layer the bar whose filled part is the share of exact zeros; None for
        a layer without zeros.

    images_ : list of matplotlib AxesImage
        One for each unit.

    units_ : ndarray of int
        Which units these are, the largest norm first.

    points_, zero_points_ : matplotlib Line2D or None
        Norms of the inputs that are used, and of those whose weights are all zero.

    lines_ : list of matplotlib Line2D
        Norm of each layer over the epochs.

    See Also
    --------
    sknnreg.inspection.RegularizationPathDisplay : The same norms along the strengths
        of a penalty.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknnreg import MLPClassifierScratch
    >>> from sknnreg.inspection import WeightsDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifierScratch(
    ...     (10,), penalty="l1", alpha=0.02, tol=1.0, random_state=0
    ... ).fit(X, y)
    >>> display = WeightsDisplay.from_estimator(model)
    >>> len(display.axes_)
    2
    """

    def __init__(
        self,
        *,
        weights: Sequence[NDArray],
        norms: NDArray | None = None,
        feature_names: Sequence[str] | NDArray | None = None,
    ) -> None:
        self.weights = weights
        self.norms = norms
        self.feature_names = feature_names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        kind: str = "histogram",
        feature_names: Sequence[str] | None = None,
        ax: Axes | Sequence[Axes] | None = None,
        **plot_params: Any,
    ) -> Self:
        """Plot the weights of a fitted network.

        Parameters
        ----------
        estimator : estimator
            A fitted network, a pipeline that ends in one, a
            ``TransformedTargetRegressor`` around either, or a fitted search, of which
            the best estimator is taken.

        kind : {"histogram", "images", "inputs", "norms"}, default="histogram"
            As for :meth:`plot`.

        feature_names : array-like of str of shape (n_features,), default=None
            Names of what enters the network. None: what the steps before it call their
            outputs, or ``feature_names_in_``.

        ax : matplotlib Axes or array of them, default=None
            As for :meth:`plot`.

        **plot_params : dict
            As for :meth:`plot`.

        Returns
        -------
        display : WeightsDisplay
        """
        model = fitted_network(estimator)
        weights = [np.hstack(matrices) for matrices in layer_weights(model)]
        names = [f"weight_norm_{i}" for i in range(len(weights))]
        display = cls(
            weights=weights,
            norms=np.stack([model.history_[name] for name in names], axis=1),
            feature_names=names_of_inputs(estimator, feature_names, len(weights[0])),
        )
        return display.plot(ax, kind=kind, **plot_params)

    def plot(
        self,
        ax: Axes | Sequence[Axes] | None = None,
        *,
        kind: str = "histogram",
        bins: int = 40,
        image_shape: tuple[int, int] | None = None,
        n_units: int = 16,
        max_features: int = 20,
    ) -> Self:
        """Plot the weights.

        Parameters
        ----------
        ax : matplotlib Axes or array of them, default=None
            Axes to plot on; one is divided where several are needed. None: those of a
            new figure.

        kind : {"histogram", "images", "inputs", "norms"}, default="histogram"
            - "histogram": the weights that are not zero, layer by layer, with the share
              of exact zeros and the Euclidean norm;
            - "images": for inputs that are pixels the weights of the first layer, one
              image a unit, those with the largest norms;
            - "inputs": the norm of the weights that leave each input, sorted;
            - "norms": the norm of each layer's weights over the epochs.

        bins : int, default=40
            Bins of a histogram.

        image_shape : tuple of (int, int), default=None
            Rows and columns of the pixels. None: a square.

        n_units : int, default=16
            Number of images, at most.

        max_features : int, default=20
            Number of inputs that are drawn, at most.

        Returns
        -------
        display : WeightsDisplay
        """
        check_choice("kind", kind, KINDS)
        if kind == "histogram":
            self._plot_histograms(ax, bins)
        elif kind == "images":
            self._plot_images(ax, image_shape, n_units)
        elif kind == "inputs":
            self._plot_inputs(ax, max_features)
        else:
            self._plot_norms(ax)
        self.figure_ = self.axes_[0].figure
        return self

    def _panels(self, ax, n, n_columns=1, figsize=None):
        caller = f"{type(self).__name__}.plot"
        self.axes_ = panels(caller, ax, n, n_columns, figsize)
        return self.axes_

    # One layer a panel

    def _plot_histograms(self, ax, bins):
        n = len(self.weights)
        n_columns = math.ceil(math.sqrt(n)) if n > 3 else n
        axes = self._panels(ax, n, n_columns)
        self.bars_, self.zero_bars_ = [], []
        small = "small" if n <= 4 else "x-small"
        for i, (panel, W) in enumerate(zip(axes, self.weights, strict=True)):
            self._histogram(panel, np.ravel(W), bins)
            share, norm = np.mean(np.equal(W, 0)), np.linalg.norm(W)
            zeros = "no zeros" if share == 0 else f"{share:.0%} zeros"
            panel.set_title(
                f"layer {i + 1}, {np.size(W)} weights\n{zeros}, norm {norm:.3g}",
                fontsize=small,
            )
            panel.tick_params(labelsize=small)
            if i % n_columns == 0:
                panel.set_ylabel("non-zero weights (%)", fontsize=small)
            if i + n_columns >= n:
                panel.set_xlabel("weight", fontsize=small)

    def _histogram(self, panel, w, bins):
        used = w[w != 0]
        counts, edges = np.histogram(used, bins) if len(used) else ([0], [-1, 1])
        heights = 100 * np.asarray(counts) / max(1, len(used))
        self.bars_.append(
            panel.bar(edges[:-1], heights, np.diff(edges), align="edge", color=BLUE)
        )
        panel.axvline(0, color="black", linewidth=0.8)
        panel.set_ylim(0, 1.15 * heights.max() or 1)
        if len(used) == len(w):
            self.zero_bars_.append(None)
            return
        # across the frame, in shares of its width: as a bin among the others it would
        # make them flat
        self.zero_bars_.append(
            panel.barh(
                [0.93, 0.93],
                [1, 1 - len(used) / len(w)],
                0.04,
                align="edge",
                color=["#DDDDDD", VERMILION],
                transform=panel.transAxes,
            )
        )

    # One unit a panel

    def _plot_images(self, ax, image_shape, n_units):
        W = self.weights[0]
        side = math.isqrt(len(W))
        shape = (side, side) if image_shape is None else tuple(image_shape)
        if math.prod(shape) != len(W):
            raise ValueError(
                f"image_shape must have the product {len(W)}, the number of inputs of "
                f"the network. Got {image_shape!r}."
            )
        self.units_ = np.argsort(-np.linalg.norm(W, axis=0), kind="stable")[:n_units]
        n = len(self.units_)
        axes = self._panels(ax, n, math.ceil(math.sqrt(n)))
        limit = np.abs(W[:, self.units_]).max() or 1.0
        self.images_ = []
        for panel, unit in zip(axes, self.units_, strict=True):
            image = W[:, unit].reshape(shape)
            self.images_.append(
                panel.imshow(image, cmap="RdBu_r", vmin=-limit, vmax=limit)
            )
            panel.set(xticks=[], yticks=[])
            panel.set_title(f"unit {unit}", fontsize="x-small", pad=2)
        figure = axes[0].figure
        figure.colorbar(self.images_[0], ax=list(axes), label="weight")
        of = f"{n} of {W.shape[1]} units, largest norm first"
        heading(ax, axes, f"First layer: {of}")

    # One panel

    def _plot_inputs(self, ax, max_features):
        norms = np.linalg.norm(self.weights[0], axis=1)
        order = np.argsort(-norms, kind="stable")[:max_features]
        n, n_zero = len(order), int(np.sum(norms == 0))
        panel = self._panels(ax, 1, figsize=(6.4, max(4.8, 0.8 + 0.2 * n)))[0]
        place = np.arange(n)
        used = norms[order] > 0
        panel.hlines(place[used], 0, norms[order][used], color=BLUE, alpha=0.5)
        look = {"linestyle": "none", "clip_on": False, "zorder": 3}
        self.points_ = self.zero_points_ = None
        if used.any():
            (self.points_,) = panel.plot(
                norms[order][used], place[used], "o", color=BLUE, **look
            )
        if not used.all():
            label = f"all weights are zero ({n_zero} of {len(norms)} inputs)"
            (self.zero_points_,) = panel.plot(
                norms[order][~used],
                place[~used],
                "X",
                color=VERMILION,
                label=label,
                **look,
            )
            panel.legend(loc="lower right")
        names = self.feature_names
        names = np.arange(len(norms)) if names is None else np.asarray(names)
        panel.set_yticks(place, names[order])
        panel.set_ylim(n - 0.5, -0.5)
        panel.set_xlim(left=0)
        panel.set(xlabel="Euclidean norm of the weights that leave it", ylabel="Input")
        if n < len(norms):
            panel.set_title(f"{n} strongest of {len(norms)} inputs", fontsize="medium")

    def _plot_norms(self, ax):
        if self.norms is None or not len(self.norms):
            raise ValueError('kind="norms" needs norms, by epoch and layer.')
        panel = self._panels(ax, 1)[0]
        norms = np.asarray(self.norms)
        epochs = np.arange(1, len(norms) + 1)
        self.lines_ = []
        for i, look in enumerate(looks(norms.shape[1], ordered=True)):
            look |= {"markevery": (0.05, 0.2), "markersize": 5}
            label = f"layer {i + 1}"
            self.lines_ += panel.plot(epochs, norms[:, i], label=label, **look)
        panel.set(xlabel="Epoch", ylabel="Euclidean norm of the layer's weights")
        panel.locator_params("x", integer=True)
        panel.set_ylim(bottom=0)
        panel.legend(ncols=1 + len(self.lines_) // 7)
