"""How Sphinx makes the site from the pages that build.py puts together."""

from typing import Any

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
html_show_sourcelink = False
html_copy_source = False
html_show_copyright = False
html_theme_options = {
    "sidebar_hide_name": False,
    "footer_icons": [],
}
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"


def reachable(_app: Sphinx, _page: str, _template: str, context: dict[str, Any], _tree: object) -> None:
    """Mend what axe-core calls serious in the HTML of Sphinx: headings without a level, code that no key can scroll."""
    for opening in ("<pre>", '<div class="table-wrapper colwidths-auto docutils container">'):
        context["body"] = context.get("body", "").replace(opening, opening[:-1] + ' tabindex="0">')
    tree = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = tree.replace('role="heading"', 'role="heading" aria-level="2"')


def setup(app: Sphinx) -> None:
    """Connect what is done to each page, after the theme has made its parts."""
    app.connect("html-page-context", reachable, priority=900)
