"""Texts as values, inside the engine: one text form for numbers, words, yes and no, and dates.

Numbers: ``8``, ``4,5``, ``8 %``, ``3-20``, ``<3``, ``<=3``, ``>20``, ``>=10``, ``90+``. Words: any case, blanks or
hyphens for the underscore, several joined by "|". Only expressions that every engine of narwhals has are used.
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import narwhals.stable.v2 as nw

from netdash.fields import Field
from netdash.intervals import BLANKS

YES, NO = ("yes", "y", "true", "t", "1", "1.0"), ("no", "n", "false", "f", "0", "0.0")
"""The usual texts for yes and for no, in any case."""

ENDLESS = 1e15
"""What stands for a missing end: beyond the limits of every field in every unit, and a number in every engine."""
_NUMBER = r"(?:[0-9]+[.]?[0-9]*|[.][0-9]+)(?:e[+-]?[0-9]+)?"


class Limits(NamedTuple):
    """The limits of a number read from text; null where the text is no number."""

    low: nw.Expr
    high: nw.Expr
    low_open: nw.Expr
    high_open: nw.Expr


def stripped(cells: nw.Expr) -> nw.Expr:
    """Return texts without blanks at the ends; an empty text becomes null."""
    # Excel and web pages write a blank that does not break.
    text = cells
    for blank in BLANKS:
        text = text.str.replace_all(blank, " ", literal=True)
    text = text.str.strip_chars()
    return nw.when(text != "").then(text)


def folded(text: nw.Expr) -> nw.Expr:
    """Return words in lower case, with an underscore for inner blanks and hyphens."""
    return text.str.to_lowercase().str.replace_all(r"[ \t-]+", "_").str.replace_all(r"_*[|]_*", "|")


def folded_word(word: str) -> str:
    """Return one word as :func:`folded` gives it."""
    return re.sub(r"_*[|]_*", "|", re.sub(r"[ \t-]+", "_", word.strip().lower()))


def spelled(text: nw.Expr, field: Field) -> nw.Expr:
    """Return words in the spelling of a choice; several possible ones stay in lower case."""
    others = {word: word for word in field.choices if word != folded_word(word)}
    return replaced(text, others, folded(text)) if others else folded(text)


def replaced(text: nw.Expr, words: Mapping[str, str], otherwise: nw.Expr) -> nw.Expr:
    """Return texts with the words of a mapping replaced; case and inner blanks do not matter."""
    sources: dict[str, list[str]] = {}
    for source, target in words.items():
        sources.setdefault(target, []).append(folded_word(source))
    result, keys = otherwise, folded(text)
    for target, found in sources.items():
        result = nw.when(keys.is_in(found)).then(nw.lit(target)).otherwise(result)
    return result


def without(cells: nw.Expr, codes: Iterable[str], *, numeric: bool) -> nw.Expr:
    """Return cells with the codes for "missing" replaced by null."""
    if numeric:
        numbers = [float(code) for code in codes if is_number(code)]
        found: list[Any] = [cells == number for number in numbers]
    else:
        wanted = sorted({code.strip().lower() for code in codes})
        found = [cells.str.strip_chars().str.to_lowercase().is_in(wanted)] if wanted else []
    if not found:
        return cells
    coded = functools.reduce(operator.or_, found)
    return nw.when(~coded.fill_null(value=False)).then(cells)


def is_number(text: str) -> bool:
    """Return whether a text is one plain number."""
    return re.fullmatch(rf"[+-]?{_NUMBER}", text.strip().lower()) is not None


def tidy(text: nw.Expr) -> nw.Expr:
    """Return number texts in one spelling: lower case, ASCII signs, a decimal point."""
    text = text.str.to_lowercase()
    for sign, plain in (("–", "-"), ("..", "-"), ("≤", "<="), ("≥", ">="), (",", ".")):
        text = text.str.replace_all(sign, plain, literal=True)
    return text


def limits(text: nw.Expr, field: Field, unit: str) -> Limits:
    """Return the limits of numbers in the spelling of :func:`tidy`: "3-20", "<3", "90+"; of "8" both are 8.

    The forms are those of :mod:`netdash.intervals`. `unit` is the one that may stand after a number. A missing end is
    :data:`ENDLESS`.
    """
    unit = re.escape(unit.lower().removesuffix("s")) + "s?" * unit.endswith("s")
    number = rf"\s*{_NUMBER}\s*(?:{unit})?"
    exact = text.str.contains(rf"^[+-]?{_NUMBER}\s*(?:{unit})?$")
    two = text.str.contains(rf"^{number}\s*-{number}$")
    over = text.str.contains(rf"^(?:>=?{number}|{_NUMBER}\s*[+]\s*(?:{unit})?|{_NUMBER}\s*(?:{unit})\s*[+])$")
    under, both = text.str.contains(rf"^<=?{number}$"), text.str.contains(rf"^>=?{number}\s*<=?{number}$")
    bare = text.str.replace_all(rf"\s|{unit}", "") if unit else text.str.replace_all(r"\s", "")
    # A sign of an exponent, as in 1e-3, is no mark between two numbers.
    pair = two | both
    first = nw.when(pair).then(bare.str.replace_all(rf"(?:-|<=?){_NUMBER}$", "")).otherwise(bare)
    last = nw.when(pair).then(bare.str.replace_all(rf"^>?=?{_NUMBER}(?:-|<=?)", "")).otherwise(bare)
    first, last = (end.str.replace_all("[<>=]|[+]$", "") for end in (first, last))
    low = nw.when(exact).then(bare).otherwise(nw.when(two | over | both).then(first)).cast(nw.Float64)
    high = nw.when(exact).then(bare).otherwise(nw.when(two | under | both).then(last)).cast(nw.Float64)
    low = nw.when(under).then(nw.lit(-ENDLESS)).otherwise(low)
    high = nw.when(over).then(nw.lit(ENDLESS)).otherwise(high)
    if field.kind == "integer":
        # "1,000" is a thousand to one person and one to another: it is refused.
        clear = ~text.str.contains(r"[.][0-9]{3}(?:[^0-9]|$)")
        low, high = nw.when(clear).then(low), nw.when(clear).then(high)
    low_open = (over | both) & text.str.contains("^>[^=]")
    high_open = (under | both) & text.str.contains("<[^=]")
    return Limits(low, high, low_open.fill_null(value=False), high_open.fill_null(value=False))
