"""What would change a verdict: for each missed or open criterion the fields to change, and what can happen to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netdash.fields import Known, Value, in_part
from netdash.findings import Finding
from netdash.judgement import Judgement
from netdash.patient import FIELDS, Patient
from netdash.rules import Verdict

CHANGE_WORDS = {"changeable": "can change", "fixed": "stays as it is", "state": "a finding, no target"}


def changes(patient: Patient, judgement: Judgement, finding: Finding) -> Iterator[dict[str, Any]]:
    """Yield, for each field to change, the last five columns of ``Assessment.flips``."""
    found = finding.criterion.change_to_meet(patient)
    ways = {name: _may_change(patient, name, finding, needed) for name, needed in found.items()}
    # A change of two fields meets the criterion only as a whole: propose no value when one field cannot change.
    blocked = not {"fixed", "state"}.isdisjoint(ways.values())
    for name, needed in found.items():
        observed = getattr(patient, name)
        words = _change(judgement, finding, name, observed, ways[name])
        target = None if blocked else needed
        yield {"field": name, "observed": observed, "needed": target, "change": words, "may_change": ways[name]}


def _may_change(patient: Patient, name: str, finding: Finding, needed: Value) -> str:
    """Return what can happen to a field so that a criterion is met."""
    observed, field = getattr(patient, name), FIELDS[name]
    if observed is None:
        return "not entered"
    # Of a grade at odds the value that would meet it may be none of those that are possible.
    possible = in_part(observed) and (needed in observed or field.open_word in observed)
    return "known in part" if possible and finding.result is Verdict.UNKNOWN else field.change


def _change(judgement: Judgement, finding: Finding, field: str, observed: Known | None, may_change: str) -> str:
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
