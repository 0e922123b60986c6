import html.parser

import pandas as pd
import pytest
from conftest import patients, values
from hypothesis import assume, given
from hypothesis import strategies as st

import netdash as nd
from netdash import rules
from netdash.patient import FIELDS
from netdash.rules import Bound, Verdict

CANDIDATE = nd.Patient(
    age_years=48,
    ki67_percent=4,
    liver_involvement_percent=35,
    extrahepatic_disease="none",
    differentiation="well",
    primary_site="pancreas",
    primary_status="resected",
    stable_months=6,
    serious_comorbidity=False,
    liver_unresectable=True,
    bilobar=True,
    symptomatic=True,
)
TRANSPLANTATION = [
    *("milan_review", "review_option", "review_conclusion", "review_introduction"),
    *("milan_2007", "milan_2019", "milan_2023"),
]


def verdict(rule_set, **changes):
    return nd.assess(CANDIDATE.replace(**changes))[rule_set].verdict.value


def verdicts(**changes):
    found = nd.assess(CANDIDATE.replace(**changes)).verdicts.set_index("rule_set")["verdict"]
    return {name: found[name] for name in TRANSPLANTATION}


def test_the_candidate_meets_all_seven_transplant_sets():
    assert set(verdicts().values()) == {"met"}


def test_at_age_55_the_sets_disagree_exactly_as_worded():
    at_55 = verdicts(age_years=55)
    assert at_55["milan_review"] == "not_met"  # under 55
    assert at_55["milan_2007"] == "met"  # 55 or less
    assert at_55["milan_2019"] == "met"  # 60 or less
    assert at_55["review_conclusion"] == "met"  # no age
    assert verdicts(age_years=54.99)["milan_review"] == "met"
    assert verdicts(age_years=55.01)["milan_2007"] == "not_met"
    assert verdicts(age_years=60)["milan_2019"] == "met"
    assert verdicts(age_years=60.01)["milan_2019"] == "not_met"


def test_at_half_the_liver_the_sets_disagree_exactly_as_worded():
    at_50 = verdicts(liver_involvement_percent=50)
    assert at_50["milan_review"] == "met"  # no more than 50 %
    assert at_50["milan_2007"] == "met"  # 50 % or less
    assert at_50["review_conclusion"] == "not_met"  # less than 50 %
    assert at_50["milan_2019"] == "not_met"  # under 50 %
    above = verdicts(liver_involvement_percent=50.01)
    assert above["milan_review"] == above["milan_2007"] == "not_met"


@pytest.mark.parametrize(
    ("changes", "missed"),
    [
        ({"ki67_percent": 10}, {"milan_review"}),
        ({"ki67_percent": 9.99}, set()),
        ({"ki67_percent": 25}, {"milan_review", "milan_2007", "milan_2019", "milan_2023"}),
        ({"stable_months": 5.99}, {"milan_2007", "milan_2019"}),
        ({"stable_months": 3}, {"milan_2007", "milan_2019"}),
        ({"stable_months": 2.99}, {"milan_2007", "milan_2019", "milan_2023"}),
        ({"stable_months": 0}, {"milan_2007", "milan_2019", "milan_2023", "review_option", "review_conclusion"}),
        ({"serious_comorbidity": True}, {"milan_2007"}),
        ({"symptomatic": False}, {"review_introduction"}),
        ({"bilobar": False}, {"review_introduction"}),
        ({"liver_unresectable": False}, {"review_introduction", "review_option"}),
        ({"extrahepatic_disease": "limited_stable"}, {"milan_review", "review_option", "review_conclusion"}),
        (
            {"primary_status": "resectable"},
            {"review_option", "review_conclusion", "milan_2007", "milan_2019", "milan_2023"},
        ),
        (
            {"primary_site": "lung"},
            {"milan_review", "review_conclusion", "milan_2007", "milan_2019", "milan_2023"},
        ),
    ],
)
def test_one_change_misses_the_sets_that_ask_for_it_and_no_other(changes, missed):
    assert {name for name, found in verdicts(**changes).items() if found == "not_met"} == missed
    assert {name for name, found in verdicts(**changes).items() if found == "unknown"} == set()


def test_either_grade_or_ki67_is_enough_for_milan_2023():
    assert verdict("milan_2023", differentiation=None) == "met"  # Ki-67 4 % decides
    assert verdict("milan_2023", ki67_percent=15) == "met"  # G2 decides
    assert verdict("milan_2023", ki67_percent=None) == "unknown"
    assert verdict("milan_2023", ki67_percent=15, differentiation=None) == "unknown"


@pytest.mark.parametrize(
    ("rule_set", "changes", "expected"),
    [
        ("resection_review", {"resectable_percent": 90}, "met"),
        ("resection_review", {"resectable_percent": 89.99}, "not_met"),
        ("resection_review", {}, "unknown"),
        ("resection_que", {"primary_status": "resectable", "resectable_or_ablatable_percent": 90}, "met"),
        ("resection_que", {"primary_status": "resected", "resectable_or_ablatable_percent": 90}, "met"),
        ("resection_que", {"primary_status": "unresectable", "resectable_or_ablatable_percent": 90}, "not_met"),
        ("resection_que", {"resectable_or_ablatable_percent": 89}, "not_met"),
        ("cytoreduction_review", {"resectable_percent": 90}, "not_met"),
        ("cytoreduction_review", {"resectable_percent": 90.01}, "met"),
        ("cytoreduction_review", {"resectable_percent": 95, "symptomatic": False}, "not_met"),
        ("cytoreduction_70", {"resectable_percent": 70}, "not_met"),
        ("cytoreduction_70", {"resectable_percent": 70.01}, "met"),
        ("resection_ablation_review", {"resectable_or_ablatable_percent": 90}, "not_met"),
        ("resection_ablation_review", {"resectable_or_ablatable_percent": 91}, "met"),
        ("resection_ablation_review", {"resectable_or_ablatable_percent": 91, "symptomatic": None}, "met"),
        ("embolization_review", {"portal_vein_occluded": True}, "met"),  # a caution never decides
        ("embolization_review", {"liver_unresectable": False}, "not_met"),
        ("chemotherapy_review", {"differentiation": "poor", "high_proliferation": True}, "unknown"),
        ("platinum_etoposide_review", {"differentiation": "poor"}, "met"),
        ("rfa_review", {"oligonodular": True, "largest_lesion_cm": 4.9}, "met"),
        ("rfa_review", {"oligonodular": True, "largest_lesion_cm": 5}, "not_met"),
    ],
)
def test_the_other_sets_decide_as_worded(rule_set, changes, expected):
    assert verdict(rule_set, **changes) == expected


RADIO = {
    "operable": False,
    "large_tumor_burden": False,
    "severe_liver_dysfunction": False,
    "vascular_involvement": False,
    "portal_vein_occluded": False,
    "maa_scan_done": True,
    "major_pulmonary_shunt": False,
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "met"),
        ({"severe_liver_dysfunction": True}, "met"),
        ({"portal_vein_occluded": True, "vascular_involvement": True}, "met"),
        ({"severe_liver_dysfunction": True, "portal_vein_occluded": True}, "not_met"),
        ({"severe_liver_dysfunction": True, "vascular_involvement": True}, "not_met"),
        ({"severe_liver_dysfunction": None, "vascular_involvement": True}, "unknown"),
        ({"large_tumor_burden": True}, "not_met"),
        ({"large_tumor_burden": None}, "unknown"),
        ({"maa_scan_done": False}, "not_met"),
        ({"operable": True, "liver_unresectable": False}, "not_met"),
        ({"operable": True, "liver_unresectable": False, "extrahepatic_disease": "extensive"}, "met"),
    ],
)
def test_contraindications_of_radioembolization_decide_in_the_reading_taken(changes, expected):
    assert verdict("radioembolization_review", **{**RADIO, **changes}) == expected


def test_headlines_read_as_in_the_contract():
    assert nd.assess(CANDIDATE)["milan_review"].headline == "Meets all 5"
    assert nd.assess(CANDIDATE.replace(ki67_percent=12))["milan_review"].headline == "Misses 1 of 5: Ki-67"
    needs = nd.assess(CANDIDATE.replace(primary_status=None))["review_conclusion"].headline
    assert needs == "Cannot tell: needs primary status"
    grade = nd.assess(CANDIDATE.replace(ki67_percent=None))["milan_2007"].headline
    assert grade == "Cannot tell: needs Ki-67"


def test_the_site_is_asked_for_unless_it_does_not_settle_the_drainage():
    unknown = nd.assess(CANDIDATE.replace(primary_site=None))["milan_review"].headline
    assert unknown == "Cannot tell: needs primary site"
    rectum = nd.assess(CANDIDATE.replace(primary_site="rectum"))["milan_review"].headline
    assert rectum == "Cannot tell: needs primary drained by the portal vein"


def test_a_set_without_a_deciding_criterion_is_never_met():
    judgement = nd.assess(nd.Patient(differentiation="poor", high_proliferation=True))["chemotherapy_review"]
    assert judgement.verdict is Verdict.UNKNOWN
    assert "no criterion" in judgement.headline


def test_cautions_are_shown_and_unknown_ones_are_marked():
    cautions = nd.assess(CANDIDATE.replace(portal_vein_occluded=True))["embolization_review"].cautions
    assert "Portal vein not occluded" in cautions
    assert "No biliary anastomosis (unknown)" in cautions


def test_the_verdicts_frame_is_the_contracts():
    frame = nd.assess(CANDIDATE).verdicts
    assert list(frame.columns) == [
        *("therapy", "rule_set", "verdict", "n_criteria", "n_met", "n_not_met", "n_unknown"),
        *("missed", "unknown", "cautions", "headline"),
    ]
    assert list(frame["rule_set"]) == list(rules.load())
    assert (frame["n_criteria"] == frame[["n_met", "n_not_met", "n_unknown"]].sum(axis=1)).all()


def test_the_findings_frame_is_the_contracts():
    frame = nd.assess(CANDIDATE.replace(stable_months=None)).findings
    assert list(frame.columns) == [
        *("therapy", "rule_set", "criterion", "role", "requirement", "observed", "result", "margin"),
        *("unit", "source", "locator", "note"),
    ]
    age = frame.loc["milan_review-age"]
    assert (age["observed"], age["margin"], age["unit"], age["requirement"]) == (48, 7, "years", "under 55 years")
    assert frame.loc["review_option-stable", "observed"] is None
    assert pd.isna(frame.loc["review_option-stable", "margin"])
    for column in ("source", "locator", "requirement", "criterion"):
        assert (frame[column].str.len() > 0).all(), column
    assert set(frame["role"]) == {"required", "caution", "favors", "prognostic"}


def test_therapies_and_rule_sets_never_change_order():
    empty, full = nd.assess(nd.Patient()).verdicts, nd.assess(CANDIDATE).verdicts
    assert list(empty["rule_set"]) == list(full["rule_set"])
    assert list(full["therapy"].unique()) == [
        *("resection", "cytoreduction", "resection_ablation", "transplantation", "ablation", "embolization"),
        *("radioembolization", "somatostatin_analog", "interferon", "chemotherapy", "prrt", "mibg", "targeted"),
    ]


def test_only_the_asked_rule_sets_are_assessed_and_unknown_ones_refused():
    assert list(nd.assess(CANDIDATE, ["milan_2019", "milan_review"]).verdicts["rule_set"]) == [
        *("milan_review", "milan_2019"),
    ]
    with pytest.raises(ValueError, match="milan_2019"):
        nd.assess(CANDIDATE, ["milan"])
    with pytest.raises(TypeError, match="Patient"):
        nd.assess({"age_years": 48})
    with pytest.raises(ValueError, match="was not assessed"):
        nd.assess(CANDIDATE, ["milan_2019"]).flips("milan_review")


def test_flips_name_the_smallest_change():
    flips = nd.assess(CANDIDATE.replace(age_years=57, liver_involvement_percent=None)).flips("milan_review")
    assert list(flips["field"]) == ["age_years", "liver_involvement_percent"]
    assert list(flips["needed"]) == [54.0, 50.0]
    assert flips.loc[0, "change"] == "Age: under 55 years (now 57 years)"
    assert nd.assess(CANDIDATE).flips("milan_review").empty


@given(patients(), st.sampled_from(list(rules.load())))
def test_all_flips_of_a_rule_set_together_make_it_met(patient, name):
    assume(rules.get(name).clauses)
    required = nd.assess(patient, [name]).flips(name).query("role == 'required'")
    changed = patient.replace(**dict(zip(required["field"], required["needed"], strict=True)))
    assert nd.assess(changed, [name])[name].verdict is Verdict.MET


@given(patients(), st.sampled_from(list(FIELDS)))
def test_a_verdict_never_improves_when_an_input_becomes_unknown(patient, name):
    before, after = nd.assess(patient).judgements, nd.assess(patient.replace(**{name: None})).judgements
    for old, new in zip(before, after, strict=True):
        if new.verdict is Verdict.MET:
            # A drainage once entered gives way to what the site settles; that is an answer, not an unknown.
            assert old.verdict is Verdict.MET or name == "primary_portal_drained"
        if old.verdict is Verdict.UNKNOWN and name != "primary_portal_drained":
            assert new.verdict is Verdict.UNKNOWN


@given(patients(), st.data())
def test_moving_an_input_inside_its_bound_never_worsens_a_verdict(patient, data):
    bounds = [(n, c) for n, s in rules.load().items() for c in s.criteria if isinstance(c, Bound)]
    name, criterion = data.draw(st.sampled_from(bounds))
    inside = data.draw(values(criterion.quantity).filter(criterion.holds))
    order = [Verdict.NOT_MET, Verdict.UNKNOWN, Verdict.MET]
    before = nd.assess(patient, [name])[name].verdict
    after = nd.assess(patient.replace(**{criterion.quantity.name: inside}), [name])[name].verdict
    grades = any(c.quantity.name == "grade" for c in rules.get(name).criteria)
    assume(not (grades and criterion.quantity.name == "ki67_percent"))
    assert order.index(after) >= order.index(before)


def test_the_assessment_can_be_read_out_and_says_what_it_is_not():
    text = str(nd.assess(CANDIDATE.replace(ki67_percent=12)))
    assert "Misses 1 of 5: Ki-67" in text
    assert "Age 48 years" in text
    assert "does not rank or recommend" in text
    assert "Nothing is known" in str(nd.assess(nd.Patient()))


def test_the_notebook_shows_a_well_formed_table_with_every_rule_set():
    class Balance(html.parser.HTMLParser):
        depth = 0

        def handle_starttag(self, tag, attrs):
            self.depth += 1

        def handle_endtag(self, tag):
            self.depth -= 1

    shown = nd.assess(CANDIDATE)._repr_html_()
    parser = Balance()
    parser.feed(shown)
    assert parser.depth == 0
    assert all(rule_set.title in shown for rule_set in rules.load().values())


@pytest.mark.parametrize(
    ("age", "said"), [(53, "2 years inside"), (54, "1 year inside"), (55, "at the bound"), (56, "1 year outside")]
)
def test_one_year_is_no_plural(age, said):
    findings = nd.assess(nd.Patient(age_years=age))["milan_review"].findings
    (finding,) = (found for found in findings if found.criterion.quantity.name == "age_years")
    assert finding.distance == said
