"""What an operator sees: counts for Prometheus, the audit lines, logs as JSON. None of them holds a case."""

from __future__ import annotations

import json
import logging
import time
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from tornado.web import RequestHandler

audit_log = logging.getLogger("netdash.audit")
REGISTRY = CollectorRegistry()
"""The counts of netdash only: those of the process would tell the version of Python."""
SESSIONS = Gauge("netdash_sessions", "Boards that are open.", registry=REGISTRY)
LIMIT = Gauge("netdash_sessions_limit", "Boards that can be open at once.", registry=REGISTRY)
WAITING = Gauge("netdash_waiting_boards", "Boards that are ready for the next visitors.", registry=REGISTRY)
STARTS = Histogram("netdash_start_seconds", "Seconds until the page of a new board was written.", registry=REGISTRY)
REFUSED = Counter("netdash_refused", "Pages answered with 503, by reason.", ["reason"], registry=REGISTRY)
DEATHS = Counter("netdash_kernel_deaths", "Kernels that died by themselves.", registry=REGISTRY)
WRONG_TOKENS = Counter("netdash_wrong_tokens", "Wrong tokens that were given.", registry=REGISTRY)


class JsonLines(logging.Formatter):
    """Log records as one JSON object a line: time, level, message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as JSON."""
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        return json.dumps({"time": when, "level": record.levelname.lower(), "message": record.getMessage()})


def audit(event: str, session: str, user: str) -> None:
    """Write that a board was opened or closed: time, name of the session, name of the user; never a case."""
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    audit_log.info(json.dumps({"time": when, "audit": event, "session": session, "user": user or None}))


def start_logging(*, as_json: bool, audited: bool) -> None:
    """Set up the logs: errors as JSON when asked for, and the audit lines, which are always JSON."""
    if as_json:
        handler = logging.StreamHandler()
        handler.setFormatter(JsonLines())
        logging.getLogger("netdash").addHandler(handler)
    audit_log.propagate = False
    if audited:
        audit_log.setLevel(logging.INFO)
        audit_log.addHandler(logging.StreamHandler())


class Metrics(RequestHandler):
    """The counts, in the text format of Prometheus."""

    def get(self) -> None:
        """Write the counts."""
        sessions: Any = self.settings["netdash_sessions"]
        SESSIONS.set(len(sessions))
        LIMIT.set(sessions.limit)
        WAITING.set(sessions.kernels.waiting_boards())
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Type", CONTENT_TYPE_LATEST)
        self.finish(generate_latest(REGISTRY))

    head = get
