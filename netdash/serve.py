"""The server of the board."""

from __future__ import annotations

import errno
import functools
import inspect
import os
import sys
import threading
import webbrowser
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

import click

from netdash import csv_checks
from netdash.files import SHARE, TEMPLATE, folder
from netdash.server.heap import keep_heap_small
from netdash.server.settings import EXTENSIONS, LIMITS, OPTIONS, ServeError, Settings, parameters

if TYPE_CHECKING:
    from netdash.server.voila_app import Server

P = ParamSpec("P")
NOT_LOADED = "rfc3987_syntax"
"""A package that jsonschema imports if it is installed. It compiles a grammar for IRIs, which takes a second."""


def _takes_options(settings: Callable[P, Settings]) -> Callable[[Callable[[Settings], None]], Callable[P, None]]:
    """Let a function of :class:`Settings` take the options themselves; its signature and docstring name them."""

    def decorate(function: Callable[[Settings], None]) -> Callable[P, None]:
        @functools.wraps(function)
        def call(*args: P.args, **options: P.kwargs) -> None:
            function(settings(*args, **options))

        made: Any = call
        made.__signature__ = inspect.signature(settings).replace(return_annotation=None)
        made.__doc__ = (inspect.getdoc(function) or "").replace("Raises\n", f"{parameters()}\n\nRaises\n")
        return call

    return decorate


@_takes_options(Settings)
def serve(settings: Settings) -> None:
    """Serve the board until interrupted or terminated; print its address once it listens.

    Listening beyond this machine needs a token or a public host.

    Raises
    ------
    ServeError
        If an option has a value that is not allowed, the port cannot be had, the notebook is missing, the installation
        is broken, the prepared cases or the own criteria are faulty, or Voila has a part that this version of netdash
        does not know.
    """
    keep_heap_small()
    # A module that is None in sys.modules cannot be imported. No schema of Jupyter has an IRI.
    sys.modules.setdefault(NOT_LOADED, None)  # type: ignore[arg-type]
    notebook = settings.notebook or folder("dashboards") / "tumor_board.ipynb"
    check_installation(notebook)
    if settings.hub:
        check_hub(settings.base_url)
    # Voila looks for templates here. The kernels inherit the variable and do not use it.
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [str(SHARE), os.environ.get("JUPYTER_PATH")]))
    pass_to_kernels("cases", settings.cases, check_cases)
    pass_to_kernels("criteria", settings.criteria, check_criteria)
    for name in LIMITS:
        os.environ[OPTIONS[name].variable] = str(getattr(settings, name))
    server = _server(settings, notebook)
    try:
        server.start()
    except OSError as error:
        advice = "choose another with --port" if error.errno in (errno.EADDRINUSE, errno.EACCES) else "check --host"
        place, reason = f"{settings.host}:{settings.port}", error.strerror or error
        raise ServeError(f"netdash cannot listen on {place} ({reason}): {advice}.") from error


def _server(settings: Settings, notebook: Path) -> Server:
    """Return Voila with all settings, before it starts."""
    from netdash.server.configuration import HEADERS, configuration
    from netdash.server.gate import CommonHeaders, Hosts
    from netdash.server.machine import forbid_core_dumps, raise_descriptors
    from netdash.server.operations import start_logging
    from netdash.server.voila_app import Server

    forbid_core_dumps()
    CommonHeaders.headers = HEADERS
    server: Server = Server.instance(config=configuration(settings, notebook), config_file_paths=[])
    server.announce = lambda url: announce(url, settings)
    server.max_sessions = settings.max_sessions
    server.user_header = settings.user_header
    server.drain_seconds = 60 * settings.drain_minutes
    start_logging(as_json=settings.log_json, audited=settings.audit)
    server.behind_proxy = bool(settings.public_hosts)
    names = {*map(str.lower, settings.public_hosts), settings.host.lower()}
    server.hosts = Hosts(names, anyone=settings.takes_any_name)
    server.most_connections = raise_descriptors() // 2
    server.initialize(argv=[])
    return server


def check_installation(notebook: Path) -> None:
    """Raise ServeError if something that serving needs is not installed."""
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


def check_hub(base_url: str) -> None:
    """Raise ServeError if this is no service of a Hub, the Hub leads elsewhere, or jupyterhub is not installed."""
    if find_spec("jupyterhub") is None:
        raise ServeError("The package jupyterhub is missing; install the version of the Hub: pip install jupyterhub.")
    if "JUPYTERHUB_SERVICE_PREFIX" not in os.environ:
        raise ServeError("hub: netdash was not started by a Hub; see docs/deploy/jupyterhub_config.py.")
    prefix = os.environ["JUPYTERHUB_SERVICE_PREFIX"]
    if base_url != prefix:
        raise ServeError(f"base_url: given {base_url!r}, but the Hub leads to {prefix}; set NETDASH_BASE_URL={prefix}.")


def pass_to_kernels(option: str, path: Path | None, check: Callable[[Path], None]) -> None:
    """Check the file of an option and give the kernels its path; forget the path of an earlier server."""
    variable = OPTIONS[option].variable
    os.environ.pop(variable, None)
    if path is not None:
        check(path)
        os.environ[variable] = str(path.resolve())


def check_cases(cases: Path) -> None:
    """Raise ServeError if the file of prepared cases is faulty."""
    from netdash import prepared_cases

    try:
        prepared_cases.cases(cases)
    except prepared_cases.CaseListError as error:
        # Quote no cell: the file may hold patient data, and what a server prints is usually stored.
        raise ServeError(f"{cases}: {error.discreet}. nd.cases({str(cases)!r}) says what is given there.") from None


def check_criteria(criteria: Path) -> None:
    """Raise ServeError if the file of own criteria is refused."""
    from netdash import own_criteria

    try:
        own_criteria.read(criteria)
    except csv_checks.RefusedFile as error:
        raise ServeError(f"{error}. netdash lint {criteria} says it too.") from None


def announce(url: str, settings: Settings) -> None:
    """Print the address, warn when other machines reach the server without a token, and open the browser."""
    click.echo(f"netdash is served at {url}")  # flushes
    if not settings.is_local and not settings.token:
        click.echo(
            f"Warning: netdash listens on {settings.host}, beyond this machine, without a token: everybody who reaches "
            "it can use it. Set NETDASH_TOKEN, or let a proxy check who the visitors are.",
            err=True,
        )
    if settings.open_browser:
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
