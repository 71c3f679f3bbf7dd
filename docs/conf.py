"""Sphinx configuration. The build needs no network."""

import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

import matplotlib
from numpydoc.xref import DEFAULT_LINKS

import sknnreg

matplotlib.use("Agg")
HERE = Path(__file__).parent

project = "sknnreg"
author = "The sknnreg developers"
copyright = author
version = release = sknnreg.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "matplotlib.sphinxext.plot_directive",
    "numpydoc",
    "myst_parser",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "about",
    "formulas",
    "gallery",
    "registry",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_inventories", "figures"]

html_theme = "pydata_sphinx_theme"
html_title = "sknnreg"
html_logo = "_static/wordmark.svg"
html_favicon = "_static/favicon.svg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "logo": {
        "alt_text": "sknnreg",
        "image_light": "_static/wordmark.svg",
        "image_dark": "_static/wordmark-dark.svg",
    },
    "header_links_before_dropdown": 6,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
# pages without a table of contents have no empty column beside them
html_sidebars = {
    name: []
    for name in ("index", "theory", "architecture", "performance", "benchmarks")
}
html_sidebars |= {name: [] for name in ("extending", "changelog", "auto_examples/*")}
html_show_sourcelink = False
smartquotes = False  # values are quoted as they are typed
toc_object_entries_show_parents = "hide"
html_math_renderer = "mathml"

autosummary_generate = True
# the pages of the estimators list their methods themselves
numpydoc_show_class_members = False
numpydoc_xref_param_type = True
# of the types only those that the inventories know are links
numpydoc_xref_ignore = "all"
numpydoc_xref_aliases = {name: name for name in DEFAULT_LINKS} | {
    "ndarray": "numpy.ndarray",
    "RandomState": "numpy.random.RandomState",
    "Generator": "numpy.random.Generator",
}
# the docstrings of a loss or a penalty are its formula; no signature helps there
autodoc_typehints = "none"

# the names that are used, and no others, in the inventories' oldest format: plain text
intersphinx_mapping = {
    name: (url, str(HERE / "_inventories" / f"{name}.txt"))
    for name, url in {
        "python": "https://docs.python.org/3/",
        "numpy": "https://numpy.org/doc/stable/",
        "scipy": "https://docs.scipy.org/doc/scipy/",
        "sklearn": "https://scikit-learn.org/stable/",
    }.items()
}

plot_include_source = False
plot_html_show_source_link = False
plot_html_show_formats = False
plot_formats = ["svg"]
plot_apply_rcparams = True
plot_rcparams = dict(
    matplotlib.rc_params_from_file(
        HERE / "figures" / "house.mplstyle", use_default_template=False
    )
)

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("sknnreg",),
    "show_memory": False,
    "download_all_examples": False,
    "write_computation_times": False,
}

# inherited docstrings of scikit-learn refer to its own glossary
suppress_warnings = ["ref.term"]
# networks of the figures have a fixed number of epochs
warnings.filterwarnings("ignore", message=".*[Ii]terations .* reached")
