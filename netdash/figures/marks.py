"""The marks of the forest: a box and a square for each series, a diamond and a whisker for each pool."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from netdash.figures import rows, theme


def arms(lines: list[rows.Line], font_px: int) -> Iterator[Mapping[str, Any]]:
    """Return boxes and squares of all series, in one ink: no series looks better because criteria are met."""
    yield {
        "type": "bar",
        "orientation": "h",
        "name": "interval",
        "y": rows.column(lines, "y"),
        "base": rows.column(lines, "ci_lb"),
        "x": [arm["ci_ub"] - arm["ci_lb"] for arm in lines],
        "width": 0.5,
        "marker": {"color": "rgba(255,255,255,0)", "line": {"color": theme.INK, "width": 1.5}},
        "hoverinfo": "skip",
    }
    yield {
        **rows.points(lines),
        "marker": {
            "color": theme.INK,
            "size": _sizes(rows.column(lines, "weight"), font_px),
            "opacity": 1,
            "symbol": "square",
            "line": {"width": 1.5, "color": theme.INK},
        },
    }


def _sizes(weights: list[float | None], font_px: int) -> list[float]:
    """Return the side of each square: its area is its weight; a series that is not pooled has a middling one."""
    known = [weight for weight in weights if weight is not None]
    middle = sum(known) / len(known) if known else 1
    sides = [1 if weight is None else (weight / middle) ** 0.5 for weight in weights]
    return [round(font_px * min(max(0.62 * side, 0.45), 1.1), 1) for side in sides]


def diamond(row: rows.Line) -> Mapping[str, Any]:
    """Return a pooled rate, as wide as its confidence interval."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "pooled",
        "x": [row["ci_lb"], row["value"], row["ci_ub"], row["value"], row["ci_lb"]],
        "y": [row["y"], row["y"] + 0.32, row["y"], row["y"] - 0.32, row["y"]],
        "fill": "toself",
        "fillcolor": theme.INK,
        "line": {"color": theme.INK, "width": 1},
        "text": row["hover"],
        "hoverinfo": "text",
    }


def whisker(row: rows.Line) -> Mapping[str, Any]:
    """Return the prediction interval of a pooled rate."""
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "prediction interval",
        "x": [row["pi_lb"], row["pi_ub"]],
        "y": [row["y"], row["y"]],
        "line": {"color": theme.INK, "width": 2, "dash": "dot"},
        "marker": {"symbol": "line-ns-open", "size": 9},
        "text": row["hover"],
        "hoverinfo": "text",
    }
