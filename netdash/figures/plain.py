"""Figures as plain dictionaries for the board, and as plotly's own for everybody else."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, ParamSpec

if TYPE_CHECKING:
    import plotly.graph_objects as go

Drawing = dict[str, Any]
"""A figure as plotly.js takes it: ``data``, a list of traces, and ``layout``."""
P = ParamSpec("P")


class Figure(Generic[P]):
    """A function that draws: called, it returns plotly's figure.

    Plotly's classes check every value against a table of all there are, which costs a kernel 18 MB and a picture more
    time than the rest of it. The page needs none of that, and takes `plain`.

    Attributes
    ----------
    plain : callable
        The same function, returning a :data:`Drawing`.
    """

    def __init__(self, plain: Callable[P, Drawing]) -> None:
        self.plain = plain
        functools.update_wrapper(self, plain)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> go.Figure:
        """Return the figure as plotly's own class."""
        import plotly.graph_objects as go

        return go.Figure(self.plain(*args, **kwargs))
