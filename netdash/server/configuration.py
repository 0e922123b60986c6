"""How Voila serves the board: its configuration, and the headers of every answer."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path
from typing import Any

from traitlets.config import Config

from netdash.server.kernels import Kernels, ThisInterpreter
from netdash.server.login import Identity
from netdash.server.settings import EXTENSIONS, Settings
from netdash.server.voila_app import SCRIPTS

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


def configuration(settings: Settings, notebook: Path) -> Config:
    """Return how Voila serves the board."""
    notebook, idle_seconds = notebook.resolve(), max(1, round(60 * settings.idle_minutes))
    page = {
        "netdashIdleMinutes": settings.idle_minutes,
        "netdashCaseInAddress": settings.case_in_address,
        "netdashLogout": bool(settings.token),
        "fullStaticUrl": settings.base_url + SCRIPTS,
    }
    options: dict[str, Any] = {
        "Voila": {
            "ip": settings.host,
            "port": settings.port,
            "base_url": settings.base_url,
            "token": settings.token,
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
                # gate.Hosts checks the name that a request is for, on every path; jupyter_server's own check would
                # tell whether a file exists.
                "allow_remote_access": True,
                # A network cut without a word is noticed within twelve seconds.
                "ws_ping_interval": 4000,
                "ws_ping_timeout": 8000,
                # The names of these files hold a digest of what is in them.
                "static_immutable_cache": [f"{settings.base_url}voila/labextensions/"],
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
            "preheat_kernel": settings.pool > 0,
            "default_pool_size": settings.pool,
            "page_config_hook": lambda config, **_: config | page,
            "multi_kernel_manager_class": Kernels,
            "kernel_spec_manager_class": ThisInterpreter,
        },
        "VoilaKernelManager": {"fill_delay": REFILL_AFTER},
        "Kernels": {
            "worker": settings.worker,
            "kernel_manager_class": "netdash.server.kernels.Kernel",
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
    if settings.token:
        options["Voila"]["cookie_secret"] = secret_of(settings.token)
    return Config(options)


def secret_of(token: str) -> bytes:
    """Return what signs the cookies: the same for every worker with the token, and after a restart."""
    return hashlib.scrypt(token.encode(), salt=b"netdash", n=2**14, r=8, p=1)
