"""Ranges: the values of one input, or of two, at which a rule set is met, missed or unknown.

The other inputs keep what is known of the case. A *span* is a part of one input; a *grid* has cells over two inputs.
:func:`places` says where the patient can be.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, pairwise, product
from typing import TYPE_CHECKING, Any

from netdash import rule_tables, rules
from netdash.derived import possible
from netdash.fields import Choice, Count, Field, Number, Value
from netdash.intervals import Interval, plain
from netdash.judgement import judge
from netdash.patient import FIELDS, Patient, check_patient
from netdash.refusals import expected
from netdash.rules import Criterion

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Span:
    """The values of one input strictly between `low` and `high`, or the one value when they are equal."""

    low: float
    high: float

    @property
    def midpoint(self) -> float:
        """The value at which the span is judged."""
        return (self.low + self.high) / 2


def spans(field: Field, breaks: Iterable[float]) -> list[Span]:
    """Return, over all values of a number field, the spans between breaks and each break as a span of its own.

    A verdict can change only at a break, so one value decides each span. A break is judged by itself, because "under
    55" and "at most 55" differ at 55 only.
    """
    least, most = float(field.minimum or 0), float(field.maximum or 0)
    marks = sorted({least, most, *(value for value in breaks if least <= value <= most)})
    between = [Span(low, high) for low, high in pairwise(marks)]
    return sorted([*between, *(Span(mark, mark) for mark in marks)], key=lambda span: (span.low, span.high))


def verdict_spans(patient: Patient, field: str, rule_set: str | rules.RuleSet) -> pd.DataFrame:
    """Return the spans of one input over which a rule set is met, missed or unknown.

    Parameters
    ----------
    patient : Patient
        The case.
    field : str
        A field with numbers, or with ordered words.
    rule_set : str
        Identifier of a rule set.

    Returns
    -------
    DataFrame
        low, high (in the unit of the field; the position in the order for words), low_included, high_included,
        verdict, text (the span in words). Neighboring spans with the same verdict are one row.

    Raises
    ------
    ValueError
        When the rule set or the field is not known, or the field is yes or no.
    """
    import pandas as pd

    return pd.DataFrame(verdict_span_rows(patient, field, rule_set))


def verdict_span_rows(patient: Patient, field: str, rule_set: str | rules.RuleSet) -> list[dict[str, Any]]:
    """Return the rows of :func:`verdict_spans` as dictionaries; the board avoids the cost of a data frame."""
    found = rule_tables.get(rule_set)
    return _span_rows(field, found.breaks(field), lambda value: _verdict(found, patient, {field: value}))


def criterion_span_rows(patient: Patient, field: str, criterion: Criterion) -> list[dict[str, Any]]:
    """Return the rows of :func:`verdict_spans` for one criterion alone, which depends on the field."""
    others = {name: getattr(patient, name) for name in criterion.inputs if name != field}
    return [dict(row) for row in _criterion_span_rows(Patient(**others), field, criterion)]


@functools.lru_cache(maxsize=512)
def _criterion_span_rows(others: Patient, field: str, criterion: Criterion) -> list[dict[str, Any]]:
    """Return the rows for a patient of whom only the other inputs of the criterion are entered, few of them new."""
    return _span_rows(
        field, criterion.breaks(field), lambda value: criterion.judge(_with(others, {field: value})).value
    )


def _span_rows(field: str, breaks: Iterable[float], verdict_at: Callable[[Value], str]) -> list[dict[str, Any]]:
    asked = ordered_field(field)
    rows: list[dict[str, Any]] = []
    if isinstance(asked, Choice):
        for place, word in enumerate(asked.choices):
            ends = {"low": float(place), "high": float(place), "low_included": True, "high_included": True}
            rows.append({**ends, "verdict": verdict_at(word), "text": asked.show(word)})
        return rows
    judged = [(span, verdict_at(span.midpoint)) for span in spans(asked, breaks)]
    for verdict, neighbors in groupby(judged, lambda pair: pair[1]):
        same = [span for span, _ in neighbors]
        first, last = same[0], same[-1]
        row = {"low": first.low, "high": last.high}
        row |= {"low_included": first.low == first.high, "high_included": last.low == last.high}
        rows.append({**row, "verdict": verdict, "text": _words(asked, row)})
    return rows


def _words(field: Field, row: Mapping[str, Any]) -> str:
    """Return a span in words, such as "from 0 to under 55 years" or "over 50 to 100 %"."""
    if row["low"] == row["high"]:
        return f"exactly {field.show(row['low'])}"
    start = f"{'from' if row['low_included'] else 'over'} {plain(row['low'])}"
    return f"{start} to {'' if row['high_included'] else 'under '}{field.show(row['high'])}"


def verdict_grid(patient: Patient, x: str, y: str, rule_set: str | rules.RuleSet) -> pd.DataFrame:
    """Return the verdicts of a rule set over two number fields.

    Parameters
    ----------
    patient : Patient
        The case.
    x, y : str
        Two different number fields.
    rule_set : str
        Identifier of a rule set.

    Returns
    -------
    DataFrame
        x_low, x_high, y_low, y_high, verdict: one row per cell between the bounds of the criteria. The verdict is that
        of the values strictly inside the cell; :func:`verdict_spans` gives the verdict at a bound.

    Raises
    ------
    ValueError
        When a name is not known, a field has no numbers, or x and y are the same.
    """
    import pandas as pd

    return pd.DataFrame(verdict_grid_rows(patient, x, y, rule_set))


def verdict_grid_rows(patient: Patient, x: str, y: str, rule_set: str | rules.RuleSet) -> list[dict[str, Any]]:
    """Return the rows of :func:`verdict_grid` as dictionaries; the board avoids the cost of a data frame."""
    found = rule_tables.get(rule_set)
    if x == y:
        raise ValueError(f"x and y: given {x!r} twice, expected two different fields")
    return [
        {
            "x_low": across.low,
            "x_high": across.high,
            "y_low": up.low,
            "y_high": up.high,
            "verdict": _verdict(found, patient, {x: across.midpoint, y: up.midpoint}),
        }
        for across, up in product(_open(x, found), _open(y, found))
    ]


def _open(name: str, found: rules.RuleSet) -> Iterator[Span]:
    field = ordered_field(name)
    if not isinstance(field, Number):
        raise ValueError(f"{name!r} has no numbers{expected(name, numbers())}")
    return (span for span in spans(field, found.breaks(name)) if span.low < span.high)


def places(patient: Patient, field: str) -> list[dict[str, Any]]:
    """Return where on the axis of one input the patient can be.

    Parameters
    ----------
    patient : Patient
        The case.
    field : str
        A field with numbers, or with ordered words.

    Returns
    -------
    list of dict
        low, high, low_included, high_included, text, as the columns of :func:`verdict_spans`. One interval for a
        number, in completed years for an age; one for each possible word of a choice; none when nothing is known.

    Raises
    ------
    ValueError
        When the field has no order.
    """
    asked, known = ordered_field(field), getattr(patient, field)
    if known is None:
        return []
    if isinstance(asked, Choice):
        found = [(asked.choices.index(word), asked.show(word)) for word in asked.ordered(possible(known, ()))]
        return [{**_ends(Interval(place, place)), "text": text} for place, text in found]
    interval = known if isinstance(known, Interval) else Interval(known, known)
    return [{**_ends(interval.completed() if asked.completed else interval), "text": asked.show(known)}]


def _ends(interval: Interval) -> dict[str, Any]:
    ends = {"low": interval.least, "high": interval.most}
    return {**ends, "low_included": not interval.low_open, "high_included": not interval.high_open}


def numbers() -> list[str]:
    """Return the names of the fields with numbers."""
    return [name for name, field in FIELDS.items() if isinstance(field, Number)]


def ordered() -> list[str]:
    """Return the names of the fields with numbers or with ordered words."""
    return [name for name, field in FIELDS.items() if isinstance(field, Number | Choice)]


def ordered_field(name: str) -> Field:
    """Return the field of a name; raise ValueError when it has neither numbers nor ordered words."""
    if name in rule_tables.load():
        raise ValueError(f"{name!r} is a rule set, expected a field here; rule sets come after fields")
    if name not in ordered():
        texts = {known: FIELDS[known].label for known in ordered()}
        raise ValueError(f"{name!r} is no field with an order{expected(name, texts)}")
    return FIELDS[name]


def _verdict(found: rules.RuleSet, patient: Patient, changes: dict[str, Value]) -> str:
    check_patient(patient)
    return judge(found, _with(patient, changes)).verdict.value


def _with(patient: Patient, changes: Mapping[str, Value]) -> Patient:
    # A count takes whole numbers only: round the midpoint of a span of counts.
    return patient.replace(**{n: round(float(v)) if isinstance(FIELDS[n], Count) else v for n, v in changes.items()})
