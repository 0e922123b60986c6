"""Conflicts: inputs of one case that cannot be true together.

``data/conflicts.csv`` lists them. They are shown with the case and change no verdict.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from netdash import evidence, outcome_rows, rule_tables
from netdash.derived import GRADES, KI67_BY_GRADE, possible
from netdash.intervals import Interval
from netdash.patient import FIELDS, Patient
from netdash.rules import Criterion, Verdict
from netdash.wording import capital


@dataclass(frozen=True)
class Conflict:
    """Two inputs that cannot be true together.

    Attributes
    ----------
    conflict_id, why : str
        Identifier, and the reason in words.
    conditions : tuple of Criterion
        The two conditions that cannot hold together; empty when two numbers are compared instead.
    less, more : str
        Two fields with numbers; a conflict when `less` is under `more`. Empty when there are conditions.
    """

    conflict_id: str
    why: str
    conditions: tuple[Criterion, ...] = ()
    less: str = ""
    more: str = ""

    @property
    def inputs(self) -> frozenset[str]:
        """The names of the fields that conflict."""
        of_conditions = {name for condition in self.conditions for name in condition.inputs}
        return frozenset(of_conditions | ({self.less, self.more} - {""}))

    def holds(self, patient: Patient) -> bool:
        """Return whether both inputs are entered and conflict, whatever values they have of those possible."""
        if self.conditions:
            return all(condition.judge(patient) is Verdict.MET for condition in self.conditions)
        less, more = (getattr(patient, name) for name in (self.less, self.more))
        return less is not None and more is not None and _is_under(less, more)

    def sentence(self, patient: Patient) -> str:
        """Return both inputs and the reason as one sentence."""
        fields = [condition.quantity for condition in self.conditions] or [FIELDS[self.less], FIELDS[self.more]]
        first, second = (field.phrase(getattr(patient, field.name)) for field in fields)
        return f"{capital(first)} and {second}: {self.why}"


@functools.cache
def load() -> tuple[Conflict, ...]:
    """Return all conflicts, in the order of the data.

    Raises
    ------
    ValueError
        When a row of the data has an unknown field, operator or value; the message names the row.
    """
    return tuple(_conflict(row) for row in outcome_rows.records(evidence.conflicts()))


def _conflict(row: Mapping[str, str]) -> Conflict:
    if row["value"] in FIELDS:
        return Conflict(row["conflict_id"], row["why"], less=row["field"], more=row["value"])
    both = [{name: row[f"{prefix}{name}"] for name in ("field", "operator", "value")} for prefix in ("", "other_")]
    return Conflict(
        row["conflict_id"], row["why"], tuple(rule_tables.condition(row["conflict_id"], **found) for found in both)
    )


def at_odds(patient: Patient) -> tuple[str, ...]:
    """Return one sentence for each conflict of a case.

    Of a choice that is known in part there is a conflict when each possible word has one, whatever its reason.
    """
    found = [conflict.sentence(patient) for conflict in load() if conflict.holds(patient)]
    for name, words in patient.entered.items():
        if not isinstance(words, frozenset):
            continue
        alone = [_of_word(patient.replace(**{name: word}), name) for word in sorted(words)]
        if all(alone) and not any(sentence in found for sentence in _of_word(patient, name)):
            found += [sentence for sentences in alone for sentence in sentences]
    return tuple(dict.fromkeys(found))


def assumed(patient: Patient) -> tuple[str, ...]:
    """Return a sentence where a reported grade assumes the higher part of a Ki-67 that is known as a range.

    A grade can follow from a count of mitoses, which is no input; the Ki-67 may then lie in the lower part.
    """
    index, reported = patient.ki67_percent, patient.grade_reported
    if not isinstance(index, Interval) or reported is None or not patient.grades <= {*possible(reported, GRADES)}:
        return ()
    # A carcinoma has the Ki-67 of G3.
    kept = [KI67_BY_GRADE.get(grade, KI67_BY_GRADE["G3"]).meet(index) for grade in sorted(patient.grades)]
    ends = [(part.least, part.low_open) for part in kept if part]
    least, is_open = min(ends, default=(index.least, index.low_open))
    part = index.meet(Interval(least, None, low_open=is_open))
    if least < index.least or part in (None, index):
        return ()
    first, second = (FIELDS[name].phrase(getattr(patient, name)) for name in ("grade_reported", "ki67_percent"))
    graded = patient.grades != {"NEC"}
    why = "; a count of mitoses, which is no input here, can give a higher grade" * graded
    return (f"{capital(first)} and {second}: the grade assumes Ki-67 {FIELDS['ki67_percent'].show(part)}{why}",)


def _of_word(patient: Patient, name: str) -> list[str]:
    """Return the conflicts of a case on one input."""
    return [conflict.sentence(patient) for conflict in load() if name in conflict.inputs and conflict.holds(patient)]


def _is_under(less: float | Interval, more: float | Interval) -> bool:
    """Return whether every possible value of one number is under every possible value of another."""
    most, most_open = (less.most, less.high_open) if isinstance(less, Interval) else (less, False)
    least, least_open = (more.least, more.low_open) if isinstance(more, Interval) else (more, False)
    return most < least or (most == least and (most_open or least_open))
