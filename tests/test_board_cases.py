"""Fourteen made-up board cases and ten published ones: verdicts decided from the sources, and what each line must say.

The verdicts were decided from the text of the sources before netdash was asked. ``board_cases.csv`` and
``published_cases.csv`` hold clinical values only; what was not reported, or has no input, is left empty.
"""

import csv

import pytest
from conftest import ROOT

import netdash as nd
from netdash import rule_tables
from netdash.patient import FIELDS

ROWS = {
    row["case"]: row
    for name in ("board_cases", "published_cases")
    for row in csv.DictReader((ROOT / "tests" / f"{name}.csv").read_text(encoding="utf-8").splitlines())
}
PATIENTS = {
    case: nd.Patient.from_dict({name: FIELDS[name].parse(row[name]) for name in FIELDS if row.get(name)})
    for case, row in ROWS.items()
}

DECIDED = {
    "A": {
        "met": "milan_review milan_2007 milan_2019 milan_2023 review_option review_conclusion embolization_review "
        "ssa_symptoms_review cytoreduction_review promid_population",
        "not_met": "interferon_review targeted_review prrt_label clarinet_population",
        "unknown": "ssa_antiproliferative_review prrt_review",
    },
    "B": {
        "met": "milan_2007 milan_2019 embolization_review",
        "not_met": "milan_review milan_2023 review_option review_conclusion",
        "unknown": "prrt_review prrt_label resection_review",
    },
    "C": {
        "met": "resection_review resection_que resection_ablation_review cytoreduction_70",
        "not_met": "cytoreduction_review ablation_volume_review percutaneous_inoperable_review embolization_review "
        "milan_review milan_2019 review_option",
        "unknown": "rfa_review",
    },
    "D": {
        "met": "embolization_review percutaneous_inoperable_review resection_review resection_que cytoreduction_review "
        "cytoreduction_70 ssa_symptoms_review",
        "not_met": "milan_review milan_2007 milan_2019 review_option",
        "unknown": "prrt_review radioembolization_review",
    },
    "E": {
        "met": "resection_review cytoreduction_review cytoreduction_70 platinum_etoposide_review embolization_review",
        "not_met": "resection_que milan_review milan_2007 milan_2019 milan_2023 prrt_label",
        "unknown": "chemotherapy_review review_introduction radioembolization_review",
    },
    "F": {
        "met": "prrt_review targeted_review sunitinib_population interferon_review embolization_review",
        "not_met": "prrt_label milan_review milan_2007 milan_2023 review_option radiant3_population captem_population "
        "netter1_population",
    },
    "G": {
        "met": "milan_review milan_2007 milan_2019 review_conclusion promid_population",
        "not_met": "prrt_label",
        "unknown": "milan_2023 review_option",
    },
    "H": {
        "met": "embolization_review milan_review review_introduction percutaneous_inoperable_review "
        "cytoreduction_review ssa_symptoms_review",
        "not_met": "radioembolization_review",
        "unknown": "milan_2007 review_conclusion review_option prrt_review",
    },
    "I": {
        "met": "resection_review resection_que cytoreduction_review cytoreduction_70 resection_ablation_review "
        "percutaneous_recurrence_review",
        "not_met": "ablation_volume_review percutaneous_inoperable_review embolization_review milan_review",
        "unknown": "rfa_review",
    },
    "J": {
        "met": "milan_2007",
        "not_met": "milan_review milan_2019 review_conclusion",
        "unknown": "milan_2023 review_option captem_population clarinet_population",
    },
    "K": {
        "met": "prrt_review interferon_review targeted_review radioembolization_review embolization_review "
        "ssa_symptoms_review review_introduction",
        "not_met": "milan_review milan_2023 review_conclusion review_option prrt_label radiant4_population",
    },
    "L": {
        "met": "resection_review resection_ablation_review cytoreduction_70 clarinet_population",
        "not_met": "cytoreduction_review milan_review milan_2007 milan_2019",
        "unknown": "resection_que prrt_label milan_2023",
    },
    "M": {
        "met": "prrt_review netter1_population interferon_review targeted_review embolization_review",
        "not_met": "prrt_label milan_review milan_2007",
        "unknown": "ssa_symptoms_review",
    },
    "N": {
        "met": "ssa_symptoms_review resection_review resection_que cytoreduction_review promid_population",
        "not_met": "embolization_review milan_2007 milan_2023 review_option clarinet_population",
        "unknown": "ssa_antiproliferative_review milan_review",
    },
    "P1": {
        "met": "percutaneous_inoperable_review embolization_review interferon_review ssa_symptoms_review "
        "cytoreduction_review",
        "not_met": "milan_review milan_2007 clarinet_population",
        "unknown": "prrt_review prrt_label targeted_review",
    },
    "P2": {
        "met": "ssa_symptoms_review cytoreduction_review",
        # Whatever the differentiation, a Ki-67 of 70 % is no G1 or G2.
        "not_met": "milan_review clarinet_population milan_2007 milan_2019 milan_2023 prrt_label captem_population "
        "radiant3_population",
        "unknown": "platinum_etoposide_review chemotherapy_review embolization_review review_option",
    },
    "P3": {
        "met": "cytoreduction_review",
        "not_met": "resection_que milan_2007 milan_2019 milan_2023 review_option review_conclusion",
        "unknown": "prrt_review prrt_label milan_review",
    },
    "P4": {
        "met": "percutaneous_recurrence_review interferon_review targeted_review cytoreduction_review",
        "not_met": "netter1_population sunitinib_population captem_population",
        "unknown": "prrt_review prrt_label milan_review",
    },
    "P5": {
        "met": "resection_review resection_que resection_ablation_review cytoreduction_70",
        "not_met": "milan_2007 milan_2023 review_option",
        "unknown": "cytoreduction_review embolization_review",
    },
    "P6": {
        "met": "embolization_review ssa_symptoms_review",
        "not_met": "milan_review milan_2007 milan_2019 milan_2023 review_conclusion review_option",
        "unknown": "review_introduction ssa_antiproliferative_review",
    },
    "P7": {
        "met": "resection_review resection_que resection_ablation_review",
        "not_met": "cytoreduction_review ssa_symptoms_review milan_2023 review_option",
        "unknown": "milan_review embolization_review",
    },
    "P8": {
        "met": "embolization_review ssa_symptoms_review review_introduction cytoreduction_review",
        "not_met": "milan_review milan_2007 milan_2019 radioembolization_review",
        "unknown": "ssa_antiproliferative_review",
    },
    "P9": {
        "met": "embolization_review platinum_etoposide_review review_introduction",
        "not_met": "milan_review milan_2007 review_option prrt_label",
        "unknown": "ssa_symptoms_review radioembolization_review",
    },
    "P10": {
        "not_met": "milan_review milan_2023 review_option review_conclusion ssa_symptoms_review cytoreduction_review "
        "promid_population",
        "unknown": "clarinet_population prrt_label embolization_review",
    },
}
"""Case, verdict, rule sets: decided from the sources."""

SAYS = [
    ("A", "promid_population", "not asked: earlier treatment (the trial took untreated patients)"),
    ("A", "clarinet_population", "functioning syndrome yes (studied: no)"),
    ("B", "milan_review", "extrahepatic disease extensive (asked: none)"),
    ("B", "milan_2007", "silent on extrahepatic disease (extensive)"),
    ("B", "milan_2019", "silent on extrahepatic disease (extensive)"),
    ("B", "milan_2023", "extrahepatic disease extensive (asked: none)"),
    ("C", "milan_review", "age 70 years (asked: under 55 years)"),
    ("C", "resection_review", "Cautions not entered: serious comorbidity"),
    ("C", "embolization_review", "liver metastases resectable (asked: unresectable)"),
    ("D", "embolization_review", "Fits 1 of 1"),
    ("D", "resection_review", "2 cautions: patient unfit for surgery, serious comorbidity"),
    ("D", "resection_que", "2 cautions: patient unfit for surgery, serious comorbidity"),
    ("D", "cytoreduction_review", "2 cautions: patient unfit for surgery, serious comorbidity"),
    ("E", "resection_review", "2 cautions: extrahepatic disease extensive, grade NEC"),
    ("E", "cytoreduction_review", "2 cautions: extrahepatic disease extensive, grade NEC"),
    ("E", "cytoreduction_70", "2 cautions: extrahepatic disease extensive, grade NEC"),
    ("F", "prrt_label", "grade G3 (asked: G1 or G2)"),
    ("F", "review_option", "stable for 0 months (asked: over 0 months)"),
    ("G", "prrt_label", "age 16 years (asked: at least 18 years)"),
    ("H", "embolization_review", "3 cautions: portal vein occluded, severe liver dysfunction, biliary anastomosis"),
    ("H", "radioembolization_review", "large tumor burden yes (asked: no)"),
    ("H", "cytoreduction_review", "1 caution: patient unfit for surgery"),
    ("I", "ablation_volume_review", "ablatable share 90 % (asked: over 90 %)"),
    ("J", "milan_review", "age 55 years (asked: under 55 years)"),
    ("J", "milan_2019", "liver involvement 50 % (asked: under 50 %)"),
    ("J", "milan_2007", "Open, asked by another list or label: Ki-67 (5 to 10 %)"),
    ("J", "clarinet_population", "Ki-67 5 to 10 % (studied: under 10 %)"),
    ("K", "prrt_label", "primary lung"),
    ("K", "review_introduction", "silent on"),
    ("L", "prrt_label", "primary unknown after search (asked: "),
    ("M", "prrt_label", "serious renal impairment yes (asked: no)"),
    ("N", "embolization_review", "liver metastases resectable (asked: unresectable)"),
    ("P1", "prrt_label", "not entered"),
    ("P2", "prrt_label", "grade G3 (asked: G1 or G2)"),
    ("P2", "cytoreduction_review", "1 caution: grade G3"),
    ("P4", "milan_2023", "Ki-67 not entered; portal drainage of the primary not entered"),
    ("P6", "milan_review", "liver involvement 85 % (asked: at most 50 %)"),
    ("P8", "radioembolization_review", "large tumor burden yes (asked: no)"),
    ("P9", "embolization_review", "1 caution: portal vein occluded"),
    ("P9", "embolization_review", "Cautions not entered: severe liver dysfunction, biliary anastomosis"),
    ("P9", "review_introduction", "grade (NEC)"),
]
"""Case, rule set, words that its line holds."""


def test_there_are_twenty_four_cases_and_each_has_five_verdicts_or_more():
    assert len(ROWS) == 24
    assert list(DECIDED) == list(ROWS)
    for case, verdicts in DECIDED.items():
        assert sum(len(names.split()) for names in verdicts.values()) >= 5, case


def test_a_published_case_says_where_it_was_read():
    assert all(row["source"] and row["treated_with"] for case, row in ROWS.items() if case.startswith("P"))


@pytest.mark.parametrize(
    ("case", "rule_set", "verdict"),
    [(c, name, v) for c, found in DECIDED.items() for v, names in found.items() for name in names.split()],
)
def test_the_verdict_is_the_one_decided_from_the_source(case, rule_set, verdict):
    judgement = nd.assess(PATIENTS[case], [rule_set])[rule_set]
    assert judgement.verdict == verdict, judgement.headline


@pytest.mark.parametrize(("case", "rule_set", "words"), SAYS)
def test_the_line_names_what_the_patient_has(case, rule_set, words):
    assert words in nd.assess(PATIENTS[case], [rule_set])[rule_set].sentence


def test_with_bone_metastases_no_list_of_transplantation_reads_as_plainly_met():
    for judgement in nd.assess(PATIENTS["B"]).judgements:
        if judgement.rule_set.therapy == "transplantation" and judgement.verdict == "met":
            assert "silent on extrahepatic disease (extensive)" in judgement.headline


@pytest.mark.parametrize("case", ["E", "D"])
def test_no_operation_reads_as_plainly_met_for_a_carcinoma_or_an_unfit_patient(case):
    surgical = ("resection", "cytoreduction", "resection_ablation")
    met = [j for j in nd.assess(PATIENTS[case]).judgements if j.rule_set.therapy in surgical and j.verdict == "met"]
    assert met
    assert all("2 cautions: " in j.headline for j in met)


def test_the_child_and_the_carcinoma_are_said_to_be_outside_the_scope():
    for case in ("G", "E", "P9"):
        assert "Outside the scope: " in str(nd.assess(PATIENTS[case]))
    assert "Outside the scope: " not in str(nd.assess(PATIENTS["A"]))


def test_the_recurrence_is_told_that_a_second_resection_is_selected_carefully():
    assert "another operation" in str(nd.assess(PATIENTS["I"]))
    assert "another operation" not in str(nd.assess(PATIENTS["C"]))


def test_a_functioning_tumor_is_told_of_octreotide_beside_each_kind_of_procedure():
    for case in ("A", "D", "H", "K", "N"):
        said = str(nd.assess(PATIENTS[case]))
        for procedure in ("an operation", "an ablation", "an embolization"):
            assert f"before and after a procedure (here {procedure}) the review names octreotide" in said
    assert "the review names octreotide" not in str(nd.assess(PATIENTS["F"]))


def test_a_pancreatic_primary_is_told_its_risk_beside_transplantation():
    for case in ("B", "F", "H", "J"):
        assert "relative risk 2.94" in str(nd.assess(PATIENTS[case]))
    assert "relative risk 2.94" not in str(nd.assess(PATIENTS["A"]))


@pytest.mark.parametrize("case", list(PATIENTS))
def test_unfit_or_diseased_is_no_longer_one_input(case):
    """Embolization takes either; the two inputs are read apart everywhere."""
    patient = PATIENTS[case]
    taken = patient.operable is False or patient.liver_unresectable is True
    assert (nd.assess(patient)["embolization_review"].verdict == "met") == taken


def test_every_rule_set_of_the_review_is_decided_in_some_case():
    named = {name for found in DECIDED.values() for names in found.values() for name in names.split()}
    of_the_review = {name for name, found in rule_tables.load().items() if found.basis == "review"}
    assert of_the_review - named == {"mibg_review"}
