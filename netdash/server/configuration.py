"""The configuration of Voila, and the headers of every answer."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from pathlib import Path
from typing import Any

from traitlets.config import Config

from netdash.files import PLOTLY
from netdash.server.kernels import Kernels, ThisInterpreter
from netdash.server.login import Identity
from netdash.server.settings import EXTENSIONS, Settings
from netdash.server.voila_app import SCRIPTS

# The hash of the only inline script: Voila writes it into the page while a kernel starts slowly.
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


def configuration(settings: Settings, notebook: Path) -> Config:
    """Return the traitlets configuration with which Voila serves the board."""
    return Config(
        {
            "Voila": _application(settings, notebook.resolve()),
            "VoilaConfiguration": _page(settings),
            "Kernels": _kernels(settings),
            # Voila signs the notebooks that it trusts. Keep key and signatures out of the service's home folder.
            "NotebookNotary": {"secret": os.urandom(32), "db_file": ":memory:"},
            "KernelManager": {"transport": "tcp" if os.name == "nt" else "ipc"},
            # Do not restart a kernel that died: the new one would not know the page. Tell the page within a second.
            "KernelRestarter": {"restart_limit": 0, "time_to_dead": 1.0},
            # Jupyter remembers 65,536 message signatures per session to detect replays (20 MB). Only our own server
            # can reach these sockets, so 100 are enough.
            "Session": {"digest_history_size": 100},
        }
    )


def _application(settings: Settings, notebook: Path) -> dict[str, Any]:
    """Return the options of Voila's application."""
    secret = {"cookie_secret": secret_of(settings.token)} if settings.token else {}
    identity = "netdash.server.hub.HubIdentity" if settings.hub else Identity
    return secret | {
        "ip": settings.host,
        "port": settings.port,
        "base_url": settings.base_url,
        "token": settings.token,
        "identity_provider_class": identity,
        "notebook_path": str(notebook),
        "root_dir": str(notebook.parent),
        "open_browser": False,
        "log_level": "ERROR",
        "tornado_settings": _tornado(settings),
    }


def _tornado(settings: Settings) -> dict[str, Any]:
    """Return the options of tornado's application."""
    return {
        "headers": HEADERS,
        # A page that closes tells the server without a token. Refusing that would leave its kernel running. Requests
        # from other origins are refused all the same.
        "disable_check_xsrf": True,
        # gate.Hosts checks the Host header on every path. jupyter_server's own check would tell whether a file exists.
        "allow_remote_access": True,
        # Milliseconds: a network that fails without closing the connection is noticed within twelve seconds.
        "ws_ping_interval": 4000,
        "ws_ping_timeout": 8000,
        # The names of these files contain a digest of their content.
        "static_immutable_cache": [f"{settings.base_url}voila/labextensions/"],
        "log_function": lambda handler: None,  # no access log: the query of an old link is a case
    }


def _page(settings: Settings) -> dict[str, Any]:
    """Return how Voila makes the page."""
    page_options = {
        "netdashIdleMinutes": settings.idle_minutes,
        "netdashCaseInAddress": settings.case_in_address,
        "netdashLogout": bool(settings.token) or settings.hub,
        "netdashPlotly": plotly_version(),
        "fullStaticUrl": settings.base_url + SCRIPTS,
    } | ({} if settings.notebook else without_mathjax(settings.base_url))

    def page_config(config: dict[str, Any], settings: dict[str, Any], **_: Any) -> dict[str, Any]:
        return config | page_options | {"netdashScripts": settings["netdash_scripts"]}

    return {
        "template": "netdash",
        "allow_template_override": "NO",
        "allow_theme_override": "NO",
        "file_allowlist": [],
        "extension_allowlist": EXTENSIONS,
        "show_tracebacks": False,
        "strip_sources": True,
        "preheat_kernel": settings.pool > 0,
        "default_pool_size": settings.pool,
        "page_config_hook": page_config,
        "multi_kernel_manager_class": Kernels,
        "kernel_spec_manager_class": ThisInterpreter,
    }


def plotly_version() -> str:
    """Return the version of plotly.js that the page is given; its file names it in the first lines."""
    with PLOTLY.open(encoding="utf-8") as script:
        return re.search(r"plotly\.js \(.*\) v([\d.]+)", script.read(200))[1]  # type: ignore[index]


def without_mathjax(base_url: str) -> dict[str, str]:
    """Return the options by which a small script stands for MathJax. MathJax has 900 kB, the board no formula."""
    return {"fullMathjaxUrl": f"{base_url}voila/templates/netdash/static/math.js", "mathjaxConfig": "none"}


def _kernels(settings: Settings) -> dict[str, Any]:
    """Return the options of the kernels. Voila derives its manager from `Kernels`, which passes them on."""
    idle_seconds = max(1, round(60 * settings.idle_minutes))
    return {
        "worker": settings.worker,
        "kernel_manager_class": "netdash.server.kernels.Kernel",
        "allow_tracebacks": False,
        # The page asks for what it missed when it connects again.
        "buffer_offline_messages": False,
        "cull_connected": True,
        "cull_idle_timeout": idle_seconds,
        "cull_interval": min(30, idle_seconds),
    } | ({"fill_delay": 0.0} if settings.pool else {})  # `Kernels` waits; Voila has it only with a pool


def secret_of(token: str) -> bytes:
    """Return the key that signs cookies. It follows from the token, so that all workers and restarts share it."""
    return hashlib.scrypt(token.encode(), salt=b"netdash", n=2**14, r=8, p=1)
