"""The widgets of one input, made from the declaration of its field: a list, a box, or a slider with a box."""

from __future__ import annotations

from typing import Any

import ipywidgets
import traitlets

from netdash import rules
from netdash.board import typed
from netdash.board.inputs import values_of
from netdash.board.making import make
from netdash.board.state import State
from netdash.fields import Choice, Field, Known, Number, in_part
from netdash.intervals import Interval

UNKNOWN = "unknown"
"""The value of the entry "not entered" in a list or a slider."""
OR, ALSO_POSSIBLE = "or …", "also possible"
"""The first entry, and the name, of a list of further possible words."""


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
    unnamed : tuple of str
        The names of those without a label of their own.
    """

    unnamed: tuple[str, ...] = ()
    widget: ipywidgets.DOMWidget
    parts: dict[str, ipywidgets.ValueWidget]

    def __init__(self, field: Field, state: State) -> None:
        self.field, self.state, self._syncing = field, state, False
        self._shown: tuple[Known | None, str | None] | None = None

    def show(self, value: Known | None) -> None:
        """Show a value of the state in the widgets, or the text that was refused; nothing to do where they show it."""
        now = value, self.state.refused.get(self.field.name)
        if now != self._shown:
            self._show(value)
            self._shown = now

    def _show(self, value: Known | None) -> None:
        """Set the widgets without writing the value to the state again."""
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
        self._shown = None  # the page changed a widget, and it may show something else than the state
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


class Alternatives(Control):
    """A list beside a choice that adds another possible word to it, or takes one away: "or duodenum".

    A page sends the place of an entry, and may send it before it has the entries of the last change: a word keeps its
    place whatever is known. A word that is the only possible one has an entry too, which changes nothing.
    """

    def __init__(self, field: Field, state: State) -> None:
        super().__init__(field, state)
        # Its name is put there by the page: ipywidgets has none for a list without a visible label.
        tip = f"{field.label}: {ALSO_POSSIBLE}"
        self.widget = self.list = make(ipywidgets.Dropdown, classes="nd-or", options=[(OR, "")], tooltip=tip)
        self.widget.observe(self._on_change, "value")
        self.parts = {f"{field.name}-or": self.widget}

    def _read(self, event: traitlets.Bunch) -> Any:
        known = self._known()
        return known ^ {event["new"]} or known if event["new"] else known or None

    def _known(self) -> frozenset[Any]:
        known = self.state.patient.entered.get(self.field.name)
        return known if isinstance(known, frozenset) else frozenset() if known is None else frozenset({known})

    def _set_widgets(self, value: Known | None) -> None:
        known = self._known()
        taken = "without " if len(known) > 1 else ""
        words = [f"{taken if word in known else 'or '}{self.field.show(word)}" for word in self.field.choices]
        wanted = [(OR, ""), *zip(words, self.field.choices, strict=True)]
        if list(self.list.options) != wanted:
            self.list.options = wanted
        self.list.value = ""


def _alternatives(field: Field, state: State) -> Alternatives | None:
    """Return the list of further words; None for a choice of two words, which is unknown when both are possible."""
    return Alternatives(field, state) if field.choices[2:] else None


class Pick(Control):
    """A drop-down list; its first entry means unknown. A list for further possible words stands under a chosen one."""

    def __init__(self, field: Field, state: State) -> None:
        super().__init__(field, state)
        unknown = "as the site says" if field.name in rules.DERIVED_FROM else field.show(None)
        # ipywidgets shows an empty line for None: "unknown" is an entry with a text.
        self._options: list[tuple[str, Known]] = [
            (unknown, UNKNOWN),
            *((field.show(value), value) for value in values_of(field)),
        ]
        words = {"value": UNKNOWN, "description": field.label, "tooltip": field.help}
        self.list = make(ipywidgets.Dropdown, classes="nd-field", options=self._options, **words)
        self.list.observe(self._on_change, "value")
        self.more = _alternatives(field, state)
        self.widget = make(ipywidgets.VBox, [self.list], classes="nd-pick") if self.more else self.list
        self.parts = {field.name: self.list, **(self.more.parts if self.more else {})}
        self.unnamed = tuple(self.more.parts) if self.more else ()

    def _read(self, event: traitlets.Bunch) -> Known | None:
        return None if event["new"] == UNKNOWN else event["new"]

    def _set_widgets(self, value: Known | None) -> None:
        _offer(self.list, self._options, self.field, value)
        self.list.value = UNKNOWN if value is None else value
        if self.more:
            self.more.show(value)
            _contain(self.widget, [self.list] if value is None else [self.list, self.more.widget])


class Box(Control):
    """A text box for a number; an empty box means unknown. A refused text stays, with the reason under it."""

    def __init__(self, field: Field, state: State) -> None:
        super().__init__(field, state)
        self.text = make(
            ipywidgets.Text,
            classes="nd-field",
            description=f"{field.label}, {field.unit}" if field.unit else field.label,
            placeholder=field.show(None),
            tooltip=f"{field.help} Expected: {field.allowed}.",
            continuous_update=False,
        )
        self.text.observe(self._on_change, "value")
        self.message = make(ipywidgets.Box, classes=f"netdash-slot-refused-{field.name}")
        self.widget = make(ipywidgets.VBox, [self.text, self.message], classes="nd-typed")
        self.parts = {field.name: self.text}

    def _read(self, event: traitlets.Bunch) -> Known | None:
        return typed.read(self.field, event["new"])

    def _set_widgets(self, value: Known | None) -> None:
        entered = "" if value is None else self.field.text(value)
        self.text.value = self.state.refused.get(self.field.name, entered)


class Slider(Control):
    """A slider with a text box for a number or the words of a choice, and a button that clears it.

    A number that is known in part has a slider with two handles, one for each end.
    """

    def __init__(self, field: Field, state: State) -> None:
        super().__init__(field, state)
        self.slider = self._make_slider()
        self.span = self._make_span() if isinstance(field, Number) else None
        self.clear = make(ipywidgets.Button, classes="nd-clear", description="×", tooltip=f"Clear {field.label}")
        self.clear.on_click(lambda _: state.enter(field.name, None))
        self.box = Box(field, state) if isinstance(field, Number) else None
        self.more = _alternatives(field, state)
        self.track = make(ipywidgets.VBox, [self.slider], classes="nd-track")
        self.offer = make(ipywidgets.Box, classes=f"netdash-slot-offer-{field.name}")
        offered = [self.offer] if field.entries or field.choices else []
        self.below = make(ipywidgets.VBox, offered, classes="nd-track")
        self.widget = make(ipywidgets.VBox, self._layout(), classes="nd-input nd-typed")
        self.parts = {field.name: self.slider}
        if self.span and self.box:
            self.parts |= {f"{field.name}-range": self.span, f"{field.name}-box": self.box.text}
        if self.more:
            self.parts |= self.more.parts
        self.unnamed = tuple(name for name in self.parts if name.endswith(("-range", "-or")))

    def _layout(self) -> list[ipywidgets.DOMWidget]:
        label = f'<span class="nd-label">{self.field.label}</span>'
        name = self.box.text if self.box else make(ipywidgets.HTML, label)
        message = [self.box.message] if self.box else []
        strip = make(ipywidgets.Box, classes=f"netdash-slot-strip-{self.field.name}")
        parts = [self.track, self.below] if self.box is None else [*self.below.children, self.track]
        return [make(ipywidgets.HBox, [name, self.clear]), *message, *parts, strip]

    def _track(self, kind: type, classes: str = "", **traits: Any) -> Any:
        classes = f"{classes} nd-slider netdash-control-{self.field.name}"
        slider = make(kind, classes=classes, readout=False, **traits)
        slider.observe(self._on_change, "value")
        return slider

    def _read(self, event: traitlets.Bunch) -> Any:
        if event["owner"] is self.span:
            return self._moved(*event["new"])
        if event["new"] == UNKNOWN:
            return None
        return float(event["new"]) if isinstance(self.field, Number) else event["new"]

    def _moved(self, low: int, high: int) -> Known:
        """Return the range whose handles were moved; an end that was not moved stays as it was entered."""
        known = self.state.patient.entered.get(self.field.name)
        if low == high:
            return float(low)
        if not isinstance(known, Interval):
            return Interval(low, high)
        kept_low, kept_high = (new == shown for new, shown in zip((low, high), self._ends(known), strict=True))
        return Interval(
            known.low if kept_low else low,
            known.high if kept_high else high,
            known.low_open and kept_low,
            known.high_open and kept_high,
        )

    def _make_slider(self) -> Any:
        if isinstance(self.field, Choice):
            # The first position means unknown. Without it the handle would rest on the first word, and a click there
            # would change nothing.
            options = [
                (self.field.show(None), UNKNOWN),
                *((self.field.show(value), value) for value in self.field.choices),
            ]
            return self._track(ipywidgets.SelectionSlider, "nd-choice", options=options)
        # The FloatSlider of ipywidgets sends 54.99999999999999 for 55, which is under 55. An IntSlider is exact. Other
        # numbers are typed in the box; the handle then shows the nearest whole number.
        least, most = self._limits
        return self._track(ipywidgets.IntSlider, min=least, max=most, value=least, step=int(self.field.step or 1))

    def _make_span(self) -> Any:
        least, most = self._limits
        step = self.slider.step
        return self._track(ipywidgets.IntRangeSlider, min=least, max=most, value=(least, most), step=step)

    @property
    def _limits(self) -> tuple[int, int]:
        return int(self.field.minimum or 0), int(self.field.maximum or 0)

    def _ends(self, known: Interval) -> tuple[int, int]:
        """Return the places of both handles: the nearest whole numbers within the limits."""
        least, most = self._limits
        return round(max(known.least, least)), round(min(known.most, most))

    def _set_widgets(self, value: Known | None) -> None:
        if isinstance(self.field, Choice):
            # A slider cannot show "unknown": put the handle at the minimum and style it as empty.
            # Of several words the handle stands at the first; the stops show all of them.
            first = self.field.ordered(value)[0] if isinstance(value, frozenset) else value
            self.slider.value = UNKNOWN if first is None else first
        elif self.span:
            ends = self._ends(value) if isinstance(value, Interval) else None
            exact: Any = self._limits[0] if value is None else value
            self.slider.value = ends[0] if ends else round(exact)
            self.span.value = ends or self._limits
        # Of several words it shows one only: style it as not exact.
        mark(self.slider, "nd-unknown", value is None)
        mark(self.slider, "nd-in-part", in_part(value))
        mark(self.widget, "nd-ranged", isinstance(value, Interval))  # its box needs more room
        self._arrange(value)
        for part in (self.box, self.more):
            if part:
                part.show(value)

    def _arrange(self, value: Known | None) -> None:
        """Put one handle or two on the track, and the list of further words under the stops of a chosen one."""
        _contain(self.track, [self.span if self.span and isinstance(value, Interval) else self.slider])
        if self.more:
            _contain(self.below, [self.offer] if value is None else [self.offer, self.more.widget])

    @property
    def said(self) -> str | list[str]:
        """The value text of each handle for a screen reader: "57 years"; for a range one text for each end."""
        value = self.state.patient.entered.get(self.field.name)
        if not isinstance(value, Interval):
            return self.field.show(value)
        least, most = self._limits
        low: Known = Interval(value.low, None, value.low_open) if value.low_open or value.least > least else least
        high: Known = Interval(None, value.high, high_open=value.high_open) if value.most < most else most
        return [self.field.show(low), self.field.show(high)]


def _offer(widget: Any, options: list[tuple[str, Known]], field: Field, value: Known | None) -> None:
    """Give a list its entries, and one more for a set of words."""
    wanted = [*options, (field.show(value), value)] if isinstance(value, frozenset) else options
    if list(widget.options) != wanted:
        widget.options = wanted


def _contain(box: ipywidgets.Box, children: list[ipywidgets.DOMWidget]) -> None:
    """Put these widgets into a box; the same ones stay as they are, with the focus."""
    if list(box.children) != children:
        box.children = children


def mark(widget: ipywidgets.DOMWidget, name: str, applies: bool) -> None:
    """Give a widget a class of style sheets, or take it away."""
    (widget.add_class if applies else widget.remove_class)(name)
