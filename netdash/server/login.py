"""Who is let in: with a token those who give it, and how often somebody may guess at it."""

from __future__ import annotations

import hmac
import ipaddress
import logging
import time
from collections import deque
from typing import Any
from urllib.parse import urlencode

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.auth.identity import IdentityProvider, User
from jupyter_server.auth.login import LoginFormHandler
from jupyter_server.base.handlers import JupyterHandler
from tornado.web import HTTPError

from netdash.server.sessions import COOKIE, Sessions

GUESSES = 10
"""Wrong tokens that one address may give within a minute."""
GUESS_SECONDS = 60.0
MOST_ADDRESSES = 10_000
COOKIE_DAYS = 1
"""Days after which the cookie of a token is refused, also in a browser that was never closed."""
MOST_LOGGED_OUT = 10_000
VISITOR = User("visitor")

log = logging.getLogger("netdash")


class Guesses:
    """Counts the wrong tokens of each address."""

    def __init__(self) -> None:
        self._wrong: dict[str, deque[float]] = {}

    def refuse(self, address: str) -> bool:
        """Whether an address has guessed too often within the last minute."""
        times = self._wrong.get(_network(address), deque())
        while times and time.monotonic() - times[0] > GUESS_SECONDS:
            times.popleft()
        return len(times) >= GUESSES

    def count(self, address: str) -> None:
        """Count a wrong token; say it in the log when it was one too many."""
        if len(self._wrong) >= MOST_ADDRESSES:
            self._wrong.clear()
        network = _network(address)
        times = self._wrong.setdefault(network, deque(maxlen=GUESSES))
        times.append(time.monotonic())
        if self.refuse(address):
            log.error("%d wrong tokens within a minute from %s: it is refused for a minute.", GUESSES, network)


def _network(address: str) -> str:
    """Return what is counted together: an address, or the 64 bits of a network in which everybody has many."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network(f"{known}/64", strict=False)) if known.version == 6 else str(known)


class Login(LoginFormHandler):
    """The form that asks for the token."""

    def _render(self, message: dict[str, str] | None = None) -> None:
        template = self.settings["voila_jinja2_env"].get_template("login.html")
        self.set_header("Cache-Control", "no-store")
        following = self.get_argument("next", default=self.base_url)
        self.finish(template.render(action=f"?{urlencode({'next': following})}", refused=bool(message)))

    @allow_unauthenticated
    def head(self) -> None:
        """Answer as to GET; tornado leaves the body out."""
        self._render()


class Logout(JupyterHandler):
    """Ends the cookie of the token, and the sessions of this browser."""

    @allow_unauthenticated
    async def get(self) -> None:
        """Log out and say so."""
        if self.request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
            raise HTTPError(403)  # a link elsewhere, on another port of this host too, must not end anybody's session
        sessions: Sessions = self.settings["netdash_sessions"]
        for kernel_id in sessions.of(self.request.cookies):
            await sessions.end(kernel_id)
        for name in filter(COOKIE.fullmatch, self.request.cookies):
            self.clear_cookie(name, path=self.base_url)
        identity: Any = self.identity_provider
        identity.log_out(self)
        self.set_header("Cache-Control", "no-store")
        template = self.settings["voila_jinja2_env"].get_template("logout.html")
        self.finish(template.render(base_url=self.base_url, asked=identity.auth_enabled))


class Identity(IdentityProvider):
    """Lets in whoever has given the token, until the browser is closed; everybody when no token is asked for."""

    cookie_options = {"expires_days": None, "samesite": "Lax"}
    get_secure_cookie_kwargs = {"max_age_days": COOKIE_DAYS}

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "login_handler_class": Login, "logout_handler_class": Logout})
        self.guesses = Guesses()
        self._logged_out: set[str] = set()

    @property
    def auth_enabled(self) -> bool:
        """Whether a token is asked for."""
        return bool(self.token)

    async def get_user(self, handler: Any) -> User | None:
        """Return who sends a request; without a token that is always the same, and no cookie is needed."""
        if not self.auth_enabled:
            return VISITOR
        user: User | None = await self._get_user(handler)
        return None if user and user.username in self._logged_out else user

    def get_token(self, handler: Any) -> str:
        """Return the token in the address or in the Authorization header; that of the form is read by the form."""
        given: str = handler.get_query_argument("token", "")
        header = self.auth_header_pat.match(handler.request.headers.get("Authorization", ""))
        return given or (header[2] if header else "")

    async def get_user_token(self, handler: Any) -> User | None:
        """Return a user when the address or the Authorization header holds the token."""
        given = self.get_token(handler)
        if not given or not self.is_right(given, handler):
            return None
        cookie_user: Any = self.get_user_cookie(handler)
        known = cookie_user if cookie_user and cookie_user.username not in self._logged_out else None
        return known or self.generate_anonymous_user(handler)

    def process_login_form(self, handler: Any) -> User | None:
        """Return a user when the form holds the token."""
        given = handler.get_body_argument("token", default="")
        return self.generate_anonymous_user(handler) if self.is_right(given, handler) else None

    def is_right(self, given: str, handler: Any) -> bool:
        """Whether a token is the right one; who has guessed too often is refused, with the right one too."""
        address = handler.request.remote_ip
        if self.guesses.refuse(address):
            handler.current_user = None  # jupyter_server's error page asks who it is, and would ask here again
            raise HTTPError(429, reason="Too many wrong tokens from this address. Wait a minute.")
        right = not self.auth_enabled or hmac.compare_digest(given.encode(), self.token.encode())
        if given and not right:
            self.guesses.count(address)
        return right

    def log_out(self, handler: Any) -> None:
        """Take the cookie of the token away, and refuse it from now on if it was kept."""
        user: Any = self.get_user_cookie(handler) if self.auth_enabled else None
        if user:
            if len(self._logged_out) >= MOST_LOGGED_OUT:
                self._logged_out.clear()
            self._logged_out.add(user.username)
        if handler.get_cookie(self.get_cookie_name(handler)) is not None:
            self.clear_login_cookie(handler)
