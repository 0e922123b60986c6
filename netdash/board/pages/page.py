"""The base class of the board's pages, and two widgets that pages use."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import ipywidgets
import traitlets

from netdash.assessment import Assessment
from netdash.board.making import make
from netdash.board.state import State

LONGEST_NAME = 60
"""The most characters that are kept of the name of a file."""
Commands = Mapping[str, Callable[[str], None]]
"""Functions by command: ``"word:what"`` of a button, or ``"word:"`` for every `what`; each is called with `what`."""


@dataclass(frozen=True)
class Drawn:
    """The content of a page.

    Attributes
    ----------
    sections, figures : dict
        HTML of the sections and figures inside them, by name.
    says : str
        The sentence that a screen reader speaks.
    """

    sections: Mapping[str, str]
    figures: Mapping[str, Any] = field(default_factory=dict)
    says: str = ""


class Page:
    """One of the board's pages.

    Parameters
    ----------
    state : State
        The state of the board.

    Attributes
    ----------
    name, title : str
        Identifier, text of its tab.
    about_the_case : bool
        True when the inputs and the case in words are shown with the page.
    toolbar : list of ipywidgets.DOMWidget
        The controls of the page, shown in the head of the board while the page is open.
    parts : dict of str to ipywidgets.ValueWidget
        The controls whose values the browser compares with those that a picture was computed for, by name.
    traits : list of traitlets.HasTraits
        The parts of the state whose changes are drawn.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    about_the_case: ClassVar[bool] = True

    def __init__(self, state: State) -> None:
        self.state = state
        self.toolbar: list[ipywidgets.DOMWidget] = []
        self.parts: dict[str, ipywidgets.ValueWidget] = {}
        self.traits: list[traitlets.HasTraits] = []

    @property
    def choosers(self) -> dict[str, ipywidgets.Dropdown]:
        """The lists of the toolbar by name: what they show, too, is compared with what a picture was computed for."""
        lists = (control for control in self.toolbar if isinstance(control, ipywidgets.Dropdown))
        return {f"{self.name}-{control.description.lower()}": control for control in lists}

    def draw(self, assessment: Assessment) -> Drawn:
        """Return the content of the page for the current state."""
        raise NotImplementedError

    def csv(self) -> tuple[str, bytes]:
        """Return name and content of a CSV file with the rows that are shown."""
        raise NotImplementedError

    def commands(self) -> Commands:
        """Return what the buttons of this page do."""
        return {}


def offer_file(label: str, tip: str, take: Callable[[bytes], None]) -> ipywidgets.FileUpload:
    """Return a button that opens a CSV file and passes its content to `take`; the file is not stored."""
    return offer_named_file(label, tip, lambda content, _: take(content))


def offer_named_file(label: str, tip: str, take: Callable[[bytes, str], None]) -> ipywidgets.FileUpload:
    """Return a button that opens a CSV file and passes its content and its name to `take`; the file is not stored."""
    upload: ipywidgets.FileUpload = make(ipywidgets.FileUpload, accept=".csv", icon="", description=label, tooltip=tip)

    def opened(event: traitlets.Bunch) -> None:
        if event["new"]:
            upload.value = ()
            content = event["new"][0].get("content")
            # Check the type: a browser can send any JSON, and bytes(10**9) allocates a gigabyte.
            if isinstance(content, memoryview | bytes):
                take(bytes(content), _file_name(event["new"][0].get("name")))

    upload.observe(opened, "value")
    return upload


def _file_name(name: object) -> str:
    """Return the name of a file that a browser sends, which can be any JSON, as one short line without a path."""
    text = re.split(r"[/\\\\]", str(name))[-1]
    return "".join(letter for letter in text if letter.isprintable())[:LONGEST_NAME]


def choose(traits: traitlets.HasTraits, name: str, options: Any, label: str, tip: str) -> ipywidgets.Dropdown:
    """Return a drop-down list that is linked to a trait in both directions."""
    words = {"description": label, "tooltip": tip}
    chooser: ipywidgets.Dropdown = make(ipywidgets.Dropdown, options=options, value=getattr(traits, name), **words)
    traitlets.link((traits, name), (chooser, "value"))
    return chooser
