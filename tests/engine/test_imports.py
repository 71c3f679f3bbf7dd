"""The engine stands alone."""

import ast
import sys
from pathlib import Path

import sknnreg.engine


def imported_modules(path):
    """Absolute names of everything a file imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: a relative import"
            yield node.module


def test_engine_imports_numpy_and_scipy_only():
    root = Path(sknnreg.engine.__file__).parent
    files = sorted(root.rglob("*.py"))
    assert len(files) > 15
    allowed = {"numpy", "scipy", *sys.stdlib_module_names}
    for path in files:
        optional = {"numba", "llvmlite"} if path.parent.name == "compiled" else set()
        for module in imported_modules(path):
            inside = f"{module}.".startswith("sknnreg.engine.")
            known = module.split(".")[0] in allowed | optional
            assert inside or known, f"{path.relative_to(root)} imports {module}"
