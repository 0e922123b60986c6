"""The server of the board."""

from __future__ import annotations

import base64
import contextlib
import errno
import hashlib
import ipaddress
import os
import re
import threading
import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from traitlets.config import Config

BOARD = Path(__file__).parent / "board"
TEMPLATE = BOARD / "voila" / "templates" / "netdash"
EXTENSIONS = ["@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8", "anywidget"]
CASES = "NETDASH_CASES"
REFILL_AFTER = 4.0
"""Seconds until the pool starts another kernel: on two cores it would take one from the page that is being loaded."""
# Voila's sign of life while a kernel starts slowly, the one inline script there is.
HEARTBEAT = base64.b64encode(hashlib.sha256(b"window.voila_heartbeat()").digest()).decode()
POLICY = "; ".join(
    [
        "default-src 'none'",
        f"script-src 'self' blob: 'sha256-{HEARTBEAT}'",  # anywidget imports its module from a blob
        "style-src 'self' 'unsafe-inline'",  # plotly and the widgets write style elements
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "frame-ancestors 'self'",
        "base-uri 'none'",
        "form-action 'self'",
    ]
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
SHORTEST_TOKEN = 16


class ServeError(Exception):
    """The board cannot be served; the text says why and what to do, in one sentence."""


def serve(
    host: str = "127.0.0.1",
    port: int = 8866,
    *,
    open_browser: bool = True,
    notebook: Path | None = None,
    base_url: str = "/",
    pool: int = 2,
    max_sessions: int = 20,
    idle_minutes: float = 60,
    token: str = "",
    public_hosts: Sequence[str] = (),
    case_in_address: bool = True,
    worker: str = "",
    cases: Path | None = None,
) -> None:
    """Serve the board until interrupted or terminated; print its address once it listens.

    Parameters
    ----------
    host
        Address to listen on.
    port
        Port to listen on; 0 = any free one.
    open_browser
        Open the board in the user's browser.
    notebook
        Notebook to serve; default: the board's own. Its kernel has neither a debugger nor pyarrow.
    base_url
        Path under which the board is served, such as "/netdash/" behind a proxy that keeps it.
    pool
        Kernels that have run the notebook before a visitor comes; of two, two visitors who come at once find one each.
    max_sessions
        How many boards can be open at once; each takes about 80 MB. The kernels of the pool come on top.
    idle_minutes
        A session without activity for this long is ended.
    token
        Secret of at least 16 characters that a visitor must give; none when empty.
    public_hosts
        Names under which a proxy serves it. Requests for other names than these and this machine's own are refused.
        The proxy is then believed when it says from where, and whether by https, the visitor came. Listening beyond
        this machine needs a token or one of them.
    case_in_address
        Whether the page keeps the case in its address, and so in the history of the visitor's browser.
    worker
        Name of this server among several behind a proxy; the address of each of its sessions begins with it and an
        underscore, so that the proxy knows where a session is.
    cases
        File of prepared cases that every visitor is offered, as :func:`netdash.cases` reads it. It is read again for
        each of them, so that what is changed in it holds for the next; it is copied nowhere.

    Raises
    ------
    ServeError
        If the port cannot be had, the notebook is missing, the installation is broken, the cases are faulty, the token
        is short, or whoever reaches the machine could come in.
    """
    hosts = tuple(public_hosts)
    asked = Asked(host, port, base_url, pool, max_sessions, idle_minutes, token, hosts, case_in_address, worker)
    notebook = notebook or default_notebook()
    check(notebook)
    # Where Voila looks for templates; inherited by the kernels, which do not use it.
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [str(BOARD), os.environ.get("JUPYTER_PATH")]))
    hand_on(cases)

    from netdash._gate import CommonHeaders, Hosts
    from netdash._machine import forbid_core_dumps, raise_descriptors
    from netdash._voila import Server

    forbid_core_dumps()
    CommonHeaders.headers = HEADERS
    server = Server.instance(config=configuration(asked, notebook), config_file_paths=[])
    server.announce, server.max_sessions = lambda url: announce(url, asked, open_browser), max_sessions
    server.behind_proxy = bool(asked.public_hosts)
    server.hosts = Hosts({*map(str.lower, asked.public_hosts), asked.host.lower()}, anyone=asked.takes_any_name)
    server.most_connections = raise_descriptors() // 2
    server.initialize(argv=[])
    try:
        server.start()
    except OSError as error:
        advice = "choose another with --port" if error.errno in (errno.EADDRINUSE, errno.EACCES) else "check --host"
        raise ServeError(f"netdash cannot listen on {host}:{port} ({error.strerror or error}): {advice}.") from error


@dataclass(frozen=True)
class Asked:
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


def default_notebook() -> Path:
    """Return the board's notebook: beside the package's modules in a wheel, beside the package in a checkout."""
    package = Path(__file__).parent
    places = [folder / "dashboards" / "tumor_board.ipynb" for folder in (package, package.parent)]
    return next((place for place in places if place.exists()), places[0])


def check(notebook: Path) -> None:
    """Raise ServeError if something that serving needs is not there."""
    if not notebook.is_file():
        raise ServeError(f"The notebook {notebook} is missing; install netdash again.")
    if not (TEMPLATE / "index.html.j2").is_file():
        raise ServeError(f"The page's template {TEMPLATE} is missing; install netdash again.")
    for package in ("voila", "ipykernel", "ipywidgets", "anywidget", "plotly"):
        if find_spec(package) is None:
            raise ServeError(f"The package {package} is missing; install it with: pip install {package}.")

    from jupyterlab_server.config import get_federated_extensions
    from voila.utils import get_voila_labextensions_path

    for extension in set(EXTENSIONS) - set(get_federated_extensions(get_voila_labextensions_path())):
        raise ServeError(f"The browser part {extension} is missing; install voila, ipywidgets and anywidget again.")


def hand_on(cases: Path | None) -> None:
    """Tell the kernels where the prepared cases are, and nothing of them; raise ServeError if they are faulty."""
    os.environ.pop(CASES, None)
    if cases is None:
        return
    from netdash import case_list

    try:
        case_list.cases(cases)
    except case_list.CaseListError as error:
        # What stands in the file may be of a patient, and what a server says is kept.
        raise ServeError(f"{cases}: {error.discreet}. nd.cases({str(cases)!r}) says what is given there.") from None
    os.environ[CASES] = str(cases.resolve())


def configuration(asked: Asked, notebook: Path) -> Config:
    """Return how Voila serves the board."""
    from traitlets.config import Config

    from netdash._login import Identity
    from netdash._voila import SCRIPTS, Kernels, ThisInterpreter

    notebook, idle_seconds = notebook.resolve(), max(1, round(60 * asked.idle_minutes))
    page = {
        "netdashIdleMinutes": asked.idle_minutes,
        "netdashCaseInAddress": asked.case_in_address,
        "netdashLogout": bool(asked.token),
        "fullStaticUrl": asked.base_url + SCRIPTS,
    }
    settings: dict[str, Any] = {
        "Voila": {
            "ip": asked.host,
            "port": asked.port,
            "base_url": asked.base_url,
            "token": asked.token,
            "identity_provider_class": Identity,
            "notebook_path": str(notebook),
            "root_dir": str(notebook.parent),
            "open_browser": False,
            "log_level": "ERROR",
            "tornado_settings": {
                "headers": HEADERS,
                # The notice that a tab was closed carries no token, and refusing it leaves the kernel running. What
                # comes from another origin is refused all the same.
                "disable_check_xsrf": True,
                # _gate.Hosts checks the name that a request is for, on every path; jupyter_server's own check would
                # tell whether a file exists.
                "allow_remote_access": True,
                # A network cut without a word is noticed within twelve seconds.
                "ws_ping_interval": 4000,
                "ws_ping_timeout": 8000,
                "xsrf_cookie_kwargs": {"expires_days": None, "httponly": True, "samesite": "Lax"},
                # The names of these files hold a digest of what is in them.
                "static_immutable_cache": [f"{asked.base_url}voila/labextensions/"],
                "log_function": lambda handler: None,  # no access log: addresses are cases
            },
        },
        "VoilaConfiguration": {
            "template": "netdash",
            "allow_template_override": "NO",
            "allow_theme_override": "NO",
            "file_allowlist": [],
            "extension_allowlist": EXTENSIONS,
            "show_tracebacks": False,
            "strip_sources": True,
            "preheat_kernel": asked.pool > 0,
            "default_pool_size": asked.pool,
            "page_config_hook": lambda config, **_: config | page,
            "multi_kernel_manager_class": Kernels,
            "kernel_spec_manager_class": ThisInterpreter,
        },
        "VoilaKernelManager": {"fill_delay": REFILL_AFTER},
        "Kernels": {
            "worker": asked.worker,
            "kernel_manager_class": "netdash._voila.Kernel",
            "allow_tracebacks": False,
            "cull_connected": True,
            "cull_idle_timeout": idle_seconds,
            "cull_interval": min(30, idle_seconds),
        },
        # Voila signs notebooks that it trusts, and would keep the key and the signatures in the home of the service.
        "NotebookNotary": {"secret": os.urandom(32), "db_file": ":memory:"},
        # A kernel that died is not started again, for it would know nothing of the page. The page hears of it at once.
        "KernelManager": {"transport": "tcp" if os.name == "nt" else "ipc"},
        "KernelRestarter": {"restart_limit": 0, "time_to_dead": 1.0},
        # Signatures of messages, kept against their being played again. What comes through a socket that is the
        # server's own is not; 65,536 of them, twice for each session, are 20 MB.
        "Session": {"digest_history_size": 100},
    }
    if asked.token:
        settings["Voila"]["cookie_secret"] = secret_of(asked.token)
    return Config(settings)


def secret_of(token: str) -> bytes:
    """Return what signs the cookies: the same for every worker with the token, and after a restart."""
    return hashlib.scrypt(token.encode(), salt=b"netdash", n=2**14, r=8, p=1)


def announce(url: str, asked: Asked, open_browser: bool) -> None:
    """Print the address, say who can reach it when that is not this machine alone, and open it."""
    click.echo(f"netdash is served at {url}")  # flushes
    if not asked.is_local and not asked.token:
        click.echo(
            f"Warning: netdash listens on {asked.host}, beyond this machine, without a token: whoever reaches it can "
            "use it. Set NETDASH_TOKEN, or let a proxy ask who comes.",
            err=True,
        )
    if open_browser:
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
