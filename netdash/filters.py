"""Rows of a table by the values of its columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from netdash.refusals import UnknownName, expected

if TYPE_CHECKING:
    import pandas as pd

Wanted = str | Iterable[str] | None
"""One value of a column, several, or None for all."""


def only(table: pd.DataFrame, **wanted: Any) -> pd.DataFrame:
    """Return the rows of a table that have one of the values asked for in each column.

    Parameters
    ----------
    table : DataFrame
        The table. Its index is numbered from 0.
    **wanted
        By column: a value, several, or None for all.

    Raises
    ------
    UnknownName
        A ValueError, when no row of the table has a value; the message names the nearest ones.
    """
    from netdash.tables import DataFrame

    kept = table
    for column, asked in wanted.items():
        if asked is None:
            continue
        values = list(asked) if isinstance(asked, Iterable) and not isinstance(asked, str) else [asked]
        known = sorted(table[column].dropna().unique().tolist())
        for value in values:
            if value not in known:
                raise UnknownName(f"{column}: {value!r} is in no row{expected(value, [str(one) for one in known])}")
        kept = kept[kept[column].isin(values)]
    return DataFrame(kept if kept is table else kept.reset_index(drop=True))
