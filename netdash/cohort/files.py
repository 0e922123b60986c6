"""A registry in a CSV or Parquet file, judged in batches.

Needs pyarrow. A row with a value that a patient refuses is not judged. It is written, with the reason, to a file of
rejects beside the verdicts, so that every row of the source is in one of the two files.
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
from netdash.cohort.sources import Batch, Reject, is_csv, naming, open_source
from netdash.patient import FIELDS

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

FORMATS = (".csv", ".parquet")
LONGEST_VALUE = 1000
"""The most characters of a refused value in the file of rejects."""


@dataclass(frozen=True)
class CohortRun:
    """The result of judging a file.

    Attributes
    ----------
    target : Path
        The file of verdicts.
    rejects : Path or None
        The file of rejected rows; None when no row was rejected.
    n_rows, n_judged, n_rejected : int
        Rows read, rows with verdicts in the target, rows in the rejects.
    attrition : dict of DataFrame
        The attrition of the judged rows by rule set, as :func:`netdash.attrition` returns it; empty when not asked for.
    """

    target: Path
    rejects: Path | None
    n_rows: int
    n_judged: int
    n_rejected: int
    attrition: dict[str, pd.DataFrame] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the counts in words."""
        judged = f"{self.n_rows:,} rows read, {self.n_judged:,} judged: {self.target}"
        return judged if self.rejects is None else f"{judged}\n{self.n_rejected:,} rejected: {self.rejects}"


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
    """Judge every patient of a CSV or Parquet file by published criteria, in constant memory.

    Parameters
    ----------
    source, target : path
        Files that end in .csv (UTF-8, commas, a header) or .parquet. The target gets the columns of the source, then
        one per rule set. It replaces an existing file, and appears only after the last row is written. The text in the
        column of a field becomes its value: "yes" becomes true.
    rule_sets, ignore
        As for :func:`netdash.assess_cohort`.
    attrition : bool
        Whether to count attrition for each rule set.
    missing : collection of str
        Texts that mean unknown in the columns of fields of a CSV file, such as "NA"; the empty text when not given.
    batch_rows : int
        Largest number of rows in memory at a time.
    progress : callable, optional
        Called after each batch with the share of the source that was read, 0 to 1.

    Returns
    -------
    CohortRun
        The counts. The file "<target>.rejects.csv" has one line per refused value: row (1 is the first patient; header
        and blank lines are not counted), column (empty when the whole row cannot be read), value, reason. There is no
        such file when no row is rejected.

    Raises
    ------
    ValueError
        When a file's name has another ending, both files are the same, no column is a field, the source cannot be
        read, or as :func:`netdash.assess_cohort`.
    TypeError
        When a column of a Parquet file does not have its field's type.
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
    """Judges batch by batch with fixed rule sets, and adds up the counts."""

    def __init__(self, rule_sets: list[str] | None, ignore: list[str], *, count: bool) -> None:
        self._rule_sets, self._ignore, self._count = rule_sets, ignore, count
        self.n_judged = 0
        self.attrition: dict[str, pd.DataFrame] = {}

    def judge(self, table: pa.Table) -> pa.Table:
        """Return a table with its verdicts, and count its rows and its attrition."""
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
        """Return the rows without a refused value, and the refused values of the others with the reasons."""
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
    """Yield a function that writes rejects and returns the number of rejected rows so far."""
    rows = 0
    with _renamed_on_success(path) as part, part.open("w", encoding="utf-8", newline="") as file:
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
    """Yield a function that writes tables to a CSV or Parquet file."""
    import pyarrow.csv as pacsv
    import pyarrow.parquet as pq

    kind = pacsv.CSVWriter if is_csv(path) else pq.ParquetWriter
    with _renamed_on_success(path) as part, naming(path), kind(part, schema) as writer:

        def write(table: pa.Table) -> None:
            with naming(path):
                writer.write_table(table)

        yield write


@contextmanager
def _renamed_on_success(path: Path) -> Iterator[Path]:
    """Yield a temporary path; it is renamed to `path` on success and removed on an error."""
    part = path.with_name(f"{path.name}.part")
    try:
        yield part
        part.replace(path)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()
