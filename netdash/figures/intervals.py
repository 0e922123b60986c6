"""Intervals side by side: what each study changes or adds, and two arms of one study compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netdash import evidence
from netdash.effects import natural
from netdash.figures import theme
from netdash.figures.plain import Drawing, Figure
from netdash.pooling import Pooled

if TYPE_CHECKING:
    import pandas as pd

RATIOS = [0.125, 0.25, 0.5, 1, 2, 4, 8]
"""Where a log axis of ratios has its ticks."""
PERCENT = {"range": [0, 100], "ticksuffix": " %"}
ENDS = ("estimate", "ci_lb", "ci_ub")


def influence_text(left_out: pd.DataFrame, pooled: Pooled) -> str:
    """Return the influence plot in one sentence."""
    shift = (left_out["estimate"] - pooled.estimate).abs()
    most = shift.sort_values().index[-1]
    change = 100 * natural(pooled.measure, left_out["estimate"].loc[[most]].to_numpy(float))[0]
    return f"Pooled {_percent(pooled)} over {pooled.k} series; without {most}, which changes it most, {change:.0f} %."


@Figure
def influence(left_out: pd.DataFrame, pooled: Pooled, *, font_px: int = 13) -> Drawing:
    """Draw a pooled rate without each of its series in turn.

    Parameters
    ----------
    left_out : DataFrame
        What ``nd.leave_one_out`` returns, of measure PLO; its index names the rows.
    pooled : Pooled
        The rate with all of them.
    font_px : int
        Size of the type in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        On the scale of 0 to 100 percent; ``layout.meta["text"]`` says it in one sentence.

    Raises
    ------
    ValueError
        When the measure is not PLO, or the rows are not one per series.
    """
    _expect(left_out, pooled, pooled.k, "nd.leave_one_out")
    text = influence_text(left_out, pooled)
    return _rates(
        [f"without {name}" for name in left_out.index], left_out, pooled, "Each series left out in turn", text, font_px
    )


def cumulative_text(added: pd.DataFrame, pooled: Pooled) -> str:
    """Return the cumulative plot in one sentence."""
    first, *_, last = _in_percent(added)["estimate"]
    widths = [high - low for low, high in zip(*(_in_percent(added)[end] for end in ENDS[1:]), strict=True)]
    return (
        f"Pooled {first:.0f} % over the first 2 series and {last:.0f} % over all {pooled.k}; "
        f"its interval went from {widths[0]:.0f} to {widths[-1]:.0f} points wide."
    )


@Figure
def cumulative_forest(added: pd.DataFrame, pooled: Pooled, *, font_px: int = 13) -> Drawing:
    """Draw how a pooled rate settled as series were added one by one.

    Parameters
    ----------
    added : DataFrame
        What ``nd.cumulative`` returns, of measure PLO; its index names the rows.
    pooled : Pooled
        The rate with all of them.
    font_px : int
        Size of the type in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        On the scale of 0 to 100 percent, first series first; ``layout.meta["text"]`` says it in one sentence.

    Raises
    ------
    ValueError
        When the measure is not PLO, or the rows are not one per series from the second on.
    """
    _expect(added, pooled, pooled.k - 1, "nd.cumulative")
    names = [f"+ {name}, k = {k}" for name, k in zip(added.index, added["k"], strict=True)]
    return _rates(names, added, pooled, "Series added one by one", cumulative_text(added, pooled), font_px)


def _expect(table: pd.DataFrame, pooled: Pooled, rows: int, function: str) -> None:
    if pooled.measure != "PLO" or len(table) != rows:
        raise ValueError(
            f"given {len(table)} rows and {pooled.k} studies of {pooled.measure}; "
            f"expected {function} of the same rates (PLO)"
        )


def _percent(pooled: Pooled) -> str:
    return f"{100 * pooled.transformed().estimate:.0f} %"


def _in_percent(table: pd.DataFrame) -> dict[str, list[float]]:
    return {end: (100 * natural("PLO", table[end])).tolist() for end in ENDS}


def _rates(names: list[str], table: pd.DataFrame, pooled: Pooled, title: str, text: str, font_px: int) -> Drawing:
    at = 100 * pooled.transformed().estimate
    return _intervals(names, _in_percent(table), PERCENT, at, title, text, font_px)


@Figure
def contrast_forest(table: pd.DataFrame, *, font_px: int = 13) -> Drawing:
    """Draw the two-arm studies of ``nd.contrasts``, labeled as observational.

    Parameters
    ----------
    table : DataFrame
        What ``nd.contrasts`` returns, of one measure.
    font_px : int
        Size of the type in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        Ratios on a log axis with a line at 1, differences with a line at 0.

    Raises
    ------
    ValueError
        When there is no row, or measures are mixed.
    """
    measures = table["measure"].unique().tolist()
    if len(measures) != 1:
        raise ValueError(f"table: given {len(table)} rows of measures {measures}, expected rows of one measure")
    ratio = measures[0] != "RD"
    names = [
        f"{row['label']}: {evidence.therapy_name(row['treated'])} v {evidence.therapy_name(row['control']).lower()}"
        for row in table.to_dict("records")
    ]
    words = {"RR": "Risk ratio of being alive", "OR": "Odds ratio of being alive", "RD": "Difference in being alive"}
    axis = {"type": "log", "tickvals": RATIOS, "tickangle": 0} if ratio else {"type": "linear"}
    text = f"{words[measures[0]]} in {len(table)} studies; {table['caution'].iloc[0]}."
    title = f"{words[measures[0]]}<br>observational, confounded"
    ends = {end: table[end].tolist() for end in ENDS}
    return _intervals(names, ends, axis, 1 if ratio else 0, title, text, font_px)


def _intervals(
    names: list[str],
    ends: dict[str, list[float]],
    xaxis: dict[str, Any],
    at: float,
    title: str,
    text: str,
    font_px: int,
) -> Drawing:
    """Return a row for each name, and a dotted line to compare with."""
    middle, low, high = (ends[end] for end in ENDS)
    rows = list(range(len(names), 0, -1))
    points = {
        "type": "scatter",
        "mode": "markers",
        "x": middle,
        "y": rows,
        "marker": {"symbol": "square", "size": round(font_px * 0.7), "color": theme.BLUE},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [end - value for end, value in zip(high, middle, strict=True)],
            "arrayminus": [value - end for end, value in zip(low, middle, strict=True)],
            "color": theme.BLUE,
        },
        "text": [
            f"{name}: {v:.2f} ({a:.2f} to {b:.2f})" for name, v, a, b in zip(names, middle, low, high, strict=True)
        ],
        "hovertemplate": "%{text}<extra></extra>",
    }
    layout = {
        **theme.layout(font_px),
        "title": {"text": title, "x": 0.01, "xref": "container"},
        "margin": {"l": 10, "r": 20},
        "xaxis": {"fixedrange": True, "gridcolor": theme.PALE, **xaxis},
        "yaxis": {
            "range": [0.4, len(names) + 0.6],
            "tickvals": rows,
            "ticktext": names,
            "showgrid": False,
            "automargin": True,
            "fixedrange": True,
        },
        "shapes": [theme.upright(at, {"dash": "dot", "color": theme.INK})],
        "meta": {"text": text},
    }
    return {"data": [points], "layout": layout}
