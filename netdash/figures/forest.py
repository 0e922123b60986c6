"""The forest: one endpoint at one horizon, one row per arm, grouped by therapy in fixed order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from netdash import evidence
from netdash.figures import theme
from netdash.pooling import wilson

if TYPE_CHECKING:
    import plotly.graph_objects as go

OVERALL_SURVIVAL = "overall_survival"
FIVE_YEARS = 60
_LEFT_OUT_BY = {
    "endpoint": "another endpoint: {0}",
    "statistic": "a {0}, not a rate",
    "horizon": "at {0}, not at {1}",
    "missing": "no percent or no number of patients printed",
}


def forest_table(
    outcomes: pd.DataFrame, *, endpoint: str = OVERALL_SURVIVAL, horizon_months: float = FIVE_YEARS
) -> pd.DataFrame:
    """Return what the forest draws and what it leaves out, row by row.

    Parameters
    ----------
    outcomes : DataFrame
        Rows of ``nd.outcomes()``.
    endpoint : str
        The one endpoint on the axis.
    horizon_months : float
        The one horizon of the rates, in months.

    Returns
    -------
    DataFrame
        The rows of `outcomes` in the order of the therapies, then by year, with ``label`` (author and year),
        ``same_axis`` (whether it is a rate of that endpoint at that horizon, drawn or not), ``ci_lb`` and ``ci_ub``
        (95 % Wilson interval in percent, computed from n and percent, so it ignores censoring; NaN where left out)
        and ``left_out`` (the reason; empty when drawn).

    Raises
    ------
    ValueError
        When no row has that endpoint; the message lists those there are.
    """
    known = sorted(outcomes["endpoint"].dropna().unique())
    if endpoint not in known:
        raise ValueError(f"endpoint {endpoint!r} is in no row; expected one of {', '.join(known)}")
    order = {name: place for place, name in enumerate(evidence.therapies()["therapy"])}
    table = outcomes.assign(
        label=[_label(row) for row in outcomes.to_dict("records")],
        left_out=[_reason(row, endpoint, horizon_months) for row in outcomes.to_dict("records")],
        same_axis=(outcomes["endpoint"] == endpoint)
        & (outcomes["statistic"] == "rate")
        & (outcomes["horizon_months"] == horizon_months),
    ).sort_values(["therapy", "year", "outcome_id"], key=lambda c: c.map(order) if c.name == "therapy" else c)
    drawn = table["left_out"] == ""
    bounds = wilson(table.loc[drawn, "value"].to_numpy(float), table.loc[drawn, "n"].to_numpy(float))
    table["ci_lb"], table["ci_ub"] = float("nan"), float("nan")
    table.loc[drawn, ["ci_lb", "ci_ub"]] = bounds
    return table


def _label(row: Mapping[Any, Any]) -> str:
    label = f"{row['author']} {row['year']}" if pd.notna(row["year"]) else str(row["author"])
    return f"{label} (local)" if row.get("local") else label


def _reason(row: Mapping[Any, Any], endpoint: str, horizon_months: float) -> str:
    if row["endpoint"] != endpoint:
        return _LEFT_OUT_BY["endpoint"].format(_words(row["endpoint"]))
    if row["statistic"] != "rate":
        return _LEFT_OUT_BY["statistic"].format(row["statistic"])
    if row["horizon_months"] != horizon_months:
        return _LEFT_OUT_BY["horizon"].format(_years(row["horizon_months"]), _years(horizon_months))
    if not row["poolable"] and not row.get("local"):
        return str(row["why_not_poolable"])
    return _LEFT_OUT_BY["missing"] if pd.isna(row["value"]) or pd.isna(row["n"]) else ""


def forest_text(
    outcomes: pd.DataFrame,
    verdicts: Mapping[str, str] | None = None,
    *,
    endpoint: str = OVERALL_SURVIVAL,
    horizon_months: float = FIVE_YEARS,
) -> str:
    """Return the forest in one sentence; the parameters are those of :func:`forest`."""
    table = forest_table(outcomes, endpoint=endpoint, horizon_months=horizon_months)
    drawn = table[table["left_out"] == ""].sort_values("value")
    name = title(endpoint, horizon_months)
    if drawn.empty:
        return f"{name}: no series can be drawn; {len(table)} rows are left out, each with its reason."
    met = [evidence.therapy_name(t) for t in drawn["therapy"].unique() if (verdicts or {}).get(t) == "met"]
    low, high = (_who(drawn.iloc[place]) for place in (0, -1))
    return (
        f"{name}: {len(drawn)} series, from {low} to {high}; criteria met for "
        f"{_listed(sorted(met)) or 'none of these'}; different patients in each, so the rows do not compare therapies."
    )


def _who(row: pd.Series[Any]) -> str:
    return f"{row['value']:g} % ({evidence.therapy_name(row['therapy']).lower()}, {row['label']}, n = {row['n']:g})"


def forest(
    outcomes: pd.DataFrame,
    pooled: None = None,
    verdicts: Mapping[str, str] | None = None,
    *,
    endpoint: str = OVERALL_SURVIVAL,
    horizon_months: float = FIVE_YEARS,
    left_out: bool = True,
    font_px: int = 13,
) -> go.Figure:
    """Draw one endpoint at one horizon, one row per arm, on the natural scale of 0 to 100 percent.

    Parameters
    ----------
    outcomes : DataFrame
        Rows of ``nd.outcomes()``.
    pooled : None
        No pooled rows are drawn yet.
    verdicts : mapping, optional
        Verdict ("met", "not_met", "unknown") by therapy. Therapies whose criteria are met stand in color and
        say so; the others are gray.
    endpoint, horizon_months
        What is on the axis; every other row is left out, with the reason.
    left_out : bool
        Whether the rows of the same endpoint and horizon that are left out stand below, each with its reason.
    font_px : int
        Size of the type in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        ``layout.meta["text"]`` holds the same in one sentence.

    Raises
    ------
    ValueError
        When no row has that endpoint.

    Notes
    -----
    Every interval is a 95 % Wilson interval computed here from n and percent. It ignores censoring, so it is
    drawn as a hollow box; no series of the review prints an interval of its own.
    """
    import plotly.graph_objects as go

    table = forest_table(outcomes, endpoint=endpoint, horizon_months=horizon_months)
    lines = _lines(table if left_out else table[table["left_out"] == ""], verdicts or {})
    drawn = lines[lines["kind"] == "arm"]
    color = drawn["verdict"].map(lambda v: theme.LOOKS[v].color)
    figure = go.Figure(layout=_layout(lines, title(endpoint, horizon_months), font_px))
    figure.add_bar(
        orientation="h",
        y=drawn["y"].tolist(),
        base=drawn["ci_lb"].tolist(),
        x=(drawn["ci_ub"] - drawn["ci_lb"]).tolist(),
        width=0.5,
        marker={"color": "rgba(255,255,255,0)", "line": {"color": color.tolist(), "width": 1.5}},
        hoverinfo="skip",
    )
    figure.add_scatter(
        mode="markers",
        yaxis="y2",  # its axis carries the figures on the right
        x=drawn["value"].tolist(),
        y=drawn["y"].tolist(),
        customdata=drawn["outcome_id"].tolist(),
        text=drawn["hover"].tolist(),
        hovertemplate="%{text}<extra></extra>",
        marker={
            "color": color.tolist(),
            "size": round(font_px * 0.62),
            "symbol": drawn["verdict"].map(lambda v: theme.LOOKS[v].symbol).tolist(),
            "line": {"width": 2},
        },
    )
    figure.layout.meta = {
        "text": forest_text(outcomes, verdicts, endpoint=endpoint, horizon_months=horizon_months),
        "caption": caption(table),
    }
    return figure


def caption(table: pd.DataFrame) -> str:
    """Return the sentence that stands under the forest of one :func:`forest_table`."""
    left_out = int((table["left_out"] != "").sum())
    return (
        "Hollow boxes: 95 % Wilson intervals computed here from n and percent; they ignore censoring and no source "
        f"prints them. {left_out} rows left out, each with its reason."
    )


def title(endpoint: str, horizon_months: float) -> str:
    """Return the name of an axis, such as "5-year overall survival"."""
    return f"{_years(horizon_months, '-year')} {_words(endpoint)}"


def _lines(table: pd.DataFrame, verdicts: Mapping[str, str]) -> pd.DataFrame:
    """Return one row per line of the picture, top to bottom: therapy names, their arms, then what is left out."""
    lines: list[dict[str, Any]] = []
    drawn = table[table["left_out"] == ""]
    for therapy, arms in drawn.groupby("therapy", sort=False):
        verdict = verdicts.get(str(therapy), "")
        word = theme.LOOKS[verdict].word
        name = f"<b>{evidence.therapy_name(str(therapy))}</b>" + (f": {word}" if word else "")
        lines.append({"kind": "therapy", "left": name, "right": "", "color": theme.LOOKS[verdict].color})
        lines += [{"kind": "arm", "verdict": verdict, **_arm(row)} for row in arms.to_dict("records")]
    same_axis = table[(table["left_out"] != "") & table["same_axis"]]
    if len(same_axis):
        lines.append({"kind": "therapy", "left": "<b>Left out</b>", "right": "", "color": theme.GRAY})
        lines += [{"kind": "left_out", **_arm(row)} for row in same_axis.to_dict("records")]
    columns = ["kind", "verdict", "left", "right", "value", "ci_lb", "ci_ub", "outcome_id", "hover", "color"]
    return pd.DataFrame(lines, columns=columns).assign(y=range(len(lines), 0, -1))


def _arm(row: Mapping[Any, Any]) -> dict[str, Any]:
    name = f"{row['label']}, n = {row['n']:g}" if pd.notna(row["n"]) else str(row["label"])
    if row["left_out"]:
        value = f"{row['value']:g} %: " if pd.notna(row["value"]) else ""
        return {"left": name, "right": f"{value}{row['left_out']}"}
    interval = f"{row['ci_lb']:.0f} to {row['ci_ub']:.0f}"
    return {
        "left": name,
        "right": f"{row['value']:g} % ({interval})",
        "value": row["value"],
        "ci_lb": row["ci_lb"],
        "ci_ub": row["ci_ub"],
        "outcome_id": row["outcome_id"],
        "hover": f"<b>{row['label']}</b>, {row['arm']}<br>{row['value']:g} % of {row['n']:g}, "
        f"interval {interval} %<br>{row['locator']}",
    }


def _layout(lines: pd.DataFrame, name: str, font_px: int) -> dict[str, Any]:
    rows = {
        "range": [0.4, len(lines) + 0.6],
        "automargin": True,
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "ticks": "",
    }
    arms, reasons = (lines[lines["kind"] == kind] for kind in ("arm", "left_out"))
    return {
        **theme.layout(font_px),
        "title": {"text": name, "x": 0, "xref": "paper", "font": {"size": round(font_px * 1.25)}},
        "margin": {"l": 10, "r": 10, "t": round(font_px * 2.6), "b": round(font_px * 2.2)},
        "bargap": 0,
        "xaxis": {
            "range": [0, 100],
            "tickvals": [0, 25, 50, 75, 100],
            "ticktext": ["0", "25", "50", "75", "100 %"],
            "tickangle": 0,
            "gridcolor": theme.PALE,
            "zeroline": False,
            "fixedrange": True,
        },
        "yaxis": {**rows, "tickvals": lines["y"].tolist(), "ticktext": lines["left"].tolist()},
        "yaxis2": {
            **rows,
            "tickvals": arms["y"].tolist(),
            "ticktext": arms["right"].tolist(),
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
            for row in reasons.itertuples()
        ],
    }


def _words(identifier: object) -> str:
    return str(identifier).replace("_", " ")


def _years(months: Any, word: str = " years") -> str:
    if pd.isna(months):
        return "no stated time"
    years = float(months) / 12
    return f"{years:g}{word}" if years.is_integer() else f"{months:g} months"


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else ""
