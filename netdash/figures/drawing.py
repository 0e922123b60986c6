"""A figure as a plain dictionary for the board, and as plotly's class for everybody else.

Plotly's classes check every value. They cost a process 18 MB, and checking takes longer than all the rest of a picture.
The board sends the plain dictionary to the browser; the public functions hand it to plotly's class.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    import plotly.graph_objects as go

Trace = Mapping[str, object]
"""One trace, with plotly's names."""
Axis = Mapping[str, object]
"""One axis of a layout, with plotly's names."""


class FigureDict(TypedDict):
    """A figure as plotly.js takes it.

    Attributes
    ----------
    data : list of dict
        The traces.
    layout : dict
        The layout. ``layout["meta"]["text"]`` is the picture in words.
    """

    data: list[Trace]
    layout: Mapping[str, object]


def in_words(drawn: FigureDict) -> str:
    """Return the sentence of a figure: ``layout["meta"]["text"]``."""
    meta = drawn["layout"]["meta"]
    return str(meta["text"]) if isinstance(meta, Mapping) else ""


def as_figure(drawn: FigureDict) -> go.Figure:
    """Return plotly's figure of a plain dictionary; a notebook shows it without plotly's JavaScript, too."""
    from netdash.figures.picture import Picture

    return Picture(drawn)
