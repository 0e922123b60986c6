"""The columns of a data frame that are fields of a patient: found, checked and converted to comparable types.

A column with a wrong type or a misspelt field name is refused before anything is computed.
"""

from __future__ import annotations

import difflib
import functools
import operator
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import narwhals.stable.v2 as nw

from netdash.fields import Field, Value
from netdash.patient import FIELDS

Table = nw.DataFrame[Any] | nw.LazyFrame[Any]
Closed = Literal["left", "right", "both"]

NEAR_MISS = 0.85
"""The similarity (difflib's ratio) to an absent field from which a column's name counts as misspelt."""


@dataclass(frozen=True)
class Column:
    """A column that is a field of a patient.

    A comparison with a missing value gives null in some engines and false in others; these methods always give false.

    Attributes
    ----------
    field : Field
        The field.
    cells : Expr
        The column as given.
    values : Expr
        The column in a type that all engines compare in the same way.
    as_text, as_objects : bool
        Whether the values are stored as text ("True"), or as Python objects.
    """

    field: Field
    cells: nw.Expr
    values: nw.Expr
    as_text: bool = False
    as_objects: bool = False

    @property
    def missing(self) -> nw.Expr:
        """Rows without a value."""
        return self.cells.is_null()

    @property
    def invalid(self) -> nw.Expr:
        """Rows with a value that the field does not allow."""
        if self.field.minimum is None:
            allowed = map(self.equals, self.field.choices or (True, False))
            within = functools.reduce(operator.or_, allowed)
        else:
            within = self.between(self.field.minimum, self.field.maximum)
        return ~self.missing & ~within

    def equals(self, value: Value) -> nw.Expr:
        """Rows with this value."""
        if self.as_objects:
            # On object columns of pandas, is_in is forty times faster than ==.
            return self.values.is_in([value])
        return (self.values == (str(value) if self.as_text else value)).fill_null(value=False)

    def between(self, low: float | None, high: float | None, closed: Closed = "both") -> nw.Expr:
        """Rows with a number between two limits; not-a-number and infinity are outside."""
        return self.values.is_between(low, high, closed=closed).fill_null(value=False)


def read_columns(frame: Any, ignore: Iterable[str]) -> tuple[Table, Mapping[str, Column]]:
    """Return a frame as a narwhals table, and its columns that are fields and have a value, by name.

    Raises
    ------
    TypeError
        When `frame` is not a data frame, or a column does not have its field's type.
    ValueError
        When a column's name resembles a field that has no column, and is not in `ignore`.
    """
    try:
        table: Table = nw.from_native(frame)
    except TypeError:
        raise TypeError(
            f"given {type(frame).__name__}, expected a data frame of pandas, polars, pyarrow, DuckDB, Dask or PySpark; "
            "make one of it first, for example pandas.DataFrame(...)"
        ) from None
    schema = table.collect_schema()
    _refuse_near_misses(schema, frozenset(ignore))
    columns = {name: _column(table, field, schema[name]) for name, field in FIELDS.items() if name in schema}
    return table, {name: column for name, column in columns.items() if column is not None}


def _refuse_near_misses(names: Iterable[object], ignore: frozenset[str]) -> None:
    given = [name for name in names if isinstance(name, str)]
    absent = {_letters(name): name for name in FIELDS if name not in given}
    for name in given:
        near = difflib.get_close_matches(_letters(name), absent, n=1, cutoff=NEAR_MISS)
        if near and name not in FIELDS and name not in ignore:
            raise ValueError(
                f"column {name!r} is no field of a patient, but nearly {absent[near[0]]!r}, which is not there; rename "
                f"it, or pass ignore=[{name!r}] if it is something else"
            )


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _column(table: Table, field: Field, dtype: nw.dtypes.DType) -> Column | None:
    """Return the column of a field; None when it is known to have no value."""
    cells, expected = nw.col(field.name), _HOLDS[field.kind]
    held = _held(table, field, dtype)
    if held == expected:
        as_objects = dtype == nw.Object and expected == "booleans"
        return Column(field, cells, _comparable(table, field, dtype), as_objects=as_objects)
    if isinstance(table, nw.DataFrame) and table[field.name].is_null().all():
        return None
    if isinstance(table, nw.LazyFrame) and dtype == nw.Unknown:
        # narwhals gives Unknown mostly to columns of nulls. Any other cell of such a column is unknown and invalid.
        return Column(field, cells, nw.when(cells.is_null()).then(nw.lit(None, _EMPTY[field.kind])))
    if expected == "booleans" and held == "words" and table.implementation.is_dask():
        return Column(field, cells, cells, as_text=True)
    raise TypeError(
        f"column {field.name!r} ({field.label}) holds {held} ({dtype}), expected {expected}: {field.allowed}; convert "
        "it first, missing where unknown"
    )


_HOLDS = {"number": "numbers", "integer": "numbers", "choice": "words", "bool": "booleans"}
_EMPTY: Mapping[str, Any] = {"number": nw.Float64, "integer": nw.Float64, "choice": nw.String, "bool": nw.Boolean}

# Names that pandas.api.types.infer_dtype gives to the cells of an object column.
_INFERRED = {"boolean": "booleans", "string": "words"}
_INFERRED |= dict.fromkeys(("floating", "integer", "mixed-integer-float", "decimal"), "numbers")


def _held(table: Table, field: Field, dtype: nw.dtypes.DType) -> str:
    if isinstance(table, nw.DataFrame) and table.implementation.is_pandas_like():
        cells = table[field.name].to_pandas()
        if cells.dtype == object:
            import pandas as pd

            return _INFERRED.get(pd.api.types.infer_dtype(cells, skipna=True), "a mixture of types")
    if (
        field.kind == "bool"
        and table.implementation.is_dask()
        and str(nw.to_native(table).dtypes[field.name]) == "object"
    ):
        return "objects"
    if dtype.is_numeric():
        return "numbers"
    if dtype == nw.Boolean:
        return "booleans"
    return "words" if dtype in (nw.String, nw.Categorical, nw.Enum) else "another type"


def _comparable(table: Table, field: Field, dtype: nw.dtypes.DType) -> nw.Expr:
    cells, arrow = nw.col(field.name), table.implementation.is_pyarrow()
    if field.kind == "choice":
        # polars exports text as Arrow string_view, which pyarrow cannot compare: cast it to string.
        views = arrow and str(nw.to_native(table).schema.field(field.name).type) == "string_view"
        return cells if dtype in (nw.String, nw.Object) and not views else cells.cast(nw.String)
    if field.kind == "bool":
        return cells
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
