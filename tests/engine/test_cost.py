"""How large arrays may be that are worked on together."""

import os

import pytest

from sknnreg.engine.cost import second_level_cache


@pytest.mark.parametrize(
    ("told", "taken"),
    [(2**19, 2**19), (2**10, 2**18), (2**26, 2**21), (0, 2**20), (-1, 2**20)],
)
def test_cache_is_what_the_system_tells_within_limits(told, taken, monkeypatch):
    monkeypatch.setattr(os, "sysconf", lambda name: told, raising=False)
    assert second_level_cache() == taken


@pytest.mark.parametrize("error", [ValueError, OSError])
def test_cache_where_the_system_tells_nothing(error, monkeypatch):
    def unknown(name):
        raise error(name)

    monkeypatch.setattr(os, "sysconf", unknown, raising=False)
    assert second_level_cache() == 2**20
