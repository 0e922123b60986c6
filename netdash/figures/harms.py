"""Harms beside benefits: one row per figure, each side in its panel, both on the same axis of percent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

import pandas as pd

from netdash import evidence, outcome_rows
from netdash.figures import rows, theme
from netdash.figures.plain import Drawing, Figure

HARMS = ("mortality", "morbidity", "toxicity")
SURVIVAL, FIVE_YEARS = "overall_survival", 60
BENEFITS = (SURVIVAL, "response", "symptom_response")
SIDES = {"harm": HARMS, "benefit": BENEFITS}
REPORTED = "reported, no figure"
NOT_FOUND = "no figure in the source"
NOTHING = "no {} figure in the tables"
CAPTION = (
    "Filled: a series with its number of patients; hollow: a figure in the text of the review, which states none. "
    "Triangles point to where a bound such as “more than 90 %” lies; a line joins the ends of a printed range. No "
    "interval is printed, so none is drawn, and nothing is pooled. The text may give one figure in two places. "
    "† a known discrepancy."
)
_COLUMNS = (
    *("therapy", "side", "id", "label", "n", "endpoint", "statistic", "horizon_months", "low", "high", "unit"),
    *("qualifier", "discrepancies", "locator", "left_out"),
)
_COLOR = {"harm": theme.VERMILION, "benefit": theme.BLUE}
_AXES = {"harm": {"xaxis": "x", "yaxis": "y"}, "benefit": {"xaxis": "x2", "yaxis": "y2"}}
_POINTING = {"more_than": "triangle-right", "at_least": "triangle-right"} | dict.fromkeys(
    ("less_than", "up_to"), "triangle-left"
)
_LABEL_WIDTH, _FIGURE_WIDTH = 46, 40


def harms_table(outcomes: pd.DataFrame, therapy: str | None = None, claims: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return harms and benefits row by row; the parameters are those of :func:`harms_beside_benefits`.

    Returns
    -------
    DataFrame
        therapy, side ("harm" or "benefit"), id (of the outcome or claim), label (author and year, or who was meant),
        n (missing where none is stated), endpoint, statistic, horizon_months, low, high (the same but for a printed
        range), unit, qualifier, discrepancies, locator, left_out (the reason; empty when drawn). Harms of a therapy
        stand before its benefits. Rows of no therapy, such as comparison arms, are not in it.

    Raises
    ------
    ValueError
        When there is no such therapy; the message lists those there are.
    """
    table = pd.DataFrame(_records(outcomes, _therapies(therapy), claims), columns=_COLUMNS)
    return table.astype({"n": "Int64", "low": "float64", "high": "float64", "horizon_months": "float64"})


def _records(outcomes: pd.DataFrame, wanted: list[str], claims: pd.DataFrame | None) -> list[dict[Any, Any]]:
    outcome_rows.expect(outcomes, "outcome_id", "therapy", "endpoint", "horizon_months", "value", "n", "unit")
    reading = outcome_rows.reading_of(outcomes)
    texts = evidence.claims(reading) if claims is None else claims
    side = {endpoint: name for name, endpoints in SIDES.items() for endpoint in endpoints}
    order = {endpoint: place for place, endpoint in enumerate(side)}

    def asked(row: Mapping[str, Any]) -> bool:
        return row["therapy"] in wanted and row["endpoint"] in side

    found = [_of_outcome(row) for row in outcome_rows.records_in_order(outcomes) if asked(row)]
    tabled = _with_survival(outcomes) | _with_survival(evidence.outcomes(reading))
    found += [_of_claim(row, tabled) for row in outcome_rows.records(texts) if asked(row)]
    found.sort(key=lambda row: (wanted.index(row["therapy"]), order[row["endpoint"]]))
    return [{**row, "side": side[row["endpoint"]], "left_out": _reason(row)} for row in found]


def _with_survival(outcomes: pd.DataFrame) -> set[str]:
    """Return the therapies of which a table has the 5-year survival, whatever was taken out of it for the picture."""
    return set(outcomes.loc[(outcomes["endpoint"] == SURVIVAL) & (outcomes["horizon_months"] == FIVE_YEARS), "therapy"])


def _therapies(therapy: str | None) -> list[str]:
    known = evidence.therapies()
    names = known.loc[~known["comparator"], "therapy"].tolist()
    if therapy is not None and therapy not in names:
        raise ValueError(f"therapy: given {therapy!r}, expected one of {', '.join(names)}")
    return [therapy] if therapy else names


def _of_outcome(row: Mapping[Any, Any]) -> dict[Any, Any]:
    figure = "" if pd.notna(row["value"]) else "no percent printed"
    why = "" if row.get("local") else outcome_rows.why_left_out(row)
    value = {"low": row["value"], "high": row["value"], "qualifier": "exact", "why": why or figure}
    return {**row, **value, "id": row["outcome_id"], "label": rows.label(row)}


def _of_claim(row: Mapping[Any, Any], tabled: set[str]) -> dict[Any, Any]:
    """Return a figure of the text, given the therapies whose 5-year survival the tables have."""
    known = row["endpoint"] == SURVIVAL and row["therapy"] in tabled
    without = REPORTED if row["qualifier"] == "reported" else NOT_FOUND
    figure = "" if pd.notna(row["high"]) else without
    why = figure or "the tables of series have the 5-year survival of this therapy" * known
    return {**row, "why": why, "id": row["claim_id"], "label": row["population"], "n": None}


def _reason(row: Mapping[Any, Any]) -> str:
    if row["unit"] not in ("percent", ""):
        return f"in {row['unit']}, not in percent"
    if row["endpoint"] == SURVIVAL and row["horizon_months"] != FIVE_YEARS:
        return f"at {rows.years(row['horizon_months'])}, not at {rows.years(FIVE_YEARS)}"
    return str(row["why"])


def harms_text(outcomes: pd.DataFrame, therapy: str | None = None, claims: pd.DataFrame | None = None) -> str:
    """Return the picture in one sentence; the parameters are those of :func:`harms_beside_benefits`."""
    therapies = _therapies(therapy)
    return _sentence(_records(outcomes, therapies, claims), therapies, _title(outcomes, therapy))


def _sentence(records: list[dict[Any, Any]], therapies: list[str], title: str) -> str:
    sides = [f"{side}s: {_side_in_words(records, side, therapies)}" for side in SIDES]
    return f"{title}: {'; '.join(sides)}; different patients in each row, and nothing is pooled."


def _side_in_words(records: list[dict[Any, Any]], side: str, therapies: list[str]) -> str:
    here = [row for row in records if row["side"] == side]
    drawn = [row for row in here if not row["left_out"]]
    said = []
    for endpoint in SIDES[side]:
        found = [row for row in drawn if row["endpoint"] == endpoint]
        if found:
            several = len({row["horizon_months"] for row in found if pd.notna(row["horizon_months"])}) > 1
            times = " at different times" * several
            said.append(f"{_endpoint(endpoint)} {_range(found)} in {_rows(len(found))}{times}")
    if without := sum(row["left_out"] == REPORTED for row in here):
        said.append(f"{_rows(without)} reported without a figure")
    silent = [name for name in therapies if name not in {row["therapy"] for row in drawn}]
    if silent:
        of = [] if len(therapies) == 1 else [rows.listed([evidence.therapy_name(name) for name in silent])]
        said.append(" for ".join([NOTHING.format(side), *of]))
    return ", ".join(said)


def _range(found: list[dict[Any, Any]]) -> str:
    """Return the lowest and the highest figure, or the only one."""
    least, most = min(found, key=lambda row: row["low"]), max(found, key=lambda row: row["high"])
    if least["low"] == most["high"]:
        return _figure(least)
    low, high = f"{_qualifier(least)}{least['low']:g}", f"{_qualifier(most)}{most['high']:g}"
    return f"{low} to {high} %"


def _rows(count: int) -> str:
    return f"{count} row{'s' * (count != 1)}"


def _endpoint(endpoint: str) -> str:
    return "5-year survival" if endpoint == SURVIVAL else rows.words(endpoint)


def _at(row: Mapping[Any, Any]) -> str:
    """Return at what time a figure was counted, where one is stated and the name of the endpoint does not say it."""
    stated = pd.notna(row["horizon_months"]) and row["endpoint"] != SURVIVAL
    return f" at {rows.years(row['horizon_months'])}" if stated else ""


def _title(outcomes: pd.DataFrame, therapy: str | None) -> str:
    of = f": {evidence.therapy_name(therapy)}" if therapy else ""
    return f"Harms beside benefits{of}{outcome_rows.said_reading(outcomes)}"


@Figure
def harms_beside_benefits(
    outcomes: pd.DataFrame, therapy: str | None = None, claims: pd.DataFrame | None = None, *, font_px: int = 13
) -> Drawing:
    """Draw deaths, complications and side effects beside survival and response, on the same axis of percent.

    Parameters
    ----------
    outcomes : DataFrame
        Rows of ``nd.outcomes()``.
    therapy : str, optional
        One therapy, such as "resection"; all of them under each other when not given.
    claims : DataFrame, optional
        Rows of ``nd.claims()``, the figures in the running text, where the review has its harms: when not given, all
        of them, of the same reading as `outcomes`.
    font_px : int
        Size of the type in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        Harms on the left, benefits (5-year survival, response, symptom response) on the right, one row each. What is
        reported without a figure stands in words; a side that has no figure says so. ``layout.meta["text"]`` holds
        the same in one sentence, ``layout.meta["caption"]`` how to read it; the ``customdata`` of a point is its id.

    Raises
    ------
    ValueError
        When there is no such therapy.

    Notes
    -----
    Rows that may not be pooled (patients counted twice, other tumors) are left out as in ``nd.forest``. Of 5-year
    survival the text is drawn only where the tables have no series of the therapy; :func:`harms_table` has the rest,
    each row with the reason.
    """
    therapies = _therapies(therapy)
    records, title = _records(outcomes, therapies, claims), _title(outcomes, therapy)
    lines = _lines(records, therapies, 1 if font_px < rows.LARGE_TYPE else 0.6)
    data = [_points(rows.of(lines, side), side, font_px) for side in SIDES]
    data += [_words(rows.of(lines, "panels", f"{side} in words"), side, font_px) for side in SIDES]
    meta = {"text": _sentence(records, therapies, title), "caption": CAPTION}
    return {"data": data, "layout": {**_layout(lines, title, font_px), "meta": meta}}


def _lines(records: list[dict[Any, Any]], therapies: list[str], room: float) -> list[rows.Line]:
    shown = [row for row in records if row["left_out"] in ("", REPORTED)]
    found = {name: list(group) for name, group in groupby(shown, key=lambda row: str(row["therapy"]))}
    lines = [{**_in_words("", ""), "kind": "panels"}]
    for therapy in therapies:
        if len(therapies) > 1:
            lines += rows.heading(therapy)
        for side in SIDES:
            here = [row for row in found.get(therapy, []) if row["side"] == side]
            if all(row["left_out"] for row in here):
                lines.append(_in_words(side, NOTHING.format(side)))
            lines += [_line(row, room) for row in here]
    return rows.stacked(lines)


def _in_words(side: str, text: str) -> rows.Line:
    return {"kind": f"{side} in words", "left": "", "right": "", "text": text, "id": None, "hover": ""}


def _line(row: Mapping[Any, Any], room: float) -> rows.Line:
    left = rows.wrapped(rows.name(row), int(_LABEL_WIDTH * room))
    n = f"n = {row['n']:,.0f}" if pd.notna(row["n"]) else "n not stated"
    said = REPORTED if row["left_out"] else _figure(row)
    what = _endpoint(row["endpoint"]) + _at(row)
    right = rows.wrapped(what if row["left_out"] else f"{what} {said}", int(_FIGURE_WIDTH * room))
    return {
        "kind": row["side"] + " in words" * bool(row["left_out"]),
        "left": "<br>".join(left),
        "right": "<br>".join(right),
        "height": max(len(left), len(right)),
        "text": said,
        "id": row["id"],
        "low": row["low"],
        "high": row["high"],
        "symbol": _POINTING.get(row["qualifier"], "circle") + "-open" * pd.isna(row["n"]),
        "hover": f"<b>{rows.escape(row['label'])}</b><br>{what}: {said}, {n}<br>{rows.escape(row['locator'])}"
        + rows.pointed(row),
    }


def _figure(row: Mapping[Any, Any]) -> str:
    of = " (median of series)" if row["statistic"] == "median" else ""
    span = f"{row['high']:g} %" if row["low"] == row["high"] else f"{row['low']:g} to {row['high']:g} %"
    return f"{_qualifier(row)}{span}{of}"


def _qualifier(row: Mapping[Any, Any]) -> str:
    return "" if row["qualifier"] == "exact" else f"{rows.words(row['qualifier'])} "


def _points(lines: list[rows.Line], side: str, font_px: int) -> Mapping[str, Any]:
    """Return a point for each figure, and two that are joined for a range."""
    ends = [
        (line, value)
        for line in lines
        for value in (*dict.fromkeys((line["low"], line["high"])), None)  # None: not joined with what follows
    ]
    line = {"color": _COLOR[side], "width": 2}
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": f"{side}s",
        **_AXES[side],
        "x": [value for _, value in ends],
        "y": [line["y"] for line, _ in ends],
        "customdata": _each(ends, "id"),
        "text": _each(ends, "hover"),
        "hovertemplate": "%{text}<extra></extra>",
        "cliponaxis": False,
        "line": line,
        "marker": {"size": round(font_px * 0.75), "symbol": _each(ends, "symbol"), "opacity": 1, "line": line},
    }


def _each(ends: Iterable[tuple[rows.Line, Any]], name: str) -> list[Any]:
    return [line[name] for line, _ in ends]


def _words(lines: list[rows.Line], side: str, font_px: int) -> Mapping[str, Any]:
    """Return what stands in words in a panel, its name first; a click on what is reported finds its source."""
    said = rows.column(lines[1:], "text")
    of = "% of patients" if font_px < rows.LARGE_TYPE else "%"
    return {
        "type": "scatter",
        "mode": "text",
        "name": f"{side}s in words",
        **_AXES[side],
        "x": [0] * len(lines),
        "y": rows.column(lines, "y"),
        "customdata": rows.column(lines, "id"),
        "text": [f"<b>{side.capitalize()}s</b>, {of}", *said],
        "textposition": "middle right",
        "textfont": {"color": [_COLOR[side], *[theme.GRAY] * len(said)]},
        "hovertext": rows.column(lines, "hover"),
        "hoverinfo": "text",
        "cliponaxis": False,
    }


def _layout(lines: list[rows.Line], title: str, font_px: int) -> dict[str, Any]:
    axis = {"range": [-4, 104], "tickvals": [0, 50, 100], "ticktext": ["0", "50", "100 %"]}
    half = 0.46 if font_px < rows.LARGE_TYPE else 0.41
    layout = rows.layout(lines, title, {**axis, "domain": [0, half]}, font_px, rows.warnings({}))
    named = [line for line in lines if line["right"]]
    ticks = {"tickvals": rows.column(named, "y"), "ticktext": rows.column(named, "right")}
    right = {key: value for key, value in layout["yaxis2"].items() if key != "overlaying"}
    return layout | {
        "xaxis2": {**layout["xaxis"], "domain": [1 - half, 1]},
        "yaxis2": {**right, **ticks, "anchor": "x2"},
    }
