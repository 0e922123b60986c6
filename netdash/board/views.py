"""What the board shows of its state: each view is a function that returns HTML or a figure."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from itertools import groupby
from typing import Any

import netdash
from netdash import evidence
from netdash.assessment import HONESTY, Assessment
from netdash.board.state import State
from netdash.figures.forest import caption, forest, forest_table, forest_text
from netdash.patient import FIELDS
from netdash.rules import Verdict

SAID = {Verdict.MET: "met", Verdict.NOT_MET: "not met", Verdict.UNKNOWN: "cannot tell"}
MARK = {Verdict.MET: "●", Verdict.NOT_MET: "✕", Verdict.UNKNOWN: "?"}
BASIS = {"later": "later", "population": "trial", "label": "label, later"}
ROLE = {"caution": "caution", "favors": "favors", "prognostic": "outlook"}


@functools.cache
def _templates() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("netdash.board"), autoescape=True, trim_blocks=True, undefined=StrictUndefined
    )
    environment.globals.update(said=SAID, mark=MARK, basis=BASIS, role=ROLE)
    return environment


def _render(template: str, **values: Any) -> str:
    return str(_templates().get_template(f"{template}.html").render(**values))


def case(state: State, at: str) -> str:
    """Return the case in words, when it was computed, and what was refused."""
    known = [f"{FIELDS[name].label} {FIELDS[name].show(value)}" for name, value in state.patient.to_dict().items()]
    return _render("case", example=state.example, known=known, at=at, refusals=list(state.refusals.values()))


def verdicts(assessment: Assessment, selected: str) -> str:
    """Return the verdicts of all rule sets in fixed order."""
    groups = groupby(assessment.judgements, key=lambda j: j.rule_set.therapy)
    therapies = [(evidence.therapy_name(therapy), list(judgements)) for therapy, judgements in groups]
    return _render("verdicts", therapies=therapies, selected=selected)


def findings(assessment: Assessment, selected: str) -> str:
    """Return the criteria of one rule set: what is asked, what is there, what would change it, where it stands."""
    judgement = assessment[selected]
    flips = {
        f.criterion.criterion_id: "; ".join(
            FIELDS[name].show(needed)
            if name == f.criterion.quantity.name
            else f"{FIELDS[name].label} {FIELDS[name].show(needed)}"
            for name, needed in f.criterion.cure(assessment.patient).items()
        )
        for f in judgement.findings
        if f.result is not Verdict.MET
    }
    sources = {f.criterion.source: evidence.source_name(f.criterion.source) for f in judgement.findings}
    therapy = evidence.therapy_name(judgement.rule_set.therapy)
    return _render("findings", j=judgement, therapy=therapy, flips=flips, sources=sources)


def selected_verdicts(assessment: Assessment, selected: str) -> dict[str, str]:
    """Return the verdict of each therapy: that of its selected rule set, or else of its first one."""
    verdict: dict[str, str] = {}
    for judgement in assessment.judgements:
        if judgement.rule_set.therapy not in verdict or judgement.rule_set.rule_set == selected:
            verdict[judgement.rule_set.therapy] = judgement.verdict.value
    return verdict


def forest_view(verdict_by_therapy: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """Return the forest's surroundings as HTML, and the figure as plotly JSON."""
    return _forest_view(tuple(sorted(verdict_by_therapy.items())))


@functools.lru_cache(maxsize=64)
def _forest_view(verdict_by_therapy: tuple[tuple[str, str], ...]) -> tuple[str, dict[str, Any]]:
    # The forest depends on the case through the verdicts only; a slider move that changes none costs nothing.
    chosen, outcomes = dict(verdict_by_therapy), evidence.outcomes()
    table = forest_table(outcomes)
    rows = [(f"{row.label}, {row.arm}", row) for row in table[table["left_out"] != ""].itertuples()]
    html = _render(
        "forest",
        text=forest_text(outcomes, chosen),
        caption=caption(table),
        same_axis=[(name, row) for name, row in rows if row.same_axis],
        others=[(name, row) for name, row in rows if not row.same_axis],
    )
    return html, forest(outcomes, verdicts=chosen, left_out=False).to_plotly_json()


def foot() -> str:
    """Return the line of honesty."""
    return _render("foot", honesty=HONESTY, version=netdash.__version__)
