"""The server of the board."""

from __future__ import annotations

import errno
import os
import threading
import webbrowser
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netdash.files import SHARE, TEMPLATE, folder
from netdash.server.settings import EXTENSIONS, ServeError, Settings

if TYPE_CHECKING:
    pass

CASES = "NETDASH_CASES"


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
    settings = Settings(host, port, base_url, pool, max_sessions, idle_minutes, token, hosts, case_in_address, worker)
    notebook = notebook or folder("dashboards") / "tumor_board.ipynb"
    check_installation(notebook)
    # Where Voila looks for templates; inherited by the kernels, which do not use it.
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [str(SHARE), os.environ.get("JUPYTER_PATH")]))
    pass_cases_to_kernels(cases)

    from netdash.server.configuration import HEADERS, configuration
    from netdash.server.gate import CommonHeaders, Hosts
    from netdash.server.machine import forbid_core_dumps, raise_descriptors
    from netdash.server.voila_app import Server

    forbid_core_dumps()
    CommonHeaders.headers = HEADERS
    server = Server.instance(config=configuration(settings, notebook), config_file_paths=[])
    server.announce, server.max_sessions = lambda url: announce(url, settings, open_browser), max_sessions
    server.behind_proxy = bool(settings.public_hosts)
    server.hosts = Hosts(
        {*map(str.lower, settings.public_hosts), settings.host.lower()}, anyone=settings.takes_any_name
    )
    server.most_connections = raise_descriptors() // 2
    server.initialize(argv=[])
    try:
        server.start()
    except OSError as error:
        advice = "choose another with --port" if error.errno in (errno.EADDRINUSE, errno.EACCES) else "check --host"
        raise ServeError(f"netdash cannot listen on {host}:{port} ({error.strerror or error}): {advice}.") from error


def check_installation(notebook: Path) -> None:
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


def pass_cases_to_kernels(cases: Path | None) -> None:
    """Tell the kernels where the prepared cases are, and nothing of them; raise ServeError if they are faulty."""
    os.environ.pop(CASES, None)
    if cases is None:
        return
    from netdash import prepared_cases

    try:
        prepared_cases.cases(cases)
    except prepared_cases.CaseListError as error:
        # What stands in the file may be of a patient, and what a server says is kept.
        raise ServeError(f"{cases}: {error.discreet}. nd.cases({str(cases)!r}) says what is given there.") from None
    os.environ[CASES] = str(cases.resolve())


def announce(url: str, settings: Settings, open_browser: bool) -> None:
    """Print the address, say who can reach it when that is not this machine alone, and open it."""
    click.echo(f"netdash is served at {url}")  # flushes
    if not settings.is_local and not settings.token:
        click.echo(
            f"Warning: netdash listens on {settings.host}, beyond this machine, without a token: whoever reaches it "
            "can use it. Set NETDASH_TOKEN, or let a proxy ask who comes.",
            err=True,
        )
    if open_browser:
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
