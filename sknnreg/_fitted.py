"""The only place where fitted attributes are written, and read back for the engine."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sknnreg._data import Data
from sknnreg._hyperparameters import REGRESSOR
from sknnreg.engine.layers import INPUT_LAYERS
from sknnreg.engine.model_axis import take
from sknnreg.engine.network import Network
from sknnreg.engine.parameters import ROLES, Views
from sknnreg.engine.training import BLOWN_UP, Task, has_blown_up, objective

#: hyperparameters that a network is made of; a regressor's own are those of its losses
MAKING = (
    "hidden_layer_sizes",
    "activation",
    "dropout",
    "normalization",
    "residual",
    *INPUT_LAYERS,
    *REGRESSOR,
)

#: columns of the history
LOSSES = ("loss", "validation_loss")


class Earlier(NamedTuple):
    """What happened in the fits that a fit goes on from.

    ``kept`` is the epoch, from 1, whose parameters it begins with, ``loss`` their J.
    """

    history: dict[str, list[float]] = {}
    kept: int = 0
    loss: float = np.nan
    t: int = 0

    @classmethod
    def of(cls, model) -> Earlier:
        """Of a fitted estimator."""
        return cls(model.history_, model._kept_epoch, model.loss_, model.t_)

    @property
    def n_epochs(self) -> int:
        return len(self.history.get("loss", ()))


def arrays(network: Network, values: Views, k: int) -> dict[str, Any]:
    """The attributes that hold the arrays of model k, as views of ``values``."""
    attributes = [role.attribute for role in ROLES.values() if role.attribute]
    found: dict[str, list] = {name: [] for name in attributes} | {"_arrays": []}
    for layer, specs in zip(values, network.specs, strict=True):
        for name, spec in specs.items():
            attribute = ROLES[spec.role].attribute or "_arrays"
            found[attribute].append(layer[name][k])
    return found


def fitted_arrays(model, network: Network) -> Views:
    """The fitted arrays as the engine takes them: one dict a layer, K = 1."""
    lists = {"_arrays": iter(getattr(model, "_arrays", ()))}
    answer: Views = []
    for specs in network.specs:
        layer = {}
        for name, spec in specs.items():
            attribute = ROLES[spec.role].attribute or "_arrays"
            if attribute not in lists:
                lists[attribute] = iter(getattr(model, attribute))
            layer[name] = np.asarray(next(lists[attribute]))[None]
        answer.append(layer)
    return answer


def made_of(model) -> dict[str, Any]:
    """The hyperparameters that say of what layers, and of what loss, a network is."""
    return {
        name: copy.deepcopy(getattr(model, name))
        for name in MAKING
        if hasattr(model, name)
    }


def about(model, network: Network, data: Data) -> dict[str, Any]:
    """The attributes that do not change while training."""
    weighted = [
        specs
        for specs in network.specs
        if any(spec.part == "weights" for spec in specs.values())
    ]
    return data.learned | {
        "_network": network,
        "_made_of": made_of(model),
        "n_layers_": 1 + len(weighted),
        "n_outputs_": network.n_out // network.loss.per_target,
        "out_activation_": network.loss.link,
    }


def write(
    model, task: Task, data: Data, k: int, earlier: Earlier, is_last: bool
) -> str | None:
    """Set all fitted attributes from model k of a task.

    Gives what is to be said of its training, if anything. ``is_last``: nothing is done
    with the task after this.
    """
    history = extended(earlier.history, task.progress.history.of_model(k))
    losses = history.get("loss", [])
    diverged = bool(task.progress.stopping.diverged[k])
    kept, loss = kept_epoch(task, k, losses, earlier)
    found = attributes(model, task, data, k, earlier, history)
    found |= {"_kept_epoch": kept, "loss_": loss, "best_iter_": kept}
    found["backend_"] = "numpy" if task.compiled is None else "fast"
    if losses and not (task.keep_best or diverged):
        found["best_iter_"] = 1 + int(np.argmin(losses))
    if task.keep_best:
        found["best_validation_score_"] = float(best_score(task)[k])
    else:
        found["best_loss_"] = float(np.fmin.reduce([*losses, loss, np.inf]))
    vars(model).update(found)
    progress = task.progress.carry_over()
    if not is_last:  # who goes on must not move this model's random numbers on
        progress = take(progress, np.array([k]))
    model._progress = progress
    if not diverged:
        return grown(losses[-1:], earlier)
    progress.optimizer.kind = ""  # its moments are of no use
    return (
        "Training diverged: the loss, the score or the parameters became infinite, "
        f"NaN or enormous. The parameters of epoch {kept} are kept. A smaller "
        "learning_rate_init, scaled inputs or clipping may help."
    )


def grown(last: list[float], earlier: Earlier) -> str | None:
    """What is said of a loss beyond comparison with those of earlier fits, if it is so.

    No more: the rows of this fit may be others.
    """
    best = np.fmin.reduce(earlier.history.get("loss", ()), initial=np.inf)
    if not last or not np.isfinite(best) or not has_blown_up(last[0], best):
        return None
    return (
        f"The loss, {last[0]:.3g}, is more than a million times that of earlier fits, "
        f"{best:.3g}: training has diverged, or the target of these rows is in another "
        "unit. If so, fit anew, with a smaller learning_rate_init or a scaled target."
    )


def attributes(
    model,
    task: Task,
    data: Data,
    k: int,
    earlier: Earlier,
    history: dict[str, list[float]],
) -> dict[str, Any]:
    """The fitted attributes of model k with the parameters it has at present.

    ``history`` is that of all its fits. The arrays are copies, which neither a stack
    nor further training changes.
    """
    network, n_iter = task.bound.network, int(task.progress.n_iter[k])
    found: dict[str, Any] = {
        name: [array.copy() for array in held]
        for name, held in arrays(network, task.bound.values, k).items()
    }
    losses = history.get("loss", [])
    scores = history.get("validation_score", []) if task.keep_best else None
    return (
        about(model, network.of_model(k), data)
        | found
        | {
            "n_iter_": n_iter,
            "t_": earlier.t + n_iter * data.n_rows,
            "history_": history,
            "loss_curve_": losses,
            "loss_": losses[-1] if losses else np.nan,
            "_kept_epoch": len(losses),
            "best_iter_": len(losses),
            "validation_scores_": scores,
            "best_validation_score_": scores[-1] if scores else None,
            "best_loss_": None,
        }
    )


def best_score(task: Task) -> NDArray:
    """The score (K,) of what is kept, even if there was no epoch to be kept."""
    if task.progress.epoch or task.validate is None:
        return task.progress.stopping.best
    return task.validate()[1]


def kept_epoch(
    task: Task, k: int, losses: list[float], earlier: Earlier
) -> tuple[int, float]:
    """Number of the epoch whose parameters are kept, from 1, and their J."""
    stopping = task.progress.stopping
    if not losses:
        return 0, float(objective(task)[k])
    if not (task.keep_best or stopping.diverged[k]):
        return len(losses), losses[-1]
    best = int(stopping.best_epoch[k])
    if best < 0:  # what a fit that went on began with
        return earlier.kept, earlier.loss
    number = earlier.n_epochs + best + 1
    if stopping.diverged[k] and not task.keep_best:
        return number, float(objective(task)[k])
    return number, losses[number - 1]


def why_not(task: Task, k: int) -> str | None:
    """Why model k cannot be kept: it never had a finite epoch. None if it had."""
    stopping, rows = task.progress.stopping, task.progress.history.rows
    lost = not all(np.isfinite(each[k]).all() for each in task.parameters.vectors)
    if not rows and not lost:
        lost = not np.isfinite(objective(task)[k])
    if lost:
        return (
            "Solver produced non-finite parameter weights. The input data may contain "
            "large values and need to be preprocessed."
        )
    # the network that was there before may be the best one too
    kept = stopping.best_epoch[k] >= 0 or (
        task.keep_best and np.isfinite(stopping.best[k])
    )
    if not stopping.diverged[k] or kept:
        return None
    table = task.progress.history.of_model(k)
    reached = max(table[name][0] for name in table if name in LOSSES)
    if task.keep_best and reached <= BLOWN_UP:
        return (
            "The validation score of the first epoch is not finite. Check scoring and "
            "the validation data."
        )
    return (
        "Training diverged, and no epoch was better than the start: the solver would "
        "give non-finite parameter weights. The input data may contain large values "
        "and need to be preprocessed, or learning_rate_init be smaller."
    )


def extended(history: dict, new: dict) -> dict[str, list[float]]:
    """The columns of both, one after the other; NaN where one has none."""
    before, after = (len(table.get("loss", [])) for table in (history, new))
    return {
        name: history.get(name, [np.nan] * before) + new.get(name, [np.nan] * after)
        for name in history | new
    }


def layer_weights(model) -> list[list[NDArray]]:
    """The weight matrices of each layer that has any; a residual block may have two."""
    network = model._network
    groups = [
        [layer[name][0] for name, spec in specs.items() if spec.part == "weights"]
        for specs, layer in zip(
            network.specs, fitted_arrays(model, network), strict=True
        )
    ]
    return [group for group in groups if group]


def importances(model) -> NDArray:
    """Euclidean norm of the weights that leave each input, (n_features,).

    Times the input's scale, where that is learned.
    """
    # of a residual block also what goes around it
    norms = np.sqrt(sum(np.vecdot(W, W) for W in layer_weights(model)[0]))
    network = model._network
    for specs, layer in zip(network.specs, fitted_arrays(model, network), strict=True):
        for name, spec in specs.items():
            if spec.role == "scale":
                norms = norms * np.abs(layer[name][0])
    return norms
