"""For all tests, doctests included: figures go to no screen, and are closed again."""

import os
import sys
from importlib.util import find_spec

import pytest

os.environ["MPLBACKEND"] = "Agg"  # before anything imports matplotlib
#: what a test does not ask for is not compiled, whether numba is installed or not
os.environ["SKNNREG_BACKEND"] = "numpy"

#: modules that cannot be imported without what is optional, or whose doctests draw
OPTIONAL = {
    "matplotlib": "sknnreg/inspection/_*.py",
    "numba": "sknnreg/engine/compiled/*.py",
}
collect_ignore_glob = [
    files for package, files in OPTIONAL.items() if not find_spec(package)
]


@pytest.fixture(autouse=True)
def closed_figures():
    """No test leaves a figure open, which matplotlib would warn of after twenty."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
