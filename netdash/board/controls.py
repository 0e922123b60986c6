"""The inputs: one control per field of a patient, made from the field's own declaration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

import ipywidgets as w
import traitlets as t

from netdash import rule_tables, rules
from netdash.board.state import State
from netdash.fields import Choice, Field, Number, Value, YesNo, plain
from netdash.patient import FIELDS

ALWAYS_IN_SIGHT = "Patient"
"""The group of fields that get a slider and are never folded away."""
UNKNOWN = "unknown"
"""The entry of a list or a slider that stands for no answer."""


class Control:
    """One field's widgets, held to the state in both directions.

    Parameters
    ----------
    field : Field
        What is asked.
    state : State
        Where the answer goes, and where it comes from.

    Attributes
    ----------
    widget : ipywidgets.Widget
        What is shown.
    parts : dict of str to ipywidgets.Widget
        The widgets whose values the page compares with those a picture was computed for.
    """

    widget: w.DOMWidget
    parts: dict[str, w.ValueWidget]

    def __init__(self, field: Field, state: State) -> None:
        self.field, self.state, self._syncing = field, state, False

    def show(self, value: Value | None) -> None:
        """Put a value of the state into the widgets without sending it back."""
        self._syncing = True
        try:
            self._put(value)
        finally:
            self._syncing = False

    def _put(self, value: Value | None) -> None:
        raise NotImplementedError

    def _take(self, event: t.Bunch) -> None:
        """Hand what a widget was changed to over to the state; a text that is refused stays where it was typed."""
        if self._syncing:
            return
        try:
            # The widget's own limits can be moved by a page; the field's cannot.
            self.state.enter(self.field.name, self._read(event))
        except ValueError:
            self.state.keep_refused(self.field.name, str(event["new"]))
        # "48.0" typed over 48 changes no case, yet the box must show what the picture was computed for.
        self.put_back()

    def put_back(self) -> None:
        """Show what the state holds."""
        self.show(self.state.patient.to_dict().get(self.field.name))

    def _read(self, event: t.Bunch) -> Any:
        """Return the value that a change of a widget stands for."""
        return event["new"]


class Pick(Control):
    """A list to pick from; its first entry is unknown."""

    def __init__(self, field: Field, state: State) -> None:
        super().__init__(field, state)
        values: tuple[Value, ...] = (True, False) if isinstance(field, YesNo) else field.choices
        unknown = "as the site says" if field.name in rules.DERIVED_FROM else field.show(None)
        # A list's own None would show an empty line: unknown is an entry of its own.
        options: list[tuple[str, Value]] = [(unknown, UNKNOWN), *((field.show(value), value) for value in values)]
        self.widget = w.Dropdown(options=options, value=UNKNOWN, description=field.label, tooltip=field.help)
        self.widget.add_class("nd-field")
        self.widget.observe(self._take, "value")
        self.parts = {field.name: self.widget}

    def _read(self, event: t.Bunch) -> Value | None:
        return None if event["new"] == UNKNOWN else event["new"]

    def _put(self, value: Value | None) -> None:
        self.widget.value = UNKNOWN if value is None else value


class Box(Control):
    """A typed number; blank is unknown. A text that is refused stays, and a message under it says why."""

    def __init__(self, field: Field, state: State) -> None:
        super().__init__(field, state)
        self.text = w.Text(
            description=f"{field.label}, {field.unit}" if field.unit else field.label,
            placeholder=field.show(None),
            tooltip=f"{field.help} Expected: {field.allowed}.",
            continuous_update=False,
        )
        self.text.add_class("nd-field")
        self.text.observe(self._take, "value")
        self.message = _classed(w.Box(), f"netdash-slot-refused-{field.name}")
        self.widget, self.parts = _classed(w.VBox([self.text, self.message]), "nd-typed"), {field.name: self.text}

    def _read(self, event: t.Bunch) -> Value | None:
        return self.field.parse(event["new"]) if event["new"].strip() else None

    def _put(self, value: Value | None) -> None:
        entered = "" if value is None else plain(float(value))
        self.text.value = self.state.refused.get(self.field.name, entered)


class Slider(Control):
    """A slider with an exact box, or the word of a choice, and a button that clears both."""

    def __init__(self, field: Field, state: State) -> None:
        super().__init__(field, state)
        self.slider = self._make_slider()
        self.slider.add_class("nd-slider")
        self.slider.add_class(f"netdash-control-{field.name}")
        self.clear = w.Button(description="×", tooltip=f"Clear {field.label}")
        self.clear.add_class("nd-clear")
        self.box = Box(field, state) if isinstance(field, Number) else None
        name = self.box.text if self.box else w.HTML(f'<span class="nd-label">{field.label}</span>')
        strip = _classed(w.Box(), f"netdash-slot-strip-{field.name}")
        message = [self.box.message] if self.box else []
        self.widget = w.VBox([w.HBox([name, self.clear]), *message, self.slider, strip])
        self.widget.add_class("nd-input").add_class("nd-typed")
        self.slider.observe(self._take, "value")
        self.clear.on_click(lambda _: state.enter(field.name, None))
        self.parts = {field.name: self.slider}
        if self.box:
            self.parts |= {f"{field.name}-box": self.box.text}

    def _read(self, event: t.Bunch) -> Any:
        if event["new"] == UNKNOWN:
            return None
        return float(event["new"]) if isinstance(self.field, Number) else event["new"]

    def _make_slider(self) -> Any:
        if isinstance(self.field, Choice):
            # A place of its own for unknown: else the handle would rest on the first word, which no click could enter.
            options = [
                (self.field.show(None), UNKNOWN),
                *((self.field.show(value), value) for value in self.field.choices),
            ]
            return _classed(w.SelectionSlider(options=options, readout=True), "nd-choice")
        # The page's FloatSlider counts in shares of its length and sends 54.99999999999999 back for 55, which is
        # under 55. Whole numbers are exact; what lies between them is typed, and its handle stands at the nearest.
        least, most = int(self.field.minimum or 0), int(self.field.maximum or 0)
        return w.IntSlider(min=least, max=most, value=least, step=int(self.field.step or 1), readout=False)

    def _put(self, value: Value | None) -> None:
        # An unknown number has no place on the slider: its handle rests at the start, and looks empty.
        shown = self._start if value is None else value
        self.slider.value = round(float(shown)) if isinstance(self.field, Number) else shown
        (self.slider.add_class if value is None else self.slider.remove_class)("nd-unknown")
        if self.box:
            self.box.show(value)

    @property
    def _start(self) -> Value:
        return UNKNOWN if isinstance(self.field, Choice) else float(self.field.minimum or 0)


class Controls:
    """Every input that the rule sets need, in groups, held to one state.

    Attributes
    ----------
    widget : ipywidgets.VBox
        The column of inputs.
    parts : dict of str to ipywidgets.Widget
        Every widget with a value, by a stable name.
    """

    def __init__(self, state: State) -> None:
        self._controls = {field.name: _make(field, state) for field in _needed()}
        asking = _classed(w.Box(), "netdash-slot-asking")
        self.widget = _classed(w.VBox([asking, *self._columns()]), "nd-controls")
        self._state = state
        self.show()

    @property
    def parts(self) -> Mapping[str, w.ValueWidget]:
        """Every widget with a value, by a stable name."""
        return {name: part for control in self._controls.values() for name, part in control.parts.items()}

    @property
    def labels(self) -> dict[str, str]:
        """The accessible name of each slider, by field."""
        return {name: control.field.label for name, control in self._controls.items() if isinstance(control, Slider)}

    @property
    def texts(self) -> dict[str, str]:
        """What is said of the value of each slider, by field; of an unknown, that it is not entered."""
        entered = self._state.patient.to_dict()
        return {name: FIELDS[name].show(entered.get(name)) for name in self.labels}

    def _columns(self) -> Iterator[w.DOMWidget]:
        for group, members in groupby(self._controls.values(), key=lambda control: control.field.group):
            widgets = [control.widget for control in members]
            if group == ALWAYS_IN_SIGHT:
                yield from widgets
            else:
                yield w.HTML(f'<h2 class="nd-h">{group}</h2>')
                yield _classed(w.Box(widgets), "nd-group")

    def show(self) -> None:
        """Show the case of the state, and what was refused."""
        entered = self._state.patient.to_dict()
        for name, control in self._controls.items():
            control.show(entered.get(name))


def _needed() -> Iterator[Field]:
    asked = {name for rule_set in rule_tables.load().values() for name in rule_set.inputs}
    return (field for name, field in FIELDS.items() if name in asked)


def _make(field: Field, state: State) -> Control:
    if field.group == ALWAYS_IN_SIGHT:
        return Slider(field, state)
    return Box(field, state) if isinstance(field, Number) else Pick(field, state)


def _classed(widget: Any, name: str) -> Any:
    widget.add_class(name)
    return widget
