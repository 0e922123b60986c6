"""The table of harms beside benefits: figures of the tables and of the running text, in percent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from netdash import evidence, outcome_rows
from netdash.outcome_rows import OutcomeRow, Row, number
from netdash.outcome_tables.forest import FIVE_YEARS
from netdash.outcome_tables.forest import OVERALL_SURVIVAL as SURVIVAL
from netdash.refusals import hint
from netdash.wording import listed, number_of, with_ends, words, years

if TYPE_CHECKING:
    import pandas as pd

HARMS = ("mortality", "morbidity", "toxicity")
BENEFITS = (SURVIVAL, "response", "symptom_response")
SIDES = {"harm": HARMS, "benefit": BENEFITS}
REPORTED = "reported, no figure"
NOT_FOUND = "no figure in the source"
_SIDE = {endpoint: side for side, endpoints in SIDES.items() for endpoint in endpoints}
_ORDER = {endpoint: place for place, endpoint in enumerate(_SIDE)}
_NEEDED = ("outcome_id", "therapy", "endpoint", "horizon_months", "value", "n", "unit")
_COLUMNS = (
    *("therapy", "side", "id", "label", "n", "endpoint", "statistic", "horizon_months", "low", "high", "unit"),
    *("qualifier", "discrepancies", "locator", "left_out"),
)


@dataclass(frozen=True, kw_only=True)
class HarmRow(Row):
    """One figure on a harm or a benefit.

    Attributes
    ----------
    id : str
        Identifier of the outcome or of the claim.
    low, high : float or None
        The figure; both differ for a printed range, and both are None where no figure is printed.
    qualifier : str
        "exact", "more_than" or another word of ``nd.claims()``.
    """

    id: str
    low: float | None
    high: float | None
    qualifier: str = "exact"

    @property
    def side(self) -> str:
        """The panel of the figure: "harm" or "benefit"."""
        return _SIDE[self.endpoint]

    @property
    def is_words(self) -> bool:
        """Whether the source reports it without a figure: it is drawn as words."""
        return self.left_out == REPORTED

    @property
    def ends(self) -> list[float]:
        """The figure, or both ends of a printed range; empty where no figure is printed."""
        return list(dict.fromkeys(end for end in (self.low, self.high) if end is not None))

    @property
    def qualified(self) -> str:
        """The qualifier in words with a space after it; empty for an exact figure."""
        return "" if self.qualifier == "exact" else f"{words(self.qualifier)} "

    @property
    def figure(self) -> str:
        """The figure in words, such as "25 to 78 %"."""
        of = " (median of series)" if self.statistic == "median" else ""
        return f"{self.qualified}{with_ends(self.low, self.high, 'percent')}{of}"

    @property
    def topic(self) -> str:
        """The endpoint, and the time of the figure where the name of the endpoint does not say it."""
        timed = self.horizon_months is not None and self.endpoint != SURVIVAL
        return _endpoint(self.endpoint) + (f" at {years(self.horizon_months)}" if timed else "")


@dataclass(frozen=True)
class HarmTopic:
    """The figures of one therapy on one harm or benefit.

    Attributes
    ----------
    topic : str
        The harm or benefit in words, such as "mortality at 3 months".
    rows : tuple of HarmRow
        The rows with a figure.
    silent : tuple of HarmRow
        The rows that are reported without a figure.
    """

    topic: str
    rows: tuple[HarmRow, ...]
    silent: tuple[HarmRow, ...]

    @property
    def figure(self) -> str:
        """The figure in words, or the lowest and the highest of several; empty where there is none."""
        if len(self.rows) < 2:
            return self.rows[0].figure if self.rows else ""
        return _span(list(self.rows))

    @property
    def counted(self) -> str:
        """How many rows have a figure and how many have none, such as "12 series; 2 reported, no figure"."""
        said = [f"{len(self.rows)} rows"] if len(self.rows) > 1 else []
        return "; ".join([*said, *([f"{len(self.silent)} {REPORTED}"] if self.silent else [])])


@dataclass(frozen=True, eq=False)
class HarmsTable:
    """What the picture of harms beside benefits draws and leaves out; made by :func:`harms_table`.

    Attributes
    ----------
    rows : tuple of HarmRow
        By therapy, harms before benefits.
    therapies : tuple of str
        The therapies that were asked for.
    title : str
        The title of the picture.
    """

    rows: tuple[HarmRow, ...]
    therapies: tuple[str, ...]
    title: str
    caption: ClassVar[str] = (
        "Filled: a series with its number of patients; hollow: a figure in the text of the review, which states none. "
        "Triangles point to where a bound such as “more than 90 %” lies; a line joins the ends of a printed range. No "
        "interval is printed, so none is drawn, and nothing is pooled. The text may give one figure in two places. "
        "† a known discrepancy."
    )

    @cached_property
    def drawn(self) -> tuple[HarmRow, ...]:
        """The rows that are drawn as points."""
        return tuple(row for row in self.rows if not row.left_out)

    @cached_property
    def left_out(self) -> tuple[HarmRow, ...]:
        """The rows that are drawn neither as a point nor as words, each with its reason."""
        return tuple(row for row in self.rows if row.left_out and not row.is_words)

    @cached_property
    def panels(self) -> Mapping[tuple[str, str], list[HarmRow]]:
        """By therapy and side: the rows that are drawn, as points or as words."""
        found: dict[tuple[str, str], list[HarmRow]] = {}
        for row in self.rows:
            if row.is_words or not row.left_out:
                found.setdefault((row.therapy, row.side), []).append(row)
        return found

    def topics(self, therapy: str, side: str) -> list[HarmTopic]:
        """Return what is drawn of one therapy and side, by topic."""
        found = self.panels.get((therapy, side), [])
        return [
            HarmTopic(
                topic,
                tuple(row for row in found if row.topic == topic and not row.is_words),
                tuple(row for row in found if row.topic == topic and row.is_words),
            )
            for topic in dict.fromkeys(row.topic for row in found)
        ]

    @cached_property
    def sentence(self) -> str:
        """The picture in one sentence."""
        sides = [f"{side}s: {', '.join(self._side_in_words(side))}" for side in SIDES]
        return f"{self.title}: {'; '.join(sides)}; different patients in each row, and nothing is pooled."

    def _side_in_words(self, side: str) -> list[str]:
        drawn = [row for row in self.drawn if row.side == side]
        by_endpoint = [[row for row in drawn if row.endpoint == endpoint] for endpoint in SIDES[side]]
        said = [_endpoint_in_words(found) for found in by_endpoint if found]
        if without := sum(row.is_words for row in self.rows if row.side == side):
            said.append(f"{number_of(without, 'row')} reported without a figure")
        silent = [name for name in self.therapies if name not in {row.therapy for row in drawn}]
        if silent:
            of = [] if len(self.therapies) == 1 else [listed(evidence.therapy_name(name) for name in silent)]
            said.append(" for ".join([nothing_on(side), *of]))
        return said

    def frame(self) -> pd.DataFrame:
        """Return all rows.

        Returns
        -------
        DataFrame
            therapy, side ("harm" or "benefit"), id (of the outcome or claim), label (author and year, or who was
            meant), n (missing where none is stated), endpoint, statistic, horizon_months, low, high (the same but for
            a printed range), unit, qualifier, discrepancies, locator, left_out (the reason; empty when drawn).
        """
        import pandas as pd

        table = pd.DataFrame([{**asdict(row), "side": row.side} for row in self.rows], columns=_COLUMNS)
        return table.astype({"n": "Int64", "low": "float64", "high": "float64", "horizon_months": "float64"})


def nothing_on(side: str) -> str:
    """Return the text in a panel without a figure."""
    return f"no {side} figure in the tables"


def _endpoint(endpoint: str) -> str:
    return "5-year survival" if endpoint == SURVIVAL else words(endpoint)


def _endpoint_in_words(rows: list[HarmRow]) -> str:
    """Return the figures on one endpoint, from the lowest to the highest, or the only one."""
    several = len({row.horizon_months for row in rows if row.horizon_months is not None}) > 1
    return (
        f"{_endpoint(rows[0].endpoint)} {_span(rows)} in {number_of(len(rows), 'row')}{' at different times' * several}"
    )


def _span(rows: list[HarmRow]) -> str:
    """Return the lowest and the highest of several figures."""
    ends = [(end, row) for row in rows for end in row.ends]
    (low, least), (high, most) = min(ends, key=lambda end: end[0]), max(ends, key=lambda end: end[0])
    return least.figure if low == high else f"{least.qualified}{low:g} to {most.qualified}{high:g} %"


def harms_table(outcomes: pd.DataFrame, therapy: str | None = None, claims: pd.DataFrame | None = None) -> HarmsTable:
    """Return harms and benefits row by row; comparison arms are not in it.

    Parameters
    ----------
    outcomes : DataFrame
        Rows of ``nd.outcomes()``.
    therapy : str, optional
        One therapy; all of them when not given.
    claims : DataFrame, optional
        Rows of ``nd.claims()``; when not given, all of them, of the same reading as `outcomes`.

    Returns
    -------
    HarmsTable

    Raises
    ------
    ValueError
        When there is no such therapy; the message lists those there are.
    """
    wanted = _therapies(therapy)
    outcome_rows.check_outcomes(outcomes, *_NEEDED)
    reading = outcome_rows.reading_of(outcomes)
    texts = evidence.claims(reading) if claims is None else claims
    # Survival in the text is left out if a table has it, even if that row was removed from `outcomes`.
    in_tables = _with_survival(outcomes) | _with_survival(evidence.outcomes(reading))
    asked = outcomes[outcomes["endpoint"].isin(_SIDE) & outcomes["therapy"].isin(wanted)]
    said = texts[texts["endpoint"].isin(_SIDE) & texts["therapy"].isin(wanted)]
    rows = [_of_outcome(row) for row in outcome_rows.read_rows(asked)]
    rows += [_of_claim(row, in_tables) for row in outcome_rows.records(said)]
    rows.sort(key=lambda row: (wanted.index(row.therapy), _ORDER[row.endpoint]))
    of = f": {evidence.therapy_name(therapy)}" if therapy else ""
    title = f"Harms beside benefits{of}{outcome_rows.reading_suffix(outcomes)}"
    return HarmsTable(tuple(rows), wanted, title)


def _therapies(therapy: str | None) -> tuple[str, ...]:
    known = evidence.therapies()
    names = tuple(known.loc[~known["comparator"], "therapy"])
    if therapy is not None and therapy not in names:
        raise ValueError(f"therapy: given {therapy!r}, expected one of {', '.join(names)}{hint(therapy, names)}")
    return (therapy,) if therapy else names


def _with_survival(outcomes: pd.DataFrame) -> set[str]:
    """Return the therapies whose 5-year survival a table has."""
    return set(outcomes.loc[(outcomes["endpoint"] == SURVIVAL) & (outcomes["horizon_months"] == FIVE_YEARS), "therapy"])


def _of_outcome(row: OutcomeRow) -> HarmRow:
    why = "" if row.local else row.not_pooled
    return HarmRow(
        **_shared(vars(row)),
        id=row.outcome_id,
        label=row.label,
        low=row.value,
        high=row.value,
        left_out=_off_axis(row.unit, row.endpoint, row.horizon_months)
        or why
        or ("no percent printed" if row.value is None else ""),
    )


def _of_claim(row: dict[str, Any], in_tables: Iterable[str]) -> HarmRow:
    """Return a figure of the text, given the therapies whose 5-year survival the tables have."""
    known = row["endpoint"] == SURVIVAL and row["therapy"] in in_tables
    without = REPORTED if row["qualifier"] == "reported" else NOT_FOUND
    high = number(row["high"])
    why = without if high is None else "the tables of series have the 5-year survival of this therapy" * known
    return HarmRow(
        **_shared({**row, "n": None}),
        id=row["claim_id"],
        label=row["population"],
        low=number(row["low"]),
        high=high,
        qualifier=row["qualifier"],
        left_out=_off_axis(row["unit"], row["endpoint"], number(row["horizon_months"])) or why,
    )


def _shared(row: dict[str, Any]) -> dict[str, Any]:
    """Return the columns that rows of outcomes and figures of the text share."""
    names = ("therapy", "n", "endpoint", "statistic", "unit", "discrepancies", "locator")
    return {name: row[name] for name in names} | {"horizon_months": number(row["horizon_months"])}


def _off_axis(unit: str, endpoint: str, horizon_months: float | None) -> str:
    """Return why a figure does not belong on the axis of percent; empty when it does."""
    if unit not in ("percent", ""):
        return f"in {unit}, not in percent"
    if endpoint == SURVIVAL and horizon_months != FIVE_YEARS:
        return f"at {years(horizon_months)}, not at {years(FIVE_YEARS)}"
    return ""
