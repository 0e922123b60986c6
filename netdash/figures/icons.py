"""One hundred people: a rate with its interval, counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netdash.figures import theme
from netdash.figures.plain import Drawing, Figure

KINDS = (
    ("counted", theme.BLUE, "square"),
    ("within the interval", theme.BLUE, "square-open"),
    ("others", theme.GRAY, "circle-open"),
)


def icon_text(percent: float, low: float, high: float, what: str) -> str:
    """Return the array in one sentence."""
    return (
        f"{what}: about {round(percent)} of 100 patients; the interval reaches from {round(low)} to {round(high)} "
        "of 100. It is that of the published series together, not a forecast for one patient."
    )


@Figure
def icon_array(
    percent: float, low: float, high: float, *, what: str = "Alive at five years", font_px: int = 13
) -> Drawing:
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
        Filled squares are counted, open ones lie between the ends of the interval, circles are the others;
        ``layout.meta["text"]`` says it in words.

    Raises
    ------
    ValueError
        When not 0 <= low <= percent <= high <= 100.
    """
    if not 0 <= low <= percent <= high <= 100:
        raise ValueError(f"given {low}, {percent}, {high}; expected 0 <= low <= percent <= high <= 100")
    sure, counted, possible = round(low), round(percent), round(high)
    places = {
        "counted": range(counted),
        "within the interval": range(counted, possible),
        "others": range(possible, 100),
    }
    layout = {
        **theme.layout(font_px),
        "title": {"text": f"{what}: {counted} of 100 ({sure} to {possible})", "x": 0, "xref": "paper"},
        "xaxis": {"visible": False, "range": [-0.7, 9.7], "fixedrange": True},
        "yaxis": {"visible": False, "range": [9.7, -0.7], "scaleanchor": "x", "fixedrange": True},
        "showlegend": True,
        "legend": {"orientation": "h", "y": -0.05},
        "meta": {"text": icon_text(percent, low, high, what)},
    }
    return {"data": [_people(*kind, places[kind[0]], sure, font_px) for kind in KINDS], "layout": layout}


def _people(name: str, color: str, symbol: str, places: range, sure: int, font_px: int) -> Mapping[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": f"{name}: {len(places)}",
        "x": [place % 10 for place in places],
        "y": [place // 10 for place in places],
        "marker": {
            "symbol": symbol,
            "size": round(1.4 * font_px),
            "color": color,
            "opacity": [1.0 if place < sure or name != "counted" else 0.55 for place in places],
            "line": {"width": 2},
        },
        "hoverinfo": "skip",
    }
