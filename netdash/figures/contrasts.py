"""Two arms of one study compared: an estimate with its interval for each study."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from netdash.figures import rows
from netdash.figures.drawing import Axis, FigureDict, as_figure
from netdash.figures.intervals import Interval, intervals_dict
from netdash.outcome_tables.contrasts import ContrastRow, ContrastTable, contrast_table

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

RATIOS = [2.0**power for power in range(-6, 7)]
"""Ticks of a log axis of ratios."""
LARGEST_RATIO, LARGEST_DIFFERENCE = 10.0, 1.0
"""The ends of an axis, unless an estimate is beyond them. An interval that reaches further ends in an arrow."""


def contrast_forest(table: pd.DataFrame, *, font_px: int = 13) -> go.Figure:
    """Draw the two-arm studies of ``nd.contrasts``, labeled as observational.

    Parameters
    ----------
    table : DataFrame
        Rows of ``nd.contrasts`` of one measure. The computed ones are of one endpoint and one horizon.
    font_px : int
        Size of the type in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        Ratios on a log axis with a line at 1, differences with a line at 0. An interval that reaches beyond the axis
        ends in an arrow; the figures on the right are complete. Below are the comparisons that are left out, each with
        its reason.

    Raises
    ------
    ValueError
        When no comparison could be computed, or measures, endpoints or horizons are mixed.

    Examples
    --------
    >>> import netdash as nd
    >>> nd.contrast_forest(nd.contrasts(nd.outcomes())).layout.title.text
    'Risk ratio of being alive at 5 years<br>observational, confounded'
    """
    return as_figure(contrast_dict(contrast_table(table), font_px=font_px))


def contrast_dict(table: ContrastTable, *, font_px: int = 13) -> FigureDict:
    """Return the picture of one table as a plain dictionary; for the parameters see :func:`contrast_forest`."""
    found = [_two_arms(row) for row in table.drawn]
    left_out = [_left_out(row, font_px) for row in table.left_out]
    lines = [*found, *([rows.title_line("Left out"), *left_out] if left_out else [])]
    title = f"{table.title}<br>{table.label}"
    meta = {"text": table.sentence, "caption": table.caption}
    at, axis = float(table.is_ratio), _axis(found, table.is_ratio)
    return intervals_dict(lines, title, axis, at=at, symbol="square-open", font_px=font_px, meta=meta)


def _study(row: ContrastRow) -> str:
    """Return a study, marked † for a discrepancy, over the names of its two arms."""
    return f"{rows.escape(row.label)}{' †' * bool(row.discrepancies)}<br>{row.arms}"


def _two_arms(row: ContrastRow) -> Interval:
    value, low, high = (math.nan if end is None else end for end in (row.estimate, row.ci_lb, row.ci_ub))
    return Interval(
        left=_study(row),
        right=f"{value:.2f} ({low:.2f} to {high:.2f})<br>{row.counts}",
        hover=f"<br>† {rows.escape(row.discrepancies)}" if row.discrepancies else "",
        height=2.4,
        estimate=value,
        low=low,
        high=high,
    )


def _left_out(row: ContrastRow, font_px: int) -> rows.Line:
    text = rows.wrap_note(rows.escape(f"{row.rates}: {row.left_out}"), font_px)
    return rows.Line(left=_study(row), note=rows.Note("<br>".join(text)), height=max(len(text), 2) + 0.4)


def _axis(lines: Sequence[Interval], ratio: bool) -> Axis:
    """Return an axis as long as the intervals, within its limits unless an estimate lies beyond them."""
    at, most = (1.0, LARGEST_RATIO) if ratio else (0.0, LARGEST_DIFFERENCE)
    least = 1 / most if ratio else -most
    estimates = [line.estimate for line in lines]
    low = max(min(at, *(line.low for line in lines)), min(least, *estimates))
    high = min(max(at, *(line.high for line in lines)), max(most, *estimates))
    if not ratio:
        return {"type": "linear", "range": [low - 0.05, high + 0.05]}
    return {"type": "log", "tickvals": RATIOS, "range": [math.log10(low / 1.15), math.log10(high * 1.15)]}
