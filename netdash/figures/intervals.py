"""A pooled rate that is fitted again: one estimate with its interval in each row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdash.figures import rows, theme
from netdash.figures.drawing import Axis, FigureDict, Trace, as_figure
from netdash.outcome_tables.refits import APART, RefitRow, RefitTable, cumulative_table, influence_table

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from netdash.pooling import Pooled


@dataclass(frozen=True, kw_only=True)
class Interval(rows.Line):
    """The line of an estimate with its interval.

    Attributes
    ----------
    estimate, low, high : float
        The estimate and the ends of its interval, on the axis.
    hover : str
        What the pointer shows after the line itself.
    """

    estimate: float
    low: float
    high: float
    hover: str = ""


def influence(left_out: pd.DataFrame, pooled: Pooled, *, what: str = "", font_px: int = 13) -> go.Figure:
    """Draw a pooled rate without each of its series in turn.

    Parameters
    ----------
    left_out : DataFrame
        What ``nd.leave_one_out`` returns, of measure PLO; its index names the rows.
    pooled : Pooled
        The rate with all of them.
    what : str
        What is pooled, such as "Resection: 5-year overall survival": for the title and the names of files.
    font_px : int
        Size of the type in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        On the scale of 0 to 100 percent; ``layout.meta["text"]`` says it in one sentence. Where two series are left
        they are not pooled.

    Raises
    ------
    ValueError
        When the measure is not PLO, or the table is not of the series that were pooled, pooled alike.

    Examples
    --------
    >>> import netdash as nd
    >>> effects = nd.effect_sizes("PLO", xi=[3, 4, 5, 6], ni=[9, 9, 9, 9])
    >>> nd.influence(nd.leave_one_out(effects), nd.pool(effects)).layout.title.text
    'Each series left out in turn'
    """
    return as_figure(refit_dict(influence_table(left_out, pooled), what=what, font_px=font_px))


def cumulative_forest(added: pd.DataFrame, pooled: Pooled, *, what: str = "", font_px: int = 13) -> go.Figure:
    """Draw how a pooled rate settled as series were added one by one.

    Parameters
    ----------
    added : DataFrame
        What ``nd.cumulative`` returns, of measure PLO; its index names the rows.
    pooled : Pooled
        The rate with all of them.
    what : str
        What is pooled, as for ``nd.influence``.
    font_px : int
        Size of the type in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        On the scale of 0 to 100 percent, first series first; ``layout.meta["text"]`` says it in one sentence. The
        first two are not pooled.

    Raises
    ------
    ValueError
        When the measure is not PLO, or the table is not of the series that were pooled, pooled alike, in its order.

    Examples
    --------
    >>> import netdash as nd
    >>> effects = nd.effect_sizes("PLO", xi=[3, 4, 5, 6], ni=[9, 9, 9, 9])
    >>> nd.cumulative_forest(nd.cumulative(effects), nd.pool(effects)).layout.title.text
    'Series added one by one'
    """
    return as_figure(refit_dict(cumulative_table(added, pooled), what=what, font_px=font_px))


def refit_dict(table: RefitTable, *, what: str = "", font_px: int = 13) -> FigureDict:
    """Return the picture of a rate that is fitted again as a plain dictionary; see :func:`influence`."""
    lines = [_refit(row, font_px) for row in table.rows]
    title = f"{rows.escape(what)}<br>{table.subject.lower()}" if what else table.subject
    meta = {"text": table.sentence, "caption": table.caption}
    axis = rows.percent_axis(font_px)
    return intervals_dict(lines, title, axis, at=table.estimate, symbol="square", font_px=font_px, meta=meta)


def _refit(row: RefitRow, font_px: int) -> rows.Line:
    label = rows.escape(row.label)
    if not row.is_drawn:
        return rows.note_line(label, APART, font_px)
    right = f"{row.estimate:.0f} % ({row.ci_lb:.0f} to {row.ci_ub:.0f})"
    return Interval(left=label, right=right, estimate=row.estimate, low=row.ci_lb, high=row.ci_ub)


def intervals_dict(
    lines: Sequence[rows.Line],
    title: str,
    axis: Axis,
    *,
    at: float | None,
    symbol: str,
    font_px: int,
    meta: Mapping[str, str],
) -> FigureDict:
    """Return the picture of all lines, with a dotted line at the value `at`, if given."""
    placed = rows.stacked(lines)
    found = rows.of_kind(placed, Interval)
    layout = rows.layout(placed, title, axis, font_px)
    if at is not None and found:
        heights = [line.y for line in found]
        upright = theme.upright(at, {"dash": "dot", "color": theme.INK})
        # The line does not cross the words below the intervals.
        layout["shapes"] = [{**upright, "yref": "y", "y0": min(heights) - 1, "y1": max(heights) + 1}]
    data = [_estimates(found, symbol, font_px), rows.NAMES, *_arrows(found, axis, font_px)]
    return {"data": data, "layout": {**layout, "meta": meta}}


def _estimates(found: Sequence[Interval], symbol: str, font_px: int) -> Trace:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "series",
        "yaxis": "y2",  # the axis with the figures on the right
        "x": [line.estimate for line in found],
        "y": [line.y for line in found],
        "marker": {"symbol": symbol, "size": round(font_px * 0.7), "color": theme.INK, "line": {"width": 2}},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [line.high - line.estimate for line in found],
            "arrayminus": [line.estimate - line.low for line in found],
            "color": theme.INK,
        },
        "text": [f"{line.left}: {line.right}{line.hover}" for line in found],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _arrows(found: Sequence[Interval], axis: Axis, font_px: int) -> Iterator[Trace]:
    """Return arrowheads where an interval reaches beyond the axis."""
    ends = axis["range"]
    if not isinstance(ends, list):
        return
    left, right = (10**end if axis.get("type") == "log" else end for end in ends)
    beyond = (
        ("triangle-left", left, [line.y for line in found if line.low < left]),
        ("triangle-right", right, [line.y for line in found if line.high > right]),
    )
    for symbol, end, heights in beyond:
        if heights:
            yield {
                "type": "scatter",
                "mode": "markers",
                "name": "beyond the axis",
                "yaxis": "y2",
                "x": [end] * len(heights),
                "y": heights,
                "marker": {"symbol": symbol, "size": font_px, "color": theme.INK, "opacity": 1},
                "cliponaxis": False,
                "hoverinfo": "skip",
            }
