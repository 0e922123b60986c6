"""The server of the board."""

from __future__ import annotations

import base64
import hashlib
import os
import threading
import webbrowser
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from traitlets.config import Config

BOARD = Path(__file__).parent / "board"
TEMPLATE = BOARD / "voila" / "templates" / "netdash"
EXTENSIONS = ["@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8", "anywidget"]
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


class ServeError(Exception):
    """The board cannot be served; the text says why and what to do, in one sentence."""


def serve(
    host: str = "127.0.0.1",
    port: int = 8866,
    *,
    open_browser: bool = True,
    notebook: Path | None = None,
    pool: int = 1,
    idle_minutes: float = 60,
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
    pool
        Kernels that have run the notebook before a visitor comes.
    idle_minutes
        A session without activity for this long is ended.

    Raises
    ------
    ServeError
        If the port cannot be had, the notebook is missing or the installation is broken.
    """
    notebook = notebook or default_notebook()
    check(notebook)
    # Where Voila looks for templates; inherited by the kernels, which do not use it.
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [str(BOARD), os.environ.get("JUPYTER_PATH")]))

    from netdash._voila import Server

    server = Server.instance(config=configuration(host, port, notebook, pool, idle_minutes), config_file_paths=[])
    server.announce = lambda url: announce(url, open_browser)
    server.initialize(argv=[])
    try:
        server.start()
    except OSError as error:
        advice = "choose another with --port" if error.strerror else "check --host"
        raise ServeError(f"netdash cannot listen on {host}:{port} ({error.strerror or error}): {advice}.") from error


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


def configuration(host: str, port: int, notebook: Path, pool: int, idle_minutes: float) -> Config:
    """Return how Voila serves the board."""
    from traitlets.config import Config

    from netdash._voila import Kernels, ThisInterpreter

    notebook, idle_seconds = notebook.resolve(), max(1, round(60 * idle_minutes))
    settings: dict[str, Any] = {
        "Voila": {
            "ip": host,
            "port": port,
            "notebook_path": str(notebook),
            "root_dir": str(notebook.parent),
            "open_browser": False,
            "log_level": "ERROR",
            "tornado_settings": {
                "headers": {
                    "Content-Security-Policy": POLICY,
                    "Referrer-Policy": "no-referrer",
                    "X-Content-Type-Options": "nosniff",
                },
                # The notice that a tab was closed carries no token, and refusing it leaves the kernel running. What
                # comes from another origin is refused all the same.
                "disable_check_xsrf": True,
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
            "preheat_kernel": pool > 0,
            "default_pool_size": pool,
            "multi_kernel_manager_class": Kernels,
            "kernel_spec_manager_class": ThisInterpreter,
        },
        "Kernels": {
            "kernel_manager_class": "netdash._voila.Kernel",
            "allow_tracebacks": False,
            "cull_connected": True,
            "cull_idle_timeout": idle_seconds,
            "cull_interval": min(30, idle_seconds),
        },
        # A kernel that died is not started again, for it would know nothing of the page. The page hears of it at once.
        "KernelManager": {"transport": "tcp" if os.name == "nt" else "ipc"},
        "KernelRestarter": {"restart_limit": 0, "time_to_dead": 1.0},
    }
    return Config(settings)


def announce(url: str, open_browser: bool) -> None:
    """Print the address, and open it."""
    click.echo(f"netdash is served at {url}")  # flushes
    if open_browser:
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
