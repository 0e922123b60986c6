"""Criteria as expressions of narwhals: one expression is true where a criterion is met, one where it is missed.

No row makes both true. A row where neither is true is unknown. Clauses and rule sets combine the expressions by AND
and OR and never by NOT: a missing value makes every comparison false, and NOT would turn that into an answer.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import narwhals.stable.v2 as nw

from netdash.cohort.columns import Column, Table
from netdash.fields import Field, Value
from netdash.patient import FIELDS, G2_FROM_KI67_PERCENT, G2_TO_KI67_PERCENT, PORTAL_DRAINED_BY_SITE
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
    low = columns[field.name].between(field.minimum, bound, "both" if bound_is_low else "left")
    high = columns[field.name].between(bound, field.maximum, "right" if bound_is_low else "both")
    return MetMissed(low, high) if criterion.below else MetMissed(high, low)


@met_missed.register
def _(criterion: OneOf, columns: Mapping[str, Column]) -> MetMissed:
    field = criterion.quantity
    others = [value for value in field.choices or (True, False) if value not in criterion.allowed]
    return MetMissed(
        any_holds(_equals(field, value, columns) for value in criterion.allowed),
        any_holds(_equals(field, value, columns) for value in others),
    )


@met_missed.register
def _(criterion: GradeOneOf, columns: Mapping[str, Column]) -> MetMissed:
    others = [grade for grade in GRADE.choices if grade not in criterion.allowed]
    return MetMissed(_only_grades(map(str, criterion.allowed), columns), _only_grades(others, columns))


def _only_grades(grades: Iterable[str], columns: Mapping[str, Column]) -> nw.Expr | None:
    """Return the rows whose possible grades are all wanted; :attr:`netdash.patient.Patient.grades` as expressions."""
    wanted, words = set(grades), columns.get("differentiation")
    well, poor = (words.equals("well"), words.equals("poor")) if words else (None, None)
    by_index = _grades_by_index(columns)
    found = [by_index[grade] for grade in by_index if grade in wanted]
    parts = [all_hold([well, where]) for where in found]
    if "NEC" in wanted:
        # Without differentiation, Ki-67 leaves its grade and NEC: both are wanted here.
        parts += [poor, *found]
    if wanted.issuperset(by_index):
        parts.append(well)
    return any_holds(parts)


def _equals(field: Field, value: Value, columns: Mapping[str, Column]) -> nw.Expr | None:
    entered = columns[field.name].equals(value) if field.name in columns else None
    if field.name != "primary_portal_drained":
        return entered
    return any_holds([entered, all_hold([_drained_by_site(value, columns), *_not_entered(field, columns)])])


def _not_entered(field: Field, columns: Mapping[str, Column]) -> Iterator[nw.Expr]:
    if field.name in columns:
        yield columns[field.name].missing


def _drained_by_site(drained: Value, columns: Mapping[str, Column]) -> nw.Expr | None:
    site = columns.get("primary_site")
    settled = [name for name, found in PORTAL_DRAINED_BY_SITE.items() if found is drained]
    return any_holds(site.equals(name) for name in settled) if site else None


def _grades_by_index(columns: Mapping[str, Column]) -> Mapping[str, nw.Expr | None]:
    """Return, by grade, the rows whose Ki-67 gives that grade to a well differentiated tumor."""
    index, limits = columns.get("ki67_percent"), FIELDS["ki67_percent"]
    if index is None:
        return dict.fromkeys(("G1", "G2", "G3"))
    return {
        "G1": index.between(limits.minimum, G2_FROM_KI67_PERCENT, "left"),
        "G2": index.between(G2_FROM_KI67_PERCENT, G2_TO_KI67_PERCENT, "both"),
        "G3": index.between(G2_TO_KI67_PERCENT, limits.maximum, "right"),
    }


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
    # with_columns of narwhals needs an expression; there is none when no column is a field.
    table = table.with_columns(**added) if added else table
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
