"""The medians: months with the number of patients, and no interval, for none is printed."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

import pandas as pd

from netdash import evidence, outcome_rows
from netdash.figures import rows, theme
from netdash.figures.plain import Drawing, Figure

_NEEDED = ("outcome_id", "author", "year", "therapy", "endpoint", "statistic", "value", "n", "not_reached")
UNREACHED = "arrow-right-open"
CAPTION = "An arrow at the edge: not reached. † a known discrepancy."


def medians_table(outcomes: pd.DataFrame, *, endpoint: str = "overall_survival") -> pd.DataFrame:
    """Return the medians of one endpoint in the order of the therapies, and what is left out with the reason.

    Returns
    -------
    DataFrame
        The rows of `outcomes` of that endpoint that are no rates, with ``label`` and ``left_out`` (empty when drawn).

    Raises
    ------
    ValueError
        When no row has that endpoint.
    """
    table = _of_endpoint(outcomes, endpoint)
    found = _records(table)
    return outcome_rows.in_order(table).assign(**{name: [row[name] for row in found] for name in ("label", "left_out")})


def _of_endpoint(outcomes: pd.DataFrame, endpoint: str) -> pd.DataFrame:
    outcome_rows.expect(outcomes, *_NEEDED, endpoint=endpoint)
    return outcomes[(outcomes["endpoint"] == endpoint) & (outcomes["statistic"] != "rate")]


def _records(table: pd.DataFrame) -> list[dict[Any, Any]]:
    """Return the rows of :func:`medians_table` as plain dictionaries."""
    return [{**row, "label": rows.label(row), "left_out": _reason(row)} for row in outcome_rows.records_in_order(table)]


def _reason(row: Mapping[Any, Any]) -> str:
    if why := row.get("why_not_drawn"):
        return str(why)
    if row["statistic"] != "median":
        return f"a {row['statistic']}, not a median"
    return "" if row["not_reached"] or pd.notna(row["value"]) else "no figure printed"


def medians_text(
    outcomes: pd.DataFrame, verdicts: rows.Verdicts | None = None, *, endpoint: str = "overall_survival"
) -> str:
    """Return the medians in words; the parameters are those of :func:`medians`."""
    found = _records(_of_endpoint(outcomes, endpoint))
    return _sentence(found, rows.judged(_therapies(found), verdicts), _title(outcomes, endpoint))


def _title(outcomes: pd.DataFrame, endpoint: str) -> str:
    return f"Median {rows.words(endpoint)}{outcome_rows.said_reading(outcomes)}"


def _sentence(found: list[dict[Any, Any]], verdicts: rows.Verdicts, name: str) -> str:
    drawn = [row for row in found if not row["left_out"]]
    reached = sorted((row for row in drawn if pd.notna(row["value"])), key=lambda row: row["value"])
    if not reached:
        return f"{name}: not reached in any of {len(drawn)} series." if drawn else f"{name}: none is printed."
    low, high = (
        f"{row['value']:g} months ({evidence.therapy_name(row['therapy']).lower()}, {row['label']})"
        for row in (reached[0], reached[-1])
    )
    missed = sum(row["not_reached"] for row in drawn)
    return (
        f"{name}: {len(drawn)} series, from {low} to {high}; not reached in {missed}. "
        f"{rows.criteria_in_words(verdicts)}{rows.NO_COMPARISON}. "
        "No interval is printed, so none is drawn, and medians are not pooled."
    )


def _therapies(found: list[dict[Any, Any]]) -> list[str]:
    return list(dict.fromkeys(str(row["therapy"]) for row in found if not row["left_out"]))


@Figure
def medians(
    outcomes: pd.DataFrame,
    verdicts: rows.Verdicts | None = None,
    *,
    endpoint: str = "overall_survival",
    left_out: bool = True,
    criteria: Mapping[str, str] | None = None,
    differing: Mapping[str, str] | None = None,
    font_px: int = 13,
) -> Drawing:
    """Draw the medians of one endpoint in months.

    Parameters
    ----------
    outcomes : DataFrame
        Rows of ``nd.outcomes()``.
    verdicts : mapping, optional
        By therapy, as for ``nd.forest``: what ``nd.tallies`` returns.
    endpoint : str
        The one endpoint on the axis.
    left_out : bool
        Whether means, and rows without a figure, stand below with the reason.
    criteria : mapping, optional
        By therapy: the criteria that a single verdict is of, as for ``nd.forest``.
    differing : mapping, optional
        By study_id: how the patients of a series are known to differ from the one at hand
        (``netdash.comparison.differing``). Those series are marked ≠.
    font_px : int
        Size of the type in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        A median that was not reached is an open arrow at the right edge and says so.

    Raises
    ------
    ValueError
        When no row has that endpoint.
    """
    found = _records(_of_endpoint(outcomes, endpoint))
    edge = 1.05 * max((row["value"] for row in found if pd.notna(row["value"])), default=12)
    records = [{**row, "differs": (differing or {}).get(row.get("study_id", ""), "")} for row in found]
    therapies = _therapies(found)
    judged = rows.judged(therapies, verdicts)
    headings = rows.headings(therapies, judged, criteria or {})
    lines = _lines(records, headings, edge, left_out=left_out, font_px=font_px)
    axis = {"range": [0, 1.03 * edge], "ticksuffix": "", "title": {"text": "months"}}
    name = _title(outcomes, endpoint)
    layout = rows.layout(lines, name, axis, font_px, rows.warnings(judged))
    return {
        "data": [rows.NAMES, _series(rows.of(lines, "arm"), font_px)],
        "layout": {**layout, "meta": {"text": _sentence(found, judged, name), "caption": CAPTION}},
    }


def _series(arms: list[rows.Line], font_px: int) -> Mapping[str, Any]:
    return {
        **rows.points(arms),
        "marker": {
            "color": theme.INK,
            "size": round(font_px * 0.75),
            "symbol": ["square" if arm["reached"] else UNREACHED for arm in arms],
            "line": {"width": 2, "color": theme.INK},
        },
    }


def _lines(
    records: list[dict[Any, Any]],
    headings: Mapping[str, list[rows.Line]],
    edge: float,
    *,
    left_out: bool,
    font_px: int,
) -> list[rows.Line]:
    lines: list[rows.Line] = []
    drawn = [record for record in records if not record["left_out"]]
    for therapy, arms in groupby(drawn, key=lambda record: str(record["therapy"])):
        lines += headings[therapy]
        lines += [_arm(arm, edge, font_px) for arm in arms]
    rest = [record for record in records if record["left_out"]]
    if left_out and rest:
        lines.append({"kind": "therapy", "left": "<b>Left out</b>", "right": ""})
        lines += [rows.reasoned(row, "months", font_px) for row in rest]
    return rows.stacked(lines)


def _arm(row: Mapping[Any, Any], edge: float, font_px: int) -> rows.Line:
    said = "not reached" if row["not_reached"] else f"{row['value']:g} months"
    return {
        "kind": "arm",
        **rows.named(row, font_px),
        "right": said,
        "value": edge if row["not_reached"] else row["value"],
        "reached": not row["not_reached"],
        "outcome_id": row["outcome_id"],
        "hover": f"<b>{rows.escape(row['label'])}</b>, {rows.escape(row['arm'])}<br>median {said}<br>"
        f"{rows.escape(row['locator'])}" + rows.pointed(row) + rows.differs(row),
    }
