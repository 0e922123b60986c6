"""CSV and Parquet files of patients, read in batches. Rows that cannot be read are collected with their numbers."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from netdash.fields import Field, Value
from netdash.intervals import Interval
from netdash.patient import FIELDS

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    import pyarrow.csv

BLOCK_BYTES = 4 * 2**20
"""Bytes of a CSV file that pyarrow reads at a time. No row may be longer."""


class Reject(NamedTuple):
    """The reason why a row is not judged; `column` is empty when the whole row cannot be read."""

    row: int
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
        The cells as given, and the cells of fields in the fields' types; a cell without a value is null.
    unread : mapping
        By column, the rows with a cell that cannot be read.
    reasons : mapping
        By column that is not a field, why such cells cannot be read.
    """

    rows: np.ndarray[Any, np.dtype[np.int64]]
    cells: pa.Table
    table: pa.Table
    unread: Mapping[str, np.ndarray[Any, np.dtype[np.bool_]]] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)


class Source(Protocol):
    """A file that is read in batches; `share` is the share that was read, 0 to 1."""

    share: float

    def empty(self) -> pa.Table:
        """Return a table with the columns of the batches and no row."""

    def batches(self) -> Iterator[Batch]:
        """Yield the rows that can be split into cells."""

    def ragged(self) -> list[Reject]:
        """Return the rows up to the last batch that cannot be split into cells; each row is returned once."""


def open_source(path: Path, missing: Collection[str], batch_rows: int) -> Source:
    """Return the reader of a file.

    Raises
    ------
    ValueError
        When the file cannot be read, or has no column that is a field.
    """
    with naming(path):
        found: Source = CsvSource(path, missing, batch_rows) if is_csv(path) else ParquetSource(path, batch_rows)
    names = found.empty().column_names
    if not set(names) & set(FIELDS):
        raise ValueError(
            f"{path}: no column is a field of a patient ({', '.join(names)[:200]}); Patient.fields() lists them, and "
            "a CSV file needs commas and a header"
        )
    return found


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


class ParquetSource:
    """A Parquet file; :func:`netdash.assess_cohort` refuses a column without its field's type."""

    def __init__(self, path: Path, batch_rows: int) -> None:
        import pyarrow.parquet as pq

        self.share, self._path, self._batch_rows = 0.0, path, batch_rows
        self._file = pq.ParquetFile(path, pre_buffer=False)

    def empty(self) -> pa.Table:  # noqa: D102
        return self._file.schema_arrow.empty_table()

    def batches(self) -> Iterator[Batch]:  # noqa: D102
        import numpy as np
        import pyarrow as pa

        done, total = 0, self._file.metadata.num_rows
        with naming(self._path), self._file:
            for found in self._file.iter_batches(self._batch_rows):
                table = pa.Table.from_batches([found])
                rows = np.arange(done + 1, done + len(table) + 1)
                done += len(table)
                self.share = done / total
                yield Batch(rows, table, table)

    def ragged(self) -> list[Reject]:  # noqa: D102
        return []


class CsvSource:
    """A CSV file in UTF-8, with commas and a header."""

    def __init__(self, path: Path, missing: Collection[str], batch_rows: int) -> None:
        import pyarrow as pa

        self.share, self._path, self._batch_rows = 0.0, path, batch_rows
        self._names, self._has_rows = _header(path)
        self._missing = pa.array(sorted({text.strip() for text in missing}), pa.string())
        self._ragged: list[Reject] = []
        self._skipped: list[int] = []
        self._done = 0

    def empty(self) -> pa.Table:  # noqa: D102
        import pyarrow as pa

        return pa.schema([(name, _type(name)) for name in self._names]).empty_table()

    def batches(self) -> Iterator[Batch]:  # noqa: D102
        import pyarrow as pa
        import pyarrow.csv as pacsv

        if not self._has_rows:
            return
        with naming(self._path), Utf8(self._path) as text:
            # pyarrow gives row numbers to invalid_row_handler only with a single thread.
            reader = pacsv.open_csv(
                text,
                read_options=pacsv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False),
                parse_options=pacsv.ParseOptions(
                    newlines_in_values=True, ignore_empty_lines=len(self._names) > 1, invalid_row_handler=self._skip
                ),
                convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(self._names, pa.string())),
            )
            held: list[pa.RecordBatch] = []
            for done, block in enumerate(reader, start=1):
                held.append(block)
                # pyarrow reads ahead: count the blocks that it returned, not the bytes that it read.
                self.share = min(1.0, done * BLOCK_BYTES / text.size)
                # A block whose rows were all skipped is yielded too, so that its rejects are collected.
                if sum(map(len, held)) >= self._batch_rows or not len(block):
                    yield from self._batches(held, damaged=text.damaged)
                    held = []
            if held:
                yield from self._batches(held, damaged=text.damaged)

    def ragged(self) -> list[Reject]:  # noqa: D102
        # pyarrow reads ahead: skip the rejects of later batches.
        found = [row for row in self._ragged if row.row <= self._done]
        self._ragged = self._ragged[len(found) :]
        return found

    def _skip(self, row: pyarrow.csv.InvalidRow) -> str:
        number = row.number - 1  # pyarrow counts the header
        self._skipped.append(number)
        reason = (
            f"{row.actual_columns} cells, expected {row.expected_columns}; is a comma missing, too many or unquoted?"
        )
        self._ragged.append(Reject(number, "", row.text, reason))
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
        for start in range(0, max(1, len(cells)), self._batch_rows):
            yield self._batch(cells.slice(start, self._batch_rows), damaged=damaged)

    def _batch(self, cells: pa.Table, *, damaged: bool) -> Batch:
        import pyarrow.compute as pc

        columns, unread, reasons = {}, {}, {}
        for name in self._names:
            column = cells[name].combine_chunks()
            if name in FIELDS:
                column = pc.utf8_trim_whitespace(column)
                texts = pc.if_else(pc.is_in(column, self._missing), None, column)
                columns[name] = _values(texts, FIELDS[name])
                unread[name] = pc.and_(columns[name].is_null(), texts.is_valid()).to_numpy(zero_copy_only=False)
                continue
            columns[name] = column
            for reason, found in self._faults(column, damaged=damaged):
                unread[name], reasons[name] = found, reason
        table = cells.from_pydict(columns, schema=self.empty().schema)
        return Batch(self._number(len(cells)), cells, table, unread, reasons)

    def _faults(self, column: pa.Array, *, damaged: bool) -> Iterator[tuple[str, Any]]:
        """Yield each fault in a column that is not a field, with the rows that have it."""
        import numpy as np
        import pyarrow.compute as pc

        broken = pc.match_substring(column, "\n").to_numpy(zero_copy_only=False)
        if broken.any():
            cut = len(self._names) - 1
            has_rows = [
                any(line.count(",") >= cut for line in text.as_py().split("\n")[1:]) for text in column.filter(broken)
            ]
            broken[np.flatnonzero(broken)] = has_rows
            yield "a line break, and what looks like further rows; is a quote not closed?", broken
        if damaged:
            lost = pc.match_substring(column, "\N{REPLACEMENT CHARACTER}").to_numpy(zero_copy_only=False)
            yield "a character that is not UTF-8; save the file as UTF-8", lost


def _header(path: Path) -> tuple[list[str], bool]:
    """Return the column names of a CSV file, and whether the file has a row."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        records = (record for record in csv.reader(file) if record)
        names, has_rows = next(records, []), next(records, None) is not None
    twice = sorted({name for name in names if names.count(name) > 1})
    if not names or twice or any("\N{REPLACEMENT CHARACTER}" in name for name in names):
        given = f"columns twice: {', '.join(twice)}" if twice else "no header in UTF-8"
        raise ValueError(f"{path}: given {given}, expected one name per column in the first line; correct the header")
    return names, has_rows


def _type(name: str) -> pa.DataType:
    import pyarrow as pa

    types = {"number": pa.float64(), "integer": pa.int64(), "choice": pa.string(), "bool": pa.bool_()}
    return types[FIELDS[name].kind] if name in FIELDS else pa.string()


def _values(texts: pa.Array, known: Field) -> pa.Array:
    """Return the values written as texts, null where a text is not a value of the field."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if known.kind == "number":
        try:
            # pyarrow's cast is faster. It accepts not-a-number and infinity, which are outside every field's limits.
            return pc.cast(texts, pa.float64())
        except pa.ArrowInvalid:
            pass
    encoded = texts.dictionary_encode()
    values = [_value(text, known) for text in encoded.dictionary.to_pylist()]
    return pa.array(values, _type(known.name)).take(encoded.indices)


def _value(text: str, known: Field) -> Value | None:
    try:
        value = known.parse(text)
    except ValueError:
        return None
    return None if isinstance(value, Interval | frozenset) else value


class Utf8(io.RawIOBase):
    """A file whose bytes that are not UTF-8 are replaced; `damaged` is True when there were any."""

    def __init__(self, path: Path) -> None:
        self._file, self.size = path.open("rb"), path.stat().st_size
        # _ready: decoded bytes not yet returned; a replacement is longer than the bytes it replaces.
        # _rest: the first bytes of a character whose other bytes are not read yet.
        self._ready, self._rest = b"", b""
        self._ended = self.damaged = False

    def readable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return `size` bytes of UTF-8, fewer at the end only, because pyarrow takes one read as one block."""
        end = None if size < 0 else size
        while not self._ended and (end is None or len(self._ready) < end):
            chunk = self._file.read(size)
            self._ended = not chunk
            self._ready += self._whole(self._rest + chunk, final=self._ended)
        out, self._ready = self._ready[:end], self._ready[len(self._ready) if end is None else end :]
        return out

    def _whole(self, data: bytes, *, final: bool) -> bytes:
        try:
            _, used = codecs.utf_8_decode(data, "strict", final)
            out = data[:used]
        except UnicodeDecodeError:
            self.damaged = True
            text, used = codecs.utf_8_decode(data, "replace", final)
            out = text.encode()
        self._rest = data[used:]
        return out

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()
