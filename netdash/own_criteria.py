"""A hospital's own criteria: rows of one CSV file become rule sets, checked like the shipped ones.

A file with an error is refused as a whole. Rule sets of such a file have the basis "local" and are marked so.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from netdash import csv_checks, evidence, rule_tables
from netdash.csv_checks import MOST_CHECKED, Problem, RefusedFile, refuse, shown
from netdash.files import folder
from netdash.rules import QUANTITIES, Bound, Criterion, RuleSet
from netdash.wording import RULE_SET_KINDS, capital, words

LOCAL = "local"
"""The basis of own criteria, and their mark on screen."""
NEEDED = ("rule_set", "therapy", "field", "operator", "value", "source", "locator")
"""The columns that a file must have."""
OF_A_SET = ("therapy", "title", "kind", "not_asked")
"""The columns that say the same in every row of a rule set; an empty cell repeats the first row."""
COLUMNS = (
    *("rule_set", "therapy", "title", "kind", "not_asked", "criterion_id", "label", "role", "group", "alternative"),
    *("field", "operator", "value", "source", "locator", "note", "discrepancies"),
)
"""The columns that a file may have: those of ``data/criteria.csv``, and four of ``data/rule_sets.csv``."""
LARGEST_BYTES = 200_000
MOST_ROWS = 500
LONGEST_CELL = 500
_ID = re.compile(r"[a-z][a-z0-9_-]{0,59}")

Cells = Mapping[str, str]


@dataclass(frozen=True)
class OwnCriteria:
    """The rule sets of one file.

    Attributes
    ----------
    name : str
        Name of the file.
    digest : str
        First twelve figures of the SHA-256 of its content, hexadecimal.
    rule_sets : tuple of RuleSet
        Its rule sets, in the order of the file.
    rows : mapping from str to str
        The row of each criterion in the file, by its id: "line 2".
    """

    name: str
    digest: str
    rule_sets: tuple[RuleSet, ...]
    rows: Mapping[str, str] = field(default_factory=dict, compare=False)

    def __str__(self) -> str:
        """Return name and hash: "ours.csv, SHA-256 0a1b2c3d4e5f"."""
        return f"{self.name}, SHA-256 {self.digest}"

    @property
    def mark(self) -> str:
        """The file in a link: "ours.csv~0a1b2c3d4e5f"."""
        return f"{self.name}~{self.digest}"

    def sentences(self) -> Iterator[str]:
        """Yield each rule set, each criterion as a sentence, and the verdicts at its bound."""
        for found in self.rule_sets:
            asked = f"; not asked: {found.not_asked}" if found.not_asked else ""
            yield f"{found.title} ({found.name}): {found.kind} for {evidence.therapy_name(found.therapy)}, local{asked}"
            for clause in found.clauses:
                if len(clause.alternatives) > 1:
                    yield f"  One of {len(clause.alternatives)} alternatives is enough:"
                for place, alternative in enumerate(clause.alternatives, start=1):
                    number = f"({place}) " if len(clause.alternatives) > 1 else ""
                    yield from (f"  {number}{_sentence(criterion)}" for criterion in alternative)
            yield from (f"  {_sentence(c)} ({c.role}, does not decide)" for c in found.criteria if c.role != "required")


def read(criteria: str | Path | bytes | OwnCriteria, name: str = "") -> OwnCriteria:
    """Return the rule sets of a file of own criteria.

    Parameters
    ----------
    criteria : str, Path, bytes or OwnCriteria
        A CSV file in UTF-8, or its content, made from ``netdash lint --template``: one row per criterion, cells
        separated by commas or semicolons. What was read before is returned as it is.
    name : str
        Name of the file when its content is given.

    Returns
    -------
    OwnCriteria

    Raises
    ------
    RefusedFile
        A ValueError, when the file has an error; the message names line, column, value and what is allowed. No rule of
        such a file is used.
    """
    if isinstance(criteria, OwnCriteria):
        return criteria
    name = name or ("own criteria" if isinstance(criteria, bytes) else Path(criteria).name)
    try:
        text = csv_checks.text_of(criteria, LARGEST_BYTES, f"at most {MOST_ROWS} criteria")
        rows = list(_completed(_rows(text)))
        where = {row["criterion_id"]: line for line, row in rows}
        return OwnCriteria(name, hashlib.sha256(text.encode()).hexdigest()[:12], _rule_sets(rows), where)
    except RefusedFile as error:
        raise RefusedFile(f"no criterion was taken. {error.why}", error.discreet, name) from None


def book(criteria: str | Path | bytes | OwnCriteria | None = None) -> Mapping[str, RuleSet]:
    """Return the published rule sets by id, and after those of each therapy the own ones.

    Raises
    ------
    RefusedFile
        As :func:`read`.
    """
    published = rule_tables.load()
    if criteria is None:
        return published
    every = [*published.values(), *read(criteria).rule_sets]
    therapies = evidence.therapies()["therapy"].tolist()
    return {found.name: found for found in sorted(every, key=lambda found: therapies.index(found.therapy))}


def template() -> Path:
    """Return the path of a file to start from, with one made-up rule set."""
    return folder("data") / "own_criteria.csv"


def _rows(text: str) -> list[tuple[str, Cells]]:
    first = text.split("\n", 1)[0]
    heading, *rest = csv_checks.lines_of(text, ";" if ";" in first and "," not in first else ",") or [[]]
    refuse(_wrong_heading(heading))
    filled = [(f"line {line}", row) for line, row in enumerate(rest, start=2) if any(row)]
    if not filled:
        raise RefusedFile("the file holds no criterion; start from: netdash lint --template")
    if len(filled) > MOST_ROWS:
        raise RefusedFile(f"given {len(filled):,} criteria, expected at most {MOST_ROWS}")
    refuse(islice(csv_checks.wrong_lengths(filled, len(heading)), MOST_CHECKED))
    empty = dict.fromkeys(COLUMNS, "")
    rows: list[tuple[str, Cells]] = [
        (where, {**empty, **dict(zip(heading, row, strict=True))}) for where, row in filled
    ]
    refuse(islice((problem for where, row in rows for problem in _wrong_text(where, row)), MOST_CHECKED))
    return rows


def _wrong_heading(heading: list[str]) -> Iterator[Problem]:
    for number, column in enumerate(heading, start=1):
        where = f"the heading, column {number}"
        if column in heading[: number - 1]:
            yield Problem(where, f"{shown(column)} again", "each column once")
        elif column not in COLUMNS:
            yield Problem(where, shown(column), f"one of {', '.join(COLUMNS)}")
    for column in NEEDED:
        if column not in heading:
            yield Problem("the heading", f"no column {column}", "one; start from: netdash lint --template")


def _rule_sets(complete: list[tuple[str, Cells]]) -> tuple[RuleSet, ...]:
    refuse(islice((problem for where, row in complete for problem in _wrong_set(where, row)), MOST_CHECKED))
    refuse(islice(_unlike_first(complete), MOST_CHECKED))
    refuse(islice((problem for where, row in complete for problem in _wrong_criterion(where, row)), MOST_CHECKED))
    refuse(islice(csv_checks.repeated(complete, ["criterion_id"]), MOST_CHECKED))
    cells = [row for _, row in complete]
    sets = {row["rule_set"]: _of_set(row) for row in reversed(cells)}
    order = dict.fromkeys(row["rule_set"] for row in cells)
    try:
        built = rule_tables.build([sets[name] for name in order], [_of_criterion(row) for row in cells])
    except ValueError as error:
        raise RefusedFile(str(error).replace("criteria.csv: ", "").replace("criteria.csv, ", "")) from None
    refuse(
        Problem(f"rule set {found.name}", "no required criterion", "at least one that decides")
        for found in built.values()
        if not found.clauses
    )
    return tuple(built.values())


def _wrong_text(where: str, row: Cells) -> Iterator[Problem]:
    for column, text in row.items():
        if column in NEEDED and not text and column not in OF_A_SET:
            yield Problem(f"{where}, column {column}", "nothing", "a text")
        if not text.isprintable() or len(text) > LONGEST_CELL:
            expected = f"one line of at most {LONGEST_CELL} letters, figures and signs"
            yield Problem(f"{where}, column {column}", shown(text), expected)


def _completed(rows: list[tuple[str, Cells]]) -> Iterator[tuple[str, Cells]]:
    """Fill the cells that may be left out: id, label, role, title, kind, and what the first row of a set has."""
    first: dict[str, Cells] = {}
    for number, (where, row) in enumerate(rows, start=1):
        head = first.setdefault(row["rule_set"], row)
        quantity = QUANTITIES.get(row["field"])
        defaults = {
            **{column: head[column] for column in OF_A_SET},
            "criterion_id": f"{row['rule_set']}-{number}",
            "label": quantity.label if quantity else "unknown",
            "role": "required",
        }
        full = {column: text or defaults.get(column, "") for column, text in row.items()}
        full |= {"title": full["title"] or capital(words(row["rule_set"])), "kind": full["kind"] or "list"}
        yield where, full


def _wrong_set(where: str, row: Cells) -> Iterator[Problem]:
    name, therapies = row["rule_set"], evidence.therapies().query("not comparator")["therapy"].tolist()
    if not _ID.fullmatch(name):
        expected = "up to 60 small letters, figures, _ and -, a letter first"
        yield Problem(f"{where}, column rule_set", shown(name), expected)
    elif name in rule_tables.load() or name in QUANTITIES:
        yield Problem(f"{where}, column rule_set", shown(name), "a name that no published rule set and no field has")
    if row["therapy"] not in therapies:
        yield Problem(f"{where}, column therapy", shown(row["therapy"]), f"one of {', '.join(therapies)}")
    if row["kind"] not in RULE_SET_KINDS:
        yield Problem(f"{where}, column kind", shown(row["kind"]), f"one of {', '.join(RULE_SET_KINDS)}")


def _unlike_first(complete: list[tuple[str, Cells]]) -> Iterator[Problem]:
    """Yield the cells that contradict the first row of their rule set."""
    first: dict[str, tuple[str, Cells]] = {}
    for where, row in complete:
        place, head = first.setdefault(row["rule_set"], (where, row))
        for column in OF_A_SET:
            if row[column] != head[column]:
                expected = f"{shown(head[column])} as in {place}, or an empty cell; another rule set needs another name"
                yield Problem(f"{where}, column {column}", shown(row[column]), expected)


def _wrong_criterion(where: str, row: Cells) -> Iterator[Problem]:
    try:
        made = rule_tables.criterion(dict(_of_criterion(row)))
    except ValueError as error:
        yield Problem(where, shown(f"{row['field']} {row['operator']} {row['value']}"), _reason(error, row))
        return
    if made.criterion_id in _published_ids():
        expected = "an id that no published criterion has, or an empty cell"
        yield Problem(f"{where}, column criterion_id", shown(made.criterion_id), expected)
    if made.role == "scope":
        yield Problem(f"{where}, column role", "'scope'", "required, caution, favors or prognostic")
    if isinstance(made, Bound) and made.quantity.completed and made.bound % 1:
        yield Problem(f"{where}, column value", shown(row["value"]), "a whole number: completed years are compared")
    elif _decides_nothing(made):
        asked = shown(f"{row['field']} {row['operator']} {row['value']}")
        yield Problem(
            where, f"{asked}, the same for every value", "a requirement that some patients meet and some miss"
        )
    words_asked = row["value"].split("|")
    if len(set(words_asked)) < len(words_asked):
        yield Problem(f"{where}, column value", shown(row["value"]), "each word once")
    if made.label != made.quantity.label:
        yield Problem(f"{where}, column label", shown(made.label), f"{made.quantity.label!r}, the label of the field")


def _published_ids() -> set[str]:
    return {criterion.criterion_id for found in rule_tables.load().values() for criterion in found.criteria}


def _decides_nothing(made: Criterion) -> bool:
    """Return whether every value of the input gives the same result; a bound changes it at most once."""
    field = made.quantity
    values = (field.minimum, field.maximum) if isinstance(made, Bound) else field.choices or (True, False)
    return len({made.holds(value) for value in values}) == 1


def _reason(error: ValueError, row: Cells) -> str:
    return "a row that makes sense: " + str(error).removeprefix(f"criteria.csv, row {row['criterion_id']}: ")


def _of_criterion(row: Cells) -> dict[str, str]:
    return {column: text for column, text in row.items() if column not in OF_A_SET}


def _of_set(row: Cells) -> dict[str, str]:
    kept = ("rule_set", "therapy", "title", "kind", "not_asked", "source", "locator")
    return {**{column: row[column] for column in kept}, "basis": LOCAL, "note": "", "how_read": LOCAL}


def _sentence(criterion: Criterion) -> str:
    """Return a criterion as a sentence, with the verdicts at its bound or for each of its words."""
    quantity = criterion.quantity
    cases = ", ".join(
        f"{quantity.show(value)} {'met' if criterion.holds(value) else 'missed'}" for value in _at(criterion)
    )
    asked = f"{quantity.label}: {criterion.requirement} is asked" if quantity.choices or quantity.kind == "bool" else ""
    return f"{asked or f'{quantity.label} must be {criterion.requirement}'}. {capital(cases)}."


def _at(criterion: Criterion) -> Iterator[float | str | bool]:
    """Yield the values just outside, at and inside a bound; every word of a choice."""
    quantity = criterion.quantity
    if not isinstance(criterion, Bound):
        yield from quantity.choices or (True, False)
        return
    step = quantity.step or 1
    for value in (round(criterion.bound + places * step, 10) for places in (-1, 0, 1)):
        if (quantity.minimum or 0) <= value <= (quantity.maximum or 0):
            yield value
