"""The ways into the server: the page while there is room, a token when one is asked for, and a sign of life."""

from __future__ import annotations

import asyncio
import hmac
import json
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import tornado.web
from jupyter_server.auth.identity import IdentityProvider, User
from jupyter_server.auth.login import LoginFormHandler
from tornado.ioloop import IOLoop
from voila.tornado.handler import TornadoVoilaHandler

HANDED_OUT = re.compile(r'"kernelId": ?"([\w-]+)"')
RETRY_SECONDS = 30
ALONE_SECONDS = 15.0
"""So long a session without a connection is kept: a page that is loaded again, or a network that stumbles."""
NEWCOMER_SECONDS = 60.0
"""So long a page may take until it first connects."""


class Sessions:
    """Who is in: each visit from its request on, each session from its kernel on.

    Parameters
    ----------
    kernels : netdash._voila.Kernels
        Where the kernels of the sessions run.
    limit : int
        How many there may be; kernels kept ready are not sessions.
    """

    def __init__(self, kernels: Any, limit: int) -> None:
        self.kernels, self.limit = kernels, limit
        self.opening = 0
        self._since: dict[str, tuple[float, bool]] = {}  # when last seen without a connection, and whether it had one

    def __len__(self) -> int:
        alive = set(self.kernels.list_kernel_ids())
        self._since = {name: seen for name, seen in self._since.items() if name in alive}
        return len(self._since) + self.opening

    @property
    def accepting(self) -> bool:
        """Whether there is room for one more."""
        return len(self) < self.limit

    def begin(self, kernel_id: str) -> None:
        """Count a kernel as a session from now on."""
        self._since[kernel_id] = (asyncio.get_running_loop().time(), False)

    def watch(self) -> None:
        """End the sessions that nobody is connected to any more; to be called every few seconds."""
        now, loop = asyncio.get_running_loop().time(), IOLoop.current()
        len(self)  # forgets those that ended
        for name, (since, met) in list(self._since.items()):
            if self.kernels.connections(name):
                self._since[name] = (now, True)
            elif now - since > (ALONE_SECONDS if met else NEWCOMER_SECONDS):
                del self._since[name]
                loop.add_callback(self.kernels.shutdown_kernel, name)


class Door(TornadoVoilaHandler):  # type: ignore[misc]
    """The page, or a polite one when all places are taken."""

    async def get(self, path: str | None = None) -> None:
        """Write the page; a token in the address has become a cookie by now and is taken out of it."""
        if path:
            raise tornado.web.HTTPError(404)
        if "token" in self.request.query_arguments:
            rest = [(k, v) for k, values in self.request.query_arguments.items() if k != "token" for v in values]
            self.redirect(self.request.path + (f"?{urlencode(rest)}" if rest else ""))
            return
        if self.current_user and not self._sessions.accepting:
            self._turn_away()
            return
        await super().get(path)

    @property
    def _sessions(self) -> Sessions:
        found: Sessions = self.settings["netdash_sessions"]
        return found

    def _turn_away(self) -> None:
        self.set_status(503)
        self.set_header("Retry-After", str(RETRY_SECONDS))
        self.set_header("Cache-Control", "no-store")
        template = self.settings["voila_jinja2_env"].get_template("busy.html")
        self.finish(template.render(limit=self._sessions.limit))

    async def get_generator(self, path: str | None = None) -> AsyncIterator[str]:
        """Yield the page piece by piece; the visit is a session once its kernel is written into the page."""
        sessions, waiting = self._sessions, True
        sessions.opening += 1
        try:
            async for html in super().get_generator(path):
                found = HANDED_OUT.search(html) if waiting else None
                if found:
                    sessions.begin(found[1])
                    sessions.opening, waiting = sessions.opening - 1, False
                yield html
        finally:
            sessions.opening -= waiting


class Health(tornado.web.RequestHandler):
    """A sign of life for a load balancer: how many sessions there are, and nothing of any of them."""

    def get(self) -> None:
        """Write it; the status is 200 as long as the server answers."""
        sessions: Sessions = self.settings["netdash_sessions"]
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Type", "application/json")
        self.finish(
            json.dumps(
                {
                    "status": "ok",
                    "sessions": len(sessions),
                    "limit": sessions.limit,
                    "accepting": sessions.accepting,
                }
            )
        )


class Login(LoginFormHandler):
    """The page that asks for the token."""

    def _render(self, message: dict[str, str] | None = None) -> None:
        template = self.settings["voila_jinja2_env"].get_template("login.html")
        self.set_header("Cache-Control", "no-store")
        following = self.get_argument("next", default=self.base_url)
        self.finish(template.render(action=f"?{urlencode({'next': following})}", refused=bool(message)))


class Identity(IdentityProvider):
    """Whoever has the token, for as long as the browser is open; whoever comes when there is none."""

    cookie_options = {"expires_days": None, "samesite": "Lax"}

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "login_handler_class": Login})

    @property
    def auth_enabled(self) -> bool:
        """Whether a token is asked for."""
        return bool(self.token)

    def process_login_form(self, handler: Any) -> User | None:
        """Return a user when the form holds the token."""
        given = handler.get_body_argument("token", default="")
        right = hmac.compare_digest(given.encode(), self.token.encode())
        return self.generate_anonymous_user(handler) if right else None
