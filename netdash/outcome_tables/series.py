"""The base of the tables whose rows are series: which rows are drawn, which are left out, of which therapies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from netdash.outcome_rows import OutcomeRow

if TYPE_CHECKING:
    import pandas as pd

SeriesRow = TypeVar("SeriesRow", bound=OutcomeRow)


@dataclass(frozen=True, eq=False)
class SeriesTable(Generic[SeriesRow]):
    """What a picture of series draws and what it leaves out.

    Attributes
    ----------
    outcomes : DataFrame
        The rows it was made from.
    endpoint : str
        The endpoint on the axis.
    rows : tuple of OutcomeRow
        The rows of the table, in the order of the therapies, then by year.
    """

    outcomes: pd.DataFrame
    endpoint: str
    rows: tuple[SeriesRow, ...]
    added: ClassVar[tuple[str, ...]] = ("label", "left_out", "same_axis")

    @cached_property
    def drawn(self) -> tuple[SeriesRow, ...]:
        """The rows that are drawn."""
        return tuple(row for row in self.rows if not row.left_out)

    @cached_property
    def left_out(self) -> tuple[SeriesRow, ...]:
        """The rows that are not drawn, each with its reason."""
        return tuple(row for row in self.rows if row.left_out)

    @cached_property
    def therapies(self) -> list[str]:
        """The therapies that are drawn."""
        return list(dict.fromkeys(row.therapy for row in self.drawn))

    def frame(self) -> pd.DataFrame:
        """Return the rows of `outcomes` in the order of `rows`, with the columns that `added` names."""
        table = self.outcomes.iloc[[row.place for row in self.rows]]
        return table.assign(**{name: [getattr(row, name) for row in self.rows] for name in self.added})
