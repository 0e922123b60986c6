"""A plotly figure that is also shown where plotly's JavaScript is not: sentence, caption and data as HTML."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
import plotly.io as pio

from netdash.wording import html_table

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 60
"""The most rows of data that the HTML of a picture shows."""
HOW_TO_EXPORT = (
    "The picture itself is drawn by JupyterLab and Notebook. For an export set plotly.io.renderers.default = "
    '"notebook" before it is drawn, or write it with nd.save(figure, "picture.html").'
)


class Picture(go.Figure):  # type: ignore[misc]
    """A figure of netdash: plotly's Figure, which nbconvert, GitHub and a screen reader can read as well."""

    def __repr__(self) -> str:
        """Return title and sentence; plotly would print every number."""
        from netdash.figures.export import plain

        title = " ".join(str(plain(self.layout.title.text or "untitled")).split())
        return f"Picture: {title}. {self._said('text')}"

    def _said(self, what: str) -> str:
        meta = self.layout.meta
        return str(meta.get(what) or "") if isinstance(meta, dict) else ""

    def as_html(self) -> str:
        """Return sentence, caption and data as HTML, without a script."""
        from netdash.figures.export import figure_data

        table = _whole(figure_data(self))
        rows = [
            [_cell(row[name]) for name in ("group", "name", "trace", "x", "low", "high", "text")]
            for row in table.head(MOST_ROWS).to_dict("records")
        ]
        more = len(table) - len(rows)
        texts = [self._said("caption"), f"{more} more rows: nd.drawn(figure)." if more else "", HOW_TO_EXPORT]
        said = "".join(f"<p>{html.escape(text)}</p>" for text in texts if text)
        head = ("Group", "Name", "Mark", "Value", "Low", "High", "Text")
        sentence = html.escape(self._said("text"))
        return f'<div class="nd-picture"><p><b>{sentence}</b></p>{html_table(rows, head)}{said}</div>'

    def _repr_mimebundle_(self, *given: Any, **options: Any) -> dict[str, Any]:
        """Return plotly's bundle; with HTML and text where plotly's renderer gives none."""
        bundle: dict[str, Any] = super()._repr_mimebundle_(*given, **options) or {}
        return {"text/html": self.as_html(), "text/plain": repr(self), **bundle}

    def _ipython_display_(self) -> None:
        """Show the bundle; with a renderer that opens a window of its own, as plotly does."""
        from IPython.display import publish_display_data as publish

        if pio.renderers.render_on_display and self._repr_mimebundle_().keys() > {"text/html", "text/plain"}:
            publish(self._repr_mimebundle_())  # type: ignore[no-untyped-call]
        else:
            super()._ipython_display_()


def _whole(data: pd.DataFrame) -> pd.DataFrame:
    """Return the data of a figure with the ends of each interval in the row of its point."""
    of_points = data["y"].isin(data.loc[data["x"].notna(), "y"])
    alone = data["x"].isna() & data["low"].notna() & (data["text"] == "") & of_points
    ends, rows = data[alone].drop_duplicates("y").set_index("y"), data[~alone]
    return rows.assign(**{end: rows[end].fillna(rows["y"].map(ends[end])) for end in ("low", "high")})


def _cell(value: object) -> str:
    if value is None or value != value:  # noqa: PLR0124 - only a missing number differs from itself
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
