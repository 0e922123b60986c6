"""The views of the board: functions of the state that return HTML or a figure."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

import pandas as pd

import netdash
from netdash import data_tables, evidence, remarks
from netdash.assessment import CHANGE_WORDS, Assessment
from netdash.board.state import State, outcomes_shown
from netdash.comparison import Tally, differences, differing, tallies
from netdash.figures.drawing import FigureDict
from netdash.figures.forest import forest_dict
from netdash.figures.later import later_dict
from netdash.figures.medians import medians_dict
from netdash.judgement import Finding, Judgement
from netdash.outcome_tables import ForestTable, LaterTable, MediansTable, forest_table, later_table, medians_table
from netdash.outcome_tables.criteria_words import without_warnings
from netdash.patient import FIELDS, Patient
from netdash.pooling import Pooled
from netdash.provenance import Source, source
from netdash.synthesis import pool_by_therapy
from netdash.wording import (
    BASIS_TAGS,
    HEADLINE_LEGEND,
    POPULATIONS_HEADING,
    RULE_SET_KINDS,
    VERDICT_SIGNS,
    VERDICT_WORDS,
)

ROLE_WORDS = {"caution": "caution", "favors": "favors", "prognostic": "outlook"}
MOST_OPEN_INPUTS = 3
"""The most open inputs that are listed above the verdicts."""
MOST_BROUGHT_BACK = 5
"""The most inputs that are listed of the case that undo brings back."""
LONGEST_GIVEN = 40
"""The most characters that are shown of a refused text."""


@functools.cache
def _templates() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("netdash.board"), autoescape=True, trim_blocks=True, undefined=StrictUndefined
    )
    environment.globals.update(
        verdict_words=VERDICT_WORDS,
        verdict_signs=VERDICT_SIGNS,
        tags=BASIS_TAGS,
        kinds=RULE_SET_KINDS,
        studied=POPULATIONS_HEADING,
        role=ROLE_WORDS,
    )
    return environment


def render(template: str, **values: Any) -> str:
    """Return the HTML of a template of the board. Jinja2 escapes every value."""
    return str(_templates().get_template(f"{template}.html").render(**values))


def case(state: State, assessment: Assessment, at: str) -> str:
    """Return the line with the case in words, with its warnings, the time of computation and undo."""
    undo = state.undo
    brings_back = known(undo.patient) if undo else []
    more = len(brings_back) - MOST_BROUGHT_BACK
    return render(
        "case",
        state=state,
        shown=state.shown,
        known=known(state.patient),
        at=at,
        scope=assessment.scope,
        conflicts=assessment.conflicts,
        just_done=undo is not None and bool(undo.done) and undo.after == state.patient,
        brings_back=[*brings_back[:MOST_BROUGHT_BACK], *([f"and {more} more"] if more > 0 else [])],
    )


def known(patient: Patient) -> list[str]:
    """Return the entered fields of a case in words."""
    return [FIELDS[name].capitalized(value) for name, value in patient.entered.items()]


def tools(state: State, tabs: Mapping[str, str]) -> str:
    """Return the buttons of the board, and the tabs when there are several pages."""
    return render("tools", state=state, tabs=tabs if len(tabs) > 1 else {})


def verdicts(state: State, assessment: Assessment) -> str:
    """Return the open inputs, the verdicts by therapy, then the populations of trials."""
    blocks = {"": _by_therapy(assessment.published), POPULATIONS_HEADING: _by_therapy(assessment.studied)}
    wanted = assessment.next_input_rows()[:MOST_OPEN_INPUTS]
    before = _changes(state)
    return render(
        "verdicts",
        blocks=blocks,
        selected=state.selected,
        presenting=state.presenting,
        wanted=wanted,
        before=before,
        remarks=assessment.remarks,
        notes=(*assessment.general, HEADLINE_LEGEND),
    )


def outlines(state: State, assessment: Assessment, python: str) -> str:
    """Return the verdicts by therapy, each with a box to outline it, and the Python of the map."""
    therapies = [found[1:] for found in _by_therapy(assessment.judgements)]
    return render(
        "outlines", therapies=therapies, selected=state.selected, outlined=state.explore.outlined, python=python
    )


def _by_therapy(judgements: Iterable[Judgement]) -> list[tuple[str, str, list[Judgement]]]:
    """Return identifier, name and judgements of each therapy."""
    groups = groupby(judgements, key=lambda j: j.rule_set.therapy)
    return [(therapy, evidence.therapy_name(therapy), list(found)) for therapy, found in groups]


def _changes(state: State) -> Mapping[str, Mapping[Any, Any]] | None:
    """Return the differences from the pinned case by rule set; None when no case is pinned."""
    if state.pinned is None:
        return None
    found = differences(state.pinned, state.patient, state.own)
    return {row["rule_set"]: row for row in found.to_dict("records")}


def compared(state: State) -> str:
    """Return the differences from the pinned case in words; empty when no case is pinned."""
    changes = _changes(state)
    if changes is None or state.pinned is None:
        return ""
    then, now = state.pinned.entered, state.patient.entered
    inputs = [
        f"{field.label}: {field.show(then.get(name))} → {field.show(now.get(name))}"
        for name, field in FIELDS.items()
        if then.get(name) != now.get(name)
    ]
    titles = {name: state.book[name].tagged_title for name in changes}
    return render("compared", inputs=inputs, changes=changes, titles=titles)


def findings(state: State, assessment: Assessment) -> str:
    """Return the table of findings of the selected rule set."""
    judgement = assessment[state.selected]
    changes = {
        f.criterion.criterion_id: "; ".join(_change(f, flip) for flip in assessment.changes(judgement, f))
        for f in judgement.findings
    }
    return render(
        "findings",
        j=judgement,
        therapy=evidence.therapy_name(judgement.rule_set.therapy),
        changes=changes,
        sources={name: evidence.source_name(name) for name in _sources(judgement)},
        remarks=remarks.on_therapy(judgement.rule_set.therapy, state.patient),
        source=shown_source(state),
        python=python(state),
    )


def _sources(judgement: Judgement) -> set[str]:
    return {judgement.rule_set.source, *(f.criterion.source for f in judgement.findings)}


def _change(finding: Finding, flip: Mapping[str, Any]) -> str:
    """Return in few words what would meet a criterion; the table shows value, bound and distance."""
    field, quantity = FIELDS[flip["field"]], finding.criterion.quantity
    if flip["may_change"] == "not entered":
        return "" if field is quantity else field.phrase(None)
    if flip["may_change"] == "known in part":
        decides = f"decided once known to be {finding.criterion.requirement} or not"
        return decides if field is quantity else f"{field.phrase(flip['observed'])}: {quantity.topic} {decides}"
    words = CHANGE_WORDS[flip["may_change"]]
    if flip["may_change"] != "changeable":
        return words if field is quantity else f"{field.topic}: {words}"
    target = finding.criterion.requirement if field is quantity else f"{field.topic} {field.show(flip['needed'])}"
    return f"{words}: {target}"


def shown_source(state: State) -> Source | None:
    """Return the source that was asked for; None when none was."""
    return source(state.source) if state.source else None


def refused(state: State) -> dict[str, str]:
    """Return, by section, the message under each box whose text was refused, with the value that the case keeps."""
    entered = state.patient.entered
    return {
        f"refused-{name}": render(
            "refused",
            field=FIELDS[name],
            given=_short(text),
            still=FIELDS[name].show(entered[name]) if name in entered else "",
        )
        for name, text in state.refused.items()
    }


def _short(text: str) -> str:
    return repr(text if len(text) <= LONGEST_GIVEN else f"{text[:LONGEST_GIVEN]}...")


def plot(state: State, assessment: Assessment) -> tuple[str, FigureDict | None]:
    """Return the HTML around the plot, and the figure; None for the figure when no row has the endpoint."""
    table, later = plot_table(state.outcome, state.reading), later_of(state.outcome, assessment)
    if state.era == "later":
        return _later_alone(state, later)
    if table is None:
        return render("no_forest", outcome=state.outcome, reading=state.reading), None
    verdicts = tuple(tallies(assessment).items())
    differs = differing(state.patient, evidence.studies())
    lane = "" if state.era == "review" or later is None else _lane(later)
    return _plot(table, verdicts, tuple(sorted(differs.items())), lane)


def later_of(outcome: str, assessment: Assessment) -> LaterTable | None:
    """Return what was published after the review on the endpoint of the plot; None where nothing was."""
    statistic, endpoint, horizon = outcomes_shown()[outcome]
    words = tuple((j.rule_set.name, j.word) for j in assessment.studied)
    return _later(statistic, endpoint, horizon, words)


@functools.lru_cache(maxsize=128)
def _later(statistic: str, endpoint: str, horizon: float, words: tuple[tuple[str, str], ...]) -> LaterTable | None:
    try:
        months = horizon if statistic == "rate" else None
        found = later_table(
            evidence.later_outcomes(), endpoint=endpoint, statistic=statistic, horizon_months=months, alike=dict(words)
        )
    except ValueError:
        return None
    return found if found.drawn else None


def _lane(later: LaterTable) -> Any:
    from markupsafe import Markup

    unit = "%" if later.statistic == "rate" else "months"
    return Markup(render("later", table=later, unit=unit))  # noqa: S704 - Jinja2 has escaped every value


def _later_alone(state: State, later: LaterTable | None) -> tuple[str, FigureDict | None]:
    if later is None:
        return render("no_forest", outcome=f"{state.outcome}, published later", reading="later"), None
    html = render("later_plot", table=later, lane=_lane(later))
    return html, later_dict(later)


@functools.lru_cache(maxsize=32)
def plot_table(outcome: str, reading: Any) -> ForestTable | MediansTable | None:
    """Return the table of the plot. It is cached, because it does not depend on the case."""
    _, endpoint, horizon = outcomes_shown()[outcome]
    rows = evidence.outcomes(reading)
    pooled = pool_by_therapy(rows, endpoint, horizon) if has_endpoint(endpoint, reading) else None
    return outcome_table(rows, outcome, pooled)


def plot_rows(outcome: str, reading: Any) -> pd.DataFrame:
    """Return the rows of the plot for a file, those left out with their reasons included."""
    return table_rows(plot_table(outcome, reading), evidence.outcomes(reading))


def outcome_table(
    rows: pd.DataFrame, outcome: str, pooled: Mapping[str, Pooled] | None = None
) -> ForestTable | MediansTable | None:
    """Return the table of one endpoint; None where no row has it."""
    statistic, endpoint, horizon = outcomes_shown()[outcome]
    if endpoint not in set(rows["endpoint"]):
        return None
    if statistic == "median":
        return medians_table(rows, endpoint=endpoint)
    return forest_table(rows, pooled, endpoint=endpoint, horizon_months=horizon)


def table_rows(table: ForestTable | MediansTable | None, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of an endpoint for a file, drawn or left out with the reason; none where no row has it."""
    if table is None:
        return rows.head(0).assign(same_axis=True, left_out="")
    frame = table.frame()
    return frame[frame["same_axis"].astype(bool)]


@functools.cache
def has_endpoint(endpoint: str, reading: Any) -> bool:
    """Return whether a reading of the tables has an endpoint; the corrected reading has some more than the printed."""
    return endpoint in set(evidence.outcomes(reading)["endpoint"])


@functools.lru_cache(maxsize=64)
def _plot(
    table: ForestTable | MediansTable,
    verdicts: tuple[tuple[str, Tally], ...],
    differs: tuple[tuple[str, str], ...],
    lane: Any,
) -> tuple[str, FigureDict]:
    """Draw one table.

    Cached: the picture depends only on the verdicts and on the series whose patients differ from this patient, so
    most moves of a slider reuse it.
    """
    judged, differing_series = dict(verdicts), dict(differs)
    if isinstance(table, ForestTable):
        figure = forest_dict(table, judged, differing=differing_series, left_out=False, weights=False, compact=True)
        caption = table.caption
    else:
        figure = medians_dict(table, judged, differing=differing_series, left_out=False, compact=True)
        caption = "† a known discrepancy."
    text = table.sentence(judged)
    unlike = [(row.label, differing_series[row.study_id]) for row in table.drawn if row.study_id in differing_series]
    html = render(
        "forest",
        later=lane,
        differs=list(dict.fromkeys(unlike)),
        text=text,
        says=without_warnings(text),
        caption=caption,
        same_axis=[row for row in table.left_out if row.same_axis],
        others=[row for row in table.left_out if not row.same_axis],
    )
    return html, figure


def python(state: State) -> str:
    """Return the Python that gives verdicts, findings and plot in a notebook."""
    statistic, endpoint, horizon = outcomes_shown()[state.outcome]
    how = "left_out=False, differing=nd.differing(patient, nd.studies())"
    at = f"endpoint={endpoint!r}, horizon_months={horizon:g}"
    draw = (
        f"outcomes[outcomes['endpoint'] == {endpoint!r}]  # none: nothing is drawn"
        if not has_endpoint(endpoint, state.reading)
        else f"nd.medians(outcomes, verdicts, endpoint={endpoint!r}, compact=True, {how})"
        if statistic == "median"
        else f"pooled = nd.pool_by_therapy(outcomes, {at})\n"
        f"nd.forest(outcomes, pooled, verdicts, {at}, weights=False, compact=True, {how})"
    )
    own = f", criteria={state.own.name!r}" if state.own else ""
    return (
        f"{patient_python(state.patient)}assessment = nd.assess(patient{own})\n"
        f"assessment.flips({state.selected!r})\nverdicts = nd.tallies(assessment)\n"
        f"outcomes = nd.outcomes(reading={state.reading!r})\n{draw}\n"
    )


def patient_python(patient: Patient) -> str:
    """Return the Python that makes the patient in a notebook."""
    fields = "".join(f"    {name}={value!r},\n" for name, value in patient.to_dict().items())
    return f"import netdash as nd\n\npatient = nd.Patient(\n{fields})\n"


def foot() -> str:
    """Return the disclaimer, with source, versions and the date up to which evidence was read."""
    return render(
        "foot",
        disclaimer=evidence.DISCLAIMER,
        version=netdash.__version__,
        data_version=data_tables.data_version(),
        read_up_to=data_tables.read_up_to(),
    )
