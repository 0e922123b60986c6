"""Criteria as expressions of narwhals: one expression is true where a criterion is met, one where it is missed.

No row makes both true. A row where neither is true is unknown. Clauses and rule sets combine the expressions by AND
and OR and never by NOT: a missing value makes every comparison false, and NOT would turn that into an answer. Only
"not excluded" of a grade is a NOT, because a grade is possible where nothing known excludes it.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import narwhals.stable.v2 as nw

from netdash.cohort.columns import Column, Table, add_columns
from netdash.derived import KI67_BY_GRADE, PORTAL_DRAINED_BY_SITE
from netdash.fields import Field, Value
from netdash.intervals import Interval
from netdash.rules import GRADE, Bound, Clause, Criterion, GradeOneOf, OneOf, RuleSet, Verdict


class MetMissed(NamedTuple):
    """The rows where a statement is met and the rows where it is missed; None means no row."""

    met: nw.Expr | None
    missed: nw.Expr | None


def all_hold(parts: Iterable[nw.Expr | None]) -> nw.Expr | None:
    """Return the rows where all parts hold; None when one part holds in no row."""
    found = list(parts)
    known = [part for part in found if part is not None]
    return functools.reduce(operator.and_, known) if known and len(known) == len(found) else None


def any_holds(parts: Iterable[nw.Expr | None]) -> nw.Expr | None:
    """Return the rows where at least one part holds; None when every part holds in no row."""
    known = [part for part in parts if part is not None]
    return functools.reduce(operator.or_, known) if known else None


def _all_of(parts: Iterable[MetMissed]) -> MetMissed:
    found = list(parts)
    return MetMissed(all_hold(answers.met for answers in found), any_holds(answers.missed for answers in found))


def _any_of(parts: Iterable[MetMissed]) -> MetMissed:
    found = list(parts)
    return MetMissed(any_holds(answers.met for answers in found), all_hold(answers.missed for answers in found))


@functools.singledispatch
def met_missed(criterion: Criterion, columns: Mapping[str, Column]) -> MetMissed:
    """Return the rows where a criterion is met and the rows where it is missed."""
    raise NotImplementedError(
        f"{type(criterion).__name__} has no expression yet: register one with met_missed.register"
    )


@met_missed.register
def _(criterion: Bound, columns: Mapping[str, Column]) -> MetMissed:
    field, bound = criterion.quantity, criterion.bound
    if field.name not in columns:
        return MetMissed(None, None)
    bound_is_low = criterion.below is not criterion.strict
    if field.completed:
        # At most 55 completed years is under 56 years; over 55 is 56 or more.
        bound, bound_is_low = (math.ceil(bound), False) if not bound_is_low else (math.floor(bound) + 1, False)
    low = columns[field.name].between(field.minimum, bound, "both" if bound_is_low else "left")
    high = columns[field.name].between(bound, field.maximum, "right" if bound_is_low else "both")
    return MetMissed(low, high) if criterion.below else MetMissed(high, low)


@met_missed.register
def _(criterion: OneOf, columns: Mapping[str, Column]) -> MetMissed:
    field = criterion.quantity
    values: list[Value] = [value for value in field.choices or (True, False) if value != field.open_word]
    if field.open_word in criterion.allowed:
        values.append(field.open_word)
    return MetMissed(
        _among(field, [value for value in values if criterion.holds(value)], columns),
        _among(field, [value for value in values if not criterion.holds(value)], columns),
    )


@met_missed.register
def _(criterion: GradeOneOf, columns: Mapping[str, Column]) -> MetMissed:
    others = [grade for grade in GRADE.choices if grade not in criterion.allowed]
    return MetMissed(_only_grades(map(str, criterion.allowed), columns), _only_grades(others, columns))


def _only_grades(grades: Iterable[str], columns: Mapping[str, Column]) -> nw.Expr | None:
    """Return the rows whose possible grades are all wanted; :attr:`netdash.patient.Patient.grades` as expressions."""
    wanted, excluded = set(grades), _excluded_grades(columns)
    others = [grade for grade in GRADE.choices if grade not in wanted]
    by_index, reported = all_hold(excluded[grade] for grade in others), columns.get("grade_reported")
    if reported is None:
        return by_index
    # A grade is possible that neither the others nor the report exclude. When no grade is, all of both are.
    both = all_hold(
        any_holds([excluded[grade], reported.among([word for word in GRADE.choices if word != grade])])
        for grade in others
    )
    left = any_holds(_and_not(reported.possible(grade), excluded[grade]) for grade in sorted(wanted))
    alone = any_holds([reported.among(sorted(wanted)), ~reported.allowed])
    return any_holds([all_hold([both, left]), all_hold([by_index, alone])])


def grades_at_odds(columns: Mapping[str, Column]) -> nw.Expr | None:
    """Return the rows whose reported grade Ki-67 and differentiation rule out; None when no row can be."""
    reported, excluded = columns.get("grade_reported"), _excluded_grades(columns)
    if reported is None:
        return None
    return all_hold(
        any_holds([excluded[grade], reported.among([word for word in GRADE.choices if word != grade])])
        for grade in GRADE.choices
    )


def _and_not(where: nw.Expr, excluded: nw.Expr | None) -> nw.Expr:
    return where if excluded is None else where & ~excluded


def _excluded_grades(columns: Mapping[str, Column]) -> Mapping[str, nw.Expr | None]:
    """Return, by grade, the rows whose Ki-67 or differentiation excludes it; None where no row can."""
    words, index = columns.get("differentiation"), columns.get("ki67_percent")
    poor, well = (words.among(["poor"]), words.among(["well"])) if words else (None, None)
    found = {
        grade: any_holds([poor, *(_outside(index, limits) if index else [])]) for grade, limits in KI67_BY_GRADE.items()
    }
    return {**found, "NEC": well}


def _outside(index: Column, limits: Interval) -> Iterator[nw.Expr]:
    """Yield the rows whose Ki-67 lies below some limits, and those where it lies above them."""
    if limits.low is not None:
        yield index.between(index.field.minimum, limits.low, "both" if limits.low_open else "left")
    if limits.high is not None:
        yield index.between(limits.high, index.field.maximum, "both" if limits.high_open else "right")


def _among(field: Field, values: list[Value], columns: Mapping[str, Column]) -> nw.Expr | None:
    entered = columns[field.name].among(values) if field.name in columns else None
    if field.name != "primary_portal_drained":
        return entered
    by_site = any_holds(_drained_by_site(value, columns) for value in values)
    return any_holds([entered, all_hold([by_site, *_not_entered(field, columns)])])


def _not_entered(field: Field, columns: Mapping[str, Column]) -> Iterator[nw.Expr]:
    if field.name in columns:
        yield columns[field.name].missing | columns[field.name].invalid


def _drained_by_site(drained: Value, columns: Mapping[str, Column]) -> nw.Expr | None:
    site = columns.get("primary_site")
    settled = [name for name, found in PORTAL_DRAINED_BY_SITE.items() if found is drained]
    return site.among(settled) if site else None


class WithAnswers(NamedTuple):
    """A table with one more column per answer, the names of these columns, and the answers as columns."""

    table: Table
    names: list[str]
    answers: Mapping[str, MetMissed]


def with_answers(table: Table, answers: Mapping[str, MetMissed]) -> WithAnswers:
    """Return a table with the answers as columns, so that the engine computes each answer once."""
    wheres = {(name, result): where for name, pair in answers.items() for result, where in pair._asdict().items()}
    names = {key: f"{key[0]}: {key[1]}" for key, where in wheres.items() if where is not None}
    added = {name: where for key, name in names.items() if (where := wheres[key]) is not None}
    table = add_columns(table, added)
    columns = {key: nw.col(names[key]) if key in names else None for key in wheres}
    return WithAnswers(
        table, [*names.values()], {n: MetMissed(columns[n, "met"], columns[n, "missed"]) for n in answers}
    )


def criteria_answered(table: Table, columns: Mapping[str, Column], wanted: Iterable[RuleSet]) -> WithAnswers:
    """Return the answers of the required criteria by requirement; equal requirements share one answer."""
    asked = {_criterion_key(c): c for found in wanted for clause in found.clauses for c in clause.criteria}
    return with_answers(table, {name: met_missed(criterion, columns) for name, criterion in asked.items()})


def _criterion_key(criterion: Criterion) -> str:
    return f"{criterion.quantity.name} {criterion.operator} {criterion.requirement}"


def clause_answer(clause: Clause, answers: Mapping[str, MetMissed]) -> MetMissed:
    """Return the rows where a clause is met and the rows where it is missed."""
    return _any_of(_all_of(answers[_criterion_key(criterion)] for criterion in found) for found in clause.alternatives)


def verdict_expression(rule_set: RuleSet, answers: Mapping[str, MetMissed]) -> nw.Expr:
    """Return the verdict of a rule set as a column of text."""
    met, missed = _all_of(clause_answer(clause, answers) for clause in rule_set.clauses)
    answer: nw.Expr = nw.lit(Verdict.UNKNOWN.value)
    for where, verdict in ((missed, Verdict.NOT_MET), (met, Verdict.MET)):
        if where is not None:
            answer = nw.when(where).then(nw.lit(verdict.value)).otherwise(answer)
    return answer


def reason_expressions(rule_set: RuleSet, answers: Mapping[str, MetMissed]) -> dict[str, nw.Expr]:
    """Return, as columns of text, the labels of the clauses that are missed and of those that are open."""
    missed, opened = [], []
    for clause in rule_set.clauses:
        found = clause_answer(clause, answers)
        label = nw.lit(f"; {clause.label}")
        missed.append(_text_where(found.missed, label))
        known = any_holds(found)
        opened.append(label if known is None else nw.when(known).then(nw.lit("")).otherwise(label))
    return {f"{rule_set.name}__missed": _joined(missed), f"{rule_set.name}__open": _joined(opened)}


def _text_where(where: nw.Expr | None, text: nw.Expr) -> nw.Expr:
    return nw.lit("") if where is None else nw.when(where).then(text).otherwise(nw.lit(""))


def _joined(parts: list[nw.Expr]) -> nw.Expr:
    return nw.concat_str(nw.lit(""), *parts).str.slice(2)
