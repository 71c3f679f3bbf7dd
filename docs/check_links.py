"""Links inside of the built site, and clicks from its front page.

``python docs/check_links.py docs/_build/html`` lists every link to a page, figure or
place that is not there, and every public name further than two clicks away.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """What a page links to, and what can be linked to on it."""

    def __init__(self, path):
        super().__init__()
        self.links, self.ids = set(), set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name == "id":
                self.ids.add(value)
            elif name in ("href", "src") and value and not urlsplit(value).scheme:
                self.links.add(value)


def target(path, link):
    """File and place that a link of a page means."""
    url = urlsplit(link)
    file = (path.parent / unquote(url.path)).resolve() if url.path else path
    return file, unquote(url.fragment)


root = Path(sys.argv[1]).resolve()
pages = {
    path: Page(path) for path in root.rglob("*.html") if "_static" not in path.parts
}
places = {path: {target(path, x) for x in page.links} for path, page in pages.items()}
broken = [
    f"{path.relative_to(root)}: {file.name}#{place}"
    for path, found in places.items()
    for file, place in found
    if not file.exists() or (place and file in pages and place not in pages[file].ids)
]
near = {file for file, _ in places[root / "index.html"]}
near |= {file for path in near & pages.keys() for file, _ in places[path]}
generated = (root / "generated").glob("sknnreg.*.html")
far = [p.name for p in generated if "sknnreg.engine" not in p.name and p not in near]
print(*broken, *(f"more than two clicks away: {name}" for name in far), sep="\n")
print(f"{len(pages)} pages, {len(broken)} broken links, {len(far)} names too far")
sys.exit(bool(broken or far))
