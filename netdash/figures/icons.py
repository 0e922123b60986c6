"""One hundred people: a rate with its interval, counted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from numbers import Real
from typing import TYPE_CHECKING, Literal

from netdash.figures import rows, theme
from netdash.figures.drawing import FigureDict, Trace, as_figure
from netdash.outcome_tables.forest import in_percent
from netdash.pooling import Pooled

if TYPE_CHECKING:
    import plotly.graph_objects as go

Interval = Literal["confidence", "prediction"]

KINDS = (
    ("even at the lower end of the interval", theme.BLUE, "square"),
    ("more at the rate itself", theme.BLUE, "square-x-open"),
    ("more at the upper end", theme.BLUE, "square-open"),
    ("not even at the upper end", theme.GRAY, "circle-open"),
)


INTERVALS = {
    "confidence": "95 % confidence interval: of the mean of these series",
    "prediction": "95 % prediction interval: of the rate of a further center",
}
"""What each interval is of."""


def icon_text(percent: float, low: float, high: float, what: str, interval: Interval = "confidence") -> str:
    """Return the array in one sentence."""
    least, rate, most = _people_of(percent, low, high)
    return (
        f"{what}: about {rate} of 100 patients; the 95 % {interval} interval reaches from {least} to {most} "
        "of 100. It is that of the published series together, not a forecast for one patient."
    )


def _people_of(percent: float, low: float, high: float) -> tuple[int, int, int]:
    """Return lower end, rate and upper end as numbers of people; 0 and 100 only for exactly 0 % and 100 %."""
    least, rate, most = (min(round(end), 99 if end < 100 else 100) for end in (low, percent, high))
    return least, max(rate, int(percent > 0)), max(most, int(high > 0))


def icon_array(
    percent: float | Pooled,
    low: float | None = None,
    high: float | None = None,
    *,
    what: str = "Alive at five years",
    interval: Interval = "confidence",
    font_px: int = 13,
) -> go.Figure:
    """Draw a rate as 100 people.

    Parameters
    ----------
    percent : float or Pooled
        The rate in percent; or what ``nd.pool`` returns (measure "PLO"), which has its intervals.
    low, high : float
        The interval of a rate, in percent.
    what : str
        Which therapy, and what is counted, such as "Resection, alive at five years".
    interval : {"confidence", "prediction"}
        Which interval it is: that of the mean of the series, or that of the rate of a further center, which is what
        its patients face.
    font_px : int
        Size of the type in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        Filled squares count up to the lower end of the interval, crossed ones up to the rate, open ones up to the upper
        end; circles are the others. ``layout.meta["text"]`` says it in words.

    Raises
    ------
    ValueError
        When not 0 <= low <= percent <= high <= 100, or all are 1 or less, as proportions are; when the interval reaches
        from nobody to everybody, so that the picture would say nothing; when there is no such interval.

    Examples
    --------
    >>> import netdash as nd
    >>> nd.icon_array(52, 45, 60).layout.title.text
    'Alive at five years: 52 of 100 (45 to 60)'
    """
    return as_figure(icon_dict(percent, low, high, what=what, interval=interval, font_px=font_px))


def icon_dict(
    percent: float | Pooled,
    low: float | None = None,
    high: float | None = None,
    *,
    what: str = "Alive at five years",
    interval: Interval = "confidence",
    font_px: int = 13,
) -> FigureDict:
    """Return the array as a plain dictionary; for the parameters see :func:`icon_array`."""
    if interval not in INTERVALS:
        raise ValueError(f"interval: given {interval!r}, expected one of {', '.join(INTERVALS)}")
    given = in_percent(percent, interval) if isinstance(percent, Pooled) else (percent, low, high)
    rate, least, most = _checked(given)
    ends = [0, *_people_of(rate, least, most), 100]
    if ends[1] <= 1 and ends[3] >= 99:
        raise ValueError(
            f"interval: given one from {ends[1]} to {ends[3]} of 100 people; these series cannot tell, so there is "
            "nothing to draw"
        )
    said = f"{ends[2]} of 100 ({ends[1]} to {ends[3]})"
    kinds = zip(KINDS, pairwise(ends), strict=True)
    layout = _layout(f"{rows.escape(what)}: {said}", INTERVALS[interval], font_px)
    layout["meta"] = {"text": icon_text(rate, least, most, what, interval)}
    return {"data": [_people(*kind, range(*places), font_px) for kind, places in kinds], "layout": layout}


def _checked(given: Sequence[float | None]) -> tuple[float, float, float]:
    """Return rate and interval; raise ValueError unless they are those of a rate in percent."""
    rate, low, high = (float(value) if isinstance(value, Real) else math.nan for value in given)
    if 0 < high <= 1 or not 0 <= low <= rate <= high <= 100:
        raise ValueError(
            f"percent, low, high: given {', '.join(map(str, given))}; expected 0 <= low <= percent <= high <= 100 in "
            "percent, high over 1, such as 100 times the estimate, ci_lb and ci_ub of nd.pool(...).transformed()"
        )
    return rate, low, high


def _layout(title: str, subtitle: str, font_px: int) -> dict[str, object]:
    return {
        **theme.layout(font_px),
        "height": round(font_px * 33),  # ten rows, and room for the title and the legend
        "title": {
            "text": title,
            "x": 0.01,
            "xref": "container",
            "subtitle": {"text": subtitle, "font": {"size": font_px}},
        },
        "margin": {"t": round(4.5 * font_px), "b": round(5.5 * font_px), "l": font_px, "r": font_px},
        "xaxis": {"visible": False, "range": [-0.7, 9.7], "fixedrange": True},
        "yaxis": {"visible": False, "range": [9.7, -0.7], "scaleanchor": "x", "fixedrange": True},
        "showlegend": True,
        "legend": {
            "orientation": "h",
            "x": 0,
            "xref": "container",
            "y": 0.02,
            "yref": "container",
            "yanchor": "bottom",
        },
    }


def _people(name: str, color: str, symbol: str, places: range, font_px: int) -> Trace:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": f"{len(places)} {name}",
        # Draw empty categories too, so that they stay in the legend.
        "x": [place % 10 for place in places] or [None],
        "y": [place // 10 for place in places] or [None],
        "marker": {
            "symbol": symbol,
            "size": round(1.4 * font_px),
            "color": color,
            "opacity": 1,
            "line": {"width": 2, "color": color},
        },
        "hoverinfo": "skip",
    }
