"""Attrition: how a cohort shrinks criterion by criterion, and how many miss each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from netdash.figures import rows, theme
from netdash.figures.drawing import FigureDict, Trace, as_figure
from netdash.patient import FIELDS
from netdash.wording import listed, number_of

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

ALL = "All patients"
NEEDED = ("criterion", "n_before", "n_remaining", "n_excluded_alone")


def attrition_text(table: pd.DataFrame) -> str:
    """Return an attrition in words: who meets all, of whom it cannot be told and why, and what excludes most."""
    if "rule_set" in table:
        parts = table.groupby("rule_set", sort=False)
        return " ".join(f"{name}: {attrition_text(part.drop(columns='rule_set'))}" for name, part in parts)
    start, end = int(table["n_before"].iloc[0]), int(table["n_remaining"].iloc[-1])
    whole = "the one criterion" if len(table) == 1 else f"all {len(table)} criteria"
    sentences = [f"Of {number_of(start, 'patient')} {end:,} {'meets' if end == 1 else 'meet'} {whole}."]
    unknown = int(table["n_unknown"].sum()) if "n_unknown" in table else 0
    if unknown:
        absent = [FIELDS[name].label for name in table.attrs.get("absent", ())]
        why = f": {listed(absent)} {'is' if len(absent) == 1 else 'are'} not in the data" if absent else ""
        sentences.append(f"Of {unknown:,} it cannot be told{why}.")
    most = int(table["n_excluded_alone"].max())
    names = table.loc[table["n_excluded_alone"] == most, "criterion"].tolist()
    excludes = (
        f"{listed(names)} exclude{'s' * (len(names) == 1)} most, {most:,}" if most else "No criterion excludes anybody"
    )
    return " ".join([*sentences, f"{excludes}, whatever the others say."])


def attrition_bars(table: pd.DataFrame, *, font_px: int = 13) -> go.Figure:
    """Draw how a cohort shrinks.

    Parameters
    ----------
    table : DataFrame
        What ``nd.attrition`` returns of one rule set or of several: criterion, n_before, n_remaining, n_excluded_alone,
        n_unknown, and rule_set when there are several.
    font_px : int
        Size of the type in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        Filled bars count those who remain, hatched ones those who miss the criterion, whatever the others say.
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
    sets = [part for _, part in table.groupby("rule_set", sort=False)] if "rule_set" in table else [table]
    names: list[str] = []
    remaining, missed = [], []
    for place, part in enumerate(sets or [table]):
        _check(part)
        # plotly puts equal names of several rule sets in one order: a space without width tells them apart.
        names += [name + "\u200b" * place for name in (ALL, *map(rows.escape, part["criterion"]))]
        remaining += [int(part["n_before"].iloc[0]), *part["n_remaining"].astype(int).tolist()]
        missed += [0, *part["n_excluded_alone"].astype(int).tolist()]
    places: Sequence[object] = names
    if "rule_set" in table:
        places = [[str(part["rule_set"].iloc[0]) for part in sets for _ in range(len(part) + 1)], names]
    data = [
        _bars("remain", places, remaining, theme.BLUE, ""),
        _bars("miss this criterion, whatever the others say", places, missed, theme.GRAY, "/"),
    ]
    layout = _layout(len(names), max(*remaining, *missed, 1), font_px)
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


def _bars(legend: str, criteria: Sequence[object], counts: Sequence[int], color: str, hatch: str) -> Trace:
    # With several rule sets, y is two lists: the rule sets and the criteria.
    named: Any = criteria[-1] if isinstance(criteria[-1], list) else criteria
    return {
        "type": "bar",
        "orientation": "h",
        "name": legend,
        "y": criteria,
        "x": counts,
        "text": [
            f"{count:,}" if count or not name.startswith(ALL) else "" for count, name in zip(counts, named, strict=True)
        ],
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
