"""What the board shows, as one object of traits: the case, and what is looked at."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import traitlets as t

from netdash import evidence, rules
from netdash.patient import FIELDS, Patient, Value


@functools.cache
def examples() -> Mapping[str, Patient]:
    """Return made-up cases by name; none is a person."""
    cases = evidence.cases().set_index("label")
    return {
        str(label): Patient.from_dict({name: field.parse(case[name]) for name, field in FIELDS.items() if case[name]})
        for label, case in cases.iterrows()
    }


class State(t.HasTraits):
    """The one state of a board; every view is a function of it.

    Attributes
    ----------
    patient : Patient
        The case; nothing is known of it at the start.
    selected : str
        Identifier of the rule set whose findings are shown.
    example : str
        Name of the example the case was opened from, empty once it was changed.
    refusals : dict of str to str
        By field: why the last entry there was refused. What is refused changes nothing else.
    """

    patient = t.Instance(Patient, args=())
    selected = t.Unicode("milan_review")
    example = t.Unicode("")
    refusals = t.Dict(value_trait=t.Unicode(), key_trait=t.Unicode())

    @t.validate("selected")
    def _known(self, proposal: t.Bunch) -> str:
        # A page can send any text; only a known rule set is taken.
        return rules.get(proposal["value"]).rule_set

    def enter(self, name: str, value: Value | None) -> None:
        """Set one field of the case; None makes it unknown."""
        patient = self.patient.replace(**{name: value})
        with self.hold_trait_notifications():
            self.refusals = {field: why for field, why in self.refusals.items() if field != name}
            if patient.to_dict() != self.patient.to_dict():
                self.patient, self.example = patient, ""

    def refuse(self, name: str, why: str) -> None:
        """Remember why an input was refused; the case stays as it is."""
        self.refusals = {**self.refusals, name: why}

    def open(self, patient: Patient, example: str = "") -> None:
        """Replace the whole case."""
        with self.hold_trait_notifications():
            self.patient, self.example, self.refusals = patient, example, {}

    def open_query(self, query: str) -> None:
        """Replace the case by that of an address; a query that is refused changes nothing but says why."""
        try:
            self.open(Patient.from_query(query))
        except (ValueError, TypeError) as error:
            self.refuse("address", f"The address was not taken: {error}")
