"""Rows under the names of their therapies: the skeleton that the forest and the medians share."""

from __future__ import annotations

import functools
import html
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any

import pandas as pd

from netdash import evidence
from netdash.comparison import Tally
from netdash.figures import theme
from netdash.wording import VERDICT_SIGNS, VERDICT_WORDS

LINE = 1.45
"""The height of a row in sizes of the type."""
Verdicts = Mapping[str, Tally | str]
"""By therapy: a tally of all its rule sets, or the verdict ("met", "not_met", "unknown") of one."""
NOT_SELECTED = "Series not selected by these criteria"
NO_COMPARISON = "Different patients in each row: no comparison"
"""What stands inside the pictures, so that a picture that is copied or saved carries it."""
UNDER = 2.4
"""The room for these words, two lines of them, in sizes of the type."""
Line = dict[str, Any]
"""One line of a picture: kind ("therapy", "arm", "pooled", "prediction", "left_out"), left, right, note, y, figures."""

NAMES = {
    **{"type": "scatter", "mode": "markers", "name": "names", "x": [None], "y": [None]},
    **{"marker": {"opacity": 0}, "hoverinfo": "skip"},
}
"""An axis is drawn only for a trace of its own: this one carries the names on the left."""
_NOTE = {
    **{"x": 0.005, "xref": "paper", "xanchor": "left", "yanchor": "middle", "align": "left", "showarrow": False},
    **{"font": {"color": theme.GRAY}},
}
LARGE_TYPE = 20
"""From this size on, as on a projector, words are broken into shorter lines and axes have fewer ticks."""


def percent_axis(font_px: int) -> dict[str, Any]:
    """Return the whole axis from 0 to 100 percent."""
    ticks = [0, 25, 50, 75, 100] if font_px < LARGE_TYPE else [0, 50, 100]
    return {"range": [0, 100], "tickvals": ticks, "ticktext": [*map(str, ticks[:-1]), "100 %"]}


@functools.lru_cache(maxsize=1024)
def wrapped(text: str, width: int) -> tuple[str, ...]:
    """Return words in lines of at most `width` letters; pictures repeat theirs, and breaking them is slow."""
    return tuple(textwrap.wrap(text, width))


def broken(text: str, font_px: int) -> tuple[str, ...]:
    """Return words under the plot in lines that fit a window of 1024 pixels beside the names of the rows."""
    return wrapped(text, 90 if font_px < LARGE_TYPE else 46)


def escape(text: object) -> str:
    """Return what somebody wrote, such as the name of an own series, as text that plotly does not read as HTML."""
    return html.escape(str(text), quote=False)


def label(row: Mapping[Any, Any]) -> str:
    """Return author and year; a center's own series says that it is local."""
    name = f"{row['author']} {row['year']:.0f}" if pd.notna(row["year"]) else str(row["author"])
    return f"{name} (local)" if row.get("local") else name


def heading(therapy: str, said: Iterable[str] = ()) -> list[Line]:
    """Return the lines that name a therapy; what is said of its criteria stands beside the name, in the plot."""
    name = f"<b>{evidence.therapy_name(therapy)}</b>"
    notes = [{"note": {"text": text, "font": {"color": theme.INK}}} for text in said] or [{}]
    return [{"kind": "therapy", "left": "" if i else name, "right": "", **note} for i, note in enumerate(notes)]


def judged(therapies: Iterable[str], verdicts: Verdicts | None) -> Verdicts:
    """Return the verdicts of the therapies that are drawn, in their order."""
    return {name: verdicts[name] for name in therapies if verdicts and verdicts.get(name)}


def headings(therapies: list[str], verdicts: Verdicts, criteria: Mapping[str, str]) -> dict[str, list[Line]]:
    """Return :func:`heading` of each therapy; one that has no verdict has its name alone."""
    said = {name: _in_words(name, verdict, criteria.get(name, "")) for name, verdict in verdicts.items()}
    return {therapy: heading(therapy, said.get(therapy, ())) for therapy in therapies}


def _in_words(therapy: str, verdict: Tally | str, criteria: str) -> list[str]:
    """Return a verdict with its signs, line by line; that of a single rule set with the title of it."""
    if isinstance(verdict, Tally):
        return [f"{verdict.signs} {verdict}", *verdict.provisos]
    word = _word(therapy, verdict)
    return [f"{VERDICT_SIGNS[verdict]} " + (f"{word}: {escape(criteria)}" if criteria else f"criteria {word}")]


def _word(therapy: str, verdict: str) -> str:
    if verdict not in VERDICT_SIGNS:
        raise ValueError(
            f"verdicts[{therapy!r}]: given {verdict!r}, expected one of met, not_met, unknown, or a tally of "
            "nd.tallies(assessment)"
        )
    return VERDICT_WORDS[verdict]


def criteria_in_words(verdicts: Verdicts) -> str:
    """Return what is met of the criteria of each therapy in a picture; empty where no verdict was asked for."""
    said = [
        f"{evidence.therapy_name(name)}: {_counted(verdict) if isinstance(verdict, Tally) else _word(name, verdict)}"
        for name, verdict in verdicts.items()
    ]
    return f"Criteria by therapy. {'; '.join(said)}. {NOT_SELECTED}. " if said else ""


def _counted(tally: Tally) -> str:
    return f"{tally} ({', '.join(tally.provisos)})" if tally.provisos else str(tally)


def warnings(verdicts: Verdicts) -> list[str]:
    """Return what stands under the title of a picture of several series."""
    return [NOT_SELECTED, NO_COMPARISON] if verdicts else [NO_COMPARISON]


def name(row: Mapping[Any, Any]) -> str:
    """Return a series with its number of patients, † when a discrepancy touches it, ≠ when its patients differ."""
    text = escape(row["label"]) + (f", n = {row['n']:,.0f}" if pd.notna(row["n"]) else "")
    marks = " †" * bool(row.get("discrepancies")) + " ≠" * bool(row.get("differs"))
    return f"{text}{marks}"


def named(row: Mapping[Any, Any], font_px: int) -> Line:
    """Return the name of a series as the left of a line, a long one in several lines."""
    words = wrapped(name(row), 46 if font_px < LARGE_TYPE else 30)
    return {"left": "<br>".join(words), "height": len(words)}


def reasoned(row: Mapping[Any, Any], unit: str, font_px: int) -> Line:
    """Return the line of a row that is left out: its figure, and the reason."""
    value = f"{row['value']:g} {unit}: " if pd.notna(row["value"]) else ""
    reason, who = broken(f"{value}{row['left_out']}", font_px), named(row, font_px)
    hover = pointed(row).removeprefix("<br>")
    return {
        "kind": "left_out",
        "left": who["left"],
        "note": {"text": "<br>".join(map(escape, reason)), **({"hovertext": hover} if hover else {})},
        "height": max(len(reason), who["height"]),
    }


def note(left: str, right: str, font_px: int) -> Line:
    """Return a line of words under the plot."""
    words = broken(right, font_px)
    return {"kind": "left_out", "left": left, "note": {"text": "<br>".join(words)}, "height": len(words)}


def pointed(row: Mapping[Any, Any]) -> str:
    """Return which discrepancies touch a series, for the text that follows the pointer."""
    return f"<br>† {escape(row['discrepancies'])}" if row.get("discrepancies") else ""


def differs(row: Mapping[Any, Any]) -> str:
    """Return how the patients of a series differ from the one at hand, for the text that follows the pointer."""
    return f"<br>≠ this patient: {escape(row['differs'])}" if row.get("differs") else ""


def stacked(lines: list[Line]) -> list[Line]:
    """Return lines with the place of their middle, the first at the top; a line is 1 high unless it says otherwise."""
    heights = [line.get("height", 1) for line in lines]
    above = accumulate(heights, initial=0)
    return [
        {**line, "y": sum(heights) - top - (height - 1) / 2}
        for line, top, height in zip(lines, above, heights, strict=False)
    ]


def of(lines: list[Line], *kinds: str) -> list[Line]:
    """Return the lines of some kinds."""
    return [line for line in lines if line["kind"] in kinds]


def column(lines: list[Line], name: str) -> list[Any]:
    """Return one value of each line."""
    return [line[name] for line in lines]


def points(arms: list[Line]) -> dict[str, Any]:
    """Return where the points of series lie and what they say; how they look is to be added."""
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "series",
        "yaxis": "y2",  # its axis carries the figures on the right
        "x": column(arms, "value"),
        "y": column(arms, "y"),
        "customdata": column(arms, "outcome_id"),
        "text": column(arms, "hover"),
        "hovertemplate": "%{text}<extra></extra>",
    }


def layout(
    lines: list[Line], title: str, xaxis: Mapping[str, Any], font_px: int, under: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the layout: names on the left axis, figures on the right one, verdicts and reasons in the plot.

    The words `under` the title stand inside the picture at every size: the margin grows with them.
    """
    high = sum(line.get("height", 1) for line in lines)
    rows = {
        "range": [0.4, high + 0.6],
        "automargin": True,
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "ticks": "",
    }
    said = of(lines, "arm", "pooled", "prediction")
    heads = 1 + title.count("<br>")
    below = UNDER if under else 0
    notes = [{**line["note"], "y": line["y"]} for line in lines if "note" in line]
    shared = theme.layout(font_px)
    template = shared["template"]
    return {
        **shared,
        # What all notes share is said once: plotly's classes take their time for every property.
        "template": {**template, "layout": {**template["layout"], "annotationdefaults": _NOTE}},
        "height": round(font_px * (LINE * (high + heads) + below + 4.6)),  # and room for title and axis
        "title": _title(title, under, font_px),
        "margin": {"l": 10, "r": 10, "t": round(font_px * (1 + 1.6 * heads + below)), "b": round(font_px * 2.2)},
        "bargap": 0,
        "barmode": "overlay",
        "xaxis": {"gridcolor": theme.PALE, "zeroline": False, "fixedrange": True, "tickangle": 0, **xaxis},
        "yaxis": {**rows, "tickvals": column(lines, "y"), "ticktext": column(lines, "left")},
        "yaxis2": {
            **rows,
            "tickvals": column(said, "y"),
            "ticktext": column(said, "right"),
            "ticklabelstandoff": round(font_px * 0.4),
            "overlaying": "y",
            "side": "right",
        },
        **({"annotations": notes} if notes else {}),
    }


def beside(text: str) -> str:
    """Return what is said of a picture without what already stands inside it, to be shown beside it."""
    return text.replace(f" {NOT_SELECTED}.", "").replace(f" {NO_COMPARISON}.", "")


def _title(text: str, under: Sequence[str], font_px: int) -> dict[str, Any]:
    title = {"text": text, "x": 0, "xref": "paper", "font": {"size": round(font_px * 1.25)}}
    if not under:
        return title
    below = {"text": "<br>".join(under), "font": {"size": font_px}}
    # From the left edge of the picture, where there is most room for words.
    return {
        **title,
        "x": 0.005,
        "xref": "container",
        "pad": {"t": round(font_px * 0.3)},
        "automargin": True,
        "subtitle": below,
    }


def words(identifier: object) -> str:
    """Return an identifier as words."""
    return str(identifier).replace("_", " ")


def years(months: Any, word: str = " years") -> str:
    """Return a time in years where they are whole, else in months."""
    if pd.isna(months):
        return "no stated time"
    number = float(months) / 12
    if number == 1 and word == " years":
        return "1 year"
    return f"{number:g}{word}" if number.is_integer() else f"{months:g} month{'s' * (months != 1)}"


def listed(names: list[str]) -> str:
    """Return names joined as in a sentence."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else ""
