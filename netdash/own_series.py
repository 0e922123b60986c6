"""A center's own series, read from a file and checked against the table schema of its template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netdash import csv_checks
from netdash.csv_checks import Problem, RefusedFile

if TYPE_CHECKING:
    import pandas as pd

MOST_BYTES = 2_000_000
"""The largest size of a file of own series."""
WHY_NOT_POOLABLE = "your own series: pooled with published ones only when asked"
"""Why a new own series is not in a pool; shown beside it."""


def read(file: str | Path | bytes, schema: Mapping[str, Any]) -> pd.DataFrame:
    """Return the rows of a file of own series as text, with the columns of the template.

    Parameters
    ----------
    file : str, Path or bytes
        A CSV file in UTF-8, or its content, with the columns of ``data/local_series.csv``, one row per arm and
        endpoint.
    schema : mapping
        Frictionless table schema of that template.

    Raises
    ------
    ValueError
        When the file has an error; the message names line, column, value and what is allowed. No row of such a file is
        used.
    """
    import pandas as pd

    names = [field["name"] for field in schema["fields"]]
    try:
        rows = _rows(csv_checks.text_of(file, MOST_BYTES, "a table with one row per arm and endpoint"), names)
        cells = [(line, dict(zip(names, row, strict=True))) for line, row in rows]
        wrong = (problem for line, row in cells for problem in _problems(line, row, schema))
        csv_checks.refuse(islice(wrong, csv_checks.MOST_CHECKED))
        csv_checks.refuse(islice(csv_checks.repeated(cells, schema["primaryKey"]), csv_checks.MOST_CHECKED))
    except RefusedFile as error:
        raise RefusedFile(f"nothing was taken. {error.why}", error.discreet, name(file)) from None
    return pd.DataFrame([row for _, row in cells], columns=names, dtype=str)


def name(file: str | Path | bytes) -> str:
    """Return the name of a file for messages and locators; "own series" for content without a file."""
    return "own series" if isinstance(file, bytes) else str(file)


def _rows(text: str, names: list[str]) -> list[tuple[str, list[str]]]:
    first, _, rest = text.partition("\n")
    if not rest.strip():
        raise RefusedFile("the file holds no rows; start from data/local_series.csv")
    if first.strip() != ",".join(names):
        raise RefusedFile(f"the heading is {first.strip()[:200]!r}; expected {','.join(names)}")
    _, *lines = csv_checks.lines_of(text, ",")
    rows = [(f"line {line}", row) for line, row in enumerate(lines, start=2) if any(row)]
    csv_checks.refuse(islice(csv_checks.wrong_lengths(rows, len(names)), csv_checks.MOST_CHECKED))
    return rows


def _problems(line: str, row: Mapping[str, str], schema: Mapping[str, Any]) -> list[Problem]:
    """Return the cells that the schema does not allow; if there are none, the cells that contradict each other."""
    return list(csv_checks.wrong_cells(line, row, schema["fields"])) or list(_contradictions(line, row))


def _contradictions(line: str, row: Mapping[str, str]) -> Iterator[Problem]:
    """Yield a problem for each contradiction inside a row, such as a rate over 100 percent or without its time."""
    statistic, horizon, value = row["statistic"], row["horizon_months"], row["value"]
    unit = "percent" if statistic == "rate" else "months"
    if row["unit"] != unit:
        yield Problem(f"{line}, column unit", repr(row["unit"]), f"{unit} for a {statistic}")
    if statistic == "rate" and not horizon:
        yield Problem(f"{line}, column horizon_months", "nothing", "the time of the rate in months")
    if statistic == "rate" and value and float(value) > 100:
        yield Problem(f"{line}, column value", repr(value), "a rate of at most 100 percent")
    if statistic != "rate" and horizon:
        yield Problem(f"{line}, column horizon_months", repr(horizon), f"nothing for a {statistic}")
    if (value == "") != (row["not_reached"] == "yes"):
        given = repr(value) if value else "nothing"
        yield Problem(f"{line}, column value", given, "a value, or not_reached = yes, not both")


def as_outcomes(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the typed rows of a file of own series with the columns of the outcome table and ``local`` True."""
    return rows.assign(
        outcome_id=[f"x-{place}" for place in range(1, len(rows) + 1)],
        study_id="local",
        poolable=False,
        why_not_poolable=WHY_NOT_POOLABLE,
        why_not_drawn="",
        discrepancies="",
        printed="",
        printed_n="",
        footnote="",
        source="local",
        locator=[f"{name}, line {place}" for place in range(2, len(rows) + 2)],
        local=True,
    )
