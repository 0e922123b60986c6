"""Cases that were prepared, the place of each among the others, and the one that undo brings back."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace

from netdash import prepared_cases
from netdash.patient import Patient


@functools.cache
def examples() -> Mapping[str, Patient]:
    """Return made-up cases by name; none is a person."""
    return prepared_cases.cases()


@dataclass(frozen=True)
class Prepared:
    """A case that was prepared, and its place among the others.

    Attributes
    ----------
    label : str
        What it is called.
    patient : Patient
        The case as it was prepared.
    number, of : int
        Its place, from 1, and how many there are.
    own : bool
        Whether it is of a list that was opened; else it is a made-up example.
    """

    label: str
    patient: Patient
    number: int
    of: int
    own: bool

    @property
    def name(self) -> str:
        """What it is called where it is spoken of: "2 of 3: Second", or the label of an example."""
        return f"{self.number} of {self.of}: {self.label}" if self.own else f"the example {self.label}"


def in_order(cases: Mapping[str, Patient], own: bool) -> list[Prepared]:
    """Return cases with their places, in their order."""
    return [Prepared(label, case, place, len(cases), own) for place, (label, case) in enumerate(cases.items(), 1)]


@dataclass(frozen=True)
class Undo:
    """The case that one step of undo brings back.

    Attributes
    ----------
    done : str
        What replaced it, in words: "Reset". Empty when it is not to be said any more.
    after : Patient
        The case that took its place.
    patient : Patient
        The case itself.
    opened : Prepared or None
        The prepared case or example that it began as.
    last : str
        Label of the prepared case or example that had been opened last.
    typed : bool
        Whether it was typed or changed, so that it exists nowhere else.
    """

    done: str
    after: Patient
    patient: Patient
    opened: Prepared | None
    last: str
    typed: bool

    def without_list(self) -> Undo:
        """Return the same once its list of cases is closed: no label of it is kept or said."""
        own = self.opened is not None and self.opened.own
        return replace(self, done="", opened=None if own else self.opened, last="", typed=self.typed or own)
