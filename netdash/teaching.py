"""Teaching cases: a made-up patient, rule sets to judge, and feedback on the answers.

The feedback shows the verdicts that the rules give now. A test compares them with the verdicts that
``data/teaching.csv`` expects. A score is kept in memory only.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from netdash import evidence, outcome_rows, rule_tables
from netdash.findings import Finding
from netdash.judgement import Judgement, judge
from netdash.patient import Patient
from netdash.rules import RuleSet, Verdict
from netdash.wording import look_up

MOST_RULE_SETS = 4
"""The most rule sets that one teaching case asks."""


@dataclass(frozen=True)
class TeachingCase:
    """One made-up patient, and rule sets to judge it by.

    Attributes
    ----------
    case_id, title, question : str
        Identifier, name on screen, question.
    patient : Patient
        The made-up patient; a field that is not entered is unknown.
    rule_sets : tuple of RuleSet
        One to four rule sets, in the order in which they are asked.
    mistake : str
        A common mistake on this case, and why it is a mistake.
    teaches : str
        The subject of the case: "boundary", "unknown", "stability" and so on.
    source, locator : str
        Id of the source of the explanation, place in the source.
    discrepancies : str
        Ids of the discrepancies behind the mistake, joined by "; ".
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
        """Compare answers with the verdicts of the rules.

        Parameters
        ----------
        answers : mapping from str to str
            "met", "not_met" or "unknown" for each rule set of the case, by its id.

        Returns
        -------
        Feedback

        Raises
        ------
        ValueError
            When a rule set is not asked, an answer is missing, or a word is not a verdict; no answer is marked then.
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
    """One answer and the judgement of the rules.

    Attributes
    ----------
    given : Verdict
        The answer.
    judgement : Judgement
        The judgement of the patient by the rule set.
    """

    given: Verdict
    judgement: Judgement

    @property
    def right(self) -> bool:
        """Whether the answer is the verdict of the rules."""
        return self.given is self.judgement.verdict

    @property
    def deciding(self) -> tuple[Finding, ...]:
        """The findings that decide the verdict, each with its distance to the bound and its source."""
        return self.judgement.deciding

    def __str__(self) -> str:
        """Return one line with the verdict, then one line for each deciding finding."""
        mark = "Right" if self.right else f"Wrong, answered {self.judgement.kind.word(self.given)}"
        lines = [f"{mark}. {self.judgement.rule_set.title}: {self.judgement.sentence}."]
        return "\n".join([*lines, *(f"  {_finding(found)}" for found in self.deciding)])


@dataclass(frozen=True)
class Feedback:
    """The feedback on one answered case: each answer with its judgement, then the common mistake."""

    case: TeachingCase
    answers: tuple[Answer, ...]

    def given(self, rule_set: str) -> Verdict | None:
        """Return the answer for a rule set; None when the case does not ask it."""
        return next((found.given for found in self.answers if found.judgement.rule_set.name == rule_set), None)

    @property
    def right(self) -> int:
        """The number of right answers."""
        return sum(answer.right for answer in self.answers)

    def __str__(self) -> str:
        """Return the answers and the common mistake as text."""
        where = f"{evidence.source_name(self.case.source)}, {self.case.locator}"
        wrong = f"; {self.case.discrepancies}" if self.case.discrepancies else ""
        return "\n".join([*map(str, self.answers), f"Common mistake: {self.case.mistake} [{where}{wrong}]"])


@dataclass(frozen=True)
class Score:
    """The answers of one sitting.

    Only the first answer to a case counts, because its verdicts are shown afterwards.
    """

    feedback: tuple[Feedback, ...] = ()

    def with_(self, feedback: Feedback) -> Score:
        """Return the score with one more answered case; the same score when the case was answered before."""
        return Score((*self.feedback, feedback)) if self.of(feedback.case.case_id) is None else self

    def of(self, case_id: str) -> Feedback | None:
        """Return the feedback on a case; None when it is not answered."""
        return next((found for found in self.feedback if found.case.case_id == case_id), None)

    @property
    def asked(self) -> int:
        """The number of rule sets that were answered."""
        return sum(len(found.answers) for found in self.feedback)

    @property
    def right(self) -> int:
        """The number of right answers."""
        return sum(found.right for found in self.feedback)

    @property
    def by_teaches(self) -> Mapping[str, Score]:
        """The score of each subject, in the order of first answers."""
        keys = dict.fromkeys(found.case.teaches for found in self.feedback)
        return {key: Score(tuple(found for found in self.feedback if found.case.teaches == key)) for key in keys}


@functools.cache
def cases() -> Mapping[str, TeachingCase]:
    """Return every teaching case by id, in the order of the data.

    Raises
    ------
    ValueError
        When a row of the data is not a valid case; the message names the row and what to do.
    """
    return {row["case_id"]: _case(row) for row in outcome_rows.records(evidence.teaching_cases())}


def get(case_id: str) -> TeachingCase:
    """Return the teaching case with an id.

    Raises
    ------
    ValueError
        As :func:`netdash.wording.look_up`.
    """
    return look_up(cases(), case_id, "teaching case")


def _case(row: Mapping[str, str]) -> TeachingCase:
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
    return TeachingCase(patient=patient, rule_sets=found, **{name: row[name] for name in kept})


def _finding(found: Finding) -> str:
    criterion = found.criterion
    distance = f", {found.distance}" if found.distance else ""
    where = f"{evidence.source_name(criterion.source)}, {criterion.locator}"
    return f"{criterion.label}: {criterion.requirement}; here {found.shown}{distance} [{where}]"
