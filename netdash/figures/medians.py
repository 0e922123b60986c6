"""The medians: months with the number of patients, and no interval because no source prints one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from netdash.figures import rows, theme
from netdash.figures.drawing import FigureDict, Trace, as_figure
from netdash.outcome_rows import OutcomeRow
from netdash.outcome_tables.criteria_words import Verdicts, of_therapies, warnings
from netdash.outcome_tables.medians import MediansTable, medians_table

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

UNREACHED = "arrow-right-open"
"""The symbol of a median that was not reached."""


@dataclass(frozen=True, kw_only=True)
class Median(rows.Point):
    """The line of one median; one that was not reached has its point at the edge."""

    reached: bool


def medians(
    outcomes: pd.DataFrame,
    verdicts: Verdicts | None = None,
    *,
    endpoint: str = "overall_survival",
    left_out: bool = True,
    criteria: Mapping[str, str] | None = None,
    differing: Mapping[str, str] | None = None,
    font_px: int = 13,
) -> go.Figure:
    """Draw the medians of one endpoint in months.

    Parameters
    ----------
    outcomes : DataFrame
        Rows of ``nd.outcomes()``.
    verdicts : mapping, optional
        By therapy, as for ``nd.forest``: what ``nd.tallies`` returns.
    endpoint : str
        The endpoint on the axis.
    left_out : bool
        Whether means, and rows without a figure, are listed below with the reason.
    criteria : mapping, optional
        By therapy: the title of the criteria of a single verdict, as for ``nd.forest``.
    differing : mapping, optional
        By study_id: how the patients of a series are known to differ from the patient (``nd.differing``). Those
        series are marked ≠.
    font_px : int
        Size of the type in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        A median that was not reached is an open arrow at the right edge with the words "not reached".
        ``layout.meta["text"]`` holds the same in words.

    Raises
    ------
    ValueError
        When no row has that endpoint.

    Examples
    --------
    >>> import netdash as nd
    >>> nd.medians(nd.outcomes()).layout.title.text
    'Median overall survival'
    """
    table = medians_table(outcomes, endpoint=endpoint)
    drawn = medians_dict(table, verdicts, left_out=left_out, criteria=criteria, differing=differing, font_px=font_px)
    return as_figure(drawn)


def medians_dict(
    table: MediansTable,
    verdicts: Verdicts | None = None,
    *,
    left_out: bool = True,
    criteria: Mapping[str, str] | None = None,
    differing: Mapping[str, str] | None = None,
    font_px: int = 13,
) -> FigureDict:
    """Return the medians of one table as a plain dictionary; for the parameters see :func:`medians`."""
    edge = 1.05 * max((row.value for row in table.rows if row.value is not None), default=12)
    judged = of_therapies(table.therapies, verdicts)
    lines: list[rows.Line] = []
    for therapy, found in groupby(table.drawn, key=lambda row: row.therapy):
        lines += rows.heading(therapy, judged, criteria or {})
        lines += [_median(row, edge, (differing or {}).get(row.study_id, ""), font_px) for row in found]
    if left_out:
        lines += rows.left_out_lines(table.left_out, differing or {}, "months", font_px)
    lines = rows.stacked(lines)
    axis = {"range": [0, 1.03 * edge], "ticksuffix": "", "title": {"text": "months"}}
    layout = rows.layout(lines, table.title, axis, font_px, warnings(judged))
    return {
        "data": [rows.NAMES, _series(rows.of_kind(lines, Median), font_px)],
        "layout": {**layout, "meta": {"text": table.sentence(verdicts), "caption": table.caption}},
    }


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


def _median(row: OutcomeRow, edge: float, differs: str, font_px: int) -> Median:
    name = rows.series_line(row, differs, font_px)
    figure = "not reached" if row.not_reached or row.value is None else f"{row.value:g} months"
    return Median(
        left="<br>".join(name),
        height=len(name),
        right=figure,
        value=edge if row.not_reached or row.value is None else row.value,
        reached=not row.not_reached,
        outcome_id=row.outcome_id,
        hover=rows.series_hover(row, f"median {figure}", differs),
    )
