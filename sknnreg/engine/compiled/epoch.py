"""An epoch of a task in compiled code, model by model."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

import numba
import numpy as np
from numpy.typing import NDArray

from sknnreg.engine.compiled import losses, optimizers
from sknnreg.engine.compiled.program import NoForm, Program, Strengths, Structure
from sknnreg.engine.compiled.step import (
    Model,
    Plan,
    Rows,
    Scratch,
    compiled_steps,
    sources,
)
from sknnreg.engine.cost import L2
from sknnreg.engine.minibatch import MiniBatch
from sknnreg.engine.model_axis import Number, a_model
from sknnreg.engine.training import Task

#: Multiplications after which a call returns, so that an interrupt is heard.
LONGEST_CALL = 2 * 10**8
#: Bytes of a batch's rows up to which the next batch's are fetched ahead of time.
AHEAD = L2 // 4
#: The type of row numbers.
ORDER = np.int64
#: What is compiled or loaded already, by structure and types.
CODE: dict[tuple, Callable] = {}
#: Numbers of noise drawn at once.
LONGEST_NOISE = 2**20


class CompiledEpoch:
    """What a solver's epoch is in compiled code; raises ``NoForm`` where it has none.

    Parameters
    ----------
    task : Task
        With dense X and the mini-batch solver.
    """

    def __init__(self, task: Task) -> None:
        parameters, batches = task.parameters, task.batches
        loss = task.bound.network.loss
        assert isinstance(task.solver, MiniBatch)
        self.solver = task.solver
        self.optimizer = type(self.solver.optimizer)
        if type(loss) not in losses.FORMS or self.optimizer not in optimizers.FORMS:
            raise NoForm
        if not isinstance(batches.X, np.ndarray):
            raise NoForm
        self.program = Program(parameters, task.bound.network, batches.batch_size)
        self.strengths = Strengths.of(task.regularizer, parameters)
        structure = self._needed(task)
        self.plan = self._plan(task, structure)
        weight = batches.weight
        if weight is None:
            weight = np.empty((1, 0), batches.dtype)
        self.rows = [
            Rows(read_only(batches.X), read_only(batches.y), each) for each in weight
        ]
        self.per_call = self._per_call()
        n = len(parameters.theta)
        self.words = np.zeros((n, 4), np.uint64)
        self.rates = np.zeros((n, len(batches)))
        self.models = self._models(task)
        self._scratches = [self._scratch()]
        self._pool: ThreadPoolExecutor | None = None
        model, scratch, rows = self.models[0], self._scratches[0], self.rows[0]
        no_order = np.empty(0, ORDER)
        # compiled now, where it is expected to fail, for the types that every call has
        self.steps = code_for(
            structure.key, self.plan, model, scratch, rows, no_order, 0, 0, 0
        )

    def _models(self, task: Task) -> list[Model]:
        parameters, solver = task.parameters, self.solver
        optimizer, dtype = solver.optimizer, parameters.theta.dtype
        slots = [optimizer.state.vectors[name] for name in optimizer.slots]
        n, nothing = len(parameters.theta), np.empty(0, dtype)
        numbers = table(n, self.program.numbers)
        own = table(n, optimizers.FORMS[self.optimizer][1](optimizer))
        bounds = (solver.clip, solver.limit)
        limits = table(n, [np.inf if each is None else each for each in bounds])
        width = self.strengths.groups[:, 2].max(initial=0)
        return [
            Model(
                theta=parameters.theta[k],
                grad=parameters.grad[k],
                state=parameters.state[k],
                first=slots[0][k],
                second=slots[1][k] if len(slots) > 1 else nothing,
                strengths=self.strengths.own[k],
                group_strengths=self.strengths.limits[k],
                numbers=numbers[k],
                optimizer=own[k],
                words=self.words[k],
                rates=self.rates[k],
                clip=limits[k, 0],
                limit=limits[k, 1],
                noise=np.empty((0, 0), dtype),
                row=np.empty(width, dtype),
            )
            for k in range(n)
        ]

    def _plan(self, task: Task, structure: Structure) -> Plan:
        loss, program = task.bound.network.loss, self.program
        limited = []
        if self.solver.limit is not None:
            for key in itertools.chain(*task.matrices):
                place, shape = task.parameters.find(*key)
                limited.append((place.start, *shape))
        return Plan(
            ops=program.ops(structure),
            lowest=program.lowest,
            output=program.output,
            n_out=task.bound.network.n_out,
            batch_size=task.batches.batch_size,
            ahead=task.batches.batch_size * task.batches.X[0].nbytes <= AHEAD,
            loss=structure.losses.index(type(loss).__name__),
            loss_numbers=np.array(losses.FORMS[type(loss)][1](loss), float),
            optimizer=structure.optimizers.index(self.optimizer.__name__),
            decoupled=task.regularizer.is_decoupled,
            segments=self.strengths.segments,
            groups=self.strengths.groups,
            limited=np.array(limited, np.int64).reshape(-1, 3),
        )

    def _needed(self, task: Task) -> Structure:
        """The pieces that the task has, and the usual ones."""
        options = {
            "kink": self.strengths.own[..., 0].any(),
            "groups": len(self.strengths.groups) > 0,
            "clip": self.solver.clip is not None,
            "limit": self.solver.limit is not None,
        }
        return Structure(
            self.program.layers,
            self.program.activations,
            (type(task.bound.network.loss).__name__,),
            (self.optimizer.__name__,),
            tuple(name for name, wanted in options.items() if wanted),
        ).with_usual()

    def epoch(self, task: Task) -> tuple[NDArray, NDArray, Number]:
        """As the solver's own: J and Ω, (K,), and the last rate."""
        solver, batches, streams = self.solver, task.batches, task.progress.streams
        # of the type that was compiled for: what is compiled does not look
        order = np.ascontiguousarray(batches.order(), ORDER)
        state = solver.optimizer.state
        schedule = [solver.schedule(state.t + i) for i in range(len(batches))]
        base = solver.rate * task.progress.factor
        np.multiply(base, schedule, out=self.rates)
        if "dropout" in self.program.layers:
            self.words[:] = streams.states("dropout")
        sums = np.zeros((len(self.models), 2))
        for first in range(0, len(batches), self.per_call):
            last = min(first + self.per_call, len(batches))
            models = self._with_noise(task, first, last)
            calls = [
                (model, self.rows[k % len(self.rows)], order[k % len(order)])
                for k, model in enumerate(models)
            ]
            sums += self._run(calls, first, last, state.t, task.threads)
            state.t += last - first
        if "dropout" in self.program.layers:
            streams.set_states("dropout", self.words)
        loss, penalty = sums.T / batches.total
        return loss + penalty, penalty, base * schedule[-1]

    def _per_call(self) -> int:
        """Batches that one call goes over."""
        n_weights = sum(op["n_in"] * op["n_out"] for op in self.plan.ops)
        per_call = LONGEST_CALL // (self.plan.batch_size * n_weights + 1)
        if self.program.noise is not None:
            row = self.plan.batch_size * self.rows[0].X.shape[1]
            per_call = min(per_call, LONGEST_NOISE // row)
        return int(max(1, per_call))

    def _with_noise(self, task: Task, first: int, last: int) -> list[Model]:
        """The models with noise for the rows of these batches, if there is any."""
        layer, size = self.program.noise, self.plan.batch_size
        if layer is None:
            return self.models
        n = min(last * size, task.batches.n_rows) - first * size
        noise = task.progress.streams.normal((n, layer.n_in), task.batches.dtype)
        std = task.bound.values[0]["std"][:, None, :]
        scaled = noise * (std * a_model(layer.scale, 3))
        noise = np.ascontiguousarray(scaled, noise.dtype)
        return [
            model._replace(noise=own)
            for model, own in zip(self.models, noise, strict=True)
        ]

    def _run(self, calls, first: int, last: int, t: int, threads: int) -> NDArray:
        """Sums of losses and penalties, (K, 2), of some batches of each model."""
        threads = min(threads, len(calls))
        while len(self._scratches) < threads:
            self._scratches.append(self._scratch())

        def run(thread: int) -> list[tuple[float, float]]:
            scratch = self._scratches[thread]
            return [
                self.steps(self.plan, model, scratch, rows, order, first, last, t)
                for model, rows, order in calls[thread::threads]
            ]

        if threads == 1:
            return np.array(run(0))
        if self._pool is None:
            self._pool = ThreadPoolExecutor(threads)
        sums = np.empty((len(calls), 2))
        futures = [self._pool.submit(run, thread) for thread in range(threads)]
        try:
            wait(futures)
        finally:
            wait(futures)  # after an interrupt too: they work on the vectors
        for thread, future in enumerate(futures):
            sums[thread::threads] = future.result()
        return sums

    def _scratch(self) -> Scratch:
        program, rows = self.program, self.plan.batch_size
        dtype = self.rows[0].X.dtype

        def memory(n: int) -> NDArray:
            return np.empty(n, dtype)

        return Scratch(
            value=memory(program.size),
            slope=memory(program.size),
            extra=memory(program.extra),
            y=np.empty((rows, self.rows[0].y.shape[1]), dtype),
            weight=memory(rows),
            share=memory(rows),
            n_weighted=np.zeros(1, np.int64),
            words=np.empty(program.words, np.uint64),
        )


def code_for(key: str, *arguments) -> Callable:
    """What is compiled for a structure and for arguments of these types.

    It takes others of the same types, and does not look: numba's own look at forty
    arrays takes 6 µs in each call, as long as a small step, or 1 ms outside of one.
    """
    parts = [a if isinstance(a, tuple) else (a,) for a in arguments]
    types = (key, *(type_of(part) for part in itertools.chain(*parts)))
    if types not in CODE:
        steps = compiled_steps(key, sources())
        CODE[types] = steps.compile(tuple(numba.typeof(a) for a in arguments))
    return CODE[types]


def type_of(part) -> tuple:
    """All that compiled code can depend on."""
    if isinstance(part, np.ndarray):
        return part.dtype, part.ndim, part.flags.num
    return (type(part),)


def read_only(array: NDArray) -> NDArray:
    """A view; what is compiled for one that may be written is not for another."""
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view


def table(n: int, numbers: list) -> NDArray:
    """Numbers that models share or have one each of, as (K, m)."""
    columns = [np.broadcast_to(np.ravel(number), n) for number in numbers]
    return np.array(columns, float).T.reshape(n, len(numbers)).copy()
