"""The board: controls change the state, and each change of the state draws the open page once.

browser ── control ──> State ── observe ──> Board._draw ── Page.draw ──> Frame.show ──> browser
browser ── button ───> Board._select ──> State, Page.commands
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import ipywidgets
import traitlets

from netdash import own_criteria, prepared_cases
from netdash.assessment import assess
from netdash.board import strips, views
from netdash.board.cases import Prepared
from netdash.board.controls import Controls
from netdash.board.frame import Frame
from netdash.board.pages.evidence import Evidence
from netdash.board.pages.explore import Explore
from netdash.board.pages.overview import Overview
from netdash.board.pages.page import Commands, Page, offer_file, offer_named_file
from netdash.board.pages.teaching import Teaching
from netdash.board.state import State
from netdash.patient import Patient
from netdash.report import report

STYLE_SHEET = Path(__file__).parent / "static" / "board.css"
NO_EXAMPLE, NO_CASE = "Open an example", "Open a case"
CASES_VARIABLE, CRITERIA_VARIABLE = "NETDASH_CASES", "NETDASH_CRITERIA"
"""The environment variables with the paths of a file of prepared cases and of a file of own criteria."""
CRITERIA_TIP = "Your own criteria: a CSV file that netdash lint takes; marked as local; it stays in memory"
"""The tooltip of the button that opens own criteria."""
CASES_TIP = "A list of prepared cases: a CSV file of patient fields and a label, no identifiers; it stays in memory"
"""The tooltip of the button that opens a list of cases."""
PAGES: Mapping[str, type[Page]] = {page.name: page for page in (Overview, Explore, Evidence, Teaching)}
DRAWN_TRAITS = [
    *("patient", "selected", "prepared", "opened", "refused", "refusals", "undo", "outcome", "reading", "pinned"),
    *("presenting", "source", "page", "own", "era"),
]
"""The traits of the state whose changes are drawn."""


class Board(ipywidgets.VBox):  # type: ignore[misc]
    """The whole board, or some of its pages.

    Parameters
    ----------
    patient : Patient, optional
        The first case; an empty case when not given.
    pages : iterable of str, optional
        Names of the pages: "board", "explore", "evidence", "teaching". The first one is open. All pages when not given.
    cases : mapping from str to Patient, str, Path or bytes, optional
        Prepared cases by label, or a file of them that :func:`netdash.cases` reads. When not given, the file in the
        environment variable ``NETDASH_CASES``, if any; a served board reads it again for each visitor.
    criteria : str, Path or bytes, optional
        A file of own criteria, as for :func:`netdash.assess`. When not given, the file in the environment variable
        ``NETDASH_CRITERIA``, if any.

    Attributes
    ----------
    state : State
        The case, and what the board shows of it.

    Raises
    ------
    ValueError
        When a page is not known, no page is given, or the cases or the criteria have an error.

    Examples
    --------
    >>> from netdash.board import Board
    >>> Board()  # doctest: +SKIP
    >>> Board(pages=["explore"])  # doctest: +SKIP
    >>> Board(cases="tuesday.csv")  # doctest: +SKIP
    """

    def __init__(
        self,
        patient: Patient | None = None,
        pages: Iterable[str] | None = None,
        cases: Mapping[str, Patient] | str | Path | bytes | None = None,
        criteria: str | Path | bytes | None = None,
        **kwargs: Any,
    ) -> None:
        names = list(PAGES if pages is None else pages)
        if not names or not set(names) <= set(PAGES):
            raise ValueError(f"pages: given {names}, expected some of {', '.join(PAGES)}")
        self.state = State(patient=patient or Patient(), pages=names, page=names[0])
        self.pages = {name: PAGES[name](self.state) for name in names}
        self.controls = Controls(self.state)
        self.file = os.environ.get(CASES_VARIABLE, "") if cases is None else ""
        if cases is not None:
            self.state.prepared = dict(cases) if isinstance(cases, Mapping) else prepared_cases.cases(cases)
        self.criteria_file = os.environ.get(CRITERIA_VARIABLE, "") if criteria is None else ""
        self.state.own = None if criteria is None else own_criteria.read(criteria)
        self.examples = ipywidgets.Dropdown(
            options=[NO_EXAMPLE], description="Case", tooltip="Prepared or made-up cases"
        )
        self.upload = offer_file("Own cases", CASES_TIP, self.state.take_cases)
        self.criteria = offer_named_file("Own criteria", CRITERIA_TIP, self.state.take_criteria)
        self.reset = ipywidgets.Button(description="Reset", tooltip="Make every input unknown")
        self.frame = self._make_frame()
        super().__init__(self._layout(), **kwargs)
        self.add_class("netdash-board").add_class("nd-board")
        self._drawn_values: list[Any] = []
        self._read_list()
        self._observe()
        self._draw()

    def _make_frame(self) -> Frame:
        parts = {name: part for page in self.pages.values() for name, part in page.parts.items()}
        files = [one for page in self.pages.values() for one in page.toolbar if isinstance(one, ipywidgets.FileUpload)]
        controls = {**self.controls.parts, **parts, "prepared": self.examples}
        return Frame(controls=controls, files=[self.upload, self.criteria, *files])

    def _layout(self) -> list[ipywidgets.DOMWidget]:
        name = ipywidgets.HTML(f'<h1 class="nd-title">netdash</h1><style>{STYLE_SHEET.read_text()}</style>')
        bars = [
            _box(ipywidgets.HBox, f"nd-bar-{name}", *page.toolbar) for name, page in self.pages.items() if page.toolbar
        ]
        for bar in bars:
            bar.add_class("nd-bar")
        chosen = [self.examples, self.upload, self.criteria, self.reset, *bars]
        head = _box(ipywidgets.HBox, "nd-head", name, *chosen, _box(ipywidgets.Box, "netdash-slot-tools"))
        case, foot = (_box(ipywidgets.Box, f"netdash-slot-{slot}") for slot in ("case", "foot"))
        body = _box(ipywidgets.HBox, "nd-body", self.controls.widget, _box(ipywidgets.Box, "nd-frame", self.frame))
        return [head, case, body, foot]

    def _observe(self) -> None:
        self.examples.observe(self._open_case, "value")
        self.reset.on_click(lambda _: self.state.reset())
        self._by_key = self._commands()
        self.frame.on_select(self._select)
        self.frame.on_address(self._open_address)
        self.state.observe(self._draw_once, DRAWN_TRAITS)
        for page in self.pages.values():
            for traits in page.traits:
                traits.observe(self._draw)

    def _open_case(self, event: dict[str, Any]) -> None:
        case = {_value(case): case for case in self.state.offered}.get(event["new"])
        if case is not None and case != self.state.shown:
            self.state.open_prepared(case)

    def _read_list(self) -> None:
        """Read the files of ``NETDASH_CASES`` and ``NETDASH_CRITERIA``, in place of what was read before."""
        if self.criteria_file:
            self.state.take_criteria(self.criteria_file)
        if self.file:
            with self.state.hold_trait_notifications():
                self.state.prepared = {}
                self.state.take_cases(self.file)

    def _open_address(self, query: str) -> None:
        """Open the case in a visitor's address. Read the files again: the kernel may have started long before."""
        self._read_list()
        if query:
            self.state.open_query(query)

    def _commands(self) -> Commands:
        """Return what the buttons of the board and of its pages do."""
        own: dict[str, Callable[[str], None]] = {
            "page:": self.state.turn_to,
            "source:": self.state.show_source,
            "do:report": lambda _: self._hand_out_report(),
            "do:undo": lambda _: self._undo(),
            "do:csv": lambda _: self._hand_out_table(),
            "do:cases-template": lambda _: self._hand_out_template(),
            "do:forget-cases": lambda _: self.state.take_cases({}),
            "do:criteria-template": lambda _: self._hand_out_criteria(),
            "do:forget-criteria": lambda _: self.state.take_criteria(b""),
        }
        for page in self.pages.values():
            own |= page.commands()
        return own

    def _select(self, key: str) -> None:
        """Execute the command of a button, or select a rule set. A browser can send any text: ignore other words."""
        word, _, what = key.partition(":")
        command = self._by_key.get(key) or self._by_key.get(f"{word}:")
        if command:
            command(what)
        elif key in self.state.book:
            self.state.select(key)

    def _undo(self) -> None:
        if self.pages[self.state.page].about_the_case:
            self.state.take_back()

    def _hand_out_report(self) -> None:
        page = report(self.state.patient, label=self.state.label, criteria=self.state.own)
        name = f"netdash-case-{date.today().isoformat()}.html"
        self.frame.download(name, "text/html", page.encode())

    def _hand_out_table(self) -> None:
        name, table = self.pages[self.state.page].csv()
        self.frame.download(name, "text/csv", table)

    def _hand_out_template(self) -> None:
        self.frame.download("netdash-cases.csv", "text/csv", prepared_cases.example_file().read_bytes())

    def _hand_out_criteria(self) -> None:
        self.frame.download("netdash-criteria.csv", "text/csv", own_criteria.template().read_bytes())

    def _draw_once(self, _: traitlets.Bunch) -> None:
        """Draw once for several changes: after hold_trait_notifications, traitlets notifies for each trait."""
        now = [getattr(self.state, name) for name in DRAWN_TRAITS]
        if now != self._drawn_values:
            self._drawn_values = now
            self.controls.show()  # before drawing: the message of a picture names the values of the controls
            self._draw()

    def _draw(self, _: traitlets.Bunch | None = None) -> None:
        state, at = self.state, datetime.now().astimezone().strftime("%H:%M:%S")
        self._offer_cases()
        assessment, page = assess(state.patient, criteria=state.own), self.pages[state.page]
        drawn = page.draw(assessment)
        chosen = state.book[state.selected]
        under = {f"strip-{name}": strips.strip(state.patient, name, chosen) for name in self.controls.labels}
        beside = {"asking": strips.asking(chosen), **under, **views.refused(state)}
        case = {"case": views.case(state, assessment, at), **beside} if page.about_the_case else {}
        tabs = {name: page.title for name, page in self.pages.items()}
        self.frame.show(
            sections={"tools": views.tools(state, tabs), **case, **drawn.sections, "foot": views.foot()},
            figures=drawn.figures,
            labels=self.controls.labels,
            valuetexts=self.controls.texts,
            query=state.query,
            announce=drawn.says,
            computed_at=at,
            view="present" if state.presenting else page.name,
        )

    def _offer_cases(self) -> None:
        """Fill the list of cases: the prepared ones, then the examples; select the one that is shown."""
        state, listed = self.state, bool(self.state.prepared)
        options = [(_name(case, listed), _value(case)) for case in state.offered]
        options.insert(0, (NO_CASE if listed else NO_EXAMPLE, NO_EXAMPLE))
        if list(self.examples.options) != options:
            self.examples.options = options
        self.examples.value = _value(state.shown) if state.shown else NO_EXAMPLE


def _name(case: Prepared, listed: bool) -> str:
    """Return the name of a case in the list; an example is marked when there are prepared cases too."""
    if case.own:
        return f"{case.number}. {case.label}"
    return f"Example: {case.label}" if listed else case.label


def _value(case: Prepared) -> str:
    return f"own: {case.label}" if case.own else case.label


def _box(kind: type[ipywidgets.Box], name: str, *children: ipywidgets.Widget) -> ipywidgets.Box:
    box = kind(children)
    box.add_class(name)
    return box
