"""How Sphinx makes the site from the pages that build.py puts together."""

from pathlib import Path

from sphinx.application import Sphinx

import netdash

project = "netdash"
author = "The netdash authors"
copyright = author  # noqa: A001 - Sphinx reads this name
version = release = netdash.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]

# Pages are Markdown with links relative to the checkout, and each heading can be linked to.
myst_heading_anchors = 4
myst_enable_extensions = ["deflist"]

# Docstrings are numpydoc; they name types in words, so the signature need not.
napoleon_google_docstring = False
napoleon_use_rtype = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"
add_module_names = False

html_theme = "furo"
html_title = f"netdash {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = "_static/icon.svg"
html_show_sourcelink = False
html_copy_source = False
html_show_copyright = False
html_theme_options = {
    "sidebar_hide_name": False,
    "footer_icons": [],
}
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"


MENDED = {
    "<pre>": '<pre tabindex="0">',
    '<div class="table-wrapper colwidths-auto docutils container">': '<div class="table-wrapper colwidths-auto docutils container" tabindex="0">',
    'role="heading"': 'role="heading" aria-level="2"',
    '<th class="head"><p></p></th>': "<td></td>",
    "<th></th>": "<td></td>",
    '<aside class="sidebar-drawer">': '<aside class="sidebar-drawer" aria-label="Pages">',
    '<aside class="toc-drawer">': '<aside class="toc-drawer" aria-label="On this page">',
    '<div id="search-results"></div>': '<h1>Search</h1><div id="search-results"></div>',
}
"""What axe-core finds in the HTML of Sphinx, Furo and pandas: code that no key can scroll, heads and parts without a name."""


def mend(app: Sphinx, failed: Exception | None) -> None:
    """Replace in every page that was built."""
    for page in Path(app.outdir).rglob("*.html") if failed is None else ():
        text = page.read_text(encoding="utf-8")
        for found, better in MENDED.items():
            text = text.replace(found, better)
        page.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Connect what is done to the pages when they are built."""
    app.connect("build-finished", mend)
