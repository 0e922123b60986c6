"""Files as streams of UTF-8: plain, compressed with gzip, of another encoding, or a sheet of Excel."""

from __future__ import annotations

import codecs
import csv
import datetime
import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from netdash.cohort.dialects import SAMPLE_BYTES, Dialect, dialect_of

TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
SHEET_SUFFIX = ".xlsx"


def kind_of(path: Path) -> str:
    """Return the suffix that tells how a file is read: that before ".gz", in lower case."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return suffixes[-2] if suffixes[-1:] == [".gz"] and len(suffixes) > 1 else (suffixes or [""])[-1]


def open_bytes(path: Path) -> IO[bytes]:
    """Return a file, or a sheet as CSV, opened for reading bytes."""
    if kind_of(path) == SHEET_SUFFIX:
        return io.BufferedReader(SheetText(path))
    if path.suffix.lower() == ".gz":
        return gzip.open(path)  # type: ignore[return-value]
    return path.open("rb")


def dialect_of_file(path: Path, encoding: str | None, delimiter: str | None) -> Dialect:
    """Return how a file is written.

    Raises
    ------
    ValueError
        As :func:`netdash.cohort.dialects.dialect_of`, and when the file cannot be read.
    """
    try:
        with open_bytes(path) as file:
            sample = file.read(SAMPLE_BYTES)
    except (gzip.BadGzipFile, EOFError) as error:
        raise ValueError(f"{path} cannot be read: {error}; name a file that is compressed with gzip") from None
    try:
        return dialect_of(sample, encoding, delimiter)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


class Utf8(io.RawIOBase):
    """The rows of a text file as UTF-8, from the first patient on; bytes that cannot be decoded are replaced.

    `damaged` is True when there were any; `size` is the number of bytes of the file.
    """

    def __init__(self, path: Path, dialect: Dialect) -> None:
        self.size, self._file = path.stat().st_size, open_bytes(path)
        self._utf8 = dialect.encoding.startswith("utf-8")
        self._decoder = codecs.getincrementaldecoder(dialect.encoding)("replace")
        # _ready: bytes not yet returned; a replacement is longer than the bytes it replaces.
        # _rest: the first bytes of a character whose other bytes are not read yet.
        self._ready, self._rest = b"", b""
        self._ended = self.damaged = False
        self._skip_lines(dialect.lines_before)

    def readable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return `size` bytes of UTF-8, fewer at the end only, because pyarrow takes one read as one block."""
        end = None if size < 0 else size
        while not self._ended and (end is None or len(self._ready) < end):
            self._more(size)
        out, self._ready = self._ready[:end], self._ready[len(self._ready) if end is None else end :]
        return out

    def _more(self, size: int) -> None:
        chunk = self._file.read(size)
        self._ended = not chunk
        decode = self._whole if self._utf8 else self._translated
        self._ready += decode(chunk, final=self._ended)

    def _skip_lines(self, lines: int) -> None:
        while self._ready.count(b"\n") < lines and not self._ended:
            self._more(SAMPLE_BYTES)
        for _ in range(lines):
            _, _, self._ready = self._ready.partition(b"\n")

    def _whole(self, chunk: bytes, *, final: bool) -> bytes:
        data = self._rest + chunk
        try:
            _, used = codecs.utf_8_decode(data, "strict", final)
            out = data[:used]
        except UnicodeDecodeError:
            self.damaged = True
            text, used = codecs.utf_8_decode(data, "replace", final)
            out = text.encode()
        self._rest = data[used:]
        return out

    def _translated(self, chunk: bytes, *, final: bool) -> bytes:
        text = self._decoder.decode(chunk, final)
        self.damaged |= "\N{REPLACEMENT CHARACTER}" in text
        return text.encode()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


class SheetText(io.RawIOBase):
    """The first sheet of an Excel file as CSV in UTF-8, row by row; 0.25 that Excel shows as 25% is "25%"."""

    def __init__(self, path: Path) -> None:
        try:
            import openpyxl
        except ModuleNotFoundError:
            raise ModuleNotFoundError(
                f"{path}: Excel files are read with openpyxl: install netdash[excel], or save the sheet as CSV"
            ) from None
        self._book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        self._lines = self._as_lines()
        self._ready = b""

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer with bytes of CSV; 0 at the end."""
        while not self._ready:
            line = next(self._lines, None)
            if line is None:
                return 0
            self._ready = line
        taken = self._ready[: len(buffer)]
        buffer[: len(taken)] = taken
        self._ready = self._ready[len(taken) :]
        return len(taken)

    def _as_lines(self) -> Iterator[bytes]:
        for row in self._book.worksheets[0].iter_rows():
            line = io.StringIO()
            csv.writer(line, lineterminator="\n").writerow([_cell_text(cell) for cell in row])
            yield line.getvalue().encode()

    def close(self) -> None:
        """Close the file."""
        self._book.close()
        super().close()


def _cell_text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        if "%" in str(cell.number_format):
            return f"{round(value * 100, 9):.15g}%"
        return f"{value:.15g}"
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat()
    return str(value)
