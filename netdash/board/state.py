"""The state of a board as one object of traits: the case, and what is shown of it."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

import traitlets

from netdash import evidence, own_criteria, prepared_cases, rules
from netdash.board.address import CRITERIA, LONGEST_MARK, split_mark
from netdash.board.cases import Prepared, Undo, examples, in_order
from netdash.board.page_states import EvidenceState, ExploreState, InputsState, TeachingState
from netdash.csv_checks import RefusedFile
from netdash.fields import Known
from netdash.own_criteria import OwnCriteria
from netdash.patient import Patient
from netdash.provenance import source
from netdash.wording import look_up, words

LONGEST_QUERY = 10_000
"""The most characters of the case in an address."""
LONGEST_REFUSED = 200
"""The most characters that are kept of a text that a box refused."""
FIRST_SELECTED = "milan_review"
"""The rule set whose findings are shown first."""
READINGS = {"corrected": "corrected", "as printed": "printed"}
"""The readings of the tables, by their names on screen."""
ERAS = {"review and later": "both", "review of 2014": "review", "published later": "later"}
"""The eras of the plot, by their names on screen."""


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


class State(traitlets.HasTraits):
    """The state of a board. Every view is a function of it.

    Attributes
    ----------
    patient : Patient
        The case; empty at the start.
    selected : str
        Identifier of the chosen rule set, which the strips under the sliders are of.
    unfolded : str
        How far the line of the chosen rule set is opened: not at all (""), to its rule sets ("lists"), or to the
        findings of the chosen one ("findings").
    prepared : dict of str to Patient
        A list of cases by label, kept in memory only; empty when no list is open.
    opened : Prepared or None
        The prepared case or example that was opened; the case may have been changed since.
    last : str
        Label of the prepared case or example that was opened last; :meth:`step` starts from it.
    refused : dict of str to str
        The texts that boxes refused, by field. The box keeps its text; the case keeps its value.
    refusals : dict of str to str
        The reason why the last address ("address"), list of cases ("cases") or own criteria ("criteria") were refused.
    own : OwnCriteria or None
        Own criteria, by which the case is judged too.
    undo : Undo or None
        The case that undo brings back.
    outcome : str
        Name of the outcome that the plot shows, one of :func:`outcomes_shown`.
    reading : str
        "corrected" or "printed".
    era : str
        Which outcomes the plot shows: "review", "later", or "both", each in a place of its own.
    pinned : Patient or None
        The pinned case, with which the current case is compared.
    therapy : str
        The therapy whose series the plot lists; empty for that of the selected rule set.
    presenting : bool
        True shows only case, verdicts and picture, in large type.
    source : str
        Identifier of the row whose source is shown; empty for none.
    pages : list of str
        Names of the pages.
    page : str
        Name of the open page.
    inputs : InputsState
        The state of the column of inputs.
    explore : ExploreState
        The state of the page Explore.
    evidence : EvidenceState
        The state of the page Evidence.
    teaching : TeachingState
        The state of the page Teaching.
    """

    patient = traitlets.Instance(Patient, args=())
    selected = traitlets.Unicode(FIRST_SELECTED)
    unfolded = traitlets.Enum(["", "lists", "findings"], "")
    prepared = traitlets.Dict(value_trait=traitlets.Instance(Patient), key_trait=traitlets.Unicode())
    opened = traitlets.Instance(Prepared, allow_none=True)
    last = traitlets.Unicode("")
    refused = traitlets.Dict(value_trait=traitlets.Unicode(), key_trait=traitlets.Unicode())
    refusals = traitlets.Dict(value_trait=traitlets.Unicode(), key_trait=traitlets.Unicode())
    own = traitlets.Instance(OwnCriteria, allow_none=True)
    undo = traitlets.Instance(Undo, allow_none=True)
    outcome = traitlets.Unicode("5-year overall survival")
    reading = traitlets.Enum(list(READINGS.values()), "corrected")
    era = traitlets.Enum(list(ERAS.values()), "both")
    pinned = traitlets.Instance(Patient, allow_none=True)
    therapy = traitlets.Unicode("")
    presenting = traitlets.Bool(False)
    source = traitlets.Unicode("")
    pages = traitlets.List(traitlets.Unicode(), ["board"])
    page = traitlets.Unicode("board")
    inputs = traitlets.Instance(InputsState, args=())
    explore = traitlets.Instance(ExploreState, args=())
    evidence = traitlets.Instance(EvidenceState, args=())
    teaching = traitlets.Instance(TeachingState, args=())

    @traitlets.validate("selected")
    def _known_rule_set(self, proposal: traitlets.Bunch) -> str:
        # A browser can send any text; look_up() raises for an unknown rule set.
        return look_up(self.book, proposal["value"], "rule set").name

    @traitlets.validate("outcome")
    def _known_outcome(self, proposal: traitlets.Bunch) -> str:
        if proposal["value"] not in outcomes_shown():
            raise traitlets.TraitError(
                f"outcome: given {proposal['value']!r}, expected one of {', '.join(outcomes_shown())}"
            )
        return str(proposal["value"])

    @property
    def book(self) -> Mapping[str, rules.RuleSet]:
        """The rule sets by id, the own ones after the published ones of their therapy."""
        return own_criteria.book(self.own)

    @property
    def query(self) -> str:
        """The case as a query, with name and hash of the own criteria."""
        mark = urlencode({CRITERIA: self.own.mark}) if self.own else ""
        return "&".join(filter(None, [self.patient.to_query(), mark]))

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

    def take_criteria(self, criteria: str | Path | bytes, name: str = "") -> None:
        """Judge by a file of own criteria too, or forget them; a file with an error changes only `refusals`."""
        try:
            own = own_criteria.read(criteria, name) if criteria else None
        except RefusedFile as error:
            self.refuse("criteria", f"The criteria were not taken: {error.why}")
            return
        known = own_criteria.book(own)
        with self.hold_trait_notifications():
            self.own, self.refusals = own, {what: why for what, why in self.refusals.items() if what != "criteria"}
            self.selected = self.selected if self.selected in known else FIRST_SELECTED
            self.source = ""
            self.explore.outlined = [found for found in self.explore.outlined if found in known]

    def open_query(self, query: str) -> None:
        """Replace the case by that in a query or fragment; a refused one changes only `refusals`."""
        try:
            if len(query) > LONGEST_QUERY:
                raise ValueError(f"it has {len(query):,} characters, expected at most {LONGEST_QUERY:,}; copy it again")
            rest, mark = split_mark(query)
            self.open(Patient.from_query(rest), "Opened the case of the address")
            if mark and mark != (self.own.mark if self.own else ""):
                here = f"here there are {self.own.mark}" if self.own else "here there are none"
                self.refuse("criteria", f"The address names the own criteria {mark[:LONGEST_MARK]}; {here}")
        except (ValueError, TypeError) as error:
            self.refuse("address", f"The address was not taken: {error}")

    def turn_to(self, page: str) -> None:
        """Open a page; an unknown name changes nothing."""
        if page in self.pages:
            self.page = page

    @property
    def series_of(self) -> str:
        """The therapy whose series the plot lists."""
        return self.therapy or self.book[self.selected].therapy

    def select(self, rule_set: str) -> None:
        """Show the findings of a rule set and the series of its therapy, and hide the source."""
        self.unfold(rule_set, "findings")

    def unfold(self, rule_set: str, depth: str) -> None:
        """Choose a rule set, open its line to a depth of `unfolded`, and hide the source."""
        with self.hold_trait_notifications():
            self.selected, self.source, self.therapy = rule_set, "", ""
            self.unfolded = depth

    def list_series(self, therapy: str) -> None:
        """List the series of a therapy in the plot; an unknown therapy changes nothing."""
        if therapy in set(evidence.therapies()["therapy"]):
            self.therapy = therapy

    def show_source(self, name: str) -> None:
        """Show the source of a row of the data or of an own criterion; an unknown id hides the source."""
        try:
            source(name, self.own)
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
