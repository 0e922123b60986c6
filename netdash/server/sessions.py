"""The sessions: how many there may be, to which browser each belongs, and when one ends because nobody is there."""

from __future__ import annotations

import asyncio
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from netdash.server.frames import Allowance

ALONE_SECONDS = 75.0
"""Seconds without a sign of life from a page after which its session ends: it survives 60 s without a network."""
SILENT_SECONDS = 12.0
"""The same for a page that has never connected. With the interval of `watch` it gives its place back within 15 s."""
NEWCOMER_SECONDS = 60.0
"""Seconds after which a page gives its place back that still loads, or asks about its session, and never connected."""
WATCH_MILLISECONDS = 1000
FAILURE_SECONDS = 30.0
"""Seconds for which the server says that it is not ready after a session could not be begun."""
COOKIE = re.compile(r"netdash-visit-[0-9a-f]{16}")
MOST_COOKIES = 20
"""Visit cookies that a browser may hold before those of ended sessions are taken away."""


class Visit(NamedTuple):
    """A cookie of one visit: whoever has it is the visitor, and nobody else has it.

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
        When the visit began, and when its page last gave a sign of life, by the clock of the event loop.
    connected : bool
        Whether the page has ever connected.
    loading : bool
        Whether the page is still being written.
    allowance : Allowance
        How much it may still send.
    """

    visit: Visit
    begun: float
    seen: float
    connected: bool = False
    loading: bool = True
    allowance: Allowance = field(default_factory=Allowance)

    def is_over(self, now: float) -> bool:
        """Whether nobody is there any more."""
        if self.connected:
            return now - self.seen > ALONE_SECONDS
        silent = not self.loading and now - self.seen > SILENT_SECONDS
        return silent or now - self.begun > NEWCOMER_SECONDS


class Sessions:
    """Who is in: each visit from its request on, each session from its kernel on.

    Parameters
    ----------
    kernels : netdash.server.voila_app.Kernels
        Where the kernels of the sessions run.
    limit : int
        How many there may be; kernels kept ready are not sessions.
    """

    def __init__(self, kernels: Any, limit: int) -> None:
        self.kernels, self.limit = kernels, limit
        self.opening = 0
        self._failure = -FAILURE_SECONDS, ""
        self._sessions: dict[str, Session] = {}

    def __len__(self) -> int:
        alive = set(self.kernels.list_kernel_ids())
        self._sessions = {name: session for name, session in self._sessions.items() if name in alive}
        return len(self._sessions) + self.opening

    @property
    def accepting(self) -> bool:
        """Whether there is room for one more."""
        return len(self) < self.limit

    def fail(self, reason: str) -> None:
        """Remember that no session could be begun, and why."""
        self._failure = _now(), reason

    @property
    def trouble(self) -> str:
        """Why no session could be begun a short while ago; empty when one could, or when nobody tried."""
        when, reason = self._failure
        return reason if _now() - when < FAILURE_SECONDS else ""

    def begin(self, kernel_id: str, visit: Visit) -> None:
        """Count a kernel as a session from now on, which belongs to a visit."""
        now = _now()
        self._failure = -FAILURE_SECONDS, ""
        self._sessions[kernel_id] = Session(visit, now, now)

    def loaded(self, kernel_id: str) -> None:
        """Note that a page was written to its end: from now on it must connect, or say that it is there."""
        if session := self._sessions.get(kernel_id):
            session.loading, session.seen = False, _now()

    def belongs(self, kernel_id: str, cookies: Mapping[str, Any]) -> bool:
        """Whether a kernel is that of the visitor with these cookies; a kernel kept ready belongs to nobody."""
        session = self._sessions.get(kernel_id)
        return session is not None and session.visit.is_in(cookies)

    def of(self, cookies: Mapping[str, Any]) -> list[str]:
        """Return the kernels of the visitor with these cookies."""
        return [name for name, session in self._sessions.items() if session.visit.is_in(cookies)]

    def note(self, kernel_id: str) -> None:
        """Note a sign of life: a page asked about its session."""
        self._sessions[kernel_id].seen = _now()

    def may_send(self, kernel_id: str, size: int) -> bool:
        """Whether a page may send a message of so many bytes to its kernel, which may have ended."""
        session = self._sessions.get(kernel_id)
        return session is None or session.allowance.take(size)

    def left_over(self, cookies: Iterable[str]) -> list[str]:
        """Return the names of visit cookies to be taken away from a browser that holds too many."""
        held = [name for name in cookies if COOKIE.fullmatch(name)]
        known = {session.visit.name for session in self._sessions.values()}
        return [name for name in held if name not in known] if len(held) > MOST_COOKIES else []

    async def watch(self) -> None:
        """End the sessions that nobody is connected to any more; to be called every second."""
        now = _now()
        len(self)  # forgets those that ended
        for name, session in list(self._sessions.items()):
            if self.kernels.connections(name):
                session.seen, session.connected = now, True
        over = [name for name, session in self._sessions.items() if session.is_over(now)]
        await asyncio.gather(*map(self.end, over))

    async def end(self, kernel_id: str) -> None:
        """End a session and its kernel."""
        if self._sessions.pop(kernel_id, None) and kernel_id in self.kernels:
            await self.kernels.shutdown_kernel(kernel_id)


def _now() -> float:
    return asyncio.get_running_loop().time()
