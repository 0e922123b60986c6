"""Cases that a clinician can read and sign: each criterion both ways, each boundary from both sides, each unknown."""

import tomllib
from collections import defaultdict

import pytest
from conftest import ROOT

import netdash as nd
from netdash import rule_tables
from netdash.rules import Bound, Verdict

TOLD = tomllib.loads((ROOT / "tests" / "vignettes.toml").read_text(encoding="utf-8"))


def patient(fields):
    return nd.Patient(**{name: None if value == "unknown" else value for name, value in fields.items()})


def judged():
    """Every patient told of one rule set, with the verdict expected: name, rule set, patient, verdict."""
    for case in TOLD["case"]:
        yield case["name"], case["rule_set"], patient(case["patient"]), case.get("verdict", "met")
        for other in case["then"]:
            name = f"{case['name']}, but {other['change']}: {other['because']}"
            yield name, case["rule_set"], patient({**case["patient"], **other["change"]}), other["verdict"]


def said():
    """Every line of a verdict that a case expects words of: name, rule set, patient, words."""
    for case in TOLD["case"]:
        for other in (o for o in case["then"] if "says" in o):
            name = f"{case['name']}, but {other['change']}: {other['because']}"
            yield name, case["rule_set"], patient({**case["patient"], **other["change"]}), other["says"]


ALL = list(judged())


@pytest.mark.parametrize(("rule_set", "case", "verdict"), [pytest.param(*c[1:], id=c[0]) for c in ALL])
def test_the_verdict_is_the_one_signed(rule_set, case, verdict):
    assert nd.assess(case, [rule_set])[rule_set].verdict == verdict


@pytest.mark.parametrize(("rule_set", "case", "words"), [pytest.param(*c[1:], id=c[0]) for c in said()])
def test_the_line_says_the_words_signed(rule_set, case, words):
    assert words in nd.assess(case, [rule_set])[rule_set].sentence


@pytest.mark.parametrize("case", TOLD["board"], ids=lambda c: c["name"])
def test_one_patient_before_several_rule_sets(case):
    verdicts = nd.assess(patient(case["patient"])).verdicts.set_index("rule_set")["verdict"]
    assert {name: verdicts[name] for name in case["verdicts"]} == case["verdicts"]


def test_there_are_cases_enough_and_each_has_a_name_and_a_source():
    assert len(ALL) + len(TOLD["board"]) >= 60
    names = [case["name"] for case in TOLD["case"] + TOLD["board"]]
    assert len(names) == len(set(names))
    assert all(case["source"] for case in TOLD["case"] + TOLD["board"])
    assert all(other["because"] for case in TOLD["case"] for other in case["then"])


def gaps(rule_sets, cases):
    """What no case shows of a criterion."""
    shown = defaultdict(set)
    for _, name, case, _ in cases:
        for criterion in rule_sets[name].criteria if name in rule_sets else ():
            shown[criterion.criterion_id].add(criterion.judge(case).value)
            value = criterion.observed(case)
            if isinstance(criterion, Bound) and value is not None:
                shown[criterion.criterion_id].add("at" if value == criterion.bound else "off the bound")
    for found in rule_sets.values():
        for criterion in found.criteria:
            wanted = {verdict.value for verdict in Verdict} | (
                {"at", "off the bound"} if isinstance(criterion, Bound) else set()
            )
            for missing in sorted(wanted - shown[criterion.criterion_id]):
                yield f"{criterion.criterion_id}: no case where it is {missing}"


def test_every_criterion_has_its_cases():
    assert list(gaps(rule_tables.load(), ALL)) == []


def test_a_criterion_without_cases_is_found():
    without = [case for case in ALL if case[1] != "mibg_review"]
    assert list(gaps(rule_tables.load(), without)) == [
        f"mibg_review-uptake: no case where it is {missing}" for missing in ("met", "not_met", "unknown")
    ]


@pytest.mark.parametrize("found", list(rule_tables.load().values()), ids=lambda f: f.name)
def test_what_never_decides_changes_no_verdict(found):
    for _, _, case, verdict in (c for c in ALL if c[1] == found.name):
        deciding = {name for clause in found.clauses for criterion in clause.criteria for name in criterion.inputs}
        others = [c for c in found.criteria if c.role != "required" and deciding.isdisjoint(c.inputs)]
        bare = case.replace(**{name: None for criterion in others for name in criterion.inputs})
        assert nd.assess(bare, [found.name])[found.name].verdict == verdict
