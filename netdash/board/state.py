"""What the board shows, as one object of traits: the case, and what is looked at."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping

import traitlets as t

from netdash import evidence, rules, teaching
from netdash.patient import FIELDS, Patient, Value
from netdash.provenance import source
from netdash.ranges import numbers, ordered

LONGEST_WORDS = 200
LONGEST_QUERY = 10_000
OWN = "x-"
"""What the identifiers of own series begin with."""
READINGS = {"corrected where confirmed": "corrected", "as printed": "printed"}


@functools.cache
def examples() -> Mapping[str, Patient]:
    """Return made-up cases by name; none is a person."""
    cases = evidence.cases().set_index("label")
    return {
        str(label): Patient.from_dict({name: field.parse(case[name]) for name, field in FIELDS.items() if case[name]})
        for label, case in cases.iterrows()
    }


@functools.cache
def outcomes_shown() -> Mapping[str, tuple[str, str, float]]:
    """Return what the plot can show, by name: statistic, endpoint, horizon in months (0 for medians)."""
    rows = evidence.outcomes()
    rates = Counter(zip(*(rows.loc[rows["poolable"], name] for name in ("endpoint", "horizon_months")), strict=True))
    medians = Counter(rows.loc[(rows["statistic"] == "median") & (rows["endpoint"] != "unclear"), "endpoint"])
    found = {
        f"{float(horizon) / 12:g}-year {_words(endpoint)}": ("rate", str(endpoint), float(horizon))
        for (endpoint, horizon), _ in rates.most_common()
    }
    return found | {f"Median {_words(name)}": ("median", str(name), 0.0) for name, _ in medians.most_common()}


def _words(identifier: object) -> str:
    return str(identifier).replace("_", " ")


class Exploring(t.HasTraits):
    """What the map and the what-if show.

    Attributes
    ----------
    x, y : str
        The two number fields of the map; never the same.
    along : str
        The field of the what-if.
    outlined : list of str
        Rule sets outlined on the map beside the selected one, in the order of the review.
    """

    x = t.Enum(numbers(), "age_years")
    y = t.Enum(numbers(), "liver_involvement_percent")
    along = t.Enum(ordered(), "ki67_percent")
    outlined = t.List(t.Unicode(), ["milan_2007", "milan_2019"])

    @t.observe("x", "y")
    def _keep_apart(self, change: t.Bunch) -> None:
        """Give the other axis what this one had before, when both would be the same."""
        if self.x == self.y:
            self.set_trait("y" if change["name"] == "x" else "x", change["old"])

    def outline(self, rule_set: str) -> None:
        """Outline a rule set, or no longer."""
        chosen = set(self.outlined) ^ {rule_set}
        self.outlined = [name for name in rules.load() if name in chosen]


class Browsing(t.HasTraits):
    """What of the evidence is shown.

    Attributes
    ----------
    show : str
        "pooling", "harms" or the name of a table.
    therapy : str
        Only this one; all when empty.
    words : str
        Only rows of a table that hold each of these words.
    toggled : list of str
        Series that the visitor took out of the pools or, of the own ones, put into them.
    own : bytes
        A file of one's own series, kept here and nowhere else; empty for none.
    refused : str
        Why the last file was not taken.
    """

    show = t.Unicode("pooling")
    therapy = t.Unicode("")
    words = t.Unicode("")
    toggled = t.List(t.Unicode())
    own = t.Bytes(b"")
    refused = t.Unicode("")

    @t.validate("words")
    def _short(self, proposal: t.Bunch) -> str:
        return str(proposal["value"])[:LONGEST_WORDS]

    def toggle(self, outcome: str) -> None:
        """Take a series out of the pools, or put it back."""
        self.toggled = sorted(set(self.toggled) ^ {outcome})

    def take(self, own: bytes) -> None:
        """Put own series beside the published ones, or none; a faulty file changes nothing and says why."""
        try:
            evidence.outcomes(extra=own or None)
        except ValueError as error:
            self.refused = str(error)
        else:
            kept = [name for name in self.toggled if not name.startswith(OWN)]
            with self.hold_trait_notifications():
                self.own, self.refused, self.toggled = own, "", kept


class Learning(t.HasTraits):
    """Which teaching case is asked, and what was answered in this sitting.

    Attributes
    ----------
    case : str
        Identifier of the teaching case.
    chosen : dict of str to str
        By rule set of that case: the verdict that is about to be answered.
    score : netdash.teaching.Score
        What was answered; it lives as long as the session.
    """

    case = t.Unicode()
    chosen = t.Dict(value_trait=t.Unicode(), key_trait=t.Unicode())
    score = t.Instance(teaching.Score, args=())

    @t.default("case")
    def _first(self) -> str:
        return next(iter(teaching.cases()))

    @t.validate("case")
    def _known_case(self, proposal: t.Bunch) -> str:
        return teaching.get(proposal["value"]).case_id

    @t.observe("case")
    def _nothing_chosen(self, _: t.Bunch) -> None:
        self.chosen = {}

    def say(self, rule_set: str, verdict: str) -> None:
        """Choose a verdict; what the case does not ask, or is no verdict, changes nothing."""
        asked = {found.rule_set for found in teaching.get(self.case).rule_sets}
        if rule_set in asked and verdict in {*rules.Verdict} and self.score.of(self.case) is None:
            self.chosen = {**self.chosen, rule_set: verdict}

    def answer(self) -> None:
        """Answer with what is chosen, once everything is; a case counts as answered first."""
        case = teaching.get(self.case)
        if len(self.chosen) == len(case.rule_sets):
            self.score = self.score.with_(case.answer(self.chosen))

    def begin_anew(self) -> None:
        """Forget every answer of this sitting."""
        self.score = teaching.Score()

    def step(self, places: int) -> None:
        """Go to the case that many places on, in a ring."""
        names = list(teaching.cases())
        self.case = names[(names.index(self.case) + places) % len(names)]


class State(t.HasTraits):
    """The one state of a board; every view is a function of it.

    Attributes
    ----------
    patient : Patient
        The case; nothing is known of it at the start.
    selected : str
        Identifier of the rule set whose findings are shown.
    example : str
        Name of the example the case was opened from, empty once it was changed.
    refusals : dict of str to str
        By field: why the last entry there was refused. What is refused changes nothing else.
    outcome : str
        Name of what the plot shows, one of :func:`outcomes_shown`.
    reading : str
        "corrected" or "printed".
    pinned : Patient or None
        The case as it was when it was pinned, to be compared with.
    presenting : bool
        Whether only case, verdicts and picture are shown, in large type.
    source : str
        Identifier of what the source is shown of; empty for none.
    pages : list of str
        Names of the pages there are.
    page : str
        Name of the one that is open.
    exploring : Exploring
        What the map and the what-if are of.
    browsing : Browsing
        What of the evidence is shown.
    learning : Learning
        The teaching case and the score.
    """

    patient = t.Instance(Patient, args=())
    selected = t.Unicode("milan_review")
    example = t.Unicode("")
    refusals = t.Dict(value_trait=t.Unicode(), key_trait=t.Unicode())
    outcome = t.Unicode("5-year overall survival")
    reading = t.Enum(list(READINGS.values()), "corrected")
    pinned = t.Instance(Patient, allow_none=True)
    presenting = t.Bool(False)
    source = t.Unicode("")
    pages = t.List(t.Unicode(), ["board"])
    page = t.Unicode("board")
    exploring = t.Instance(Exploring, args=())
    browsing = t.Instance(Browsing, args=())
    learning = t.Instance(Learning, args=())

    @t.validate("selected")
    def _known_rule_set(self, proposal: t.Bunch) -> str:
        # A page can send any text; only a known rule set is taken.
        return rules.get(proposal["value"]).rule_set

    @t.validate("outcome")
    def _known_outcome(self, proposal: t.Bunch) -> str:
        if proposal["value"] not in outcomes_shown():
            raise t.TraitError(f"outcome: given {proposal['value']!r}, expected one of {', '.join(outcomes_shown())}")
        return str(proposal["value"])

    def enter(self, name: str, value: Value | None) -> None:
        """Set one field of the case; None makes it unknown."""
        self.put({name: value})

    def put(self, values: Mapping[str, Value | None]) -> None:
        """Set some fields of the case at once; None makes one unknown."""
        patient = self.patient.replace(**values)
        with self.hold_trait_notifications():
            self.refusals = {field: why for field, why in self.refusals.items() if field not in values}
            if patient.to_dict() != self.patient.to_dict():
                self.patient, self.example = patient, ""

    def refuse(self, name: str, why: str) -> None:
        """Remember why an input was refused; the case stays as it is."""
        self.refusals = {**self.refusals, name: why}

    def open(self, patient: Patient, example: str = "") -> None:
        """Replace the whole case."""
        with self.hold_trait_notifications():
            self.patient, self.example, self.refusals = patient, example, {}

    def open_query(self, query: str) -> None:
        """Replace the case by that of an address; a query that is refused changes nothing but says why."""
        try:
            if len(query) > LONGEST_QUERY:
                raise ValueError(f"it has {len(query):,} characters, expected at most {LONGEST_QUERY:,}; copy it again")
            self.open(Patient.from_query(query))
        except (ValueError, TypeError) as error:
            self.refuse("address", f"The address was not taken: {error}")

    def turn_to(self, page: str) -> None:
        """Open a page; one that is not there changes nothing."""
        if page in self.pages:
            self.page = page

    def select(self, rule_set: str) -> None:
        """Show the findings of a rule set, and no source."""
        with self.hold_trait_notifications():
            self.selected, self.source = rule_set, ""

    def show_source(self, name: str) -> None:
        """Show where a rule, a row or a figure comes from; of what is not known, nothing."""
        try:
            source(name)
        except ValueError:
            self.source = ""
        else:
            self.source = name

    def step(self, places: int) -> None:
        """Open the example that many places after the one that is open, in a ring."""
        names = list(examples())
        here = names.index(self.example) if self.example in names else -1 if places > 0 else 0
        name = names[(here + places) % len(names)]
        self.open(examples()[name], name)
