import copy
import dataclasses
import inspect
import math
import pickle

import numpy as np
import pandas as pd
import pytest
from conftest import patients, values
from hypothesis import given
from hypothesis import strategies as st

from netdash.declarations import Declared
from netdash.derived import PORTAL_DRAINED_BY_SITE
from netdash.patient import FIELDS, Patient

CONTRACT = {
    "age_years": ("number", 0, 120),
    "ki67_percent": ("number", 0, 100),
    "liver_involvement_percent": ("number", 0, 100),
    "extrahepatic_disease": ("choice", "none", "limited_stable", "limited_progressing", "extensive"),
    "differentiation": ("choice", "well", "poor"),
    "primary_site": (
        "choice",
        *("pancreas", "stomach", "stomach_distal", "stomach_proximal", "duodenum", "small_intestine", "appendix"),
        *("colon", "rectum", "lung", "liver", "unknown_primary", "other"),
    ),
    "primary_portal_drained": ("bool",),
    "primary_status": ("choice", "resected", "resectable", "unresectable"),
    "stable_months": ("number", 0, 600),
    "resectable_percent": ("number", 0, 100),
    "resectable_or_ablatable_percent": ("number", 0, 100),
    "ablatable_percent": ("number", 0, 100),
    "lesion_count": ("integer", 1, 999),
    "grade_reported": ("choice", "G1", "G2", "G3", "NEC"),
    "uptake_vs_liver": ("choice", "below", "at_least"),
    "largest_lesion_cm": ("number", 0, 30),
    "months_since_diagnosis": ("number", 0, 600),
    "ecog": ("integer", 0, 4),
    "bilirubin_mg_dl": ("number", 0, 50),
    **dict.fromkeys(
        """disease_progressive sstr_positive mibg_positive ssa_failed drug_resistant operable serious_comorbidity
        recurrence_after_resection maa_scan_done major_pulmonary_shunt liver_unresectable bilobar near_major_vessel
        functioning_syndrome symptomatic portal_vein_occluded severe_liver_dysfunction biliary_anastomosis
        vascular_involvement large_tumor_burden low_liver_burden oligonodular high_proliferation pregnant
        serious_renal_impairment prior_systemic_treatment prior_chemotherapy prior_prrt prior_liver_directed
        progressed_on_treatment""".split(),
        ("bool",),
    ),
}


def test_every_field_of_the_contract_is_declared_with_its_kind_and_limits():
    assert set(FIELDS) == set(CONTRACT)
    for name, (kind, *limits) in CONTRACT.items():
        field = FIELDS[name]
        assert field.kind == kind, name
        found = list(field.choices) if kind == "choice" else [field.minimum, field.maximum] if limits else []
        assert found == limits, name


def test_the_dictionary_has_one_complete_row_per_field():
    fields = Patient.fields()
    assert list(fields.columns) == [
        *("name", "label", "unit", "kind", "minimum", "maximum", "choices", "group", "help", "change"),
    ]
    assert set(fields["change"]) == {"fixed", "changeable", "state"}
    fixed = set(fields.loc[fields["change"] == "fixed", "name"])
    assert fixed == {"age_years", "primary_site", "primary_portal_drained", "differentiation", "grade_reported"}
    assert list(fields["name"]) == [name for name in Declared.__annotations__ if not name.startswith("_")]
    assert fields["label"].is_unique
    for column in ("label", "group", "help"):
        assert fields[column].str.len().min() > 0, column
    numbers = fields[fields["kind"] == "number"]
    assert numbers["unit"].str.len().min() > 0


def test_nothing_is_known_of_an_empty_patient():
    assert all(getattr(Patient(), name) is None for name in FIELDS)
    assert Patient().grade is None
    assert Patient().to_dict() == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("age_years", math.nan),
        ("age_years", math.inf),
        ("age_years", -math.inf),
        ("age_years", "forty"),
        ("age_years", "<0"),
        ("age_years", -0.1),
        ("age_years", 120.1),
        ("age_years", True),
        ("age_years", pd.NA),
        ("age_years", 1 + 2j),
        ("ki67_percent", 100.0001),
        ("lesion_count", 1.5),
        ("lesion_count", 0),
        ("lesion_count", 1000),
        ("extrahepatic_disease", "None"),
        ("extrahepatic_disease", ""),
        ("differentiation", "moderate"),
        ("symptomatic", 1),
        ("symptomatic", "yes"),
    ],
)
def test_a_wrong_value_is_refused_naming_field_value_allowed_values_and_unit(name, value):
    with pytest.raises(ValueError, match=name) as refusal:
        Patient(**{name: value})
    text = str(refusal.value)
    field = FIELDS[name]
    assert repr(value) in text
    assert all(word in text for word in field.choices)
    assert field.unit in text
    if field.maximum is not None:
        assert f"{field.minimum:g} to {field.maximum:g}" in text


def test_a_misspelt_field_is_refused_with_the_nearest_name():
    with pytest.raises(TypeError, match="ki67_percent"):
        Patient(ki67=4)
    with pytest.raises(TypeError, match="age_years"):
        Patient.from_dict({"age_year": 48})
    with pytest.raises(TypeError, match="extrahepatic_disease"):
        Patient.from_query("extrahepatic_diseases=none")


def test_a_long_wrong_value_does_not_flood_the_message():
    with pytest.raises(ValueError, match="differentiation") as refusal:
        Patient(differentiation="x" * 10_000)
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize("value", [np.float64(48), np.int64(48), 48, 48.0])
def test_numbers_of_any_numeric_type_are_taken(value):
    assert Patient(age_years=value) == Patient(age_years=48.0)


def test_numpy_booleans_are_taken_as_booleans():
    assert Patient(symptomatic=np.True_).symptomatic is True


def test_a_patient_is_frozen_and_can_be_hashed_copied_and_pickled():
    patient = Patient(age_years=48, symptomatic=True)
    with pytest.raises(dataclasses.FrozenInstanceError):
        patient.age_years = 60
    assert copy.deepcopy(patient) == pickle.loads(pickle.dumps(patient)) == patient
    assert len({patient, Patient(age_years=48.0, symptomatic=True)}) == 1


@pytest.mark.parametrize(
    ("ki67", "differentiation", "grade"),
    [
        (0, "well", "G1"),
        (2.999, "well", "G1"),
        (3, "well", "G2"),
        (20, "well", "G2"),
        (20.001, "well", "G3"),
        (100, "well", "G3"),
        (4, "poor", "NEC"),
        (80, "poor", "NEC"),
        (None, "poor", "NEC"),
        (4, None, None),
        (80, None, None),
        (None, "well", None),
        (None, None, None),
    ],
)
def test_the_grade_follows_who_2019(ki67, differentiation, grade):
    assert Patient(ki67_percent=ki67, differentiation=differentiation).grade == grade


@pytest.mark.parametrize(
    ("ki67", "differentiation", "left"),
    [
        (70, None, {"G3", "NEC"}),
        (20, None, {"G2", "NEC"}),
        (None, "well", {"G1", "G2", "G3"}),
        (None, None, {"G1", "G2", "G3", "NEC"}),
        (4, "well", {"G2"}),
        (4, "poor", {"NEC"}),
    ],
)
def test_the_grades_that_are_left_are_told(ki67, differentiation, left):
    assert Patient(ki67_percent=ki67, differentiation=differentiation).grades == left


@pytest.mark.parametrize("site", FIELDS["primary_site"].choices)
def test_drainage_follows_from_the_site_where_the_site_settles_it(site):
    unsettled = dict.fromkeys(["stomach", "stomach_proximal", "rectum", "liver", "unknown_primary", "other"])
    expected = {"lung": False, **unsettled}.get(site, True)
    assert Patient(primary_site=site).primary_portal_drained is expected
    assert PORTAL_DRAINED_BY_SITE.get(site) is expected


def test_an_entered_drainage_wins_over_the_site():
    assert Patient(primary_site="pancreas", primary_portal_drained=False).primary_portal_drained is False
    assert Patient(primary_site="rectum", primary_portal_drained=True).primary_portal_drained is True


def test_a_derived_drainage_does_not_outlive_a_change_of_the_site():
    patient = Patient(primary_site="pancreas")
    assert "primary_portal_drained" not in patient.to_dict()
    assert patient.replace(primary_site="lung").primary_portal_drained is False
    assert patient.replace(primary_site=None).primary_portal_drained is None
    assert patient.__replace__(primary_site="lung").primary_portal_drained is False  # copy.replace of Python 3.13
    assert dataclasses.asdict(patient) == {"primary_site": "pancreas"}
    assert dataclasses.replace(patient, primary_site="lung").primary_portal_drained is False


@given(patients())
def test_every_patient_round_trips(patient):
    assert Patient.from_dict(patient.to_dict()) == patient
    assert Patient.from_query(patient.to_query()) == patient
    assert Patient.from_query("?" + patient.to_query()).to_dict() == patient.to_dict()
    assert eval(repr(patient)) == patient


@given(st.data())
def test_every_value_is_read_back_from_its_text(data):
    field = data.draw(st.sampled_from(list(FIELDS.values())))
    value = data.draw(values(field))
    query = Patient(**{field.name: value}).to_query()
    assert Patient.from_query(query).to_dict() == Patient(**{field.name: value}).to_dict()


@pytest.mark.parametrize(
    "query",
    [
        "age_years=48&age_years=49",
        "age_years=",
        "age_years=nan",
        "age_years=inf",
        "age_years=1e999",
        "age_years=4_8",
        "age_years=٤٨",
        "age_years=0x30",
        "age_years=48,5,1",
        "symptomatic=1",
        "lesion_count=1.5",
        "extrahepatic_disease=<script>",
        "&".join(["age_years=1"] * 1000),
    ],
)
def test_a_bad_link_is_refused(query):
    with pytest.raises(ValueError, match=r"age_years|symptomatic|lesion_count|extrahepatic_disease|fields"):
        Patient.from_query(query)


def test_a_fragment_is_read_as_a_query_is():
    assert Patient.from_query("#age_years=48") == Patient.from_query("?age_years=48") == Patient(age_years=48)


def test_a_link_reads_as_in_the_contract():
    assert Patient(age_years=48, ki67_percent=4).to_query() == "age_years=48&ki67_percent=4"
    assert Patient.from_query("symptomatic=no&primary_site=lung") == Patient(symptomatic=False, primary_site="lung")


def test_shift_tab_shows_the_fields():
    assert list(inspect.signature(Patient).parameters) == list(FIELDS)


def test_values_are_shown_with_their_unit():
    assert FIELDS["age_years"].show(48.0) == "48 years"
    assert FIELDS["ki67_percent"].show(4.5) == "4.5 %"
    assert FIELDS["symptomatic"].show(False) == "no"
    assert FIELDS["primary_site"].show("small_intestine") == "small intestine"
    assert FIELDS["lesion_count"].show(None) == "not entered"


def test_what_other_programs_add_to_a_link_is_left_out():
    link = "?utm_source=teams&age_years=67&fbclid=abc&utm_medium=a%20b&gclid=1"
    assert Patient.from_query(link) == Patient(age_years=67)
    with pytest.raises(TypeError, match="no field of Patient"):
        Patient.from_query("age_years=67&source=teams")
