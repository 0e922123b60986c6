"""Inputs that cannot be true together: said with the case, silent just beside, and no verdict depends on them."""

import pytest
from conftest import at_most, patients
from hypothesis import given

import netdash as nd
from netdash import conflicts, evidence, outcome_rows
from netdash.patient import FIELDS

CASES = {
    "stable-progressive": (
        {"disease_progressive": True, "stable_months": 12},
        [{"stable_months": 0}, {"disease_progressive": False}],
    ),
    "low-burden-involvement": (
        {"liver_involvement_percent": 50.1, "low_liver_burden": True},
        [{"liver_involvement_percent": 50}, {"low_liver_burden": False}],
    ),
    "low-large-burden": (
        {"low_liver_burden": True, "large_tumor_burden": True},
        [{"large_tumor_burden": False}, {"low_liver_burden": False}],
    ),
    "unresectable-share": (
        {"liver_unresectable": True, "resectable_percent": 90},
        [{"resectable_percent": 89.9}, {"liver_unresectable": False}],
    ),
    "chemotherapy-systemic": (
        {"prior_chemotherapy": True, "prior_systemic_treatment": False},
        [{"prior_chemotherapy": False}, {"prior_systemic_treatment": True}],
    ),
    "prrt-systemic": (
        {"prior_prrt": True, "prior_systemic_treatment": False},
        [{"prior_prrt": False}, {"prior_systemic_treatment": True}],
    ),
    "analog-systemic": (
        {"ssa_failed": True, "prior_systemic_treatment": False},
        [{"ssa_failed": False}, {"prior_systemic_treatment": True}],
    ),
    "stable-diagnosis": (
        {"months_since_diagnosis": 5, "stable_months": 6},
        [{"months_since_diagnosis": 6}, {"stable_months": 5}],
    ),
    "carcinoma-ki67": (
        {"differentiation": "poor", "ki67_percent": 20},
        [{"ki67_percent": 20.1}, {"differentiation": "well"}],
    ),
    "involvement-none": (
        {"liver_involvement_percent": 0, "lesion_count": 1},
        [{"liver_involvement_percent": 0.1}],
    ),
    "resectable-none": (
        {"liver_unresectable": False, "resectable_percent": 0},
        [{"resectable_percent": 0.1}, {"liver_unresectable": True}],
    ),
    "share-resectable": (
        {"resectable_or_ablatable_percent": 20, "resectable_percent": 100},
        [{"resectable_or_ablatable_percent": 100}, {"resectable_percent": 20}],
    ),
    "share-ablatable": (
        {"resectable_or_ablatable_percent": 89.9, "ablatable_percent": 90},
        [{"resectable_or_ablatable_percent": 90}, {"ablatable_percent": 89.9}],
    ),
    "few-many": (
        {"oligonodular": True, "lesion_count": 21},
        [{"lesion_count": 20}, {"oligonodular": False}],
    ),
    "drained-lung": (
        {"primary_site": "lung", "primary_portal_drained": True},
        [{"primary_portal_drained": False}, {"primary_portal_drained": None}, {"primary_site": "stomach"}],
    ),
    "drained-gut": (
        {"primary_site": "duodenum", "primary_portal_drained": False},
        [{"primary_portal_drained": True}, {"primary_site": "stomach"}, {"primary_site": "rectum"}],
    ),
    "comorbidity-fit": (
        {"serious_comorbidity": True, "operable": True},
        [{"operable": False}, {"serious_comorbidity": False}],
    ),
    "proliferation-low": (
        {"ki67_percent": 20.1, "high_proliferation": False},
        [{"ki67_percent": 20}, {"high_proliferation": True}],
    ),
    "proliferation-high": (
        {"ki67_percent": 2.9, "high_proliferation": True},
        [{"ki67_percent": 3}, {"high_proliferation": False}],
    ),
    "uptake-negative": (
        {"sstr_positive": False, "uptake_vs_liver": "at_least"},
        [{"uptake_vs_liver": "below"}, {"sstr_positive": True}],
    ),
    "grade-1-ki67": (
        {"grade_reported": "G1", "ki67_percent": 3},
        [{"ki67_percent": 2.9}, {"grade_reported": "G2"}, {"ki67_percent": "2-3"}, {"grade_reported": "G1|G2"}],
    ),
    "grade-2-ki67": (
        {"grade_reported": "G2", "ki67_percent": 2.9},
        [{"ki67_percent": 3}, {"grade_reported": "G1"}, {"ki67_percent": "2-3"}, {"grade_reported": "G1|G2"}],
    ),
    "grade-low-ki67": (
        {"grade_reported": "G2", "ki67_percent": 20.1},
        [{"ki67_percent": 20}, {"grade_reported": "G3"}, {"ki67_percent": ">=20"}, {"grade_reported": "G2|NEC"}],
    ),
    "grade-3-ki67": (
        {"grade_reported": "G3", "ki67_percent": 20},
        [{"ki67_percent": 20.1}, {"grade_reported": "G2"}, {"ki67_percent": "10-30"}],
    ),
    "grade-carcinoma-ki67": (
        {"grade_reported": "NEC", "ki67_percent": 20},
        [{"ki67_percent": 20.1}, {"grade_reported": "G2"}, {"grade_reported": "G2|NEC"}],
    ),
    "grade-poor": (
        {"grade_reported": "G2", "differentiation": "poor"},
        [{"differentiation": "well"}, {"grade_reported": "NEC"}, {"grade_reported": "G3|NEC"}],
    ),
    "grade-well": (
        {"grade_reported": "NEC", "differentiation": "well"},
        [{"differentiation": "poor"}, {"grade_reported": "G3"}, {"grade_reported": "G3|NEC"}],
    ),
    "shunt-scan": (
        {"maa_scan_done": False, "major_pulmonary_shunt": False},
        [{"maa_scan_done": True}, {"major_pulmonary_shunt": None}],
    ),
}
"""Each conflict: a case that holds it, and changes of it that lie just beside."""

ROWS = {row["conflict_id"]: row for row in outcome_rows.records(evidence.conflicts())}


def held(patient):
    return {conflict.conflict_id for conflict in conflicts.load() if conflict.holds(patient)}


def test_each_row_of_the_data_has_its_case():
    assert set(CASES) == set(ROWS)


@pytest.mark.parametrize("name", CASES)
def test_it_is_said_with_both_inputs_and_the_reason(name):
    entered, _ = CASES[name]
    patient = nd.Patient(**entered)
    assert held(patient) == {name}
    (sentence,) = nd.assess(patient).conflicts
    assert sentence.endswith(ROWS[name]["why"])
    for field, value in entered.items():
        assert FIELDS[field].phrase(value).lower() in sentence.lower()
    assert f"Inputs at odds: {sentence}." in str(nd.assess(patient))


@pytest.mark.parametrize(
    ("name", "change"), [(name, change) for name, (_, beside) in CASES.items() for change in beside], ids=str
)
def test_just_beside_it_is_silent(name, change):
    assert name not in held(nd.Patient(**{**CASES[name][0], **change}))


@pytest.mark.parametrize(
    ("name", "missing"), [(name, field) for name, (entered, _) in CASES.items() for field in entered], ids=str
)
def test_one_input_that_is_not_entered_is_at_odds_with_nothing(name, missing):
    patient = nd.Patient(**{**CASES[name][0], missing: None})
    assert nd.assess(patient).conflicts == ()


def test_the_shunt_is_known_either_way_only_after_the_scan():
    assert held(nd.Patient(maa_scan_done=False, major_pulmonary_shunt=True)) == {"shunt-scan"}


@pytest.mark.parametrize("site", ["pancreas", "duodenum", "small_intestine", "appendix", "colon"])
def test_each_site_that_settles_the_drainage_is_at_odds_with_the_contrary(site):
    assert held(nd.Patient(primary_site=site, primary_portal_drained=False)) == {"drained-gut"}
    assert held(nd.Patient(primary_site=site)) == set()


def test_a_case_can_hold_several():
    patient = nd.Patient(
        disease_progressive=True, stable_months=12, liver_unresectable=True, resectable_percent=100,
        resectable_or_ablatable_percent=20, liver_involvement_percent=80, low_liver_burden=True,
        large_tumor_burden=True, oligonodular=True, lesion_count=60,
    )  # fmt: skip
    assert held(patient) == {
        *("stable-progressive", "unresectable-share", "share-resectable", "low-burden-involvement"),
        *("low-large-burden", "few-many"),
    }
    assert len(nd.assess(patient).conflicts) == 6


@at_most(60)
@given(patients())
def test_what_is_said_is_what_holds_in_the_order_of_the_data(patient):
    said = nd.assess(patient).conflicts
    found = [name for name in ROWS if name in held(patient)]
    assert [ROWS[name]["why"] for name in found] == [sentence.split(": ", 1)[1] for sentence in said]


@at_most(40)
@given(patients())
def test_no_verdict_depends_on_a_conflict(patient):
    with pytest.MonkeyPatch.context() as patch:
        before = nd.assess(patient).verdicts

        def refused(_):
            raise AssertionError("a verdict asked for the conflicts")

        patch.setattr(conflicts, "at_odds", refused)
        patch.setattr(conflicts, "load", refused)
        assert nd.assess(patient).verdicts.equals(before)


@pytest.mark.parametrize("name", CASES)
def test_the_case_with_the_conflict_is_judged_as_its_inputs_are(name):
    patient = nd.Patient(**CASES[name][0])
    for judgement in nd.assess(patient).judgements:
        alone = patient.replace(**{f: None for f in patient.to_dict() if f not in judgement.rule_set.inputs})
        assert nd.assess(alone)[judgement.rule_set.name].verdict == judgement.verdict


def test_values_known_in_part_are_at_odds_only_where_all_of_them_are():
    assert held(nd.Patient(grade_reported={"G1", "G2"}, ki67_percent=">20")) == {"grade-low-ki67"}
    assert held(nd.Patient(resectable_or_ablatable_percent="<50", resectable_percent=">=50")) == {"share-resectable"}
    assert held(nd.Patient(resectable_or_ablatable_percent="<=50", resectable_percent=">=50")) == set()
    assert held(nd.Patient(resectable_or_ablatable_percent="20-60", resectable_percent=50)) == set()
    assert held(nd.Patient(primary_site="colon|appendix", primary_portal_drained=False)) == {"drained-gut"}
    assert held(nd.Patient(primary_site="colon|lung", primary_portal_drained=False)) == set()
