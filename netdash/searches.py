"""A search for words in everything that netdash holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from netdash import evidence
from netdash.patient import Patient

if TYPE_CHECKING:
    import pandas as pd

_TABLES: dict[str, tuple[Callable[[], pd.DataFrame], str, str, str]] = {
    "rule set": (evidence.rule_sets, "rule_set", "title", "nd.rule_sets()"),
    "criterion": (evidence.criteria, "criterion_id", "label", "nd.criteria()"),
    "therapy": (evidence.therapies, "therapy", "label", "nd.therapies()"),
    "input": (Patient.fields, "name", "label", "nd.Patient.fields()"),
    "outcome": (evidence.outcomes, "outcome_id", "arm", "nd.outcomes()"),
    "later outcome": (evidence.later_outcomes, "outcome_id", "arm", "nd.later_outcomes()"),
    "trial": (evidence.trials, "trial", "name", "nd.trials()"),
    "series": (evidence.studies, "study_id", "author", "nd.studies()"),
    "claim": (evidence.claims, "claim_id", "population", "nd.claims()"),
    "discrepancy": (evidence.discrepancies, "discrepancy_id", "problem", "nd.discrepancies()"),
    "reference": (evidence.references, "citation", "title", "nd.references()"),
}
"""By kind of row: the function that returns the table, the columns of its id and of its text, its call."""


def search(text: str) -> pd.DataFrame:
    """Return the rows of all tables in which some words occur.

    Parameters
    ----------
    text : str
        Words, in any order and in any case, such as "Milan" or "yao 2001"; each must occur somewhere in the row.

    Returns
    -------
    DataFrame
        One row per row found: kind, id (of most kinds for :func:`source`), says (its title, label or arm), table (the
        call that returns it). Rule sets are first. It has no row when nothing is found.

    Raises
    ------
    ValueError
        When no word is given.

    Examples
    --------
    >>> import netdash as nd
    >>> nd.search("Milan transplantation").head(1)
           kind            id                            says           table
    0  rule set  milan_review  Milan, as the review quotes it  nd.rule_sets()
    >>> set(nd.search("Akyildiz")["kind"]) >= {"outcome", "series"}
    True
    """
    import pandas as pd

    words = text.lower().split() if isinstance(text, str) else []
    if not words:
        raise ValueError(f"text: given {text!r}, expected words, such as 'Milan'")
    found = []
    for kind, (table, key, says, call) in _TABLES.items():
        rows = table()
        texts = (" ".join(map(str, row)).lower() for row in rows.itertuples(index=False))
        hits = rows[[all(word in line for word in words) for line in texts]]
        found += [(kind, str(id_), str(said), call) for id_, said in zip(hits[key], hits[says], strict=True)]
    return pd.DataFrame(found, columns=["kind", "id", "says", "table"])
