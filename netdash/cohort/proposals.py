"""A proposed mapping from the names and values of a registry; synonyms of ``data/synonyms.csv`` only propose."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw

from netdash.cohort import texts
from netdash.cohort.accounts import SENTINELS
from netdash.cohort.columns import as_table
from netdash.cohort.mapping import Entry, Mapping
from netdash.cohort.names import Resemblance, limits_of, resemblances
from netdash.data_tables import read_table
from netdash.fields import Field
from netdash.patient import FIELDS

if TYPE_CHECKING:
    from narwhals.stable.v2.typing import IntoFrameT

MOST_VALUES = 200
"""The most different texts of a column that a proposal looks at."""


@dataclass(frozen=True)
class _Synonym:
    kind: str
    field: str
    term: str
    meaning: str
    unit: str


@functools.cache
def _synonyms() -> tuple[_Synonym, ...]:
    rows = read_table("synonyms")[["kind", "field", "term", "meaning", "unit"]]
    return tuple(_Synonym(*row) for row in rows.itertuples(index=False) if not row.field or row.field in FIELDS)


def propose_mapping(frame: IntoFrameT) -> Mapping:
    """Propose how the columns of a registry become fields, for a person to check.

    Parameters
    ----------
    frame : data frame of any kind that :func:`~netdash.assess_cohort` takes
        The registry. Of a lazy frame the different values of the columns that may be fields are computed.

    Returns
    -------
    Mapping
        One line per column. Lines whose note is not empty say what is not sure. Columns that are no field have an
        empty field. The limits of a range, ``<field>_low`` and ``<field>_high``, are read by their names and need no
        line. Write it with :meth:`Mapping.write`, correct the file, and read it again.

    Raises
    ------
    TypeError
        When `frame` is not a data frame.

    Examples
    --------
    >>> import pandas as pd
    >>> import netdash as nd
    >>> frame = pd.DataFrame({"age": [48, 61], "Ki67": [2, 15]})
    >>> print(nd.propose_mapping(frame))
    age -> age_years
    Ki67 -> ki67_percent
    """
    table = as_table(frame)
    schema = table.collect_schema()
    near = {found.column: found for found in resemblances(schema, FIELDS, frozenset())}
    entries: list[Entry] = []
    limits = {name: field for field in FIELDS for name in limits_of(field)}
    taken = {name for name in schema if name in FIELDS} | {limits[name] for name in schema if name in limits}
    for column in schema:
        if column in limits:
            if limits[column] in schema:
                entries.append(Entry(column, note=f"a limit of {limits[column]}, for which there is a column"))
            continue
        entry = _line(table, str(column), near.get(column))
        if entry.field and entry.field != column and entry.field in taken:
            entry = Entry(str(column), note=f"looks like {entry.field} too, for which there is a column")
        taken.add(entry.field)
        entries.append(entry)
    return Mapping(tuple(entries))


def hints_of(names: Iterable[str], absent: Iterable[str], mapping: Mapping, ignore: Iterable[str]) -> dict[str, str]:
    """Return the columns that are not read and may be one of the absent fields, by the synonyms."""
    known = {*(entry.column for entry in mapping.entries), *ignore, *FIELDS}
    found = {name: _by_name(name) for name in names if name not in known}
    wanted = set(absent)
    return {name: synonym.field for name, synonym in found.items() if synonym and synonym.field in wanted}


def _line(table: Any, column: str, near: Resemblance | None) -> Entry:
    synonym = _by_name(column)
    if column in FIELDS:
        return _with_values(table, Entry(column, column))
    if synonym is not None and synonym.unit.endswith("of birth"):
        unit = f"'{synonym.unit} at 2024-12-31', with your day or the column that has it"
        return Entry(column, note=f"an age: write age_years under field, and under unit {unit}")
    if synonym is not None:
        return _with_values(table, Entry(column, synonym.field, unit=synonym.unit))
    return Entry(column) if near is None else _resembling(table, near)


def _resembling(table: Any, near: Resemblance) -> Entry:
    if near.name:
        return Entry(near.column, note=f"check: nearly {near.name}, a limit of a range; rename the column if it is")
    if near.how == "unit":
        return _with_values(table, Entry(near.column, near.field, unit=near.unit))
    if near.how == "opposite":
        words = {"yes": "no", "no": "yes"} if FIELDS[near.field].kind == "bool" else {}
        note = f"check: looks like the opposite of {near.field}"
        return Entry(near.column, near.field if words else "", words=words, note=note)
    return _with_values(table, Entry(near.column, near.field, note=f"check: nearly {near.field}"))


def _with_values(table: Any, entry: Entry) -> Entry:
    """Return a line with what the values of its column tell: words, codes for missing, fractions."""
    field, notes = FIELDS[entry.field], [entry.note] if entry.note else []
    words, missing, unknown = {}, [], []
    values = _values(table, entry.column)
    for value in values:
        given = _in_field_unit(value, entry)
        meaning = _meaning(given, field)
        if meaning == "":
            missing.append(value)
        elif meaning is None:
            unknown.append(value)
        elif meaning != given:
            words[value] = meaning
        elif value in map(str, SENTINELS) and field.minimum is not None:
            notes.append(f"check: if {value} means unknown, write it under missing")
    if unknown:
        notes.append(f"not understood: {', '.join(unknown[:10])}; write under words what they mean, or under missing")
    if field.unit == "%" and not entry.unit and _are_fractions(values):
        notes.append("check: every value is at most 1; write the unit 'fraction' if they are fractions")
    return replace(entry, words=words, missing=tuple(missing), note="; ".join(notes))


def _values(table: Any, column: str) -> list[str]:
    """Return the different values of a column as text, the commonest first."""
    counted = table.filter(~nw.col(column).is_null()).group_by(column).agg(**{"netdash: n": nw.len()})
    counted = counted.sort("netdash: n", descending=True).head(MOST_VALUES)
    eager = counted.collect() if isinstance(counted, nw.LazyFrame) else counted
    found = [_plain(value) for value in eager[column].to_list()]
    return [value for value in dict.fromkeys(found) if value]


def _in_field_unit(value: str, entry: Entry) -> str:
    """Return a number in the unit of the field, any other value as it is."""
    if entry.factor in (None, 1.0) or not texts.is_number(value):
        return value
    return _plain(round(float(value) * entry.factor, 9))


def _plain(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _are_fractions(values: list[str]) -> bool:
    numbers = [float(value) for value in values if texts.is_number(value)]
    return bool(numbers) and max(numbers) <= 1 and bool(set(numbers) - {0.0, 1.0})


def _meaning(value: str, field: Field) -> str | None:
    """Return a value in the words of a field, "" when it means missing, None when it is not understood."""
    key = _key(value)
    found = _as_given(value, field)
    if found is not None:
        return found
    for synonym in _synonyms():
        if synonym.kind == "word" and key == _key(synonym.term) and _fits(synonym, field):
            return synonym.meaning
    if field.name == "primary_site" and re.fullmatch(r"[Cc]\d{2}\.?\d?", value):
        code = value.upper().replace(".", "")
        codes = [synonym for synonym in _synonyms() if synonym.kind == "code" and code.startswith(synonym.term)]
        return max(codes, key=lambda synonym: len(synonym.term)).meaning if codes else None
    missing = any(synonym.kind == "missing" and key == _key(synonym.term) for synonym in _synonyms())
    return "" if missing else None


def _as_given(value: str, field: Field) -> str | None:
    """Return a value that is understood without a mapping as it is, otherwise None."""
    if field.kind == "bool":
        return value if texts.folded_word(value) in (*texts.YES, *texts.NO) else None
    if field.choices:
        known = {texts.folded_word(word) for word in field.choices}
        return value if set(texts.folded_word(value).split("|")) <= known else None
    try:
        field.parse(value)
    except ValueError:
        return None
    return value


def _fits(synonym: _Synonym, field: Field) -> bool:
    return synonym.field == field.name or (not synonym.field and field.kind == "bool")


def _by_name(column: str) -> _Synonym | None:
    key = _key(column)
    names: Iterator[_Synonym] = (found for found in _synonyms() if found.kind == "column" and _key(found.term) == key)
    return next(names, None)


def _key(text: str) -> str:
    """Return a text in lower case without accents, blanks, hyphens and underscores."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode() or text
    return re.sub(r"(?<=.)[\s_-]+", "", plain.strip().lower())
