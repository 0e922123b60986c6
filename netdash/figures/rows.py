"""Rows under the names of their therapies: the skeleton that the forest and the medians share."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from typing import Any

import pandas as pd

from netdash import evidence
from netdash.figures import theme

LINE = 1.45
"""The height of a row in sizes of the type."""
Line = dict[str, Any]
"""One line of a picture: kind ("therapy", "arm", "pooled", "prediction", "left_out"), left, right, y, figures."""


def label(row: Mapping[Any, Any]) -> str:
    """Return author and year; a center's own series says that it is local."""
    name = f"{row['author']} {row['year']}" if pd.notna(row["year"]) else str(row["author"])
    return f"{name} (local)" if row.get("local") else name


def heading(therapy: str, verdict: str) -> Line:
    """Return the line that names a therapy and says in words whether its criteria are met."""
    word = theme.LOOKS[verdict].word
    name = f"<b>{evidence.therapy_name(therapy)}</b>" + (f": {word}" if word else "")
    return {"kind": "therapy", "therapy": therapy, "left": name, "right": ""}


def name(row: Mapping[Any, Any]) -> str:
    """Return a series with its number of patients, † when a discrepancy touches it, ≠ when its patients differ."""
    text = f"{row['label']}, n = {row['n']:g}" if pd.notna(row["n"]) else str(row["label"])
    marks = " †" * bool(row.get("discrepancies")) + " ≠" * bool(row.get("differs"))
    return f"{text}{marks}"


def differs(row: Mapping[Any, Any]) -> str:
    """Return how the patients of a series differ from the one at hand, for the text that follows the pointer."""
    return f"<br>≠ this patient: {row['differs']}" if row.get("differs") else ""


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


def layout(lines: list[Line], title: str, xaxis: Mapping[str, Any], font_px: int) -> dict[str, Any]:
    """Return the layout: names on the left axis, figures on the right one, reasons for what is left out in the plot."""
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
    notes = [
        {
            "text": line["right"],
            "x": 0.005,
            "xref": "paper",
            "xanchor": "left",
            "y": line["y"],
            "yanchor": "middle",
            "showarrow": False,
            "font": {"color": theme.GRAY},
        }
        for line in of(lines, "left_out")
    ]
    return {
        **theme.layout(font_px),
        "height": round(font_px * (LINE * high + 6)),  # and room for title and axis
        "title": {"text": title, "x": 0, "xref": "paper", "font": {"size": round(font_px * 1.25)}},
        "margin": {"l": 10, "r": 10, "t": round(font_px * 2.6), "b": round(font_px * 2.2)},
        "bargap": 0,
        "xaxis": {"gridcolor": theme.PALE, "zeroline": False, "fixedrange": True, "tickangle": 0, **xaxis},
        "yaxis": {**rows, "tickvals": column(lines, "y"), "ticktext": column(lines, "left")},
        "yaxis2": {
            **rows,
            "tickvals": column(said, "y"),
            "ticktext": column(said, "right"),
            "overlaying": "y",
            "side": "right",
        },
        **({"annotations": notes} if notes else {}),
    }


def words(identifier: object) -> str:
    """Return an identifier as words."""
    return str(identifier).replace("_", " ")


def years(months: Any, word: str = " years") -> str:
    """Return a time in years where they are whole, else in months."""
    if pd.isna(months):
        return "no stated time"
    number = float(months) / 12
    return f"{number:g}{word}" if number.is_integer() else f"{months:g} months"


def listed(names: list[str]) -> str:
    """Return names joined as in a sentence."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else ""
