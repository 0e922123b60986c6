"""Fields: the kinds of inputs there are, and how a value of each is checked, read and said."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import ClassVar

from netdash.wording import in_a_sentence, words

Value = float | int | bool | str
"""A known value of a field; unknown is ``None``."""

CHANGES = ("fixed", "changeable", "state")
"""What can become of an entered value: it stays (age, site), it can change, or nobody would wish for it."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One input: its words, its limits, and how a value is checked, read and shown.

    Attributes
    ----------
    name, label, unit, group, help : str
        Identifier, words for a person, unit (empty for words), place on the board, one sentence of help.
    minimum, maximum : float or None
        Inclusive limits of a number.
    choices : tuple of str
        Allowed words of a choice, in the order of its control.
    step : float or None
        Step of its slider.
    change : str
        "fixed", "changeable" or "state": see :data:`CHANGES`.
    noun : str
        What stands before a value in a sentence, such as "primary" before "pancreas"; the topic when empty.
    topic : str
        The label as it stands inside a sentence.
    words : tuple of str
        What the values of a choice, or yes and no, are called on screen.
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
        """Return `value` in the field's own type, or ``None`` when it is not one of its values."""
        raise NotImplementedError

    def read(self, text: str) -> Value | None:
        """Return the value that `text` (from a link, a file or the command line) stands for, or ``None``."""
        raise NotImplementedError

    def check(self, value: object) -> Value | None:
        """Return `value` in the field's own type; ``None`` stays ``None``.

        Raises
        ------
        ValueError
            Naming the field, the value, what is allowed and the unit.
        """
        if value is None:
            return None
        accepted = self.accept(value)
        if accepted is None:
            raise self.refusal(value)
        return accepted

    def parse(self, text: str) -> Value:
        """Return the value that `text` stands for.

        Raises
        ------
        ValueError
            As :meth:`check`; an empty text is refused too, since unknown is said by leaving the field out.
        """
        value = self.read(text.strip())
        accepted = None if value is None else self.accept(value)
        if accepted is None:
            raise self.refusal(text)
        return accepted

    def refusal(self, value: object) -> ValueError:
        """Return the error that refuses `value`."""
        shown = repr(value)
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        return ValueError(
            f"{self.name} ({self.label}) was given {shown}, expected {self.allowed}; leave it out if it is unknown"
        )

    def show(self, value: Value | None) -> str:
        """Return `value` in words, with its unit; an unknown one is "not entered"."""
        if value is None:
            return "not entered"
        if isinstance(value, str):
            return words(value)
        return counted(value, self.unit)

    def say(self, value: Value | None) -> str:
        """Return the field with its value as part of a sentence: "age 57 years", "pregnancy not entered"."""
        return f"{self.topic if value is None else self.noun or self.topic} {self.show(value)}"

    def tell(self, value: Value | None) -> str:
        """Return the field with its value as a sentence begins: "Age 57 years", "Portal vein occluded"."""
        said = self.say(value)
        return f"{said[0].upper()}{said[1:]}"

    def finding(self, value: Value | None) -> str:
        """Return what the patient has, for a caution: "portal vein occluded", "portal vein: not entered"."""
        return f"{self.topic}: {self.show(None)}" if value is None else self.say(value)


def plain(number: float) -> str:
    """Return `number` as short as it can be written without losing a digit: ``4.0`` as "4"."""
    return str(int(number)) if float(number).is_integer() else repr(float(number))


def counted(number: float, unit: str) -> str:
    """Return `number` with its unit, which of one is not a plural: "1 year"."""
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
        # bool is a Real to Python; True years is a mistake to a clinician.
        if isinstance(value, bool) or not isinstance(value, Real):
            return None
        number = float(value)
        if not math.isfinite(number) or not (self.minimum or 0) <= number <= (self.maximum or 0):
            return None
        return number + 0.0  # -0.0 becomes 0.0

    def read(self, text: str) -> Value | None:  # noqa: D102
        return float(text) if self._numeral.fullmatch(text) else None


class Count(Number):
    """A whole number of things."""

    kind = "integer"

    def accept(self, value: object) -> Value | None:  # noqa: D102
        number = super().accept(value)
        if number is None or not (isinstance(value, Integral) or float(number).is_integer()):
            return None
        return int(number)


class Choice(Field):
    """One word out of a few, in a fixed order."""

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
    """A statement that holds or does not."""

    kind = "bool"
    _words: ClassVar[Mapping[str, bool]] = {"true": True, "yes": True, "false": False, "no": False}

    @property
    def allowed(self) -> str:  # noqa: D102
        return "True (yes) or False (no)"

    def accept(self, value: object) -> Value | None:  # noqa: D102
        # numpy's bool is no Python bool, yet it is one to the user of a data frame.
        return bool(value) if type(value).__name__ in {"bool", "bool_"} else None

    def read(self, text: str) -> Value | None:  # noqa: D102
        return self._words.get(text.lower())

    def show(self, value: Value | None) -> str:  # noqa: D102
        return super().show(None) if value is None else (self.words or ("yes", "no"))[not value]

    def finding(self, value: Value | None) -> str:  # noqa: D102
        if value is None or self.words:
            return super().finding(value)
        # "Biliary anastomosis", not "biliary anastomosis yes": a caution names what is there.
        return (self.noun or self.topic) + ("" if value else ": no")
