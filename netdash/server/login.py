"""Login by token, with a limit on wrong guesses, and logout."""

from __future__ import annotations

import hmac
import ipaddress
import logging
import time
from collections import deque
from typing import Any

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.auth.identity import IdentityProvider, User
from jupyter_server.auth.login import LoginFormHandler
from jupyter_server.base.handlers import JupyterHandler
from tornado.web import HTTPError

from netdash.server.operations import WRONG_TOKENS
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
        """Whether an address has given too many wrong tokens within the last minute."""
        times = self._wrong.get(_network(address), deque())
        while times and time.monotonic() - times[0] > GUESS_SECONDS:
            times.popleft()
        return len(times) >= GUESSES

    def count(self, address: str) -> None:
        """Count a wrong token; write to the log when the limit is reached."""
        if len(self._wrong) >= MOST_ADDRESSES:
            self._wrong.clear()
        network = _network(address)
        times = self._wrong.setdefault(network, deque(maxlen=GUESSES))
        times.append(time.monotonic())
        if self.refuse(address):
            log.error("%d wrong tokens within a minute from %s: it is refused for a minute.", GUESSES, network)


def _network(address: str) -> str:
    """Return the network that is counted: one address of IPv4, the 64-bit network of one of IPv6."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network(f"{known}/64", strict=False)) if known.version == 6 else str(known)


class Login(LoginFormHandler):
    """The form that asks for the token."""

    def set_default_headers(self) -> None:
        """Tell caches not to store the form."""
        super().set_default_headers()
        self.set_header("Cache-Control", "no-store")

    @allow_unauthenticated
    def head(self) -> None:
        """Answer as for GET; tornado removes the body."""
        self.get()  # type: ignore[no-untyped-call]


class Logout(JupyterHandler):
    """Clears the cookie of the token and ends the sessions of this browser."""

    @allow_unauthenticated
    async def get(self) -> None:
        """Log out and write the page that says so."""
        if self.request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
            raise HTTPError(403)  # a link on another site, or on another port of this host, must end no session
        sessions: Sessions = self.settings["netdash_sessions"]
        for kernel_id in sessions.of(self.request.cookies):
            await sessions.end(kernel_id)
        for name in filter(COOKIE.fullmatch, self.request.cookies):
            self.clear_cookie(name, path=self.base_url)
        identity: Any = self.identity_provider
        identity.log_out(self)
        self.set_header("Cache-Control", "no-store")
        template = self.get_template("logout.html")  # type: ignore[no-untyped-call]
        words = {"asked": identity.auth_enabled, "elsewhere": identity.still_in_at}
        self.finish(template.render(base_url=self.base_url, **words))


class Identity(IdentityProvider):
    """Accepts visitors who gave the token, until they close the browser; all visitors when there is no token."""

    callbacks: tuple[tuple[str, type], ...] = ()
    """Further routes that the login needs, below the base URL."""
    still_in_at = ""
    """Where one logs out of the login that netdash's own does not end; empty when there is none."""
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
        """Return the user of a request; without a token always the same one, for whom no cookie is set."""
        if not self.auth_enabled:
            return VISITOR
        found: Any = super().get_user(handler)
        user: User | None = await found
        return None if user and user.username in self._logged_out else user

    def get_token(self, handler: Any) -> str:
        """Return the token of the address or of the Authorization header. The login form reads its own."""
        try:
            given: str = handler.get_query_argument("token", "")
        except HTTPError:  # it is no text
            handler.current_user = None  # as in is_right
            raise
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
        """Whether a token is the right one; raise 429 for an address that has guessed too often, right or wrong."""
        address = handler.request.remote_ip
        if self.guesses.refuse(address):
            handler.current_user = None  # jupyter_server's error page needs it, and would call this method again
            raise HTTPError(429, reason="Too many wrong tokens from this address. Wait a minute.")
        right = not self.auth_enabled or hmac.compare_digest(given.encode(), self.token.encode())
        if given and not right:
            self.guesses.count(address)
            WRONG_TOKENS.inc()
        return right

    def login_elsewhere(self, handler: Any) -> str:
        """Return the address of a login that is not netdash's form; empty when there is none."""
        return ""

    def name_of(self, handler: Any) -> str:
        """Return the user's name for the audit lines, as the proxy gives it."""
        name: str = handler.request.headers.get(handler.settings["netdash_user_header"], "")
        return name

    def log_out(self, handler: Any) -> None:
        """Clear the cookie of the token, and refuse it from now on if the browser kept it."""
        user: Any = self.get_user_cookie(handler) if self.auth_enabled else None
        if user:
            if len(self._logged_out) >= MOST_LOGGED_OUT:
                self._logged_out.clear()
            self._logged_out.add(user.username)
        if handler.get_cookie(self.get_cookie_name(handler)) is not None:
            self.clear_login_cookie(handler)
