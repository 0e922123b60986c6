"""The login of JupyterHub, for netdash as a service that a Hub starts: its users come in, and nobody else.

jupyterhub is needed for this alone, and is not installed with netdash.
"""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.identity import User
from jupyter_server.utils import url_path_join
from jupyterhub.services.auth import HubOAuth, HubOAuthCallbackHandler
from tornado.httputil import url_concat

from netdash.server.login import Identity


class Hub(HubOAuth):  # type: ignore[misc]
    """The client that asks the Hub who a visitor is."""

    def _patch_xsrf(self, handler: Any) -> None:
        """Leave jupyter_server's handlers as they are; netdash refuses other origins itself."""


class HubIdentity(Identity):
    """Accepts users of the Hub who may use this service."""

    callbacks = (("oauth_callback", HubOAuthCallbackHandler),)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.hub = Hub.instance()
        # As netdash's own cookies; JUPYTERHUB_COOKIE_OPTIONS may say otherwise. The Hub's default is 30 days.
        self.hub.cookie_options = self.cookie_options | self.hub.cookie_options
        self.still_in_at = f"{self.hub.hub_host}{url_path_join(self.hub.hub_prefix, 'logout')}"

    @property
    def auth_enabled(self) -> bool:
        """Whether a login is asked for: always."""
        return True

    async def get_user(self, handler: Any) -> User | None:
        """Return the user of a request, by the Hub's cookie; None for one who may not use this service."""
        model = await self.hub.get_user(handler, sync=False)
        allowed = model is not None and self.hub.check_scopes(self.hub.access_scopes, model)
        return User(username=model["name"]) if allowed else None

    def process_login_form(self, handler: Any) -> User | None:
        """Accept nobody by netdash's own form."""
        return None

    def login_elsewhere(self, handler: Any) -> str:
        """Return the address of the Hub's login, which leads back to the page."""
        words, kept = {}, {}
        if getattr(self.hub, "pkce_enabled", False):  # JupyterHub 5 has no PKCE
            kept["code_verifier"], *challenge = self.hub.generate_pkce_code_challenge()
            words["code_challenge"], words["code_challenge_method"] = challenge
        words["state"] = self.hub.set_state_cookie(handler, next_url=handler.request.path, **kept)
        return str(url_concat(self.hub.login_url, words))

    def name_of(self, handler: Any) -> str:
        """Return the user's name at the Hub, for the audit lines."""
        return str(handler.current_user.username)

    def log_out(self, handler: Any) -> None:
        """Clear the cookie of this service; the Hub's own login stays."""
        self.hub.clear_cookie(handler)
