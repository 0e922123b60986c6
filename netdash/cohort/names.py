"""Names of columns: which ones nearly name a field, name its opposite, or name it in another unit."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import NamedTuple

from netdash.fields import Number
from netdash.patient import FIELDS

LOW, HIGH = "_low", "_high"
"""What ends the names of the two columns that hold a number known in part."""
NEAR_MISS = 0.85
"""The similarity (difflib's ratio) to an absent field from which a column's name counts as misspelt."""

_DAYS_OF_A_YEAR = 365.25
UNIT_FACTORS = {
    ("mm", "cm"): 0.1,
    ("m", "cm"): 100.0,
    ("fraction", "%"): 100.0,
    ("day", "year"): 1 / _DAYS_OF_A_YEAR,
    ("month", "year"): 1 / 12,
    ("day", "month"): 12 / _DAYS_OF_A_YEAR,
    ("week", "month"): 7 * 12 / _DAYS_OF_A_YEAR,
    ("year", "month"): 12.0,
}
"""Factors by the unit of a column and the unit of a field; a year has 365.25 days and 12 months."""

_UNIT_WORDS = {"percent": "%", "pct": "%", "proportion": "fraction", "share": "fraction"}
_OPPOSITES = ("a", "in", "un", "non", "dys", "no", "not", "im", "ir")


class Resemblance(NamedTuple):
    """A column whose name resembles a field that has no column.

    `how` is "spelling", "opposite" or "unit"; `unit` is that of the column when it is another one. `name` is the name
    that was nearly given, when it is that of a limit of the field.
    """

    column: str
    field: str
    how: str
    unit: str = ""
    name: str = ""

    @property
    def cure(self) -> str:
        """What a person can do, as the end of a sentence."""
        if self.how == "opposite":
            return (
                f"looks like the opposite of {self.field!r}: do not give it that name; map its words in a mapping "
                "(yes=no; no=yes) if it is"
            )
        if self.how == "unit":
            factor = UNIT_FACTORS.get((self.unit, unit_word(FIELDS[self.field].unit)))
            return (
                f"looks like {self.field!r} in another unit ({self.unit}): convert it, with the unit "
                f"{self.unit}{f' and so the factor {factor:.6g}' if factor else ''} in a mapping"
            )
        if self.name:
            return f"is nearly {self.name!r}, a limit of a range, which is not there; rename it"
        return f"is no field of a patient, but nearly {self.field!r}, which is not there; rename it, or map it"


def unit_word(unit: str) -> str:
    """Return one word for a unit: "mm", "%", "month"."""
    word = unit.strip().lower()
    return _UNIT_WORDS.get(word, word.removesuffix("s") if len(word) > 2 else word)


def limits_of(field: str) -> tuple[str, ...]:
    """Return the names of the two columns that hold the limits of a number; none of another field."""
    return (field + LOW, field + HIGH) if isinstance(FIELDS[field], Number) else ()


_LIMITS = frozenset(name for field in FIELDS for name in limits_of(field))


def resemblances(names: Iterable[object], asked: Iterable[str], ignore: frozenset[str]) -> list[Resemblance]:
    """Return the columns whose name resembles a field that is asked and has no column, or a limit that has none."""
    given = [name for name in names if isinstance(name, str)]
    single = [name for name in asked if name not in given]
    ends = {name: field for field in single for name in limits_of(field) if name not in given}
    absent = [name for name in single if not {*limits_of(name)} & {*given}]
    mine = (name for name in given if name not in FIELDS and name not in _LIMITS and name not in ignore)
    near = (_nearest(name, absent, ends) for name in mine)
    return [found for found in near if found is not None]


def refuse_near(near: Iterable[Resemblance]) -> None:
    """Refuse columns whose name is nearly that of a field, or of a limit, that is asked and not there."""
    slips = {found.column: f"column {found.column!r} {found.cure}" for found in near}
    if slips:
        raise ValueError(
            f"{'; '.join(slips.values())}. If it is something else, pass ignore={list(slips)!r}, or --ignore "
            f"{' --ignore '.join(slips)}"
        )


def _nearest(column: str, absent: list[str], ends: dict[str, str]) -> Resemblance | None:
    for field in absent:
        if _opposite(_words(column), _words(field)):
            return Resemblance(column, field, "opposite")
    for field in absent:
        unit = _other_unit(_words(column), field)
        if unit:
            return Resemblance(column, field, "unit", unit)
    by_letters = {"".join(_words(name)): name for name in [*absent, *ends]}
    near = difflib.get_close_matches("".join(_words(column)), by_letters, n=1, cutoff=NEAR_MISS)
    if not near:
        return None
    name = by_letters[near[0]]
    return Resemblance(column, ends.get(name, name), "spelling", name=name if name in ends else "")


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower())


def _opposite(column: list[str], field: list[str]) -> bool:
    """Return whether two names differ in a negation alone: a word more, or a prefix of one word."""
    if column == field:
        return False
    for longer, shorter in ((column, field), (field, column)):
        if longer[1:] == shorter and longer[0] in _OPPOSITES:
            return True
    if len(column) != len(field):
        return False
    pairs = [(a, b) for a, b in zip(column, field, strict=True) if a != b]
    return all(a in {p + b for p in _OPPOSITES} or b in {p + a for p in _OPPOSITES} for a, b in pairs)


def _other_unit(column: list[str], field: str) -> str:
    """Return the unit with which a column's name ends when it is another than that of the field it names."""
    own, words = unit_word(FIELDS[field].unit), _words(field)
    if not own or len(column) < 2 or unit_word(words[-1]) != own or column[:-1] != words[:-1]:
        return ""
    unit = unit_word(column[-1])
    return unit if unit != own and (unit, own) in UNIT_FACTORS else ""
