"""The handlers of the page and of the health check."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import tornado.web
from voila.tornado.handler import TornadoVoilaHandler

from netdash.server.machine import trouble_with
from netdash.server.operations import REFUSED, STARTS
from netdash.server.sessions import Sessions, Visit

KERNEL_ID_IN_PAGE = re.compile(r'"kernelId": ?"([\w-]+)"')
"""How netdash's own template writes the identifier of the kernel into the page."""
RETRY_SECONDS = 30
LONGEST_NAME = 100
"""Characters of a user's name in an audit line."""

log = logging.getLogger("netdash")


def _path_here(path: str) -> str:
    """Return a path that leads to this server. A browser takes two slashes or backslashes for another server's name."""
    return "/" + path.lstrip("/\\")


class NotReadyError(Exception):
    """No board can be opened now; the text says why."""


class PageHandler(TornadoVoilaHandler):  # type: ignore[misc]
    """The page of the board, or a page with the reason when the server is full or not ready."""

    async def prepare(self) -> None:
        """Redirect a request with a token in its address to the address without it.

        A right token becomes a cookie. The other parameters, which are the case of an old link, go into the fragment,
        which a browser sends to nobody.
        """
        if "token" not in self.request.query_arguments:
            await super().prepare()
            return
        await self.identity_provider.get_user(self)  # sets the cookie
        rest = [(k, v) for k, values in self.request.query_arguments.items() if k != "token" for v in values]
        self.redirect(_path_here(self.request.path) + (f"#{urlencode(rest)}" if rest else ""))

    async def get(self, path: str | None = None) -> None:
        """Write the page."""
        if not self._may_open(path):
            return
        self._visit = Visit.new()
        self._hand_out_cookie()
        try:
            await super().get(path)
        except NotReadyError as error:
            log.error("No board can be opened: %s.", error)
            REFUSED.labels("not ready").inc()
            self.clear()
            self._say("not_ready.html", reason=str(error))

    async def head(self, path: str | None = None) -> None:
        """Answer as for GET, and start no session."""
        self._may_open(path)

    def _may_open(self, path: str | None) -> bool:
        """Whether there is a page at this path and room for one more session; answer the request if not."""
        if path:
            raise tornado.web.HTTPError(404)
        if not self._sessions.accepting:
            REFUSED.labels("draining" if self._sessions.draining else "full").inc()
            self._say("busy.html", limit=self._sessions.limit, draining=self._sessions.draining)
        return self._sessions.accepting

    def _hand_out_cookie(self) -> None:
        """Set the cookie of this visit. If the browser holds too many, clear those of sessions that ended."""
        secure = self.request.protocol == "https"
        options = {"path": self.base_url, "httponly": True, "samesite": "Lax", "secure": secure}
        self.set_cookie(*self._visit, expires_days=None, **options)
        for name in self._sessions.left_over(self.request.cookies):
            self.clear_cookie(name, path=self.base_url)

    @property
    def _sessions(self) -> Sessions:
        found: Sessions = self.settings["netdash_sessions"]
        return found

    def _say(self, template: str, **words: Any) -> None:
        self.set_status(503)
        self.set_header("Retry-After", str(RETRY_SECONDS))
        self.set_header("Cache-Control", "no-store")
        self.finish(self.get_template(template).render(**words))

    def get_login_url(self) -> str:
        """Return the address of the login. The case of an old link goes into the fragment of that of the form."""
        elsewhere: str = self.identity_provider.login_elsewhere(self)
        if elsewhere:
            return elsewhere
        case = f"#{self.request.query}" if self.request.query else ""
        return f"{super().get_login_url()}?{urlencode({'next': self.request.path})}{case}"

    async def get_generator(self, path: str | None = None) -> AsyncIterator[str]:
        """Yield the page piece by piece. The session begins when the page names its kernel."""
        self._forget_query()
        sessions, kernel_id, began = self._sessions, "", time.monotonic()
        user = self.identity_provider.name_of(self)[:LONGEST_NAME]
        sessions.opening += 1
        try:
            async for html in self._pieces(path):
                found = None if kernel_id else KERNEL_ID_IN_PAGE.search(html)
                if found:
                    kernel_id = found[1]
                    sessions.begin(kernel_id, self._visit, user)
                    sessions.opening -= 1
                yield html
            if kernel_id:
                STARTS.observe(time.monotonic() - began)
            else:
                log.error("A page names no kernel, so that nobody can connect to it; see docs/develop/upstream.md.")
        finally:
            if kernel_id:
                sessions.loaded(kernel_id)
            else:
                sessions.opening -= 1

    def _forget_query(self) -> None:
        """Remove the query from the request: Voila would keep it, and hand it to the kernel of the next visitor."""
        self.request.query, self.request.uri = "", self.request.path
        self.request.arguments = self.request.query_arguments = {}

    async def _pieces(self, path: str | None) -> AsyncIterator[str]:
        """Yield the page, with a kernel of the pool if one works, else with a new kernel.

        Each kernel that is ready now is tried once, and one more: Voila refills the pool meanwhile, and where no kernel
        can live that would never end.
        """
        kernels, written = self.kernel_manager, False
        kernels.visit()
        for last in [False] * kernels.get_pool_size(self.notebook_path) + [True]:
            ready = kernels.get_pool_size(self.notebook_path)
            try:
                async for html in super().get_generator(path):
                    written = True
                    yield html
                break
            except Exception as error:
                if written:
                    raise
                if last or not ready:
                    raise NotReadyError(self._why_not_ready()) from error
        if not ready and hasattr(kernels, "fill_if_needed"):
            # Voila refills the pool only when it takes a kernel from it.
            kernels.fill_if_needed(notebook_name=self.notebook_path)

    def _why_not_ready(self) -> str:
        """Return why no kernel could be started. Remember it for /healthz, unless temporary files are the reason."""
        trouble = trouble_with(self.settings["netdash_folder"])
        if trouble:
            return trouble
        self._sessions.fail("a kernel could not be started")
        return self._sessions.trouble


class Health(tornado.web.RequestHandler):
    """The state of the server for a load balancer. It counts the sessions and tells nothing of any of them."""

    def get(self) -> None:
        """Write the state; the status is 503 while no board can be opened."""
        sessions: Sessions = self.settings["netdash_sessions"]
        trouble = trouble_with(self.settings["netdash_folder"]) or sessions.trouble
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Type", "application/json")
        state: dict[str, Any] = {
            "status": "ok",
            "sessions": len(sessions),
            "limit": sessions.limit,
            "accepting": sessions.accepting,
        }
        if trouble:
            self.set_status(503)
            state |= {"status": "not ready", "accepting": False, "reason": trouble}
        self.finish(json.dumps(state))

    head = get


class Ready(tornado.web.RequestHandler):
    """Whether a board could be opened now, for a load balancer: 200, or 503 with the reason."""

    def get(self) -> None:
        """Write whether a board could be opened, and why not."""
        sessions: Sessions = self.settings["netdash_sessions"]
        reason = trouble_with(self.settings["netdash_folder"]) or sessions.trouble
        if not reason and not sessions.accepting:
            reason = "no new boards are taken" if sessions.draining else "all boards are taken"
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Type", "application/json")
        self.set_status(503 if reason else 200)
        self.finish(json.dumps({"ready": not reason} | ({"reason": reason} if reason else {})))

    head = get
