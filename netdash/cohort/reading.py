"""The columns of a data frame that are fields of a patient: found by name or by a mapping, checked and read.

A column with a wrong type or a misspelt field name is refused before anything is computed.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Named
from dataclasses import dataclass, field
from typing import Any

import narwhals.stable.v2 as nw

from netdash.cohort import births, texts
from netdash.cohort.columns import Column, Exact, Span, Table, WordSet, add_columns, as_table
from netdash.cohort.mapping import Entry, Mapping
from netdash.cohort.names import refuse_near, resemblances
from netdash.cohort.places import columns_of, refuse_absent, refuse_twice
from netdash.fields import Field
from netdash.patient import FIELDS


@dataclass(frozen=True)
class Read:
    """A frame as a narwhals table, and its columns that are fields, by the name of the field.

    `empty` has the fields whose column is known to have no value, with the names of their columns; `remarks` are
    sentences on columns that resemble a field that is not asked; `staged` are the names of columns that were added to
    the table, so that an engine reads each text once; `given` are the fields that have a column, asked or not;
    `expected` says what a column of births may hold.
    """

    table: Table
    columns: Named[str, Column]
    empty: Named[str, tuple[str, ...]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    staged: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    expected: Named[str, str] = field(default_factory=dict)


def read_frame(frame: Any, mapping: Mapping, asked: Iterable[str], ignore: Iterable[str] = ()) -> Read:
    """Return a frame as a table, and the columns of the fields that are asked.

    Raises
    ------
    TypeError
        When `frame` is not a data frame, or a column has a type that its field cannot have.
    ValueError
        When a column of the mapping is not there, or a column's name resembles a field that is
        asked, has no column, and is not in `ignore`.
    """
    table = as_table(frame)
    schema = table.collect_schema()
    asked = list(asked)
    refuse_absent(mapping, schema)
    held = {name: list(columns_of(name, mapping, schema)) for name in FIELDS}
    given = tuple(name for name, lines in held.items() if lines)
    # When a frame has one limit of a field, the column of the other may be misspelt.
    whole = {name for name, lines in held.items() if any(set(cells) <= set(schema) for _, cells in lines)}
    mapped = {entry.column for entry in mapping.entries}
    near = resemblances(schema, [name for name in FIELDS if name not in whole], frozenset({*ignore, *mapped}))
    refuse_near(found for found in near if found.field in asked)
    remarks = [
        f"Column {found.column!r} {found.cure}. It is not asked here." for found in near if found.field not in asked
    ]
    remarks += [
        f"{name} is the index of the frame, which is not read: frame.reset_index() makes a column of it."
        for name in getattr(getattr(frame, "index", None), "names", ())
        if name in asked and name not in given
    ]
    refuse_twice(asked, mapping, schema, frozenset(ignore))
    columns: dict[str, Column] = {}
    without: dict[str, tuple[str, ...]] = {}
    expected: dict[str, str] = {}
    stages: Stages = ({}, {}, {})
    for name in asked:
        for entry, cells in columns_of(name, mapping, schema):
            column = _Reader(table, FIELDS[name], entry, schema, cells, stages).column()
            if column is None:
                without[name] = cells
            else:
                columns[name] = column
            if entry.born:
                expected[name] = births.EXPECTED
    for stage in stages:
        table = add_columns(table, stage)
    staged = tuple(name for stage in stages for name in stage)
    return Read(table, columns, without, tuple(remarks), staged, given, expected)


Stages = tuple[dict[str, nw.Expr], dict[str, nw.Expr], dict[str, nw.Expr]]
"""Columns to add to a table before it is judged: texts, what is read of them, numbers in the unit of the field."""


# Names that pandas.api.types.infer_dtype gives to the cells of an object column.
_INFERRED = {"boolean": "booleans", "string": "words", "empty": "nothing"}
_INFERRED |= dict.fromkeys(("floating", "integer", "mixed-integer-float", "decimal"), "numbers")
_EXPECTED = {"number": "numbers", "integer": "numbers", "choice": "words", "bool": "booleans"}
_EMPTY: Named[str, Any] = {"number": nw.Float64, "integer": nw.Float64, "choice": nw.String, "bool": nw.Boolean}


class _Reader:
    """Makes the column of one field from one or two columns of a table."""

    def __init__(
        self,
        table: Table,
        known: Field,
        entry: Entry,
        schema: Named[str, Any],
        names: tuple[str, ...],
        stages: Stages,
    ) -> None:
        self._table, self._field, self._entry = table, known, entry
        self._schema, self._names = schema, tuple(name for name in names if name in schema)
        self._ends, self._stages = names, stages

    def _staged(self, stage: int, what: str, cells: nw.Expr) -> nw.Expr:
        """Return a column that the table will have when it is judged."""
        name = f"netdash: {self._field.name} {what}"
        self._stages[stage][name] = cells
        return nw.col(name)

    def column(self) -> Column | None:
        """Return the column; None when it is known to have no value."""
        if len(self._ends) > 1:
            return self._pair()
        (name,) = self._names
        held = self._held(name)
        if held == "nothing" or (held != _EXPECTED[self._field.kind] and self._is_empty(name)):
            return None
        if self._entry.born:
            return self._born(name, held)
        if held == "unknown":
            return self._unknown(name)
        if self._field.minimum is not None:
            return self._number(name, held)
        return self._words(name, held) if self._field.choices else self._truth(name, held)

    # --- Numbers -------------------------------------------------------------------------------------------------

    def _number(self, name: str, held: str) -> Column:
        if held == "numbers":
            cells, values = self._numbers(name)
            known, largest = self._range(name)
            return Exact(self._field, self._names, cells.is_null(), values, known=known, largest=largest)
        if held == "words":
            text, words, in_field_unit = self._text(name), self._entry.words, None
            if words:
                # What words mean is in the unit of the field, whatever the unit of the column.
                keys = [texts.folded_word(word) for word in words]
                if self._entry.factor not in (None, 1.0):
                    in_field_unit = self._staged(0, "word", texts.folded(text).is_in(keys).fill_null(value=False))
                text = texts.replaced(text, words, text)
            tidy = self._staged(0, "text", texts.tidy(text))
            unit = self._field.unit if self._entry.factor in (None, 1.0) else self._entry.unit
            return self._span(tidy.is_null(), texts.limits(tidy, self._field, unit), in_field_unit)
        raise self._refusal(name, held)

    def _range(self, name: str) -> tuple[bool, float | None]:
        """Return whether all numbers of an eager column are allowed as they are, and the largest."""
        entry, field, dtype = self._entry, self._field, self._schema[name]
        plain = not entry.missing and entry.factor in (None, 1.0) and field.kind == "number"
        if not isinstance(self._table, nw.DataFrame) or not plain or dtype not in (nw.Float64, nw.Int64):
            return False, None
        cells = self._table[name]
        if cells.len() == cells.null_count() or (dtype == nw.Float64 and cells.is_nan().any()):
            return False, None
        least, largest = float(cells.min()), float(cells.max())
        return (field.minimum or 0) <= least <= largest <= (field.maximum or 0), largest

    def _numbers(self, name: str) -> tuple[nw.Expr, nw.Expr]:
        """Return the cells of a column of numbers, and their values in the unit of the field."""
        given = nw.col(name)
        cells = texts.without(given, self._entry.missing, numeric=True)
        return cells, self._scaled(_comparable(self._table, self._field, self._schema[name], name, cells))

    def _scaled(self, numbers: nw.Expr) -> nw.Expr:
        factor = self._entry.factor
        # Nine decimals: 0.07 * 100 is not 7 in binary numbers.
        return numbers if factor in (None, 1.0) else (numbers.cast(nw.Float64) * factor).round(9)

    def _span(self, missing: nw.Expr, found: texts.Limits, in_field_unit: nw.Expr | None = None) -> Span:
        low, high, low_open, high_open = (
            self._staged(1, what, end) for what, end in zip(texts.Limits._fields, found, strict=True)
        )
        if in_field_unit is None:
            low, high = self._scaled(low), self._scaled(high)
        else:
            low, high = (nw.when(in_field_unit).then(end).otherwise(self._scaled(end)) for end in (low, high))
        # What lies outside the limits of the field is not possible: "100-130" years is from 100 to 120.
        least, most = float(self._field.minimum or 0), float(self._field.maximum or 0)
        low_open, high_open = low_open & (low >= least), high_open & (high <= most)
        low = nw.when(low < least).then(nw.lit(least)).otherwise(low)
        high = nw.when(high > most).then(nw.lit(most)).otherwise(high)
        if self._field.kind == "integer":
            # Of whole numbers, over 3 is 4 or more.
            low = nw.when(low_open & (low % 1 == 0)).then(low + 1).otherwise(low.ceil())
            high = nw.when(high_open & (high % 1 == 0)).then(high - 1).otherwise(high.floor())
            low_open = high_open = nw.lit(value=False)
        low, high = self._staged(2, "from", low), self._staged(2, "to", high)
        low_open = self._staged(2, "from_open", low_open.fill_null(value=False))
        high_open = self._staged(2, "to_open", high_open.fill_null(value=False))
        return Span(self._field, self._names, missing, low, high, low_open, high_open)

    def _pair(self) -> Span:
        """Return the column of a field whose lower and upper limits stand in two columns."""
        closed = nw.lit(value=False)
        ends, missing = [], []
        for name, limit in zip(self._ends, (-texts.ENDLESS, texts.ENDLESS), strict=True):
            if name not in self._schema or self._is_empty(name):
                ends.append(nw.lit(limit))
                continue
            cells, numbers = self._end(name)
            missing.append(cells.is_null())
            ends.append(nw.when(cells.is_null()).then(nw.lit(limit)).otherwise(numbers))
        absent = missing[0] & missing[-1] if missing else nw.lit(value=True)
        low, high = (nw.when(~absent).then(end) for end in ends)
        return self._span(absent, texts.Limits(low, high, closed, closed))

    def _end(self, name: str) -> tuple[nw.Expr, nw.Expr]:
        """Return the cells of one limit, and their numbers: null where a text is not one number."""
        held = self._held(name)
        if held == "words":
            cells = self._staged(0, f"text of {name}", texts.tidy(self._text(name)))
            found = texts.limits(cells, self._field, self._field.unit)
            return cells, nw.when(found.low == found.high).then(found.low)
        if held != "numbers":
            raise self._refusal(name, held)
        cells = texts.without(nw.col(name), self._entry.missing, numeric=True)
        if self._table.implementation.is_pandas_like() or self._table.implementation.is_dask():
            cells = nw.when(~cells.is_null()).then(cells)
        return cells, cells.cast(nw.Float64)

    def _born(self, name: str, held: str) -> Column:
        _, at = self._entry.born or ("", "")
        if held not in ("words", "numbers") and not self._schema[name].is_temporal():
            raise self._refusal(name, held)
        day = births.column_day(nw.col(at), self._schema[at]) if at in self._schema else births.fixed_day(at)
        cells = texts.without(nw.col(name), self._entry.missing, numeric=True) if held == "numbers" else nw.col(name)
        if held == "words":
            cells = self._staged(0, "text", self._text(name))
        born = births.column_day(cells, self._schema[name])
        born, day = self._staged(1, "born", born), self._staged(1, "day", day)
        low, high = births.ages(born, day)
        low, high, missing = self._staged(2, "low", low), self._staged(2, "high", high), cells.is_null()
        return Span(self._field, self._names, missing, low, high, nw.lit(value=False), nw.lit(value=False))

    # --- Words, yes and no ---------------------------------------------------------------------------------------

    def _words(self, name: str, held: str) -> Column:
        if held == "words":
            plain = not self._entry.words and not self._entry.missing
            if plain and self._has_only(name, self._field.choices):
                return Exact(self._field, self._names, nw.col(name).is_null(), self._raw_text(name), known=True)
            return self._spelled(name) if plain else self._word_set(self._staged(0, "words", self._folded(name)))
        if held == "numbers" and self._entry.words:
            return self._codes(name)
        raise self._refusal(name, held)

    def _folded(self, name: str) -> nw.Expr:
        text = self._text(name)
        folded = texts.spelled(text, self._field)
        return texts.replaced(text, self._entry.words, folded) if self._entry.words else folded

    def _spelled(self, name: str) -> WordSet:
        """Return a column of words of which most have the spelling of the field: only the others are looked at."""
        raw = self._raw_text(name)
        other = self._staged(0, "other", nw.when(~raw.is_in(self._field.choices)).then(raw))
        folded = self._staged(1, "folded", texts.spelled(texts.stripped(other), self._field))
        words = self._staged(2, "words", nw.when(other.is_null()).then(raw).otherwise(folded))
        sets = self._staged(2, "sets", _sets(folded))
        return WordSet(self._field, self._names, words.is_null(), words, sets)

    def _word_set(self, words: nw.Expr) -> WordSet:
        sets = self._staged(1, "sets", _sets(words))
        return WordSet(self._field, self._names, words.is_null(), words, sets)

    def _truth(self, name: str, held: str) -> Column:
        if held == "booleans":
            cells = nw.col(name)
            as_objects = self._schema[name] == nw.Object
            return Exact(self._field, self._names, cells.is_null(), cells, as_objects=as_objects, known=True)
        if held == "words":
            folded = self._staged(0, "words", self._folded(name))
            truths = self._staged(1, "truth", _truths(folded.is_in(texts.YES), folded.is_in(texts.NO)))
            return Exact(self._field, self._names, folded.is_null(), truths)
        if held == "numbers":
            if self._entry.words:
                return self._codes(name)
            cells = texts.without(nw.col(name), self._entry.missing, numeric=True)
            return Exact(self._field, self._names, cells.is_null(), _truths(cells == 1, cells == 0))
        raise self._refusal(name, held)

    def _codes(self, name: str) -> Column:
        """Return the column of words that stand as numbers, by the mapping."""
        cells = texts.without(nw.col(name), self._entry.missing, numeric=True)
        text = nw.lit("")
        for code, meaning in self._entry.words.items():
            if texts.is_number(code):
                text = nw.when(cells == float(code)).then(nw.lit(meaning)).otherwise(text)
        text = self._staged(0, "words", nw.when(~cells.is_null()).then(text))
        if self._field.choices:
            return self._word_set(text)
        truths = self._staged(1, "truth", _truths(text == "yes", text == "no"))
        return Exact(self._field, self._names, cells.is_null(), truths)

    # --- Types ---------------------------------------------------------------------------------------------------

    def _raw_text(self, name: str) -> nw.Expr:
        dtype, cells = self._schema[name], nw.col(name)
        # polars exports text as Arrow string_view, which pyarrow cannot compare.
        arrow = self._table.implementation.is_pyarrow()
        views = arrow and str(nw.to_native(self._table).schema.field(name).type) == "string_view"
        return cells.cast(nw.String) if dtype not in (nw.String, nw.Object) or views else cells

    def _text(self, name: str) -> nw.Expr:
        return texts.without(texts.stripped(self._raw_text(name)), self._entry.missing, numeric=False)

    def _has_only(self, name: str, words: tuple[str, ...]) -> bool:
        """Return whether a column of an eager frame has only these words, in exactly this spelling."""
        if not isinstance(self._table, nw.DataFrame):
            return False
        # pyarrow has no unique() for string_view and dictionaries of it.
        found = self._table.select(nw.col(name).cast(nw.String))[name].unique().drop_nulls().to_list()
        return set(map(str, found)) <= set(words)

    def _is_empty(self, name: str) -> bool:
        return isinstance(self._table, nw.DataFrame) and bool(self._table[name].is_null().all())

    def _unknown(self, name: str) -> Column:
        """Return a lazy column whose type narwhals does not know: mostly nulls. Any other cell is refused."""
        cells = nw.col(name)
        nothing = nw.when(cells.is_null()).then(nw.lit(None, _EMPTY[self._field.kind]))
        return Exact(self._field, self._names, cells.is_null(), nothing)

    def _held(self, name: str) -> str:
        dtype = self._schema[name]
        if isinstance(self._table, nw.DataFrame) and self._table.implementation.is_pandas_like():
            cells = self._table[name].to_pandas()
            if cells.dtype == object:
                import pandas as pd

                return _INFERRED.get(pd.api.types.infer_dtype(cells, skipna=True), "a mixture of types")
        if self._table.implementation.is_dask() and str(nw.to_native(self._table).dtypes[name]) == "object":
            return "objects"
        if dtype.is_numeric():
            return "numbers"
        if dtype == nw.Boolean:
            return "booleans"
        if dtype == nw.Unknown and isinstance(self._table, nw.LazyFrame):
            return "unknown"
        return "words" if dtype in (nw.String, nw.Categorical, nw.Enum) else "another type"

    def _refusal(self, name: str, held: str) -> TypeError:
        field = self._field
        cure = "convert it first, None where unknown"
        if field.kind == "choice" and held == "numbers":
            cure = "say in a mapping what each code means, under 'words', or convert it to words"
        elif held in ("a mixture of types", "objects"):
            cure = "convert it to one type first, for example to text with astype('string')"
        return TypeError(
            f"column {name!r} ({field.label}) holds {held} ({self._schema[name]}), expected {_EXPECTED[field.kind]}: "
            f"{field.allowed}; {cure}"
        )


def _sets(words: nw.Expr) -> nw.Expr:
    return nw.when(words.str.contains("|", literal=True)).then(words)


def _truths(yes: nw.Expr, no: nw.Expr) -> nw.Expr:
    return nw.when(yes).then(nw.lit(value=True)).otherwise(nw.when(no).then(nw.lit(value=False)))


def _comparable(table: Table, field: Field, dtype: Any, name: str, cells: nw.Expr) -> nw.Expr:
    arrow = table.implementation.is_pyarrow()
    if dtype.is_integer():
        # pyarrow cannot compare large integers with 55.0, such as 999999999999999999 for "missing". Compare integers
        # with integers first.
        ends = [int(field.minimum or 0), int(field.maximum or 0)]
        # pyarrow cannot compare large uint64 values with a signed literal.
        low, high = (nw.lit(end, nw.UInt64) for end in ends) if arrow and dtype == nw.UInt64 else ends
        return nw.when(cells.is_between(low, high)).then(cells)
    if not dtype.is_numeric():
        # Some missing values of a pandas object column cannot be cast: replace all of them first.
        cells = nw.when(~cells.is_null()).then(cells)
    numbers = cells if dtype == nw.Float64 else cells.cast(nw.Float64)
    return numbers if field.kind == "number" else nw.when(numbers % 1 == 0).then(numbers)
