"""A map of scores over two hyperparameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sknnreg.inspection._common import GREY, VERMILION
from sknnreg.inspection._parameter_axis import ParameterAxis

#: cells with a number in them, at most
ANNOTATED = 50


class ScoreMap:
    """The best score in each cell of a grid, or a point for each candidate.

    Parameters
    ----------
    ax : matplotlib Axes
    scores : ndarray of shape (n_candidates,)
        NaN where a candidate failed.
    x, y : ParameterAxis
        Of the same candidates.
    score_name : str
        Label of the colour bar.

    Attributes
    ----------
    image : matplotlib AxesImage or None
    points : matplotlib PathCollection or None
    texts : list of matplotlib Text
    best_mark : matplotlib Artist or None
        None if all have failed.
    """

    def __init__(
        self,
        ax: Any,
        scores: NDArray,
        x: ParameterAxis,
        y: ParameterAxis,
        score_name: str,
    ) -> None:
        self.ax, self.scores, self.x, self.y = ax, scores, x, y
        self.image: Any = None
        self.points: Any = None
        self.best_mark: Any = None
        self.texts: list[Any] = []
        low, high = score_range(scores)
        self._range = {"vmin": low, "vmax": high}
        if self._has_empty_grid():
            self._draw_points()
        else:
            self._draw_grid()
        is_cut = bool((scores < low).any())
        ax.figure.colorbar(
            self.image or self.points,
            ax=ax,
            label=score_name,
            extend="min" if is_cut else "neither",
        )

    def _has_empty_grid(self) -> bool:
        """Whether a grid would have hardly any candidates in its cells."""
        if self.x.is_continuous or self.y.is_continuous:
            return True
        n_cells = len(self.x) * len(self.y)
        cells = set(zip(self.x.index.tolist(), self.y.index.tolist(), strict=True))
        return n_cells > 2 * ANNOTATED and len(cells) < n_cells / 4

    def _draw_points(self) -> None:
        failed = np.isnan(self.scores)
        order = np.argsort(self.scores, kind="stable")  # the best are drawn on top
        order = order[: np.count_nonzero(~failed)]
        x, y = self.x.at, self.y.at
        self.ax.plot(x[failed], y[failed], "x", color=GREY, zorder=1)
        self.points = self.ax.scatter(
            x[order],
            y[order],
            c=self.scores[order],
            s=60,
            edgecolors="black",
            linewidths=0.4,
            **self._range,
        )
        self.x.apply(self.ax, "x")
        self.y.apply(self.ax, "y")
        if len(order):
            (self.best_mark,) = self.ax.plot(
                x[order[-1]],
                y[order[-1]],
                "o",
                markersize=14,
                markerfacecolor="none",
                markeredgecolor=VERMILION,
                markeredgewidth=2.5,
            )

    def _draw_grid(self) -> None:
        from matplotlib.patches import Rectangle

        best = np.full((len(self.y), len(self.x)), np.nan)
        tried = np.zeros(best.shape, bool)
        for i, j, score in zip(self.y.index, self.x.index, self.scores, strict=True):
            best[i, j], tried[i, j] = np.fmax(best[i, j], score), True
        self.image = self.ax.imshow(
            best, origin="lower", aspect="auto", cmap="viridis", **self._range
        )
        for axis, which in ((self.x, "x"), (self.y, "y")):
            axis.name_levels(self.ax, which, np.arange(len(axis)))
        self.ax.set(xlabel=self.x.name, ylabel=self.y.name)
        self._write(best, tried)
        if np.isfinite(best).any():
            i, j = np.unravel_index(np.nanargmax(best), best.shape)
            self.best_mark = self.ax.add_patch(
                Rectangle(
                    (j - 0.5, i - 0.5), 1, 1, fill=False, ec=VERMILION, lw=3, zorder=3
                )
            )

    def _write(self, best: NDArray, tried: NDArray) -> None:
        """The numbers, where there is room, and which cells have failed."""
        has_room = best.size <= ANNOTATED
        form = score_format(self.scores)
        for i, j in np.argwhere(tried):
            score, color = best[i, j], "black"
            if np.isnan(score):
                text = "failed" if has_room else "×"
            elif has_room:
                text = form(score)
                color = "white" if self.image.norm(score) < 0.6 else "black"
            else:
                continue
            look = {"ha": "center", "va": "center", "fontsize": "small"}
            self.texts.append(self.ax.text(j, i, text, color=color, **look))


def score_range(scores: NDArray) -> tuple[float, float]:
    """Range of the colours, which a few very low scores do not decide alone."""
    known = scores[np.isfinite(scores)]
    if not len(known):
        return 0.0, 1.0
    low, middle, top = known.min(), np.median(known), known.max()
    return max(low, top - 4 * (top - middle)) if top > middle else low, top


def score_format(scores: NDArray) -> Callable[[float], str]:
    """Digits enough to tell the better scores apart."""
    spread = np.ptp(score_range(scores))
    digits = 3 if spread == 0 else int(np.clip(2 - np.floor(np.log10(spread)), 0, 4))
    return lambda score: f"{score:.{digits}f}"
