"""What the board shows, as one object of traits: the case, and what is looked at."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import traitlets as t

from netdash import evidence, prepared_cases, rule_tables, rules, teaching
from netdash.board.cases import Prepared, Undo, examples, in_order
from netdash.fields import Value
from netdash.patient import Patient
from netdash.provenance import source
from netdash.ranges import numbers, ordered
from netdash.wording import words

LONGEST_WORDS = 200
LONGEST_QUERY = 10_000
LONGEST_REFUSED = 200
"""How many characters are kept of a text that a box refused."""
OWN = "x-"
"""What the identifiers of own series begin with."""
READINGS = {"corrected where confirmed": "corrected", "as printed": "printed"}


@functools.cache
def outcomes_shown() -> Mapping[str, tuple[str, str, float]]:
    """Return what the plot can show, by name: statistic, endpoint, horizon in months (0 for medians)."""
    rows = evidence.outcomes()
    rates = Counter(zip(*(rows.loc[rows["poolable"], name] for name in ("endpoint", "horizon_months")), strict=True))
    medians = Counter(rows.loc[(rows["statistic"] == "median") & (rows["endpoint"] != "unclear"), "endpoint"])
    found = {
        f"{float(horizon) / 12:g}-year {words(endpoint)}": ("rate", str(endpoint), float(horizon))
        for (endpoint, horizon), _ in rates.most_common()
    }
    return found | {f"Median {words(name)}": ("median", str(name), 0.0) for name, _ in medians.most_common()}


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
        self.outlined = [name for name in rule_tables.load() if name in chosen]


class EvidenceState(t.HasTraits):
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
        asked = {found.name for found in teaching.get(self.case).rule_sets}
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
    prepared : dict of str to Patient
        A list of cases by label, kept here and nowhere else; empty when none was opened.
    opened : Prepared or None
        The prepared case or example that the case began as; it may have been changed since.
    last : str
        Label of the prepared case or example that was opened last; stepping goes on from there.
    refused : dict of str to str
        By field: the text that was typed there and refused. The box keeps it, the case keeps what it had.
    refusals : dict of str to str
        Why the last address ("address") or list of cases ("cases") was not taken. It changed nothing else.
    undo : Undo or None
        What one step of undo brings back.
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
    evidence : EvidenceState
        What of the evidence is shown.
    learning : Learning
        The teaching case and the score.
    """

    patient = t.Instance(Patient, args=())
    selected = t.Unicode("milan_review")
    prepared = t.Dict(value_trait=t.Instance(Patient), key_trait=t.Unicode())
    opened = t.Instance(Prepared, allow_none=True)
    last = t.Unicode("")
    refused = t.Dict(value_trait=t.Unicode(), key_trait=t.Unicode())
    refusals = t.Dict(value_trait=t.Unicode(), key_trait=t.Unicode())
    undo = t.Instance(Undo, allow_none=True)
    outcome = t.Unicode("5-year overall survival")
    reading = t.Enum(list(READINGS.values()), "corrected")
    pinned = t.Instance(Patient, allow_none=True)
    presenting = t.Bool(False)
    source = t.Unicode("")
    pages = t.List(t.Unicode(), ["board"])
    page = t.Unicode("board")
    exploring = t.Instance(Exploring, args=())
    evidence = t.Instance(EvidenceState, args=())
    learning = t.Instance(Learning, args=())

    @t.validate("selected")
    def _known_rule_set(self, proposal: t.Bunch) -> str:
        # A page can send any text; only a known rule set is taken.
        return rule_tables.get(proposal["value"]).name

    @t.validate("outcome")
    def _known_outcome(self, proposal: t.Bunch) -> str:
        if proposal["value"] not in outcomes_shown():
            raise t.TraitError(f"outcome: given {proposal['value']!r}, expected one of {', '.join(outcomes_shown())}")
        return str(proposal["value"])

    @property
    def offered(self) -> list[Prepared]:
        """The cases that can be opened: those of the list, if there is one, then the made-up examples."""
        return [*in_order(self.prepared, own=True), *in_order(examples(), own=False)]

    @property
    def shown(self) -> Prepared | None:
        """The prepared case or example that is shown just as it was prepared; None once it was changed."""
        same = self.opened is not None and self.opened.patient.to_dict() == self.patient.to_dict()
        return self.opened if same else None

    @property
    def example(self) -> str:
        """Name of the made-up example that is shown; empty once it was changed, and for any other case."""
        return self.shown.label if self.shown and not self.shown.own else ""

    def enter(self, name: str, value: Value | None) -> None:
        """Set one field of the case; None makes it unknown."""
        self.put({name: value})

    @property
    def label(self) -> str:
        """What the case is called on paper: its place in a list, or the example that it is; else empty."""
        if self.opened is None or not (self.shown or self.opened.own):
            return ""
        if not self.opened.own:
            return f"{self.opened.label} (example, no real patient)"
        return self.opened.label if self.shown else f"{self.opened.label}, changed since it was opened"

    def put(self, values: Mapping[str, Value | None]) -> None:
        """Set some fields of the case at once; None makes one unknown."""
        patient = self.patient.replace(**values)
        with self.hold_trait_notifications():
            self.refused = {field: text for field, text in self.refused.items() if field not in values}
            if patient.to_dict() != self.patient.to_dict():
                self.patient = patient

    def keep_refused(self, name: str, text: str) -> None:
        """Keep a text that a field refused, for its box to show; the case stays as it is."""
        self.refused = {**self.refused, name: text[:LONGEST_REFUSED]}

    def refuse(self, name: str, why: str) -> None:
        """Remember why an address or a list of cases was refused; the case stays as it is."""
        self.refusals = {**self.refusals, name: why}

    def reset(self) -> None:
        """Make every input unknown."""
        self._replace(Patient(), None, "Reset")

    def open(self, patient: Patient, done: str = "Opened another case") -> None:
        """Replace the whole case; `done` says in words what did so."""
        self._replace(patient, None, done)

    def open_prepared(self, case: Prepared) -> None:
        """Replace the whole case by a prepared one."""
        self._replace(case.patient, case, f"Opened {case.name}")

    def take_back(self) -> None:
        """Bring back the case that was replaced last; the one shown, if it was typed, is what undo brings back then."""
        if (back := self.undo) is None:
            return
        with self.hold_trait_notifications():
            self.undo = None
            self._replace(back.patient, back.opened, "Undone", stepping=True)
            self.last = back.last

    def _replace(self, patient: Patient, opened: Prepared | None, done: str, *, stepping: bool = False) -> None:
        undo = self._undo_of(patient, done, stepping)
        with self.hold_trait_notifications():
            self.patient, self.opened, self.undo, self.refused, self.refusals = patient, opened, undo, {}, {}
            if opened is not None and opened.own == bool(self.prepared):  # an example is no place in the list
                self.last = opened.label

    def _undo_of(self, patient: Patient, done: str, stepping: bool) -> Undo | None:
        """Return what undo brings back once the case is replaced.

        A case that was typed or changed exists nowhere else: a prepared one, which does, never takes its place.
        """
        typed, kept = self.shown is None, self.undo
        if not self.patient.to_dict() or patient.to_dict() == self.patient.to_dict():
            return kept  # nothing is lost
        if not typed and (stepping or (kept is not None and kept.typed)):
            return kept
        return Undo(done, patient, self.patient, self.opened, self.last, typed)

    def take_cases(self, cases: Mapping[str, Patient] | str | Path | bytes) -> None:
        """Put a list of cases beside the examples, or none; a faulty file changes nothing and says why.

        The case that is shown stays; of a list that is gone it is no part any more.
        """
        try:
            found = dict(cases) if isinstance(cases, Mapping) else prepared_cases.cases(cases)
        except prepared_cases.CaseListError as error:
            self.refuse("cases", f"The list of cases was not taken: {error.why}")
            return
        refusals = {name: why for name, why in self.refusals.items() if name != "cases"}
        with self.hold_trait_notifications():
            self.prepared, self.last, self.refusals = found, "", refusals
            if self.opened is not None and self.opened.own:
                self.opened = None
            if self.undo is not None:
                self.undo = self.undo.without_list()

    def open_query(self, query: str) -> None:
        """Replace the case by that of an address; a query that is refused changes nothing but says why."""
        try:
            if len(query) > LONGEST_QUERY:
                raise ValueError(f"it has {len(query):,} characters, expected at most {LONGEST_QUERY:,}; copy it again")
            self.open(Patient.from_query(query), "Opened the case of the address")
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
        """Open the case of the list that many places after the one opened last, in a ring; nothing without a list."""
        turn = in_order(self.prepared, own=True)
        if not turn:
            return
        labels = [case.label for case in turn]
        here = labels.index(self.last) if self.last in labels else -1 if places > 0 else 0
        case = turn[(here + places) % len(turn)]
        self._replace(case.patient, case, f"Opened {case.name}", stepping=True)
