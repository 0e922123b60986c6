"""One rule set held against one patient: what came of each criterion, the verdict, and the verdict in words."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from netdash import rule_tables, rules
from netdash.fields import Field, Value, counted
from netdash.patient import Patient
from netdash.rules import Clause, Criterion, RuleSet, Verdict
from netdash.wording import KINDS, Kind

NOTHING_DECIDES = "Open: the source states nothing that decides"
COMPARED = ("list", "label")
"""Kinds of rule sets whose requirements are named where another rule set of the same therapy is silent on them."""


@dataclass(frozen=True)
class Finding:
    """One criterion held against one patient; `needs` are the inputs to ask for where it is unknown."""

    criterion: Criterion
    observed: Value | None
    result: Verdict
    margin: float | None
    needs: tuple[Field, ...] = ()

    @property
    def distance(self) -> str:
        """The margin in words: "7 years inside", "at the bound, which is included", empty where there is none."""
        if self.margin is None:
            return ""
        if self.margin == 0:
            return f"at the bound, which is {'included' if self.result is Verdict.MET else 'excluded'}"
        unit = "points" if self.criterion.quantity.unit == "%" else self.criterion.quantity.unit
        side = "inside" if self.margin > 0 else "outside"
        return f"{counted(abs(self.margin), unit)} {side}"

    @property
    def lacking(self) -> str:
        """What is not entered; of what is derived, the inputs too: "WHO grade (differentiation)"."""
        topic = self.criterion.quantity.topic
        inputs = [field.topic for field in self.needs]
        return topic if inputs == [topic] else f"{topic} ({', '.join(inputs)})"

    def said(self, kind: Kind) -> str:
        """Return value and requirement: "age 57 years (asked: under 55 years)"."""
        return f"{self.criterion.quantity.say(self.observed)} ({kind.asked}: {self.criterion.require(kind.last)})"


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

    @property
    def kind(self) -> Kind:
        """The words of the rule set's kind."""
        return KINDS[self.rule_set.kind]

    @property
    def word(self) -> str:
        """The verdict in the words of its kind: "met", "does not fit", "open"."""
        return self.kind.word(self.verdict)

    @functools.cached_property
    def _by_id(self) -> dict[str, Finding]:
        return {finding.criterion.criterion_id: finding for finding in self.findings}

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

    def _of(self, way: tuple[Criterion, ...], result: Verdict) -> list[Finding]:
        """Return the findings with one result among the criteria of one alternative."""
        return [
            self._by_id[criterion.criterion_id] for criterion in way if self._results[criterion.criterion_id] is result
        ]

    @functools.cached_property
    def deciding(self) -> tuple[Finding, ...]:
        """The findings that make the verdict what it is: all of a met one, what is missed, or what is not known."""
        ways = (way for clause in self.clauses(self.verdict) for way in clause.alternatives)
        found = (
            self._of(way, self.verdict)
            for way in ways
            if rules.all_of(self._results[criterion.criterion_id] for criterion in way) is self.verdict
        )
        return tuple(finding for findings in found for finding in findings)

    @functools.cached_property
    def needs(self) -> tuple[Field, ...]:
        """The inputs to ask for, so that every required clause can be told; without repetition."""
        ways = (way for clause in self.clauses(Verdict.UNKNOWN) for way in clause.alternatives)
        return tuple(dict.fromkeys(field for way in ways for field in self._asking(way)))

    @functools.cached_property
    def missed(self) -> tuple[str, ...]:
        """What is missed, one text for each clause: every criterion with its value and its bound."""
        return tuple(self._missed(clause) for clause in self.clauses(Verdict.NOT_MET))

    def _missed(self, clause: Clause) -> str:
        ways = [self._of(way, Verdict.NOT_MET) for way in clause.alternatives]
        said = ", ".join(" with ".join(finding.said(self.kind) for finding in way) for way in ways)
        return {1: said, 2: f"both alternatives missed: {said}"}.get(
            len(ways), f"all {len(ways)} alternatives missed: {said}"
        )

    @functools.cached_property
    def open(self) -> tuple[str, ...]:
        """What is not entered, one text for each clause that it leaves open; alternatives are joined by "or"."""
        return tuple(dict.fromkeys(self._open(clause) for clause in self.clauses(Verdict.UNKNOWN)))

    def _open(self, clause: Clause) -> str:
        ways = list(dict.fromkeys(filter(None, (self._asking(way) for way in clause.alternatives))))
        # Of "Ki-67 and differentiation, or Ki-67" the shorter way says it all.
        fewest = [way for way in ways if not any(set(other) < set(way) for other in ways)]
        said = [" and ".join(field.topic for field in way) for way in fewest]
        mixed = len(said) > 1 and any(len(way) > 1 for way in fewest)
        return f"{', or '.join(said)}, not entered" if mixed else f"{' or '.join(said)} not entered"

    def _asking(self, way: tuple[Criterion, ...]) -> tuple[Field, ...]:
        """Return the inputs to ask for of one alternative; of one that is missed already, none."""
        if rules.all_of(self._results[criterion.criterion_id] for criterion in way) is not Verdict.UNKNOWN:
            return ()
        asking = (field for f in self._of(way, Verdict.UNKNOWN) for field in f.needs)
        return tuple(dict.fromkeys(asking))

    @functools.cached_property
    def _cautions(self) -> tuple[Finding, ...]:
        found = [f for f in self.findings if f.criterion.role == "caution" and f.result is not Verdict.MET]
        return tuple(sorted(found, key=lambda f: f.result is Verdict.UNKNOWN))

    @functools.cached_property
    def cautions(self) -> tuple[str, ...]:
        """What the patient has that the source warns of, then what is not entered, which says so."""
        return tuple(
            f"{f.lacking}: not entered" if f.result is Verdict.UNKNOWN else f.criterion.quantity.finding(f.observed)
            for f in self._cautions
        )

    @property
    def n_cautions(self) -> int:
        """How many cautions apply; one that is not entered is not counted."""
        return sum(f.result is Verdict.NOT_MET for f in self._cautions)

    @functools.cached_property
    def silent_on(self) -> tuple[str, ...]:
        """What this rule set does not ask, another list or label of its therapy asks, and this patient fails there."""
        return tuple(said for name, said in _of_others(self.patient, self.rule_set, Verdict.NOT_MET))

    @property
    def unasked(self) -> tuple[str, ...]:
        """What this rule set does not ask, another list or label of its therapy asks, and is not entered."""
        silent = {said for _, said in _of_others(self.patient, self.rule_set, Verdict.NOT_MET)}
        found = _of_others(self.patient, self.rule_set, Verdict.UNKNOWN)
        return tuple(said for _, said in found if said not in silent)

    def required(self, result: Verdict) -> tuple[Finding, ...]:
        """Return the findings that give required clauses one result."""
        ways = (way for clause in self.clauses(result) for way in clause.alternatives)
        return tuple(finding for way in ways for finding in self._of(way, result))

    @property
    def not_asked(self) -> tuple[str, ...]:
        """What the source asks and no field of a patient holds."""
        return tuple(filter(None, self.rule_set.not_asked.split("; ")))

    @functools.cached_property
    def headline(self) -> str:
        """The verdict in one line.

        "Meets 5 of 5; 1 caution: portal vein occluded", "Misses 1 of 5: age 57 years (asked: under 55 years)",
        "Open, 2 of 6: pregnancy not entered; progression not entered".
        """
        of = len(self._clauses)
        if not of:
            return NOTHING_DECIDES
        if self.verdict is Verdict.NOT_MET:
            return f"{self.kind.missed_of.format(n=len(self.missed), of=of)}: {'; '.join(self.missed)}"
        if self.verdict is Verdict.UNKNOWN:
            return f"Open, {len(self.clauses(Verdict.UNKNOWN))} of {of}: {'; '.join(self.open)}"
        return "; ".join([self.kind.met_of.format(n=of, of=of), *self.provisos])

    @property
    def provisos(self) -> tuple[str, ...]:
        """What stands behind a met verdict: cautions, other lists' requirements that fail, what is not asked."""
        n = self.n_cautions
        parts = {
            f"{n} {'caution' if n == 1 else 'cautions'}: ": self.cautions[:n],
            "silent on ": self.silent_on,
            "not asked: ": self.not_asked,
        }
        return tuple(f"{name}{', '.join(texts)}" for name, texts in parts.items() if texts)

    @functools.cached_property
    def beside(self) -> tuple[str, ...]:
        """What is said beside the headline: cautions of a verdict that is not met, and what else is not entered."""
        met, n = self.verdict is Verdict.MET, self.n_cautions
        still_open = len(self.clauses(Verdict.UNKNOWN)) if self.verdict is Verdict.NOT_MET else 0
        parts = {
            f"{'Caution' if n == 1 else 'Cautions'}: ": () if met else self.cautions[:n],
            "Cautions not entered: ": [f.lacking for f in self._cautions[n:]] if met else (),
            "Not entered, asked by another list or label: ": self.unasked if met else (),
            "Still open: ": (f"{still_open} of {len(self._clauses)}",) if still_open else (),
        }
        return tuple(f"{name}{', '.join(texts)}" for name, texts in parts.items() if texts)

    @property
    def sentence(self) -> str:
        """The headline and what is said beside it."""
        return ". ".join([self.headline, *self.beside])


def judge(rule_set: RuleSet, patient: Patient) -> Judgement:
    """Return the judgement of one rule set on one patient."""
    return Judgement(rule_set, patient, tuple(_find(criterion, patient) for criterion in rule_set.criteria))


@functools.lru_cache(maxsize=128)
def _of_lists(therapy: str, patient: Patient, result: Verdict) -> Mapping[str, str]:
    """Return by quantity, in words, what has one result in any list or label of a therapy."""
    compared = [r for r in rule_tables.load().values() if r.therapy == therapy and r.kind in COMPARED]
    findings = (finding for rule_set in compared for finding in judge(rule_set, patient).required(result))
    return {
        f.criterion.quantity.name: f.lacking
        if result is Verdict.UNKNOWN
        else f"{f.criterion.quantity.topic} ({f.criterion.quantity.show(f.observed)})"
        for f in findings
    }


def _of_others(patient: Patient, rule_set: RuleSet, result: Verdict) -> tuple[tuple[str, str], ...]:
    """Return what a rule set does not ask and other lists or labels of its therapy do, where it has one result."""
    if rule_set.kind == "population":  # what a trial asked besides was not read
        return ()
    asked = {c.quantity.name for c in rule_set.criteria if c.role in ("required", "caution")}
    found = _of_lists(rule_set.therapy, patient, result)
    return tuple((name, said) for name, said in found.items() if name not in asked)


def _find(criterion: Criterion, patient: Patient) -> Finding:
    observed = criterion.observed(patient)
    margin = None if observed is None else criterion.margin(observed)
    result = criterion.judge(patient)
    return Finding(criterion, observed, result, margin, criterion.needs(patient) if result is Verdict.UNKNOWN else ())
