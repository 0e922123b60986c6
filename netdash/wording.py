"""The words on screen: one word for each verdict, each kind of rule set and each tag.

The board, ``str``, the HTML of a notebook, the report and the commands take their words from this module.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from netdash.refusals import UnknownName, expected

Entry = TypeVar("Entry")

VERDICT_WORDS: Mapping[str, str] = {"met": "met", "not_met": "missed", "unknown": "open"}
"""The word for each verdict of a single criterion, and of counts over rule sets of several kinds."""
VERDICT_SIGNS: Mapping[str, str] = {"met": "●", "not_met": "✕", "unknown": "?"}
"""The sign for each verdict; it is never shown without a word."""


@dataclass(frozen=True)
class Kind:
    """One kind of rule set, and the words of its verdicts.

    Attributes
    ----------
    met, not_met, unknown : str
        The verdict in words: "met", "missed", "open".
    met_of, missed_of : str
        The start of a headline; "{n}" and "{of}" are replaced by the numbers of criteria.
    asked : str
        Word before a requirement: "asked", or "studied" for a trial.
    joiner : str
        Text between the last two of several allowed words.
    """

    met: str
    not_met: str
    unknown: str
    met_of: str
    missed_of: str
    asked: str = "asked"
    joiner: str = " or "

    def word(self, verdict: str, number: int = 1) -> str:
        """Return the word of this kind for a verdict ("met", "not_met", "unknown") of a number of rule sets."""
        word = {"met": self.met, "not_met": self.not_met, "unknown": self.unknown}[verdict]
        return word if number == 1 else _OF_SEVERAL.get(word, word)


_OF_SEVERAL = {"fits": "fit", "does not fit": "do not fit", "like its patients": "like their patients"}


RULE_SET_KINDS: Mapping[str, Kind] = {
    "list": Kind("met", "missed", "open", "Meets {n} of {of}", "Misses {n} of {of}"),
    "statement": Kind("fits", "does not fit", "open", "Fits {n} of {of}", "Does not fit {n} of {of}"),
    "label": Kind("within label", "outside", "open", "Meets {n} of {of}", "Misses {n} of {of}"),
    "population": Kind(
        *("like its patients", "unlike", "open"),
        *("Like its patients in {n} of {of}", "Unlike its patients in {n} of {of}", "studied", ", "),
    ),
}
"""The kinds of rule sets: a published list, one sentence of a source, a product label, the patients of a trial."""

BASIS_TAGS: Mapping[str, str] = {
    **{"review": "", "later": "later", "population": "trial", "label": "label, later"},
    "local": "local",
}
"""The tag beside the title of a rule set, by its basis."""

HEADLINE_LEGEND = (
    "Silent on: another list or label of the therapy asks it, and this patient fails there. "
    "Not asked: the source asks it, and netdash has no input for it."
)
"""The explanation of "silent on" and "not asked" in a headline."""
PUBLISHED, PUBLISHED_AND_OWN = "Published criteria", "Published criteria and your own"
"""The heading over all lists, statements and labels, without and with own criteria."""
POPULATIONS_HEADING = "Whom trials studied"
"""The heading over all populations, which are not criteria of a therapy."""


def in_a_sentence(label: str) -> str:
    """Return a label for the middle of a sentence: "primary status" for "Primary status", "Ki-67" unchanged."""
    first = label.split(maxsplit=1)[0]
    return label[0].lower() + label[1:] if first.isalpha() and first.istitle() else label


def capital(text: str) -> str:
    """Return `text` with a capital as its first letter and the other letters unchanged."""
    return f"{text[0].upper()}{text[1:]}"


def words(identifier: object) -> str:
    """Return an identifier with spaces for its underscores: "overall survival" for "overall_survival"."""
    return str(identifier).replace("_", " ")


def number_of(number: int, noun: str, plural: str = "") -> str:
    """Return a number of things: "1 row", "1,200 rows"; `plural` for a noun that takes more than an s."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def years(months: float | None, unit: str = " years") -> str:
    """Return a time in years if it is a whole number of years, else in months; `unit` follows the number of years."""
    if months is None or math.isnan(months):
        return "no stated time"
    number = float(months) / 12
    if number == 1 and unit == " years":
        return "1 year"
    return f"{number:g}{unit}" if number.is_integer() else f"{months:g} month{'s' * (months != 1)}"


def percent_or(unit: str) -> str:
    """Return "%" for the unit "percent", and any other unit unchanged."""
    return "%" if unit == "percent" else unit


def with_unit(value: float | None, unit: str) -> str:
    """Return a value of a table with its unit: "54 %"; "no figure" when it is missing."""
    return "no figure" if value is None or math.isnan(value) else f"{value:g} {percent_or(unit)}".strip()


def with_ends(low: float | None, high: float | None, unit: str) -> str:
    """Return a figure or a range with its unit: "54 %", "25 to 78 %"; "no figure" when both ends are missing."""
    known = dict.fromkeys(end for end in (low, high) if end is not None and not math.isnan(end))
    *least, most = known or (None,)
    return "".join(f"{end:g} to " for end in least) + with_unit(most, unit)


def at_months(months: float) -> str:
    """Return the time of a figure: " at 60 months"; empty when it is missing."""
    return "" if math.isnan(months) else f" at {months:g} months"


def listed(names: Iterable[str], joiner: str = " and ") -> str:
    """Return names as a list in a sentence: "a, b and c"."""
    *most, end = names
    return f"{', '.join(most)}{joiner}{end}" if most else end


def either(words: Iterable[str], joiner: str = " or ") -> str:
    """Join the words of a choice: "a, b or c"; by "or" alone when a word holds a comma: "none or a, b or c"."""
    found = list(words)
    return " or ".join(found) if any("," in word for word in found) else listed(found, joiner)


# Jupyter aligns the cells of tables right, which is for numbers.
_LEFT = "<style>.nd-table :is(th, td) { text-align: left !important; }</style>"


def html_table(rows: Iterable[Iterable[str]], head: Iterable[str] = ()) -> str:
    """Return rows of text as an HTML table for Jupyter.

    Every cell is escaped; an address becomes a link. Without a head, the first cell of a row is its heading.
    """
    names = list(head)
    first = "td" if names else "th"
    lines = [[_html_cell(text) for text in row] for row in rows]
    body = "".join(f"<tr><{first}>{cell}</{first}>{_tagged('td', rest)}</tr>" for cell, *rest in lines)
    parts = f"<thead><tr>{_tagged('th', names)}</tr></thead><tbody>{body}</tbody>" if names else body
    return f'{_LEFT}<table class="nd-table">{parts}</table>'


def _tagged(tag: str, cells: Iterable[str]) -> str:
    return "".join(f"<{tag}>{cell}</{tag}>" for cell in cells)


def _html_cell(text: str) -> str:
    escaped = html.escape(text)
    return f'<a href="{escaped}">{escaped}</a>' if text.startswith("https://") else escaped


def look_up(entries: Mapping[str, Entry], key: str, noun: str) -> Entry:
    """Return the entry with a key.

    Raises
    ------
    UnknownName
        A ValueError and a KeyError, when there is none; the message names `noun` and the nearest keys, or all of them.
    """
    if key not in entries:
        raise UnknownName(f"{key!r} is no {noun}{expected(key, _titles(entries))}")
    return entries[key]


def _titles(entries: Mapping[str, object]) -> dict[str, str]:
    """Return the text by which each entry is also found: its title, its label, or the entry itself."""
    texts = {key: getattr(entry, "title", None) or getattr(entry, "label", None) for key, entry in entries.items()}
    return {key: str(texts[key] or (entry if isinstance(entry, str) else "")) for key, entry in entries.items()}


def percent(value: float, digits: int = 0) -> str:
    """Return a rounded percent without its sign; "<1" and ">99" near the ends, 0 and 100 only when exact."""
    step = 10.0**-digits
    if 0 < value < step / 2:
        return f"<{step:.{digits}f}"
    if 100 - step / 2 <= value < 100:
        return f">{100 - step:.{digits}f}"
    return f"{value:.{digits}f}"
