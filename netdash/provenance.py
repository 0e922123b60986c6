"""Provenance: the source of any figure, criterion or claim, and the known errors in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netdash import evidence, own_criteria
from netdash.own_criteria import OwnCriteria
from netdash.refusals import UnknownName, hint
from netdash.wording import at_months, html_table, with_ends, with_unit, words

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Source:
    """The source of one row of the data.

    Attributes
    ----------
    id, kind : str
        Identifier and kind of the row: "outcome", "claim", "criterion", "rule set", "discrepancy", "later outcome",
        "reference", "trial", "own criterion" or "own rule set".
    says : str
        The content of the row in words.
    read_in : str
        Citation of the text in which it was read.
    locator : str
        Place in that text.
    printed : str
        The printed cell of an outcome, or the printed text of a discrepancy.
    cites : tuple of str
        The references that the review cites for it, with PMID and DOI.
    links : tuple of str
        Addresses of `read_in` and of the cited references. They are shown and never fetched.
    discrepancies : tuple of str
        The discrepancies that touch it, each with id, status and evidence.
    figure : str
        The figure of an outcome or a claim in words, such as "49 %"; empty for other rows.

    Examples
    --------
    >>> import netdash as nd
    >>> found = nd.source("milan_review-age")
    >>> found.kind, found.locator
    ('criterion', 'Role of liver transplantation, citing reference 40')
    >>> found.says
    'milan_review, Age (age_years < 55). The published list of 2007 has 55 or less.'
    """

    id: str
    kind: str
    says: str
    read_in: str
    locator: str
    printed: str
    cites: tuple[str, ...]
    links: tuple[str, ...]
    discrepancies: tuple[str, ...]
    figure: str = ""

    def _lines(self) -> list[tuple[str, str]]:
        many = [("Cites", text) for text in self.cites] + [("Discrepancy", text) for text in self.discrepancies]
        lines = [
            (self.kind.capitalize(), f"{self.id}: {self.says}"),
            ("Read in", self.read_in),
            ("Place", self.locator),
            ("Printed", self.printed),
            *many,
        ]
        return [(name, text) for name, text in lines if text]

    def __str__(self) -> str:
        """Return one line per attribute."""
        return "\n".join(f"{name}: {text}" for name, text in [*self._lines(), *(("Link", link) for link in self.links)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return a table with links, for Jupyter."""
        return html_table([*self._lines(), *(("Link", link) for link in self.links)])


def source(id: str | int, criteria: str | Path | bytes | OwnCriteria | None = None) -> Source:  # noqa: A002
    """Return the source of a row of the data, or of an own criterion.

    Parameters
    ----------
    id : str or int
        The id of an outcome, claim, criterion, rule set, discrepancy or later outcome, or the number of a reference.
    criteria : str, Path, bytes or OwnCriteria, optional
        A file of own criteria, as for :func:`~netdash.assess`: the ids of its criteria and rule sets are known too.

    Returns
    -------
    Source

    Raises
    ------
    UnknownName
        A ValueError, when there is no such id; the message names the nearest ones and the functions that list ids.

    Examples
    --------
    >>> import netdash as nd
    >>> found = nd.source("milan_review-age")
    >>> found.says
    'milan_review, Age (age_years < 55). The published list of 2007 has 55 or less.'
    >>> found.locator
    'Role of liver transplantation, citing reference 40'
    """
    if criteria is not None and (own := _own(str(id), own_criteria.read(criteria))):
        return own
    for table, key, make in _KINDS:
        rows = table()
        found = rows[rows[key].astype(str) == str(id)]
        if len(found):
            return make(_row(found))
    known = {str(row): "" for table, key, _ in _KINDS for row in table()[key]}
    raise UnknownName(
        f"{id!r} is no id of an outcome, claim, criterion, rule set, discrepancy or reference{hint(id, known)}; "
        f"ids are the first column of nd.outcomes(), nd.claims(), nd.criteria(), nd.rule_sets(), nd.discrepancies(); "
        f"nd.search({str(id)[:40]!r}) looks in all of them"
    )


def _own(name: str, own: OwnCriteria) -> Source | None:
    """Return the source of a criterion or a rule set of a file of own criteria: file, row and basis."""
    for found in own.rule_sets:
        for one in found.criteria:
            if one.criterion_id == name:
                says = f"{found.name}, {one.label} ({one.requirement}). {one.note}"
                return _local(name, "own criterion", says, own, f"{own.rows[name]}; {one.source}, {one.locator}")
        if found.name == name:
            lines = ", ".join(own.rows[one.criterion_id] for one in found.criteria)
            return _local(name, "own rule set", f"{found.title}.", own, f"{lines}; {found.source}, {found.locator}")
    return None


def _local(name: str, kind: str, says: str, own: OwnCriteria, place: str) -> Source:
    read_in = f"{own} (local: a file of this hospital, not checked against a published source)"
    return Source(name, kind, says.strip(), read_in, place, printed="", cites=(), links=(), discrepancies=())


def _outcome(row: Mapping[str, Any]) -> Source:
    value = "not reached" if row["not_reached"] else with_unit(row["value"], row["unit"])
    n = "n not known" if _missing(row["n"]) else f"n = {row['n']}"
    says = (
        f"{row['author']} {row['year']}, {row['arm']}, {n}: "
        f"{words(row['endpoint'])}, {row['statistic']}{at_months(row['horizon_months'])}, {value}. {row['note']}"
    )
    numbers = () if _missing(row["citation"]) else (row["citation"],)
    made = _make(row, "outcome_id", "outcome", says.strip(), row["source"], numbers, printed=row["printed"])
    return replace(made, figure=value)


def _claim(row: Mapping[str, Any]) -> Source:
    value, at = with_ends(row["low"], row["high"], row["unit"]), at_months(row["horizon_months"])
    figure = ", ".join(filter(None, (words(row["endpoint"]) + at, words(row["qualifier"]), value)))
    numbers = tuple(filter(None, row["citations"].split(";")))
    made = _make(row, "claim_id", "claim", f"{row['population']}: {figure}", row["source"], numbers)
    return replace(made, figure=value)


def _criterion(row: Mapping[str, Any]) -> Source:
    asked = f"{row['field']} {row['operator']} {row['value']}"
    says = f"{row['rule_set']}, {row['label']} ({asked}). {row['note']}".strip()
    return _make(row, "criterion_id", "criterion", says, row["source"])


def _rule_set(row: Mapping[str, Any]) -> Source:
    return _make(row, "rule_set", "rule set", f"{row['title']}. {row['note']}".strip(), row["source"])


def _later_outcome(row: Mapping[str, Any]) -> Source:
    value = with_unit(row["value"], row["unit"])
    says = f"{row['arm']}: {words(row['endpoint'])}, {words(row['statistic'])}, {value}. {row['note']}".strip()
    return replace(_make(row, "outcome_id", "later outcome", says, row["source"]), figure=value)


def _trial(row: Mapping[str, Any]) -> Source:
    arms = f" {row['arms'].replace('; ', ' v ')}." if row["arms"] else ""
    says = f"{row['name']}, {row['design']}.{arms} {row['note']}".strip()
    return _make(row, "trial", "trial", says, row["source"])


def _discrepancy(row: Mapping[str, Any]) -> Source:
    confirmed = f" Confirmed: {row['corrected']}." if row["corrected"] else ""
    touches = f" Touches: {row['touches']}." if row["touches"] else ""
    status, shown = words(row["status"]), row["evidence"].rstrip(".")
    says = f"{row['problem']}{confirmed} Status: {status}. Evidence: {shown}.{touches}"
    made = _make(row, "discrepancy_id", "discrepancy", says, evidence.REVIEW, printed=row["printed"])
    if row["status"] == "between_sources":
        return replace(made, read_in=f"Several sources: {shown}.", links=())
    return replace(made, links=(*made.links, *_links(row["pmid"], row["doi"])))


def _reference(row: Mapping[str, Any]) -> Source:
    says, links = _citation(row["citation"])
    return replace(_make(row, "citation", "reference", says, evidence.REVIEW, place="References"), links=tuple(links))


_KINDS = (
    (evidence.outcomes, "outcome_id", _outcome),
    (evidence.claims, "claim_id", _claim),
    (evidence.criteria, "criterion_id", _criterion),
    (evidence.rule_sets, "rule_set", _rule_set),
    (evidence.discrepancies, "discrepancy_id", _discrepancy),
    (evidence.later_outcomes, "outcome_id", _later_outcome),
    (evidence.references, "citation", _reference),
    (evidence.trials, "trial", _trial),
)


def _make(
    row: Mapping[str, Any],
    key: str,
    kind: str,
    says: str,
    read_in: str,
    numbers: tuple[Any, ...] = (),
    *,
    printed: str = "",
    place: str = "",
) -> Source:
    texts = evidence.sources()
    text = _row(texts[texts["source"] == read_in])
    cites = [_citation(number) for number in numbers if read_in == evidence.REVIEW]
    links = [*_links(text["pmid"], text["doi"]), *(link for _, found in cites for link in found)]
    secondary = f" ({text['read_in']}; secondary)" if text["secondary"] else f" ({text['read_in']})"
    return Source(
        id=str(row[key]),
        kind=kind,
        says=says,
        read_in=f"{text['citation']}{secondary}",
        locator=place or row["locator"],
        printed=printed,
        cites=tuple(words for words, _ in cites),
        links=tuple(dict.fromkeys(links)),
        discrepancies=tuple(
            _discrepancy_line(found) for found in filter(None, row.get("discrepancies", "").split("; "))
        ),
    )


def _discrepancy_line(discrepancy: str) -> str:
    rows = evidence.discrepancies()
    row = _row(rows[rows["discrepancy_id"] == discrepancy])
    corrected = f" Confirmed: {row['corrected']}." if row["corrected"] else ""
    return f"{discrepancy} ({words(row['status'])}): {row['problem']}{corrected} Evidence: {row['evidence']}."


def _citation(number: Any) -> tuple[str, list[str]]:
    rows = evidence.references()
    row = _row(rows[rows["citation"] == int(number)])
    place = f"{row['journal']} {row['year']};{row['volume']}:{row['pages']}"
    text = f"reference {number}: {row['authors']}. {row['title'].rstrip('.')}. {place}. {row['note']}".strip()
    return text, _links(row["pmid"], row["doi"])


def _row(rows: pd.DataFrame) -> dict[str, Any]:
    return {str(name): value for name, value in rows.iloc[0].to_dict().items()}


def _links(pmid: str, doi: str) -> list[str]:
    return [f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/"] * bool(pmid) + [f"https://doi.org/{doi}"] * bool(doi)


def _missing(value: Any) -> bool:
    import pandas as pd

    return bool(pd.isna(value))
