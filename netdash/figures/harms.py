"""Harms beside benefits: one row per figure, each side in its panel, both on the same axis of percent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from netdash.figures import rows, theme
from netdash.figures.drawing import FigureDict, Trace, as_figure
from netdash.outcome_tables.criteria_words import warnings
from netdash.outcome_tables.harms import REPORTED, SIDES, HarmRow, HarmsTable, harms_table, nothing_on

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

_COLOR = {"harm": theme.VERMILION, "benefit": theme.BLUE}
_AXES = {"harm": {"xaxis": "x", "yaxis": "y"}, "benefit": {"xaxis": "x2", "yaxis": "y2"}}
_POINTING = {"more_than": "triangle-right", "at_least": "triangle-right"} | dict.fromkeys(
    ("less_than", "up_to"), "triangle-left"
)
_LABEL_WIDTH, _FIGURE_WIDTH = 46, 40


@dataclass(frozen=True, kw_only=True)
class Mark(rows.Line):
    """A line with a mark in one panel.

    Attributes
    ----------
    side : str
        The panel: "harm" or "benefit".
    id : str or None
        Identifier of the figure; None where there is none.
    hover : str
        What the pointer shows.
    """

    side: str
    id: str | None = None
    hover: str = ""


@dataclass(frozen=True, kw_only=True)
class FigureLine(Mark):
    """A figure: a point, or two joined points for a printed range."""

    ends: Sequence[float]
    symbol: str


@dataclass(frozen=True, kw_only=True)
class TopicLine(rows.Line):
    """A line with the figures of one therapy on one harm or benefit."""

    figures: Sequence[FigureLine]


@dataclass(frozen=True, kw_only=True)
class WordsLine(Mark):
    """What is reported without a figure, or that there is nothing."""

    text: str


def harms_beside_benefits(
    outcomes: pd.DataFrame, therapy: str | None = None, claims: pd.DataFrame | None = None, *, font_px: int = 13
) -> go.Figure:
    """Draw deaths, complications and side effects beside survival and response, on the same axis of percent.

    Of one therapy each figure has a line. Of all therapies each harm and each benefit has a line with all its figures.

    Parameters
    ----------
    outcomes : DataFrame
        Rows of ``nd.outcomes()``.
    therapy : str, optional
        One therapy, such as "resection"; all of them under each other when not given.
    claims : DataFrame, optional
        Rows of ``nd.claims()``, the figures in the running text, where the review has its harms: when not given, all
        of them, of the same reading as `outcomes`.
    font_px : int
        Size of the type in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        Harms on the left, benefits (5-year survival, response, symptom response) on the right, one row each. What is
        reported without a figure is written in words; a side without a figure says so. ``layout.meta["text"]`` holds
        the same in one sentence, ``layout.meta["caption"]`` how to read it; the ``customdata`` of a point is its id.

    Raises
    ------
    ValueError
        When there is no such therapy.

    Notes
    -----
    Rows that may not be pooled (patients counted twice, other tumors) are left out as in ``nd.forest``. Of 5-year
    survival the text is drawn only where the tables have no series of the therapy;
    ``netdash.outcome_tables.harms_table`` has the rest, each row with the reason.

    Examples
    --------
    >>> import netdash as nd
    >>> nd.harms_beside_benefits(nd.outcomes(), "resection").layout.title.text
    'Harms beside benefits: Resection'
    """
    return as_figure(harms_dict(harms_table(outcomes, therapy, claims), font_px=font_px))


def harms_dict(table: HarmsTable, *, font_px: int = 13) -> FigureDict:
    """Return the picture of one table as a plain dictionary; for the parameters see :func:`harms_beside_benefits`."""
    lines = rows.stacked(_lines(table, 1 if font_px < rows.LARGE_TYPE else 0.6))
    top = lines[0].y
    figures, words = rows.of_kind(lines, FigureLine), rows.of_kind(lines, WordsLine)
    figures += [replace(one, y=line.y) for line in rows.of_kind(lines, TopicLine) for one in line.figures]
    data = [_points([figure for figure in figures if figure.side == side], side, font_px) for side in SIDES]
    data += [_words([line for line in words if line.side == side], side, top, font_px) for side in SIDES]
    return {
        "data": data,
        "layout": {
            **_layout(lines, table.title, font_px),
            "meta": {"text": table.sentence, "caption": table.caption},
        },
    }


def _lines(table: HarmsTable, room: float) -> list[rows.Line]:
    """Return the lines of the picture; the first one is for the names of the panels."""
    lines = [rows.Line()]
    for therapy in table.therapies:
        if len(table.therapies) > 1:
            lines += _topic_lines(table, therapy, room)
            continue
        for side in SIDES:
            found = table.panels.get((therapy, side), [])
            if all(row.is_words for row in found):
                lines.append(WordsLine(side=side, text=nothing_on(side)))
            lines += [_line(row, room) for row in found]
    return lines


def _topic_lines(table: HarmsTable, therapy: str, room: float) -> list[rows.Line]:
    """Return one line for each harm and each benefit of a therapy; words stand in front of the grid."""
    topics = [topic for side in SIDES for topic in table.topics(therapy, side)]
    nothing = " and ".join(nothing_on(side) for side in SIDES if not table.topics(therapy, side))
    (name,) = rows.heading(therapy, {}, {})
    lines: list[rows.Line] = [replace(name, note=rows.Note(nothing) if nothing else None)]
    for topic in topics:
        left = topic.topic.capitalize()
        figures = [line for row in topic.rows if isinstance(line := _line(row, room), FigureLine)]
        if figures:
            counted = f", {len(figures)} rows" if len(figures) > 1 else ""
            lines.append(TopicLine(left=left, right=topic.figure + counted, figures=figures))
        if topic.silent:
            hover = "<br>".join(rows.escape(row.label) for row in topic.silent)
            lines.append(rows.Line(left=left, note=rows.Note(f"{len(topic.silent)} {REPORTED}", hover)))
    return lines


def _line(row: HarmRow, room: float) -> Mark:
    left = rows.wrapped(rows.series_name(row), int(_LABEL_WIDTH * room))
    n = "n not stated" if row.n is None else f"n = {row.n:,.0f}"
    said = row.left_out if row.is_words else row.figure
    right = rows.wrapped(row.topic if row.is_words else f"{row.topic} {said}", int(_FIGURE_WIDTH * room))
    text = f"<b>{rows.escape(row.label)}</b><br>{row.topic}: {said}, {n}<br>{rows.escape(row.locator)}"
    shared = Mark(
        side=row.side,
        left="<br>".join(left),
        right="<br>".join(right),
        height=max(len(left), len(right)),
        id=row.id,
        hover=text + rows.discrepancy_hover(row),
    )
    if row.is_words:
        return WordsLine(**vars(shared), text=said)
    symbol = _POINTING.get(row.qualifier, "circle") + "-open" * (row.n is None)
    return FigureLine(**vars(shared), ends=row.ends, symbol=symbol)


def _points(figures: Sequence[FigureLine], side: str, font_px: int) -> Trace:
    """Return a point for each figure, and two joined points for a range."""
    # A point without a place ends the line of a range.
    ends = [(figure, value) for figure in figures for value in (*figure.ends, None)]
    line = {"color": _COLOR[side], "width": 2}
    symbols = [figure.symbol for figure, _ in ends]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": f"{side}s",
        **_AXES[side],
        "x": [value for _, value in ends],
        "y": [figure.y for figure, _ in ends],
        "customdata": [figure.id for figure, _ in ends],
        "text": [figure.hover for figure, _ in ends],
        "hovertemplate": "%{text}<extra></extra>",
        "cliponaxis": False,
        "line": line,
        "marker": {"size": round(font_px * 0.75), "symbol": symbols, "opacity": 1, "line": line},
    }


def _words(lines: Sequence[WordsLine], side: str, top: float, font_px: int) -> Trace:
    """Return the words in a panel, its name first; a click on what is reported finds its source."""
    return {
        "type": "scatter",
        "mode": "text",
        "name": f"{side}s in words",
        **_AXES[side],
        "x": [0] * (len(lines) + 1),
        "y": [top, *(line.y for line in lines)],
        "customdata": [None, *(line.id for line in lines)],
        "text": [f"<b>{side.capitalize()}s</b>, %", *(line.text for line in lines)],
        "textposition": "middle right",
        "textfont": {"color": [_COLOR[side], *[theme.GRAY] * len(lines)]},
        "hovertext": ["", *(line.hover for line in lines)],
        "hoverinfo": "text",
        "cliponaxis": False,
    }


def _layout(lines: Sequence[rows.Line], title: str, font_px: int) -> Mapping[str, object]:
    """Return the layout of two panels: names on the left of the first, figures on the right of the second."""
    half = 0.46 if font_px < rows.LARGE_TYPE else 0.41
    axis = {"range": [-4, 104], "tickvals": [0, 50, 100], "ticktext": ["0", "50", "100 %"]}
    layout = rows.layout(lines, title, {**axis, "domain": [0, half]}, font_px, warnings({}))
    return {
        **layout,
        "xaxis2": rows.bottom_axis({**axis, "domain": [1 - half, 1]}),
        "yaxis2": {**rows.right_axis(lines, font_px), "anchor": "x2"},
    }
