"""Intervals side by side: a pooled rate fitted again, and two arms of one study compared."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netdash import evidence
from netdash.figures import rows, theme
from netdash.figures.drawing import Axis, FigureDict, Trace, as_figure
from netdash.outcome_tables.refits import APART, ENDS, RefitRow, RefitTable, cumulative_table, influence_table
from netdash.wording import words, years

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from netdash.pooling import Pooled

RATIOS = [2.0**power for power in range(-6, 7)]
"""Ticks of a log axis of ratios."""
LARGEST_RATIO, LARGEST_DIFFERENCE = 10.0, 1.0
"""Where an axis ends unless an estimate lies beyond. Intervals that reach further end in an arrow."""
_NEEDED = (
    *("measure", "endpoint", "horizon_months", "label", "treated", "control", "value", "value_control", *ENDS),
    *("caution", "discrepancies", "left_out"),
)
_WORDS = {"RR": "Risk ratio of", "OR": "Odds ratio of", "RD": "Difference in"}
_CAPTION = "Hollow: 95 % normal intervals computed here from whole events made of percent and n; nobody prints them."


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
    return _intervals(lines, title, rows.percent_axis(font_px), table.estimate, "square", font_px, meta)


def _refit(row: RefitRow, font_px: int) -> rows.Line:
    label = rows.escape(row.label)
    if not row.is_drawn:
        return rows.note_line(label, APART, font_px)
    right = f"{row.estimate:.0f} % ({row.ci_lb:.0f} to {row.ci_ub:.0f})"
    return Interval(left=label, right=right, estimate=row.estimate, low=row.ci_lb, high=row.ci_ub)


def contrast_forest(table: pd.DataFrame, *, font_px: int = 13) -> go.Figure:
    """Draw the two-arm studies of ``nd.contrasts``, labeled as observational.

    Parameters
    ----------
    table : DataFrame
        What ``nd.contrasts`` returns, of one measure; what it computed, of one endpoint and one horizon.
    font_px : int
        Size of the type in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        Ratios on a log axis with a line at 1, differences with a line at 0. An interval that reaches beyond the axis
        ends in an arrow; the figures on the right are whole. Below, the comparisons that are left out, each with its
        reason.

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
    return as_figure(contrast_dict(table, font_px=font_px))


def contrast_dict(table: pd.DataFrame, *, font_px: int = 13) -> FigureDict:
    """Return the picture of two-arm studies as a plain dictionary; for the parameters see :func:`contrast_forest`."""
    if missing := [name for name in _NEEDED if name not in getattr(table, "columns", ())]:
        raise ValueError(f"table: given no {', '.join(missing)}; expected what nd.contrasts returns")
    records = table.to_dict("records")
    computed, left_out = ([row for row in records if bool(row["left_out"]) is out] for out in (False, True))
    measure, endpoint, horizon = _kind(computed)
    event = "being alive" if endpoint == "overall_survival" else words(endpoint)
    what = f"{_WORDS[measure]} {event} at {years(horizon)}"
    lines: list[rows.Line] = [_two_arms(row) for row in computed]
    if left_out:
        lines += [rows.title_line("Left out"), *(_left_out(row, font_px) for row in left_out)]
    others = f" Left out, each with its reason: {len(left_out)} comparisons." if left_out else ""
    meta = {
        "text": f"{what} in {len(computed)} studies; {computed[0]['caution']}.{others}",
        "caption": _CAPTION + " † a known discrepancy." * any(row["discrepancies"] for row in records),
    }
    ratio = measure != "RD"
    title, axis, at = f"{what}<br>observational, confounded", _axis(rows.of_kind(lines, Interval), ratio), float(ratio)
    return _intervals(lines, title, axis, at, "square-open", font_px, meta)


def _kind(computed: Sequence[Mapping[Hashable, Any]]) -> tuple[str, str, float]:
    """Return measure, endpoint and horizon, which all computed comparisons must share."""
    kinds = {(row["measure"], row["endpoint"], row["horizon_months"]) for row in computed}
    if len(kinds) != 1:
        raise ValueError(
            f"table: given {len(computed)} computed rows of {sorted(kinds)}, expected rows of one measure, endpoint "
            "and horizon; take those of one, such as table[table['endpoint'] == 'overall_survival']"
        )
    return kinds.pop()


def _arms(row: Mapping[Hashable, Any]) -> str:
    """Return a study, marked † for a discrepancy, over the names of its two arms."""
    names = evidence.therapy_name(row["treated"]), evidence.therapy_name(row["control"]).lower()
    return f"{rows.escape(row['label'])}{' †' * bool(row['discrepancies'])}<br>{names[0]} v {names[1]}"


def _hover(row: Mapping[Hashable, Any]) -> str:
    return f"<br>† {rows.escape(row['discrepancies'])}" if row["discrepancies"] else ""


def _two_arms(row: Mapping[Hashable, Any]) -> Interval:
    value, low, high = (row[end] for end in ENDS)
    counts = f"{row['ai']:g}/{row['n1i']:g} v {row['ci']:g}/{row['n2i']:g}"
    return Interval(
        left=_arms(row),
        right=f"{value:.2f} ({low:.2f} to {high:.2f})<br>{counts}",
        hover=_hover(row),
        height=2.4,
        estimate=value,
        low=low,
        high=high,
    )


def _left_out(row: Mapping[Hashable, Any], font_px: int) -> rows.Line:
    endpoint, horizon = words(row["endpoint"]), years(row["horizon_months"])
    figures = " v ".join("?" if math.isnan(row[name]) else f"{row[name]:g} %" for name in ("value", "value_control"))
    text = rows.wrap_note(rows.escape(f"{figures}, {endpoint} at {horizon}: {row['left_out']}"), font_px)
    return rows.Line(left=_arms(row), note=rows.Note("<br>".join(text)), height=max(len(text), 2) + 0.4)


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


def _intervals(
    lines: Sequence[rows.Line],
    title: str,
    axis: Axis,
    at: float | None,
    symbol: str,
    font_px: int,
    meta: Mapping[str, str],
) -> FigureDict:
    """Return the picture of all lines, with a dotted line at a value to compare with where there is one."""
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
