"""Ages in completed years from dates or years of birth, inside the engine."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import narwhals.stable.v2 as nw

YEAR = 10_000
"""A day is written as one number, 20241231; this much is a year."""


def fixed_day(text: str) -> nw.Expr:
    """Return a day or a year of the mapping as a number.

    Raises
    ------
    ValueError
        When the text is no day.
    """
    if text.isdigit():
        return nw.lit(float(int(text) * YEAR))
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"'birth at {text}': expected a day such as 2024-12-31, a year, or a column of days") from None
    return nw.lit(float(day.year * YEAR + day.month * 100 + day.day))


def column_day(name: str, schema: Mapping[str, Any]) -> nw.Expr:
    """Return the days of a column as numbers, null where there is none: of dates, or of text such as 1963-12-31."""
    cells, dtype = nw.col(name), schema[name]
    if dtype.is_temporal():
        return (cells.dt.year() * YEAR + cells.dt.month() * 100 + cells.dt.day()).cast(nw.Float64)
    if dtype.is_numeric():
        return cells.cast(nw.Float64) * YEAR
    text = cells.str.strip_chars()
    iso = text.str.contains("^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ].*)?$")
    dotted = text.str.contains("^[0-9]{2}[.][0-9]{2}[.][0-9]{4}$")
    year = nw.when(text.str.contains("^[0-9]{4}$")).then(text).cast(nw.Float64)
    whole = nw.when(iso).then(text.str.slice(0, 10).str.replace_all("-", "", literal=True)).cast(nw.Float64)
    return nw.when(iso).then(whole).otherwise(nw.when(dotted).then(_dotted(text, dotted)).otherwise(year * YEAR))


def _dotted(text: nw.Expr, dotted: nw.Expr) -> nw.Expr:
    day, month, year = (
        nw.when(dotted).then(text.str.slice(*part)).cast(nw.Float64) for part in ((0, 2), (3, 2), (6, 4))
    )
    return year * YEAR + month * 100 + day


def ages(born: nw.Expr, day: nw.Expr, *, whole_year: bool) -> tuple[nw.Expr, nw.Expr]:
    """Return the least and the largest age in completed years; a year of birth leaves two."""
    if whole_year:
        years = ((day / YEAR).floor() - (born / YEAR).floor()).cast(nw.Float64)
        return nw.when(years > 0).then(years - 1).otherwise(years), years
    age = ((day - born) / YEAR).floor()
    return age, age
