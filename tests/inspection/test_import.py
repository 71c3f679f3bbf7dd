"""matplotlib is needed where something is drawn, and only there."""

import ast
import sys
from pathlib import Path

import pytest

from sknnreg import inspection
from tests.inspection import factories


def test_modules_do_not_import_matplotlib():
    for path in Path(inspection.__file__).parent.glob("*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert "matplotlib" not in ast.unparse(node), path.name


def test_drawing_without_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r'pip install "sknnreg\[examples\]"'):
        inspection.LossCurveDisplay.from_estimator(factories.classifier())


def test_public_names():
    assert sorted(inspection.__all__) == inspection.__all__
    for name in inspection.__all__:
        assert "Examples\n" in getattr(inspection, name).__doc__
