"""The README as the package index shows it: figures from the documentation's site."""

from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface

SITE = "https://sknnreg.readthedocs.io/en/stable/"


class ReadmeHook(MetadataHookInterface):
    """An index does not resolve relative links; a checkout should need no network."""

    def update(self, metadata: dict) -> None:
        text = Path(self.root, "README.md").read_text("utf-8")
        text = text.replace("](docs/_static/", f"]({SITE}_static/")
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
