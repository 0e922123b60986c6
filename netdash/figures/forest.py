"""The forest: one endpoint at one horizon, one row per arm, grouped by therapy in fixed order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

import pandas as pd

from netdash import evidence, outcome_rows
from netdash.effects import log_odds, wilson
from netdash.figures import marks, rows, theme
from netdash.figures.plain import Drawing, Figure
from netdash.pooling import FEWEST_STUDIES, Pooled

OVERALL_SURVIVAL = "overall_survival"
FIVE_YEARS = 60
ADDED = ("label", "left_out", "same_axis", "ci_lb", "ci_ub")
_NEEDED = ("outcome_id", "author", "year", "therapy", "endpoint", "statistic", "horizon_months", "value", "n")
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
    found = _records(outcomes, endpoint, horizon_months)
    return outcome_rows.in_order(outcomes).assign(**{name: [row[name] for row in found] for name in ADDED})


def _records(outcomes: pd.DataFrame, endpoint: str, horizon_months: float) -> list[dict[Any, Any]]:
    """Return the rows of :func:`forest_table` as plain dictionaries."""
    outcome_rows.expect(outcomes, *_NEEDED, endpoint=endpoint)
    outcome_rows.expect_months(horizon_months)
    found = outcome_rows.records_in_order(outcomes)
    for row in found:
        same_axis = _same_axis(row, endpoint, horizon_months)
        row.update(label=rows.label(row), left_out=_reason(row, endpoint, horizon_months), same_axis=same_axis)
        row.update(ci_lb=float("nan"), ci_ub=float("nan"))
    drawn = _drawn(found)
    bounds = wilson([row["value"] for row in drawn], [row["n"] for row in drawn])
    for row, low, high in zip(drawn, *bounds.T.tolist(), strict=True):
        row.update(ci_lb=low, ci_ub=high)
    return found


def _same_axis(row: Mapping[Any, Any], endpoint: str, horizon_months: float) -> bool:
    return bool(row["endpoint"] == endpoint and row["statistic"] == "rate" and row["horizon_months"] == horizon_months)


def _drawn(found: list[dict[Any, Any]]) -> list[dict[Any, Any]]:
    return [row for row in found if not row["left_out"]]


def _reason(row: Mapping[Any, Any], endpoint: str, horizon_months: float) -> str:
    if row["endpoint"] != endpoint:
        return _LEFT_OUT_BY["endpoint"].format(rows.words(row["endpoint"]))
    if row["statistic"] != "rate":
        return _LEFT_OUT_BY["statistic"].format(row["statistic"])
    if row["horizon_months"] != horizon_months:
        return _LEFT_OUT_BY["horizon"].format(rows.years(row["horizon_months"]), rows.years(horizon_months))
    why = "" if row.get("local") else outcome_rows.why_left_out(row)
    if why:
        return why
    return _LEFT_OUT_BY["missing"] if pd.isna(row["value"]) or pd.isna(row["n"]) else ""


def forest_text(
    outcomes: pd.DataFrame,
    verdicts: rows.Verdicts | None = None,
    *,
    endpoint: str = OVERALL_SURVIVAL,
    horizon_months: float = FIVE_YEARS,
) -> str:
    """Return the forest in words; the parameters are those of :func:`forest`."""
    found = _records(outcomes, endpoint, horizon_months)
    judged = rows.judged(_therapies(_drawn(found)), verdicts)
    return _sentence(found, judged, title(endpoint, horizon_months) + outcome_rows.said_reading(outcomes))


def _sentence(found: list[dict[Any, Any]], verdicts: rows.Verdicts, name: str) -> str:
    drawn = sorted(_drawn(found), key=lambda row: row["value"])
    if not drawn:
        return f"{name}: no series can be drawn; {len(found)} rows are left out, each with its reason."
    low, high = (_who(drawn[place]) for place in (0, -1))
    span = f"from {low} to {high}" if len(drawn) > 1 else low
    return f"{name}: {len(drawn)} series, {span}. {rows.criteria_in_words(verdicts)}{rows.NO_COMPARISON}."


def _who(row: Mapping[Any, Any]) -> str:
    return f"{row['value']:g} % ({evidence.therapy_name(row['therapy']).lower()}, {row['label']}, n = {row['n']:,.0f})"


@Figure
def forest(
    outcomes: pd.DataFrame,
    pooled: Mapping[str, Pooled] | Pooled | None = None,
    verdicts: rows.Verdicts | None = None,
    *,
    endpoint: str = OVERALL_SURVIVAL,
    horizon_months: float = FIVE_YEARS,
    left_out: bool = True,
    weights: bool = True,
    criteria: Mapping[str, str] | None = None,
    differing: Mapping[str, str] | None = None,
    font_px: int = 13,
) -> Drawing:
    """Draw one endpoint at one horizon, one row per arm, on the natural scale of 0 to 100 percent.

    Parameters
    ----------
    outcomes : DataFrame
        Rows of ``nd.outcomes()``.
    pooled : mapping of str to Pooled, or Pooled, optional
        By therapy: the rows drawn for it, pooled (measure "PLO"); one alone when the rows are of one therapy. Adds a
        diamond, and a row for the prediction interval; squares are then sized by weight. Two series are not pooled in
        the picture: their rates stand side by side.
    verdicts : mapping, optional
        By therapy: what ``nd.tallies`` returns, or the verdict ("met", "not_met", "unknown") of one rule set. Said in
        words and signs beside the name of the therapy; no series looks otherwise because of it.
    endpoint, horizon_months
        What is on the axis; every other row is left out, with the reason.
    left_out : bool
        Whether what the page writes under the plot stands in it: how each diamond was made, and the rows of the same
        endpoint and horizon that are left out, each with its reason.
    weights : bool
        Whether the weight of each series stands beside its figures, where it is pooled.
    criteria : mapping, optional
        By therapy: the criteria that a single verdict is of, such as "Milan 2007"; their name stands beside it.
    differing : mapping, optional
        By study_id: how the patients of a series are known to differ from the one at hand
        (``netdash.comparison.differing``). Those series are marked ≠.
    font_px : int
        Size of the type in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        ``layout.meta["text"]`` holds the same in words, ``layout.meta["caption"]`` how it was made.

    Raises
    ------
    ValueError
        When no row has that endpoint, or a pooled estimate is of other rows than those drawn.

    Notes
    -----
    Every interval of a series is a 95 % Wilson interval computed here from n and percent. It ignores censoring, so
    it is drawn as a hollow box; no series of the review prints an interval of its own. The title says that each row
    holds other patients and, where verdicts are given, that no series was selected by these criteria. † marks a series
    that a discrepancy touches: the text at the pointer names it, and ``nd.source(outcome_id)`` says all of it. The
    scale is whole, from 0 to 100 percent, so that no interval is ever cut.
    """
    found = _records(outcomes, endpoint, horizon_months)
    therapies = _therapies(_drawn(found))
    name = _of(therapies) + title(endpoint, horizon_months) + outcome_rows.said_reading(outcomes)
    fits, judged = _by_therapy(pooled, therapies), rows.judged(therapies, verdicts)
    records = [{**row, "differs": (differing or {}).get(row.get("study_id", ""), "")} for row in found]
    headings = rows.headings(therapies, judged, criteria or {})
    lines = _lines(records, fits, headings, left_out=left_out, show_weights=weights, font_px=font_px)
    under = rows.warnings(judged)
    meta = {"text": _sentence(found, judged, name), "caption": _caption(found, fits)}
    return {
        "data": [
            rows.NAMES,
            *marks.arms(rows.of(lines, "arm"), font_px),
            *map(marks.diamond, rows.of(lines, "pooled")),
            *map(marks.whisker, rows.of(lines, "prediction")),
        ],
        "layout": {**rows.layout(lines, name, rows.percent_axis(font_px), font_px, under), "meta": meta},
    }


def _by_therapy(pooled: Mapping[str, Pooled] | Pooled | None, therapies: list[str]) -> Mapping[str, Pooled]:
    if not isinstance(pooled, Pooled):
        return {therapy: fit for therapy, fit in (pooled or {}).items() if therapy in therapies}
    if len(therapies) != 1:
        raise ValueError(
            f"pooled: given one estimate for rows of {', '.join(therapies) or 'no therapy'}; expected rows of one "
            "therapy, or nd.pool_by_therapy(outcomes)"
        )
    return {therapies[0]: pooled}


def _therapies(drawn: list[dict[Any, Any]]) -> list[str]:
    return list(dict.fromkeys(str(row["therapy"]) for row in drawn))


def _of(therapies: list[str]) -> str:
    """Return the name of the therapy when there is one only, to stand before the title."""
    return f"{evidence.therapy_name(therapies[0])}: " if len(therapies) == 1 else ""


def caption(table: pd.DataFrame, pooled: Mapping[str, Pooled] | None = None) -> str:
    """Return what stands under the forest of one :func:`forest_table`: how it was made, and what is not in it."""
    return _caption(outcome_rows.records(table[["left_out"]]), pooled or {})


def _caption(found: list[dict[Any, Any]], pooled: Mapping[str, Pooled]) -> str:
    models = [
        f"{evidence.therapy_name(name)}: {_model(fit)}" for name, fit in pooled.items() if fit.k >= FEWEST_STUDIES
    ]
    apart = [evidence.therapy_name(name) for name, fit in pooled.items() if fit.k < FEWEST_STUDIES]
    two = f"Two series are not pooled: {rows.listed(apart)}. " if apart else ""
    together = (
        "Diamonds pool single-arm series on the log-odds scale; dotted, the 95 % prediction interval. "
        + " ".join(models)
        + " "
    )
    return (
        "Hollow boxes: 95 % Wilson intervals computed here from n and percent; they ignore censoring and no source "
        f"prints them. {together if models else ''}{two}† a known discrepancy. "
        f"{len(found) - len(_drawn(found))} rows left out, each with its reason."
    )


def title(endpoint: str, horizon_months: float) -> str:
    """Return the name of an axis, such as "5-year overall survival"."""
    return f"{rows.years(horizon_months, '-year')} {rows.words(endpoint)}"


def _lines(
    records: list[dict[Any, Any]],
    pooled: Mapping[str, Pooled],
    headings: Mapping[str, list[rows.Line]],
    *,
    left_out: bool,
    show_weights: bool,
    font_px: int,
) -> list[rows.Line]:
    """Return the lines of the picture, top to bottom: therapy names, their arms, then what is left out."""
    lines: list[rows.Line] = []
    for therapy, found in groupby(_drawn(records), key=lambda record: str(record["therapy"])):
        arms, heading, fit = list(found), headings[therapy], pooled.get(therapy)
        weights = _weights(arms, fit, therapy)
        lines += heading
        lines += [_weighted(arm, weights, show_weights, font_px) for arm in arms]
        lines += _together(arms, fit, font_px) if fit else []
    if left_out:
        lines += _models(pooled, font_px)
    same_axis = [record for record in records if record["left_out"] and record["same_axis"]]
    if left_out and same_axis:
        lines.append({"kind": "therapy", "left": "<b>Left out</b>", "right": ""})
        lines += [rows.reasoned(record, "%", font_px) for record in same_axis]
    return rows.stacked(lines)


def _models(pooled: Mapping[str, Pooled], font_px: int) -> list[rows.Line]:
    """Return how each diamond was made, as lines under the plot."""
    drawn = {evidence.therapy_name(therapy): fit for therapy, fit in pooled.items() if fit.k >= FEWEST_STUDIES}
    lines = [rows.note(name, _model(fit), font_px) for name, fit in drawn.items()]
    return [{"kind": "therapy", "left": "<b>How pooled</b>", "right": ""}, *lines] if lines else []


def _model(fit: Pooled) -> str:
    return f"k = {fit.k}, tau² = {fit.tau2:.2f}, I² = {fit.i2:.0f} %, {fit.method}, {fit.test}. {fit.caution}".strip()


def _weighted(arm: Mapping[Any, Any], weights: Mapping[str, float], show: bool, font_px: int) -> rows.Line:
    weight, line = weights.get(arm["outcome_id"]), _arm(arm, font_px)
    said = "" if weight is None else f", weight {weight:.0f} %"
    return {**line, "weight": weight, "right": line["right"] + said * show, "hover": line["hover"] + said}


def _weights(arms: list[dict[Any, Any]], fit: Pooled | None, therapy: str) -> dict[str, float]:
    if fit is None:
        return {}
    pooled = [arm for arm in arms if arm["poolable"]]
    effects = log_odds([arm["value"] for arm in pooled], [arm["n"] for arm in pooled])
    try:
        weights = fit.weights_of("PLO", *effects).tolist()
    except ValueError:
        raise ValueError(
            f"pooled[{therapy!r}]: given {fit.k} studies of measure {fit.measure}, expected the {len(pooled)} rows "
            "drawn, as PLO and with the same figures; pool them with nd.pool_by_therapy(outcomes)"
        ) from None
    return dict(zip((arm["outcome_id"] for arm in pooled), weights, strict=True)) if fit.k >= FEWEST_STUDIES else {}


def side_by_side(rates: Iterable[float]) -> str:
    """Return the rates of series that are too few to pool, such as "29 and 52 %, 2 series, not pooled"."""
    found = [f"{rate:g}" for rate in rates]
    return f"{rows.listed(found)} %, {len(found)} series, not pooled"


def _together(arms: list[dict[Any, Any]], fit: Pooled, font_px: int) -> list[rows.Line]:
    """Return the lines under the series of one therapy: a diamond of them, or the rates where they are too few."""
    if fit.k >= FEWEST_STUDIES:
        return _pooled(fit)
    line = rows.note("", side_by_side(arm["value"] for arm in arms if arm["poolable"]), font_px)
    return [{**line, "note": {**line["note"], "font": {"color": theme.INK}}}]


def _pooled(fit: Pooled) -> list[rows.Line]:
    on_scale = fit.transformed()
    percent = {name: 100 * getattr(on_scale, name) for name in ("estimate", "ci_lb", "ci_ub", "pi_lb", "pi_ub")}
    hover = str(fit).replace("\n", "<br>")
    diamond = {
        "kind": "pooled",
        "left": f"<i>Pooled, k = {fit.k}</i>",
        "right": f"{percent['estimate']:.0f} % ({percent['ci_lb']:.0f} to {percent['ci_ub']:.0f})",
        "value": percent["estimate"],
        "hover": hover,
        **percent,
    }
    return [
        diamond,
        {
            **diamond,
            "kind": "prediction",
            "left": "<i>prediction interval</i>",
            "right": f"{percent['pi_lb']:.0f} to {percent['pi_ub']:.0f} %",
        },
    ]


def _arm(row: Mapping[Any, Any], font_px: int) -> rows.Line:
    interval = f"{row['ci_lb']:.0f} to {row['ci_ub']:.0f}"
    return {
        "kind": "arm",
        "therapy": row["therapy"],
        **rows.named(row, font_px),
        "right": f"{row['value']:g} % ({interval})",
        "value": row["value"],
        "ci_lb": row["ci_lb"],
        "ci_ub": row["ci_ub"],
        "outcome_id": row["outcome_id"],
        "hover": f"<b>{rows.escape(row['label'])}</b>, {rows.escape(row['arm'])}<br>{row['value']:g} % of "
        f"{row['n']:,.0f}, interval {interval} %<br>{rows.escape(row['locator'])}"
        + rows.pointed(row)
        + rows.differs(row),
    }
