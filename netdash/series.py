"""A center's own series, read from a file and checked against the dictionary; refused whole or taken whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

LARGEST_BYTES = 2_000_000
WHY = "your own series: pooled with published ones only when asked"


def read(file: str | Path | bytes, schema: Mapping[str, Any]) -> pd.DataFrame:
    """Return the rows of a file of one's own series as text, with the columns of the template.

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
        When anything is wrong with the file; the message names line, column, value and what is allowed. Nothing is
        taken of such a file.
    """
    import io

    import pandas as pd

    place, content = name(file), _content(file)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{place}: byte {error.start} is no UTF-8; save the file as CSV in UTF-8") from None
    heading, _, rows = text.partition("\n")
    expected = ",".join(field["name"] for field in schema["fields"])
    if not rows.strip():
        raise ValueError(f"{place}: the file holds no rows; start from data/local_series.csv")
    if heading.strip() != expected:
        raise ValueError(f"{place}: the heading is {heading.strip()[:200]!r}; expected {expected}")
    problems = _problems(text, schema)
    if problems:
        more = f" (and {len(problems) - 5} more)" if len(problems) > 5 else ""
        raise ValueError(f"{place}: nothing was taken. " + "; ".join(problems[:5]) + more)
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)


def name(file: str | Path | bytes) -> str:
    """Return what a file is called in messages and locators; content alone has no name of its own."""
    return "own series" if isinstance(file, bytes) else str(file)


def _content(file: str | Path | bytes) -> bytes:
    if not isinstance(file, bytes) and not Path(file).is_file():
        raise ValueError(f"{file}: there is no such file")
    size = len(file) if isinstance(file, bytes) else Path(file).stat().st_size
    if size > LARGEST_BYTES:
        raise ValueError(
            f"{name(file)}: given {size:,} bytes, expected a table of at most {LARGEST_BYTES:,}; "
            "one row per arm and endpoint is enough"
        )
    return file if isinstance(file, bytes) else Path(file).read_bytes()


def _problems(text: str, schema: Mapping[str, Any]) -> list[str]:
    """Return what frictionless finds wrong, and what a row says against itself, by line."""
    from frictionless import Dialect, Resource, Schema, validate
    from frictionless.formats import CsvControl

    resource = Resource(
        data=text.encode(),
        format="csv",
        schema=Schema.from_descriptor(dict(schema)),
        dialect=Dialect(controls=[CsvControl(delimiter=",")]),
    )
    report = validate(resource, limit_errors=50)
    allowed = {field["name"]: _allowed(field) for field in schema["fields"]}
    found = [_problem(error, allowed) for error in report.flatten(["rowNumber", "fieldName", "cell", "note", "type"])]
    return found or _contradictions(text)


def _problem(error: list[Any], allowed: Mapping[str, str]) -> str:
    line, column, cell, note, kind = error
    where = f"line {line}" if line else "the heading"
    if kind in ("type-error", "constraint-error") and column in allowed:
        given = "nothing" if cell in (None, "") else repr(cell)
        return f"{where}, column {column}: given {given}, expected {allowed[column]}"
    name = f", column {column}" if column else ""
    return f"{where}{name}: {note or kind.replace('-', ' ')}"


def _allowed(field: Mapping[str, Any]) -> str:
    rules = field.get("constraints", {})
    if "enum" in rules:
        return "one of " + ", ".join(rules["enum"])
    if field["type"] == "boolean":
        return "yes or no"
    words = {"integer": "a whole number", "number": "a number", "string": "text"}[field["type"]]
    low, high = rules.get("minimum"), rules.get("maximum")
    if low is not None:
        words += f" from {low} to {high}" if high is not None else f" of {low} or more"
    return words if rules.get("required") else f"{words}, or nothing"


def _contradictions(text: str) -> list[str]:
    """Return the rows whose cells do not go together, such as a rate over 100 percent or without its time."""
    import csv
    import io

    rows = csv.DictReader(io.StringIO(text))
    return [f"line {line}, {said}" for line, row in enumerate(rows, start=2) for said in _at_odds(row)]


def _at_odds(row: Mapping[str, str]) -> Iterator[str]:
    statistic, horizon, value = row["statistic"], row["horizon_months"], row["value"]
    unit = "percent" if statistic == "rate" else "months"
    if row["unit"] != unit:
        yield f"column unit: given {row['unit']!r}, expected {unit} for a {statistic}"
    if statistic == "rate" and not horizon:
        yield "column horizon_months: given nothing, expected the time of the rate in months"
    if statistic == "rate" and value and float(value) > 100:
        yield f"column value: given {value!r}, expected a rate of at most 100 percent"
    if statistic != "rate" and horizon:
        yield f"column horizon_months: given {horizon!r}, expected nothing for a {statistic}"
    if (value == "") != (row["not_reached"] == "yes"):
        yield "column value: expected a value, or not_reached = yes, and never both"


def as_outcomes(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return typed rows of a local file with the columns of the outcome table, marked as local."""
    return rows.assign(
        outcome_id=[f"x-{place}" for place in range(1, len(rows) + 1)],
        study_id="local",
        poolable=False,
        why_not_poolable=WHY,
        why_not_drawn="",
        discrepancies="",
        printed="",
        printed_n="",
        footnote="",
        source="local",
        locator=[f"{name}, line {place}" for place in range(2, len(rows) + 2)],
        local=True,
    )
