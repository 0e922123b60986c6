"""Lines of text and points under the names of therapies; the forest, the medians and the harms share them."""

from __future__ import annotations

import functools
import html
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, TypeVar

from netdash import evidence
from netdash.figures import theme
from netdash.figures.drawing import Axis, Trace
from netdash.outcome_rows import OutcomeRow, Row
from netdash.outcome_tables.criteria_words import Verdicts, verdict_lines

LINE = 1.45
"""Height of a row, in sizes of the type."""
UNDER = 2.4
"""Height of the two lines of text under the title, in sizes of the type."""
LARGE_TYPE = 20
"""Size of the type in pixels from which text is broken into shorter lines and axes have fewer ticks."""

NAMES: Trace = {
    **{"type": "scatter", "mode": "markers", "name": "names", "x": [None], "y": [None]},
    **{"marker": {"opacity": 0}, "hoverinfo": "skip"},
}
"""An empty trace. plotly draws an axis only for a trace of its own; this one belongs to the names on the left."""
_NOTE = {
    **{"x": 0.005, "xref": "paper", "xanchor": "left", "yanchor": "middle", "align": "left", "showarrow": False},
    **{"font": {"color": theme.GRAY}, "bgcolor": "white", "borderpad": 0},  # no grid line runs through words
}


@dataclass(frozen=True)
class Note:
    """A text in the plot.

    Attributes
    ----------
    text : str
        The text, as HTML that plotly reads.
    hover : str
        What the pointer shows; empty for nothing.
    color : str
        Color of the text; empty for gray.
    """

    text: str
    hover: str = ""
    color: str = ""

    def at(self, y: float) -> Mapping[str, object]:
        """Return the annotation at a height."""
        hover = {"hovertext": self.hover} if self.hover else {}
        color = {"font": {"color": self.color}} if self.color else {}
        return {"text": self.text, **hover, **color, "y": y}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a picture.

    Attributes
    ----------
    left : str
        Text left of the plot.
    right : str
        Text right of the plot; empty for nothing.
    note : Note, optional
        Text in the plot.
    height : float
        Height in rows.
    y : float
        Place of the middle of the line; :func:`stacked` sets it.
    """

    left: str = ""
    right: str = ""
    note: Note | None = None
    height: float = 1
    y: float = 0


@dataclass(frozen=True, kw_only=True)
class AxisLine(Line):
    """The line in which the ticks of the axis stand: it closes the plot, and only words follow."""

    height: float = 1.5


@dataclass(frozen=True, kw_only=True)
class Space(Line):
    """An empty line between groups, or between two panels, where the grid is broken."""

    height: float = 0.5
    breaks: bool = False


@dataclass(frozen=True, kw_only=True)
class Heading(Line):
    """A line of words that begins at the left edge of the picture and runs over its whole width.

    Attributes
    ----------
    text : str
        The words, as HTML that plotly reads.
    therapy : str
        The therapy that the line names; empty for a line that goes on.
    """

    text: str
    therapy: str = ""

    def at(self, left: float) -> Mapping[str, object]:
        """Return the annotation, given the room for names on the left in pixels."""
        look = {"name": f"therapy:{self.therapy}", "font": {"color": theme.INK}}
        return {"text": self.text, "y": self.y, "x": 0, "xshift": -left, **look}


@dataclass(frozen=True, kw_only=True)
class Point(Line):
    """The line of one series with a point.

    Attributes
    ----------
    value : float
        Place of the point.
    outcome_id : str
        Identifier of the outcome.
    hover : str
        What the pointer shows.
    """

    value: float
    outcome_id: str
    hover: str


@dataclass(frozen=True, kw_only=True)
class Dots(Line):
    """Several series on one line, which are not pooled.

    Attributes
    ----------
    points : sequence of Point
        The series; their own names and places are not used.
    """

    points: Sequence[Point]


L = TypeVar("L", bound=Line)


def of_kind(lines: Iterable[Line], kind: type[L]) -> list[L]:
    """Return the lines of one class."""
    return [line for line in lines if isinstance(line, kind)]


def percent_axis(font_px: int) -> Axis:
    """Return the whole axis from 0 to 100 percent."""
    ticks = [0, 25, 50, 75, 100] if font_px < LARGE_TYPE else [0, 50, 100]
    return {"range": [0, 100], "tickvals": ticks, "ticktext": [*map(str, ticks[:-1]), "100 %"]}


@functools.lru_cache(maxsize=1024)
def wrapped(text: str, width: int) -> tuple[str, ...]:
    """Return a text in lines of at most `width` letters. Cached: wrapping is slow, and pictures repeat their texts."""
    return tuple(textwrap.wrap(text, width))


def wrap_note(text: str, font_px: int) -> tuple[str, ...]:
    """Return a text under the plot in lines that fit a window of 1024 pixels beside the names of the rows."""
    return wrapped(text, 90 if font_px < LARGE_TYPE else 46)


def escape(text: object) -> str:
    """Return a text of a file, such as the name of an own series, so that plotly does not read it as HTML."""
    return html.escape(str(text), quote=False)


def head_line(left: str, right: str) -> Line:
    """Return the line with the heads of the columns."""
    return Line(left=gray(left), right=gray(right))


def gray(text: str) -> str:
    """Return a text in gray, for plotly."""
    return f"<span style='color:{theme.GRAY}'>{text}</span>"


def heading(therapy: str, verdicts: Verdicts, criteria: Mapping[str, str]) -> list[Line]:
    """Return the lines that name a therapy, with the verdict on its criteria in the plot if there is one."""
    name = f"<b>{evidence.therapy_name(therapy)}</b>"
    if therapy not in verdicts:
        return [Line(left=name)]
    first, *rest = verdict_lines(therapy, verdicts[therapy], escape(criteria.get(therapy, "")))
    notes = [Note(text, color=theme.INK) for text in rest]
    return [Line(left=name, note=Note(first, color=theme.INK)), *(Line(note=note) for note in notes)]


def title_line(text: str) -> Line:
    """Return a line that names the lines below it."""
    return Line(left=f"<b>{text}</b>")


def series_name(row: Row, differs: str = "") -> str:
    """Return a series with its number of patients, † for a discrepancy, ≠ when its patients differ."""
    text = escape(row.label) + ("" if row.n is None else f", n = {row.n:,.0f}")
    return text + " †" * bool(row.discrepancies) + " ≠" * bool(differs)


def series_line(row: Row, differs: str, font_px: int, marks: str = "") -> tuple[str, ...]:
    """Return the name of a series with further marks, a long one in several lines."""
    return wrapped(series_name(row, differs) + marks, 46 if font_px < LARGE_TYPE else 30)


def left_out_lines(rows: Sequence[OutcomeRow], differing: Mapping[str, str], unit: str, font_px: int) -> list[Line]:
    """Return the rows that are left out, with a title line; nothing where there are none."""
    lines = [left_out_line(row, differing.get(row.study_id, ""), unit, font_px) for row in rows]
    return [title_line("Left out"), *lines] if lines else []


def left_out_line(row: OutcomeRow, differs: str, unit: str, font_px: int) -> Line:
    """Return the line of a row that is left out: its figure, and the reason."""
    value = "" if row.value is None else f"{row.value:g} {unit}: "
    reason, name = wrap_note(f"{value}{row.left_out}", font_px), series_line(row, differs, font_px)
    note = Note("<br>".join(map(escape, reason)), discrepancy_hover(row).removeprefix("<br>"))
    return Line(left="<br>".join(name), note=note, height=max(len(reason), len(name)))


def note_line(left: str, text: str, font_px: int, color: str = "") -> Line:
    """Return a line of text under the plot."""
    words = wrap_note(text, font_px)
    return Line(left=left, note=Note("<br>".join(words), color=color), height=len(words))


def discrepancy_hover(row: Row) -> str:
    """Return the discrepancies of a series, for the text at the pointer."""
    return f"<br>† {escape(row.discrepancies)}" if row.discrepancies else ""


def series_hover(row: OutcomeRow, figure: str, differs: str) -> str:
    """Return the text at the pointer: series, figure, place in the source, discrepancies, and how patients differ."""
    other = f"<br>≠ this patient: {escape(differs)}" if differs else ""
    return (
        f"<b>{escape(row.label)}</b>, {escape(row.arm)}<br>{figure}<br>{escape(row.locator)}"
        f"{discrepancy_hover(row)}{other}"
    )


def stacked(lines: Sequence[Line]) -> list[Line]:
    """Return lines with the places of their middles, the first at the top."""
    heights = [line.height for line in lines]
    above = accumulate(heights, initial=0.0)
    tops = zip(lines, above, heights, strict=False)
    return [replace(line, y=sum(heights) - top - (height - 1) / 2) for line, top, height in tops]


def points(series: Sequence[Point]) -> Trace:
    """Return a trace with the places and texts of points of series. The caller adds their look."""
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "series",
        "yaxis": "y2",  # the axis with the figures on the right
        "x": [point.value for point in series],
        "y": [point.y for point in series],
        "customdata": [point.outcome_id for point in series],
        "text": [point.hover for point in series],
        "hovertemplate": "%{text}<extra></extra>",
    }


def dots(lines: Sequence[Dots], font_px: int) -> Iterator[Trace]:
    """Return the hollow points of series that share a line; nothing where there are none."""
    found = [replace(point, y=line.y) for line in lines for point in line.points]
    if found:
        look = {"symbol": "circle-open", "size": round(font_px * 0.75), "color": theme.INK, "opacity": 1}
        yield {**points(found), "name": "series, not pooled", "marker": {**look, "line": {"width": 2}}}


def layout(lines: Sequence[Line], title: str, xaxis: Axis, font_px: int, under: Sequence[str] = ()) -> dict[str, Any]:
    """Return the layout: names on the left axis, figures on the right axis, notes in the plot.

    The texts `under` the title are inside the picture at every size, because the margin grows with them.
    """
    high = sum(line.height for line in lines)
    heads = 1 + title.count("<br>")
    below = UNDER + 1.3 * max(len(under) - 2, 0) if under else 0
    notes = [line.note.at(line.y) for line in lines if line.note]
    notes += [line.at(_room(lines, font_px)) for line in of_kind(lines, Heading)]
    placed, grid = _closed(lines, bottom_axis(xaxis))
    below_axis = 0.1 if of_kind(lines, AxisLine) else 2.2  # an axis within the lines has its own room
    return {
        # Properties of all annotations are in the template, because plotly's classes check it only once.
        **theme.layout(font_px, annotations=_NOTE),
        "height": round(font_px * (LINE * (high + heads) + below + 2.4 + below_axis)),  # with room for title and axis
        "title": _title(title, under, font_px),
        "margin": {"l": 10, "r": 10, "t": round(font_px * (1 + 1.6 * heads + below)), "b": round(font_px * below_axis)},
        "bargap": 0,
        "barmode": "overlay",
        "xaxis": placed,
        "yaxis": left_axis(lines),
        "yaxis2": {**right_axis(lines, font_px), "overlaying": "y"},
        **({"annotations": notes} if notes else {}),
        **({"shapes": grid} if grid else {}),
    }


def _room(lines: Sequence[Line], font_px: int) -> float:
    """Return about how wide the names on the left are, in pixels. The page measures them."""
    parts = [part for line in lines for part in line.left.split("<br>")]
    return round(font_px * (0.56 * max(map(len, parts), default=0) + 1.2))


def _closed(lines: Sequence[Line], axis: Axis) -> tuple[Axis, list[Mapping[str, object]]]:
    """Return an axis that stands in its line, and the grid above it; without such a line, the axis as it is.

    A grid of plotly's own would run on through the words below the axis.
    """
    found = of_kind(lines, AxisLine)
    ticks = axis.get("tickvals")
    if not found or not isinstance(ticks, list):
        return axis, []
    high, end = sum(line.height for line in lines), _top(found[0])
    breaks = [line for line in of_kind(lines, Space) if line.breaks]
    tops = [high + 0.6, *(_top(line) - line.height for line in breaks)]
    ends = [*(_top(line) for line in breaks), end]
    pale = {"type": "line", "xref": "x", "layer": "below", "line": {"color": theme.PALE, "width": 1}}
    panels = list(zip(tops, ends, strict=True))
    grid: list[Mapping[str, object]] = [
        {**pale, "x0": tick, "x1": tick, "y0": low, "y1": top} for top, low in panels for tick in ticks
    ]
    floor = {**pale, "xref": "x domain", "x0": 0, "x1": 1, "line": {"color": theme.GRAY, "width": 1}}
    grid += [{**floor, "y0": low, "y1": low} for _, low in panels]
    # Its own room is in its line: automargin would keep room below the words as well.
    place = {"anchor": "free", "position": (end - 0.4) / (high + 0.2), "automargin": False}
    return {**axis, "showgrid": False, **place}, grid


def _top(line: Line) -> float:
    return line.y + line.height / 2


def bottom_axis(axis: Axis) -> Axis:
    """Return an axis along the bottom with the look that all pictures of rows share."""
    return {"gridcolor": theme.PALE, "zeroline": False, "fixedrange": True, "tickangle": 0, **axis}


def left_axis(lines: Sequence[Line]) -> Axis:
    """Return the axis with the names of the lines."""
    return {
        "range": [0.4, sum(line.height for line in lines) + 0.6],
        "automargin": True,
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "ticks": "",
        "tickvals": [line.y for line in lines],
        "ticktext": [line.left for line in lines],
    }


def right_axis(lines: Sequence[Line], font_px: int) -> Axis:
    """Return the axis with the figures of the lines, where they have some."""
    named = [line for line in lines if line.right]
    return {
        **left_axis(lines),
        "tickvals": [line.y for line in named],
        "ticktext": [line.right for line in named],
        "ticklabelstandoff": round(font_px * 0.4),
        "side": "right",
    }


def _title(text: str, under: Sequence[str], font_px: int) -> Mapping[str, object]:
    title = {"text": text, "x": 0, "xref": "paper", "font": {"size": round(font_px * 1.25)}}
    if not under:
        return title
    below = {"text": "<br>".join(under), "font": {"size": font_px}}
    # The title begins at the left edge of the picture, where there is most room for text.
    return {
        **title,
        "x": 0.005,
        "xref": "container",
        "pad": {"t": round(font_px * 0.3)},
        "automargin": True,
        "subtitle": below,
    }
