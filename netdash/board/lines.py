"""The verdicts of a therapy in at most three lines: met, missed, open, each with its rule sets and the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from netdash import evidence
from netdash.fields import Field, Known, in_part
from netdash.judgement import Judgement
from netdash.patient import FIELDS
from netdash.rules import Verdict
from netdash.wording import VERDICT_WORDS, capital, in_a_sentence, number_of

ORDER = (Verdict.MET, Verdict.NOT_MET, Verdict.UNKNOWN)
"""The order of the lines of a therapy."""
NOTHING_DECIDES = "the source states nothing that decides"
"""The reason of a rule set without criteria that decide."""
_PLACES = {field: place for place, field in enumerate(FIELDS.values())}


@dataclass(frozen=True)
class Group:
    """The rule sets of a line that share their reason.

    Attributes
    ----------
    reason : str
        Why: "Age 57 years (asked: under 55 years)", "not entered: symptoms". Empty for a rule set that is met without
        a proviso.
    judgements : tuple of Judgement
        The judgements, in the order of the data.
    notes : tuple of str
        Their side notes, where the line shows them.
    """

    reason: str
    judgements: tuple[Judgement, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """The rule sets of one therapy that have the same verdict.

    Attributes
    ----------
    verdict : str
        "met", "not_met" or "unknown".
    groups : tuple of Group
        The rule sets by reason.
    """

    verdict: str
    groups: tuple[Group, ...]

    @property
    def judgements(self) -> tuple[Judgement, ...]:
        """The judgements of the line, in the order of its groups."""
        return tuple(judgement for group in self.groups for judgement in group.judgements)

    @property
    def rule_sets(self) -> tuple[str, ...]:
        """The identifiers of its rule sets."""
        return tuple(judgement.rule_set.name for judgement in self.judgements)

    @property
    def count(self) -> str:
        """Number and word: "3 met"; the word of the kind where all are of one kind: "1 does not fit"."""
        return counted(self.verdict, self.judgements)

    @property
    def lacks(self) -> str:
        """What an open line lacks, in few words: "2 inputs not entered, 1 input known in part"."""
        needed = {field: j.patient.entered.get(field.name) for j in self.judgements for field in j.needs}
        found = Counter(_standing(field, known) for field, known in needed.items())
        numbers = {words: found[words] for words in ("not entered", "known in part", "unknown", "at odds")}
        inputs = ", ".join(f"{number_of(n, 'input')} {words}" for words, n in numbers.items() if n)
        undecidable = sum(not judgement.rule_set.clauses for judgement in self.judgements)
        return "; ".join(filter(None, [inputs, _undecidable(undecidable, len(self.judgements))]))


@dataclass(frozen=True)
class TherapyLines:
    """The lines of one therapy.

    Attributes
    ----------
    therapy, name : str
        Identifier, and name on screen.
    lines : tuple of Line
        Met, missed, open, as far as they occur.
    """

    therapy: str
    name: str
    lines: tuple[Line, ...]

    @property
    def rule_sets(self) -> tuple[str, ...]:
        """The identifiers of the rule sets of all lines."""
        return tuple(name for line in self.lines for name in line.rule_sets)

    @property
    def is_undecided(self) -> bool:
        """Whether every rule set is open."""
        return [line.verdict for line in self.lines] == [Verdict.UNKNOWN.value]


def by_therapy(judgements: Iterable[Judgement]) -> tuple[TherapyLines, ...]:
    """Return the lines of each therapy, in the order of the judgements.

    Parameters
    ----------
    judgements : iterable of Judgement
        Judgements of one or several therapies, those of one therapy together.
    """
    groups = groupby(judgements, key=lambda j: j.rule_set.therapy)
    return tuple(TherapyLines(name, evidence.therapy_name(name), _lines(tuple(found))) for name, found in groups)


def counts(judgements: Iterable[Judgement]) -> Mapping[str, str]:
    """Return number and word by verdict, for those that occur: {"met": "3 met", "unknown": "25 open"}."""
    found = tuple(judgements)
    by_verdict = {verdict.value: [j for j in found if j.verdict is verdict] for verdict in ORDER}
    return {verdict: counted(verdict, some) for verdict, some in by_verdict.items() if some}


def counted(verdict: str, judgements: Sequence[Judgement]) -> str:
    """Return number and word of judgements with one verdict."""
    words = {judgement.kind.word(verdict, len(judgements)) for judgement in judgements}
    return f"{len(judgements)} {words.pop() if len(words) == 1 else VERDICT_WORDS[verdict]}"


def met_words(judgement: Judgement) -> str:
    """Return how many criteria a met rule set has, in the words of its kind: "meets 5 of 5"."""
    of = len(judgement.rule_set.clauses)
    return in_a_sentence(judgement.kind.met_of.format(n=of, of=of))


def _standing(field: Field, known: Known | None) -> str:
    """Return in words why an input that is needed leaves a criterion open."""
    if known is None:
        return "not entered"
    if in_part(known):
        return "known in part"
    return "unknown" if known == field.open_word else "at odds"


def _undecidable(number: int, of: int) -> str:
    if not number:
        return ""
    return NOTHING_DECIDES if number == of else f"for {number} of {of} {NOTHING_DECIDES}"


def _lines(judgements: Sequence[Judgement]) -> tuple[Line, ...]:
    grouping = dict(zip(ORDER, (_met, _missed, _open), strict=True))
    found = {verdict: [j for j in judgements if j.verdict is verdict] for verdict in ORDER}
    return tuple(Line(verdict.value, grouping[verdict](some)) for verdict, some in found.items() if some)


def _met(judgements: Sequence[Judgement]) -> tuple[Group, ...]:
    """Group by provisos and side notes, so that what qualifies a met rule set stands beside it."""
    return _grouped((j, "; ".join(j.provisos), j.side_notes) for j in judgements)


def _missed(judgements: Sequence[Judgement]) -> tuple[Group, ...]:
    return _grouped((j, capital("; ".join(j.missed)), ()) for j in judgements)


def _open(judgements: Sequence[Judgement]) -> tuple[Group, ...]:
    """Group by what is known in part, with the requirement, and the inputs that are not entered.

    Those that nothing decides come last.
    """
    return _grouped((j, _needed(j), ()) for j in sorted(judgements, key=lambda j: not j.rule_set.clauses))


def _needed(judgement: Judgement) -> str:
    """Return why a rule set is open; the inputs stand in the order of the board, so that equal ones share a group."""
    if not judgement.rule_set.clauses:
        return NOTHING_DECIDES
    missing = ", ".join(field.topic for field in sorted(judgement.not_entered, key=_PLACES.__getitem__))
    return "; ".join([*judgement.open_in_part, *([f"not entered: {missing}"] if missing else [])])


def _grouped(reasons: Iterable[tuple[Judgement, str, tuple[str, ...]]]) -> tuple[Group, ...]:
    """Return one group for each reason with its notes: whatever a group says holds of each of its rule sets."""
    found: dict[tuple[str, tuple[str, ...]], list[Judgement]] = {}
    for judgement, reason, notes in reasons:
        found.setdefault((reason, notes), []).append(judgement)
    return tuple(Group(reason, tuple(some), notes) for (reason, notes), some in found.items())
