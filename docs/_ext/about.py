"""``.. speed-about:: FILE``: when, where and how the runs of a file were made."""

import json
from pathlib import Path

from sphinx.util.docutils import SphinxDirective


class About(SphinxDirective):
    """A row for each of ``about`` in the file."""

    required_arguments = 1

    def run(self):
        file = Path(self.env.doc2path(self.env.docname)).parent / self.arguments[0]
        self.env.note_dependency(str(file))
        about = json.loads(file.read_text())["about"]
        lines = [".. list-table::", "   :header-rows: 1", ""]
        lines += ["   * - form", "     - command", "     - when, where"]
        for form, run in about.items():
            versions = ", ".join(f"{k} {v}" for k, v in run["versions"].items())
            lines += [
                f"   * - {form}",
                f"     - ``{run['command']}``",
                f"     - {run['date']}, {versions}, {run['processor']}",
            ]
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app):
    app.add_directive("speed-about", About)
    return {"parallel_read_safe": True}
