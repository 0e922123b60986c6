"""What stands under each slider: the criteria of the selected rule set on that input alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from netdash import rule_tables, rules
from netdash.board import views
from netdash.fields import Choice, Field, plain
from netdash.patient import FIELDS, Patient
from netdash.ranges import criterion_stretches
from netdash.rules import Criterion, RuleSet, Verdict
from netdash.wording import KINDS, SAID

NOTES = {
    "caution": "caution, does not decide",
    "favors": "in favor, does not decide",
    "prognostic": "prognostic, does not decide",
}
"""What is said beside a criterion that decides nothing."""


def asking(rule_set: str) -> str:
    """Return whose criteria stand under the sliders."""
    return views.render("asking", found=rule_tables.get(rule_set))


def strip(patient: Patient, field: str, rule_set: str) -> str:
    """Return each criterion of the selected rule set on one slider's input, alone: where it is met, and what is asked.

    The verdict of the whole rule set, which other inputs decide too, stands in the table of verdicts.
    """
    found = rule_tables.get(rule_set)
    asked = [_criterion(patient, FIELDS[field], found, criterion) for criterion in found.criteria]
    return views.render(
        "strip", criteria=list(filter(None, asked)), title=found.tagged_title, label=FIELDS[field].label
    )


def _criterion(patient: Patient, asked: Field, found: RuleSet, criterion: Criterion) -> dict[str, Any] | None:
    """Return what the strip of one criterion says; None of one that does not look at the input."""
    if asked.name not in criterion.inputs:
        return None
    kind, result = KINDS[found.kind], criterion.judge(patient)
    told = criterion_stretches(patient, asked.name, criterion)
    parts = [{**row, **_place(asked, row), "word": SAID[row["verdict"]]} for row in told]
    if isinstance(asked, Choice):
        rest = 50 / len(asked.choices)
        parts.insert(0, {"left": 0.0, "width": rest, "verdict": "none", "word": "", "text": asked.show(None)})
    quantity = criterion.quantity
    derived = "" if quantity is asked else f"{quantity.noun or quantity.topic} "
    return {
        "parts": parts,
        "ticks": {plain(value): 100 * value / (asked.maximum or 1) for value in criterion.breaks(asked.name)},
        "asked": f"{kind.asked}: {derived}{criterion.require(kind.last)}",
        "result": result,
        "word": SAID[result],
        "notes": [*_reason(patient, asked, criterion), *_alternatives(patient, found, criterion)],
    }


def _reason(patient: Patient, asked: Field, criterion: Criterion) -> Iterator[str]:
    """Say what is not entered, what else decides, and whether the criterion decides anything."""
    if criterion.judge(patient) is Verdict.UNKNOWN:
        needs = sorted(criterion.needs(patient), key=lambda field: field is not asked)
        yield from (field.show(None) if field is asked else field.say(None) for field in needs)
    elif criterion.quantity is not asked:
        yield criterion.quantity.say(criterion.observed(patient))
    if criterion.role in NOTES:
        yield NOTES[criterion.role]


def _alternatives(patient: Patient, found: RuleSet, criterion: Criterion) -> Iterator[str]:
    """Say that one of several alternatives suffices, and whether another one is met."""
    clause = next((c for c in found.clauses if criterion in c.criteria), None)
    if clause is None or len(clause.alternatives) == 1:
        return
    own = next(way for way in clause.alternatives if criterion in way)
    if fellows := [fellow.quantity.topic for fellow in own if fellow is not criterion]:
        yield f"only together with {' and '.join(fellows)}"
    yield f"one of {len(clause.alternatives)} alternatives is enough"
    others = (way for way in clause.alternatives if way is not own)
    if any(rules.all_of(c.judge(patient) for c in way) is Verdict.MET for way in others):
        yield "another is met"


def _place(asked: Field, row: Mapping[str, Any]) -> dict[str, float]:
    """Return where a stretch begins along its slider, and how long it is, in percent."""
    low, high, length = row["low"], row["high"], asked.maximum or 1
    if isinstance(asked, Choice):
        # The words stand at even distances after the place of "not entered"; each owns half the way to its neighbors.
        length = len(asked.choices)
        low, high = low + 0.5, min(high + 1.5, length)
    return {"left": 100 * low / length, "width": 100 * (high - low) / length}
