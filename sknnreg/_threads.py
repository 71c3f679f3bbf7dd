"""BLAS threads: one where splitting a product costs more than it saves."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from threadpoolctl import ThreadpoolController  # scikit-learn depends on it

#: each has a scratch of some megabytes
MOST_THREADS = 8

Answer = TypeVar("Answer")

_lock = threading.Lock()
#: who works with one thread, and how many there were before the first of them
_holders: set[object] = set()
_before: dict[Any, int] = {}


@functools.cache
def _controller() -> ThreadpoolController:
    """Found once: looking for the loaded libraries takes milliseconds."""
    return ThreadpoolController()


def n_threads() -> int:
    """How many threads BLAS may use at present: what the user has allowed."""
    libraries = _controller().lib_controllers
    return max((x.num_threads for x in libraries if x.user_api == "blas"), default=1)


def threads_for(parts: int) -> int:
    """On how many threads to do work of so many parts, with one BLAS thread in each."""
    return min(n_threads(), parts, MOST_THREADS) if parts > 1 else 1


def on_one_blas_thread(wanted: bool, work: Callable[[], Answer]) -> Answer:
    """What ``work`` gives, done with one BLAS thread if ``wanted``.

    The number of threads belongs to the whole process, so of several fits at once the
    first to come sets it and the last to go restores it.

    A function and not a context manager: an interrupt may come at the first line of
    any function, and ``__exit__`` is one, which then would restore nothing.
    """
    if not wanted:
        return work()
    mine = object()
    try:
        _hold(mine)
        return work()
    finally:
        try:
            _let_go(mine)
        finally:
            _let_go(mine)  # if the first was interrupted; else it does nothing


def _hold(holder: object) -> None:
    with _lock:
        _holders.add(holder)
        if not _before:
            blas = [x for x in _controller().lib_controllers if x.user_api == "blas"]
            # known before it is changed, so that it can be restored at any moment
            _before.update({library: library.num_threads for library in blas})
            for library in blas:
                library.set_num_threads(1)


def _let_go(holder: object) -> None:
    with _lock:
        _holders.discard(holder)
        if _holders:
            return
        for library, number in _before.items():
            library.set_num_threads(number)
        _before.clear()
