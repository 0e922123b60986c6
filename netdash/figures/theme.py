"""One look for every picture: Okabe-Ito colors, always beside a word and a shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Okabe and Ito's palette, told apart with every common kind of color vision.
BLUE, VERMILION, ORANGE, GREEN, INK, GRAY, PALE = (
    "#0072B2",
    "#D55E00",
    "#E69F00",
    "#009E73",
    "#1A1A1A",
    "#767676",
    "#DADADA",
)

_TURNING = ("zoom", "pan", "select", "lasso", "zoomIn", "zoomOut", "autoScale", "resetScale")


def layout(font_px: int = 13) -> dict[str, Any]:
    """Return the layout shared by every figure.

    Parameters
    ----------
    font_px : int
        Size of the type; 22 or more for a projector at 1080 lines.
    """
    axis = {"automargin": True, "ticks": "", "gridcolor": "white", "zeroline": False, "title": {"standoff": 15}}
    hatched = {"type": "bar", "marker": {"pattern": {"fillmode": "overlay", "size": 10, "solidity": 0.2}}}
    return {
        # In place of plotly's own: the same look in every notebook and on the page, and a fifth of its size.
        "template": {"layout": {"xaxis": axis, "yaxis": axis}, "data": {"bar": [hatched]}},
        "font": {"family": "system-ui, 'DejaVu Sans', Arial, sans-serif", "size": font_px, "color": INK},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "showlegend": False,
        "hovermode": "closest",
        "dragmode": False,
        # "Share chart..." would upload the picture; taken out here, it is absent wherever the figure is shown.
        "modebar": {"remove": ["sendChartToCloud", *_TURNING]},
    }


def upright(x: float, line: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line from the bottom of the plot to its top."""
    return {"type": "line", "x0": x, "x1": x, "xref": "x", "y0": 0, "y1": 1, "yref": "y domain", "line": line}
