"""CSV files that people hand in: read as text, checked cell by cell, refused whole in words.

A file of own series and a list of prepared cases are read here. Nothing of a refused file is taken.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOST_SAID = 5
"""So many of the things that are wrong are said at once."""
MOST_LOOKED_AT = 1000
"""So many rows with something wrong are looked at; a file can have rows without end."""
LONGEST_SHOWN = 60
_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class RefusedFile(ValueError):  # noqa: N818 - the name is what happened to the file
    """A file that was not taken.

    Attributes
    ----------
    why : str
        What is wrong, without the place of the file.
    discreet : str
        The same without anything that stands in the file, for where nothing of it may be written.
    """

    def __init__(self, why: str, discreet: str = "", place: str = "file") -> None:
        super().__init__(f"{place}: {why}")
        self.why, self.discreet = why, discreet or why


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where it is, what stands there, what should."""

    where: str
    given: str
    expected: str

    def __str__(self) -> str:
        return f"{self.where}: given {self.given}, expected {self.expected}"

    @property
    def discreet(self) -> str:
        """The same without what stands there."""
        return f"{self.where}: expected {self.expected}"


def refuse(problems: Iterable[Problem]) -> None:
    """Refuse a file when anything is wrong with it, naming the first things and how many more there are.

    Raises
    ------
    RefusedFile
        When there is a problem.
    """
    found = list(problems)
    if found:
        more = f" (and {len(found) - MOST_SAID} more)" if len(found) > MOST_SAID else ""
        said = found[:MOST_SAID]
        raise RefusedFile("; ".join(map(str, said)) + more, "; ".join(problem.discreet for problem in said) + more)


def shown(text: str) -> str:
    """Return what stands in a cell for a message: quoted, and cut when it is long."""
    return repr(text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}...")


def text_of(file: str | Path | bytes, most_bytes: int, expected: str) -> str:
    """Return a file's text.

    Parameters
    ----------
    file : str, Path or bytes
        A CSV file in UTF-8, or its content.
    most_bytes : int
        A larger one is refused.
    expected : str
        What is said to be expected of a larger one: "a list of at most 500 cases".

    Raises
    ------
    RefusedFile
        When there is no such file, it cannot be read, is too large, or is no UTF-8.
    """
    content = file if isinstance(file, bytes) else _content(Path(file), most_bytes)
    if len(content) > most_bytes:
        raise RefusedFile(f"given more than {most_bytes:,} bytes, expected {expected}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RefusedFile(f"byte {error.start} is no UTF-8; save the file as CSV in UTF-8") from None


def _content(file: Path, most_bytes: int) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(most_bytes + 1)
    except FileNotFoundError:
        raise RefusedFile("there is no such file") from None
    except OSError as error:
        raise RefusedFile(f"it cannot be read ({error.strerror})") from None


def lines_of(text: str, delimiter: str) -> list[list[str]]:
    """Return the cells of each line, without blanks around them.

    Raises
    ------
    RefusedFile
        When a line cannot be read as CSV, such as one with a quotation mark that is never closed.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return [[cell.strip() for cell in line] for line in reader]
    except csv.Error as error:
        raise RefusedFile(f"line {reader.line_num} cannot be read as CSV: {error}") from None


def wrong_lengths(rows: Iterable[tuple[str, list[str]]], columns: int) -> Iterator[Problem]:
    """Return rows with a cell too few or too many: from there on, each value would stand under another's name."""
    for where, line in rows:
        if len(line) != columns:
            expected = f"{columns}, one per column of the heading; a decimal is written with a point: 4.5"
            yield Problem(where, f"{len(line)} cells", expected)


def repeated(rows: Iterable[tuple[str, Mapping[str, str]]], key: Sequence[str]) -> Iterator[Problem]:
    """Return rows that have the same key as one before."""
    first: dict[tuple[str, ...], str] = {}
    for where, row in rows:
        found = tuple(row[name] for name in key)
        if found in first:
            yield Problem(where, f"what {first[found]} has", f"another {', '.join(key)}")
        first.setdefault(found, where)


def wrong_cells(where: str, row: Mapping[str, str], fields: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    """Return the cells of one row that a table schema does not allow.

    Parameters
    ----------
    where : str
        Place of the row.
    row : mapping of str to str
        Cells by column.
    fields : sequence of mapping
        Fields of a Frictionless table schema: type "string", "integer", "number" or "boolean", constraints
        "required", "enum", "minimum", "maximum".
    """
    for field in fields:
        text = row[field["name"]]
        if not _allows(field, text):
            yield Problem(f"{where}, column {field['name']}", shown(text) if text else "nothing", allowed(field))


def _allows(field: Mapping[str, Any], text: str) -> bool:
    rules = field.get("constraints", {})
    if not text:
        return not rules.get("required")
    if "enum" in rules:
        return text in rules["enum"]
    if field["type"] == "boolean":
        return text in (*field["trueValues"], *field["falseValues"])
    if field["type"] == "string":
        return text.isprintable()
    pattern = _WHOLE if field["type"] == "integer" else _NUMBER
    if not pattern.fullmatch(text) or not math.isfinite(float(text)):
        return False
    return bool(rules.get("minimum", -math.inf) <= float(text) <= rules.get("maximum", math.inf))


def allowed(field: Mapping[str, Any]) -> str:
    """Return in words what a field of a table schema allows."""
    rules = field.get("constraints", {})
    if "enum" in rules:
        return "one of " + ", ".join(rules["enum"])
    if field["type"] == "boolean":
        return "yes or no"
    words = {"integer": "a whole number", "number": "a number", "string": "text in one line"}[field["type"]]
    low, high = rules.get("minimum"), rules.get("maximum")
    if low is not None:
        words += f" from {low} to {high}" if high is not None else f" of {low} or more"
    return words if rules.get("required") else f"{words}, or nothing"
