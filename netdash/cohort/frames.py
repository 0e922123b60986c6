"""A whole registry held against the published criteria, inside whatever data frame engine holds it.

The rules are the objects that judge one patient. Here each criterion becomes two expressions of narwhals, "met" and
"missed", which no row makes true at once; a row where neither is true is unknown. Clauses and rule sets combine them
by AND and OR and never by NOT, so that a missing value, which makes every comparison false, never becomes an answer.

A value that a patient would refuse (age 300, a word that is no choice, not-a-number) counts as unknown, never as
normal; :func:`invalid_values` counts them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import narwhals.stable.v2 as nw

from netdash import rule_tables
from netdash.cohort.columns import Table, read_columns
from netdash.cohort.expressions import (
    MetMissed,
    all_hold,
    clause_answer,
    criteria_answered,
    verdict_expression,
    with_answers,
)
from netdash.patient import FIELDS
from netdash.rules import RuleSet

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
    taken = {str(name).lower() for name in table.collect_schema()} & {found.name for found in wanted}
    if taken:
        raise ValueError(
            f"the frame has columns named like rule sets: {', '.join(sorted(taken))}; rename or drop them, since the "
            "verdicts take these names"
        )
    staged = criteria_answered(table, columns, wanted)
    judged = staged.table.with_columns(**{found.name: verdict_expression(found, staged.answers) for found in wanted})
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
    table, _, answers = criteria_answered(table, columns, wanted)
    clauses = {
        _name(found, i): clause_answer(clause, answers) for found in wanted for i, clause in enumerate(found.clauses)
    }
    table, _, answers = with_answers(table, clauses)
    alone = {f"{name}-{way}": where for name, ways in answers.items() for way, where in ways._asdict().items()}
    wheres = dict(alone)
    for found in wanted:
        before: list[nw.Expr | None] = []
        for i in range(len(found.clauses)):
            met, missed = (alone[f"{_name(found, i)}-{way}"] for way in MetMissed._fields)
            wheres[f"{_name(found, i)}-left-missed"] = all_hold([*before, missed])
            before.append(met)
            wheres[f"{_name(found, i)}-left-met"] = all_hold(before)
    n = _counts(table, wheres)
    return {found.name: _attrition(found, n) for found in wanted}


def _name(rule_set: RuleSet, i: int) -> str:
    return f"{rule_set.name}-{i}"


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


def _wanted(rule_sets: Iterable[str] | None) -> list[RuleSet]:
    known = rule_tables.load()
    names = set(known) if rule_sets is None else {rule_tables.get(name).name for name in rule_sets}
    return [found for name, found in known.items() if name in names]


def _counts(table: Table, wheres: Mapping[str, nw.Expr | None]) -> dict[str, int]:
    """Return how many rows there are ("total"), and how many where each expression holds, in one aggregation."""
    asked = {name: nw.when(where).then(1).otherwise(0).sum() for name, where in wheres.items() if where is not None}
    result = table.select(total=nw.len(), **asked)
    found = result.collect() if isinstance(result, nw.LazyFrame) else result
    # A sum over no rows is null in some engines.
    return dict.fromkeys(wheres, 0) | {name: int(found[name][0] or 0) for name in found.columns}
