"""What the inputs and the pages Explore, Evidence and Teaching remember, as traits."""

from __future__ import annotations

from collections.abc import Iterable

import traitlets

from netdash import evidence, rules, teaching
from netdash.ranges import numbers, ordered

LONGEST_WORDS = 200
"""The most characters of a search text."""
OWN_SERIES_PREFIX = "x-"
"""The prefix of the identifiers of own series."""


class InputsState(traitlets.HasTraits):
    """The state of the column of inputs.

    Attributes
    ----------
    folded : set of str
        The groups that were folded by hand.
    words : str
        Only inputs that hold each of these words; all when empty.
    asked : list of str
        The fields under "Ask next", each in its place.
    answered : str
        The field that was answered there last. It keeps its place until the next answer.
    """

    folded = traitlets.Set(traitlets.Unicode())
    words = traitlets.Unicode("")
    asked = traitlets.List(traitlets.Unicode())
    answered = traitlets.Unicode("")

    @traitlets.validate("words")
    def _short(self, proposal: traitlets.Bunch) -> str:
        return str(proposal["value"][:LONGEST_WORDS])

    def place(self, wanted: Iterable[str], most: int) -> list[str]:
        """Return the wanted fields in their places: a field keeps the place that it had; others fill free places."""
        names = list(wanted)
        kept = [name if name in names or name == self.answered else None for name in self.asked[:most]]
        rest = iter([name for name in names if name not in kept][:most])
        places = [name or next(rest, "") for name in [*kept, *[None] * (most - len(kept))]]
        self.asked = [name for name in places if name]
        return list(self.asked)


class ExploreState(traitlets.HasTraits):
    """The state of the page Explore.

    Attributes
    ----------
    x, y : str
        The two number fields of the map, always different.
    along : str
        The field that the what-if varies.
    outlined : list of str
        Ids of the rule sets outlined on the map with the selected one, in the order of the data.
    """

    x = traitlets.Enum(numbers(), "age_years")
    y = traitlets.Enum(numbers(), "liver_involvement_percent")
    along = traitlets.Enum(ordered(), "ki67_percent")
    outlined = traitlets.List(traitlets.Unicode(), ["milan_2007", "milan_2019"])

    @traitlets.observe("x", "y")
    def _keep_apart(self, change: traitlets.Bunch) -> None:
        """Swap the axes when both would show the same field."""
        if self.x == self.y:
            self.set_trait("y" if change["name"] == "x" else "x", change["old"])

    def outline(self, rule_set: str, known: Iterable[str]) -> None:
        """Outline a rule set, or remove its outline; `known` are the rule sets in the order of the page."""
        chosen = set(self.outlined) ^ {rule_set}
        self.outlined = [name for name in known if name in chosen]


class EvidenceState(traitlets.HasTraits):
    """The state of the page Evidence.

    Attributes
    ----------
    show : str
        "pooling", "harms" or the name of a table.
    therapy : str
        Only this one; all when empty.
    words : str
        Only rows of a table that hold each of these words.
    followed : float
        Share of the patients of each series that is taken as followed to the horizon.
    toggled : list of str
        Published series that the visitor took out of the pools, and own series that the visitor put into them.
    own : bytes
        The file of own series, kept in memory only; empty for none.
    refused : str
        Why the last file was refused; empty when it was read.
    """

    show = traitlets.Unicode("pooling")
    therapy = traitlets.Unicode("")
    words = traitlets.Unicode("")
    followed = traitlets.Float(1.0)
    toggled = traitlets.List(traitlets.Unicode())
    own = traitlets.Bytes(b"")
    refused = traitlets.Unicode("")

    @traitlets.validate("words")
    def _short(self, proposal: traitlets.Bunch) -> str:
        return str(proposal["value"])[:LONGEST_WORDS]

    def toggle(self, outcome: str) -> None:
        """Take a series out of the pools, or put it back."""
        self.toggled = sorted(set(self.toggled) ^ {outcome})

    def take(self, own: bytes) -> None:
        """Read a file of own series; an empty one removes them. A file with an error sets only `refused`."""
        try:
            evidence.outcomes(extra=own or None)
        except ValueError as error:
            self.refused = str(error)
        else:
            kept = [name for name in self.toggled if not name.startswith(OWN_SERIES_PREFIX)]
            with self.hold_trait_notifications():
                self.own, self.refused, self.toggled = own, "", kept


class TeachingState(traitlets.HasTraits):
    """The state of the page Teaching.

    Attributes
    ----------
    case : str
        Identifier of the teaching case that is shown.
    chosen : dict of str to str
        The verdicts chosen so far, by rule set of that case.
    score : netdash.teaching.Score
        The answers of this sitting; kept until the session ends.
    """

    case = traitlets.Unicode()
    chosen = traitlets.Dict(value_trait=traitlets.Unicode(), key_trait=traitlets.Unicode())
    score = traitlets.Instance(teaching.Score, args=())

    @traitlets.default("case")
    def _first(self) -> str:
        return next(iter(teaching.cases()))

    @traitlets.validate("case")
    def _known_case(self, proposal: traitlets.Bunch) -> str:
        return teaching.get(proposal["value"]).case_id

    @traitlets.observe("case")
    def _nothing_chosen(self, _: traitlets.Bunch) -> None:
        self.chosen = {}

    def choose(self, rule_set: str, verdict: str) -> None:
        """Choose a verdict for a rule set; an unknown rule set or verdict changes nothing."""
        asked = {found.name for found in teaching.get(self.case).rule_sets}
        if rule_set in asked and verdict in {*rules.Verdict} and self.score.of(self.case) is None:
            self.chosen = {**self.chosen, rule_set: verdict}

    def answer(self) -> None:
        """Answer with the chosen verdicts, if one is chosen for each rule set. Only the first answer counts."""
        case = teaching.get(self.case)
        if len(self.chosen) == len(case.rule_sets):
            self.score = self.score.with_(case.answer(self.chosen))

    def restart(self) -> None:
        """Delete every answer of this sitting."""
        self.score = teaching.Score()

    def step(self, places: int) -> None:
        """Go forward by a number of cases; the first case follows the last."""
        names = list(teaching.cases())
        self.case = names[(names.index(self.case) + places) % len(names)]
