"""Who called: the line a warning points at, and whether a fit is the user's own."""

from __future__ import annotations

import os
import sys
import sysconfig
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import joblib
import sklearn

PACKAGES = tuple(
    str(Path(module).parent) + os.sep
    for module in (__file__, sklearn.__file__, joblib.__file__)
)
STANDARD_LIBRARY = sysconfig.get_path("stdlib") + os.sep

#: Parts of scikit-learn that pass a call of ``fit`` on to one estimator: what comes of
#: it is the user's. Others fit many, and would go on with the next.
ONE_FIT = ("sklearn.base", "sklearn.pipeline", "sklearn.compose._target")


def frames() -> Iterator[FrameType]:
    """The frames below this package, innermost first."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back


def is_users(frame: FrameType) -> bool:
    """Whether a frame is of no library that calls this one."""
    file = frame.f_code.co_filename
    in_library = file.startswith(STANDARD_LIBRARY) and "site-packages" not in file
    return not (in_library or file.startswith(("<frozen", *PACKAGES)))


def warn(message: str, category: type[Warning], estimator) -> None:
    """Warn at the user's line; where there is none, as in a worker, name the estimator.

    ``stacklevel`` would have to be guessed: how many calls lie between depends on the
    pipelines and searches around the estimator.
    """
    frame = users_frame()
    if frame is None:
        warnings.warn(f"{message} [{estimator!r}]", category, stacklevel=2)
    else:
        warn_at(frame, message, category)


def warn_once(message: str) -> None:
    """Warn at the user's line; of many fits that it calls, in the first only.

    Python's own filter does not see to that: scikit-learn sets the filters anew for
    each fit of a search, and then all warnings are new.
    """
    frame = users_frame()
    if not fit_is_the_users():
        place = ("", 0) if frame is None else (frame.f_code.co_filename, frame.f_lineno)
        if (*place, message) in said:
            return
        said.add((*place, message))
    if frame is None:
        warnings.warn(message, UserWarning, stacklevel=2)
    else:
        warn_at(frame, message, UserWarning)


#: what :func:`warn_once` has said, and where
said: set[tuple[str, int, str]] = set()


def users_frame() -> FrameType | None:
    """The user's line that called; None in a worker."""
    return next((frame for frame in frames() if is_users(frame)), None)


def warn_at(frame: FrameType, message: str, category: type[Warning]) -> None:
    registry = frame.f_globals.setdefault("__warningregistry__", {})
    warnings.warn_explicit(
        message,
        category,
        frame.f_code.co_filename,
        frame.f_lineno,
        frame.f_globals.get("__name__"),
        registry,
    )


def fit_is_the_users() -> bool:
    """Whether a user's line called this fit, and nothing that fits several.

    Then an interrupt is meant for this fit. In a search, a cross-validation or an
    ensemble it is meant for the whole.
    """
    seen = False
    for frame in frames():
        if is_users(frame):
            seen = True
            continue
        module = frame.f_globals.get("__name__", "")
        package = module.partition(".")[0]
        several = package in ("sklearn", "joblib") and module not in ONE_FIT
        if several or module.startswith("sknnreg.model_selection"):
            return False  # however far out: what is between may be a user's estimator
    return seen
