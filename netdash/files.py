"""Where the project's own files are: inside the package of a wheel, beside the package in a checkout."""

from __future__ import annotations

import functools
from pathlib import Path

PACKAGE = Path(__file__).parent
SHARE = PACKAGE / "server" / "share"
"""What the server adds to Jupyter's search path."""
TEMPLATE = SHARE / "voila" / "templates" / "netdash"
"""The page that Voila serves."""
PLOTLY = TEMPLATE / "static" / "plotly-cartesian.min.js"
"""The script that draws every figure: a file of the served page, put into a report, sent once to JupyterLab."""


@functools.cache
def folder(name: str) -> Path:
    """Return the folder `name` ("data" or "dashboards") of this installation.

    Raises
    ------
    FileNotFoundError
        When the installation lacks it; the message says what to do.
    """
    places = (PACKAGE / name, PACKAGE.parent / name)
    for place in places:
        if place.is_dir():
            return place
    raise FileNotFoundError(f"netdash's folder {name!r} is neither at {places[0]} nor at {places[1]}: install it again")
