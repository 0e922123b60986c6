"""Conflicts: inputs of one case that cannot be true together. They are said with the case and change no verdict.

Which inputs they are stands in ``data/conflicts.csv``.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from netdash import evidence, outcome_rows, rule_tables
from netdash.patient import FIELDS, Patient
from netdash.rules import Criterion, Verdict


@dataclass(frozen=True)
class Conflict:
    """Two inputs that cannot be true together.

    Attributes
    ----------
    conflict_id, why : str
        Identifier, and the reason in words.
    conditions : tuple of Criterion
        What must hold of the inputs, two of them; none when one input is compared with another.
    less, more : str
        Two fields with numbers, of which the first must not be under the second; empty with conditions.
    """

    conflict_id: str
    why: str
    conditions: tuple[Criterion, ...] = ()
    less: str = ""
    more: str = ""

    def holds(self, patient: Patient) -> bool:
        """Return whether both inputs are entered and cannot be true together."""
        if self.conditions:
            return all(condition.judge(patient) is Verdict.MET for condition in self.conditions)
        less, more = (getattr(patient, name) for name in (self.less, self.more))
        return less is not None and more is not None and less < more

    def said(self, patient: Patient) -> str:
        """Return the two inputs and the reason as one sentence."""
        fields = [condition.quantity for condition in self.conditions] or [FIELDS[self.less], FIELDS[self.more]]
        first, second = (field.say(getattr(patient, field.name)) for field in fields)
        return f"{first[0].upper()}{first[1:]} and {second}: {self.why}"


@functools.cache
def load() -> tuple[Conflict, ...]:
    """Return all conflicts, in the order of the data.

    Raises
    ------
    ValueError
        When a row of the data names no field, operator or value that there is; the message names the row.
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
    """Return a sentence for each pair of inputs of one case that cannot be true together."""
    return tuple(conflict.said(patient) for conflict in load() if conflict.holds(patient))
