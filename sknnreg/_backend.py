"""Which form of the mini-batch step trains a task: NumPy's, or the compiled one."""

from __future__ import annotations

import functools
import gc
import multiprocessing
from importlib.util import find_spec
from typing import TYPE_CHECKING

from sknnreg._caller import warn_once
from sknnreg._config import get_config
from sknnreg.engine.cost import is_worth_compiling
from sknnreg.engine.minibatch import MiniBatch
from sknnreg.engine.training import Task

if TYPE_CHECKING:
    from sknnreg.engine.compiled.epoch import CompiledEpoch


def may_compile() -> bool:
    """Whether the compiled form is to be had at all."""
    return get_config()["backend"] != "numpy" and find_spec("numba") is not None


def compiled_form(task: Task, n_epochs: int) -> CompiledEpoch | None:
    """The compiled epoch of a task of so many; None if NumPy trains it.

    What "auto" takes depends on the task alone, not on what is compiled already: equal
    seeds must give equal bits in every process.
    """
    if not may_compile() or not isinstance(task.solver, MiniBatch):
        return None
    if get_config()["backend"] == "auto" and not is_worth_compiling(task, n_epochs):
        return None
    # not before it is wanted: to import numba takes as long as a small fit
    from numba.core.errors import NumbaError

    from sknnreg.engine.compiled.epoch import CompiledEpoch
    from sknnreg.engine.compiled.program import NoForm

    try:
        compiled = CompiledEpoch(task)
    except NoForm:
        return None
    except (NumbaError, RuntimeError, OSError) as error:
        # the compiler's own: an unknown processor, a folder that cannot be written
        text = str(error).strip().partition("\n")[0]
        warn_once(
            "numba could not compile the training step, and NumPy does it instead: "
            f"{type(error).__name__}: {text}"
        )
        return None
    leave_out_of_collections()
    return compiled


@functools.cache
def leave_out_of_collections() -> None:
    """In a worker of joblib: numba's objects are not looked through again and again.

    It collects all garbage each second, unless psutil is installed, and a fifth of its
    time would go into that.
    """
    if multiprocessing.current_process().name.startswith("Loky"):
        gc.collect()  # what is garbage now is not to stay
        gc.freeze()
