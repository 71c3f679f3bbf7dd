"""``.. examples:: NAME ...``: a line with links to examples of the gallery.

A name whose file is not in ``examples/`` is left out and told of in the log, so that a
page can be written before its example.
"""

from pathlib import Path

from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)


class Examples(SphinxDirective):
    """In the gallery: their titles."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self):
        links = []
        for name in self.arguments[0].split():
            if Path(self.env.srcdir, "..", "examples", f"{name}.py").exists():
                links.append(f":doc:`/auto_examples/{name}`")
            else:
                logger.warning("no example %s for %s", name, self.env.docname)
        if not links:
            return []
        text = "\n".join(["**In the gallery**", "", *(f"* {link}" for link in links)])
        return self.parse_text_to_nodes(text)


def setup(app):
    app.add_directive("examples", Examples)
    return {"parallel_read_safe": True}
