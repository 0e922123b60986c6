"""The table of the medians: months of one endpoint, without an interval because no source prints one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from netdash import evidence, outcome_rows
from netdash.outcome_rows import OutcomeRow
from netdash.outcome_tables.criteria_words import NO_COMPARISON, Given, criteria_sentence, of_therapies
from netdash.outcome_tables.series import SeriesTable
from netdash.wording import words

if TYPE_CHECKING:
    import pandas as pd

_NEEDED = ("outcome_id", "author", "year", "therapy", "endpoint", "statistic", "value", "n", "not_reached")


@dataclass(frozen=True, eq=False)
class MediansTable(SeriesTable[OutcomeRow]):
    """What the picture of the medians draws and what it leaves out; made by :func:`medians_table`.

    Its rows are those of the endpoint that are no rates.
    """

    caption: ClassVar[str] = "An arrow beyond the axis: not reached, at no time. † a known discrepancy."

    @cached_property
    def title(self) -> str:
        """The outcome on the axis."""
        return f"Median {words(self.endpoint)}{outcome_rows.reading_suffix(self.outcomes)}"

    def sentence(self, verdicts: Given | None = None) -> str:
        """Return the picture in words, with the verdicts of the therapies that are drawn."""
        reached = sorted((row.value, place) for place, row in enumerate(self.drawn) if row.value is not None)
        if not reached:
            count = len(self.drawn)
            return f"{self.title}: " + (f"not reached in any of {count} series." if count else "none is printed.")
        low, high = (_median_in_words(self.drawn[place]) for _, place in (reached[0], reached[-1]))
        missed = sum(row.not_reached for row in self.drawn)
        criteria = criteria_sentence(of_therapies(self.therapies, verdicts))
        return (
            f"{self.title}: {len(self.drawn)} series, from {low} to {high}; not reached in {missed}. "
            f"{criteria}{NO_COMPARISON}. No interval is printed, so none is drawn, and medians are not pooled."
        )


def medians_table(outcomes: pd.DataFrame, *, endpoint: str = "overall_survival") -> MediansTable:
    """Return the medians of one endpoint, and the rows that are left out with their reasons.

    Parameters
    ----------
    outcomes : DataFrame
        Rows of ``nd.outcomes()``.
    endpoint : str
        The endpoint on the axis.

    Returns
    -------
    MediansTable

    Raises
    ------
    ValueError
        When no row has that endpoint.
    """
    outcome_rows.check_outcomes(outcomes, *_NEEDED, endpoint=endpoint)
    rows = [row for row in outcome_rows.read_rows(outcomes) if row.endpoint == endpoint and row.statistic != "rate"]
    return MediansTable(outcomes, endpoint, tuple(replace(row, left_out=_reason(row)) for row in rows))


def _reason(row: OutcomeRow) -> str:
    if row.why_not_drawn:
        return row.why_not_drawn
    if row.statistic != "median":
        return f"a {row.statistic}, not a median"
    return "" if row.not_reached or row.value is not None else "no figure printed"


def _median_in_words(row: OutcomeRow) -> str:
    return f"{row.value:g} months ({evidence.therapy_name(row.therapy).lower()}, {row.label})"
