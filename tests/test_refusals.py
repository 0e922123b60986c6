"""Mistakes of a first hour: each is answered with what was given and what to do."""

import dataclasses
import json

import pytest

import netdash as nd
from netdash.refusals import nearest

PATIENT = nd.Patient(age_years=57)
OUTCOMES = nd.outcomes()
ASSESSMENT = nd.assess(PATIENT)


@pytest.mark.parametrize(
    ("mistake", "answer"),
    [
        (lambda: nd.Patient(55), "expected Patient(age_years=...)"),
        (lambda: nd.Patient(age=55), "did you mean 'age_years'?"),
        (lambda: nd.Patient(x=55), "'x' is no field of Patient; Patient.fields() lists them all"),
        (lambda: nd.Patient(primary_site="Pancreas"), "did you mean 'pancreas'?"),
        (lambda: nd.Patient(primary_site="ileum"), "'ileum' means 'small_intestine'"),
        (lambda: setattr(PATIENT, "age_years", 60), "use patient.replace(age_years=60)"),
        (lambda: nd.assess(ASSESSMENT), "use assessment.patient"),
        (lambda: nd.assess(OUTCOMES), "nd.assess_cohort"),
        (lambda: nd.assess(PATIENT, "milan"), "did you mean 'milan_review', 'milan_2007'"),
        (lambda: ASSESSMENT["milan"], "did you mean 'milan_review', 'milan_2007'"),
        (lambda: ASSESSMENT.verdict, "did you mean 'verdicts'?"),
        (lambda: nd.compare(PATIENT, "transplant"), "did you mean 'transplantation'?"),
        (lambda: nd.outcomes("resection"), "a therapy is nd.outcomes(therapy='resection')"),
        (lambda: nd.outcomes(therapy="Resection"), "did you mean 'resection'"),
        (lambda: nd.forest(OUTCOMES, endpoint="OS"), "did you mean 'overall_survival'?"),
        (lambda: nd.forest(OUTCOMES, ASSESSMENT), "an assessment is for verdicts="),
        (lambda: nd.forest(OUTCOMES, None, ASSESSMENT.verdicts), "expected an assessment, or what nd.tallies"),
        (lambda: nd.pool(OUTCOMES), "nd.pool_outcomes"),
        (lambda: nd.pool(OUTCOMES["value"]), "given a Series of 89"),
        (lambda: nd.pool_by_therapy(OUTCOMES)["Resection"], "did you mean 'resection'?"),
        (lambda: nd.source("akyildiz"), "nd.search('akyildiz')"),
        (lambda: nd.tallies(PATIENT), "use nd.assess(patient)"),
        (lambda: nd.differing(PATIENT, OUTCOMES), "expected nd.studies()"),
        (lambda: nd.eligibility_map(PATIENT, "age", "ki67_percent"), "did you mean 'age_years'?"),
        (lambda: nd.drawn(OUTCOMES), "expected a figure"),
        (lambda: nd.pooled, "did you mean 'Pooled'"),
    ],
)
def test_a_mistake_is_answered_with_what_to_do(mistake, answer):
    with pytest.raises((TypeError, ValueError, AttributeError)) as found:
        mistake()
    assert answer in str(found.value)
    assert len(str(found.value)) < 700


def test_a_fraction_for_a_percent_is_warned_of():
    with pytest.warns(UserWarning, match="a fraction of 0.08 is ki67_percent=8"):
        nd.Patient(ki67_percent=0.08)


def test_nothing_is_proposed_where_nothing_is_near():
    assert nearest("label", ["operable", "age_years"]) == []
    assert nearest("", ["age_years"]) == []
    assert nearest("liver_involvment", ["liver_involvement_percent", "bilobar"]) == ["liver_involvement_percent"]


def test_an_assessment_is_a_mapping_of_rule_sets():
    assert list(ASSESSMENT) == [j.rule_set.name for j in ASSESSMENT.judgements]
    assert "milan_review" in ASSESSMENT
    assert "milan" not in ASSESSMENT
    assert ASSESSMENT.get("milan") is None
    assert ASSESSMENT._ipython_key_completions_() == list(ASSESSMENT)
    assert len(repr(ASSESSMENT["milan_review"])) < 200
    assert json.loads(json.dumps(ASSESSMENT.to_dict()))["patient"] == {"age_years": 57.0}
    assert list(nd.assess(PATIENT, "milan_review")) == ["milan_review"]
    says = ASSESSMENT.by_therapy()["says"].to_dict()
    assert says == {therapy: str(tally) for therapy, tally in nd.tallies(ASSESSMENT).items()}
    assert ASSESSMENT.plot().layout.meta["text"] == nd.forest(OUTCOMES, verdicts=ASSESSMENT).layout.meta["text"]


def test_tables_are_filtered_by_the_values_of_their_columns():
    found = nd.outcomes(therapy=["resection", "ablation"], endpoint="overall_survival")
    assert set(found["therapy"]) == {"resection", "ablation"}
    assert list(found.index) == list(range(len(found)))
    assert set(nd.rule_sets(kind="label")["kind"]) == {"label"}
    assert nd.search("no such words anywhere").empty
    assert dataclasses.is_dataclass(ASSESSMENT)
