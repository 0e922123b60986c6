"""The rules: published criteria as objects that judge a patient and describe themselves.

    RuleSet                     the criteria of one source for one therapy; its clauses are joined by AND
    └── Clause                  one criterion, or alternatives joined by OR
        └── Criterion           one requirement on one quantity of a patient
            ├── Bound           a number on one side of a bound
            │   ├── Below       under the bound
            │   ├── AtMost      the bound or less
            │   ├── AtLeast     the bound or more
            │   └── Above       over the bound
            └── OneOf           one of several words, or yes, or no
                └── GradeOneOf  one of several WHO grades

Of a value that is known in part, a criterion is met when every possible value meets it, missed when none does, else
unknown. Verdicts are combined by Kleene's logic: unknown stays unknown until a known answer decides. The bounds are in
``data/criteria.csv``; this module has none.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from netdash import derived
from netdash.derived import G2_FROM_KI67_PERCENT, G2_TO_KI67_PERCENT, GRADES
from netdash.fields import Choice, Field, Known, Value, in_part
from netdash.intervals import Interval
from netdash.patient import FIELDS, Patient
from netdash.wording import BASIS_TAGS, either


class Verdict(StrEnum):
    """The result of a criterion, a clause or a rule set."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return Kleene's AND: not met if any is not met, else unknown if any is unknown, else met."""
    found = tuple(verdicts)  # not a set: the hash of a member of an enumeration is slow
    return next((v for v in (Verdict.NOT_MET, Verdict.UNKNOWN) if v in found), Verdict.MET)


def any_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return Kleene's OR: met if any is met, else unknown if any is unknown, else not met."""
    found = tuple(verdicts)
    return next((v for v in (Verdict.MET, Verdict.UNKNOWN) if v in found), Verdict.NOT_MET)


GRADE = Choice(
    name="grade",
    label="WHO grade",
    group="Primary",
    help="WHO 2019 grade, from Ki-67, differentiation and the reported grade.",
    change="fixed",
    noun="grade",
    choices=GRADES,
)
QUANTITIES: Mapping[str, Field] = {**FIELDS, GRADE.name: GRADE}
"""The quantities that a criterion can ask: every field of a patient, and the derived grade."""

DERIVED_FROM: Mapping[str, tuple[str, ...]] = {
    "grade": ("differentiation", "ki67_percent", "grade_reported"),
    "primary_portal_drained": ("primary_site",),
}
"""The fields from which each derived quantity is computed."""

CRITERION_ROLES = ("required", "caution", "favors", "prognostic", "scope")


@dataclass(frozen=True, kw_only=True)
class Criterion(ABC):
    """One published criterion.

    Attributes
    ----------
    criterion_id, rule_set, label : str
        Identifier, name of the rule set it belongs to, label of its quantity (never the requirement).
    role : str
        "required" decides; "caution", "favors", "prognostic" and "scope" are shown and never decide.
    group, alternative : str
        Required criteria of one group are alternatives: the group is met when every criterion of any one
        alternative is met. Empty for a criterion outside a group.
    quantity : Field
        The quantity that is compared with the requirement.
    source, locator, note : str
        Id of the source it was read in, place in the source, how the source's words were read.
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
        """The requirement in words, with the unit."""
        return self.requirement_text(" or ")

    @abstractmethod
    def requirement_text(self, joiner: str) -> str:
        """Return the requirement in words, with the unit; `joiner` joins the last two of several words."""

    @abstractmethod
    def holds(self, value: Any) -> bool:
        """Return whether a value that is known exactly meets the requirement."""

    @abstractmethod
    def answers(self, part: Any) -> Collection[bool]:
        """Return the answers that the possible values of a part give: True, False or both."""

    @abstractmethod
    def nearest(self, value: Any) -> Value:
        """Return the value closest to `value` that meets the requirement; `value` may be None or a part."""

    def margin(self, value: Any) -> float | Interval | None:
        """Return the signed distance of `value` to the bound, positive inside; an interval for a part of a number."""
        return None

    def observed(self, patient: Patient) -> Known | None:
        """Return what is known of the patient's value, None when it is unknown."""
        found: Known | None = getattr(patient, self.quantity.name)
        return found

    def judge(self, patient: Patient) -> Verdict:
        """Return the verdict on one patient."""
        value = self.observed(patient)
        if value is None:
            return Verdict.UNKNOWN
        if in_part(value) or value == self.quantity.open_word:
            return _agreed(self.answers(value))
        return Verdict.MET if self.holds(value) else Verdict.NOT_MET

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the patient's fields on which the result depends."""
        own = (self.quantity.name,) if self.quantity.name in FIELDS else ()
        return DERIVED_FROM.get(self.quantity.name, ()) + own

    def breaks(self, field: str) -> tuple[float, ...]:
        """Return the values of a number field at which the result can change."""
        return ()

    def needs(self, patient: Patient) -> tuple[Field, ...]:
        """Return the fields that must be entered, or narrowed, to judge the criterion when it is unknown."""
        if self.quantity.name == "primary_portal_drained":
            sites = derived.possible(patient.primary_site, FIELDS["primary_site"].choices)
            if len(sites) > 1 and any(derived.drained_by(site) is not None for site in sites):
                return (FIELDS["primary_site"],)
        return (FIELDS[self.quantity.name],)

    def change_to_meet(self, patient: Patient) -> dict[str, Value]:
        """Return the smallest change of the patient's fields that makes the criterion met; empty when it is met."""
        if self.judge(patient) is Verdict.MET:
            return {}
        return {self.quantity.name: self.nearest(self.observed(patient))}


def _agreed(answers: Iterable[bool]) -> Verdict:
    """Return the verdict that several possible answers share; unknown when they differ."""
    found = set(answers)
    if len(found) > 1:
        return Verdict.UNKNOWN
    return Verdict.MET if True in found else Verdict.NOT_MET


@dataclass(frozen=True, kw_only=True)
class Bound(Criterion):
    """A number on one side of a bound."""

    bound: float
    word: ClassVar[str]
    below: ClassVar[bool]
    strict: ClassVar[bool]

    def requirement_text(self, joiner: str) -> str:
        return f"{self.word} {self.quantity.show(self.bound)}"

    def breaks(self, field: str) -> tuple[float, ...]:
        return (self.bound,) if field == self.quantity.name else ()

    @property
    def inside(self) -> Interval:
        """The values that meet the requirement."""
        if self.below:
            return Interval(None, self.bound, high_open=self.strict)
        return Interval(self.bound, None, low_open=self.strict)

    def margin(self, value: Any) -> float | Interval:
        factor, shift = (-1, self.bound) if self.below else (1, -self.bound)
        if isinstance(value, Interval):
            return (value.completed() if self.quantity.completed else value).map(factor, shift)
        known = math.floor(value) if self.quantity.completed else value
        return float(round(factor * known + shift, 10))

    def holds(self, value: Any) -> bool:
        known = math.floor(value) if self.quantity.completed else value
        inside = known < self.bound if self.below else known > self.bound
        return inside or (known == self.bound and not self.strict)

    def answers(self, part: Interval) -> Collection[bool]:
        known = part.completed() if self.quantity.completed else part
        met = known.meet(self.inside)
        return {met is not None, met == known}

    def nearest(self, value: Any) -> Value:
        if isinstance(value, Interval):
            left, at_bound = value.meet(self.inside), self.nearest(None)
            places = (at_bound, left.least, left.most, (left.least + left.most) / 2) if left else ()
            return next((place for place in places if left and place in left), at_bound)
        if value is not None and self.holds(value):
            return float(value)
        if not self.strict:
            return self.bound
        # No number is nearest to a strict bound: return the value one slider step inside it.
        step = self.quantity.step or 1
        return round(self.bound - step if self.below else self.bound + step, 10)


class Below(Bound):
    """A number under the bound."""

    operator, word, below, strict = "<", "under", True, True


class AtMost(Bound):
    """A number at the bound or under it."""

    operator, word, below, strict = "<=", "at most", True, False


class AtLeast(Bound):
    """A number at the bound or over it."""

    operator, word, below, strict = ">=", "at least", False, False


class Above(Bound):
    """A number over the bound."""

    operator, word, below, strict = ">", "over", False, True


@dataclass(frozen=True, kw_only=True)
class OneOf(Criterion):
    """One of several allowed words, or yes, or no."""

    operator = "one of"
    allowed: tuple[Value, ...]

    def requirement_text(self, joiner: str) -> str:
        return either([self.quantity.show(value) for value in self.allowed], joiner)

    def holds(self, value: Any) -> bool:
        return value in self.allowed or self.quantity.narrower.get(value) in self.allowed

    def answers(self, part: str | frozenset[str]) -> Collection[bool]:
        words = derived.possible(part, ())
        if self.quantity.open_word in words and self.quantity.open_word not in self.allowed:
            return {True, False}
        return {self.holds(word) for word in words}

    def nearest(self, value: Any) -> Value:
        if isinstance(value, frozenset):
            left = (word for word in self.quantity.choices if word in value and self.holds(word))
            return next(left, self.allowed[0])
        return value if value is not None and self.holds(value) else self.allowed[0]


class GradeOneOf(OneOf):
    """One of several allowed WHO grades; Ki-67, differentiation and the reported grade determine and change it."""

    def judge(self, patient: Patient) -> Verdict:
        return _agreed(grade in self.allowed for grade in patient.grades)

    def observed(self, patient: Patient) -> Known | None:
        """Return the possible grades: one word, or a set; None while an input that decides is not entered."""
        if len(patient.grades) == 1:
            return patient.grade
        if self.judge(patient) is Verdict.UNKNOWN and not in_part(patient.grade_reported):
            missing = (field for field in self.needs(patient) if getattr(patient, field.name) is None)
            return None if next(missing, None) else patient.grades
        return patient.grades

    def needs(self, patient: Patient) -> tuple[Field, ...]:
        """Return the fields whose value decides; the reported grade when it is at odds with the others."""
        known = (patient.differentiation, patient.ki67_percent, patient.grade_reported)
        return tuple(FIELDS[name] for name in derived.inputs_that_decide(*known, self.allowed) or ("grade_reported",))

    def breaks(self, field: str) -> tuple[float, ...]:
        return (G2_FROM_KI67_PERCENT, G2_TO_KI67_PERCENT) if field == "ki67_percent" else ()

    def change_to_meet(self, patient: Patient) -> dict[str, Value]:
        keep: list[dict[str, Value]] = [{}]
        words: list[dict[str, Value]] = [{"differentiation": word} for word in FIELDS["differentiation"].choices]
        # Try no change, then differentiation, then Ki-67, then both. The first that works has the fewest changes.
        # Each grade is tried at its highest Ki-67. A reported grade is changed only when nothing else works.
        highest = (float(FIELDS["ki67_percent"].maximum or 0), G2_TO_KI67_PERCENT, G2_FROM_KI67_PERCENT - 1)
        indices: list[dict[str, Value]] = [{"ki67_percent": index} for index in highest]
        tried = [*keep, *words, *indices, *({**w, **i} for w in words for i in indices)]
        if patient.grade_reported is not None:
            tried += [{"grade_reported": grade, **changes} for changes in tried for grade in self.allowed]
        for changes in tried:
            if self.judge(patient.replace(**changes)) is Verdict.MET:
                return changes
        raise AssertionError(self.criterion_id)  # pragma: no cover - rule_tables refuses an empty list of grades


@dataclass(frozen=True)
class Clause:
    """Alternatives joined by OR, each of criteria joined by AND; one criterion alone is a clause too."""

    alternatives: tuple[tuple[Criterion, ...], ...]

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """The criteria of all alternatives, in the order of the data."""
        return tuple(criterion for alternative in self.alternatives for criterion in alternative)

    @property
    def label(self) -> str:
        """The labels of the criteria, joined by "and" and "or"."""
        return " or ".join(" and ".join(criterion.label for criterion in a) for a in self.alternatives)

    def judge(self, results: Mapping[str, Verdict]) -> Verdict:
        """Return the verdict of the clause from the results of its criteria by id."""
        return any_of(all_of(results[c.criterion_id] for c in a) for a in self.alternatives)


@dataclass(frozen=True)
class RuleSet:
    """The criteria of one source for one therapy.

    Attributes
    ----------
    name, therapy, title : str
        Identifier, the therapy's identifier, name on screen.
    basis : str
        "review" (2014), "later", "population" (the patients of a trial, not an indication) or "label".
    criteria : tuple of Criterion
        All criteria, in the order of the data.
    clauses : tuple of Clause
        The required criteria, joined by AND.
    source, locator, note : str
        Id of the source it was read in, place in the source, remarks on it.
    kind : str
        "list", "statement", "label" or "population": a key of ``netdash.wording.RULE_SET_KINDS``.
    not_asked, how_read : str
        Conditions that the source states and netdash has no input for, joined by "; "; how far the source was read.
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
    how_read: str = ""
    discrepancies: str = ""

    def __hash__(self) -> int:  # that of all criteria would take as long as judging a patient
        return hash(self.name)

    @property
    def tagged_title(self) -> str:
        """The title with the tag of its basis: "Milan 2007 (later)"."""
        return f"{self.title} ({tag})" if (tag := BASIS_TAGS[self.basis]) else self.title

    def breaks(self, field: str) -> tuple[float, ...]:
        """Return, sorted, the values of a number field at which a required criterion can change its result."""
        found = {value for clause in self.clauses for criterion in clause.criteria for value in criterion.breaks(field)}
        return tuple(sorted(found))

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the patient's fields on which its criteria depend, without repetition."""
        return tuple(dict.fromkeys(name for criterion in self.criteria for name in criterion.inputs))
