"""A registry judged by the published criteria, inside the data-frame engine that holds it.

The rules are those that judge one patient; :mod:`netdash.cohort.expressions` turns them into expressions of narwhals.
A value that :class:`~netdash.Patient` refuses (age 300, an unknown word, not-a-number) counts as unknown, never as
normal; :func:`invalid_values` counts such values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import narwhals.stable.v2 as nw

from netdash import own_criteria
from netdash.cohort.columns import Table, read_columns
from netdash.cohort.expressions import (
    MetMissed,
    all_hold,
    clause_answer,
    criteria_answered,
    verdict_expression,
    with_answers,
)
from netdash.own_criteria import OwnCriteria
from netdash.patient import FIELDS
from netdash.rules import RuleSet
from netdash.wording import look_up

if TYPE_CHECKING:
    import pandas as pd
    from narwhals.stable.v2.typing import IntoFrameT

Criteria = str | Path | bytes | OwnCriteria | None
"""A file of own criteria, its content, or what was read of it."""


def assess_cohort(
    frame: IntoFrameT,
    rule_sets: Iterable[str] | None = None,
    *,
    ignore: Iterable[str] = (),
    criteria: Criteria = None,
) -> IntoFrameT:
    """Judge every patient of a data frame by published criteria, without leaving its engine.

    Parameters
    ----------
    frame : pandas, polars (eager or lazy), pyarrow, DuckDB, Dask or PySpark data frame
        One row per patient. Columns named like the fields of :class:`~netdash.Patient` are read: numbers, words
        (text or categories), or booleans. A field without a column is unknown. Other columns are kept unchanged.
        A lazy frame is not computed.
    rule_sets : iterable of str, optional
        Identifiers of the rule sets; all rule sets when not given. The new columns are in the order of the data.
    ignore : iterable of str
        Columns whose name resembles a field and that are not a misspelt field.
    criteria : str, Path or bytes, optional
        A file of own criteria, as for :func:`~netdash.assess`; each of its rule sets is a column too.

    Returns
    -------
    data frame of the same kind
        The frame with one more column per rule set, named by its identifier: "met", "not_met" or "unknown", equal row
        by row to :func:`~netdash.assess`. A value that a patient refuses counts as unknown (:func:`invalid_values`).

    Raises
    ------
    TypeError
        When `frame` is not a data frame, or a column does not have its field's type. Dask stores a column of True,
        False and None as text; "True" and "False" are read as booleans in Dask only.
    ValueError
        When a rule set is not known, a column has the name of a rule set, or a column's name resembles a field that
        has no column.
    """
    wanted = _wanted(rule_sets, criteria)
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


def attrition(
    frame: IntoFrameT, rule_set: str, *, ignore: Iterable[str] = (), criteria: Criteria = None
) -> pd.DataFrame:
    """Count how many patients remain after each criterion, and how many each criterion alone excludes.

    One aggregation inside the engine computes all counts. Only its single row of a lazy frame is computed.

    Parameters
    ----------
    frame, ignore, criteria
        As for :func:`assess_cohort`.
    rule_set : str
        Identifier of the rule set.

    Returns
    -------
    DataFrame
        One row per required criterion (alternatives count as one), in the order of the data: criterion, n_before
        (patients who meet all earlier criteria); of these n_met, n_not_met and n_unknown; n_remaining (patients who
        meet this one too); n_excluded_alone and n_unknown_alone (of all patients, by this criterion alone).

    Raises
    ------
    TypeError, ValueError
        As :func:`assess_cohort`.
    """
    return attritions(frame, [rule_set], ignore=ignore, criteria=criteria)[rule_set]


def attritions(
    frame: IntoFrameT, rule_sets: Iterable[str] | None, *, ignore: Iterable[str] = (), criteria: Criteria = None
) -> dict[str, pd.DataFrame]:
    """Return :func:`attrition` of several rule sets, or of all, by id; one aggregation computes all of them."""
    table, columns = read_columns(frame, ignore)
    wanted = _wanted(rule_sets, criteria)
    table, _, answers = criteria_answered(table, columns, wanted)
    clauses = {
        _clause_key(found, i): clause_answer(clause, answers)
        for found in wanted
        for i, clause in enumerate(found.clauses)
    }
    table, _, answers = with_answers(table, clauses)
    alone = {f"{name}-{result}": where for name, pair in answers.items() for result, where in pair._asdict().items()}
    wheres = dict(alone)
    for found in wanted:
        before: list[nw.Expr | None] = []
        for i in range(len(found.clauses)):
            met, missed = (alone[f"{_clause_key(found, i)}-{result}"] for result in MetMissed._fields)
            wheres[f"{_clause_key(found, i)}-left-missed"] = all_hold([*before, missed])
            before.append(met)
            wheres[f"{_clause_key(found, i)}-left-met"] = all_hold(before)
    n = _counts(table, wheres)
    return {found.name: _attrition(found, n) for found in wanted}


def _clause_key(rule_set: RuleSet, i: int) -> str:
    return f"{rule_set.name}-{i}"


def _attrition(rule_set: RuleSet, n: Mapping[str, int]) -> pd.DataFrame:
    import pandas as pd

    rows, remaining = [], n["total"]
    for i, clause in enumerate(rule_set.clauses):
        met, missed, met_alone, missed_alone = (
            n[f"{_clause_key(rule_set, i)}-{count}"] for count in ("left-met", "left-missed", "met", "missed")
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
    """Count the values that a patient refuses and that verdicts treat as unknown.

    Missing values are not counted. Not-a-number is counted when the engine distinguishes it from a missing value;
    pandas and Dask do not.

    Parameters
    ----------
    frame, ignore
        As for :func:`assess_cohort`.

    Returns
    -------
    DataFrame
        One row per column that is a field, in the order of the fields: column, n_invalid, expected (allowed values in
        words).

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


def _wanted(rule_sets: Iterable[str] | None, criteria: Criteria) -> list[RuleSet]:
    known = own_criteria.book(criteria)
    names = set(known) if rule_sets is None else {look_up(known, name, "rule set").name for name in rule_sets}
    return [found for name, found in known.items() if name in names]


def _counts(table: Table, wheres: Mapping[str, nw.Expr | None]) -> dict[str, int]:
    """Return the number of rows ("total") and the number where each expression holds, from one aggregation."""
    asked = {name: nw.when(where).then(1).otherwise(0).sum() for name, where in wheres.items() if where is not None}
    result = table.select(total=nw.len(), **asked)
    found = result.collect() if isinstance(result, nw.LazyFrame) else result
    # In some engines the sum over no rows is null.
    return dict.fromkeys(wheres, 0) | {name: int(found[name][0] or 0) for name in found.columns}
