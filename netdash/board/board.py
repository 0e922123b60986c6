"""The wiring: controls change the state, every change of the state makes one new picture of everything."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import ipywidgets as w
import traitlets as t

from netdash import prepared_cases, rule_tables
from netdash.assessment import assess
from netdash.board import strips, views
from netdash.board.cases import Prepared
from netdash.board.controls import Controls
from netdash.board.frame import Frame
from netdash.board.pages.evidence import Evidence
from netdash.board.pages.explore import Explore
from netdash.board.pages.overview import Overview
from netdash.board.pages.page import Page, offer_file
from netdash.board.pages.teaching import Teaching
from netdash.board.state import State
from netdash.patient import Patient
from netdash.report import report

STYLE = Path(__file__).parent / "static" / "board.css"
NO_EXAMPLE, NO_CASE = "Open an example", "Open a case"
LIST = "NETDASH_CASES"
"""Environment variable with the path of a file of prepared cases."""
OWN_CASES = "A list of prepared cases: a CSV file of patient fields and a label, no identifiers; it stays in memory"
PAGES: Mapping[str, type[Page]] = {page.name: page for page in (Overview, Explore, Evidence, Teaching)}
LOOKED_AT = [
    *("patient", "selected", "prepared", "opened", "refused", "refusals", "undo", "outcome", "reading", "pinned"),
    *("presenting", "source", "page"),
]


class Board(w.VBox):  # type: ignore[misc]
    """The whole board, or some of its pages.

    Parameters
    ----------
    patient : Patient, optional
        The case to begin with; nothing is known when not given.
    pages : iterable of str, optional
        Which pages, the first of them open: "board", "explore", "evidence", "teaching"; all of them when not given.
    cases : mapping from str to Patient, str, Path or bytes, optional
        Prepared cases by label, or a file of them that :func:`netdash.cases` reads. When not given, the file that the
        environment variable ``NETDASH_CASES`` names, if it names one; a served board reads it anew for each visitor.

    Attributes
    ----------
    state : State
        The case and what is looked at.

    Raises
    ------
    ValueError
        When a page is not known, or none is given, or anything is wrong with the cases.

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
        **kwargs: Any,
    ) -> None:
        names = list(PAGES if pages is None else pages)
        if not names or not set(names) <= set(PAGES):
            raise ValueError(f"pages: given {names}, expected some of {', '.join(PAGES)}")
        self.state = State(patient=patient or Patient(), pages=names, page=names[0])
        self.pages = {name: PAGES[name](self.state) for name in names}
        self.controls = Controls(self.state)
        self.file = os.environ.get(LIST, "") if cases is None else ""
        if cases is not None:
            self.state.prepared = dict(cases) if isinstance(cases, Mapping) else prepared_cases.cases(cases)
        self.examples = w.Dropdown(options=[NO_EXAMPLE], description="Case", tooltip="Prepared or made-up cases")
        self.upload = offer_file("Own cases", OWN_CASES, self.state.take_cases)
        self.reset = w.Button(description="Reset", tooltip="Make every input unknown")
        parts = {name: part for page in self.pages.values() for name, part in page.parts.items()}
        files = [one for page in self.pages.values() for one in page.toolbar if isinstance(one, w.FileUpload)]
        self.frame = Frame(
            controls={**self.controls.parts, **parts, "prepared": self.examples}, files=[self.upload, *files]
        )
        name = w.HTML(f'<h1 class="nd-title">netdash</h1><style>{STYLE.read_text()}</style>')
        bars = [_box(w.HBox, f"nd-bar-{name}", *page.toolbar) for name, page in self.pages.items() if page.toolbar]
        for bar in bars:
            bar.add_class("nd-bar")
        chosen = [self.examples, self.upload, self.reset, *bars]
        head = _box(w.HBox, "nd-head", name, *chosen, _box(w.Box, "netdash-slot-tools"))
        case, foot = (_box(w.Box, f"netdash-slot-{slot}") for slot in ("case", "foot"))
        body = _box(w.HBox, "nd-body", self.controls.widget, _box(w.Box, "nd-frame", self.frame))
        super().__init__([head, case, body, foot], **kwargs)
        self.add_class("netdash-board").add_class("nd-board")
        self._read_list()
        self.examples.observe(self._open_case, "value")
        self.reset.on_click(lambda _: self.state.reset())
        self.frame.on_select(self._select)
        self.frame.on_address(self._arrive)
        self._looked_at: list[Any] = []
        self.state.observe(self._look, LOOKED_AT)
        for page in self.pages.values():
            for traits in page.traits:
                traits.observe(self._draw)
        self._draw()

    def _open_case(self, event: dict[str, Any]) -> None:
        case = {_value(case): case for case in self.state.offered}.get(event["new"])
        if case is not None and case != self.state.shown:
            self.state.open_prepared(case)

    def _read_list(self) -> None:
        """Read the list that whoever serves the board has named; what it held before is not kept."""
        if self.file:
            with self.state.hold_trait_notifications():
                self.state.prepared = {}
                self.state.take_cases(self.file)

    def _arrive(self, query: str) -> None:
        """Open the case of a visitor's address; the kernel may have read the list long before."""
        if query:
            self.state.open_query(query)
        self._read_list()

    def _select(self, key: str) -> None:
        """Do what a button of the page asks for; a page can send any text, and what is not known does nothing."""
        word, _, what = key.partition(":")
        if word == "page":
            self.state.turn_to(what)
        elif word == "source":
            self.state.show_source(what)
        elif key == "do:report":
            name = f"netdash-case-{date.today().isoformat()}.html"
            self.frame.download(name, "text/html", report(self.state.patient, label=self.state.label).encode())
        elif key == "do:undo" and self.pages[self.state.page].about_the_case:
            self.state.take_back()
        elif key == "do:cases-template":
            self.frame.download("netdash-cases.csv", "text/csv", prepared_cases.example_file().read_bytes())
        elif key == "do:forget-cases":
            self.state.take_cases({})
        elif key == "do:csv":
            name, table = self.pages[self.state.page].csv()
            self.frame.download(name, "text/csv", table)
        elif key in rule_tables.load():
            self.state.select(key)
        for page in self.pages.values():
            page.press(word, what)

    def _look(self, _: t.Bunch) -> None:
        """Draw once what was changed at once: each trait that was held tells of its change, in any order."""
        now = [getattr(self.state, name) for name in LOOKED_AT]
        if now != self._looked_at:
            self._looked_at = now
            self.controls.show()  # first: a picture says for which inputs it was computed
            self._draw()

    def _draw(self, _: t.Bunch | None = None) -> None:
        state, at = self.state, datetime.now().astimezone().strftime("%H:%M:%S")
        self._offer_cases()
        assessment, page = assess(state.patient), self.pages[state.page]
        drawn = page.draw(assessment)
        under = {f"strip-{name}": strips.strip(state.patient, name, state.selected) for name in self.controls.labels}
        beside = {"asking": strips.asking(state.selected), **under, **views.refused(state)}
        case = {"case": views.case(state, assessment, at), **beside} if page.about_the_case else {}
        tabs = {name: page.title for name, page in self.pages.items()}
        self.frame.show(
            sections={"tools": views.tools(state, tabs), **case, **drawn.sections, "foot": views.foot()},
            figures=drawn.figures,
            labels=self.controls.labels,
            valuetexts=self.controls.texts,
            query=state.patient.to_query(),
            announce=drawn.says,
            computed_at=at,
            view="present" if state.presenting else page.name,
        )

    def _offer_cases(self) -> None:
        """List the prepared cases, then the examples, and choose the one that is shown."""
        state, listed = self.state, bool(self.state.prepared)
        options = [(_name(case, listed), _value(case)) for case in state.offered]
        options.insert(0, (NO_CASE if listed else NO_EXAMPLE, NO_EXAMPLE))
        if list(self.examples.options) != options:
            self.examples.options = options
        self.examples.value = _value(state.shown) if state.shown else NO_EXAMPLE


def _name(case: Prepared, listed: bool) -> str:
    """Return what a case is called where it is chosen: beside a list, an example says that it is one."""
    if case.own:
        return f"{case.number}. {case.label}"
    return f"Example: {case.label}" if listed else case.label


def _value(case: Prepared) -> str:
    return f"own: {case.label}" if case.own else case.label


def _box(kind: type[w.Box], name: str, *children: w.Widget) -> w.Box:
    box = kind(children)
    box.add_class(name)
    return box
