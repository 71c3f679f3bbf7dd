"""Both forms of the mini-batch step, for tests that must hold in either."""

from importlib.util import find_spec

import pytest

from sknnreg import config_context

FAST = pytest.param(
    "fast",
    marks=pytest.mark.skipif(find_spec("numba") is None, reason="numba is missing"),
)

#: of a module or test: run in both forms
both_forms = pytest.mark.usefixtures("form")


def everything():
    """A structure with all pieces: compiled once, it does for the tests of all."""
    from sknnreg.engine.compiled import activations, layers, losses, optimizers
    from sknnreg.engine.compiled.program import Structure

    return Structure(
        tuple(layers.FORMS),
        tuple(kind.__name__ for kind in activations.FORMS),
        tuple(kind.__name__ for kind in losses.FORMS),
        tuple(kind.__name__ for kind in optimizers.FORMS),
        ("kink", "groups", "clip", "limit"),
    )


@pytest.fixture(params=["numpy", FAST])
def form(request, monkeypatch):
    """The form that trains: "numpy" or "fast"."""
    if request.param == "fast":
        from sknnreg.engine.compiled.epoch import CompiledEpoch

        monkeypatch.setattr(CompiledEpoch, "_needed", lambda self, task: everything())
    with config_context(backend=request.param):
        yield request.param
