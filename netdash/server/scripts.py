"""The scripts of the page as one file.

Voila's page asks for about ninety parts of scripts, step by step. Each part adds itself to a list of its package,
whoever loads it. So the parts that the board needs are joined into one file, with Voila's main script at its end, which
then finds them loaded. A part that is not in the file is loaded as before.

`parts.txt` names the parts. `make vendor` renews it after a new version of Voila, ipywidgets or anywidget.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from tornado.web import RequestHandler

from netdash.files import TEMPLATE
from netdash.server.compression import takes_gzip

PARTS = TEMPLATE / "parts.txt"
"""The file that names the parts: "static/..." of Voila, "labextensions/..." of the extensions."""
MAIN = "static/voila.js"
"""Voila's main script."""


def joined(folders: Mapping[str, Sequence[str | Path]]) -> bytes:
    """Return the parts and Voila's main script as one script.

    Parameters
    ----------
    folders
        Where files are, by the first part of their names: "static", "labextensions".
    """
    found = [path for name in PARTS.read_text(encoding="utf-8").split() for path in _paths(name, folders)]
    # Each part is a function, which keeps its "use strict" to itself. Voila's main script makes a global variable.
    parts = [b"(() => {" + path.read_bytes() + b"\n})();" for path in found]
    return b"\n".join([*parts, *(path.read_bytes() for path in _paths(MAIN, folders))])


def _paths(name: str, folders: Mapping[str, Sequence[str | Path]]) -> list[Path]:
    """Return the first file of that name as a list; an empty list when another version has no such file."""
    kind, _, rest = name.partition("/")
    return [path for folder in folders[kind] if (path := Path(folder) / rest).is_file()][:1]


class PageScripts:
    """The joined scripts, compressed, under a name that changes with their content."""

    def __init__(self, content: bytes) -> None:
        self.packed = gzip.compress(content, mtime=0)
        self.name = f"page.{hashlib.sha256(content).hexdigest()[:16]}.js"


class ScriptsHandler(RequestHandler):
    """Sends the joined scripts, which a browser may keep for ever."""

    def initialize(self, scripts: PageScripts) -> None:
        """Keep what is sent."""
        self.scripts = scripts

    def get(self) -> None:
        """Send the scripts."""
        self.set_header("Content-Type", "text/javascript")
        self.set_header("Cache-Control", "public, max-age=31536000, immutable")
        if takes_gzip(self.request):
            self.set_header("Content-Encoding", "gzip")
            self.finish(self.scripts.packed)
        else:
            self.finish(gzip.decompress(self.scripts.packed))

    head = get
