"""The table of two-arm studies, as ``nd.contrasts`` computes them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from netdash import evidence
from netdash.outcome_rows import number
from netdash.outcome_tables.forest import SMALLEST
from netdash.wording import number_of, words, years

if TYPE_CHECKING:
    import pandas as pd

_MEASURES = {"RR": "Risk ratio of", "OR": "Odds ratio of", "RD": "Difference in"}
_TEXT = ("measure", "label", "treated", "control", "endpoint", "caution", "discrepancies", "left_out")
_NUMBERS = ("horizon_months", "value", "value_control", "ai", "n1i", "ci", "n2i", "vi", "estimate", "ci_lb", "ci_ub")


@dataclass(frozen=True)
class ContrastRow:
    """One comparison of two arms; the columns are those of ``nd.contrasts``, with None where a number is missing."""

    measure: str
    label: str
    treated: str
    control: str
    endpoint: str
    caution: str
    discrepancies: str
    left_out: str
    horizon_months: float | None
    value: float | None
    value_control: float | None
    ai: float | None
    n1i: float | None
    ci: float | None
    n2i: float | None
    vi: float | None
    estimate: float | None
    ci_lb: float | None
    ci_ub: float | None

    @property
    def arms(self) -> str:
        """The names of both arms."""
        return f"{evidence.therapy_name(self.treated)} v {evidence.therapy_name(self.control).lower()}"

    @property
    def counts(self) -> str:
        """Rates and patients of both arms."""
        arms = ((self.value, self.n1i), (self.value_control, self.n2i))
        return " v ".join(f"{_or_unknown(value)} % of {_or_unknown(n)}" for value, n in arms)

    @property
    def has_empty_cell(self) -> bool:
        """Whether nobody or everybody in an arm had the event, so that 1/2 was added for a ratio."""
        return self.measure != "RD" and {self.value, self.value_control} & {0, 100} != set()

    @property
    def rates(self) -> str:
        """The rates of both arms, with their endpoint and time."""
        shown = " v ".join("?" if value is None else f"{value:g} %" for value in (self.value, self.value_control))
        return f"{shown}, {words(self.endpoint)} at {years(self.horizon_months)}"


@dataclass(frozen=True, eq=False)
class ContrastTable:
    """What the picture of two-arm studies draws and what it leaves out; made by :func:`contrast_table`.

    Attributes
    ----------
    drawn, left_out : tuple of ContrastRow
        Comparisons that were computed, all of one measure, endpoint and horizon; the others, each with its reason.
    """

    drawn: tuple[ContrastRow, ...]
    left_out: tuple[ContrastRow, ...]
    label: ClassVar[str] = "observational, confounded"

    @property
    def is_ratio(self) -> bool:
        """Whether the measure is a ratio, for a log axis."""
        return self.drawn[0].measure != "RD"

    @cached_property
    def title(self) -> str:
        """The measure, the event and the time."""
        first = self.drawn[0]
        event = "being alive" if first.endpoint == "overall_survival" else words(first.endpoint)
        return f"{_MEASURES[first.measure]} {event} at {years(first.horizon_months)}"

    @cached_property
    def direction(self) -> str:
        """What the right side of the axis means."""
        event = "alive" if self.drawn[0].endpoint == "overall_survival" else f"with {words(self.drawn[0].endpoint)}"
        return f"Right of {1 if self.is_ratio else 0}: more {event} in the first arm"

    @cached_property
    def sizes(self) -> list[float]:
        """The side of the square of each study, as a share of the largest; the area is the precision."""
        precisions = [1 / row.vi if row.vi else 0.0 for row in self.drawn]
        most = max(precisions) or 1.0
        return [max((precision / most) ** 0.5, SMALLEST) for precision in precisions]

    @cached_property
    def sentence(self) -> str:
        """The picture in words."""
        others = (
            f" Left out, each with its reason: {number_of(len(self.left_out), 'comparison')}." if self.left_out else ""
        )
        return f"{self.title} in {number_of(len(self.drawn), 'study', 'studies')}; {self.drawn[0].caution}.{others}"

    @cached_property
    def caption(self) -> str:
        """How the picture was made."""
        touched = any(row.discrepancies for row in (*self.drawn, *self.left_out))
        kind = "normal intervals" if self.is_ratio else "intervals by Newcombe's method"
        halves = " ½ was added to each cell of a study with an empty one." * any(
            row.has_empty_cell for row in self.drawn
        )
        return f"95 % {kind} computed here from percent and n; nobody prints them.{halves}" + (
            " † a known discrepancy." * touched
        )


def _or_unknown(value: float | None) -> str:
    return "?" if value is None else f"{value:g}"


def contrast_table(contrasts: pd.DataFrame) -> ContrastTable:
    """Return what the picture of two-arm studies draws and what it leaves out.

    Parameters
    ----------
    contrasts : DataFrame
        What ``nd.contrasts`` returns, of one measure; what it computed, of one endpoint and one horizon.

    Raises
    ------
    ValueError
        When no comparison could be computed, or measures, endpoints or horizons are mixed.
    """
    if missing := [name for name in (*_TEXT, *_NUMBERS) if name not in getattr(contrasts, "columns", ())]:
        raise ValueError(f"table: given no {', '.join(missing)}; expected what nd.contrasts returns")
    columns = [contrasts[name].tolist() for name in _TEXT]
    columns += [[number(value) for value in contrasts[name].tolist()] for name in _NUMBERS]
    rows = [ContrastRow(*row) for row in zip(*columns, strict=True)]
    drawn = tuple(row for row in rows if not row.left_out)
    kinds = {(row.measure, row.endpoint, row.horizon_months) for row in drawn}
    if len(kinds) != 1:
        raise ValueError(
            f"table: given {len(drawn)} computed rows of {sorted(kinds, key=str)}, expected rows of one measure, "
            "endpoint and horizon; take those of one, such as table[table['endpoint'] == 'overall_survival']"
        )
    return ContrastTable(drawn, tuple(row for row in rows if row.left_out))
