"""The rules: published criteria as objects that judge, describe and express themselves.

A criterion compares one quantity of a patient with what a source asks for. A
rule set is the criteria of one source for one therapy: its clauses are joined
by AND; alternatives inside a clause by OR. Logic is Kleene's: unknown stays
unknown until a known answer decides. Thresholds are read from
``data/criteria.csv``; there is none in this module.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from netdash.fields import Choice, Field, Value
from netdash.patient import FIELDS, G2_FROM_KI67_PERCENT, G2_TO_KI67_PERCENT, Patient
from netdash.wording import TAGS, listed


class Verdict(StrEnum):
    """The three answers."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return Kleene's AND: one not met decides, otherwise one unknown leaves it unknown."""
    found = set(verdicts)
    return next((v for v in (Verdict.NOT_MET, Verdict.UNKNOWN) if v in found), Verdict.MET)


def any_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return Kleene's OR: one met decides, otherwise one unknown leaves it unknown."""
    found = set(verdicts)
    return next((v for v in (Verdict.MET, Verdict.UNKNOWN) if v in found), Verdict.NOT_MET)


GRADE = Choice(
    name="grade",
    label="WHO grade",
    group="Primary",
    help="WHO 2019 grade, from Ki-67 and differentiation.",
    change="fixed",
    noun="grade",
    choices=("G1", "G2", "G3", "NEC"),
)
QUANTITIES: Mapping[str, Field] = {**FIELDS, GRADE.name: GRADE}
"""What a criterion can ask about: every field of a patient, and the derived grade."""

DERIVED_FROM: Mapping[str, tuple[str, ...]] = {
    "grade": ("differentiation", "ki67_percent"),
    "primary_portal_drained": ("primary_site",),
}
"""Fields that settle a derived quantity."""

ROLES = ("required", "caution", "favors", "prognostic", "scope")


@dataclass(frozen=True, kw_only=True)
class Criterion(ABC):
    """One published criterion.

    Attributes
    ----------
    criterion_id, rule_set, label : str
        Identifier, the rule set it belongs to, the label of its quantity: never what is asked of it.
    role : str
        "required" decides; "caution", "favors", "prognostic" and "scope" are shown and never decide.
    group, alternative : str
        Required criteria of one group are alternatives: the group is met when every criterion of any one
        alternative is met. Empty for a criterion that stands alone.
    quantity : Field
        What is compared.
    source, locator, note : str
        Where it was read (an id of the sources), the place there, and the reading taken.
    discrepancies : str
        Ids of the discrepancies that touch it, joined by "; ".
    """

    operator: ClassVar[str]
    criterion_id: str
    rule_set: str
    label: str
    role: str
    group: str
    alternative: str
    quantity: Field
    source: str
    locator: str
    note: str
    discrepancies: str = ""

    @property
    def requirement(self) -> str:
        """What is asked for, in words with the unit."""
        return self.require(" or ")

    @abstractmethod
    def require(self, last: str) -> str:
        """Return what is asked for in words with the unit; `last` joins the last of several words."""

    @abstractmethod
    def holds(self, value: Any) -> bool:
        """Whether a known value is what is asked for."""

    @abstractmethod
    def nearest(self, value: Any) -> Value:
        """Return the value closest to `value` that holds; `value` may be None."""

    def margin(self, value: Any) -> float | None:
        """Return the signed distance of `value` to the threshold, positive inside; None where there is none."""
        return None

    def observed(self, patient: Patient) -> Value | None:
        """Return the patient's value, None when unknown."""
        found: Value | None = getattr(patient, self.quantity.name)
        return found

    def judge(self, patient: Patient) -> Verdict:
        """Return the verdict on one patient."""
        value = self.observed(patient)
        if value is None:
            return Verdict.UNKNOWN
        return Verdict.MET if self.holds(value) else Verdict.NOT_MET

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the patient's fields that this criterion looks at."""
        own = (self.quantity.name,) if self.quantity.name in FIELDS else ()
        return DERIVED_FROM.get(self.quantity.name, ()) + own

    def breaks(self, field: str) -> tuple[float, ...]:
        """Return the values of one of the patient's number fields at which the result can change."""
        return ()

    def needs(self, patient: Patient) -> tuple[Field, ...]:
        """Return the fields to ask for when the criterion is unknown."""
        sources = DERIVED_FROM.get(self.quantity.name, ())
        missing = [name for name in sources if getattr(patient, name) is None]
        return tuple(FIELDS[name] for name in missing or [self.quantity.name])

    def cure(self, patient: Patient) -> dict[str, Value]:
        """Return the smallest change of the patient's fields that makes the criterion met; none when it is."""
        if self.judge(patient) is Verdict.MET:
            return {}
        return {self.quantity.name: self.nearest(self.observed(patient))}


@dataclass(frozen=True, kw_only=True)
class Bound(Criterion):
    """A number on one side of a bound."""

    bound: float
    word: ClassVar[str]
    below: ClassVar[bool]
    strict: ClassVar[bool]

    def require(self, last: str) -> str:  # noqa: D102
        return f"{self.word} {self.quantity.show(self.bound)}"

    def breaks(self, field: str) -> tuple[float, ...]:  # noqa: D102
        return (self.bound,) if field == self.quantity.name else ()

    def margin(self, value: Any) -> float:  # noqa: D102
        return float(round(self.bound - value if self.below else value - self.bound, 10))

    def holds(self, value: Any) -> bool:  # noqa: D102
        inside = value < self.bound if self.below else value > self.bound
        return inside or (value == self.bound and not self.strict)

    def nearest(self, value: Any) -> Value:  # noqa: D102
        if value is not None and self.holds(value):
            return float(value)
        if not self.strict:
            return self.bound
        # A strict bound has no nearest number: one step of the input's own control.
        step = self.quantity.step or 1
        return round(self.bound - step if self.below else self.bound + step, 10)


class Below(Bound):
    """Strictly under the bound."""

    operator, word, below, strict = "<", "under", True, True


class AtMost(Bound):
    """The bound or less."""

    operator, word, below, strict = "<=", "at most", True, False


class AtLeast(Bound):
    """The bound or more."""

    operator, word, below, strict = ">=", "at least", False, False


class Above(Bound):
    """Strictly over the bound."""

    operator, word, below, strict = ">", "over", False, True


@dataclass(frozen=True, kw_only=True)
class OneOf(Criterion):
    """A word out of those allowed, or yes, or no."""

    operator = "one of"
    allowed: tuple[Value, ...]

    def require(self, last: str) -> str:  # noqa: D102
        return listed([self.quantity.show(value) for value in self.allowed], last)

    def holds(self, value: Any) -> bool:  # noqa: D102
        return value in self.allowed

    def nearest(self, value: Any) -> Value:  # noqa: D102
        return value if value is not None and self.holds(value) else self.allowed[0]


class GradeOneOf(OneOf):
    """A WHO grade out of those allowed: it is told, and changed, through Ki-67 and differentiation."""

    def judge(self, patient: Patient) -> Verdict:  # noqa: D102
        inside = {grade in self.allowed for grade in patient.grades}
        if len(inside) > 1:
            return Verdict.UNKNOWN
        return Verdict.MET if True in inside else Verdict.NOT_MET

    def observed(self, patient: Patient) -> Value | None:
        """Return the grade, or those left when each of them gives one verdict: "G3 or NEC"; else None."""
        if self.judge(patient) is Verdict.UNKNOWN:
            return None
        return listed(sorted(patient.grades, key=GRADE.choices.index), " or ")

    def breaks(self, field: str) -> tuple[float, ...]:  # noqa: D102
        return (G2_FROM_KI67_PERCENT, G2_TO_KI67_PERCENT) if field == "ki67_percent" else ()

    def cure(self, patient: Patient) -> dict[str, Value]:  # noqa: D102
        keep: list[dict[str, Value]] = [{}]
        words: list[dict[str, Value]] = [{"differentiation": word} for word in FIELDS["differentiation"].choices]
        # The highest index of each grade first: one of the steps serves, and the fewest changes win.
        highest = (float(FIELDS["ki67_percent"].maximum or 0), G2_TO_KI67_PERCENT, G2_FROM_KI67_PERCENT - 1)
        indices: list[dict[str, Value]] = [{"ki67_percent": index} for index in highest]
        for changes in (*keep, *words, *indices, *({**w, **i} for w in words for i in indices)):
            if self.judge(patient.replace(**changes)) is Verdict.MET:
                return changes
        raise AssertionError(f"no patient meets {self.criterion_id}")  # the rules' lint refuses an empty list


@dataclass(frozen=True)
class Clause:
    """Criteria of which the alternatives are joined by OR; one criterion alone is a clause too."""

    alternatives: tuple[tuple[Criterion, ...], ...]

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """All its criteria, in the order of the data."""
        return tuple(criterion for alternative in self.alternatives for criterion in alternative)

    @property
    def label(self) -> str:
        """Its short name."""
        return " or ".join(" and ".join(criterion.label for criterion in a) for a in self.alternatives)

    def judge(self, results: Mapping[str, Verdict]) -> Verdict:
        """Return the verdict, given that of each criterion by id."""
        return any_of(all_of(results[c.criterion_id] for c in a) for a in self.alternatives)


@dataclass(frozen=True)
class RuleSet:
    """The criteria of one source for one therapy.

    Attributes
    ----------
    name, therapy, title : str
        Identifier, the therapy's identifier, a name for people.
    basis : str
        "review" (2014), "later", "population" (who a trial studied, no indication) or "label".
    criteria : tuple of Criterion
        In the order of the data.
    clauses : tuple of Clause
        The required criteria, joined by AND.
    source, locator, note : str
        Where it was read, and what to know about it.
    kind : str
        "list", "statement", "label" or "population": a key of ``netdash.wording.KINDS``.
    not_asked : str
        Conditions that the source states and no field of a patient holds, joined by "; ".
    discrepancies : str
        Ids of the discrepancies that touch it, joined by "; ".
    """

    name: str
    therapy: str
    title: str
    basis: str
    source: str
    locator: str
    note: str
    criteria: tuple[Criterion, ...]
    clauses: tuple[Clause, ...]
    kind: str
    not_asked: str = ""
    discrepancies: str = ""

    @property
    def tagged_title(self) -> str:
        """Its title with its tag: "Milan 2007 (later)"."""
        tag = TAGS[self.basis]
        return f"{self.title} ({tag})" if tag else self.title

    def breaks(self, field: str) -> tuple[float, ...]:
        """Return, in order, the values of a number field at which a required criterion can change its result."""
        found = {value for clause in self.clauses for criterion in clause.criteria for value in criterion.breaks(field)}
        return tuple(sorted(found))

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the patient's fields it looks at, without repetition."""
        return tuple(dict.fromkeys(name for criterion in self.criteria for name in criterion.inputs))
