"""The names and values in a link to a case."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl

TRACKING_PREFIXES = ("utm_", "fbclid", "gclid", "msclkid", "mc_cid", "mc_eid")
"""Prefixes of the parameters that mail and chat programs add to a link to follow it."""


def pairs(query: str, most: int) -> Iterator[tuple[str, str]]:
    """Yield name and text of each parameter of a query or fragment, without those that follow a link.

    Raises
    ------
    ValueError
        When a plus sign may be a blank or that of "90+", or there are more than `most` parameters.
    """
    text = query.removeprefix("?").removeprefix("#")
    if unclear := re.search(r"[^&]*\d\+(?=[A-Za-z]|%25|%(?![0-9A-Fa-f]{2}))[^&]*", text):
        raise ValueError(f"{unclear[0]!r}: a + in a link may be a blank or that of 90+; write %20 or %2B")
    # A plus sign inside a query is a space; at the end of a value, or before a space, it is that of "90+".
    text = re.sub(r"(?<=\d)\+(?=\s|%20|&|$)|\+(?=&|$)", "%2B", text)
    for name, value in parse_qsl(text, keep_blank_values=True, max_num_fields=most):
        if not name.startswith(TRACKING_PREFIXES):
            yield name, value
