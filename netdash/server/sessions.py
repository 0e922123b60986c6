"""The sessions: how many are allowed, to which browser each belongs, and when an abandoned one ends."""

from __future__ import annotations

import asyncio
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from netdash.server.frames import Allowance
from netdash.server.operations import audit
from netdash.server.redact import public_name

ALONE_SECONDS = 75.0
"""Seconds without a connection or request of its page after which a session ends. It survives 60 s without network."""
SILENT_SECONDS = 30.0
"""The same for a page that never connected. With the interval of `watch`, its place is free again within 35 s."""
NEWCOMER_SECONDS = 180.0
"""Seconds after which a session ends whose page never connected, even if the page still loads or sends requests."""
WATCH_MILLISECONDS = 1000
FAILURE_SECONDS = 30.0
"""Seconds for which /healthz answers "not ready" after a session could not be started."""
COOKIE = re.compile(r"netdash-visit-[0-9a-f]{16}")
MOST_ENDED = 100
"""Sessions that ended at a limit and are remembered, so that their pages can say which limit."""
MOST_COOKIES = 20
"""Visit cookies that a browser may hold. If it holds more, those of ended sessions are cleared."""


class Visit(NamedTuple):
    """The cookie of one visit, which proves that a request comes from its browser.

    Each page load has a cookie of its own name. So tabs that load at the same time, or that are served by different
    workers, do not overwrite the cookies of each other.
    """

    name: str
    secret: str

    @classmethod
    def new(cls) -> Visit:
        """Return a visit with a random name and a random secret."""
        return cls(f"netdash-visit-{secrets.token_hex(8)}", secrets.token_urlsafe())

    def is_in(self, cookies: Mapping[str, Any]) -> bool:
        """Whether a request's cookies hold this one."""
        found = cookies.get(self.name)
        return found is not None and hmac.compare_digest(found.value.encode(), self.secret.encode())


@dataclass
class Session:
    """One visit and its kernel.

    Attributes
    ----------
    begun, seen : float
        When the visit began, and when its page was last connected or sent a request, by the clock of the event loop.
    connected : bool
        Whether the page has ever connected.
    loading : bool
        Whether the page is still being written.
    allowance : Allowance
        How much it may still send.
    user : str
        The user's name as the proxy gives it, for the audit lines.
    """

    visit: Visit
    begun: float
    seen: float
    connected: bool = False
    loading: bool = True
    allowance: Allowance = field(default_factory=Allowance)
    user: str = ""

    def is_over(self, now: float) -> bool:
        """Whether the visitor has left."""
        if self.connected:
            return now - self.seen > ALONE_SECONDS
        silent = not self.loading and now - self.seen > SILENT_SECONDS
        return silent or now - self.begun > NEWCOMER_SECONDS


class Sessions:
    """All sessions of a server.

    A request of the page takes a place at once, and becomes a session when its kernel is known.

    Parameters
    ----------
    kernels : netdash.server.kernels.Kernels
        The kernels of the sessions and of the pool.
    limit : int
        Most sessions at once. Kernels of the pool are not sessions.
    """

    def __init__(self, kernels: Any, limit: int) -> None:
        self.kernels, self.limit = kernels, limit
        self.opening = 0
        self.draining = False
        """Whether no new board is taken, because the server is about to end."""
        self._failure = -FAILURE_SECONDS, ""
        self._sessions: dict[str, Session] = {}
        self._ended: dict[str, tuple[Visit, str]] = {}

    def __len__(self) -> int:
        alive = set(self.kernels.list_kernel_ids())
        for name in [name for name in self._sessions if name not in alive]:
            self._forget(name)
        return len(self._sessions) + self.opening

    @property
    def accepting(self) -> bool:
        """Whether there is room for one more."""
        return len(self) < self.limit and not self.draining

    def fail(self, reason: str) -> None:
        """Remember that no session could be started, and why."""
        self._failure = _now(), reason

    @property
    def trouble(self) -> str:
        """Why the last start of a session failed, for a short time; empty when it succeeded."""
        when, reason = self._failure
        return reason if _now() - when < FAILURE_SECONDS else ""

    def begin(self, kernel_id: str, visit: Visit, user: str = "") -> None:
        """Start the session of a visit, with its kernel."""
        now = _now()
        self._failure = -FAILURE_SECONDS, ""
        self._sessions[kernel_id] = Session(visit, now, now, user=user)
        audit("opened", public_name(kernel_id)[:8], user)

    def _forget(self, kernel_id: str) -> bool:
        """Remove a session; return whether there was one."""
        session = self._sessions.pop(kernel_id, None)
        if session:
            audit("closed", public_name(kernel_id)[:8], session.user)
            if limit := self.kernels.limits.pop(kernel_id, ""):
                self._ended[kernel_id] = session.visit, limit
                for oldest in list(self._ended)[:-MOST_ENDED]:
                    del self._ended[oldest]
        return session is not None

    def reached(self, kernel_id: str, cookies: Mapping[str, Any]) -> str:
        """Return the limit that ended a session of the visitor with these cookies; empty when none is known."""
        len(self)  # forgets those that ended
        visit, limit = self._ended.get(kernel_id, (None, ""))
        return limit if visit and visit.is_in(cookies) else ""

    def forget_all(self) -> None:
        """Remove every session, each with its audit line, because the server ends."""
        for name in list(self._sessions):
            self._forget(name)

    def loaded(self, kernel_id: str) -> None:
        """Note that the whole page was written: from now on it must connect or send requests."""
        if session := self._sessions.get(kernel_id):
            session.loading, session.seen = False, _now()

    def belongs(self, kernel_id: str, cookies: Mapping[str, Any]) -> bool:
        """Whether a kernel belongs to the visitor with these cookies. A kernel of the pool belongs to nobody."""
        session = self._sessions.get(kernel_id)
        return session is not None and session.visit.is_in(cookies)

    def of(self, cookies: Mapping[str, Any]) -> list[str]:
        """Return the kernels of the visitor with these cookies."""
        return [name for name, session in self._sessions.items() if session.visit.is_in(cookies)]

    def note(self, kernel_id: str) -> None:
        """Note that a page sent a request about its session."""
        self._sessions[kernel_id].seen = _now()

    def may_send(self, kernel_id: str, size: int) -> bool:
        """Whether a page may send a message of that size to its kernel, which may have ended."""
        session = self._sessions.get(kernel_id)
        return session is None or session.allowance.take(size)

    def left_over(self, cookies: Iterable[str]) -> list[str]:
        """Return the names of visit cookies to be cleared in a browser that holds too many."""
        held = [name for name in cookies if COOKIE.fullmatch(name)]
        known = {session.visit.name for session in self._sessions.values()}
        return [name for name in held if name not in known] if len(held) > MOST_COOKIES else []

    async def watch(self) -> None:
        """End the sessions whose visitors have left; to be called every second."""
        now = _now()
        len(self)  # forgets those that ended
        for name, session in list(self._sessions.items()):
            if self.kernels.connections(name):
                session.seen, session.connected = now, True
        over = [name for name, session in self._sessions.items() if session.is_over(now)]
        await asyncio.gather(*map(self.end, over))

    async def end(self, kernel_id: str) -> None:
        """End a session and its kernel."""
        if self._forget(kernel_id) and kernel_id in self.kernels:
            await self.kernels.shutdown_kernel(kernel_id)


def _now() -> float:
    return asyncio.get_running_loop().time()
