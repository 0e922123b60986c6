"""A registry judged by the published criteria, inside the data-frame engine that holds it.

The rules are those that judge one patient; :mod:`netdash.cohort.expressions` turns them into expressions of narwhals.
A value that a field refuses (age 300, an unknown word, not-a-number) is unknown, never normal, and is said.
"""

from __future__ import annotations

import functools
import operator
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import narwhals.stable.v2 as nw

from netdash import own_criteria
from netdash.cohort.accounts import CohortNotice, account_of, account_table, asked_by, counts
from netdash.cohort.columns import Table, add_columns, as_table
from netdash.cohort.expressions import criteria_answered, reason_expressions, verdict_expression
from netdash.cohort.mapping import Mapping, as_mapping
from netdash.cohort.proposals import hints_of
from netdash.cohort.reading import Read, read_frame
from netdash.cohort.stamps import Stamp
from netdash.own_criteria import OwnCriteria
from netdash.patient import FIELDS
from netdash.rules import RuleSet, Verdict
from netdash.wording import look_up

if TYPE_CHECKING:
    import pandas as pd
    from narwhals.stable.v2.typing import IntoFrameT

Criteria = str | Path | bytes | OwnCriteria | None
"""A file of own criteria, its content, or what was read of it."""


def assess_cohort(
    frame: IntoFrameT,
    rule_sets: str | Iterable[str] | None = None,
    *,
    mapping: Mapping | str | Path | None = None,
    strict: bool = False,
    reasons: bool = False,
    ignore: Iterable[str] = (),
    criteria: Criteria = None,
) -> IntoFrameT:
    """Judge every patient of a data frame by published criteria, without leaving its engine.

    Parameters
    ----------
    frame : pandas, polars (eager or lazy), pyarrow, DuckDB, Dask or PySpark data frame
        One row per patient. Columns named like the fields of :class:`~netdash.Patient` are read: numbers, words (text
        or categories), booleans, or text such as "3-20", "<3" and "yes"; a number known in part may also stand in two
        columns that end in ``_low`` and ``_high``. Only fields that the rule sets ask are read. A field without a
        column is unknown. All columns are kept unchanged. A lazy frame is not computed.
    rule_sets : str or iterable of str, optional
        Identifiers of the rule sets; all rule sets when not given. The new columns are in the order of the data.
    mapping : Mapping or path, optional
        How columns become fields: names, units, words, codes for missing. See :class:`~netdash.Mapping`.
    strict : bool
        Whether a row with a refused value is left out. Otherwise it stays, and the value is unknown.
    reasons : bool
        Whether to add ``<rule_set>__missed`` and ``<rule_set>__open``: labels of the criteria missed and open.
    ignore : iterable of str
        Columns whose name resembles a field and that are not a misspelt field.
    criteria : str, Path or bytes, optional
        A file of own criteria, as for :func:`~netdash.assess`; each of its rule sets is a column too.

    Returns
    -------
    data frame of the same kind
        The frame with one more column per rule set, named by its identifier: "met", "not_met" or "unknown", equal row
        by row to :func:`~netdash.assess`. A pandas frame has the stamp of the run in ``attrs["netdash"]``. Cautions do
        not decide and are not in the frame; :func:`~netdash.assess` says them for one patient.

    Warns
    -----
    CohortNotice
        Always: the fields read, the fields asked and absent, the values refused with the commonest of them, and traps
        that were seen. Refused values of a lazy frame are not counted here; :func:`~netdash.cohort_report` counts them.

    Raises
    ------
    TypeError
        When `frame` is not a data frame, or a column has a type that its field cannot have.
    ValueError
        When a rule set is not known, a column has the name of a new column, or a column's name
        resembles a field that has no column.

    Examples
    --------
    >>> import pandas as pd
    >>> import netdash as nd
    >>> frame = pd.DataFrame({"age_years": [48, 57], "ki67_percent": ["<3", "12"]})
    >>> nd.assess_cohort(frame, "milan_review")[["age_years", "milan_review"]]
       age_years milan_review
    0         48      unknown
    1         57      not_met
    """
    wanted, using = wanted_sets(rule_sets, criteria), as_mapping(mapping)
    read, asked, hints = read_asked(frame, wanted, using, ignore)
    account = account_of(read, asked, hints)
    account.strict = strict
    warnings.warn(CohortNotice(str(account)), stacklevel=2)
    result: IntoFrameT = nw.to_native(judged(read, wanted, strict=strict, reasons=reasons))
    if hasattr(result, "attrs"):
        result.attrs = {
            **result.attrs,
            "netdash": Stamp.of(wanted, using, criteria=criteria, strict=strict, reasons=reasons).as_dict(),
        }
    return result


def read_asked(
    frame: IntoFrameT, wanted: list[RuleSet], mapping: Mapping, ignore: Iterable[str]
) -> tuple[Read, dict[str, list[str]], dict[str, str]]:
    """Return a frame with its columns, the fields asked, and what columns that are not read may be."""
    asked = asked_by(wanted)
    read = read_frame(frame, mapping, asked, ignore)
    names = [str(name) for name in read.table.collect_schema()]
    absent = [name for name in asked if name not in read.columns and name not in read.empty]
    hints = hints_of(names, absent, mapping, ignore)
    return read, asked, hints


def judged(read: Read, wanted: list[RuleSet], *, strict: bool = False, reasons: bool = False) -> Table:
    """Return the table with one more column per rule set, and with the reasons when they are asked for."""
    _refuse_taken(read, wanted, reasons=reasons)
    table = read.table
    refused = refused_rows(read)
    if strict and refused is not None:
        table = filterable(table).filter(~refused)
    staged = criteria_answered(table, read.columns, wanted)
    added = {found.name: verdict_expression(found, staged.answers) for found in wanted}
    if reasons:
        for found in wanted:
            added |= reason_expressions(found, staged.answers)
    return add_columns(staged.table, added).drop([*staged.names, *read.staged])


def _refuse_taken(read: Read, wanted: list[RuleSet], *, reasons: bool) -> None:
    new = {found.name for found in wanted}
    if reasons:
        new |= {f"{name}__{what}" for name in new for what in ("missed", "open")}
    taken = {str(name).lower() for name in read.table.collect_schema()} & new
    if taken:
        raise ValueError(
            f"the frame has columns named like rule sets: {', '.join(sorted(taken))}; rename or drop them, since the "
            "verdicts take these names"
        )


def filterable(table: Table) -> Table:
    """Return a table whose rows can be filtered: pyarrow cannot take rows of string_view, which polars exports."""
    if not table.implementation.is_pyarrow():
        return table
    types = {field.name: str(field.type) for field in nw.to_native(table).schema}
    return table.with_columns(nw.col(name).cast(nw.String) for name, kind in types.items() if kind == "string_view")


def refused_rows(read: Read) -> nw.Expr | None:
    """Return the rows with at least one refused value; None when there is no column."""
    found = [column.invalid for column in read.columns.values()]
    return functools.reduce(operator.or_, found) if found else None


def verdict_counts(
    frame: IntoFrameT, rule_sets: str | Iterable[str] | None = None, *, criteria: Criteria = None
) -> pd.DataFrame:
    """Count the verdicts in what :func:`assess_cohort` returned.

    Parameters
    ----------
    frame : data frame of any kind that :func:`assess_cohort` takes
        A frame with columns of verdicts. Of a lazy frame only the counts are computed.
    rule_sets : str or iterable of str, optional
        Identifiers of the rule sets; all that have a column when not given.
    criteria : str, Path or bytes, optional
        As for :func:`assess_cohort`.

    Returns
    -------
    DataFrame
        One row per rule set, in the order of the data: rule_set, n, met, not_met, unknown.

    Raises
    ------
    ValueError
        When no rule set has a column.

    Examples
    --------
    >>> import pandas as pd
    >>> import netdash as nd
    >>> frame = pd.DataFrame({"age_years": [48, 57], "ki67_percent": ["<3", "12"]})
    >>> nd.verdict_counts(nd.assess_cohort(frame, ["milan_review", "milan_2007"]))
           rule_set  n  met  not_met  unknown
    0  milan_review  2    0        1        1
    1    milan_2007  2    0        1        1
    """
    import pandas as pd

    table = as_table(frame)
    there = [found.name for found in wanted_sets(rule_sets, criteria) if found.name in table.collect_schema()]
    if not there:
        raise ValueError("no column is named like a rule set, expected what nd.assess_cohort returns")
    wheres = {f"{name}: {verdict}": nw.col(name) == verdict.value for name in there for verdict in Verdict}
    n = counts(table, wheres)
    rows = [{"rule_set": name, "n": n["total"]} | {v.value: n[f"{name}: {v}"] for v in Verdict} for name in there]
    return pd.DataFrame(rows, columns=["rule_set", "n", *(verdict.value for verdict in Verdict)])


def cohort_report(
    frame: IntoFrameT,
    rule_sets: str | Iterable[str] | None = None,
    mapping: Mapping | str | Path | None = None,
    *,
    ignore: Iterable[str] = (),
    criteria: Criteria = None,
) -> pd.DataFrame:
    """Return what is known of a registry, field by field.

    Parameters
    ----------
    frame, rule_sets, mapping, ignore, criteria
        As for :func:`assess_cohort`. Of a lazy frame only the counts are computed.

    Returns
    -------
    DataFrame
        One row per field that the rule sets ask: field, column (empty when there is none), asked_by (rule sets),
        n, n_known, n_partial (of these, known in part), n_unknown, n_refused, examples (the commonest refused texts).
        ``attrs["netdash_notes"]`` has the lines that :func:`assess_cohort` says.

    Raises
    ------
    TypeError, ValueError
        As :func:`assess_cohort`.

    Examples
    --------
    >>> import pandas as pd
    >>> import netdash as nd
    >>> frame = pd.DataFrame({"age_years": [48, 57], "ki67_percent": ["<3", "12"]})
    >>> report = nd.cohort_report(frame, "milan_review").set_index("field")
    >>> report.loc["ki67_percent", ["n", "n_known", "n_partial", "n_unknown"]].tolist()
    [2, 2, 1, 0]
    """
    read, asked, hints = read_asked(frame, wanted_sets(rule_sets, criteria), as_mapping(mapping), ignore)
    return account_table(account_of(read, asked, hints, every=True, compute=True))


def invalid_values(
    frame: IntoFrameT, *, mapping: Mapping | str | Path | None = None, ignore: Iterable[str] = ()
) -> pd.DataFrame:
    """Count the values that a field refuses and that verdicts treat as unknown.

    Missing values are not counted. Not-a-number is counted when the engine distinguishes it from a missing value;
    pandas and Dask do not.

    Returns
    -------
    DataFrame
        One row per field with a column, in the order of the fields: column (the field), n_invalid, expected (allowed
        values in words).
    """
    import pandas as pd

    read = read_frame(frame, as_mapping(mapping), FIELDS, ignore)
    account = account_of(read, {name: [] for name in FIELDS}, {}, compute=True)
    rows = [
        {"column": name, "n_invalid": account.count(name, "refused"), "expected": FIELDS[name].allowed}
        for name in account.columns
    ]
    return pd.DataFrame(rows, columns=["column", "n_invalid", "expected"])


def wanted_sets(rule_sets: str | Iterable[str] | None, criteria: Criteria = None) -> list[RuleSet]:
    """Return rule sets by their identifiers, in the order of the data; all of them for None, own criteria too."""
    known = own_criteria.book(criteria)
    given = [rule_sets] if isinstance(rule_sets, str) else rule_sets
    names = set(known) if given is None else {look_up(known, name, "rule set").name for name in given}
    return [found for name, found in known.items() if name in names]
