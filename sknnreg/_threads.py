"""BLAS threads: one where splitting a product costs more than it saves."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from threadpoolctl import ThreadpoolController  # scikit-learn depends on it

#: each has a scratch of some megabytes
MOST_THREADS = 8

_lock = threading.Lock()
_inside = 0
_limiter: Any = None


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


@contextmanager
def one_blas_thread(wanted: bool) -> Iterator[None]:
    """One BLAS thread inside, if ``wanted``.

    The number of threads belongs to the whole process, so of several fits at once the
    first to come sets it and the last to go restores it.
    """
    global _inside, _limiter
    if not wanted:
        yield
        return
    with _lock:
        _inside += 1
        if _inside == 1:
            _limiter = _controller().limit(limits=1, user_api="blas")
            _limiter.__enter__()
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _limiter.__exit__(None, None, None)
