"""The verdicts of a therapy in at most three lines, with every list and every reason."""

import re

from conftest import patients
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_known_in_part import parts

import netdash as nd
from netdash.board import lines
from netdash.fields import in_part
from netdash.patient import FIELDS, Patient
from netdash.rules import Verdict

CASE = Patient(
    **{"age_years": 57, "ki67_percent": 8, "liver_involvement_percent": 45, "extrahepatic_disease": "none"},
    **{"primary_site": "pancreas", "primary_status": "resected", "differentiation": "well", "stable_months": 7},
)


def of(patient, therapy, kind="published"):
    return next(one for one in lines.by_therapy(getattr(nd.assess(patient), kind)) if one.therapy == therapy)


def told(line):
    return [(group.reason, [j.rule_set.name for j in group.judgements]) for group in line.groups]


@settings(max_examples=50)
@given(patients())
def test_every_list_stands_in_one_line_and_lines_are_met_missed_open(patient):
    for judgements in (nd.assess(patient).published, nd.assess(patient).studied):
        found = lines.by_therapy(judgements)
        assert [one.therapy for one in found] == list(dict.fromkeys(j.rule_set.therapy for j in judgements))
        for one in found:
            verdicts = [line.verdict for line in one.lines]
            assert verdicts == [verdict for verdict in ("met", "not_met", "unknown") if verdict in verdicts]
            for line in one.lines:
                assert {j.verdict for j in line.judgements} == {line.verdict}
        named = sorted(name for one in found for name in one.rule_sets)
        assert named == sorted(j.rule_set.name for j in judgements)


@settings(max_examples=50)
@given(patients())
def test_no_reason_is_lost(patient):
    for one in lines.by_therapy(nd.assess(patient).published):
        for line in one.lines:
            for group in line.groups:
                for judgement in group.judgements:
                    if line.verdict == "not_met":
                        assert group.reason.casefold() == "; ".join(judgement.missed).casefold()
                    elif line.verdict == "met":
                        assert group.reason == "; ".join(judgement.provisos)
                        assert group.notes == judgement.side_notes
                    else:
                        lacking = [field.topic for field in judgement.needs if field.name not in patient.entered]
                        assert all(topic in group.reason for topic in lacking)


PARTLY = ["ki67_percent", "age_years", "liver_involvement_percent", "grade_reported", "primary_site", "differentiation"]
KNOWN_IN_PART = st.fixed_dictionaries(
    {}, optional={name: parts(name) if name in PARTLY else st.none() | parts(name) for name in FIELDS}
)


@example({**CASE.entered, "ki67_percent": nd.Interval(3, 20)})
@given(KNOWN_IN_PART)
def test_each_value_and_bound_on_a_line_is_that_of_every_list_of_its_group(entered):
    patient = Patient(**{name: value for name, value in entered.items() if value is not None})
    assessment = nd.assess(patient)
    for one in (*lines.by_therapy(assessment.published), *lines.by_therapy(assessment.studied)):
        for line in one.lines:
            reasons = [(group.reason, group.notes) for group in line.groups]
            assert len(set(reasons)) == len(reasons), "lists with the same reason share a group"
            for group in line.groups:
                check_bounds(line.verdict, group)


def check_bounds(verdict, group):
    said = " ".join([group.reason, *group.notes]).casefold()
    for judgement in group.judgements:
        told = {
            "met": [f for f in judgement.findings if f.criterion.role == "caution" and f.needs and not f.missing],
            "not_met": judgement.required(Verdict.NOT_MET),
            "unknown": judgement.open_findings,
        }[verdict]
        phrases = [f.phrase(judgement.kind).casefold() for f in told if f.is_told]
        assert all(phrase in said for phrase in phrases), judgement.rule_set.name
        assert bounds(said) == {bound for phrase in phrases for bound in bounds(phrase)}, judgement.rule_set.name


def bounds(text):
    return set(re.findall(r"\((?:asked|studied): ([^()]*)\)", text))


def test_lists_with_the_same_reason_share_it_and_others_name_their_own_bound():
    missed = of(CASE, "transplantation").lines[1]
    assert told(missed) == [
        ("Age 57 years (asked: under 55 years)", ["milan_review"]),
        ("Age 57 years (asked: at most 55 years)", ["milan_2007"]),
    ]
    trials = of(CASE, "targeted", "studied").lines[0]
    assert ["sanet_ep_population", "axinet_population"] in [names for _, names in told(trials)]


def test_what_is_met_with_cautions_says_so_on_its_line():
    case = CASE.replace(liver_unresectable=True, portal_vein_occluded=True)
    (met,) = of(case, "embolization").lines
    assert told(met) == [("1 caution: portal vein occluded", ["embolization_review"])]
    assert "Cautions not entered: severe liver dysfunction, biliary anastomosis" in met.groups[0].notes


def test_what_is_open_names_the_inputs_and_what_is_known_in_part():
    case = CASE.replace(ki67_percent="3-20")
    assert told(of(case, "somatostatin_analog", "studied").lines[-1]) == [
        (
            "Ki-67 3 to 20 % (studied: under 10 %); not entered: functioning syndrome, somatostatin receptor status",
            ["clarinet_population"],
        ),
        (
            "not entered: progression, somatostatin receptor status, failure of a somatostatin analog",
            ["clarinet_forte_population"],
        ),
    ]
    assert told(of(CASE, "ablation").lines[0])[-1] == (lines.NOTHING_DECIDES, ["rfa_review"])
    assert of(CASE, "ablation").is_undecided


def test_each_list_stands_with_its_own_bound_on_an_open_line():
    trials = of(CASE.replace(ki67_percent="3-20"), "prrt", "studied").lines[-1]
    bound_of = {names[0]: bounds(reason) for reason, names in told(trials)}
    assert bound_of == {
        "netter2_population": {"at least 10 %"},
        "netter3_population": {"under 10 %"},
        "compete_population": set(),
        "compose_population": {"at least 15 %"},
    }


def test_alternatives_of_which_one_is_known_in_part_stay_alternatives():
    case = CASE.replace(ki67_percent="3-20", differentiation=None, stable_months=7, liver_unresectable=True)
    reason = {names[0]: reason for reason, names in told(of(case, "transplantation").lines[-1])}["milan_2023"]
    assert reason == "differentiation not entered, or Ki-67 3 to 20 % (asked: under 10 %)"


def test_an_open_line_says_in_few_words_what_it_lacks_and_never_calls_a_range_not_entered():
    assert of(CASE, "interferon").lines[0].lacks == "1 input not entered"
    assert of(CASE, "ablation").lines[0].lacks.endswith(f"for 1 of 4 {lines.NOTHING_DECIDES}")
    assert of(CASE, "chemotherapy").lines[-1].lacks == lines.NOTHING_DECIDES
    case = CASE.replace(ki67_percent="3-20", age_years="50-60", stable_months=None)
    assert of(case, "transplantation").lines[0].lacks == "5 inputs not entered, 2 inputs known in part"
    entered = case.replace(functioning_syndrome=False, sstr_positive=True, disease_progressive=False, symptomatic=False)
    said = of(entered, "somatostatin_analog", "studied").lines[-1]
    assert "1 input known in part" in said.lacks


@settings(max_examples=50)
@given(patients())
def test_inputs_that_a_line_calls_not_entered_are_not(patient):
    for one in lines.by_therapy(nd.assess(patient).published):
        for line in (line for line in one.lines if line.verdict == "unknown"):
            known = [patient.entered.get(name) for name in {f.name for j in line.judgements for f in j.needs}]
            numbers = {"not entered": known.count(None), "known in part": sum(map(in_part, known))}
            numbers["unknown"] = known.count("unknown_primary")
            numbers["at odds"] = len(known) - sum(numbers.values())
            for words, number in numbers.items():
                assert re.findall(rf"(\d+) inputs? {words}", line.lacks) == [str(number)] * bool(number)


def test_a_primary_that_was_not_found_is_called_unknown():
    case = CASE.replace(age_years=50, liver_involvement_percent=20, primary_site="unknown_primary")
    (one,) = lines.by_therapy(nd.assess(case, "sanet_p_population").judgements)
    assert one.lines[0].lacks == "1 input not entered, 1 input unknown"


def test_a_grade_that_is_entered_exactly_and_at_odds_is_not_called_known_in_part():
    case = CASE.replace(grade_reported="G3")
    said = of(case, "transplantation").lines[-1].lacks
    assert "known in part" not in said
    assert said.endswith("1 input at odds")


def test_an_input_that_is_not_entered_counts_as_such_where_a_set_of_grades_is():
    case = CASE.replace(age_years=50, differentiation=None, ki67_percent="<=20", grade_reported="G2|NEC")
    (one,) = lines.by_therapy(nd.assess(case, "milan_2019").judgements)
    assert [line.lacks for line in one.lines] == ["1 input not entered"]
    assert told(one.lines[0])[0][0] == "grade G2 or NEC (asked: G1 or G2)"


def test_the_words_of_a_line_are_those_of_its_kind_and_of_several_kinds_met_missed_open():
    assert [line.count for line in of(CASE, "chemotherapy").lines] == ["1 does not fit", "1 open"]
    assert of(CASE, "somatostatin_analog").lines[0].count == "1 within label"
    assert of(CASE, "transplantation").lines[0].count == "2 met"
    assert lines.counts(nd.assess(CASE).published) == {"met": "3 met", "not_met": "4 missed", "unknown": "25 open"}
    assert lines.counts(nd.assess(CASE).studied) == {"not_met": "8 unlike", "unknown": "12 open"}
    assert [lines.met_words(j) for j in of(CASE, "transplantation").lines[0].judgements] == [
        "fits 5 of 5",
        "meets 6 of 6",
    ]


def test_counts_of_several_rule_sets_stand_in_the_plural():
    fits = nd.assess(Patient(disease_progressive=True, sstr_positive=True, symptomatic=True))
    for one in lines.by_therapy((*fits.published, *fits.studied)):
        for line in one.lines:
            assert not re.search(
                r"^([2-9]|\d\d) (fits|does not fit|like its)|^1 (fit|do not fit|like their)$", line.count
            )
    of_kind = [j for j in fits.published if j.rule_set.kind == "statement"]
    assert [lines.counted("not_met", of_kind[:n]) for n in (1, 2)] == ["1 does not fit", "2 do not fit"]
    assert [lines.counted("met", of_kind[:n]) for n in (1, 2)] == ["1 fits", "2 fit"]
    assert lines.counted("met", fits.studied[:2]) == "2 like their patients"
