"""Rows under the names of their therapies: the skeleton that the forest and the medians share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from netdash import evidence
from netdash.figures import theme

COLUMNS = (
    "kind",
    "therapy",
    "verdict",
    "left",
    "right",
    "value",
    "ci_lb",
    "ci_ub",
    "pi_lb",
    "pi_ub",
    "weight",
    "local",
    "outcome_id",
    "hover",
)


def label(row: Mapping[Any, Any]) -> str:
    """Return author and year; a center's own series says that it is local."""
    name = f"{row['author']} {row['year']}" if pd.notna(row["year"]) else str(row["author"])
    return f"{name} (local)" if row.get("local") else name


def heading(therapy: str, verdict: str) -> dict[str, Any]:
    """Return the line that names a therapy and says in words whether its criteria are met."""
    word = theme.LOOKS[verdict].word
    name = f"<b>{evidence.therapy_name(therapy)}</b>" + (f": {word}" if word else "")
    return {"kind": "therapy", "therapy": therapy, "left": name, "right": ""}


def name(row: Mapping[Any, Any]) -> str:
    """Return a series with its number of patients, and a mark when a discrepancy touches it."""
    text = f"{row['label']}, n = {row['n']:g}" if pd.notna(row["n"]) else str(row["label"])
    return f"{text} †" if row.get("discrepancies") else text


def stacked(lines: list[dict[str, Any]]) -> pd.DataFrame:
    """Return lines as a table with their height, the first at the top."""
    table = pd.DataFrame(lines, columns=list(COLUMNS))
    return table.assign(y=range(len(lines), 0, -1))


def layout(lines: pd.DataFrame, title: str, xaxis: Mapping[str, Any], font_px: int) -> dict[str, Any]:
    """Return the layout: names on the left axis, figures on the right one, reasons for what is left out in the plot."""
    rows = {
        "range": [0.4, len(lines) + 0.6],
        "automargin": True,
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "ticks": "",
    }
    said = lines[~lines["kind"].isin(["therapy", "left_out"])]
    return {
        **theme.layout(font_px),
        "title": {"text": title, "x": 0, "xref": "paper", "font": {"size": round(font_px * 1.25)}},
        "margin": {"l": 10, "r": 10, "t": round(font_px * 2.6), "b": round(font_px * 2.2)},
        "bargap": 0,
        "xaxis": {"gridcolor": theme.PALE, "zeroline": False, "fixedrange": True, "tickangle": 0, **xaxis},
        "yaxis": {**rows, "tickvals": lines["y"].tolist(), "ticktext": lines["left"].tolist()},
        "yaxis2": {
            **rows,
            "tickvals": said["y"].tolist(),
            "ticktext": said["right"].tolist(),
            "overlaying": "y",
            "side": "right",
        },
        "annotations": [
            {
                "text": row.right,
                "x": 0.005,
                "xref": "paper",
                "xanchor": "left",
                "y": row.y,
                "yanchor": "middle",
                "showarrow": False,
                "font": {"color": theme.GRAY},
            }
            for row in lines[lines["kind"] == "left_out"].itertuples()
        ],
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
