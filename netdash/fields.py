"""Fields: the kinds of inputs, and how a value of each is checked, read from text and written in words.

Field
├── Number          a quantity with a unit and inclusive limits; in part: an Interval
│   └── Count       a whole number
├── Choice          one word of a fixed list; in part: a set of its words
└── YesNo           a statement that holds or does not hold; it is known or it is not
"""

from __future__ import annotations

import dataclasses
import functools
import math
import re
from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass
from numbers import Integral, Real
from typing import ClassVar, TypeGuard

from netdash import intervals
from netdash.data_tables import table_of_text
from netdash.intervals import Interval, interval_of, plain
from netdash.refusals import hint
from netdash.wording import capital, either, in_a_sentence, words

Value = float | int | bool | str
"""The type of a value that is known exactly."""
Part = Interval | frozenset[str]
"""The type of a value that is known in part: of a number an interval, of a choice a set of words."""
Known = Value | Part
"""What is known of a field, exactly or in part; ``None`` means unknown."""

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
    completed : bool
        Whether criteria compare the number without its decimals: an age in completed years.
    narrower : mapping of str to str
        Words of a choice that are a part of another word: "stomach_distal" of "stomach".
    open_word : str
        The word of a choice that says that the value was not found. A criterion that does not name it stays open.
    entries : tuple of str
        Values of a number that are entered often, as text. They are no standard.
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
    completed: bool = False
    open_word: str = ""
    entries: tuple[str, ...] = ()
    narrower: Mapping[str, str] = dataclasses.field(default_factory=dict, hash=False)

    @property
    def allowed(self) -> str:
        """The allowed values in words, with the unit."""
        raise NotImplementedError

    def accept(self, value: object) -> Value | None:
        """Return `value` in the field's own type, or ``None`` when the field does not allow it."""
        raise NotImplementedError

    def accept_part(self, value: object) -> Known | None:
        """Return a value that is known in part in the field's own type, or ``None`` when it is none.

        Raises
        ------
        ValueError
            When no allowed value is left; the message is the reason in words.
        """
        return None

    def read(self, text: str) -> object:
        """Return the value written as `text` in a link, a file or a command, or ``None``; it is not checked yet."""
        raise NotImplementedError

    def check(self, value: object) -> Known | None:
        """Return `value` in the field's own type; ``None`` stays ``None``.

        Raises
        ------
        ValueError
            When the field does not allow `value`; the message names field, value, allowed values and unit.
        """
        if value is None:
            return None
        accepted = self.accept(value)
        return self._part(value, value) if accepted is None else accepted

    def parse(self, text: str) -> Known:
        """Return the value written as `text`.

        Raises
        ------
        ValueError
            As :meth:`check`, and when `text` is empty: an unknown field is left out instead.
        """
        try:
            value = self.read(text.strip())
        except ValueError as error:
            raise self.refusal(text, str(error)) from None
        accepted = None if value is None else self.accept(value)
        return self._part(value, text) if accepted is None else accepted

    def parse_entry(self, text: str) -> Known:
        """As :meth:`parse`, for what a person writes: "3-200" of a percentage is a slip, and not "at least 3"."""
        value = self.parse(text)
        if why := self.beyond(text):
            raise self.refusal(text, why)
        return value

    def beyond(self, text: str) -> str:
        """Return in words the end of a written range that is out of the limits; empty when there is none."""
        return ""

    def _part(self, value: object, given: object) -> Known:
        try:
            accepted = self.accept_part(value)
        except ValueError as error:
            raise self.refusal(given, str(error)) from None
        if accepted is None:
            raise self.refusal(given)
        return accepted

    def refusal(self, value: object, why: str = "") -> ValueError:
        """Return the error for a value that the field does not allow, with the reason where one is given."""
        shown = repr(value)
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        shown += f" ({why})" * bool(why)
        return ValueError(
            f"{self.name} ({self.label}) was given {shown}, expected {self.allowed}; leave it out if it is unknown"
        )

    def text(self, value: Known) -> str:
        """Return the text form of a value, which :meth:`parse` reads: "8", "3-20", "<3", "pancreas|duodenum"."""
        return str(value) if isinstance(value, str) else plain(float(value))  # type: ignore[arg-type]

    def show(self, value: Known | None) -> str:
        """Return `value` in words with its unit: "57 years", "3 to 20 %"; ``None`` as "not entered"."""
        if value is None:
            return "not entered"
        return counted(value, self.unit) if isinstance(value, float | int) else words(value)

    def phrase(self, value: Known | None) -> str:
        """Return field and value for the middle of a sentence: "age 57 years", "pregnancy not entered"."""
        noun, shown = self.noun or self.topic, self.show(value)
        if value is None:
            return f"{self.topic} {shown}"
        return shown if f" {noun}" in shown else f"{noun} {shown}"  # "unknown primary" names the primary

    def capitalized(self, value: Known | None) -> str:
        """Return field and value for the start of a sentence: "Age 57 years", "Portal vein occluded"."""
        return capital(self.phrase(value))

    def caution_phrase(self, value: Known | None) -> str:
        """Return field and value for a caution: "portal vein occluded", "portal vein: not entered"."""
        return f"{self.topic}: {self.show(None)}" if value is None else self.phrase(value)


def counted(number: float, unit: str) -> str:
    """Return `number` with its unit, in the singular for one: "1 year", "2 years"."""
    return f"{plain(number)} {unit.removesuffix('s') if number == 1 else unit}".strip()


_PARTS = (Interval, frozenset)


def in_part(value: object) -> TypeGuard[Part]:
    """Return whether a value of a patient is known in part."""
    return isinstance(value, _PARTS)


def exact_or_text(field: Field, value: Known) -> Value:
    """Return a value that is known exactly unchanged, and one that is known in part as text."""
    return field.text(value) if isinstance(value, Interval | frozenset) else value


class Number(Field):
    """A quantity with a unit and inclusive limits."""

    kind = "number"

    @property
    def allowed(self) -> str:
        noun = "whole number" if self.kind == "integer" else "number"
        return f"a {noun} from {plain(self.minimum or 0)} to {plain(self.maximum or 0)} {self.unit}".rstrip()

    @functools.cached_property
    def limits(self) -> Interval:
        """The values that the field allows."""
        return Interval(self.minimum, self.maximum)

    def accept(self, value: object) -> Value | None:
        # Python's bool is a Real, but an age of True is a mistake.
        if isinstance(value, bool) or not isinstance(value, Real):
            return None
        number = float(value)
        if not math.isfinite(number) or not (self.minimum or 0) <= number <= (self.maximum or 0):
            return None
        return number + 0.0  # -0.0 becomes 0.0

    def accept_part(self, value: object) -> Known | None:
        read = self.read(value) if isinstance(value, str) else value
        if (interval := interval_of(read)) is None:
            return None if read is None else self.accept(read)
        possible = self._possible(interval)
        if possible is None:
            raise ValueError("no value in it is allowed")
        return possible if possible.only is None else self.accept(possible.only)

    def beyond(self, text: str) -> str:
        known = self.read(text.strip())
        ends = (known.low, known.high) if isinstance(known, Interval) else ()
        return next(
            (f"{self.show(e)} is out of the limits" for e in ends if e is not None and e not in self.limits), ""
        )

    def _possible(self, interval: Interval) -> Interval | None:
        """Return the values of an interval that the field allows."""
        return interval.meet(self.limits)

    def read(self, text: str) -> object:
        return intervals.read(text, self.unit)

    def refusal(self, value: object, why: str = "") -> ValueError:
        error = super().refusal(value, why)
        if not isinstance(value, str | Interval):
            return error
        return ValueError(str(error).replace(self.allowed, f"{self.allowed}, or a range such as 3-20, <3 or >=10"))

    def text(self, value: Known) -> str:
        return str(self._within_limits(value)) if isinstance(value, Interval) else super().text(value)

    def show(self, value: Known | None) -> str:
        if not isinstance(value, Interval):
            return super().show(value)
        known = self._within_limits(value)
        low, high = (None if end is None else counted(end, self.unit) for end in (known.low, known.high))
        if known.low is None or low is None:
            return f"{'under' if known.high_open else 'at most'} {high}"
        if high is None:
            return f"{'over' if known.low_open else 'at least'} {low}"
        return f"{'over ' * known.low_open}{plain(known.low)} to {'under ' * known.high_open}{high}"

    def _within_limits(self, interval: Interval) -> Interval:
        """Return an interval without an end that is the field's own limit; with both when both are."""
        low, high = interval.low, interval.high
        at_low, at_high = low == self.minimum and not interval.low_open, high == self.maximum and not interval.high_open
        if at_low and at_high:
            return interval
        return dataclasses.replace(interval, low=None if at_low else low, high=None if at_high else high)


class Count(Number):
    """A whole number."""

    kind = "integer"

    def read(self, text: str) -> object:
        # "1,000" is a thousand to one person and one to another: it is refused.
        return None if re.search(r"(?<!\.)[.,]\d{3}(?!\d)", text) else super().read(text)

    def accept(self, value: object) -> Value | None:
        number = super().accept(value)
        if number is None or not (isinstance(value, Integral) or float(number).is_integer()):
            return None
        return int(number)

    def _possible(self, interval: Interval) -> Interval | None:
        possible = super()._possible(interval)
        return possible and possible.whole()


class Choice(Field):
    """One word of a fixed, ordered list."""

    kind = "choice"

    @property
    def allowed(self) -> str:
        return "one of " + ", ".join(self.choices)

    def accept(self, value: object) -> Value | None:
        return str(value) if isinstance(value, str) and value in self.choices else None

    def accept_part(self, value: object) -> Known | None:
        found = self.read(value) if isinstance(value, str) else value
        if isinstance(found, str) or not isinstance(found, Set | list | tuple):
            return None
        possible = self.ordered(found)
        if not possible or any(self.accept(word) is None for word in found):
            return None
        return frozenset(possible) if len(possible) > 1 else possible[0]

    def ordered(self, possible: Collection[object]) -> tuple[str, ...]:
        """Return words in the order of the choices."""
        return tuple(word for word in self.choices if word in possible)

    def read(self, text: str) -> object:
        parts = [part.strip() for part in text.split("|")]
        return frozenset(parts) if len(parts) > 1 else text

    def refusal(self, value: object, why: str = "") -> ValueError:
        return ValueError(f"{super().refusal(value, why)}{self._meant(value)}")

    def _meant(self, value: object) -> str:
        """Return which word a value that is not allowed may mean, by ``data/synonyms.csv`` or by its letters."""
        if not isinstance(value, str):
            return ""
        synonyms = table_of_text("synonyms")
        same = (synonyms["field"] == self.name) & (synonyms["kind"] == "word")
        meanings = synonyms.loc[
            same & (synonyms["term"] == value.strip().lower().replace(" ", "_")), "meaning"
        ].tolist()
        return f"; {value.strip()!r} means {meanings[0]!r}" if meanings else hint(value, self.choices)

    def text(self, value: Known) -> str:
        return "|".join(self.ordered(value)) if isinstance(value, frozenset) else super().text(value)

    def show(self, value: Known | None) -> str:
        if isinstance(value, frozenset):
            return either(map(self.show, self.ordered(value)))
        return self.words[self.choices.index(str(value))] if value is not None and self.words else super().show(value)


class YesNo(Field):
    """A statement that holds or does not hold."""

    kind = "bool"
    _words: ClassVar[Mapping[str, bool]] = {"true": True, "yes": True, "false": False, "no": False}

    @property
    def allowed(self) -> str:
        return "True (yes) or False (no)"

    def accept(self, value: object) -> Value | None:
        # Cells of a data frame are numpy.bool, which is not a subclass of bool.
        return bool(value) if type(value).__name__ in {"bool", "bool_"} else None

    def check(self, value: object) -> Known | None:
        if value is None or value is True or value is False:
            return value
        # When both answers are possible, the field is unknown.
        return None if isinstance(value, Set) and value == {True, False} else super().check(value)

    def read(self, text: str) -> object:
        return self._words.get(text.lower())

    def text(self, value: Known) -> str:
        return "true" if value else "false"

    def show(self, value: Known | None) -> str:
        return super().show(None) if value is None else (self.words or ("yes", "no"))[not value]

    def caution_phrase(self, value: Known | None) -> str:
        if value is None or self.words:
            return super().caution_phrase(value)
        # A caution names the finding alone: "biliary anastomosis", not "biliary anastomosis yes".
        return (self.noun or self.topic) + ("" if value else ": no")
