"""Fits on rows of their own, made together: those of folds, of an ensemble's members.

Whoever fits several estimators, one after the other, is given estimators whose ``fit``
only notes what it was called with (:class:`Fit`). Then :func:`train` trains the
networks of all, in one pass where arrays have equal shapes, and :meth:`Fit.settle` does
what is left for each: to say or raise what its own fit would have, or to be that.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from joblib import effective_n_jobs
from scipy.sparse import issparse
from sklearn.base import clone
from sklearn.utils.parallel import Parallel, delayed

from sknnreg._assemble import new_stopping
from sknnreg._composition import Surroundings, find_mlp, has_callbacks
from sknnreg._config import config_context, get_config
from sknnreg._data import Data, Given, check_data, hold_out
from sknnreg._fitted import Earlier
from sknnreg._hyperparameters import check_entries
from sknnreg._join import join
from sknnreg._run import Message, Run, Seed, draw_seeds, say
from sknnreg._sklearn import _num_samples
from sknnreg._stack import stack_key, stack_limit
from sknnreg.engine.progress import Progress
from sknnreg.engine.streams import Streams
from sknnreg.model_selection._work import Candidate, Fold, Job, fit_surroundings


class Outcome(NamedTuple):
    """What has become of a model of a stack.

    ``error`` is why it could not be fitted. ``say`` gives the warnings of its fit.
    ``failed`` tells that its scorer raised.
    """

    model: Any
    error: ValueError | None
    failed: bool
    doubts: list[str]
    messages: list[Message]
    seconds: float

    def say(self, model) -> None:
        """What there is to warn of."""
        say(model, self.doubts, self.messages)


@dataclass
class Fit:
    """A fit that waits for others; called in the place of ``estimator.fit``.

    Attributes
    ----------
    estimator : estimator
        Not fitted.
    X, y, arguments :
        What its ``fit`` was given.
    outcome : Outcome or None
        None until it was trained with others: it has to be fitted alone.
    surroundings : Surroundings or None
        What is around its network, fitted.
    """

    estimator: Any
    X: Any = None
    y: Any = None
    arguments: dict[str, Any] = field(default_factory=dict)
    outcome: Outcome | None = None
    surroundings: Surroundings | None = None

    def __call__(self, X, y=None, **arguments):
        self.X, self.y, self.arguments = X, y, arguments
        return self.estimator

    @property
    def given(self) -> tuple[Any, Any, dict[str, Any]]:
        """What the network itself is to be fitted to."""
        around = self.surroundings
        return around.given if around else (self.X, self.y, self.arguments)

    @property
    def seconds(self) -> float:
        """Of the training, its share; 0 if it is still to come."""
        around = self.surroundings.seconds if self.surroundings else 0.0
        return 0.0 if self.outcome is None else self.outcome.seconds + around

    def settle(self):
        """What is left of the fit; raises what it would have raised."""
        vars(self.estimator).pop("fit", None)  # its own again
        if self.outcome is None:
            return self.estimator.fit(self.X, self.y, **self.arguments)
        if self.outcome.error is not None:
            raise self.outcome.error
        self.outcome.say(find_mlp(self.estimator))
        if self.surroundings is not None:
            whole = self.surroundings.enclose(find_mlp(self.estimator))
            vars(self.estimator).update(vars(whole))
        return self.estimator


class Member(NamedTuple):
    """A network of a stack: its ``stack_key``, its data and its seed."""

    fit: Fit
    model: Any
    key: tuple | None
    data: Data
    seed: Seed


def may_join(estimator) -> bool:
    """Whether networks like this one can be trained together at all."""
    mlp = find_mlp(estimator)
    if mlp is None or has_callbacks(estimator):
        return False
    return not mlp.warm_start and stack_key(mlp, own_rows=True) is not None


def train(fits: Sequence[Fit], n_jobs: int | None = None) -> None:
    """Train the networks of all that can be trained with others.

    Those that cannot, or whose data or hyperparameters are refused, are left alone.
    """
    config = get_config()
    parallel = Parallel(n_jobs=n_jobs)
    wrapped = [fit for fit in fits if find_mlp(fit.estimator) is not fit.estimator]
    found = parallel(delayed(surround)(fit, config) for fit in wrapped)
    for fit, surroundings in zip(wrapped, found, strict=True):
        fit.surroundings = surroundings
    lost = {id(fit) for fit in wrapped if fit.surroundings is None}
    stacks = list(chunks([fit for fit in fits if id(fit) not in lost], n_jobs))
    answers = parallel(
        delayed(train_stack)(
            [member.model for member in stack],
            [member.data for member in stack],
            [member.seed for member in stack],
            config,
        )
        for stack in stacks
    )
    for stack, outcomes in zip(stacks, answers, strict=True):
        for member, outcome in zip(stack, outcomes or (), strict=False):
            if not outcome.failed:  # a fit of its own tells the scorer's error best
                vars(member.model).update(vars(outcome.model))
                member.fit.outcome = outcome


def surround(fit: Fit, config: dict[str, Any]) -> Surroundings | None:
    """What is around a network, fitted; None if that fails, which its own fit tells."""
    settings = {
        "fit_params": fit.arguments,
        "score_params": {},
        "return_times": True,
        "error_score": np.nan,
        "verbose": 0,
    }
    rows = np.arange(_num_samples(fit.X))
    job = Job(clone(fit.estimator), fit.X, fit.y, settings, config)
    return fit_surroundings(job, Fold(0, rows, rows[:1]), Candidate(0, {}))


def chunks(fits: Sequence[Fit], n_jobs: int | None) -> Iterator[list[Member]]:
    """Networks that train together; those that would be alone are left out."""
    groups: dict[tuple, list[Member]] = {}
    seen: dict[tuple, Any] = {}
    for fit in fits:
        try:
            member = prepared(fit, seen)
        except (TypeError, ValueError):
            continue  # its own fit says it best
        groups.setdefault((shapes(member.data), member.key), []).append(member)
    for members in groups.values():
        model, data = members[0].model, members[0].data
        shape = *data.X.shape[1:], *data.target.shape[1:], data.X.dtype.itemsize
        n = math.ceil(len(members) / stack_limit(model, data.n_rows, *shape))
        n = max(n, min(effective_n_jobs(n_jobs), len(members) // 2))
        for places in np.array_split(np.arange(len(members)), n):
            if len(places) > 1:
                yield [members[i] for i in places]


def prepared(fit: Fit, seen: dict[tuple, Any]) -> Member:
    """A network with checked data; arrays ``seen`` before are taken again."""
    model, (X, y, arguments) = find_mlp(fit.estimator), fit.given
    model._validate_params()
    check_entries(model)
    key = stack_key(model, own_rows=True)
    weight, given = arguments.get("sample_weight"), Given.of(arguments)
    data = check_data(model, X, y, weight, given, target=model._new_target())
    # members of an ensemble are given the same rows, with weights of their own
    data = data._replace(
        X=seen.setdefault((id(X), data.X.dtype), data.X),
        target=seen.setdefault((id(X), id(y), data.X.dtype, key), data.target),
    )
    seed = draw_seeds(model.random_state, 1)[0]
    return Member(fit, model, key, hold_out(model, data, seed[0]), seed)


def shapes(data: Data) -> tuple:
    """What the data of models of a stack must agree on."""
    validation = data.validation
    return (
        type(data.loss),
        data.X.shape,
        data.X.dtype,
        issparse(data.X),
        data.target.shape,
        data.weight is None,
        data.n_rows,
        validation
        and (validation.X.shape, validation.n_rows, validation.weight is None),
    )


def train_stack(
    models: Sequence,
    data: Sequence[Data],
    seeds: Sequence[Seed],
    config: dict[str, Any],
) -> list[Outcome] | None:
    """The run of models on data of their own; None if it cannot begin."""
    begin = time.perf_counter()
    with config_context(**config):
        # rows of their own have as many stored numbers as they have
        streams = Streams(seeds, apart=issparse(data[0].X))
        progress = Progress(streams, new_stopping(models))
        try:
            run = Run(models, join(data), progress, earlier=Earlier(), tolerant=True)
        except ValueError:
            return None  # of some of them: their own fits say it
        run.advance(models[0].max_iter)
        run.finish()
    seconds = (time.perf_counter() - begin) / len(models)
    return [
        Outcome(
            model,
            run.errors[k],
            k in run.failures,
            run.doubts[k],
            run.messages[k],
            seconds,
        )
        for k, model in enumerate(models)
    ]
