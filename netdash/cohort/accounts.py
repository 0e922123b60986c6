"""What was read of a registry: fields read, fields asked and absent, values refused, and traps that were seen."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw

from netdash.cohort.columns import Exact
from netdash.cohort.expressions import grades_at_odds
from netdash.cohort.reading import Read
from netdash.patient import FIELDS
from netdash.rules import DERIVED_FROM, RuleSet
from netdash.wording import number_of

if TYPE_CHECKING:
    import pandas as pd

SENTINELS = (99, 999)
"""Numbers that registries write for "unknown" and that can be values too."""

AT_ODDS, ABOVE_1 = "at odds", "above 1"

MOST_WORDS = 5
"""The number of refused texts that are named for a field."""


PROPOSE = "write a mapping: 'netdash map FILE' or nd.propose_mapping(frame) proposes one"
"""The cure for columns that are not named like fields."""


class CohortNotice(UserWarning):
    """What :func:`netdash.assess_cohort` says on the fields and values of a frame."""


@dataclass
class Account:
    """What was read of some rows; accounts of several batches can be added.

    Attributes
    ----------
    asked : dict
        By field, the rule sets that ask it.
    columns : dict
        By field that was read, the columns it was read from.
    hints : dict
        By column that is not read, the field that it may be.
    counts : Counter
        Counts by field and what was counted: "known", "partial", "refused", "fraction", "zero_or_one", and by sentinel.
        None when the frame is lazy, and so nothing was counted.
    words : dict
        By field, how often each text was refused.
    n_rows : int
        Number of rows.
    n_repeated : int
        Rows whose patient has an earlier row; 0 when no column of identifiers was named.
    remarks : tuple of str
        Sentences on columns that resemble a field that is not asked.
    others : tuple of str
        Fields that have a column and are not asked.
    expected : dict
        What is expected in a column in place of the values of its field: days of birth for an age.
    strict : bool
        Whether rows with a refused value are left out.
    """

    asked: dict[str, list[str]]
    columns: dict[str, tuple[str, ...]]
    hints: dict[str, str] = field(default_factory=dict)
    counts: collections.Counter[tuple[str, str]] | None = None
    words: dict[str, collections.Counter[str]] = field(default_factory=dict)
    n_rows: int = 0
    n_repeated: int = 0
    remarks: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    expected: Mapping[str, str] = field(default_factory=dict)
    strict: bool = False

    def add(self, other: Account) -> None:
        """Add the counts of further rows."""
        self.counts = (self.counts or collections.Counter()) + (other.counts or collections.Counter())
        self.n_rows += other.n_rows
        for name, found in other.words.items():
            self.words[name] = self.words.get(name, collections.Counter()) + found

    def count(self, name: str, what: str) -> int:
        """Return one count."""
        return 0 if self.counts is None else self.counts[name, what]

    @property
    def absent(self) -> list[str]:
        """The fields that are asked and have no column."""
        return [name for name in self.asked if name not in self.columns]

    @property
    def nothing(self) -> list[str]:
        """The sentence on rows of which no field is read that the rule sets ask; empty when one is read."""
        if self.columns or not self.asked:
            return []
        if not self.others:
            return ["No column is a field that is asked: every verdict is unknown."]
        return [
            "No column is asked by the rule sets that were chosen: every verdict is unknown. There "
            f"{'is' if len(self.others) == 1 else 'are'} {', '.join(self.others)}; choose rule sets that ask one."
        ]

    @property
    def n_refused(self) -> int:
        """The number of refused values."""
        return sum(self.count(name, "refused") for name in self.columns)

    def __str__(self) -> str:
        """Return three lines: fields read, fields absent, values refused; then a line for each trap."""
        return "\n".join([self._read(), self._absent(), self._refused(), *self.traps()])

    def _read(self) -> str:
        found = [self._named(name) for name in self.columns]
        return f"Fields read: {len(found)} of {len(self.asked)} that are asked: {', '.join(found) or 'none'}."

    def _named(self, name: str) -> str:
        columns = self.columns[name]
        return name if columns == (name,) else f"{name} (from {', '.join(columns)})"

    def _absent(self) -> str:
        derived = [name for name in self.absent if set(DERIVED_FROM.get(name, ())) & set(self.columns)]
        unknown = [name for name in self.absent if name not in derived]
        line = "Fields asked and absent" + (
            f", so unknown in every row: {', '.join(unknown)}." if unknown else ": none."
        )
        for name in derived:
            line += f" {name} is derived from {', '.join(DERIVED_FROM[name])}."
        return f"{line} {hint_text(self.hints)}" if self.hints else line

    def _refused(self) -> str:
        if self.counts is None:
            return "Values refused: not counted, because the frame is lazy; nd.cohort_report counts them."
        parts = []
        for name in self.columns:
            number = self.count(name, "refused")
            if number:
                common = ", ".join(f"{text} {n:,}" for text, n in self.words[name].most_common(MOST_WORDS))
                parts.append(
                    f"{number:,} of {name} ({common}; expected {self.expected.get(name, FIELDS[name].allowed)})"
                )
        if not parts:
            return "Values refused: none."
        done = "so their rows are left out" if self.strict else "so unknown"
        return f"Values refused, {done}: {'; '.join(parts)}. A mapping can say what they mean."

    def traps(self) -> list[str]:
        """Return a sentence for each trap that was seen."""
        found = [*self.nothing, *self.remarks]
        for name in self.columns:
            known, small = self.count(name, "known"), self.count(name, "fraction")
            if known and small == known and self.count(name, "zero_or_one") < known and not self.count(name, ABOVE_1):
                found.append(
                    f"Every value of {name} is at most 1: are they fractions? If so, say unit 'fraction' in a mapping."
                )
            for code in SENTINELS:
                if number := self.count(name, str(code)):
                    found.append(
                        f"{name} is {code} in {number_of(number, 'row')}: if {code} means unknown there, say "
                        f"so in a mapping, or --missing {name}={code}."
                    )
        if number := self.count("grade_reported", AT_ODDS):
            found.append(
                f"grade_reported is at odds with Ki-67 or differentiation in {number_of(number, 'row')}: the "
                "grades of both are taken as possible."
            )
        if self.n_repeated:
            found.append(
                f"{number_of(self.n_repeated, 'row')} with the identifier of an earlier row: one patient counts once "
                "per row."
            )
        return found


def hint_text(hints: Mapping[str, str]) -> str:
    """Return the sentence that says which columns may be fields, and the cure."""
    if not hints:
        return f"Give the columns the names of fields (listed by 'netdash assess --help'), or {PROPOSE}."
    told = "; ".join(f"column {column!r} may be {name}" for column, name in hints.items())
    return f"Not read: {told}. If so, {PROPOSE}."


def asked_by(rule_sets: Iterable[RuleSet]) -> dict[str, list[str]]:
    """Return the fields that decide rule sets, in the order of the fields, each with the rule sets that ask it."""
    found: dict[str, list[str]] = {}
    for rule_set in rule_sets:
        for name in deciding(rule_set):
            found.setdefault(name, []).append(rule_set.name)
    return {name: found[name] for name in FIELDS if name in found}


def deciding(rule_set: RuleSet) -> list[str]:
    """Return the fields of the criteria that decide a rule set."""
    names = [name for clause in rule_set.clauses for criterion in clause.criteria for name in criterion.inputs]
    return list(dict.fromkeys(names))


def account_of(
    read: Read,
    asked: dict[str, list[str]],
    hints: Mapping[str, str],
    *,
    every: bool = False,
    compute: bool | None = None,
) -> Account:
    """Return the account of a frame that was read.

    Parameters
    ----------
    read, asked, hints
        The frame with its columns, the fields asked, and what columns that are not read may be.
    every : bool
        Whether to count known values, values known in part and traps too, or refused values alone.
    compute : bool, optional
        Whether to count in a lazy frame; eager frames are always counted.
    """
    columns = {name: column.names for name, column in read.columns.items()} | dict(read.empty)
    given = {name: columns[name] for name in asked if name in columns}
    others = tuple(name for name in read.given if name not in asked)
    account = Account(asked, given, dict(hints), remarks=read.remarks, others=others, expected=read.expected)
    if isinstance(read.table, nw.LazyFrame) and not compute:
        return account
    wheres = {key: where for name in read.columns for key, where in _counted(read, name, every=every)}
    if (odds := grades_at_odds(read.columns)) is not None:
        wheres["grade_reported", AT_ODDS] = odds
    account.counts = collections.Counter()
    for key, number in counts(read.table, {f"{name}: {what}": where for (name, what), where in wheres.items()}).items():
        if key == "total":
            account.n_rows = number
        elif number:
            name, _, what = key.partition(": ")
            account.counts[name, what] = number
    for name, column in read.columns.items():
        if isinstance(column, Exact) and column.field.unit == "%" and (column.largest or 0) > 1:
            account.counts[name, ABOVE_1] = 1
        if account.count(name, "refused"):
            account.words[name] = _words(read, column.names, column.invalid)
    return account


def _counted(read: Read, name: str, *, every: bool) -> Iterable[tuple[tuple[str, str], nw.Expr]]:
    column = read.columns[name]
    largest = column.largest if isinstance(column, Exact) else None
    if not isinstance(column, Exact) or not column.known:
        yield (name, "refused"), column.invalid
    if every and column.partial is not None:
        yield (name, "partial"), column.partial
    fractions = column.field.unit == "%" and (largest is None or largest <= 1)
    if every or fractions:
        yield (name, "known"), column.allowed
    if fractions:
        yield (name, "fraction"), column.between(0, 1)
        yield (name, "zero_or_one"), column.between(0, 0) | column.between(1, 1)
    for code in SENTINELS if column.field.minimum is not None else ():
        if code <= (column.field.maximum or 0) and (largest is None or largest >= code):
            yield (name, str(code)), column.between(code, code)


def _words(read: Read, names: tuple[str, ...], where: nw.Expr) -> collections.Counter[str]:
    given = [name for name in names if name in read.table.collect_schema()]
    # pyarrow cannot filter string_view; a cast to text changes its type.
    shown = {name: nw.col(name).cast(nw.String) for name in given}
    refused = read.table.select(**shown, **{"netdash: refused": where}).filter(nw.col("netdash: refused"))
    found = refused.group_by(given).agg(**{"netdash: n": nw.len()})
    eager: Any = found.collect() if isinstance(found, nw.LazyFrame) else found
    words: collections.Counter[str] = collections.Counter()
    for row in eager.rows(named=True):
        words["/".join(str(row[name]).strip() for name in given)] += int(row["netdash: n"])
    return words


def counts(table: Any, wheres: Mapping[str, nw.Expr | None]) -> dict[str, int]:
    """Return the number of rows ("total") and the number where each expression holds, from one aggregation."""
    asked = {name: nw.when(where).then(1).otherwise(0).sum() for name, where in wheres.items() if where is not None}
    result = table.select(total=nw.len(), **asked)
    found = result.collect() if isinstance(result, nw.LazyFrame) else result
    # In some engines the sum over no rows is null.
    return dict.fromkeys(wheres, 0) | {name: int(found[name][0] or 0) for name in found.columns}


def account_table(account: Account) -> pd.DataFrame:
    """Return an account as the table of :func:`netdash.cohort_report`."""
    import pandas as pd

    rows = []
    for name, asking in account.asked.items():
        there = name in account.columns
        known, refused = account.count(name, "known"), account.count(name, "refused")
        common = account.words.get(name, collections.Counter()).most_common(MOST_WORDS)
        rows.append(
            {
                "field": name,
                "column": ", ".join(account.columns[name]) if there else "",
                "asked_by": ", ".join(asking),
                "n": account.n_rows,
                "n_known": known,
                "n_partial": account.count(name, "partial"),
                "n_unknown": account.n_rows - known - refused,
                "n_refused": refused,
                "examples": ", ".join(f"{text} {n:,}" for text, n in common),
            }
        )
    names = ["field", "column", "asked_by", "n", "n_known", "n_partial", "n_unknown", "n_refused", "examples"]
    table = pd.DataFrame(rows, columns=names)
    table.attrs["netdash_notes"] = str(account)
    return table
