"""One patient judged by one criterion: the result, the margin, and what lacks, each in words."""

from __future__ import annotations

from dataclasses import dataclass

from netdash import distances, rules
from netdash.fields import Field, Known
from netdash.intervals import Interval
from netdash.patient import Patient
from netdash.rules import Criterion, Verdict
from netdash.wording import Kind


@dataclass(frozen=True)
class Finding:
    """One patient judged by one criterion.

    Attributes
    ----------
    criterion : Criterion
        The criterion.
    observed : float, int, bool, str, Interval, frozenset or None
        The patient's value, an interval or a set when it is known in part; None when it is not known.
    result : Verdict
        The result.
    margin : float, Interval or None
        Signed distance of the value to the bound, positive inside; None when there is no bound or no value.
    needs : tuple of Field
        The inputs to enter, or to narrow, when the result is unknown.
    missing : tuple of Field
        Those of them that are not entered, when nothing is known of the quantity.
    partly : str
        What is known of the others, when nothing is known of the quantity: "primary pancreas or stomach".
    """

    criterion: Criterion
    observed: Known | None
    result: Verdict
    margin: float | Interval | None
    needs: tuple[Field, ...] = ()
    missing: tuple[Field, ...] = ()
    partly: str = ""

    @property
    def distance(self) -> str:
        """The margin in words: "7 years inside", "at the bound, which is included"; empty when there is no margin.

        Of a value that is known in part: "2 to 7 points inside", "10 points outside to 7 points inside", "at the bound
        (excluded) to 5 years inside"; "up to 10 points inside" where the bound itself is no possible value.
        """
        if self.margin is None:
            return ""
        unit = "points" if self.criterion.quantity.unit == "%" else self.criterion.quantity.unit
        excluded = isinstance(self.criterion, rules.Bound) and self.criterion.strict
        return distances.in_words(self.margin, unit, "excluded" if excluded else "included")

    @property
    def lacking(self) -> str:
        """The quantity that is not known, with the inputs it is derived from: "WHO grade (differentiation)".

        A quantity that is known in part has what is known of it: "Ki-67 (3 to 20 %)".
        """
        quantity = self.criterion.quantity
        if self.observed is not None:
            return f"{quantity.topic} ({quantity.show(self.observed)})"
        inputs = [field.topic for field in self.missing] or [self.partly]
        return quantity.topic if inputs == [quantity.topic] else f"{quantity.topic} ({', '.join(inputs)})"

    @property
    def shown(self) -> str:
        """What is known of the quantity, or of an input known in part that it follows from; else "not entered"."""
        return self.partly or self.criterion.quantity.show(self.observed)

    @property
    def is_told(self) -> bool:
        """Whether something is known that :meth:`phrase` tells: of the quantity, or of an input it follows from."""
        return self.observed is not None or bool(self.partly)

    def phrase(self, kind: Kind) -> str:
        """Return value and requirement in words: "age 57 years (asked: under 55 years)".

        Of an input that a quantity follows from: "Ki-67 15 to 30 % (asked: grade G1 or G2)".
        """
        quantity, asked = self.criterion.quantity, self.criterion.requirement_text(kind.joiner)
        if self.partly:
            return f"{self.partly} ({kind.asked}: {quantity.noun or quantity.topic} {asked})"
        return f"{quantity.phrase(self.observed)} ({kind.asked}: {asked})"


def find(criterion: Criterion, patient: Patient) -> Finding:
    """Judge one patient by one criterion."""
    observed = criterion.observed(patient)
    margin = None if observed is None else criterion.margin(observed)
    result = criterion.judge(patient)
    if result is not Verdict.UNKNOWN:
        return Finding(criterion, observed, result, margin)
    needs = criterion.needs(patient)
    if observed is not None:
        return Finding(criterion, observed, result, margin, needs)
    missing = tuple(field for field in needs if getattr(patient, field.name) is None)
    partly = (field.phrase(getattr(patient, field.name)) for field in needs if field not in missing)
    return Finding(criterion, observed, result, margin, needs, missing, " and ".join(partly))
