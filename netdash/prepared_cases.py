"""A list of prepared cases, read from a file and checked field by field. A file with an error is refused as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from netdash import csv_checks
from netdash.csv_checks import MOST_SHOWN, Problem, refuse, shown
from netdash.fields import Known
from netdash.files import folder
from netdash.patient import FIELDS, Patient
from netdash.refusals import nearest

LABEL_COLUMN = "label"
MOST_CASES = 500
LARGEST_BYTES = 1_000_000
LONGEST_LABEL = 80
NO_IDENTIFIERS = "names, dates of birth and record numbers do not belong in this list"


class CaseListError(csv_checks.RefusedFile):
    """The error for a list of cases that is refused: ``why``, and ``discreet`` without content of the file."""

    def __init__(self, why: str, discreet: str = "", place: str = "list of cases") -> None:
        super().__init__(why, discreet, place)


def cases(file: str | Path | bytes | None = None) -> dict[str, Patient]:
    """Return the prepared cases of a file by label, in the order of the file.

    Parameters
    ----------
    file : str, Path or bytes, optional
        A CSV file in UTF-8, or its content: a column ``label``, and any fields of a patient in any order, one row per
        case. An empty cell is unknown; a value known in part is written as in a link (``3-20``, ``<3``,
        ``pancreas|duodenum``). Cells are separated by commas or semicolons. The file must hold nothing that identifies
        a person. When not given, ``data/cases.csv``: made-up examples, and a template.

    Returns
    -------
    dict of str to Patient
        At most 500 cases.

    Raises
    ------
    CaseListError
        A ValueError, when the file has an error; the message names row, column, value and what is allowed. No case of
        such a file is used.

    Examples
    --------
    >>> import netdash as nd
    >>> [label for label, patient in nd.cases().items() if patient.grade == "NEC"]
    ['Poorly differentiated, extensive']
    """
    if file is None:
        file = example_file()
    place = "list of cases" if isinstance(file, bytes) else str(file)
    try:
        return dict(_cases(_rows(csv_checks.text_of(file, LARGEST_BYTES, f"a list of at most {MOST_CASES} cases"))))
    except csv_checks.RefusedFile as error:
        raise CaseListError(error.why, error.discreet, place) from None


def example_file() -> Path:
    """Return the path of the made-up examples, which are also the template of a list."""
    return folder("data") / "cases.csv"


def _rows(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Return the rows that are not empty, each with its row number in a spreadsheet."""
    first = text.split("\n", 1)[0]
    # No field name contains a comma or a semicolon, so the heading shows which one separates the cells.
    heading, *rest = csv_checks.lines_of(text, ";" if ";" in first else ",") or [[]]
    refuse(islice(_wrong_heading(heading), MOST_SHOWN))  # a heading can have any number of columns
    filled = [(f"row {row}", line) for row, line in enumerate(rest, start=2) if any(line)]
    if not filled:
        raise CaseListError("the file holds no cases; start from data/cases.csv")
    if len(filled) > MOST_CASES:
        raise CaseListError(
            f"given {len(filled):,} cases, expected at most {MOST_CASES}; a registry is for netdash cohort"
        )
    refuse(csv_checks.wrong_lengths(filled, len(heading)))
    return ((row, dict(zip(heading, line, strict=True))) for row, line in filled)


def _wrong_heading(heading: list[str]) -> Iterator[Problem]:
    known = [LABEL_COLUMN, *FIELDS]
    before: set[str] = set()
    for number, name in enumerate(heading, start=1):
        where, given = f"the heading, column {number}", shown(name)
        if name in before:
            yield Problem(where, f"{given} again", "each column once")
        elif name not in known:
            near = "".join(f", such as {found!r}" for found in nearest(name, known)[:1])
            yield Problem(where, given, f"label or a field of a patient{near}; {NO_IDENTIFIERS}")
        before.add(name)
    if LABEL_COLUMN not in heading:
        yield Problem("the heading", "no column label", "one: a short name of each case that identifies nobody")


def _cases(rows: Iterator[tuple[str, dict[str, str]]]) -> Iterator[tuple[str, Patient]]:
    found: dict[str, Patient] = {}
    problems: list[Problem] = []
    for row, cells in rows:
        label = cells.pop(LABEL_COLUMN)
        wrong = [*_wrong_label(row, label, found)]
        values: dict[str, Known] = {}
        for name, text in cells.items():
            try:
                if text:
                    values[name] = FIELDS[name].parse_entry(text)
            except ValueError:
                wrong.append(_wrong_cell(row, name, text))
        problems += wrong
        if not wrong:
            found[label] = Patient.from_dict(values)
    refuse(problems)
    return iter(found.items())


def _wrong_label(row: str, label: str, before: Mapping[str, Patient]) -> Iterator[Problem]:
    where = f"{row}, column {LABEL_COLUMN}"
    if not label:
        yield Problem(where, "nothing", "a short name of the case")
    elif len(label) > LONGEST_LABEL or not label.isprintable():
        yield Problem(where, shown(label), f"one line of at most {LONGEST_LABEL} letters, figures and signs")
    elif label in before:
        yield Problem(where, f"{shown(label)} again", "another name for each case")


def _wrong_cell(row: str, name: str, text: str) -> Problem:
    allowed = FIELDS[name].allowed.replace("True (yes) or False (no)", "yes or no")
    return Problem(f"{row}, column {name}", shown(text), f"{allowed}; empty if it is unknown")
