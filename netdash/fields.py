"""Fields: the kinds of inputs, and how a value of each is checked, read from text and written in words.

Field
├── Number          a quantity with a unit and inclusive limits
│   └── Count       a whole number
├── Choice          one word of a fixed list
└── YesNo           a statement that holds or does not hold
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import ClassVar

from netdash.intervals import plain
from netdash.wording import capital, in_a_sentence, words

Value = float | int | bool | str
"""The type of a known value; ``None`` means unknown."""

CHANGE_KINDS = ("fixed", "changeable", "state")
"""What can happen to an entered value: "fixed" never changes (age, site); "changeable" can change (Ki-67 on new
tissue); "state" is a finding, for which no target is proposed."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One input: its words, its limits, and how a value is checked, read and written.

    Attributes
    ----------
    name, label, unit, group, help : str
        Identifier, name on screen, unit (empty when there is none), group of inputs on the board, sentence of help.
    minimum, maximum : float or None
        Inclusive limits of a number.
    choices : tuple of str
        Identifiers of a choice's values, in the order of its control.
    step : float or None
        Step of the slider.
    change : str
        "fixed", "changeable" or "state": see :data:`CHANGE_KINDS`.
    noun : str
        Word written before a value in a sentence, such as "primary" before "pancreas"; the topic when empty.
    topic : str
        The label as written inside a sentence.
    words : tuple of str
        Words on screen for the values of a choice, or for yes and no.
    """

    kind: ClassVar[str]
    name: str = ""
    label: str
    unit: str = ""
    group: str
    help: str
    change: str = "state"
    noun: str = ""
    topic: str = ""
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.topic:
            object.__setattr__(self, "topic", in_a_sentence(self.label))

    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    step: float | None = None

    @property
    def allowed(self) -> str:
        """The allowed values in words, with the unit."""
        raise NotImplementedError

    def accept(self, value: object) -> Value | None:
        """Return `value` in the field's own type, or ``None`` when the field does not allow it."""
        raise NotImplementedError

    def read(self, text: str) -> Value | None:
        """Return the value written as `text` in a link, a file or a command, or ``None``."""
        raise NotImplementedError

    def check(self, value: object) -> Value | None:
        """Return `value` in the field's own type; ``None`` stays ``None``.

        Raises
        ------
        ValueError
            When the field does not allow `value`; the message names field, value, allowed values and unit.
        """
        if value is None:
            return None
        accepted = self.accept(value)
        if accepted is None:
            raise self.refusal(value)
        return accepted

    def parse(self, text: str) -> Value:
        """Return the value written as `text`.

        Raises
        ------
        ValueError
            As :meth:`check`, and when `text` is empty: an unknown field is left out instead.
        """
        value = self.read(text.strip())
        accepted = None if value is None else self.accept(value)
        if accepted is None:
            raise self.refusal(text)
        return accepted

    def refusal(self, value: object) -> ValueError:
        """Return the error for a value that the field does not allow."""
        shown = repr(value)
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        return ValueError(
            f"{self.name} ({self.label}) was given {shown}, expected {self.allowed}; leave it out if it is unknown"
        )

    def show(self, value: Value | None) -> str:
        """Return `value` in words with its unit: "57 years"; ``None`` as "not entered"."""
        if value is None:
            return "not entered"
        if isinstance(value, str):
            return words(value)
        return counted(value, self.unit)

    def phrase(self, value: Value | None) -> str:
        """Return field and value for the middle of a sentence: "age 57 years", "pregnancy not entered"."""
        return f"{self.topic if value is None else self.noun or self.topic} {self.show(value)}"

    def capitalized(self, value: Value | None) -> str:
        """Return field and value for the start of a sentence: "Age 57 years", "Portal vein occluded"."""
        return capital(self.phrase(value))

    def caution_phrase(self, value: Value | None) -> str:
        """Return field and value for a caution: "portal vein occluded", "portal vein: not entered"."""
        return f"{self.topic}: {self.show(None)}" if value is None else self.phrase(value)


def counted(number: float, unit: str) -> str:
    """Return `number` with its unit, in the singular for one: "1 year", "2 years"."""
    return f"{plain(number)} {unit.removesuffix('s') if number == 1 else unit}".strip()


class Number(Field):
    """A quantity with a unit and inclusive limits."""

    kind = "number"
    _numeral: ClassVar[re.Pattern[str]] = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)

    @property
    def allowed(self) -> str:  # noqa: D102
        noun = "whole number" if self.kind == "integer" else "number"
        return f"a {noun} from {plain(self.minimum or 0)} to {plain(self.maximum or 0)} {self.unit}".rstrip()

    def accept(self, value: object) -> Value | None:  # noqa: D102
        # Python's bool is a Real, but an age of True is a mistake.
        if isinstance(value, bool) or not isinstance(value, Real):
            return None
        number = float(value)
        if not math.isfinite(number) or not (self.minimum or 0) <= number <= (self.maximum or 0):
            return None
        return number + 0.0  # -0.0 becomes 0.0

    def read(self, text: str) -> Value | None:  # noqa: D102
        return float(text) if self._numeral.fullmatch(text) else None


class Count(Number):
    """A whole number."""

    kind = "integer"

    def accept(self, value: object) -> Value | None:  # noqa: D102
        number = super().accept(value)
        if number is None or not (isinstance(value, Integral) or float(number).is_integer()):
            return None
        return int(number)


class Choice(Field):
    """One word of a fixed, ordered list."""

    kind = "choice"

    @property
    def allowed(self) -> str:  # noqa: D102
        return "one of " + ", ".join(self.choices)

    def accept(self, value: object) -> Value | None:  # noqa: D102
        return str(value) if isinstance(value, str) and value in self.choices else None

    def read(self, text: str) -> Value | None:  # noqa: D102
        return text

    def show(self, value: Value | None) -> str:  # noqa: D102
        return self.words[self.choices.index(str(value))] if value is not None and self.words else super().show(value)


class YesNo(Field):
    """A statement that holds or does not hold."""

    kind = "bool"
    _words: ClassVar[Mapping[str, bool]] = {"true": True, "yes": True, "false": False, "no": False}

    @property
    def allowed(self) -> str:  # noqa: D102
        return "True (yes) or False (no)"

    def accept(self, value: object) -> Value | None:  # noqa: D102
        # Cells of a data frame are numpy.bool, which is not a subclass of bool.
        return bool(value) if type(value).__name__ in {"bool", "bool_"} else None

    def read(self, text: str) -> Value | None:  # noqa: D102
        return self._words.get(text.lower())

    def show(self, value: Value | None) -> str:  # noqa: D102
        return super().show(None) if value is None else (self.words or ("yes", "no"))[not value]

    def caution_phrase(self, value: Value | None) -> str:  # noqa: D102
        if value is None or self.words:
            return super().caution_phrase(value)
        # A caution names the finding alone: "biliary anastomosis", not "biliary anastomosis yes".
        return (self.noun or self.topic) + ("" if value else ": no")
