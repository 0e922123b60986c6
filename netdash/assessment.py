"""Which published criteria one patient meets, misses, or leaves untold, and why."""

from __future__ import annotations

import functools
import html
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from netdash import evidence, rules
from netdash.patient import FIELDS, Field, Patient, Value, counted
from netdash.rules import Clause, Criterion, RuleSet, Verdict

if TYPE_CHECKING:
    import pandas as pd

_SAID = {Verdict.MET: "met", Verdict.NOT_MET: "not met", Verdict.UNKNOWN: "cannot tell"}


@dataclass(frozen=True)
class Finding:
    """One criterion held against one patient."""

    criterion: Criterion
    observed: Value | None
    result: Verdict
    margin: float | None

    @property
    def distance(self) -> str:
        """The margin in words: "7 years inside", "at the bound", empty where there is none."""
        if self.margin is None:
            return ""
        if self.margin == 0:
            return "at the bound"
        unit = "points" if self.criterion.quantity.unit == "%" else self.criterion.quantity.unit
        side = "inside" if self.margin > 0 else "outside"
        return f"{counted(abs(self.margin), unit)} {side}"


@dataclass(frozen=True)
class Judgement:
    """One rule set held against one patient.

    Attributes
    ----------
    rule_set : RuleSet
        What was judged.
    patient : Patient
        Who was judged.
    findings : tuple of Finding
        One per criterion, in the order of the data.
    """

    rule_set: RuleSet
    patient: Patient
    findings: tuple[Finding, ...]

    @functools.cached_property
    def _results(self) -> dict[str, Verdict]:
        return {finding.criterion.criterion_id: finding.result for finding in self.findings}

    @functools.cached_property
    def _clauses(self) -> tuple[tuple[Clause, Verdict], ...]:
        return tuple((clause, clause.judge(self._results)) for clause in self.rule_set.clauses)

    @functools.cached_property
    def verdict(self) -> Verdict:
        """The verdict; a rule set whose source states nothing that decides stays unknown, never met."""
        return rules.all_of(result for _, result in self._clauses) if self._clauses else Verdict.UNKNOWN

    def clauses(self, result: Verdict) -> tuple[Clause, ...]:
        """Return the required clauses with one result."""
        return tuple(clause for clause, found in self._clauses if found is result)

    @functools.cached_property
    def deciding(self) -> tuple[Finding, ...]:
        """The findings that make the verdict what it is: all of a met one, what is missed, or what is not known."""
        ways = (
            [criterion.criterion_id for criterion in way]
            for clause in self.clauses(self.verdict)
            for way in clause.alternatives
        )
        ids = {
            name for way in ways if rules.all_of(map(self._results.__getitem__, way)) is self.verdict for name in way
        }
        return tuple(f for f in self.findings if f.criterion.criterion_id in ids and f.result is self.verdict)

    @functools.cached_property
    def needs(self) -> tuple[Field, ...]:
        """The inputs to ask for, so that every required clause can be told; without repetition."""
        # Of a clause's alternatives, those that are missed already are past asking about.
        ways = [way for clause in self.clauses(Verdict.UNKNOWN) for way in clause.alternatives]
        fields = {
            field.name: field
            for way in ways
            if rules.all_of(self._results[criterion.criterion_id] for criterion in way) is Verdict.UNKNOWN
            for criterion in way
            if self._results[criterion.criterion_id] is Verdict.UNKNOWN
            for field in criterion.needs(self.patient)
        }
        return tuple(fields.values())

    @functools.cached_property
    def smallest_change(self) -> dict[str, Value]:
        """The fewest fields to change, with their new values, so that the rule set is met; empty when it is.

        Raises
        ------
        ValueError
            When the source states no criterion that decides, so that nothing makes it met.
        """
        if not self._clauses:
            raise ValueError(f"{self.rule_set.rule_set}: its source states no criterion that decides; nothing meets it")
        ways = (self._follow(way) for way in product(*(clause.alternatives for clause, _ in self._clauses)))
        return min(filter(None, ways), key=len) if self.verdict is not Verdict.MET else {}

    def _follow(self, way: Iterable[tuple[Criterion, ...]]) -> dict[str, Value]:
        """Return the changes that meet one alternative of each clause; empty when they are at odds."""
        changes: dict[str, Value] = {}
        for criterion in (criterion for alternative in way for criterion in alternative):
            patient = self.patient.replace(**changes)
            if criterion.judge(patient) is not Verdict.MET:
                changes |= criterion.cure(patient)
        return changes if judge(self.rule_set, self.patient.replace(**changes)).verdict is Verdict.MET else {}

    @property
    def cautions(self) -> tuple[str, ...]:
        """The cautions that apply, and those that cannot be told, which are marked as such."""
        found = [finding for finding in self.findings if finding.criterion.role == "caution"]
        words = {Verdict.NOT_MET: "", Verdict.UNKNOWN: " (unknown)"}
        return tuple(f"{f.criterion.label}{words[f.result]}" for f in found if f.result in words)

    @property
    def headline(self) -> str:
        """One line: "Meets all 5", "Misses 1 of 5: Ki-67", "Cannot tell: needs primary status"."""
        total = len(self._clauses)
        if not total:
            return "Cannot tell: the source states no criterion that decides"
        if self.verdict is Verdict.MET:
            return f"Meets all {total}"
        if self.verdict is Verdict.NOT_MET:
            missed = self.clauses(Verdict.NOT_MET)
            return f"Misses {len(missed)} of {total}: {', '.join(clause.label for clause in missed)}"
        return f"Cannot tell: needs {', '.join(_in_a_sentence(field.label) for field in self.needs)}"


def judge(rule_set: RuleSet, patient: Patient) -> Judgement:
    """Return the judgement of one rule set on one patient."""
    return Judgement(rule_set, patient, tuple(_find(criterion, patient) for criterion in rule_set.criteria))


def _find(criterion: Criterion, patient: Patient) -> Finding:
    observed = criterion.observed(patient)
    margin = None if observed is None else criterion.margin(observed)
    return Finding(criterion, observed, criterion.judge(patient), margin)


@dataclass(frozen=True, repr=False)
class Assessment:
    """Every rule set held against one patient.

    Attributes
    ----------
    patient : Patient
        Who was assessed.
    judgements : tuple of Judgement
        One per rule set, in fixed order.
    """

    patient: Patient
    judgements: tuple[Judgement, ...]

    def __getitem__(self, rule_set: str) -> Judgement:
        """Return the judgement of one rule set.

        Raises
        ------
        ValueError
            When the rule set was not assessed; the message lists those that were.
        """
        for judgement in self.judgements:
            if judgement.rule_set.rule_set == rule_set:
                return judgement
        known = ", ".join(j.rule_set.rule_set for j in self.judgements)
        raise ValueError(f"{rule_set!r} was not assessed; expected one of {known}")

    @property
    def scope(self) -> tuple[Criterion, ...]:
        """What puts the case outside what the tool is for; it hides no verdict and decides none."""
        return tuple(found for found in rules.scope() if found.judge(self.patient) is Verdict.MET)

    def next_inputs(self) -> pd.DataFrame:
        """Return what to find out next: the unknown inputs that undecided rule sets need.

        Returns
        -------
        DataFrame
            field, label, settles (rule sets for which it is the only input still needed), asked_by (all that need
            it), rule_sets (their ids joined by "; "); those that settle most come first, then those asked most.
        """
        import pandas as pd

        return pd.DataFrame(self.wanted(), columns=["field", "label", "settles", "asked_by", "rule_sets"])

    def wanted(self) -> list[dict[str, Any]]:
        """Return the rows of `next_inputs`: the board needs a few of them at every move, and no data frame."""
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
                "rule_sets": "; ".join(j.rule_set.rule_set for j in found),
            }
            for name, found in asking.items()
            if found
        ]
        return sorted(rows, key=lambda row: (row["settles"], row["asked_by"]), reverse=True)

    @functools.cached_property
    def verdicts(self) -> pd.DataFrame:
        """One row per rule set.

        Columns: therapy, rule_set, verdict ("met", "not_met", "unknown"), n_criteria, n_met, n_not_met,
        n_unknown (alternatives count as one criterion), missed, unknown, cautions (names joined by "; "), headline.
        """
        import pandas as pd

        rows = [
            {
                "therapy": j.rule_set.therapy,
                "rule_set": j.rule_set.rule_set,
                "verdict": j.verdict.value,
                "n_criteria": len(j.rule_set.clauses),
                "n_met": len(j.clauses(Verdict.MET)),
                "n_not_met": len(j.clauses(Verdict.NOT_MET)),
                "n_unknown": len(j.clauses(Verdict.UNKNOWN)),
                "missed": "; ".join(clause.label for clause in j.clauses(Verdict.NOT_MET)),
                "unknown": "; ".join(clause.label for clause in j.clauses(Verdict.UNKNOWN)),
                "cautions": "; ".join(j.cautions),
                "headline": j.headline,
            }
            for j in self.judgements
        ]
        return pd.DataFrame(rows)

    @functools.cached_property
    def findings(self) -> pd.DataFrame:
        """One row per criterion, indexed by criterion_id.

        Columns: therapy, rule_set, criterion, role, requirement, observed (None when unknown), result, margin
        (signed distance to the threshold in `unit`, positive inside), unit, source, locator, note.
        """
        import pandas as pd

        rows = {
            f.criterion.criterion_id: {
                "therapy": j.rule_set.therapy,
                "rule_set": j.rule_set.rule_set,
                "criterion": f.criterion.label,
                "role": f.criterion.role,
                "requirement": f.criterion.requirement,
                "observed": f.observed,
                "result": f.result.value,
                "margin": f.margin,
                "unit": f.criterion.quantity.unit,
                "source": evidence.source_name(f.criterion.source),
                "locator": f.criterion.locator,
                "note": f.criterion.note,
            }
            for j in self.judgements
            for f in j.findings
        }
        frame = pd.DataFrame(list(rows.values()), index=pd.Index(list(rows), name="criterion_id"))
        # An unknown stays None beside numbers, words and yes or no: never a NaN that compares as false.
        frame["observed"] = pd.Series([row["observed"] for row in rows.values()], index=frame.index, dtype=object)
        return frame.astype({"margin": float})

    def flips(self, rule_set: str) -> pd.DataFrame:
        """Return what would make each missed or unknown criterion of one rule set met.

        Parameters
        ----------
        rule_set : str
            Identifier of an assessed rule set.

        Returns
        -------
        DataFrame
            One row per criterion and field to change: criterion, role, result, field, observed, needed (a value
            for ``Patient.replace``), change (in words). Where a bound is strict, `needed` lies one step inside.

        Raises
        ------
        ValueError
            When the rule set was not assessed.
        """
        import pandas as pd

        columns = ["criterion", "role", "result", "field", "observed", "needed", "change"]
        rows = [
            {
                "criterion": f.criterion.label,
                "role": f.criterion.role,
                "result": f.result.value,
                "field": name,
                "observed": getattr(self.patient, name),
                "needed": needed,
                "change": change(f.criterion, FIELDS[name], getattr(self.patient, name), needed),
            }
            for f in self[rule_set].findings
            if f.result is not Verdict.MET
            for name, needed in f.criterion.cure(self.patient).items()
        ]
        return pd.DataFrame(rows, columns=columns, dtype=object)

    def __str__(self) -> str:
        """Return what one would read out: the case, then each rule set with its headline."""
        lines = [_case(self.patient), *(f"  Outside the scope: {c.label}. {c.note}" for c in self.scope)]
        for judgement in self.judgements:
            name = f"{evidence.therapy_name(judgement.rule_set.therapy)}; {judgement.rule_set.title}"
            lines.append(f"  {name}: {judgement.headline}.")
        return "\n".join([*lines, evidence.HONESTY])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return a table that a notebook shows and keeps."""
        head = "".join(f"<th>{word}</th>" for word in ("Therapy", "Criteria", "Verdict", "Why", "Cautions"))
        rows = "".join(
            "<tr>"
            + "".join(
                f"<td>{html.escape(text)}</td>"
                for text in (
                    evidence.therapy_name(j.rule_set.therapy),
                    j.rule_set.title,
                    _SAID[j.verdict],
                    j.headline,
                    "; ".join(j.cautions),
                )
            )
            + "</tr>"
            for j in self.judgements
        )
        outside = "".join(f"<p>{html.escape(f'Outside the scope: {c.label}. {c.note}')}</p>" for c in self.scope)
        return (
            f"<p>{html.escape(_case(self.patient))}</p>{outside}<table><thead><tr>{head}</tr></thead>"
            f"<tbody>{rows}</tbody></table><p>{html.escape(evidence.HONESTY)}</p>"
        )


def assess(patient: Patient, rule_sets: Iterable[str] | None = None) -> Assessment:
    """Hold published criteria against one patient.

    Parameters
    ----------
    patient : Patient
        Unknown fields leave the criteria that need them unknown.
    rule_sets : iterable of str, optional
        Identifiers of the rule sets; all of them when not given. The order is always that of the data.

    Returns
    -------
    Assessment
        With the data frames ``verdicts`` and ``findings``.

    Raises
    ------
    ValueError
        When a rule set is not known.
    TypeError
        When `patient` is no Patient.

    Examples
    --------
    >>> print(assess(Patient(age_years=48)).verdicts.headline)  # doctest: +SKIP
    """
    if not isinstance(patient, Patient):
        raise TypeError(f"assess was given {type(patient).__name__}, expected a Patient; use Patient.from_dict(...)")
    wanted = set(rules.load()) if rule_sets is None else {rules.get(name).rule_set for name in rule_sets}
    return Assessment(patient, tuple(judge(found, patient) for name, found in rules.load().items() if name in wanted))


def change(criterion: Criterion, field: Field, observed: Value | None, needed: Value) -> str:
    """Return in words the change of one field that would make a criterion met."""
    target = criterion.requirement if criterion.quantity is field else field.show(needed)
    return f"{field.label}: {target} (now {field.show(observed)})"


def _case(patient: Patient) -> str:
    entered = patient.to_dict()
    if not entered:
        return "Nothing is known of the patient."
    said = [f"{FIELDS[name].label} {FIELDS[name].show(value)}" for name, value in entered.items()]
    return f"Patient: {'; '.join(said)}."


def _in_a_sentence(label: str) -> str:
    # "Primary status" loses its capital inside a sentence; "Ki-67" and "MIBG positive" keep theirs.
    first = label.split(maxsplit=1)[0]
    return label[0].lower() + label[1:] if first.isalpha() and first.istitle() else label
