"""Attrition: how a cohort shrinks criterion by criterion, and what each excludes alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from netdash.figures import rows, theme
from netdash.figures.drawing import FigureDict, Trace, as_figure
from netdash.wording import listed

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

NEEDED = ("criterion", "n_before", "n_remaining", "n_excluded_alone")


def attrition_text(table: pd.DataFrame) -> str:
    """Return the attrition in one sentence."""
    start, end = int(table["n_before"].iloc[0]), int(table["n_remaining"].iloc[-1])
    most = int(table["n_excluded_alone"].max())
    names = table.loc[table["n_excluded_alone"] == most, "criterion"].tolist()
    alone = f"{listed(names)} exclude{'s' * (len(names) == 1)} most ({most:,})" if most else "none excludes anybody"
    return (
        f"Of {start:,} patients {end:,} meet all {len(table)} criteria; alone, {alone}. Patients of whom a criterion "
        "is not known do not remain."
    )


def attrition_bars(table: pd.DataFrame, *, font_px: int = 13) -> go.Figure:
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
        Filled bars count those who remain, hatched ones those whom the criterion alone excludes.
        ``layout.meta["text"]`` says it in words.

    Raises
    ------
    ValueError
        When the table has no rows, or they are not in the order of ``nd.attrition``.

    Examples
    --------
    >>> import netdash as nd
    >>> import pandas as pd
    >>> table = nd.attrition(pd.DataFrame({"age_years": [48, 60, None]}), "milan_review")
    >>> nd.attrition_bars(table).layout.title.text
    'Who remains, criterion by criterion'
    """
    return as_figure(attrition_dict(table, font_px=font_px))


def attrition_dict(table: pd.DataFrame, *, font_px: int = 13) -> FigureDict:
    """Return the bars as a plain dictionary; for the parameters see :func:`attrition_bars`."""
    _check(table)
    names = ["All patients", *map(rows.escape, table["criterion"])]
    remaining = [int(table["n_before"].iloc[0]), *table["n_remaining"].astype(int).tolist()]
    alone = [0, *table["n_excluded_alone"].astype(int).tolist()]
    data = [
        _bars("remain", names, remaining, theme.BLUE, ""),
        _bars("excluded by this criterion alone", names, alone, theme.GRAY, "/"),
    ]
    layout = _layout(len(names), max(*remaining, *alone, 1), font_px)
    return {"data": data, "layout": {**layout, "meta": {"text": attrition_text(table)}}}


def _check(table: pd.DataFrame) -> None:
    """Raise ValueError unless the table is one of ``nd.attrition``, with its rows in order."""
    missing = [name for name in NEEDED if name not in getattr(table, "columns", ())]
    if missing or table.empty:
        raise ValueError(f"table: given no {', '.join(missing) or 'rows'}, expected what nd.attrition returns")
    if table["n_before"].tolist()[1:] != table["n_remaining"].tolist()[:-1]:
        raise ValueError(
            "table: given rows in which n_before is not n_remaining of the row above; "
            "expected all rows of nd.attrition in their order"
        )


def _bars(name: str, criteria: Sequence[str], counts: Sequence[int], color: str, hatch: str) -> Trace:
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "y": criteria,
        "x": counts,
        "text": [f"{count:,}" if count or place else "" for place, count in enumerate(counts)],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": color, "pattern": {"shape": hatch, "fgcolor": "white"}},
    }


def _layout(bars: int, longest: int, font_px: int) -> Mapping[str, object]:
    return {
        **theme.layout(font_px),
        "height": round(font_px * (3 * bars + 11)),  # two bars for each criterion, and title, axis and legend
        "title": {"text": "Who remains, criterion by criterion", "x": 0.01, "xref": "container"},
        "margin": {"t": round(3 * font_px), "b": round(6.5 * font_px), "r": 10},
        "barmode": "group",
        "bargap": 0.15,
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "xref": "container", "y": 0, "yref": "container", "yanchor": "bottom"},
        "xaxis": {
            "title": {"text": "patients", "standoff": 5},
            "range": [0, 1.15 * longest],  # with room for the figure beside the longest bar
            "tickangle": 0,
            "nticks": 5,
            "fixedrange": True,
        },
        "yaxis": {"autorange": "reversed", "automargin": True, "fixedrange": True},
    }
