"""Paths of the project's own files: inside the package of a wheel, beside the package in a checkout."""

from __future__ import annotations

import functools
from pathlib import Path

PACKAGE = Path(__file__).parent
SHARE = PACKAGE / "server" / "share"
"""The folder that the server adds to Jupyter's search path."""
TEMPLATE = SHARE / "voila" / "templates" / "netdash"
"""The template of the page that Voila serves."""
PLOTLY = TEMPLATE / "static" / "plotly-cartesian.min.js"
"""plotly.js. The served page loads it, a report contains it, the kernel sends it once to JupyterLab."""


@functools.cache
def folder(name: str) -> Path:
    """Return the path of the folder `name` ("data" or "dashboards") of this installation.

    Raises
    ------
    FileNotFoundError
        When the folder is missing; the message says what to do.
    """
    places = (PACKAGE / name, PACKAGE.parent / name)
    for place in places:
        if place.is_dir():
            return place
    raise FileNotFoundError(f"netdash's folder {name!r} is neither at {places[0]} nor at {places[1]}: install it again")
