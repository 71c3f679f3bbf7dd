"""What of an estimator is stored: arrays, numbers and strings, in dicts and lists.

pickle, joblib, skops and ``copy.deepcopy`` ask for ``__getstate__``, in which none of
our internal classes is left. So what is stored outlives a change of these, and skops
needs trust the estimators alone.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, get_type_hints

if TYPE_CHECKING:
    from typing import Self

#: of what is stored; one more whenever an older version could not read it
FORMAT = 1

#: where a state tells its format, and the version that wrote it
STAMP = "_stored"


def plain(value: Any) -> Any:
    """A value as dicts and lists of arrays and numbers; the arrays are shared.

    Dataclasses are taken apart by their fields; a class that is none has ``to_plain``
    and ``from_plain``.
    """
    if hasattr(value, "to_plain"):
        return value.to_plain()
    if is_dataclass(value):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    return value


def restored(kind: Any, state: Any) -> Any:
    """The value of this class that :func:`plain` was given.

    Fields that a class had not yet when it was stored have their defaults.
    """
    if hasattr(kind, "from_plain"):
        return kind.from_plain(state)
    if not (isinstance(kind, type) and is_dataclass(kind)):
        return state
    value: Any = object.__new__(kind)
    for each in fields(kind):
        known = each.name in state
        inner = kinds(kind)[each.name]
        part = restored(inner, state[each.name]) if known else default(each)
        setattr(value, each.name, part)
    return value


#: of the fields of a class; looking takes some 500 µs
kinds = cache(get_type_hints)


def default(field: Field) -> Any:
    """What a field is where nothing is said of it."""
    if field.default_factory is not MISSING:
        return field.default_factory()
    if field.default is MISSING:
        raise ValueError(f"What is stored lacks {field.name!r}.")
    return field.default


def stamp() -> dict[str, Any]:
    """Who stores, and how."""
    from sknnreg import __version__  # which imports all else

    return {"format": FORMAT, "version": __version__}


def check_stamp(found: dict[str, Any] | None, what: str) -> None:
    """Refuse what this version cannot read."""
    if found is None:
        raise ValueError(
            f"{what} was stored by a version before the release of sknnreg 0.1.0, in "
            "a form that is not read any more. Fit again."
        )
    if found["format"] > FORMAT:
        raise ValueError(
            f"{what} was stored by sknnreg {found['version']} in format "
            f"{found['format']}; sknnreg {stamp()['version']} reads formats up to "
            f"{FORMAT}. Install sknnreg>={found['version']}, or fit again."
        )


class Stored:
    """An estimator of whose attributes some are not plain."""

    def _to_plain(self, state: dict[str, Any]) -> None:
        """Replace in ``state``, a copy of the attributes, what is not plain."""
        raise NotImplementedError

    def _from_plain(self, state: dict[str, Any]) -> None:
        """The way back."""
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        attributes: Any = super().__getstate__()
        state = dict(attributes)
        self._to_plain(state)
        return state | {STAMP: stamp()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        check_stamp(state.get(STAMP), f"This {type(self).__name__}")
        state = {name: value for name, value in state.items() if name != STAMP}
        self._from_plain(state)
        vars(self).update(state)

    def __copy__(self) -> Self:
        # of a shallow copy, which every fit makes, nothing need be taken apart
        copied = object.__new__(type(self))
        vars(copied).update(vars(self))
        return copied
