"""A registry in a file: CSV or Parquet in, verdicts out, in batches, whatever its size.

Needs pyarrow. A row with a value that a patient would refuse is not judged: it goes, with the reason, to a file of
rejects beside the verdicts. Nothing is dropped without a word, and nothing is guessed.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from netdash.cohort import assess_cohort, attrition, invalid_cells
from netdash.patient import FIELDS, Field, Value

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

FORMATS = (".csv", ".parquet")
REJECTS = ("row", "column", "value", "reason")
_BLOCK_BYTES = 8 * 2**20
"""How much of a CSV file is read at a time; no row may be longer."""


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
        only when all is done: columns of the source, then one per rule set. Text that stands for a field is written as
        its value: "yes" as true.
    rule_sets, ignore
        As for :func:`netdash.assess_cohort`.
    attrition : bool
        Whether to count attrition for each rule set.
    missing : collection of str
        Texts of a CSV file that say "unknown" in the column of a field; an empty cell does when not given.
    batch_rows : int
        Largest number of rows held at a time.
    progress : callable, optional
        Called after each batch with the share of the source that is done, 0 to 1.

    Returns
    -------
    CohortRun
        The counts. Rejected rows are in the file "<target>.rejects.csv", one line per refused value: row (1 is the
        first patient; header and blank lines are not counted), column (empty when the row as a whole cannot be
        read), value, reason.

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
    names, ignored = None if rule_sets is None else list(rule_sets), list(ignore)
    opened = _Csv(source, missing, batch_rows) if source.suffix.lower() == ".csv" else _Parquet(source, batch_rows)
    run = _Run(names, ignored, attrition)
    with ExitStack() as stack:
        stack.enter_context(_said_of(source))
        first = run.judge(opened.empty())
        rejects = stack.enter_context(_Rejects(_beside(target, ".rejects.csv")))
        write = stack.enter_context(_writer(target, first.schema))
        for batch in opened.batches():
            kept, refused = _split(batch, opened, ignored)
            rejects.add(sorted([*opened.unreadable(), *refused], key=lambda line: line[0]))
            write(run.judge(kept))
            if progress is not None:
                progress(opened.share)
        rejects.add(opened.unreadable())
    n_rejected = len(rejects)
    return CohortRun(
        target, rejects.path if n_rejected else None, run.n_judged + n_rejected, run.n_judged, n_rejected, run.attrition
    )
