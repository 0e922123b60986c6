"""A whole registry held against the published criteria, inside whatever data frame engine holds it.

The rules are the objects that judge one patient. Here each criterion becomes two expressions of narwhals, "met" and
"missed", which no row makes true at once; a row where neither is true is unknown. Clauses and rule sets combine them
by AND and OR and never by NOT, so that a missing value, which makes every comparison false, never becomes an answer.

A value that a patient would refuse (age 300, a word that is no choice, not-a-number) counts as unknown, never as
normal; :func:`invalid_values` counts them.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import narwhals.stable.v2 as nw

from netdash import rules
from netdash.cohort_columns import Closed, Column, Table, read_columns
from netdash.fields import Field, Value
from netdash.patient import FIELDS, G2_FROM_KI67_PERCENT, G2_TO_KI67_PERCENT, PORTAL_DRAINED_BY_SITE
from netdash.rules import GRADE, Bound, Clause, Criterion, OneOf, RuleSet, Verdict

if TYPE_CHECKING:
    import pandas as pd
    from narwhals.stable.v2.typing import IntoFrameT


def assess_cohort(
    frame: IntoFrameT, rule_sets: Iterable[str] | None = None, *, ignore: Iterable[str] = ()
) -> IntoFrameT:
    """Hold published criteria against every patient of a data frame, without leaving its engine.

    Parameters
    ----------
    frame : pandas, polars (eager or lazy), pyarrow, DuckDB, Dask or PySpark data frame
        One row per patient. Columns named like the fields of :class:`~netdash.Patient` are read: numbers, words
        (text or categories), or booleans. A field without a column is unknown; other columns pass through.
        Nothing lazy is computed.
    rule_sets : iterable of str, optional
        Identifiers of the rule sets; all of them when not given. The order is always that of the data.
    ignore : iterable of str
        Columns that look like a misspelt field and are none.

    Returns
    -------
    data frame of the same kind
        With one more column per rule set, named by its identifier: "met", "not_met" or "unknown", as
        :func:`~netdash.assess` gives row by row. Values that a patient would refuse count as unknown
        (:func:`invalid_values`).

    Raises
    ------
    TypeError
        When `frame` is no data frame, or a column is not of its field's type. Dask, which stores a column of True,
        False and None as text, is the one engine whose "True" and "False" are read as booleans.
    ValueError
        When a rule set is not known, a column has the name of a rule set, or a column's name is nearly that of a
        field which is not there.
    """
    wanted = _wanted(rule_sets)
    table, columns = read_columns(frame, ignore)
    taken = {str(name).lower() for name in table.collect_schema()} & {found.rule_set for found in wanted}
    if taken:
        raise ValueError(
            f"the frame has columns named like rule sets: {', '.join(sorted(taken))}; rename or drop them, since the "
            "verdicts take these names"
        )
    staged = _criteria(table, columns, wanted)
    judged = staged.table.with_columns(**{found.rule_set: _verdict(found, staged.told) for found in wanted})
    result: IntoFrameT = nw.to_native(judged.drop(staged.names))
    return result


def attrition(frame: IntoFrameT, rule_set: str, *, ignore: Iterable[str] = ()) -> pd.DataFrame:
    """Count how many patients remain after each criterion, and how many each one alone excludes.

    The counts are one aggregation inside the engine; of a lazy frame only this one row is computed.

    Parameters
    ----------
    frame, ignore
        As for :func:`assess_cohort`.
    rule_set : str
        Identifier of the rule set.

    Returns
    -------
    DataFrame
        One row per required criterion (alternatives count as one), in the order of the data: criterion, n_before
        (patients who meet all criteria before this one), of these n_met, n_not_met and n_unknown, n_remaining (who
        meet this one too), n_excluded_alone and n_unknown_alone (of all patients, whatever the other criteria say).

    Raises
    ------
    TypeError, ValueError
        As :func:`assess_cohort`.
    """
    return attritions(frame, [rule_set], ignore=ignore)[rule_set]


def attritions(
    frame: IntoFrameT, rule_sets: Iterable[str] | None, *, ignore: Iterable[str] = ()
) -> dict[str, pd.DataFrame]:
    """Return :func:`attrition` of several rule sets, or of all of them, by id, all in one aggregation."""
    table, columns = read_columns(frame, ignore)
    wanted = _wanted(rule_sets)
    table, _, told = _criteria(table, columns, wanted)
    clauses = {_name(found, i): _clause(clause, told) for found in wanted for i, clause in enumerate(found.clauses)}
    table, _, told = _stage(table, clauses)
    alone = {f"{name}-{way}": where for name, ways in told.items() for way, where in ways._asdict().items()}
    wheres = dict(alone)
    for found in wanted:
        before: list[nw.Expr | None] = []
        for i in range(len(found.clauses)):
            met, missed = (alone[f"{_name(found, i)}-{way}"] for way in Told._fields)
            wheres[f"{_name(found, i)}-left-missed"] = _and([*before, missed])
            before.append(met)
            wheres[f"{_name(found, i)}-left-met"] = _and(before)
    n = _counts(table, wheres)
    return {found.rule_set: _attrition(found, n) for found in wanted}


def _name(rule_set: RuleSet, i: int) -> str:
    return f"{rule_set.rule_set}-{i}"


def _attrition(rule_set: RuleSet, n: Mapping[str, int]) -> pd.DataFrame:
    import pandas as pd

    rows, remaining = [], n["total"]
    for i, clause in enumerate(rule_set.clauses):
        met, missed, met_alone, missed_alone = (
            n[f"{_name(rule_set, i)}-{count}"] for count in ("left-met", "left-missed", "met", "missed")
        )
        rows.append(
            {
                "criterion": clause.label,
                "n_before": remaining,
                "n_met": met,
                "n_not_met": missed,
                "n_unknown": remaining - met - missed,
                "n_remaining": met,
                "n_excluded_alone": missed_alone,
                "n_unknown_alone": n["total"] - met_alone - missed_alone,
            }
        )
        remaining = met
    columns = ["criterion", "n_before", "n_met", "n_not_met", "n_unknown", "n_remaining"]
    return pd.DataFrame(rows, columns=[*columns, "n_excluded_alone", "n_unknown_alone"])


def invalid_values(frame: IntoFrameT, *, ignore: Iterable[str] = ()) -> pd.DataFrame:
    """Count the values that a patient would refuse, which a verdict takes for unknown.

    Missing values are not counted. Not-a-number is, where the engine tells it from a missing value; pandas and Dask
    write a missing number as not-a-number.

    Parameters
    ----------
    frame, ignore
        As for :func:`assess_cohort`.

    Returns
    -------
    DataFrame
        One row per column that is a field, in the order of the fields: column, n_invalid, expected (in words).

    Raises
    ------
    TypeError, ValueError
        As :func:`assess_cohort`.
    """
    import pandas as pd

    table, columns = read_columns(frame, ignore)
    n = _counts(table, {name: column.invalid for name, column in columns.items()})
    given = [name for name in FIELDS if name in table.collect_schema()]
    rows = [{"column": name, "n_invalid": n.get(name, 0), "expected": FIELDS[name].allowed} for name in given]
    return pd.DataFrame(rows, columns=["column", "n_invalid", "expected"])


# --- What a criterion says of a row -------------------------------------------------------------------------------


class Told(NamedTuple):
    """In which rows a statement is met and in which it is missed; None = in no row."""

    met: nw.Expr | None
    missed: nw.Expr | None


def _and(parts: Iterable[nw.Expr | None]) -> nw.Expr | None:
    found = list(parts)
    known = [part for part in found if part is not None]
    return functools.reduce(operator.and_, known) if known and len(known) == len(found) else None


def _or(parts: Iterable[nw.Expr | None]) -> nw.Expr | None:
    known = [part for part in parts if part is not None]
    return functools.reduce(operator.or_, known) if known else None


def _all_of(parts: Iterable[Told]) -> Told:
    found = list(parts)
    return Told(_and(told.met for told in found), _or(told.missed for told in found))


def _any_of(parts: Iterable[Told]) -> Told:
    found = list(parts)
    return Told(_or(told.met for told in found), _and(told.missed for told in found))


@functools.singledispatch
def tell(criterion: Criterion, columns: Mapping[str, Column]) -> Told:
    """Return in which rows a criterion is met and in which it is missed."""
    raise NotImplementedError(f"{type(criterion).__name__} has no expression yet: register one with tell.register")


@tell.register
def _(criterion: Bound, columns: Mapping[str, Column]) -> Told:
    field, bound = criterion.quantity, criterion.bound
    if field.name not in columns:
        return Told(None, None)
    bound_is_low = criterion.below is not criterion.strict
    low = columns[field.name].between(field.minimum, bound, "both" if bound_is_low else "left")
    high = columns[field.name].between(bound, field.maximum, "right" if bound_is_low else "both")
    return Told(low, high) if criterion.below else Told(high, low)


@tell.register
def _(criterion: OneOf, columns: Mapping[str, Column]) -> Told:
    field = criterion.quantity
    others = [value for value in field.choices or (True, False) if value not in criterion.allowed]
    return Told(
        _or(_equals(field, value, columns) for value in criterion.allowed),
        _or(_equals(field, value, columns) for value in others),
    )


def _equals(field: Field, value: Value, columns: Mapping[str, Column]) -> nw.Expr | None:
    if field is GRADE:
        return _grade(columns)[str(value)]
    entered = columns[field.name].equals(value) if field.name in columns else None
    if field.name != "primary_portal_drained":
        return entered
    return _or([entered, _and([_drained_by_site(value, columns), *_not_entered(field, columns)])])


def _not_entered(field: Field, columns: Mapping[str, Column]) -> Iterator[nw.Expr]:
    if field.name in columns:
        yield columns[field.name].missing


def _drained_by_site(drained: Value, columns: Mapping[str, Column]) -> nw.Expr | None:
    site = columns.get("primary_site")
    settled = [name for name, found in PORTAL_DRAINED_BY_SITE.items() if found is drained]
    return _or(site.equals(name) for name in settled) if site else None


def _grade(columns: Mapping[str, Column]) -> Mapping[str, nw.Expr | None]:
    """Return in which rows the grade is which; :attr:`netdash.patient.Patient.grade` for a column."""
    words, index = columns.get("differentiation"), columns.get("ki67_percent")
    well = words.equals("well") if words else None
    limits = FIELDS["ki67_percent"]

    def within(low: float | None, high: float | None, closed: Closed) -> nw.Expr | None:
        return _and([well, index.between(low, high, closed) if index else None])

    return {
        "G1": within(limits.minimum, G2_FROM_KI67_PERCENT, "left"),
        "G2": within(G2_FROM_KI67_PERCENT, G2_TO_KI67_PERCENT, "both"),
        "G3": within(G2_TO_KI67_PERCENT, limits.maximum, "right"),
        "NEC": words.equals("poor") if words else None,
    }


class Staged(NamedTuple):
    """A table that holds answers as columns of its own, these columns' names, and the answers as these columns."""

    table: Table
    names: list[str]
    told: Mapping[str, Told]


def _stage(table: Table, told: Mapping[str, Told]) -> Staged:
    wheres = {(name, way): where for name, ways in told.items() for way, where in ways._asdict().items()}
    names = {key: f"{key[0]}: {key[1]}" for key, where in wheres.items() if where is not None}
    answers = {name: where for key, name in names.items() if (where := wheres[key]) is not None}
    table = table.with_columns(**answers) if answers else table  # a frame without a field answers nothing
    columns = {key: nw.col(names[key]) if key in names else None for key in wheres}
    return Staged(table, [*names.values()], {n: Told(columns[n, "met"], columns[n, "missed"]) for n in told})


def _criteria(table: Table, columns: Mapping[str, Column], wanted: Iterable[RuleSet]) -> Staged:
    """Return what each criterion that decides says, by what it asks; what two rule sets ask is answered once."""
    asked = {_asks(c): c for found in wanted for clause in found.clauses for c in clause.criteria}
    return _stage(table, {name: tell(criterion, columns) for name, criterion in asked.items()})


def _asks(criterion: Criterion) -> str:
    return f"{criterion.quantity.name} {criterion.operator} {criterion.requirement}"


def _clause(clause: Clause, told: Mapping[str, Told]) -> Told:
    return _any_of(_all_of(told[_asks(criterion)] for criterion in found) for found in clause.alternatives)


def _verdict(rule_set: RuleSet, told: Mapping[str, Told]) -> nw.Expr:
    met, missed = _all_of(_clause(clause, told) for clause in rule_set.clauses)
    answer: nw.Expr = nw.lit(Verdict.UNKNOWN.value)
    for where, verdict in ((missed, Verdict.NOT_MET), (met, Verdict.MET)):
        if where is not None:
            answer = nw.when(where).then(nw.lit(verdict.value)).otherwise(answer)
    return answer


def _wanted(rule_sets: Iterable[str] | None) -> list[RuleSet]:
    known = rules.load()
    names = set(known) if rule_sets is None else {rules.get(name).rule_set for name in rule_sets}
    return [found for name, found in known.items() if name in names]


def _counts(table: Table, wheres: Mapping[str, nw.Expr | None]) -> dict[str, int]:
    """Return how many rows there are ("total"), and how many where each expression holds, in one aggregation."""
    asked = {name: nw.when(where).then(1).otherwise(0).sum() for name, where in wheres.items() if where is not None}
    result = table.select(total=nw.len(), **asked)
    found = result.collect() if isinstance(result, nw.LazyFrame) else result
    # A sum over no rows is null in some engines.
    return dict.fromkeys(wheres, 0) | {name: int(found[name][0] or 0) for name in found.columns}
