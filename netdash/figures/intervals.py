"""Intervals side by side: what each study changes or adds, and two arms of one study compared."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from netdash import evidence
from netdash.effects import natural
from netdash.figures import rows, theme
from netdash.figures.plain import Drawing, Figure
from netdash.pooling import EQUAL_TOLERANCE, FEWEST_STUDIES, MODEL_COLUMNS, Pooled

if TYPE_CHECKING:
    import pandas as pd

RATIOS = [2.0**power for power in range(-6, 7)]
"""Where a log axis of ratios has its ticks."""
LARGEST_RATIO, LARGEST_DIFFERENCE = 10.0, 1.0
"""Where an axis ends at the latest, unless an estimate lies beyond; intervals that reach further end in an arrow."""
ENDS = ("estimate", "ci_lb", "ci_ub")
_NEEDED = (
    *("measure", "endpoint", "horizon_months", "label", "treated", "control", "value", "value_control", *ENDS),
    *("caution", "discrepancies", "left_out"),
)
_WORDS = {"RR": "Risk ratio of", "OR": "Odds ratio of", "RD": "Difference in"}
_OTHERS = (
    "given a table and an estimate of other rates, or pooled otherwise; expected {} and nd.pool of the same effects"
)
_APART = "2 series, not pooled"
_CAPTION = "Hollow: 95 % normal intervals computed here from whole events made of percent and n; nobody prints them."


def influence_text(left_out: pd.DataFrame, pooled: Pooled) -> str:
    """Return the influence plot in one sentence."""
    if pooled.k <= FEWEST_STUDIES:
        return f"Pooled {_percent(pooled)} over {pooled.k} series; without one of them two are left, not pooled."
    percent = _in_percent(left_out)["estimate"]
    # Most on the axis that is drawn: on the scale of log odds it can be another one.
    place = max(range(len(percent)), key=lambda row: abs(percent[row] - 100 * pooled.transformed().estimate))
    return (
        f"Pooled {_percent(pooled)} over {pooled.k} series; without {left_out.index[place]}, which changes it most, "
        f"{percent[place]:.0f} %."
    )


@Figure
def influence(left_out: pd.DataFrame, pooled: Pooled, *, what: str = "", font_px: int = 13) -> Drawing:
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
    """
    _expect(left_out, pooled, lambda k: [k - 1] * k, "nd.leave_one_out")
    if not np.allclose(
        left_out["estimate"] - left_out.get("shift", np.nan),
        pooled.estimate,
        rtol=EQUAL_TOLERANCE,
        atol=EQUAL_TOLERANCE,
    ):
        raise ValueError(_OTHERS.format("nd.leave_one_out"))
    names = [f"without {name}" for name in left_out.index]
    return _rates(names, left_out, pooled, ("Each series left out in turn", what), influence_text, font_px)


def cumulative_text(added: pd.DataFrame, pooled: Pooled) -> str:
    """Return the cumulative plot in one sentence."""
    if pooled.k < FEWEST_STUDIES:
        return f"{_APART}."
    percent = _in_percent(added[added["k"] >= FEWEST_STUDIES])
    first, last = percent["estimate"][0], percent["estimate"][-1]
    widths = [high - low for low, high in zip(percent["ci_lb"], percent["ci_ub"], strict=True)]
    return (
        f"Pooled {first:.0f} % over the first {FEWEST_STUDIES} series and {last:.0f} % over all {pooled.k}; "
        f"its interval went from {widths[0]:.0f} to {widths[-1]:.0f} points wide."
    )


@Figure
def cumulative_forest(added: pd.DataFrame, pooled: Pooled, *, what: str = "", font_px: int = 13) -> Drawing:
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
    """
    _expect(added, pooled, lambda k: list(range(2, k + 1)), "nd.cumulative")
    if not math.isclose(added["estimate"].iloc[-1], pooled.estimate, rel_tol=EQUAL_TOLERANCE, abs_tol=EQUAL_TOLERANCE):
        raise ValueError(_OTHERS.format("nd.cumulative"))
    names = [f"+ {name}, k = {k}" for name, k in zip(added.index, added["k"], strict=True)]
    return _rates(names, added, pooled, ("Series added one by one", what), cumulative_text, font_px)


def _expect(table: pd.DataFrame, pooled: Pooled, studies: Callable[[int], list[int]], function: str) -> None:
    """Refuse a table whose rows are not of as many studies as they must be, or that was pooled in another way."""
    if not isinstance(pooled, Pooled) or not {"k", *MODEL_COLUMNS, *ENDS} <= set(getattr(table, "columns", ())):
        raise ValueError(f"given no table or no estimate; expected {function}(effects) and nd.pool(effects)")
    if pooled.measure != "PLO" or table["k"].tolist() != studies(pooled.k):
        raise ValueError(
            f"given {len(table)} rows and {pooled.k} studies of {pooled.measure}; "
            f"expected {function} of the same rates (PLO), in its order"
        )
    models = set(zip(*(table[name] for name in MODEL_COLUMNS), strict=True))
    if models != {tuple(getattr(pooled, name) for name in MODEL_COLUMNS)}:
        raise ValueError(_OTHERS.format(function))


def _percent(pooled: Pooled) -> str:
    return f"{100 * pooled.transformed().estimate:.0f} %"


def _in_percent(table: pd.DataFrame) -> dict[str, list[float]]:
    return {end: (100 * natural("PLO", table[end])).tolist() for end in ENDS}


def _rates(
    names: list[str], table: pd.DataFrame, pooled: Pooled, title: tuple[str, str], text: Any, font_px: int
) -> Drawing:
    ends = _in_percent(table)
    lines = [
        {"kind": "arm", "left": rows.escape(name), "right": f"{value:.0f} % ({low:.0f} to {high:.0f})"}
        if k >= FEWEST_STUDIES
        else rows.note(rows.escape(name), _APART, font_px)
        for name, k, value, low, high in zip(names, table["k"], *(ends[end] for end in ENDS), strict=True)
    ]
    ends = _in_percent(table[table["k"] >= FEWEST_STUDIES])
    subject, what = title
    heading = f"{rows.escape(what)}<br>{subject.lower()}" if what else subject
    meta = {"text": text(table, pooled), "caption": _model(pooled)}
    at = 100 * pooled.transformed().estimate if pooled.k >= FEWEST_STUDIES else None
    drawn = _intervals(lines, ends, heading, rows.percent_axis(font_px), at, "square", font_px)
    return {**drawn, "layout": {**drawn["layout"], "meta": meta}}


def _model(pooled: Pooled) -> str:
    if pooled.k < FEWEST_STUDIES:
        return ""  # nothing is pooled
    return (
        f"Dotted: all {pooled.k} series, tau² = {pooled.tau2:.2f}, I² = {pooled.i2:.0f} %, {pooled.method}, "
        f"{pooled.test}. {pooled.caution}".strip()
    )


@Figure
def contrast_forest(table: pd.DataFrame, *, font_px: int = 13) -> Drawing:
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
    """
    if missing := [name for name in _NEEDED if name not in getattr(table, "columns", ())]:
        raise ValueError(f"table: given no {', '.join(missing)}; expected what nd.contrasts returns")
    records = table.to_dict("records")
    computed, left_out = ([row for row in records if bool(row["left_out"]) is out] for out in (False, True))
    kinds = {(row["measure"], row["endpoint"], row["horizon_months"]) for row in computed}
    if len(kinds) != 1:
        raise ValueError(
            f"table: given {len(computed)} computed rows of {sorted(kinds)}, expected rows of one measure, endpoint "
            "and horizon; take those of one, such as table[table['endpoint'] == 'overall_survival']"
        )
    ((measure, endpoint, horizon),) = kinds
    ratio = measure != "RD"
    event = "being alive" if endpoint == "overall_survival" else rows.words(endpoint)
    what = f"{_WORDS[measure]} {event} at {rows.years(horizon)}"
    ends = {end: [row[end] for row in computed] for end in ENDS}
    axis = _axis(ends, ratio)
    lines = [_two_arms(row) for row in computed]
    if left_out:
        lines.append({"kind": "therapy", "left": "<b>Left out</b>", "right": ""})
        lines += [_left_out(row, font_px) for row in left_out]
    drawn = _intervals(
        lines, ends, f"{what}<br>observational, confounded", axis, 1 if ratio else 0, "square-open", font_px
    )
    others = f" Left out, each with its reason: {len(left_out)} comparisons." if left_out else ""
    text = f"{what} in {len(computed)} studies; {computed[0]['caution']}.{others}"
    caption = _CAPTION + " † a known discrepancy." * any(row["discrepancies"] for row in records)
    return {**drawn, "layout": {**drawn["layout"], "meta": {"text": text, "caption": caption}}}


def _arms(row: dict[Any, Any]) -> str:
    """Return a study, marked † when a discrepancy touches it, over the names of its two arms."""
    names = evidence.therapy_name(row["treated"]), evidence.therapy_name(row["control"]).lower()
    return f"{rows.escape(row['label'])}{' †' * bool(row['discrepancies'])}<br>{names[0]} v {names[1]}"


def _two_arms(row: dict[Any, Any]) -> rows.Line:
    counts = "{ai:g}/{n1i:g} v {ci:g}/{n2i:g}".format(**row)
    return {
        "kind": "arm",
        "left": _arms(row),
        "right": "{estimate:.2f} ({ci_lb:.2f} to {ci_ub:.2f})".format(**row) + f"<br>{counts}",
        "hover": rows.pointed(row),
        "height": 2.4,
    }


def _left_out(row: dict[Any, Any], font_px: int) -> rows.Line:
    endpoint, horizon = rows.words(row["endpoint"]), rows.years(row["horizon_months"])
    figures = " v ".join("?" if math.isnan(row[name]) else f"{row[name]:g} %" for name in ("value", "value_control"))
    line = rows.note(_arms(row), rows.escape(f"{figures}, {endpoint} at {horizon}: {row['left_out']}"), font_px)
    return {**line, "hover": rows.pointed(row).removeprefix("<br>"), "height": max(line["height"], 2) + 0.4}


def _axis(ends: dict[str, list[float]], ratio: bool) -> dict[str, Any]:
    """Return an axis as long as the intervals, within its limits unless an estimate lies beyond them."""
    at, most = (1.0, LARGEST_RATIO) if ratio else (0.0, LARGEST_DIFFERENCE)
    least = 1 / most if ratio else -most
    low = max(min(at, *ends["ci_lb"]), min(least, *ends["estimate"]))
    high = min(max(at, *ends["ci_ub"]), max(most, *ends["estimate"]))
    if not ratio:
        return {"type": "linear", "range": [low - 0.05, high + 0.05]}
    return {"type": "log", "tickvals": RATIOS, "range": [math.log10(low / 1.15), math.log10(high * 1.15)]}


def _intervals(
    lines: list[rows.Line],
    ends: dict[str, list[float]],
    title: str,
    axis: dict[str, Any],
    at: float | None,
    symbol: str,
    font_px: int,
) -> Drawing:
    """Return a row for each line, and a dotted line to compare with where there is one."""
    middle, low, high = (ends[end] for end in ENDS)
    lines = rows.stacked(lines)
    arms = rows.of(lines, "arm")
    y = rows.column(arms, "y")
    points = {
        "type": "scatter",
        "mode": "markers",
        "name": "series",
        "yaxis": "y2",  # its axis carries the figures on the right
        "x": middle,
        "y": y,
        "marker": {"symbol": symbol, "size": round(font_px * 0.7), "color": theme.INK, "line": {"width": 2}},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [end - value for end, value in zip(high, middle, strict=True)],
            "arrayminus": [value - end for end, value in zip(low, middle, strict=True)],
            "color": theme.INK,
        },
        "text": [f"{arm['left']}: {arm['right']}{arm.get('hover', '')}" for arm in arms],
        "hovertemplate": "%{text}<extra></extra>",
    }
    layout = rows.layout(lines, title, axis, font_px)
    if at is not None and y:
        upright = theme.upright(at, {"dash": "dot", "color": theme.INK})
        layout["shapes"] = [{**upright, "yref": "y", "y0": min(y) - 1, "y1": max(y) + 1}]  # not through words below
    return {"data": [points, rows.NAMES, *_arrows(y, low, high, axis, font_px)], "layout": layout}


def _arrows(
    y: list[float], low: list[float], high: list[float], axis: dict[str, Any], font_px: int
) -> Iterator[dict[str, Any]]:
    """Return arrowheads where an interval reaches beyond the axis."""
    ends = [10**end if axis.get("type") == "log" else end for end in axis["range"]]
    for symbol, end, values, sign in (("triangle-left", ends[0], low, -1), ("triangle-right", ends[1], high, 1)):
        beyond = [place for place, value in zip(y, values, strict=True) if sign * (value - end) > 0]
        if beyond:
            yield {
                "type": "scatter",
                "mode": "markers",
                "name": "beyond the axis",
                "yaxis": "y2",
                "x": [end] * len(beyond),
                "y": beyond,
                "marker": {"symbol": symbol, "size": font_px, "color": theme.INK, "opacity": 1},
                "cliponaxis": False,
                "hoverinfo": "skip",
            }
