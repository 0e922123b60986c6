"""The marks of the forest: a thin line and a square for each series, a diamond and a whisker for each pool."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from netdash.figures import rows, theme
from netdash.figures.drawing import Trace
from netdash.pooling import Natural

LARGEST = 1.1
"""Side of the largest square, in sizes of the type: it fits in its row."""


@dataclass(frozen=True, kw_only=True)
class Arm(rows.Point):
    """The line of one series in the forest.

    Attributes
    ----------
    ci_lb, ci_ub : float
        Ends of its interval, in percent.
    size : float
        Side of its square, as a share of the largest in the picture.
    """

    ci_lb: float
    ci_ub: float
    size: float


@dataclass(frozen=True, kw_only=True)
class PoolLine(rows.Line):
    """A line of a pooled rate.

    Attributes
    ----------
    percent : Natural
        Estimate and intervals, in percent.
    hover : str
        What the pointer shows.
    """

    percent: Natural
    hover: str


class Diamond(PoolLine):
    """The line of the pooled rate and its confidence interval."""


class Whisker(PoolLine):
    """The line of the prediction interval."""


def arms(lines: Sequence[Arm], font_px: int) -> Iterator[Trace]:
    """Return lines and squares of all series in one color, so that no series looks better for meeting criteria."""
    yield {
        "type": "bar",
        "orientation": "h",
        "name": "interval",
        "y": [arm.y for arm in lines],
        "base": [arm.ci_lb for arm in lines],
        "x": [arm.ci_ub - arm.ci_lb for arm in lines],
        "width": 0.01,  # only the outline of this thin bar is visible: a line of one pixel at every size
        "marker": {"color": theme.INK, "line": {"width": 1, "color": theme.INK}},
        "hoverinfo": "skip",
    }
    yield {
        **rows.points(lines),
        "marker": {
            "color": theme.INK,
            "size": [round(LARGEST * font_px * arm.size, 1) for arm in lines],
            "opacity": 1,
            "symbol": "square",
            "line": {"width": 1, "color": theme.INK},
        },
    }


def diamond(pool: Diamond) -> Trace:
    """Return the diamond of a pooled rate, as wide as its confidence interval."""
    on = pool.percent
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "pooled",
        "x": [on.ci_lb, on.estimate, on.ci_ub, on.estimate, on.ci_lb],
        "y": [pool.y, pool.y + 0.32, pool.y, pool.y - 0.32, pool.y],
        "fill": "toself",
        "fillcolor": theme.INK,
        "line": {"color": theme.INK, "width": 1},
        "text": pool.hover,
        "hoverinfo": "text",
    }


def plumb(pool: Diamond, top: float) -> dict[str, object]:
    """Return the line from a diamond up through the series that it pools, to a height."""
    x = pool.percent.estimate
    line = {"color": theme.GRAY, "width": 1, "dash": "dot"}
    return {"type": "line", "xref": "x", "layer": "below", "x0": x, "x1": x, "y0": pool.y, "y1": top, "line": line}


def whisker(pool: Whisker) -> Trace:
    """Return the prediction interval of a pooled rate."""
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "prediction interval",
        "x": [pool.percent.pi_lb, pool.percent.pi_ub],
        "y": [pool.y, pool.y],
        "line": {"color": theme.INK, "width": 2, "dash": "dot"},
        "marker": {"symbol": "line-ns-open", "size": 9},
        "text": pool.hover,
        "hoverinfo": "text",
    }
