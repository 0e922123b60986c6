"""Where along an input a rule set is met: exact at the bounds, on the right side of each."""

import pytest
from conftest import at_most, patients
from hypothesis import given
from hypothesis import strategies as st

import netdash as nd
from netdash import rule_tables
from netdash.patient import FIELDS
from netdash.ranges import numbers, verdict_grid, verdict_spans

CASE = nd.Patient(
    age_years=48,
    ki67_percent=4,
    liver_involvement_percent=35,
    primary_site="pancreas",
    extrahepatic_disease="none",
    differentiation="well",
    primary_status="resected",
    stable_months=8,
    serious_comorbidity=False,
)


@pytest.mark.parametrize(
    ("rule_set", "field", "met"),
    [
        ("milan_review", "age_years", "from 0 to under 55 years"),
        ("milan_2007", "age_years", "from 0 to 55 years"),
        ("milan_2019", "age_years", "from 0 to 60 years"),
        ("milan_review", "liver_involvement_percent", "from 0 to 50 %"),
        ("review_conclusion", "liver_involvement_percent", "from 0 to under 50 %"),
        ("milan_2007", "stable_months", "from 6 to 600 months"),
        ("milan_2007", "ki67_percent", "from 0 to 20 %"),
        ("review_conclusion", "stable_months", "over 0 to 600 months"),
    ],
)
def test_the_side_to_which_a_bound_belongs_is_said(rule_set, field, met):
    spans = verdict_spans(CASE, field, rule_set)
    assert spans.loc[spans["verdict"] == "met", "text"].tolist() == [met]


def test_words_in_an_order_have_their_places():
    spans = verdict_spans(CASE, "extrahepatic_disease", "milan_review")
    assert spans["verdict"].tolist() == ["met", "not_met", "not_met", "not_met"]
    assert spans["low"].tolist() == [0, 1, 2, 3]


@at_most(40)
@given(patients(), st.sampled_from(sorted(rule_tables.load())), st.data())
def test_any_value_has_the_verdict_of_its_stretch(patient, rule_set, data):
    field = data.draw(st.sampled_from(["age_years", "ki67_percent", "liver_involvement_percent", "stable_months"]))
    spans = verdict_spans(patient, field, rule_set)
    most = FIELDS[field].maximum
    breaks = [v for v in rule_tables.get(rule_set).breaks(field) if v <= most]
    value = data.draw(st.floats(0, most) | st.sampled_from([*breaks, 0.0, float(most)]))
    (found,) = [
        row
        for row in spans.itertuples()
        if row.low < value < row.high
        or (value == row.low and row.low_included)
        or (value == row.high and row.high_included)
    ]
    assert nd.assess(patient.replace(**{field: value}), [rule_set])[rule_set].verdict == found.verdict


@at_most(25)
@given(patients(), st.sampled_from(["milan_review", "milan_2007", "milan_2023", "clarinet_population"]), st.data())
def test_any_point_of_the_map_has_the_verdict_of_its_cell(patient, rule_set, data):
    x, y = data.draw(st.permutations(["age_years", "ki67_percent", "liver_involvement_percent"]))[:2]
    at = {name: data.draw(st.floats(0, FIELDS[name].maximum)) for name in (x, y)}
    cells = verdict_grid(patient, x, y, rule_set)
    inside = cells[
        (cells["x_low"] < at[x]) & (at[x] < cells["x_high"]) & (cells["y_low"] < at[y]) & (at[y] < cells["y_high"])
    ]
    for cell in inside.itertuples():
        assert nd.assess(patient.replace(**at), [rule_set])[rule_set].verdict == cell.verdict


def test_wrong_names_are_refused_with_those_there_are():
    with pytest.raises(ValueError, match="'symptomatic' is no field with an order; expected one of age_years"):
        verdict_spans(CASE, "symptomatic", "milan_review")
    with pytest.raises(ValueError, match="'extrahepatic_disease' has no numbers"):
        verdict_grid(CASE, "extrahepatic_disease", "age_years", "milan_review")
    with pytest.raises(ValueError, match="two different fields"):
        verdict_grid(CASE, "age_years", "age_years", "milan_review")
    with pytest.raises(ValueError, match="is no rule set"):
        verdict_spans(CASE, "age_years", "milan")
    assert "lesion_count" in numbers()
