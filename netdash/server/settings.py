"""The options of the server, each declared once: default, help and limits.

The command line, the environment variables and the parameters of :func:`netdash.serve.serve` follow from
:class:`Settings`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import ipaddress
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

EXTENSIONS = ["@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8", "anywidget"]
"""Browser extensions that the board needs: the widgets, Voila's widget manager, anywidget."""
SHORTEST_TOKEN = 16
"""Fewest characters of a token."""
LEAST_SESSION_MB = 300
"""Fewest megabytes that a session may be limited to: a board that was just opened has 230 MB."""
LIMITS = ("session_mb", "session_cpu_seconds")
"""The options that a kernel reads in its environment: what a session may use."""


class ServeError(Exception):
    """The board cannot be served; the text says why and what to do, in one sentence."""


@dataclass(frozen=True)
class Option:
    """One option of the server.

    Attributes
    ----------
    help : str
        What the option does.
    flag : str
        Its name on the command line, without the dashes; empty when the command does not have it.
    expected : str
        The values that are allowed, in words; empty when all are.
    least, most, above : float, optional
        Limits of a number: smallest value, largest value, and a bound that it must exceed.
    pattern : str
        Regular expression that a text must match as a whole; empty when it need not.
    """

    help: str
    flag: str
    expected: str = ""
    least: int | None = None
    most: int | None = None
    above: float | None = None
    pattern: str = ""

    @property
    def variable(self) -> str:
        """The environment variable that sets the option."""
        return f"NETDASH_{self.flag.replace('-', '_').upper()}"

    def allows(self, value: Any) -> bool:
        """Whether a value is within the limits."""
        if self.pattern:
            return re.fullmatch(self.pattern, value) is not None
        return (
            (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
            and (self.above is None or value > self.above)
        )


def option(default: Any, flag: str, help: str, **limits: Any) -> Any:  # noqa: A002 - click's word for it
    """Return the dataclass field of an option."""
    return field(default=default, metadata={"option": Option(help, flag, **limits)})


@dataclass(frozen=True)
class Settings:
    """The options of one server, checked."""

    host: str = option("127.0.0.1", "host", "Address to listen on.")
    port: int = option(
        8866, "port", "Port to listen on; 0 = any free port.", least=0, most=65535, expected="0 to 65535"
    )
    _: dataclasses.KW_ONLY
    base_url: str = option(
        "/",
        "base-url",
        "Path under which the board is served, for a proxy that keeps the path.",
        pattern=r"/|(/[\w.~-]+)+/",
        expected="a path such as /netdash/",
    )
    max_sessions: int = option(
        20,
        "max-sessions",
        "Boards that can be open at once; each takes about 40 MB, or 80 where sessions are not forked. The kernels of "
        "the pool come on top.",
        least=1,
        expected="1 or more",
    )
    pool: int = option(
        2, "pool", "Kernels that have run the notebook before a visitor comes.", least=0, expected="0 or more"
    )
    idle_minutes: float = option(
        60.0,
        "idle-minutes",
        "Minutes without activity after which a session is ended.",
        above=0,
        expected="more than 0",
    )
    session_mb: int = option(
        512,
        "session-mb",
        "Megabytes that a session may ask for (Linux); a session that needs more ends alone. 0 = no limit.",
        least=0,
        expected=f"0, or {LEAST_SESSION_MB} or more, for a board that was just opened has 230",
    )
    session_cpu_seconds: int = option(
        3600,
        "session-cpu-seconds",
        "Seconds of a processor that a session may use in its life before it is ended. 0 = no limit.",
        least=0,
        expected="0 or more",
    )
    token: str = option("", "token", f"Secret of at least {SHORTEST_TOKEN} characters that a visitor must give.")
    hub: bool = option(
        False, "hub", "Let JupyterHub say who comes, as a service that it starts; needs the package jupyterhub."
    )
    public_hosts: Sequence[str] = option(
        (),
        "public-host",
        "Name under which a proxy serves the board; may be repeated. Requests for any other name than these and this "
        "machine's own are refused. The proxy is believed about the visitor's address and about https.",
    )
    open_browser: bool = option(True, "browser", "Open the board in the browser.")
    case_in_address: bool = option(
        True, "case-in-address", "Keep the case in the page's address, and so in the browser's history."
    )
    worker: str = option(
        "",
        "worker",
        "Name of this server among several behind a proxy. The address of each of its sessions begins with it.",
        pattern=r"[A-Za-z0-9]{0,8}",
        expected="up to 8 letters and digits",
    )
    cases: Path | None = option(
        None,
        "cases",
        "CSV file of prepared cases that every visitor is offered. It is read again for each visitor.",
    )
    criteria: Path | None = option(
        None,
        "criteria",
        "CSV file of the hospital's own criteria, by which every visitor's case is judged too; see netdash lint.",
    )
    audit: bool = option(
        False, "audit", "Write a line for each board that is opened and closed: time, session, user; never a case."
    )
    user_header: str = option(
        "",
        "user-header",
        "Header in which the proxy names the user, such as X-Forwarded-User. The name is in the audit lines only.",
        pattern=r"[A-Za-z0-9-]*",
        expected="the name of a header",
    )
    log_json: bool = option(False, "log-json", "Write netdash's own log as one JSON object a line.")
    drain_minutes: float = option(
        60.0,
        "drain-minutes",
        "Minutes after which a server that takes no new boards (signal SIGUSR1) ends, even if boards are open.",
        above=0,
        expected="more than 0",
    )
    notebook: Path | None = option(
        None, "", "Notebook to serve; None = the board's own. Its kernel has neither a debugger nor pyarrow."
    )

    def __post_init__(self) -> None:
        """Raise ServeError for a value that is not allowed."""
        for name, found in OPTIONS.items():
            value = getattr(self, name)
            if not found.allows(value) or (name == "session_mb" and 0 < value < LEAST_SESSION_MB):
                raise ServeError(f"{name}: given {value!r}, expected {found.expected}.")
        if 0 < len(self.token) < SHORTEST_TOKEN:
            raise ServeError(
                f"token: given one of {len(self.token)} characters, expected at least {SHORTEST_TOKEN}: a short "
                'one can be guessed; make one with: python -c "import secrets; print(secrets.token_urlsafe())".'
            )
        if self.user_header and (self.hub or not self.public_hosts):
            by_hub = "the Hub names the user; leave it out."
            no_proxy = "no proxy is believed without --public-host, the name under which it serves the board."
            raise ServeError(
                f"user_header: given {self.user_header!r}, which is not read: {by_hub if self.hub else no_proxy}"
            )
        if not (self.is_local or self.token or self.public_hosts):
            raise ServeError(
                f"host: given {self.host}, which other machines can reach, without a token and without a public "
                "host; set NETDASH_TOKEN, or name with --public-host the name under which a proxy serves the board."
            )

    @property
    def takes_any_name(self) -> bool:
        """Whether requests for any host name are answered: beyond this machine, when a token is asked for instead."""
        return not self.is_local and not self.public_hosts

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server."""
        with contextlib.suppress(ValueError):
            return ipaddress.ip_address(self.host).is_loopback
        return self.host == "localhost"


OPTIONS: dict[str, Option] = {one.name: one.metadata["option"] for one in dataclasses.fields(Settings)}
"""The options by the name of their setting."""


def parameters() -> str:
    """Return the options as the section "Parameters" of a numpydoc docstring."""
    lines = ["Parameters", "----------"]
    for one in dataclasses.fields(Settings):
        found = OPTIONS[one.name]
        expected = f" Expected: {found.expected}." if found.expected else ""
        lines.append(f"{one.name} : {one.type}, default {one.default!r}")
        lines.append(textwrap.indent(textwrap.fill(found.help + expected, 110), "    "))
    return "\n".join(lines)
