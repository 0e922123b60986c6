"""The table of the forest: rates of one endpoint at one horizon, with Wilson intervals, pools and weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from netdash import evidence, outcome_rows
from netdash.effects import can_be_count, log_odds, wilson
from netdash.outcome_rows import OutcomeRow
from netdash.outcome_tables.certainty import UNKNOWN_DESIGN, UNKNOWN_DESIGN_WORDS, certainty, is_unknown, known
from netdash.outcome_tables.criteria_words import NO_COMPARISON, Given, criteria_sentence, of_therapies
from netdash.outcome_tables.series import SeriesTable
from netdash.pooling import FEWEST_STUDIES, Natural, Pooled
from netdash.refusals import in_short
from netdash.wording import listed, number_of, percent, words, years

if TYPE_CHECKING:
    import pandas as pd

OVERALL_SURVIVAL = "overall_survival"
FIVE_YEARS = 60
SMALLEST = 0.35
"""Side of the smallest square that can be seen, as a share of the largest."""
_NEEDED = ("outcome_id", "author", "year", "therapy", "endpoint", "statistic", "horizon_months", "value", "n")
_NAN = float("nan")


@dataclass(frozen=True, kw_only=True)
class ForestRow(OutcomeRow):
    """One row of outcomes in the forest.

    Attributes
    ----------
    ci_lb, ci_ub : float
        95 % Wilson interval in percent, computed from n, percent and the share followed. NaN where left out.
    followed : float
        Share of the patients that is taken as followed to the horizon. A share of 1 ignores censoring.
    precision : float
        1 / variance of the log odds. NaN where left out.
    """

    ci_lb: float = _NAN
    ci_ub: float = _NAN
    followed: float = 1.0
    precision: float = _NAN

    @cached_property
    def no_count(self) -> bool:
        """Whether no whole number of events gives the percent: the rate is actuarial, or n is another."""
        return self.value is not None and self.n is not None and not can_be_count(self.value, self.n)

    @property
    def certainty(self) -> str:
        """What is known of the design of the series, in words; empty for a center's own."""
        return certainty(self.study_id)

    @property
    def known(self) -> str:
        """What is known of the design, and nothing of what is not; empty for a center's own."""
        return known(self.study_id)

    @property
    def marks(self) -> str:
        """The marks of the row: ‡ for a percent that is no count, ◦ where nothing is known of the design."""
        return " ‡" * self.no_count + f" {UNKNOWN_DESIGN}" * is_unknown(self.study_id)

    @property
    def rate(self) -> float:
        """The rate of a drawn row in percent."""
        return _NAN if self.value is None else self.value

    @property
    def interval(self) -> str:
        """The interval in words, without the sign of percent."""
        return f"{percent(self.ci_lb)} to {percent(self.ci_ub)}"


@dataclass(frozen=True)
class PooledRate:
    """The pooled rate of one therapy, and the series it was pooled from.

    Attributes
    ----------
    therapy : str
        Identifier of the therapy.
    fit : Pooled
        The fit, of measure PLO.
    rates : tuple of float
        Rates of the pooled series in percent, in the order of the picture.
    weights : dict of str to float
        Weight of each pooled series in percent, by outcome_id; empty for too few series to pool.
    """

    therapy: str
    fit: Pooled
    rates: tuple[float, ...]
    weights: Mapping[str, float]

    @property
    def name(self) -> str:
        """The name of the therapy."""
        return evidence.therapy_name(self.therapy)

    @property
    def is_drawn(self) -> bool:
        """Whether there are enough series for a diamond."""
        return self.fit.k >= FEWEST_STUDIES

    @cached_property
    def percent(self) -> Natural:
        """Estimate, confidence and prediction interval in percent."""
        shown = self.fit.transformed()
        ends = ("estimate", "ci_lb", "ci_ub", "pi_lb", "pi_ub")
        return replace(shown, **{end: 100 * getattr(shown, end) for end in ends})

    @property
    def side_by_side(self) -> str:
        """The rates of series that are too few to pool, such as "29 and 52 %, 2 series, not pooled"."""
        return f"{listed(f'{rate:g}' for rate in self.rates)} %, {len(self.rates)} series, not pooled"

    @property
    def model(self) -> str:
        """How the series were pooled."""
        fit = self.fit
        return f"k = {fit.k}, {fit.heterogeneity}, {fit.method}, {fit.test_in_words}. {fit.caution}".strip()

    def __str__(self) -> str:
        """Return the rate with its intervals in words; the rates side by side where they are too few to pool."""
        if not self.is_drawn:
            return self.side_by_side
        return f"{self.rate}, prediction {self.prediction}; k = {self.fit.k}, {self.fit.heterogeneity}"

    @property
    def rate(self) -> str:
        """The rate with its confidence interval."""
        on = self.percent
        return f"{percent(on.estimate)} % ({percent(on.ci_lb)} to {percent(on.ci_ub)})"

    @property
    def prediction(self) -> str:
        """The prediction interval."""
        return f"{percent(self.percent.pi_lb)} to {percent(self.percent.pi_ub)} %"


@dataclass(frozen=True, eq=False)
class ForestTable(SeriesTable[ForestRow]):
    """What a forest draws and what it leaves out; made by :func:`forest_table`.

    Attributes
    ----------
    horizon_months : float
        The horizon of the rates on the axis.
    pools : dict of str to PooledRate
        By therapy that is drawn, where an estimate was given.
    """

    horizon_months: float
    pools: Mapping[str, PooledRate]
    added: ClassVar[tuple[str, ...]] = (*SeriesTable.added, "ci_lb", "ci_ub", "no_count")

    @cached_property
    def sizes(self) -> Mapping[str, float]:
        """By outcome_id: the side of the square of each row that is drawn, as a share of the largest.

        The area is the precision, over the whole picture; a square under :data:`SMALLEST` is drawn so large.
        """
        most = max((row.precision for row in self.drawn), default=1) or 1
        return {row.outcome_id: max((row.precision / most) ** 0.5, SMALLEST) for row in self.drawn}

    @cached_property
    def comparison_arms(self) -> set[str]:
        """The therapies that are drawn and are comparison arms, such as no resection."""
        return {name for name in self.therapies if evidence.is_comparator(name)}

    @cached_property
    def title(self) -> str:
        """The outcome on the axis, after the name of the therapy if only one is drawn."""
        therapy = f"{evidence.therapy_name(self.therapies[0])}: " if len(self.therapies) == 1 else ""
        suffix = outcome_rows.reading_suffix(self.outcomes)
        return f"{therapy}{years(self.horizon_months, '-year')} {words(self.endpoint)}{suffix}"

    def sentence(self, verdicts: Given | None = None) -> str:
        """Return the picture in words, with the verdicts of the therapies that are drawn."""
        drawn = sorted(self.drawn, key=lambda row: row.rate)
        if not drawn:
            return f"{self.title}: no series can be drawn; left out, each with its reason: {len(self.rows)}."
        low, high = (_rate_in_words(drawn[place]) for place in (0, -1))
        span = f"from {low} to {high}" if len(drawn) > 1 else low
        criteria = criteria_sentence(of_therapies(self.therapies, verdicts))
        return f"{self.title}: {len(drawn)} series, {span}. {criteria}{NO_COMPARISON}."

    @cached_property
    def caption(self) -> str:
        """How the picture was made, and how many rows are left out."""
        models = [f"{pool.name}: {pool.model}" for pool in self.pools.values() if pool.is_drawn]
        apart = [pool.name for pool in self.pools.values() if not pool.is_drawn]
        two = f"Two series are not pooled: {listed(apart)}. " if apart else ""
        together = (
            "Diamonds pool single-arm series on the log-odds scale: the rate of a middling center; dotted, the 95 % "
            "prediction interval. " + " ".join(models) + " "
        )
        smallest = ", but the smallest are drawn larger" * (SMALLEST in self.sizes.values())
        unknown = f"{UNKNOWN_DESIGN_WORDS}. "
        actuarial = "‡ no count of these n gives this percent: an actuarial rate. "
        return (
            "Lines: 95 % Wilson intervals computed here from n and percent; "
            f"{self.followed or 'they ignore censoring'} and no source prints them. "
            f"Squares: the area is the precision{smallest}. "
            f"{together if models else ''}{two}† a known discrepancy. "
            f"{unknown if any(is_unknown(row.study_id) for row in self.drawn) else ''}"
            f"{actuarial if any(row.no_count for row in self.drawn) else ''}"
            f"{number_of(len(self.left_out), 'row')} left out, each with its reason."
        )

    @cached_property
    def intervals(self) -> str:
        """What the intervals are, for the line under the title."""
        return f"95 % intervals: our own, {self.followed or 'ignoring censoring'}"

    @cached_property
    def followed(self) -> str:
        """Which share of the patients is taken as followed; empty where it is all of them."""
        shares = sorted({row.followed for row in self.drawn})
        if shares in ([], [1.0]):
            return ""
        span = " to ".join(f"{100 * share:g}" for share in dict.fromkeys((shares[0], shares[-1])))
        return f"as if {span} % of each series were followed to the horizon"


def forest_table(
    outcomes: pd.DataFrame,
    pooled: Mapping[str, Pooled] | Pooled | None = None,
    *,
    endpoint: str = OVERALL_SURVIVAL,
    horizon_months: float = FIVE_YEARS,
    followed: float | str | Sequence[float] = 1.0,
) -> ForestTable:
    """Return what the forest draws and what it leaves out, row by row.

    Parameters
    ----------
    outcomes : DataFrame
        Rows of ``nd.outcomes()``.
    pooled : mapping of str to Pooled, or Pooled, optional
        By therapy: the pool of its drawn rows (measure "PLO"). A single pool serves rows of one therapy.
    endpoint : str
        The endpoint on the axis.
    horizon_months : float
        The horizon of the rates, in months.
    followed : float, str or sequence of float
        Share of the patients who were followed to the horizon, as for ``nd.outcome_effects``.

    Returns
    -------
    ForestTable

    Raises
    ------
    ValueError
        When no row has that endpoint (the message lists those there are), or an estimate is of other rows than drawn.
    """
    outcome_rows.check_outcomes(outcomes, *_NEEDED, endpoint=endpoint)
    outcome_rows.check_months(horizon_months)
    rows = outcome_rows.read_rows(outcomes)
    reasons = {row.place: _reason(row, endpoint, horizon_months) for row in rows}
    drawn = [row for row in rows if not reasons[row.place]]
    shares = outcome_rows.shares_followed(outcomes, followed)
    given = (*_rates(drawn), [shares[row.place] for row in drawn])
    bounds, precisions = wilson(*given).tolist(), (1 / log_odds(*given)[1]).tolist()
    found_of = (row.place for row in drawn)
    computed = {place: (*ends, p) for place, ends, p in zip(found_of, bounds, precisions, strict=True)}
    found = []
    for row in rows:
        low, high, precision = computed.get(row.place, (_NAN, _NAN, _NAN))
        same_axis = row.endpoint == endpoint and row.statistic == "rate" and row.horizon_months == horizon_months
        added = {"left_out": reasons[row.place], "same_axis": same_axis, "ci_lb": low, "ci_ub": high}
        added |= {"followed": shares[row.place], "precision": precision}
        found.append(ForestRow(**{**vars(row), **added}))
    shown = [row for row in found if not row.left_out]
    return ForestTable(outcomes, endpoint, tuple(found), horizon_months, _pools(shown, pooled))


def in_percent(fit: Pooled, interval: str) -> tuple[float, float, float]:
    """Return a pooled rate in percent with the ends of its confidence or prediction interval."""
    if fit.measure != "PLO":
        raise ValueError(f"given a fit of measure {fit.measure}, expected one of rates (PLO)")
    on, name = fit.transformed(), "pi" if interval == "prediction" else "ci"
    if interval == "prediction" and fit.k < FEWEST_STUDIES:
        raise ValueError(f"interval: given {fit.k} series, which have no prediction interval; expected 3 or more")
    return 100 * on.estimate, 100 * getattr(on, f"{name}_lb"), 100 * getattr(on, f"{name}_ub")


def _rates(drawn: Iterable[OutcomeRow]) -> tuple[list[float], list[float]]:
    """Return rates and numbers of patients of rows that are drawn."""
    known = [(row.value, row.n) for row in drawn if row.value is not None and row.n is not None]
    return [value for value, _ in known], [n for _, n in known]


def _reason(row: OutcomeRow, endpoint: str, horizon_months: float) -> str:
    if row.endpoint != endpoint:
        return f"another endpoint: {words(row.endpoint)}"
    if row.statistic != "rate":
        return f"a {row.statistic}, not a rate"
    if row.horizon_months != horizon_months:
        return f"at {years(row.horizon_months)}, not at {years(horizon_months)}"
    if row.not_pooled and not row.local:
        return row.not_pooled
    return "no percent or no number of patients printed" if row.value is None or row.n is None else ""


def _rate_in_words(row: ForestRow) -> str:
    return f"{row.rate:g} % ({evidence.therapy_name(row.therapy).lower()}, {row.label}, n = {row.n:,.0f})"


def _pools(drawn: Iterable[ForestRow], pooled: Mapping[str, Pooled] | Pooled | None) -> dict[str, PooledRate]:
    """Return the pooled rate of each therapy that is drawn and has an estimate."""
    by_therapy: dict[str, list[ForestRow]] = {}
    for row in drawn:
        by_therapy.setdefault(row.therapy, []).append(row)
    values = pooled.values() if isinstance(pooled, Mapping) else [] if pooled is None else [pooled]
    if wrong := [value for value in values if not isinstance(value, Pooled)]:
        given = in_short(pooled if len(wrong) == len(values) else wrong[0])
        raise TypeError(
            f"pooled: given {given}, expected what nd.pool_by_therapy returns; an assessment is for verdicts="
        )
    if isinstance(pooled, Pooled):
        if len(by_therapy) != 1:
            raise ValueError(
                f"pooled: given one estimate for rows of {', '.join(by_therapy) or 'no therapy'}; expected rows of one "
                "therapy, or nd.pool_by_therapy(outcomes)"
            )
        pooled = dict.fromkeys(by_therapy, pooled)
    # In the order in which the estimates were given.
    return {
        name: _pooled_rate(name, by_therapy[name], fit) for name, fit in (pooled or {}).items() if name in by_therapy
    }


def _pooled_rate(therapy: str, drawn: list[ForestRow], fit: Pooled) -> PooledRate:
    rows = [row for row in drawn if row.poolable]
    effects = log_odds(*_rates(rows), [row.followed for row in rows])
    try:
        weights = fit.weights_of("PLO", *effects).tolist()
    except ValueError:
        raise ValueError(
            f"pooled[{therapy!r}]: given {fit.k} studies of measure {fit.measure}, expected the {len(rows)} rows "
            "drawn, as PLO and with the same figures; pool them with nd.pool_by_therapy(outcomes)"
        ) from None
    named = dict(zip((row.outcome_id for row in rows), weights, strict=True)) if fit.k >= FEWEST_STUDIES else {}
    return PooledRate(therapy, fit, tuple(row.rate for row in rows), named)
