"""The versions with which something was computed."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import netdash
from netdash import data_tables

_PACKAGES = ("numpy", "pandas", "plotly", "narwhals", "ipywidgets", "anywidget", "voila")


def versions() -> dict[str, str]:
    """Return the versions to give in a methods section or with a fault: netdash, its data, Python and packages.

    Returns
    -------
    dict of str to str
        netdash, data, evidence_read_up_to (a date), python, platform, and the packages that compute, draw and show;
        "not installed" for one that is not there.

    Examples
    --------
    >>> import netdash as nd
    >>> list(nd.versions())[:4]
    ['netdash', 'data', 'evidence_read_up_to', 'python']
    >>> nd.versions()["netdash"] == nd.__version__
    True
    """
    own = {
        "netdash": netdash.__version__,
        "data": data_tables.data_version(),
        "evidence_read_up_to": data_tables.read_up_to(),
        "python": platform.python_version(),
        "platform": platform.platform(),
    }
    return own | {name: _version(name) for name in _PACKAGES}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
