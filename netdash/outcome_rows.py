"""Rows of outcomes: checked, put in order, and typed for the tables that pictures are drawn from."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netdash import data_tables
from netdash.evidence import Reading
from netdash.filters import Wanted, only
from netdash.refusals import expected
from netdash.wording import number_of

if TYPE_CHECKING:
    import pandas as pd

MARKED_NOT_POOLABLE = "marked as not poolable"
"""The reason of a row that is not poolable and gives no reason of its own."""

_FACTS = ("therapy", "arm", "population", "n", "endpoint", "statistic", "horizon_months", "value", "unit")

_READ = (
    *("outcome_id", "study_id", "author", "year", "therapy", "arm", "n", "endpoint", "statistic", "horizon_months"),
    *("value", "unit", "not_reached", "poolable", "why_not_poolable", "discrepancies", "locator", "why_not_drawn"),
    "local",
)
"""Columns that a typed row is made of."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of a table that a picture is drawn from.

    Attributes
    ----------
    therapy, endpoint, statistic, unit : str
        As in ``nd.outcomes()``.
    label : str
        Author and year, or which patients a figure of the text is about.
    n : float or None
        Number of patients; None where none is stated.
    horizon_months : float or None
        Time of the figure in months; None where none is stated.
    discrepancies : str
        What the review gets wrong about the row, joined by "; "; empty where nothing is known.
    locator : str
        Place of the row in its source.
    left_out : str
        Why the row is not drawn; empty when it is drawn.
    """

    therapy: str
    label: str
    n: float | None
    endpoint: str
    statistic: str
    horizon_months: float | None
    unit: str
    discrepancies: str
    locator: str
    left_out: str = ""


@dataclass(frozen=True, kw_only=True)
class OutcomeRow(Row):
    """One row of ``nd.outcomes()``.

    Attributes
    ----------
    place : int
        Position of the row in the table it was read from.
    outcome_id, study_id, arm, why_not_drawn : str
        As in ``nd.outcomes()``.
    value : float or None
        The figure; None where none is printed.
    poolable, not_reached : bool
        As in ``nd.outcomes()``.
    local : bool
        Whether the row is of a center's own series.
    not_pooled : str
        Why the row enters no pool; empty when it may enter one.
    same_axis : bool
        Whether the row belongs on the axis of its picture, drawn or not.
    """

    place: int
    outcome_id: str
    study_id: str
    arm: str
    value: float | None
    poolable: bool
    local: bool
    not_reached: bool
    why_not_drawn: str
    not_pooled: str
    same_axis: bool = True


def read_rows(outcomes: pd.DataFrame) -> list[OutcomeRow]:
    """Return the rows of outcomes in the order of the pictures: by therapy, then by year."""
    found = records(outcomes, [name for name in _READ if name in outcomes])
    return [_read(found[place], place) for place in _order(found)]


def _read(row: Mapping[str, Any], place: int) -> OutcomeRow:
    return OutcomeRow(
        place=place,
        outcome_id=row["outcome_id"],
        study_id=_text(row.get("study_id")),
        therapy=str(row["therapy"]),
        label=label(row),
        arm=_text(row.get("arm")),
        n=number(row["n"]),
        endpoint=str(row["endpoint"]),
        statistic=_text(row.get("statistic")),
        horizon_months=number(row.get("horizon_months")),
        value=number(row["value"]),
        unit=_text(row.get("unit")),
        discrepancies=_text(row.get("discrepancies")),
        locator=_text(row.get("locator")),
        poolable=bool(row["poolable"]),
        local=bool(row.get("local", False)),
        not_reached=bool(row.get("not_reached", False)),
        why_not_drawn=_text(row.get("why_not_drawn")),
        not_pooled=_why_not_pooled(row),
    )


def _text(cell: Any) -> str:
    """Return a cell of text; empty where it is missing, as in a table that was written to CSV and read again."""
    return cell if isinstance(cell, str) else ""


def number(value: Any) -> float | None:
    """Return a number of a table; None where it is missing."""
    return None if value is None or (isinstance(value, float) and math.isnan(value)) else value


def label(row: Mapping[str, Any]) -> str:
    """Return author and year; the label of a center's own series says that it is local."""
    year = number(row["year"])
    name = str(row["author"]) if year is None else f"{row['author']} {year:.0f}"
    return f"{name} (local)" if row.get("local") else name


def _why_not_pooled(row: Mapping[str, Any]) -> str:
    return "" if row["poolable"] else _text(row.get("why_not_poolable")) or MARKED_NOT_POOLABLE


def in_order(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return rows of outcomes in the order of the pictures: by therapy, then by year."""
    return outcomes.iloc[_order(records(outcomes, ["therapy", "year", "outcome_id"]))]


@functools.cache
def _printed_facts() -> Mapping[str, Mapping[str, Any]]:
    """Return by outcome the printed facts that the corrected reading replaces."""
    printed, corrected = (
        data_tables.read_table("outcomes", corrected=c).set_index("outcome_id")[list(_FACTS)] for c in (False, True)
    )
    found: dict[str, dict[str, Any]] = {}
    for name in _FACTS:
        same = (printed[name] == corrected[name]).fillna(value=False) | (printed[name].isna() & corrected[name].isna())
        for outcome, value in printed.loc[~same.astype(bool), name].items():
            found.setdefault(str(outcome), {})[name] = value.item() if hasattr(value, "item") else value
    return found


def reading_of(outcomes: pd.DataFrame) -> Reading:
    """Detect from the values whether rows are the printed or the corrected reading.

    Rows that are equal in both readings count as corrected.
    """
    facts = _printed_facts()
    columns = {name: outcomes[name].to_numpy(object) for name in _FACTS if name in outcomes}
    for place, outcome in enumerate(outcomes["outcome_id"].tolist()):
        for name, value in facts.get(outcome, {}).items():
            given = columns[name][place] if name in columns else None
            if isinstance(given, type(value)) and given == value:
                return "printed"
    return "corrected"


def reading_suffix(outcomes: pd.DataFrame) -> str:
    """Return what a title says of the reading: ", as printed", or nothing for the corrected reading."""
    return ", as printed" if reading_of(outcomes) == "printed" else ""


def check_outcomes(outcomes: pd.DataFrame, *columns: str, endpoint: str | None = None) -> None:
    """Check a table of outcomes.

    Raises
    ------
    ValueError
        When the table lacks a column or the endpoint, or `poolable` is not True or False in every row.
    """
    import numpy as np

    given = getattr(outcomes, "columns", ())
    if missing := [name for name in ("poolable", *columns) if name not in given]:
        raise ValueError(f"outcomes: given no {', '.join(missing)}; expected a table like nd.outcomes(), or rows of it")
    unclear = [value for value in outcomes["poolable"].tolist() if not isinstance(value, bool | np.bool_)]
    if unclear:
        raise ValueError(
            f"poolable: given {unclear[0]!r} in {number_of(len(unclear), 'row')}, expected True or False in each"
        )
    if endpoint is not None and endpoint not in (known := sorted(outcomes["endpoint"].dropna().unique())):
        there = expected(endpoint, known) if known else "; the table has no rows"
        raise ValueError(f"endpoint {endpoint!r} is in no row{there}")


def check_months(horizon_months: object) -> None:
    """Raise ValueError when a horizon is not a number."""
    import numbers

    if not isinstance(horizon_months, numbers.Real):
        raise ValueError(f"horizon_months: given {horizon_months!r}, expected a number of months, such as 60")


def check_horizon(outcomes: pd.DataFrame, horizon_months: float) -> None:
    """Raise ValueError when neither the table nor the evidence has a rate at a horizon; the message lists these."""
    tables = (outcomes, data_tables.read_table("outcomes"))
    known = {months for table in tables for months in table["horizon_months"].dropna()}
    if horizon_months not in known:
        there = ", ".join(f"{months:g}" for months in sorted(known))
        raise ValueError(f"horizon_months: given {horizon_months:g}, which no rate has; expected one of {there}")


def of_therapy(outcomes: pd.DataFrame, therapy: Wanted) -> pd.DataFrame:
    """Return the rows of one therapy, or of several; all rows when None."""
    if therapy is None:
        return outcomes
    check_outcomes(outcomes, "therapy")
    return only(outcomes, therapy=therapy)


def shares_followed(outcomes: pd.DataFrame, followed: float | str | Sequence[float]) -> list[float]:
    """Return the share of patients who were followed, for each row: one for all, a list, or a column of the table."""
    import pandas as pd

    if isinstance(followed, pd.Series) and not followed.index.equals(outcomes.index):
        raise ValueError("followed: given a series with another index than the rows, expected the same, or a list")
    if isinstance(followed, str):
        if followed not in outcomes:
            raise ValueError(
                f"followed: given {followed!r}, expected a share, a list of shares or a column of outcomes"
            )
        found = outcomes[followed].to_numpy(float, na_value=math.nan).tolist()
    elif isinstance(followed, Iterable):
        found = [float(share) for share in followed]
    else:
        found = [float(followed)] * len(outcomes)
    if len(found) != len(outcomes):
        raise ValueError(f"followed: given {len(found)} shares, expected one for each of {len(outcomes)} rows")
    return found


def records(table: pd.DataFrame, columns: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """Return rows as dictionaries with None where an integer is missing; three times as fast as ``to_dict``."""
    import pandas as pd

    names = [str(name) for name in (table if columns is None else columns)]
    cells = ([None if value is pd.NA else value for value in table[name].to_numpy(object)] for name in names)
    return [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)]


def _order(found: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return the places of rows in the order of the pictures."""
    order = {name: place for place, name in enumerate(data_tables.read_table("therapies")["therapy"].tolist())}

    def key(place: int) -> tuple[Any, ...]:
        row = found[place]
        year = number(row["year"])  # a row without a year comes last
        return order.get(row["therapy"], len(order)), year is None, year or 0, row["outcome_id"]

    return sorted(range(len(found)), key=key)
