"""Rows of ``data/criteria.csv`` and ``data/rule_sets.csv`` become rules; rows that make no sense are refused."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from netdash import evidence
from netdash.fields import Field, Number, Value, exact_or_text, in_part
from netdash.rules import (
    CRITERION_ROLES,
    GRADE,
    QUANTITIES,
    Above,
    AtLeast,
    AtMost,
    Below,
    Bound,
    Clause,
    Criterion,
    GradeOneOf,
    OneOf,
    RuleSet,
)
from netdash.wording import RULE_SET_KINDS, look_up

_BOUNDS_BY_OPERATOR: Mapping[str, type[Bound]] = {kind.operator: kind for kind in (Below, AtMost, AtLeast, Above)}

OPERATORS = (*_BOUNDS_BY_OPERATOR, "is", "one of")


@functools.cache
def load() -> Mapping[str, RuleSet]:
    """Return every rule set by id, in the order of the data.

    Raises
    ------
    ValueError
        When a row of the data is not a valid rule; the message names the row and what to do.
    """
    return build(evidence.rule_sets().to_dict("records"), evidence.criteria().to_dict("records"))


@functools.cache
def scope() -> tuple[Criterion, ...]:
    """Return the criteria of ``data/scope.csv``: a case that meets one is outside the scope of netdash."""
    empty = {"rule_set": "scope", "role": "scope", "group": "", "alternative": ""}
    rows = evidence.scope().rename(columns={"scope_id": "criterion_id"}).to_dict("records")
    return tuple(criterion(_text({**row, **empty})) for row in rows)


def get(rule_set: str | RuleSet) -> RuleSet:
    """Return the rule set with an id; a rule set is returned as it is.

    Raises
    ------
    ValueError
        As :func:`netdash.wording.look_up`.
    """
    return rule_set if isinstance(rule_set, RuleSet) else look_up(load(), rule_set, "rule set")


def of_therapy(therapy: str) -> list[str]:
    """Return the ids of the rule sets of a therapy, in the order of the data.

    Raises
    ------
    ValueError
        As :func:`netdash.wording.look_up`.
    """
    therapies: dict[str, list[str]] = {}
    for found in load().values():
        therapies.setdefault(found.therapy, []).append(found.name)
    return look_up(therapies, therapy, "therapy")


def build(rule_sets: Iterable[Mapping[Any, Any]], criteria: Iterable[Mapping[Any, Any]]) -> Mapping[str, RuleSet]:
    """Return the rule sets made from rows of the two tables.

    Raises
    ------
    ValueError
        When a row makes no sense; the message names the row and what to do.
    """
    owned = _criteria_by_rule_set(criteria)
    built: dict[str, RuleSet] = {}
    for row in map(_text, rule_sets):
        name = row["rule_set"]
        _require(name not in built, f"rule_sets.csv repeats {name}: remove one row")
        _require(
            row["kind"] in RULE_SET_KINDS,
            f"rule_sets.csv, row {name}: kind is {row['kind']!r}; expected one of {', '.join(RULE_SET_KINDS)}",
        )
        _require(name in owned, f"rule_sets.csv names {name}, of which criteria.csv has no row: add its criteria")
        found = tuple(owned.pop(name))
        built[name] = RuleSet(name=row.pop("rule_set"), **row, criteria=found, clauses=_clauses(found))
    _require(not owned, f"criteria.csv names rule sets that rule_sets.csv lacks: {sorted(owned)}")
    return built


def _criteria_by_rule_set(criteria: Iterable[Mapping[Any, Any]]) -> dict[str, list[Criterion]]:
    owned: dict[str, list[Criterion]] = {}
    for row in map(_text, criteria):
        found = criterion(row)
        where = f"criteria.csv, row {found.criterion_id}"
        _require(found.role != "scope", f"{where}: role 'scope' belongs in scope.csv")
        _require(
            found.label == found.quantity.label,
            f"{where}: label is {found.label!r}; expected the label of its field, {found.quantity.label!r}: a "
            "label names the quantity, the columns operator and value hold the requirement",
        )
        owned.setdefault(found.rule_set, []).append(found)
    ids = [c.criterion_id for members in owned.values() for c in members]
    _require(len(ids) == len(set(ids)), f"criteria.csv repeats {sorted({i for i in ids if ids.count(i) > 1})}")
    return owned


def _clauses(criteria: tuple[Criterion, ...]) -> tuple[Clause, ...]:
    required = [c for c in criteria if c.role == "required"]
    _refuse_contradictions(required)
    clauses = []
    for name, group in groupby(required, key=lambda c: c.group or c.criterion_id):
        members = list(group)
        split = len(members) < sum(name in (c.group, c.criterion_id) for c in required)
        _require(
            not split,
            f"criteria.csv: other rows separate the rows of group {name} of {members[0].rule_set}: put them together",
        )
        alternatives = groupby(members, key=lambda c: c.alternative or c.criterion_id)
        clauses.append(Clause(tuple(tuple(found) for _, found in alternatives)))
    return tuple(clauses)


def _refuse_contradictions(required: list[Criterion]) -> None:
    alone = sorted((c for c in required if not c.group), key=lambda c: c.quantity.name)
    for name, members in groupby(alone, key=lambda c: c.quantity.name):
        found = list(members)
        where = " and ".join(c.criterion_id for c in found)
        possible = [c.nearest(None) for c in found]
        _require(
            len(found) == 1 or any(all(c.holds(value) for c in found) for value in possible),
            f"criteria.csv: {where} contradict each other, or are too close, on {name}: correct one of the bounds",
        )
        _require(
            len({(c.operator, c.requirement) for c in found}) == len(found),
            f"criteria.csv: {where} repeat one requirement on {name}: remove one",
        )


def criterion(row: dict[str, str]) -> Criterion:
    """Return the criterion of a row of ``criteria.csv``; `row` is used up.

    Raises
    ------
    ValueError
        When the row makes no sense; the message names the row and what to do.
    """
    where = f"criteria.csv, row {row['criterion_id'] or row}"
    for column in ("criterion_id", "rule_set", "label", "source", "locator"):
        _require(bool(row[column]), f"{where}: {column} is empty; fill it in")
    _require(
        row["role"] in CRITERION_ROLES,
        f"{where}: role is {row['role']!r}; expected one of {', '.join(CRITERION_ROLES)}",
    )
    _require(row["field"] in QUANTITIES, f"{where}: {row['field']!r} is no field of a patient; see Patient.fields()")
    operator, value = row.pop("operator"), row.pop("value")
    _require(operator in OPERATORS, f"{where}: operator is {operator!r}; expected one of {', '.join(OPERATORS)}")
    quantity = QUANTITIES[row.pop("field")]
    common: dict[str, Any] = {**row, "quantity": quantity}
    try:
        if operator in _BOUNDS_BY_OPERATOR:
            _require(isinstance(quantity, Number), f"{quantity.name} is no number; use 'is' or 'one of'")
            return _BOUNDS_BY_OPERATOR[operator](**common, bound=float(_exact(quantity, value)))
        _require(not isinstance(quantity, Number), f"{quantity.name} is a number; use <, <=, >= or >")
        allowed = tuple(_exact(quantity, word) for word in value.split("|"))
        kind = GradeOneOf if quantity is GRADE else OneOf
        return kind(**common, allowed=allowed)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _exact(quantity: Field, text: str) -> Value:
    value = quantity.parse(text)
    _require(not in_part(value), f"{quantity.name} is given as the range {text!r}; expected one value")
    return exact_or_text(quantity, value)


def _text(row: Mapping[Any, Any]) -> dict[str, str]:
    return {str(key): value if isinstance(value, str) else "" for key, value in row.items()}


def condition(name: str, field: str, operator: str, value: str) -> Criterion:
    """Return a criterion outside any rule set: the condition of a row of ``conflicts.csv`` or ``remarks.csv``.

    Raises
    ------
    ValueError
        When field, operator or value is not known; the message names the row.
    """
    row = {"criterion_id": name, "rule_set": "none", "label": name, "source": "netdash", "locator": name}
    empty = {"role": "scope", "group": "", "alternative": "", "note": ""}
    return criterion({**row, **empty, "field": field, "operator": operator, "value": value})


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise ValueError(message)
