"""What is known of the design of a series: words beside its row, and one mark. There is no score."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from netdash import data_tables

UNKNOWN_DESIGN = "◦"
NOT_KNOWN = "not known"
UNKNOWN_DESIGN_WORDS = f"{UNKNOWN_DESIGN} neither design, nor whether patients were consecutive, nor follow-up is known"
_ASKED = {"design": "design", "consecutive": "consecutive patients", "follow_up": "follow-up"}


@functools.cache
def _studies() -> Mapping[str, Mapping[str, str]]:
    table = data_tables.read_table("studies")
    columns = [*_ASKED, "overlap"]
    rows = zip(*(table[name].tolist() for name in columns), strict=True)
    return {name: dict(zip(columns, row, strict=True)) for name, row in zip(table["study_id"], rows, strict=True)}


@functools.cache
def certainty(study_id: str) -> str:
    """Return what is known of a series, in words; empty for a series that is not in ``nd.studies()``."""
    study = _studies().get(study_id)
    if study is None:
        return ""
    known = [f"{words} {study[name]}" for name, words in _ASKED.items()]
    if study["overlap"] != NOT_KNOWN:
        known.append(f"patients may also be in {study['overlap']}")
    said = "; ".join(known)
    return said[:1].upper() + said[1:]


@functools.cache
def known(study_id: str) -> str:
    """Return only what is known of a series, in words; "not known" where nothing is."""
    said = [part for part in certainty(study_id).split("; ") if part and not part.endswith(NOT_KNOWN)]
    return "; ".join(said) or (NOT_KNOWN if study_id in _studies() else "")


@functools.cache
def is_unknown(study_id: str) -> bool:
    """Return whether design, consecutive patients and follow-up are all not known."""
    study = _studies().get(study_id)
    return study is not None and all(study[name] == NOT_KNOWN for name in _ASKED)
