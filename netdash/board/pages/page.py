"""A page: one of the ways to look at the case, with controls of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import ipywidgets as w
import traitlets as t

from netdash.assessment import Assessment
from netdash.board.state import State


@dataclass(frozen=True)
class Drawn:
    """What a page shows: sections of HTML and the figures in them by name, and a sentence to be spoken."""

    sections: Mapping[str, str]
    figures: Mapping[str, Any] = field(default_factory=dict)
    says: str = ""


class Page:
    """One of the board's pages.

    Parameters
    ----------
    state : State
        The one state; a page is a function of it.

    Attributes
    ----------
    name, title : str
        Identifier, and what its tab is called.
    about_the_case : bool
        Whether the inputs and the case in words stand beside it.
    toolbar : list of ipywidgets.DOMWidget
        The page's own controls, shown in the head of the board while the page is open.
    parts : dict of str to ipywidgets.ValueWidget
        Those of its controls whose values the page in the browser compares with those a picture was computed for.
    traits : list of traitlets.HasTraits
        Parts of the state whose every change is drawn.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    about_the_case: ClassVar[bool] = True

    def __init__(self, state: State) -> None:
        self.state = state
        self.toolbar: list[w.DOMWidget] = []
        self.parts: dict[str, w.ValueWidget] = {}
        self.traits: list[t.HasTraits] = []

    def draw(self, assessment: Assessment) -> Drawn:
        """Return what is shown of the state."""
        raise NotImplementedError

    def csv(self) -> tuple[str, bytes]:
        """Return the name and the content of a file with what is shown."""
        raise NotImplementedError

    def press(self, word: str, what: str) -> None:
        """Do what a button with the key ``word:what`` asks for; any text can come."""


def offer_file(label: str, tip: str, take: Callable[[bytes], None]) -> w.FileUpload:
    """Return a button that opens a CSV file and hands its content on; the file goes nowhere else."""
    upload = w.FileUpload(accept=".csv", icon="", description=label, tooltip=tip)

    def opened(event: t.Bunch) -> None:
        if event["new"]:
            upload.value = ()
            content = event["new"][0].get("content")
            if isinstance(content, memoryview | bytes):  # a page can send anything; of a number, bytes would be as many
                take(bytes(content))

    upload.observe(opened, "value")
    return upload


def choose(traits: t.HasTraits, name: str, options: Any, label: str, tip: str) -> w.Dropdown:
    """Return a list to choose from, held to a trait in both directions."""
    chooser = w.Dropdown(options=options, value=getattr(traits, name), description=label, tooltip=tip)
    t.link((traits, name), (chooser, "value"))
    return chooser
