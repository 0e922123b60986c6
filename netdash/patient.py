"""The patient: what was entered, what is derived from it, and its forms as dictionary, link and table."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from netdash.declarations import Declared
from netdash.derived import GRADES, drained_by, grades_of, possible
from netdash.fields import Field, Known, Value, exact_or_text
from netdash.links import pairs
from netdash.refusals import hint, reloaded

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class Patient(Declared):
    """One patient with liver metastases of a neuroendocrine tumor.

    Every field is optional; ``None`` means unknown, never normal. A field can be known in part: a number as an
    :class:`netdash.Interval`, a ``pandas.Interval`` or text (``"3-20"``, ``"<3"``, ``">=10"``, ``"90+"``), a choice
    as a set of its words or text (``"pancreas|duodenum"``). :meth:`fields` lists label, unit, limits and help of each
    field.

    Three mechanisms make the frozen dataclass behave as a patient. First, `_entered` holds the values as they were
    given, and the attributes hold them with what is derived: `primary_portal_drained` follows from the site when it is
    not entered. Equality, hash, `replace` and `to_dict` use `_entered`, so that a derived drainage is lost when the
    site changes. Second, ``__dataclass_fields__`` of a patient has only the fields that were entered, because
    ``dataclasses.replace`` and ``asdict`` would read the derived drainage as an entered one. Third, ``__new__`` refuses
    an unknown field name with a hint, and ``__signature__`` shows the fields in place of its ``**values`` (Shift-Tab
    in Jupyter).

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
        """The WHO 2019 grade (G1, G2, G3, NEC), or None when more than one is possible.

        Examples
        --------
        >>> import netdash as nd
        >>> nd.Patient(ki67_percent=4, differentiation="well").grade
        'G2'
        >>> nd.Patient(ki67_percent=70).grade is None
        True
        """
        left = self.grades
        return next(iter(left)) if len(left) == 1 else None

    @functools.cached_property
    def grades(self) -> frozenset[str]:
        """The possible WHO 2019 grades, by Ki-67, differentiation and reported grade together.

        A Ki-67 of 70 % without differentiation leaves G3 and NEC. A reported grade that Ki-67 and differentiation rule
        out is a conflict; then the grades of both are possible.

        Examples
        --------
        >>> import netdash as nd
        >>> sorted(nd.Patient(ki67_percent=70).grades)
        ['G3', 'NEC']
        """
        by_index = grades_of(self.ki67_percent, self.differentiation)
        reported = frozenset(possible(self.grade_reported, GRADES))
        return (by_index & reported) or (by_index | reported)

    def replace(self, **changes: object) -> Patient:
        """Return a copy of this patient with some fields changed; None makes a field unknown.

        Examples
        --------
        >>> import netdash as nd
        >>> patient = nd.Patient(age_years=57, ki67_percent=4)
        >>> patient.replace(age_years=54, ki67_percent=None)
        Patient(age_years=54.0)
        """
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
        """Return the fields that were entered, in the order of declaration; a value known in part as text.

        Examples
        --------
        >>> import netdash as nd
        >>> nd.Patient(age_years=57, ki67_percent="3-20").to_dict()
        {'age_years': 57.0, 'ki67_percent': '3-20'}
        """
        return {name: exact_or_text(FIELDS[name], value) for name, value in self.entered.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> Patient:
        """Return a patient made from a mapping of field names to values.

        Examples
        --------
        >>> import netdash as nd
        >>> nd.Patient.from_dict({"age_years": 57, "primary_site": "pancreas|duodenum"})
        Patient(age_years=57.0, primary_site='pancreas|duodenum')
        """
        return cls(**values)  # type: ignore[arg-type]

    def to_query(self) -> str:
        """Return the fields that were entered as a URL query: ``age_years=48&ki67_percent=4``.

        Examples
        --------
        >>> import netdash as nd
        >>> nd.Patient(age_years=57, ki67_percent="<3").to_query()
        'age_years=57&ki67_percent=%3C3'
        """
        return urlencode({name: FIELDS[name].text(value) for name, value in self.entered.items()})

    @classmethod
    def from_query(cls, query: str) -> Patient:
        """Return a patient made from a URL query or fragment, with or without its first character (``?`` or ``#``).

        Raises
        ------
        ValueError, TypeError
            As :class:`Patient`; a field given twice is refused, and so is a range of which one end is not allowed.

        Notes
        -----
        Parameters that mail and chat programs add to follow a link, such as ``utm_source``, are ignored.

        Examples
        --------
        >>> import netdash as nd
        >>> nd.Patient.from_query("#age_years=57&ki67_percent=%3C3")
        Patient(age_years=57.0, ki67_percent='<3')
        """
        values: dict[str, object] = {}
        for name, value in pairs(query, 2 * len(FIELDS)):
            _check_names([name])
            if name in values:
                raise ValueError(f"{name} was given twice, expected once; keep one of them")
            values[name] = FIELDS[name].parse_entry(value)
        return cls.from_dict(values)

    @staticmethod
    def fields() -> pd.DataFrame:
        """Return the dictionary of fields.

        Returns
        -------
        DataFrame
            One row per field: name, label, unit, kind (number, integer, choice, bool), minimum, maximum,
            choices (tuple of str), group, help, change ("fixed", "changeable", "state").

        Examples
        --------
        >>> import netdash as nd
        >>> nd.Patient.fields().set_index("name").loc["age_years", ["label", "unit", "change"]].tolist()
        ['Age', 'years', 'fixed']
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


class _EnteredFields:
    """The second mechanism: the entered fields of a patient; all fields of the class."""

    def __init__(self, fields: Mapping[str, dataclasses.Field[Any]]) -> None:
        self.fields = fields

    def __get__(self, patient: Patient | None, _: type[Patient]) -> Mapping[str, dataclasses.Field[Any]]:
        return self.fields if patient is None else {name: self.fields[name] for name in patient.entered}


Patient.__dataclass_fields__ = _EnteredFields(Patient.__dataclass_fields__)  # type: ignore[assignment]

# Third mechanism: Shift-Tab in Jupyter reads the signature.
Patient.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
    list(inspect.signature(Patient.__init__).parameters.values())[1:], return_annotation=Patient
)


def check_patient(patient: object, given: str = "patient: given") -> None:
    """Raise TypeError when an object is no Patient; the message says how to make one of it."""
    if isinstance(patient, Patient):
        return
    ways = {"Assessment": "use assessment.patient", "DataFrame": "a frame of many is for nd.assess_cohort"}
    way = reloaded(patient, Patient) or ways.get(type(patient).__name__, "use nd.Patient.from_dict(...)")
    raise TypeError(f"{given} {type(patient).__name__}, expected a Patient; {way}")


def _check_names(names: Iterable[str]) -> None:
    labels = {name: field.label for name, field in FIELDS.items()}
    for name in (name for name in names if name not in labels):
        near = hint(name, labels)
        raise TypeError(f"{name[:60]!r} is no field of Patient{near or ';'} Patient.fields() lists them all")


def _unchanging(patient: Patient, name: str, value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"a Patient does not change; use patient.replace({name}={value!r})")


Patient.__setattr__ = _unchanging  # type: ignore[assignment]
