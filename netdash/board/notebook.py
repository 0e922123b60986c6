"""A board as an output of a notebook: what is shown where no kernel runs, and how all of it is closed.

A board is two outputs. The first is its case, verdicts and disclaimer as plain HTML. nbconvert, GitHub, a notebook
that is not trusted and one that was reopened without its kernel show it. The second is the board itself; its style
sheet hides the first. One output with both forms would not do: nbconvert and JupyterLab take the widget and then cannot
draw it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any

import ipywidgets
from traitlets import HasTraits

from netdash.assessment import assess
from netdash.own_criteria import OwnCriteria
from netdash.patient import FIELDS, Patient


def one_line(patient: Patient) -> str:
    """Return a board in one line of text: "Board: Age 55 years; Ki-67 8 %. Run the cell to use it."."""
    known = "; ".join(FIELDS[name].capitalized(value) for name, value in patient.entered.items())
    return f"Board: {known or 'nothing is entered'}. Run the cell to use it."


def static(patient: Patient, own: OwnCriteria | None, mark: str) -> str:
    """Return case, verdicts and disclaimer as HTML with the class `mark`, which the board's style sheet hides."""
    found = assess(patient, criteria=own)
    said = "<b>netdash</b>: the board as it was when this cell was run. Run the cell to use it."
    return f'<div class="{mark}"><p>{said}</p>{found._repr_html_()}</div>'


def hiding(mark: str) -> str:
    """Return the rules by which a board hides its plain HTML; the first removes the empty space in JupyterLab."""
    return f".jp-OutputArea-child:has(.{mark}) {{ display: none; }} .{mark} {{ display: none; }}"


def is_served() -> bool:
    """Return whether this kernel serves a page of netdash or Voila, which shows nothing but the board."""
    return "netdash.server.kernel" in sys.modules or os.environ.get("SERVER_SOFTWARE", "").startswith("voila")


def widgets_of(*held: Any) -> list[ipywidgets.Widget]:
    """Return every widget among some objects and inside them, each once: in widgets, containers, parts of the board."""
    seen: dict[int, Any] = {}
    waiting = list(held)
    while waiting:
        one = waiting.pop()
        if id(one) not in seen:
            seen[id(one)] = one
            waiting += _inside(one)
    return [one for one in seen.values() if isinstance(one, ipywidgets.Widget)]


def _inside(one: Any) -> Iterable[Any]:
    if isinstance(one, ipywidgets.Widget):
        return [getattr(one, name) for name in one.keys] if one.comm is not None else []
    if isinstance(one, dict):
        return one.values()
    if isinstance(one, list | tuple):
        return one
    # Controls and pages hold widgets that are not shown at the moment.
    own = type(one).__module__.startswith("netdash.board") and not isinstance(one, HasTraits)
    return vars(one).values() if own and hasattr(one, "__dict__") else []
