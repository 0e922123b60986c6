"""Mistakes of a first hour: each is answered with what was given and what to do."""

import dataclasses
import json
import pickle
import re

import pandas as pd
import pytest

import netdash as nd
from netdash.refusals import nearest

PATIENT = nd.Patient(age_years=57)
OUTCOMES = nd.outcomes()
ASSESSMENT = nd.assess(PATIENT)


# Every line of the audit of a first hour is here: refused in words, or done.
REFUSED = [
    (lambda: nd.Patient(age=55), "did you mean 'age_years'?"),
    (lambda: nd.Patient(x=55), "'x' is no field of Patient; Patient.fields() lists them all"),
    (lambda: nd.Patient(55), "expected Patient(age_years=...)"),
    (lambda: nd.Patient(age_years="fifty"), "expected a number from 0 to 120 years, or a range such as 3-20"),
    (
        lambda: nd.Patient(age_years=-1),
        "given -1, expected a number from 0 to 120 years",
    ),
    (lambda: nd.Patient(age_years=float("nan")), "leave it out if it is unknown"),
    (lambda: nd.Patient(age_years=pd.NA), "leave it out if it is unknown"),
    (lambda: nd.Patient(bilobar=1), "given 1, expected True (yes) or False (no)"),
    (lambda: nd.Patient(bilobar="yes"), "given 'yes', expected True (yes) or False (no)"),
    (lambda: nd.Patient(primary_site="Pancreas"), "did you mean 'pancreas'?"),
    (lambda: nd.Patient(primary_site="ileum"), "'ileum' means 'small_intestine'"),
    (lambda: setattr(PATIENT, "age_years", 60), "use patient.replace(age_years=60)"),
    (lambda: nd.Patient.from_dict({"label": 1}), "'label' is no field of Patient; Patient.fields() lists them all"),
    (lambda: nd.assess({"age_years": 55}), "assess was given dict, expected a Patient; use nd.Patient.from_dict(...)"),
    (lambda: nd.assess(None), "given NoneType, expected a Patient"),
    (lambda: nd.assess(Reloaded()), "the module of Patient was loaded again since: make it anew"),
    (lambda: nd.assess(ASSESSMENT), "use assessment.patient"),
    (lambda: nd.assess(OUTCOMES), "nd.assess_cohort"),
    (lambda: nd.assess(PATIENT, "milan"), "did you mean 'milan_review', 'milan_2007'"),
    (lambda: nd.assess(PATIENT, ["milan"]), "did you mean 'milan_review', 'milan_2007'"),
    (lambda: ASSESSMENT["milan"], "did you mean 'milan_review', 'milan_2007'"),
    (lambda: ASSESSMENT.flips("milan"), "did you mean 'milan_review', 'milan_2007'"),
    (lambda: ASSESSMENT.verdict, "did you mean 'verdicts'?; one verdict is assessment['milan_review'].verdict"),
    (ASSESSMENT.verdicts, "leave the brackets out, such as assessment.verdicts"),
    (lambda: nd.compare(PATIENT, "transplant"), "did you mean 'transplantation'?"),
    (lambda: nd.compare(ASSESSMENT, "transplantation"), "use assessment.patient"),
    (lambda: nd.outcomes("resection"), "a therapy is nd.outcomes(therapy='resection')"),
    (lambda: nd.outcomes(therapy="Resection"), "did you mean 'resection'"),
    (lambda: nd.medians(OUTCOMES, therapy="Resection"), "did you mean 'resection'"),
    (lambda: nd.forest(OUTCOMES[OUTCOMES["n"] < 0]), "the table has no rows"),
    (lambda: nd.forest(OUTCOMES, endpoint="OS"), "did you mean 'overall_survival'?"),
    (lambda: nd.forest(OUTCOMES, horizon_months=24), "given 24, which no rate has; expected one of 36, 48, 60"),
    (lambda: nd.forest(OUTCOMES, ASSESSMENT), "given an Assessment of 52, expected what nd.pool"),
    (lambda: nd.forest(OUTCOMES, None, ASSESSMENT.verdicts), "expected an assessment, or what nd.tallies"),
    (lambda: nd.forest(PATIENT), "expected a table like nd.outcomes(), or rows of it"),
    (lambda: nd.drawn(OUTCOMES), "given DataFrame, expected a figure, such as nd.forest(nd.outcomes())"),
    (lambda: nd.pool(OUTCOMES), "nd.pool_outcomes"),
    (lambda: nd.pool(OUTCOMES["value"]), "given a Series of 89"),
    (lambda: nd.leave_one_out(nd.pool_by_therapy(OUTCOMES)), "given a Pools of 3; expected yi and vi"),
    (lambda: nd.pool_by_therapy(OUTCOMES)["Resection"], "did you mean 'resection'?"),
    (lambda: nd.pool_by_therapy(OUTCOMES)["PRRT"], "fewer than two of its series may be pooled, or it is no therapy"),
    (lambda: nd.pool_by_therapy(OUTCOMES, method="fixed"), "given 'fixed', expected one of REML, DL, PM"),
    (lambda: nd.source("akyildiz"), "nd.search('akyildiz')"),
    (lambda: nd.assess_cohort("x.csv"), "given str, expected a data frame of pandas"),
    (lambda: nd.assess_cohort([PATIENT, PATIENT]), "given list, expected a data frame of pandas"),
    (lambda: nd.eligibility_map(PATIENT, "age", "ki67_percent"), "did you mean 'age_years'?"),
    (lambda: nd.eligibility_map(PATIENT, "milan_review"), "'milan_review' is a rule set, expected a field here"),
    (lambda: nd.eligibility_map(ASSESSMENT), "given Assessment, expected a Patient; use assessment.patient"),
    (lambda: nd.verdict_strip(PATIENT, "age"), "did you mean 'age_years'?"),
    (lambda: nd.verdict_strip(PATIENT, "Ki-67"), "did you mean 'ki67_percent'?"),
    (lambda: nd.eligibility_map(PATIENT, "age_years", "age_years"), "given 'age_years' twice"),
    (lambda: nd.eligibility_map(PATIENT, "bilobar", "age_years"), "'bilobar' is no field with an order"),
    (lambda: nd.cases("no_file.csv"), "no_file.csv: there is no such file"),
    (lambda: nd.save(nd.medians(OUTCOMES), "x.png"), "expected a name that ends in .html or .csv"),
    (lambda: nd.Board({"age_years": 55}), "given dict, expected a Patient; use nd.Patient.from_dict"),
    (lambda: nd.Board(ASSESSMENT), "patient: given Assessment, expected a Patient; use assessment.patient"),
    (lambda: nd.report(PATIENT, "case.html"), "at: given 'case.html', expected a datetime; to write the page"),
    (lambda: nd.verdict_counts(ASSESSMENT), "given Assessment, expected a data frame of pandas"),
    (lambda: nd.Board(cases={"a": {}}), "'a' is no Patient; use nd.Patient.from_dict"),
    (lambda: nd.Board(cases=OUTCOMES), "given DataFrame, expected a mapping of labels to patients, or a CSV file"),
    (lambda: nd.Board(pages="explor"), "expected some of board, explore, evidence, teaching"),
    (lambda: nd.Board(age_years=55), "'age_years' is no argument of Board; a case is Board(nd.Patient(age_years=...))"),
    (lambda: nd.tallies(PATIENT), "use nd.assess(patient)"),
    (lambda: nd.differing(PATIENT, OUTCOMES), "expected nd.studies()"),
    (lambda: nd.pooled, "did you mean 'Pooled'"),
    (lambda: nd.therapy, "did you mean 'therapies' or 'pool_by_therapy'?"),
    (lambda: nd.outcome, "did you mean 'outcomes', "),
]
DONE = [
    (lambda: list(nd.assess(PATIENT, "milan_review")), ["milan_review"]),
    (lambda: "milan_review" in ASSESSMENT and len(list(ASSESSMENT)) == len(ASSESSMENT), True),
    (lambda: set(nd.outcomes(therapy="resection")["therapy"]), {"resection"}),
    (lambda: nd.medians(OUTCOMES, therapy="resection"), nd.medians(nd.outcomes(therapy="resection"))),
    (lambda: nd.forest(OUTCOMES, therapy="resection"), nd.forest(nd.outcomes(therapy="resection"))),
    (lambda: dataclasses.asdict(PATIENT), {"age_years": 57.0}),
    (lambda: repr(nd.Board(PATIENT, pages="explore")), "Board(Patient(age_years=57.0), pages=['explore'])"),
    (lambda: set(ASSESSMENT.to_dict()), {"patient", "verdicts", "versions"}),
]
WARNED = [
    (lambda: nd.Patient(ki67_percent=0.08), "a fraction of 0.08 is ki67_percent=8"),
    (lambda: OUTCOMES.query("therapy == 'Resection'"), "'Resection' is in no row; did you mean 'resection'"),
    (
        lambda: nd.assess_cohort(pd.DataFrame({"Age": [55], "Ki67": [8]})),
        "Not read: column 'Age' may be age_years; column 'Ki67' may be ki67_percent",
    ),
]


class Reloaded:
    """A patient of a module that was loaded again."""


Reloaded.__name__ = "Patient"


@pytest.mark.parametrize(("mistake", "answer"), REFUSED)
def test_a_mistake_is_answered_with_what_to_do(mistake, answer):
    with pytest.raises((TypeError, ValueError, AttributeError)) as found:
        mistake()
    assert answer in str(found.value)
    assert len(str(found.value)) < 700


@pytest.mark.parametrize(("mistake", "answer"), DONE)
def test_what_was_a_mistake_is_done(mistake, answer):
    assert mistake() == answer


@pytest.mark.parametrize(("mistake", "answer"), WARNED)
def test_what_may_be_meant_otherwise_is_warned_of(mistake, answer):
    with pytest.warns(UserWarning, match=re.escape(answer)):
        mistake()


def test_a_query_is_pandas_own(recwarn):
    wanted = "resection"
    assert len(OUTCOMES.query("therapy == @wanted")) == len(OUTCOMES[OUTCOMES["therapy"] == wanted])
    assert OUTCOMES.query("therapy == 'resection' and year < 0").empty
    assert type(OUTCOMES.copy()) is pd.DataFrame
    assert pickle.loads(pickle.dumps(OUTCOMES)).equals(OUTCOMES)
    assert list(recwarn) == []


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
