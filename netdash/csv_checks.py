"""Checks of the CSV files that users provide: own series and lists of prepared cases.

A file is read as text and checked cell by cell. A file with an error is refused as a whole, with a message.
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

from netdash.wording import number_of

MOST_SHOWN = 5
"""The most problems that one message lists."""
MOST_CHECKED = 1000
"""The most problems that are collected: a file can have any number of wrong rows."""
LONGEST_SHOWN = 60
"""The most characters of a cell that a message quotes."""
_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class RefusedFile(ValueError):  # noqa: N818 - the name says what happened to the file
    """The error for a file that is refused.

    Attributes
    ----------
    why : str
        The reason, without the path of the file.
    discreet : str
        The reason without any content of the file, for server logs: the content may be patient data.
    """

    def __init__(self, why: str, discreet: str = "", place: str = "file") -> None:
        super().__init__(f"{place}: {why}")
        self.why, self.discreet = why, discreet or why


@dataclass(frozen=True)
class Problem:
    """One problem in a file: its place, the given text, the expected one."""

    where: str
    given: str
    expected: str

    def __str__(self) -> str:
        return f"{self.where}: given {self.given}, expected {self.expected}"

    @property
    def discreet(self) -> str:
        """The problem without the given text, which may be patient data."""
        return f"{self.where}: expected {self.expected}"


def refuse(problems: Iterable[Problem]) -> None:
    """Raise an error that lists the first problems of a file and counts the others.

    Raises
    ------
    RefusedFile
        When there is a problem.
    """
    found = list(problems)
    if found:
        more = f" (and {len(found) - MOST_SHOWN} more)" if len(found) > MOST_SHOWN else ""
        first = found[:MOST_SHOWN]
        raise RefusedFile("; ".join(map(str, first)) + more, "; ".join(problem.discreet for problem in first) + more)


def shown(text: str) -> str:
    """Return the text of a cell for a message: quoted, and cut when it is long."""
    return repr(text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}...")


def text_of(file: str | Path | bytes, most_bytes: int, expected: str) -> str:
    """Return a file's text.

    Parameters
    ----------
    file : str, Path or bytes
        A CSV file in UTF-8, or its content.
    most_bytes : int
        Largest size of the file.
    expected : str
        The expected content, for the message about a larger file: "a list of at most 500 cases".

    Raises
    ------
    RefusedFile
        When there is no such file, or it cannot be read, is too large, or is not UTF-8.
    """
    content = file if isinstance(file, bytes) else _content(Path(file), most_bytes)
    if len(content) > most_bytes:
        raise RefusedFile(f"given more than {most_bytes:,} bytes, expected {expected}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RefusedFile(f"byte {error.start} is not UTF-8; save the file as CSV in UTF-8") from None


def _content(file: Path, most_bytes: int) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(most_bytes + 1)
    except FileNotFoundError:
        raise RefusedFile("there is no such file") from None
    except OSError as error:
        raise RefusedFile(f"it cannot be read ({error.strerror})") from None


def lines_of(text: str, delimiter: str) -> list[list[str]]:
    """Return the cells of each line, without the blanks around them.

    Raises
    ------
    RefusedFile
        When a line is not CSV, for example because a quotation mark is not closed.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return [[cell.strip() for cell in line] for line in reader]
    except csv.Error as error:
        raise RefusedFile(f"line {reader.line_num} cannot be read as CSV: {error}") from None


def wrong_lengths(rows: Iterable[tuple[str, list[str]]], columns: int) -> Iterator[Problem]:
    """Yield a problem for each row with too few or too many cells; its values would be read into wrong columns."""
    for where, line in rows:
        if len(line) != columns:
            expected = f"{columns}, one per column of the heading; a decimal is written with a point: 4.5"
            yield Problem(where, number_of(len(line), "cell"), expected)


def repeated(rows: Iterable[tuple[str, Mapping[str, str]]], key: Sequence[str]) -> Iterator[Problem]:
    """Yield a problem for each row with the key of an earlier row."""
    first: dict[tuple[str, ...], str] = {}
    for where, row in rows:
        found = tuple(row[name] for name in key)
        if found in first:
            yield Problem(where, f"the {', '.join(key)} of {first[found]}", "each combination once")
        first.setdefault(found, where)


def wrong_cells(where: str, row: Mapping[str, str], fields: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    """Yield a problem for each cell of a row that a table schema does not allow.

    Parameters
    ----------
    where : str
        Place of the row, for messages.
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
    """Return the allowed values of a field of a table schema in words."""
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
