"""The rows of an assessment's tables, and its parts as text and HTML."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from netdash import evidence
from netdash.fields import Known, in_part
from netdash.findings import Finding
from netdash.intervals import Interval
from netdash.judgement import Judgement
from netdash.patient import FIELDS, Patient
from netdash.rules import Verdict
from netdash.wording import html_table


def verdict_row(j: Judgement, *, basis: bool) -> dict[str, Any]:
    """Return the row of one rule set in ``Assessment.verdicts``."""
    return {
        "therapy": j.rule_set.therapy,
        "rule_set": j.rule_set.name,
        "verdict": j.verdict.value,
        "n_criteria": len(j.rule_set.clauses),
        "n_met": len(j.clauses(Verdict.MET)),
        "n_not_met": len(j.clauses(Verdict.NOT_MET)),
        "n_unknown": len(j.clauses(Verdict.UNKNOWN)),
        "missed": "; ".join(clause.label for clause in j.clauses(Verdict.NOT_MET)),
        "unknown": "; ".join(clause.label for clause in j.clauses(Verdict.UNKNOWN)),
        "cautions": "; ".join(j.cautions),
        "headline": j.headline,
        "kind": j.rule_set.kind,
        "n_cautions": j.n_cautions,
        "silent_on": "; ".join(j.silent_on),
        "not_asked": j.rule_set.not_asked,
        **({"basis": j.rule_set.basis} if basis else {}),
    }


def finding_row(j: Judgement, f: Finding) -> dict[str, Any]:
    """Return the row of one criterion in ``Assessment.findings``."""
    is_interval = isinstance(f.margin, Interval)
    return {
        "therapy": j.rule_set.therapy,
        "rule_set": j.rule_set.name,
        "criterion": f.criterion.label,
        "role": f.criterion.role,
        "requirement": f.criterion.requirement,
        "observed": _observed(f),
        "result": f.result.value,
        "margin": None if is_interval else f.margin,
        "unit": f.criterion.quantity.unit,
        "source": evidence.source_name(f.criterion.source),
        "locator": f.criterion.locator,
        "note": f.criterion.note,
        "margin_low": f.margin.least if isinstance(f.margin, Interval) else f.margin,
        "margin_high": f.margin.most if isinstance(f.margin, Interval) else f.margin,
    }


def _observed(finding: Finding) -> Known | None:
    """Return the observed value for a data frame: a derived grade in words, "G3 or NEC"."""
    quantity, observed = finding.criterion.quantity, finding.observed
    return quantity.show(observed) if in_part(observed) and quantity.name not in FIELDS else observed


def table(judgements: Iterable[Judgement]) -> str:
    """Return judgements as an HTML table."""
    rows = [
        (evidence.therapy_name(j.rule_set.therapy), j.rule_set.tagged_title, j.word, j.sentence, "; ".join(j.cautions))
        for j in judgements
    ]
    return html_table(rows, ("Therapy", "Source", "Verdict", "Why", "Cautions"))


def case(patient: Patient) -> str:
    """Return what was entered as a sentence."""
    entered = patient.entered
    if not entered:
        return "Nothing is known of the patient."
    phrases = [FIELDS[name].capitalized(value) for name, value in entered.items()]
    return f"Patient: {'; '.join(phrases)}."
