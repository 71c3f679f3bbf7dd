"""Successive halving over epochs: the survivors go on, nothing is trained twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import ceil, floor, log
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.random import RandomState
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import ParameterSampler

from sknnreg._caller import warn
from sknnreg._composition import check_names, find_mlp, prefix
from sknnreg._report import say
from sknnreg._run import draw_seeds
from sknnreg._sklearn import Interval, StrOptions
from sknnreg.model_selection._evaluate import Evaluation
from sknnreg.model_selection._follow import Tasks, named
from sknnreg.model_selection._fused import MORE, FusedSearch
from sknnreg.model_selection._search import grid
from sknnreg.model_selection._work import Fold, Job, numbered

#: Iterations of ``min_resources="auto"``. With more, the first ones are too short to
#: see overfitting; see docs/performance.md.
MOST_ITERATIONS = 3


class FusedHalvingSearchCV(FusedSearch):
    """Successive halving over epochs that continues training the survivors.

    All candidates are trained, together where they can be (see
    :class:`FusedGridSearchCV`), for a few epochs; the best 1/``factor`` of them by
    cross-validation go on where they are, and so forth (Jamieson & Talwalkar 2016,
    "Non-stochastic best arm identification and hyperparameter optimization").
    scikit-learn's halving searches fit every survivor from the start again.

    A candidate's learning-rate schedule is that of the last iteration. Candidates that
    cannot be trained together are fitted anew at each iteration.

    Parameters
    ----------
    estimator : estimator
        As in :class:`FusedGridSearchCV`; it must be, end in or wrap a network.

    param_grid : dict or list of dict
        As in GridSearchCV; with ``n_candidates`` it may hold distributions.

    n_candidates : int or None, default=None
        Candidates to draw from ``param_grid``; None to take all of a grid.

    factor : float, default=3
        1/``factor`` of the candidates survive an iteration, with ``factor`` times the
        epochs.

    max_resources : int or "auto", default="auto"
        Epochs of the last iteration at most; "auto" for the network's ``max_iter``.

    min_resources : int, "auto", "exhaust" or "smallest", default="auto"
        Epochs of the first iteration; "exhaust" for as many as let the last one have
        ``max_resources``, as in HalvingGridSearchCV; "smallest" for 1. "auto" is
        "exhaust", but at least ``max_resources / factor**2``: networks that will
        overfit lead at first, and dropout is slow to begin with, so that after fewer
        epochs the least regularized candidates would survive.

    aggressive_elimination : bool, default=False
        Repeat the first iteration until the remaining candidates fit the others.

    random_state : int, RandomState instance or None, default=None
        For drawing candidates.

    max_time : float or None, default=None
        As in :class:`FusedGridSearchCV`. An iteration that it cuts is left out: the
        winner is that of the last complete one, and ``cv_results_`` ends there.

    scoring : str, callable or None, default=None
        As in :class:`FusedGridSearchCV`; one metric only.

    refit : bool, str or callable, default=True
        Whether the best candidate of the last iteration is fitted to all rows, for as
        many epochs; or as in :class:`FusedGridSearchCV`.

    n_jobs : int or None, default=None
        As in :class:`FusedGridSearchCV`.

    cv : int, splitter, iterable or None, default=5
        As in :class:`FusedGridSearchCV`.

    verbose : int, default=0
        As in :class:`FusedGridSearchCV`.

    pre_dispatch : int or str, default="2*n_jobs"
        As in :class:`FusedGridSearchCV`.

    error_score : "raise" or float, default=nan
        As in :class:`FusedGridSearchCV`.

    return_train_score : bool, default=True
        As in :class:`FusedGridSearchCV`.

    max_stack : int or None, default=None
        As in :class:`FusedGridSearchCV`.

    return_history : bool, default=False
        As in :class:`FusedGridSearchCV`.

    Attributes
    ----------
    n_resources_, n_candidates_ : list of int
        Epochs and candidates of each iteration.
    n_remaining_candidates_, n_iterations_, n_possible_iterations_, \
n_required_iterations_, min_resources_, max_resources_ : int
        As in HalvingGridSearchCV.
    cv_results_ : dict
        As in HalvingGridSearchCV, with ``iter`` and ``n_resources``.
    best_estimator_, best_score_, best_params_, best_index_, scorer_, n_splits_, \
refit_time_, classes_, n_features_in_, feature_names_in_ :
        As in HalvingGridSearchCV.
    """

    _parameter_constraints: dict = {
        **FusedSearch._parameter_constraints,
        **MORE,
        "param_grid": [dict, list],
        "n_candidates": [Interval(Integral, 1, None, closed="left"), None],
        "factor": [Interval(Real, 1, None, closed="neither")],
        "max_resources": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "min_resources": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto", "exhaust", "smallest"}),
        ],
        "aggressive_elimination": ["boolean"],
        "random_state": ["random_state"],
        "scoring": [str, callable, None],
    }

    def __init__(
        self,
        estimator: BaseEstimator,
        param_grid: dict | list[dict],
        *,
        n_candidates: int | None = None,
        factor: float = 3,
        max_resources: int | str = "auto",
        min_resources: int | str = "auto",
        aggressive_elimination: bool = False,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: bool | str | Callable = True,
        cv: Any = 5,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        random_state: int | RandomState | None = None,
        error_score: float | str = np.nan,
        return_train_score: bool = True,
        max_stack: int | None = None,
        return_history: bool = False,
        max_time: float | None = None,
    ) -> None:
        super().__init__(
            estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.param_grid = param_grid
        self.n_candidates = n_candidates
        self.factor = factor
        self.max_resources = max_resources
        self.min_resources = min_resources
        self.aggressive_elimination = aggressive_elimination
        self.random_state = random_state
        self.max_stack = max_stack
        self.return_history = return_history
        self.max_time = max_time

    def _candidates(self) -> Iterable[dict]:
        if self.n_candidates is None:
            remedy = "Set n_candidates: how many to draw."
            return grid(self.param_grid, remedy)
        return ParameterSampler(
            self.param_grid, self.n_candidates, random_state=self.random_state
        )

    def _settings(self, job: Job, resource: str) -> list[dict]:
        """The candidates' hyperparameters, and ``max_resources_``; all checked."""
        mlp = find_mlp(job.estimator)
        if mlp is None:
            raise ValueError(
                "FusedHalvingSearchCV needs an MLPClassifierScratch or "
                "MLPRegressorScratch, a pipeline that ends in one, or a "
                f"TransformedTargetRegressor around either. Got {job.estimator!r}."
            )
        given = self.max_resources
        self.max_resources_: int = mlp.max_iter if isinstance(given, str) else given
        settings = list(self._candidates())
        if not settings:
            raise ValueError(
                f"param_grid={self.param_grid!r} has no candidates: there is nothing "
                "to choose from."
            )
        if any(resource in setting for setting in settings):
            raise ValueError(
                f"Cannot search over {resource}: it is the resource that successive "
                "halving hands out."
            )
        check_names(job.estimator, numbered(settings))
        return settings

    def _search(
        self, job: Job, folds: list[Fold], parallel, tasks: Tasks
    ) -> tuple[dict, dict]:
        resource = f"{prefix(job.estimator)}max_iter"
        settings = self._settings(job, resource)
        plan = self._plan(len(settings))
        # schedules are those of the last iteration
        alive = numbered(setting | {resource: plan[-1]} for setting in settings)
        evaluation = Evaluation(
            seeded(job), folds, alive, parallel, self.max_stack, self.verbose
        )
        tried, out = [], []
        more: dict[str, list[int]] = {"iter": [], "n_resources": []}
        self.n_resources_, self.n_candidates_ = [], []
        with tasks.part("search", len(plan)) as tasks:
            for i, n_epochs in enumerate(plan):
                n = len(alive)
                self.n_resources_.append(n_epochs)
                self.n_candidates_.append(n)
                if self.verbose:
                    say(f"iter {i + 1}/{len(plan)}: {n} candidates, {n_epochs} epochs")
                name = "halving-iteration"
                new = evaluation.run(alive, tasks, name, n_epochs, resource)
                if i and any("was_not_tried" in result for result in new):
                    self._leave_out(i, plan)
                    break
                out += new
                tried += [each.parameters | {resource: n_epochs} for each in alive]
                more["iter"] += [i] * n
                more["n_resources"] += [n_epochs] * n
                results = self._results(tried, out, dict(more))
                if "mean_test_score" not in results:
                    raise ValueError(
                        "FusedHalvingSearchCV chooses by one metric, but scoring="
                        f"{self.scoring!r} gives several. Let it give a number."
                    )
                scores = results["mean_test_score"][-n:]
                alive = [alive[k] for k in _best(scores, ceil(n / self.factor))]
                if self.verbose:
                    say(
                        f"iter {i + 1}/{len(plan)}: best mean score "
                        f"{np.nanmax(scores):.4f} with {named(alive[-1], resource)}; "
                        f"{len(alive)} of {n} remain"
                    )
        self.n_remaining_candidates_ = len(alive)
        return results, out[0]

    def _leave_out(self, i: int, plan: list[int]) -> None:
        """Iteration i was cut: all that is left is what was before."""
        for record in (self.n_resources_, self.n_candidates_):
            record.pop()
        self.n_iterations_ = i
        text = (
            f"max_time={self.max_time:g} seconds were over in iteration {i + 1} of "
            f"{len(plan)}. The winner is that of iteration {i}, after {plan[i - 1]} "
            "epochs."
        )
        warn(text, UserWarning, self)

    def _plan(self, n_candidates: int) -> list[int]:
        """Epochs of each iteration, by scikit-learn's rules."""
        required = 1 + floor(log(n_candidates, self.factor))
        given = self.min_resources
        self.min_resources_: int = 1 if isinstance(given, str) else given
        if self.min_resources in ("auto", "exhaust"):
            n = (
                required
                if self.min_resources == "exhaust"
                else min(required, MOST_ITERATIONS)
            )
            exhausting = int(self.max_resources_ // self.factor ** (n - 1))
            self.min_resources_ = max(1, exhausting)
        if self.min_resources_ > self.max_resources_:
            raise ValueError(
                f"min_resources_={self.min_resources_} is greater than "
                f"max_resources_={self.max_resources_}."
            )
        ratio = self.max_resources_ // self.min_resources_
        possible = 1 + floor(log(ratio, self.factor))
        self.n_required_iterations_, self.n_possible_iterations_ = required, possible
        n = required if self.aggressive_elimination else min(possible, required)
        self.n_iterations_ = n
        powers = list(range(n))
        if self.aggressive_elimination:
            powers = [max(0, i - required + possible) for i in powers]
        return [
            min(int(self.factor**power * self.min_resources_), self.max_resources_)
            for power in powers
        ]

    def _choose(self, results, refit_metric):
        """The best of the last iteration."""
        last = np.flatnonzero(results["iter"] == np.max(results["iter"]))
        part = {
            name: [column[i] for i in last] if name == "params" else column[last]
            for name, column in results.items()
        }
        super()._choose(part, refit_metric)
        self.best_index_ = int(last[self.best_index_])


def seeded(job: Job) -> Job:
    """The job with one seed for all: each iteration goes on with the same split."""
    if find_mlp(job.estimator).random_state is not None:
        return job
    name = f"{prefix(job.estimator)}random_state"
    seed = draw_seeds(None, 1)[0][0]
    return job._replace(estimator=clone(job.estimator).set_params(**{name: seed}))


def _best(scores: np.ndarray, n: int) -> np.ndarray:
    """Numbers of the ``n`` highest scores, in order; NaN is the lowest."""
    order = np.argsort(scores)  # NaN comes last
    return np.roll(order, np.count_nonzero(np.isnan(scores)))[-n:]
