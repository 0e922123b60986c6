"""The state of a board as one object of traits: the case, and what is shown of it."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import traitlets

from netdash import evidence, prepared_cases, rule_tables, rules, teaching
from netdash.board.cases import Prepared, Undo, examples, in_order
from netdash.fields import Known
from netdash.patient import Patient
from netdash.provenance import source
from netdash.ranges import numbers, ordered
from netdash.wording import words

LONGEST_WORDS = 200
"""The most characters of a search text."""
LONGEST_QUERY = 10_000
"""The most characters of the case in an address."""
LONGEST_REFUSED = 200
"""The most characters that are kept of a text that a box refused."""
OWN_SERIES_PREFIX = "x-"
"""The prefix of the identifiers of own series."""
READINGS = {"corrected where confirmed": "corrected", "as printed": "printed"}
"""The readings of the tables, by their names on screen."""


@functools.cache
def outcomes_shown() -> Mapping[str, tuple[str, str, float]]:
    """Return the outcomes that the plot offers, by name: statistic, endpoint, horizon in months (0 for medians)."""
    rows = evidence.outcomes()
    rates = Counter(zip(*(rows.loc[rows["poolable"], name] for name in ("endpoint", "horizon_months")), strict=True))
    medians = Counter(rows.loc[(rows["statistic"] == "median") & (rows["endpoint"] != "unclear"), "endpoint"])
    found = {
        f"{float(horizon) / 12:g}-year {words(endpoint)}": ("rate", str(endpoint), float(horizon))
        for (endpoint, horizon), _ in rates.most_common()
    }
    return found | {f"Median {words(name)}": ("median", str(name), 0.0) for name, _ in medians.most_common()}


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

    def outline(self, rule_set: str) -> None:
        """Outline a rule set, or remove its outline."""
        chosen = set(self.outlined) ^ {rule_set}
        self.outlined = [name for name in rule_tables.load() if name in chosen]


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


class State(traitlets.HasTraits):
    """The state of a board. Every view is a function of it.

    Attributes
    ----------
    patient : Patient
        The case; empty at the start.
    selected : str
        Identifier of the rule set whose findings are shown.
    prepared : dict of str to Patient
        A list of cases by label, kept in memory only; empty when no list is open.
    opened : Prepared or None
        The prepared case or example that was opened; the case may have been changed since.
    last : str
        Label of the prepared case or example that was opened last; :meth:`step` starts from it.
    refused : dict of str to str
        The texts that boxes refused, by field. The box keeps its text; the case keeps its value.
    refusals : dict of str to str
        The reason why the last address ("address") or list of cases ("cases") was refused.
    undo : Undo or None
        The case that undo brings back.
    outcome : str
        Name of the outcome that the plot shows, one of :func:`outcomes_shown`.
    reading : str
        "corrected" or "printed".
    pinned : Patient or None
        The pinned case, with which the current case is compared.
    presenting : bool
        True shows only case, verdicts and picture, in large type.
    source : str
        Identifier of the row whose source is shown; empty for none.
    pages : list of str
        Names of the pages.
    page : str
        Name of the open page.
    explore : ExploreState
        The state of the page Explore.
    evidence : EvidenceState
        The state of the page Evidence.
    teaching : TeachingState
        The state of the page Teaching.
    """

    patient = traitlets.Instance(Patient, args=())
    selected = traitlets.Unicode("milan_review")
    prepared = traitlets.Dict(value_trait=traitlets.Instance(Patient), key_trait=traitlets.Unicode())
    opened = traitlets.Instance(Prepared, allow_none=True)
    last = traitlets.Unicode("")
    refused = traitlets.Dict(value_trait=traitlets.Unicode(), key_trait=traitlets.Unicode())
    refusals = traitlets.Dict(value_trait=traitlets.Unicode(), key_trait=traitlets.Unicode())
    undo = traitlets.Instance(Undo, allow_none=True)
    outcome = traitlets.Unicode("5-year overall survival")
    reading = traitlets.Enum(list(READINGS.values()), "corrected")
    pinned = traitlets.Instance(Patient, allow_none=True)
    presenting = traitlets.Bool(False)
    source = traitlets.Unicode("")
    pages = traitlets.List(traitlets.Unicode(), ["board"])
    page = traitlets.Unicode("board")
    explore = traitlets.Instance(ExploreState, args=())
    evidence = traitlets.Instance(EvidenceState, args=())
    teaching = traitlets.Instance(TeachingState, args=())

    @traitlets.validate("selected")
    def _known_rule_set(self, proposal: traitlets.Bunch) -> str:
        # A browser can send any text; get() raises for an unknown rule set.
        return rule_tables.get(proposal["value"]).name

    @traitlets.validate("outcome")
    def _known_outcome(self, proposal: traitlets.Bunch) -> str:
        if proposal["value"] not in outcomes_shown():
            raise traitlets.TraitError(
                f"outcome: given {proposal['value']!r}, expected one of {', '.join(outcomes_shown())}"
            )
        return str(proposal["value"])

    @property
    def offered(self) -> list[Prepared]:
        """The cases that can be opened: those of the list, then the made-up examples."""
        return [*in_order(self.prepared, own=True), *in_order(examples(), own=False)]

    @property
    def shown(self) -> Prepared | None:
        """The prepared case or example that is shown unchanged; None when it was changed."""
        same = self.opened is not None and self.opened.patient.to_dict() == self.patient.to_dict()
        return self.opened if same else None

    def enter(self, name: str, value: Known | None) -> None:
        """Set one field of the case; None makes it unknown."""
        self.put({name: value})

    @property
    def label(self) -> str:
        """The label of the case in a report: that of a prepared case or example; empty for other cases."""
        if self.opened is None or not (self.shown or self.opened.own):
            return ""
        if not self.opened.own:
            return f"{self.opened.label} (example, no real patient)"
        return self.opened.label if self.shown else f"{self.opened.label}, changed since it was opened"

    def put(self, values: Mapping[str, Known | None]) -> None:
        """Set several fields of the case in one change; None makes a field unknown."""
        patient = self.patient.replace(**values)
        with self.hold_trait_notifications():
            self.refused = {field: text for field, text in self.refused.items() if field not in values}
            if patient.to_dict() != self.patient.to_dict():
                self.patient = patient

    def keep_refused(self, name: str, text: str) -> None:
        """Keep a text that a field refused, so that its box shows it; the case does not change."""
        self.refused = {**self.refused, name: text[:LONGEST_REFUSED]}

    def refuse(self, name: str, why: str) -> None:
        """Keep the reason why an address or a list of cases was refused; the case does not change."""
        self.refusals = {**self.refusals, name: why}

    def reset(self) -> None:
        """Make every input unknown."""
        self._replace(Patient(), None, "Reset")

    def open(self, patient: Patient, done: str = "Opened another case") -> None:
        """Replace the whole case; `done` is the action in words, shown beside undo."""
        self._replace(patient, None, done)

    def open_prepared(self, case: Prepared) -> None:
        """Replace the whole case by a prepared one."""
        self._replace(case.patient, case, f"Opened {case.name}")

    def take_back(self) -> None:
        """Bring back the case that was replaced last; undo then brings back the current case if it was typed."""
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
            if opened is not None and opened.own == bool(
                self.prepared
            ):  # an example does not change the position in a list
                self.last = opened.label

    def _undo_of(self, patient: Patient, done: str, stepping: bool) -> Undo | None:
        """Return the undo for replacing the case by `patient`.

        A typed or changed case exists nowhere else. A prepared case can be opened again, so it never replaces a typed
        case in undo.
        """
        typed, kept = self.shown is None, self.undo
        if not self.patient.to_dict() or patient.to_dict() == self.patient.to_dict():
            return kept  # nothing is lost
        if not typed and (stepping or (kept is not None and kept.typed)):
            return kept
        return Undo(done, patient, self.patient, self.opened, self.last, typed)

    def take_cases(self, cases: Mapping[str, Patient] | str | Path | bytes) -> None:
        """Replace the list of cases; an empty one closes it. A file with an error changes only `refusals`.

        The case that is shown stays, but is no longer a case of the earlier list.
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
        """Replace the case by that in a query or fragment; a refused one changes only `refusals`."""
        try:
            if len(query) > LONGEST_QUERY:
                raise ValueError(f"it has {len(query):,} characters, expected at most {LONGEST_QUERY:,}; copy it again")
            self.open(Patient.from_query(query), "Opened the case of the address")
        except (ValueError, TypeError) as error:
            self.refuse("address", f"The address was not taken: {error}")

    def turn_to(self, page: str) -> None:
        """Open a page; an unknown name changes nothing."""
        if page in self.pages:
            self.page = page

    def select(self, rule_set: str) -> None:
        """Show the findings of a rule set, and hide the source."""
        with self.hold_trait_notifications():
            self.selected, self.source = rule_set, ""

    def show_source(self, name: str) -> None:
        """Show the source of a row of the data; an unknown id hides the source."""
        try:
            source(name)
        except ValueError:
            self.source = ""
        else:
            self.source = name

    def step(self, places: int) -> None:
        """Go forward by a number of prepared cases; the first follows the last. Without a list nothing changes."""
        cases = in_order(self.prepared, own=True)
        if not cases:
            return
        labels = [case.label for case in cases]
        here = labels.index(self.last) if self.last in labels else -1 if places > 0 else 0
        case = cases[(here + places) % len(cases)]
        self._replace(case.patient, case, f"Opened {case.name}", stepping=True)
