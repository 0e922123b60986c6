"""Ranges: where along one input, or over two, a rule set is met, missed or unknown, the other inputs as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, pairwise, product
from typing import TYPE_CHECKING, Any

from netdash import rule_tables, rules
from netdash.fields import Choice, Count, Field, Number, Value, plain
from netdash.judgement import judge
from netdash.patient import FIELDS, Patient
from netdash.rules import Criterion

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Span:
    """A stretch of one input: all values between `low` and `high`, or the one value when they are equal."""

    low: float
    high: float

    @property
    def inside(self) -> float:
        """A value that stands for all of them."""
        return (self.low + self.high) / 2


def spans(field: Field, breaks: Iterable[float]) -> list[Span]:
    """Return the stretches between breaks, and the breaks themselves, over the whole of a number field.

    A verdict can only change at a break, so it is the same over each open stretch; a break is a stretch of its own,
    because "under 55" and "at most 55" differ there and nowhere else.
    """
    least, most = float(field.minimum or 0), float(field.maximum or 0)
    marks = sorted({least, most, *(value for value in breaks if least <= value <= most)})
    between = [Span(low, high) for low, high in pairwise(marks)]
    return sorted([*between, *(Span(mark, mark) for mark in marks)], key=lambda span: (span.low, span.high))


def verdict_spans(patient: Patient, field: str, rule_set: str) -> pd.DataFrame:
    """Return where along one input a rule set is met, missed or unknown, the other inputs as they are.

    Parameters
    ----------
    patient : Patient
        The case.
    field : str
        A field with numbers, or with words in an order.
    rule_set : str
        Identifier of a rule set.

    Returns
    -------
    DataFrame
        low, high (in the unit of the field; places in the order for words), low_included, high_included, verdict,
        text (the stretch in words). Neighbors with one verdict are one row.

    Raises
    ------
    ValueError
        When the rule set or the field is not known, or the field is yes or no.
    """
    import pandas as pd

    return pd.DataFrame(stretches(patient, field, rule_set))


def stretches(patient: Patient, field: str, rule_set: str) -> list[dict[str, Any]]:
    """Return the rows of :func:`verdict_spans` as plain dictionaries, for those who draw them often."""
    found = rule_tables.get(rule_set)
    return _stretches(field, found.breaks(field), lambda value: _verdict(found, patient, {field: value}))


def criterion_stretches(patient: Patient, field: str, criterion: Criterion) -> list[dict[str, Any]]:
    """Return where along one input one criterion alone is met, missed or unknown, the other inputs as they are.

    Parameters
    ----------
    patient : Patient
        The case.
    field : str
        A field with numbers, or with words in an order.
    criterion : Criterion
        One that looks at the field, or at something that follows from it.

    Returns
    -------
    list of dict
        The rows of :func:`verdict_spans`, of this criterion alone.
    """
    return _stretches(
        field, criterion.breaks(field), lambda value: criterion.judge(_with(patient, {field: value})).value
    )


def _stretches(field: str, breaks: Iterable[float], verdict_at: Callable[[Value], str]) -> list[dict[str, Any]]:
    asked = _field(field)
    rows: list[dict[str, Any]] = []
    if isinstance(asked, Choice):
        for place, word in enumerate(asked.choices):
            ends = {"low": float(place), "high": float(place), "low_included": True, "high_included": True}
            rows.append({**ends, "verdict": verdict_at(word), "text": asked.show(word)})
        return rows
    told = [(span, verdict_at(span.inside)) for span in spans(asked, breaks)]
    for verdict, stretch in groupby(told, lambda pair: pair[1]):
        same = [span for span, _ in stretch]
        first, last = same[0], same[-1]
        row = {"low": first.low, "high": last.high}
        row |= {"low_included": first.low == first.high, "high_included": last.low == last.high}
        rows.append({**row, "verdict": verdict, "text": _words(asked, row)})
    return rows


def _words(field: Field, row: Mapping[str, Any]) -> str:
    """Return a stretch in words, such as "from 0 to under 55 years" or "over 50 to 100 %"."""
    if row["low"] == row["high"]:
        return f"exactly {field.show(row['low'])}"
    start = f"{'from' if row['low_included'] else 'over'} {plain(row['low'])}"
    return f"{start} to {'' if row['high_included'] else 'under '}{field.show(row['high'])}"


def verdict_grid(patient: Patient, x: str, y: str, rule_set: str) -> pd.DataFrame:
    """Return the verdict of a rule set over two number fields, the other inputs as they are.

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
        x_low, x_high, y_low, y_high, verdict: one row per cell between the bounds of the criteria. A cell stands for
        what lies strictly inside it; :func:`verdict_spans` tells to which side a bound itself belongs.

    Raises
    ------
    ValueError
        When a name is not known, a field has no numbers, or x and y are the same.
    """
    import pandas as pd

    return pd.DataFrame(cells(patient, x, y, rule_set))


def cells(patient: Patient, x: str, y: str, rule_set: str) -> list[dict[str, Any]]:
    """Return the rows of :func:`verdict_grid` as plain dictionaries, for those who draw them often."""
    found = rule_tables.get(rule_set)
    if x == y:
        raise ValueError(f"x and y: given {x!r} twice, expected two different fields")
    return [
        {
            "x_low": across.low,
            "x_high": across.high,
            "y_low": up.low,
            "y_high": up.high,
            "verdict": _verdict(found, patient, {x: across.inside, y: up.inside}),
        }
        for across, up in product(_open(x, found), _open(y, found))
    ]


def _open(name: str, found: rules.RuleSet) -> Iterator[Span]:
    field = _field(name)
    if not isinstance(field, Number):
        raise ValueError(f"{name!r} has no numbers; expected one of {', '.join(numbers())}")
    return (span for span in spans(field, found.breaks(name)) if span.low < span.high)


def numbers() -> list[str]:
    """Return the names of the fields with numbers."""
    return [name for name, field in FIELDS.items() if isinstance(field, Number)]


def ordered() -> list[str]:
    """Return the names of the fields with numbers, or with words in an order."""
    return [name for name, field in FIELDS.items() if isinstance(field, Number | Choice)]


def _field(name: str) -> Field:
    if name not in ordered():
        raise ValueError(f"{name!r} is no field with an order; expected one of {', '.join(ordered())}")
    return FIELDS[name]


def _verdict(found: rules.RuleSet, patient: Patient, changes: dict[str, Value]) -> str:
    if not isinstance(patient, Patient):
        raise TypeError(f"patient: given {type(patient).__name__}, expected a Patient; use Patient.from_dict(...)")
    return judge(found, _with(patient, changes)).verdict.value


def _with(patient: Patient, changes: Mapping[str, Value]) -> Patient:
    # Metastases are counted: the middle of a stretch of them is rounded into it.
    return patient.replace(**{n: round(float(v)) if isinstance(FIELDS[n], Count) else v for n, v in changes.items()})
