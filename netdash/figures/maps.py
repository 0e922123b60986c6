"""The map: where over two inputs a rule set is met, missed or unknown, and where the patient stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from netdash import rule_tables
from netdash.fields import Count
from netdash.figures import theme
from netdash.figures.plain import Drawing, Figure
from netdash.patient import FIELDS, Patient
from netdash.ranges import verdict_grid_rows, verdict_span_rows

Cell = Mapping[str, Any]
CODES = {"not_met": 0, "unknown": 1, "met": 2}
WORDS = {"not_met": "not met", "unknown": "cannot tell", "met": "met"}
AS_THEY_ARE = "The other inputs as they are. "
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "12px,3px,3px,3px,3px,3px")


def map_text(patient: Patient, x: str, y: str, rule_set: str) -> str:
    """Return the map in one sentence; the parameters are those of :func:`eligibility_map`."""
    return AS_THEY_ARE + _sentence(verdict_grid_rows(patient, x, y, rule_set), patient, x, y, rule_set)


def _sentence(grid: Sequence[Cell], patient: Patient, x: str, y: str, rule_set: str) -> str:
    """Say where the rule set is met over the whole map, whatever is known of the patient's own two values."""
    here = f"{rule_tables.get(rule_set).title}:"
    met = [cell for cell in grid if cell["verdict"] == "met"]
    rest = " or ".join(WORDS[verdict] for verdict in ("not_met", "unknown") if _any(grid, verdict))
    if not met:
        return f"{here} met nowhere over {_name(x)} and {_name(y)} ({rest})."
    # Along each input as it is seen from the largest cell that is met: all of it, where the cells are one rectangle.
    inside = {name: _middle(name, max(met, key=_area), side) for name, side in ((x, "x"), (y, "y"))}
    across, up = (_met_along(patient.replace(**inside), name, rule_set) for name in (x, y))
    sides = [{(cell[f"{side}_low"], cell[f"{side}_high"]) for cell in met} for side in "xy"]
    whole = len(met) == len(sides[0]) * len(sides[1])
    elsewhere = f"; elsewhere {rest}" if rest and whole else "; and in other places" if not whole else ""
    return f"{here} met with {_name(x)} {across} and {_name(y)} {up}{elsewhere}."


def _any(grid: Sequence[Cell], verdict: str) -> bool:
    return any(cell["verdict"] == verdict for cell in grid)


def _middle(name: str, cell: Cell, side: str) -> float:
    value = float(cell[f"{side}_low"] + cell[f"{side}_high"]) / 2
    return round(value) if isinstance(FIELDS[name], Count) else value


def _met_along(patient: Patient, name: str, rule_set: str) -> str:
    return " or ".join(
        found["text"] for found in verdict_span_rows(patient, name, rule_set) if found["verdict"] == "met"
    )


@Figure
def eligibility_map(
    patient: Patient,
    x: str = "age_years",
    y: str = "ki67_percent",
    rule_set: str | Iterable[str] = "milan_review",
    *,
    font_px: int = 13,
) -> Drawing:
    """Draw where over two number inputs a rule set is met, the other inputs as they are.

    Parameters
    ----------
    patient : Patient
        The case; marked when both inputs are known.
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
    Edges lie exactly at the bounds of the criteria. To which side a bound itself belongs ("under 55", "at most 55")
    is said in the sentence.
    """
    names = [rule_set] if isinstance(rule_set, str) else list(rule_set)
    if not names:
        raise ValueError("rule_set: given none, expected one identifier or several, such as 'milan_review'")
    if len(names) > len(DASHES):
        raise ValueError(f"rule_set: given {len(names)}, expected at most {len(DASHES)} lines that can be told apart")
    grids = {name: verdict_grid_rows(patient, x, y, name) for name in names}
    grid = grids[names[0]]
    traces: list[dict[str, Any]] = [
        {**_bricks(grid), "colorscale": _colors(), "zmin": 0, "zmax": 2, "showscale": False, "hoverinfo": "skip"}
    ]
    if len(names) > 1:
        traces += [_outline(grids[name], name, dash) for name, dash in zip(grids, DASHES, strict=False)]
    notes = [_note(cell) for cell in _largest(grid)]
    here = getattr(patient, x), getattr(patient, y)
    if None not in here:
        traces.append(_patient(here, f"{_name(x)} %{{x}}, {_name(y)} %{{y}}", font_px))
        notes.append(  # bounds show through it
            {"x": here[0], "y": here[1], "text": "this patient", "yshift": 1.5 * font_px}
            | {"showarrow": False, "bgcolor": "rgba(255, 255, 255, 0.7)"}
        )
    meta = {"text": AS_THEY_ARE + " ".join(_sentence(found, patient, x, y, name) for name, found in grids.items())}
    return {"data": traces, "layout": {**_layout(x, y, names, font_px), "annotations": notes, "meta": meta}}


def _note(cell: Cell) -> dict[str, Any]:
    return {
        "x": (cell["x_low"] + cell["x_high"]) / 2,
        "y": (cell["y_low"] + cell["y_high"]) / 2,
        "text": f"<b>{WORDS[cell['verdict']]}</b>",
        "showarrow": False,
        "font": {"color": "white" if cell["verdict"] == "met" else theme.INK},
    }


def _patient(here: tuple[float, float], hover: str, font_px: int) -> dict[str, Any]:
    return {
        "type": "scatter",
        "x": [here[0]],
        "y": [here[1]],
        "mode": "markers",
        "name": "this patient",
        "showlegend": False,
        "marker": {"symbol": "x", "size": font_px, "color": theme.VERMILION, "line": {"color": "white", "width": 2}},
        "hovertemplate": f"{hover}<extra>this patient</extra>",
    }


def _bricks(grid: Sequence[Cell]) -> dict[str, Any]:
    across, up = (sorted({cell[f"{side}_{end}"] for cell in grid for end in ("low", "high")}) for side in "xy")
    codes = {(cell["x_low"], cell["y_low"]): CODES[cell["verdict"]] for cell in grid}
    return {
        "type": "heatmap",
        "x": across,
        "y": up,
        "z": [[codes[left, low] for left in across[:-1]] for low in up[:-1]],
    }


def _outline(grid: Sequence[Cell], name: str, dash: str) -> dict[str, Any]:
    """Return the edges of the cells where a rule set is met that no other such cell shares."""
    edges: dict[tuple[tuple[float, float], tuple[float, float]], int] = {}
    for cell in (cell for cell in grid if cell["verdict"] == "met"):
        (left, right), (low, high) = (cell["x_low"], cell["x_high"]), (cell["y_low"], cell["y_high"])
        for a, b in pairwise([(left, low), (right, low), (right, high), (left, high), (left, low)]):
            edges[min(a, b), max(a, b)] = edges.get((min(a, b), max(a, b)), 0) + 1
    alone = [edge for edge, count in edges.items() if count == 1]
    title = rule_tables.get(name).title
    return {
        "type": "scatter",
        "mode": "lines",
        "line": {"dash": dash, "width": 3, "color": theme.INK},
        # A trace without a point has no place in the legend, so that nowhere is drawn as no point at all.
        "x": [value for a, b in alone for value in (a[0], b[0], None)] or [None],
        "y": [value for a, b in alone for value in (a[1], b[1], None)] or [None],
        "name": title if alone else f"{title}: met nowhere",
    }


def _largest(grid: Sequence[Cell]) -> list[Cell]:
    """Return the largest cell of each verdict, where the verdict is written."""
    by_verdict = {cell["verdict"]: cell for cell in sorted(grid, key=_area)}
    return list(by_verdict.values())


def _area(cell: Cell) -> float:
    return float((cell["x_high"] - cell["x_low"]) * (cell["y_high"] - cell["y_low"]))


def _colors() -> list[list[Any]]:
    return [[0, "white"], [0.33, "white"], [0.33, theme.PALE], [0.67, theme.PALE], [0.67, theme.BLUE], [1, theme.BLUE]]


def _layout(x: str, y: str, names: list[str], font_px: int) -> dict[str, Any]:
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
    title = {
        "text": rule_tables.get(names[0]).title if len(names) == 1 else "Where each is met",
        "x": 0,
        "xref": "paper",
    }
    return {**theme.layout(font_px), **axes, "title": title, **several}


def _name(field: str) -> str:
    label = FIELDS[field].label
    return label if label.startswith("Ki") else label.lower()
