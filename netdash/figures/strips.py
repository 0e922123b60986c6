"""The strip: where along one input each rule set is met, missed or unknown, the other inputs as they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from netdash import rule_tables
from netdash.fields import Choice
from netdash.figures import theme
from netdash.figures.plain import Drawing, Figure
from netdash.patient import FIELDS, Patient
from netdash.ranges import verdict_span_rows

LOOKS = {
    "met": ("met", theme.BLUE, "white", ""),
    "not_met": ("not met", "white", theme.INK, ""),
    "unknown": ("cannot tell", theme.PALE, theme.INK, "/"),
}
_HERE = {"color": theme.VERMILION, "width": 3, "dash": "dot"}


def strip_text(patient: Patient, field: str, rule_sets: Iterable[str]) -> str:
    """Return the strip in one sentence; the parameters are those of :func:`verdict_strip`."""
    return _sentence({name: verdict_span_rows(patient, field, name) for name in rule_sets}, field)


def _sentence(spans: Mapping[str, list[dict[str, Any]]], field: str) -> str:
    said = []
    for name, found in spans.items():
        met, untold = (
            " and ".join(row["text"] for row in found if row["verdict"] == word) for word in ("met", "unknown")
        )
        said.append(
            f"{rule_tables.get(name).title} is met {met or 'nowhere'}{f', cannot be told {untold}' * bool(untold)}"
        )
    return f"Along {FIELDS[field].label}, the other inputs as they are: {'; '.join(said)}."


@Figure
def verdict_strip(
    patient: Patient, field: str, rule_sets: str | Iterable[str] | None = None, *, font_px: int = 13
) -> Drawing:
    """Draw along one input where each rule set is met, missed or unknown.

    Parameters
    ----------
    patient : Patient
        The case; its own value is marked when known.
    field : str
        A field with numbers, or with words in an order.
    rule_sets : str or iterable of str, optional
        One identifier or several; those that ask for the field when not given.
    font_px : int
        Size of the type in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        ``layout.meta["text"]`` says the same in words, with the side to which each bound belongs.

    Raises
    ------
    ValueError
        When a name is not known or the field has no order.
    """
    asking = [name for name, found in rule_tables.load().items() if field in found.inputs]
    names = [rule_sets] if isinstance(rule_sets, str) else list(asking if rule_sets is None else rule_sets)
    if not names:
        raise ValueError(f"rule_sets: there is none to draw along {field!r}; expected some, such as 'milan_review'")
    spans = {name: verdict_span_rows(patient, field, name) for name in names}
    data = []
    for verdict, look in LOOKS.items():
        found = [(name, row) for name in names for row in spans[name] if row["verdict"] == verdict]
        data.append(_bars(found, look, 0.5 * isinstance(FIELDS[field], Choice)))
    layout = _layout(patient, field, names, font_px)
    return {"data": data, "layout": {**layout, "meta": {"text": _sentence(spans, field)}}}


def _bars(
    found: Sequence[tuple[str, Mapping[Any, Any]]], look: tuple[str, str, str, str], beyond: float
) -> dict[str, object]:
    """Return the stretches of one verdict; a word reaches half the way to its neighbors beyond its place."""
    word, color, ink, hatch = look
    return {
        "type": "bar",
        "orientation": "h",
        "name": word,
        "base": [row["low"] - beyond for _, row in found],
        "x": [row["high"] - row["low"] + 2 * beyond for _, row in found],
        "y": [rule_tables.get(name).title for name, _ in found],
        "text": [word] * len(found),
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textfont": {"color": ink},
        "marker": {"color": color, "line": {"color": theme.INK, "width": 1}, "pattern": {"shape": hatch}},
        "customdata": [row["text"] for _, row in found],
        "hovertemplate": "%{y}: %{text} %{customdata}<extra></extra>",
    }


def _layout(patient: Patient, field: str, names: list[str], font_px: int) -> dict[str, object]:
    asked = FIELDS[field]
    ends = [-0.5, len(asked.choices) - 0.5] if isinstance(asked, Choice) else [asked.minimum, asked.maximum]
    value = getattr(patient, field)
    at = asked.choices.index(str(value)) if asked.choices and value is not None else value
    ticks = {"tickvals": list(range(len(asked.choices))), "ticktext": [asked.show(word) for word in asked.choices]}
    return {
        **theme.layout(font_px),
        "title": {"text": f"{asked.label}: {asked.show(value)}", "x": 0, "xref": "paper"},
        "barmode": "overlay",
        **({} if value is None else {"shapes": [theme.upright(at, _HERE)]}),
        "xaxis": {"range": ends, "fixedrange": True, "ticksuffix": "", **(ticks if asked.choices else {})},
        "yaxis": {
            "categoryorder": "array",
            "categoryarray": [rule_tables.get(name).title for name in reversed(names)],
            "automargin": True,
            "fixedrange": True,
        },
    }
