"""The column of inputs: one control per field that a rule set asks, in groups that fold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

import ipywidgets
import traitlets

from netdash import rule_tables
from netdash.board.inputs import SLIDER_GROUP, matches, slug
from netdash.board.making import make
from netdash.board.state import State
from netdash.board.widgets import Box, Control, Pick, Slider, mark
from netdash.fields import Field, Number
from netdash.patient import FIELDS


class Controls:
    """The controls of every field that a rule set asks, in groups.

    Attributes
    ----------
    widget : ipywidgets.VBox
        The column of inputs.
    parts : dict of str to ipywidgets.Widget
        Every widget with a value, by name.
    groups : dict of str to list of Field
        The fields of each group that can be folded.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._unfolded: tuple[list[str], str, tuple[str, ...]] | None = None
        self._controls = {field.name: _make(field, state) for field in _needed()}
        self.groups = {
            group: [control.field for control in members]
            for group, members in groupby(self._controls.values(), key=lambda control: control.field.group)
            if group != SLIDER_GROUP
        }
        self._boxes = {
            group: make(ipywidgets.Box, [self._controls[field.name].widget for field in fields], classes="nd-group")
            for group, fields in self.groups.items()
        }
        words = {"description": "Search inputs", "placeholder": "any word"}
        self.search = make(ipywidgets.Text, classes="nd-search", continuous_update=True, **words)
        traitlets.link((state.inputs, "words"), (self.search, "value"))
        self.widget = make(ipywidgets.VBox, list(self._column()), classes="nd-controls")
        self.show()

    def _column(self) -> Iterator[ipywidgets.DOMWidget]:
        yield _slot("asking")
        yield from (control.widget for control in self._controls.values() if control.field.group == SLIDER_GROUP)
        yield from (_slot("ask"), self.search, _slot("found"))
        for group, box in self._boxes.items():
            yield _slot(f"group-{slug(group)}")
            yield box

    @property
    def fields(self) -> list[Field]:
        """The fields that have a control, in the order of declaration."""
        return [control.field for control in self._controls.values()]

    @property
    def parts(self) -> Mapping[str, ipywidgets.ValueWidget]:
        """Every widget with a value, by name."""
        parts = {name: part for control in self._controls.values() for name, part in control.parts.items()}
        return {**parts, "search": self.search}

    @property
    def sliders(self) -> dict[str, Slider]:
        """The controls with a slider, by field."""
        return {name: control for name, control in self._controls.items() if isinstance(control, Slider)}

    @property
    def labels(self) -> dict[str, str]:
        """The accessible name of each slider, by field."""
        return {name: control.field.label for name, control in self.sliders.items()}

    @property
    def names(self) -> dict[str, str]:
        """The name of each slider, and of each widget that has no label of its own, by name of the widget."""
        unnamed = {part: control.field.label for control in self._controls.values() for part in control.unnamed}
        return {**self.labels, **unnamed}

    @property
    def texts(self) -> dict[str, str | list[str]]:
        """The accessible value text of each slider, by field: "57 years"; of a range, one for each handle."""
        return {name: control.said for name, control in self.sliders.items()}

    @property
    def opened(self) -> list[str]:
        """The groups that are open: those that hold what a search finds, else all but those folded by hand.

        No control is hidden at the start: who looks for one by its name, with a search of the page or a screen
        reader, finds it without opening anything.
        """
        inputs = self._state.inputs
        if inputs.words.strip():
            return [name for name, fields in self.groups.items() if any(matches(one, inputs.words) for one in fields)]
        return [name for name in self.groups if name not in inputs.folded]

    def show(self) -> None:
        """Show the case of the state, the refused texts, and the groups that are open."""
        entered = self._state.patient.entered
        for name, control in self._controls.items():
            control.show(entered.get(name))
        self.unfold()

    def unfold(self) -> None:
        """Show the groups that are open, of a search what it finds, and mark what the selected rule set asks."""
        opened, words = self.opened, self._state.inputs.words
        asked = self._state.book[self._state.selected].inputs
        if self._unfolded == (opened, words, asked):
            return
        self._unfolded = opened, words, asked
        for group, fields in self.groups.items():
            mark(self._boxes[group], "nd-closed", group not in opened)
            for field in fields:
                widget = self._controls[field.name].widget
                mark(widget, "nd-asks", field.name in asked)
                mark(widget, "nd-closed", not matches(field, words))


def _needed() -> Iterator[Field]:
    asked = {name for rule_set in rule_tables.load().values() for name in rule_set.inputs}
    return (field for name, field in FIELDS.items() if name in asked)


def _make(field: Field, state: State) -> Control:
    if field.group == SLIDER_GROUP:
        return Slider(field, state)
    return Box(field, state) if isinstance(field, Number) else Pick(field, state)


def _slot(name: str) -> ipywidgets.Box:
    slot: ipywidgets.Box = make(ipywidgets.Box, classes=f"netdash-slot-{name}")
    return slot
