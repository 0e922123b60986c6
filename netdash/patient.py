"""The vocabulary: what netdash can know of one patient.

Every input is declared once, in :class:`Patient`. Controls, rules, links, the
command line and the columns of a cohort are derived from that declaration.
"""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qsl, urlencode

from netdash.wording import in_a_sentence

if TYPE_CHECKING:
    import pandas as pd

Value = float | int | bool | str
"""A known value of a field; unknown is ``None``."""

# WHO 2019 classification of gastroenteropancreatic neuroendocrine neoplasms: the bounds of the Ki-67 index in percent.
# A definition of the vocabulary, not a criterion of any therapy; mitotic count is not asked for.
G2_FROM_KI67_PERCENT = 3.0
G2_TO_KI67_PERCENT = 20.0

PORTAL_DRAINED_BY_SITE = {
    "pancreas": True,
    "duodenum": True,
    "small_intestine": True,
    "appendix": True,
    "colon": True,
    "lung": False,
}
"""Sites whose venous drainage is settled by the site alone; stomach, rectum and other are not."""

CHANGES = ("fixed", "changeable", "state")
"""What can become of an entered value: it stays (age, site), it can change, or nobody would wish for it."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One input: its words, its limits, and how a value is checked, read and shown.

    Attributes
    ----------
    name, label, unit, group, help : str
        Identifier, words for a person, unit (empty for words), place on the board, one sentence of help.
    minimum, maximum : float or None
        Inclusive limits of a number.
    choices : tuple of str
        Allowed words of a choice, in the order of its control.
    step : float or None
        Step of its slider.
    change : str
        "fixed", "changeable" or "state": see :data:`CHANGES`.
    noun : str
        What stands before a value in a sentence, such as "primary" before "pancreas"; the topic when empty.
    topic : str
        The label as it stands inside a sentence.
    words : tuple of str
        What the values of a choice, or yes and no, are called on screen.
    """

    kind: ClassVar[str]
    name: str = ""
    label: str
    unit: str = ""
    group: str
    help: str
    change: str = "state"
    noun: str = ""
    topic: str = ""
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.topic:
            object.__setattr__(self, "topic", in_a_sentence(self.label))

    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    step: float | None = None

    @property
    def allowed(self) -> str:
        """The allowed values in words, with the unit."""
        raise NotImplementedError

    def accept(self, value: object) -> Value | None:
        """Return `value` in the field's own type, or ``None`` when it is not one of its values."""
        raise NotImplementedError

    def read(self, text: str) -> Value | None:
        """Return the value that `text` (from a link, a file or the command line) stands for, or ``None``."""
        raise NotImplementedError

    def check(self, value: object) -> Value | None:
        """Return `value` in the field's own type; ``None`` stays ``None``.

        Raises
        ------
        ValueError
            Naming the field, the value, what is allowed and the unit.
        """
        if value is None:
            return None
        accepted = self.accept(value)
        if accepted is None:
            raise self.refusal(value)
        return accepted

    def parse(self, text: str) -> Value:
        """Return the value that `text` stands for.

        Raises
        ------
        ValueError
            As :meth:`check`; an empty text is refused too, since unknown is said by leaving the field out.
        """
        value = self.read(text.strip())
        accepted = None if value is None else self.accept(value)
        if accepted is None:
            raise self.refusal(text)
        return accepted

    def refusal(self, value: object) -> ValueError:
        """Return the error that refuses `value`."""
        shown = repr(value)
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        return ValueError(
            f"{self.name} ({self.label}) was given {shown}, expected {self.allowed}; leave it out if it is unknown"
        )

    def show(self, value: Value | None) -> str:
        """Return `value` in words, with its unit; an unknown one is "not entered"."""
        if value is None:
            return "not entered"
        if isinstance(value, str):
            return value.replace("_", " ")
        return counted(value, self.unit)

    def say(self, value: Value | None) -> str:
        """Return the field with its value as part of a sentence: "age 57 years", "pregnancy not entered"."""
        return f"{self.topic if value is None else self.noun or self.topic} {self.show(value)}"

    def finding(self, value: Value | None) -> str:
        """Return what the patient has, for a caution: "portal vein occluded", "portal vein: not entered"."""
        return f"{self.topic}: {self.show(None)}" if value is None else self.say(value)


def plain(number: float) -> str:
    """Return `number` as short as it can be written without losing a digit: ``4.0`` as "4"."""
    return str(int(number)) if float(number).is_integer() else repr(float(number))


def counted(number: float, unit: str) -> str:
    """Return `number` with its unit, which of one is not a plural: "1 year"."""
    return f"{plain(number)} {unit.removesuffix('s') if number == 1 else unit}".strip()


class Number(Field):
    """A quantity with a unit and inclusive limits."""

    kind = "number"
    _numeral: ClassVar[re.Pattern[str]] = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)

    @property
    def allowed(self) -> str:  # noqa: D102
        noun = "whole number" if self.kind == "integer" else "number"
        return f"a {noun} from {plain(self.minimum or 0)} to {plain(self.maximum or 0)} {self.unit}".rstrip()

    def accept(self, value: object) -> Value | None:  # noqa: D102
        # bool is a Real to Python; True years is a mistake to a clinician.
        if isinstance(value, bool) or not isinstance(value, Real):
            return None
        number = float(value)
        if not math.isfinite(number) or not (self.minimum or 0) <= number <= (self.maximum or 0):
            return None
        return number + 0.0  # -0.0 becomes 0.0

    def read(self, text: str) -> Value | None:  # noqa: D102
        return float(text) if self._numeral.fullmatch(text) else None


class Count(Number):
    """A whole number of things."""

    kind = "integer"

    def accept(self, value: object) -> Value | None:  # noqa: D102
        number = super().accept(value)
        if number is None or not (isinstance(value, Integral) or float(number).is_integer()):
            return None
        return int(number)


class Choice(Field):
    """One word out of a few, in a fixed order."""

    kind = "choice"

    @property
    def allowed(self) -> str:  # noqa: D102
        return "one of " + ", ".join(self.choices)

    def accept(self, value: object) -> Value | None:  # noqa: D102
        return str(value) if isinstance(value, str) and value in self.choices else None

    def read(self, text: str) -> Value | None:  # noqa: D102
        return text

    def show(self, value: Value | None) -> str:  # noqa: D102
        return self.words[self.choices.index(str(value))] if value is not None and self.words else super().show(value)


class YesNo(Field):
    """A statement that holds or does not."""

    kind = "bool"
    _words: ClassVar[Mapping[str, bool]] = {"true": True, "yes": True, "false": False, "no": False}

    @property
    def allowed(self) -> str:  # noqa: D102
        return "True (yes) or False (no)"

    def accept(self, value: object) -> Value | None:  # noqa: D102
        # numpy's bool is no Python bool, yet it is one to the user of a data frame.
        return bool(value) if type(value).__name__ in {"bool", "bool_"} else None

    def read(self, text: str) -> Value | None:  # noqa: D102
        return self._words.get(text.lower())

    def show(self, value: Value | None) -> str:  # noqa: D102
        return super().show(None) if value is None else (self.words or ("yes", "no"))[not value]

    def finding(self, value: Value | None) -> str:  # noqa: D102
        if value is None or self.words:
            return super().finding(value)
        # "Biliary anastomosis", not "biliary anastomosis yes": a caution names what is there.
        return (self.noun or self.topic) + ("" if value else ": no")


def _field(kind: type[Field], label: str, group: str, help: str, **more: Any) -> Any:  # noqa: A002
    return dataclasses.field(default=None, metadata={"field": kind(label=label, group=group, help=help, **more)})


def _number(label: str, group: str, help: str, unit: str, most: float, **more: Any) -> Any:  # noqa: A002
    more = {"step": 1, "change": "changeable", **more}
    return _field(Number, label, group, help, unit=unit, minimum=0, maximum=most, **more)


def _choice(label: str, group: str, help: str, *choices: str, **more: Any) -> Any:  # noqa: A002
    return _field(Choice, label, group, help, choices=choices, **more)


def _yes_no(label: str, group: str, help: str, **more: Any) -> Any:  # noqa: A002
    return _field(YesNo, label, group, help, **more)


@dataclass(frozen=True, kw_only=True, eq=False)
class Patient:
    """One patient with liver metastases of a neuroendocrine tumor.

    Every field is optional; ``None`` means unknown, never normal. :meth:`fields`
    lists label, unit, limits and help of each.

    Attributes
    ----------
    primary_portal_drained : bool or None
        As entered; when not entered, as the primary site settles it (pancreas, duodenum, small intestine, appendix,
        colon: True; lung: False; stomach, rectum and other stay unknown).

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
    """

    age_years: float | None = _number("Age", "Patient", "Age at assessment.", "years", 120, change="fixed")
    ki67_percent: float | None = _number("Ki-67", "Patient", "Ki-67 proliferation index.", "%", 100)
    liver_involvement_percent: float | None = _number(
        "Liver involvement", "Patient", "Share of the liver's volume taken up by metastases.", "%", 100
    )
    extrahepatic_disease: str | None = _choice(
        "Extrahepatic disease",
        "Patient",
        "Tumor outside the liver, the primary not counted: none, limited and stable, or extensive.",
        *("none", "limited_stable", "extensive"),
        words=("none", "limited, stable", "extensive"),
    )

    bilobar: bool | None = _yes_no("Bilobar metastases", "Liver", "Metastases in both halves of the liver.")
    lesion_count: int | None = _field(
        Count,
        "Number of liver metastases",
        "Liver",
        "Metastases counted.",
        minimum=1,
        maximum=999,
        step=1,
        change="changeable",
    )
    largest_lesion_cm: float | None = _number(
        "Largest liver metastasis", "Liver", "Largest diameter of the largest one.", "cm", 30, step=0.1
    )
    liver_unresectable: bool | None = _yes_no(
        "Resectability of liver metastases",
        "Liver",
        "Whether resection can remove the liver metastases: a judgement of the disease, not of the patient's fitness.",
        noun="liver metastases",
        words=("unresectable", "resectable"),
    )
    resectable_percent: float | None = _number(
        "Resectable share", "Liver", "Share of the liver tumor that can be resected.", "%", 100
    )
    resectable_or_ablatable_percent: float | None = _number(
        "Resectable or ablatable share", "Liver", "Share of the liver tumor that can be resected or ablated.", "%", 100
    )
    ablatable_percent: float | None = _number(
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
        "Severe liver dysfunction", "Liver", "As judged; the review gives no laboratory limit."
    )
    biliary_anastomosis: bool | None = _yes_no("Biliary anastomosis", "Liver", "A bile duct joined to the bowel.")

    primary_site: str | None = _choice(
        "Primary site",
        "Primary",
        "Organ of origin.",
        *("pancreas", "stomach", "duodenum", "small_intestine", "appendix", "colon", "rectum", "lung", "other"),
        change="fixed",
        noun="primary",
    )
    primary_portal_drained: bool | None = _yes_no(
        "Portal drainage of the primary",
        "Primary",
        "Whether the portal vein drains the primary. When not entered it follows from the site, except for stomach, "
        "rectum and other.",
        change="fixed",
    )
    primary_status: str | None = _choice(
        "Primary status",
        "Primary",
        "What has become, or can become, of the primary.",
        *("resected", "resectable", "unresectable"),
        change="changeable",
        noun="primary",
    )
    differentiation: str | None = _choice(
        "Differentiation", "Primary", "Of the tumor under the microscope.", "well", "poor", change="fixed"
    )

    stable_months: float | None = _number(
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
    uptake_vs_liver: str | None = _choice(
        "Receptor uptake",
        "Disease",
        "Of the tumor on octreotide scintigraphy or receptor PET, against that of normal liver.",
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
        "Recurrence after resection", "Disease", "Liver metastases came back after a resection."
    )
    operable: bool | None = _yes_no(
        "Fit for surgery",
        "Disease",
        "Whether the patient stands an operation: not whether the disease can be resected.",
        topic="fitness for surgery",
    )
    serious_comorbidity: bool | None = _yes_no(
        "Serious comorbidity", "Disease", "Another illness that speaks against a major operation."
    )
    serious_renal_impairment: bool | None = _yes_no(
        "Serious renal impairment", "Disease", "As judged; no limit was read in the product label."
    )
    pregnant: bool | None = _yes_no("Pregnancy", "Disease", "Pregnancy.")
    maa_scan_done: bool | None = _yes_no(
        "MAA scan before the procedure",
        "Disease",
        "Whether the scan with technetium-labeled macroaggregated albumin that precedes radioembolization was done.",
        change="changeable",
    )
    major_pulmonary_shunt: bool | None = _yes_no(
        "Major pulmonary shunt", "Disease", "Major shunt to the lung on the MAA scan; the review gives no limit."
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

    def __new__(cls, **values: object) -> Patient:
        """Refuse unknown field names before the generated ``__init__`` does so without a hint."""
        for name in values:
            if name not in FIELDS:
                raise TypeError(_unknown_name(name))
        return super().__new__(cls)

    def __post_init__(self) -> None:
        entered = {name: field.check(getattr(self, name)) for name, field in FIELDS.items()}
        # The entered values are kept apart: a derived drainage must not outlive a change of the site.
        object.__setattr__(self, "_entered", entered)
        for name, value in entered.items():
            object.__setattr__(self, name, value)
        if self.primary_portal_drained is None:
            object.__setattr__(self, "primary_portal_drained", PORTAL_DRAINED_BY_SITE.get(self.primary_site or ""))

    def __eq__(self, other: object) -> bool:
        # What was entered counts: a drainage that only follows from the site changes with it.
        return self._entered_values() == other._entered_values() if isinstance(other, Patient) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self._entered_values().values()))

    @property
    def grade(self) -> str | None:
        """WHO 2019 grade from Ki-67 and differentiation: G1, G2, G3, NEC, or None when either is missing."""
        if self.differentiation == "poor":
            return "NEC"
        if self.differentiation is None or self.ki67_percent is None:
            return None
        if self.ki67_percent < G2_FROM_KI67_PERCENT:
            return "G1"
        return "G2" if self.ki67_percent <= G2_TO_KI67_PERCENT else "G3"

    def replace(self, **changes: object) -> Patient:
        """Return the same patient with some fields changed; None makes a field unknown."""
        return Patient(**{**self._entered_values(), **changes})  # type: ignore[arg-type]

    __replace__ = replace

    def to_dict(self) -> dict[str, Value]:
        """Return the fields that were entered, in the order of declaration."""
        return {name: value for name, value in self._entered_values().items() if value is not None}

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> Patient:
        """Return the patient of a mapping from field names to values."""
        return cls(**values)  # type: ignore[arg-type]

    def to_query(self) -> str:
        """Return the fields that were entered as the query of an address: ``age_years=48&ki67_percent=4``."""
        return urlencode({name: _spell(value) for name, value in self.to_dict().items()})

    @classmethod
    def from_query(cls, query: str) -> Patient:
        """Return the patient of an address's query, with or without its question mark.

        Raises
        ------
        ValueError, TypeError
            As :class:`Patient`; a field given twice is refused.
        """
        values: dict[str, object] = {}
        for name, text in parse_qsl(query.removeprefix("?"), keep_blank_values=True, max_num_fields=2 * len(FIELDS)):
            if name not in FIELDS:
                raise TypeError(_unknown_name(name))
            if name in values:
                raise ValueError(f"{name} was given twice, expected once; keep one of them")
            values[name] = FIELDS[name].parse(text)
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

    def _entered_values(self) -> dict[str, Value | None]:
        return dict(self.__dict__["_entered"])

    def __repr__(self) -> str:
        """Show what was entered, as the call that makes the same patient."""
        return f"Patient({', '.join(f'{name}={value!r}' for name, value in self.to_dict().items())})"


FIELDS: Mapping[str, Field] = {
    f.name: dataclasses.replace(f.metadata["field"], name=f.name) for f in dataclasses.fields(Patient)
}
"""Every field of :class:`Patient` by name, in the order of declaration."""

# dataclasses.replace and asdict would read a drainage that follows from the site as entered, and keep it at another
# site. Without this they refuse a patient, who has replace() and to_dict().
del Patient.__dataclass_fields__

# Shift-Tab shows the fields, not the **values of __new__.
Patient.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
    list(inspect.signature(Patient.__init__).parameters.values())[1:], return_annotation=Patient
)


def _unknown_name(name: str) -> str:
    near = difflib.get_close_matches(name, FIELDS, n=1, cutoff=0.0)
    return f"{name[:60]!r} is no field of Patient; did you mean {near[0]!r}? Patient.fields() lists them all"


def _spell(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else plain(value)
