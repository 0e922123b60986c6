"""Log records as one short line each, without cases and without identifiers of kernels."""

from __future__ import annotations

import hashlib
import logging
import re
import time

KERNEL_ID = re.compile(r"\b(?:[A-Za-z0-9]{1,8}_)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
QUIET_SECONDS = 60
"""Seconds within which the same line is logged only once."""
MOST_LINES = 100
"""Different lines that are logged within that time. Further ones are dropped."""


def public_name(kernel_id: str) -> str:
    """Return a name for a kernel that others may see. It identifies the kernel and does not give access to it."""
    return hashlib.sha256(kernel_id.encode()).hexdigest()[:32]


def redact(text: str) -> str:
    """Return a text without the queries of addresses and the identifiers of kernels."""
    text = re.sub(r"\?[^ \n]*", "?...", text)  # a client need not encode quotes and other white space
    return KERNEL_ID.sub(lambda found: f"[kernel {public_name(found[0])[:8]}]", text)


class RedactingFilter(logging.Filter):
    """Cuts every record to one redacted line, and drops repeated and excessive ones.

    The query of an address holds patient data, and the identifier of a kernel gives access to it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._logged: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Cut a record to one line; return whether it is logged."""
        message = redact(_one_line(record))
        record.exc_info = record.exc_text = None
        record.msg, record.args = message, None
        now = time.monotonic()
        self._logged = {line: at for line, at in self._logged.items() if now - at < QUIET_SECONDS}
        if message in self._logged or len(self._logged) >= MOST_LINES:
            return False
        self._logged[message] = now
        return True


def _one_line(record: logging.LogRecord) -> str:
    """Return the first line of a record, with the last line of its error instead of a traceback."""
    first = record.getMessage().partition("\n")[0]
    if record.exc_info and record.exc_info[1]:
        error = record.exc_info[1]
        said = str(error).strip().splitlines() or [type(error).__name__]
        return f"{first.partition(':')[0]}: {said[-1]}"
    return first
