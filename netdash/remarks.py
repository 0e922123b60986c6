"""Remarks: what a source says beside its criteria. They decide nothing.

What they say, and when, stands in ``data/remarks.csv``.
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
    """What a source says beside its criteria.

    Attributes
    ----------
    remark_id, text, source, locator : str
        Identifier, what is said, where it was read, the place there.
    therapies : tuple of str
        Which therapies it is about; every one when empty.
    condition : Criterion or None
        When it is said; always when None.
    """

    remark_id: str
    text: str
    source: str
    locator: str
    therapies: tuple[str, ...]
    condition: Criterion | None

    @property
    def where(self) -> str:
        """Source and place."""
        return f"{evidence.source_name(self.source)}, {self.locator}"

    def applies(self, therapy: str, patient: Patient) -> bool:
        """Return whether it is said beside a therapy for this patient."""
        concerned = not self.therapies or therapy in self.therapies
        return concerned and (self.condition is None or self.condition.judge(patient) is Verdict.MET)


@functools.cache
def load() -> tuple[Remark, ...]:
    """Return what sources say beside their criteria and the board shows, in the order of the data."""
    rows = outcome_rows.records(evidence.remarks())
    return tuple(_remark(row) for row in rows if not row["why_not_shown"])


def _remark(row: Mapping[str, str]) -> Remark:
    asked = {name: row[name] for name in ("field", "operator", "value")}
    return Remark(
        **{name: row[name] for name in ("remark_id", "text", "source", "locator")},
        therapies=tuple(filter(None, row["therapy"].split("; "))),
        condition=rule_tables.condition(row["remark_id"], **asked) if row["field"] else None,
    )


def beside(therapy: str, patient: Patient) -> tuple[Remark, ...]:
    """Return what sources remark on one therapy; of every case when `therapy` is empty."""
    return tuple(r for r in load() if bool(r.therapies) == bool(therapy) and r.applies(therapy, patient))


def called_for(therapies: Iterable[str], patient: Patient) -> dict[str, tuple[Remark, ...]]:
    """Return by therapy the remarks that a case calls for; one on several stands beside the first that is shown."""
    shown, said = list(dict.fromkeys(therapies)), set[str]()
    found: dict[str, tuple[Remark, ...]] = {}
    for therapy in shown:
        fresh = [r for r in beside(therapy, patient) if r.condition is not None and r.remark_id not in said]
        said |= {remark.remark_id for remark in fresh}
        found[therapy] = tuple(fresh)
    return found
