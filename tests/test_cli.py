"""The commands."""

import json

import pandas as pd
import pytest
from click.testing import CliRunner

import netdash as nd
from netdash.cli import main


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_a_case_is_read_out():
    done = run("assess", "--age-years", 55, "--ki67-percent", 4)
    assert done.exit_code == 0
    said = "Transplantation; Milan, as the review quotes it: Misses 1 of 5: age 55 years (asked: under 55 years)."
    assert said in done.output
    criteria, studied = done.output.split("Whom trials studied")
    assert "NETTER-1 population (trial)" in studied
    assert "Product label (EU, UK) (label, later)" in criteria
    assert "Not a medical device" in done.output


def test_json_holds_the_librarys_verdicts():
    done = run("assess", "--age-years", 48, "--extrahepatic-disease", "none", "--symptomatic", "yes", "--json")
    found = json.loads(done.output)
    patient = nd.Patient(age_years=48, extrahepatic_disease="none", symptomatic=True)
    assert found["patient"] == patient.to_dict()
    assert found["conflicts"] == []
    wanted = nd.assess(patient).verdicts
    assert [row["verdict"] for row in found["verdicts"]] == wanted["verdict"].tolist()
    assert len(found["findings"]) == len(nd.criteria())


def test_one_therapy_only():
    found = json.loads(run("assess", "--therapy", "prrt", "--therapy", "mibg", "--json").output)
    assert {row["therapy"] for row in found["verdicts"]} == {"prrt", "mibg"}
    refused = run("assess", "--therapy", "surgery")
    assert refused.exit_code == 2
    assert "expected one of resection" in refused.output


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [("--age-years", "130", "0 to 120"), ("--symptomatic", "maybe", "yes"), ("--primary-site", "kidney", "pancreas")],
)
def test_a_refused_value_ends_with_2_and_the_limits(option, value, said):
    done = run("assess", option, value)
    assert done.exit_code == 2
    assert said in done.output
    assert "Traceback" not in done.output


def test_every_field_has_an_option():
    page = run("assess", "--help").output
    for name in nd.Patient.fields()["name"]:
        assert f"--{name.replace('_', '-')}" in page


def test_a_file_is_judged_and_says_what_became_of_it(tmp_path):
    source, target = tmp_path / "patients.csv", tmp_path / "verdicts.parquet"
    source.write_text("id,age_years,ki67_percent\n1,48,4\n2,55,4\n3,130,4\n4,,4\n")
    done = run("cohort", source, target, "--rule-sets", "milan_review,resection_review", "--attrition")
    assert done.exit_code == 1, done.output
    assert "4 rows read, 4 judged" in done.output
    assert "n_remaining" in done.output
    verdicts = pd.read_parquet(target).set_index("id")
    assert verdicts["milan_review"].to_dict() == {"1": "unknown", "2": "not_met", "3": "unknown", "4": "unknown"}
    rejects = pd.read_csv(f"{target}.rejects.csv")
    assert rejects.loc[0, ["row", "column"]].tolist() == [3, "age_years"]
    assert "0 to 120" in rejects.loc[0, "reason"]


def test_a_clean_file_ends_with_0(tmp_path):
    source = tmp_path / "patients.csv"
    source.write_text("age_years\n48\n")
    assert run("cohort", source, tmp_path / "out.csv").exit_code == 0
    assert pd.read_csv(tmp_path / "out.csv")["milan_review"].tolist() == ["unknown"]


@pytest.mark.parametrize(
    ("name", "text", "options", "said"),
    [
        ("patients.csv", "name\nx\n", [], "field"),
        ("patients.xls", "age_years\n48\n", [], ".csv"),
        ("patients.csv", "age_years\n48\n", ["--rule-sets", "milan"], "milan_review"),
    ],
)
def test_wrong_use_ends_with_2_and_one_sentence(tmp_path, name, text, options, said):
    (tmp_path / name).write_text(text)
    done = run("cohort", tmp_path / name, tmp_path / "out.csv", *options)
    assert done.exit_code == 2
    assert said in done.output
    assert "Traceback" not in done.output


def test_a_report_is_written(tmp_path):
    done = run("report", "--age-years", 55, tmp_path / "case.html")
    assert done.exit_code == 0
    assert "Age 55 years" in (tmp_path / "case.html").read_text(encoding="utf-8")


def test_a_patient_known_in_part_is_given_and_printed_as_text():
    options = ["--ki67-percent", "<3", "--primary-site", "duodenum|pancreas", "--age-years", "90+"]
    assert "Age at least 90 years; Ki-67 under 3 %; Primary pancreas or duodenum" in run("assess", *options).output
    found = json.loads(run("assess", *options, "--json").output)
    assert found["patient"] == {"age_years": ">=90", "ki67_percent": "<3", "primary_site": "pancreas|duodenum"}
    observed = {row["criterion_id"]: row["observed"] for row in found["findings"]}
    assert observed["milan_review-ki67"] == "<3"
    assert observed["milan_2023-site"] == "pancreas|duodenum"
    refused = run("assess", "--ki67-percent", "20-3")
    assert refused.exit_code == 2
    assert "the range starts at 20 and ends at 3" in refused.output
