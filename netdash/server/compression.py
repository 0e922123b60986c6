"""Answers compressed with gzip: files once, pages as they are written.

Every browser takes gzip. The messages of a websocket are not compressed.
"""

from __future__ import annotations

import functools
import gzip
import re
from pathlib import Path

from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.web import GZipContentEncoding, StaticFileHandler

SUFFIXES = {".css", ".html", ".js", ".json", ".map", ".svg", ".txt"}
"""Files that become smaller. Pictures and fonts are compressed already."""
FEWEST_BYTES = 1024
"""Smaller files fit into one packet anyway."""
MOST_FILES = 1000
"""Compressed files that are kept in memory; a page needs about ten, of 1 MB together."""
NO_GZIP = re.compile(r"\bgzip\s*;\s*q\s*=\s*0(\.0*)?\s*(,|$)")


def takes_gzip(request: HTTPServerRequest) -> bool:
    """Whether the client of a request takes gzip."""
    accepted = request.headers.get("Accept-Encoding", "").lower()
    return "gzip" in accepted and not NO_GZIP.search(accepted)


def compressed(path: Path) -> bytes | None:
    """Return a file compressed; nothing when that does not make it smaller."""
    state = path.stat()
    return _compressed(path, state.st_mtime_ns, state.st_size)


@functools.lru_cache(maxsize=MOST_FILES)
def _compressed(path: Path, _changed: int, size: int) -> bytes | None:
    if path.suffix not in SUFFIXES or size < FEWEST_BYTES:
        return None
    made = gzip.compress(path.read_bytes(), mtime=0)
    return made if len(made) < size else None


class Compressing(StaticFileHandler):
    """A handler of files that sends them compressed to clients that take gzip.

    The compressed form has an ETag of its own. A request of a part of a file gets that part of the file itself.
    """

    packed: bytes | None = None

    def set_headers(self) -> None:
        """Choose the form in which the file is sent, and set the headers."""
        if takes_gzip(self.request) and "Range" not in self.request.headers:
            self.packed = compressed(Path(str(self.absolute_path)))
        super().set_headers()
        self.set_header("Vary", "Accept-Encoding")
        if self.packed:
            self.set_header("Content-Encoding", "gzip")
            self.get_content = lambda *_: self.packed  # type: ignore[method-assign,assignment]

    def compute_etag(self) -> str | None:
        """Return the ETag of the form that is sent."""
        etag = super().compute_etag()
        return f'{etag[:-1]}-gzip"' if etag and self.packed else etag

    def get_content_size(self) -> int:
        """Return how many bytes are sent."""
        return len(self.packed) if self.packed else super().get_content_size()


class CompressedPages(GZipContentEncoding):
    """Compresses every answer that is text and has no encoding yet, piece by piece, to clients that take gzip."""

    def __init__(self, request: HTTPServerRequest) -> None:
        super().__init__(request)
        self._gzipping = takes_gzip(request)

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        """Compress the answer, unless it is a part of a file, which a client counts in bytes of the file."""
        self._gzipping = self._gzipping and status_code != 206
        return super().transform_first_chunk(status_code, headers, chunk, finishing)
