import html.parser

import pandas as pd
import pytest
from conftest import patients, values
from hypothesis import assume, given
from hypothesis import strategies as st

import netdash as nd
from netdash import rule_tables
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
    assert verdicts(age_years=55.99)["milan_2007"] == "met"  # 55 completed years
    assert verdicts(age_years=56)["milan_2007"] == "not_met"
    assert verdicts(age_years=60)["milan_2019"] == "met"
    assert verdicts(age_years=61)["milan_2019"] == "not_met"


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
        ({"liver_unresectable": False}, {"review_introduction", "review_option", "milan_2023"}),
        (
            {"extrahepatic_disease": "limited_stable"},
            {"milan_review", "review_option", "review_conclusion", "milan_2023"},
        ),
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
        ("cytoreduction_review", {"resectable_percent": 85}, "met"),  # over 90 % is the reason, no condition
        ("cytoreduction_review", {"resectable_percent": 95, "symptomatic": False}, "not_met"),
        ("cytoreduction_70", {"resectable_percent": 70}, "not_met"),
        ("cytoreduction_70", {"resectable_percent": 70.01}, "met"),
        ("resection_ablation_review", {"resectable_or_ablatable_percent": 90}, "not_met"),
        ("resection_ablation_review", {"resectable_or_ablatable_percent": 91}, "met"),
        ("resection_ablation_review", {"resectable_or_ablatable_percent": 91, "symptomatic": None}, "met"),
        ("embolization_review", {"portal_vein_occluded": True}, "met"),  # a caution never decides
        ("embolization_review", {"liver_unresectable": False, "operable": True}, "not_met"),
        ("embolization_review", {"liver_unresectable": False, "operable": False}, "met"),  # no candidate for surgery
        ("embolization_review", {"liver_unresectable": False, "operable": None}, "unknown"),
        ("ssa_symptoms_review", {"functioning_syndrome": True, "liver_unresectable": False}, "met"),
        ("ssa_antiproliferative_review", {"primary_status": "resectable", "low_liver_burden": False}, "unknown"),
        ("chemotherapy_review", {"differentiation": "poor", "high_proliferation": True}, "unknown"),
        ("platinum_etoposide_review", {"differentiation": "poor"}, "met"),
        ("rfa_review", {"oligonodular": True, "largest_lesion_cm": 5}, "unknown"),  # an outcome is no condition
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
    def headline(name, **changes):
        return nd.assess(CANDIDATE.replace(**changes))[name].headline

    assert headline("milan_review") == "Meets 5 of 5"
    assert headline("milan_review", ki67_percent=12) == "Misses 1 of 5: Ki-67 12 % (asked: under 10 %)"
    assert headline("milan_review", age_years=57, extrahepatic_disease="extensive") == (
        "Misses 2 of 5: age 57 years (asked: under 55 years); extrahepatic disease extensive (asked: none)"
    )
    assert headline("milan_2007", ki67_percent=None) == "Open, 1 of 7: Ki-67 not entered"
    assert headline("review_introduction") == "Fits 3 of 3; not asked: how patients are selected"
    assert headline("review_introduction", symptomatic=False) == "Does not fit 1 of 3: symptoms no (asked: yes)"
    site = {"primary_site": "pancreas", "sstr_positive": True, "disease_progressive": True, "ssa_failed": True}
    assert headline("netter1_population", **site) == (
        "Unlike its patients in 1 of 5: primary pancreas (studied: small intestine, appendix)"
    )
    assert headline("netter1_population", **{**site, "primary_site": "appendix"}) == "Like its patients in 5 of 5"
    assert headline("milan_2023", ki67_percent=30, liver_unresectable=True) == (
        "Misses 1 of 7: both alternatives missed: grade G3 (asked: G1 or G2), Ki-67 30 % (asked: under 10 %)"
    )


def test_a_contraindicated_patient_is_told_so_in_the_headline():
    ill = {"portal_vein_occluded": True, "severe_liver_dysfunction": True, "biliary_anastomosis": True}
    assert nd.assess(CANDIDATE.replace(**ill))["embolization_review"].headline == (
        "Fits 1 of 1; 3 cautions: portal vein occluded, severe liver dysfunction, biliary anastomosis"
    )
    one = {"portal_vein_occluded": True, "severe_liver_dysfunction": False, "biliary_anastomosis": None}
    judgement = nd.assess(CANDIDATE.replace(**one))["embolization_review"]
    assert judgement.headline == "Fits 1 of 1; 1 caution: portal vein occluded"
    assert judgement.sentence == f"{judgement.headline}. Cautions not entered: biliary anastomosis"


def test_cautions_are_said_beside_a_verdict_that_is_open_or_missed_too():
    judgement = nd.assess(nd.Patient(portal_vein_occluded=True))["embolization_review"]
    assert judgement.headline.startswith("Open, 1 of 1: ")
    assert judgement.side_notes == ("Caution: portal vein occluded",)
    assert "Caution: portal vein occluded." in str(nd.assess(nd.Patient(portal_vein_occluded=True)))


def test_a_list_that_does_not_ask_what_another_asks_says_so_where_the_patient_fails_it():
    spread = nd.assess(CANDIDATE.replace(extrahepatic_disease="extensive"))
    assert spread["milan_2019"].headline == "Meets 6 of 6; silent on extrahepatic disease (extensive)"
    assert spread["milan_2007"].silent_on == ("extrahepatic disease (extensive)",)
    assert spread["milan_review"].silent_on == ()
    assert nd.assess(CANDIDATE)["milan_2019"].silent_on == ()
    # Age is asked of in both, and missed in one only: that is no silence.
    assert nd.assess(CANDIDATE.replace(age_years=57))["milan_2019"].silent_on == ()
    assert nd.assess(CANDIDATE.replace(age_years=57))["review_option"].silent_on == ("age (57 years)",)


def test_the_site_is_asked_for_unless_it_does_not_settle_the_drainage():
    unknown = nd.assess(CANDIDATE.replace(primary_site=None))["milan_review"].headline
    assert unknown == "Open, 1 of 5: primary site not entered"
    rectum = nd.assess(CANDIDATE.replace(primary_site="rectum"))["milan_review"].headline
    assert rectum == "Open, 1 of 5: portal drainage of the primary not entered"
    stomach = nd.assess(CANDIDATE.replace(primary_site="stomach"))["milan_2007"].headline
    assert stomach == "Open, 1 of 7: portal drainage of the primary not entered"


def test_a_set_without_a_deciding_criterion_is_never_met():
    judgement = nd.assess(nd.Patient(differentiation="poor", high_proliferation=True))["chemotherapy_review"]
    assert judgement.verdict is Verdict.UNKNOWN
    assert judgement.headline == "Open: the source states nothing that decides"


def test_cautions_say_what_the_patient_has_and_what_is_not_entered():
    case = CANDIDATE.replace(portal_vein_occluded=True, severe_liver_dysfunction=False, biliary_anastomosis=None)
    judgement = nd.assess(case)["embolization_review"]
    assert judgement.cautions == ("portal vein occluded", "biliary anastomosis: not entered")
    assert judgement.n_cautions == 1
    frail = nd.assess(nd.Patient(operable=False, extrahepatic_disease="extensive", differentiation="poor"))
    assert frail["resection_review"].cautions == (
        *("extrahepatic disease extensive", "grade NEC", "patient unfit for surgery"),
        "serious comorbidity: not entered",
    )


def test_the_verdicts_frame_is_the_contracts():
    frame = nd.assess(CANDIDATE).verdicts
    assert list(frame.columns) == [
        *("therapy", "rule_set", "verdict", "n_criteria", "n_met", "n_not_met", "n_unknown"),
        *("missed", "unknown", "cautions", "headline", "kind", "n_cautions", "silent_on", "not_asked"),
    ]
    assert list(frame["rule_set"]) == list(rule_tables.load())
    assert (frame["n_criteria"] == frame[["n_met", "n_not_met", "n_unknown"]].sum(axis=1)).all()


def test_the_findings_frame_is_the_contracts():
    frame = nd.assess(CANDIDATE.replace(stable_months=None)).findings
    assert list(frame.columns) == [
        *("therapy", "rule_set", "criterion", "role", "requirement", "observed", "result", "margin"),
        *("unit", "source", "locator", "note", "margin_low", "margin_high"),
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


def test_flips_tell_the_fixed_from_the_changeable_from_what_is_not_entered():
    case = CANDIDATE.replace(
        age_years=57, liver_involvement_percent=None, ki67_percent=15, extrahepatic_disease="extensive"
    )
    flips = nd.assess(case).flips("milan_review").set_index("field")
    assert dict(flips["may_change"]) == {
        "age_years": "fixed",
        "ki67_percent": "changeable",
        "extrahepatic_disease": "state",
        "liver_involvement_percent": "not entered",
    }
    assert dict(flips["needed"]) == {
        **{"age_years": None, "ki67_percent": 9.0, "extrahepatic_disease": None, "liver_involvement_percent": 50.0}
    }
    assert dict(flips["change"]) == {
        "age_years": "age 57 years, 2 years outside (asked: under 55 years): stays as it is",
        "ki67_percent": "Ki-67 15 % (asked: under 10 %): can change",
        "extrahepatic_disease": "extrahepatic disease extensive (asked: none): a finding, no target",
        "liver_involvement_percent": "liver involvement not entered (asked: at most 50 %)",
    }
    assert nd.assess(CANDIDATE).flips("milan_review").empty


@given(patients(), st.sampled_from(list(rule_tables.load())))
def test_no_flip_proposes_another_age_or_a_finding_nobody_wishes_for(patient, name):
    flips = nd.assess(patient, [name]).flips(name)
    for row in flips.to_dict("records"):
        told = row["observed"] is not None
        assert row["may_change"] == (FIELDS[row["field"]].change if told else "not entered")
        together = flips.loc[flips["criterion"] == row["criterion"], "may_change"]
        assert (row["needed"] is None) == bool(set(together) & {"fixed", "state"})


@pytest.mark.parametrize("name", [name for name, found in rule_tables.load().items() if found.clauses])
def test_what_is_not_entered_together_makes_a_rule_set_met(name):
    flips = nd.assess(nd.Patient(), [name]).flips(name).query("role == 'required'")
    assert set(flips["may_change"]) == {"not entered"}
    entered = nd.Patient(**dict(zip(flips["field"], flips["needed"], strict=True)))
    assert nd.assess(entered, [name])[name].verdict is Verdict.MET


@given(patients(), st.sampled_from(list(FIELDS)))
def test_a_verdict_never_improves_when_an_input_becomes_unknown(patient, name):
    # Of two inputs at odds either may be wrong: without one of them the other decides.
    assume(name not in ("grade_reported", "ki67_percent", "differentiation") or not nd.assess(patient).conflicts)
    before, after = nd.assess(patient).judgements, nd.assess(patient.replace(**{name: None})).judgements
    for old, new in zip(before, after, strict=True):
        if new.verdict is Verdict.MET:
            # A drainage once entered gives way to what the site settles; that is an answer, not an unknown.
            assert old.verdict is Verdict.MET or name == "primary_portal_drained"
        if old.verdict is Verdict.UNKNOWN and name != "primary_portal_drained":
            assert new.verdict is Verdict.UNKNOWN


@given(patients(), st.data())
def test_moving_an_input_inside_its_bound_never_worsens_a_verdict(patient, data):
    bounds = [(n, c) for n, s in rule_tables.load().items() for c in s.criteria if isinstance(c, Bound)]
    name, criterion = data.draw(st.sampled_from(bounds))
    inside = data.draw(values(criterion.quantity).filter(criterion.holds))
    order = [Verdict.NOT_MET, Verdict.UNKNOWN, Verdict.MET]
    before = nd.assess(patient, [name])[name].verdict
    after = nd.assess(patient.replace(**{criterion.quantity.name: inside}), [name])[name].verdict
    grades = any(c.quantity.name == "grade" for c in rule_tables.get(name).criteria)
    assume(not (grades and criterion.quantity.name == "ki67_percent"))
    twice = [c for c in rule_tables.get(name).criteria if c.quantity is criterion.quantity]
    assume(all(c.holds(inside) for c in twice))  # a Ki-67 from 10 to 55 %: inside of both bounds
    assert order.index(after) >= order.index(before)


def test_the_assessment_can_be_read_out_and_says_what_it_is_not():
    text = str(nd.assess(CANDIDATE.replace(ki67_percent=12)))
    assert "Milan, as the review quotes it: Misses 1 of 5: Ki-67 12 % (asked: under 10 %)." in text
    assert "Milan 2007 (later): " in text
    assert "Product label (EU, UK) (label, later): " in text
    criteria, studied = text.split("Whom trials studied")
    assert "NETTER-1 population (trial): " in studied
    assert "population" not in criteria
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
    assert all(rule_set.title in shown for rule_set in rule_tables.load().values())


@pytest.mark.parametrize(
    ("age", "said"),
    [(53, "2 years inside"), (54, "1 year inside"), (55, "at the bound, which is excluded"), (56, "1 year outside")],
)
def test_one_year_is_no_plural(age, said):
    findings = nd.assess(nd.Patient(age_years=age))["milan_review"].findings
    (finding,) = (found for found in findings if found.criterion.quantity.name == "age_years")
    assert finding.distance == said


def test_a_report_without_a_case_says_only_that_nothing_is_known():
    page = nd.report(nd.Patient())
    assert "<p>Nothing is known.</p>" in page
    assert "Nothing else is entered" not in page
    assert "Age 57 years. Nothing else is entered." in nd.report(nd.Patient(age_years=57))


def test_a_judgement_shows_its_list_and_its_line_and_prints_the_side_notes_too():
    judgement = nd.assess(nd.Patient(age_years=57, ki67_percent=4))["milan_review"]
    assert repr(judgement) == "Judgement(milan_review: Misses 1 of 5: age 57 years (asked: under 55 years))"
    assert str(judgement) == judgement.sentence
    assert str(judgement).startswith(judgement.headline)
    met = nd.assess(nd.Patient(liver_unresectable=True))["embolization_review"]
    assert repr(met) == f"Judgement(embolization_review: {met.sentence})"
    assert "Cautions not entered: portal vein, " in repr(met)
