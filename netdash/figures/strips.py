"""The strip: the values of one input at which each rule set is met, missed or open. Other inputs keep their values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netdash import ranges, rule_tables
from netdash.fields import Choice
from netdash.figures import theme
from netdash.figures.drawing import FigureDict, Trace, as_figure
from netdash.patient import FIELDS, Patient
from netdash.rules import RuleSet
from netdash.wording import VERDICT_WORDS

if TYPE_CHECKING:
    import plotly.graph_objects as go

_LOOKS = {
    "met": (theme.BLUE, "white", ""),
    "not_met": ("white", theme.INK, ""),
    "unknown": (theme.PALE, theme.INK, "/"),
}
"""By verdict: color, color of the text, hatching."""
ROW = 2.4
"""Height of a row, in sizes of the type."""
_HERE = {"color": theme.VERMILION, "width": 3, "dash": "dot"}


@dataclass(frozen=True)
class VerdictSpan:
    """A part of the input in which the verdict of a rule set does not change."""

    rule_set: str | RuleSet
    low: float
    high: float
    verdict: str
    text: str

    @property
    def title(self) -> str:
        """The title of the rule set."""
        return rule_tables.get(self.rule_set).title


def verdict_strip(
    patient: Patient, field: str, rule_sets: str | RuleSet | Iterable[str | RuleSet] | None = None, *, font_px: int = 13
) -> go.Figure:
    """Draw along one input where each rule set is met, missed or unknown.

    Parameters
    ----------
    patient : Patient
        The case; its own value is marked when known, and the interval of its possible values when known in part.
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

    Examples
    --------
    >>> import netdash as nd
    >>> nd.verdict_strip(nd.Patient(age_years=48), "age_years").layout.title.text
    'Age: 48 years'
    """
    return as_figure(strip_dict(patient, field, rule_sets, font_px=font_px))


def strip_dict(
    patient: Patient, field: str, rule_sets: str | RuleSet | Iterable[str | RuleSet] | None = None, *, font_px: int = 13
) -> FigureDict:
    """Return the strip as a plain dictionary; for the parameters see :func:`verdict_strip`."""
    ranges.ordered_field(field)
    asking = [name for name, found in rule_tables.load().items() if field in found.inputs]
    names = [rule_sets] if isinstance(rule_sets, str | RuleSet) else list(asking if rule_sets is None else rule_sets)
    if not names:
        raise ValueError(f"rule_sets: there is none to draw along {field!r}; expected some, such as 'milan_review'")
    found = [span for name in names for span in _span_rows(patient, field, name)]
    # Words are spaced evenly; each bar reaches halfway to the next word.
    beyond = 0.5 if isinstance(FIELDS[field], Choice) else 0.0
    data = [_bars([row for row in found if row.verdict == verdict], verdict, beyond) for verdict in _LOOKS]
    layout = _layout(patient, field, names, font_px)
    return {"data": data, "layout": {**layout, "meta": {"text": _sentence(found, names, field)}}}


def _span_rows(patient: Patient, field: str, rule_set: str | RuleSet) -> list[VerdictSpan]:
    found = ranges.verdict_span_rows(patient, field, rule_set)
    return [VerdictSpan(rule_set, row["low"], row["high"], row["verdict"], row["text"]) for row in found]


def _sentence(found: Sequence[VerdictSpan], names: Sequence[str | RuleSet], field: str) -> str:
    said = []
    for name in names:
        met, still_open = (
            " and ".join(row.text for row in found if (row.rule_set, row.verdict) == (name, verdict))
            for verdict in ("met", "unknown")
        )
        rest = f", {VERDICT_WORDS['unknown']} {still_open}" if still_open else ""
        said.append(f"{rule_tables.get(name).title} is met {met or 'nowhere'}{rest}")
    return f"Along {FIELDS[field].label}, the other inputs as they are: {'; '.join(said)}."


def _bars(found: Sequence[VerdictSpan], verdict: str, beyond: float) -> Trace:
    """Return the spans of one verdict; each reaches `beyond` its ends."""
    word, (color, ink, hatch) = VERDICT_WORDS[verdict], _LOOKS[verdict]
    return {
        "type": "bar",
        "orientation": "h",
        "name": word,
        "base": [row.low - beyond for row in found],
        "x": [row.high - row.low + 2 * beyond for row in found],
        "y": [row.title for row in found],
        "text": [word] * len(found),
        "textposition": "inside",
        "textangle": 0,
        "insidetextanchor": "middle",
        "textfont": {"color": ink},
        "marker": {"color": color, "line": {"color": theme.INK, "width": 1}, "pattern": {"shape": hatch}},
        "customdata": [row.text for row in found],
        "hovertemplate": "%{y}: %{text} %{customdata}<extra></extra>",
    }


def _here(place: Mapping[str, Any]) -> list[Mapping[str, object]]:
    """Return the mark of one place of the patient: a line, or the two ends of an interval and the band between."""
    low, high = place["low"], place["high"]
    if low == high:
        return [theme.upright(low, _HERE)]
    band = {"type": "rect", "x0": low, "x1": high, "xref": "x", "y0": 0, "y1": 1, "yref": "y domain"}
    color = {"fillcolor": theme.VERMILION, "opacity": 0.25, "line": {"width": 0}}
    return [{**band, **color}, *(theme.upright(at, _HERE) for at in (low, high))]


def _layout(patient: Patient, field: str, names: Sequence[str | RuleSet], font_px: int) -> Mapping[str, object]:
    asked = FIELDS[field]
    ends = [-0.5, len(asked.choices) - 0.5] if isinstance(asked, Choice) else [asked.minimum, asked.maximum]
    places = ranges.places(patient, field)
    ticks = {"tickvals": list(range(len(asked.choices))), "ticktext": [asked.show(word) for word in asked.choices]}
    return {
        **theme.layout(font_px),
        "height": round(font_px * (ROW * len(names) + 6.5)),
        "margin": {"l": 10, "r": 10, "t": round(font_px * 3.2), "b": round(font_px * 2.6)},
        "bargap": 0.12,
        "uniformtext": {"mode": "hide", "minsize": font_px},  # plotly hides a word that does not fit
        "title": {"text": f"{asked.label}: {asked.show(getattr(patient, field))}", "x": 0, "xref": "paper"},
        "barmode": "overlay",
        **({"shapes": [shape for place in places for shape in _here(place)]} if places else {}),
        "xaxis": {"range": ends, "fixedrange": True, "ticksuffix": "", **(ticks if asked.choices else {})},
        "yaxis": {
            "categoryorder": "array",
            "categoryarray": [rule_tables.get(name).title for name in reversed(names)],
            "automargin": True,
            "fixedrange": True,
        },
    }
