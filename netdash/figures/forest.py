"""The forest: one endpoint at one horizon, one row per arm, grouped by therapy in fixed order."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import TYPE_CHECKING

from netdash.figures import marks, rows, theme
from netdash.figures.drawing import FigureDict, as_figure
from netdash.outcome_tables.criteria_words import Verdicts, of_therapies, warnings
from netdash.outcome_tables.forest import (
    FIVE_YEARS,
    OVERALL_SURVIVAL,
    ForestRow,
    ForestTable,
    PooledRate,
    forest_table,
)

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from netdash.pooling import Pooled


def forest(
    outcomes: pd.DataFrame,
    pooled: Mapping[str, Pooled] | Pooled | None = None,
    verdicts: Verdicts | None = None,
    *,
    endpoint: str = OVERALL_SURVIVAL,
    horizon_months: float = FIVE_YEARS,
    left_out: bool = True,
    weights: bool = True,
    criteria: Mapping[str, str] | None = None,
    differing: Mapping[str, str] | None = None,
    font_px: int = 13,
) -> go.Figure:
    """Draw one endpoint at one horizon, one row per arm, on the natural scale of 0 to 100 percent.

    Parameters
    ----------
    outcomes : DataFrame
        Rows of ``nd.outcomes()``.
    pooled : mapping of str to Pooled, or Pooled, optional
        By therapy: the pool of the rows that are drawn for it (measure "PLO"). A single pool serves rows of one
        therapy. It adds a diamond and a row for the prediction interval, and squares are then sized by weight. Two
        series are not pooled in the picture: their rates are shown side by side.
    verdicts : mapping, optional
        By therapy: what ``nd.tallies`` returns, or the verdict ("met", "not_met", "unknown") of one rule set. It
        is shown in words and signs beside the name of the therapy, and changes the look of no series.
    endpoint, horizon_months
        The outcome on the axis. Every other row is left out, with the reason.
    left_out : bool
        Whether the picture contains the texts that the board writes under it: how each diamond was made, and the rows
        of the same endpoint and horizon that are left out, each with its reason.
    weights : bool
        Whether the weight of each pooled series is shown beside its figures.
    criteria : mapping, optional
        By therapy: the title of the criteria of a single verdict, such as "Milan 2007"; it is shown beside the verdict.
    differing : mapping, optional
        By study_id: how the patients of a series are known to differ from the patient (``nd.differing``). Those
        series are marked ≠.
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
    with a known discrepancy: the text at the pointer names it, and ``nd.source(outcome_id)`` says all of it. The
    scale is whole, from 0 to 100 percent, so that no interval is ever cut.

    Examples
    --------
    >>> import netdash as nd
    >>> figure = nd.forest(nd.outcomes())
    >>> figure.layout.title.text
    '5-year overall survival'
    """
    table = forest_table(outcomes, pooled, endpoint=endpoint, horizon_months=horizon_months)
    drawn = forest_dict(
        table,
        verdicts,
        left_out=left_out,
        weights=weights,
        criteria=criteria,
        differing=differing,
        font_px=font_px,
    )
    return as_figure(drawn)


def forest_dict(
    table: ForestTable,
    verdicts: Verdicts | None = None,
    *,
    left_out: bool = True,
    weights: bool = True,
    criteria: Mapping[str, str] | None = None,
    differing: Mapping[str, str] | None = None,
    font_px: int = 13,
) -> FigureDict:
    """Return the forest of one table as a plain dictionary; for the parameters see :func:`forest`."""
    judged = of_therapies(table.therapies, verdicts)
    lines: list[rows.Line] = []
    for therapy, found in groupby(table.drawn, key=lambda row: row.therapy):
        pool = table.pools.get(therapy)
        lines += rows.heading(therapy, judged, criteria or {})
        lines += [_arm(row, pool, (differing or {}).get(row.study_id, ""), weights, font_px) for row in found]
        lines += _pool_lines(pool, font_px) if pool else []
    if left_out:
        lines += _model_lines(table, font_px)
        not_drawn = [row for row in table.left_out if row.same_axis]
        lines += rows.left_out_lines(not_drawn, differing or {}, "%", font_px)
    lines = rows.stacked(lines)
    layout = rows.layout(lines, table.title, rows.percent_axis(font_px), font_px, warnings(judged))
    return {
        "data": [
            rows.NAMES,
            *marks.arms(rows.of_kind(lines, marks.Arm), font_px),
            *map(marks.diamond, rows.of_kind(lines, marks.Diamond)),
            *map(marks.whisker, rows.of_kind(lines, marks.Whisker)),
        ],
        "layout": {**layout, "meta": {"text": table.sentence(verdicts), "caption": table.caption}},
    }


def _arm(row: ForestRow, pool: PooledRate | None, differs: str, show_weight: bool, font_px: int) -> marks.Arm:
    """Return the line of one series."""
    name = rows.series_line(row, differs, font_px)
    interval = f"{row.ci_lb:.0f} to {row.ci_ub:.0f}"
    weight = pool.weights.get(row.outcome_id) if pool else None
    share = "" if weight is None else f", weight {weight:.0f} %"
    return marks.Arm(
        left="<br>".join(name),
        height=len(name),
        right=f"{row.rate:g} % ({interval})" + share * show_weight,
        value=row.rate,
        ci_lb=row.ci_lb,
        ci_ub=row.ci_ub,
        weight=weight,
        outcome_id=row.outcome_id,
        hover=rows.series_hover(row, f"{row.rate:g} % of {row.n:,.0f}, interval {interval} %", differs) + share,
    )


def _pool_lines(pool: PooledRate, font_px: int) -> list[rows.Line]:
    """Return the lines under the series of one therapy: a diamond, or the rates where they are too few to pool."""
    if not pool.is_drawn:
        return [rows.note_line("", pool.side_by_side, font_px, color=theme.INK)]
    on, hover = pool.percent, str(pool.fit).replace("\n", "<br>")
    return [
        marks.Diamond(
            left=f"<i>Pooled, k = {pool.fit.k}</i>",
            right=f"{on.estimate:.0f} % ({on.ci_lb:.0f} to {on.ci_ub:.0f})",
            percent=on,
            hover=hover,
        ),
        marks.Whisker(
            left="<i>prediction interval</i>",
            right=f"{on.pi_lb:.0f} to {on.pi_ub:.0f} %",
            percent=on,
            hover=hover,
        ),
    ]


def _model_lines(table: ForestTable, font_px: int) -> list[rows.Line]:
    """Return how each diamond was made, as lines under the plot."""
    drawn = [pool for pool in table.pools.values() if pool.is_drawn]
    lines = [rows.note_line(pool.name, pool.model, font_px) for pool in drawn]
    return [rows.title_line("How pooled"), *lines] if lines else []
