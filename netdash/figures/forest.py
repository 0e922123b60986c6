"""The forest: one endpoint at one horizon, one row per arm, grouped by therapy in fixed order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from netdash.figures import marks, rows, theme
from netdash.figures.drawing import FigureDict, as_figure
from netdash.figures.summary import summary_lines
from netdash.filters import Wanted
from netdash.outcome_rows import check_horizon, of_therapy
from netdash.outcome_tables.criteria_words import Given, Verdicts, of_therapies, warnings
from netdash.outcome_tables.forest import (
    FIVE_YEARS,
    OVERALL_SURVIVAL,
    ForestRow,
    ForestTable,
    PooledRate,
    forest_table,
)
from netdash.pooling import CAUTION_BELOW
from netdash.wording import listed as listed_words

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from netdash.pooling import Pooled


def forest(
    outcomes: pd.DataFrame,
    pooled: Mapping[str, Pooled] | Pooled | None = None,
    verdicts: Given | None = None,
    *,
    endpoint: str = OVERALL_SURVIVAL,
    horizon_months: float = FIVE_YEARS,
    therapy: Wanted = None,
    left_out: bool = True,
    weights: bool = True,
    prediction: bool = True,
    compact: bool = False,
    criteria: Mapping[str, str] | None = None,
    differing: Mapping[str, str] | None = None,
    followed: float | str | Sequence[float] = 1.0,
    font_px: int = 13,
    series_of: str | None = None,
) -> go.Figure:
    """Draw one endpoint at one horizon, one row per arm, on the natural scale of 0 to 100 percent.

    Parameters
    ----------
    outcomes : DataFrame
        Rows of ``nd.outcomes()``.
    pooled : mapping of str to Pooled, or Pooled, optional
        By therapy: the pool of the rows that are drawn for it (measure "PLO"). A single pool serves rows of one
        therapy. It adds a diamond and a row for the prediction interval. Two series are not pooled in the picture:
        their rates are shown side by side.
    verdicts : Assessment or mapping, optional
        By therapy: what ``nd.tallies`` returns, or the verdict ("met", "not_met", "unknown") of one rule set. It
        is shown in words and signs beside the name of the therapy, and changes the look of no series.
    endpoint, horizon_months
        The outcome on the axis. Every other row is left out, with the reason.
    therapy : str or iterable of str, optional
        Only the rows of this therapy, or of several.
    left_out : bool
        Whether the picture contains the texts that the board writes under it: how each diamond was made, and the rows
        of the same endpoint and horizon that are left out, each with its reason.
    weights : bool
        Whether the weight of each pooled series is shown beside its figures.
    prediction : bool
        Whether the prediction interval is shown under each diamond.
    compact : bool
        Whether heads of columns and space between therapies are left out, for a picture of little height.
    criteria : mapping, optional
        By therapy: the title of the criteria of a single verdict, such as "Milan 2007"; it is shown beside the verdict.
    differing : mapping, optional
        By study_id: how the patients of a series are known to differ from the patient (``nd.differing``). Those
        series are marked ≠.
    followed : float, str or sequence of float
        Share of the patients who were followed to the horizon, as for ``nd.outcome_effects``; `pooled` must be made
        with the same.
    font_px : int
        Size of the type in pixels.
    series_of : str, optional
        A therapy: each other therapy has one line, with its pool, its only series, or the points of series that are
        not pooled. An empty text lists no series. When not given, every series of every therapy is listed.

    Returns
    -------
    plotly.graph_objects.Figure
        ``layout.meta["text"]`` holds the same in words, ``layout.meta["caption"]`` how it was made.

    Raises
    ------
    ValueError
        When no row has that endpoint or therapy, no rate has that horizon, or a pooled estimate is of other rows than
        those drawn.

    Notes
    -----
    Every interval of a series is a 95 % Wilson interval computed here from n and percent, which ignores censoring; no
    series of the review prints an interval of its own. The area of a square is the precision of its series, over the
    whole picture. The lines under the title say so, and that each row holds other patients and, where verdicts are
    given, that no series was selected by these criteria. Comparison arms have a panel of their own. † marks a series
    with a known discrepancy: the text at the pointer names it, and ``nd.source(outcome_id)`` says all of it. The
    scale is whole, from 0 to 100 percent, so that no interval is ever cut.

    Examples
    --------
    >>> import netdash as nd
    >>> figure = nd.forest(nd.outcomes())
    >>> figure.layout.title.text
    '5-year overall survival'
    """
    outcomes = of_therapy(outcomes, therapy)
    table = forest_table(outcomes, pooled, endpoint=endpoint, horizon_months=horizon_months, followed=followed)
    check_horizon(outcomes, horizon_months)
    drawn = forest_dict(
        table,
        verdicts,
        left_out=left_out,
        weights=weights,
        prediction=prediction,
        compact=compact,
        criteria=criteria,
        differing=differing,
        font_px=font_px,
        series_of=series_of,
    )
    return as_figure(drawn)


def forest_dict(
    table: ForestTable,
    verdicts: Given | None = None,
    *,
    left_out: bool = True,
    weights: bool = True,
    prediction: bool = True,
    compact: bool = False,
    criteria: Mapping[str, str] | None = None,
    differing: Mapping[str, str] | None = None,
    font_px: int = 13,
    series_of: str | None = None,
) -> FigureDict:
    """Return the forest of one table as a plain dictionary; for the parameters see :func:`forest`."""
    judged = of_therapies(table.therapies, verdicts)
    show = _Shown(weights, prediction, compact, differing or {}, font_px)
    if series_of is None:
        lines = _series_lines(table, judged, criteria or {}, show)
    else:
        lines = _summary(table, series_of, judged, criteria or {}, show)
    if not table.drawn:
        lines.append(rows.note_line("", "No series can be drawn.", font_px, color=theme.INK))
    if left_out:
        lines += _model_lines(table, font_px)
        not_drawn = [row for row in table.left_out if row.same_axis]
        lines += rows.left_out_lines(not_drawn, show.differing, "%", font_px)
    lines = rows.stacked(lines)
    under = [*warnings(judged), table.intervals]
    layout = rows.layout(lines, table.title, rows.percent_axis(font_px), font_px, under)
    plumbs = list(_plumbs(lines))
    return {
        "data": [
            rows.NAMES,
            *marks.arms(rows.of_kind(lines, marks.Arm), font_px),
            *rows.dots(rows.of_kind(lines, rows.Dots), font_px),
            *map(marks.diamond, rows.of_kind(lines, marks.Diamond)),
            *map(marks.whisker, rows.of_kind(lines, marks.Whisker)),
        ],
        "layout": {
            **layout,
            "shapes": [*layout.get("shapes", []), *plumbs],
            "meta": {"text": table.sentence(verdicts), "caption": table.caption},
        },
    }


@dataclass(frozen=True)
class _Shown:
    """What the lines of the forest show."""

    weights: bool
    prediction: bool
    compact: bool
    differing: Mapping[str, str]
    font_px: int


def _series_lines(table: ForestTable, judged: Verdicts, criteria: Mapping[str, str], show: _Shown) -> list[rows.Line]:
    """Return the lines of all series by therapy, with space between them; comparison arms have a panel of their own."""
    weighted = show.weights and any(pool.is_drawn for pool in table.pools.values())
    head = rows.head_line("Series, patients", "% (95 % interval)" + ", weight" * weighted)
    lines = [] if show.compact else [head]
    panel = False
    for place, (therapy, found) in enumerate(groupby(table.drawn, key=lambda row: row.therapy)):
        opens = therapy in table.comparison_arms and not panel
        panel = panel or opens
        if opens and place:
            named = rows.Space(left=rows.gray("Comparison arms"), height=1.5, breaks=True)
            lines.append(rows.Space(breaks=True) if show.compact else named)
        elif place and not show.compact:
            lines.append(rows.Space())
        heading, below = rows.heading(therapy, judged, criteria), _pool_lines(table.pools.get(therapy), show)
        if show.compact and below and below[0].note and not heading[0].note:
            # The rates of two series stand beside the name, where no verdict does.
            heading, below = [replace(heading[0], note=below[0].note)], []
        lines += [*heading, *(_arm(row, table, show) for row in found), *below]
    return [*lines, rows.AxisLine(height=1.0 if show.compact else 1.5)]


def _summary(
    table: ForestTable, series_of: str, judged: Verdicts, criteria: Mapping[str, str], show: _Shown
) -> list[rows.Line]:
    """Return one line of marks for each therapy, and the series of one of them."""

    def arms(found: Sequence[ForestRow]) -> list[marks.Arm]:
        return [_arm(row, table, show) for row in found]

    def listed(therapy: str, found: Sequence[ForestRow]) -> list[rows.Line]:
        pool = table.pools.get(therapy)
        return [*arms(found), *(_pool_lines(pool, show) if pool and pool.is_drawn else [])]

    def together(therapy: str, found: Sequence[ForestRow]) -> list[rows.Line]:
        pool = table.pools.get(therapy)
        if pool and pool.is_drawn:
            of = "" if pool.fit.k == len(found) else f" of {len(found)}"
            (diamond, *_) = _pool_lines(pool, show)
            return [replace(diamond, left=f"<i>{pool.fit.k}{of} series, pooled</i>")]
        if len(found) == 1:
            return [*arms(found)]
        rates = listed_words(f"{rate:g}" for rate in sorted(row.rate for row in found))
        name = f"{len(found)} series, not pooled"
        return [rows.Dots(left=name, right=f"{rates} %", points=arms(found))]

    arms_apart = table.comparison_arms
    lines = summary_lines(
        table.drawn, series_of, judged, criteria, listed=listed, together=together, comparison_arms=arms_apart
    )
    return [replace(line, right=line.right.replace(" to ", "–")) for line in lines]


def _plumbs(lines: Sequence[rows.Line]) -> Iterator[Mapping[str, object]]:
    """Return a line from each diamond up through its series."""
    top = 0.0
    for before, line in pairwise(lines):
        if isinstance(line, rows.Heading):
            top = 0.0
        if isinstance(line, marks.Arm) and not isinstance(before, marks.Arm):
            top = line.y + 0.5
        if isinstance(line, marks.Diamond) and top:
            yield marks.plumb(line, top)


def _arm(row: ForestRow, table: ForestTable, show: _Shown) -> marks.Arm:
    """Return the line of one series."""
    pool, differs = table.pools.get(row.therapy), show.differing.get(row.study_id, "")
    name = rows.series_line(row, differs, show.font_px, row.marks)
    weight = pool.weights.get(row.outcome_id) if pool else None
    share = "" if weight is None else f", weight {weight:.0f} %"
    known = f"<br>{rows.escape(row.certainty)}" * bool(row.certainty)
    actuarial = "<br>‡ no count of this n gives this percent: an actuarial rate" * row.no_count
    figure = f"{row.rate:g} % of {row.n:,.0f}, interval {row.interval} %"
    return marks.Arm(
        left="<br>".join(name),
        height=len(name),
        right=f"{row.rate:g} % ({row.interval})" + share * show.weights,
        value=row.rate,
        ci_lb=row.ci_lb,
        ci_ub=row.ci_ub,
        size=table.sizes[row.outcome_id],
        outcome_id=row.outcome_id,
        hover=rows.series_hover(row, figure, differs) + share + known + actuarial,
    )


def _pool_lines(pool: PooledRate | None, show: _Shown) -> list[rows.Line]:
    """Return the lines under the series of one therapy: a diamond, or the rates where they are too few to pool."""
    if pool is None:
        return []
    if not pool.is_drawn:
        return [rows.note_line("", pool.side_by_side, show.font_px, color=theme.INK)]
    on, hover = pool.percent, str(pool.fit).replace("\n", "<br>")
    unsettled = ", unsettled" * (pool.fit.k < CAUTION_BELOW)
    name = f"<i>Pooled, k = {pool.fit.k}{unsettled}</i>"
    diamond = marks.Diamond(left=name, right=pool.rate, percent=on, hover=hover)
    if not show.prediction:
        return [diamond]
    name = "<i>prediction interval</i>"
    return [diamond, marks.Whisker(left=name, right=pool.prediction, percent=on, hover=hover)]


def _model_lines(table: ForestTable, font_px: int) -> list[rows.Line]:
    """Return how each diamond was made, as lines under the plot."""
    drawn = [pool for pool in table.pools.values() if pool.is_drawn]
    lines = [rows.note_line(pool.name, pool.model, font_px) for pool in drawn]
    return [rows.title_line("How pooled"), *lines] if lines else []
