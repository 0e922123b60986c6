"""The wiring: controls change the state, every change of the state makes one new picture of everything."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import ipywidgets as w
import traitlets as t

from netdash import rules
from netdash.assessment import assess
from netdash.board import views
from netdash.board.controls import Controls
from netdash.board.frame import Frame
from netdash.board.state import READINGS, State, examples, outcomes_shown
from netdash.patient import Patient
from netdash.provenance import source

STYLE = Path(__file__).parent / "static" / "board.css"
NO_EXAMPLE = "Open an example"
LOOKED_AT = ["patient", "selected", "example", "refusals", "outcome", "reading", "pinned", "presenting", "source"]


class Board(w.VBox):  # type: ignore[misc]
    """The whole board.

    Parameters
    ----------
    patient : Patient, optional
        The case to begin with; nothing is known when not given.

    Attributes
    ----------
    state : State
        The case and what is looked at.

    Examples
    --------
    >>> from netdash.board import Board
    >>> Board()  # doctest: +SKIP
    """

    def __init__(self, patient: Patient | None = None, **kwargs: Any) -> None:
        self.state = State(patient=patient or Patient())
        self.controls = Controls(self.state)
        self.examples = w.Dropdown(options=[NO_EXAMPLE, *examples()], description="Case", tooltip="Made-up cases")
        self.reset = w.Button(description="Reset: all unknown", tooltip="Make every input unknown")
        self.outcome = w.Dropdown(
            options=list(outcomes_shown()), description="Plot", tooltip="One endpoint at one time"
        )
        self.reading = w.Dropdown(
            options=READINGS, description="Figures", tooltip="What the review prints, or corrected"
        )
        self.frame = Frame(controls=self.controls.parts)
        name = w.HTML(f'<h1 class="nd-title">netdash</h1><style>{STYLE.read_text()}</style>')
        chosen = [self.examples, self.reset, self.outcome, self.reading]
        head = _box(w.HBox, "nd-head", name, *chosen, _box(w.Box, "netdash-slot-tools"))
        case, foot = (_box(w.Box, f"netdash-slot-{slot}") for slot in ("case", "foot"))
        body = _box(w.HBox, "nd-body", self.controls.widget, _box(w.Box, "nd-frame", self.frame))
        super().__init__([head, case, body, foot], **kwargs)
        self.add_class("netdash-board").add_class("nd-board")
        self.examples.observe(self._open_example, "value")
        self.reset.on_click(lambda _: self.state.open(Patient()))
        t.link((self.state, "outcome"), (self.outcome, "value"))
        t.link((self.state, "reading"), (self.reading, "value"))
        self.frame.on_select(self._select)
        self.frame.on_address(self.state.open_query)
        self.state.observe(self._draw, LOOKED_AT)
        self._draw()

    def _open_example(self, event: dict[str, Any]) -> None:
        if event["new"] in examples():
            self.state.open(examples()[event["new"]], event["new"])

    def _select(self, key: str) -> None:
        """Do what a button of the page asks for; a page can send any text, and what is not known does nothing."""
        state = self.state
        word, _, what = key.partition(":")
        if key in rules.load():
            state.selected, state.source = key, ""
        elif word == "source":
            self._show_source(what)
        elif key == "do:pin":
            state.pinned = None if state.pinned else state.patient
        elif key == "do:present":
            state.presenting = not state.presenting
        elif key == "do:leave":
            state.presenting = False
        elif key in ("do:next", "do:previous") and state.presenting:
            state.step(1 if key == "do:next" else -1)

    def _show_source(self, what: str) -> None:
        try:
            source(what)
        except ValueError:
            self.state.source = ""
        else:
            self.state.source = what

    def _draw(self, _: t.Bunch | None = None) -> None:
        state, at = self.state, datetime.now().astimezone().strftime("%H:%M:%S")
        self.examples.value = state.example or NO_EXAMPLE
        assessment = assess(state.patient)
        plot, figure = views.plot(state, views.selected_verdicts(assessment, state.selected))
        selected = assessment[state.selected]
        strips = {f"strip-{name}": views.strip(state.patient, name, state.selected) for name in self.controls.labels}
        self.frame.show(
            sections={
                "tools": views.tools(state),
                "case": views.case(state, assessment, at),
                **strips,
                "verdicts": views.verdicts(state, assessment),
                "findings": views.compared(state) + views.findings(state, assessment),
                "forest": plot,
                "foot": views.foot(),
            },
            figures={"forest": figure},
            labels=self.controls.labels,
            valuetexts=self.controls.texts,
            query=state.patient.to_query(),
            announce=f"{selected.rule_set.title}: {selected.headline}",
            computed_at=at,
            view="present" if state.presenting else "",
        )


def _box(kind: type[w.Box], name: str, *children: w.Widget) -> w.Box:
    box = kind(children)
    box.add_class(name)
    return box
