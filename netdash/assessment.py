"""One patient judged by every rule set: met, not met or unknown, with the reasons."""

from __future__ import annotations

import functools
import html
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import netdash
from netdash import conflicts, data_tables, evidence, flips, judgement_rows, own_criteria, remarks, rule_tables
from netdash.findings import Finding
from netdash.judgement import Judgement, judge, judge_again
from netdash.own_criteria import OwnCriteria
from netdash.patient import FIELDS, Patient, check_patient
from netdash.refusals import UnknownName, expected, hint
from netdash.rules import Criterion, Verdict
from netdash.wording import HEADLINE_LEGEND, POPULATIONS_HEADING, look_up

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


@dataclass(frozen=True, repr=False)
class Assessment(Mapping[str, Judgement]):
    """One patient judged by every rule set: a mapping of rule sets to judgements.

    Attributes
    ----------
    patient : Patient
        The patient.
    judgements : tuple of Judgement
        One judgement per rule set, in the order of the data; own rule sets after the published ones of their therapy.
    own : OwnCriteria or None
        The own criteria that it was judged by, too.

    Examples
    --------
    >>> import netdash as nd
    >>> assessment = nd.assess(nd.Patient(age_years=57, ki67_percent=4))
    >>> assessment["milan_review"].headline
    'Misses 1 of 5: age 57 years (asked: under 55 years)'
    >>> "milan_review" in assessment, "milan" in assessment
    (True, False)
    >>> [name for name, judgement in assessment.items() if judgement.verdict == "not_met"][:2]
    ['milan_review', 'milan_2007']
    """

    patient: Patient
    judgements: tuple[Judgement, ...]
    own: OwnCriteria | None = None

    def __getitem__(self, rule_set: str) -> Judgement:
        """Return the judgement of one rule set.

        Raises
        ------
        UnknownName
            A ValueError and a KeyError, when the rule set was not assessed; the message names the nearest ones.
        """
        if rule_set in self._by_name:
            return self._by_name[rule_set]
        titles = {name: judgement.rule_set.title for name, judgement in self._by_name.items()}
        raise UnknownName(f"{rule_set!r} was not assessed{expected(rule_set, titles)}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    @functools.cached_property
    def _by_name(self) -> dict[str, Judgement]:
        return {judgement.rule_set.name: judgement for judgement in self.judgements}

    def _ipython_key_completions_(self) -> list[str]:
        """Return the rule sets, which the Tab key offers after ``assessment["``."""
        return list(self)

    def __getattr__(self, name: str) -> Any:
        """Refuse an unknown attribute with the nearest ones."""
        near = "" if name.startswith("_") else hint(name, [known for known in dir(self) if not known.startswith("_")])
        verdict = "; one verdict is assessment['milan_review'].verdict" if name == "verdict" else ""
        raise AttributeError(f"Assessment has no {name!r}{near}{verdict}")

    def by_therapy(self) -> pd.DataFrame:
        """Return the verdicts of lists, statements and labels, counted by therapy.

        Returns
        -------
        DataFrame
            Indexed by therapy: label, n_met, n_not_met, n_unknown, verdict ("met", "not_met" or "unknown" where all
            rule sets agree, else ""), says ("3 of 7 met, 2 missed, 2 open"). A therapy that has only populations has
            no row.

        Examples
        --------
        >>> import netdash as nd
        >>> nd.assess(nd.Patient(age_years=57)).by_therapy().loc["transplantation", "says"]
        '0 of 7 met, 2 missed, 5 open'
        """
        import pandas as pd

        rows = {
            therapy: {
                "label": evidence.therapy_name(therapy),
                "n_met": len(tally.met),
                "n_not_met": len(tally.missed),
                "n_unknown": len(tally.open),
                "verdict": tally.verdict,
                "says": str(tally),
            }
            for therapy, tally in netdash.tallies(self).items()
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("therapy")

    def to_dict(self) -> dict[str, Any]:
        """Return patient, verdicts with their reasons and versions as plain values, for JSON.

        Examples
        --------
        >>> import netdash as nd
        >>> found = nd.assess(nd.Patient(age_years=57), "milan_review").to_dict()
        >>> found["patient"], found["verdicts"]["milan_review"]["verdict"]
        ({'age_years': 57.0}, 'not_met')
        """
        verdicts = self.verdicts.set_index("rule_set").to_dict("index")
        versions = {"netdash": netdash.__version__, "data": data_tables.data_version()}
        return {"patient": self.patient.to_dict(), "verdicts": verdicts, "versions": versions}

    def plot(self, outcomes: pd.DataFrame | None = None, **options: Any) -> go.Figure:
        """Draw the published outcomes with the verdicts of this case counted by therapy.

        Parameters
        ----------
        outcomes : DataFrame, optional
            As for :func:`netdash.forest`; ``nd.outcomes()`` when not given.
        **options
            As for :func:`netdash.forest`.

        Returns
        -------
        plotly.graph_objects.Figure

        Examples
        --------
        >>> import netdash as nd
        >>> nd.assess(nd.Patient(age_years=57)).plot().layout.title.text
        '5-year overall survival'
        """
        table = evidence.outcomes() if outcomes is None else outcomes
        return netdash.forest(table, options.pop("pooled", None), verdicts=netdash.tallies(self), **options)

    @property
    def scope(self) -> tuple[Criterion, ...]:
        """The statements that put the case outside the scope of netdash; they change no verdict."""
        applying = (found for found in rule_tables.scope() if found.judge(self.patient) is Verdict.MET)
        return tuple({found.label: found for found in applying}.values())

    @property
    def conflicts(self) -> tuple[str, ...]:
        """One sentence for each pair of inputs that cannot be true together; they change no verdict."""
        return conflicts.at_odds(self.patient)

    @property
    def assumed(self) -> tuple[str, ...]:
        """A sentence where a reported grade assumes the higher part of a Ki-67 known as a range; else none."""
        return conflicts.assumed(self.patient)

    @property
    def published(self) -> tuple[Judgement, ...]:
        """The judgements by lists, statements and labels."""
        return tuple(j for j in self.judgements if j.rule_set.kind != "population")

    @property
    def studied(self) -> tuple[Judgement, ...]:
        """The judgements by populations: the patients of trials, which are not criteria of a therapy."""
        return tuple(j for j in self.judgements if j.rule_set.kind == "population")

    def next_inputs(self) -> pd.DataFrame:
        """Return the inputs that undecided rule sets ask and that are not entered, or known in part only.

        Returns
        -------
        DataFrame
            One row per input: field, label, settles (number of rule sets that need this input alone), asked_by
            (number of rule sets that need it), rule_sets (their ids joined by "; "), known ("not entered", or what is
            known: "3 to 20 %"). Sorted by settles, then by asked_by, both descending.

        Examples
        --------
        >>> import netdash as nd
        >>> assessment = nd.assess(nd.Patient(age_years=57, ki67_percent=4))
        >>> assessment.next_inputs()[["field", "known"]].values.tolist()[0]
        ['resectable_percent', 'not entered']
        """
        import pandas as pd

        return pd.DataFrame(self.next_input_rows(), columns=NEXT_INPUT_COLUMNS)

    def next_input_rows(self) -> list[dict[str, Any]]:
        """Return the rows of :meth:`next_inputs` as dictionaries; the board avoids the cost of a data frame.

        Examples
        --------
        >>> import netdash as nd
        >>> assessment = nd.assess(nd.Patient(age_years=57, ki67_percent=4))
        >>> assessment.next_input_rows()[0]["field"]
        'resectable_percent'
        """
        entered = self.patient.entered
        undecided = [j for j in self.judgements if j.verdict is Verdict.UNKNOWN and j.rule_set.clauses]
        asking: dict[str, list[Judgement]] = {name: [] for name in FIELDS}
        for judgement in undecided:
            for field in judgement.needs:
                asking[field.name].append(judgement)
        rows = [
            {
                "field": name,
                "label": FIELDS[name].label,
                "settles": sum(len(j.needs) == 1 for j in found),
                "asked_by": len(found),
                "rule_sets": "; ".join(j.rule_set.name for j in found),
                "known": FIELDS[name].show(entered.get(name)),
            }
            for name, found in asking.items()
            if found
        ]
        return sorted(rows, key=lambda row: (row["settles"], row["asked_by"]), reverse=True)

    @functools.cached_property
    def verdicts(self) -> pd.DataFrame:
        """One row per rule set.

        Columns: therapy, rule_set, verdict ("met", "not_met", "unknown"), n_criteria, n_met, n_not_met,
        n_unknown (alternatives count as one criterion), missed, unknown (labels joined by "; "), cautions (those that
        apply, then those not entered, joined by "; "), headline, kind ("list", "statement", "label", "population"),
        n_cautions (number that apply), silent_on (inputs that another list or label of the therapy asks, this one does
        not, and the patient misses there, joined by "; "), not_asked (conditions that the source states and netdash
        has no input for, joined by "; "). With own criteria also basis, which is "local" for these.

        Examples
        --------
        >>> import netdash as nd
        >>> assessment = nd.assess(nd.Patient(age_years=57, ki67_percent=4))
        >>> assessment.verdicts.set_index("rule_set").loc["milan_review", ["verdict", "kind", "missed"]].tolist()
        ['not_met', 'list', 'Age']
        """
        from netdash.tables import DataFrame

        return DataFrame([judgement_rows.verdict_row(j, basis=self.own is not None) for j in self.judgements])

    @functools.cached_property
    def findings(self) -> pd.DataFrame:
        """One row per criterion, indexed by criterion_id.

        Columns: therapy, rule_set, criterion, role, requirement, observed (an interval or a frozenset when known in
        part, None when unknown), result, margin (signed distance to the bound in `unit`, positive inside; missing
        when the value is not known exactly), unit, source, locator, note, margin_low, margin_high (the least and the
        greatest possible margin).

        Examples
        --------
        >>> import netdash as nd
        >>> assessment = nd.assess(nd.Patient(age_years=57, ki67_percent=4))
        >>> assessment.findings.loc["milan_review-age", ["requirement", "observed", "result", "unit"]].tolist()
        ['under 55 years', 57.0, 'not_met', 'years']
        """
        import pandas as pd

        from netdash.tables import DataFrame

        rows = {
            finding.criterion.criterion_id: judgement_rows.finding_row(judgement, finding)
            for judgement in self.judgements
            for finding in judgement.findings
        }
        frame = pd.DataFrame(list(rows.values()), index=pd.Index(list(rows), name="criterion_id"))
        # dtype=object keeps an unknown value as None; pandas would make it NaN, which compares as false.
        frame["observed"] = pd.Series([row["observed"] for row in rows.values()], index=frame.index, dtype=object)
        return DataFrame(frame.astype(dict.fromkeys(("margin", "margin_low", "margin_high"), float)))

    def flips(self, rule_set: str) -> pd.DataFrame:
        """Return the change that would meet each missed or open criterion of one rule set.

        Parameters
        ----------
        rule_set : str
            Identifier of an assessed rule set.

        Returns
        -------
        DataFrame
            One row per criterion and field: criterion, role, result, field, observed, needed (a value for
            ``Patient.replace`` that would meet it; None where none is proposed), change (in words), may_change.
            may_change is "not entered" or "changeable" (`needed` has a value, one slider step inside a strict bound),
            "known in part" (the value that would meet it is possible; `change` says what decides), "fixed" (`change`
            gives the distance) or "state" (a finding: `change` gives neither value nor distance).

        Raises
        ------
        ValueError
            When the rule set was not assessed.

        Examples
        --------
        >>> import netdash as nd
        >>> assessment = nd.assess(nd.Patient(age_years=57, ki67_percent=4))
        >>> assessment.flips("milan_review").set_index("field").loc["age_years", ["may_change", "change"]].tolist()
        ['fixed', 'age 57 years, 2 years outside (asked: under 55 years): stays as it is']
        """
        import pandas as pd

        columns = ["criterion", "role", "result", "field", "observed", "needed", "change", "may_change"]
        judgement = self[rule_set]
        rows = [
            {"criterion": f.criterion.label, "role": f.criterion.role, "result": f.result.value, **flip}
            for f in judgement.findings
            for flip in self.changes(judgement, f)
        ]
        return pd.DataFrame(rows, columns=columns, dtype=object)

    def changes(self, judgement: Judgement, finding: Finding) -> Iterator[dict[str, Any]]:
        """Yield, for each field to change, the last five columns of `flips`; nothing when the criterion is met.

        Examples
        --------
        >>> import netdash as nd
        >>> assessment = nd.assess(nd.Patient(age_years=57, ki67_percent=4))
        >>> judgement = assessment["milan_review"]
        >>> [change["field"] for found in judgement.findings for change in assessment.changes(judgement, found)]
        ['age_years', 'primary_portal_drained', 'extrahepatic_disease', 'liver_involvement_percent']
        """
        return flips.changes(self.patient, judgement, finding)

    def __str__(self) -> str:
        """Return the case, the headline of each rule set, then the populations of trials, as text."""
        lines = [judgement_rows.case(self.patient), *(f"  {line}" for line in self.context)]
        for therapy, judgements in groupby(self.published, key=lambda j: j.rule_set.therapy):
            name = evidence.therapy_name(therapy)
            lines += [f"  {name}; {j.rule_set.tagged_title}: {j.sentence}." for j in judgements]
            lines += [f"    {remark.text}" for remark in self.remarks[therapy]]
        lines += [f"{POPULATIONS_HEADING}, no criteria of a therapy:"] if self.studied else []
        for j in self.studied:
            lines.append(f"  {evidence.therapy_name(j.rule_set.therapy)}; {j.rule_set.tagged_title}: {j.sentence}.")
        return "\n".join([*lines, HEADLINE_LEGEND, evidence.DISCLAIMER])

    __repr__ = __str__

    @functools.cached_property
    def remarks(self) -> dict[str, tuple[remarks.Remark, ...]]:
        """The remarks of the sources that apply to this case, by therapy."""
        return remarks.called_for((j.rule_set.therapy for j in self.published), self.patient)

    @property
    def general(self) -> tuple[str, ...]:
        """The remarks of the sources that concern every therapy."""
        return tuple(remark.text for remark in remarks.on_therapy("", self.patient))

    @property
    def context(self) -> tuple[str, ...]:
        """The sentences before the verdicts: inputs at odds, what is assumed, statements out of scope, remarks."""
        outside = [f"Outside the scope: {c.label}. {c.note}" for c in self.scope]
        local = [f"Own criteria, marked local: {self.own}."] if self.own else []
        at_odds = [f"Inputs at odds: {sentence}." for sentence in self.conflicts]
        assumed = [f"Assumed: {sentence}." for sentence in self.assumed]
        return (*local, *at_odds, *assumed, *outside, *self.general)

    def _repr_html_(self) -> str:
        """Return the assessment as HTML for Jupyter."""
        case = "".join(f"<p>{html.escape(text)}</p>" for text in (judgement_rows.case(self.patient), *self.context))
        studied = (
            f"<p>{POPULATIONS_HEADING}, no criteria of a therapy</p>{judgement_rows.table(self.studied)}"
            if self.studied
            else ""
        )
        beside = dict.fromkeys(remark.text for found in self.remarks.values() for remark in found)
        notes = "".join(f"<p>{html.escape(text)}</p>" for text in (*beside, HEADLINE_LEGEND))
        return f"{case}{judgement_rows.table(self.published)}{notes}{studied}<p>{html.escape(evidence.DISCLAIMER)}</p>"


def assess(
    patient: Patient,
    rule_sets: str | Iterable[str] | None = None,
    criteria: str | Path | bytes | OwnCriteria | None = None,
) -> Assessment:
    """Judge one patient by published criteria.

    Parameters
    ----------
    patient : Patient
        The patient. A criterion on an unknown field is unknown.
    rule_sets : str or iterable of str, optional
        Identifier of a rule set, or several; all rule sets when not given. The result is in the order of the data.
    criteria : str, Path or bytes, optional
        A CSV file of one's own criteria, or its content, made from ``netdash lint --template``. They are judged beside
        the published ones and marked as local.

    Returns
    -------
    Assessment
        It has the data frames ``verdicts`` and ``findings``.

    Raises
    ------
    ValueError
        When a rule set is not known, or the file of own criteria has an error; no criterion of such a file is used.
    TypeError
        When `patient` is not a Patient.

    Examples
    --------
    >>> import netdash as nd
    >>> assessment = nd.assess(nd.Patient(age_years=57, ki67_percent=4), ["milan_review", "rfa_review"])
    >>> assessment.verdicts[["rule_set", "verdict"]]
           rule_set  verdict
    0  milan_review  not_met
    1    rfa_review  unknown
    """
    check_patient(patient, "assess was given")
    own = None if criteria is None else own_criteria.read(criteria)
    every = own_criteria.book(own)
    given = [rule_sets] if isinstance(rule_sets, str) else rule_sets
    wanted = set(every) if given is None else {look_up(every, name, "rule set").name for name in given}
    return Assessment(patient, tuple(judge(found, patient) for name, found in every.items() if name in wanted), own)


def assess_again(before: Assessment, patient: Patient, own: OwnCriteria | None = None) -> Assessment:
    """Return ``assess(patient, criteria=own)``, with all that is known of it from an assessment before it.

    A move of a slider changes one input. A judgement that does not depend on it stays as it is.

    Parameters
    ----------
    before : Assessment
        Any assessment, also of another case or by other criteria.
    patient : Patient
        The case to judge.
    own : OwnCriteria or None
        The own criteria to judge it by, too.
    """
    changed = {name for name in FIELDS if getattr(before.patient, name) != getattr(patient, name)}
    known = {id(judgement.rule_set): judgement for judgement in before.judgements}
    every = own_criteria.book(own).values()
    judged = (
        judge_again(known[id(found)], patient, changed) if id(found) in known else judge(found, patient)
        for found in every
    )
    return Assessment(patient, tuple(judged), own)


NEXT_INPUT_COLUMNS = ["field", "label", "settles", "asked_by", "rule_sets", "known"]
