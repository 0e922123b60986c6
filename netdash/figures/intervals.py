"""Intervals side by side: what each study changes, and two arms of one study compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netdash import evidence
from netdash.effects import natural
from netdash.figures import theme
from netdash.pooling import Pooled

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


RATIOS = [0.125, 0.25, 0.5, 1, 2, 4, 8]
"""Where a log axis of ratios has its ticks."""


def influence_text(left_out: pd.DataFrame, pooled: Pooled) -> str:
    """Return the influence plot in one sentence."""
    shift = (left_out["estimate"] - pooled.estimate).abs()
    most = shift.sort_values().index[-1]
    change = 100 * natural(pooled.measure, left_out["estimate"].loc[[most]].to_numpy(float))[0]
    return (
        f"Pooled {100 * pooled.transformed().estimate:.0f} % over {pooled.k} series; without {most}, which changes it "
        f"most, {change:.0f} %."
    )


def influence(left_out: pd.DataFrame, pooled: Pooled, *, font_px: int = 13) -> go.Figure:
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
    if pooled.measure != "PLO" or len(left_out) != pooled.k:
        raise ValueError(
            f"given {len(left_out)} rows and {pooled.k} studies of {pooled.measure}; "
            "expected nd.leave_one_out of the same rates (PLO)"
        )
    ends = {name: (100 * natural("PLO", left_out[name])).tolist() for name in ("estimate", "ci_lb", "ci_ub")}
    names = [f"without {name}" for name in left_out.index]
    axis = {"range": [0, 100], "ticksuffix": " %", "fixedrange": True, "gridcolor": theme.PALE}
    figure = _intervals(names, ends, axis, "Each series left out in turn", font_px)
    figure.add_vline(x=100 * pooled.transformed().estimate, line={"dash": "dot", "color": theme.INK})
    figure.layout.meta = {"text": influence_text(left_out, pooled)}
    return figure


def contrast_forest(table: pd.DataFrame, *, font_px: int = 13) -> go.Figure:
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
    ends = {name: table[name].astype(float).tolist() for name in ("estimate", "ci_lb", "ci_ub")}
    names = [
        f"{row['label']}: {evidence.therapy_name(row['treated'])} v {evidence.therapy_name(row['control']).lower()}"
        for row in table.to_dict("records")
    ]
    words = {"RR": "Risk ratio of being alive", "OR": "Odds ratio of being alive", "RD": "Difference in being alive"}
    axis: dict[str, Any] = {"type": "log" if ratio else "linear", "fixedrange": True, "gridcolor": theme.PALE}
    if ratio:
        axis |= {"tickvals": RATIOS, "tickangle": 0}
    figure = _intervals(names, ends, axis, f"{words[measures[0]]}<br>observational, confounded", font_px)
    figure.add_vline(x=1 if ratio else 0, line={"dash": "dot", "color": theme.INK})
    figure.layout.meta = {"text": f"{words[measures[0]]} in {len(table)} studies; {table['caution'].iloc[0]}."}
    return figure


def _intervals(
    names: list[str], ends: dict[str, list[float]], xaxis: dict[str, Any], title: str, font_px: int
) -> go.Figure:
    import plotly.graph_objects as go

    figure = go.Figure(
        layout={
            **theme.layout(font_px),
            "title": {"text": title, "x": 0.01, "xref": "container"},
            "xaxis": xaxis,
            "yaxis": {"autorange": "reversed", "automargin": True, "fixedrange": True},
        }
    )
    middle = ends["estimate"]
    figure.add_scatter(
        mode="markers",
        x=middle,
        y=names,
        marker={"symbol": "square", "size": round(font_px * 0.7), "color": theme.BLUE},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [high - value for high, value in zip(ends["ci_ub"], middle, strict=True)],
            "arrayminus": [value - low for low, value in zip(ends["ci_lb"], middle, strict=True)],
            "color": theme.BLUE,
        },
        text=[f"{v:.2f} ({a:.2f} to {b:.2f})" for v, a, b in zip(middle, ends["ci_lb"], ends["ci_ub"], strict=True)],
        hovertemplate="%{y}: %{text}<extra></extra>",
    )
    return figure
