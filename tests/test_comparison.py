"""Versions side by side, before and after, scope, and what is still open."""

from itertools import product

import pytest
from conftest import at_most, patients
from hypothesis import given

import netdash as nd
from netdash import rule_tables
from netdash.comparison import Tally, differences, differing, standing, tallies
from netdash.rules import Verdict

CASE = nd.Patient(
    age_years=55,
    ki67_percent=12,
    liver_involvement_percent=50,
    primary_site="pancreas",
    extrahepatic_disease="none",
    differentiation="well",
)


def test_the_versions_of_transplantation_stand_side_by_side():
    table = nd.compare(CASE, "transplantation")
    versions = ["milan_review", "review_option", "review_conclusion", "review_introduction"]
    assert list(table.columns) == ["this_patient", *versions, "milan_2007", "milan_2019", "milan_2023"]
    assert table.at["Age", "this_patient"] == "55 years"
    assert table.at["Age", "milan_review"] == "under 55 years: missed"
    assert table.at["Age", "milan_2007"] == "at most 55 years: met"
    assert table.at["Age", "milan_2019"] == "at most 60 years: met"
    assert table.at["Age", "milan_2023"] == "not asked"
    assert table.at["Liver involvement", "milan_review"] == "at most 50 %: met"
    assert table.at["Liver involvement", "review_conclusion"] == "under 50 %: missed"
    assert table.at["Duration of stability", "milan_2007"] == "at least 6 months: open"
    assert table.at["Duration of stability", "milan_2023"] == "at least 3 months: open"
    assert "one suffices" in table.at["Ki-67", "milan_2023"]
    assert table.at["Verdict", "milan_review"] == (
        "Misses 2 of 5: age 55 years (asked: under 55 years); Ki-67 12 % (asked: under 10 %)"
    )


def test_cautions_are_said_not_to_decide():
    assert "does not decide" in nd.compare(CASE, "embolization").at["Portal vein", "embolization_review"]


def test_an_unknown_therapy_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="'surgery' is no therapy; expected one of resection, cytoreduction"):
        nd.compare(CASE, "surgery")


@at_most(20)
@given(patients())
def test_every_criterion_of_a_therapy_is_in_the_comparison(patient):
    for therapy in ("transplantation", "radioembolization", "prrt"):
        table = nd.compare(patient, therapy)
        for found in rule_tables.load().values():
            if found.therapy == therapy:
                for criterion in found.criteria:
                    assert criterion.requirement in table.at[criterion.quantity.label, found.name]


def test_before_and_after_lists_what_changed_and_through_what():
    table = differences(CASE, CASE.replace(age_years=54, ki67_percent=9)).set_index("rule_set")
    assert table.at["milan_review", "before"] == "not_met"
    assert table.at["milan_review", "after"] == "met"
    assert table.at["milan_review", "changed"] == "Age; Ki-67"
    assert "resection_review" not in table.index
    assert differences(CASE, CASE).empty


def test_before_and_after_lists_a_caution_that_is_no_longer_known():
    known = dict.fromkeys(("portal_vein_occluded", "severe_liver_dysfunction", "biliary_anastomosis"), False)
    before = nd.Patient(liver_unresectable=True, **known)
    table = differences(before, before.replace(portal_vein_occluded=None)).set_index("rule_set")
    assert table.index.tolist() == ["embolization_review", "radioembolization_review"]
    assert table.at["embolization_review", "sentence_before"] == "Fits 1 of 1"
    assert table.at["embolization_review", "sentence_after"] == "Fits 1 of 1. Cautions not entered: portal vein"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"differentiation": "poor"}, ["Poorly differentiated carcinoma"]),
        ({"grade_reported": "NEC"}, ["Poorly differentiated carcinoma"]),
        ({"grade_reported": "NEC", "differentiation": "poor"}, ["Poorly differentiated carcinoma"]),
        ({"grade_reported": "G3|NEC"}, []),
        ({"primary_site": "other"}, ["Primary outside the sites named"]),
        ({"age_years": 17.9}, ["A child"]),
        ({"age_years": 18}, []),
        ({"liver_involvement_percent": 0}, ["No liver metastasis"]),
        ({"liver_involvement_percent": 0.5}, []),
        ({}, []),
        ({"age_years": 4, "differentiation": "poor"}, ["Poorly differentiated carcinoma", "A child"]),
    ],
)
def test_what_is_outside_the_scope_is_said(fields, said):
    assessment = nd.assess(nd.Patient(**fields))
    assert [found.label for found in assessment.scope] == said
    for label in said:
        assert label in str(assessment)
        assert label in assessment._repr_html_()


def test_a_scope_note_hides_and_decides_nothing():
    child = nd.assess(CASE.replace(age_years=12))
    assert len(child.judgements) == len(nd.rule_sets())
    assert child["milan_2023"].verdict is nd.assess(CASE)["milan_2023"].verdict
    assert "scope" not in set(child.findings["role"])


def test_what_is_still_open_puts_first_what_settles_most():
    table = nd.assess(CASE).next_inputs()
    assert table.at[0, "field"] == "disease_progressive"
    assert table["settles"].is_monotonic_decreasing
    for row in table.itertuples():
        assert getattr(CASE, row.field) is None
        assert row.asked_by == len(row.rule_sets.split("; "))


@at_most(30)
@given(patients())
def test_an_input_that_is_not_asked_for_settles_nothing(patient):
    assessment = nd.assess(patient)
    asked = set(assessment.next_inputs()["field"])
    for judgement in assessment.judgements:
        if judgement.verdict is Verdict.UNKNOWN and judgement.rule_set.clauses:
            assert {field.name for field in judgement.needs} <= asked


LIVER_AND_VESSELS = ("severe_liver_dysfunction", "vascular_involvement", "portal_vein_occluded")


@pytest.mark.parametrize("answers", list(product([None, True, False], repeat=3)))
def test_of_alternatives_only_what_can_still_matter_is_asked_for(answers):
    given = dict(zip(LIVER_AND_VESSELS, answers, strict=True))
    rest = {"extrahepatic_disease": "extensive", "large_tumor_burden": False, "maa_scan_done": True}
    case = nd.Patient(**rest, major_pulmonary_shunt=False, **given)

    def verdict(told):
        return nd.assess(case.replace(**told), ["radioembolization_review"]).judgements[0].verdict

    unknown = [name for name, answer in given.items() if answer is None]
    every = [dict(zip(unknown, told, strict=True)) for told in product([True, False], repeat=len(unknown))]
    matters = {
        name for name in unknown for told in every if verdict(told) is not verdict({**told, name: not told[name]})
    }
    assessment = nd.assess(case, ["radioembolization_review"])
    assert {field.name for field in assessment.judgements[0].needs} == matters
    assert assessment.next_inputs()["settles"].sum() == (len(matters) == 1)


@at_most(30)
@given(patients())
def test_a_tally_counts_every_rule_set_of_its_therapy_but_populations(patient):
    assessment = nd.assess(patient)
    kinds = nd.rule_sets().set_index("rule_set")["kind"]
    counted = assessment.verdicts[lambda table: table["rule_set"].map(kinds) != "population"]
    found = tallies(assessment)
    assert list(found) == counted["therapy"].drop_duplicates().tolist()
    for therapy, rows in counted.groupby("therapy"):
        tally = found[therapy]
        numbers = rows["verdict"].value_counts()
        assert [len(tally.met), len(tally.missed), len(tally.open)] == [
            numbers.get(verdict, 0) for verdict in ("met", "not_met", "unknown")
        ]
        assert tally.of == len(rows)
        assert str(tally).startswith(f"{len(tally.met)} of {tally.of} met")


@pytest.mark.parametrize(
    ("tally", "words", "signs", "verdict"),
    [
        (Tally(("a", "b", "c"), ("d", "e"), ("f", "g")), "3 of 7 met, 2 missed, 2 open", "●✕?", ""),
        (Tally(("a", "b")), "2 of 2 met", "●", "met"),
        (Tally((), ("a", "b")), "0 of 2 met, 2 missed", "✕", "not_met"),
        (Tally((), (), ("a",)), "0 of 1 met, 1 open", "?", "unknown"),
        (Tally(("a",), (), ("b",)), "1 of 2 met, 1 open", "●?", ""),
    ],
)
def test_a_tally_in_words_names_what_is_met_of_how_many_first(tally, words, signs, verdict):
    assert (str(tally), tally.signs, tally.verdict) == (words, signs, verdict)


def test_a_tally_counts_what_is_met_with_cautions_or_silent_on_a_miss():
    unfit = nd.Patient(resectable_percent=95, symptomatic=True, operable=False, serious_comorbidity=True)
    found = nd.tallies(nd.assess(unfit))
    assert found["resection"].provisos == ("1 met with a caution",)
    assert found["cytoreduction"].provisos == ("2 met with cautions",)
    assert str(found["cytoreduction"]) == "2 of 2 met"
    spread = nd.Patient(
        **{"age_years": 45, "ki67_percent": 8, "differentiation": "well", "primary_site": "pancreas"},
        **{"primary_status": "resected", "liver_involvement_percent": 30, "stable_months": 7},
        **{"serious_comorbidity": False, "extrahepatic_disease": "extensive"},
    )
    assert nd.tallies(nd.assess(spread))["transplantation"].provisos == ("2 met but silent on a miss",)
    assert nd.tallies(nd.assess(nd.Patient()))["resection"].provisos == ()


def test_a_tally_holds_the_titles_and_only_of_what_was_assessed():
    found = nd.tallies(nd.assess(CASE, ["milan_review", "milan_2007", "promid_population"]))
    titles = nd.rule_sets().set_index("rule_set")["title"]
    assert found == {"transplantation": Tally((), (titles["milan_review"],), (titles["milan_2007"],))}


@pytest.mark.parametrize("selected", ["", *rule_tables.load()])
def test_the_selected_rule_set_stands_for_its_therapy_and_the_first_for_each_other(selected):
    found = {therapy: judgement.rule_set.name for therapy, judgement in standing(nd.assess(CASE), selected).items()}
    wanted = nd.rule_sets().drop_duplicates("therapy").set_index("therapy")["rule_set"].to_dict()
    if selected:
        wanted[rule_tables.get(selected).therapy] = selected
    assert found == wanted
    assert list(found) == list(wanted)


def test_series_whose_patients_are_known_to_differ_are_told():
    found = differing(nd.Patient(primary_site="pancreas", differentiation="poor"), nd.studies())
    assert found["ahmed_2009"] == "midgut only"
    assert found["elias_2003"] == "well differentiated only"
    assert "fischer_2008" not in found
    assert "chen_1998" not in found  # nothing is confirmed of it
    assert differing(nd.Patient(), nd.studies()) == {}
    assert differing(nd.Patient(primary_site="small_intestine"), nd.studies())["mathe_2011"] == "pancreas only"
