"""The evidence: the tables of ``data/`` as typed data frames. Each file is read once; callers get a copy.

``data/datapackage.json`` describes every column and gives its type. Importing this module reads no file.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from netdash.data_tables import key_of as _key
from netdash.data_tables import read_table, schema, with_schema_types
from netdash.data_tables import table_of_text as _text
from netdash.filters import Wanted, only
from netdash.wording import look_up

if TYPE_CHECKING:
    import pandas as pd

Reading = Literal["printed", "corrected"]

DISCLAIMER = (
    "For health professionals. Not a medical device. Shows published criteria and outcomes; does not rank or "
    "recommend. Evidence as of 2014 unless marked later."
)
"""The sentences on every page of the board, saved picture and report."""

REVIEW = "review"
"""The id of the review among the sources."""
BETWEEN_SOURCES = "B5-"
"""The beginning of the id of a discrepancy between two sources."""

# The first columns of nd.outcomes(), in a fixed order; the other columns of outcomes.csv follow them.
# fmt: off
_OUTCOMES = (
    "outcome_id", "study_id", "citation", "author", "year", "table", "therapy", "arm", "population", "n",
    "endpoint", "statistic", "horizon_months", "value", "unit", "not_reached", "cohort", "poolable",
    "why_not_poolable", "discrepancies", "printed", "locator",
)
# fmt: on


def outcomes(
    reading: Reading = "corrected",
    extra: str | Path | bytes | None = None,
    *,
    therapy: Wanted = None,
    endpoint: Wanted = None,
    statistic: Wanted = None,
) -> pd.DataFrame:
    """Return Tables 1 to 4 of the review, one row per arm and endpoint.

    Parameters
    ----------
    reading : {"corrected", "printed"}
        "printed": the review's own figures, arms and sample sizes, its footnotes applied. "corrected": a cell that a
        confirmed source shows to be wrong is replaced (:func:`corrections` lists these cells), and an arm that the
        source gives and the review leaves out is added (its ``source`` is not "review"). A suspected error changes no
        cell.
    extra : str, Path or bytes, optional
        A CSV file of one's own series, made from ``data/local_series.csv``, or its content. Its rows follow the
        published rows, with ``local`` True. They are drawn, and pooled only when their ``poolable`` is set.
    therapy, endpoint, statistic : str or iterable of str, optional
        Only the rows with this value, or one of several, in that column.

    Returns
    -------
    DataFrame
        outcome_id, study_id, citation (number in :func:`references`), author, year, table, therapy, arm,
        population, n, endpoint, statistic ("rate", "median", "mean", "maximum"), horizon_months (of a rate), value
        (percent of patients for a rate, months for a duration; missing when not reached or not printed), unit,
        not_reached, cohort (names patients that appear in more than one row), poolable, why_not_poolable,
        discrepancies (ids joined by "; "), printed (the cell as printed), locator, why_not_drawn (the reason when the
        row is in no picture), sd, footnote, printed_n, source, note, local.

    Raises
    ------
    ValueError
        When `reading` or a value is not known, or the extra file has an error; the message names line, column, value
        and what is allowed. No row of such a file is used.

    Examples
    --------
    >>> import netdash as nd
    >>> rates = nd.outcomes(therapy="resection", endpoint="overall_survival", statistic="rate")
    >>> len(rates), set(rates["statistic"]), set(rates["therapy"])
    (22, {'rate'}, {'resection'})
    """
    _check_reading(reading)
    wanted = {"therapy": therapy, "endpoint": endpoint, "statistic": statistic}
    published = _outcomes(reading).copy()
    if extra is None:
        return only(published, **wanted)
    import pandas as pd

    from netdash import own_series

    local_schema = schema()["local_series"]
    own = own_series.as_outcomes(
        with_schema_types(own_series.read(extra, local_schema), local_schema), Path(own_series.name(extra)).name
    )
    own = own.reindex(columns=published.columns).astype(published.dtypes.to_dict())
    return only(pd.concat([published, own], ignore_index=True), **wanted)


def _check_reading(reading: str) -> None:
    if reading in ("corrected", "printed"):
        return
    way = (
        f"; a therapy is nd.outcomes(therapy={reading!r})" if reading in _names("therapies", "therapy", "label") else ""
    )
    raise ValueError(f"reading: given {reading!r}, expected 'corrected' or 'printed'{way}")


@functools.cache
def _outcomes(reading: Reading) -> pd.DataFrame:
    table = _of_reading("outcomes", reading)
    who = read_table("studies")[["study_id", "citation", "author", "year"]]
    joined = table.merge(who, on="study_id", how="left", validate="many_to_one").assign(local=False)
    return joined[[*_OUTCOMES, *(column for column in joined.columns if column not in _OUTCOMES)]]


def _of_reading(table: str, reading: Reading) -> pd.DataFrame:
    """Return outcomes or claims in one reading; rows that only a cited source gives are not in the printed one."""
    if reading == "corrected":
        return read_table(table, corrected=True)
    rows = read_table(table)
    return rows[rows["source"] == REVIEW].reset_index(drop=True)


def corrections() -> pd.DataFrame:
    """Return every cell that the corrected reading replaces.

    Returns
    -------
    DataFrame
        table, id (of the row there), column, printed, corrected (both as text; empty = not known), discrepancy_id.

    Examples
    --------
    >>> import netdash as nd
    >>> found = nd.corrections()
    >>> found.loc[found["discrepancy_id"] == "B1-13", ["table", "column"]].values.tolist()[0]
    ['outcomes', 'therapy']
    """
    found = read_table("corrections").copy()
    where = zip(found["table"].tolist(), found["id"].tolist(), found["column"].tolist(), strict=True)
    printed = [_text(table).set_index(_key(table)).at[row, column] for table, row, column in where]
    found.insert(3, "printed", printed)
    return found


def studies() -> pd.DataFrame:
    """Return the series in the tables, with the confirmed facts on their patients and design.

    Returns
    -------
    DataFrame
        study_id, citation, author, year, design, consecutive, follow_up, overlap (series that may have the same
        patients), years, primary_sites, grades ("not known" where nothing is confirmed), studied, confirmed_by, note.

    Examples
    --------
    >>> import netdash as nd
    >>> nd.studies().set_index("study_id").loc["soreide_1992", ["author", "design"]].tolist()
    ['Søreide', 'not known']
    """
    return read_table("studies").copy()


def references() -> pd.DataFrame:
    """Return the review's reference list.

    Returns
    -------
    DataFrame
        citation (1 to 112), authors, title, journal, year, volume, pages, pmid, doi, note, discrepancies.

    Examples
    --------
    >>> import netdash as nd
    >>> nd.references().set_index("citation").loc[40, ["journal", "volume"]].tolist()
    ['J Hepatol', '47']
    """
    return read_table("references").copy()


def discrepancies() -> pd.DataFrame:
    """Return the errors of the review, the places where it contradicts itself, and those where sources differ.

    Returns
    -------
    DataFrame
        discrepancy_id, kind, printed, problem, corrected (the confirmed value, if any), status ("confirmed",
        "shown_by_review", "suspected", "between_sources"), evidence, pmid, doi, locator, touches (ids of
        the outcomes, claims, references, criteria, rule sets and later outcomes that carry it, joined by "; ").

    Examples
    --------
    >>> import netdash as nd
    >>> nd.discrepancies().set_index("discrepancy_id").loc["B1-17", ["status", "touches"]].tolist()
    ['confirmed', 'reference 40; milan_review-age; milan_review-ki67; milan_review']
    """
    return _discrepancies().copy()


@functools.cache
def _discrepancies() -> pd.DataFrame:
    touched: dict[str, list[str]] = {}
    for name in ("outcomes", "claims", "references", "criteria", "rule_sets", "later_outcomes"):
        table = _text(name)
        prefix = "reference " if name == "references" else ""
        for row, ids in zip(table[_key(name)], table["discrepancies"], strict=True):
            for found in filter(None, ids.split("; ")):
                touched.setdefault(found, []).append(f"{prefix}{row}")
    table = read_table("discrepancies")
    return table.assign(touches=["; ".join(touched.get(found, [])) for found in table["discrepancy_id"]])


def claims(reading: Reading = "corrected", *, therapy: Wanted = None, endpoint: Wanted = None) -> pd.DataFrame:
    """Return the figures in the running text of the review, harms among them.

    Parameters
    ----------
    reading : {"corrected", "printed"}
        As for :func:`outcomes`.
    therapy, endpoint : str or iterable of str, optional
        Only the rows with this value, or one of several, in that column.

    Returns
    -------
    DataFrame
        claim_id, section, therapy ("none": untreated, or the disease itself), population, endpoint, statistic,
        horizon_months, low, high, unit, qualifier, harm, citations (reference numbers joined by ";"), source, locator,
        discrepancies. A figure that a confirmed source does not have is missing in the corrected reading.

    Raises
    ------
    ValueError
        When `reading` or a value is not known.

    Examples
    --------
    >>> import netdash as nd
    >>> set(nd.claims(therapy="radioembolization")["therapy"])
    {'radioembolization'}
    """
    _check_reading(reading)
    return only(_of_reading("claims", reading).copy(), therapy=therapy, endpoint=endpoint)


def later_outcomes(*, therapy: Wanted = None, endpoint: Wanted = None, trial: Wanted = None) -> pd.DataFrame:
    """Return outcomes published outside the review, which are not in its tables.

    Parameters
    ----------
    therapy, endpoint, trial : str or iterable of str, optional
        Only the rows with this value, or one of several, in that column.

    Returns
    -------
    DataFrame
        outcome_id, source, therapy, arm, population, n, endpoint, statistic, horizon_months, value, low, high
        (interval; one end is missing when it was not reached), unit, comparator, locator, note, level (of the interval
        in percent; missing when not stated), adjusted (what the figure is adjusted for or stratified by; empty when
        not stated), how_read ("full text", "abstract", "secondary"), trial (its id in :func:`trials`, or empty),
        discrepancies, subgroup (conditions on fields of a patient; empty for all patients of the trial).

    Examples
    --------
    >>> import netdash as nd
    >>> found = nd.later_outcomes(trial="netter-1", endpoint="progression_free_survival")
    >>> found.set_index("outcome_id").loc["l-netter1-hr", ["statistic", "how_read"]].tolist()
    ['hazard_ratio', 'secondary']
    """
    return only(read_table("later_outcomes").copy(), therapy=therapy, endpoint=endpoint, trial=trial)


def trials(*, therapy: Wanted = None) -> pd.DataFrame:
    """Return the trials whose patients or results are here.

    Parameters
    ----------
    therapy : str or iterable of str, optional
        Only the trials of this therapy, or of several.

    Returns
    -------
    DataFrame
        trial, name, therapy, rule_set (of its patients), years (of its publications, joined by "; "), registration,
        design ("randomized", "one arm", "not stated where it was read"), arms and n_by_arm (in one order, joined by
        "; "; the comparator is the last), source, locator, how_read ("full text", "abstract", "secondary"), note.

    Examples
    --------
    >>> import netdash as nd
    >>> nd.trials(therapy="prrt").set_index("trial").loc["netter-1", ["name", "design"]].tolist()
    ['NETTER-1', 'not stated where it was read']
    """
    return only(read_table("trials").copy(), therapy=therapy)


def criteria(*, rule_set: Wanted = None) -> pd.DataFrame:
    """Return every criterion of every rule set, in the order of the rule sets.

    Parameters
    ----------
    rule_set : str or iterable of str, optional
        Only the criteria of this rule set, or of several.

    Returns
    -------
    DataFrame
        criterion_id, rule_set, label, role, group, alternative, field, operator, value, source, locator, note,
        discrepancies.

    Examples
    --------
    >>> import netdash as nd
    >>> nd.criteria(rule_set="milan_review")[["field", "operator", "value"]].head(2)
              field operator value
    0     age_years        <    55
    1  ki67_percent        <    10
    """
    return only(read_table("criteria").copy(), rule_set=rule_set)


def rule_sets(*, therapy: Wanted = None, kind: Wanted = None) -> pd.DataFrame:
    """Return the rule sets in the order of the review.

    Parameters
    ----------
    therapy, kind : str or iterable of str, optional
        Only the rows with this value, or one of several, in that column.

    Returns
    -------
    DataFrame
        rule_set, therapy, title, basis ("review", "later", "population", "label"), source, locator, note,
        discrepancies, kind ("list", "statement", "label", "population"), not_asked (conditions that the source states
        and netdash has no input for, joined by "; "), how_read ("full text", "abstract", "secondary").

    Examples
    --------
    >>> import netdash as nd
    >>> nd.rule_sets(therapy="transplantation", kind="list")["rule_set"].tolist()[:2]
    ['milan_review', 'milan_2007']
    """
    return only(read_table("rule_sets").copy(), therapy=therapy, kind=kind)


def scope() -> pd.DataFrame:
    """Return the statements that put a case outside the scope of netdash.

    Returns
    -------
    DataFrame
        scope_id, label, field, operator, value, source, locator, note.
    """
    return read_table("scope").copy()


def conflicts() -> pd.DataFrame:
    """Return the pairs of inputs that cannot be true together.

    Returns
    -------
    DataFrame
        conflict_id, field, operator, value, other_field, other_operator, other_value (two conditions; or `value` names
        the field that `field` must not be under), why.
    """
    return read_table("conflicts").copy()


def remarks() -> pd.DataFrame:
    """Return the statements of sources that are not criteria.

    Returns
    -------
    DataFrame
        remark_id, therapy (joined by "; "; empty for all), field, operator, value (the condition under which it is
        shown; empty for always), text, why_not_shown (why the board does not show it; else empty), source, locator.
    """
    return read_table("remarks").copy()


def therapies() -> pd.DataFrame:
    """Return the therapies in the order of the review, then the comparators.

    Returns
    -------
    DataFrame
        therapy, label, comparator (True for an arm that others were compared with), surgery.

    Examples
    --------
    >>> import netdash as nd
    >>> nd.therapies().set_index("therapy").loc["prrt", "label"]
    'PRRT'
    """
    return read_table("therapies").copy()


def is_comparator(therapy: str) -> bool:
    """Return whether a therapy is a comparison arm, such as no resection."""
    found = read_table("therapies")
    return therapy in set(found.loc[found["comparator"], "therapy"])


def sources() -> pd.DataFrame:
    """Return the sources in which criteria and outcomes were read.

    Returns
    -------
    DataFrame
        source, name, citation, year, pmid, doi, read_in, secondary.

    Examples
    --------
    >>> import netdash as nd
    >>> nd.sources().set_index("source").loc["review", "name"]
    'Review 2014'
    """
    return read_table("sources").copy()


def teaching_cases() -> pd.DataFrame:
    """Return the made-up cases of the teaching page; :mod:`netdash.teaching` asks them.

    Returns
    -------
    DataFrame
        case_id, title, patient (a query that ``Patient.from_query`` reads), rule_sets and expected (verdicts in the
        same order, both joined by ";"), question, mistake, teaches, source, locator, discrepancies.

    Examples
    --------
    >>> import netdash as nd
    >>> list(nd.teaching_cases())[:4]
    ['case_id', 'title', 'patient', 'rule_sets']
    """
    return read_table("teaching").copy()


def source_name(source: str) -> str:
    """Return the short name of a source, with "(secondary)"; the text of own criteria with "(local)"."""
    return _source_names().get(source) or f"{source} (local)"


def therapy_name(therapy: str) -> str:
    """Return the name of a therapy on screen."""
    return look_up(_names("therapies", "therapy", "label"), therapy, "therapy")


@functools.cache
def _source_names() -> Mapping[str, str]:
    found = read_table("sources")
    marks = [" (secondary)" if mark else "" for mark in found["secondary"]]
    return {key: f"{name}{mark}" for key, name, mark in zip(found["source"], found["name"], marks, strict=True)}


@functools.cache
def _names(table: str, key: str, name: str) -> Mapping[str, str]:
    found = read_table(table)
    return dict(zip(found[key], found[name], strict=True))
