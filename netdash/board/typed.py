"""What is typed into a box: a value, a range of values, or nothing; and why a text is refused."""

from __future__ import annotations

from netdash.fields import Field, Known, Number
from netdash.intervals import Interval


def read(field: Field, text: str) -> Known | None:
    """Return the value that was typed; None for an empty box.

    Raises
    ------
    ValueError
        When the field refuses the text, or one end of a typed range is a number that the field does not allow.
    """
    if not text.strip():
        return None
    value = field.parse(text)
    if reason := _beyond(field, text):
        raise ValueError(reason)
    return value


def why(field: Field, text: str) -> str:
    """Return in words what is wrong with a range that was refused; empty for any other text."""
    try:
        field.accept_part(text.strip())
    except ValueError as error:
        return str(error)
    return _beyond(field, text)


def _beyond(field: Field, text: str) -> str:
    """Return the end of a typed range that is not allowed, in words: 3-200 % is a slip, and not at least 3 %."""
    known = field.read(text.strip())
    if not isinstance(field, Number) or not isinstance(known, Interval):
        return ""
    ends = [end for end in (known.low, known.high) if end is not None and end not in field.limits]
    return f"{field.show(ends[0])} is out of the limits" if ends else ""
