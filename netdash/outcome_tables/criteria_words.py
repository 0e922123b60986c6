"""The words on the criteria of each therapy in pictures of outcomes, and the two warnings in every picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from netdash import evidence
from netdash.assessment import Assessment
from netdash.comparison import Tally, tallies
from netdash.refusals import in_short
from netdash.wording import VERDICT_SIGNS, VERDICT_WORDS

Verdicts = Mapping[str, Tally | str]
"""By therapy: a tally of all its rule sets, or the verdict ("met", "not_met", "unknown") of one."""
Given = Verdicts | Assessment
"""What a picture takes: an assessment is counted by therapy."""
NOT_SELECTED = "Series not selected by these criteria"
NO_COMPARISON = "Different patients in each row: no comparison"
"""Both warnings are inside the pictures, so that a copied or saved picture keeps them."""


def of_therapies(therapies: Iterable[str], verdicts: Given | None) -> Verdicts:
    """Return the verdicts of the therapies that are drawn, in their order.

    Raises
    ------
    TypeError
        When `verdicts` is neither an assessment nor a mapping of therapies.
    """
    counted: Verdicts | None = tallies(verdicts) if isinstance(verdicts, Assessment) else verdicts
    if counted is not None and not isinstance(counted, Mapping):
        raise TypeError(
            f"verdicts: given {in_short(verdicts)}, expected an assessment, or what nd.tallies(assessment) returns"
        )
    return {name: counted[name] for name in therapies if counted and counted.get(name)}


def verdict_lines(therapy: str, verdict: Tally | str, criteria: str = "") -> list[str]:
    """Return a verdict with its signs, line by line.

    A tally has a line for each of its provisos. The verdict of a single rule set has the title of that rule set.
    """
    if isinstance(verdict, Tally):
        return [f"{verdict.signs} {verdict}", *verdict.provisos]
    word = _word(therapy, verdict)
    return [f"{VERDICT_SIGNS[verdict]} " + (f"{word}: {criteria}" if criteria else f"criteria {word}")]


def criteria_sentence(verdicts: Verdicts) -> str:
    """Return the verdicts of the therapies in a picture as a sentence; empty where no verdict was asked for."""
    said = [
        f"{evidence.therapy_name(name)}: {_counted(verdict) if isinstance(verdict, Tally) else _word(name, verdict)}"
        for name, verdict in verdicts.items()
    ]
    return f"Criteria by therapy. {'; '.join(said)}. {NOT_SELECTED}. " if said else ""


def _counted(tally: Tally) -> str:
    return f"{tally} ({', '.join(tally.provisos)})" if tally.provisos else str(tally)


def _word(therapy: str, verdict: str) -> str:
    if verdict not in VERDICT_SIGNS:
        raise ValueError(
            f"verdicts[{therapy!r}]: given {verdict!r}, expected one of met, not_met, unknown, or a tally of "
            "nd.tallies(assessment)"
        )
    return VERDICT_WORDS[verdict]


def warnings(verdicts: Verdicts) -> list[str]:
    """Return the lines under the title of a picture of several series."""
    return [NOT_SELECTED, NO_COMPARISON] if verdicts else [NO_COMPARISON]


def without_warnings(sentence: str) -> str:
    """Return the sentence of a picture without the warnings that are inside the picture."""
    return sentence.replace(f" {NOT_SELECTED}.", "").replace(f" {NO_COMPARISON}.", "")
