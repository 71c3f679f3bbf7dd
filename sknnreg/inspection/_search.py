"""Scores of a search over its hyperparameters."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sknnreg._report import default_score
from sknnreg.inspection._common import (
    BLUE,
    GREY,
    VERMILION,
    check_choice,
    one_axes,
    text_of,
)
from sknnreg.inspection._parameter_axis import UNSET, ParameterAxis
from sknnreg.inspection._score_map import ScoreMap, score_format

if TYPE_CHECKING:
    from typing import Self

    from matplotlib.axes import Axes

KINDS = ("auto", "heatmap", "slice", "best_so_far")


class SearchDisplay:
    """Mean scores of the candidates of a search.

    It is recommended to use :meth:`from_search` or :meth:`from_results` to create a
    display. All parameters are stored as attributes.

    Parameters
    ----------
    params : list of dict
        The hyperparameters of each candidate.

    mean_score, std_score : ndarray of shape (n_candidates,)
        Mean score over the folds, and its standard deviation. NaN for candidates that
        failed.

    iteration : ndarray of int of shape (n_candidates,), default=None
        Iteration of successive halving. Heat maps and slices show the last one only.

    score_name : str, default="Score"
        Name of the score.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the scores.

    figure_ : matplotlib Figure
        Figure with the scores.

    image_ : matplotlib AxesImage or None
        The heat map, if it is a grid.

    points_ : matplotlib PathCollection or None
        The candidates, where each is a point.

    texts_ : list of matplotlib Text
        The numbers in the cells.

    line_ : matplotlib Line2D or None
        The best score of each value, or so far.

    errorbar_ : matplotlib ErrorbarContainer or None
        Standard deviations of the best candidate of each value.

    best_mark_ : matplotlib Artist or None
        Marks the best candidate. None if all have failed.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknnreg import MLPClassifierScratch
    >>> from sknnreg.inspection import SearchDisplay
    >>> from sknnreg.model_selection import FusedGridSearchCV
    >>> X, y = load_iris(return_X_y=True)
    >>> network = MLPClassifierScratch((10,), tol=1.0, random_state=0)
    >>> grid = {"alpha": [0.0, 0.01, 0.1], "learning_rate_init": [0.001, 0.01]}
    >>> search = FusedGridSearchCV(network, grid).fit(X, y)
    >>> display = SearchDisplay.from_search(search)
    >>> display.ax_.get_xlabel(), display.ax_.get_ylabel()
    ('alpha', 'learning_rate_init')
    """

    def __init__(
        self,
        *,
        params: Sequence[Mapping[str, Any]],
        mean_score: NDArray,
        std_score: NDArray,
        iteration: ArrayLike | None = None,
        score_name: str = "Score",
    ) -> None:
        self.params = params
        self.mean_score = mean_score
        self.std_score = std_score
        self.iteration = iteration
        self.score_name = score_name

    @classmethod
    def from_search(
        cls,
        search: Any,
        *,
        metric: str | None = None,
        score_name: str | None = None,
        ax: Axes | None = None,
        **plot_params: Any,
    ) -> Self:
        """Plot the scores of a fitted search.

        Parameters
        ----------
        search : fitted search
            Any of scikit-learn's or of this package's.

        metric : str, default=None
            Which of several metrics. None: the one that ``refit`` names.

        score_name : str, default=None
            Name of the score. None: the metric's, or that of ``scoring``.

        ax, **plot_params :
            As for :meth:`from_results`.

        Returns
        -------
        display : SearchDisplay
        """
        if not hasattr(search, "cv_results_"):
            raise ValueError(f"search must be a fitted search. Got {search!r}.")
        results = search.cv_results_
        if metric is None and f"mean_test_{search.refit}" in results:
            metric = search.refit
        if score_name is None and isinstance(search.scoring, str):
            score_name = search.scoring
        if score_name is None and search.scoring is None:
            score_name = default_score(search.estimator)
        return cls.from_results(
            results, metric=metric, score_name=score_name, ax=ax, **plot_params
        )

    @classmethod
    def from_results(
        cls,
        cv_results: Mapping[str, Any],
        *,
        metric: str | None = None,
        score_name: str | None = None,
        ax: Axes | None = None,
        **plot_params: Any,
    ) -> Self:
        """Plot the scores in ``cv_results_``.

        Parameters
        ----------
        cv_results : dict
            ``cv_results_`` of a search.

        metric : str, default=None
            Which of several metrics. It must be given if there are several.

        score_name : str, default=None
            Name of the score. None: the metric's.

        ax : matplotlib Axes, default=None
            Axes to plot on. None: a new figure's.

        **plot_params : dict
            As for :meth:`plot`.

        Returns
        -------
        display : SearchDisplay

        Raises
        ------
        ValueError
            If there is no such metric or parameter, or none that varies.
        """
        start = "mean_test_"
        metrics = [k.removeprefix(start) for k in cv_results if k.startswith(start)]
        if metric is None and len(metrics) == 1:
            metric = metrics[0]
        check_choice("metric", metric, metrics)
        display = cls(
            params=cv_results["params"],
            mean_score=np.asarray(cv_results[f"mean_test_{metric}"], float),
            std_score=np.asarray(cv_results[f"std_test_{metric}"], float),
            iteration=cv_results.get("iter"),
            score_name=score_name or ("Score" if metric == "score" else str(metric)),
        )
        return display.plot(ax, **plot_params)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        kind: str = "auto",
        params: str | Sequence[str] | None = None,
    ) -> Self:
        """Plot the scores.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot on. None: a new figure's.

        kind : {"auto", "heatmap", "slice", "best_so_far"}, default="auto"
            - "heatmap": over two hyperparameters, the best candidate of each cell; a
              point for each candidate where values are drawn from distributions;
            - "slice": over one hyperparameter, a point for each candidate, and the best
              of each value with its standard deviation over the folds;
            - "best_so_far": the best score among the first candidates, in their order;
            - "auto": a heat map if two hyperparameters vary, otherwise a slice.

        params : str or list of str, default=None
            Which hyperparameters, the x axis first; what precedes the last ``__`` of a
            name may be left out. None: the first that vary.

        Returns
        -------
        display : SearchDisplay
        """
        check_choice("kind", kind, KINDS)
        given = [params] if isinstance(params, str) else params
        rows = np.arange(len(self.params))
        if self.iteration is not None and kind != "best_so_far":
            rows = self._last_iteration(2)
        varying = self._varying(rows)
        if kind == "auto":
            n = len(varying if given is None else given)
            kind = "heatmap" if n > 1 else "slice"
        n = {"heatmap": 2, "slice": 1, "best_so_far": 0}[kind]
        names = varying[:n] if given is None else [self._full_name(p) for p in given]
        if len(names) != n:
            raise ValueError(
                f"params must name {n} hyperparameter(s) for kind={kind!r}. Got "
                f"{params!r}, and {varying} vary."
            )
        self.ax_ = one_axes(f"{type(self).__name__}.plot", ax)
        self.figure_ = self.ax_.figure
        self.image_: Any = None
        self.points_: Any = None
        self.line_: Any = None
        self.errorbar_: Any = None
        self.best_mark_: Any = None
        self.texts_: list[Any] = []
        axes = [self._axis(name, rows) for name in names]
        if kind == "heatmap":
            self._plot_heatmap(rows, *axes)
        elif kind == "slice":
            self._plot_slice(rows, *axes)
        else:
            self._plot_best_so_far()
        self.ax_.set_title(self._title(kind, rows, names, varying), fontsize="medium")
        return self

    def _last_iteration(self, n_least: int) -> NDArray:
        """Candidates of the last iteration that has so many, or of the first."""
        iteration = np.asarray(self.iteration)
        numbers, counts = np.unique(iteration, return_counts=True)
        self._shown = max(numbers[counts >= n_least], default=numbers[0])
        return np.flatnonzero(iteration == self._shown)

    # Hyperparameters

    def _names(self) -> list[str]:
        return list(dict.fromkeys(name for setting in self.params for name in setting))

    def _axis(self, name: str, rows: NDArray) -> ParameterAxis:
        values = [self.params[i].get(name, UNSET) for i in rows]
        return ParameterAxis(self._short(name), values)

    def _varying(self, rows: NDArray) -> list[str]:
        return [name for name in self._names() if len(self._axis(name, rows)) > 1]

    def _short(self, name: str) -> str:
        """A name without what precedes it in a pipeline, where that is enough."""
        short = name.rpartition("__")[2]
        alike = [n for n in self._names() if n.rpartition("__")[2] == short]
        return short if len(alike) == 1 else name

    def _full_name(self, given: str) -> str:
        names = self._names()
        found = [n for n in names if n == given] or [
            n for n in names if n.endswith(f"__{given}")
        ]
        if len(found) != 1:
            raise ValueError(f"params must be among {names}. Got {given!r}.")
        return found[0]

    # Kinds

    def _plot_heatmap(self, rows, x, y):
        drawn = ScoreMap(self.ax_, self.mean_score[rows], x, y, self.score_name)
        self.image_, self.points_ = drawn.image, drawn.points
        self.texts_, self.best_mark_ = drawn.texts, drawn.best_mark

    def _plot_slice(self, rows, x):
        scores, std = self.mean_score[rows], self.std_score[rows]
        known = np.isfinite(scores)
        best = [
            int(np.flatnonzero(at)[np.argmax(scores[at])])
            for at in ((x.index == level) & known for level in range(len(x)))
            if at.any()
        ]
        self._draw_candidates(x.at[known], scores[known], known.sum() > len(best))
        what = "candidate" if x.is_continuous else "best of each value"
        self.errorbar_ = self.ax_.errorbar(
            x.at[best],
            scores[best],
            std[best],
            color=BLUE,
            marker="o",
            linestyle="none" if x.is_continuous else "-",
            capsize=3,
            label=f"{what} ± standard deviation",
        )
        self.line_ = self.errorbar_.lines[0]
        x.apply(self.ax_)
        self._mark_best(x.at, scores)
        self.ax_.set_ylabel(self.score_name)
        self.ax_.legend(fontsize="small")

    def _plot_best_so_far(self):
        scores = np.asarray(self.mean_score)
        number = np.arange(1, len(scores) + 1)
        best = np.fmax.accumulate(scores)
        self._draw_candidates(number, scores, True)
        (self.line_,) = self.ax_.step(
            number, best, where="post", color=BLUE, label="best so far"
        )
        self._show_steps(best)
        chosen = scores
        if self.iteration is not None:  # the choice is among the last ones
            last = self._last_iteration(1)
            chosen = np.full(len(scores), np.nan)
            chosen[last] = scores[last]
        self._mark_best(number, chosen)
        if self.iteration is not None:
            for i in 1 + np.flatnonzero(np.diff(self.iteration)):
                self.ax_.axvline(number[i] - 0.5, color=GREY, linestyle=":", lw=1)
        self.ax_.set(xlabel="Candidate, in order", ylabel=self.score_name)
        self.ax_.locator_params("x", integer=True)
        self.ax_.legend(fontsize="small")

    def _show_steps(self, best):
        """Leave out what is so far below the line that its steps would be flat."""
        steps = best[np.isfinite(best)]
        if not len(steps) or steps[0] == steps[-1]:
            return
        bottom, top = 2 * steps[0] - steps[-1], steps[-1]
        n_below = np.count_nonzero(self.mean_score < bottom)
        if n_below:
            self.ax_.set_ylim(bottom, top + 0.1 * (top - bottom))
            self.points_.set_label(f"candidate ({n_below} below the frame)")

    def _draw_candidates(self, x, scores, with_label):
        label = "candidate" if with_label else "_"
        look = {"s": 18, "color": GREY, "alpha": 0.6, "label": label}
        self.points_ = self.ax_.scatter(x, scores, **look)

    def _mark_best(self, x, scores):
        if np.isfinite(scores).any():
            i = int(np.nanargmax(scores))
            (self.best_mark_,) = self.ax_.plot(
                x[i],
                scores[i],
                "*",
                color=VERMILION,
                markersize=14,
                markeredgecolor="black",
                linestyle="none",
                zorder=4,
                label="best",
            )

    def _title(self, kind, rows, names, varying):
        """What is best, and what the picture leaves out."""
        if self.iteration is not None and kind == "best_so_far":
            rows = self._last_iteration(1)
        scores = self.mean_score[rows]
        if not np.isfinite(scores).any():
            return "All candidates have failed"
        best = rows[np.nanargmax(scores)]
        setting = ", ".join(
            f"{self._short(name)}={text_of(self.params[best].get(name, UNSET))}"
            for name in names or varying
        )
        score = score_format(scores)(self.mean_score[best])
        lines = [f"best: {score} at {setting}"]
        others = ", ".join(self._short(n) for n in varying if n not in names)
        where = "cell" if self.image_ is not None else "value"
        if others and (self.image_ is not None or kind == "slice"):
            lines.append(f"each {where}: the best over {others}")
        if self.iteration is not None and kind != "best_so_far":
            n = 1 + np.max(self.iteration)
            lines.append(f"only iteration {1 + self._shown} of {n}")
        n_failed = np.count_nonzero(np.isnan(scores))
        if n_failed and self.image_ is None:
            lines.append(f"{n_failed} of {len(scores)} candidates have failed")
        return "\n".join(textwrap.fill(line, 62) for line in lines)
