"""Teaching cases: a made-up patient, rule sets to judge, and what the rules themselves say to the answers.

The verdicts shown are those of the rules as they are now. What ``data/teaching.csv`` expects is held against them by a
test and never shown instead. A score lives as long as whoever holds it: nothing is written down.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from netdash import evidence, outcome_rows, rule_tables
from netdash.judgement import Finding, Judgement, judge
from netdash.patient import Patient
from netdash.rules import RuleSet, Verdict

MOST_RULE_SETS = 4


@dataclass(frozen=True)
class Case:
    """One made-up patient, and rule sets to be judged on it.

    Attributes
    ----------
    case_id, title, question : str
        Identifier, name on screen, what is asked.
    patient : Patient
        The made-up patient; what is not entered is unknown.
    rule_sets : tuple of RuleSet
        One to four, in the order in which they are asked.
    mistake : str
        What readers commonly get wrong here, and why it is wrong.
    teaches : str
        What the case is about: "boundary", "unknown", "stability" and so on.
    source, locator : str
        Where what the mistake says was read (an id of the sources), and the place there.
    discrepancies : str
        Ids of the discrepancies that the mistake rests on, joined by "; ".
    """

    case_id: str
    title: str
    patient: Patient
    question: str
    rule_sets: tuple[RuleSet, ...]
    mistake: str
    teaches: str
    source: str
    locator: str
    discrepancies: str = ""

    def answer(self, answers: Mapping[str, str]) -> Feedback:
        """Hold the answers against the rules.

        Parameters
        ----------
        answers : mapping from str to str
            One of "met", "not_met" and "unknown" for each rule set of the case, by its id.

        Returns
        -------
        Feedback

        Raises
        ------
        ValueError
            When a rule set is not asked, an answer is missing, or a word is none of the three; nothing is marked then.
        """
        asked = {rule_set.name: rule_set for rule_set in self.rule_sets}
        words = ", ".join(Verdict)
        for name, given in answers.items():
            if name not in asked:
                raise ValueError(f"{self.case_id} was given an answer for {name!r}, but asks about {', '.join(asked)}")
            if given not in {*Verdict}:
                raise ValueError(f"{self.case_id}, {name}: given {given!r}, expected one of {words}")
        missing = [name for name in asked if name not in answers]
        if missing:
            raise ValueError(f"{self.case_id}: no answer for {', '.join(missing)}; give each one of {words}")
        return Feedback(
            self, tuple(Answer(Verdict(answers[name]), judge(found, self.patient)) for name, found in asked.items())
        )


@dataclass(frozen=True)
class Answer:
    """One answer beside what the rules say.

    Attributes
    ----------
    given : Verdict
        What was answered.
    judgement : Judgement
        The rule set held against the patient: its verdict, headline, needs, cautions and every finding.
    """

    given: Verdict
    judgement: Judgement

    @property
    def right(self) -> bool:
        """Whether the rules give the same verdict."""
        return self.given is self.judgement.verdict

    @property
    def deciding(self) -> tuple[Finding, ...]:
        """The findings that make the verdict what it is, each with its distance to the bound and its source."""
        return self.judgement.deciding

    def __str__(self) -> str:
        """Return it in one line, and a line for each finding that decides."""
        mark = "Right" if self.right else f"Wrong, answered {self.judgement.kind.word(self.given)}"
        lines = [f"{mark}. {self.judgement.rule_set.title}: {self.judgement.sentence}."]
        return "\n".join([*lines, *(f"  {_finding(found)}" for found in self.deciding)])


@dataclass(frozen=True)
class Feedback:
    """What is said to the answers to one case: an answer beside each judgement, then the common mistake."""

    case: Case
    answers: tuple[Answer, ...]

    def given(self, rule_set: str) -> Verdict | None:
        """Return what was answered for a rule set; None when it was not asked."""
        return next((found.given for found in self.answers if found.judgement.rule_set.name == rule_set), None)

    @property
    def right(self) -> int:
        """How many answers are right."""
        return sum(answer.right for answer in self.answers)

    def __str__(self) -> str:
        """Return it as one would read it out."""
        where = f"{evidence.source_name(self.case.source)}, {self.case.locator}"
        wrong = f"; {self.case.discrepancies}" if self.case.discrepancies else ""
        return "\n".join([*map(str, self.answers), f"Common mistake: {self.case.mistake} [{where}{wrong}]"])


@dataclass(frozen=True)
class Score:
    """What was answered in one sitting.

    A case counts once, as answered first: after that its verdicts have been shown.
    """

    feedback: tuple[Feedback, ...] = ()

    def with_(self, feedback: Feedback) -> Score:
        """Return the score with one more case answered; the same score when that case was answered before."""
        return Score((*self.feedback, feedback)) if self.of(feedback.case.case_id) is None else self

    def of(self, case_id: str) -> Feedback | None:
        """Return what was said to a case; None as long as it is not answered."""
        return next((found for found in self.feedback if found.case.case_id == case_id), None)

    @property
    def asked(self) -> int:
        """How many rule sets were asked about."""
        return sum(len(found.answers) for found in self.feedback)

    @property
    def right(self) -> int:
        """How many of them were answered as the rules do."""
        return sum(found.right for found in self.feedback)

    @property
    def by_teaches(self) -> Mapping[str, Score]:
        """The score of each thing that was taught, in the order in which it was first met."""
        keys = dict.fromkeys(found.case.teaches for found in self.feedback)
        return {key: Score(tuple(found for found in self.feedback if found.case.teaches == key)) for key in keys}


@functools.cache
def cases() -> Mapping[str, Case]:
    """Return every teaching case by id, in the order of the data.

    Raises
    ------
    ValueError
        When a row of the data is no valid case; the message names row and cure.
    """
    return {row["case_id"]: _case(row) for row in outcome_rows.records(evidence.teaching_cases())}


def get(case_id: str) -> Case:
    """Return the teaching case of an id.

    Raises
    ------
    ValueError
        When there is none; the message lists those there are.
    """
    if case_id not in cases():
        raise ValueError(f"{case_id!r} is no teaching case; expected one of {', '.join(cases())}")
    return cases()[case_id]


def _case(row: Mapping[str, str]) -> Case:
    names = row["rule_sets"].split(";")
    try:
        found = tuple(rule_tables.get(name) for name in names)
        patient = Patient.from_query(row["patient"])
    except (ValueError, TypeError) as error:
        raise ValueError(f"teaching.csv, row {row['case_id']}: {error}") from None
    if len(set(names)) < len(names) or len(names) > MOST_RULE_SETS:
        raise ValueError(
            f"teaching.csv, row {row['case_id']}: given rule sets {row['rule_sets']}, "
            f"expected 1 to {MOST_RULE_SETS} different ones; remove a row's repetition, or make two cases"
        )
    kept = ("case_id", "title", "question", "mistake", "teaches", "source", "locator", "discrepancies")
    return Case(patient=patient, rule_sets=found, **{name: row[name] for name in kept})


def _finding(found: Finding) -> str:
    criterion = found.criterion
    distance = f", {found.distance}" if found.distance else ""
    observed = criterion.quantity.show(found.observed)
    where = f"{evidence.source_name(criterion.source)}, {criterion.locator}"
    return f"{criterion.label}: {criterion.requirement}; here {observed}{distance} [{where}]"
