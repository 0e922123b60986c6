"""What a second reader found wrong in patients known in part: values, units, conflicts and sentences."""

import pandas as pd
import pytest

import netdash as nd
from netdash import own_criteria
from netdash.cohort.accounts import CohortNotice
from netdash.csv_checks import RefusedFile
from netdash.patient import Patient

CHICAGO = {
    "age_years": 50,
    "ki67_percent": 2,
    "liver_involvement_percent": 20,
    "resectable_percent": 95,
    "primary_site": "pancreas",
    "differentiation": "well",
    "sstr_positive": True,
    "pregnant": False,
}


def verdict(row, rule_set, **entry):
    mapping = nd.Mapping.from_rows([entry]) if entry else None
    with pytest.warns(CohortNotice):
        return nd.assess_cohort(pd.DataFrame([row]), [rule_set], mapping=mapping)[rule_set].item()


def bilirubin(text):
    entry = {"column": "bili", "field": "bilirubin_mg_dl", "unit": "umol/L", "factor": "0.0585", "words": "high=>3"}
    return verdict({**CHICAGO, "bili": text}, "cytoreduction_chicago", **entry)


@pytest.mark.parametrize(
    ("text", "expected"),
    [(">=20", "unknown"), ("8 mg/dL", "unknown"), ("high", "not_met"), ("10", "met"), (">60", "not_met")],
)
def test_open_ends_units_and_words_of_a_column_in_another_unit_are_read_as_they_are_meant(text, expected):
    assert bilirubin(text) == expected


def test_an_open_end_in_months_is_no_age_of_ten():
    row = {"m": ">=100", "primary_site": "pancreas", "sstr_positive": True}
    assert verdict(row, "lutathera_us", column="m", field="age_years", unit="months") == "unknown"


@pytest.mark.parametrize(
    ("query", "age"), [("age_years=90+ years", ">=90"), ("age_years=90+%20", ">=90"), ("age_years=90+", ">=90")]
)
def test_a_plus_before_a_blank_in_a_link_is_that_of_a_range(query, age):
    assert Patient.from_query(query).to_dict()["age_years"] == age


@pytest.mark.parametrize("query", ["ki67_percent=90+%", "ki67_percent=90+%25", "age_years=90+years"])
def test_a_plus_in_a_link_that_can_be_read_in_two_ways_is_refused(query):
    with pytest.raises(ValueError, match=r"may be a blank or that of 90\+"):
        Patient.from_query(query)


def test_a_number_with_a_mark_of_thousands_is_no_single_metastasis():
    for text in ("1,000", "1.000"):
        with pytest.raises(ValueError, match="lesion_count"):
            Patient(lesion_count=text)
        assert verdict({"lesion_count": text, "primary_site": "pancreas"}, "hepar_plus_population") == "unknown"
    assert Patient(lesion_count="3.0").lesion_count == 3


def test_a_blank_that_does_not_break_is_a_blank():
    assert Patient(ki67_percent="8\u00a0%").ki67_percent == 8
    assert Patient(ki67_percent="3\u202f–\u202f20") == Patient(ki67_percent="3-20")


def test_words_that_are_all_at_odds_are_a_conflict():
    at_odds = nd.assess(Patient(ki67_percent=18, grade_reported="G3|NEC")).conflicts
    assert [sentence.split(" and ")[0] for sentence in at_odds] == ["Reported grade G3", "Reported grade NEC"]
    assert nd.assess(Patient(ki67_percent=18, grade_reported="G2|G3")).conflicts == ()


@pytest.mark.parametrize(
    ("age", "words"),
    [
        ("50-55", "at the bound (excluded) to 5 years inside"),
        ("50-56", "1 year outside to 5 years inside"),
        ("55-55.9", "at the bound, which is excluded"),
        ("50-52", "3 to 5 years inside"),
    ],
)
def test_the_distance_of_a_range_says_where_its_ends_are(age, words):
    found = {f.criterion.criterion_id: f for f in nd.assess(Patient(age_years=age))["milan_review"].findings}
    assert found["milan_review-age"].distance == words


@pytest.mark.parametrize(
    ("field", "range_", "criterion", "words"),
    [
        ("ki67_percent", "<10", "milan_review-ki67", "up to 10 points inside"),
        ("ki67_percent", "<=10", "milan_review-ki67", "at the bound (excluded) to 10 points inside"),
        ("liver_involvement_percent", ">50", "milan_review-liver", "up to 50 points outside"),
        ("ki67_percent", ">=10", "milan_review-ki67", "90 points outside to at the bound (excluded)"),
    ],
)
def test_a_range_that_leaves_out_the_bound_is_not_said_to_be_at_it(field, range_, criterion, words):
    judgement = nd.assess(Patient(**{field: range_}))["milan_review"]
    assert {f.criterion.criterion_id: f for f in judgement.findings}[criterion].distance == words


def test_no_patient_is_like_those_of_two_cohorts_that_exclude_each_other():
    patient = Patient(
        primary_site="pancreas", differentiation="well", disease_progressive=True, prior_systemic_treatment=True
    )
    text = nd.hazard_ratios(assessment=nd.assess(patient)).layout.meta["text"]
    assert "CABINET" not in text.partition("This patient is like")[2]


@pytest.mark.parametrize(
    ("requirement", "says"),
    [
        ("age_years,<,18.5", "completed years are compared"),
        ("ki67_percent,<,0", "some patients meet and some miss"),
        ("lesion_count,>=,1", "some patients meet and some miss"),
        ("bilobar,one of,yes|no", "some patients meet and some miss"),
    ],
)
def test_an_own_criterion_that_decides_nothing_or_something_else_is_refused(requirement, says):
    file = f"rule_set,therapy,field,operator,value,source,locator\nours,transplantation,{requirement},Our list,page 1\n"
    with pytest.raises(RefusedFile, match=says):
        own_criteria.read(file.encode())


def test_a_field_in_a_column_and_in_its_limits_is_refused():
    frame = pd.DataFrame({"ki67_percent": [None, 5.0], "ki67_percent_low": [30.0, 30], "ki67_percent_high": [40.0, 40]})
    with pytest.raises(ValueError, match="all hold ki67_percent"):
        nd.assess_cohort(frame, ["milan_review"])


def test_a_refused_drainage_leaves_what_the_site_says():
    row = {"primary_site": "lung", "primary_portal_drained": "x"}
    assert verdict(row, "milan_review") == "not_met"
