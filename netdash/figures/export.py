"""Exports: a figure as a page that needs no network, what it draws as a table, and names of files."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from netdash import evidence
from netdash.figures.maps import VERDICT_CODES
from netdash.figures.medians import UNREACHED

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

_SPANS = ("pooled", "prediction interval")
"""Traces that are one row each of the table, whatever number of points they have."""
_NO_DATA = ("names", "beyond the axis")
"""Traces that hold no data: names of rows, arrowheads at the edge."""
_FORMATS = ("html", "csv")
_PIXELS = ("png", "svg", "jpg", "jpeg", "webp", "pdf", "eps")
_BY_BROWSER = "the buttons above the plot make SVG and PNG, and so does figure.write_image with kaleido"
CONFIG = {"displaylogo": False, "showSendToCloud": False, "responsive": True}
"""No logo, and no button that would upload the picture."""


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

    A spreadsheet would execute a cell such as ``=HYPERLINK(...)``, which can come from a file of a user. An apostrophe
    before it makes it text.
    """
    words = table.select_dtypes(exclude=["number", "bool"])
    return table.assign(**{str(name): words[name].map(_as_text) for name in words}).to_csv(index=False).encode()


def _as_text(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def titled(title: str, suffix: str, on: date | None = None) -> str:
    """Return a file name made of a title and a day, today when not given."""
    words = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", re.sub(r"<[^>]*>", " ", html.unescape(words)).lower()).strip("-")
    return f"netdash-{slug}-{(on or date.today()).isoformat()}.{suffix}"


@dataclass(frozen=True)
class Datum:
    """The data at one place of a picture: a figure, the ends of an interval, the text at the pointer."""

    x: float | None
    y: float
    low: float | None
    high: float | None
    text: str


def figure_data(figure: go.Figure) -> pd.DataFrame:
    """Return the data of a figure, point by point.

    Parameters
    ----------
    figure : Figure
        Any figure of netdash.

    Returns
    -------
    DataFrame
        trace, group (the heading above the row, such as a therapy; empty where there is none), name (what the axis
        calls the row, or the verdict of a part of a map), x, y, low, high (ends of an interval, or of a part of a map
        along x), text. A diamond is one row with its estimate and ends. Where the picture has no figure, such as at a
        median that was not reached or at words, x is missing. A text without a place on an axis has no row.

    Raises
    ------
    TypeError
        When `figure` is no figure of plotly.

    Examples
    --------
    >>> import netdash as nd
    >>> drawn = nd.drawn(nd.forest(nd.outcomes()))
    >>> drawn.loc[drawn["trace"] == "series", ["group", "name", "x"]].head(2)
            group                   name     x
    18  Resection  Chen 1998, n = 15 † ◦  73.0
    19  Resection   Yao 2001, n = 16 ‡ ◦  70.0
    """
    import pandas as pd

    _check_figure(figure)
    axis = figure.layout.yaxis
    names = dict(zip(axis.tickvals or (), axis.ticktext or (), strict=True))
    headings = sorted(y for y, name in names.items() if str(name).startswith("<b>"))
    rows: list[dict[str, object]] = [
        {
            "trace": trace.name or trace.type,
            "group": plain(next((names[y] for y in headings if y >= datum.y), "")),
            "name": plain(names.get(datum.y, datum.y)),
            **asdict(datum),
        }
        for trace in figure.data
        if trace.type in ("scatter", "bar") and trace.name not in _NO_DATA
        for datum in _data(trace)
    ]
    for trace in figure.data:
        if trace.type == "heatmap":
            cells = _cells(trace, figure.layout)
            rows += [{"trace": "map", "group": "", "name": verdict, **asdict(cell)} for verdict, cell in cells]
    return pd.DataFrame(rows, columns=["trace", "group", "name", "x", "y", "low", "high", "text"])


drawn = figure_data
"""The public name of :func:`figure_data`."""


def _cells(trace: go.Heatmap, layout: go.Layout) -> Iterator[tuple[str, Datum]]:
    """Return the parts of a map by verdict, each with its bounds in words."""
    verdicts = list(VERDICT_CODES)
    x_title, y_title = layout.xaxis.title.text, layout.yaxis.title.text
    for row, (bottom, top) in enumerate(pairwise(trace.y)):
        for column, (low, high) in enumerate(pairwise(trace.x)):
            text = f"{x_title}: {low:g} to {high:g}; {y_title}: {bottom:g} to {top:g}"
            yield verdicts[trace.z[row][column]], Datum((low + high) / 2, (bottom + top) / 2, low, high, text)


def _data(trace: go.Scatter | go.Bar) -> Iterator[Datum]:
    """Return the data of one trace."""
    if trace.name in _SPANS:
        x = trace.x[1] if trace.name == "pooled" else None
        yield Datum(x, trace.y[0], min(trace.x), max(trace.x), str(plain(trace.text)))
        return
    count = len(trace.x or ())
    texts = trace.text if isinstance(trace.text, tuple | list) else [trace.text] * count
    ends = _box_ends(trace) if trace.type == "bar" else _error_ends(trace)
    for place, (x, y) in enumerate(zip(trace.x or (), trace.y or (), strict=True)):
        if x is not None:  # None ends a line
            low, high = ends[place] if ends else (None, None)
            text = texts[place] if place < len(texts) else ""
            yield Datum(x if _is_figure(trace, place) else None, y, low, high, str(plain(text or "")))


def _box_ends(trace: go.Bar) -> Sequence[tuple[float, float]]:
    """Return the ends of boxes; none for bars that begin at zero."""
    return [(base, base + length) for base, length in zip(trace["base"] or (), trace.x or (), strict=False)]


def _error_ends(trace: go.Scatter) -> Sequence[tuple[float, float]]:
    """Return the ends of intervals around points; none for points without intervals."""
    above, below = trace.error_x.array, trace.error_x.arrayminus
    if not above or not below:
        return []
    return [(x - minus, x + plus) for x, plus, minus in zip(trace.x, above, below, strict=True)]


def _is_figure(trace: go.Scatter | go.Bar, place: int) -> bool:
    """Whether x is a figure, and not the length of a box, an arrow at the edge or the place of a text."""
    if trace.type == "bar":
        return not trace["base"]
    shape = trace.marker.symbol
    return trace.mode != "text" and not (isinstance(shape, tuple | list) and shape[place] == UNREACHED)


def plain(value: object) -> object:
    """Return a text without the HTML that plotly reads; other values as they are."""
    return html.unescape(re.sub(r"<[^>]*>", " ", value)).strip() if isinstance(value, str) else value


def save(figure: go.Figure, path: str | Path = ".", suffix: str = "html", *, folder: str | Path | None = None) -> Path:
    """Write a figure as a page that needs no network, or its data as CSV.

    Parameters
    ----------
    figure : Figure
        Any figure of netdash.
    path : str or Path
        A file that ends in .html or .csv, which is overwritten; or a folder that exists. In a folder the name is made
        of the figure's title and the day, with a number if another file has that name.
    suffix : {"html", "csv"}
        Format of the file in a folder. The browser makes SVG and PNG, with the buttons above the plot.
    folder : str or Path, optional
        The folder, by the former name of `path`.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        When the format is neither.
    FileNotFoundError
        When there is no such folder.
    TypeError
        When `figure` is no figure of plotly.

    Examples
    --------
    >>> import tempfile
    >>> import netdash as nd
    >>> folder = tempfile.mkdtemp()
    >>> nd.save(nd.medians(nd.outcomes()), f"{folder}/medians.html").name
    'medians.html'
    """
    _check_figure(figure)
    path = _place(figure, Path(path if folder is None else folder), suffix)
    suffix = path.suffix[1:].lower()
    if suffix == "csv":
        path.write_bytes(as_csv(figure_data(figure)))
    else:
        meta = figure.layout.meta or {}
        said = " ".join(text for text in (meta.get("text"), meta.get("caption")) if text)
        name = file_name(figure, "svg").removesuffix(".svg")
        config = {**CONFIG, "toImageButtonOptions": {"format": "svg", "filename": name}}
        plot = figure.to_html(full_html=False, include_plotlyjs=True, config=config, default_height="72vh")
        title = " ".join(str(plain(figure.layout.title.text or "netdash")).split())
        path.write_text(_page(title, plot, said, figure.layout.font), encoding="utf-8")
    return path


def _check_figure(figure: object) -> None:
    if not hasattr(figure, "layout"):
        expected = "a figure, such as nd.forest(nd.outcomes())"
        raise TypeError(f"figure: given {type(figure).__name__}, expected {expected}")


def _place(figure: go.Figure, path: Path, suffix: str) -> Path:
    """Return the file to write: the one that is named, or a free name in a folder."""
    ending = path.suffix[1:].lower()
    if ending in _PIXELS and not path.is_dir():
        raise ValueError(f"path: given {path.name!r}, expected a name that ends in .html or .csv; {_BY_BROWSER}")
    if suffix not in _FORMATS:
        raise ValueError(f"suffix: given {suffix!r}, expected 'html' or 'csv'; {_BY_BROWSER}")
    named = ending in _FORMATS and not path.is_dir()
    folder = path.parent if named else path
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: there is no such folder; make it first, or name a file that ends in .html")
    return path if named else _free(path / file_name(figure, suffix))


def _free(path: Path) -> Path:
    """Return a path that no file has. Two pictures can have the same title."""
    free, number = path, 1
    while free.exists():
        number += 1
        free = path.with_stem(f"{path.stem}-{number}")
    return free


def _page(title: str, plot: str, said: str, font: go.layout.Font) -> str:
    style = f"font: {font.size or 13}px/1.4 {font.family or 'sans-serif'}; color: {font.color or 'black'}"
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>body {{ {style}; margin: 1em }}</style></head>\n"
        f"<body>{plot}<p>{html.escape(said)}</p><p>{html.escape(evidence.DISCLAIMER)}</p></body></html>\n"
    )
