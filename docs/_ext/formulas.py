"""Formulas as MathML, made at the build: no script, no network, the same each time."""

from docutils.nodes import SkipNode
from latex2mathml.converter import convert
from sphinx.util.math import get_node_equation_number


def inline(self, node):
    self.body.append(convert(node.astext()))
    raise SkipNode


def display(self, node):
    if node["number"]:
        number = get_node_equation_number(self, node)
        self.body.append(f'<span class="eqno">({number})</span>')
    formula = convert(node.astext(), display="block")
    self.body.append(f'<div class="math">{formula}</div>\n')
    raise SkipNode


def setup(app):
    app.add_html_math_renderer("mathml", (inline, None), (display, None))
    return {"parallel_read_safe": True}
