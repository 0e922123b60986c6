"""Remarks: statements of a source that are not criteria.

``data/remarks.csv`` lists them with the condition under which each is shown. They change no verdict.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from netdash import evidence, outcome_rows, rule_tables
from netdash.patient import Patient
from netdash.rules import Criterion, Verdict


@dataclass(frozen=True)
class Remark:
    """A statement of a source that is not a criterion.

    Attributes
    ----------
    remark_id, text, source, locator : str
        Identifier, text on screen, id of the source it was read in, place in the source.
    therapies : tuple of str
        The therapies that it concerns; empty for all therapies.
    condition : Criterion or None
        The condition under which it is shown; None for always.
    """

    remark_id: str
    text: str
    source: str
    locator: str
    therapies: tuple[str, ...]
    condition: Criterion | None

    @property
    def where(self) -> str:
        """Name of the source and place in it."""
        return f"{evidence.source_name(self.source)}, {self.locator}"

    def applies(self, therapy: str, patient: Patient) -> bool:
        """Return whether the remark is shown beside a therapy for this patient."""
        concerned = not self.therapies or therapy in self.therapies
        return concerned and (self.condition is None or self.condition.judge(patient) is Verdict.MET)


@functools.cache
def load() -> tuple[Remark, ...]:
    """Return the remarks that the board shows, in the order of the data."""
    rows = outcome_rows.records(evidence.remarks())
    return tuple(_remark(row) for row in rows if not row["why_not_shown"])


def _remark(row: Mapping[str, str]) -> Remark:
    asked = {name: row[name] for name in ("field", "operator", "value")}
    return Remark(
        **{name: row[name] for name in ("remark_id", "text", "source", "locator")},
        therapies=tuple(filter(None, row["therapy"].split("; "))),
        condition=rule_tables.condition(row["remark_id"], **asked) if row["field"] else None,
    )


def on_therapy(therapy: str, patient: Patient) -> tuple[Remark, ...]:
    """Return the remarks on one therapy that apply to a patient; those on all therapies when `therapy` is empty."""
    return tuple(r for r in load() if bool(r.therapies) == bool(therapy) and r.applies(therapy, patient))


def called_for(therapies: Iterable[str], patient: Patient) -> dict[str, tuple[Remark, ...]]:
    """Return, by therapy, the remarks whose condition the case meets; each remark once, at its first therapy."""
    used = set[str]()
    found: dict[str, tuple[Remark, ...]] = {}
    for therapy in dict.fromkeys(therapies):
        new = [r for r in on_therapy(therapy, patient) if r.condition is not None and r.remark_id not in used]
        used |= {remark.remark_id for remark in new}
        found[therapy] = tuple(new)
    return found
