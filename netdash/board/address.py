"""The case in the page's address: its fields, and name and hash of the own criteria."""

from __future__ import annotations

from urllib.parse import parse_qsl

CRITERIA = "criteria"
"""The parameter with name and hash of the own criteria; no field has its name."""
LONGEST_MARK = 100
"""The most characters that a message quotes of it."""


def split_mark(query: str) -> tuple[str, str]:
    """Return a query or fragment without the own criteria, and their name and hash (empty for none)."""
    text = query.removeprefix("?").removeprefix("#")
    parts = text.split("&")
    own = [part for part in parts if part.partition("=")[0] == CRITERIA]
    found = parse_qsl("&".join(own), keep_blank_values=True)
    return "&".join(part for part in parts if part not in own), found[0][1] if found else ""
