"""The patient: every input, declared once; controls, rules, links, options and cohort columns follow from it."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import warnings
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from netdash.declarations import choice as _choice
from netdash.declarations import count as _count
from netdash.declarations import earlier as _earlier
from netdash.declarations import number as _number
from netdash.declarations import yes_no as _yes_no
from netdash.derived import DIFFERENTIATIONS, GRADES, KI67_BY_GRADE, drained_by, grades_of, possible
from netdash.fields import Field, Known, Value, exact_or_text
from netdash.intervals import Interval
from netdash.links import pairs
from netdash.refusals import hint

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class Patient:
    """One patient with liver metastases of a neuroendocrine tumor.

    Every field is optional; ``None`` means unknown, never normal. A field can be known in part: a number as an
    :class:`netdash.Interval`, a ``pandas.Interval`` or text (``"3-20"``, ``"<3"``, ``">=10"``, ``"90+"``), a choice
    as a set of its words or text (``"pancreas|duodenum"``). :meth:`fields` lists label, unit, limits and help of each
    field.

    Three mechanisms make the frozen dataclass behave as a patient. First, `_entered` holds the values as they were
    given, and the attributes hold them with what is derived: `primary_portal_drained` follows from the site when it is
    not entered. Equality, hash, `replace` and `to_dict` use `_entered`, so that a derived drainage is lost when the
    site changes. Second, ``__dataclass_fields__`` is deleted below the class, because ``dataclasses.replace`` and
    ``asdict`` would read the derived drainage as an entered one. Third, ``__new__`` refuses an unknown field name with
    a hint, and ``__signature__`` shows the fields in place of its ``**values`` (Shift-Tab in Jupyter).

    Attributes
    ----------
    primary_portal_drained : bool or None
        As entered; when not entered, as the primary site settles it (pancreas, duodenum, small intestine, appendix,
        colon, distal stomach: True; lung: False; any other site leaves it unknown). Of several possible sites, what
        all of them settle alike.

    Raises
    ------
    ValueError
        When a value is not allowed; the message names field, value, allowed values and unit.
    TypeError
        When a field name is not known; the message names the nearest known one.

    Examples
    --------
    >>> Patient(age_years=48, ki67_percent=4, differentiation="well").grade
    'G2'
    >>> Patient(ki67_percent="3-20", grade_reported={"G1", "G2"})
    Patient(ki67_percent='3-20', grade_reported='G1|G2')
    """

    age_years: float | Interval | str | None = _number(
        "Age",
        "Patient",
        "Age at assessment; criteria compare completed years, so that 55.4 counts as 55.",
        "years",
        120,
        change="fixed",
        completed=True,
    )
    ki67_percent: float | Interval | str | None = _number(
        "Ki-67", "Patient", "Ki-67 proliferation index.", "%", 100, entries=tuple(map(str, KI67_BY_GRADE.values()))
    )
    liver_involvement_percent: float | Interval | str | None = _number(
        *("Liver involvement", "Patient", "Share of the liver's volume taken up by metastases.", "%", 100),
        entries=("<25", "25-50", ">50"),
    )
    extrahepatic_disease: str | Set[str] | None = _choice(
        "Extrahepatic disease",
        "Patient",
        "Tumor outside the liver, the primary not counted: none, limited and stable, limited and progressing, or "
        "extensive.",
        *("none", "limited_stable", "limited_progressing", "extensive"),
        words=("none", "limited, stable", "limited, progressing", "extensive"),
    )

    bilobar: bool | None = _yes_no("Bilobar metastases", "Liver", "Metastases in both halves of the liver.")
    lesion_count: int | Interval | str | None = _count(
        "Number of liver metastases", "Liver", "Number of metastases counted in the liver.", 1, 999, change="changeable"
    )
    largest_lesion_cm: float | Interval | str | None = _number(
        "Largest liver metastasis", "Liver", "Largest diameter of the largest liver metastasis.", "cm", 30, step=0.1
    )
    liver_unresectable: bool | None = _yes_no(
        "Resectability of liver metastases",
        "Liver",
        "Whether resection can remove the liver metastases: a judgement of the disease, not of the patient's fitness.",
        noun="liver metastases",
        words=("unresectable", "resectable"),
    )
    resectable_percent: float | Interval | str | None = _number(
        "Resectable share", "Liver", "Share of the liver tumor that can be resected.", "%", 100
    )
    resectable_or_ablatable_percent: float | Interval | str | None = _number(
        "Resectable or ablatable share", "Liver", "Share of the liver tumor that can be resected or ablated.", "%", 100
    )
    ablatable_percent: float | Interval | str | None = _number(
        "Ablatable share", "Liver", "Share of the tumor volume that ablation can remove.", "%", 100
    )
    near_major_vessel: bool | None = _yes_no(
        "Lesion near a major hepatic vessel", "Liver", "A metastasis lies close to a major vessel of the liver."
    )
    vascular_involvement: bool | None = _yes_no("Vascular involvement", "Liver", "The tumor involves liver vessels.")
    portal_vein_occluded: bool | None = _yes_no(
        "Portal vein", "Liver", "Occluded: by tumor or thrombosis. Patent: blood flows.", words=("occluded", "patent")
    )
    severe_liver_dysfunction: bool | None = _yes_no(
        "Severe liver dysfunction", "Liver", "A clinical judgement; the review gives no laboratory limit."
    )
    biliary_anastomosis: bool | None = _yes_no("Biliary anastomosis", "Liver", "A bile duct joined to the bowel.")

    primary_site: str | Set[str] | None = _choice(
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
    primary_portal_drained: bool | None = _yes_no(
        "Portal drainage of the primary",
        "Primary",
        "Whether the portal vein drains the primary. When not entered, it follows from the site: yes for pancreas, "
        "distal stomach, duodenum, small intestine, appendix and colon, no for the lung; no other site settles it.",
        change="fixed",
    )
    primary_status: str | Set[str] | None = _choice(
        "Primary status",
        "Primary",
        "Whether the primary is resected, or can be resected.",
        *("resected", "resectable", "unresectable"),
        change="changeable",
        noun="primary",
    )
    differentiation: str | Set[str] | None = _choice(
        "Differentiation",
        "Primary",
        "Differentiation of the tumor under the microscope.",
        *DIFFERENTIATIONS,
        change="fixed",
    )
    grade_reported: str | Set[str] | None = _choice(
        "Reported grade",
        "Primary",
        "WHO grade as a report gives it, by Ki-67 or by mitoses; Ki-67 and differentiation are inputs of their own.",
        *GRADES,
        change="fixed",
    )

    stable_months: float | Interval | str | None = _number(
        "Duration of stability",
        "Disease",
        "Time without progression; 0 = not stable.",
        "months",
        600,
        noun="stable for",
    )
    disease_progressive: bool | None = _yes_no("Progression", "Disease", "Progression on imaging.")
    functioning_syndrome: bool | None = _yes_no("Functioning syndrome", "Disease", "A hormonal syndrome.")
    symptomatic: bool | None = _yes_no("Symptoms", "Disease", "Symptoms of the tumor, hormonal or local.")
    sstr_positive: bool | None = _yes_no(
        "Somatostatin receptor status",
        "Disease",
        "Positive: uptake on octreotide scintigraphy or receptor PET.",
        noun="somatostatin receptors",
        words=("positive", "negative"),
    )
    uptake_vs_liver: str | Set[str] | None = _choice(
        "Receptor uptake",
        "Disease",
        "Uptake of the tumor on octreotide scintigraphy or receptor PET, compared with normal liver.",
        *("below", "at_least"),
        words=("below normal liver", "at least that of normal liver"),
    )
    mibg_positive: bool | None = _yes_no(
        "MIBG scan", "Disease", "Positive: uptake on an MIBG scan.", words=("positive", "negative")
    )
    ssa_failed: bool | None = _yes_no(
        "Failure of a somatostatin analog", "Disease", "Treatment with a somatostatin analog no longer works."
    )
    drug_resistant: bool | None = _yes_no("Drug resistance", "Disease", "Disease resistant to drug treatment.")
    recurrence_after_resection: bool | None = _yes_no(
        "Recurrence after resection", "Disease", "Liver metastases recurred after a resection."
    )
    operable: bool | None = _yes_no(
        "Fit for surgery",
        "Disease",
        "Whether the patient can tolerate an operation; not whether the disease can be resected.",
        topic="fitness for surgery",
        noun="patient",
        words=("fit for surgery", "unfit for surgery"),
    )
    serious_comorbidity: bool | None = _yes_no(
        "Serious comorbidity", "Disease", "Another illness that argues against a major operation."
    )
    serious_renal_impairment: bool | None = _yes_no(
        "Serious renal impairment",
        "Disease",
        "A clinical judgement; the product label, as far as it was read, gives no limit.",
    )
    pregnant: bool | None = _yes_no("Pregnancy", "Disease", "Pregnancy.")
    ecog: int | Interval | str | None = _count(
        "ECOG status", "Disease", "Performance status of ECOG, WHO or Zubrod.", 0, 4
    )
    bilirubin_mg_dl: float | Interval | str | None = _number(
        "Bilirubin", "Disease", "Total bilirubin in serum.", "mg/dL", 50, step=0.1, change="state"
    )
    maa_scan_done: bool | None = _yes_no(
        "MAA scan before the procedure",
        "Disease",
        "Whether the scan with technetium-labeled macroaggregated albumin that precedes radioembolization was done.",
        change="changeable",
    )
    major_pulmonary_shunt: bool | None = _yes_no(
        "Major pulmonary shunt", "Disease", "Major shunt to the lung on the MAA scan; the review gives no limit."
    )

    months_since_diagnosis: float | Interval | str | None = _number(
        "Time since diagnosis", "Treatment", "Time since the tumor was diagnosed.", "months", 600, change="state"
    )
    prior_systemic_treatment: bool | None = _earlier("systemic treatment", "Drugs of any kind, PRRT included.")
    prior_chemotherapy: bool | None = _earlier("chemotherapy", "Cytotoxic drugs.")
    prior_prrt: bool | None = _earlier("PRRT", "Peptide receptor radionuclide therapy.")
    prior_liver_directed: bool | None = _earlier(
        "liver-directed treatment", "Embolization, radioembolization or ablation of liver metastases; not resection."
    )
    progressed_on_treatment: bool | None = _yes_no(
        "Progression on earlier treatment", "Treatment", "The tumor progressed on or after an earlier treatment."
    )

    large_tumor_burden: bool | None = _yes_no(
        "Large tumor burden", "Judgement", "A judgement: the source gives no limit."
    )
    low_liver_burden: bool | None = _yes_no("Low liver burden", "Judgement", "A judgement: the source gives no limit.")
    oligonodular: bool | None = _yes_no(
        "Oligonodular disease", "Judgement", "Few nodules; a judgement: the source gives no number."
    )
    high_proliferation: bool | None = _yes_no(
        "High proliferation", "Judgement", "A judgement: the source gives no Ki-67 limit."
    )

    def __new__(cls, *unnamed: object, **values: object) -> Patient:
        """Refuse an unknown field name with a hint; the ``__init__`` of dataclasses would give none."""
        if unnamed:
            raise TypeError(f"Patient was given {unnamed[0]!r} without a name, expected Patient(age_years=...)")
        _check_names(values)
        for name, value in values.items():
            if FIELDS[name].unit == "%" and isinstance(value, float) and 0 < value < 1 and value == round(value, 2):
                said = f"{name}={value:g} is read as {value:g} %; a fraction of {value:g} is {name}={100 * value:g}"
                warnings.warn(said, stacklevel=2)
        return super().__new__(cls)

    def __post_init__(self) -> None:
        entered = {name: field.check(getattr(self, name)) for name, field in FIELDS.items()}
        object.__setattr__(self, "_entered", entered)
        for name, value in entered.items():
            object.__setattr__(self, name, value)
        if self.primary_portal_drained is None:
            object.__setattr__(self, "primary_portal_drained", drained_by(self.primary_site))

    def __eq__(self, other: object) -> bool:
        return self._all_entered == other._all_entered if isinstance(other, Patient) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self._all_entered.values()))

    @property
    def grade(self) -> str | None:
        """The WHO 2019 grade (G1, G2, G3, NEC), or None when more than one is possible."""
        left = self.grades
        return next(iter(left)) if len(left) == 1 else None

    @functools.cached_property
    def grades(self) -> frozenset[str]:
        """The possible WHO 2019 grades, by Ki-67, differentiation and reported grade together.

        A Ki-67 of 70 % without differentiation leaves G3 and NEC. A reported grade that Ki-67 and differentiation rule
        out is a conflict; then the grades of both are possible.
        """
        by_index = grades_of(self.ki67_percent, self.differentiation)
        reported = frozenset(possible(self.grade_reported, GRADES))
        return (by_index & reported) or (by_index | reported)

    def replace(self, **changes: object) -> Patient:
        """Return a copy of this patient with some fields changed; None makes a field unknown."""
        _check_names(changes)
        made = object.__new__(Patient)  # without the warning of a fraction: pictures try many values
        made.__init__(**{**self._all_entered, **changes})  # type: ignore[misc]
        return made

    __replace__ = replace

    @property
    def entered(self) -> dict[str, Known]:
        """What was entered, by field in the order of declaration; a part as an interval or a frozenset."""
        return {name: value for name, value in self._all_entered.items() if value is not None}

    def to_dict(self) -> dict[str, Value]:
        """Return the fields that were entered, in the order of declaration; a value known in part as text."""
        return {name: exact_or_text(FIELDS[name], value) for name, value in self.entered.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> Patient:
        """Return a patient made from a mapping of field names to values."""
        return cls(**values)  # type: ignore[arg-type]

    def to_query(self) -> str:
        """Return the fields that were entered as a URL query: ``age_years=48&ki67_percent=4``."""
        return urlencode({name: FIELDS[name].text(value) for name, value in self.entered.items()})

    @classmethod
    def from_query(cls, query: str) -> Patient:
        """Return a patient made from a URL query or fragment, with or without its first character (``?`` or ``#``).

        Raises
        ------
        ValueError, TypeError
            As :class:`Patient`; a field given twice is refused.

        Notes
        -----
        Parameters that mail and chat programs add to follow a link, such as ``utm_source``, are ignored.
        """
        values: dict[str, object] = {}
        for name, value in pairs(query, 2 * len(FIELDS)):
            _check_names([name])
            if name in values:
                raise ValueError(f"{name} was given twice, expected once; keep one of them")
            values[name] = FIELDS[name].parse(value)
        return cls.from_dict(values)

    @staticmethod
    def fields() -> pd.DataFrame:
        """Return the dictionary of fields.

        Returns
        -------
        DataFrame
            One row per field: name, label, unit, kind (number, integer, choice, bool), minimum, maximum,
            choices (tuple of str), group, help, change ("fixed", "changeable", "state").
        """
        import pandas as pd

        columns = ["name", "label", "unit", "kind", "minimum", "maximum", "choices", "group", "help", "change"]
        return pd.DataFrame([{c: getattr(f, c) for c in columns} for f in FIELDS.values()], columns=columns)

    @property
    def _all_entered(self) -> dict[str, Known | None]:
        entered: dict[str, Known | None] = self.__dict__["_entered"]
        return entered

    def __repr__(self) -> str:
        """Return the call that makes the same patient."""
        return f"Patient({', '.join(f'{name}={value!r}' for name, value in self.to_dict().items())})"


FIELDS: Mapping[str, Field] = {
    f.name: dataclasses.replace(f.metadata["field"], name=f.name) for f in dataclasses.fields(Patient)
}
"""Every field of :class:`Patient` by name, in the order of declaration."""

# Second mechanism: without its fields, dataclasses.replace and asdict refuse a patient; it has replace() and to_dict().
del Patient.__dataclass_fields__

# Third mechanism: Shift-Tab in Jupyter reads the signature.
Patient.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
    list(inspect.signature(Patient.__init__).parameters.values())[1:], return_annotation=Patient
)


def _check_names(names: Iterable[str]) -> None:
    labels = {name: field.label for name, field in FIELDS.items()}
    for name in (name for name in names if name not in labels):
        near = hint(name, labels)
        raise TypeError(f"{name[:60]!r} is no field of Patient{near or ';'} Patient.fields() lists them all")


def _unchanging(patient: Patient, name: str, value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"a Patient does not change; use patient.replace({name}={value!r})")


Patient.__setattr__ = _unchanging  # type: ignore[assignment]
