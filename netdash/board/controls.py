"""The inputs: one control per field of a patient, made from the declaration of the field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

import ipywidgets
import traitlets

from netdash import rule_tables, rules
from netdash.board.state import State
from netdash.fields import Choice, Field, Known, Number, Value, YesNo, in_part
from netdash.intervals import Interval
from netdash.patient import FIELDS

SLIDER_GROUP = "Patient"
"""The group of fields that have a slider and no heading."""
UNKNOWN = "unknown"
"""The value of the entry "not entered" in a list or a slider."""


class Control:
    """The widgets of one field, synchronized with the state in both directions.

    Parameters
    ----------
    field : Field
        The field.
    state : State
        The state of the board.

    Attributes
    ----------
    widget : ipywidgets.Widget
        The widget that contains the others.
    parts : dict of str to ipywidgets.Widget
        The widgets with a value, by name. The browser compares these values with those that a picture was computed for.
    """

    widget: ipywidgets.DOMWidget
    parts: dict[str, ipywidgets.ValueWidget]

    def __init__(self, field: Field, state: State) -> None:
        self.field, self.state, self._syncing = field, state, False

    def show(self, value: Known | None) -> None:
        """Show a value of the state in the widgets, without writing it to the state again."""
        self._syncing = True
        try:
            self._set_widgets(value)
        finally:
            self._syncing = False

    def _set_widgets(self, value: Known | None) -> None:
        raise NotImplementedError

    def _on_change(self, event: traitlets.Bunch) -> None:
        """Write a changed widget value to the state; a refused text stays in its box."""
        if self._syncing:
            return
        try:
            # A browser can change the limits of a widget; the state checks those of the field.
            self.state.enter(self.field.name, self._read(event))
        except ValueError:
            self.state.keep_refused(self.field.name, str(event["new"]))
        # "48.0" typed over 48 does not change the case, so no drawing resets the box to "48": do it here.
        self.reset_widgets()

    def reset_widgets(self) -> None:
        """Show the value of the state."""
        self.show(self.state.patient.entered.get(self.field.name))

    def _read(self, event: traitlets.Bunch) -> Any:
        """Return the field's value for a changed widget value."""
        return event["new"]


class Pick(Control):
    """A drop-down list; its first entry means unknown."""

    def __init__(self, field: Field, state: State) -> None:
        super().__init__(field, state)
        values: tuple[Value, ...] = (True, False) if isinstance(field, YesNo) else field.choices
        unknown = "as the site says" if field.name in rules.DERIVED_FROM else field.show(None)
        # ipywidgets shows an empty line for None: "unknown" is an entry with a text.
        self._options: list[tuple[str, Known]] = [(unknown, UNKNOWN), *((field.show(value), value) for value in values)]
        self.widget = ipywidgets.Dropdown(
            options=self._options, value=UNKNOWN, description=field.label, tooltip=field.help
        )
        self.widget.add_class("nd-field")
        self.widget.observe(self._on_change, "value")
        self.parts = {field.name: self.widget}

    def _read(self, event: traitlets.Bunch) -> Known | None:
        return None if event["new"] == UNKNOWN else event["new"]

    def _set_widgets(self, value: Known | None) -> None:
        _offer(self.widget, self._options, self.field, value)
        self.widget.value = UNKNOWN if value is None else value


class Box(Control):
    """A text box for a number; an empty box means unknown. A refused text stays, with the reason under it."""

    def __init__(self, field: Field, state: State) -> None:
        super().__init__(field, state)
        self.text = ipywidgets.Text(
            description=f"{field.label}, {field.unit}" if field.unit else field.label,
            placeholder=field.show(None),
            tooltip=f"{field.help} Expected: {field.allowed}.",
            continuous_update=False,
        )
        self.text.add_class("nd-field")
        self.text.observe(self._on_change, "value")
        self.message = _classed(ipywidgets.Box(), f"netdash-slot-refused-{field.name}")
        self.widget, self.parts = (
            _classed(ipywidgets.VBox([self.text, self.message]), "nd-typed"),
            {field.name: self.text},
        )

    def _read(self, event: traitlets.Bunch) -> Known | None:
        return self.field.parse(event["new"]) if event["new"].strip() else None

    def _set_widgets(self, value: Known | None) -> None:
        entered = "" if value is None else self.field.text(value)
        self.text.value = self.state.refused.get(self.field.name, entered)


class Slider(Control):
    """A slider with a text box for a number or the word of a choice, and a button that clears it."""

    def __init__(self, field: Field, state: State) -> None:
        super().__init__(field, state)
        self.slider = self._make_slider()
        self.slider.add_class("nd-slider")
        self.slider.add_class(f"netdash-control-{field.name}")
        self.clear = ipywidgets.Button(description="×", tooltip=f"Clear {field.label}")
        self.clear.add_class("nd-clear")
        self.box = Box(field, state) if isinstance(field, Number) else None
        name = self.box.text if self.box else ipywidgets.HTML(f'<span class="nd-label">{field.label}</span>')
        strip = _classed(ipywidgets.Box(), f"netdash-slot-strip-{field.name}")
        message = [self.box.message] if self.box else []
        self.widget = ipywidgets.VBox([ipywidgets.HBox([name, self.clear]), *message, self.slider, strip])
        self.widget.add_class("nd-input").add_class("nd-typed")
        self.slider.observe(self._on_change, "value")
        self.clear.on_click(lambda _: state.enter(field.name, None))
        self.parts = {field.name: self.slider}
        if self.box:
            self.parts |= {f"{field.name}-box": self.box.text}

    def _read(self, event: traitlets.Bunch) -> Any:
        if event["new"] == UNKNOWN:
            return None
        return float(event["new"]) if isinstance(self.field, Number) else event["new"]

    def _make_slider(self) -> Any:
        if isinstance(self.field, Choice):
            # The first position means unknown. Without it the handle would rest on the first word, and a click there
            # would change nothing.
            self._options: list[tuple[str, Known]] = [
                (self.field.show(None), UNKNOWN),
                *((self.field.show(value), value) for value in self.field.choices),
            ]
            return _classed(ipywidgets.SelectionSlider(options=self._options, readout=True), "nd-choice")
        # The FloatSlider of ipywidgets sends 54.99999999999999 for 55, which is under 55. An IntSlider is exact. Other
        # numbers are typed in the box; the handle then shows the nearest whole number.
        least, most = int(self.field.minimum or 0), int(self.field.maximum or 0)
        return ipywidgets.IntSlider(min=least, max=most, value=least, step=int(self.field.step or 1), readout=False)

    def _set_widgets(self, value: Known | None) -> None:
        # A slider cannot show "unknown": put the handle at the minimum and style it as empty.
        if isinstance(self.field, Choice):
            _offer(self.slider, self._options, self.field, value)
            self.slider.value = UNKNOWN if value is None else value
        else:
            # The handle stands at the start of a range; the box shows all of it.
            shown: Any = value.least if isinstance(value, Interval) else value
            self.slider.value = round(float(self.field.minimum or 0) if shown is None else shown)
        # Of a range it shows one end only: style it as not exact.
        for name, applies in {"nd-unknown": value is None, "nd-in-part": in_part(value)}.items():
            (self.slider.add_class if applies else self.slider.remove_class)(name)
        if self.box:
            self.box.show(value)


class Controls:
    """The controls of every field that a rule set asks, in groups.

    Attributes
    ----------
    widget : ipywidgets.VBox
        The column of inputs.
    parts : dict of str to ipywidgets.Widget
        Every widget with a value, by name.
    """

    def __init__(self, state: State) -> None:
        self._controls = {field.name: _make(field, state) for field in _needed()}
        asking = _classed(ipywidgets.Box(), "netdash-slot-asking")
        self.widget = _classed(ipywidgets.VBox([asking, *self._columns()]), "nd-controls")
        self._state = state
        self.show()

    @property
    def parts(self) -> Mapping[str, ipywidgets.ValueWidget]:
        """Every widget with a value, by name."""
        return {name: part for control in self._controls.values() for name, part in control.parts.items()}

    @property
    def labels(self) -> dict[str, str]:
        """The accessible name of each slider, by field."""
        return {name: control.field.label for name, control in self._controls.items() if isinstance(control, Slider)}

    @property
    def texts(self) -> dict[str, str]:
        """The accessible value text of each slider, by field: "57 years", "not entered"."""
        entered = self._state.patient.entered
        return {name: FIELDS[name].show(entered.get(name)) for name in self.labels}

    def _columns(self) -> Iterator[ipywidgets.DOMWidget]:
        for group, members in groupby(self._controls.values(), key=lambda control: control.field.group):
            widgets = [control.widget for control in members]
            if group == SLIDER_GROUP:
                yield from widgets
            else:
                yield ipywidgets.HTML(f'<h2 class="nd-h">{group}</h2>')
                yield _classed(ipywidgets.Box(widgets), "nd-group")

    def show(self) -> None:
        """Show the case of the state, and the refused texts."""
        entered = self._state.patient.entered
        for name, control in self._controls.items():
            control.show(entered.get(name))


def _needed() -> Iterator[Field]:
    asked = {name for rule_set in rule_tables.load().values() for name in rule_set.inputs}
    return (field for name, field in FIELDS.items() if name in asked)


def _make(field: Field, state: State) -> Control:
    if field.group == SLIDER_GROUP:
        return Slider(field, state)
    return Box(field, state) if isinstance(field, Number) else Pick(field, state)


def _offer(widget: Any, options: list[tuple[str, Known]], field: Field, value: Known | None) -> None:
    """Give a list its entries, and one more for a set of words."""
    wanted = [*options, (field.show(value), value)] if isinstance(value, frozenset) else options
    if list(widget.options) != wanted:
        widget.options = wanted


def _classed(widget: Any, name: str) -> Any:
    widget.add_class(name)
    return widget
