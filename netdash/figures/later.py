"""What was published after the review: hazard ratios of trials; medians and rates in a lane of their own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from netdash import evidence
from netdash.figures import rows
from netdash.figures.drawing import Axis, FigureDict, as_figure
from netdash.figures.intervals import Interval, intervals_dict
from netdash.outcome_tables.later import HAZARD_RATIO, LaterRow, LaterTable, later_table

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from netdash.assessment import Assessment

RATIOS = [2.0**power for power in range(-6, 7)]
"""Ticks of the log axis."""


def hazard_ratios(
    outcomes: pd.DataFrame | None = None,
    assessment: Assessment | None = None,
    *,
    endpoint: str = "progression_free_survival",
    font_px: int = 13,
) -> go.Figure:
    """Draw the hazard ratios between the arms of trials, by therapy; they are not pooled.

    Parameters
    ----------
    outcomes : DataFrame, optional
        Rows of ``nd.later_outcomes()``; all of them when not given.
    assessment : Assessment, optional
        The result of ``nd.assess``: trials whose patients are like this one are marked, and the group of liver
        involvement that the patient is in.
    endpoint : str
        The one endpoint on the axis.
    font_px : int
        Size of the type in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        A log axis with a line at 1. Each line names the trial, its arm and comparator, and how far it was read. A ratio
        without an interval where it was read has a point alone. Comparisons that are not of the arms of a trial (of
        groups that nobody assigned, or of several studies) stand below. "Randomized" stands where that was read; the
        `design` of the other trials in ``nd.trials()`` is "not stated where it was read". Rows of trials of one design
        can be given alone.

    Raises
    ------
    ValueError
        When the table lacks a column, or no hazard ratio has the endpoint.

    Examples
    --------
    >>> import netdash as nd
    >>> nd.hazard_ratios(endpoint="overall_survival").layout.title.text
    'Hazard ratios of overall survival, arms of trials'
    """
    table = later_table(evidence.later_outcomes() if outcomes is None else outcomes, assessment, endpoint=endpoint)
    return as_figure(later_dict(table, font_px=font_px))


def published_later(
    outcomes: pd.DataFrame | None = None,
    assessment: Assessment | None = None,
    *,
    endpoint: str = "progression_free_survival",
    statistic: str = "median",
    horizon_months: float | None = None,
    font_px: int = 13,
) -> go.Figure:
    """Draw the medians or rates that were published after the review, by therapy; they are not pooled.

    Parameters
    ----------
    outcomes, assessment, endpoint, font_px
        As for :func:`hazard_ratios`.
    statistic : str
        "median" or "rate".
    horizon_months : float, optional
        Time of the rates; rates of every time when not given.

    Returns
    -------
    plotly.graph_objects.Figure
        Each line names source, arm, number of patients, and how far it was read.

    Raises
    ------
    ValueError
        When the table lacks a column, or no row has the endpoint and statistic.

    Examples
    --------
    >>> import netdash as nd
    >>> nd.published_later(endpoint="overall_survival").layout.title.text
    'Published later: median overall survival'
    """
    table = later_table(
        evidence.later_outcomes() if outcomes is None else outcomes,
        assessment,
        endpoint=endpoint,
        statistic=statistic,
        horizon_months=horizon_months,
    )
    return as_figure(later_dict(table, font_px=font_px))


def later_dict(table: LaterTable, *, left_out: bool = True, font_px: int = 13) -> FigureDict:
    """Return the picture of a table of later outcomes as a plain dictionary."""
    lines: list[rows.Line] = []
    for therapy, found in groupby(table.drawn, key=lambda row: row.therapy):
        lines += [rows.title_line(_therapy(therapy)), *(_line(row, table.statistic) for row in found)]
    if left_out and table.left_out:
        lines += [rows.title_line("Left out"), *(_left_out(row, font_px) for row in table.left_out)]
    meta = {"text": table.sentence, "caption": table.caption}
    at = 1.0 if table.statistic == HAZARD_RATIO else None
    axis = _axis(table.drawn, table.statistic)
    return intervals_dict(lines, table.title, axis, at=at, symbol="square", font_px=font_px, meta=meta)


def _therapy(name: str) -> str:
    if name in set(evidence.therapies()["therapy"]):
        return evidence.therapy_name(name)
    return {"none": "Placebo or no treatment", "other": "Other treatment"}[name]


def _named(row: LaterRow) -> str:
    """Return the two lines on the left: trial, patients and marks; then what was compared."""
    marks = f", {row.marks}" if row.marks else ""
    size = "" if row.n is None else f", n = {row.n:,.0f}"
    against = f" v {row.comparator}" if row.comparator else ""
    first = f"{rows.escape(row.label)}{size}{' †' * bool(row.discrepancies)}{marks}"
    return f"{first}<br>{rows.escape(row.arm)}{rows.escape(against)}"


def _line(row: LaterRow, statistic: str) -> Interval:
    unit = {"rate": " %", "median": " months"}.get(statistic, "")
    low = row.value if row.low is None else row.low
    high = row.value if row.low is None else math.inf if row.high is None else row.high
    return Interval(
        left=_named(row),
        right=f"{row.value:g}{unit}{row.interval}<br>{row.read}",
        hover=f"<br>{rows.escape(row.population)}<br>{rows.escape(row.locator)}",
        height=2.4,
        estimate=row.value,
        low=low,
        high=min(high, _FAR),
    )


_FAR = 1e6
"""Where an upper bound that was not reached is drawn: beyond every axis."""


def _left_out(row: LaterRow, font_px: int) -> rows.Line:
    text = rows.wrap_note(f"{row.value:g}{row.interval}: {row.left_out}", font_px)
    note = rows.Note("<br>".join(map(rows.escape, text)))
    return rows.Line(left=_named(row), note=note, height=max(len(text), 2) + 0.4)


def _axis(found: Sequence[LaterRow], statistic: str) -> Axis:
    if statistic == "rate":
        return rows.percent_axis(13)
    known = [end for row in found for end in (row.value, row.low, row.high) if end is not None]
    if statistic == "median":
        return {"range": [0, 1.05 * max(known, default=12)], "title": {"text": "months"}}
    low, high = min([1.0, *known]) / 1.15, max([1.0, *known]) * 1.15
    return {"type": "log", "tickvals": RATIOS, "range": [math.log10(low), math.log10(high)]}
