"""A mapping: how the columns of a registry become the fields of a patient. Nothing is guessed: a person checks it.

A mapping is a CSV file with the columns column, field, unit, factor, words, missing, note.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import math
import re
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Words
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netdash.cohort.dialects import decoded
from netdash.cohort.names import UNIT_FACTORS, unit_word
from netdash.cohort.texts import folded_word
from netdash.patient import FIELDS

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("column", "field", "unit", "factor", "words", "missing", "note")
"""The columns of the file of a mapping."""

_BORN = re.compile(r"(date|year) of birth at (.+)", re.IGNORECASE)
_DATE = re.compile(r"\d{4}(-\d{2}-\d{2})?")


@dataclass(frozen=True)
class Entry:
    """One line of a mapping.

    Attributes
    ----------
    column, field : str
        Name of the registry's column; name of the field that it holds, empty when it is none.
    unit : str
        The unit of the column, such as "mm"; "date of birth at 2024-12-31" or "year of birth at visit" for an age.
    factor : float or None
        What a number of the column is multiplied by; None follows from the unit.
    words : mapping
        Words or codes of the column, and what they mean in the words of the field.
    missing : tuple of str
        Texts or codes of the column that mean unknown.
    note : str
        A remark; the proposal says here what it is not sure of.
    """

    column: str
    field: str = ""
    unit: str = ""
    factor: float | None = None
    words: Words[str, str] = dataclasses.field(default_factory=dict)
    missing: tuple[str, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        if not self.field:
            return
        if self.field not in FIELDS:
            raise ValueError(f"column {self.column!r} is mapped to {self.field!r}, which is no field of a patient")
        if self.born and self.field != "age_years":
            raise ValueError(f"column {self.column!r}: given {self.unit!r}, which is for age_years; say another unit")
        if not self.column:
            raise ValueError(f"a line for {self.field} names no column, expected one; name it or drop the line")
        if self.factor is None and not self.born:
            object.__setattr__(self, "factor", self._factor_of_unit())
        self._refuse_factor()
        _once(self.column, self.words.items())
        for word, meaning in self.words.items():
            if not _understood(self.field, meaning):
                raise ValueError(
                    f"column {self.column!r}: word {word!r} is mapped to {meaning!r}, expected "
                    f"{FIELDS[self.field].allowed}"
                )

    def _factor_of_unit(self) -> float:
        known = FIELDS[self.field]
        if not self.unit or unit_word(self.unit) == unit_word(known.unit):
            return 1.0
        factor = UNIT_FACTORS.get((unit_word(self.unit), unit_word(known.unit)))
        if factor is None:
            raise ValueError(
                f"column {self.column!r}: unit {self.unit!r} of {self.field} has no known factor to "
                f"{known.unit or 'no unit'}; write the factor"
            )
        return factor

    def _refuse_factor(self) -> None:
        """Refuse a factor of what is no number, and one that is not that of the unit."""
        if self.factor in (None, 1.0):
            return
        if FIELDS[self.field].minimum is None:
            raise ValueError(f"column {self.column!r}: {self.field} is no number, and has no factor; leave it empty")
        known = UNIT_FACTORS.get((unit_word(self.unit), unit_word(FIELDS[self.field].unit)), self.factor)
        if not math.isclose(known, self.factor or known, rel_tol=1e-3):
            raise ValueError(
                f"column {self.column!r}: factor {self.factor:g} is not that of the unit {self.unit}, {known:.6g}; "
                "leave the factor empty, or correct the unit"
            )

    @property
    def born(self) -> tuple[str, str] | None:
        """For an age from a birth: "date" or "year", and the day, year or column at which the age is wanted."""
        found = _BORN.fullmatch(self.unit.strip())
        return (found[1].lower(), found[2].strip()) if found else None

    @property
    def born_at_column(self) -> str | None:
        """The column with the day at which the age is wanted; None when that is a fixed day."""
        return self.born[1] if self.born and not _DATE.fullmatch(self.born[1]) else None


@dataclass(frozen=True)
class Mapping:
    """How the columns of a registry become the fields of a patient.

    Attributes
    ----------
    entries : tuple of Entry
        The lines; a column without a line is read when it is named like a field.

    Raises
    ------
    ValueError
        When a column stands twice, two columns are mapped to one field, or a line makes no sense.

    Examples
    --------
    >>> import netdash as nd
    >>> import pandas as pd
    >>> mapping = nd.propose_mapping(pd.DataFrame({"age": [48, 61], "hospital": ["A", "B"]}))
    >>> mapping.to_frame()[["column", "field"]].values.tolist()
    [['age', 'age_years'], ['hospital', '']]
    """

    entries: tuple[Entry, ...] = ()

    def __post_init__(self) -> None:
        for what in ("column", "field"):
            given = [getattr(entry, what) for entry in self.entries if getattr(entry, what)]
            twice = sorted({name for name in given if given.count(name) > 1})
            if twice:
                raise ValueError(f"the mapping has the {what} {', '.join(twice)} twice, expected once; keep one line")

    @classmethod
    def read(cls, path: str | Path) -> Mapping:
        """Return the mapping in a CSV file.

        Raises
        ------
        ValueError
            When a line makes no sense; the message names file, line and cure.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> import netdash as nd
        >>> path = pathlib.Path(tempfile.mkdtemp(), "map.csv")
        >>> nd.Mapping.from_rows([{"column": "Alter", "field": "age_years"}]).write(path)
        >>> print(nd.Mapping.read(path))
        Alter -> age_years
        """
        text = decoded(Path(path).read_bytes())
        delimiter = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
        lines = csv.DictReader(io.StringIO(text), delimiter=delimiter)
        unknown = [name for name in lines.fieldnames or [] if name not in COLUMNS]
        if unknown or "column" not in (lines.fieldnames or []) or "field" not in (lines.fieldnames or []):
            raise ValueError(f"{path}: given {lines.fieldnames}, expected the columns {', '.join(COLUMNS)}")
        found = []
        for number, row in enumerate(lines, start=2):
            try:
                if None in row:
                    raise ValueError("more cells than columns; put a text that holds the delimiter in quotation marks")
                found.append(_entry(row))
            except ValueError as error:
                raise ValueError(f"{path}, line {number}: {error}") from None
        return cls(tuple(found))

    @classmethod
    def from_rows(cls, rows: Iterable[Words[str, str]]) -> Mapping:
        """Return the mapping of lines as text; what a line does not name is empty.

        Raises
        ------
        ValueError
            When a line makes no sense.

        Examples
        --------
        >>> import netdash as nd
        >>> mapping = nd.Mapping.from_rows([{"column": "size_mm", "field": "largest_lesion_cm", "unit": "mm"}])
        >>> mapping.of_field("largest_lesion_cm").factor
        0.1
        """
        return cls(tuple(_entry(dict(row)) for row in rows))

    def write(self, path: str | Path) -> None:
        """Write the mapping to a CSV file, to be checked by a person and read again.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> import netdash as nd
        >>> path = pathlib.Path(tempfile.mkdtemp(), "map.csv")
        >>> nd.Mapping.from_rows([{"column": "Alter", "field": "age_years"}]).write(path)
        >>> path.read_text(encoding="utf-8").splitlines()
        ['column,field,unit,factor,words,missing,note', 'Alter,age_years,,,,,']
        """
        self.to_frame().to_csv(path, index=False, encoding="utf-8")

    def __str__(self) -> str:
        """Return what each mapped column becomes, and what is not sure."""
        lines = [
            f"{entry.column} -> {entry.field or 'not read'}{f' ({entry.note})' if entry.note else ''}"
            for entry in self.entries
            if entry.field or entry.note
        ]
        return "\n".join(lines) or "No column looks like a field."

    def to_frame(self) -> pd.DataFrame:
        """Return the lines as text: column, field, unit, factor, words, missing, note.

        Examples
        --------
        >>> import netdash as nd
        >>> mapping = nd.Mapping.from_rows([{"column": "Alter", "field": "age_years"}])
        >>> mapping.to_frame()[["column", "field"]].values.tolist()
        [['Alter', 'age_years']]
        """
        import pandas as pd

        return pd.DataFrame([_row(entry) for entry in self.entries], columns=list(COLUMNS), dtype=str)

    def of_field(self, name: str) -> Entry | None:
        """Return the line of a field, None when there is none.

        Examples
        --------
        >>> import netdash as nd
        >>> mapping = nd.Mapping.from_rows([{"column": "Alter", "field": "age_years"}])
        >>> mapping.of_field("age_years").column, mapping.of_field("ki67_percent") is None
        ('Alter', True)
        """
        return next((entry for entry in self.entries if entry.field == name), None)

    def with_missing(self, codes: Words[str, Iterable[str]]) -> Mapping:
        """Return the mapping with further texts that mean unknown, by field; "" stands for every field.

        Examples
        --------
        >>> import netdash as nd
        >>> mapping = nd.Mapping().with_missing({"ki67_percent": ["-1", "999"]})
        >>> mapping.of_field("ki67_percent").missing
        ('-1', '999')
        """
        lines = {entry.field: entry for entry in self.entries if entry.field}
        taken = {entry.column for entry in self.entries}
        for name in FIELDS:
            more = (*codes.get("", ()), *codes.get(name, ()))
            if more and (name in lines or name not in taken):
                entry = lines.get(name) or Entry(name, name)
                lines[name] = replace(entry, missing=(*entry.missing, *more))
        unused = [entry for entry in self.entries if not entry.field]
        return Mapping((*lines.values(), *unused))


def as_mapping(mapping: Mapping | str | Path | None) -> Mapping:
    """Return a mapping as given, read from a file, or empty."""
    if isinstance(mapping, Mapping):
        return mapping
    return Mapping() if mapping is None else Mapping.read(mapping)


def _understood(name: str, meaning: str) -> bool:
    if FIELDS[name].kind == "bool":
        return meaning in ("yes", "no")
    try:
        FIELDS[name].parse(meaning)
    except ValueError:
        return False
    return True


def _entry(row: dict[str, Any]) -> Entry:
    cells = {name: (row.get(name) or "").strip() for name in COLUMNS}
    factor = cells["factor"].replace(",", ".")
    try:
        number = float(factor) if factor else None
    except ValueError:
        raise ValueError(f"factor {factor!r} is no number; write a number or leave it empty") from None
    if number is not None and not 0 < number < float("inf"):
        raise ValueError(f"factor {factor!r} is not above 0; write a number above 0 or leave it empty")
    words = list(_pairs(cells["words"]))
    _once(cells["column"], words)
    return Entry(
        cells["column"], cells["field"], cells["unit"], number, dict(words),
        tuple(part.strip() for part in cells["missing"].split(";") if part.strip()), cells["note"],
    )  # fmt: skip


def _once(column: str, words: Iterable[tuple[str, str]]) -> None:
    """Refuse a word with two meanings; words that differ in case, blanks or hyphens alone are the same."""
    known: dict[str, tuple[str, str]] = {}
    for word, meaning in words:
        other, before = known.setdefault(folded_word(word), (word, meaning))
        if before != meaning:
            raise ValueError(
                f"column {column!r}: {other!r} is mapped to {before!r} and {word!r} to {meaning!r}, and case, blanks "
                "and hyphens do not tell them apart; keep one meaning"
            )


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for part in text.split(";"):
        if not part.strip():
            continue
        word, equals, meaning = part.rpartition("=")
        if not equals or not word.strip():
            raise ValueError(f"words {part.strip()!r} have no '=', expected 'word=meaning; word=meaning'")
        yield word.strip(), meaning.strip()


def _row(entry: Entry) -> dict[str, str]:
    return {
        "column": entry.column,
        "field": entry.field,
        "unit": entry.unit,
        "factor": "" if entry.factor in (None, 1.0) else f"{entry.factor:.10g}",
        "words": "; ".join(f"{word}={meaning}" for word, meaning in entry.words.items()),
        "missing": "; ".join(entry.missing),
        "note": entry.note,
    }
