"""Attrition: how a cohort shrinks criterion by criterion, and what each excludes alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdash.figures import theme
from netdash.figures.plain import Drawing, Figure

if TYPE_CHECKING:
    import pandas as pd


def attrition_text(table: pd.DataFrame) -> str:
    """Return the attrition in one sentence."""
    start, end = int(table["n_before"].iloc[0]), int(table["n_remaining"].iloc[-1])
    most = table.sort_values("n_excluded_alone").iloc[-1]
    return (
        f"Of {start:,} patients {end:,} meet all {len(table)} criteria; alone, {most['criterion']} excludes most "
        f"({int(most['n_excluded_alone']):,}). Patients of whom a criterion is not known do not remain."
    )


@Figure
def attrition_bars(table: pd.DataFrame, *, font_px: int = 13) -> Drawing:
    """Draw how a cohort shrinks.

    Parameters
    ----------
    table : DataFrame
        What ``nd.attrition`` returns: criterion, n_before, n_remaining, n_excluded_alone, n_unknown.
    font_px : int
        Size of the type in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        Filled bars remain, hatched ones are excluded by the criterion alone; ``layout.meta["text"]`` says it in words.

    Raises
    ------
    ValueError
        When the table has no rows.
    """
    if table.empty:
        raise ValueError("table: given no rows, expected what nd.attrition returns")
    names = ["All patients", *table["criterion"].tolist()]
    remaining = [int(table["n_before"].iloc[0]), *table["n_remaining"].astype(int).tolist()]
    alone = [0, *table["n_excluded_alone"].astype(int).tolist()]
    bars = (
        ("remain", remaining, theme.BLUE, ""),
        ("excluded by this criterion alone", alone, theme.GRAY, "/"),
    )
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": name,
            "y": names,
            "x": values,
            "text": [f"{value:,}" for value in values],
            "textposition": "auto",
            "marker": {"color": color, "pattern": {"shape": hatch, "fgcolor": "white"}},
        }
        for name, values, color, hatch in bars
    ]
    layout = {
        **theme.layout(font_px),
        "title": {"text": "Who remains, criterion by criterion", "x": 0, "xref": "paper"},
        "barmode": "group",
        "showlegend": True,
        "legend": {"orientation": "h", "y": -0.15},
        "xaxis": {"title": {"text": "patients"}, "rangemode": "tozero", "fixedrange": True},
        "yaxis": {"autorange": "reversed", "automargin": True, "fixedrange": True},
        "meta": {"text": attrition_text(table)},
    }
    return {"data": data, "layout": layout}
