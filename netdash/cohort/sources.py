"""Files of patients read in batches. Rows that cannot be read are collected with their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from netdash.cohort.streams import SHEET_SUFFIX, TEXT_SUFFIXES, Utf8, dialect_of_file, kind_of
from netdash.wording import number_of

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    import pyarrow.csv

BLOCK_BYTES = 4 * 2**20
"""Bytes of a CSV file that pyarrow reads at a time. No row may be longer."""


class Reject(NamedTuple):
    """A value that is refused, or a row that cannot be read; `column` is empty for a whole row."""

    row: int
    id: str
    column: str
    value: str
    reason: str


@dataclass(frozen=True)
class Batch:
    """Some rows of a file.

    Attributes
    ----------
    rows : array of int
        Row numbers; 1 is the first patient.
    cells, table : Table
        The cells as given; the same with columns of plain numbers as numbers.
    broken : array of bool
        The rows that cannot be trusted as a whole.
    faults : list of Reject
        What is wrong with cells of columns that are no field.
    """

    rows: np.ndarray[Any, np.dtype[np.int64]]
    cells: pa.Table
    table: pa.Table
    broken: np.ndarray[Any, np.dtype[np.bool_]]
    faults: list[Reject] = field(default_factory=list)


class Source(Protocol):
    """A file that is read in batches; `share` is the share that was read, 0 to 1, `found` how it is written."""

    share: float
    found: tuple[str, ...]

    def empty(self) -> pa.Table:
        """Return a table with the columns of the batches and no row."""

    def batches(self) -> Iterator[Batch]:
        """Yield the rows that can be split into cells."""

    def ragged(self) -> list[Reject]:
        """Return the rows up to the last batch that cannot be split into cells; each row is returned once."""


@dataclass(frozen=True)
class Options:
    """How files are read; `numbers` has the columns of plain numbers with their codes for missing."""

    encoding: str | None = None
    delimiter: str | None = None
    batch_rows: int = 65_536
    numbers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def open_source(path: Path, options: Options) -> Source:
    """Return the reader of a file.

    Raises
    ------
    ValueError
        When the file cannot be read.
    """
    with naming(path):
        if kind_of(path) in (*TEXT_SUFFIXES, SHEET_SUFFIX):
            return TextSource(path, options)
        return ParquetSource(path, options.batch_rows)


def is_csv(path: Path) -> bool:
    """Return whether a file's name ends in .csv."""
    return path.suffix.lower() == ".csv"


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn an error of pyarrow into a ValueError that names the file."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ValueError(
            f"{path} cannot be read or written: {error}; correct the file or choose another format"
        ) from None


class ParquetSource(Source):
    """A Parquet file; :func:`netdash.assess_cohort` refuses a column without its field's type."""

    def __init__(self, path: Path, batch_rows: int) -> None:
        import pyarrow.parquet as pq

        self.share, self._path, self._batch_rows = 0.0, path, batch_rows
        self.found: tuple[str, ...] = ()
        self._file = pq.ParquetFile(path, pre_buffer=False)

    def empty(self) -> pa.Table:
        return self._file.schema_arrow.empty_table()

    def batches(self) -> Iterator[Batch]:
        import numpy as np
        import pyarrow as pa

        done, total = 0, self._file.metadata.num_rows
        with naming(self._path), self._file:
            for found in self._file.iter_batches(self._batch_rows):
                table = pa.Table.from_batches([found])
                rows = np.arange(done + 1, done + len(table) + 1)
                done += len(table)
                self.share = done / total
                yield Batch(rows, table, table, np.zeros(len(table), bool))

    def ragged(self) -> list[Reject]:
        return []


class TextSource(Source):
    """A file of text with a header, or a sheet of Excel."""

    def __init__(self, path: Path, options: Options) -> None:
        self.share, self._path, self._options = 0.0, path, options
        self._dialect = dialect_of_file(path, options.encoding, options.delimiter)
        self.found = self._dialect.found
        _refuse_header(path, self._dialect.names)
        # Columns without a name need one to be read, and are left out then.
        self._read = [name or f"netdash: unnamed {i}" for i, name in enumerate(self._dialect.names)]
        self._names = [name for name in self._dialect.names if name]
        self._ragged: list[Reject] = []
        self._skipped: list[int] = []
        self._done = 0

    def empty(self) -> pa.Table:
        import pyarrow as pa

        return pa.schema([(name, pa.string()) for name in self._names]).empty_table()

    def batches(self) -> Iterator[Batch]:
        import pyarrow as pa
        import pyarrow.csv as pacsv

        if not self._dialect.has_rows:
            return
        with naming(self._path), Utf8(self._path, self._dialect) as text:
            # pyarrow gives row numbers to invalid_row_handler only with a single thread.
            reader = pacsv.open_csv(
                text,
                read_options=pacsv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False, column_names=self._read),
                parse_options=pacsv.ParseOptions(
                    delimiter=self._dialect.delimiter,
                    newlines_in_values=True,
                    ignore_empty_lines=len(self._read) > 1,
                    invalid_row_handler=self._skip,
                ),
                convert_options=pacsv.ConvertOptions(
                    column_types=dict.fromkeys(self._read, pa.string()), include_columns=self._names
                ),
            )
            held: list[pa.RecordBatch] = []
            for done, block in enumerate(reader, start=1):
                held.append(block)
                # pyarrow reads ahead: count the blocks that it returned, not the bytes that it read.
                self.share = min(1.0, done * BLOCK_BYTES / max(1, text.size))
                # A block whose rows were all skipped is yielded too, so that its rejects are collected.
                if sum(map(len, held)) >= self._options.batch_rows or not len(block):
                    yield from self._batches(held, damaged=text.damaged)
                    held = []
            if held:
                yield from self._batches(held, damaged=text.damaged)
        # pyarrow gives no block for rows that are all skipped.
        self._done = max([self._done, *(row.row for row in self._ragged)])

    def ragged(self) -> list[Reject]:
        # pyarrow reads ahead: skip the rejects of later batches.
        found = [row for row in self._ragged if row.row <= self._done]
        self._ragged = self._ragged[len(found) :]
        return found

    def _skip(self, row: pyarrow.csv.InvalidRow) -> str:
        number = row.number
        self._skipped.append(number)
        cells = f"{number_of(row.actual_columns, 'cell')}, expected {row.expected_columns}"
        reason = f"{cells}; is a delimiter missing, too many or unquoted?"
        self._ragged.append(Reject(number, "", "", row.text, reason))
        return "skip"

    def _number(self, n: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return the numbers of the next n rows, without those that were skipped."""
        import numpy as np

        span = np.arange(self._done + 1, self._done + n + len(self._skipped) + 1)
        rows = span[~np.isin(span, self._skipped)][:n]
        self._done = max([self._done, *rows[-1:].tolist()])
        # Forget skipped row numbers once passed; memory stays constant even if every row is skipped.
        ahead = 0
        for number in self._skipped:
            if number > self._done + 1:
                break
            self._done = max(self._done, number)
            ahead += 1
        del self._skipped[:ahead]
        return rows

    def _batches(self, blocks: list[pa.RecordBatch], *, damaged: bool) -> Iterator[Batch]:
        import pyarrow as pa

        cells = pa.Table.from_batches(blocks).combine_chunks()
        for start in range(0, max(1, len(cells)), self._options.batch_rows):
            yield self._batch(cells.slice(start, self._options.batch_rows), damaged=damaged)

    def _batch(self, cells: pa.Table, *, damaged: bool) -> Batch:
        import numpy as np

        rows, table = self._number(len(cells)), cells
        broken, faults = np.zeros(len(cells), bool), []
        for place, name in enumerate(self._names):
            column = cells[name].combine_chunks()
            if name in self._options.numbers:
                numbers = _numbers(column, self._options.numbers[name])
                table = table if numbers is None else table.set_column(place, name, numbers)
                continue
            for reason, found, whole_row in self._faults(column, damaged=damaged):
                broken |= found if whole_row else False
                faults += [
                    Reject(int(rows[at]), "", name, str(column[int(at)].as_py()), reason)
                    for at in np.flatnonzero(found)
                ]
        return Batch(rows, cells, table, broken, faults)

    def _faults(self, column: pa.Array, *, damaged: bool) -> Iterator[tuple[str, Any, bool]]:
        """Yield each fault in a column, the rows that have it, and whether the whole row is in doubt."""
        import numpy as np
        import pyarrow.compute as pc

        broken = pc.match_substring(column, "\n").to_numpy(zero_copy_only=False)
        if broken.any():
            cut, mark = len(self._read) - 1, self._dialect.delimiter
            has_rows = [
                any(line.count(mark) >= cut for line in text.as_py().split("\n")[1:]) for text in column.filter(broken)
            ]
            broken[np.flatnonzero(broken)] = has_rows
            yield "a line break, and what looks like further rows; is a quote not closed?", broken, True
        if damaged:
            lost = pc.match_substring(column, "\N{REPLACEMENT CHARACTER}").to_numpy(zero_copy_only=False)
            encoding = self._dialect.encoding
            yield f"a character that is not {encoding}; save the file as UTF-8, or say --encoding", lost, False


def _numbers(column: pa.Array, missing: tuple[str, ...]) -> pa.Array | None:
    """Return a column of plain numbers as numbers; None when another text is in it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pc.utf8_trim_whitespace(column)
    codes = pa.array(["", *missing], pa.string())
    try:
        return pc.cast(pc.if_else(pc.is_in(text, codes), None, text), pa.float64())
    except pa.ArrowInvalid:
        return None


def _refuse_header(path: Path, names: tuple[str, ...]) -> None:
    given = [name for name in names if name]
    twice = sorted({name for name in given if given.count(name) > 1})
    if not given or twice or any("\N{REPLACEMENT CHARACTER}" in name for name in given):
        told = f"columns twice: {', '.join(twice)}" if twice else "no header that can be read"
        raise ValueError(
            f"{path}: given {told}, expected one name per column in the first line; correct the header, or say "
            "--encoding or --delimiter"
        )
