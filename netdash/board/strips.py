"""The strips under the sliders: the criteria of the selected rule set on each input."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from netdash import rules
from netdash.board import views
from netdash.fields import Choice, Field, Known
from netdash.intervals import plain
from netdash.patient import FIELDS, Patient
from netdash.ranges import criterion_span_rows
from netdash.rules import Criterion, RuleSet, Verdict
from netdash.wording import RULE_SET_KINDS, VERDICT_WORDS

ROLE_NOTES = {
    "caution": "caution, does not decide",
    "favors": "in favor, does not decide",
    "prognostic": "prognostic, does not decide",
}
"""The note beside a criterion that does not decide, by role."""


def asking(found: RuleSet) -> str:
    """Return the title of the rule set whose criteria are shown under the sliders."""
    return views.render("asking", found=found)


def strip(patient: Patient, field: str, found: RuleSet) -> str:
    """Return the strips of one slider: one for each criterion on its input, with the requirement and the result.

    A strip shows where its criterion alone is met. The verdict of the rule set also depends on other inputs.
    """
    told = tuple(getattr(patient, name) for name in _depends_on(field, found))
    return _strip(_Asked(patient, found, field, told))


@dataclass(frozen=True)
class _Asked:
    """What the strips of a slider are drawn from; two that are equal look the same."""

    patient: Patient = dataclasses.field(compare=False)
    found: RuleSet
    field: str
    told: tuple[Known | None, ...]


@functools.lru_cache(maxsize=128)
def _strip(asked: _Asked) -> str:
    field, found = FIELDS[asked.field], asked.found
    criteria = [_criterion(asked.patient, field, found, criterion) for criterion in found.criteria]
    return views.render("strip", criteria=list(filter(None, criteria)), title=found.tagged_title, label=field.label)


@functools.lru_cache(maxsize=256)
def _depends_on(field: str, found: RuleSet) -> tuple[str, ...]:
    """Return the inputs of the criteria that depend on a field, and of the alternatives of these criteria."""
    asked = [criterion for criterion in found.criteria if field in criterion.inputs]
    clauses = (clause.criteria for clause in found.clauses if any(one in clause.criteria for one in asked))
    criteria = [*asked, *(criterion for fellows in clauses for criterion in fellows)]
    return tuple(dict.fromkeys(name for criterion in criteria for name in criterion.inputs))


def _criterion(patient: Patient, asked: Field, found: RuleSet, criterion: Criterion) -> dict[str, Any] | None:
    """Return the values of the strip of one criterion; None when the criterion does not depend on the input."""
    if asked.name not in criterion.inputs:
        return None
    kind, result = RULE_SET_KINDS[found.kind], criterion.judge(patient)
    rows = criterion_span_rows(patient, asked.name, criterion)
    parts = [{**row, **_place(asked, row), **_said(asked, row)} for row in rows]
    if isinstance(asked, Choice):
        rest = 50 / len(asked.choices)
        parts.insert(
            0, {"left": 0.0, "width": rest, "verdict": "none", "word": "", "says": "", "text": asked.show(None)}
        )
    quantity = criterion.quantity
    derived = "" if quantity is asked else f"{quantity.noun or quantity.topic} "
    return {
        "parts": parts,
        "ticks": {plain(value): 100 * value / (asked.maximum or 1) for value in criterion.breaks(asked.name)},
        "asked": f"{kind.asked}: {derived}{criterion.requirement_text(kind.joiner)}",
        "result": result,
        "word": VERDICT_WORDS[result],
        "notes": [*_reason(patient, asked, criterion), *_alternatives(patient, found, criterion)],
    }


def _said(asked: Field, row: Mapping[str, Any]) -> dict[str, str]:
    """Return the word of a part, and what it says: "met from 0 to 50 %", "missed: limited, stable"."""
    word = VERDICT_WORDS[row["verdict"]]
    # "met none" would be heard as "none is met".
    return {"word": word, "says": f"{word}{':' if isinstance(asked, Choice) else ''} {row['text']}"}


def _reason(patient: Patient, asked: Field, criterion: Criterion) -> Iterator[str]:
    """Yield notes: inputs that are not entered, the derived value, and the role of a criterion that does not decide."""
    if criterion.judge(patient) is Verdict.UNKNOWN:
        needs = sorted(criterion.needs(patient), key=lambda field: field is not asked)
        known = {field: getattr(patient, field.name) for field in needs}
        yield from (field.show(value) if field is asked else field.phrase(value) for field, value in known.items())
    elif criterion.quantity is not asked:
        yield criterion.quantity.phrase(criterion.observed(patient))
    if criterion.role in ROLE_NOTES:
        yield ROLE_NOTES[criterion.role]


def _alternatives(patient: Patient, found: RuleSet, criterion: Criterion) -> Iterator[str]:
    """Yield notes on alternatives: one of several suffices, and another one is met."""
    clause = next((c for c in found.clauses if criterion in c.criteria), None)
    if clause is None or len(clause.alternatives) == 1:
        return
    own = next(alternative for alternative in clause.alternatives if criterion in alternative)
    if fellows := [fellow.quantity.topic for fellow in own if fellow is not criterion]:
        yield f"only together with {' and '.join(fellows)}"
    yield f"one of {len(clause.alternatives)} alternatives is enough"
    others = (alternative for alternative in clause.alternatives if alternative is not own)
    if any(rules.all_of(c.judge(patient) for c in alternative) is Verdict.MET for alternative in others):
        yield "another is met"


def _place(asked: Field, row: Mapping[str, Any]) -> dict[str, float]:
    """Return start and width of a span along its slider, in percent."""
    low, high, length = row["low"], row["high"], asked.maximum or 1
    if isinstance(asked, Choice):
        # Words are spaced evenly along the slider, after "not entered". Each span reaches halfway to the next word.
        length = len(asked.choices)
        low, high = low + 0.5, min(high + 1.5, length)
    return {"left": 100 * low / length, "width": 100 * (high - low) / length}
