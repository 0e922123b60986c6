"""Data frames that answer two usual mistakes in words: brackets after a table, and a query for a value in no row."""

from __future__ import annotations

import re
import warnings
from typing import Any

import pandas as pd

from netdash.refusals import hint

LONGEST_NAME = 40
"""The most characters of a cell that a query is compared with; longer cells are sentences."""


class DataFrame(pd.DataFrame):
    """A table of netdash. What is made of it, such as a selection, is a plain data frame."""

    def __call__(self, *given: object, **named: object) -> pd.DataFrame:
        """Refuse brackets: a table is no function."""
        raise TypeError("a table is no function; leave the brackets out, such as assessment.verdicts")

    def query(self, expr: str, **options: Any) -> Any:
        """Return the rows of an expression, as pandas does; warn when it asks for a text that no row has."""
        options["level"] = options.get("level", 0) + 1  # pandas looks up @names in the frame of the caller
        found = super().query(expr, **options)
        if found is not None and found.empty:
            self._warn_of_texts_in_no_row(expr)
        return found

    def _warn_of_texts_in_no_row(self, expr: str) -> None:
        named = [name for name in self.select_dtypes(["object", "string"]) if str(name) in expr]
        cells = {cell for name in named for cell in self[name].dropna() if isinstance(cell, str)}
        for asked in re.findall(r"""["']([^"']+)["']""", expr):
            if asked not in cells:
                near = hint(asked, sorted(cell for cell in cells if len(cell) <= LONGEST_NAME))
                warnings.warn(f"query: {asked!r} is in no row{near}", stacklevel=3)
