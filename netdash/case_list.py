"""A list of prepared cases, read from a file and checked field by field; refused whole or taken whole."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from netdash._files import folder
from netdash.fields import Number, Value
from netdash.patient import FIELDS, Patient

LABEL = "label"
MOST_CASES = 500
LARGEST_BYTES = 1_000_000
LONGEST_LABEL = 80
SAID = 5
"""So many of the things that are wrong are said at once."""
NO_IDENTIFIERS = "names, dates of birth and record numbers do not belong in this list"


class CaseListError(ValueError):
    """A list of cases that was not taken.

    Attributes
    ----------
    why : str
        What is wrong, without the place of the file.
    discreet : str
        The same without anything that stands in the file, for where no case may be written.
    """

    def __init__(self, why: str, discreet: str = "", place: str = "list of cases") -> None:
        super().__init__(f"{place}: {why}")
        self.why, self.discreet = why, discreet or why


def cases(file: str | Path | bytes | None = None) -> dict[str, Patient]:
    """Return the prepared cases of a file by label, in its order; without a file, made-up examples.

    Parameters
    ----------
    file : str, Path or bytes, optional
        A CSV file in UTF-8, or its content: a column ``label``, and any fields of a patient in any order, one row per
        case. Empty is unknown. Commas or semicolons part the cells; numbers have a decimal point. ``data/cases.csv``,
        which holds the examples, is one to start from. Nothing that identifies a person belongs in it.

    Returns
    -------
    dict of str to Patient
        At most 500.

    Raises
    ------
    CaseListError
        A ValueError, when anything is wrong with the file; the message names row, column, value and what is allowed.
        Nothing is taken of such a file.

    Examples
    --------
    >>> import netdash as nd
    >>> [label for label, patient in nd.cases().items() if patient.grade == "NEC"]
    ['Poorly differentiated, extensive']
    """
    if file is None:
        file = example_file()
    try:
        return dict(_cases(_rows(_text(file))))
    except CaseListError as error:
        if isinstance(file, bytes):
            raise
        raise CaseListError(error.why, error.discreet, str(file)) from None


def example_file() -> Path:
    """Return the file of the made-up examples, which is also the one to start a list of one's own from."""
    return folder("data") / "cases.csv"


@dataclass(frozen=True)
class _Problem:
    """One thing that is wrong: where it is, what stands there, what should."""

    where: str
    given: str
    expected: str

    def __str__(self) -> str:
        return f"{self.where}: given {self.given}, expected {self.expected}"

    @property
    def discreet(self) -> str:
        return f"{self.where}: expected {self.expected}"


def _refuse(problems: list[_Problem]) -> None:
    if problems:
        more = f" (and {len(problems) - SAID} more)" if len(problems) > SAID else ""
        told = problems[:SAID]
        raise CaseListError("; ".join(map(str, told)) + more, "; ".join(problem.discreet for problem in told) + more)


def _text(file: str | Path | bytes) -> str:
    content = file if isinstance(file, bytes) else _content(Path(file))
    if len(content) > LARGEST_BYTES:
        raise CaseListError(f"given more than {LARGEST_BYTES:,} bytes, expected a list of at most {MOST_CASES} cases")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CaseListError(f"byte {error.start} is no UTF-8; save the file as CSV in UTF-8") from None


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise CaseListError("there is no such file") from None
    except OSError as error:
        raise CaseListError(f"it cannot be read ({error.strerror})") from None


def _rows(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Return the rows that hold anything, each with its place as a spreadsheet counts it."""
    first = text.split("\n", 1)[0]
    # No name of a field holds either of the two.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in first else ",", strict=True)
    try:
        lines = [[cell.strip() for cell in line] for line in reader]
    except csv.Error as error:
        raise CaseListError(f"line {reader.line_num} cannot be read as CSV: {error}") from None
    heading, *rest = lines or [[]]
    _refuse(list(islice(_wrong_heading(heading), SAID)))  # a heading can have columns without end
    filled = [(f"row {row}", line) for row, line in enumerate(rest, start=2) if any(line)]
    if not filled:
        raise CaseListError("the file holds no cases; start from data/cases.csv")
    if len(filled) > MOST_CASES:
        raise CaseListError(
            f"given {len(filled):,} cases, expected at most {MOST_CASES}; a registry is for netdash cohort"
        )
    _refuse(list(_wrong_lengths(filled, len(heading))))
    return ((row, dict(zip(heading, line, strict=True))) for row, line in filled)


def _wrong_heading(heading: list[str]) -> Iterator[_Problem]:
    import difflib

    known = [LABEL, *FIELDS]
    before: set[str] = set()
    for number, name in enumerate(heading, start=1):
        where, given = f"the heading, column {number}", _shown(name)
        if name in before:
            yield _Problem(where, f"{given} again", "each column once")
        elif name not in known:
            near = difflib.get_close_matches(name[:LONGEST_LABEL], known, n=1, cutoff=0.0)[0]
            yield _Problem(where, given, f"label or a field of a patient, such as {near!r}; {NO_IDENTIFIERS}")
        before.add(name)
    if LABEL not in heading:
        yield _Problem("the heading", "no column label", "one: a short name of each case that identifies nobody")


def _wrong_lengths(rows: list[tuple[str, list[str]]], columns: int) -> Iterator[_Problem]:
    """Return rows with a cell too few or too many: from there on, each value would stand under another's name."""
    for where, line in rows:
        if len(line) != columns:
            expected = f"{columns}, one per column of the heading; a decimal is written with a point: 4.5"
            yield _Problem(where, f"{len(line)} cells", expected)


def _cases(rows: Iterator[tuple[str, dict[str, str]]]) -> Iterator[tuple[str, Patient]]:
    found: dict[str, Patient] = {}
    problems: list[_Problem] = []
    for row, cells in rows:
        label = cells.pop(LABEL)
        wrong = [*_wrong_label(row, label, found)]
        values: dict[str, Value] = {}
        for name, text in cells.items():
            try:
                if text:
                    values[name] = FIELDS[name].parse(text)
            except ValueError:
                wrong.append(_wrong_cell(row, name, text))
        problems += wrong
        if not wrong:
            found[label] = Patient.from_dict(values)
    _refuse(problems)
    return iter(found.items())


def _wrong_label(row: str, label: str, before: Mapping[str, Patient]) -> Iterator[_Problem]:
    where = f"{row}, column {LABEL}"
    if not label:
        yield _Problem(where, "nothing", "a short name of the case")
    elif len(label) > LONGEST_LABEL or not label.isprintable():
        yield _Problem(where, _shown(label), f"one line of at most {LONGEST_LABEL} letters, figures and signs")
    elif label in before:
        yield _Problem(where, f"{_shown(label)} again", "another name for each case")


def _wrong_cell(row: str, name: str, text: str) -> _Problem:
    point = ", with a decimal point" if isinstance(FIELDS[name], Number) and "," in text else ""
    allowed = FIELDS[name].allowed.replace("True (yes) or False (no)", "yes or no")
    return _Problem(f"{row}, column {name}", _shown(text), f"{allowed}{point}; empty if it is unknown")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
