"""Judging batch by batch: verdicts, refused values, and the counts of all batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netdash.cohort.accounts import Account, account_of, hint_text
from netdash.cohort.attritions import attritions_of
from netdash.cohort.columns import Column
from netdash.cohort.frames import judged, read_asked, refused_rows
from netdash.cohort.identifiers import Identifiers
from netdash.cohort.mapping import Mapping
from netdash.cohort.proposals import hints_of
from netdash.cohort.reading import Read
from netdash.cohort.sources import Batch, Reject
from netdash.patient import FIELDS
from netdash.rules import RuleSet, Verdict
from netdash.wording import number_of

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True)
class CohortRun:
    """The result of judging files.

    Attributes
    ----------
    target : Path
        The file of verdicts.
    rejects : Path or None
        The file of refused values and rows that cannot be read; None when there are none.
    n_rows, n_judged, n_rejected, n_refused : int
        Rows read, rows with verdicts in the target, rows left out, values refused.
    account : Account
        Fields read, fields asked and absent, values refused, traps; in words as text.
    verdicts : DataFrame
        As :func:`netdash.verdict_counts` returns them.
    found : tuple of str
        How the files are written, where it is not a plain CSV file.
    attrition : dict of DataFrame
        The attrition by rule set, as :func:`netdash.attrition` returns it; empty when not asked for.
    """

    target: Path
    rejects: Path | None
    n_rows: int
    n_judged: int
    n_rejected: int
    n_refused: int
    account: Account
    verdicts: pd.DataFrame
    found: tuple[str, ...] = ()
    attrition: dict[str, pd.DataFrame] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the counts in words, and what was read."""
        lines = [
            f"{number_of(self.n_rows, 'row')} read, {self.n_judged:,} judged: {self.target}",
            *self.found,
            str(self.account),
        ]
        if self.rejects is not None:
            lines.append(
                f"Refused values: {self.n_refused:,}; rows left out: {self.n_rejected:,}; listed in {self.rejects}"
            )
        return "\n".join(lines)


class Run:
    """Judges batch by batch with fixed rule sets, and adds up the counts."""

    def __init__(
        self, rule_sets: list[RuleSet], mapping: Mapping, ignore: list[str], *,
        strict: bool, reasons: bool, count: bool, id_: str | None,
    ) -> None:  # fmt: skip
        self.wanted = rule_sets
        self._mapping, self._ignore, self._count, self._id = mapping, ignore, count, id_
        self._strict, self._reasons = strict, reasons
        self._identifiers = Identifiers()
        self._account = Account({}, {})
        self._verdicts = _counted(self.wanted, {}, 0)
        self._attrition: dict[str, pd.DataFrame] = {}
        self._n_judged = self._n_left_out = self._n_unread = 0

    def begin(self, empty: pa.Table) -> pa.Schema:
        """Return the schema of the target from a table without rows; refuse what cannot be judged."""
        if self._id is not None and self._id not in empty.column_names:
            raise ValueError(f"there is no column {self._id!r}, expected one of {', '.join(empty.column_names)[:200]}")
        read, self._account = self._read(empty)
        if not self._account.columns:
            raise ValueError(self._nothing_to_judge(empty.column_names, read))
        if self._count:
            self._add_attrition(read)
        return self._judge(read, empty).schema

    def _nothing_to_judge(self, names: list[str], read: Read) -> str:
        """Return the message for a table that has no column that the rule sets ask."""
        if read.given:
            told = f"no column is asked by the rule sets that were chosen; the file has {', '.join(read.given)}"
            return " ".join([f"{told}. Choose rule sets that ask one of them.", *read.remarks])
        hints = hints_of(names, FIELDS, self._mapping, self._ignore)
        told = f"no column is a field of a patient ({', '.join(names)[:200]})."
        if self._mapping.entries and not hints:
            return (
                f"{told} The mapping names no field: write one under 'field' where its note says what a column may be."
            )
        return " ".join([told, *read.remarks, hint_text(hints)])

    def _read(self, table: pa.Table) -> tuple[Read, Account]:
        read, asked, hints = read_asked(table, self.wanted, self._mapping, self._ignore)
        return read, account_of(read, asked, hints)

    def judge(self, batch: Batch) -> tuple[pa.Table, list[Reject]]:
        """Return the rows that are judged with their verdicts, and the refused values with the reasons."""
        import numpy as np

        whole = np.flatnonzero(~batch.broken)
        self._n_unread += int(batch.broken.sum())
        cells, table, rows = batch.cells.take(whole), batch.table.take(whole), batch.rows[whole]
        read, account = self._read(table)
        self._account.add(account)
        ids = cells[self._id].combine_chunks().cast("string") if self._id else None
        if ids is not None:
            self._identifiers.add(ids)
        rejects = [*self._faulty(batch), *_refused(read, cells, rows, ids)]
        if self._count:
            self._add_attrition(read)
        if self._strict and (refused := refused_rows(read)) is not None:
            keep = np.flatnonzero(~read.table.select(refused=refused)["refused"].to_numpy())
            self._n_left_out += len(cells) - len(keep)
            cells, (read, _) = cells.take(keep), self._read(table.take(keep))
        return self._judge(read, cells), sorted(rejects)

    def _judge(self, read: Read, cells: pa.Table) -> pa.Table:
        """Return the cells as they were given, with the verdicts."""
        found = judged(read, self.wanted, reasons=self._reasons).to_native()
        for name in found.column_names[len(cells.column_names) :]:
            cells = cells.append_column(name, found[name])
        self._n_judged += len(cells)
        self._add_verdicts(found)
        return cells

    def _faulty(self, batch: Batch) -> list[Reject]:
        if self._id is None:
            return batch.faults
        ids = dict(zip(batch.rows.tolist(), batch.cells[self._id].to_pylist(), strict=True))
        return [line._replace(id=str(ids[line.row])) for line in batch.faults]

    def unread(self, lines: list[Reject]) -> list[Reject]:
        """Return rows that cannot be read, and count them."""
        self._n_unread += len(lines)
        return lines

    def _add_verdicts(self, judged_rows: pa.Table) -> None:
        found = {one.name: judged_rows[one.name].to_pandas().value_counts().to_dict() for one in self.wanted}
        self._verdicts = _sum(_counted(self.wanted, found, len(judged_rows)), self._verdicts, "rule_set")

    def _add_attrition(self, read: Read) -> None:
        for name, table in attritions_of(read, self.wanted, strict=self._strict).items():
            known = self._attrition.get(name)
            self._attrition[name] = table if known is None else _sum(table, known, "criterion")

    def result(self, target: Path, rejects: Path | None, found: tuple[str, ...]) -> CohortRun:
        """Return the counts of all batches."""
        account = self._account
        account.n_repeated, account.strict = self._identifiers.n_repeated, self._strict
        left_out = self._n_unread + self._n_left_out
        return CohortRun(
            target, rejects, self._n_judged + left_out, self._n_judged, left_out, account.n_refused, account,
            self._verdicts, found, self._attrition,
        )  # fmt: skip


def _counted(wanted: list[RuleSet], found: dict[str, dict[str, int]], n: int) -> pd.DataFrame:
    """Return verdicts counted by rule set as a table."""
    import pandas as pd

    rows = [
        {"rule_set": one.name, "n": n} | {v.value: found.get(one.name, {}).get(v.value, 0) for v in Verdict}
        for one in wanted
    ]
    return pd.DataFrame(rows, columns=["rule_set", "n", *(verdict.value for verdict in Verdict)])


def _sum(table: pd.DataFrame, other: pd.DataFrame, key: str) -> pd.DataFrame:
    numbers = table.columns.drop(key)
    table[numbers] += other[numbers]
    return table


def _refused(read: Read, cells: pa.Table, rows: Any, ids: pa.Array | None) -> Iterator[Reject]:
    """Yield the refused values of fields."""
    import numpy as np

    for name, column in read.columns.items():
        invalid = read.table.select(invalid=column.invalid)["invalid"]
        for at in map(int, np.flatnonzero(invalid.to_numpy())):
            given = _given(cells, column, at)
            reason = str(FIELDS[name].refusal(given))
            if name in read.expected:
                reason = f"{name} was given {given!r}, expected {read.expected[name]}"
            yield Reject(
                int(rows[at]), "" if ids is None else str(ids[at].as_py()), "/".join(column.names), given, reason
            )


def _given(cells: pa.Table, column: Column, at: int) -> str:
    return "/".join(str(cells[name][at].as_py()) for name in column.names)
