"""How a file of text is written: encoding, delimiter, lines before the header. What is found is said."""

from __future__ import annotations

import codecs
import collections
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from netdash.wording import number_of

DELIMITERS = (",", ";", "\t", "|")
_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_SEPARATOR = re.compile(r"sep=([,;|\t])[,;|\t]*", re.IGNORECASE)
"""The first line with which Excel names the delimiter."""
SAMPLE_BYTES = 2**20
"""Bytes at the beginning of a file from which encoding, delimiter and header are found."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Dialect:
    """How a file is written.

    Attributes
    ----------
    encoding, delimiter : str
        Name of the encoding for Python; the character between cells.
    names : tuple of str
        The names of the columns; empty where a column has none.
    lines_before : int
        Lines up to the first patient: title lines, lines that begin with "#", and the header.
    has_rows : bool
        Whether a line follows the header.
    found : tuple of str
        What is not as in a plain CSV file, in words.
    """

    encoding: str
    delimiter: str
    names: tuple[str, ...]
    lines_before: int
    has_rows: bool
    found: tuple[str, ...] = ()


def dialect_of(sample: bytes, encoding: str | None = None, delimiter: str | None = None) -> Dialect:
    """Return how a file is written, from its beginning.

    Parameters
    ----------
    sample : bytes
        The beginning of the file.
    encoding, delimiter : str, optional
        What is known already.

    Raises
    ------
    ValueError
        When the encoding is not known to Python, lines end with a carriage return alone, or the file has no header.
    """
    told = []
    encoding = encoding or _encoding(sample)
    if encoding not in ("utf-8", "utf-8-sig"):
        told.append(f"read as {encoding}; another encoding can be given with --encoding")
    text = _decoded(sample, encoding)
    if "\r" in text.rstrip("\r") and "\n" not in text:
        raise ValueError(
            "the lines end with a carriage return alone, as in files for an old Macintosh, expected a line feed; save "
            "the file as 'CSV UTF-8'"
        )
    lines = io.StringIO(text, newline="").readlines()
    start = next((i for i, line in enumerate(lines) if not line.startswith("#") and line.strip()), len(lines))
    notes = sum(line.startswith("#") for line in lines[:start])
    if notes:
        told.append(f"{number_of(notes, 'line')} that {'begins' if notes == 1 else 'begin'} with # left out")
    named = _SEPARATOR.fullmatch(lines[start].rstrip("\r\n")) if start < len(lines) else None
    if named:
        delimiter, start = delimiter or named[1], start + 1
    delimiter = delimiter or _delimiter(lines[start:])
    if delimiter != ",":
        told.append(f"cells are separated by {_NAMES.get(delimiter, repr(delimiter))}")
    titles = _titles(lines[start:], delimiter)
    if titles:
        told.append(f"{number_of(titles, 'line')} above the header left out: {lines[start].strip()[:60]!r}")
    start += titles
    reader = csv.reader(lines[start:], delimiter=delimiter)
    names = [name.strip() for name in next(reader, [])]
    unnamed = sum(not name for name in names)
    if unnamed and len(names) > unnamed:
        told.append(f"{number_of(unnamed, 'column')} without a name left out")
    has_rows = any(line.strip() for line in lines[start + reader.line_num :])
    return Dialect(encoding, delimiter, tuple(names), start + reader.line_num, has_rows, tuple(told))


def _encoding(sample: bytes) -> str:
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return name
    half = sample[:4000]
    if half[1::2].count(0) > len(half) // 4:
        return "utf-16-le"
    try:
        codecs.utf_8_decode(sample, "strict", False)
    except UnicodeDecodeError:
        # Bytes above 127 that are never UTF-8 are Windows-1252, which has all of Latin-1's letters. If some are
        # UTF-8, the file is UTF-8 with damage.
        text = codecs.utf_8_decode(sample, "ignore", False)[0]
        return "utf-8" if any(ord(letter) > 127 for letter in text) else "cp1252"
    return "utf-8"


def decoded(content: bytes) -> str:
    """Return the text of a small file, whose encoding is found from its bytes."""
    return _decoded(content, _encoding(content))


def _decoded(sample: bytes, encoding: str) -> str:
    try:
        return codecs.getincrementaldecoder(encoding)("replace").decode(sample)
    except LookupError:
        raise ValueError(
            f"encoding {encoding!r} is not known to Python, expected one such as utf-8, cp1252, utf-16"
        ) from None


def _rows(lines: list[str], delimiter: str) -> Iterator[list[str]]:
    return islice((row for row in csv.reader(lines, delimiter=delimiter) if row), 50)


def _usual_width(lines: list[str], delimiter: str) -> tuple[int, float]:
    """Return the commonest number of cells, and the share of the first rows that have it."""
    widths = collections.Counter(len(row) for row in _rows(lines, delimiter))
    if not widths:
        return 1, 0.0
    width, number = max(widths.items(), key=lambda item: (item[1], item[0]))
    return width, number / widths.total()


def _delimiter(lines: list[str]) -> str:
    def rank(delimiter: str) -> tuple[bool, float, int, int]:
        width, share = _usual_width(lines, delimiter)
        return width > 1, share, width, -DELIMITERS.index(delimiter)

    return max(DELIMITERS, key=rank)


def _titles(lines: list[str], delimiter: str) -> int:
    """Return the number of lines above the header: each is one cell, and a row of the usual width follows."""
    width, _ = _usual_width(lines, delimiter)
    for i, line in enumerate(lines[:20]):
        cells = len(next(csv.reader([line], delimiter=delimiter), []))
        if cells == width > 1:
            return i
        if cells > 1:
            return 0
    return 0
