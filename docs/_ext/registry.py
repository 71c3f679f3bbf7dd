"""What the pages need of Sphinx: tables of the registries, and formulas as they stand.

``.. registry:: module:NAME`` is a table of everything a registry names, made from the
registry itself, so that a new entry is documented by being there.
"""

import re
from importlib import import_module

from sphinx.util.docutils import SphinxDirective

from sknnreg._docs import describe


class Registry(SphinxDirective):
    """One row an entry: its name, its class, what its docstring begins with."""

    required_arguments = 1

    def run(self):
        module, name = self.arguments[0].split(":")
        registry = getattr(import_module(module), name)
        lines = [".. list-table::", "   :header-rows: 1", "   :widths: 18 18 64", ""]
        lines += ["   * - name", "     - class", "     - what it is"]
        for key, kind, text in describe(registry):
            lines += [
                f"   * - ``{key!r}``",
                f"     - :class:`~{module}.{kind.__name__}`",
                f"     - {escape(text)}",
            ]
        return self.parse_text_to_nodes("\n".join(lines))


def escape(text: str) -> str:
    """Keep ``|``, ``*`` and a last ``_`` from being markup; literals and *words* stay.

    What stands before " :" is the name of an attribute, which numpydoc escapes.
    """
    parts = text.split("``")
    markup = re.compile(r"(?<!\S)\*\w+\*(?!\w)|([|*]|(?<=\w)_(?!\w| :))")
    parts[::2] = [
        markup.sub(lambda found: "\\" * bool(found[1]) + found[0], part)
        for part in parts[::2]
    ]
    return "``".join(parts)


def escape_formulas(app, what, name, obj, options, lines) -> None:
    """Docstrings are written to be read in the source; make their formulas reST."""
    block = None  # indentation of the line that opened a literal block
    for i, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if block is not None and line.strip() and indent <= block:
            block = None
        if block is None and not line.lstrip().startswith((">>>", "...")):
            lines[i] = escape(line)
            if line.endswith("::"):
                block = indent


def setup(app):
    app.add_directive("registry", Registry)
    # before numpydoc, which turns the sections into reST with markup of its own
    app.connect("autodoc-process-docstring", escape_formulas, priority=400)
    return {"parallel_read_safe": True}
