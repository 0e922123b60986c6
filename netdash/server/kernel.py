"""The kernel of a served board: ipykernel's, without optional packages, and with most messages refused."""

from __future__ import annotations

import logging
import os
import sys
import uuid
from collections.abc import Callable
from typing import Any

from ipykernel.ipkernel import IPythonKernel

from netdash.server.machine import limit_session
from netdash.server.settings import LIMITS, OPTIONS

NOT_LOADED = ("debugpy", "pyarrow")
"""Packages that ipykernel and pandas import when they are installed. pyarrow alone takes 30 MB of a session."""
CONTROL = "jupyter.widget.control"
"""Target name of the only comm that a page may open. The page asks through it for the state of all widgets."""
SHOWN = ("HTML", "HTMLMath", "Label", "Valid", "IntProgress", "FloatProgress", "Image", "Audio", "Video")
"""Widgets of ipywidgets that have a value which a page may not set."""


def block_packages() -> None:
    """Make the packages that a session does not need impossible to import."""
    # A module that is None in sys.modules cannot be imported.
    sys.modules.update(dict.fromkeys(NOT_LOADED))  # type: ignore[arg-type]


class Kernel(IPythonKernel):
    """A kernel without optional packages, in which a page can do nothing but set the values of controls."""

    def __new__(cls, **options: Any) -> Kernel:
        """Return a kernel. The packages are blocked here, because ipykernel imports its debugger in this step."""
        block_packages()
        logging.disable()  # log records, with their tracebacks, would be sent to the page
        made: Kernel = super().__new__(cls, **options)
        return made

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
        if ipywidgets := sys.modules.get("ipywidgets"):  # loaded by the warm parent, where it found no kernel
            ipywidgets.load_ipython_extension(self.shell)
        may = {"comm_open": self._may_open, "comm_msg": self._may_send, "comm_close": self._may_close}
        for kind, allowed in may.items():
            self.shell_handlers[kind] = _only(allowed, self.shell_handlers[kind])

    @classmethod
    def instance(cls, *arguments: Any, **options: Any) -> Kernel:
        """Return the kernel of this process; with a session among the options, one that is limited and connected.

        The warm parent makes a kernel without a session, and a session connects it.
        """
        made_before = cls.initialized()
        if "session" in options:
            limit_session(*(int(os.environ.get(OPTIONS[name].variable, "0")) for name in LIMITS))
        kernel: Kernel = super().instance(*arguments, **options)
        if made_before and "session" in options:
            kernel._connect(**options)
        return kernel

    def _connect(self, **options: Any) -> None:
        """Take what ipykernel gives a kernel when it makes it: session, sockets, streams and threads."""
        for name, value in options.items():
            if value is not None:
                setattr(self, name, value)
        self.ident = str(uuid.uuid4())
        shell: Any = self.shell
        for publisher in (shell.displayhook, shell.display_pub):
            publisher.session, publisher.pub_socket = self.session, self.iopub_socket
        shell.displayhook.topic = self._topic("execute_result")  # type: ignore[no-untyped-call]

    def _may_open(self, content: dict[str, Any], _: dict[str, Any]) -> bool:
        """Let a page open the control comm only, so that it can make no widget."""
        if content.get("target_name") != CONTROL:
            content["target_name"] = ""  # ipykernel closes a comm whose target does not exist
        return content.get("comm_id") not in self.comm_manager.comms

    def _may_send(self, content: dict[str, Any], message: dict[str, Any]) -> bool:
        """Let a page set the value of a control, ask for states, and send custom messages."""
        data = content["data"]
        widget = _widget(content["comm_id"])
        if widget is None or data["method"] != "update":
            return data["method"] in ("request_states", "request_state", "custom")
        return _keep_value(data, message, _value_of(widget))

    def _may_close(self, content: dict[str, Any], _: dict[str, Any]) -> bool:
        """Let a page close the comms that it opened, and no widget."""
        return _widget(content["comm_id"]) is None


def _only(allowed: Callable[[dict[str, Any], dict[str, Any]], bool], handle: Callable[..., Any]) -> Callable[..., Any]:
    """Return a handler that ignores messages that are not allowed. Malformed ones raise, and ipykernel ignores them."""

    def handler(stream: Any, ident: Any, message: dict[str, Any]) -> Any:
        return handle(stream, ident, message) if allowed(message["content"], message) else None

    return handler


def _widget(comm_id: str) -> Any:
    """Return the widget behind a comm; None when there is none."""
    from ipywidgets.widgets.widget import _instances

    return _instances.get(comm_id)


def _value_of(widget: Any) -> str:
    """Return the name of the trait that holds the value of a control; empty when the widget is no control."""
    import ipywidgets

    shown = tuple(getattr(ipywidgets, name) for name in SHOWN)
    if not isinstance(widget, ipywidgets.ValueWidget) or isinstance(widget, shown):
        return ""
    return "index" if "index" in widget.keys else "value"


def _keep_value(data: dict[str, Any], message: dict[str, Any], name: str) -> bool:
    """Remove everything but the value from an update; return whether a value is left."""
    if name not in data.get("state", {}):
        return False
    data["state"] = {name: data["state"][name]}
    if paths := data.get("buffer_paths"):
        kept = [(path, buffer) for path, buffer in zip(paths, message["buffers"], strict=False) if path[0] == name]
        data["buffer_paths"], message["buffers"] = [path for path, _ in kept], [buffer for _, buffer in kept]
    return True
