"""The wiring: controls change the state, every change of the state makes one new picture of everything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import ipywidgets as w
import traitlets as t

from netdash import rules
from netdash.assessment import assess
from netdash.board import views
from netdash.board.browse import Evidence
from netdash.board.controls import Controls
from netdash.board.explore import Explore
from netdash.board.frame import Frame
from netdash.board.overview import Overview
from netdash.board.page import Page
from netdash.board.state import State, examples
from netdash.board.teach import Teaching
from netdash.patient import Patient
from netdash.report import report

STYLE = Path(__file__).parent / "static" / "board.css"
NO_EXAMPLE = "Open an example"
PAGES: Mapping[str, type[Page]] = {page.name: page for page in (Overview, Explore, Evidence, Teaching)}
LOOKED_AT = [
    *("patient", "selected", "example", "refusals", "outcome", "reading", "pinned", "presenting", "source", "page")
]


class Board(w.VBox):  # type: ignore[misc]
    """The whole board, or some of its pages.

    Parameters
    ----------
    patient : Patient, optional
        The case to begin with; nothing is known when not given.
    pages : iterable of str, optional
        Which pages, the first of them open: "board", "explore", "evidence", "teaching"; all of them when not given.

    Attributes
    ----------
    state : State
        The case and what is looked at.

    Raises
    ------
    ValueError
        When a page is not known, or none is given.

    Examples
    --------
    >>> from netdash.board import Board
    >>> Board()  # doctest: +SKIP
    >>> Board(pages=["explore"])  # doctest: +SKIP
    """

    def __init__(self, patient: Patient | None = None, pages: Iterable[str] | None = None, **kwargs: Any) -> None:
        names = list(PAGES if pages is None else pages)
        if not names or not set(names) <= set(PAGES):
            raise ValueError(f"pages: given {names}, expected some of {', '.join(PAGES)}")
        self.state = State(patient=patient or Patient(), pages=names, page=names[0])
        self.pages = {name: PAGES[name](self.state) for name in names}
        self.controls = Controls(self.state)
        self.examples = w.Dropdown(options=[NO_EXAMPLE, *examples()], description="Case", tooltip="Made-up cases")
        self.reset = w.Button(description="Reset", tooltip="Make every input unknown")
        parts = {name: part for page in self.pages.values() for name, part in page.parts.items()}
        self.frame = Frame(controls={**self.controls.parts, **parts})
        name = w.HTML(f'<h1 class="nd-title">netdash</h1><style>{STYLE.read_text()}</style>')
        bars = [_box(w.HBox, f"nd-bar-{name}", *page.toolbar) for name, page in self.pages.items() if page.toolbar]
        for bar in bars:
            bar.add_class("nd-bar")
        chosen = [self.examples, self.reset, *bars]
        head = _box(w.HBox, "nd-head", name, *chosen, _box(w.Box, "netdash-slot-tools"))
        case, foot = (_box(w.Box, f"netdash-slot-{slot}") for slot in ("case", "foot"))
        body = _box(w.HBox, "nd-body", self.controls.widget, _box(w.Box, "nd-frame", self.frame))
        super().__init__([head, case, body, foot], **kwargs)
        self.add_class("netdash-board").add_class("nd-board")
        self.examples.observe(self._open_example, "value")
        self.reset.on_click(lambda _: self.state.open(Patient()))
        self.frame.on_select(self._select)
        self.frame.on_address(self.state.open_query)
        self.state.observe(self._draw, LOOKED_AT)
        for page in self.pages.values():
            for traits in page.traits:
                traits.observe(self._draw)
        self._draw()

    def _open_example(self, event: dict[str, Any]) -> None:
        if event["new"] in examples():
            self.state.open(examples()[event["new"]], event["new"])

    def _select(self, key: str) -> None:
        """Do what a button of the page asks for; a page can send any text, and what is not known does nothing."""
        word, _, what = key.partition(":")
        if word == "page":
            self.state.turn_to(what)
        elif word == "source":
            self.state.show_source(what)
        elif key == "do:report":
            name = f"netdash-case-{date.today().isoformat()}.html"
            self.frame.download(name, "text/html", report(self.state.patient).encode())
        elif key == "do:csv":
            name, table = self.pages[self.state.page].csv()
            self.frame.download(name, "text/csv", table)
        elif key in rules.load():
            self.state.select(key)
        for page in self.pages.values():
            page.press(word, what)

    def _draw(self, _: t.Bunch | None = None) -> None:
        state, at = self.state, datetime.now().astimezone().strftime("%H:%M:%S")
        self.examples.value = state.example or NO_EXAMPLE
        assessment, page = assess(state.patient), self.pages[state.page]
        drawn = page.draw(assessment)
        strips = {f"strip-{name}": views.strip(state.patient, name, state.selected) for name in self.controls.labels}
        case = {"case": views.case(state, assessment, at), **strips} if page.about_the_case else {}
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


def _box(kind: type[w.Box], name: str, *children: w.Widget) -> w.Box:
    box = kind(children)
    box.add_class(name)
    return box
