"""The medians: months with the number of patients, and no interval because no source prints one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from netdash import evidence
from netdash.figures import rows, theme
from netdash.figures.drawing import Axis, FigureDict, Trace, as_figure
from netdash.figures.summary import summary_lines
from netdash.filters import Wanted
from netdash.outcome_rows import OutcomeRow, of_therapy
from netdash.outcome_tables.criteria_words import Given, of_therapies, warnings
from netdash.outcome_tables.medians import MediansTable, medians_table

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

UNREACHED = "arrow-right-open"
"""The symbol of a median that was not reached."""
LANE = 1.12
"""Where medians that were not reached stand, as a multiple of the longest: in a lane beyond the axis, not at a time."""
YEAR = 12
STEPS, MOST_TICKS = (12, 24, 60, 120), 6
"""Months between ticks, and the most intervals of an axis."""


@dataclass(frozen=True, kw_only=True)
class Median(rows.Point):
    """The line of one median; one that was not reached has its point in the lane beyond the axis."""

    reached: bool


def medians(
    outcomes: pd.DataFrame,
    verdicts: Given | None = None,
    *,
    endpoint: str = "overall_survival",
    therapy: Wanted = None,
    left_out: bool = True,
    compact: bool = False,
    criteria: Mapping[str, str] | None = None,
    differing: Mapping[str, str] | None = None,
    font_px: int = 13,
    series_of: str | None = None,
) -> go.Figure:
    """Draw the medians of one endpoint in months.

    Parameters
    ----------
    outcomes : DataFrame
        Rows of ``nd.outcomes()``.
    verdicts : Assessment or mapping, optional
        By therapy, as for ``nd.forest``: what ``nd.tallies`` returns.
    endpoint : str
        The endpoint on the axis.
    therapy : str or iterable of str, optional
        Only the rows of this therapy, or of several.
    left_out : bool
        Whether means, and rows without a figure, are listed below with the reason.
    compact : bool
        Whether heads of columns and space between therapies are left out, as for ``nd.forest``.
    criteria : mapping, optional
        By therapy: the title of the criteria of a single verdict, as for ``nd.forest``.
    differing : mapping, optional
        By study_id: how the patients of a series are known to differ from the patient (``nd.differing``). Those
        series are marked ≠.
    font_px : int
        Size of the type in pixels.
    series_of : str, optional
        A therapy: the medians of each other therapy share one line. An empty text lists no series. When not given,
        every series of every therapy is listed.

    Returns
    -------
    plotly.graph_objects.Figure
        A median that was not reached is an open arrow in a lane of its own beyond the axis, because it has no time.
        ``layout.meta["text"]`` holds the same in words.

    Raises
    ------
    ValueError
        When no row has that endpoint, or a therapy is in no row.

    Examples
    --------
    >>> import netdash as nd
    >>> nd.medians(nd.outcomes()).layout.title.text
    'Median overall survival'
    """
    table = medians_table(of_therapy(outcomes, therapy), endpoint=endpoint)
    drawn = medians_dict(
        table,
        verdicts,
        left_out=left_out,
        compact=compact,
        criteria=criteria,
        differing=differing,
        font_px=font_px,
        series_of=series_of,
    )
    return as_figure(drawn)


def medians_dict(
    table: MediansTable,
    verdicts: Given | None = None,
    *,
    left_out: bool = True,
    compact: bool = False,
    criteria: Mapping[str, str] | None = None,
    differing: Mapping[str, str] | None = None,
    font_px: int = 13,
    series_of: str | None = None,
) -> FigureDict:
    """Return the medians of one table as a plain dictionary; for the parameters see :func:`medians`."""
    longest = max((row.value for row in table.drawn if row.value is not None), default=YEAR)
    lane = LANE * longest
    judged = of_therapies(table.therapies, verdicts)

    def listed(_: str, found: Iterable[OutcomeRow]) -> list[Median]:
        return [_median(row, lane, (differing or {}).get(row.study_id, ""), font_px) for row in found]

    if series_of is not None:
        apart = {name for name in table.therapies if evidence.is_comparator(name)}
        lines = summary_lines(
            *(table.drawn, series_of, judged, criteria or {}),
            listed=listed,
            together=lambda therapy, found: _together(listed(therapy, found)),
            comparison_arms=apart,
        )
    else:
        lines = [] if compact else [rows.head_line("Series, patients", "median")]
        for place, (therapy, found) in enumerate(groupby(table.drawn, key=lambda row: row.therapy)):
            lines += [rows.Space()] if place and not compact else []
            lines += rows.heading(therapy, judged, criteria or {})
            lines += listed(therapy, found)
        lines.append(rows.AxisLine())
    if left_out:
        lines += rows.left_out_lines(table.left_out, differing or {}, "months", font_px)
    lines = rows.stacked(lines)
    axis = _axis(longest, lane, any(row.not_reached for row in table.drawn))
    layout = rows.layout(lines, table.title, axis, font_px, warnings(judged))
    return {
        "data": [
            rows.NAMES,
            _series(rows.of_kind(lines, Median), font_px),
            *rows.dots(rows.of_kind(lines, rows.Dots), font_px),
        ],
        "layout": {**layout, "meta": {"text": table.sentence(verdicts), "caption": table.caption}},
    }


def _axis(longest: float, lane: float, unreached: bool) -> Axis:
    """Return an axis of months, with a lane beyond it for medians that were not reached."""
    step = next((step for step in STEPS if longest / step <= MOST_TICKS), STEPS[-1])
    ticks = [float(months) for months in range(0, math.floor(longest) + 1, step)]
    names = [f"{months:g}" for months in ticks]
    names[-1] += " months"
    beyond = [lane] if unreached else []
    return {
        "range": [0, lane * (2 - 1 / LANE) if unreached else 1.03 * longest],
        "tickvals": [*ticks, *beyond],
        "ticktext": [*names, *["not reached"] * len(beyond)],
    }


def _together(found: Sequence[Median]) -> list[rows.Line]:
    """Return the medians of one therapy on one line, with their span in words."""
    if len(found) == 1:
        return [*found]
    reached = sorted(median.value for median in found if median.reached)
    span = "–".join(f"{end:g}" for end in dict.fromkeys((reached[0], reached[-1]))) + " months" if reached else ""
    never = len(found) - len(reached)
    right = ", ".join(filter(None, [span, f"{never} not reached" if never else ""]))
    return [rows.Dots(left=f"{len(found)} series", right=right, points=found)]


def _series(found: Sequence[Median], font_px: int) -> Trace:
    return {
        **rows.points(found),
        "marker": {
            "color": theme.INK,
            "size": round(font_px * 0.75),
            "symbol": ["square" if median.reached else UNREACHED for median in found],
            "line": {"width": 2, "color": theme.INK},
        },
    }


def _median(row: OutcomeRow, lane: float, differs: str, font_px: int) -> Median:
    name = rows.series_line(row, differs, font_px)
    figure = "not reached" if row.not_reached or row.value is None else f"{row.value:g} months"
    return Median(
        left="<br>".join(name),
        height=len(name),
        right=figure,
        value=lane if row.not_reached or row.value is None else row.value,
        reached=not row.not_reached,
        outcome_id=row.outcome_id,
        hover=rows.series_hover(row, f"median {figure}", differs),
    )
