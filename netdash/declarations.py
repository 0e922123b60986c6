"""Every input, declared once; controls, rules, links, options and cohort columns follow from the declaration."""

from __future__ import annotations

import dataclasses
from collections.abc import Set
from typing import Any

from netdash.derived import DIFFERENTIATIONS, GRADES, KI67_BY_GRADE
from netdash.fields import Choice, Count, Field, Number, YesNo
from netdash.intervals import Interval


def _field(kind: type[Field], label: str, group: str, help: str, **more: Any) -> Any:  # noqa: A002
    return dataclasses.field(default=None, metadata={"field": kind(label=label, group=group, help=help, **more)})


def number(label: str, group: str, help: str, unit: str, most: float, **more: Any) -> Any:  # noqa: A002
    """Declare a number from 0 to `most`, with a unit; a slider moves it by 1 unless `step` says otherwise."""
    more = {"step": 1, "change": "changeable", **more}
    return _field(Number, label, group, help, unit=unit, minimum=0, maximum=most, **more)


def count(label: str, group: str, help: str, least: int, most: int, **more: Any) -> Any:  # noqa: A002
    """Declare a whole number from `least` to `most`."""
    return _field(Count, label, group, help, minimum=least, maximum=most, step=1, **more)


def choice(label: str, group: str, help: str, *choices: str, **more: Any) -> Any:  # noqa: A002
    """Declare one of several words."""
    return _field(Choice, label, group, help, choices=choices, **more)


def yes_no(label: str, group: str, help: str, **more: Any) -> Any:  # noqa: A002
    """Declare an input that is yes or no."""
    return _field(YesNo, label, group, help, **more)


def earlier(treatment: str, help: str) -> Any:  # noqa: A002
    """Declare whether an earlier treatment was given."""
    return yes_no(f"Earlier {treatment}", "Treatment", help)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Declared:
    """The fields of :class:`netdash.Patient`: label, group, help, then unit and limits or the words to choose from."""

    age_years: float | Interval | str | None = number(
        "Age",
        "Patient",
        "Age at assessment; criteria compare completed years, so that 55.4 counts as 55.",
        "years",
        120,
        change="fixed",
        completed=True,
    )
    ki67_percent: float | Interval | str | None = number(
        "Ki-67", "Patient", "Ki-67 proliferation index.", "%", 100, entries=tuple(map(str, KI67_BY_GRADE.values()))
    )
    liver_involvement_percent: float | Interval | str | None = number(
        *("Liver involvement", "Patient", "Share of the liver's volume taken up by metastases.", "%", 100),
        entries=("<25", "25-50", ">50"),
    )
    extrahepatic_disease: str | Set[str] | None = choice(
        "Extrahepatic disease",
        "Patient",
        "Tumor outside the liver, the primary not counted: none, limited and stable, limited and progressing, or "
        "extensive.",
        *("none", "limited_stable", "limited_progressing", "extensive"),
        words=("none", "limited, stable", "limited, progressing", "extensive"),
    )

    bilobar: bool | None = yes_no("Bilobar metastases", "Liver", "Metastases in both halves of the liver.")
    lesion_count: int | Interval | str | None = count(
        "Number of liver metastases", "Liver", "Number of metastases counted in the liver.", 1, 999, change="changeable"
    )
    largest_lesion_cm: float | Interval | str | None = number(
        "Largest liver metastasis", "Liver", "Largest diameter of the largest liver metastasis.", "cm", 30, step=0.1
    )
    liver_unresectable: bool | None = yes_no(
        "Resectability of liver metastases",
        "Liver",
        "Whether resection can remove the liver metastases: a judgement of the disease, not of the patient's fitness.",
        noun="liver metastases",
        words=("unresectable", "resectable"),
    )
    resectable_percent: float | Interval | str | None = number(
        "Resectable share", "Liver", "Share of the liver tumor that can be resected.", "%", 100
    )
    resectable_or_ablatable_percent: float | Interval | str | None = number(
        "Resectable or ablatable share", "Liver", "Share of the liver tumor that can be resected or ablated.", "%", 100
    )
    ablatable_percent: float | Interval | str | None = number(
        "Ablatable share", "Liver", "Share of the tumor volume that ablation can remove.", "%", 100
    )
    near_major_vessel: bool | None = yes_no(
        "Lesion near a major hepatic vessel", "Liver", "A metastasis lies close to a major vessel of the liver."
    )
    vascular_involvement: bool | None = yes_no("Vascular involvement", "Liver", "The tumor involves liver vessels.")
    portal_vein_occluded: bool | None = yes_no(
        "Portal vein", "Liver", "Occluded: by tumor or thrombosis. Patent: blood flows.", words=("occluded", "patent")
    )
    severe_liver_dysfunction: bool | None = yes_no(
        "Severe liver dysfunction", "Liver", "A clinical judgement; the review gives no laboratory limit."
    )
    biliary_anastomosis: bool | None = yes_no("Biliary anastomosis", "Liver", "A bile duct joined to the bowel.")

    primary_site: str | Set[str] | None = choice(
        "Primary site",
        "Primary",
        "Organ of origin. Unknown primary: none was found after a search.",
        *("pancreas", "stomach", "stomach_distal", "stomach_proximal", "duodenum", "small_intestine", "appendix"),
        *("colon", "rectum", "lung", "liver", "unknown_primary", "other"),
        change="fixed",
        noun="primary",
        open_word="unknown_primary",
        narrower={"stomach_distal": "stomach", "stomach_proximal": "stomach"},
    )
    primary_portal_drained: bool | None = yes_no(
        "Portal drainage of the primary",
        "Primary",
        "Whether the portal vein drains the primary. When not entered, it follows from the site: yes for pancreas, "
        "distal stomach, duodenum, small intestine, appendix and colon, no for the lung; no other site settles it.",
        change="fixed",
    )
    primary_status: str | Set[str] | None = choice(
        "Primary status",
        "Primary",
        "Whether the primary is resected, or can be resected.",
        *("resected", "resectable", "unresectable"),
        change="changeable",
        noun="primary",
    )
    differentiation: str | Set[str] | None = choice(
        "Differentiation",
        "Primary",
        "Differentiation of the tumor under the microscope.",
        *DIFFERENTIATIONS,
        change="fixed",
    )
    grade_reported: str | Set[str] | None = choice(
        "Reported grade",
        "Primary",
        "WHO grade as a report gives it, by Ki-67 or by mitoses; Ki-67 and differentiation are inputs of their own.",
        *GRADES,
        change="fixed",
    )

    stable_months: float | Interval | str | None = number(
        "Duration of stability",
        "Disease",
        "Time without progression; 0 = not stable.",
        "months",
        600,
        noun="stable for",
    )
    disease_progressive: bool | None = yes_no("Progression", "Disease", "Progression on imaging.")
    functioning_syndrome: bool | None = yes_no("Functioning syndrome", "Disease", "A hormonal syndrome.")
    symptomatic: bool | None = yes_no("Symptoms", "Disease", "Symptoms of the tumor, hormonal or local.")
    sstr_positive: bool | None = yes_no(
        "Somatostatin receptor status",
        "Disease",
        "Positive: uptake on octreotide scintigraphy or receptor PET.",
        noun="somatostatin receptors",
        words=("positive", "negative"),
    )
    uptake_vs_liver: str | Set[str] | None = choice(
        "Receptor uptake",
        "Disease",
        "Uptake of the tumor on octreotide scintigraphy or receptor PET, compared with normal liver.",
        *("below", "at_least"),
        words=("below normal liver", "at least that of normal liver"),
    )
    mibg_positive: bool | None = yes_no(
        "MIBG scan", "Disease", "Positive: uptake on an MIBG scan.", words=("positive", "negative")
    )
    ssa_failed: bool | None = yes_no(
        "Failure of a somatostatin analog", "Disease", "Treatment with a somatostatin analog no longer works."
    )
    drug_resistant: bool | None = yes_no("Drug resistance", "Disease", "Disease resistant to drug treatment.")
    recurrence_after_resection: bool | None = yes_no(
        "Recurrence after resection", "Disease", "Liver metastases recurred after a resection."
    )
    operable: bool | None = yes_no(
        "Fit for surgery",
        "Disease",
        "Whether the patient can tolerate an operation; not whether the disease can be resected.",
        topic="fitness for surgery",
        noun="patient",
        words=("fit for surgery", "unfit for surgery"),
    )
    serious_comorbidity: bool | None = yes_no(
        "Serious comorbidity", "Disease", "Another illness that argues against a major operation."
    )
    serious_renal_impairment: bool | None = yes_no(
        "Serious renal impairment",
        "Disease",
        "A clinical judgement; the product label, as far as it was read, gives no limit.",
    )
    pregnant: bool | None = yes_no("Pregnancy", "Disease", "Pregnancy.")
    ecog: int | Interval | str | None = count(
        "ECOG status", "Disease", "Performance status of ECOG, WHO or Zubrod.", 0, 4
    )
    bilirubin_mg_dl: float | Interval | str | None = number(
        "Bilirubin", "Disease", "Total bilirubin in serum.", "mg/dL", 50, step=0.1, change="state"
    )
    maa_scan_done: bool | None = yes_no(
        "MAA scan before the procedure",
        "Disease",
        "Whether the scan with technetium-labeled macroaggregated albumin that precedes radioembolization was done.",
        change="changeable",
    )
    major_pulmonary_shunt: bool | None = yes_no(
        "Major pulmonary shunt", "Disease", "Major shunt to the lung on the MAA scan; the review gives no limit."
    )

    months_since_diagnosis: float | Interval | str | None = number(
        "Time since diagnosis", "Treatment", "Time since the tumor was diagnosed.", "months", 600, change="state"
    )
    prior_systemic_treatment: bool | None = earlier("systemic treatment", "Drugs of any kind, PRRT included.")
    prior_chemotherapy: bool | None = earlier("chemotherapy", "Cytotoxic drugs.")
    prior_prrt: bool | None = earlier("PRRT", "Peptide receptor radionuclide therapy.")
    prior_liver_directed: bool | None = earlier(
        "liver-directed treatment", "Embolization, radioembolization or ablation of liver metastases; not resection."
    )
    progressed_on_treatment: bool | None = yes_no(
        "Progression on earlier treatment", "Treatment", "The tumor progressed on or after an earlier treatment."
    )

    large_tumor_burden: bool | None = yes_no(
        "Large tumor burden", "Judgement", "A judgement: the source gives no limit."
    )
    low_liver_burden: bool | None = yes_no("Low liver burden", "Judgement", "A judgement: the source gives no limit.")
    oligonodular: bool | None = yes_no(
        "Oligonodular disease", "Judgement", "Few nodules; a judgement: the source gives no number."
    )
    high_proliferation: bool | None = yes_no(
        "High proliferation", "Judgement", "A judgement: the source gives no Ki-67 limit."
    )
