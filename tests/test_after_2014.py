"""What was read since the review: a second reading of the notes on each source, typed and not copied."""

import csv
import json
import shutil

import pytest
from conftest import ROOT
from frictionless import Package

import netdash as nd
from netdash import data_tables, rule_tables

LATER = nd.later_outcomes().set_index("outcome_id")
TRIALS = nd.trials().set_index("trial")
HOW = {"full text", "abstract", "secondary"}
# outcome: arm, n (None: not known), statistic, value, low, high, level, how it was read
READ = {
    "l-radiant4-drug-pfs": ("Everolimus", 205, "median", 11.0, 9.2, 13.3, 95, "abstract"),
    "l-radiant4-control-pfs": ("Placebo", 97, "median", 3.9, 3.6, 7.4, 95, "abstract"),
    "l-radiant4-hr": ("Everolimus", 302, "hazard_ratio", 0.48, 0.35, 0.67, None, "abstract"),
    "l-e2211-captem-pfs": ("Capecitabine and temozolomide", 72, "median", 22.7, None, None, None, "abstract"),
    "l-e2211-control-pfs": ("Temozolomide", 72, "median", 14.4, None, None, None, "abstract"),
    "l-e2211-pfs-hr": ("Capecitabine and temozolomide", 133, "hazard_ratio", 0.58, None, None, None, "abstract"),
    "l-e2211-captem-os": ("Capecitabine and temozolomide", 72, "median", 58.7, None, None, None, "abstract"),
    "l-e2211-control-os": ("Temozolomide", 72, "median", 53.8, None, None, None, "abstract"),
    "l-e2211-os-hr": ("Capecitabine and temozolomide", 144, "hazard_ratio", 0.82, None, None, None, "abstract"),
    "l-clarinet-hr": ("Lanreotide", 204, "hazard_ratio", 0.47, 0.30, 0.73, None, "abstract"),
    "l-clarinet-analog-pfs24": ("Lanreotide", 101, "rate", 65.1, 54.0, 74.1, None, "abstract"),
    "l-clarinet-control-pfs24": ("Placebo", 103, "rate", 33.0, 23.0, 43.3, None, "abstract"),
    "l-clarinet-control-pfs": ("Placebo", 103, "median", 18.0, None, None, None, "abstract"),
    "l-netter1-hr": ("PRRT with octreotide", 229, "hazard_ratio", 0.214, 0.13, 0.33, None, "secondary"),
    "l-netter1-control-pfs": ("Octreotide LAR 60 mg", 113, "median", 8.4, None, None, None, "secondary"),
    "l-promid-ttp-hr": ("Octreotide LAR", 85, "hazard_ratio", 0.34, 0.20, 0.59, 95, "secondary"),
    "l-sunitinib-pfs-hr": ("Sunitinib", 171, "hazard_ratio", 0.42, 0.26, 0.66, 95, "abstract"),
    "l-sunitinib-os": ("Sunitinib", 86, "median", 38.6, None, None, None, "abstract"),
    "l-sunitinib-placebo-os": ("Placebo", 85, "median", 29.1, None, None, None, "abstract"),
    "l-sunitinib-os-hr": ("Sunitinib", 171, "hazard_ratio", 0.73, 0.50, 1.06, 95, "abstract"),
    "l-radiant3-everolimus-pfs": ("Everolimus", 207, "median", 11.0, None, None, None, "abstract"),
    "l-radiant3-placebo-pfs": ("Placebo", 203, "median", 4.6, None, None, None, "abstract"),
    "l-radiant3-pfs-hr": ("Everolimus", 410, "hazard_ratio", 0.35, 0.27, 0.45, None, "secondary"),
    "l-radiant3-os": ("Everolimus", 207, "median", 44.0, 35.6, 51.8, 95, "abstract"),
    "l-radiant3-placebo-os": ("Placebo", 203, "median", 37.7, 29.1, 45.8, 95, "abstract"),
    "l-radiant3-os-hr": ("Everolimus", 410, "hazard_ratio", 0.94, 0.73, 1.20, 95, "abstract"),
    "l-netter2-pfs": ("PRRT with octreotide", 151, "median", 22.8, 19.4, None, 95, "secondary"),
    "l-netter2-control-pfs": ("High-dose octreotide", 75, "median", 8.5, 7.7, 13.8, 95, "secondary"),
    "l-netter2-hr": ("PRRT with octreotide", 226, "hazard_ratio", 0.276, 0.182, 0.418, 95, "secondary"),
    "l-netter1-final-os": ("PRRT with octreotide", None, "median", 48.0, 37.4, 55.2, 95, "secondary"),
    "l-netter1-final-control-os": ("High-dose octreotide", None, "median", 36.3, 25.9, 51.7, 95, "secondary"),
    "l-netter1-final-os-hr": ("PRRT with octreotide", None, "hazard_ratio", 0.84, 0.60, 1.17, 95, "secondary"),
    "l-netter1-burden-low": ("Liver burden under 25 %", None, "hazard_ratio", 0.187, None, None, None, "abstract"),
    "l-netter1-burden-moderate": ("Liver burden 25 to 50 %", None, "hazard_ratio", 0.216, None, None, None, "abstract"),
    "l-netter1-burden-high": ("Liver burden over 50 %", None, "hazard_ratio", 0.145, None, None, None, "abstract"),
    "l-compete-pfs": ("Lu-177 edotreotide", 207, "median", 23.9, None, None, None, "secondary"),
    "l-compete-control-pfs": ("Everolimus", 102, "median", 14.1, None, None, None, "secondary"),
    "l-compete-hr": ("Lu-177 edotreotide", 309, "hazard_ratio", 0.67, 0.48, 0.95, 95, "secondary"),
    "l-compete-os-hr": ("Lu-177 edotreotide", 309, "hazard_ratio", 0.78, 0.53, 1.15, None, "secondary"),
    "l-cabinet-ep-pfs": ("Cabozantinib", None, "median", 8.4, None, None, None, "abstract"),
    "l-cabinet-ep-placebo-pfs": ("Placebo", None, "median", 3.9, None, None, None, "abstract"),
    "l-cabinet-ep-hr": ("Cabozantinib", 203, "hazard_ratio", 0.38, 0.25, 0.59, 95, "abstract"),
    "l-cabinet-p-pfs": ("Cabozantinib", None, "median", 13.8, None, None, None, "abstract"),
    "l-cabinet-p-placebo-pfs": ("Placebo", None, "median", 4.4, None, None, None, "abstract"),
    "l-cabinet-p-hr": ("Cabozantinib", 95, "hazard_ratio", 0.23, 0.12, 0.42, 95, "abstract"),
    "l-sanetep-pfs": ("Surufatinib", 129, "median", 9.2, 7.4, 11.1, 95, "secondary"),
    "l-sanetep-placebo-pfs": ("Placebo", 69, "median", 3.8, 3.7, 5.7, 95, "secondary"),
    "l-sanetep-hr": ("Surufatinib", 198, "hazard_ratio", 0.33, 0.22, 0.50, 95, "secondary"),
    "l-sanetp-pfs": ("Surufatinib", 113, "median", 10.9, 7.5, 13.8, 95, "secondary"),
    "l-sanetp-placebo-pfs": ("Placebo", 59, "median", 3.7, 2.8, 5.6, 95, "secondary"),
    "l-sanetp-hr": ("Surufatinib", 172, "hazard_ratio", 0.491, 0.319, 0.755, 95, "abstract"),
    "l-axinet-pfs": ("Axitinib with octreotide", 126, "median", 17.2, None, None, None, "secondary"),
    "l-axinet-control-pfs": ("Octreotide with placebo", 130, "median", 12.3, None, None, None, "secondary"),
    "l-axinet-hr": ("Axitinib with octreotide", 256, "hazard_ratio", 0.816, None, None, None, "secondary"),
    "l-clarinetforte-p-pfs": ("Lanreotide every 14 days", 48, "median", 5.6, 5.5, 8.3, 95, "secondary"),
    "l-clarinetforte-m-pfs": ("Lanreotide every 14 days", 51, "median", 8.3, 5.6, 11.1, 95, "secondary"),
    "l-topicnec-ep-os": ("Etoposide and cisplatin", 84, "median", 12.5, None, None, None, "secondary"),
    "l-topicnec-ip-os": ("Irinotecan and cisplatin", 86, "median", 10.9, None, None, None, "secondary"),
    "l-topicnec-hr": ("Irinotecan and cisplatin", 170, "hazard_ratio", 1.04, 0.79, 1.37, 90, "secondary"),
    "l-nordicnec2-nec-os": ("Palliative chemotherapy, NEC", 427, "unclear", 7.4, None, None, None, "abstract"),
    "l-nordicnec2-netg3-os": ("Palliative chemotherapy, NET G3", 117, "unclear", 21.8, None, None, None, "abstract"),
    "l-resin-os": ("Yttrium-90 resin microspheres", 170, "median", 33, 25, None, 95, "abstract"),
    "l-resin-os12": ("Yttrium-90 resin microspheres", 170, "rate", 75, None, None, None, "abstract"),
    "l-resin-os24": ("Yttrium-90 resin microspheres", 170, "rate", 62, None, None, None, "abstract"),
    "l-resin-os36": ("Yttrium-90 resin microspheres", 170, "rate", 46, None, None, None, "abstract"),
    "l-tacetae-os-hr": ("Chemoembolization", 504, "hazard_ratio", 0.96, 0.73, 1.24, 95, "abstract"),
    "l-mazzaferro2016-hr": ("No transplantation", 88, "hazard_ratio", 7.4, 2.4, 23.0, 95, "abstract"),
    "l-letreut2013-os60": ("Liver transplantation", 213, "rate", 52, None, None, None, "abstract"),
    "l-letreut2013-dfs60": ("Liver transplantation", 213, "rate", 30, None, None, None, "abstract"),
    "l-palaniappan2023-os60": ("Liver transplantation", None, "rate", 65, None, None, None, "abstract"),
    "l-palaniappan2023-os120": ("Liver transplantation", None, "rate", 50, None, None, None, "abstract"),
    "l-ehd-ldt-os": ("Liver-directed treatment", 71, "median", 27, None, None, None, "abstract"),
    "l-ehd-resection-os": ("Resection", 23, "median", 138, None, None, None, "abstract"),
}


@pytest.mark.parametrize("outcome", READ)
def test_an_outcome_is_the_one_that_was_read(outcome):
    row = LATER.loc[outcome]
    given = [row[name] for name in ("arm", "n", "statistic", "value", "low", "high", "level", "how_read")]
    assert tuple(map(_plain, given)) == READ[outcome]


def _plain(value):
    return None if value is None or str(value) in ("<NA>", "nan") else value


def test_nothing_was_read_later_that_is_not_read_here_twice():
    before_2026 = set(LATER.index) - set(READ)
    assert not before_2026 & set(LATER.index[LATER["level"].notna()])
    assert all(LATER.loc[name, "source"] not in ("netter-2", "compete-report", "cabinet") for name in before_2026)


def test_both_arms_of_a_later_trial_have_names():
    arms = set(LATER["arm"]) | set(LATER["comparator"])
    assert not arms & {"Control", "control", "Comparison arm", "comparison arm", "Targeted drug", "Somatostatin analog"}


def test_le_treut_and_maspero_say_what_is_known_of_them():
    assert "35 centers" in LATER.loc["l-letreut2013-dfs60", "population"]
    assert "selected unresectable patients" in LATER.loc["l-maspero2022-transplantation-os120", "note"]


@pytest.mark.parametrize("table", ["later_outcomes", "rule_sets", "trials"])
def test_every_row_has_source_locator_and_how_far_it_was_read(table):
    rows, known = data_tables.read_table(table), set(data_tables.read_table("sources")["source"])
    assert all(rows["source"].isin(known))
    assert all(rows["locator"] != "")
    assert set(rows["how_read"]) <= HOW
    secondary = data_tables.read_table("sources").set_index("source")["secondary"]
    assert [*(rows["how_read"] == "secondary")] == [*secondary[rows["source"]]]


@pytest.mark.parametrize(
    ("table", "column"),
    [(t, c) for t in ("later_outcomes", "rule_sets", "trials") for c in ("source", "locator", "how_read")],
)
def test_the_package_refuses_a_row_without_source_locator_or_how_read(table, column, tmp_path):
    copy = shutil.copytree(ROOT / "data", tmp_path / "data")
    path = copy / f"{table}.csv"
    head, first, *rest = path.read_text(encoding="utf-8").splitlines()
    cells = dict(zip(head.split(","), next(csv.reader([first])), strict=True)) | {column: ""}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([head.split(","), list(cells.values()), *csv.reader(rest)])
    package = json.loads((copy / "datapackage.json").read_text(encoding="utf-8"))
    package["resources"] = [r for r in package["resources"] if r["name"] == table]
    for resource in package["resources"]:
        resource["schema"].pop("foreignKeys", None)
    report = Package(package, basepath=str(copy)).validate()
    assert not report.valid
    assert column in str(report.flatten(["note", "message"]))


# The rule sets


NEW = {
    *("retnet_population", "resection_2020", "cytoreduction_chicago", "everolimus_us", "lanreotide_us", "lutathera_us"),
    *("compete_population", "clarinet_forte_population", "sanet_p_population", "sanet_ep_population"),
    *("axinet_population", "compose_population", "netter3_population", "netter2_population", "cabinet_population"),
    *("cabozantinib_us", "hepar_plus_population", "topic_nec_population"),
}


def test_the_rule_sets_of_today_are_there():
    assert set(rule_tables.load()) >= NEW
    kinds = {name: rule_tables.get(name).kind for name in NEW}
    assert {name for name, kind in kinds.items() if kind == "label"} == {
        *("everolimus_us", "lanreotide_us", "lutathera_us", "cabozantinib_us"),
    }
    assert {name for name, kind in kinds.items() if kind == "statement"} == {"resection_2020"}


# The criteria: rule set, then field, operator, value and role, typed from the notes on each source
SITES = "pancreas|stomach|duodenum|small_intestine|appendix|colon|rectum"
OUTSIDE = "stomach|duodenum|small_intestine|appendix|colon|rectum|lung|liver|other"
G12, WELL, SSTR = "grade one of G1|G2", "differentiation is well", "sstr_positive is yes"
PROGRESSIVE, NOT_PREGNANT = "disease_progressive is yes", "pregnant is no"
ASKED = {
    "retnet_population": {
        *("age_years >= 18", "largest_lesion_cm >= 1", "liver_involvement_percent <= 70", "ecog <= 2"),
        *("liver_unresectable is yes", "operable is no", "symptomatic is yes", "ssa_failed is yes", PROGRESSIVE),
        *("liver_involvement_percent > 25", "extrahepatic_disease one of none|limited_stable|limited_progressing"),
        *("bilirubin_mg_dl <= 2", NOT_PREGNANT, "biliary_anastomosis is no", "caution prior_liver_directed is no"),
    },
    "resection_2020": {G12, "extrahepatic_disease is none", "resectable_percent > 90", "operable is yes"},
    "cytoreduction_chicago": {
        *("resectable_percent >= 90", "primary_site is pancreas", G12, SSTR, "liver_involvement_percent <= 50"),
        *("age_years > 18", NOT_PREGNANT, "bilirubin_mg_dl <= 3"),
    },
    "everolimus_us": {
        *(PROGRESSIVE, WELL, "functioning_syndrome is no", "age_years >= 18"),
        "primary_site one of lung|stomach|duodenum|small_intestine|appendix|colon|rectum",
    },
    "lanreotide_us": {WELL, f"primary_site one of {SITES}", "age_years >= 18", "caution liver_unresectable is yes"},
    "lutathera_us": {SSTR, f"primary_site one of {SITES}", "age_years >= 12"},
    "compete_population": {
        *("age_years >= 18", G12, SSTR, PROGRESSIVE, "liver_unresectable is yes", "operable is no"),
        *(f"primary_site one of {SITES}", "primary_site is pancreas", "functioning_syndrome is no"),
    },
    "clarinet_forte_population": {
        *(G12, "primary_site one of pancreas|small_intestine|appendix", SSTR, PROGRESSIVE, "ssa_failed is yes"),
    },
    "sanet_p_population": {G12, "primary_site is pancreas", PROGRESSIVE},
    "sanet_ep_population": {
        *("age_years >= 18", WELL, f"primary_site one of {OUTSIDE}", PROGRESSIVE, "ecog <= 1"),
        "progressed_on_treatment is yes",
    },
    "axinet_population": {G12, f"primary_site one of {OUTSIDE}", PROGRESSIVE},
    "compose_population": {
        *("age_years >= 18", WELL, "ki67_percent >= 15", "ki67_percent <= 55", SSTR, "prior_prrt is no"),
        f"primary_site one of {SITES}",
    },
    "netter3_population": {
        *(WELL, "ki67_percent < 10", SSTR, "uptake_vs_liver is at_least", "age_years >= 12"),
        *(f"primary_site one of {SITES}", "months_since_diagnosis <= 6"),
    },
    "netter2_population": {
        *(WELL, "ki67_percent >= 10", "ki67_percent <= 55", SSTR, f"primary_site one of {SITES}", "age_years >= 15"),
        *("months_since_diagnosis <= 6", "progressed_on_treatment is no", "prior_prrt is no"),
        *("prior_liver_directed is no", "caution prior_systemic_treatment is no"),
    },
    "cabinet_population": {PROGRESSIVE, "prior_prrt is yes", "prior_systemic_treatment is yes", WELL},
    "cabozantinib_us": {
        *(WELL, "age_years >= 12", "prior_systemic_treatment is yes", "caution liver_unresectable is yes"),
    },
    "hepar_plus_population": {
        *("age_years >= 18", "lesion_count >= 3", "liver_involvement_percent <= 70", G12, "ecog <= 2"),
        *("prior_prrt is yes", NOT_PREGNANT),
    },
    "topic_nec_population": {
        *("differentiation is poor", "age_years >= 20", "age_years <= 75", f"primary_site one of {SITES}|liver"),
        *("liver_unresectable is yes", "recurrence_after_resection is yes", "prior_chemotherapy is no"),
    },
}


@pytest.mark.parametrize("rule_set", ASKED)
def test_a_rule_set_asks_what_its_source_asks_with_the_same_signs(rule_set):
    rows = nd.criteria().query("rule_set == @rule_set").to_dict("records")
    given = {
        f"{'' if row['role'] == 'required' else row['role'] + ' '}{row['field']} {row['operator']} {row['value']}"
        for row in rows
    }
    assert given == ASKED[rule_set]
    assert len(rows) == len(given)


def test_every_rule_set_of_today_is_read_twice():
    assert set(ASKED) == NEW


@pytest.mark.parametrize(
    ("rule_set", "words"),
    [
        ("retnet_population", ["platelets of 50,000", "INR of up to 1.5", "creatinine of up to 2.0", "albumin of 3.0"]),
        ("retnet_population", ["liver-dominant", "after the end of the copy"]),
        ("hepar_plus_population", ["4 cycles", "20 weeks", "GFR of 35", "1.5 times the upper limit"]),
        ("netter2_population", ["over 1 month", "all target lesions", "normal liver"]),
        ("netter3_population", ["high disease burden", "after the end of the copy"]),
        ("compose_population", ["at most one earlier systemic line", "Karnofsky status of 60"]),
        ("sanet_ep_population", ["at most two earlier"]),
        ("axinet_population", ["within 12 months", "VEGF"]),
        ("clarinet_forte_population", ["24 weeks", "central review"]),
        ("cabinet_population", ["targeted drug"]),
        ("resection_2020", ["future liver remnant"]),
        ("cytoreduction_chicago", ["INR of up to 1.5", "albumin of 3.0", "after the end of the copy"]),
        ("captem_population", ["earlier temozolomide, capecitabine or fluorouracil"]),
    ],
)
def test_what_a_set_cannot_ask_is_said(rule_set, words):
    assert all(text in rule_tables.get(rule_set).not_asked for text in words)


def test_a_progressive_patient_long_after_diagnosis_is_not_like_those_of_netter_2():
    entered = {"differentiation": "well", "ki67_percent": 15, "sstr_positive": True, "primary_site": "pancreas"}
    patient = nd.Patient(**entered, age_years=50)
    assert nd.assess(patient)["netter2_population"].verdict == "unknown"
    assert nd.assess(patient.replace(progressed_on_treatment=True))["netter2_population"].verdict == "not_met"
    assert nd.assess(patient.replace(months_since_diagnosis=7))["netter2_population"].verdict == "not_met"


@pytest.mark.parametrize(
    "field", ["prior_systemic_treatment", "prior_chemotherapy", "prior_prrt", "prior_liver_directed"]
)
def test_a_new_field_is_asked(field):
    assert any(field in found.inputs for found in rule_tables.load().values())


# The trials


def test_each_trial_has_its_patients_and_its_results_point_to_it():
    assert set(TRIALS["rule_set"]) <= set(rule_tables.load())
    assert set(LATER["trial"]) - {""} <= set(TRIALS.index)
    populations = {name for name, found in rule_tables.load().items() if found.kind == "population"}
    assert populations == set(TRIALS["rule_set"])
    for trial, row in TRIALS.iterrows():
        assert rule_tables.get(row["rule_set"]).therapy == row["therapy"], trial
        assert not row["n_by_arm"] or len(row["n_by_arm"].split("; ")) == len(row["arms"].split("; ")), trial


@pytest.mark.parametrize(
    ("trial", "arms", "n"),
    [
        ("netter-2", "PRRT with octreotide; high-dose octreotide", "151; 75"),
        ("netter-1", "PRRT with octreotide; octreotide LAR 60 mg", "116; 113"),
        ("compete", "Lu-177 edotreotide; everolimus", "207; 102"),
        ("cabinet", "cabozantinib; placebo", ""),
        ("sanet-ep", "surufatinib; placebo", "129; 69"),
        ("sanet-p", "surufatinib; placebo", "113; 59"),
        ("axinet", "axitinib with octreotide; octreotide with placebo", "126; 130"),
        ("radiant-4", "everolimus; placebo", "205; 97"),
        ("radiant-3", "everolimus; placebo", "207; 203"),
        ("sunitinib", "sunitinib; placebo", "86; 85"),
        ("clarinet", "lanreotide; placebo", "101; 103"),
        ("e2211", "capecitabine and temozolomide; temozolomide", "72; 72"),
        ("topic-nec", "etoposide and cisplatin; irinotecan and cisplatin", "84; 86"),
    ],
)
def test_the_arms_of_a_trial(trial, arms, n):
    assert (TRIALS.loc[trial, "arms"], TRIALS.loc[trial, "n_by_arm"]) == (arms, n)


def test_a_trial_is_randomized_only_where_that_was_read_and_the_note_says_where():
    said = TRIALS[TRIALS["design"] == "randomized"]
    assert set(said.index) == {"promid", "clarinet", "e2211"}
    assert all(said["note"].str.contains("Randomized: "))
    assert set(TRIALS.loc[TRIALS["design"] == "one arm"].index) == {"clarinet-forte"}


@pytest.mark.parametrize("trial", ["netter-3", "compose", "retnet", "chicago"])
def test_arms_of_which_nothing_was_read_are_empty(trial):
    assert (TRIALS.loc[trial, "arms"], TRIALS.loc[trial, "n_by_arm"]) == ("", "")


@pytest.mark.parametrize(
    ("trial", "how_read"),
    [
        *[(name, "secondary") for name in ("netter-1", "netter-2", "compete", "axinet", "clarinet-forte", "topic-nec")],
        *[(name, "abstract") for name in ("sanet-ep", "sanet-p", "cabinet", "hepar-plus", "e2211", "radiant-3")],
        *[(name, "full text") for name in ("retnet", "compose", "netter-3", "chicago")],
    ],
)
def test_the_sizes_of_a_trial_are_as_far_read_as_the_text_that_has_them(trial, how_read):
    assert TRIALS.loc[trial, "how_read"] == how_read


@pytest.mark.parametrize(
    ("source", "words"),
    [
        *[(name, "cut off") for name in ("netter-3", "sanet-ep", "axinet", "topic-nec", "retnet", "uchicago-191485")],
        *[(name, "cut off") for name in ("hepar-plus", "resin-nelm", "le-treut-2013")],
        ("cabinet", "without its last lines"),
        ("compete", "as far as it is shown"),
    ],
)
def test_a_copy_that_ends_early_says_so(source, words):
    assert words in data_tables.read_table("sources").set_index("source").loc[source, "read_in"]


def test_what_a_secondary_text_says_in_a_rule_set_is_marked():
    rows, sources = nd.criteria().set_index("criterion_id"), data_tables.read_table("sources").set_index("source")
    read = data_tables.read_table("rule_sets").set_index("rule_set")["how_read"]
    for name, row in rows[rows["source"] != "netdash"].iterrows():
        if sources.loc[row["source"], "secondary"] and read[row["rule_set"]] != "secondary":
            assert "secondary" in row["note"], name
    assert "secondary" in rows.loc["compete_population-function", "note"]


def test_a_citation_is_the_one_that_was_read():
    cited = data_tables.read_table("sources").set_index("source")["citation"]
    assert cited["axinet-report"] == "AXINET (GETNE-1107). J Clin Oncol 2021;39:360; ESMO 2021, 1097O"


# Sources that differ


@pytest.mark.parametrize(
    ("discrepancy", "touches"),
    [
        ("B5-01", {"cytoreduction_chicago-share", "resection_2020-share", "cytoreduction_70-share"}),
        ("B5-02", {"retnet_population-biliary", "hepar_plus_population", "embolization_review-biliary"}),
        ("B5-03", {"resection_2020-extrahepatic", "retnet_population-extrahepatic", "l-ehd-ldt-os"}),
        ("B5-04", {"hepar_plus_population-lesions"}),
        ("B5-05", {"compose_population-ki67-from", "compose_population-ki67-to"}),
        ("B5-06", {"clarinet_population-ki67", "l-clarinet-hr"}),
        ("B5-07", {"l-cabinet-p-hr", "l-cabinet-p-pfs"}),
        ("B5-08", {"lutathera_us", "prrt_label"}),
    ],
)
def test_sources_at_odds_are_discrepancies_of_the_rows_they_touch(discrepancy, touches):
    rows = nd.discrepancies().set_index("discrepancy_id")
    assert set(rows.loc[discrepancy, "touches"].split("; ")) >= touches
    assert rows.loc[discrepancy, "status"] == "between_sources"


def test_the_two_counts_of_cabinet_differ_in_placebo_and_in_the_hazard_ratio():
    said = nd.discrepancies().set_index("discrepancy_id").loc["B5-07", "problem"]
    assert "3.3 months instead of 4.4" in said
    assert "0.22 (0.12 to 0.41) instead of 0.23 (0.12 to 0.42)" in said


def test_the_rows_that_the_page_on_adding_a_trial_shows_are_in_the_data():
    text = (ROOT / "docs" / "how_to" / "add_a_trial.md").read_text(encoding="utf-8")
    shown = [
        line for block in text.split("```")[1::2] for line in block.splitlines() if line.startswith(("compete", "l-"))
    ]
    data = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "data").glob("*.csv")))
    assert len(shown) == 5
    assert all(f"\n{line.removesuffix('...')}" in data for line in shown)


def test_the_date_of_the_last_reading_is_on_the_page_and_in_the_report():
    from netdash.board import views
    from netdash.case_report import report

    for page in (views.foot(), report(nd.Patient())):
        assert f"data {data_tables.data_version()}, evidence read up to {data_tables.read_up_to()}" in page
