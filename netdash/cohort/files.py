"""A registry in files, judged in batches.

Needs pyarrow. A value that a field refuses is unknown, as in a data frame, and is written with the reason to a file of
rejects beside the verdicts. A row that cannot be read is not judged.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from netdash.cohort.frames import Criteria, wanted_sets
from netdash.cohort.mapping import Mapping, as_mapping
from netdash.cohort.runs import CohortRun, Run
from netdash.cohort.sources import Options, Reject, Source, is_csv, naming, open_source
from netdash.cohort.stamps import Stamp
from netdash.cohort.streams import SHEET_SUFFIX, TEXT_SUFFIXES, kind_of
from netdash.patient import FIELDS
from netdash.refusals import hint

if TYPE_CHECKING:
    import pyarrow as pa

READ = (*TEXT_SUFFIXES, SHEET_SUFFIX, ".parquet")
WRITTEN = (".csv", ".parquet")
LONGEST_VALUE = 1000
"""The most characters of a refused value in the file of rejects."""


def assess_file(
    source: str | Path | Iterable[str | Path],
    target: str | Path,
    rule_sets: str | Iterable[str] | None = None,
    *,
    mapping: Mapping | str | Path | None = None,
    id: str | None = None,  # noqa: A002
    strict: bool = False,
    reasons: bool = False,
    attrition: bool = False,
    missing: Collection[str] = (),
    ignore: Iterable[str] = (),
    criteria: Criteria = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    batch_rows: int = 65_536,
    progress: Callable[[float], None] | None = None,
) -> CohortRun:
    """Judge every patient of one or several files by published criteria, in constant memory.

    Parameters
    ----------
    source, target : path, or several sources
        Sources end in .csv, .tsv, .txt (with a header; also .gz of them), .parquet or .xlsx (its first sheet); several
        sources need the same columns. The target ends in .csv or .parquet and gets the columns of the source as they
        are, then those of :func:`netdash.assess_cohort`. It replaces an existing file, and appears only after the last
        row is written. Its stamp is in the metadata of Parquet, or beside CSV in "<target>.json".
    rule_sets, mapping, strict, reasons, ignore, criteria
        As for :func:`netdash.assess_cohort`.
    id : str, optional
        The column of identifiers. It is copied to the rejects, and repeated identifiers are counted.
    attrition : bool
        Whether to count attrition for each rule set.
    missing : collection of str
        Texts that mean unknown, such as "NA", or of one field, such as "ki67_percent=99". An empty cell always does.
    encoding, delimiter : str, optional
        How text files are written; found from their beginning when not given.
    batch_rows : int
        Largest number of rows in memory at a time.
    progress : callable, optional
        Called after each batch with the share of the sources that was read, 0 to 1.

    Returns
    -------
    CohortRun
        The counts. The file "<target>.rejects.csv" has one line per refused value: row (1 is the first patient; lines
        up to the header and blank lines are not counted), id, column (empty when the whole row cannot be read), value,
        reason, and file when there are several. There is no such file when nothing is refused.

    Raises
    ------
    ValueError
        When a file's name has another ending, source and target are the same, no column is a field, a source cannot be
        read, sources have different columns, or as :func:`netdash.assess_cohort`.
    TypeError
        As :func:`netdash.assess_cohort`.
    """
    paths = [Path(source)] if isinstance(source, str | Path) else [Path(path) for path in source]
    target = Path(target)
    _refuse_paths(paths, target)
    using = as_mapping(mapping).with_missing(_codes(missing))
    run = Run(
        wanted_sets(rule_sets, criteria), using, list(ignore), strict=strict, reasons=reasons, count=attrition, id_=id
    )
    sources = _open(paths, Options(encoding, delimiter, batch_rows, _plain_numbers(using)))
    stamp = Stamp.of(
        run.wanted, using, {path.name: _digest(path) for path in paths}, criteria=criteria, strict=strict,
        reasons=reasons, encoding=encoding, delimiter=delimiter, ignore=list(ignore), id=id,
    )  # fmt: skip
    columns = run.begin(sources[0].empty())
    rejects_path = target.with_name(f"{target.name}.rejects.csv")
    with _rejects(rejects_path, named=len(paths) > 1) as reject, _verdicts(target, columns, stamp) as write:
        for done, (path, opened) in enumerate(zip(paths, sources, strict=True)):
            for batch in opened.batches():
                table, refused = run.judge(batch)
                reject([*run.unread(opened.ragged()), *refused], path.name)
                write(table)
                if progress is not None:
                    progress((done + opened.share) / len(paths))
            reject(run.unread(opened.ragged()), path.name)
    found = tuple(f"{path.name}: {said}" for path, opened in zip(paths, sources, strict=True) for said in opened.found)
    return run.result(target, rejects_path if rejects_path.exists() else None, found)


def read_whole(path: str | Path, encoding: str | None = None, delimiter: str | None = None) -> pa.Table:
    """Return the cells of a file as one table, texts as they are written.

    Raises
    ------
    ValueError
        As :func:`assess_file`.
    """
    import pyarrow as pa

    path = Path(path)
    _refuse_kind(path, READ, "save it as one of these")
    source = open_source(path, Options(encoding, delimiter))
    return pa.concat_tables([source.empty(), *(batch.cells for batch in source.batches())])


def _codes(missing: Collection[str]) -> dict[str, list[str]]:
    """Return texts that mean unknown by field, "" for every field, from "TEXT" and "FIELD=TEXT"."""
    found: dict[str, list[str]] = {}
    for given in missing:
        name, equals, text = given.partition("=")
        if equals and name in FIELDS:
            found.setdefault(name, []).append(text)
        elif equals and name.isidentifier():
            raise ValueError(
                f"missing: given {given!r}, and {name!r} is no field, expected TEXT or FIELD=TEXT such as "
                f"ki67_percent=99{hint(name, list(FIELDS))}"
            )
        elif given.strip():
            found.setdefault("", []).append(given)
    return found


def _plain_numbers(mapping: Mapping) -> dict[str, tuple[str, ...]]:
    """Return the columns that are read as plain numbers where all their texts are, with their codes for missing."""
    entries = {entry.field: entry for entry in mapping.entries}
    numbers: dict[str, tuple[str, ...]] = {}
    for name, known in FIELDS.items():
        entry = entries.get(name)
        if known.minimum is None or (entry and (entry.words or entry.born)):
            continue
        missing = entry.missing if entry else ()
        numbers |= dict.fromkeys([entry.column if entry else name, f"{name}_low", f"{name}_high"], missing)
    return numbers


def _refuse_paths(sources: list[Path], target: Path) -> None:
    for path in sources:
        _refuse_kind(path, READ, "save it as one of these")
    _refuse_kind(target, WRITTEN, "name it so")
    for path in sources:
        if not path.is_file():
            raise ValueError(f"{path} is no file; name the file of patients")
        if target.exists() and target.samefile(path):
            raise ValueError(f"{target} is the source too; name another target")
    if not target.parent.is_dir():
        raise ValueError(f"{target.parent} is no folder; make it first, or name another target")


def _refuse_kind(path: Path, known: tuple[str, ...], cure: str) -> None:
    kind = kind_of(path) if known is READ else path.suffix.lower()
    if kind not in known:
        more = "; pandas.read_stata and pandas.read_spss read Stata and SPSS" if kind in (".dta", ".sav") else ""
        raise ValueError(
            f"{path}: the name ends in {path.suffix or 'nothing'!r}, expected {', '.join(known[:-1])} or {known[-1]}; "
            f"{cure}{more}"
        )


def _open(paths: list[Path], options: Options) -> list[Source]:
    """Return the readers of several files, which must have the same columns in the same order."""
    sources = [open_source(path, options) for path in paths]
    first = sources[0].empty().schema
    for path, source in zip(paths, sources, strict=True):
        names = source.empty().schema.names
        if names != first.names:
            differ = sorted(set(names) ^ set(first.names)) or ["their order"]
            raise ValueError(
                f"{path} and {paths[0]} differ in {', '.join(differ)}; expected the same columns in each file"
            )
        if source.empty().schema.types != first.types:
            raise ValueError(f"{path} and {paths[0]} differ in the types of columns; judge them one by one")
    return sources


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _shown(value: str) -> str:
    return value if len(value) <= LONGEST_VALUE else f"{value[: LONGEST_VALUE - 3]}..."


@contextmanager
def _rejects(path: Path, *, named: bool) -> Iterator[Callable[[list[Reject], str], None]]:
    """Yield a function that writes refused values; the file is not made when there are none."""
    some = False
    with _renamed_on_success(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow([*Reject._fields, *(["file"] if named else [])])

        def reject(found: list[Reject], name: str) -> None:
            nonlocal some
            some = some or bool(found)
            lines.writerows(
                [*line._replace(value=_shown(line.value)), *([name] if named else [])] for line in sorted(found)
            )

        yield reject
    if not some:
        path.unlink()


@contextmanager
def _verdicts(path: Path, schema: pa.Schema, stamp: Stamp) -> Iterator[Callable[[pa.Table], None]]:
    """Yield a function that writes tables to a CSV or Parquet file, with the stamp."""
    import pyarrow.csv as pacsv
    import pyarrow.parquet as pq

    csv_file, beside = is_csv(path), path.with_name(f"{path.name}.json")
    kind = pacsv.CSVWriter if csv_file else pq.ParquetWriter
    schema = schema.with_metadata({**(schema.metadata or {}), b"netdash": stamp.as_json().encode()})
    with contextlib.ExitStack() as stack:
        if csv_file:
            stack.enter_context(_renamed_on_success(beside)).write_text(stamp.as_json(), encoding="utf-8")
        part = stack.enter_context(_renamed_on_success(path))
        stack.enter_context(naming(path))
        writer = stack.enter_context(kind(part, schema))

        def write(table: pa.Table) -> None:
            with naming(path):
                writer.write_table(table.replace_schema_metadata(schema.metadata))

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
