"""One line of marks per therapy, and the series of one therapy: the pictures of the board share it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TypeVar

from netdash import evidence
from netdash.figures import rows
from netdash.outcome_rows import OutcomeRow
from netdash.outcome_tables.criteria_words import Verdicts, verdict_lines

OPENED, CLOSED = "▾", "▸"
"""The signs before the therapy whose series are listed, and before the others."""
NO_BREAK = "\N{NO-BREAK SPACE}"

S = TypeVar("S", bound=OutcomeRow)


def summary_lines(
    drawn: Sequence[S],
    series_of: str,
    verdicts: Verdicts,
    criteria: Mapping[str, str],
    *,
    listed: Callable[[str, Sequence[S]], Sequence[rows.Line]],
    together: Callable[[str, Sequence[S]], Sequence[rows.Line]],
    comparison_arms: Collection[str] = (),
) -> list[rows.Line]:
    """Return the lines of all therapies.

    Parameters
    ----------
    drawn : sequence of OutcomeRow
        The series, grouped by therapy.
    series_of : str
        The therapy whose series are listed.
    verdicts, criteria : mapping
        By therapy, as for ``nd.forest``.
    listed, together : callable
        Each returns the lines below the name of a therapy: of each of its series, and of all of them on one line.
    comparison_arms : collection of str
        Therapies that stand in a panel of their own, below the others.
    """
    lines: list[rows.Line] = []
    for therapy, group in groupby(drawn, key=lambda row: row.therapy):
        if therapy in comparison_arms and not any(isinstance(line, rows.Space) for line in lines):
            lines += [rows.Space(breaks=True), rows.Heading(text=rows.gray("Comparison arms"))]
        lines += _heading(therapy, therapy == series_of, verdicts, criteria)
        below = (listed if therapy == series_of else together)(therapy, list(group))
        lines += [replace(line, left=_short(line.left)) for line in below]
    return [*lines, rows.AxisLine(height=1.0)]


def _short(name: str) -> str:
    """Return the name of a series in few letters, which breaks before its number of patients only."""
    author, comma, rest = name.partition(", n = ")
    patients, *signs = rest.split(" ")
    return f"{author}, n{NO_BREAK}{patients}{NO_BREAK * bool(signs)}{''.join(signs)}" if comma else name


def _heading(therapy: str, opened: bool, verdicts: Verdicts, criteria: Mapping[str, str]) -> list[rows.Line]:
    """Return the lines with the name of a therapy and the verdict on its criteria."""
    name = f"{OPENED if opened else CLOSED} <b>{evidence.therapy_name(therapy)}</b>"
    if therapy not in verdicts:
        return [rows.Heading(text=name, therapy=therapy)]
    said, *provisos = verdict_lines(therapy, verdicts[therapy], rows.escape(criteria.get(therapy, "")))
    lines: list[rows.Line] = [rows.Heading(text=f"{name}  {said}", therapy=therapy)]
    if provisos:
        lines.append(rows.Heading(text="; ".join(provisos)))
    return lines
