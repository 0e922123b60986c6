"""Write criteria.md from the data: every rule set in plain words. Run: python docs/make_criteria.py."""

from itertools import groupby
from pathlib import Path

from netdash import evidence, rules

BASIS = {
    "review": "the review, 2014",
    "later": "later than the review",
    "population": "whom a trial studied, no indication",
    "label": "a product label, later than the review",
}
ROLE = {"required": "", "caution": " (caution: shown, never decides)", "favors": " (favors: never decides)"}
NOT_INCLUDED = """
## Not included

The transplantation criteria of OPTN (United States), of the United Kingdom and Ireland, of ENETS and of NANETS exist. Their
text was not read, so nothing of them is here. The text of Mazzaferro 2007 was not read either: its list was taken from a page
that quotes it. Parts of a source that ask for something the board does not ask (uptake at least that of normal liver, serious
renal impairment, no treatment before) are named in the note of the rule set.
"""
HEAD = """# The criteria

Made from `data/rule_sets.csv` and `data/criteria.csv` by `docs/make_criteria.py`; a test holds it to them. Criteria of a rule set are
joined by AND. Where alternatives are listed, one suffices. "Under" and "over" exclude the bound, "at most" and "at least" include
it, exactly as the source words it. Unknown inputs leave a verdict unknown unless a known one decides.
"""


def text() -> str:
    """Return the page."""
    parts = [HEAD]
    for therapy, found in groupby(rules.load().values(), key=lambda rule_set: rule_set.therapy):
        parts.append(f"## {evidence.therapy_name(therapy)}\n")
        parts += [_rule_set(rule_set) for rule_set in found]
    return "\n".join([*parts, _scope(), NOT_INCLUDED.strip(), ""])


def _rule_set(found: rules.RuleSet) -> str:
    lines = [f"### {found.title} (`{found.rule_set}`)\n"]
    lines.append(
        f"From {BASIS[found.basis]}: {evidence.source_name(found.source)}, {found.locator}. {found.note}".strip() + "\n"
    )
    for clause in found.clauses:
        if len(clause.alternatives) == 1:
            lines += [_criterion(criterion) for criterion in clause.criteria]
        else:
            lines.append("- one of these:")
            lines += [f"  {line}" for way in clause.alternatives for line in [_joined(way)]]
    lines += [_criterion(criterion) for criterion in found.criteria if criterion.role != "required"]
    return "\n".join([*lines, ""])


def _joined(way: tuple[rules.Criterion, ...]) -> str:
    return "- " + ", and ".join(_criterion(criterion).removeprefix("- ") for criterion in way)


def _criterion(criterion: rules.Criterion) -> str:
    role = ROLE.get(criterion.role, f" ({criterion.role}: never decides)")
    where = f"{evidence.source_name(criterion.source)}, {criterion.locator}"
    wrong = f" Discrepancies: {criterion.discrepancies}." if criterion.discrepancies else ""
    return f"- **{criterion.label}**: {criterion.requirement}{role}. {criterion.note} [{where}.{wrong}]".replace(
        "  ", " "
    )


def _scope() -> str:
    lines = [
        f"- **{found.label}** ({found.quantity.label} {found.requirement}): {found.note}" for found in rules.scope()
    ]
    return "\n".join(
        ["## Outside the scope\n", "Said when the inputs say so; hides no verdict and decides none.\n", *lines, ""]
    )


if __name__ == "__main__":
    (Path(__file__).parent / "criteria.md").write_text(text(), encoding="utf-8")
