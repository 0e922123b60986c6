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
from netdash.board.state import State, examples
from netdash.patient import Patient

STYLE = Path(__file__).parent / "static" / "board.css"
NO_EXAMPLE = "Open an example"


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
        self.frame = Frame(controls=self.controls.parts)
        name = w.HTML(f'<h1 class="nd-title">netdash</h1><style>{STYLE.read_text()}</style>')
        head = _box(w.HBox, "nd-head", name, self.examples, self.reset, _box(w.Box, "netdash-slot-case"))
        body = _box(w.HBox, "nd-body", self.controls.widget, _box(w.Box, "nd-frame", self.frame))
        super().__init__([head, body, _box(w.Box, "netdash-slot-foot")], **kwargs)
        self.add_class("netdash-board").add_class("nd-board")
        self.examples.observe(self._open_example, "value")
        self.reset.on_click(lambda _: self.state.open(Patient()))
        self.frame.on_select(self._select)
        self.frame.on_address(self.state.open_query)
        self.state.observe(self._draw, ["patient", "selected", "example", "refusals"])
        self._draw()

    def _open_example(self, event: dict[str, Any]) -> None:
        if event["new"] in examples():
            self.state.open(examples()[event["new"]], event["new"])

    def _select(self, rule_set: str) -> None:
        if rule_set in rules.load():  # a page can send any text
            self.state.selected = rule_set

    def _draw(self, _: t.Bunch | None = None) -> None:
        state, at = self.state, datetime.now().astimezone().strftime("%H:%M:%S")
        self.examples.value = state.example or NO_EXAMPLE
        assessment = assess(state.patient)
        forest, figure = views.forest_view(views.selected_verdicts(assessment, state.selected))
        selected = assessment[state.selected]
        self.frame.show(
            sections={
                "case": views.case(state, at),
                "verdicts": views.verdicts(assessment, state.selected),
                "findings": views.findings(assessment, state.selected),
                "forest": forest,
                "foot": views.foot(),
            },
            figures={"forest": figure},
            labels=self.controls.labels,
            valuetexts=self.controls.texts,
            query=state.patient.to_query(),
            announce=f"{selected.rule_set.title}: {selected.headline}",
            computed_at=at,
        )


def _box(kind: type[w.Box], name: str, *children: w.Widget) -> w.Box:
    box = kind(children)
    box.add_class(name)
    return box
