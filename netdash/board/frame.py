"""The widget that sends each computation to the page: its text and its figures are drawn together."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import traitlets

from netdash.files import PLOTLY

STATIC = Path(__file__).parent / "static"
LONGEST_KEY = 200
MODULES = """upstream dom plotly morph figures card pointer verdicts answers handles picture watch entries notices queue
names stops keys files address not_taken connection view frame""".split()
"""The modules of the page's script in ``static/frame``; each imports only from those before it."""
_LEFT_OUT = re.compile(r"^ *(?:import \{[^}]*\} from [^;]*;|//[^\n]*|/\*\*.*?\*/)\n", re.MULTILINE | re.DOTALL)


def script() -> str:
    """Return the page's script as one module without imports and comments.

    anywidget hands a script to the browser as text, and a module that has no address cannot import the one beside it.
    """
    text = "".join((STATIC / "frame" / f"{name}.js").read_text(encoding="utf-8") for name in MODULES)
    return re.sub(r"^export (?!default)", "", _LEFT_OUT.sub("", text), flags=re.MULTILINE)


class _ReadOnly:
    """A model that the page may read and never write: a page can send a change of any synced trait."""

    def set_state(self, sync_data: object) -> None:
        """Ignore what the page sends."""


class _Channel(_ReadOnly, ipywidgets.Widget):  # type: ignore[misc]
    """The widget model that carries the messages between kernel and page.

    An anywidget that takes more than two seconds to start in the browser drops every later update without an error: its
    picture never changes again. A plain widget model has no such limit. So this model carries all data, and the
    anywidget below only draws.
    """

    content = traitlets.Dict().tag(sync=True)


def _trait(control: ipywidgets.Widget) -> str:
    """Return the name of the trait that holds a control's value on the page: the index for a choice."""
    return "index" if "index" in control.keys else "value"


def value_only(control: ipywidgets.Widget) -> ipywidgets.Widget:
    """Return a control of which a page can change the value only, and no other trait, such as its limits."""
    take, name = control.set_state, _trait(control)
    control.set_state = lambda state: take({name: state[name]} if name in state else {})
    return control


def _reference(control: ipywidgets.Widget) -> list[str]:
    return [f"anywidget:{control.model_id}", _trait(control)]


class Frame(_ReadOnly, anywidget.AnyWidget):
    """The computed part of a board: sections of HTML with figures in them.

    Each call of `show` is one message and is drawn at once, so text and figures never show different cases. The page
    compares `inputs` with what the controls show now. While they differ it says "Recomputing…". After three seconds, or
    when the kernel is gone, it grays the content out and says that the connection is lost; it does the same when a
    figure cannot be drawn. When the connection is restored, the page asks which inputs the kernel has, and lists those
    entered meanwhile that the kernel lacks.

    Parameters
    ----------
    controls
        The controls that decide the content, by name. Each should carry the DOM class ``netdash-control-<name>``.
    files
        The buttons that open a file; a file that is too large is not sent, and the page says so.

    Notes
    -----
    In the HTML of a section, ``<div data-figure="forest"></div>`` is where figure ``forest`` is drawn, and an element
    with ``data-select="key"`` is a button that calls the callbacks of `on_select` with its key. A button with
    ``data-copy-link`` copies the address of the case. In an element with ``data-put-x`` and ``data-put-y`` a place of
    the figure that is clicked or dragged to arrives as the key ``put:<x>=12&<y>=34``. A section is drawn in the frame,
    or in the widget with DOM class ``netdash-slot-<section>`` if the board has one. The nearest ancestor with class
    ``netdash-board`` (else the page) contains the controls and slots. Its ``data-netdash-state`` is ``current``,
    ``recomputing`` or ``lost``.
    """

    _esm = traitlets.Unicode().tag(sync=True)
    _css = STATIC / "frame.css"

    channel = anywidget.WidgetTrait().tag(sync=True)
    files: Any = traitlets.List().tag(
        sync=True, to_json=lambda value, _: [f"anywidget:{one.model_id}" for one in value]
    )
    controls = traitlets.Dict().tag(sync=True, to_json=lambda value, _: {k: _reference(c) for k, c in value.items()})

    def __init__(
        self,
        controls: Mapping[str, ipywidgets.Widget] | None = None,
        files: Iterable[ipywidgets.FileUpload] = (),
        **layout: Any,
    ) -> None:
        self._selected: list[Callable[[str], None]] = []
        self._addressed: list[Callable[[str], None]] = []
        own = {name: value_only(control) for name, control in (controls or {}).items()}
        super().__init__(channel=_Channel(), controls=own, files=[value_only(one) for one in files], **layout)
        self.channel.on_msg(self._receive)

    @traitlets.default("_esm")
    def _default_esm(self) -> str:
        return script()

    @property
    def content(self) -> dict[str, Any]:
        """The content that is shown, as it was sent; empty before the first `show`."""
        return dict(self.channel.content)

    def snapshot(self) -> dict[str, Any]:
        """Return the value of each control as the page knows it, to be taken when a computation begins."""
        return {name: getattr(control, _trait(control)) for name, control in self.controls.items()}

    def show(
        self,
        sections: Mapping[str, str],
        figures: Mapping[str, Any] | None = None,
        *,
        inputs: Mapping[str, Any] | None = None,
        labels: Mapping[str, str] | None = None,
        valuetexts: Mapping[str, str | list[str]] | None = None,
        announce: str = "",
        query: str = "",
        computed_at: str = "",
        view: str = "",
    ) -> None:
        """Show one computation completely, and nothing of an earlier one.

        Parameters
        ----------
        sections
            HTML of each section by name, in the order of the page. Everything in it must be escaped already.
        figures
            Plotly figures by name: a ``plotly.graph_objects.Figure`` or its plain dictionary.
        inputs
            Value of each control that the content was computed for, as `snapshot` returns it; default: as they are now.
        labels, valuetexts
            Accessible name, and spoken value, of each slider by name of the control; of two handles a list of values.
        announce
            Sentence for the polite live region, spoken when it changes.
        query
            The case as a query string. A served page keeps it in the fragment of its address; a notebook ignores it.
        computed_at
            When this was computed, as text.
        view
            Value of ``data-view`` of the board's root, for style sheets. "present" also gives the arrow keys the
            keys "do:next", "do:previous", "do:therapy-up" and "do:therapy-down", and Enter "do:why". Escape is
            "do:leave" there and in the view "board". The key p is "do:present", the key u "do:undo".
        """
        self.channel.content = {
            "revision": self.channel.content.get("revision", 0) + 1,
            "answered": self._answered,
            "inputs": dict(self.snapshot() if inputs is None else inputs),
            "sections": dict(sections),
            "figures": {name: _json(figure) for name, figure in (figures or {}).items()},
            "labels": dict(labels or {}),
            "valuetexts": dict(valuetexts or {}),
            "announce": announce,
            "query": query,
            "computed_at": computed_at,
            "view": view,
        }

    def on_select(self, callback: Callable[[str], None]) -> None:
        """Call back with the key of each ``data-select`` element that is clicked or pressed; it may be any text."""
        self._selected.append(callback)

    def on_address(self, callback: Callable[[str], None]) -> None:
        """Call back once with the case of the address, without ``#``, when a served page is opened; it may be empty.

        A preheated kernel has run before the address was known; the page draws nothing until this has been answered.
        """
        self._addressed.append(callback)

    def download(self, name: str, mime: str, data: bytes) -> None:
        """Send a file to the browser, which saves it. The page on which a button was pressed last takes it."""
        self.channel.send({"type": "download", "name": name, "mime": mime}, buffers=[data])

    _answered = False

    def _receive(self, _channel: object, message: object, _buffers: object) -> None:
        """Handle a message of the page; ignore a malformed one."""
        match message:
            case {"type": "select", "key": str(key)} if len(key) <= LONGEST_KEY:
                for callback in self._selected:
                    callback(key)
            case {"type": "address", "query": str(query)} if not self._answered:
                self._answer(query)
            case {"type": "sync", "revision": int(revision)} if revision != self.channel.content.get("revision"):
                self.channel.send_state("content")
            case {"type": "inputs", "number": int(number)}:
                for control in self.controls.values():  # a lost connection loses new entries of a list, too
                    if "_options_labels" in control.keys:
                        control.send_state("_options_labels")
                self.channel.send({"type": "inputs", "number": number, "inputs": self.snapshot()})
            case {"type": "plotly"}:
                self.channel.send({"type": "plotly"}, buffers=[PLOTLY.read_bytes()])

    def _answer(self, query: str) -> None:
        """Apply the address that the page was opened with, and let the page draw."""
        self._answered = True
        for callback in self._addressed:
            callback(query)
        if self.channel.content and not self.channel.content["answered"]:
            self.channel.content = {**self.channel.content, "answered": True}


def _json(figure: Any) -> str:
    """Return a figure as JSON text. The page compares texts, and parses one only to draw it."""
    text: str = figure.to_json() if hasattr(figure, "to_json") else json.dumps(figure)
    return text
