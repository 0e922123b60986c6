"""What is typed into a box: a value, a range of values, or nothing; and why a text is refused."""

from __future__ import annotations

from netdash.fields import Field, Known


def read(field: Field, text: str) -> Known | None:
    """Return the value that was typed; None for an empty box.

    Raises
    ------
    ValueError
        When the field refuses the text, or one end of a typed range is a number that the field does not allow.
    """
    if not text.strip():
        return None
    return field.parse_entry(text)


def why(field: Field, text: str) -> str:
    """Return in words what is wrong with a range that was refused; empty for any other text."""
    try:
        field.accept_part(text.strip())
    except ValueError as error:
        return str(error)
    return field.beyond(text)
