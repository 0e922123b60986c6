"""Comparisons: the rule sets of one therapy side by side, their verdicts counted, one case before and after."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from netdash import evidence, own_criteria, rule_tables, rules
from netdash.assessment import Assessment, assess
from netdash.derived import possible
from netdash.findings import Finding
from netdash.judgement import Judgement
from netdash.own_criteria import LOCAL, OwnCriteria
from netdash.patient import FIELDS, Patient, check_patient
from netdash.rules import Verdict
from netdash.wording import VERDICT_SIGNS, VERDICT_WORDS

if TYPE_CHECKING:
    import pandas as pd


def compare(
    patient: Patient,
    therapy: str | Iterable[str],
    criteria: str | Path | bytes | OwnCriteria | None = None,
) -> pd.DataFrame:
    """Compare the rule sets of one therapy, or of several, criterion by criterion.

    Parameters
    ----------
    patient : Patient
        The patient they judge.
    therapy : str or iterable of str
        Identifier of a therapy, such as "transplantation", or several.
    criteria : str, Path or bytes, optional
        A file of own criteria, as for :func:`~netdash.assess`; those of the therapy are compared too.

    Returns
    -------
    DataFrame
        A first row with the verdicts, then one row per input that any of them asks, indexed by its label, in the order
        of the patient's fields. Columns: this_patient, then one per rule set. A cell gives requirement and result
        ("under 55 years: missed"), or "not asked". Where sources differ on the input, it ends with the id of that
        discrepancy: "over 90 %: met [B5-01]".

    Raises
    ------
    ValueError
        When there is no such therapy; the message lists the therapies.

    Examples
    --------
    >>> import netdash as nd
    >>> table = nd.compare(nd.Patient(age_years=57), "transplantation")
    >>> table.loc["Age", ["this_patient", "milan_review"]].tolist()
    ['57 years', 'under 55 years: missed']
    """
    import pandas as pd

    therapies = [therapy] if isinstance(therapy, str) else list(therapy)
    published = {name for one in therapies for name in rule_tables.of_therapy(one)}
    every = own_criteria.book(criteria).values()
    wanted = [r.name for r in every if r.name in published or (r.basis == LOCAL and r.therapy in therapies)]
    assessment = assess(patient, wanted, criteria)
    cells: dict[str, dict[str, str]] = {"Verdict": {"this_patient": ""}}
    for name in (name for name in rules.QUANTITIES if _asked(assessment, name)):
        quantity = rules.QUANTITIES[name]
        found = (f.observed for j in assessment.judgements for f in j.findings if f.criterion.quantity is quantity)
        row = {"this_patient": quantity.show(next((value for value in found if value is not None), None))}
        row |= {j.rule_set.name: "not asked" for j in assessment.judgements}
        cells[quantity.label] = row
    for judgement in assessment.judgements:
        cells["Verdict"][judgement.rule_set.name] = judgement.headline
        for finding in judgement.findings:
            cell = cells[finding.criterion.quantity.label]
            before = cell[judgement.rule_set.name]
            text = _requirement_and_result(finding, judgement)
            cell[judgement.rule_set.name] = text if before == "not asked" else f"{before}; {text}"
    return pd.DataFrame.from_dict(cells, orient="index")


def _asked(assessment: Assessment, name: str) -> bool:
    return any(f.criterion.quantity.name == name for j in assessment.judgements for f in j.findings)


def _requirement_and_result(finding: Finding, judgement: Judgement) -> str:
    criterion = finding.criterion
    role = "" if criterion.role == "required" else f" ({criterion.role}, does not decide)"
    for clause in judgement.rule_set.clauses:
        for alternative in clause.alternatives:
            if criterion in alternative and len(clause.alternatives) > 1:
                together = [other.quantity.topic for other in alternative if other is not criterion]
                role = f" (one of {len(clause.alternatives)} alternatives{', together with ' * bool(together)}"
                role += f"{', '.join(together)}; one suffices)"
    apart = [name for name in criterion.discrepancies.split("; ") if name.startswith(evidence.BETWEEN_SOURCES)]
    at_odds = f" [{', '.join(apart)}]" if apart else ""
    return f"{criterion.requirement}: {VERDICT_WORDS[finding.result]}{role}{at_odds}"


def differences(before: Patient, after: Patient, criteria: OwnCriteria | None = None) -> pd.DataFrame:
    """Return the rule sets whose verdict, reason or cautions differ between two states of a case.

    Parameters
    ----------
    before, after : Patient
        The earlier and the later state of the case.
    criteria : OwnCriteria, optional
        Own criteria by which both are judged, too.

    Returns
    -------
    DataFrame
        One row per rule set that differs: therapy, rule_set, before, after (verdicts), headline_before,
        headline_after, changed (labels of the inputs that differ and that the rule set asks, joined by "; "),
        sentence_before, sentence_after (headlines with their side notes, such as cautions that are not entered).
    """
    import pandas as pd

    changed = {name for name in FIELDS if getattr(before, name) != getattr(after, name)}
    rows = [
        {
            "therapy": a.rule_set.therapy,
            "rule_set": a.rule_set.name,
            "before": b.verdict.value,
            "after": a.verdict.value,
            "headline_before": b.headline,
            "headline_after": a.headline,
            "changed": "; ".join(FIELDS[name].label for name in a.rule_set.inputs if name in changed),
            "sentence_before": b.sentence,
            "sentence_after": a.sentence,
        }
        for b, a in zip(*(assess(p, criteria=criteria).judgements for p in (before, after)), strict=True)
        if (b.headline, b.cautions) != (a.headline, a.cautions)
    ]
    columns = ["therapy", "rule_set", "before", "after", "headline_before", "headline_after", "changed"]
    columns += ["sentence_before", "sentence_after"]
    return pd.DataFrame(rows, columns=columns)


@dataclass(frozen=True)
class Tally:
    """The verdicts of all rule sets of one therapy, counted.

    Attributes
    ----------
    met, missed, open : tuple of str
        Titles of the rule sets with that verdict.
    cautioned : int
        How many of the met rule sets have a caution that applies.
    silent : int
        How many of the met rule sets are silent on a miss (``Judgement.silent_on``).

    Examples
    --------
    >>> import netdash as nd
    >>> tally = nd.tallies(nd.assess(nd.Patient(age_years=57)))["transplantation"]
    >>> str(tally), tally.of, tally.signs
    ('0 of 7 met, 2 missed, 5 open', 7, '✕?')
    >>> tally.missed
    ('Milan, as the review quotes it', 'Milan 2007')
    """

    met: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    cautioned: int = 0
    silent: int = 0

    @property
    def of(self) -> int:
        """The number of rule sets."""
        return len(self.met) + len(self.missed) + len(self.open)

    @property
    def verdict(self) -> str:
        """The verdict ("met", "not_met", "unknown") shared by all rule sets; empty when they differ."""
        found = [verdict for verdict, titles in self._by_verdict().items() if titles]
        return found[0] if len(found) == 1 else ""

    @property
    def signs(self) -> str:
        """The signs of the verdicts that occur, such as "●✕?"."""
        return "".join(VERDICT_SIGNS[verdict] for verdict, titles in self._by_verdict().items() if titles)

    def __str__(self) -> str:
        """Return the counts in words: "3 of 7 met, 2 missed, 2 open"; zero missed or open is left out."""
        counts = {verdict: len(titles) for verdict, titles in self._by_verdict().items()}
        rest = [f"{counts[verdict]} {VERDICT_WORDS[verdict]}" for verdict in ("not_met", "unknown") if counts[verdict]]
        return ", ".join([f"{counts['met']} of {self.of} {VERDICT_WORDS['met']}", *rest])

    @property
    def provisos(self) -> tuple[str, ...]:
        """The provisos of the met rule sets: "2 met with cautions", "1 met but silent on a miss"."""
        counts = {
            f"met with {'a caution' if self.cautioned == 1 else 'cautions'}": self.cautioned,
            "met but silent on a miss": self.silent,
        }
        return tuple(f"{n} {words}" for words, n in counts.items() if n)

    def _by_verdict(self) -> dict[str, tuple[str, ...]]:
        return {"met": self.met, "not_met": self.missed, "unknown": self.open}


def tallies(assessment: Assessment) -> dict[str, Tally]:
    """Count the verdicts of each therapy.

    Parameters
    ----------
    assessment : Assessment
        The result of ``nd.assess``.

    Returns
    -------
    dict of str to Tally
        By therapy, in the order of the data. ``str`` of a tally is "3 of 7 met, 2 missed, 2 open". Lists, statements
        and labels are counted. Populations are not: a therapy that has only populations is absent.

    Examples
    --------
    >>> import netdash as nd
    >>> counted = nd.tallies(nd.assess(nd.Patient(age_years=57)))
    >>> str(counted["transplantation"])
    '0 of 7 met, 2 missed, 5 open'
    """
    _check_assessment(assessment)
    found: dict[str, list[Judgement]] = {}
    for judgement in assessment.published:
        found.setdefault(judgement.rule_set.therapy, []).append(judgement)
    return {therapy: _tally(judgements) for therapy, judgements in found.items()}


def _check_assessment(assessment: object) -> None:
    if not isinstance(assessment, Assessment):
        raise TypeError(f"given {type(assessment).__name__}, expected an Assessment; use nd.assess(patient)")


def _tally(judgements: list[Judgement]) -> Tally:
    met, missed, left = (
        [j for j in judgements if j.verdict is verdict] for verdict in (Verdict.MET, Verdict.NOT_MET, Verdict.UNKNOWN)
    )
    return Tally(
        met=tuple(j.rule_set.title for j in met),
        missed=tuple(j.rule_set.title for j in missed),
        open=tuple(j.rule_set.title for j in left),
        cautioned=sum(j.n_cautions > 0 for j in met),
        silent=sum(bool(j.silent_on) for j in met),
    )


def standing(assessment: Assessment, selected: str = "") -> dict[str, Judgement]:
    """Return one judgement for each therapy. The pictures use :func:`tallies`, which counts all rule sets.

    Parameters
    ----------
    assessment : Assessment
        An assessment by all rule sets.
    selected : str
        Name of a rule set; its judgement is returned for its therapy. Every other therapy gets its first judgement.

    Returns
    -------
    dict of str to Judgement
        By therapy, in the order of the data.

    Examples
    --------
    >>> import netdash as nd
    >>> judgements = nd.standing(nd.assess(nd.Patient(age_years=57)), "milan_2007")
    >>> judgements["transplantation"].rule_set.name
    'milan_2007'
    """
    _check_assessment(assessment)
    found: dict[str, Judgement] = {}
    for judgement in assessment.judgements:
        if judgement.rule_set.therapy not in found or judgement.rule_set.name == selected:
            found[judgement.rule_set.therapy] = judgement
    return found


def differing(patient: Patient, studies: pd.DataFrame) -> dict[str, str]:
    """Return the series whose patients are known to differ from this one, with the reasons.

    Parameters
    ----------
    patient : Patient
        The patient. A field that is not entered is not compared.
    studies : DataFrame
        Rows of ``nd.studies()``. A column without a confirmed value is not compared.

    Returns
    -------
    dict of str to str
        Reasons by study_id: "pancreas only", "well differentiated only", or both joined by "; ".

    Examples
    --------
    >>> import netdash as nd
    >>> patient = nd.Patient(primary_site="lung")
    >>> set(nd.differing(patient, nd.studies()).values()) >= {"pancreas only"}
    True
    """
    columns = ("study_id", "sites", "primary_sites", "differentiation", "grades")
    check_patient(patient)
    if missing := [name for name in columns if name not in getattr(studies, "columns", ())]:
        raise ValueError(f"studies: given no {', '.join(missing)}; expected nd.studies(), or rows of it")
    reasons_by_study: dict[str, str] = {}
    for study_id, sites, site_words, grades, grade_words in zip(*(studies[name] for name in columns), strict=True):
        reasons = [
            f"{words} only"
            for field, entered, allowed, words in (
                ("primary_site", patient.primary_site, sites, site_words),
                ("differentiation", patient.differentiation, grades, grade_words),
            )
            if entered is not None and allowed and not _studied(field, entered, allowed.split("|"))
        ]
        if reasons:
            reasons_by_study[str(study_id)] = "; ".join(reasons)
    return reasons_by_study


def _studied(field: str, entered: object, allowed: Collection[str]) -> bool:
    """Return whether a possible value of the patient is among the allowed words, itself or as a part of one."""
    known = FIELDS[field]
    found = possible(entered, ())
    return known.open_word in found or any(w in allowed or known.narrower.get(w) in allowed for w in found)
