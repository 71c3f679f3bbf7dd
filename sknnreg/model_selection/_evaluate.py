"""Fit and score all candidates on all folds, group by group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils.parallel import delayed

from sknnreg._sklearn import _num_features
from sknnreg.model_selection._groups import Group, chunks, partition
from sknnreg.model_selection._work import (
    Fold,
    Job,
    Result,
    Stage,
    fit_alone,
    fit_together,
    prepare_fold,
)


def evaluate(
    job: Job,
    folds: Sequence[Fold],
    candidates: Sequence[dict],
    parallel,
    max_stack: int | None,
) -> list[Result]:
    """Results of all candidates, those of one on all folds following each other."""
    groups, alone = partition(job.estimator, candidates)
    stacks = all_stages(job, folds, candidates, groups, parallel, max_stack)
    lonely = [(i, fold) for fold in folds for i in alone]
    calls = [delayed(fit_together)(job, *stack) for stack in stacks]
    calls += [delayed(fit_alone)(job, fold, candidates[i]) for i, fold in lonely]
    answers = parallel(calls)
    results: dict[tuple[int, int], Result] = {}
    for (fold, *_), (found, _) in zip(stacks, answers, strict=False):
        results |= {(i, fold.number): result for i, result in found.items()}
    for (i, fold), result in zip(lonely, answers[len(stacks) :], strict=True):
        results[i, fold.number] = result
    return [results[i, fold.number] for i in range(len(candidates)) for fold in folds]


def all_stages(
    job: Job,
    folds: Sequence[Fold],
    candidates: Sequence[dict],
    groups: Sequence[Group],
    parallel,
    max_stack: int | None,
) -> list[tuple[Fold, Stage, Any]]:
    """The stacks to train: each with its fold and what was prepared for it."""
    prepared = prepare_all(job, folds, candidates, groups, parallel)
    stacks = []
    for fold in folds:
        for group in groups:
            ready = prepared.get((fold.number, group.preparation))
            for numbers in chunks(group, *size(job, fold, ready), max_stack):
                stage = Stage(numbers, [candidates[i] for i in numbers])
                stacks.append((fold, stage, ready))
    return stacks


def prepare_all(
    job: Job,
    folds: Sequence[Fold],
    candidates: Sequence[dict],
    groups: Sequence[Group],
    parallel,
) -> dict:
    """What surrounds the network, fitted once a fold and setting of its own.

    Empty for a bare network: each worker takes its rows itself.
    """
    example = {
        (fold.number, group.preparation): (fold, candidates[group.numbers[0]])
        for fold in folds
        for group in groups
        if group.is_wrapped
    }
    if not example:
        return {}
    done = parallel(delayed(prepare_fold)(job, *case) for case in example.values())
    return dict(zip(example, done, strict=True))


def size(job: Job, fold: Fold, prepared) -> tuple[int, int, int]:
    """Rows, columns and bytes of a number of what the networks of a fold will see."""
    X = job.X if prepared is None else prepared[0].X
    is_float32 = getattr(X, "dtype", None) == np.float32
    try:
        n_features = _num_features(X)
    except TypeError:  # not a table: the fit will say so
        n_features = 1
    return len(fold.train), n_features, 4 if is_float32 else 8
