"""Sphinx configuration."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

import sknnreg

project = "sknnreg"
author = "The sknnreg developers"
copyright = author
version = release = sknnreg.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
    "registry",
]
templates_path = ["_templates"]
exclude_patterns = ["_build"]
html_theme = "pydata_sphinx_theme"
html_theme_options = {"show_prev_next": False, "secondary_sidebar_items": ["page-toc"]}
html_show_sourcelink = False

autosummary_generate = True
# the pages of the estimators list their methods themselves
numpydoc_show_class_members = False
# the docstrings of a loss or a penalty are its formula; no signature helps there
autodoc_typehints = "none"

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "show_memory": False,
    "download_all_examples": False,
    "write_computation_times": False,
}

# inherited docstrings of scikit-learn refer to its own glossary
suppress_warnings = ["ref.term"]
