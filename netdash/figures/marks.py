"""The marks of the forest: a box and a square for each series, a diamond and a whisker for each pool."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from netdash.figures import rows, theme
from netdash.figures.drawing import Trace
from netdash.pooling import Natural


@dataclass(frozen=True, kw_only=True)
class Arm(rows.Point):
    """The line of one series in the forest.

    Attributes
    ----------
    ci_lb, ci_ub : float
        Ends of its interval, in percent.
    weight : float or None
        Its weight in percent; None where it is not pooled.
    """

    ci_lb: float
    ci_ub: float
    weight: float | None


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
    """Return boxes and squares of all series in one color, so that no series looks better for meeting criteria."""
    yield {
        "type": "bar",
        "orientation": "h",
        "name": "interval",
        "y": [arm.y for arm in lines],
        "base": [arm.ci_lb for arm in lines],
        "x": [arm.ci_ub - arm.ci_lb for arm in lines],
        "width": 0.5,
        "marker": {"color": "rgba(255,255,255,0)", "line": {"color": theme.INK, "width": 1.5}},
        "hoverinfo": "skip",
    }
    yield {
        **rows.points(lines),
        "marker": {
            "color": theme.INK,
            "size": _sizes([arm.weight for arm in lines], font_px),
            "opacity": 1,
            "symbol": "square",
            "line": {"width": 1.5, "color": theme.INK},
        },
    }


def _sizes(weights: Sequence[float | None], font_px: int) -> list[float]:
    """Return the side of each square. Its area is the weight; a series that is not pooled has a middle size."""
    known = [weight for weight in weights if weight is not None]
    middle = sum(known) / len(known) if known else 1
    sides = [1 if weight is None else (weight / middle) ** 0.5 for weight in weights]
    return [round(font_px * min(max(0.62 * side, 0.45), 1.1), 1) for side in sides]


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
