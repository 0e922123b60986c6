"""The map: the values of two inputs at which a rule set is met, missed or open, and the place of the patient."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import TYPE_CHECKING

from netdash import ranges, rule_tables
from netdash.fields import Count
from netdash.figures import theme
from netdash.figures.drawing import FigureDict, Trace, as_figure
from netdash.patient import FIELDS, Patient
from netdash.rules import RuleSet
from netdash.wording import VERDICT_WORDS

if TYPE_CHECKING:
    import plotly.graph_objects as go

VERDICT_CODES = {"not_met": 0, "unknown": 1, "met": 2}
"""The number of each verdict in the heat map."""
AS_THEY_ARE = "The other inputs as they are. "
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "12px,3px,3px,3px,3px,3px")
MOST_LINES = len(DASHES)
"""Rule sets of one map whose lines can be told apart."""
"""Line styles of outlines; as many rule sets can be told apart."""


@dataclass(frozen=True)
class Cell:
    """A rectangle of the map in which the verdict does not change."""

    x_low: float
    x_high: float
    y_low: float
    y_high: float
    verdict: str

    @property
    def area(self) -> float:
        """The size of the rectangle."""
        return (self.x_high - self.x_low) * (self.y_high - self.y_low)

    @property
    def middle(self) -> tuple[float, float]:
        """The point in the middle."""
        return (self.x_low + self.x_high) / 2, (self.y_low + self.y_high) / 2


def eligibility_map(
    patient: Patient,
    x: str = "age_years",
    y: str = "ki67_percent",
    rule_set: str | RuleSet | Iterable[str | RuleSet] = "milan_review",
    *,
    font_px: int = 13,
) -> go.Figure:
    """Draw where over two number inputs a rule set is met, the other inputs as they are.

    Parameters
    ----------
    patient : Patient
        The case; marked when both inputs are known, as a rectangle when one is known in part.
    x, y : str
        Names of two different number fields.
    rule_set : str or iterable of str
        One rule set fills the map. Of several, the first fills it and each is outlined where it is met.
    font_px : int
        Size of the type in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        ``layout.meta["text"]`` says the same in one sentence.

    Raises
    ------
    ValueError
        When a name is not known, a field has no numbers, or x and y are the same.

    Notes
    -----
    Edges lie exactly at the bounds of the criteria. The sentence says to which side a bound itself belongs
    ("under 55", "at most 55").

    Examples
    --------
    >>> import netdash as nd
    >>> nd.eligibility_map(nd.Patient(age_years=48)).layout.title.text
    'Milan, as the review quotes it'
    """
    return as_figure(map_dict(patient, x, y, rule_set, font_px=font_px))


def map_dict(
    patient: Patient,
    x: str,
    y: str,
    rule_set: str | RuleSet | Iterable[str | RuleSet] = "milan_review",
    *,
    font_px: int = 13,
) -> FigureDict:
    """Return the map as a plain dictionary; for the parameters see :func:`eligibility_map`."""
    names = [rule_set] if isinstance(rule_set, str | RuleSet) else list(rule_set)
    if not names:
        raise ValueError("rule_set: given none, expected one identifier or several, such as 'milan_review'")
    if len(names) > MOST_LINES:
        raise ValueError(f"rule_set: given {len(names)}, expected at most {MOST_LINES} lines that can be told apart")
    grids = {name: [Cell(**cell) for cell in ranges.verdict_grid_rows(patient, x, y, name)] for name in names}
    grid = grids[names[0]]
    traces = [_heat_map(grid)]
    if len(names) > 1:
        traces += [_outline(grids[name], name, dash) for name, dash in zip(grids, DASHES, strict=False)]
    notes = [_note(cell) for cell in _largest(grid)]
    for across, up in product(ranges.places(patient, x), ranges.places(patient, y)):
        here = Cell(across["low"], across["high"], up["low"], up["high"], "")
        traces.append(_patient(here, f"{_name(x)} {across['text']}, {_name(y)} {up['text']}", font_px))
        notes.append(_patient_note(here, font_px))
    text = AS_THEY_ARE + " ".join(_sentence(found, patient, x, y, name) for name, found in grids.items())
    return {"data": traces, "layout": {**_layout(x, y, names, font_px), "annotations": notes, "meta": {"text": text}}}


def _sentence(grid: Sequence[Cell], patient: Patient, x: str, y: str, rule_set: str | RuleSet) -> str:
    """Return where the rule set is met on the map, in words. The patient's values of both inputs do not matter."""
    here = f"{rule_tables.get(rule_set).title}:"
    met = [cell for cell in grid if cell.verdict == "met"]
    found = {cell.verdict for cell in grid}
    rest = " or ".join(VERDICT_WORDS[verdict] for verdict in ("not_met", "unknown") if verdict in found)
    if not met:
        return f"{here} met nowhere over {_name(x)} and {_name(y)} ({rest})."
    # Describe each axis along a line through the largest "met" cell. If all met cells form one rectangle, this
    # describes the whole region.
    middle = max(met, key=lambda cell: cell.area).middle
    inside = {
        name: round(at) if isinstance(FIELDS[name], Count) else at for name, at in zip((x, y), middle, strict=True)
    }
    across, up = (_met_along(patient.replace(**inside), name, rule_set) for name in (x, y))
    columns = {(cell.x_low, cell.x_high) for cell in met}
    rows = {(cell.y_low, cell.y_high) for cell in met}
    whole = len(met) == len(columns) * len(rows)
    elsewhere = f"; elsewhere {rest}" if rest and whole else "; and in other places" if not whole else ""
    return f"{here} met with {_name(x)} {across} and {_name(y)} {up}{elsewhere}."


def _met_along(patient: Patient, name: str, rule_set: str | RuleSet) -> str:
    found = ranges.verdict_span_rows(patient, name, rule_set)
    return " or ".join(span["text"] for span in found if span["verdict"] == "met")


def _note(cell: Cell) -> Mapping[str, object]:
    x, y = cell.middle
    color = "white" if cell.verdict == "met" else theme.INK
    return {
        "x": x,
        "y": y,
        "text": f"<b>{VERDICT_WORDS[cell.verdict]}</b>",
        "showarrow": False,
        "font": {"color": color},
    }


def _patient_note(here: Cell, font_px: int) -> Mapping[str, object]:
    place = {"x": here.middle[0], "y": here.y_high, "text": "this patient", "yshift": 1.5 * font_px}
    return {**place, "showarrow": False, "bgcolor": "rgba(255, 255, 255, 0.7)"}  # the edges of cells show through it


def _patient(here: Cell, hover: str, font_px: int) -> Trace:
    """Return the place of the patient: a cross, or the rectangle that is possible."""
    color = {"color": theme.VERMILION, "width": 3}
    exact: Trace = {
        "mode": "markers",
        "marker": {"symbol": "x", "size": font_px, "color": theme.VERMILION, "line": {"color": "white", "width": 2}},
    }
    left, right, low, high = here.x_low, here.x_high, here.y_low, here.y_high
    rectangle: Trace = {"mode": "lines", "line": color, "fill": "toself", "fillcolor": "rgba(213, 94, 0, 0.25)"}
    is_exact = (left, low) == (right, high)
    return {
        "type": "scatter",
        "x": [left] if is_exact else [left, right, right, left, left],
        "y": [low] if is_exact else [low, low, high, high, low],
        **(exact if is_exact else rectangle),
        "name": "this patient",
        "showlegend": False,
        "hovertemplate": f"{hover}<extra>this patient</extra>",
    }


def _heat_map(grid: Sequence[Cell]) -> Trace:
    across = sorted({end for cell in grid for end in (cell.x_low, cell.x_high)})
    up = sorted({end for cell in grid for end in (cell.y_low, cell.y_high)})
    codes = {(cell.x_low, cell.y_low): VERDICT_CODES[cell.verdict] for cell in grid}
    steps = ((0, 0.33, "white"), (0.33, 0.67, theme.PALE), (0.67, 1, theme.BLUE))
    return {
        "type": "heatmap",
        "x": across,
        "y": up,
        "z": [[codes[left, low] for left in across[:-1]] for low in up[:-1]],
        "colorscale": [[end, color] for low, high, color in steps for end in (low, high)],
        "zmin": 0,
        "zmax": 2,
        "showscale": False,
        "hoverinfo": "skip",
    }


def _outline(grid: Sequence[Cell], name: str | RuleSet, dash: str) -> Trace:
    """Return the edges that belong to exactly one "met" cell."""
    edges: dict[tuple[tuple[float, float], tuple[float, float]], int] = {}
    for cell in (cell for cell in grid if cell.verdict == "met"):
        (left, right), (low, high) = (cell.x_low, cell.x_high), (cell.y_low, cell.y_high)
        for a, b in pairwise([(left, low), (right, low), (right, high), (left, high), (left, low)]):
            edges[min(a, b), max(a, b)] = edges.get((min(a, b), max(a, b)), 0) + 1
    alone = [edge for edge, count in edges.items() if count == 1]
    title = rule_tables.get(name).title
    return {
        "type": "scatter",
        "mode": "lines",
        "line": {"dash": dash, "width": 3, "color": theme.INK},
        # plotly leaves a trace without points out of the legend. An empty point keeps it there.
        "x": [value for a, b in alone for value in (a[0], b[0], None)] or [None],
        "y": [value for a, b in alone for value in (a[1], b[1], None)] or [None],
        "name": title if alone else f"{title}: met nowhere",
    }


def _largest(grid: Sequence[Cell]) -> list[Cell]:
    """Return the largest cell of each verdict, where the verdict is written."""
    by_verdict = {cell.verdict: cell for cell in sorted(grid, key=lambda cell: cell.area)}
    return list(by_verdict.values())


def _layout(x: str, y: str, names: Sequence[str | RuleSet], font_px: int) -> Mapping[str, object]:
    axes = {
        place: {
            "title": {"text": f"{FIELDS[name].label}, {FIELDS[name].unit}"},
            "range": [FIELDS[name].minimum, FIELDS[name].maximum],
            "showgrid": False,
            "mirror": True,
            "showline": True,
            "linecolor": theme.INK,
            "fixedrange": True,
        }
        for place, name in (("xaxis", x), ("yaxis", y))
    }
    several = {"showlegend": True, "legend": {"orientation": "h", "y": -0.3}} if len(names) > 1 else {}
    text = rule_tables.get(names[0]).title if len(names) == 1 else "Where each is met"
    return {**theme.layout(font_px), **axes, "title": {"text": text, "x": 0, "xref": "paper"}, **several}


def _name(field: str) -> str:
    return FIELDS[field].topic
