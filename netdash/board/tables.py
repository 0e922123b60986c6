"""The tables of the evidence page: the text of each cell, and the rows that hold given words."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from netdash import evidence, rule_tables
from netdash.wording import at_months, with_ends, with_unit, words

Row = Mapping[Any, Any]


@dataclass(frozen=True)
class Table:
    """One table of the evidence.

    Attributes
    ----------
    title : str
        Title on the page.
    function : str
        The public function of netdash that returns it, with "{}" where it takes a reading.
    read : callable
        Returns the rows of a reading.
    key : str
        Column of the identifier that ``nd.source`` takes.
    cells : callable
        Returns the text of each cell of a row, by heading.
    """

    title: str
    function: str
    read: Callable[[Any], pd.DataFrame]
    key: str
    cells: Callable[[Row], Mapping[str, str]]

    def rows(self, reading: str, therapy: str = "", words: str = "") -> pd.DataFrame:
        """Return the rows of one therapy, or of all therapies, that contain each of the words."""
        table = _read(self, reading)
        if therapy and "therapy" in table:
            table = table[table["therapy"] == therapy]
        wanted = words.lower().split()
        return table.loc[[all(word in line for word in wanted) for line in lines(table)]]


@functools.lru_cache(maxsize=12)
def _read(table: Table, reading: str) -> pd.DataFrame:
    return table.read(reading)


def lines(table: pd.DataFrame) -> list[str]:
    """Return each row as one text for the search."""
    return [words(" ".join(map(str, row))).lower() for row in table.to_numpy()]


def _outcome(row: Row) -> Mapping[str, str]:
    return {
        "Series": f"{row['author']} {_text(row['year'])}",
        "Therapy": _therapy(row["therapy"]),
        "Arm": row["arm"],
        "n": _text(row["n"]),
        "Endpoint": _endpoint(row),
        "Figure": "not reached" if row["not_reached"] else with_unit(row["value"], row["unit"]),
        "Printed": row["printed"],
        "Pooled": "yes" if row["poolable"] else f"no: {row['why_not_poolable']}",
        "Place": row["locator"],
    }


def _claim(row: Row) -> Mapping[str, str]:
    return {
        "Therapy": _therapy(row["therapy"]),
        "Patients": row["population"],
        "Endpoint": _endpoint(row) + (" (harm)" if row["harm"] else ""),
        "Figure": _range(row),
        "Cites": row["citations"].replace(";", ", "),
        "Place": row["locator"],
    }


def _reference(row: Row) -> Mapping[str, str]:
    return {
        "No.": _text(row["citation"]),
        "Authors": row["authors"],
        "Title": row["title"],
        "Journal": f"{row['journal']} {_text(row['year'])};{row['volume']}:{row['pages']}",
        "PMID": row["pmid"],
        "DOI": row["doi"],
        "Note": row["note"],
        "Place": "References",
    }


def _discrepancy(row: Row) -> Mapping[str, str]:
    return {
        "Id": row["discrepancy_id"],
        "Status": words(row["status"]),
        "Printed": row["printed"],
        "What is wrong": row["problem"],
        "Confirmed": row["corrected"],
        "Evidence": row["evidence"],
        "Touches": row["touches"].replace("; ", ", "),
        "Place": row["locator"] or row["discrepancy_id"],
    }


def _later(row: Row) -> Mapping[str, str]:
    return {
        "Source": evidence.source_name(row["source"]),
        "Therapy": _therapy(row["therapy"]),
        "Arm": row["arm"],
        "Patients": row["population"],
        "n": _text(row["n"]),
        "Endpoint": _endpoint(row),
        "Figure": with_unit(row["value"], row["unit"]) + _interval(row),
        "Against": row["comparator"],
        "Read": row["how_read"],
        "Note": row["note"],
        "Place": row["locator"],
    }


def _trial(row: Row) -> Mapping[str, str]:
    return {
        "Trial": row["name"],
        "Therapy": _therapy(row["therapy"]),
        "Years": row["years"].replace("; ", ", "),
        "Design": row["design"],
        "Arms": row["arms"].replace("; ", " v "),
        "n": row["n_by_arm"].replace("; ", " v "),
        "Patients": rule_tables.get(row["rule_set"]).title,
        "Source": evidence.source_name(row["source"]),
        "Read": row["how_read"],
        "Note": row["note"],
        "Place": row["locator"],
    }


def _therapy(name: str) -> str:
    """Return the display name of a therapy; its identifier in words where therapies.csv lacks it.

    The text of the review also names therapies that therapies.csv lacks.
    """
    known = set(evidence.therapies()["therapy"])
    return evidence.therapy_name(name) if name in known else words(name)


def _endpoint(row: Row) -> str:
    return f"{words(row['endpoint'])}, {words(row['statistic'])}{at_months(row['horizon_months'])}"


def _range(row: Row) -> str:
    figure = with_ends(row["low"], row["high"], row["unit"])
    is_exact = row["qualifier"] == "exact" or (pd.isna(row["low"]) and pd.isna(row["high"]))
    return figure if is_exact else f"{words(row['qualifier'])} {figure}"


def _interval(row: Row) -> str:
    if pd.isna(row["low"]):
        return ""
    high = "not reached" if pd.isna(row["high"]) else f"{row['high']:g}"
    level = "" if pd.isna(row["level"]) else f", {row['level']:g} %"
    return f" ({row['low']:g} to {high}{level})"


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)


TABLES: Mapping[str, Table] = {
    "outcomes": Table("Outcomes, Tables 1 to 4", "outcomes({})", evidence.outcomes, "outcome_id", _outcome),
    "claims": Table("Figures in the text", "claims({})", evidence.claims, "claim_id", _claim),
    "discrepancies": Table(
        "Discrepancies", "discrepancies()", lambda _: evidence.discrepancies(), "discrepancy_id", _discrepancy
    ),
    "references": Table("References", "references()", lambda _: evidence.references(), "citation", _reference),
    "later": Table("Published later", "later_outcomes()", lambda _: evidence.later_outcomes(), "outcome_id", _later),
    "trials": Table("Trials", "trials()", lambda _: evidence.trials(), "trial", _trial),
}
"""The tables by name, in the order of the page."""
