"""The tables of what was published after the review: hazard ratios of trials, medians and rates."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from netdash import data_tables, evidence, outcome_rows, rule_tables
from netdash.outcome_rows import number
from netdash.refusals import expected
from netdash.rules import Verdict, all_of
from netdash.wording import capital, number_of, with_unit, words, years

if TYPE_CHECKING:
    import pandas as pd

    from netdash.assessment import Assessment

HAZARD_RATIO = "hazard_ratio"
_NEEDED = (
    "outcome_id",
    "source",
    "therapy",
    "arm",
    "endpoint",
    "statistic",
    "value",
    "low",
    "high",
    "how_read",
    "trial",
)
_TEXT = ("outcome_id", "therapy", "arm", "comparator", "population", "locator")
NOT_OF_A_TRIAL = "no comparison of the arms of a trial"
RANDOMIZED = "randomized"
"""The design of a trial of which it was read that its patients were assigned at random."""
LIKE = "like its patients"
"""The verdict on a population that is met."""


@dataclass(frozen=True, kw_only=True)
class LaterRow:
    """One outcome published after the review.

    Attributes
    ----------
    outcome_id, therapy, arm, comparator, population, locator : str
        As in ``nd.later_outcomes()``.
    label : str
        Name of the trial or of the source, with the year where it is known.
    n, horizon_months : float or None
        Number of patients; time of a rate.
    value : float
        The figure.
    low, high, level : float or None
        Its interval, and the level in percent; None where not read or not reached.
    how_read : str
        "full text", "abstract" or "secondary".
    design : str
        Design of the trial, as far as it was read: "randomized"; empty when the figure is of no trial.
    alike : str
        How the patients of the trial compare with this one: "like its patients" (also "like its patients, with
        cautions" or "cautions open"), "unlike", "open"; empty for no case.
    subgroup : str
        The verdict on the subgroup that the figure is about ("met": this patient is in it); empty for no case.
    left_out : str
        Why it is not drawn; empty when it is drawn.
    """

    outcome_id: str
    therapy: str
    label: str
    arm: str
    comparator: str
    population: str
    locator: str
    n: float | None
    horizon_months: float | None
    value: float
    low: float | None
    high: float | None
    level: float | None
    how_read: str
    design: str = ""
    discrepancies: str = ""
    alike: str = ""
    subgroup: str = ""
    left_out: str = ""

    @property
    def interval(self) -> str:
        """The interval in words, with its level unless that is 95 %: "(0.79 to 1.37, 90 %)"; empty for none."""
        if self.low is None:
            return ""
        level = "" if self.level == 95 else ", level not stated" if self.level is None else f", {self.level:g} %"
        return f" ({self.low:g} to {'not reached' if self.high is None else f'{self.high:g}'}{level})"

    @property
    def read(self) -> str:
        """How far it was read, and whether that the patients were assigned at random: "abstract; randomized"."""
        return f"{self.how_read}; {RANDOMIZED}" if self.design == RANDOMIZED and self.comparator else self.how_read

    @property
    def marks(self) -> str:
        """Who the figure is about, compared with this patient: "like this patient", "this patient's subgroup"."""
        unlike = "unlike this patient" if self.alike == "unlike" else ""
        of_trial = self.alike.replace(LIKE, "like this patient") if self.alike.startswith(LIKE) else unlike
        return ", ".join(filter(None, [of_trial, "this patient's group" if self.subgroup == "met" else ""]))


@dataclass(frozen=True, eq=False)
class LaterTable:
    """What a picture of later outcomes draws and what it leaves out.

    Attributes
    ----------
    statistic, endpoint : str
        "hazard_ratio", "median" or "rate", and what is on the axis.
    horizon_months : float or None
        Time of the rates.
    rows : tuple of LaterRow
        The rows of that endpoint, by therapy, drawn or left out.
    """

    statistic: str
    endpoint: str
    horizon_months: float | None
    rows: tuple[LaterRow, ...]
    caption: ClassVar[str] = (
        "A hazard ratio under 1 means fewer events in the arm named first. Each figure is that of one trial or source; "
        "none are pooled, and trials with different comparators do not compare. Secondary: read in a text that reports "
        "the source. Randomized: said where it was read, and not known of the other trials. Intervals are of 95 % "
        "unless another level stands beside them. † a known discrepancy."
    )

    @cached_property
    def drawn(self) -> tuple[LaterRow, ...]:
        """The rows that are drawn."""
        return tuple(row for row in self.rows if not row.left_out)

    @cached_property
    def left_out(self) -> tuple[LaterRow, ...]:
        """The rows that are not drawn, each with its reason."""
        return tuple(row for row in self.rows if row.left_out)

    @cached_property
    def title(self) -> str:
        """What is on the axis."""
        if self.statistic == HAZARD_RATIO:
            return f"Hazard ratios of {words(self.endpoint)}, arms of trials"
        what = words(self.endpoint)
        named = f"{years(self.horizon_months, '-year')} {what}" if self.statistic == "rate" else f"Median {what}"
        return f"Published later: {named[0].lower() if self.statistic == 'median' else named[0]}{named[1:]}"

    @cached_property
    def sentence(self) -> str:
        """The picture in words."""
        if not self.drawn:
            return f"{self.title}: none was read."
        alike = dict.fromkeys(
            f"{row.label}{row.alike.removeprefix(LIKE)}" for row in self.drawn if row.alike.startswith(LIKE)
        )
        secondary = sum(row.how_read == "secondary" for row in self.drawn)
        said = f"{self.title}: {number_of(len(self.drawn), 'figure')}, {secondary} of them read in a secondary text."
        return f"{said} This patient is like those of {'; '.join(alike)}." if alike else said

    def frame(self) -> pd.DataFrame:
        """Return the rows of ``nd.later_outcomes()`` in order, with alike, subgroup_of_patient and left_out."""
        table = evidence.later_outcomes().set_index("outcome_id", drop=False)
        table = table.loc[[row.outcome_id for row in self.rows]].reset_index(drop=True)
        return table.assign(
            alike=[row.alike for row in self.rows],
            subgroup_of_patient=[row.subgroup for row in self.rows],
            left_out=[row.left_out for row in self.rows],
        )


def later_table(
    outcomes: pd.DataFrame,
    assessment: Assessment | None = None,
    *,
    endpoint: str = "progression_free_survival",
    statistic: str = HAZARD_RATIO,
    horizon_months: float | None = None,
    alike: Mapping[str, str] | None = None,
) -> LaterTable:
    """Return the later outcomes of one endpoint and statistic.

    Parameters
    ----------
    outcomes : DataFrame
        Rows of ``nd.later_outcomes()``.
    assessment : Assessment, optional
        The result of ``nd.assess``: trials whose patients are like this one are marked, and the subgroup the patient
        is in.
    endpoint, statistic : str
        What is on the axis; "hazard_ratio", "median" or "rate".
    horizon_months : float, optional
        Time of the rates.
    alike : mapping, optional
        In place of an assessment: the words of the populations by rule set ("like its patients").

    Raises
    ------
    ValueError
        When the table lacks a column, or no row has the endpoint and statistic.
    """
    given = getattr(outcomes, "columns", ())
    if missing := [name for name in _NEEDED if name not in given]:
        raise ValueError(f"outcomes: given no {', '.join(missing)}; expected nd.later_outcomes(), or rows of it")
    found = outcome_rows.records(outcomes)
    found = [row for row in found if row["statistic"] == statistic and number(row["value"]) is not None]
    endpoints = sorted({row["endpoint"] for row in found})
    if not endpoints:
        raise ValueError(f"outcomes: given no row of {statistic}, expected rows of nd.later_outcomes() that have one")
    if endpoint not in endpoints:
        raise ValueError(f"endpoint {endpoint!r} is in no row of {statistic}{expected(endpoint, endpoints)}")
    found = [row for row in found if row["endpoint"] == endpoint]
    if horizon_months is not None:
        found = [row for row in found if row["horizon_months"] == horizon_months]
    if alike is None:
        alike = {j.rule_set.name: j.word_with_cautions for j in assessment.judgements} if assessment else {}
    rows = _told_apart([_row(row, alike, assessment) for row in _by_therapy(found)])
    return LaterTable(statistic, endpoint, horizon_months, rows)


@functools.cache
def trial_results(rule_set: str) -> tuple[tuple[str, LaterRow], ...]:
    """Return what the trial of a population found: each figure in words ("overall survival, median 48 months")."""
    rows = outcome_rows.records(data_tables.read_table("later_outcomes"))
    of_trial = [name for name, trial in _by_id("trials", "trial").items() if trial["rule_set"] == rule_set]
    found = [row for row in rows if row["trial"] in of_trial and number(row["value"]) is not None]
    return tuple((_in_words(row), _row(row, {}, None)) for row in found)


def _in_words(row: Mapping[str, Any]) -> str:
    at = f" at {row['horizon_months']:g} months" if row["statistic"] == "rate" else ""
    unit = "" if row["unit"] == "ratio" else row["unit"]
    value = with_unit(row["value"], unit)
    return f"{words(row['endpoint'])}, {words(row['statistic'])}{at} {value}".strip()


def _by_therapy(found: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return rows by therapy; the result of a trial stands right before those of its subgroups."""
    order = {name: place for place, name in enumerate(data_tables.read_table("therapies")["therapy"].tolist())}
    return sorted(found, key=lambda row: (order.get(row["therapy"], len(order)), row["trial"], bool(row["subgroup"])))


def _label(name: str, year: float | None) -> str:
    """Return the name of a trial or a source with its year, which some names hold already."""
    added = f" {year:.0f}" if year and not name.endswith(f"{year:.0f}") else ""
    return capital(f"{name}{added}")


def _row(row: Mapping[str, Any], alike: Mapping[str, str], assessment: Assessment | None) -> LaterRow:
    trial, source = _by_id("trials", "trial").get(row["trial"]), _by_id("sources", "source")[row["source"]]
    year = number(source["year"])
    compared = trial is not None and "; " in trial["arms"]
    return LaterRow(
        **{name: row[name] for name in _TEXT},
        n=number(row["n"]),
        horizon_months=number(row["horizon_months"]),
        low=number(row["low"]),
        high=number(row["high"]),
        level=number(row["level"]),
        label=_label(source["name"] if trial is None else trial["name"], year),
        value=float(row["value"]),
        how_read=row["how_read"],
        design=trial["design"] if trial else "",
        discrepancies=row["discrepancies"],
        alike=alike.get(trial["rule_set"], "") if trial else "",
        subgroup=_in_subgroup(row["subgroup"], assessment),
        left_out=NOT_OF_A_TRIAL if row["statistic"] == HAZARD_RATIO and not compared else "",
    )


@functools.cache
def _by_id(table: str, key: str) -> Mapping[str, Mapping[str, Any]]:
    return {row[key]: row for row in outcome_rows.records(data_tables.read_table(table))}


def _told_apart(rows: Sequence[LaterRow]) -> tuple[LaterRow, ...]:
    """Return rows; two cohorts of one trial have the beginning of their population in the label.

    The patients of a trial are those of all its cohorts: whether a patient is like those of one is not said.
    """
    arms = Counter((row.label, row.arm) for row in rows)
    return tuple(
        replace(row, label=f"{row.label}, {row.population.split(',')[0]}", alike="")
        if arms[row.label, row.arm] > 1
        else row
        for row in rows
    )


def _in_subgroup(subgroup: str, assessment: Assessment | None) -> str:
    if not subgroup or assessment is None:
        return ""
    conditions = [rule_tables.condition("subgroup", *part.split(" ")) for part in subgroup.split("; ")]
    verdict: Verdict = all_of(condition.judge(assessment.patient) for condition in conditions)
    return verdict.value
