"""The settings of the server, checked."""

from __future__ import annotations

import contextlib
import ipaddress
import re
from dataclasses import dataclass

EXTENSIONS = ["@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8", "anywidget"]
"""Extensions of JupyterLab's page that the board needs: widgets, Voila's manager of them, anywidget."""
SHORTEST_TOKEN = 16


class ServeError(Exception):
    """The board cannot be served; the text says why and what to do, in one sentence."""


@dataclass(frozen=True)
class Settings:
    """What `serve` was asked for, checked."""

    host: str
    port: int
    base_url: str
    pool: int
    max_sessions: int
    idle_minutes: float
    token: str
    public_hosts: tuple[str, ...]
    case_in_address: bool
    worker: str

    def __post_init__(self) -> None:
        """Raise ServeError for what cannot be served."""
        if not re.fullmatch(r"/|(/[\w.~-]+)+/", self.base_url):
            raise ServeError(f"base_url: given {self.base_url!r}, expected a path such as /netdash/.")
        if self.pool < 0 or self.max_sessions < 1 or not self.idle_minutes > 0:
            raise ServeError(
                f"Given pool {self.pool}, max_sessions {self.max_sessions}, idle_minutes {self.idle_minutes:g}; "
                "expected 0 or more, 1 or more, and more than 0."
            )
        if not re.fullmatch(r"[A-Za-z0-9]{0,8}", self.worker):
            raise ServeError(f"worker: given {self.worker!r}, expected up to 8 letters and digits.")
        if 0 < len(self.token) < SHORTEST_TOKEN:
            raise ServeError(
                f"token: given one of {len(self.token)} characters, expected at least {SHORTEST_TOKEN}: a short "
                'one can be guessed; make one with: python -c "import secrets; print(secrets.token_urlsafe())".'
            )
        if not (self.is_local or self.token or self.public_hosts):
            raise ServeError(
                f"host: given {self.host}, which others than this machine can reach, without a token and without a "
                "public host; set NETDASH_TOKEN, or name with --public-host under which name a proxy serves it."
            )

    @property
    def takes_any_name(self) -> bool:
        """Whether requests for any host name are answered: beyond this machine, when a token is asked for instead."""
        return not self.is_local and not self.public_hosts

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        with contextlib.suppress(ValueError):
            return ipaddress.ip_address(self.host).is_loopback
        return self.host == "localhost"
