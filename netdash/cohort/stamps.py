"""The stamp of a run: with which netdash, data, rules and options verdicts were made."""

from __future__ import annotations

import datetime
import functools
import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from netdash import own_criteria
from netdash.cohort.mapping import Mapping
from netdash.files import folder
from netdash.own_criteria import OwnCriteria
from netdash.rules import RuleSet

RULE_FILES = ("rule_sets.csv", "criteria.csv")
"""The tables of ``data/`` from which the rules are made."""


@dataclass(frozen=True)
class Stamp:
    """With what verdicts were made; the same stamp without its date gives the same verdicts of the same source.

    Attributes
    ----------
    netdash, data, rules : str
        Version of netdash; version of its data; SHA-256 of the tables of rules.
    rule_sets : tuple of str
        Identifiers of the rule sets.
    options : dict
        Options of the run, the mapping included.
    source : dict
        By name of file, the SHA-256 of its content; empty for a data frame.
    date : str
        Day and time in UTC.
    """

    netdash: str
    data: str
    rules: str
    rule_sets: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)
    source: dict[str, str] = field(default_factory=dict)
    date: str = ""

    @classmethod
    def of(
        cls,
        rule_sets: list[RuleSet],
        mapping: Mapping,
        source: dict[str, str] | None = None,
        *,
        criteria: str | Path | bytes | OwnCriteria | None = None,
        **options: Any,
    ) -> Stamp:
        """Return the stamp of a run that begins now; of own criteria it has the hash."""
        version, data, rules = _versions()
        lines = [
            {name: dict(value) if name == "words" else value for name, value in vars(entry).items()}
            for entry in mapping.entries
        ]
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        names = tuple(found.name for found in rule_sets)
        own = {"criteria": own_criteria.read(criteria).digest} if criteria is not None else {}
        return cls(version, data, rules, names, {**options, **own, "mapping": lines}, source or {}, now)

    def as_dict(self) -> dict[str, Any]:
        """Return the stamp as a dictionary that JSON can hold."""
        found: dict[str, Any] = json.loads(self.as_json())
        return found

    def as_json(self) -> str:
        """Return the stamp as JSON."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False)


@functools.cache
def _versions() -> tuple[str, str, str]:
    from importlib.metadata import version

    data = folder("data")
    package = json.loads((data / "datapackage.json").read_text(encoding="utf-8"))
    digest = hashlib.sha256(b"".join((data / name).read_bytes() for name in RULE_FILES)).hexdigest()
    return version("netdash"), str(package.get("version", "")), digest
