"""Tables of a pooled rate that is fitted again: without each series in turn, or as series are added."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from netdash.effects import natural
from netdash.pooling import EQUAL_TOLERANCE, FEWEST_STUDIES, MODEL_COLUMNS, Pooled
from netdash.wording import percent

if TYPE_CHECKING:
    import pandas as pd

ENDS = ("estimate", "ci_lb", "ci_ub")
APART = "2 series, not pooled"
_OTHERS = (
    "given a table and an estimate of other rates, or pooled otherwise; expected {} and nd.pool of the same effects"
)


@dataclass(frozen=True)
class RefitRow:
    """One fit.

    Attributes
    ----------
    label : str
        Which series is left out or added.
    k : int
        Number of series that were pooled.
    estimate, ci_lb, ci_ub : float
        Rate and 95 % confidence interval, in percent.
    tau2, i2 : float
        Heterogeneity; I2 in percent.
    """

    label: str
    k: int
    estimate: float
    ci_lb: float
    ci_ub: float
    tau2: float
    i2: float

    @property
    def is_drawn(self) -> bool:
        """Whether there are enough series to show a pooled rate."""
        return self.k >= FEWEST_STUDIES


@dataclass(frozen=True)
class RefitTable:
    """What the picture of a rate that is fitted again draws.

    Attributes
    ----------
    subject : str
        What was done, for the title.
    rows : tuple of RefitRow
        The fits, in order.
    fit : Pooled
        The fit of all series.
    estimate : float or None
        The rate of all series in percent; None for too few series to pool.
    sentence : str
        The picture in one sentence.
    """

    subject: str
    rows: tuple[RefitRow, ...]
    fit: Pooled
    estimate: float | None
    sentence: str
    heterogeneity: bool = False
    """Whether tau2 and I2 stand beside each fit."""

    @property
    def caption(self) -> str:
        """How the series were pooled; empty for too few series to pool."""
        fit = self.fit
        if fit.k < FEWEST_STUDIES:
            return ""
        return (
            f"Dotted: all {fit.k} series, {fit.heterogeneity}, {fit.method}, {fit.test_in_words}. {fit.caution}".strip()
        )


def influence_table(left_out: pd.DataFrame, pooled: Pooled) -> RefitTable:
    """Return the fits without each series in turn.

    Parameters
    ----------
    left_out : DataFrame
        What ``nd.leave_one_out`` returns, of measure PLO; its index names the rows.
    pooled : Pooled
        The rate with all of them.

    Raises
    ------
    ValueError
        When the measure is not PLO, or the table is not of the series that were pooled, pooled alike.
    """
    _check(left_out, pooled, lambda k: [k - 1] * k, "nd.leave_one_out")
    if not np.allclose(
        left_out["estimate"] - left_out.get("shift", np.nan),
        pooled.estimate,
        rtol=EQUAL_TOLERANCE,
        atol=EQUAL_TOLERANCE,
    ):
        raise ValueError(_OTHERS.format("nd.leave_one_out"))
    rows = _rows([f"without {name}" for name in left_out.index], left_out)
    rate = _estimate(pooled)
    if pooled.k <= FEWEST_STUDIES:
        sentence = f"Pooled {rate:.0f} % over {pooled.k} series; without one of them two are left, not pooled."
    else:
        sentence = f"Pooled {rate:.0f} % over {pooled.k} series; {_without(rows, rate, pooled.i2)}."
    return replace(_table("Each series left out in turn", rows, pooled, sentence), heterogeneity=True)


def _without(rows: Sequence[RefitRow], rate: float, i2: float) -> str:
    """Return which series changes the rate most, and which one makes the heterogeneity."""
    # The largest shift in percent, as drawn. In log odds another series may have the largest shift.
    most = max(rows, key=lambda row: abs(row.estimate - rate))
    calm = min(rows, key=lambda row: row.i2)
    fewer = f"I² {percent(calm.i2)} % instead of {percent(i2)} %"
    if round(i2) <= round(calm.i2):
        return f"{most.label}, which changes it most, {most.estimate:.0f} %"
    if most is calm:
        return f"{most.label}, {most.estimate:.0f} % and {fewer}"
    return f"{most.label}, which changes it most, {most.estimate:.0f} %; {calm.label}, {fewer}"


def cumulative_table(added: pd.DataFrame, pooled: Pooled) -> RefitTable:
    """Return the fits as series are added one by one.

    Parameters
    ----------
    added : DataFrame
        What ``nd.cumulative`` returns, of measure PLO; its index names the rows.
    pooled : Pooled
        The rate with all of them.

    Raises
    ------
    ValueError
        When the measure is not PLO, or the table is not of the series that were pooled, pooled alike, in its order.
    """
    _check(added, pooled, lambda k: list(range(2, k + 1)), "nd.cumulative")
    if not math.isclose(added["estimate"].iloc[-1], pooled.estimate, rel_tol=EQUAL_TOLERANCE, abs_tol=EQUAL_TOLERANCE):
        raise ValueError(_OTHERS.format("nd.cumulative"))
    rows = _rows([f"+ {name}, k = {k}" for name, k in zip(added.index, added["k"], strict=True)], added)
    drawn = [row for row in rows if row.is_drawn]
    sentence = f"{APART}."
    if drawn:
        first, last = drawn[0], drawn[-1]
        sentence = (
            f"Pooled {first.estimate:.0f} % over the first {FEWEST_STUDIES} series and {last.estimate:.0f} % over all "
            f"{pooled.k}; its interval went from {first.ci_ub - first.ci_lb:.0f} to {last.ci_ub - last.ci_lb:.0f} "
            "points wide."
        )
    return _table("Series added one by one", rows, pooled, sentence)


def _table(subject: str, rows: Sequence[RefitRow], pooled: Pooled, sentence: str) -> RefitTable:
    return RefitTable(subject, tuple(rows), pooled, _estimate(pooled) if pooled.k >= FEWEST_STUDIES else None, sentence)


def _estimate(pooled: Pooled) -> float:
    return 100 * pooled.transformed().estimate


def _rows(labels: list[str], table: pd.DataFrame) -> list[RefitRow]:
    ends = [(100 * natural("PLO", table[end])).tolist() for end in ENDS]
    rest = [table[name].tolist() for name in ("tau2", "i2")]
    return [RefitRow(*row) for row in zip(labels, table["k"].tolist(), *ends, *rest, strict=True)]


def _check(table: pd.DataFrame, pooled: Pooled, studies: Callable[[int], list[int]], function: str) -> None:
    """Raise ValueError unless the rows are of the expected numbers of studies and were pooled like `pooled`."""
    if not isinstance(pooled, Pooled) or not {"k", "tau2", "i2", *MODEL_COLUMNS, *ENDS} <= set(
        getattr(table, "columns", ())
    ):
        raise ValueError(f"given no table or no estimate; expected {function}(effects) and nd.pool(effects)")
    if pooled.measure != "PLO" or table["k"].tolist() != studies(pooled.k):
        raise ValueError(
            f"given {len(table)} rows and {pooled.k} studies of {pooled.measure}; "
            f"expected {function} of the same rates (PLO), in its order"
        )
    models = set(zip(*(table[name] for name in MODEL_COLUMNS), strict=True))
    if models != {tuple(getattr(pooled, name) for name in MODEL_COLUMNS)}:
        raise ValueError(_OTHERS.format(function))
