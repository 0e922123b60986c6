"""One hundred people: a rate with its interval, counted."""

from __future__ import annotations

from itertools import pairwise
from numbers import Real
from typing import TYPE_CHECKING

from netdash.figures import rows, theme
from netdash.figures.drawing import FigureDict, Trace, as_figure

if TYPE_CHECKING:
    import plotly.graph_objects as go

KINDS = (
    ("up to the lower end of the interval", theme.BLUE, "square"),
    ("more, up to the rate", theme.BLUE, "square-x-open"),
    ("more, up to the upper end", theme.BLUE, "square-open"),
    ("others", theme.GRAY, "circle-open"),
)


def icon_text(percent: float, low: float, high: float, what: str) -> str:
    """Return the array in one sentence."""
    least, rate, most = _people_of(percent, low, high)
    return (
        f"{what}: about {rate} of 100 patients; the interval reaches from {least} to {most} "
        "of 100. It is that of the published series together, not a forecast for one patient."
    )


def _people_of(percent: float, low: float, high: float) -> tuple[int, int, int]:
    """Return lower end, rate and upper end as numbers of people; 0 and 100 only for exactly 0 % and 100 %."""
    least, rate, most = (min(round(end), 99 if end < 100 else 100) for end in (low, percent, high))
    return least, max(rate, int(percent > 0)), max(most, int(high > 0))


def icon_array(
    percent: float, low: float, high: float, *, what: str = "Alive at five years", font_px: int = 13
) -> go.Figure:
    """Draw a rate as 100 people.

    Parameters
    ----------
    percent : float
        The rate, such as a pooled one, in percent.
    low, high : float
        Its interval, in percent.
    what : str
        What is counted.
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
        When not 0 <= low <= percent <= high <= 100, or all are 1 or less, as proportions are.

    Examples
    --------
    >>> import netdash as nd
    >>> nd.icon_array(52, 45, 60).layout.title.text
    'Alive at five years: 52 of 100 (45 to 60)'
    """
    return as_figure(icon_dict(percent, low, high, what=what, font_px=font_px))


def icon_dict(
    percent: float, low: float, high: float, *, what: str = "Alive at five years", font_px: int = 13
) -> FigureDict:
    """Return the array as a plain dictionary; for the parameters see :func:`icon_array`."""
    given = (percent, low, high)
    proportions = isinstance(high, Real) and 0 < high <= 1
    if proportions or not all(isinstance(v, Real) for v in given) or not 0 <= low <= percent <= high <= 100:
        raise ValueError(
            f"percent, low, high: given {', '.join(map(str, given))}; expected 0 <= low <= percent <= high <= 100 in "
            "percent, high over 1, such as 100 times the estimate, ci_lb and ci_ub of nd.pool(...).transformed()"
        )
    ends = [0, *_people_of(percent, low, high), 100]
    said = f"{ends[2]} of 100 ({ends[1]} to {ends[3]})"
    layout = {
        **theme.layout(font_px),
        "height": round(font_px * 34),  # ten rows, and room for the title and the legend
        "title": {"text": f"{rows.escape(what)}: {said}", "x": 0.01, "xref": "container"},
        "margin": {"t": 3 * font_px, "b": round(8.5 * font_px), "l": font_px, "r": font_px},
        "xaxis": {"visible": False, "range": [-0.7, 9.7], "fixedrange": True},
        "yaxis": {"visible": False, "range": [9.7, -0.7], "scaleanchor": "x", "fixedrange": True},
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "xref": "container", "y": 0, "yref": "container", "yanchor": "bottom"},
        "meta": {"text": icon_text(percent, low, high, what)},
    }
    kinds = zip(KINDS, pairwise(ends), strict=True)
    return {"data": [_people(*kind, range(*places), font_px) for kind, places in kinds], "layout": layout}


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
