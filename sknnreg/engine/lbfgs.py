"""The only full-batch loop: SciPy's L-BFGS-B on the whole objective.

An L1 term makes the objective kinked at zero, where a quasi-Newton method stalls. It
becomes smooth by splitting each penalized weight in two::

    w = w⁺ - w⁻,  w⁺ ≥ 0,  w⁻ ≥ 0,  |w| = w⁺ + w⁻ at the solution

with bounds, which L-BFGS-B handles: a weight is exactly zero where both are at their
bound (Bemporad 2024, "An L-BFGS-B approach for linear and nonlinear system
identification under l1 and group-lasso regularization").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, minimize

from sknnreg.engine.batches import Batch
from sknnreg.engine.network import Bound
from sknnreg.engine.parameters import Parameters
from sknnreg.engine.penalties import Regularizer
from sknnreg.engine.training import Epochs, Solver, Task, quietly


class Objective:
    """J and its gradient in the split variables, for one model."""

    def __init__(
        self,
        bound: Bound,
        parameters: Parameters,
        regularizer: Regularizer,
        whole: Batch,
    ) -> None:
        self.bound, self.parameters = bound, parameters
        self.regularizer, self.whole = regularizer, whole
        l1 = np.zeros(parameters.theta.shape[1])
        for term in regularizer.terms:
            if term.penalty.has_kink:
                l1[term.place] = np.ravel(term.penalty.l1)
        self.split = np.flatnonzero(l1)
        self.l1 = l1[self.split]

    def start(self) -> NDArray:
        """The present parameters in the split variables."""
        theta = self.parameters.theta[0].astype(float)
        w = theta[self.split]
        theta[self.split] = np.maximum(w, 0)
        return np.concatenate([theta, np.maximum(-w, 0)])

    def bounds(self) -> list[tuple[float | None, None]] | None:
        """w⁺ ≥ 0 and w⁻ ≥ 0; the rest is free."""
        if not len(self.split):
            return None
        lower: list[float | None] = [None] * self.parameters.theta.shape[1]
        for i in self.split:
            lower[i] = 0.0
        return [(low, None) for low in (*lower, *[0.0] * len(self.split))]

    def write(self, u: NDArray) -> None:
        """Make the split variables ``u`` the present parameters."""
        n = self.parameters.theta.shape[1]
        theta = u[:n].copy()
        theta[self.split] -= u[n:]
        self.parameters.theta[0] = theta

    def value(self, result: OptimizeResult) -> float:
        """J of the weights w: on the way w⁺ and w⁻ may overlap, and w⁺ + w⁻ > |w|."""
        n = self.parameters.theta.shape[1]
        overlap = np.minimum(result.x[self.split], result.x[n:])
        return float(result.fun - 2 * self.l1 @ overlap)

    def __call__(self, u: NDArray) -> tuple[float, NDArray]:
        """J(u) and dJ/du."""
        self.write(u)
        theta, grad = self.parameters.theta, self.parameters.grad
        x, y, weight, _ = self.whole
        value = self.bound.value_and_gradient(x, y, weight, None)
        value = value + self.regularizer.value_and_gradient(theta, grad, kink=False)
        n = theta.shape[1]
        g = np.empty(len(u))
        g[:n] = grad[0]
        g[n:] = self.l1 - g[self.split]
        g[self.split] += self.l1
        return float(value[0]) + self.l1 @ (u[self.split] + u[n:]), g


@quietly()
def minimize_lbfgs(
    objective: Objective,
    max_iter: int,
    max_fun: int,
    tol: float,
    report: Callable[[float], bool],
) -> OptimizeResult:
    """Minimize from the present parameters; the solution is left in them.

    ``tol`` bounds the largest entry of the projected gradient. ``report(J)`` is called
    after each iteration, with its parameters in place, and may return True to stop.
    """

    failure: StopIteration | None = None

    def callback(intermediate_result: OptimizeResult) -> None:
        nonlocal failure
        objective.write(intermediate_result.x)
        try:
            stops = report(objective.value(intermediate_result))
        except StopIteration as error:  # a scorer's, say: SciPy would take it for ours
            failure = error
            raise
        if stops:
            raise StopIteration

    result = minimize(
        objective,
        objective.start(),
        jac=True,
        method="L-BFGS-B",
        bounds=objective.bounds(),
        callback=callback,
        options={
            "maxiter": max_iter,
            "maxfun": max_fun,
            "gtol": tol,
            # SciPy's default at tol = 1e-4; J falls with the square of its gradient
            "ftol": min(2.2e-9, 0.22 * tol**2),
        },
    )
    if failure is not None:
        raise failure
    objective.write(result.x)
    result.fun = objective.value(result)
    return result


@dataclass
class LBFGS(Solver):
    """Quasi-Newton steps of one model on all rows at once; an epoch is an iteration.

    Attributes
    ----------
    max_fun : int
        Largest number of evaluations of the objective.
    tol : float
        Bound on the largest entry of the projected gradient.
    """

    max_fun: int = 15000
    tol: float = 1e-4

    needs: ClassVar[tuple[str, ...]] = ("kink", "l1")

    def run(self, task: Task, epochs: Epochs) -> str | None:
        if not epochs.begin():
            return None
        progress, regularizer = task.progress, task.regularizer
        objective = Objective(
            task.bound, task.parameters, regularizer, next(task.batches.epoch())
        )

        def report(value: float) -> bool:
            penalty = regularizer.value(task.parameters.theta)
            epochs.end(np.array([value]), penalty, 1.0)
            goes_on = epochs.begin()
            # at the last iteration SciPy stops by itself, and says so
            return epochs.stopped or (not goes_on and progress.epoch < epochs.last)

        left = epochs.last - progress.epoch
        result = minimize_lbfgs(objective, left, self.max_fun, self.tol, report)
        if result.status == 0:
            progress.stopping = progress.stopping.end(np.array([True]))
        if result.status in (0, 99):  # 99: the report stopped it
            return None
        more = (
            f" Increase max_iter (={epochs.last}) or scale the data."
            if progress.epoch >= epochs.last
            else ""
        )
        return (
            f"lbfgs failed to converge after {progress.epoch} iteration(s) "
            f"(status={result.status}): {result.message}.{more}"
        )
