"""The views of the criteria: verdicts in lines, findings of one rule set, one case since another."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from netdash import data_tables, evidence, remarks
from netdash.assessment import Assessment
from netdash.board import lines
from netdash.board.state import State
from netdash.board.views import python, render
from netdash.comparison import differences
from netdash.findings import Finding
from netdash.flips import CHANGE_WORDS
from netdash.judgement import Judgement
from netdash.outcome_tables.later import trial_results
from netdash.patient import FIELDS
from netdash.wording import HEADLINE_LEGEND, POPULATIONS_HEADING, PUBLISHED, PUBLISHED_AND_OWN


def verdicts(state: State, assessment: Assessment) -> str:
    """Return the lines of each therapy, then those of the populations of trials."""
    before = {name: row["before"] for name, row in (_changes(state) or {}).items()}
    remarks = {therapy: tuple(one.text for one in found) for therapy, found in assessment.remarks.items()}
    return render(
        "verdicts",
        therapies=[_drawn(one) for one in _therapies(state, assessment.published, before, remarks)],
        studied=[_drawn(one) for one in _therapies(state, assessment.studied, before, {})],
        studied_counts=lines.counts(assessment.studied),
        heading=POPULATIONS_HEADING,
        criteria_heading=PUBLISHED_AND_OWN if state.own else PUBLISHED,
        own=state.own,
        notes=(*assessment.general, HEADLINE_LEGEND),
    )


@dataclasses.dataclass(frozen=True)
class _Therapy:
    """What the lines of a therapy are drawn from; two that are equal look the same."""

    judgements: tuple[Judgement, ...] = dataclasses.field(compare=False)
    told: tuple[Any, ...]
    own: str
    selected: str
    unfolded: str
    before: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...]


def _therapies(
    state: State,
    judgements: Iterable[Judgement],
    before: Mapping[str, str],
    remarks: Mapping[str, tuple[str, ...]],
) -> Iterator[_Therapy]:
    """Yield each therapy of some judgements; the choices of the visitor are those of its own rule sets."""
    for therapy, _, found in _by_therapy(judgements):
        names = [judgement.rule_set.name for judgement in found]
        chosen = state.selected in names
        yield _Therapy(
            judgements=tuple(found),
            told=tuple(judgement.told for judgement in found),
            own=state.own.digest if state.own else "",
            selected=state.selected if chosen else "",
            unfolded=state.unfolded if chosen and not state.presenting else "",
            before=tuple((name, before[name]) for name in names if name in before),
            remarks=remarks.get(therapy, ()),
        )


@functools.lru_cache(maxsize=128)
def _drawn(therapy: _Therapy) -> Any:
    """Return the lines of a therapy as HTML. A move of a slider leaves most therapies as they were."""
    from markupsafe import Markup

    (found,) = lines.by_therapy(therapy.judgements)
    html = render(
        "therapy",
        one=found,
        selected=therapy.selected,
        unfolded=therapy.unfolded,
        before=dict(therapy.before),
        remarks=therapy.remarks,
    )
    return Markup(html)  # noqa: S704 - Jinja2 has escaped every value


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
        beside=_of_therapy(assessment, judgement.rule_set.therapy) if state.presenting else [],
        trial=trial_results(judgement.rule_set.name),
        not_included=data_tables.read_table("not_included").to_dict("records"),
        python=python(state),
    )


def _of_therapy(assessment: Assessment, therapy: str) -> list[Judgement]:
    """Return the judgements of one therapy in the order of its lines."""
    return [j for judgements in (assessment.published, assessment.studied) for found in lines.by_therapy(judgements)
            if found.therapy == therapy for line in found.lines for j in line.judgements]  # fmt: skip


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
