"""Exports: a figure as a page that needs no network, what it draws as a table, and names that say what is in a file."""

from __future__ import annotations

import html
import re
import unicodedata
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netdash import evidence
from netdash.figures.maps import CODES
from netdash.figures.medians import UNREACHED

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

CONFIG: dict[str, Any] = {"displaylogo": False, "showSendToCloud": False, "responsive": True}
"""No logo, and no button that would upload the chart."""


def file_name(figure: go.Figure, suffix: str, on: date | None = None) -> str:
    """Return a file name that says what a figure shows and when it was made.

    Parameters
    ----------
    figure : Figure
        Its title becomes the name.
    suffix : str
        "html", "csv", "svg" or "png".
    on : date, optional
        Today when not given.
    """
    return titled(figure.layout.title.text or "figure", suffix, on)


def titled(title: str, suffix: str, on: date | None = None) -> str:
    """Return a file name made of a title and a day, today when not given."""
    words = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", re.sub(r"<[^>]*>", " ", html.unescape(words)).lower()).strip("-")
    return f"netdash-{slug}-{(on or date.today()).isoformat()}.{suffix}"


def drawn(figure: go.Figure) -> pd.DataFrame:
    """Return what a figure draws, point by point.

    Returns
    -------
    DataFrame
        trace, name (what the axis calls the row, or the verdict of a part of a map), x, y, low, high (ends of a bar or
        an error bar, or of a part of a map along x; missing where there is none), text. What has no place on an axis
        has no row.
    """
    import pandas as pd

    axis = figure.layout.yaxis
    names = dict(zip(axis.tickvals or (), axis.ticktext or (), strict=True))
    rows = [
        {"trace": trace.name or trace.type, **point, "name": _plain(names.get(point["y"], point["y"]))}
        for trace in figure.data
        if trace.type in ("scatter", "bar") and trace.name not in _NO_DATA
        for point in _points(trace)
    ]
    rows += [cell for trace in figure.data if trace.type == "heatmap" for cell in _cells(trace, figure.layout)]
    return pd.DataFrame(rows, columns=["trace", "name", "x", "y", "low", "high", "text"])


_NO_DATA = ("names", "beyond the axis")  # what a picture needs beside what it shows


def _cells(trace: Any, layout: Any) -> list[dict[str, Any]]:
    """Return the parts of a map, each with its bounds in words."""
    words = list(CODES)
    return [
        {
            "trace": "map",
            "name": words[trace.z[row][column]],
            "x": (low + high) / 2,
            "y": (bottom + top) / 2,
            "low": low,
            "high": high,
            "text": f"{layout.xaxis.title.text}: {low:g} to {high:g}; {layout.yaxis.title.text}: {bottom:g} to {top:g}",
        }
        for row, (bottom, top) in enumerate(pairwise(trace.y))
        for column, (low, high) in enumerate(pairwise(trace.x))
    ]


def _points(trace: Any) -> list[dict[str, Any]]:
    texts = trace.text if isinstance(trace.text, tuple | list) else [trace.text] * len(trace.x or ())
    base, array, minus = trace["base"] if trace.type == "bar" else None, None, None
    if trace.type == "scatter":
        array, minus = trace.error_x.array, trace.error_x.arrayminus
    points = []
    for place, (x, y) in enumerate(zip(trace.x or (), trace.y or (), strict=True)):
        if x is None:  # a gap between lines
            continue
        low = base[place] if base else x - minus[place] if minus else None
        high = base[place] + x if base else x + array[place] if array else None
        text = _plain(texts[place]) if texts and place < len(texts) and texts[place] else ""
        shape = trace.marker.symbol if trace.type == "scatter" else None
        # The length of a box and an arrow at the edge are no figures.
        no_figure = base or (isinstance(shape, tuple | list) and shape[place] == UNREACHED)
        points.append({"x": None if no_figure else x, "y": y, "low": low, "high": high, "text": text})
    return points


def _plain(value: Any) -> Any:
    return html.unescape(re.sub(r"<[^>]*>", " ", value)).strip() if isinstance(value, str) else value


def save(figure: go.Figure, folder: str | Path = ".", suffix: str = "html") -> Path:
    """Write a figure as a page that needs no network, or what it draws as CSV.

    Parameters
    ----------
    figure : Figure
        Any figure of netdash.
    folder : str or Path
        Where to write it; the name is :func:`file_name`.
    suffix : {"html", "csv"}
        What to write. SVG and PNG are made by the browser: the camera above the plot.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        When the suffix is neither.
    """
    path = Path(folder) / file_name(figure, suffix)
    if suffix == "csv":
        drawn(figure).to_csv(path, index=False)
    elif suffix == "html":
        meta = figure.layout.meta or {}
        said = " ".join(text for text in (meta.get("text"), meta.get("caption")) if text)
        name = file_name(figure, "svg").removesuffix(".svg")
        config = {**CONFIG, "toImageButtonOptions": {"format": "svg", "filename": name}}
        plot = figure.to_html(full_html=False, include_plotlyjs=True, config=config, default_height="72vh")
        title = " ".join(str(_plain(figure.layout.title.text or "netdash")).split())
        path.write_text(_page(title, plot, said, figure.layout.font), encoding="utf-8")
    else:
        raise ValueError(f"suffix: given {suffix!r}, expected 'html' or 'csv'")
    return path


def _page(title: str, plot: str, said: str, font: Any) -> str:
    style = f"font: {font.size or 13}px/1.4 {font.family or 'sans-serif'}; color: {font.color or 'black'}"
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>body {{ {style}; margin: 1em }}</style></head>\n"
        f"<body>{plot}<p>{html.escape(said)}</p><p>{html.escape(evidence.HONESTY)}</p></body></html>\n"
    )
