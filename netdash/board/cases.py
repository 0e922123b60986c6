"""Prepared cases with their positions in a list, and the case that undo brings back."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace

from netdash import prepared_cases
from netdash.patient import Patient


@functools.cache
def examples() -> Mapping[str, Patient]:
    """Return the made-up examples by label."""
    return prepared_cases.cases()


@dataclass(frozen=True)
class Prepared:
    """A prepared case or a made-up example, with its position.

    Attributes
    ----------
    label : str
        Its label.
    patient : Patient
        The case as prepared.
    number, of : int
        Its position, from 1, and the number of cases.
    own : bool
        True for a case of a list that was opened, False for a made-up example.
    """

    label: str
    patient: Patient
    number: int
    of: int
    own: bool

    @property
    def name(self) -> str:
        """Its name in a sentence: "2 of 3: Second", "the example Second"."""
        return f"{self.number} of {self.of}: {self.label}" if self.own else f"the example {self.label}"


def in_order(cases: Mapping[str, Patient], own: bool) -> list[Prepared]:
    """Return cases with their positions."""
    return [Prepared(label, case, place, len(cases), own) for place, (label, case) in enumerate(cases.items(), 1)]


@dataclass(frozen=True)
class Undo:
    """The case that undo brings back.

    Attributes
    ----------
    done : str
        The action that replaced the case, in words: "Reset". Empty when it is not shown.
    after : Patient
        The case that replaced it.
    patient : Patient
        The case that undo brings back.
    opened : Prepared or None
        The prepared case or example that it started from.
    last : str
        Label of the prepared case or example that was opened last before.
    typed : bool
        True when the case was typed or changed, and so exists nowhere else.
    """

    done: str
    after: Patient
    patient: Patient
    opened: Prepared | None
    last: str
    typed: bool

    def without_list(self) -> Undo:
        """Return this undo without any label of a list of cases, for when the list is closed."""
        own = self.opened is not None and self.opened.own
        return replace(self, done="", opened=None if own else self.opened, last="", typed=self.typed or own)
