"""What holds for all estimators of a process, in scikit-learn's manner."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.util import find_spec
from typing import Any

#: forms in which a network can be trained
BACKENDS = ("auto", "numpy", "fast")

_default: dict[str, Any] = {"backend": os.environ.get("SKNNREG_BACKEND", "auto")}
_local: ContextVar[dict[str, Any] | None] = ContextVar("_local", default=None)


def get_config() -> dict[str, Any]:
    """The present settings, as :func:`set_config` takes them.

    Returns
    -------
    config : dict

    Examples
    --------
    >>> import sknnreg
    >>> sorted(sknnreg.get_config())
    ['backend']
    """
    local = _local.get()
    return dict(_default if local is None else local)


def set_config(backend: str | None = None) -> None:
    """Set what holds for all estimators.

    Parameters
    ----------
    backend : {"auto", "numpy", "fast"}, default=None
        How mini-batch solvers train. ``"numpy"``: by NumPy's operations. ``"fast"``: by
        one function for the whole step, which numba compiles; a network that has a
        piece without a compiled form is trained by NumPy all the same.
        ``"auto"``, the setting at the start: ``"fast"`` where numba is installed and
        training is expected to take longer than compiling. None leaves it as it is.

        Both give the same numbers to rounding. Which one it was is in a fitted
        estimator's ``backend_``.

    Raises
    ------
    ValueError
        If there is no such backend.
    ImportError
        If ``"fast"`` is asked for and numba is not installed.

    Notes
    -----
    The setting at the start is that of the environment variable ``SKNNREG_BACKEND``,
    which other processes inherit. Searches of this package hand the setting on to their
    workers.

    See Also
    --------
    config_context : The same for a block of code.
    get_config : The present settings.
    """
    local = _local.get()
    (_default if local is None else local).update(_checked(backend))


@contextmanager
def config_context(backend: str | None = None) -> Iterator[None]:
    """Settings for a block of code.

    Parameters
    ----------
    backend : {"auto", "numpy", "fast"}, default=None
        As for :func:`set_config`.

    Examples
    --------
    >>> import sknnreg
    >>> with sknnreg.config_context(backend="numpy"):
    ...     sknnreg.get_config()
    {'backend': 'numpy'}
    """
    token = _local.set(get_config() | _checked(backend))
    try:
        yield
    finally:
        _local.reset(token)


def _checked(backend: str | None) -> dict[str, Any]:
    if backend is None:
        return {}
    if backend not in BACKENDS:
        raise ValueError(
            f"backend must be one of {', '.join(map(repr, BACKENDS))}; got {backend!r}."
        )
    if backend == "fast" and find_spec("numba") is None:
        raise ImportError(
            "backend='fast' needs numba, which is not installed: "
            "pip install 'sknnreg[fast]'."
        )
    return {"backend": backend}
