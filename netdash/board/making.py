"""How the widgets of a board are made: they share one layout, and one style for each kind.

ipywidgets makes a layout and a style for each widget. These were more than half of the widgets of a board.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import ipywidgets

_looks: ContextVar[dict[type, ipywidgets.Widget] | None] = ContextVar("looks", default=None)
"""The layout and the styles that are shared, by kind; None where every widget gets its own."""


@contextmanager
def shared_looks() -> Iterator[None]:
    """Let the widgets that are made meanwhile share their looks. A board closes them with its widgets."""
    before = _looks.set({})
    try:
        yield
    finally:
        _looks.reset(before)


def make(kind: type, *arguments: Any, classes: str = "", **traits: Any) -> Any:
    """Return a widget with classes of style sheets. Its layout and its style are those of others: style it by class.

    Examples
    --------
    >>> make(ipywidgets.Box, classes="nd-head nd-bar")._dom_classes
    ('nd-head', 'nd-bar')
    """
    looks = _looks.get()
    if looks is not None:
        for name in ("layout", "style"):
            if name not in traits and hasattr(kind, name):
                traits[name] = _look(getattr(kind, name).klass, looks)
    return kind(*arguments, _dom_classes=classes.split(), **traits)


def _look(kind: type, looks: dict[type, ipywidgets.Widget]) -> ipywidgets.Widget:
    if kind not in looks:
        looks[kind] = kind()
    return looks[kind]
