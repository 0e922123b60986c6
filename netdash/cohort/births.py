"""Ages in completed years from dates or years of birth, inside the engine."""

from __future__ import annotations

import datetime
from typing import Any

import narwhals.stable.v2 as nw

YEAR = 10_000
"""A day is written as one number, 20241231; this much is a year."""

EXPECTED = "a day such as 1963-12-31 or 31.12.1963, or a year, that gives an age from 0 to 120 years"
"""What a column of births may hold, in words."""


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


def column_day(cells: nw.Expr, dtype: Any) -> nw.Expr:
    """Return days as numbers, null where there is none: of dates, of text such as 1963-12-31, of years."""
    if dtype.is_temporal():
        return (cells.dt.year() * YEAR + cells.dt.month() * 100 + cells.dt.day()).cast(nw.Float64)
    if dtype.is_numeric():
        days = cells.cast(nw.Float64) * YEAR
        return nw.when(days % YEAR == 0).then(days)
    text = cells.str.strip_chars()
    iso = text.str.contains("^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ].*)?$")
    dotted = text.str.contains("^[0-9]{2}[.][0-9]{2}[.][0-9]{4}$")
    year = nw.when(text.str.contains("^[0-9]{4}$")).then(text).cast(nw.Float64)
    whole = nw.when(iso).then(text.str.slice(0, 10).str.replace_all("-", "", literal=True)).cast(nw.Float64)
    day = nw.when(iso).then(whole).otherwise(_dotted(text, dotted))
    return nw.when(iso | dotted).then(_of_calendar(day)).otherwise(year * YEAR)


def _dotted(text: nw.Expr, dotted: nw.Expr) -> nw.Expr:
    day, month, year = (
        nw.when(dotted).then(text.str.slice(*part)).cast(nw.Float64) for part in ((0, 2), (3, 2), (6, 4))
    )
    return year * YEAR + month * 100 + day


def _of_calendar(day: nw.Expr) -> nw.Expr:
    """Return days without those that no calendar has, such as February 30."""
    year, month, of_month = (day / YEAR).floor(), (day % YEAR / 100).floor(), day % 100
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    february = nw.when(leap).then(nw.lit(29)).otherwise(nw.lit(28))
    longest = nw.when(month.is_in([4.0, 6.0, 9.0, 11.0])).then(nw.lit(30)).otherwise(nw.lit(31))
    longest = nw.when(month == 2).then(february).otherwise(longest)
    return nw.when(month.is_between(1, 12) & (of_month >= 1) & (of_month <= longest)).then(day)


def ages(born: nw.Expr, day: nw.Expr) -> tuple[nw.Expr, nw.Expr]:
    """Return the least and the largest age in completed years; a year alone, of birth or of the day, leaves two."""
    age, years = ((day - born) / YEAR).floor(), ((day / YEAR).floor() - (born / YEAR).floor()).cast(nw.Float64)
    year_alone = (born % YEAR == 0) | (day % YEAR == 0)
    low = nw.when(year_alone & (years > 0)).then(years - 1).otherwise(age)
    return nw.when(year_alone & (years <= 0)).then(years).otherwise(low), nw.when(year_alone).then(years).otherwise(age)
