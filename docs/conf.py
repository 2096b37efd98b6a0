"""The documentation as a site: `sphinx-build -W docs build/site`.

It is built without a network, and notebooks are shown as they are stored.
"""

import shutil
from pathlib import Path

import tokenomics

ROOT = Path(__file__).resolve().parents[1]

project = "tokenomics"
author = "The tokenomics contributors"
copyright = "The tokenomics contributors, Apache-2.0"
version = release = tokenomics.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx-mathjax-offline",
]
html_theme = "pydata_sphinx_theme"
html_title = "tokenomics"
html_show_sourcelink = False
html_theme_options = {
    "show_toc_level": 2,
    "navigation_depth": 2,
    "show_prev_next": True,
    "header_links_before_dropdown": 6,
}

myst_enable_extensions = ["dollarmath", "deflist", "colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "off"
nb_merge_streams = True
suppress_warnings = ["myst.strikethrough", "mystnb.unknown_mime_type"]

autosummary_generate = True
autodoc_typehints = "none"
napoleon_google_docstring = False


def copy_notebooks(app):
    """Notebooks of the root, since Sphinx takes pages from its own folder alone."""
    gallery = Path(app.srcdir) / "notebooks"
    shutil.rmtree(gallery, ignore_errors=True)
    gallery.mkdir()
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        shutil.copyfile(notebook, gallery / notebook.name)


def setup(app):
    app.connect("builder-inited", copy_notebooks, priority=0)
