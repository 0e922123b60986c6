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


def as_csv(table: pd.DataFrame) -> bytes:
    """Return a table as CSV in which no text is a formula to a spreadsheet.

    A cell of somebody's own file, such as ``=HYPERLINK(...)``, would be run by the program that opens the table: an
    apostrophe before it makes it text.
    """
    words = table.select_dtypes(exclude=["number", "bool"])
    return table.assign(**{str(name): words[name].map(_defused) for name in words}).to_csv(index=False).encode()


def _defused(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


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
        trace, group (the heading above the row, such as a therapy; empty where there is none), name (what the axis
        calls the row, or the verdict of a part of a map), x, y, low, high (ends of an interval, or of a part of a map
        along x), text. A diamond is one row with its estimate and ends. Where the picture has no figure, such as at a
        median that was not reached or at words, x is missing. What has no place on an axis has no row.
    """
    import pandas as pd

    axis = figure.layout.yaxis
    names = dict(zip(axis.tickvals or (), axis.ticktext or (), strict=True))
    headings = sorted(y for y, name in names.items() if str(name).startswith("<b>"))
    rows = [
        {
            "trace": trace.name or trace.type,
            **point,
            "name": _plain(names.get(point["y"], point["y"])),
            "group": _plain(next((names[y] for y in headings if y >= point["y"]), "")),
        }
        for trace in figure.data
        if trace.type in ("scatter", "bar") and trace.name not in _NO_DATA
        for point in _points(trace)
    ]
    rows += [cell for trace in figure.data if trace.type == "heatmap" for cell in _cells(trace, figure.layout)]
    return pd.DataFrame(rows, columns=["trace", "group", "name", "x", "y", "low", "high", "text"])


_SPANS = ("pooled", "prediction interval")  # one row each, however many points it takes to draw them
_NO_DATA = ("names", "beyond the axis")  # what a picture needs beside what it shows


def _cells(trace: Any, layout: Any) -> list[dict[str, Any]]:
    """Return the parts of a map, each with its bounds in words."""
    words = list(CODES)
    return [
        {
            "trace": "map",
            "group": "",
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
    if trace.name in _SPANS:
        low, high = min(trace.x), max(trace.x)
        x = trace.x[1] if trace.name == "pooled" else None
        return [{"x": x, "y": trace.y[0], "low": low, "high": high, "text": _plain(trace.text)}]
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
        # The length of a box, an arrow at the edge and the place of words are no figures.
        words = trace.type == "scatter" and trace.mode == "text"
        no_figure = base or words or (isinstance(shape, tuple | list) and shape[place] == UNREACHED)
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
        Where to write it; the name is :func:`file_name`, numbered where another file has that name already.
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
    path = _free(Path(folder) / file_name(figure, suffix))
    if suffix == "csv":
        path.write_bytes(as_csv(drawn(figure)))
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


def _free(path: Path) -> Path:
    """Return a path that no file has: two pictures of one title are not the same picture."""
    free, number = path, 1
    while free.exists():
        number += 1
        free = path.with_stem(f"{path.stem}-{number}")
    return free


def _page(title: str, plot: str, said: str, font: Any) -> str:
    style = f"font: {font.size or 13}px/1.4 {font.family or 'sans-serif'}; color: {font.color or 'black'}"
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>body {{ {style}; margin: 1em }}</style></head>\n"
        f"<body>{plot}<p>{html.escape(said)}</p><p>{html.escape(evidence.DISCLAIMER)}</p></body></html>\n"
    )
