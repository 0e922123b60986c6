"""Which columns of a data frame hold a field: one of its name, one of the mapping, or two with its limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netdash.cohort.mapping import Entry, Mapping
from netdash.cohort.names import limits_of


def refuse_absent(mapping: Mapping, schema: Iterable[str]) -> None:
    """Refuse a mapping that names columns which are not there."""
    names = [entry.column for entry in mapping.entries if entry.field and entry.column != entry.field]
    names += [entry.born_at_column for entry in mapping.entries if entry.born_at_column]
    absent = sorted(set(names) - set(schema))
    if absent:
        raise ValueError(f"the mapping names columns that are not there: {', '.join(absent)}; correct the mapping")


def columns_of(name: str, mapping: Mapping, schema: Iterable[str]) -> Iterator[tuple[Entry, tuple[str, ...]]]:
    """Yield the line of a field and its columns: one, or the lower and the upper limit."""
    entry = mapping.of_field(name)
    taken = {line.column for line in mapping.entries if line.field != name}
    if entry and entry.column in schema:
        yield entry, (entry.column,)
    elif name in schema and name not in taken:
        yield Entry(name, name), (name,)
    elif {*limits_of(name)} & set(schema) - taken:
        yield entry or Entry(name, name), limits_of(name)


def refuse_twice(asked: Iterable[str], mapping: Mapping, schema: Iterable[str], ignore: frozenset[str]) -> None:
    """Refuse a field that stands in a column of its own and in one or two of its limits."""
    used = {entry.column for entry in mapping.entries}
    for name in asked:
        pair = sorted({*limits_of(name)} & set(schema) - used - ignore)
        for _, cells in columns_of(name, mapping, schema):
            if pair and not set(pair) & set(cells):
                raise ValueError(
                    f"the columns {', '.join([*cells, *pair])} all hold {name}, expected one column or a pair; drop "
                    f"the others, or pass ignore={pair!r} to leave the limits out"
                )
