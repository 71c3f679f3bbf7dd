"""For all tests, doctests included: figures go to no screen, and are closed again."""

import os
import sys
from importlib.util import find_spec

import pytest

os.environ["MPLBACKEND"] = "Agg"  # before anything imports matplotlib

#: their doctests draw
collect_ignore_glob = [] if find_spec("matplotlib") else ["sknnreg/inspection/_*.py"]


@pytest.fixture(autouse=True)
def closed_figures():
    """No test leaves a figure open, which matplotlib would warn of after twenty."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
