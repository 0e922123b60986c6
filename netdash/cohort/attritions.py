"""How a cohort shrinks criterion by criterion, counted inside the engine."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Named
from pathlib import Path
from typing import TYPE_CHECKING

import narwhals.stable.v2 as nw

from netdash.cohort.accounts import counts
from netdash.cohort.expressions import MetMissed, all_hold, any_holds, clause_answer, criteria_answered, with_answers
from netdash.cohort.frames import Criteria, filterable, read_asked, refused_rows, wanted_sets
from netdash.cohort.mapping import Mapping, as_mapping
from netdash.cohort.reading import Read
from netdash.rules import RuleSet

if TYPE_CHECKING:
    import pandas as pd
    from narwhals.stable.v2.typing import IntoFrameT

LEFT_OUT = "no refused value"
"""The first line of an attrition that leaves rows with a refused value out."""

COLUMNS = (
    *("criterion", "n_before", "n_met", "n_not_met", "n_unknown", "n_remaining"),
    *("n_excluded_alone", "n_unknown_alone", "n_missing", "n_only_this"),
)


def attrition(
    frame: IntoFrameT,
    rule_set: str | Iterable[str],
    *,
    mapping: Mapping | str | Path | None = None,
    strict: bool = False,
    ignore: Iterable[str] = (),
    criteria: Criteria = None,
) -> pd.DataFrame:
    """Count how many patients remain after each criterion, and how many each criterion excludes.

    One aggregation inside the engine computes all counts. Only its single row of a lazy frame is computed.

    Parameters
    ----------
    frame, mapping, ignore, criteria
        As for :func:`assess_cohort`.
    rule_set : str or iterable of str
        Identifier of the rule set, or several.
    strict : bool
        Whether rows with a refused value are left out; the first line counts them then.

    Returns
    -------
    DataFrame
        One row per required criterion (alternatives count as one), in the order of the data: criterion, n_before
        (patients who meet all earlier criteria); of these n_met, n_not_met and n_unknown; n_remaining (patients who
        meet this one too); of all patients n_excluded_alone and n_missing (both: who miss this criterion, whatever the
        others say), n_unknown_alone (whose answer to it is open), n_only_this (who miss this one and no other). For
        several rule sets, rule_set is the first column. ``attrs["unknown_fields"]`` names, by criterion, the fields
        that have no column.

    Raises
    ------
    TypeError, ValueError
        As :func:`assess_cohort`.

    Examples
    --------
    >>> import pandas as pd
    >>> import netdash as nd
    >>> frame = pd.DataFrame({"age_years": [48, 57], "ki67_percent": ["<3", "12"]})
    >>> nd.attrition(frame, "milan_review")[["criterion", "n_before", "n_remaining"]].head(2)
      criterion  n_before  n_remaining
    0       Age         2            1
    1     Ki-67         1            1
    """
    if isinstance(rule_set, str):
        return attritions(frame, [rule_set], mapping=mapping, criteria=criteria, strict=strict, ignore=ignore)[rule_set]
    return joined(attritions(frame, rule_set, mapping=mapping, criteria=criteria, strict=strict, ignore=ignore))


def joined(tables: Named[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the attritions of several rule sets as one table, with the rule set in the first column."""
    import pandas as pd

    parts = [table.assign(rule_set=name)[["rule_set", *table.columns]] for name, table in tables.items()]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["rule_set", *COLUMNS])


def attritions(
    frame: IntoFrameT,
    rule_sets: str | Iterable[str] | None,
    *,
    mapping: Mapping | str | Path | None = None,
    strict: bool = False,
    ignore: Iterable[str] = (),
    criteria: Criteria = None,
) -> dict[str, pd.DataFrame]:
    """Return :func:`attrition` of several rule sets, or of all, by id; one aggregation computes all of them."""
    wanted = wanted_sets(rule_sets, criteria)
    read, _, _ = read_asked(frame, wanted, as_mapping(mapping), ignore)
    return attritions_of(read, wanted, strict=strict)


def attritions_of(read: Read, wanted: list[RuleSet], *, strict: bool = False) -> dict[str, pd.DataFrame]:
    """Return the attritions of a frame that was read."""
    table, refused = read.table, refused_rows(read) if strict else None
    n_left_out = 0
    if refused is not None:
        n_left_out = counts(table, {"refused": refused})["refused"]
        table = filterable(table).filter(~refused)
    table, _, answers = criteria_answered(table, read.columns, wanted)
    clauses = {
        _clause_key(found, i): clause_answer(clause, answers)
        for found in wanted
        for i, clause in enumerate(found.clauses)
    }
    table, _, answers = with_answers(table, clauses)
    n = counts(table, {key: where for found in wanted for key, where in _wheres(found, answers).items()})
    return {found.name: _attrition(found, n, read, n_left_out if strict else None) for found in wanted}


def _wheres(rule_set: RuleSet, answers: Named[str, MetMissed]) -> dict[str, nw.Expr | None]:
    """Return what is counted for a rule set, by clause."""
    keys = [_clause_key(rule_set, i) for i in range(len(rule_set.clauses))]
    found: dict[str, nw.Expr | None] = {}
    before: list[nw.Expr | None] = []
    for key in keys:
        met, missed = answers[key]
        others = any_holds(answers[other].missed for other in keys if other != key)
        only = missed if missed is None or others is None else missed & ~others
        found |= {f"{key}-met": met, f"{key}-missed": missed, f"{key}-only": only}
        found[f"{key}-left-missed"] = all_hold([*before, missed])
        before.append(met)
        found[f"{key}-left-met"] = all_hold(before)
    return found


def _clause_key(rule_set: RuleSet, i: int) -> str:
    return f"{rule_set.name}-{i}"


def _attrition(rule_set: RuleSet, n: Named[str, int], read: Read, left_out: int | None) -> pd.DataFrame:
    import pandas as pd

    rows, remaining = [], n["total"]
    if left_out is not None:
        before = remaining + left_out
        rows.append((LEFT_OUT, before, remaining, left_out, 0, remaining, left_out, 0, left_out, left_out))
    for i, clause in enumerate(rule_set.clauses):
        key = _clause_key(rule_set, i)
        met, missed = n[f"{key}-left-met"], n[f"{key}-left-missed"]
        alone, open_ = n[f"{key}-missed"], n["total"] - n[f"{key}-met"] - n[f"{key}-missed"]
        unknown = remaining - met - missed
        rows.append((clause.label, remaining, met, missed, unknown, met, alone, open_, alone, n[f"{key}-only"]))
        remaining = met
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table.attrs["rule_set"] = rule_set.name
    table.attrs["title"] = rule_set.tagged_title
    table.attrs["absent"] = [name for name in dict.fromkeys(
        name for clause in rule_set.clauses for criterion in clause.criteria for name in criterion.inputs
    ) if name not in read.columns]  # fmt: skip
    return table
