"""Write criteria.md from the data: every rule set in plain words. Run: python docs/make_criteria.py."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from netdash import conflicts, evidence, outcome_rows, rule_tables, rules
from netdash.wording import POPULATIONS_HEADING, RULE_SET_KINDS

KIND = {
    "list": "A selection list",
    "statement": "A statement",
    "label": "A product label",
    "population": "The patients of a trial",
}
LATER = {"later": ", later than the review", "label": ", later than the review"}
ROLE = {
    "required": "",
    "caution": " (caution)",
    "favors": " (favors)",
    "prognostic": " (prognostic)",
}
HEAD = """# The criteria

Made from `data/rule_sets.csv`, `data/criteria.csv`, `data/scope.csv`, `data/conflicts.csv` and `data/remarks.csv` by
`docs/make_criteria.py`; a test compares this page with them.

The name in bold is the input; the words after it are the requirement of the source: "**Pregnancy**: no" asks for a patient who
is not pregnant. The criteria of a rule set are joined by AND. Where one of several is enough, the line says so. "Under" and "over"
exclude the bound, "at most" and "at least" include it, as in the source's words. An input that is not entered leaves a verdict open
unless another input decides. "Not asked" names conditions that the source states and that netdash has no input for. "Read" says how far
the source was read: its full text, its abstract (or one table or page of it), or a secondary text that reports it.

Criteria with three roles never decide. A *caution* is shown beside the verdict when the patient does not meet it:
"**Portal vein**: patent (caution)" warns of an occluded portal vein. A criterion that *favors* speaks for the therapy when the patient
meets it. A *prognostic* one was linked to the outcome.
"""
POPULATIONS = f"""## {POPULATIONS_HEADING}

These are not criteria of a therapy. A patient unlike those of a trial is not ruled out: the trial studied other patients.
"""
ODDS = """## Inputs at odds

Two inputs of one case that cannot be true together. They are shown with the case and change no verdict.
"""
BESIDE = """## What sources say beside their criteria

Remarks do not decide. They are shown beside their therapy, always or when the case meets their condition.
"""
KEPT_BACK = """### Not shown

Statements of the sources that the board does not show, and why.
"""
NOT_INCLUDED = """## Not included

The transplantation criteria of OPTN (United States), of the United Kingdom and Ireland, of ENETS and of NANETS exist. Their
text was not read, so nothing of them is here. The text of Mazzaferro 2007 was not read either: its list was taken from a page
that quotes it. [not_included.md](not_included.md) gives the address of each, and of others.
"""


def text() -> str:
    """Return the page."""
    every = list(rule_tables.load().values())
    published = [found for found in every if found.kind != "population"]
    studied = [found for found in every if found.kind == "population"]
    parts = [HEAD, _kinds(), *_by_therapy(published), POPULATIONS, *map(_rule_set, studied)]
    return "\n".join([*parts, _scope(), _conflicts(), _remarks(), NOT_INCLUDED])


def _kinds() -> str:
    rows = [f"| {KIND[name]} | {kind.met} | {kind.not_met} | {kind.unknown} |" for name, kind in RULE_SET_KINDS.items()]
    return "\n".join(["| kind | met | not met | not known |", "|---|---|---|---|", *rows, ""])


def _by_therapy(rule_sets: Iterable[rules.RuleSet]) -> Iterable[str]:
    for therapy, found in groupby(rule_sets, key=lambda rule_set: rule_set.therapy):
        yield f"## {evidence.therapy_name(therapy)}\n"
        yield from map(_rule_set, found)


def _rule_set(found: rules.RuleSet) -> str:
    therapy = f" {evidence.therapy_name(found.therapy)}." if found.kind == "population" else ""
    kind = KIND[found.kind] + LATER.get(found.basis, "")
    lines = [f"### {found.title} (`{found.name}`)\n"]
    lines += [f"{kind}.{therapy} {_where(found)}. {found.note}{_wrong(found)}".rstrip() + "\n"]
    lines += [] if found.clauses else ["Nothing here decides: the verdict stays open.\n"]
    for clause in found.clauses:
        lines += _clause(clause, RULE_SET_KINDS[found.kind].joiner)
    lines += [_criterion(c, RULE_SET_KINDS[found.kind].joiner) for c in found.criteria if c.role != "required"]
    lines += [f"\nNot asked: {found.not_asked}."] if found.not_asked else []
    lines += [f"\nRead: {found.how_read}."]
    return "\n".join([*lines, ""])


def _clause(clause: rules.Clause, last: str) -> list[str]:
    if len(clause.alternatives) == 1:
        return [_criterion(criterion, last) for criterion in clause.criteria]
    notes = {criterion.note for criterion in clause.criteria}
    shared = notes.pop() if len(notes) == 1 else ""
    ways = [" together with ".join(_criterion(c, last, shared)[2:] for c in way) for way in clause.alternatives]
    return [f"- One of these is enough. {shared}".rstrip(), *(f"  - {way}" for way in ways)]


def _criterion(criterion: rules.Criterion, last: str, said: str = "") -> str:
    note = "" if criterion.note == said else f" {criterion.note}"
    asked = f"**{criterion.label}**: {criterion.requirement_text(last)}{ROLE[criterion.role]}."
    return f"- {asked}{note} [{_where(criterion)}.{_wrong(criterion)}]"


def _where(found: rules.RuleSet | rules.Criterion) -> str:
    return f"{evidence.source_name(found.source)}, {found.locator}"


def _wrong(found: rules.RuleSet | rules.Criterion) -> str:
    return f" Discrepancies: {found.discrepancies}." if found.discrepancies else ""


def _scope() -> str:
    lines = [
        f"- **{found.label}** ({found.quantity.label}: {found.requirement}). {found.note}"
        for found in rule_tables.scope()
    ]
    return "\n".join(
        ["## Outside the scope\n", "Said when the inputs say so; hides no verdict and decides none.\n", *lines, ""]
    )


def _conflicts() -> str:
    return "\n".join([ODDS, *map(_conflict, conflicts.load()), ""])


def _conflict(found: conflicts.Conflict) -> str:
    both = " and ".join(f"**{c.quantity.label}**: {c.requirement}" for c in found.conditions)
    shares = [rules.QUANTITIES[name].label for name in (found.less, found.more) if name]
    return f"- {both or ' less than '.join(f'**{label}**' for label in shares)}. {found.why[0].upper()}{found.why[1:]}."


def _remarks() -> str:
    rows = outcome_rows.records(evidence.remarks())
    shown = [_remark(row) + _condition(row) for row in rows if not row["why_not_shown"]]
    kept = [f"{_remark(row)} Not shown: {row['why_not_shown']}" for row in rows if row["why_not_shown"]]
    return "\n".join([BESIDE, *shown, "", KEPT_BACK, *kept, ""])


def _remark(row: Mapping[str, Any]) -> str:
    therapies = ", ".join(map(evidence.therapy_name, row["therapy"].split("; "))) if row["therapy"] else "Every therapy"
    return f"- **{therapies}.** {row['text']} [{evidence.source_name(row['source'])}, {row['locator']}.]"


def _condition(row: Mapping[str, Any]) -> str:
    if not row["field"]:
        return " Said always."
    found = rule_tables.condition(row["remark_id"], *(row[name] for name in ("field", "operator", "value")))
    return f" Said when entered: {found.quantity.topic} {found.requirement}."


if __name__ == "__main__":
    (Path(__file__).parent / "criteria.md").write_text(text(), encoding="utf-8")
