"""Rows of outcomes: their order, their reading, what is expected of them, and why one is left out of a pool."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from netdash import evidence
from netdash.evidence import Reading

if TYPE_CHECKING:
    import pandas as pd

MARKED = "marked as not poolable"

_FACTS = ("therapy", "arm", "population", "n", "endpoint", "statistic", "horizon_months", "value", "unit")

_TEXT = {
    *("why_not_poolable", "why_not_drawn", "discrepancies", "source", "locator", "arm", "population", "cohort"),
    *("unit", "note"),
}


def in_order(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return rows of outcomes in the fixed order of the therapies, then by year: the order of every picture."""
    keys = records_in_order(outcomes[["therapy", "year", "outcome_id"]].assign(place=range(len(outcomes))))
    return outcomes.iloc[[row["place"] for row in keys]]


@functools.cache
def _printed_facts() -> Mapping[str, Mapping[str, Any]]:
    """Return by outcome the facts that the corrected reading replaces, as they are printed."""
    printed, corrected = (
        evidence.read_table("outcomes", corrected=c).set_index("outcome_id")[list(_FACTS)] for c in (False, True)
    )
    found: dict[str, dict[str, Any]] = {}
    for name in _FACTS:
        same = (printed[name] == corrected[name]).fillna(value=False) | (printed[name].isna() & corrected[name].isna())
        for outcome, value in printed.loc[~same.astype(bool), name].items():
            found.setdefault(str(outcome), {})[name] = value.item() if hasattr(value, "item") else value
    return found


def reading_of(outcomes: pd.DataFrame) -> Reading:
    """Return which reading rows of outcomes are of, by what stands in them; "corrected" where both say the same."""
    facts = _printed_facts()
    columns = {name: outcomes[name].to_numpy(object) for name in _FACTS if name in outcomes}
    for place, outcome in enumerate(outcomes["outcome_id"].tolist()):
        for name, value in facts.get(outcome, {}).items():
            given = columns[name][place] if name in columns else None
            if isinstance(given, type(value)) and given == value:
                return "printed"
    return "corrected"


def said_reading(outcomes: pd.DataFrame) -> str:
    """Return what a title says of the reading: nothing of the corrected one."""
    return ", as printed" if reading_of(outcomes) == "printed" else ""


def why_left_out(row: Mapping[Any, Any]) -> str:
    """Return why a row of outcomes is in no pool, empty when it may be in one; a mark alone is a reason, too."""
    why = row.get("why_not_poolable")
    return "" if row["poolable"] else why if isinstance(why, str) and why else MARKED


def expect(outcomes: pd.DataFrame, *columns: str, endpoint: str | None = None) -> None:
    """Raise ValueError when a table is none of outcomes, lacks the endpoint, or is not clear on pooling."""
    import numpy as np

    given = getattr(outcomes, "columns", ())
    if missing := [name for name in ("poolable", *columns) if name not in given]:
        raise ValueError(f"outcomes: given no {', '.join(missing)}; expected a table like nd.outcomes(), or rows of it")
    unclear = [value for value in outcomes["poolable"].tolist() if not isinstance(value, bool | np.bool_)]
    if unclear:
        raise ValueError(f"poolable: given {unclear[0]!r} in {len(unclear)} rows, expected True or False in each")
    if endpoint is not None and endpoint not in (known := sorted(outcomes["endpoint"].dropna().unique())):
        there = f"expected one of {', '.join(known)}" if known else "the table has no rows"
        raise ValueError(f"endpoint {endpoint!r} is in no row; {there}")


def expect_months(horizon_months: object) -> None:
    """Raise ValueError when a horizon is not a number."""
    import numbers

    if not isinstance(horizon_months, numbers.Real):
        raise ValueError(f"horizon_months: given {horizon_months!r}, expected a number of months, such as 60")


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as dictionaries, None where an integer is missing; as ``to_dict`` in a third of its time."""
    import pandas as pd

    names = [str(name) for name in table]
    columns = ([None if value is pd.NA else value for value in table[name].to_numpy(object)] for name in names)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def records_in_order(outcomes: pd.DataFrame) -> list[dict[str, Any]]:
    """Return :func:`records` of :func:`in_order`, again without what a small table need not pay for."""
    order = {name: place for place, name in enumerate(evidence.read_table("therapies")["therapy"])}

    def place(row: Mapping[str, Any]) -> tuple[Any, ...]:
        year = row["year"]  # a missing one stands last
        return order.get(row["therapy"], len(order)), year is None, year or 0, row["outcome_id"]

    found = records(outcomes)
    for row in found:
        for name in _TEXT & row.keys():
            if not isinstance(row[name], str):  # in a table that was written to a file and read again
                row[name] = ""
    return sorted(found, key=place)
