"""A registry in a file: CSV or Parquet in, verdicts out, in batches, whatever its size.

Needs pyarrow. A row with a value that a patient would refuse is not judged: it goes, with the reason, to a file of
rejects beside the verdicts. Nothing is dropped without a word, and nothing is guessed.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netdash import cohort
from netdash.cohort.columns import read_columns
from netdash.cohort.sources import Batch, Reject, is_csv, open_source, said_of
from netdash.patient import FIELDS

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

FORMATS = (".csv", ".parquet")
LONGEST_VALUE = 1000
"""Characters of a refused value that the rejects show."""


@dataclass(frozen=True)
class CohortRun:
    """What became of a file.

    Attributes
    ----------
    target : Path
        The file of verdicts.
    rejects : Path or None
        The file of rejected rows; None when there is none.
    n_rows, n_judged, n_rejected : int
        Rows read, rows with verdicts in the target, rows in the rejects.
    attrition : dict of DataFrame
        Of the judged rows, by rule set, as :func:`netdash.attrition` gives it; empty when not asked for.
    """

    target: Path
    rejects: Path | None
    n_rows: int
    n_judged: int
    n_rejected: int
    attrition: dict[str, pd.DataFrame] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the counts in words."""
        said = f"{self.n_rows:,} rows read, {self.n_judged:,} judged: {self.target}"
        return said if self.rejects is None else f"{said}\n{self.n_rejected:,} rejected: {self.rejects}"


def assess_file(
    source: str | Path,
    target: str | Path,
    rule_sets: Iterable[str] | None = None,
    *,
    attrition: bool = False,
    missing: Collection[str] = ("",),
    ignore: Iterable[str] = (),
    batch_rows: int = 65_536,
    progress: Callable[[float], None] | None = None,
) -> CohortRun:
    """Hold published criteria against every patient of a CSV or Parquet file, in constant memory.

    A command that wraps this is expected to exit with 0 when every row was judged, with 1 when some were rejected,
    and with 2 on wrong use (the exceptions below).

    Parameters
    ----------
    source, target : path
        Files that end in .csv (UTF-8, commas, a header) or .parquet. The target is written anew, and appears
        only when all is done: the columns of the source, then one per rule set. In the column of a field, text
        becomes the value it stands for: "yes" becomes true.
    rule_sets, ignore
        As for :func:`netdash.assess_cohort`.
    attrition : bool
        Whether to count attrition for each rule set.
    missing : collection of str
        Texts of a CSV file that say "unknown" in the column of a field, such as "NA"; only an empty cell does when
        not given.
    batch_rows : int
        Largest number of rows held at a time.
    progress : callable, optional
        Called after each batch with the share of the source that is done, 0 to 1.

    Returns
    -------
    CohortRun
        The counts. Rejected rows are in the file "<target>.rejects.csv", one line per refused value: row (1 is the
        first patient; header and blank lines are not counted), column (empty when the row as a whole cannot be
        read), value, reason. There is no such file when no row is rejected.

    Raises
    ------
    ValueError
        When a file's name ends in something else, both are the same, no column is a field, the source cannot be read
        at all, or as :func:`netdash.assess_cohort`.
    TypeError
        When a column of a Parquet file is not of its field's type.
    """
    source, target = Path(source), Path(target)
    _refuse_paths(source, target)
    run = _Run(None if rule_sets is None else list(rule_sets), list(ignore), count=attrition)
    opened = open_source(source, missing, batch_rows)
    columns = run.judge(opened.empty()).schema
    rejects_path = target.with_name(f"{target.name}.rejects.csv")
    with _rejects(rejects_path) as reject, _verdicts(target, columns) as write:
        for batch in opened.batches():
            kept, refused = run.split(batch)
            reject(sorted([*opened.ragged(), *refused]))
            write(run.judge(kept))
            if progress is not None:
                progress(opened.share)
        n_rejected = reject(opened.ragged())
    found = rejects_path if n_rejected else None
    return CohortRun(target, found, run.n_judged + n_rejected, run.n_judged, n_rejected, run.attrition)


def _refuse_paths(source: Path, target: Path) -> None:
    for path in (source, target):
        if path.suffix.lower() not in FORMATS:
            raise ValueError(f"{path}: the name ends in {path.suffix or 'nothing'!r}, expected {' or '.join(FORMATS)}")
    if not source.is_file():
        raise ValueError(f"{source} is no file; name the file of patients")
    if not target.parent.is_dir():
        raise ValueError(f"{target.parent} is no folder; make it first, or name another target")
    if target.exists() and target.samefile(source):
        raise ValueError(f"{target} is the source too; name another target")


class _Run:
    """One way of judging, batch by batch, and what has been counted so far."""

    def __init__(self, rule_sets: list[str] | None, ignore: list[str], *, count: bool) -> None:
        self._rule_sets, self._ignore, self._count = rule_sets, ignore, count
        self.n_judged = 0
        self.attrition: dict[str, pd.DataFrame] = {}

    def judge(self, table: pa.Table) -> pa.Table:
        """Return a table with its verdicts, counted."""
        judged = cohort.assess_cohort(table, self._rule_sets, ignore=self._ignore)
        self.n_judged += len(table)
        if self._count:
            for name, found in cohort.attritions(table, self._rule_sets, ignore=self._ignore).items():
                if name in self.attrition:
                    numbers = found.columns.drop("criterion")
                    found[numbers] += self.attrition[name][numbers]
                self.attrition[name] = found
        return judged

    def split(self, batch: Batch) -> tuple[pa.Table, list[Reject]]:
        """Return the rows that a patient would take, and why the others are refused."""
        import numpy as np

        table, columns = read_columns(batch.table, self._ignore)
        invalid = table.select(**{name: column.invalid for name, column in columns.items()})
        refused = {name: invalid[name].to_numpy() for name in invalid.columns}
        for name, unread in batch.unread.items():
            refused[name] = refused[name] | unread if name in refused else unread
        rejects = [
            Reject(int(batch.rows[at]), name, _shown(value), _reason(batch, name, value))
            for name, cells in refused.items()
            for at in np.flatnonzero(cells)
            for value in [batch.cells[name][int(at)].as_py()]
        ]
        keep = ~np.logical_or.reduce([np.zeros(len(batch.rows), bool), *refused.values()])
        return batch.table.filter(keep), rejects


def _reason(batch: Batch, column: str, value: Any) -> str:
    return str(FIELDS[column].refusal(value)) if column in FIELDS else batch.reasons[column]


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 3]}..."


@contextmanager
def _rejects(path: Path) -> Iterator[Callable[[list[Reject]], int]]:
    """Give a function that writes rejects and returns how many rows they are so far."""
    rows = 0
    with _whole_or_not_at_all(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(Reject._fields)

        def reject(found: list[Reject]) -> int:
            nonlocal rows
            lines.writerows(line._replace(value=_shown(line.value)) for line in found)
            rows += len({line.row for line in found})
            return rows

        yield reject
    if not rows:
        path.unlink()


@contextmanager
def _verdicts(path: Path, schema: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    """Give a function that writes tables to a CSV or Parquet file."""
    import pyarrow.csv as pacsv
    import pyarrow.parquet as pq

    kind = pacsv.CSVWriter if is_csv(path) else pq.ParquetWriter
    with _whole_or_not_at_all(path) as part, said_of(path), kind(part, schema) as writer:

        def write(table: pa.Table) -> None:
            with said_of(path):
                writer.write_table(table)

        yield write


@contextmanager
def _whole_or_not_at_all(path: Path) -> Iterator[Path]:
    """Give a path to write to, which takes the place of `path` when all went well and is removed otherwise."""
    part = path.with_name(f"{path.name}.part")
    try:
        yield part
        part.replace(path)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()
