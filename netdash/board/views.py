"""The views of the board: functions of the state that return HTML or a figure."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import pandas as pd

import netdash
from netdash import data_tables, evidence
from netdash.assessment import Assessment
from netdash.board import lines, typed
from netdash.board.state import State, outcomes_shown
from netdash.comparison import Tally, differing, tallies
from netdash.fields import Known
from netdash.figures.drawing import FigureDict
from netdash.figures.forest import forest_dict
from netdash.figures.later import later_dict
from netdash.figures.medians import medians_dict
from netdash.outcome_tables import ForestTable, LaterTable, MediansTable, forest_table, later_table, medians_table
from netdash.outcome_tables.criteria_words import without_warnings
from netdash.patient import FIELDS, Patient
from netdash.pooling import Pooled
from netdash.provenance import source
from netdash.synthesis import pool_by_therapy
from netdash.wording import BASIS_TAGS, POPULATIONS_HEADING, RULE_SET_KINDS, VERDICT_SIGNS, VERDICT_WORDS

ROLE_WORDS = {"caution": "caution", "favors": "favors", "prognostic": "outlook"}
MOST_BROUGHT_BACK = 5
"""The most inputs that are listed of the case that undo brings back."""
LONGEST_GIVEN = 40
"""The most characters that are shown of a refused text."""


@functools.cache
def _templates() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("netdash.board"),
        autoescape=True,
        auto_reload=False,  # it would ask for the time of each file at each move
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.globals.update(
        verdict_words=VERDICT_WORDS,
        verdict_signs=VERDICT_SIGNS,
        tags=BASIS_TAGS,
        kinds=RULE_SET_KINDS,
        studied=POPULATIONS_HEADING,
        role=ROLE_WORDS,
        met_words=lines.met_words,
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
        assumed=assessment.assumed,
        counts=lines.counts(assessment.published),
        just_done=undo is not None and bool(undo.done) and undo.after == state.patient,
        brings_back=[*brings_back[:MOST_BROUGHT_BACK], *([f"and {more} more"] if more > 0 else [])],
    )


def known(patient: Patient) -> list[str]:
    """Return the entered fields of a case in words."""
    return [FIELDS[name].capitalized(value) for name, value in patient.entered.items()]


def tools(state: State, tabs: Mapping[str, str]) -> str:
    """Return the buttons of the board, and the tabs when there are several pages."""
    return render("tools", state=state, tabs=tabs if len(tabs) > 1 else {})


def fault(state: State, tabs: Mapping[str, str], error: Exception) -> dict[str, str]:
    """Return the sections of a page that could not be drawn: what to do, and nothing of the picture before it."""
    says = f"{type(error).__name__}: {error}"
    return {"tools": tools(state, tabs), "fault": render("fault", page=tabs[state.page], says=says), "foot": foot()}


def source_card(state: State) -> str:
    """Return the card with the source that was asked for."""
    found = source(state.source, state.own)
    criteria = [
        f"{rule_set.title}. {criterion.label}: asked {criterion.requirement}."
        for rule_set in state.book.values()
        for criterion in rule_set.criteria
        if criterion.criterion_id == found.id
    ]
    says = criteria[0] if criteria else found.says
    return render("source", source=found, says=says, links=[(link, _link_name(link)) for link in found.links])


def _link_name(link: str) -> str:
    """Return a short name of an address: "PubMed 22714713" or "doi.org/10.1097/..."."""
    kind, _, rest = link.removeprefix("https://").rstrip("/").partition("/")
    return f"PubMed {rest}" if kind == "pubmed.ncbi.nlm.nih.gov" else f"{kind}/{rest}"


def refused(state: State) -> dict[str, str]:
    """Return, by section, the message under each box whose text was refused, with the value that the case keeps."""
    entered = state.patient.entered
    return {
        f"refused-{name}": render(
            "refused",
            field=FIELDS[name],
            given=_short(text),
            why=typed.why(FIELDS[name], text),
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
    differs = series_that_differ(state.patient.primary_site, state.patient.differentiation)
    lane = "" if state.era == "review" or later is None else _lane(later)
    return _plot(table, verdicts, differs, lane, state.series_of)


@functools.lru_cache(maxsize=64)
def series_that_differ(primary_site: Known | None, differentiation: Known | None) -> tuple[tuple[str, str], ...]:
    """Return the series whose patients differ, with the reasons; no other input is compared with those of a series."""
    patient = Patient().replace(primary_site=primary_site, differentiation=differentiation)
    return tuple(sorted(differing(patient, evidence.studies()).items()))


def later_of(outcome: str, assessment: Assessment) -> LaterTable | None:
    """Return what was published after the review on the endpoint of the plot; None where nothing was."""
    statistic, endpoint, horizon = outcomes_shown()[outcome]
    words = tuple((j.rule_set.name, j.word_with_cautions) for j in assessment.studied)
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


@functools.lru_cache(maxsize=128)
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
    series_of: str,
) -> tuple[str, FigureDict]:
    """Draw one table.

    Cached: the picture depends only on the verdicts and on the series whose patients differ from this patient, so
    most moves of a slider reuse it.
    """
    judged, differing_series = dict(verdicts), dict(differs)
    if isinstance(table, ForestTable):
        figure = forest_dict(
            table, judged, differing=differing_series, left_out=False, weights=False, series_of=series_of
        )
    else:
        figure = medians_dict(table, judged, differing=differing_series, left_out=False, series_of=series_of)
    text = table.sentence(judged)
    unlike = [(row.label, differing_series[row.study_id]) for row in table.drawn if row.study_id in differing_series]
    html = render(
        "forest",
        later=lane,
        differs=list(dict.fromkeys(unlike)),
        text=text,
        says=without_warnings(text),
        caption=table.caption,
        title=table.title,
        rows=[(row, evidence.therapy_name(row.therapy)) for row in table.drawn],
        nothing="" if series_of in table.therapies else evidence.therapy_name(series_of),
        same_axis=[row for row in table.left_out if row.same_axis],
        others=[row for row in table.left_out if not row.same_axis],
    )
    return html, figure


def python(state: State) -> str:
    """Return the Python that gives verdicts, findings and plot in a notebook; the last line gives the plot."""
    own = f", criteria={state.own.name!r}" if state.own else ""
    judged = (
        f"{patient_python(state.patient)}assessment = nd.assess(patient{own})\nassessment.flips({state.selected!r})\n"
    )
    later = "" if state.era == "review" else _python_of_later(state.outcome)
    if state.era == "later":
        return f"{judged}{later or 'None  # nothing was published later: nothing is drawn'}\n"
    lane = f"later = {later}\n" if later else ""
    drawn = _python_of_plot(state.outcome, state.reading, state.series_of)
    return (
        f"{judged}verdicts = nd.tallies(assessment)\n{lane}outcomes = nd.outcomes(reading={state.reading!r})\n{drawn}\n"
    )


def _python_of_later(outcome: str) -> str:
    """Return the call that draws what was published later; empty where nothing was."""
    statistic, endpoint, horizon = outcomes_shown()[outcome]
    if _later(statistic, endpoint, horizon, ()) is None:
        return ""
    at = f", horizon_months={horizon:g}" if statistic == "rate" else ""
    return f"nd.published_later(assessment=assessment, endpoint={endpoint!r}, statistic={statistic!r}{at})"


def _python_of_plot(outcome: str, reading: Any, series_of: str) -> str:
    """Return the lines that draw the figures of the review."""
    statistic, endpoint, horizon = outcomes_shown()[outcome]
    how = f"left_out=False, differing=nd.differing(patient, nd.studies()), series_of={series_of!r}"
    at = f"endpoint={endpoint!r}, horizon_months={horizon:g}"
    return (
        f"outcomes[outcomes['endpoint'] == {endpoint!r}]  # none: nothing is drawn"
        if not has_endpoint(endpoint, reading)
        else f"nd.medians(outcomes, verdicts, endpoint={endpoint!r}, {how})"
        if statistic == "median"
        else f"pooled = nd.pool_by_therapy(outcomes, {at})\n"
        f"nd.forest(outcomes, pooled, verdicts, {at}, weights=False, {how})"
    )


def patient_python(patient: Patient) -> str:
    """Return the Python that makes the patient in a notebook."""
    fields = "".join(f"    {name}={value!r},\n" for name, value in patient.to_dict().items())
    return f"import netdash as nd\n\npatient = nd.Patient(\n{fields})\n"


@functools.cache
def foot() -> str:
    """Return the disclaimer, with source, versions and the date up to which evidence was read."""
    return render(
        "foot",
        disclaimer=evidence.DISCLAIMER,
        version=netdash.__version__,
        data_version=data_tables.data_version(),
        read_up_to=data_tables.read_up_to(),
    )
