"""One patient judged by one rule set: the findings, the verdict, and the verdict in words."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from netdash import rule_tables, rules
from netdash.fields import Field
from netdash.findings import Finding, find
from netdash.patient import Patient
from netdash.rules import Clause, Criterion, RuleSet, Verdict
from netdash.wording import RULE_SET_KINDS, Kind

NOTHING_DECIDES = "Open: the source states nothing that decides"
COMPARED_KINDS = ("list", "label")
"""Kinds of rule sets whose requirements are compared with those of other rule sets of the same therapy."""


@dataclass(frozen=True, repr=False)
class Judgement:
    """One patient judged by one rule set.

    Attributes
    ----------
    rule_set : RuleSet
        The rule set.
    patient : Patient
        The patient.
    findings : tuple of Finding
        One finding per criterion, in the order of the data.

    Examples
    --------
    >>> import netdash as nd
    >>> assessment = nd.assess(nd.Patient(age_years=57, ki67_percent=4))
    >>> judgement = assessment["milan_review"]
    >>> judgement.verdict == "not_met", judgement.headline
    (True, 'Misses 1 of 5: age 57 years (asked: under 55 years)')
    >>> judgement.missed
    ('age 57 years (asked: under 55 years)',)
    >>> [field.name for field in judgement.needs]
    ['primary_site', 'extrahepatic_disease', 'liver_involvement_percent']
    """

    rule_set: RuleSet
    patient: Patient
    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        """Return rule set and headline; of a met one the side notes too, because they qualify it."""
        return f"Judgement({self.rule_set.name}: {self.sentence if self.verdict is Verdict.MET else self.headline})"

    def __str__(self) -> str:
        """Return the headline and the side notes."""
        return self.sentence

    @property
    def kind(self) -> Kind:
        """The kind of the rule set, with its words."""
        return RULE_SET_KINDS[self.rule_set.kind]

    @property
    def word(self) -> str:
        """The verdict in the words of the kind: "met", "does not fit", "open"."""
        return self.kind.word(self.verdict)

    @property
    def word_with_cautions(self) -> str:
        """The verdict in words; of a met one whether cautions apply or are open: "like its patients, cautions open"."""
        if self.verdict is not Verdict.MET or not self.cautions:
            return self.word
        return f"{self.word}, {'with cautions' if self.n_cautions else 'cautions open'}"

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
        """The verdict: Kleene's AND of the clauses, and unknown for a rule set without required criteria."""
        return rules.all_of(result for _, result in self._clauses) if self._clauses else Verdict.UNKNOWN

    @functools.cached_property
    def told(self) -> tuple[Any, ...]:
        """All that the words of a judgement depend on: two that are equal have the same words.

        The words of a criterion that is met do not name the value of the patient.
        """
        entered = self.patient.entered

        def of(finding: Finding) -> Any:
            if finding.result is Verdict.MET:
                return finding.result
            needs = ((field.name, field in finding.missing, entered.get(field.name)) for field in finding.needs)
            return finding.result, finding.observed, finding.partly, *needs

        return self.rule_set.name, *map(of, self.findings)

    def clauses(self, result: Verdict) -> tuple[Clause, ...]:
        """Return the required clauses with one result.

        Examples
        --------
        >>> import netdash as nd
        >>> judgement = nd.assess(nd.Patient(age_years=57))["milan_review"]
        >>> [clause.label for clause in judgement.clauses(judgement.verdict)]
        ['Age']
        """
        return tuple(clause for clause, found in self._clauses if found is result)

    def _with_result(self, alternative: tuple[Criterion, ...], result: Verdict) -> list[Finding]:
        """Return the findings with one result among the criteria of one alternative."""
        return [
            self._by_id[criterion.criterion_id]
            for criterion in alternative
            if self._results[criterion.criterion_id] is result
        ]

    @functools.cached_property
    def deciding(self) -> tuple[Finding, ...]:
        """The findings that decide the verdict: those met, those missed, or those unknown."""
        alternatives = (alternative for clause in self.clauses(self.verdict) for alternative in clause.alternatives)
        found = (
            self._with_result(alternative, self.verdict)
            for alternative in alternatives
            if rules.all_of(self._results[criterion.criterion_id] for criterion in alternative) is self.verdict
        )
        return tuple(finding for findings in found for finding in findings)

    @functools.cached_property
    def open_findings(self) -> tuple[Finding, ...]:
        """The findings on required criteria that leave a clause open."""
        alternatives = (alternative for clause in self.clauses(Verdict.UNKNOWN) for alternative in clause.alternatives)
        return tuple(finding for alternative in alternatives for finding in self._open_findings(alternative))

    @functools.cached_property
    def needs(self) -> tuple[Field, ...]:
        """The inputs to enter, or to narrow, so that every required clause can be judged, without repetition."""
        return tuple(dict.fromkeys(field for finding in self.open_findings for field in finding.needs))

    @functools.cached_property
    def missed(self) -> tuple[str, ...]:
        """One text for each missed clause: every missed criterion with its value and its bound."""
        return tuple(self._missed(clause) for clause in self.clauses(Verdict.NOT_MET))

    def _missed(self, clause: Clause) -> str:
        alternatives = [self._with_result(alternative, Verdict.NOT_MET) for alternative in clause.alternatives]
        text = ", ".join(
            " with ".join(finding.phrase(self.kind) for finding in alternative) for alternative in alternatives
        )
        return {1: text, 2: f"both alternatives missed: {text}"}.get(
            len(alternatives), f"all {len(alternatives)} alternatives missed: {text}"
        )

    @functools.cached_property
    def open(self) -> tuple[str, ...]:
        """One text for each open clause: inputs that are not entered, values known in part; "or" joins alternatives."""
        return tuple(dict.fromkeys(self._open(clause) for clause in self.clauses(Verdict.UNKNOWN)))

    @functools.cached_property
    def open_in_part(self) -> tuple[str, ...]:
        """The texts of the open clauses of which something is known: each with the value and the bound."""
        return tuple(dict.fromkeys(self._open(c) for c in self.clauses(Verdict.UNKNOWN) if self._told(c)))

    @functools.cached_property
    def not_entered(self) -> tuple[Field, ...]:
        """The inputs to enter for the other open clauses, of which nothing is known."""
        clauses = (clause for clause in self.clauses(Verdict.UNKNOWN) if not self._told(clause))
        found = (finding for clause in clauses for a in clause.alternatives for finding in self._open_findings(a))
        return tuple(dict.fromkeys(field for finding in found for field in finding.missing))

    def _told(self, clause: Clause) -> bool:
        """Whether something is known of a criterion that leaves a clause open."""
        return any(finding.is_told for a in clause.alternatives for finding in self._open_findings(a))

    def _open(self, clause: Clause) -> str:
        alternatives = [self._open_findings(alternative) for alternative in clause.alternatives]
        missing = [tuple(dict.fromkeys(f for finding in found for f in finding.missing)) for found in alternatives]
        if not self._told(clause):
            return _not_entered(missing)
        texts = [
            " and ".join(
                [
                    *(finding.phrase(self.kind) for finding in found if finding.is_told),
                    *([_not_entered([fields])] if fields else []),
                ]
            )
            for found, fields in zip(alternatives, missing, strict=True)
            if found
        ]
        return ", or ".join(dict.fromkeys(texts))

    def _open_findings(self, alternative: tuple[Criterion, ...]) -> list[Finding]:
        """Return the open findings of one alternative; none when the alternative is met or missed already."""
        result = rules.all_of(self._results[criterion.criterion_id] for criterion in alternative)
        return self._with_result(alternative, result) if result is Verdict.UNKNOWN else []

    @functools.cached_property
    def _cautions(self) -> tuple[Finding, ...]:
        found = [f for f in self.findings if f.criterion.role == "caution" and f.result is not Verdict.MET]
        return tuple(sorted(found, key=lambda f: f.result is Verdict.UNKNOWN))

    @functools.cached_property
    def cautions(self) -> tuple[str, ...]:
        """The findings that the source warns of, in words; then the cautions whose input is open."""
        return tuple(self._caution(found) for found in self._cautions)

    def _caution(self, found: Finding) -> str:
        if found.result is not Verdict.UNKNOWN:
            return found.criterion.quantity.caution_phrase(found.observed)
        return f"{found.lacking}: not entered" if found.missing else found.phrase(self.kind)

    @property
    def n_cautions(self) -> int:
        """How many cautions apply; a caution whose input is not entered is not counted."""
        return sum(f.result is Verdict.NOT_MET for f in self._cautions)

    @functools.cached_property
    def silent_on(self) -> tuple[str, ...]:
        """The inputs that the patient misses in another list or label of the therapy; this one does not ask them."""
        return tuple(found.lacking for found in _from_others(self.patient, self.rule_set, Verdict.NOT_MET))

    @property
    def unasked(self) -> tuple[str, ...]:
        """The inputs that another list or label of the therapy asks, this one does not, and that are not entered."""
        return tuple(found.lacking for found in self._open_elsewhere if found.missing)

    @functools.cached_property
    def _open_elsewhere(self) -> tuple[Finding, ...]:
        found = _from_others(self.patient, self.rule_set, Verdict.UNKNOWN)
        return tuple(finding for finding in found if finding.lacking not in self.silent_on)

    @property
    def _narrowable(self) -> tuple[str, ...]:
        return tuple(found.lacking for found in self._open_elsewhere if not found.missing)

    def required(self, result: Verdict) -> tuple[Finding, ...]:
        """Return the findings on required criteria that cause one result of a clause.

        Examples
        --------
        >>> import netdash as nd
        >>> judgement = nd.assess(nd.Patient(age_years=57))["milan_review"]
        >>> [found.criterion.label for found in judgement.required(judgement.verdict)]
        ['Age']
        """
        alternatives = (alternative for clause in self.clauses(result) for alternative in clause.alternatives)
        return tuple(finding for alternative in alternatives for finding in self._with_result(alternative, result))

    @property
    def not_asked(self) -> tuple[str, ...]:
        """The conditions that the source states and netdash has no input for."""
        return tuple(filter(None, self.rule_set.not_asked.split("; ")))

    @functools.cached_property
    def headline(self) -> str:
        """The verdict in one line, as the board shows it.

        "Meets 5 of 5; 1 caution: portal vein occluded", "Misses 1 of 5: age 57 years (asked: under 55 years)",
        "Open, 2 of 6: pregnancy not entered; Ki-67 3 to 20 % (asked: under 10 %)".
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
        """The texts after a met verdict: cautions, inputs it is silent on, conditions that are not asked."""
        n = self.n_cautions
        parts = {
            f"{n} {'caution' if n == 1 else 'cautions'}: ": self.cautions[:n],
            "silent on ": self.silent_on,
        }
        found = [f"{name}{', '.join(texts)}" for name, texts in parts.items() if texts]
        # Between conditions of which one holds a comma, a comma would be misread; nothing follows them.
        between = "; " if any("," in text for text in self.not_asked) else ", "
        return (*found, *([f"not asked: {between.join(self.not_asked)}"] if self.not_asked else []))

    @functools.cached_property
    def side_notes(self) -> tuple[str, ...]:
        """The notes shown beside the headline: cautions of a verdict that is not met, other inputs not entered."""
        met, n = self.verdict is Verdict.MET, self.n_cautions
        still_open = len(self.clauses(Verdict.UNKNOWN)) if self.verdict is Verdict.NOT_MET else 0
        parts = {
            f"{'Caution' if n == 1 else 'Cautions'}: ": () if met else self.cautions[:n],
            "Cautions not entered: ": [f.lacking for f in self._cautions[n:] if f.missing] if met else (),
            "Cautions open: ": [f.phrase(self.kind) for f in self._cautions[n:] if not f.missing] if met else (),
            "Not entered, asked by another list or label: ": self.unasked if met else (),
            "Open, asked by another list or label: ": self._narrowable if met else (),
            "Still open: ": (f"{still_open} of {len(self._clauses)}",) if still_open else (),
        }
        return tuple(f"{name}{', '.join(texts)}" for name, texts in parts.items() if texts)

    @property
    def sentence(self) -> str:
        """The headline and the side notes."""
        return ". ".join([self.headline, *self.side_notes])


def judge(rule_set: RuleSet, patient: Patient) -> Judgement:
    """Judge one patient by one rule set."""
    return Judgement(rule_set, patient, tuple(find(criterion, patient) for criterion in rule_set.criteria))


def judge_again(before: Judgement, patient: Patient, changed: Set[str]) -> Judgement:
    """Return ``judge(before.rule_set, patient)``, with all that is known of it already.

    Parameters
    ----------
    before : Judgement
        A judgement of another patient; it stays as it is.
    patient : Patient
        The patient to judge.
    changed : set of str
        The names of all fields in which the two differ. They are not looked up here: one move asks for every rule set.
    """
    if changed.isdisjoint(_inputs(before.rule_set)):
        made = object.__new__(Judgement)
        made.__dict__.update(before.__dict__, patient=patient)  # with the verdict and the texts, where they are made
        return made
    found = (f if changed.isdisjoint(f.criterion.inputs) else find(f.criterion, patient) for f in before.findings)
    made = Judgement(before.rule_set, patient, tuple(found))
    if made._results == before._results:  # the results alone decide
        made.__dict__.update(_clauses=before._clauses, verdict=before.verdict)
    return made


def _compared(therapy: str) -> list[RuleSet]:
    """Return the lists and labels of a therapy, which are compared with each other."""
    return [r for r in rule_tables.load().values() if r.therapy == therapy and r.kind in COMPARED_KINDS]


@functools.lru_cache(maxsize=128)
def _in_any_list(therapy: str, patient: Patient, result: Verdict) -> Mapping[str, Finding]:
    """Return, by quantity, a finding that has one result in any list or label of a therapy."""
    findings = (finding for rule_set in _compared(therapy) for finding in judge(rule_set, patient).required(result))
    return {f.criterion.quantity.name: f for f in findings}


@functools.lru_cache(maxsize=256)
def _inputs(rule_set: RuleSet) -> frozenset[str]:
    """Return the inputs that a judgement depends on: what its rule set asks, and the lists that it is compared with."""
    beside = [] if rule_set.kind == "population" else _compared(rule_set.therapy)
    return frozenset(name for found in (rule_set, *beside) for name in found.inputs)


def _from_others(patient: Patient, rule_set: RuleSet, result: Verdict) -> tuple[Finding, ...]:
    """Return what other lists or labels of the therapy ask, this rule set does not, and has one result."""
    if rule_set.kind == "population":  # the other conditions of a trial were not read
        return ()
    asked = {c.quantity.name for c in rule_set.criteria if c.role in ("required", "caution")}
    found = _in_any_list(rule_set.therapy, patient, result)
    return tuple(finding for name, finding in found.items() if name not in asked)


def _not_entered(alternatives: Sequence[tuple[Field, ...]]) -> str:
    """Return the inputs that are not entered; "or" joins those of alternatives."""
    different = list(dict.fromkeys(filter(None, alternatives)))
    # Of "Ki-67 and differentiation, or Ki-67" only the shorter alternative is shown.
    fewest = [fields for fields in different if not any(set(other) < set(fields) for other in different)]
    texts = [" and ".join(field.topic for field in fields) for fields in fewest]
    mixed = len(texts) > 1 and any(len(fields) > 1 for fields in fewest)
    return f"{', or '.join(texts)}, not entered" if mixed else f"{' or '.join(texts)} not entered"
