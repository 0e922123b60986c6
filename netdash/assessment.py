"""One patient judged by every rule set: met, not met or unknown, with the reasons."""

from __future__ import annotations

import functools
import html
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netdash import conflicts, evidence, own_criteria, remarks, rule_tables
from netdash.fields import Known, in_part
from netdash.intervals import Interval
from netdash.judgement import Finding, Judgement, judge
from netdash.own_criteria import OwnCriteria
from netdash.patient import FIELDS, Patient
from netdash.rules import Criterion, Verdict
from netdash.wording import HEADLINE_LEGEND, POPULATIONS_HEADING, html_table, look_up

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Assessment:
    """One patient judged by every rule set.

    Attributes
    ----------
    patient : Patient
        The patient.
    judgements : tuple of Judgement
        One judgement per rule set, in the order of the data; own rule sets after the published ones of their therapy.
    own : OwnCriteria or None
        The own criteria that it was judged by, too.
    """

    patient: Patient
    judgements: tuple[Judgement, ...]
    own: OwnCriteria | None = None

    def __getitem__(self, rule_set: str) -> Judgement:
        """Return the judgement of one rule set.

        Raises
        ------
        ValueError
            When the rule set was not assessed; the message lists those that were.
        """
        for judgement in self.judgements:
            if judgement.rule_set.name == rule_set:
                return judgement
        known = ", ".join(j.rule_set.name for j in self.judgements)
        raise ValueError(f"{rule_set!r} was not assessed; expected one of {known}")

    @property
    def scope(self) -> tuple[Criterion, ...]:
        """The statements that put the case outside the scope of netdash; they change no verdict."""
        return tuple(found for found in rule_tables.scope() if found.judge(self.patient) is Verdict.MET)

    @property
    def conflicts(self) -> tuple[str, ...]:
        """One sentence for each pair of inputs that cannot be true together; they change no verdict."""
        return conflicts.at_odds(self.patient)

    @property
    def published(self) -> tuple[Judgement, ...]:
        """The judgements by lists, statements and labels."""
        return tuple(j for j in self.judgements if j.rule_set.kind != "population")

    @property
    def studied(self) -> tuple[Judgement, ...]:
        """The judgements by populations: the patients of trials, which are not criteria of a therapy."""
        return tuple(j for j in self.judgements if j.rule_set.kind == "population")

    def next_inputs(self) -> pd.DataFrame:
        """Return the inputs that undecided rule sets ask and that are not entered, or known in part only.

        Returns
        -------
        DataFrame
            One row per input: field, label, settles (number of rule sets that need this input alone), asked_by
            (number of rule sets that need it), rule_sets (their ids joined by "; "), known ("not entered", or what is
            known: "3 to 20 %"). Sorted by settles, then by asked_by, both descending.
        """
        import pandas as pd

        return pd.DataFrame(self.next_input_rows(), columns=NEXT_INPUT_COLUMNS)

    def next_input_rows(self) -> list[dict[str, Any]]:
        """Return the rows of :meth:`next_inputs` as dictionaries; the board avoids the cost of a data frame."""
        undecided = [j for j in self.judgements if j.verdict is Verdict.UNKNOWN and j.rule_set.clauses]
        asking: dict[str, list[Judgement]] = {name: [] for name in FIELDS}
        for judgement in undecided:
            for field in judgement.needs:
                asking[field.name].append(judgement)
        rows = [
            {
                "field": name,
                "label": FIELDS[name].label,
                "settles": sum(len(j.needs) == 1 for j in found),
                "asked_by": len(found),
                "rule_sets": "; ".join(j.rule_set.name for j in found),
                "known": FIELDS[name].show(self.patient.entered.get(name)),
            }
            for name, found in asking.items()
            if found
        ]
        return sorted(rows, key=lambda row: (row["settles"], row["asked_by"]), reverse=True)

    @functools.cached_property
    def verdicts(self) -> pd.DataFrame:
        """One row per rule set.

        Columns: therapy, rule_set, verdict ("met", "not_met", "unknown"), n_criteria, n_met, n_not_met,
        n_unknown (alternatives count as one criterion), missed, unknown (labels joined by "; "), cautions (those that
        apply, then those not entered, joined by "; "), headline, kind ("list", "statement", "label", "population"),
        n_cautions (number that apply), silent_on (inputs that another list or label of the therapy asks, this one does
        not, and the patient misses there, joined by "; "), not_asked (conditions that the source states and netdash
        has no input for, joined by "; "). With own criteria also basis, which is "local" for these.
        """
        import pandas as pd

        rows = [
            {
                "therapy": j.rule_set.therapy,
                "rule_set": j.rule_set.name,
                "verdict": j.verdict.value,
                "n_criteria": len(j.rule_set.clauses),
                "n_met": len(j.clauses(Verdict.MET)),
                "n_not_met": len(j.clauses(Verdict.NOT_MET)),
                "n_unknown": len(j.clauses(Verdict.UNKNOWN)),
                "missed": "; ".join(clause.label for clause in j.clauses(Verdict.NOT_MET)),
                "unknown": "; ".join(clause.label for clause in j.clauses(Verdict.UNKNOWN)),
                "cautions": "; ".join(j.cautions),
                "headline": j.headline,
                "kind": j.rule_set.kind,
                "n_cautions": j.n_cautions,
                "silent_on": "; ".join(j.silent_on),
                "not_asked": j.rule_set.not_asked,
                **({"basis": j.rule_set.basis} if self.own else {}),
            }
            for j in self.judgements
        ]
        return pd.DataFrame(rows)

    @functools.cached_property
    def findings(self) -> pd.DataFrame:
        """One row per criterion, indexed by criterion_id.

        Columns: therapy, rule_set, criterion, role, requirement, observed (an interval or a frozenset when known in
        part, None when unknown), result, margin (signed distance to the bound in `unit`, positive inside; missing
        when the value is not known exactly), unit, source, locator, note, margin_low, margin_high (the least and the
        greatest possible margin).
        """
        import pandas as pd

        rows = {
            f.criterion.criterion_id: {
                "therapy": j.rule_set.therapy,
                "rule_set": j.rule_set.name,
                "criterion": f.criterion.label,
                "role": f.criterion.role,
                "requirement": f.criterion.requirement,
                "observed": _observed(f),
                "result": f.result.value,
                "margin": None if isinstance(f.margin, Interval) else f.margin,
                "unit": f.criterion.quantity.unit,
                "source": evidence.source_name(f.criterion.source),
                "locator": f.criterion.locator,
                "note": f.criterion.note,
                "margin_low": f.margin.least if isinstance(f.margin, Interval) else f.margin,
                "margin_high": f.margin.most if isinstance(f.margin, Interval) else f.margin,
            }
            for j in self.judgements
            for f in j.findings
        }
        frame = pd.DataFrame(list(rows.values()), index=pd.Index(list(rows), name="criterion_id"))
        # dtype=object keeps an unknown value as None; pandas would make it NaN, which compares as false.
        frame["observed"] = pd.Series([row["observed"] for row in rows.values()], index=frame.index, dtype=object)
        return frame.astype(dict.fromkeys(("margin", "margin_low", "margin_high"), float))

    def flips(self, rule_set: str) -> pd.DataFrame:
        """Return the change that would meet each missed or open criterion of one rule set.

        Parameters
        ----------
        rule_set : str
            Identifier of an assessed rule set.

        Returns
        -------
        DataFrame
            One row per criterion and field: criterion, role, result, field, observed, needed (a value for
            ``Patient.replace`` that would meet it; None where none is proposed), change (in words), may_change.
            may_change is "not entered" or "changeable" (`needed` has a value, one slider step inside a strict bound),
            "known in part" (the value that would meet it is possible; `change` says what decides), "fixed" (`change`
            gives the distance) or "state" (a finding: `change` gives neither value nor distance).

        Raises
        ------
        ValueError
            When the rule set was not assessed.
        """
        import pandas as pd

        columns = ["criterion", "role", "result", "field", "observed", "needed", "change", "may_change"]
        judgement = self[rule_set]
        rows = [
            {"criterion": f.criterion.label, "role": f.criterion.role, "result": f.result.value, **flip}
            for f in judgement.findings
            for flip in self.changes(judgement, f)
        ]
        return pd.DataFrame(rows, columns=columns, dtype=object)

    def changes(self, judgement: Judgement, finding: Finding) -> Iterator[dict[str, Any]]:
        """Yield, for each field to change, the last five columns of `flips`; nothing when the criterion is met."""
        changes = finding.criterion.change_to_meet(self.patient)
        ways = {name: self._may_change(name, finding) for name in changes}
        # A change of two fields meets the criterion only as a whole: propose no value when one field cannot change.
        blocked = not {"fixed", "state"}.isdisjoint(ways.values())
        for name, needed in changes.items():
            observed = getattr(self.patient, name)
            words = change(judgement, finding, name, observed, ways[name])
            target = None if blocked else needed
            yield {"field": name, "observed": observed, "needed": target, "change": words, "may_change": ways[name]}

    def _may_change(self, name: str, finding: Finding) -> str:
        """Return what can happen to a field so that a criterion is met."""
        observed = getattr(self.patient, name)
        if observed is None:
            return "not entered"
        return "known in part" if in_part(observed) and finding.result is Verdict.UNKNOWN else FIELDS[name].change

    def __str__(self) -> str:
        """Return the case, the headline of each rule set, then the populations of trials, as text."""
        lines = [_case(self.patient), *(f"  {line}" for line in self.context)]
        for therapy, judgements in groupby(self.published, key=lambda j: j.rule_set.therapy):
            name = evidence.therapy_name(therapy)
            lines += [f"  {name}; {j.rule_set.tagged_title}: {j.sentence}." for j in judgements]
            lines += [f"    {remark.text}" for remark in self.remarks[therapy]]
        lines += [f"{POPULATIONS_HEADING}, no criteria of a therapy:"] if self.studied else []
        for j in self.studied:
            lines.append(f"  {evidence.therapy_name(j.rule_set.therapy)}; {j.rule_set.tagged_title}: {j.sentence}.")
        return "\n".join([*lines, HEADLINE_LEGEND, evidence.DISCLAIMER])

    __repr__ = __str__

    @functools.cached_property
    def remarks(self) -> dict[str, tuple[remarks.Remark, ...]]:
        """The remarks of the sources that apply to this case, by therapy."""
        return remarks.called_for((j.rule_set.therapy for j in self.published), self.patient)

    @property
    def general(self) -> tuple[str, ...]:
        """The remarks of the sources that concern every therapy."""
        return tuple(remark.text for remark in remarks.on_therapy("", self.patient))

    @property
    def context(self) -> tuple[str, ...]:
        """The sentences before the verdicts: inputs at odds, statements out of scope, general remarks."""
        outside = [f"Outside the scope: {c.label}. {c.note}" for c in self.scope]
        local = [f"Own criteria, marked local: {self.own}."] if self.own else []
        return (*local, *(f"Inputs at odds: {sentence}." for sentence in self.conflicts), *outside, *self.general)

    def _repr_html_(self) -> str:
        """Return the assessment as HTML for Jupyter."""
        case = "".join(f"<p>{html.escape(text)}</p>" for text in (_case(self.patient), *self.context))
        studied = (
            f"<p>{POPULATIONS_HEADING}, no criteria of a therapy</p>{_table(self.studied)}" if self.studied else ""
        )
        beside = dict.fromkeys(remark.text for found in self.remarks.values() for remark in found)
        notes = "".join(f"<p>{html.escape(text)}</p>" for text in (*beside, HEADLINE_LEGEND))
        return f"{case}{_table(self.published)}{notes}{studied}<p>{html.escape(evidence.DISCLAIMER)}</p>"


def _table(judgements: Iterable[Judgement]) -> str:
    rows = [
        (evidence.therapy_name(j.rule_set.therapy), j.rule_set.tagged_title, j.word, j.sentence, "; ".join(j.cautions))
        for j in judgements
    ]
    return html_table(rows, ("Therapy", "Source", "Verdict", "Why", "Cautions"))


def assess(
    patient: Patient,
    rule_sets: Iterable[str] | None = None,
    criteria: str | Path | bytes | OwnCriteria | None = None,
) -> Assessment:
    """Judge one patient by published criteria.

    Parameters
    ----------
    patient : Patient
        The patient. A criterion on an unknown field is unknown.
    rule_sets : iterable of str, optional
        Identifiers of the rule sets; all rule sets when not given. The result is in the order of the data.
    criteria : str, Path or bytes, optional
        A CSV file of one's own criteria, or its content, made from ``netdash lint --template``. They are judged beside
        the published ones and marked as local.

    Returns
    -------
    Assessment
        It has the data frames ``verdicts`` and ``findings``.

    Raises
    ------
    ValueError
        When a rule set is not known, or the file of own criteria has an error; no criterion of such a file is used.
    TypeError
        When `patient` is not a Patient.

    Examples
    --------
    >>> print(assess(Patient(age_years=48)).verdicts.headline)  # doctest: +SKIP
    """
    if not isinstance(patient, Patient):
        raise TypeError(f"assess was given {type(patient).__name__}, expected a Patient; use Patient.from_dict(...)")
    own = None if criteria is None else own_criteria.read(criteria)
    every = own_criteria.book(own)
    wanted = set(every) if rule_sets is None else {look_up(every, name, "rule set").name for name in rule_sets}
    return Assessment(patient, tuple(judge(found, patient) for name, found in every.items() if name in wanted), own)


NEXT_INPUT_COLUMNS = ["field", "label", "settles", "asked_by", "rule_sets", "known"]


def _observed(finding: Finding) -> Known | None:
    """Return the observed value for a data frame: a derived grade in words, "G3 or NEC"."""
    quantity, observed = finding.criterion.quantity, finding.observed
    return quantity.show(observed) if in_part(observed) and quantity.name not in FIELDS else observed


def change(judgement: Judgement, finding: Finding, field: str, observed: Known | None, may_change: str) -> str:
    """Return in words the change of one field that would meet a criterion.

    The words give the requirement, for a fixed field the distance to the bound, and for a field that is known in part
    what would decide.
    """
    quantity = finding.criterion.quantity
    requirement = finding.criterion.requirement_text(judgement.kind.joiner)
    asked = f"{judgement.kind.asked}: {requirement}"
    if quantity.name != field:
        asked = f"{quantity.topic} {asked}"
    if observed is None:
        return f"{FIELDS[field].phrase(None)} ({asked})"
    if may_change == "known in part":
        decides = FIELDS[field].topic if quantity.name == field else quantity.topic
        return f"{FIELDS[field].phrase(observed)} ({asked}): decided once {decides} is known to be {requirement} or not"
    distance = f", {finding.distance}" if may_change == "fixed" and finding.distance else ""
    return f"{FIELDS[field].phrase(observed)}{distance} ({asked}): {CHANGE_WORDS[may_change]}"


CHANGE_WORDS = {"changeable": "can change", "fixed": "stays as it is", "state": "a finding, no target"}


def _case(patient: Patient) -> str:
    entered = patient.entered
    if not entered:
        return "Nothing is known of the patient."
    phrases = [FIELDS[name].capitalized(value) for name, value in entered.items()]
    return f"Patient: {'; '.join(phrases)}."
