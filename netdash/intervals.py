"""Intervals: a number that is known in part, and the text form of it.

    8                 one number              3-20, 3–20, 3..20     from 3 to 20, both included
    <3, <=3, ≤3       under 3, at most 3      >20, >=10, ≥10, 90+   over 20, at least 10, at least 90
    >3 <=20           two ends of which at least one is not included

A number may have a decimal comma. A unit after a number is allowed when it is the unit of the field.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real

BLANKS = ("\u00a0", "\u202f")
"""Blanks that do not break, which Excel and web pages write."""
_NUMERAL = r"(?:\d+[.,]?\d*|[.,]\d+)(?:e[+-]?\d+)?"


@dataclass(frozen=True)
class Interval:
    """A number that is known in part: all values between two ends.

    Parameters
    ----------
    low, high : float or None
        The ends; None for no end on this side.
    low_open, high_open : bool
        Whether the end itself is not included.

    Raises
    ------
    TypeError
        When an end is no number.
    ValueError
        When no value lies between the ends; the message names both.

    Examples
    --------
    >>> import netdash as nd
    >>> str(nd.Interval(3, 20))
    '3-20'
    >>> 3 in nd.Interval(high=3, high_open=True)
    False
    """

    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False

    def __post_init__(self) -> None:
        for name, endless in (("low", -math.inf), ("high", math.inf)):
            end = _end(name, getattr(self, name), endless)
            object.__setattr__(self, name, end)
            # An absent end is never open, so that two intervals of the same values are equal.
            object.__setattr__(self, f"{name}_open", end is not None and bool(getattr(self, f"{name}_open")))
        if self.low is None or self.high is None:
            return
        if self.low > self.high:
            raise ValueError(f"the range starts at {plain(self.low)} and ends at {plain(self.high)}, which is less")
        if self.low == self.high and (self.low_open or self.high_open):
            raise ValueError(f"the range from {plain(self.low)} to {plain(self.high)} leaves out its only value")

    @property
    def least(self) -> float:
        """The lower end as a number, minus infinity when there is none."""
        return -math.inf if self.low is None else self.low

    @property
    def most(self) -> float:
        """The upper end as a number, infinity when there is none."""
        return math.inf if self.high is None else self.high

    @property
    def only(self) -> float | None:
        """The one value of an interval of one value; else None."""
        return self.low if self.low is not None and self.low == self.high else None

    def __contains__(self, value: object) -> bool:
        """Return whether a number lies in the interval."""
        if not isinstance(value, Real):
            return False
        number = float(value)
        above = number > self.least or (number == self.least and not self.low_open)
        return above and (number < self.most or (number == self.most and not self.high_open))

    def meet(self, other: Interval) -> Interval | None:
        """Return the values that lie in both intervals; None when there are none.

        Examples
        --------
        >>> import netdash as nd
        >>> print(nd.Interval(3, 20).meet(nd.Interval(10, 90)))
        10-20
        >>> nd.Interval(3, 20).meet(nd.Interval(30, 90)) is None
        True
        """
        # Of two equal ends the open one leaves out more.
        low, low_open = max((self.least, self.low_open), (other.least, other.low_open))
        high, closed = min((self.most, not self.high_open), (other.most, not other.high_open))
        if low > high or (low == high and (low_open or not closed)):
            return None
        return Interval(low, high, low_open, not closed)

    def whole(self) -> Interval | None:
        """Return the whole numbers of the interval, with both ends included; None when there are none.

        Examples
        --------
        >>> import netdash as nd
        >>> print(nd.Interval(2.5, 6, high_open=True).whole())
        3-5
        """
        low, high = _next(self.low, self.low_open), _next(self.high, self.high_open, down=True)
        return None if low is not None and high is not None and low > high else Interval(low, high)

    def completed(self) -> Interval:
        """Return the values without their decimals: an age from 54.5 to under 56 is 54 or 55 completed years.

        Examples
        --------
        >>> import netdash as nd
        >>> print(nd.Interval(54.5, 56, high_open=True).completed())
        54-55
        """
        low = None if self.low is None else math.floor(self.low)
        return Interval(low, _next(self.high, self.high_open, down=True))

    def map(self, factor: float, shift: float) -> Interval:
        """Return the interval of ``factor * value + shift``; a negative factor swaps the ends.

        Examples
        --------
        >>> import netdash as nd
        >>> print(nd.Interval(35, 60).map(0.1, 0))
        3.5-6
        """
        low, high = (None if end is None else round(factor * end + shift, 10) for end in (self.low, self.high))
        if low == high:  # ends closer than the rounding
            return Interval(low, high)
        if factor < 0:
            return Interval(high, low, self.high_open, self.low_open)
        return Interval(low, high, self.low_open, self.high_open)

    def __str__(self) -> str:
        """Return the text form: "3-20", "<3", ">3 <=20"; empty when there is no end."""
        if self.low is not None and self.high is not None and not (self.low_open or self.high_open):
            return plain(self.low) if self.low == self.high else f"{plain(self.low)}-{plain(self.high)}"
        start = "" if self.low is None else f"{'>' if self.low_open else '>='}{plain(self.low)}"
        end = "" if self.high is None else f"{'<' if self.high_open else '<='}{plain(self.high)}"
        return f"{start} {end}".strip()


def plain(number: float) -> str:
    """Return the shortest text of `number` that loses no digit: "4" for ``4.0``."""
    return str(int(number)) if float(number).is_integer() else repr(float(number))


def interval_of(value: object) -> Interval | None:
    """Return an interval, or a ``pandas.Interval`` of numbers, as an interval; any other value as None."""
    if isinstance(value, Interval):
        return value
    # pandas is not imported: a session that draws no data frame does not load it.
    if type(value).__name__ != "Interval" or not {"left", "right", "closed"} <= set(dir(value)):
        return None
    left, right, closed = (getattr(value, name) for name in ("left", "right", "closed"))
    if not isinstance(left, Real) or not isinstance(right, Real):
        return None
    return Interval(float(left), float(right), closed not in ("left", "both"), closed not in ("right", "both"))


def read(text: str, unit: str = "") -> float | Interval | None:
    """Return the number or the interval written as `text`; None when it has not this form.

    Parameters
    ----------
    text : str
        One of the forms in the head of this module.
    unit : str
        The unit that may stand after a number, in any case, in the singular or plural.

    Raises
    ------
    ValueError
        When the text has the form and no value lies between its ends.
    """
    for blank in BLANKS:
        text = text.replace(blank, " ")
    for form, made in _forms(unit.casefold()):
        if found := form.fullmatch(text.strip().casefold()):
            return made(*(end and _number(end) for end in found.groups()))
    return None


@functools.cache
def _forms(unit: str) -> tuple[tuple[re.Pattern[str], Callable[..., float | Interval]], ...]:
    """Return each form of text, and what makes a value of its numbers."""
    name = re.escape(unit.removesuffix("s")) + "s?" if unit.endswith("s") else re.escape(unit)
    number = rf"\s*({_NUMERAL})\s*(?:{name})?"
    below, above = ({"<": True, "(?:<=|≤)": False}, {">": True, "(?:>=|≥)": False})
    forms: dict[str, Callable[..., float | Interval]] = {
        rf"([+-]?{_NUMERAL})\s*(?:{name})?": float,
        rf"{number}\s*(?:-|–|\.\.){number}": Interval,
        rf"({_NUMERAL})\s*\+\s*(?:{name})?": Interval,
        rf"({_NUMERAL})\s*(?:{name})\s*\+": Interval,
    }
    forms |= {f"{sign}{number}": functools.partial(_under, high_open=is_open) for sign, is_open in below.items()}
    forms |= {f"{sign}{number}": functools.partial(Interval, low_open=is_open) for sign, is_open in above.items()}
    for (start, low_open), (end, high_open) in ((a, b) for a in above.items() for b in below.items()):
        both = functools.partial(Interval, low_open=low_open, high_open=high_open)
        forms[rf"{start}{number}\s*{end}{number}"] = both
    return tuple((re.compile(form, re.ASCII), made) for form, made in forms.items())


def _under(high: float, *, high_open: bool) -> Interval:
    return Interval(None, high, high_open=high_open)


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _end(name: str, value: object, endless: float) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, Real) or math.isnan(value):
        raise TypeError(f"Interval was given {name}={value!r}, expected a number, or None for no end")
    return None if value == endless else float(value) + 0.0  # -0.0 becomes 0.0


def _next(end: float | None, is_open: bool, *, down: bool = False) -> float | None:
    """Return the whole number at an end, or the next one inside it."""
    if end is None:
        return None
    if down:
        return float(math.ceil(end) - 1 if is_open else math.floor(end))
    return float(math.floor(end) + 1 if is_open else math.ceil(end))
