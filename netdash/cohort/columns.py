"""The kinds of columns that hold a field of a patient, and what a criterion can ask of each.

Column
├── Exact      one number, word or truth per row
├── Span       two limits per row, between which the number lies
└── WordSet    one word or several possible ones per row, as text

A comparison with a missing value gives null in some engines and false in others; every expression here gives false.
"""

from __future__ import annotations

import functools
import operator
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import narwhals.stable.v2 as nw

from netdash.fields import Field, Value

Table = nw.DataFrame[Any] | nw.LazyFrame[Any]
Closed = Literal["left", "right", "both"]


def as_table(frame: Any) -> Table:
    """Return a data frame as a table of narwhals.

    Raises
    ------
    TypeError
        When it is no data frame, or its columns have names of several levels.
    ValueError
        When columns have the same name.
    """
    try:
        table: Table = nw.from_native(frame)
        names = list(table.collect_schema())
    except TypeError:
        raise TypeError(
            f"given {type(frame).__name__}, expected a data frame of pandas, polars, pyarrow, DuckDB, Dask or PySpark; "
            "make one of it first, for example pandas.DataFrame(...)"
        ) from None
    except nw.exceptions.DuplicateError as error:
        raise ValueError(
            f"the frame has columns of the same name, expected one each; rename or drop them ({error})"
        ) from None
    if any(isinstance(name, tuple) for name in names):
        raise TypeError(
            "the columns have names of several levels (a MultiIndex), expected one name each; join the levels first, "
            "for example frame.columns = ['_'.join(filter(None, name)) for name in frame.columns]"
        )
    return table


def add_columns(table: Table, columns: Mapping[str, nw.Expr]) -> Table:
    """Return a table with further columns."""
    if not columns:
        # with_columns of narwhals needs an expression.
        return table
    if not table.implementation.is_dask():
        return table.with_columns(**columns)
    # narwhals computes a part of a Dask frame for each literal in an expression: let pandas do it in each partition.
    native, wanted = nw.to_native(table), dict(columns)
    # Dask would try the columns on made-up rows with missing truth values, which they never have.
    added: Table = nw.from_native(
        native.map_partitions(_in_partition, wanted, meta=_in_partition(native._meta, wanted))
    )
    return added


def _in_partition(part: Any, columns: Mapping[str, nw.Expr]) -> Any:
    return nw.from_native(part).with_columns(**columns).to_native()


@dataclass(frozen=True)
class Column(ABC):
    """The column, or the pair of columns, that is a field of a patient.

    Attributes
    ----------
    field : Field
        The field.
    names : tuple of str
        The columns of the frame.
    missing : Expr
        Rows without a value.
    """

    field: Field
    names: tuple[str, ...]
    missing: nw.Expr

    @property
    @abstractmethod
    def allowed(self) -> nw.Expr:
        """Rows with a value that the field allows."""

    @property
    def invalid(self) -> nw.Expr:
        """Rows with a value that the field does not allow."""
        return ~self.missing & ~self.allowed

    @property
    def partial(self) -> nw.Expr | None:
        """Rows with a value known in part; None when there can be none."""
        return None

    def among(self, values: Iterable[Value]) -> nw.Expr | None:
        """Rows where every possible value is one of these; None for no row."""
        raise NotImplementedError  # pragma: no cover - no criterion asks this of other kinds

    def possible(self, value: Value) -> nw.Expr:
        """Rows where this is a possible value, among what is known; false where nothing is."""
        raise NotImplementedError  # pragma: no cover - no criterion asks this of other kinds

    def between(self, low: float | None, high: float | None, closed: Closed = "both") -> nw.Expr:
        """Rows where every possible number is between two limits."""
        raise NotImplementedError  # pragma: no cover - no criterion asks this of other kinds


@dataclass(frozen=True)
class Exact(Column):
    """One value per row.

    Attributes
    ----------
    values : Expr
        The values in a type that all engines compare in the same way.
    as_objects : bool
        Whether the values are stored as Python objects.
    known : bool
        Whether every value is known to be one that the field allows.
    largest : float or None
        The largest number, when it is known.
    """

    values: nw.Expr
    as_objects: bool = False
    known: bool = False
    largest: float | None = None

    @property
    def allowed(self) -> nw.Expr:
        if self.field.minimum is not None:
            return self.between(self.field.minimum, self.field.maximum)
        return functools.reduce(operator.or_, map(self._equals, self.field.choices or (True, False)))

    def _equals(self, value: Value) -> nw.Expr:
        if self.as_objects:
            # On object columns of pandas, is_in is forty times faster than ==.
            return self.values.is_in([value])
        return (self.values == value).fill_null(value=False)

    def among(self, values: Iterable[Value]) -> nw.Expr | None:
        found = [self._equals(value) for value in values]
        return functools.reduce(operator.or_, found) if found else None

    def possible(self, value: Value) -> nw.Expr:
        return self._equals(value)

    def between(self, low: float | None, high: float | None, closed: Closed = "both") -> nw.Expr:
        """Rows with a number between two limits; not-a-number and infinity are outside."""
        return self.values.is_between(low, high, closed=closed).fill_null(value=False)


@dataclass(frozen=True)
class Span(Column):
    """Two limits per row; the number lies between them.

    Attributes
    ----------
    low, high : Expr
        The limits; null in both where nothing is known, or the text cannot be read.
    low_open, high_open : Expr
        Whether the limit itself is not possible.
    """

    low: nw.Expr
    high: nw.Expr
    low_open: nw.Expr
    high_open: nw.Expr

    @property
    def allowed(self) -> nw.Expr:
        within = self.low.is_between(self.field.minimum, self.field.maximum)
        within &= self.high.is_between(self.field.minimum, self.field.maximum)
        one = (self.low == self.high) & ~self.low_open & ~self.high_open
        return (within & (one | (self.low < self.high))).fill_null(value=False)

    @property
    def partial(self) -> nw.Expr:
        return self.allowed & (self.low < self.high).fill_null(value=False)

    def between(self, low: float | None, high: float | None, closed: Closed = "both") -> nw.Expr:
        """Rows where the whole span is between two limits."""
        above, below = self.low > low, self.high < high
        above |= (self.low == low) & self.low_open if closed == "right" else self.low == low
        below |= (self.high == high) & self.high_open if closed == "left" else self.high == high
        return self.allowed & (above & below).fill_null(value=False)


@dataclass(frozen=True)
class WordSet(Column):
    """Words as text: one, or the possible ones joined by "|".

    Attributes
    ----------
    words, sets : Expr
        The words; the texts with "|", null elsewhere.
    """

    words: nw.Expr
    sets: nw.Expr

    @property
    def allowed(self) -> nw.Expr:
        return self.words.is_in(self.field.choices).fill_null(value=False) | self._sets_of(self.field.choices)

    @property
    def partial(self) -> nw.Expr:
        return self._sets_of(self.field.choices)

    def among(self, values: Iterable[Value]) -> nw.Expr | None:
        found = [str(value) for value in values]
        if not found:
            return None
        one = functools.reduce(operator.or_, ((self.words == word).fill_null(value=False) for word in found))
        return one | self._sets_of(found)

    def possible(self, value: Value) -> nw.Expr:
        one = (self.words == str(value)).fill_null(value=False)
        return one | (self.sets.str.contains(rf"(?i)(?:^|[|]){value}(?:[|]|$)").fill_null(value=False) & self.partial)

    def _sets_of(self, words: Iterable[str]) -> nw.Expr:
        one = f"(?:{'|'.join(words)})"
        return self.sets.str.contains(rf"(?i)^{one}(?:[|]{one})*$").fill_null(value=False)
