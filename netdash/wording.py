"""The words on screen: one word for each verdict, each kind of rule set and each tag.

Every surface takes its words from here: the board, ``str``, the HTML of a notebook, the report, the commands.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

SAID: Mapping[str, str] = {"met": "met", "not_met": "missed", "unknown": "open"}
"""The word of each verdict where no kind of rule set has its own."""
MARK: Mapping[str, str] = {"met": "●", "not_met": "✕", "unknown": "?"}
"""The sign of each verdict; a word always stands beside it."""


@dataclass(frozen=True)
class Kind:
    """One kind of rule set, and the words of its verdicts.

    Attributes
    ----------
    met, not_met, unknown : str
        The verdict in words: "met", "missed", "open".
    met_of, missed_of : str
        How a headline begins; "{n}" and "{of}" stand for the numbers of criteria.
    asked : str
        What stands before a requirement: "asked", or "studied" for a trial.
    last : str
        What joins the last of several words that are asked for.
    """

    met: str
    not_met: str
    unknown: str
    met_of: str
    missed_of: str
    asked: str = "asked"
    last: str = " or "

    def word(self, verdict: str) -> str:
        """Return a verdict ("met", "not_met", "unknown") in the words of this kind."""
        return {"met": self.met, "not_met": self.not_met, "unknown": self.unknown}[verdict]


KINDS: Mapping[str, Kind] = {
    "list": Kind("met", "missed", "open", "Meets {n} of {of}", "Misses {n} of {of}"),
    "statement": Kind("fits", "does not fit", "open", "Fits {n} of {of}", "Does not fit {n} of {of}"),
    "label": Kind("within label", "outside", "open", "Meets {n} of {of}", "Misses {n} of {of}"),
    "population": Kind(
        *("like its patients", "unlike", "open"),
        *("Like its patients in {n} of {of}", "Unlike its patients in {n} of {of}", "studied", ", "),
    ),
}
"""The kinds of rule sets: a published list, one sentence of a source, a product label, whom a trial studied."""

TAGS: Mapping[str, str] = {"review": "", "later": "later", "population": "trial", "label": "label, later"}
"""What stands beside the title of a rule set, by its basis."""

LEGEND = (
    "Silent on: another list or label of the therapy asks it, and this patient fails there. "
    "Not asked: the source asks it, and netdash has no input for it."
)
"""What two words of a headline mean."""
STUDIED = "Whom trials studied"
"""The heading over all populations: they are no criteria of a therapy."""


def in_a_sentence(label: str) -> str:
    """Return a label as it stands inside a sentence: "Primary status" loses its capital, "Ki-67" keeps it."""
    first = label.split(maxsplit=1)[0]
    return label[0].lower() + label[1:] if first.isalpha() and first.istitle() else label


def words(identifier: object) -> str:
    """Return an identifier with spaces in place of its underscores."""
    return str(identifier).replace("_", " ")


def years(months: float | None, unit: str = " years") -> str:
    """Return a time in whole years where it is that, else in months; `unit` follows the number of years."""
    if months is None or math.isnan(months):
        return "no stated time"
    number = float(months) / 12
    if number == 1 and unit == " years":
        return "1 year"
    return f"{number:g}{unit}" if number.is_integer() else f"{months:g} month{'s' * (months != 1)}"


def percent_or(unit: str) -> str:
    """Return the sign for percent, or the unit as it is."""
    return "%" if unit == "percent" else unit


def with_unit(value: float | None, unit: str) -> str:
    """Return a figure of a table with its unit, such as "54 %"; "no figure" where it is missing."""
    return "no figure" if value is None or math.isnan(value) else f"{value:g} {percent_or(unit)}".strip()


def listed(names: Iterable[str], last: str = " and ") -> str:
    """Return names joined as in a sentence."""
    *most, end = names
    return f"{', '.join(most)}{last}{end}" if most else end
